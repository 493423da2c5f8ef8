"""Random kernels whose iterations store words at known addresses, near each other or not."""

from __future__ import annotations

from hypothesis import strategies as st

WORDS = ("v * 3 + {k}", "7", "{k}", "m[{k}]", "m[0]", "b[i * 2 % 16] ^ v", "v")
"""What is stored; `v` is the iteration's own word."""
BETWEEN = (
    "",
    "v = v + o[{row}];",
    "o[{row} + v % {s}] = v;",
    "o[{row} + v % {s}] = o[{row} + v % {s}] + 1;",
    "o[{row} + {last}] = v ^ 5;",
)
"""What happens between two stores of one row: it is read, or written elsewhere or again."""


@st.composite
def row_kernels(draw: st.DrawFn) -> tuple[str, dict[str, int]]:
    """A kernel in which each iteration writes fields of a row of its own, with its parameters."""
    n, s = draw(st.integers(1, 40)), draw(st.integers(1, 9))
    offset = draw(st.integers(0, 5))
    row = draw(
        st.sampled_from(("i * {s} + {f}", "(n - 1 - i) * {s} + {f}", "((i + 3) % n) * {s} + {f}"))
    ).format(s=s, f=offset)
    fields = draw(st.lists(st.integers(0, s - 1), min_size=1, max_size=s, unique=True))
    if draw(st.booleans()):
        fields = draw(st.permutations(range(s)))
    body: list[str] = []
    for k in fields:
        word = draw(st.sampled_from(WORDS)).format(k=k)
        body.append(f"o[{row} + {k}] = {word};")
        between = draw(st.sampled_from((*[""] * len(BETWEEN), *BETWEEN)))
        body.append(between.format(row=row, s=s, last=s - 1))
    return _kernel(body, s * n + offset), {"n": n}


@st.composite
def permuted_kernels(draw: st.DrawFn) -> tuple[str, dict[str, int]]:
    """A kernel whose iterations write one word each, in another order than they run."""
    c, r = draw(st.integers(1, 12)), draw(st.integers(1, 12))
    gap = draw(st.integers(0, 3))
    index = draw(
        st.sampled_from(
            (
                f"i % {c} * {r} + i / {c}",
                f"i / {c} * {c + gap} + {c} - 1 - i % {c}",
                f"(i ^ {r}) + {gap}",
                "n - 1 - i",
            )
        )
    )
    word = draw(st.sampled_from(WORDS)).format(k=draw(st.integers(0, 8)))
    return _kernel([f"o[{index}] = {word};"], r * (c + gap) + c + 16 + gap), {"n": c * r}


@st.composite
def top_kernels(draw: st.DrawFn) -> tuple[str, dict[str, int]]:
    """A kernel that stores at the top level, before and after a loop that may touch the words."""
    places = draw(st.permutations(range(draw(st.integers(1, 30)))))
    stores = [
        f"o[{place}] = {draw(st.sampled_from(('7', f'm[{place % 9}] * 5', f'{place}')))};"
        for place in places
    ]
    cut = draw(st.integers(0, len(stores)))
    body = draw(
        st.sampled_from(("o[i + 40] = v;", "o[2 * i + 1] = v;", "o[2 * i] = o[2 * i] + 1;"))
    )
    return _kernel([body], 64, stores[:cut], stores[cut:]), {"n": draw(st.integers(1, 20))}


def _kernel(
    body: list[str], words: int, before: list[str] | None = None, after: list[str] | None = None
) -> str:
    lines = "\n    ".join(line for line in body if line)
    return f"""
kernel rows(n) {{
  memory {{
    m: u32[9] in at 2;
    b: u32[16] in at 11;
    a: u32[n] in at 27;
    o: u32[{words}] inout at 27 + n;
  }}
  {" ".join(before or [])}
  parallel for i in 0 .. n {{
    var v = a[i];
    {lines}
  }}
  {" ".join(after or [])}
}}
"""
