"""Random kernels that assume something about their input, and mean something without it as well.

`assumed_kernels()` is the hypothesis strategy; `random_assumed(seed)` makes the same kernels.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import TypeVar

from hypothesis import strategies as st

from tests.strategies.kernel_parts import GeneratedKernel

T = TypeVar("T")

SIZES = (1, 7, 8, 9, 16, 21, 40)
KINDS = ("sum", "xor", "or", "min", "max")


class AssumedWriter:
    """Writes one kernel. All its decisions come from `integer(low, high)`, both ends included."""

    def __init__(self, integer: Callable[[int, int], int]) -> None:
        self.integer = integer

    def pick(self, options: Sequence[T]) -> T:
        return options[self.integer(0, len(options) - 1)]

    def fact(self) -> str:
        """What may be assumed of an iteration; all of these hold where all words are 3."""
        word = self.pick(("x[i]", "y[i]", "g[0]", "x[n - 1 - i]"))
        fact = f"{word} {self.pick(('< 5', '<= 12', '== 3', '!= 4', '> 0'))}"
        match self.integer(0, 3):
            case 0:
                return f"({fact} || x[i] % 4 == y[i])"
            case 1:
                return f"{fact} && x[i] < {self.integer(16, 40)}"
            case _:
                return fact

    def use(self, fact: str) -> str:
        """A word that can be had more cheaply where `fact` holds."""
        return self.pick(
            (
                f"if {fact} then x[i] else y[i] + 3",
                "table[min(x[i], 15)]",
                "table[y[i] % 16] ^ x[i]",
                "min(x[i], 63) * (y[i] % 64)",
                "if g[0] < 13 then y[i] else x[i] * 5",
            )
        )

    def kernel(self) -> GeneratedKernel:
        kind = self.pick(KINDS)
        lines = ["kernel assumed(n) {", "  memory {"]
        at = "0"
        for name, length, role in (
            ("table", "16", "in"),
            ("g", "1", "in"),
            ("x", "n", "in"),
            ("y", "n", self.pick(("inout", "in"))),
            ("z", "n", "out"),
            ("t", "1", "out"),
        ):
            lines.append(f"    {name}: u32[{length}] {role} at {at};")
            at += f" + {length}"
        written = " inout" in "".join(lines)
        lines.append("  }")
        if self.integer(0, 3) == 0:
            lines.append(f"  assume g[0] < {self.integer(4, 30)};")
        lines.append(f"  parallel for i in 0 .. n reduce {kind} total {{")
        facts = [self.fact() for _ in range(self.integer(1, 3))]
        lines += [f"    assume {fact};" for fact in facts]
        lines.append(f"    var v = {self.use(self.pick(facts))};")
        lines.append(f"    for r in 0 .. {self.integer(0, 3)} {{")
        lines.append(f"      v = v * 3 + ({self.use(self.pick(facts))});")
        lines.append("    }")
        if written:
            lines.append("    y[i] = v ^ y[i];")
        lines += ["    z[i] = v;", "    reduce v into total;", "  }", "  t[0] = total;", "}"]
        return GeneratedKernel("\n".join(lines), {"n": self.pick(SIZES)}, self.integer(0, 999))


def random_assumed(seed: int) -> GeneratedKernel:
    """The kernel of a seed."""
    return AssumedWriter(random.Random(seed).randint).kernel()


@st.composite
def assumed_kernels(draw: st.DrawFn) -> GeneratedKernel:
    return AssumedWriter(lambda low, high: draw(st.integers(low, high))).kernel()
