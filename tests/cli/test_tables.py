"""Tables in a pipe: nothing is cut, whatever its length."""

from __future__ import annotations

import pytest

from vliwc.cli.common.tables import PIPE_WIDTH, print_table

NAMES = [f"list:{weight}*critical-path+0.3*slack+0.2*register-pressure" for weight in range(6)]


def test_long_names_are_whole(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(
        "Names", ("name", "cycles"), [(name, "123456") for name in NAMES], right=("cycles",)
    )
    printed = capsys.readouterr().out
    assert all(name in printed for name in NAMES)


def test_what_is_too_wide_goes_on_in_the_next_line(capsys: pytest.CaptureFixture[str]) -> None:
    """Six long headings do not fit side by side; the numbers below them do."""
    rows = [(name, *(f"{at}000" for at in range(1, 7))) for name in NAMES]
    print_table("Wins", ("", *NAMES), rows, right=NAMES)
    printed = capsys.readouterr().out
    assert "…" not in printed
    assert max(map(len, printed.splitlines())) <= PIPE_WIDTH
    for at in range(1, 7):
        assert printed.split().count(f"{at}000") == len(NAMES)
    assert printed.count("*") == 3 * 2 * len(NAMES), "every name twice, with all its factors"
