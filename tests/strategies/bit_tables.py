"""Random kernels that read small tables at bits of words, wherever these stand.

`bit_tables()` is the hypothesis strategy: strides, offsets and shapes of tables, promises about
their words, ways to take bits out of words, and what is done with the words read are random.
"""

from __future__ import annotations

from hypothesis import strategies as st

from tests.strategies.kernels import GeneratedKernel

FIELDS = (
    ("(({word} >> {at}) & {mask})", 1),
    ("(({word} & {mask} << {at}) >> {at})", 1),
    ("(({word} ^ {flip}) >> {at} & {mask})", 1),
    ("({word} % {size})", 1),
    ("({word} << {at} >> {at} & {mask})", 1),
    ("(({word} >> {at} & {mask}) ^ {flip} & {mask})", 1),
    ("({word} / {size} % {some})", 1),
)
"""Ways to take up to ``bits`` bits out of a word."""
USES = (
    "v = rotl(v, 3) ^ {read};",
    "v = v + ({read} << {at});",
    "v = v ^ ({read} ^ 0x5A5A5A5A);",
    "v = v * 5 + {read};",
    "v = {read};",
    "w = w + {read}; v = v ^ w >> 3;",
    "w = {read} & 7; v = v + w;",
)
"""What is done with a word read; `w` and `v` are the words that bits are taken from."""


@st.composite
def bit_tables(draw: st.DrawFn) -> GeneratedKernel:
    """A kernel whose lanes read tables at sums of bits of two words."""
    batch = draw(st.sampled_from([1, 5, 8, 13, 16, 24, 40]))
    tables = draw(st.integers(1, 2))
    lengths = [draw(st.integers(1, 40)) for _ in range(tables)]
    body: list[str] = []
    for _ in range(draw(st.integers(1, 5))):
        table = draw(st.integers(0, tables - 1))
        read = f"t{table}[{_index(draw, lengths, table)}]"
        use = draw(st.sampled_from(USES))
        body.append(use.format(read=read, at=draw(st.integers(0, 31))))
    arrays: list[str] = []
    at = draw(st.integers(0, 3))
    for number, length in enumerate(lengths):
        below = draw(st.sampled_from(["", "", *(f" below {2**k}" for k in range(9)), " below 5"]))
        arrays.append(f"t{number}: u32[{length}] in at {at}{below};")
        at += length
    text = f"""
kernel bits(batch) {{
  memory {{
    {" ".join(arrays)}
    a: u32[batch] in at {at};
    b: u32[batch] inout at {at} + batch;
  }}
  parallel for i in 0 .. batch {{
    var v = a[i];
    var w = b[i];
    {" ".join(body)}
    b[i] = v + w;
  }}
}}
"""
    return GeneratedKernel(text, {"batch": batch}, draw(st.integers(0, 999)))


def _index(draw: st.DrawFn, lengths: list[int], table: int) -> str:
    """A sum of bits of `v` and `w`, perhaps with gaps and from the end; tables grow to fit it."""
    terms: list[str] = []
    step, reach = 1, 0
    for _ in range(draw(st.integers(1, 3))):
        bits = draw(st.integers(1, 3))
        field = draw(st.sampled_from(FIELDS))[0].format(
            word=draw(st.sampled_from(["v", "w"])),
            at=draw(st.integers(0, 32 - bits)),
            mask=(1 << bits) - 1,
            size=1 << bits,
            some=draw(st.integers(1, 1 << bits)),
            flip=draw(st.integers(0, 2**32 - 1)),
        )
        terms.append(f"{step} * {field}")
        reach += step * ((1 << bits) - 1)
        step *= draw(st.sampled_from([1, 1 << bits, 1 << bits, (1 << bits) + 1]))
        if reach > 90:
            break
    offset = draw(st.integers(0, 3))
    lengths[table] = max(lengths[table], reach + offset + 1)
    total = " + ".join(terms)
    return draw(st.sampled_from([f"{offset} + {total}", f"{reach + offset} - ({total})"]))
