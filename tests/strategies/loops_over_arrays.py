"""Random kernels of several loops over the same arrays, whose indices follow from lane numbers."""

from __future__ import annotations

from math import gcd

from hypothesis import strategies as st

PASSED_ON = ("{a} + {b}", "{a} ^ ({b} >> 1)", "min({a}, {b})", "select", "{a}", "{a} * 3 + {b}")
"""What is stored, of two words that were read."""


@st.composite
def loops_over_arrays(draw: st.DrawFn) -> tuple[str, dict[str, int]]:
    """A kernel whose loops write one array from another, or one in place, with its parameters.

    Reads have strides, offsets, xors, guards and equal words; now and then a whole loop has
    iterations left out, single words or a whole array are stored between the loops, or an index is
    only known at run time.
    """
    n = draw(st.sampled_from((1, 5, 8, 13, 16, 24, 32, 40)))
    roles = draw(st.sampled_from((("inout", "scratch"), ("inout", "out"), ("inout", "inout"))))
    lines: list[str] = []
    for number in range(draw(st.integers(1, 5))):
        if draw(st.integers(0, 3)) == 0:
            lines.append(_top_level(draw, n))
        lines.append(_loop(draw, n, number == 0 and roles[1] != "inout"))
    lines.append(_sum(draw))
    body = "\n  ".join(lines)
    text = f"""
kernel test(n) {{
  memory {{
    x: u32[n] {roles[0]} at 3;
    y: u32[n] {roles[1]} at 3 + n;
    total: u32[2] inout at 3 + 2 * n;
  }}
  {body}
}}
"""
    return text, {"n": n}


def _index(draw: st.DrawFn, n: int) -> str:
    """A permutation of the words of an array."""
    kind = draw(st.integers(0, 4))
    if kind == 0:
        stride = draw(st.sampled_from([k for k in range(1, n + 1) if gcd(k, n) == 1]))
        return f"(i * {stride} + {draw(st.integers(0, n))}) % n"
    if kind == 1:
        return "n - 1 - i"
    if kind == 2 and n & (n - 1) == 0:
        return f"i ^ {draw(st.integers(0, n - 1))}"
    return "i"


def _read(draw: st.DrawFn, n: int, array: str) -> str:
    kind = draw(st.integers(0, 5))
    if kind == 0:
        back = draw(st.integers(1, 9))
        return f"(if i >= {back} then {array}[i - {back}] else {draw(st.integers(0, 3))})"
    if kind == 1:
        return f"{array}[{draw(st.integers(0, n - 1))}]"
    if kind == 2:
        return f"{array}[i / {draw(st.integers(1, 9))}]"
    if kind == 3 and draw(st.booleans()):
        return f"{array}[{array}[i] % n]"
    return f"{array}[{_index(draw, n)}]"


def _loop(draw: st.DrawFn, n: int, first: bool) -> str:
    """A loop from one array to the other, or in place; ``first``: `y` holds nothing yet."""
    source, target = ("x", "y") if first else draw(st.sampled_from((("x", "y"), ("y", "x"))))
    whole = first or draw(st.integers(0, 3)) > 0
    low = 0 if whole else draw(st.integers(0, n - 1))
    high = n if whole else draw(st.integers(low, n))
    bounds = f"parallel for i in {low} .. {high}"
    if not first and draw(st.integers(0, 3)) == 0:
        place = f"{target}[{_index(draw, n)}]"
        return f"{bounds} {{ {place} = {place} * 5 + {_read(draw, n, source)}; }}"
    a, b = _read(draw, n, source), _read(draw, n, source)
    form = draw(st.sampled_from(PASSED_ON))
    word = form.format(a=a, b=b)
    if form == "select":
        word = f"if i % {draw(st.integers(1, 9))} < 2 then {a} else {b}"
    return f"{bounds} {{ {target}[{_index(draw, n)}] = {word}; }}"


def _top_level(draw: st.DrawFn, n: int) -> str:
    if draw(st.integers(0, 3)) == 0:
        source = draw(st.sampled_from(("x[n - 1 - i] ^ 5", "total[0] * i", "x[i] * 3")))
        return f"for i in 0 .. n {{ x[i] = {source}; }}"
    to, k = draw(st.integers(0, n - 1)), draw(st.integers(0, n - 1))
    word = draw(st.sampled_from(("7", f"x[{k}]", f"x[{k}] * 3", f"x[x[{k}] % n]")))
    return f"x[{to}] = {word};"


def _sum(draw: st.DrawFn) -> str:
    if draw(st.booleans()):
        return "total[0] = x[0] + x[n - 1];"
    return "parallel for i in 0 .. n reduce sum all { reduce x[i] into all; } total[1] = all;"
