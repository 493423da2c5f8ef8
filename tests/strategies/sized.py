"""Random kernels whose sizes and addresses are words of memory: lengths, numbers of iterations,
bases of arrays, all known when the program runs.

One loop or two, one after the other or inside a sequential one, over one range or two, with
reductions or without; reads of neighbouring words, at offsets, backwards, at edges that the size
decides, of a table; arrays one behind the other at addresses made of the sizes, or anywhere.

`sized_kernels()` is the hypothesis strategy; `random_sized(seed)` makes the same kernels without
it.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from hypothesis import strategies as st

READS = (
    "a[i]",
    "a[i]",
    "a[i + {k}]",
    "a[n - 1 - i]",
    "(if i == 0 then {k} else a[i - 1])",
    "(if i + 1 < n then a[i + 1] else n)",
    "(if i % 3 == {j} then a[i] else b[i])",
    "t[a[i] % 16]",
    "t[(i + {k}) % 16]",
    "b[i]",
    "i * {k} + n",
    "a[{j}]",
    "a[i] / (n - i)",
)
SHAPES = ("{0} + {1}", "({0} ^ {1}) * 3", "if {0} < {1} then {0} else {1} - {0}", "min({0}, {1})")
KINDS = ("sum", "xor", "min", "max")


@dataclass(frozen=True)
class SizedKernel:
    """The text of a kernel without parameters."""

    text: str


class _Sized:
    """Writes one kernel. All its decisions come from `integer(low, high)`, both ends included."""

    def __init__(self, integer: Callable[[int, int], int]) -> None:
        self.integer = integer

    def pick(self, options: Sequence[str]) -> str:
        return options[self.integer(0, len(options) - 1)]

    def word(self) -> str:
        return self.pick(READS).format(k=self.integer(1, 9), j=self.integer(0, 2))

    def value(self) -> str:
        return self.pick(SHAPES).format(self.word(), self.word())

    def kernel(self) -> SizedKernel:
        anywhere = self.integer(0, 1) == 1
        places = ("at_a", "at_b", "at_o") if anywhere else ("24", "34 + n", "34 + 2 * n")
        lines = ["kernel sized() {", "  word n at 2;", "  assume n <= 70;"]
        if anywhere:
            lines += [f"  word {name} at {k};" for name, k in zip(places, (5, 3, 4), strict=True)]
        role = self.pick(("out", "inout"))
        lines += [
            "  memory {",
            "    s: u32[2] out at 6;",
            "    t: u32[16] in at 8;",
            f"    a: u32[n + 10] in at {places[0]};",
            f"    b: u32[n] inout at {places[1]};",
            f"    o: u32[n] {role} at {places[2]};",
            "  }",
            "  let c = t[3];",
            "  var seen = n;",
        ]
        times = self.integer(0, 2)
        if times:
            lines.append(f"  for step in 0 .. {times} {{")
            lines += self.loop("b[i] = {0} + c + step;")
            lines.append("  }")
        lines += self.loop("o[i] = {0} ^ seen;")
        if self.integer(0, 2) == 0:
            lines += self.rows()
        lines += ["  s[0] = seen;", "  s[1] = seen * n + c;", "}"]
        return SizedKernel("\n".join(lines) + "\n")

    def loop(self, store: str) -> list[str]:
        reduced = self.integer(0, 1) == 1
        kind = self.pick(KINDS)
        head = f" reduce {kind} total{len(store)}" if reduced else ""
        lines = [f"  parallel for i in 0 .. n{head} {{", f"    let v = {self.value()};"]
        lines.append("    " + store.format("v"))
        if reduced:
            lines.append(f"    reduce v ^ i into total{len(store)};")
        lines.append("  }")
        if reduced:
            lines.append(f"  seen = seen ^ total{len(store)};")
        return lines

    def rows(self) -> list[str]:
        """A loop over two ranges, one of which is known when compiling."""
        width = self.integer(1, 4)
        return [
            f"  parallel for p in {self.integer(0, 3)} .. n, q in 0 .. {width} reduce sum all {{",
            "    reduce a[p + q] * (q + 1) + p into all;",
            "  }",
            "  seen = seen + all;",
        ]


@st.composite
def sized_kernels(draw: st.DrawFn) -> SizedKernel:
    """A random kernel with sizes that are known at run time."""
    return _Sized(lambda low, high: draw(st.integers(low, high))).kernel()


def random_sized(seed: int) -> SizedKernel:
    """The kernel with this seed."""
    return _Sized(random.Random(seed).randint).kernel()
