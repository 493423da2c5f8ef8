"""Periods of long sequential loops."""

from __future__ import annotations

import pytest

from vliwc.analysis.rounds import find_rounds
from vliwc.lang import bind, parse_kernel


def period(body: str, before: str = "", after: str = "a[i] = x;", arrays: str = "") -> int | None:
    """The period that is found for a loop of a thousand rounds over `x`, which is `a[i]`."""
    text = f"""
kernel test(n, rounds) {{
  memory {{
    t: u32[32] in at 0;
    a: u32[n] inout at 32;
    b: u32[n] in scratch at 32 + n;
    o: u32[n] out at 32 + 2 * n;
    {arrays}
  }}
  parallel for i in 0 .. n {{
    var x = a[i];
    {before}
    for r in 0 .. rounds {{
      {body}
    }}
    {after}
    o[i] = 7;
  }}
}}
""".replace("    o[i] = 7;\n" if "o[i]" not in after else "\0", "").replace(
        "    o: u32[n] out at 32 + 2 * n;\n" if "o[i]" not in after else "\0", ""
    )
    kernel = bind(parse_kernel(text, "test.vk"), {"n": 40, "rounds": 1000})
    found = find_rounds(kernel, 50_000)
    if found is None:
        return None
    assert (found.total, found.lanes) == (1000, 40)
    return found.period


@pytest.mark.parametrize(
    ("body", "before", "expected"),
    [
        ("x = x * 3 + 1;", "", 1),
        ("x = (x ^ t[x % 32]) + i;", "", 1),
        # A position that comes back to the root of a tree of three levels.
        (
            "x = x ^ t[p]; p = 2 * p + 1 + x % 2; p = if p >= 7 then 0 else p;",
            "var p = 0;",
            3,
        ),
        # The same with the root known by an assumption.
        (
            "x = x ^ t[p]; p = 2 * p + 1 + x % 2; p = if p >= 7 then 0 else p;",
            "assume b[i] == 0; var p = b[i];",
            3,
        ),
        # Two counters: both are back after the common multiple of their periods.
        (
            "x = x + c * d; c = if c == 3 then 0 else c + 1; d = if d == 5 then 0 else d + 1;",
            "var c = 0; var d = 0;",
            12,
        ),
    ],
)
def test_what_repeats(body: str, before: str, expected: int) -> None:
    assert period(body, before) == expected


@pytest.mark.parametrize(
    ("body", "before", "after", "arrays"),
    [
        # The number of the round is used.
        ("x = x + r;", "", "a[i] = x;", ""),
        # A counter that never comes back.
        ("x = x + c; c = c + 1;", "var c = 0;", "a[i] = x;", ""),
        # A state that is not known and is stored nowhere, or not as it is.
        ("x = x + c; c = c ^ x;", "var c = 0;", "a[i] = x;", ""),
        ("x = x + c; c = c ^ x;", "var c = t[i % 8];", "a[i] = x;", ""),
        ("x = x * 3;", "", "a[i] = x + 1;", ""),
        # Stored where it does not come from.
        ("x = x * 3;", "", "a[n - 1 - i] = x;", ""),
        # What other loads or assumptions say of these words holds at first only.
        ("x = x * 3 + a[i];", "", "a[i] = x;", ""),
        ("x = x * 3 + k;", "let k = x >> 3;", "a[i] = x;", ""),
        ("x = x * 3;", "assume a[i] + t[0] < 50;", "a[i] = x;", ""),
        # Each round could rely on its own assumption; code that says so is not made.
        ("assume x * 5 < 50; x = x * 3;", "", "a[i] = x;", ""),
        ("x = x * 3;", "", "a[i] = x; c[i] = y;", ""),
    ],
)
def test_what_does_not_repeat(body: str, before: str, after: str, arrays: str) -> None:
    if "c[i]" in after:
        before, arrays = "let y = c[i];", "c: u32[n] inout at 32 + 2 * n;"
    assert period(body, before, after, arrays) is None


def test_a_range_has_to_be_kept() -> None:
    """The words are below 100 at entry: that is only known of later states that are as well."""
    arrays = "c: u32[n] inout at 32 + 2 * n below 100;"
    before = "let first = c[i]; var y = first;"
    kept = period("x = x + t[y % 32]; y = (y + x) % 100;", before, "a[i] = x; c[i] = y;", arrays)
    lost = period("x = x + t[y % 32]; y = y + x;", before, "a[i] = x; c[i] = y;", arrays)
    # As many bits, but greater words.
    grown = period("x = x + t[y % 32]; y = (y + x) % 128;", before, "a[i] = x; c[i] = y;", arrays)
    assert (kept, lost, grown) == (1, None, None)
