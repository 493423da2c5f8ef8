"""A leaderboard as one HTML page that needs nothing from outside."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files
from typing import Final

from jinja2 import Environment, StrictUndefined

from vliwc.lab.results.leaderboard import Board
from vliwc.lab.results.profile_chart import chart
from vliwc.lab.results.statistics import CONFIDENCE

COLUMNS: Final = ("entrant", "mean rank", "interval", "mean gap", "best", "proved", "scheduled")


def leaderboard_page(boards: Sequence[Board], title: str) -> str:
    """The page; equal boards give equal bytes."""
    environment = Environment(
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        undefined=StrictUndefined,
    )
    text = files("vliwc.lab").joinpath("leaderboard.html.j2").read_text(encoding="utf-8")
    return environment.from_string(text).render(
        boards=[(board, chart(board.profiles)) for board in boards],
        title=title,
        columns=COLUMNS,
        confidence=round(100 * CONFIDENCE),
    )
