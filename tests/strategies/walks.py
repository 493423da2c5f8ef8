"""Random kernels that walk through tables: the kind for which the compiler has most strategies.

Each lane keeps a position in a table and steps along affine functions of it and of a few bits of
its state, so that reads can be done by selections, gathers and records; constants meet the words
read in all the ways that folding looks for; arrays of every role offer or refuse working memory.

`walks()` is the hypothesis strategy; `random_walk(seed)` makes the same kernels without it.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import TypeVar

from hypothesis import strategies as st

from tests.strategies.kernels import GeneratedKernel

T = TypeVar("T")

WORDS = (1, 2, 3, 7, 0x7F, 0x1234567, 2**31, 2**32 - 1, 0xB55A4F09, 0x9E3779B9)
FOLDED = ("^", "^", "+", "-", "*", "&", "|", "<<", ">>")
STEPS = ("^", "^", "+", "-", "*")


class Walk:
    """Writes one kernel. All its decisions come from `integer(low, high)`, both ends included.

    A `plain` walk goes down from the root, one level a step, and reads nothing else.
    """

    def __init__(self, integer: Callable[[int, int], int]) -> None:
        self.integer = integer
        self.lines: list[str] = []
        self.bounded: set[str] = set()

    def pick(self, options: Sequence[T]) -> T:
        return options[self.integer(0, len(options) - 1)]

    def chance(self, one_in: int) -> bool:
        return self.integer(1, one_in) == one_in

    def line(self, text: str) -> None:
        self.lines.append(text)

    def kernel(self) -> GeneratedKernel:
        arity = self.pick([2, 2, 2, 3, 4])
        self.plain = not self.chance(3)
        deepest = {2: 5, 3: 3, 4: 3}[arity]
        levels = self.integer(deepest - 2 if self.plain else 1, deepest)
        self.nodes = sum(arity**level for level in range(levels))
        self.arity = arity
        batch = self.pick([1, 3, 5, 8, 13, 16, 24, 40, 64])
        self.line("kernel walk(nodes, batch) {")
        self.line("  memory {")
        at = str(self.integer(0, 9))
        table_role = self.pick(["in", "in", "in", "in scratch"])
        starts_role = self.pick(["in scratch", "in scratch", "in", "inout"])
        self.fixed_start = starts_role != "inout" and (self.plain or not self.chance(4))
        self.second = self.chance(4)
        arrays = [
            ("tree", "nodes", table_role),
            ("starts", "batch", starts_role),
            ("values", "batch", self.pick(["inout", "inout", "in"])),
            ("results", "batch", "out"),
            ("places", "batch", "out"),
            ("total", "1", "out"),
            ("other", "nodes", self.pick(["in", "in scratch"])),
            ("spare", str(self.integer(1, 64)), self.pick(["scratch", "in"])),
        ]
        self.roles = {name: role for name, _, role in arrays}
        for name, size, role in self.shuffled(arrays):
            below = " below nodes" if name in ("tree", "other") and self.chance(3) else ""
            if below:
                self.bounded.add(name)
            self.line(f"    {name}: u32[{size}] {role} at {at}{below};")
            at += f" + {size}"
        self.line("  }")
        self.loop()
        if self.second:
            self.second_loop()
        self.line("  total[0] = sum;" if not self.second else "  total[0] = sum ^ sum2;")
        self.line("}")
        params = {"nodes": self.nodes, "batch": batch}
        return GeneratedKernel("\n".join(self.lines) + "\n", params, self.integer(0, 999))

    def shuffled(self, arrays: list[tuple[str, str, str]]) -> list[tuple[str, str, str]]:
        left, found = list(arrays), []
        while left:
            found.append(left.pop(self.integer(0, len(left) - 1)))
        return found

    def loop(self) -> None:
        reduction = self.pick(["sum", "xor", "min", "max"])
        self.line(f"  parallel for i in 0 .. batch reduce {reduction} sum {{")
        if self.fixed_start:
            start = 0 if self.plain else self.pick([0, 0, 0, self.nodes - 1])
            self.line(f"    assume starts[i] == {start};")
        else:
            self.line("    assume starts[i] < nodes;")
        self.line("    var at_node = starts[i];")
        self.line("    var val = values[i];")
        self.line("    var extra = 0;")
        for step in range(self.integer(3 if self.plain else 1, 6)):
            self.step(step)
        self.line("    results[i] = " + self.pick(["val", "val ^ extra", "extra"]) + ";")
        self.line("    places[i] = " + self.pick(["at_node", "extra + at_node", "i"]) + ";")
        if self.roles["values"] == "inout":
            self.line("    values[i] = " + self.pick(["val", "extra", "val + 1"]) + ";")
        if self.roles["starts"] == "inout":
            self.line("    starts[i] = at_node;")
        self.line("    reduce " + self.pick(["val", "extra", "at_node", "tree[at_node]"]))
        self.lines[-1] += " into sum;"
        self.line("  }")

    def second_loop(self) -> None:
        """A loop whose reads come after all the reads and stores of the first."""
        self.line("  parallel for j in 0 .. batch reduce xor sum2 {")
        self.line(f"    let k = results[j] % {self.pick(['nodes', '2', '4'])};")
        name = self.pick(["tree", "other"])
        index = "k" if self.chance(2) else "sum % nodes"
        self.line(f"    reduce {name}[if {index} < nodes then {index} else 0] into sum2;")
        self.line("  }")

    def step(self, number: int) -> None:
        word = f"word{number}"
        table = "tree" if self.plain else self.pick(["tree", "tree", "tree", "other"])
        self.line(f"    let {word} = {table}[at_node];")
        self.use(word, table)
        chooser = self.chooser()
        child = f"{self.arity} * at_node + {chooser}"
        if not self.plain and self.chance(8):
            child = f"{self.pick([1, 2, 3, 5])} * at_node + {self.integer(0, 3)} + {chooser}"
        self.line(f"    at_node = {child};")
        self.line("    at_node = if at_node >= nodes then 0 else at_node;")

    def use(self, word: str, table: str) -> None:
        constant = self.pick(WORDS)
        shift = self.integer(0, 31)
        operation = self.pick(STEPS)
        match self.integer(0, 11):
            case 0 | 1 | 2:
                self.line(f"    val = val {operation} {word};")
            case 3:
                self.line(f"    val = (val {operation} {word}) {operation} {constant};")
            case 4:
                fold = self.pick(FOLDED)
                by = shift if fold in ("<<", ">>") else constant
                self.line(f"    val = val {operation} ({word} {fold} {by});")
            case 5:
                self.line(f"    val = {constant} - {word};")
            case 6:
                self.line(f"    val = val * {self.pick([3, 9, 4097])} + {word};")
            case 7:
                self.line(f"    val = {word} * {constant} + val;")
            case 8:
                self.line(f"    extra = if val % 2 == 0 then {word} else extra;")
            case 9:
                self.line(f"    extra = if {word} % 2 == 0 then val else {word};")
            case 10:
                self.line(f"    extra = {word};")
            case _:
                self.line(f"    extra = (extra ^ {word}) ^ val ^ {constant};")
        if self.chance(3):
            self.line(f"    val = (val + {constant}) ^ (val >> {shift});")
        if self.chance(4):
            self.line(f"    val = (val ^ {self.pick(WORDS)}) ^ (val << {self.integer(1, 31)});")
        if table in self.bounded and self.chance(8 if self.plain else 3):
            self.line(f"    extra = extra + other[{word}];")

    def chooser(self) -> str:
        """Which child comes next: a few words apart, often by the lowest bit."""
        shift = self.integer(0, 5)
        if self.plain:
            return f"1 + (val >> {shift}) % {self.arity}"
        match self.integer(0, 6):
            case 0 | 1 if self.arity == 2:
                return f"(if val % 2 == 0 then {self.pick([1, 2])} else 2)"
            case 2 if self.arity == 2:
                return f"2 - ((val >> {shift}) & 1)"
            case 3:
                return f"(if val < {self.pick(WORDS)} then 1 else {self.arity})"
            case 4:
                return "1"
            case _:
                return f"1 + (val >> {shift}) % {self.arity}"


@st.composite
def walks(draw: st.DrawFn) -> GeneratedKernel:
    """Valid table walks that run without an error on their memory image."""
    return Walk(lambda low, high: draw(st.integers(low, high))).kernel()


def random_walk(seed: int) -> GeneratedKernel:
    """The walk of a seed."""
    return Walk(random.Random(seed).randint).kernel()
