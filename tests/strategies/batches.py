"""Random kernels of one long parallel loop: what becomes a machine loop when it is long enough.

Its lanes read neighbouring words, words at strides and offsets, words of a table at run-time
indices, boundaries of all kinds, and their own number; they walk down a tree, whose reads are done
in many ways; arrays of all roles offer or refuse working memory.

`batches()` is the hypothesis strategy; `random_batch(seed)` makes the same kernels without it.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

from hypothesis import strategies as st

from tests.strategies.edges import READS, SHAPES
from tests.strategies.kernels import GeneratedKernel

PLAIN = (
    "a[i]",
    "a[i + {k}]",
    "w[3 * i + {j}]",
    "i * {j2} + {k}",
    "t[a[i] % 16]",
    "t[(a[i + {j}] >> {j2}) % 16]",
    "b[i]",
    "a[0]",
)
"""Words without an edge, more likely than those with one."""
STORES = ("o[i] = v;", "o[n - 1 - i] = v;", "o[i] = v; b[i] = b[i] ^ v;", "b[i] = v; o[i] = i ^ v;")
SIZES = (0, 1, 7, 8, 9, 16, 40, 47, 64, 101, 128, 161, 200)


class Batch:
    """Writes one kernel. All its decisions come from `integer(low, high)`, both ends included."""

    def __init__(self, integer: Callable[[int, int], int]) -> None:
        self.integer = integer

    def pick(self, options: Sequence[str]) -> str:
        return options[self.integer(0, len(options) - 1)]

    def word(self) -> str:
        reads = READS if self.integer(0, 3) == 0 else PLAIN
        return self.pick(reads).format(
            k=self.integer(0, 9), j=self.integer(0, 5), j2=self.integer(1, 4), d=self.integer(1, 12)
        )

    def kernel(self) -> GeneratedKernel:
        word = self.pick(SHAPES).format(*(self.word() for _ in range(3)))
        role = self.pick(("scratch", "in scratch", "in"))
        spare = " + spare[i]" if role != "scratch" and self.integer(0, 1) else ""
        walk = "" if self.integer(0, 1) else self.walk()
        kind = self.pick(("", "sum", "xor", "min", "max"))
        before, after = self.around(kind) if self.integer(0, 1) else ("", "")
        text = f"""
kernel batch(n) {{
  memory {{
    t: u32[16] in at 0;
    a: u32[n + 16] in at 16;
    w: u32[3 * n + 8] in at n + 32;
    b: u32[n] inout at 4 * n + 40;
    spare: u32[n + 30] {role} at 5 * n + 40;
    o: u32[n] out at 6 * n + 70;
    tree: u32[31] in at 7 * n + 70;
    s: u32[5] inout at 7 * n + 101;
  }}
  {before}
  parallel for i in 0 .. n {f"reduce {kind} total " if kind else ""}{{
    var v = ({word}){spare};
{walk}    {self.pick(STORES)}
    {"reduce v into total; reduce v >> 3 into total;" if kind else ""}
  }}
  {after}
}}
"""
        sizes = [size for size in SIZES if size or not before]
        size = sizes[self.integer(0, len(sizes) - 1)]
        return GeneratedKernel(text, {"n": size}, self.integer(0, 99))

    def around(self, kind: str) -> tuple[str, str]:
        """What stands before the loop, and after it."""
        total = "total" if kind else "17"
        before = self.pick(("let k = b[0];", "s[2] = 5; let k = s[0];", "let k = b[0] ^ s[3];"))
        after = self.pick(
            (
                f"s[0] = {total};",
                f"s[1] = {total} ^ k; s[3] = s[1] + b[0];",
                f"s[0] = o[n - 1] + k; s[0] = s[0] * {total};",
            )
        )
        return before, after

    def walk(self) -> str:
        rounds = self.integer(2, 7)
        constant = self.integer(0, 2**32 - 1)
        return f"""    var at_node = 0;
    for r in 0 .. {rounds} {{
      v = (v ^ tree[at_node]) * {constant | 1} ^ {constant};
      at_node = 2 * at_node + (if v % 2 == 0 then 1 else 2);
      at_node = if at_node >= 31 then 0 else at_node;
    }}
"""


def random_batch(seed: int) -> GeneratedKernel:
    """The kernel that belongs to a seed."""
    return Batch(random.Random(seed).randint).kernel()


@st.composite
def batches(draw: st.DrawFn) -> GeneratedKernel:
    """A kernel of one parallel loop."""
    return Batch(lambda low, high: draw(st.integers(low, high))).kernel()
