"""Pictures of a comparison: gaps, performance profiles, time against quality.

matplotlib is part of the extra ``lab``; commands import this module only when pictures are asked
for.  Pictures of equal data are equal files: they hold no date and no random identifiers.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Final

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from vliwc.lab.results.comparison import Comparison, Outcome
from vliwc.lab.results.palette import DASHES, colour_of, style_of
from vliwc.lab.results.profile import (
    Profile,
    cycle_profiles,
    last_factor,
    round_factors,
    time_profiles,
)

Axes = Any
"""matplotlib's ``Axes``, whose methods take keywords without types."""

FORMATS: Final = ("svg", "png")

_LINES: Final[tuple[Any, ...]] = tuple((0, dashes) if dashes else "-" for dashes in DASHES)
_MARKERS: Final = ("o", "s", "^", "D", "v", "P", "X", "*")
_CLOCK: Final = 1e-9
"""The least time that the clock can tell from none, in seconds; a logarithm needs some."""
GREY: Final = "#5A5A5A"
WIDTH: Final = 8.0  # inches
_SETTINGS: Final[dict[str, Any]] = {
    "svg.hashsalt": "vliwc",
    "font.size": 10,
    "axes.titlesize": 11,
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "grid.color": "#DDDDDD",
    "grid.linewidth": 0.7,
    "figure.dpi": 110,
    "savefig.dpi": 150,
}


@dataclass(frozen=True)
class Look:
    """How a scheduler is drawn, the same in all pictures of a comparison."""

    colour: str
    line: Any
    marker: str


def looks(schedulers: Sequence[str]) -> dict[str, Look]:
    """Colours, line styles and markers; no two of 8 schedulers share a colour or a marker, and no
    two of 32 all three."""
    return {
        name: Look(
            colour_of(at), _LINES[style_of(at, len(_LINES))], _MARKERS[style_of(at, len(_MARKERS))]
        )
        for at, name in enumerate(schedulers)
    }


def gap_figure(comparison: Comparison) -> Figure:
    """One box and all its instances per scheduler; runs without a schedule are counted beside."""
    names = comparison.schedulers
    style = looks(names)
    figure, axes = _figure(height=1.9 + 0.55 * len(names))
    for place, name in enumerate(names):
        outcomes = comparison.of(name)
        gaps = np.array([100 * o.gap for o in outcomes if o.scheduled])
        colour = style[name].colour
        if len(gaps):
            axes.boxplot(
                [gaps],
                positions=[place],
                orientation="horizontal",
                widths=0.5,
                whis=(0, 100),
                showfliers=False,
                medianprops={"color": colour, "linewidth": 2.5},
                boxprops={"color": GREY},
                whiskerprops={"color": GREY},
                capprops={"color": GREY},
            )
            offsets = 0.18 * (np.arange(len(gaps)) % 5 - 2) / 2
            axes.scatter(gaps, place + offsets, s=16, color=colour, alpha=0.55, linewidths=0)
        notes = [f"{int((gaps == 0).sum())} at the bound"]
        if missing := len(outcomes) - len(gaps):
            notes.append(f"{missing} without schedule")
        axes.annotate(
            "\n".join(notes),
            (1.01, place),
            xycoords=("axes fraction", "data"),
            va="center",
            color=GREY,
            annotation_clip=False,
        )
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.5, -0.5)
    _gap_axis(axes, comparison, "x")
    axes.grid(visible=True, axis="x")
    axes.set_title(f"Gaps of {_count(comparison)} where scheduled: extremes, quartiles, median")
    return figure


def profile_figure(profiles: Sequence[Profile], measure: str, count: str) -> Figure:
    """Performance profiles; ``measure`` is what the factors are of, ``count`` names the number of
    instances."""
    style = looks([profile.scheduler for profile in profiles])
    figure, axes = _figure(height=4.6)
    end = last_factor(profiles)
    for profile in profiles:
        look = style[profile.scheduler]
        axes.step(
            (*profile.ratios, end),
            [100 * share for share in (*profile.shares, profile.shares[-1])],
            where="post",
            label=profile.scheduler,
            color=look.colour,
            linestyle=look.line,
            linewidth=2,
        )
    axes.set_xscale("log")
    axes.set_xlim(1.0, end)
    _factor_ticks(axes, end)
    axes.set_ylim(-2, 102)
    axes.set_xlabel(f"{measure}, as a multiple of the best scheduler's on the same instance")
    axes.set_ylabel("instances within that factor (%)")
    axes.grid(visible=True)
    axes.set_title(f"Performance profile of {count}")
    _legend(axes)
    return figure


def time_figure(comparison: Comparison) -> Figure:
    """Seconds against gap: every instance small, the medians of each scheduler large."""
    style = looks(comparison.schedulers)
    figure, axes = _figure(height=4.6)
    everything = [max(o.seconds, _CLOCK) for o in _scheduled(comparison)] or [_CLOCK, 1.0]
    for name in comparison.schedulers:
        look = style[name]
        found = [o for o in comparison.of(name) if o.scheduled]
        seconds = np.array([max(o.seconds, _CLOCK) for o in found])
        gaps = np.array([100 * o.gap for o in found])
        axes.scatter(
            seconds, gaps, s=14, marker=look.marker, color=look.colour, alpha=0.35, linewidths=0
        )
        missing = len(comparison.compared) - len(found)
        axes.scatter(
            [float(np.median(seconds))] if found else [],
            [float(np.median(gaps))] if found else [],
            s=130,
            marker=look.marker,
            color=look.colour,
            edgecolors="black",
            linewidths=1.2,
            zorder=3,
            label=f"{name} ({missing} without schedule)" if missing else name,
        )
    axes.set_xscale("log")
    axes.set_xlim(min(everything) / 2, max(everything) * 2)
    axes.xaxis.set_major_formatter(FuncFormatter(_plain))
    axes.set_xlabel("seconds of one run")
    _gap_axis(axes, comparison, "y")
    axes.grid(visible=True)
    axes.set_title(f"Time against quality on {_count(comparison)}; large: medians where scheduled")
    _legend(axes)
    return figure


def draw(comparison: Comparison, kind: str = "svg", *, times: bool = True) -> dict[str, bytes]:
    """All pictures as files by name; without ``times`` only those that can be reproduced.

    Raises :class:`ValueError` for a kind that is not one of :data:`FORMATS`.
    """
    if kind not in FORMATS:
        raise ValueError(f"pictures are {' or '.join(FORMATS)}, not {kind}")
    count = _count(comparison)
    makers: dict[str, Callable[[], Figure]] = {
        "gaps": lambda: gap_figure(comparison),
        "profile-cycles": lambda: profile_figure(cycle_profiles(comparison), "cycles", count),
    }
    if times:
        makers["profile-seconds"] = lambda: profile_figure(
            time_profiles(comparison), "seconds", count
        )
        makers["time-quality"] = lambda: time_figure(comparison)
    return {f"{name}.{kind}": render(make, kind) for name, make in makers.items()}


def render(make: Callable[[], Figure], kind: str) -> bytes:
    """A picture as a file; nothing in it depends on the user's settings of matplotlib."""
    # "Date" would be the time of writing; "Software" is matplotlib's version.
    metadata: dict[str, Any] = {"Date": None} if kind == "svg" else {"Software": None}
    matplotlib: Any = import_module("matplotlib")
    buffer = io.BytesIO()
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(_SETTINGS)
        figure: Any = make()
        figure.savefig(buffer, format=kind, metadata=metadata)
    return buffer.getvalue()


def _figure(*, height: float) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(WIDTH, height), layout="constrained")
    return figure, figure.subplots()


def _count(comparison: Comparison) -> str:
    number = len(comparison.compared)
    return f"{number} instance" if number == 1 else f"{number} instances"


def _scheduled(comparison: Comparison) -> list[Outcome]:
    return [o for name in comparison.schedulers for o in comparison.of(name) if o.scheduled]


def _gap_axis(axes: Axes, comparison: Comparison, axis: str) -> None:
    """Gaps from 0 on, a scale that is logarithmic beyond one per cent."""
    largest = max((100 * o.gap for o in _scheduled(comparison)), default=1.0)
    end = max(largest * 1.6, 1.5)
    ticks = [tick for tick in (0, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000) if tick <= end]
    if axis == "x":
        axes.set_xscale("symlog", linthresh=1.0)
        axes.set_xlim(-0.15, end)
        own = axes.xaxis
    else:
        axes.set_yscale("symlog", linthresh=1.0)
        axes.set_ylim(-0.15, end)
        own = axes.yaxis
    own.set_major_locator(FixedLocator(ticks))
    own.set_minor_locator(NullLocator())
    own.set_major_formatter(FuncFormatter(_plain))
    own.set_label_text("gap to the best known bound (%)")


def _factor_ticks(axes: Axes, end: float) -> None:
    """Round factors on a logarithmic axis that begins with 1, however short it is."""
    axes.xaxis.set_major_locator(FixedLocator(round_factors(end)))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(_plain))


def _plain(value: float, _: int) -> str:
    return f"{value:g}"


def _legend(axes: Axes) -> None:
    """Beside the picture, where it hides nothing."""
    axes.legend(loc="upper left", bbox_to_anchor=(1.01, 1.0), frameon=False, handlelength=3.2)
