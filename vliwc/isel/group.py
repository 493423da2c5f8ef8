"""Emission primitives: the operations of one group of lanes, whatever they are for.

A :class:`Group` collects machine operations in a template and knows the vectors of lane values.  It
knows no kind of table read and no strategy: :mod:`vliwc.isel.select` walks the lane IR and decides.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from vliwc.analysis.lane_cases import Case
from vliwc.analysis.linear import BitFacts, Linear
from vliwc.diagnostics import InternalError
from vliwc.ir.graph import Function, Loop, is_uniform
from vliwc.ir.value import MASK, Value
from vliwc.isel.repair import MIN_LANES_A_REPAIR, Run, longest_run, repair
from vliwc.isel.scalar import Uniform
from vliwc.mir.operation import Form, MOp, Operand, PerGroup, Source, Template

CONTIGUOUS = 1
"""The stride of a vector whose lanes stand in neighbouring words."""


class Group:
    """The template of a group of ``lanes`` lanes of ``loop``, and what is known while it grows.

    ``memory``: the operations that each load or store of the lane IR has become; ``first_group``
    the number of the loop's first group in the whole kernel; ``cases``: the values that the lane
    number makes others in this group; ``done`` the lanes that a machine loop has executed before
    the first group; ``folded``: operations that apply constants which other ways to read fold into
    table words.  The lanes of a value are a vector (``vectors``) or stand here and there
    (``scattered``: a scalar operand for each lane).  ``leaving``: values whose vectors what comes
    later reads; ``repairs``: operations that write single words of a vector anew
    (:mod:`vliwc.isel.repair`), which come before all its readers.
    """

    def __init__(
        self,
        function: Function,
        facts: BitFacts,
        forms: dict[Value, Linear],
        uniform: Uniform,
        loop: Loop,
        first_group: int,
        lanes: int,
        cases: Mapping[Value, tuple[Case, ...]] | None = None,
        done: int = 0,
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
        self.done = done
        self.template = Template(f"{loop.name or 'loop'}{loop.number}", lanes)
        self.memory: dict[Value, list[MOp]] = {}
        self.cases = cases or {}
        self.folded: set[Source] = set()
        self.vectors: dict[Value, Operand] = {}
        self.scattered: dict[Value, tuple[Operand, ...]] = {}
        self.leaving: set[Value] = set()
        self.repairs: dict[Source, list[MOp]] = {}
        self._adjacent: dict[Operand, Operand] = {}
        self._comparisons: dict[tuple[Value, int], Operand] = {}
        self._once: dict[tuple[str, Operand, Operand], Operand] = {}

    def vector(self, value: Value) -> Operand:
        """The vector of ``value``; its lanes are copied to one if they are scattered."""
        if is_uniform(value):
            return self.uniform.splat(self.uniform.scalar(value), f"v{value.id}")
        if value not in self.vectors and value in self.scattered:
            name = f"{value.array or 'lanes'}{value.id}"
            copies = tuple((word, word) for word in self.scattered[value])
            chosen = self._as_selection(value)
            whole = None if chosen else self._repaired("|", value, value, copies, name, value)
            if whole is None:
                copy = Form("alu", "|", scalarised=True, per_lane=copies)
                whole = self.emit(name, *chosen, copy)
            self.vectors[value] = whole
        return self.vectors[value]

    def _as_selection(self, value: Value) -> list[Form]:
        """Lanes of two vectors can also be selected by a constant mask."""
        cases = self.cases.get(value, ())
        if len(set(cases)) != 2:
            return []
        first = cases[0]
        other = next(case for case in cases if case != first)
        arms: list[Operand] = []
        for case in (first, other):
            stands = isinstance(case, int) or is_uniform(case) or case in self.vectors
            vector = self.uniform.vector(case) if isinstance(case, int) else None
            if vector is None and stands and isinstance(case, Value):
                vector = self.vector(case)
            if vector is None or vector.stride != CONTIGUOUS:
                return []
            arms.append(vector)
        mask = self.uniform.mask(tuple(case == first for case in cases))
        return [Form("flow", "vselect", (mask, *arms))]

    def define(self, value: Value, found: Operand | tuple[Operand, ...]) -> None:
        """Say where the lanes of ``value`` stand."""
        if isinstance(found, Operand):
            self.vectors[value] = found
        else:
            self.scattered[value] = found

    def resolve(self, value: Value) -> None:
        """``value`` by its cases: what another one is, or lanes of several."""
        cases = self.cases[value]
        case = cases[0]
        if any(other != case for other in cases):
            self.scattered[value] = tuple(self._word(case, k) for k, case in enumerate(cases))
        elif isinstance(case, int):
            self.vectors[value] = self.uniform.vector(case)
        elif case in self.scattered and case not in self.vectors:
            self.scattered[value] = self.scattered[case]
        else:
            self.vectors[value] = self.vector(case)

    def _word(self, case: Case, lane: int) -> Operand:
        """The word of ``case`` in one lane, as a scalar operand."""
        if isinstance(case, int):
            return self.uniform.word(case)
        if is_uniform(case):
            return self.uniform.scalar(case)
        return self.words(case)[lane]

    def stands(self, value: Value) -> Operand | tuple[Operand, ...]:
        """Where the lanes of ``value`` stand: a vector, or a scalar for each."""
        if value in self.scattered and value not in self.vectors:
            return self.scattered[value]
        return self.vector(value)

    def operands(self, value: Value) -> tuple[Operand, ...]:
        """The vector of ``value``, or a scalar for each lane."""
        found = self.stands(value)
        return (found,) if isinstance(found, Operand) else found

    def all_operands(self, values: Iterable[Value]) -> list[Operand]:
        """Where the lanes of all of ``values`` stand."""
        return [operand for value in values for operand in self.operands(value)]

    def words(self, value: Value) -> tuple[Operand, ...]:
        """The lanes of ``value`` one by one, as scalar operands."""
        if value in self.scattered and value not in self.vectors:
            return self.scattered[value]
        vector = self.vector(value)
        return tuple(
            Operand(vector.source, vector.offset + k * vector.stride, 0) for k in range(self.lanes)
        )

    def by_lanes(
        self, opcode: str, a: Value, b: Value, name: str, result: Value, *, safe: bool
    ) -> Operand:
        """Arithmetic of ``result`` that takes each word from where it stands: on alu, or as vectors
        of which single lanes are done anew if any words of ``b`` will do (``safe``)."""
        pairs = tuple(zip(self.words(a), self.words(b), strict=True))
        found = self._repaired(opcode, a, b, pairs, name, result) if safe else None
        return found or self.emit(name, Form("alu", opcode, scalarised=True, per_lane=pairs))

    def _repaired(
        self,
        opcode: str,
        a: Value,
        b: Value,
        pairs: tuple[tuple[Operand, Operand], ...],
        name: str,
        result: Value,
    ) -> Operand | None:
        """``result`` as one vector operation on words side by side and single lanes done anew; None
        if too many lanes stand elsewhere, or if who reads the result would not wait for them."""
        if result in self.leaving or self.lanes < self.vlen:
            return None
        runs = [self._run_of(value) for value in dict.fromkeys((a, b))]
        if any(run is None for run in runs):
            return None
        first, last = runs[0], runs[-1]
        assert first is not None and last is not None
        elsewhere = sorted({*first.elsewhere, *last.elsewhere})
        if len(elsewhere) * MIN_LANES_A_REPAIR > self.vlen:
            return None
        whole = self.elementwise(opcode, first.vector, last.vector, name)
        repairs = [repair(whole, lane, opcode, pairs[lane], name) for lane in elsewhere]
        self.template.ops += repairs
        if repairs:
            self.repairs[whole.source] = repairs
        return whole

    def _run_of(self, value: Value) -> Run | None:
        if value in self.scattered and value not in self.vectors:
            return longest_run(self.scattered[value], self.vlen)
        vector = self.vector(value)
        return Run(vector, ()) if vector.stride == CONTIGUOUS else None

    @property
    def whole_rows(self) -> bool:
        """Whether neighbouring words of all lanes are those of neighbouring iterations."""
        return self.lanes == self.vlen and not self.uniform.ragged

    @property
    def copies(self) -> set[Source]:
        """The operations that only move the lanes of a vector together."""
        return {vector.source for vector in self._adjacent.values()}

    def emit(self, name: str, *forms: Form, width: int | None = None) -> Operand:
        """Append a vector operation; its result as a vector."""
        op = MOp(name, forms, self.lanes, self.vlen if width is None else width)
        self.template.ops.append(op)
        return Operand(op)

    def elementwise(self, opcode: str, a: Operand, b: Operand, name: str = "t") -> Operand:
        """Lane-wise arithmetic; operands with a stride other than 1 can only be read by alu."""
        scalarised = Form("alu", opcode, (a, b), scalarised=True)
        if a.stride == CONTIGUOUS and b.stride == CONTIGUOUS:
            return self.emit(name, Form("valu", opcode, (a, b)), scalarised)
        return self.emit(name, scalarised)

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

    def blend(self, bit: Operand, one: Operand, zero: Operand, name: str = "t") -> Operand:
        """``one`` where ``bit`` is 1, ``zero`` where it is 0: a selection without flow."""
        return self.madd(bit, self.once("-", one, zero), zero, name)

    def once(self, opcode: str, a: Operand, b: Operand) -> Operand:
        """Lane-wise arithmetic that several operations may need; done once."""
        key = (opcode, a, b)
        if key not in self._once:
            self._once[key] = self.elementwise(opcode, a, b)
        return self._once[key]

    def masked(self, bit: Operand, word: Operand, name: str = "t") -> Operand:
        """``word`` where ``bit`` is 1, 0 where it is 0: on whatever engine is free."""
        a, b, zero = self.adjacent(bit), self.adjacent(word), self.uniform.vector(0)
        flow = Form("flow", "vselect", (a, b, zero))
        scalarised = Form("alu", "*", (a, b), scalarised=True)
        return self.emit(name, flow, Form("valu", "*", (a, b)), scalarised)

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
            return self.emit(name, flow, plain, Form("alu", opcode, (a, b), scalarised=True))
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
                chosen = self.select(self.is_word(atom, word), arm, chosen, name)
        return chosen

    def is_word(self, atom: Value, word: int) -> Operand:
        """Where ``atom`` is ``word``."""
        found = self._comparisons.get((atom, word))
        if found is None:
            found = self.elementwise("==", self.vector(atom), self.uniform.vector(word), "is")
            self._comparisons[atom, word] = found
        return found

    def _addresses(self, row: Linear) -> PerGroup:
        """The scalar addresses of the first lanes of all groups, if ``row`` is that of a lane."""
        start = self.uniform.sum(row.uniform_terms)
        return self.uniform.addresses(row.const, self.first_group, self.groups, self.vlen, start)

    def group_address(self, row: Linear) -> Operand:
        """The scalar address of the first lane of a group."""
        return Operand(self._addresses(row), stride=0)

    def lane_address(self, row: Linear, lane: int) -> Operand:
        """The scalar address of one lane of the last group."""
        if self.uniform.block or self.uniform.overlap is not None or row.uniform_terms:
            family = self._addresses(row)
            first = Operand(family.member(self.first_group + self.groups - 1), stride=0)
            if self.uniform.ragged:
                return self.uniform.scalar_op("+", first, self.uniform.lane_number(lane))
            return self.uniform.scalar_op("+", first, self.uniform.word(lane)) if lane else first
        return self.uniform.word(row.const + (self.groups - 1) * self.vlen + lane)

    def load_consecutive(self, value: Value, row: Linear) -> Operand:
        """Load one word per lane from neighbouring addresses, that of a lane being ``row``."""
        name = f"{value.array}{value.id}"
        end = row.const + self.done + self.groups * self.vlen
        there = not row.uniform_terms and end <= self.function.certain_words
        if self.whole_rows or (there and not self.uniform.ragged):
            # Words past the end of the loop are read and ignored; they exist.
            op = MOp(name, (Form("load", "vload", (self.group_address(row),)),), 1, self.vlen)
        else:
            lanes = tuple((self.lane_address(row, k),) for k in range(self.lanes))
            op = self.lane_op(name, "load", "load", lanes, self.vlen)
        self.template.ops.append(op)
        self.memory[value] = [op]
        return Operand(op)

    def gather(self, value: Value, address: Operand, name: str) -> Operand:
        """Load one word per lane from the addresses in a vector."""
        result = self.emit(name, Form("load", "load", (address,), scalarised=True))
        if not isinstance(result.source, MOp):
            raise InternalError("a gather is an operation of its template")
        self.memory.setdefault(value, []).append(result.source)
        return result

    def lane_op(
        self,
        name: str,
        engine: str,
        opcode: str,
        lanes: tuple[tuple[Operand, ...], ...],
        width: int,
    ) -> MOp:
        form = Form(engine, opcode, scalarised=True, per_lane=lanes)
        return MOp(name, (form,), self.lanes, width)
