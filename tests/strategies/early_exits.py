"""Random kernels with loops that iterations leave early, and with what is masked there.

Both kinds of loops stand in one another, at the top level too; they hold loads and divisions that
are wrong once a lane has left, stores to words of its own, contributions, and loops without exit.
"""

from __future__ import annotations

from hypothesis import strategies as st

from tests.strategies.kernels import GeneratedKernel

CONDITIONS = (
    "v != {k}",
    "v > {k}",
    "v < n && a[v] > {k}",
    "v & {d} != 0",
    "w < {k} || v % 2 == 1",
    "{k} < 3",
    "w / (v | 1) < {k}",
    "i + w != {k}",
)
"""For `while`, with `k` and `d` to fill in; `v` and `w` are variables, `i` is the lane."""
STEPS = (
    "v = v / {d};",
    "v = v - {k};",
    "w = w + v;",
    "w = w ^ a[v % n];",
    "v = if w & 1 == 0 then v >> 1 else 3 * v + 1;",
    "while v > {k} limit {d} {{ w = 100 / v; v = v / {d}; }}",
    "while v < n limit {d} {{ v = a[v] + v; w = w + 1; }}",
    "while v != 0 limit {d} {{ break if 99 % v == {k}; v = v >> 1; w = w + v; }}",
    "let {name} = a[(v + w) % n]; v = {name} & 31;",
    "var {name} = v; for q in 0 .. {d} {{ {name} = {name} + w; }} w = {name};",
    "v = f(v, w);",
)
IN_LANES = (
    "y[i][{j}] = w;",
    "y[n - 1 - (n - 1 - i)][{j}] = v;",
    "z[3 * i + {j}] = v + w;",
    "reduce v into total;",
    "reduce w into least;",
)
"""What only an iteration of a parallel loop does."""


@st.composite
def early_exits(draw: st.DrawFn) -> GeneratedKernel:
    """A kernel with two to four loops that are left early."""
    names = iter(range(1000))

    def fill(text: str) -> str:
        return text.format(
            k=draw(st.integers(0, 9)),
            d=draw(st.integers(2, 5)),
            j=draw(st.integers(0, 2)),
            name=f"x{next(names)}",
        )

    def loop(depth: int, lanes: bool) -> str:
        conditions = CONDITIONS if lanes else CONDITIONS[:-1]
        steps = STEPS + IN_LANES if lanes else (*STEPS, "z[v % {d}] = w;")
        parts = [fill(draw(st.sampled_from(steps))) for _ in range(draw(st.integers(1, 3)))]
        parts += [
            f"break if {fill(draw(st.sampled_from(conditions)))};"
            for _ in range(draw(st.integers(0, 2)))
        ]
        if depth:
            parts.append(loop(depth - 1, lanes))
        body = " ".join(draw(st.permutations(parts)))
        trips = draw(st.sampled_from(("0", "1", "2", "3", "5")))
        if draw(st.booleans()):
            condition = fill(draw(st.sampled_from(conditions)))
            return f"while {condition} limit {trips} {{ {body} }}"
        counter = f"r{next(names)}"
        return f"for {counter} in 0 .. {trips} {{ {body} w = w + {counter}; }}"

    lanes = " ".join(loop(draw(st.integers(0, 2)), True) for _ in range(draw(st.integers(1, 2))))
    top = loop(draw(st.integers(0, 1)), False)
    text = f"""
fn f(a: u32, b: u32) -> u32 {{
  var v = a;
  var w = b;
  while v > {draw(st.integers(0, 9))} limit {draw(st.integers(0, 3))} {{
    v = v / 2;
    break if w / (v + 1) == 3;
    w = w + v;
  }}
  return v ^ w;
}}
kernel leaving(n) {{
  memory {{
    a: u32[n] in at 0;
    y: u32[n][3] inout at n;
    z: u32[3 * n + 3] inout at 4 * n;
    o: u32[2 * n + 2] out at 7 * n + 3;
  }}
  parallel for i in 0 .. n reduce sum total, min least {{
    var v = a[i] & 63;
    var w = i;
    {lanes}
    o[2 * i] = v;
    o[2 * i + 1] = w;
  }}
  var v = total & 31;
  var w = least;
  {top}
  o[2 * n] = v;
  o[2 * n + 1] = w;
}}
"""
    return GeneratedKernel(text, {"n": draw(st.integers(1, 21))}, draw(st.integers(0, 99)))
