"""Random kernels with running totals: those of `scan`, and those of sequential loops."""

from __future__ import annotations

from hypothesis import strategies as st

WORDS = ("x[i]", "x[n - 1 - i] * 3", "x[i] ^ i", "i", "5", "x[i / 2]", "x[x[i] % n]")


@st.composite
def scan_kernels(draw: st.DrawFn) -> tuple[str, dict[str, int]]:
    """Parallel loops with scans of all kinds, one of which may scan what another gives."""
    n = draw(st.sampled_from((1, 2, 7, 8, 9, 16, 40, 61, 250)))
    count = draw(st.integers(1, 3))
    heads: list[str] = []
    body: list[str] = []
    for k in range(count):
        kind = draw(st.sampled_from(("sum", "xor", "or", "min", "max")))
        before = draw(st.sampled_from(("", "before ")))
        heads.append(f"{kind} {before}s{k}")
        word = draw(st.sampled_from((*WORDS, *(f"s{j} + x[i]" for j in range(k)))))
        body.append(f"scan {word} into s{k};")
    values = " ^ ".join(f"s{k} * {2 * k + 1}" for k in range(count))
    guard = draw(st.sampled_from(("{v}", "if i >= 3 then {v} else 9")))
    body.append(f"y[i] = {guard.format(v=values)};")
    after = "".join(f"t[{k}] = s{k}; " for k in range(count))
    return _kernel(f"parallel for i in 0 .. n scan {', '.join(heads)} {{", body, after), {"n": n}


@st.composite
def sequences(draw: st.DrawFn) -> tuple[str, dict[str, int]]:
    """A sequential loop at the top level that carries sums and stores words."""
    n = draw(st.sampled_from((3, 16, 17, 24, 40)))
    low = draw(st.integers(0, 2))
    body: list[str] = []
    for k in range(draw(st.integers(1, 2))):
        op = draw(st.sampled_from(("+", "^", "*", "-")))
        word = draw(st.sampled_from((*WORDS, f"y[{draw(st.integers(0, 2))}]")))
        body.append(f"s{k} = s{k} {op} ({word});")
        target = draw(st.sampled_from(("x[i]", "y[i]", "y[n - 1 - i]", "y[i]")))
        stored = draw(st.sampled_from((f"s{k}", f"s{k} ^ i", f"s{k} + x[i]", "x[i] * 7", "i * 3")))
        body.append(f"{target} = {stored};")
    start = draw(st.sampled_from(("0", "7", "x[2]")))
    variables = f"var s0 = {start}; var s1 = 1; "
    after = "t[0] = s0; t[1] = s1; "
    return _kernel(f"{variables}for i in {low} .. n {{", body, after), {"n": n}


def _kernel(head: str, body: list[str], after: str) -> str:
    lines = "\n    ".join(body)
    return f"""
kernel totals(n) {{
  memory {{
    x: u32[n] inout at 2;
    y: u32[n] inout at 2 + n;
    t: u32[3] inout at 2 + 2 * n;
  }}
  {head}
    {lines}
  }}
  {after}
}}
"""
