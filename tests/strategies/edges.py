"""Random kernels with boundaries: indices that are clamped or wrapped, and guarded expressions."""

from __future__ import annotations

from hypothesis import strategies as st

from tests.strategies.kernels import GeneratedKernel

READS = (
    "a[if i < {k} then {j} else i - {k}]",
    "a[min(i + {k}, n - 1)]",
    "a[max(i, {k}) - {k}]",
    "a[(i + {k}) % n]",
    "a[(i + n * {k} - {j}) % n]",
    "a[n - 1 - i]",
    "(if i == 0 then {k} else a[i - 1])",
    "(if i + {k} < n then a[i + {k}] else a[i])",
    "(if i % {d} == 0 then a[i] else a[i - 1])",
    "(if i % {d} + 1 == {d} || i + 1 == n then {k} else a[i + 1])",
    "(if i < {d} then a[i] else a[i - {d}])",
    "(if i / {d} % 2 == 1 then a[i] * {k} else t[a[i] % 16])",
    "(if i % {d} < {j} then t[i % 16] else t[(a[i] >> {j}) % 16])",
    "t[if i % {d} == 0 then {k} else a[i - 1] % 16]",
    "t[if i < {d} then a[i] % 16 else a[i - {d}] >> 29]",
    "(if i > {j} && a[i] % 2 == 1 then a[i - {j}] else {k})",
    "(if i == {j} || a[i] < 99 then i else a[i] / (a[(i + {k}) % n] | 1))",
    "(if i % {d} == 0 then 1 else a[i] % (if a[i - 1] == 0 then 1 else a[i - 1]))",
    "(if i % {d} == 1 then 0 else a[i] << a[i] % {d})",
    "(if i % {d} > 0 then a[i] else 0) * (i % {j2})",
    "a[i] * (if i < {d} then 0 else 1)",
    "(a[i] & (if i % {d} == 0 then 0 else 255))",
    "(if i % {d} == {j} then i / {d} else a[i])",
    "a[i]",
)
"""Words at an edge or not, with `k`, `j`, `j2` and `d` to fill in."""
SHAPES = (
    "{0} + 2 * {1} + {2}",
    "({0} ^ {1}) * 3 - {2}",
    "if {0} < {1} then {2} else {0}",
    "({0} >> 3) + ({1} | {2}) + {0}",
    "{0}",
    "if i % 3 == 0 then {0} else {1} + ({2} >> 1)",
    "if i < 7 || i + 9 > n then a[i] else {0} - {1} * {2}",
    "if i % 11 == 0 || i > 16 then a[i + 2] else ({0} >> 1) + {1} + {2}",
)
"""What is made of three of them."""


@st.composite
def edge_kernels(draw: st.DrawFn) -> GeneratedKernel:
    """A kernel with up to three reads at edges."""
    reads = [
        draw(st.sampled_from(READS)).format(
            k=draw(st.integers(0, 9)),
            j=draw(st.integers(0, 5)),
            j2=draw(st.integers(1, 4)),
            d=draw(st.integers(1, 12)),
        )
        for _ in range(3)
    ]
    word = draw(st.sampled_from(SHAPES)).format(*reads)
    end = draw(
        st.sampled_from(("o[i] = v;", "o[n - 1 - i] = v;", "o[i] = v; reduce v into total;"))
    )
    reduction = "total" in end
    text = f"""
kernel edge(n) {{
  memory {{
    t: u32[16] in at 0;
    a: u32[n + 16] in at 16;
    o: u32[n] out at n + 32;
    s: u32[1] out at 2 * n + 32;
  }}
  parallel for i in 0 .. n {"reduce sum total " if reduction else ""}{{
    let v = {word};
    {end}
  }}
  s[0] = {"total" if reduction else "5"};
}}
"""
    return GeneratedKernel(text, {"n": draw(st.integers(1, 45))}, draw(st.integers(0, 99)))
