"""Random kernels of several loops that hand words to each other through memory."""

from __future__ import annotations

from hypothesis import strategies as st

STORED = (
    "i",
    "{n} - 1 - i",
    "2 * i + 1",
    "i + {k}",
    "i / 4 * 4 + 3 - i % 4",
    "(i + {k}) % {n}",
    "i ^ 1",
)
"""Where an iteration stores: no two iterations of a loop meet."""
READ = (*STORED, "{k}", "i / 2", "d[i]", "d[i] + i / 4 * 4", "i % 4 * 8", "i + d[i]", "63 - d[i]")
"""Where it reads: words that no iteration of the same loop writes, in any order."""
WORDS = ("{r}", "{r} + {q} * 3", "{r} ^ i", "7", "d[i] + 1")


@st.composite
def several_loops(draw: st.DrawFn) -> tuple[str, dict[str, int]]:
    """A kernel whose loops read one array and write the other, with its parameters."""
    body: list[str] = []
    for number in range(draw(st.integers(2, 4))):
        n = draw(st.integers(1, 30))
        target, other = ("x", "y") if draw(st.booleans()) else ("y", "x")
        k = draw(st.integers(0, 9))

        def index(kinds: tuple[str, ...], n: int = n, k: int = k) -> str:
            return draw(st.sampled_from(kinds)).format(n=n, k=k)

        reads = [f"{other}[{index(READ)}]" for _ in range(2)]
        word = draw(st.sampled_from(WORDS)).format(r=reads[0], q=reads[1])
        place = index(STORED)
        lines = [f"{target}[{place}] = {word};"]
        if draw(st.booleans()):
            lines.insert(0, f"{target}[{place}] = 5;")
            lines.append(f"{target}[{place}] = {target}[{place}] + {reads[1]};")
        body.append(f"parallel for i in 0 .. {n} {{ {' '.join(lines)} }}")
        if draw(st.integers(0, 3)) == 0:
            body.append(f"{other}[{k}] = {target}[{number}] + 1;")
    return (
        """
kernel loops(w) {
  memory {
    d: u32[32] in at 1 below 8;
    x: u32[w] inout at 33;
    y: u32[w] inout at 33 + w;
  }
  BODY
}
""".replace("BODY", "\n  ".join(body)),
        {"w": 64},
    )


@st.composite
def filled_words(draw: st.DrawFn) -> tuple[str, dict[str, int]]:
    """A kernel that sets words to one value, most often all of those that it reads then."""
    n, bins = draw(st.integers(1, 20)), draw(st.integers(1, 9))
    word = draw(st.sampled_from(("0", "9", "a[i]", "i")))
    cells = range(bins - draw(st.sampled_from((0, 0, 0, 1))))
    fills = [f"c[i * {bins} + {b}] = {word};" for b in draw(st.permutations(cells))]
    if draw(st.booleans()):
        fills.insert(draw(st.integers(0, len(fills))), f"c[i * {bins} + {bins - 1}] = 3;")
    if draw(st.booleans()):
        # The same in a loop of its own: all words at once.
        many = draw(st.sampled_from((bins * n, bins * n, max(bins * n - 1, 1))))
        inside, outside = [], f"parallel for z in 0 .. {many} {{ c[z] = 4; }}"
    else:
        inside, outside = fills, ""
    uses = [
        f"let p{k} = i * {bins} + a[{k} * {n} + i] % {bins}; c[p{k}] = c[p{k}] + {k + 1};"
        for k in range(draw(st.integers(1, 3)))
    ]
    text = f"""
kernel fill(n) {{
  memory {{
    a: u32[3 * n] in at 0;
    c: u32[n * {bins}] inout at 3 * n;
  }}
  {outside}
  parallel for i in 0 .. n {{ {" ".join([*inside, *uses])} }}
}}
"""
    return text, {"n": n}
