"""Tables in a pipe: nothing is cut, whatever its length."""

from __future__ import annotations

import pytest

from vliwc.cli.common import tables
from vliwc.cli.common.tables import PIPE_WIDTH, print_table

NAMES = [f"list:{weight}*critical-path+0.3*slack+0.2*register-pressure" for weight in range(6)]


def test_long_names_are_whole(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(
        "Names", ("name", "cycles"), [(name, "123456") for name in NAMES], right=("cycles",)
    )
    printed = capsys.readouterr().out
    assert all(name in printed for name in NAMES)


def test_what_is_too_wide_goes_on_in_the_next_line(capsys: pytest.CaptureFixture[str]) -> None:
    """Six long headings do not fit side by side: they are wrapped, in several tables."""
    rows = [(name, *(f"{at}000" for at in range(1, 7))) for name in NAMES]
    print_table("Wins", ("", *NAMES), rows, right=NAMES)
    printed = capsys.readouterr().out
    assert "…" not in printed
    assert max(map(len, printed.splitlines())) <= PIPE_WIDTH
    for at in range(1, 7):
        assert printed.split().count(f"{at}000") == len(NAMES)
    tables = printed.count("\u2500 ")
    assert 1 <= tables <= 3
    factors = 3 * len(NAMES)
    assert printed.count("*") == factors * (tables + 1), "a heading, and before each row"


COUNTS = ("runs", "failed", "none", "proved", "at bound", "best")
GAPS = ("median", "95 % interval", "mean", "of", "seconds")


@pytest.mark.parametrize("width", [80, 100, 120])
def test_numbers_leave_room_for_names(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, width: int
) -> None:
    """The table of `vliwc compare`: where it does not fit, a second one goes on."""
    monkeypatch.setattr(tables, "PIPE_WIDTH", width)
    names = ("list:critical-path", "ortools-plain", "cpsat-lns")
    numbers = ("24", "0", "0", "1", "12", "8", "18.3 %", "11.8 to 45.9 %", "26.6 %", "8", "12.345")
    print_table(
        "Gaps", ("scheduler", *COUNTS, *GAPS), [(n, *numbers) for n in names], right=COUNTS + GAPS
    )
    printed = capsys.readouterr().out
    lines = printed.splitlines()
    assert max(map(len, lines)) <= width
    parts = 1 if width == 120 else 2
    for name in names:
        assert sum(line.strip().startswith(name) for line in lines) == parts, "names are whole"
    for word in " ".join((*COUNTS, *GAPS, "Gaps")).split():
        assert word in printed
    assert printed.count("11.8 to 45.9 %") == len(names)


def test_text_alone_is_wrapped_in_one_table(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tables, "PIPE_WIDTH", 40)
    print_table("Failures", ("what", "why"), [("word " * 20, "text " * 20)])
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 40 and sum("what" in line for line in lines) == 1
