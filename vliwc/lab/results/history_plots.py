"""Pictures of a history: the index of all series, and the series that changed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from matplotlib.figure import Figure

from vliwc.lab.results.history import History, Series
from vliwc.lab.results.plots import FORMATS, GREY, WIDTH, looks, render

MOST_SERIES: Final = 12
"""Series that are named; the others that changed are grey."""


def index_figure(history: History) -> Figure:
    """The index by version: 100 is the first one, less is better."""
    figure = Figure(figsize=(WIDTH, 3.4), layout="constrained")
    axes: Any = figure.subplots()
    places = range(len(history.versions))
    axes.plot(places, [100 * v.index for v in history.versions], marker="o", color="#0072B2")
    for place, version in zip(places, history.versions, strict=True):
        if version.worse or version.lost:
            note = f"{version.worse + version.lost} worse"
            axes.annotate(note, (place, 100 * version.index), (0, 7), textcoords="offset points")
    _versions(axes, history)
    axes.set_ylabel("cycles, first version = 100")
    axes.set_title("Geometric mean of the series that neighbouring versions share")
    return figure


def series_figure(history: History) -> Figure:
    """Cycles of the series that changed, each in per cent of its first number; those that changed
    most have names."""
    changed = sorted(
        (series for series in history.series if series.changed and len(series.known) > 1),
        key=lambda series: (-_spread(series), series.title),
    )
    figure = Figure(figsize=(WIDTH + 2, 4.2), layout="constrained")
    axes: Any = figure.subplots()
    style = looks([series.title for series in changed[:MOST_SERIES]])
    for number, series in enumerate(changed):
        points = [(at, 100 * c / series.known[0]) for at, c in enumerate(series.cycles) if c]
        look = style.get(series.title) if number < MOST_SERIES else None
        axes.plot(
            [at for at, _ in points],
            [part for _, part in points],
            color=GREY if look is None else look.colour,
            alpha=0.4 if look is None else 1.0,
            linestyle="-" if look is None else look.line,
            marker="" if look is None else look.marker,
            label=None if look is None else series.title,
        )
    _versions(axes, history)
    axes.set_ylabel("cycles, first number = 100")
    axes.set_title(f"{len(changed)} of {len(history.series)} series changed")
    if changed:
        axes.legend(loc="upper left", bbox_to_anchor=(1.01, 1.0), frameon=False, fontsize=8)
    return figure


def draw(history: History, kind: str = "svg") -> dict[str, bytes]:
    """Both pictures as files by name.

    Raises :class:`ValueError` for a kind that is not one of
    :data:`vliwc.lab.results.plots.FORMATS`.
    """
    if kind not in FORMATS:
        raise ValueError(f"pictures are {' or '.join(FORMATS)}, not {kind}")
    makers: dict[str, Callable[[], Figure]] = {
        "index": lambda: index_figure(history),
        "series": lambda: series_figure(history),
    }
    return {f"history-{name}.{kind}": render(make, kind) for name, make in makers.items()}


def _spread(series: Series) -> float:
    known = series.known
    return max(known) / min(known)


def _versions(axes: Any, history: History) -> None:
    labels = [f"{v.code.partition('+')[2][:7]}\n{v.first:%m-%d %H:%M}" for v in history.versions]
    axes.set_xticks(range(len(labels)), labels, fontsize=8)
    axes.grid(visible=True)
