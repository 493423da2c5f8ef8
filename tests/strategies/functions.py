"""Random functions of the lane IR, with memory on which they neither trap nor break a promise.

Hypothesis draws plain integers; :func:`build` reads them as instructions.  So examples shrink well,
and each one is a valid function by construction: indices are masked or guarded, divisors are made
odd or guarded, and in a parallel loop each iteration only writes words of its own.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

from hypothesis import strategies as st

from tests.strategies.sketch import Sketch
from vliwc.ir.graph import Array, Function, Role
from vliwc.ir.value import TOP_LEVEL, Op, Reduction, Value
from vliwc.rules.tables import ALL_RULES
from vliwc.rules.term import Apply, Term, Variable, Word, evaluate, variables

WORDS = (0, 1, 2, 3, 4, 5, 7, 8, 12, 16, 31, 32, 33, 255, 4097, 1 << 16, 1 << 31, 0xC761C23C)
WORDS += (0x7FFFFFFF, 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFF0000)
BINARY = (
    *(Op.ADD, Op.ADD, Op.SUB, Op.MUL, Op.AND, Op.OR, Op.XOR, Op.XOR),
    *(Op.SHL, Op.SHR, Op.LT, Op.EQ, Op.SELECT, Op.MADD),
)
TABLE, PITCH = 16, 4
TABLE_BOUND = 8
"""Words of the array ``table`` are below this; the function may assume it, but is not told."""

Instruction = tuple[int, int, int, int]


@dataclass(frozen=True)
class Example:
    """A function and an input for it."""

    function: Function
    memory: list[int]

    def visible(self, memory: list[int]) -> list[int]:
        """What a transformation has to preserve of the memory at exit: all but dead words."""
        dead = {
            word
            for array in self.function.arrays.values()
            if array.role in (Role.SCRATCH, Role.IN_SCRATCH)
            for word in range(array.base, array.end)
        }
        return [word for address, word in enumerate(memory) if address not in dead]


class _Section:
    """Code of one loop (or of the top level): the values in scope and how to make more."""

    def __init__(self, program: _Program, loop: int) -> None:
        self.program = program
        self.builder = program.builder
        self.loop = loop
        self.pool = list(program.uniform)
        if loop != TOP_LEVEL:
            self.pool.append(self.builder.lane(loop))

    def pick(self, number: int) -> Value:
        """A value in scope, the latest ones most often, or a constant."""
        if number % 4 == 3:
            return self.builder.const(WORDS[number // 4 % len(WORDS)])
        recent = self.pool[-6:] if number % 4 < 2 else self.pool
        return recent[-1 - number // 4 % len(recent)]

    def own_index(self, number: int) -> Value:
        """The index of a word that only this iteration uses."""
        word = self.builder.const((0, 0, 1, 0, 2, 1, 3)[number % 7])
        if self.loop == TOP_LEVEL:
            return word
        row = self.builder.op(Op.MUL, self.builder.lane(self.loop), self.builder.const(PITCH))
        return self.builder.op(Op.ADD, row, word)

    def run(self, instruction: Instruction) -> None:
        kind, *numbers = instruction
        values = [self.pick(number) for number in numbers]
        if kind < len(BINARY):
            op = BINARY[kind]
            self.pool.append(self.builder.op(op, *values[: 3 if op in (Op.SELECT, Op.MADD) else 2]))
            return
        extra = (
            self._load_table,
            self._load_guarded,
            self._divide,
            self._divide_guarded,
            self._load_own,
            self._store_own,
            self._assume,
            self._conjunction,
            *[self._load_own, self._store_own] * 4,
            *[self._left_side] * 5,
        )
        extra[(kind - len(BINARY)) % len(extra)](values, numbers)

    def _load_table(self, values: list[Value], numbers: list[int]) -> None:
        array = ("table", "flags")[numbers[1] % 2]
        index = self.builder.op(Op.AND, values[0], self.builder.const(TABLE - 1))
        self.pool.append(self.builder.load(array, index))

    def _load_guarded(self, values: list[Value], numbers: list[int]) -> None:
        """``c ? table[i] : other``, the way lowering writes it."""
        op, const = self.builder.op, self.builder.const
        index = values[0] if numbers[1] % 2 else op(Op.AND, values[0], const(7))
        inside = op(Op.LT, index, const(TABLE))
        load = self.builder.load("table", op(Op.SELECT, inside, index, const(0)))
        self.pool.append(op(Op.SELECT, inside, load, values[2]))

    def _divide(self, values: list[Value], numbers: list[int]) -> None:
        op = (Op.DIV, Op.MOD)[numbers[2] % 2]
        divisor = self.builder.op(Op.OR, values[1], self.builder.const(1 << numbers[2] % 5))
        self.pool.append(self.builder.op(op, values[0], divisor))

    def _divide_guarded(self, values: list[Value], numbers: list[int]) -> None:
        op, zero = self.builder.op, self.builder.const(0)
        empty = op(Op.EQ, values[1], zero)
        divisor = op(Op.SELECT, op(Op.EQ, empty, zero), values[1], self.builder.const(1))
        quotient = op((Op.DIV, Op.MOD)[numbers[2] % 2], values[0], divisor)
        self.pool.append(op(Op.SELECT, empty, values[2], quotient))

    def _load_own(self, values: list[Value], numbers: list[int]) -> None:
        array = ("state", "work", "state", "input")[numbers[0] // 2 % 4]
        self.pool.append(self.program.load(array, self.own_index(numbers[1])))

    def _store_own(self, values: list[Value], numbers: list[int]) -> None:
        array = ("state", "work", "state", "input")[numbers[0] // 2 % 4]
        self.program.store(array, self.own_index(numbers[1]), values[2], self.loop)

    def _assume(self, values: list[Value], numbers: list[int]) -> None:
        """Something true about a word of ``table``."""
        op, const = self.builder.op, self.builder.const
        index = op(Op.AND, values[0], const(TABLE - 1))
        word = self.builder.load("table", index)
        bound = TABLE_BOUND + numbers[1] % 3
        statements = (
            lambda: op(Op.LT, word, const(bound)),
            lambda: op(Op.EQ, op(Op.LT, const(bound), word), const(0)),
            lambda: op(Op.EQ, op(Op.AND, word, const(0xFF0)), const(0)),
            lambda: op(Op.EQ, op(Op.MOD, op(Op.ADD, word, word), const(2)), const(0)),
        )
        self.builder.assume(statements[numbers[2] % len(statements)]())
        self.pool.append(word)

    def _conjunction(self, values: list[Value], numbers: list[int]) -> None:
        """``i < 16 && table[i] < x``, the way lowering writes it."""
        op, const = self.builder.op, self.builder.const
        inside = op(Op.LT, values[0], const(TABLE))
        load = self.builder.load("table", op(Op.SELECT, inside, values[0], const(0)))
        self.pool.append(op(Op.AND, inside, op(Op.LT, load, values[1])))

    def _left_side(self, values: list[Value], numbers: list[int]) -> None:
        """The left side of a rewrite rule, of values in scope and constants that fit its guard."""
        rule = ALL_RULES[(numbers[0] * 7 + numbers[2]) % len(ALL_RULES)]
        names = variables(rule.left)
        constants = [name for name, variable in names.items() if variable.constant]
        chosen = dict.fromkeys(constants, 0)
        for attempt in range(40):
            for position, name in enumerate(constants):
                chosen[name] = WORDS[(numbers[1] + attempt * (2 * position + 1)) % len(WORDS)]
            if all(evaluate(guard, chosen) for guard in rule.guards):
                break
        found = {name: self.builder.const(word) for name, word in chosen.items()}
        for position, name in enumerate(name for name in names if name not in found):
            value = values[position] if position < len(values) else self.pick(position)
            if rule.premises and numbers[1] % 4:
                value = self.builder.op(Op.AND, value, self.builder.const(1))
            found[name] = value
        self.pool.append(self._term(rule.left, found))

    def _term(self, term: Term, found: dict[str, Value]) -> Value:
        match term:
            case Word(word):
                return self.builder.const(word)
            case Variable(name):
                return found[name]
            case Apply(Op() as op, args):
                built = [self._term(arg, found) for arg in args]
                if op in (Op.DIV, Op.MOD):
                    built[1] = self.builder.op(Op.OR, built[1], self.builder.const(1))
                return self.builder.op(op, *built)
            case Apply():
                raise AssertionError(f"{term} is no operation of the machine")


class _Program:
    """The function under construction, and the order of its memory operations so far."""

    def __init__(self, extents: list[int]) -> None:
        words = PITCH * max([1, *extents])
        names = ("table", "flags", "state", "work", "input", "out")
        roles = (Role.IN, Role.IN, Role.INOUT, Role.SCRATCH, Role.IN_SCRATCH, Role.OUT)
        lengths = (TABLE, TABLE, words, words, words, words)
        arrays: dict[str, Array] = {}
        base = 3
        for name, role, length in zip(names, roles, lengths, strict=True):
            below = 2 if name == "flags" else 1 << 32
            arrays[name] = Array(name, base, length, role, below)
            base += length
        self.builder = Sketch("random", arrays, memory_words=base + 2)
        self.uniform: list[Value] = []
        self.last: dict[str, list[Value]] = {}
        self.since: dict[str, list[Value]] = {}

    def load(self, array: str, index: Value) -> Value:
        """A load with no more order edges than needed; in one array, loads form chains."""
        since = self.since.setdefault(array, [])
        chained = array == "work" and since
        load = self.builder.load(array, index, since[-1:] if chained else self.last.get(array, ()))
        if chained:
            since.pop()
        since.append(load)
        return load

    def store(self, array: str, index: Value, word: Value, loop: int) -> None:
        """A store, ordered after the last store only through the loads since, if there are any."""
        before = self.since.get(array) or self.last.get(array, [])
        self.last[array] = [self.builder.store(array, index, word, before, loop=loop)]
        self.since[array] = []


def build(extents: list[int], sections: list[list[Instruction]], seed: int) -> Example:
    """Read drawn numbers as a function: a section of code for each loop, in turn with others
    for the top level before, between and after them."""
    program = _Program(extents)
    builder = program.builder
    program.uniform += [builder.const(5), builder.load("table", builder.const(3))]
    loops = [builder.loop(extent, f"i{number}").number for number, extent in enumerate(extents)]
    for number, instructions in enumerate(sections):
        loop = loops[number // 2] if number % 2 and number // 2 < len(loops) else TOP_LEVEL
        section = _Section(program, loop)
        for instruction in instructions:
            section.run(instruction)
        for position, value in enumerate(section.pool[-2:]):
            program.store("out", section.own_index(position), value, loop)
        if loop == TOP_LEVEL:
            program.uniform = section.pool[-8:]
        elif instructions:
            kinds = tuple(Reduction)
            kind = kinds[instructions[0][1] % len(kinds)]
            program.uniform.append(builder.reduce(kind, loop, section.pool[-1]))
    return Example(builder.finish(), _memory(builder, seed))


def _memory(builder: Sketch, seed: int) -> list[int]:
    generator = random.Random(seed)
    memory = [
        generator.choice((generator.getrandbits(32), generator.getrandbits(4), *WORDS))
        for _ in range(builder.memory_words or 0)
    ]
    for name, bound in (("table", TABLE_BOUND), ("flags", 2)):
        array = builder.arrays[name]
        for address in range(array.base, array.end):
            memory[address] = generator.randrange(bound)
    return memory


_NUMBER = st.integers(0, 199)
_INSTRUCTION = st.tuples(st.integers(0, len(BINARY) + 20), _NUMBER, _NUMBER, _NUMBER)


def examples(size: int = 12) -> st.SearchStrategy[Example]:
    """Functions of up to two loops with up to ``size`` instructions in each of four sections."""
    return st.builds(
        build,
        st.lists(st.sampled_from((3, 1, 5, 2, 0)), min_size=1, max_size=2),
        st.lists(st.lists(_INSTRUCTION, min_size=2, max_size=size), min_size=2, max_size=4),
        st.integers(0, 999),
    )
