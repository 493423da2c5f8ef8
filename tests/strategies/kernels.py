"""Random kernels as source text, with parameters and a memory image.

Every kernel is valid, and runs on its image without an error: indices are reduced to the length of
the array or guarded by a condition, divisors are made odd or guarded, iterations of a parallel loop
write only elements of their own, and `out` arrays are written completely.  An iteration's elements
are one or several neighbours, in the order of the iterations, in the opposite one, or permuted;
parameters may be 0; assumptions are comparisons, joined by `&&` and by `||`.

`kernels()` is the hypothesis strategy; `random_kernel(seed)` makes the same kernels without it.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from math import gcd, prod
from typing import TypeVar

from hypothesis import strategies as st

from tests.strategies.kernel_assumptions import assume
from tests.strategies.kernel_parts import Array, Expr, GeneratedKernel, Scope

T = TypeVar("T")

GRID = "grid"
"""In place of a parameter: the extent of arrays of several dimensions."""

EDGE_WORDS = (0, 1, 2, 3, 5, 8, 31, 32, 255, 2**16, 2**30, 2**31 - 1, 2**31, 2**32 - 2, 2**32 - 1)
PLAIN = ("+", "-", "*", "&", "|", "^")
# Both operands at compile time: the result must still fit a word.
FITTING = ("&", "|", "^")
COMPARISONS = ("==", "!=", "<", "<=", ">", ">=")
REDUCTIONS = ("sum", "xor", "min", "max")


class Generator:
    """Writes one kernel. All its decisions come from `integer(low, high)`, both ends included."""

    def __init__(self, integer: Callable[[int, int], int]) -> None:
        self.integer = integer
        self.lines: list[str] = []
        self.depth = 0
        self.names = 0
        self.params: dict[str, int] = {}
        self.arrays: list[Array] = []
        self.tables: list[str] = []
        self.grid: list[str] = []

    def pick(self, options: Sequence[T]) -> T:
        return options[self.integer(0, len(options) - 1)]

    def chance(self, one_in: int) -> bool:
        return self.integer(1, one_in) == one_in

    def fresh(self, stem: str) -> str:
        self.names += 1
        return f"{stem}{self.names}"

    def line(self, text: str) -> None:
        self.lines.append("  " * self.depth + text)

    # --- the file -----------------------------------------------------------------------------

    def kernel(self) -> GeneratedKernel:
        functions: list[tuple[str, int]] = []
        for _ in range(self.integer(0, 1)):
            name = self.fresh("TABLE")
            words = ", ".join(str(self.word()) for _ in range(self.integer(1, 4)))
            self.line(f"const {name} = [{words}];")
            self.tables.append(name)
        for _ in range(self.integer(0, 2)):
            functions.append(self.function(functions))
        self.params = {"n": self.integer(1, 40), "m": self.integer(1, 9), "k": self.integer(0, 3)}
        if self.chance(8):
            self.params[self.pick("nm")] = 0
        self.grid = [["h", "w"], ["h", "w"], ["h", "w", "d"]][self.integer(0, 2)]
        for name in self.grid:
            self.params[name] = self.pick(
                [1, 2, 3, 4, 5, 7, 8, 9, 16] if name == "w" else [1, 2, 3]
            )
        if self.chance(12):
            self.params[self.pick(self.grid)] = 0
        self.line(f"kernel generated({', '.join(self.params)}) {{")
        self.depth += 1
        self.memory()
        scope = Scope(statics=list(self.params), functions=functions)
        scope.shared = [array for array in self.arrays if array.defined]
        self.top_level(scope)
        self.depth -= 1
        self.line("}")
        return GeneratedKernel("\n".join(self.lines) + "\n", self.params, self.integer(0, 999))

    def function(self, functions: list[tuple[str, int]]) -> tuple[str, int]:
        name, arity = self.fresh("f"), self.integer(1, 3)
        names = [self.fresh("a") for _ in range(arity)]
        parameters = ", ".join(f"{n}: u32" for n in names)
        self.line(f"fn {name}({parameters}) -> u32 {{")
        self.depth += 1
        scope = Scope(words=names, functions=list(functions))
        for _ in range(self.integer(0, 2)):
            self.declaration(scope)
        if self.chance(3):
            self.sequential(scope, 0)
        self.line(f"return {self.expr(scope, 2).text};")
        self.depth -= 1
        self.line("}")
        return name, arity

    def memory(self) -> None:
        entries = self.pick([1, 3, 4, 7, 8, 16])
        below = self.pick([None, entries, 1, 2**30])
        self.arrays.append(Array("table", "in", entries, below=below))
        self.arrays.append(Array("result", "out", self.integer(1, 3), defined=False))
        for extent in ("n", "m"):
            for _ in range(self.integer(1, 2)):
                role = self.pick(["in", "out", "inout", "scratch", "in scratch"])
                width = self.integer(2, 9) if self.chance(4) else 1
                array = Array(self.fresh(f"{extent}_"), role, 0, extent, width)
                array.length = width * self.params[extent]
                array.defined = role.startswith("in")
                if array.defined and self.chance(4):
                    array.below = self.pick([entries, 2**16])
                self.arrays.append(array)
        for _ in range(self.integer(0, 2)):
            role = self.pick(["in", "out", "inout", "scratch", "in scratch"])
            length = prod(self.params[name] for name in self.grid)
            array = Array(self.fresh("g_"), role, length, GRID, defined=role.startswith("in"))
            array.shape = list(self.grid)
            self.arrays.append(array)
        if self.chance(3):
            length = self.params["n"] + self.integer(0, 3)
            spots = Array("spots", "in", self.params["n"], "n", below=max(length, 1))
            spots.distinct = True
            self.arrays += [Array("cells", "inout", length), spots]
        if not any(array.writable and array.extent == "n" for array in self.arrays):
            length = self.params["n"]
            self.arrays.append(Array(self.fresh("n_"), "out", length, "n", defined=False))
        self.line("memory {")
        address = str(self.integer(0, 9))
        for array in self.arrays:
            below = "" if array.below is None else f" below {array.below}"
            size = array.size
            clauses = below + " distinct" * array.distinct
            self.line(f"  {array.name}: u32{array.subscripts} {array.role} at {address}{clauses};")
            gap = self.integer(1, 5) if self.chance(4) else 0
            address += f" + {size}" + (f" + {gap}" if gap else "")
        self.line("}")

    # --- statements at the top level ----------------------------------------------------------

    def top_level(self, scope: Scope) -> None:
        start = self.fresh("v")
        self.line(f"var {start} = table[{self.integer(0, self.arrays[0].length - 1)}];")
        scope.words.append(start)
        scope.variables.append(start)
        extents = ["n", *self.pick([[], ["m"], ["m", "n"]])]
        if any(array.extent == GRID for array in self.arrays):
            extents.insert(self.integer(0, len(extents)), GRID)
        repeated = self.chance(4)
        for position, extent in enumerate(extents):
            if repeated and position == 0:
                counter = self.fresh("q")
                self.line(f"for {counter} in 0 .. 2 {{")
                self.depth += 1
                inner = scope.inner()
                inner.statics.append(counter)
                self.parallel(inner, extent)
                self.depth -= 1
                self.line("}")
                scope.shared = inner.shared
            else:
                self.parallel(scope, extent)
            if self.chance(2):
                self.line(f"{start} = {self.expr(scope, 2).text};")
        for missing in [a for a in self.arrays if a.role == "out" and not a.defined]:
            if missing.extent:
                self.parallel(scope, missing.extent)
        for index in range(self.arrays[1].length):
            self.line(f"result[{index}] = {self.expr(scope, 2).text};")

    def parallel(self, scope: Scope, extent: str) -> None:
        """A parallel loop over all elements of the arrays with length `extent`."""
        reductions = [(self.pick(REDUCTIONS), self.fresh("s")) for _ in range(self.integer(0, 2))]
        head = ", ".join(f"{operator} {name}" for operator, name in reductions)
        head = f" reduce {head}" if head else ""
        ranges: list[str] = []
        lane = scope.inner()
        lane.variables = []
        arrays = [array for array in self.arrays if array.extent == extent]
        lane.numbers = []
        lane.indices = {array.name: [] for array in arrays}
        for each in self.grid if extent == GRID else [extent]:
            counter, low = self.fresh("i"), self.pick([0, 0, 0, 1, 5])
            high = each if low == 0 else f"{each} + {low}"
            ranges.append(f"{counter} in {low} .. {high}")
            lane.words.append(counter)
            number = counter if low == 0 else f"{counter} - {low}"
            lane.numbers.append(number)
            for array in arrays:
                lane.indices[array.name].append(self.order(number, each))
        self.line(f"parallel for {', '.join(ranges)}{head} {{")
        self.depth += 1
        written = [a for a in arrays if a.writable and (not a.defined or self.chance(2))]
        spots = next((array for array in arrays if array.distinct), None)
        cells = next((array for array in self.arrays if array.name == "cells"), None)
        scattered = spots is not None and self.chance(2)
        unread = [*written, cells] if scattered else written
        lane.shared = [array for array in scope.shared if array not in unread]
        lane.own = [array for array in arrays if array.defined]
        for array in arrays:
            plain = array.role == "in" and array.width == 1 and array.below is None
            if plain and not array.assumed and self.chance(3):
                array.assumed = True
                assume(self, array, lane)
        for _ in range(self.integer(1, 3)):
            self.lane_statement(lane, reductions)
        if scattered:
            cell = f"cells[{lane.element(spots)}]"
            own = self.fresh("v")
            self.line(f"let {own} = {cell};")
            lane.words.append(own)
            self.line(f"{cell} = {self.expr(lane, 2).text};")
        for array in written:
            self.write(array, lane)
            if array not in lane.own:
                lane.own = [*lane.own, array]
        if self.chance(2):
            self.lane_statement(lane, reductions)
        for _, name in reductions:
            if not self.chance(8):
                self.line(f"reduce {self.expr(lane, 2).text} into {name};")
        self.depth -= 1
        self.line("}")
        for array in written:
            array.defined = True
        scope.shared = [array for array in self.arrays if array.defined]
        scope.words += [name for _, name in reductions]

    def order(self, number: str, extent: str) -> str:
        """A permutation of the numbers below a parameter, as text."""
        size = self.params[extent]
        match self.integer(0, 5):
            case 0 | 1:
                return f"{extent} - 1 - ({number})"
            case 2 if size > 1:
                factors = [factor for factor in range(1, size) if gcd(factor, size) == 1]
                return f"({self.pick(factors)} * ({number}) + {self.integer(0, size)}) % {size}"
            case 3 if size > 1 and size & (size - 1) == 0:
                return f"(({number}) ^ {self.integer(1, size - 1)})"
            case _:
                return number

    def write(self, array: Array, lane: Scope) -> None:
        depth = 3 if array.width < 4 else 1
        for part in range(array.width):
            self.line(f"{lane.element(array, part)} = {self.expr(lane, depth).text};")

    def lane_statement(self, scope: Scope, reductions: list[tuple[str, str]]) -> None:
        match self.integer(0, 5):
            case 0 | 1:
                self.declaration(scope)
            case 2 if scope.variables:
                self.line(f"{self.pick(scope.variables)} = {self.expr(scope, 3).text};")
            case 3 if reductions:
                _, name = self.pick(reductions)
                self.line(f"reduce {self.expr(scope, 2).text} into {name};")
            case _:
                self.sequential(scope, 0)

    def declaration(self, scope: Scope) -> None:
        name = self.fresh("v")
        match self.integer(0, 5):
            case 0:
                self.line(f"let {name} = {self.flag(scope, 2)};")
                scope.flags.append(name)
                return
            case 1:
                self.line(f"let {name}: u32 = {self.expr(scope, 3).text};")
            case 2:
                self.line(f"var {name}: u32;")
                self.line(f"{name} = {self.expr(scope, 3).text};")
                scope.variables.append(name)
            case _:
                self.line(f"var {name} = {self.expr(scope, 3).text};")
                scope.variables.append(name)
        scope.words.append(name)

    def sequential(self, scope: Scope, nesting: int) -> None:
        """A loop that is unrolled, and may be left early; it changes at least one variable."""
        if not scope.variables:
            self.line(f"var {(name := self.fresh('v'))} = {self.expr(scope, 1).text};")
            scope.variables.append(name)
            scope.words.append(name)
        counter = self.fresh("r")
        bounds = ["0 .. 2", "0 .. 1", "1 .. 4", "2 .. 2"]
        bounds += [f"0 .. {name}" for name in scope.statics if name == "k"]
        bounds += [f"0 .. {name} + 1" for name in scope.statics if name.startswith("r")]
        head, inner = f"for {counter} in {self.pick(bounds)}", scope.inner()
        exit_ = self.integer(0, 5)
        if exit_ == 0:
            head = f"while {self.flag(scope, 2)} limit {self.integer(0, 3)}"
        else:
            inner.statics.append(counter)
        self.line(f"{head} {{")
        self.depth += 1
        if self.chance(3):
            self.declaration(inner)
        self.line(f"{self.pick(scope.variables)} = {self.expr(inner, 3).text};")
        if exit_ == 1:
            self.line(f"break if {self.flag(inner, 2)};")
        if nesting == 0 and self.chance(3):
            self.sequential(inner, 1)
        self.depth -= 1
        self.line("}")

    # --- expressions --------------------------------------------------------------------------

    def word(self) -> int:
        return self.pick(EDGE_WORDS) if self.chance(2) else self.integer(0, 2**32 - 1)

    def runtime(self, scope: Scope) -> Expr:
        return Expr(self.pick(scope.words))

    def leaf(self, scope: Scope) -> Expr:
        match self.integer(0, 5):
            case 0:
                return Expr(str(self.word()), static=True)
            case 1 if scope.statics:
                return Expr(self.pick(scope.statics), static=True)
            case 2 if self.tables:
                table = self.pick(self.tables)
                index = self.pick([*scope.statics, "0"])
                return Expr(f"{table}[{index} % len({table})]", static=True)
            case 3 if scope.own:
                array = self.pick(scope.own)
                return Expr(scope.element(array, self.integer(0, array.width - 1)))
            case _:
                return self.runtime(scope)

    def expr(self, scope: Scope, depth: int) -> Expr:
        """A u32 expression with about `depth` levels of operators."""
        if depth == 0:
            return self.leaf(scope)
        match self.integer(0, 11):
            case 0 | 1 | 2:
                left, right = self.expr(scope, depth - 1), self.expr(scope, depth - 1)
                static = left.static and right.static
                operator = self.pick(FITTING if static else PLAIN)
                known = left if left.static else right
                if known.static and not static and self.chance(3):
                    known.text = f"{self.pick('-~')}{known.text}"  # a word next to a run-time one
                return Expr(f"({left.text} {operator} {right.text})", static)
            case 3:
                return self.shift(scope, depth)
            case 4:
                return self.division(scope, depth)
            case 5:
                operand = self.expr(scope, depth - 1)
                operand = self.runtime(scope) if operand.static else operand
                return Expr(f"({self.pick('-~')}{operand.text})")
            case 6:
                left, right = self.expr(scope, depth - 1), self.expr(scope, depth - 1)
                name = self.pick(["min", "max", "rotl", "rotr"])
                return Expr(f"{name}({left.text}, {right.text})", left.static and right.static)
            case 7 if scope.functions:
                name, arity = self.pick(scope.functions)
                args = ", ".join(self.expr(scope, depth - 1).text for _ in range(arity))
                return Expr(f"{name}({args})")
            case 8 | 9 if scope.readable:
                return self.lookup(scope, depth)
            case 10 | 11:
                then, otherwise = self.expr(scope, depth - 1), self.expr(scope, depth - 1)
                # A run-time side makes the whole a run-time value, whatever the condition is.
                then = self.runtime(scope) if then.static else then
                condition = self.flag(scope, depth - 1)
                return Expr(f"(if {condition} then {then.text} else {otherwise.text})")
            case _:
                return self.leaf(scope)

    def shift(self, scope: Scope, depth: int) -> Expr:
        value = self.expr(scope, depth - 1)
        value = self.runtime(scope) if value.static else value
        count = str(self.integer(0, 33))
        if self.chance(3):
            count = f"({self.expr(scope, depth - 1).text} % 35)"
        return Expr(f"({value.text} {self.pick(['<<', '>>'])} {count})")

    def division(self, scope: Scope, depth: int) -> Expr:
        value, operator = self.expr(scope, depth - 1), self.pick(["/", "%"])
        match self.integer(0, 2):
            case 0:
                divisor = self.pick([1, 2, 3, 7, 10, 64, 2**31])
                return Expr(f"({value.text} {operator} {divisor})", value.static)
            case 1:
                divisor = self.runtime(scope).text
                return Expr(f"({value.text} {operator} ({divisor} | 1))")
            case _:
                divisor, other = self.runtime(scope).text, self.runtime(scope).text
                quotient = f"{value.text} {operator} {divisor}"
                return Expr(f"(if {divisor} != 0 then {quotient} else {other})")

    def lookup(self, scope: Scope, depth: int) -> Expr:
        """An element of an array that no iteration of the loop writes, at a computed index."""
        array = self.pick(scope.readable)
        index = self.expr(scope, depth - 1)
        if array.shape:
            return self.grid_lookup(array, scope, index)
        reduced = f"{array.name}[{index.text} % len({array.name})]"
        match self.integer(0, 3):
            case 0 if not index.static:
                other = self.runtime(scope).text
                inside = f"{index.text} < len({array.name})"
                return Expr(f"(if {inside} then {array.name}[{index.text}] else {other})")
            case 1 if array.length & (array.length - 1) == 0 and not array.extent:
                return Expr(f"{array.name}[{index.text} & {array.length - 1}]")
            case 2 if (
                array.below is not None and array.below <= array.length and array.role == "in"
            ):
                return Expr(f"{array.name}[{reduced}]")
            case _:
                return Expr(reduced)

    def grid_lookup(self, array: Array, scope: Scope, index: Expr) -> Expr:
        """An element of an array of several dimensions: a neighbour, one of the row, or any."""
        rank = len(array.shape)
        at = self.integer(0, rank - 1)
        length = f"len({array.name}{'[0]' * at})"
        indices = [f"{self.runtime(scope).text} % {name}" for name in array.shape]
        if len(scope.numbers) == rank:
            indices = list(scope.numbers)
            own = indices[at]
            if self.chance(2):
                step = self.integer(1, 2)
                other = self.runtime(scope).text
                inside = f"{own} >= {step}"
                indices[at] = f"{own} - {step}"
                if self.chance(2):
                    inside = f"{own} + {step} < {length}"
                    indices[at] = f"{own} + {step}"
                return Expr(f"(if {inside} then {array.element(indices)} else {other})")
        indices[at] = f"{index.text} % {length}"
        return Expr(array.element(indices))

    def flag(self, scope: Scope, depth: int) -> str:
        """A bool expression."""
        match self.integer(0, 6):
            case 0 if scope.flags:
                return self.pick(scope.flags)
            case 1 if depth > 0:
                operator = self.pick(["&&", "||", "==", "!="])
                left, right = self.flag(scope, depth - 1), self.flag(scope, depth - 1)
                return f"({left} {operator} {right})"
            case 2 if depth > 0:
                return f"(!{self.flag(scope, depth - 1)})"
            case 3 if depth > 0 and any(not array.shape for array in scope.shared):
                # The left side decides whether the right one may be evaluated.
                array = self.pick([array for array in scope.shared if not array.shape])
                index = self.runtime(scope).text
                inside = self.pick(["<", ">="])
                joint = "&&" if inside == "<" else "||"
                right = f"{array.name}[{index}] > {self.word()}"
                return f"({index} {inside} len({array.name}) {joint} {right})"
            case _:
                left, right = self.expr(scope, min(depth, 1)), self.expr(scope, min(depth, 1))
                return f"({left.text} {self.pick(COMPARISONS)} {right.text})"


@st.composite
def kernels(draw: st.DrawFn) -> GeneratedKernel:
    """Valid kernels that run without an error on their memory image."""
    return Generator(lambda low, high: draw(st.integers(low, high))).kernel()


def random_kernel(seed: int) -> GeneratedKernel:
    """The kernel of a seed."""
    return Generator(random.Random(seed).randint).kernel()
