"""Random kernels that read neighbouring words at places known only at run time."""

from __future__ import annotations

from hypothesis import strategies as st

USES = (
    "s = s + {w};",
    "s = s ^ {w};",
    "s = s * 3 + {w};",
    "s = if {w} < s then s else {w};",
    "s = s + ({w} ^ 0x5bd1e995) * 7;",
    "s = s + {w} * {w};",
    "s = {w} * s + 1;",
    "o[i] = s; s = {w};",
    "s = s + (if s % 2 == 0 then {w} else 3);",
    "s = t[{w} % 7] + s;",
)
"""What is done with a word that was read."""
PLACES = ("{k} * j", "{k} * j + {c}", "j", "j + {c}", "{k} * (j % 9) + {c}")


@st.composite
def neighbour_words(draw: st.DrawFn) -> tuple[str, dict[str, int]]:
    """A kernel in which each iteration reads words near a place of its own, with its parameters.

    The array stands first, last or between others, so that rows start and end at memory's ends.
    """
    n = draw(st.integers(1, 20))
    body: list[str] = ["let j = p[i];"]
    for number in range(draw(st.integers(1, 3))):
        place = draw(st.sampled_from(PLACES)).format(k=draw(st.integers(1, 5)), c=number * 3)
        offsets = draw(st.lists(st.integers(0, 12), min_size=1, max_size=6))
        if draw(st.booleans()):
            offsets = [draw(st.integers(0, 5)) + k for k in range(draw(st.integers(2, 6)))]
        for offset in offsets:
            word = f"t[{place} + {offset}]"
            body.append(draw(st.sampled_from(USES)).format(w=word))
            if draw(st.integers(0, 3)) == 0:
                body.append(f"s = s + u[j / 2 + {draw(st.integers(0, 3))}];")
    words = draw(st.sampled_from((123, 124, 131)))  # the last index may be 5 * 19 + 6 + 12 + 10
    arrays = [f"p: u32[{n}] in at P below 20;", f"o: u32[{n}] inout at O;"]
    arrays.append("u: u32[13] in at U;")
    arrays.insert(draw(st.integers(0, 3)), f"t: u32[{words}] in at T;")
    at = draw(st.integers(0, 9))
    placed: list[str] = []
    for array in arrays:
        length = {"t": words, "u": 13}.get(array[0], n)
        placed.append(array.replace(f"at {array[0].upper()}", f"at {at}"))
        at += length
    text = f"""
kernel near() {{
  memory {{ {" ".join(placed)} }}
  parallel for i in 0 .. {n} {{
    var s = i * 3;
    {chr(10).join("    " + line for line in body).strip()}
    o[i] = s;
  }}
}}
"""
    return text, {}
