"""Instruction selection: the lane IR of one parallel loop to the template of one group.

Every value that varies between lanes becomes a vector operation of the group; how table reads
are done is decided outside (:mod:`vliwc.strategy.options`) and handed in as a plan.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from vliwc.analysis.linear import BitFacts, Linear
from vliwc.diagnostics import InternalError
from vliwc.ir.graph import Function, Loop, is_uniform
from vliwc.ir.value import MASK, Op, Value
from vliwc.isel.address import AddressBook
from vliwc.isel.records import PlacedTable, RecordSecond, RecordTable
from vliwc.isel.scalar import OPCODES, Uniform, shifted_out
from vliwc.isel.table_reads import Plan
from vliwc.mir.operation import Form, MOp, Operand, Template, sources

UNSAFE_SECONDS = (Op.DIV, Op.MOD, Op.SHL, Op.SHR)
"""Operations whose second word may not be just any: zero traps, and no program of ours executes a
huge shift count."""
CONTIGUOUS = 1


class Lanes:
    """Builds the template of a group of ``lanes`` lanes of ``loop`` under ``plan``."""

    def __init__(
        self,
        function: Function,
        facts: BitFacts,
        forms: dict[Value, Linear],
        uniform: Uniform,
        loop: Loop,
        first_group: int,
        lanes: int,
        plan: Plan,
        placed: Callable[[RecordTable], PlacedTable],
    ) -> None:
        self.function = function
        self.facts = facts
        self.forms = forms
        self.uniform = uniform
        self.vlen = uniform.vlen
        self.loop = loop
        self.groups = -(-loop.extent // self.vlen)
        self.first_group = first_group
        self.lanes = lanes
        self.plan = plan
        self.template = Template(f"{loop.name or 'loop'}{loop.number}", lanes)
        self.memory: dict[Value, list[MOp]] = {}
        self.reduced: dict[Value, Operand] = {}
        self.rows: dict[RecordTable, list[MOp]] = {}
        self.row_of: dict[Value, MOp] = {}
        self.placed = placed
        self.addresses = AddressBook(self)
        self._vectors: dict[Value, Operand] = {}
        self._adjacent: dict[Operand, Operand] = {}
        self._readers: Counter[Value] = Counter()
        self._comparisons: dict[tuple[Value, int], Operand] = {}

    def build(self) -> Template:
        """Select operations for everything the loop's stores and reductions need."""
        needed = self._needed()
        self._readers = Counter(arg for value in needed for arg in self._inputs(value))
        for value in self.function.values:
            if value not in needed:
                continue
            emitted = len(self.template.ops)
            if value.op is Op.STORE:
                self._store(value)
            elif value.op is Op.REDUCE:
                self.reduced[value] = self.adjacent(self.vector(value.args[0]))
            else:
                self._vectors[value] = self._lower(value)
            for op in self.template.ops[emitted:]:
                op.origin = value
        self._remove_dead()
        return self.template

    def vector(self, value: Value) -> Operand:
        """The vector of ``value``."""
        if is_uniform(value):
            return self.uniform.splat(self.uniform.scalar(value), f"v{value.id}")
        return self._vectors[value]

    def emit(self, name: str, *forms: Form, width: int | None = None) -> Operand:
        """Append a vector operation; its result as a vector."""
        op = MOp(name, forms, self.lanes, self.vlen if width is None else width)
        self.template.ops.append(op)
        return Operand(op)

    def elementwise(self, opcode: str, a: Operand, b: Operand, name: str = "t") -> Operand:
        """Lane-wise arithmetic; operands with a stride other than 1 can only be read by alu."""
        split = Form("alu", opcode, (a, b), split=True)
        if a.stride == CONTIGUOUS and b.stride == CONTIGUOUS:
            return self.emit(name, Form("valu", opcode, (a, b)), split)
        return self.emit(name, split)

    def adjacent(self, vector: Operand) -> Operand:
        """``vector`` with its lanes in neighbouring words; copied there once if they are not."""
        if vector.stride == CONTIGUOUS:
            return vector
        if vector not in self._adjacent:
            self._adjacent[vector] = self.elementwise("|", vector, vector, "lanes")
        return self._adjacent[vector]

    def madd(self, a: Operand, b: Operand, c: Operand, name: str = "t") -> Operand:
        """``a * b + c``, lane by lane."""
        operands = (self.adjacent(a), self.adjacent(b), self.adjacent(c))
        return self.emit(name, Form("valu", "multiply_add", operands))

    def select(self, c: Operand, a: Operand, b: Operand, name: str = "t") -> Operand:
        """``a`` where ``c`` is nonzero, else ``b``."""
        operands = (self.adjacent(c), self.adjacent(a), self.adjacent(b))
        return self.emit(name, Form("flow", "vselect", operands))

    def bit_choice(
        self, bit: Operand, one: int, zero: int, name: str = "t", *, multiply: bool = True
    ) -> Operand:
        """``one`` where ``bit`` is 1, ``zero`` where it is 0.

        By flow; if the constants differ by 1, by addition as well; with ``multiply`` otherwise by
        multiplication, which takes a vector of the difference.
        """
        bit = self.adjacent(bit)
        zeros = self.uniform.vector(zero)
        difference = (one - zero) & MASK
        flow = Form("flow", "vselect", (bit, self.uniform.vector(one), zeros))
        if difference in (1, MASK):
            opcode, a, b = ("+", bit, zeros) if difference == 1 else ("-", zeros, bit)
            plain = Form("valu", opcode, (a, b))
            return self.emit(name, flow, plain, Form("alu", opcode, (a, b), split=True))
        if not multiply:
            return self.emit(name, flow)
        factor = self.uniform.vector(difference)
        return self.emit(name, flow, Form("valu", "multiply_add", (bit, factor, zeros)))

    def word_choice(self, bit: Operand, one: Operand, zero: Operand, name: str) -> Operand:
        """Scalar ``one`` where ``bit`` is 1, ``zero`` where it is 0: by flow, or by arithmetic."""
        uniform = self.uniform
        ones, zeros = uniform.splat(one, "entry"), uniform.splat(zero, "entry")
        if ones == zeros:
            return ones
        bit = self.adjacent(bit)
        difference = uniform.splat(uniform.scalar_op("-", one, zero, "step"), "step")
        flow = Form("flow", "vselect", (bit, ones, zeros))
        return self.emit(name, flow, Form("valu", "multiply_add", (bit, difference, zeros)))

    def _needed(self) -> set[Value]:
        """What has to be lowered, given that planned reads replace their index arithmetic."""
        needed = {
            value
            for value in self.function.computed()
            if (value.op is Op.STORE and value.loop == self.loop.number)
            or (value.op is Op.REDUCE and value.imm == self.loop.number)
        }
        for value in reversed(self.function.values):
            if value in needed:
                # Uniform values (the results of earlier loops among them) are shared code.
                needed.update(v for v in self._inputs(value) if not is_uniform(v))
        return needed

    def _inputs(self, value: Value) -> list[Value]:
        if value in self.plan.aliases:
            return [self.plan.aliases[value]]
        if value.op is Op.LOAD:
            return list(self.forms[value.args[0]].atoms)
        if value.op is Op.STORE:
            return [*self.forms[value.args[0]].atoms, value.args[1]]
        return list(value.args)

    def _lower(self, value: Value) -> Operand:
        alias = self.plan.aliases.get(value)
        if alias is not None:
            return self._vectors[alias]
        name = f"{value.op}{value.id}"
        match value.op:
            case Op.LANE:
                family = self.uniform.lane_numbers(self.first_group, self.groups)
                return Operand(family)
            case Op.LOAD:
                return self.plan.read(self, value)
            case Op.SELECT:
                return self._select(value, name)
            case Op.MADD:
                a, b, c = (self.vector(arg) for arg in value.args)
                return self.madd(a, b, c, name)
            case _:
                return self._binary(value, name)

    def _select(self, value: Value, name: str) -> Operand:
        c, a, b = value.args
        condition = self.vector(c)
        if a.is_const and b.is_const and self.facts.hi(c) <= 1:
            return self.bit_choice(condition, a.imm, b.imm, name)
        return self.select(condition, self.vector(a), self.vector(b), name)

    def choose(
        self, atom: Value, words: tuple[int, ...], arms: list[Operand], name: str
    ) -> Operand:
        """The arm that belongs to the word of ``atom``, which is one of ``words``."""
        chosen = arms[-1]
        vector = self.vector(atom)
        for word, arm in zip(reversed(words[:-1]), reversed(arms[:-1]), strict=True):
            if arm == chosen:
                continue
            if word == 0:
                chosen = self.select(vector, chosen, arm, name)
            else:
                chosen = self.select(self._is(atom, word), arm, chosen, name)
        return chosen

    def _is(self, atom: Value, word: int) -> Operand:
        """Where ``atom`` is ``word``."""
        found = self._comparisons.get((atom, word))
        if found is None:
            found = self.elementwise("==", self.vector(atom), self.uniform.vector(word), "is")
            self._comparisons[atom, word] = found
        return found

    def _on_fields(self, value: Value, field: Value, other: Value, name: str) -> Operand | None:
        """``value`` computed on each candidate word of a record, then the right one chosen.

        Scalar operations read the words where the rows stand, so that none needs moving.  A word
        with several readers is better moved once.
        """
        if field is value.args[1] and value.op in UNSAFE_SECONDS:
            return None  # only the word that is chosen is known to be a good divisor or count
        read = self.plan.reads.get(field)
        if not isinstance(read, RecordSecond) or self._readers[field] != 1:
            return None
        if self.plan.folds.get(field) != read.table.folds[1]:
            return None
        a = self.vector(other)
        swap = value.args[0] is field
        arms = [
            self.elementwise(OPCODES[value.op], *((arm, a) if swap else (a, arm)), name)
            for arm in read.arms(self)
        ]
        return self.choose(read.atom, read.words, arms, name)

    def _binary(self, value: Value, name: str) -> Operand:
        x, y = value.args
        if shifted_out(value):
            return self.uniform.vector(0)
        on_fields = self._on_fields(value, x, y, name) or self._on_fields(value, y, x, name)
        if on_fields is not None:
            return on_fields
        a, b = self.vector(x), self.vector(y)
        opcode = OPCODES[value.op]
        if self.lanes < self.vlen and not y.is_const and value.op in UNSAFE_SECONDS:
            # Lanes past the end hold garbage.
            return self.emit(name, Form("alu", opcode, (a, b), split=True))
        return self.elementwise(opcode, a, b, name)

    def _store(self, value: Value) -> None:
        array = self.function.arrays[value.array]
        index, word = value.args
        data = self.adjacent(self.vector(word))
        form = self.forms[index]
        name = f"{value.array}={value.id}"
        if self.is_consecutive(form):
            address = self.group_address(array.base + form.const)
            if self.lanes == self.vlen:
                op = MOp(name, (Form("store", "vstore", (address, data)),), width=0)
            else:
                lanes = tuple(
                    (self.lane_address(array.base + form.const, k), Operand(data.source, k, 0))
                    for k in range(self.lanes)
                )
                op = self._lane_op(name, "store", "store", lanes, 0)
        else:
            address = self.addresses.address(form.plus(Linear(array.base)))
            split = Form("store", "store", (address, data), split=True)
            op = MOp(name, (split,), self.lanes, 0)
        self.template.ops.append(op)
        self.memory[value] = [op]

    def is_consecutive(self, form: Linear) -> bool:
        """Whether neighbouring lanes of the loop touch neighbouring words."""
        if len(form.terms) != 1:
            return False
        atom, coefficient = form.terms[0]
        return atom.op is Op.LANE and coefficient == 1

    def group_address(self, base: int) -> Operand:
        """The scalar address ``base + vlen * group``."""
        family = self.uniform.addresses(base, self.first_group, self.groups, self.vlen)
        return Operand(family, stride=0)

    def lane_address(self, base: int, lane: int) -> Operand:
        """The scalar address of one lane of the last group."""
        return self.uniform.word(base + (self.groups - 1) * self.vlen + lane)

    def load_consecutive(self, value: Value, base: int) -> Operand:
        """Load one word per lane from neighbouring addresses from ``base`` on."""
        name = f"{value.array}{value.id}"
        limit = max(array.end for array in self.function.arrays.values())
        end = base + self.groups * self.vlen
        if self.lanes == self.vlen or end <= limit:
            # Words past the end of the loop are read and ignored; they exist.
            op = MOp(name, (Form("load", "vload", (self.group_address(base),)),), 1, self.vlen)
        else:
            lanes = tuple((self.lane_address(base, k),) for k in range(self.lanes))
            op = self._lane_op(name, "load", "load", lanes, self.vlen)
        self.template.ops.append(op)
        self.memory[value] = [op]
        return Operand(op)

    def gather(self, value: Value, address: Operand, name: str) -> Operand:
        """Load one word per lane from the addresses in a vector."""
        result = self.emit(name, Form("load", "load", (address,), split=True))
        if not isinstance(result.source, MOp):
            raise InternalError("a gather is an operation of its template")
        self.memory.setdefault(value, []).append(result.source)
        return result

    def _lane_op(
        self,
        name: str,
        engine: str,
        opcode: str,
        lanes: tuple[tuple[Operand, ...], ...],
        width: int,
    ) -> MOp:
        form = Form(engine, opcode, split=True, per_lane=lanes)
        return MOp(name, (form,), self.lanes, width)

    def _remove_dead(self) -> None:
        wanted = {op for op in self.template.ops if op.width == 0}
        wanted.update(o.source for o in self.reduced.values() if isinstance(o.source, MOp))
        for op in reversed(self.template.ops):
            if op in wanted:
                wanted.update(s for s in sources(op) if isinstance(s, MOp))
                wanted.update(s for s, _ in op.order if isinstance(s, MOp))
        self.template.ops = [op for op in self.template.ops if op in wanted]
        for value, ops in list(self.memory.items()):
            self.memory[value] = [op for op in ops if op in wanted]
