"""Charts of a report as inline SVG: use of the engines, live words, cycles by cause.

Lines and texts take the colours of the page (``currentColor`` and its variables), so that they are
right in light and in dark.  Sizes are in the drawings' own units; they scale with the page.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from markupsafe import Markup, escape

from vliwc.explain.colours import CAUSE_COLOURS, ENGINE_COLOURS

WIDTH, LABEL, ROW = 960, 64, 46


def use_chart(data: dict[str, Any]) -> Markup:
    """The used part of each engine's slots over time; a broken line where it would be on average
    if the program took as many cycles as its bound."""
    engines, cycles = data["engines"], max(int(data["cycles"]), 1)
    bound = max(int(data["lower_bound"]), 1)
    scale = (WIDTH - LABEL) / cycles
    rows: list[Markup] = []
    for row, (engine, slots) in enumerate(engines):
        base = ROW * (row + 1) - 6
        tall = ROW - 14
        needed = min(int(data["ops"][engine]) / (int(slots) * bound), 1.0)
        part = int(data["ops"][engine]) / (int(slots) * cycles)
        rows.append(_text(0, base - 14, engine) + _text(0, base - 1, f"{100 * part:.1f} %", "soft"))
        for window in data["windows"]:
            used = float(window["used"][engine])
            first, end = int(window["first"]), int(window["end"])
            rows.append(
                Markup(
                    '<rect x="{}" y="{}" width="{}" height="{}" fill="{}"><title>{}</title></rect>'
                ).format(
                    _n(LABEL + first * scale),
                    _n(base - tall * used),
                    _n((end - first) * scale + 0.3),
                    _n(tall * used),
                    ENGINE_COLOURS.get(engine, "#888888"),
                    f"{engine}, {_cycles(first, end)}: {100 * used:.0f} % of {slots} slots",
                )
            )
        rows.append(_line(LABEL, base, WIDTH, base))
        line = _line(LABEL, base - tall * needed, WIDTH, base - tall * needed, "bound")
        tip = f"{engine}: {100 * needed:.1f} % if the program took {bound} cycles, its bound"
        rows.append(Markup("<g>{}<title>{}</title></g>").format(line, tip))
    return _svg(ROW * len(engines) + 4, "used slots of each engine over time", rows)


def live_chart(data: dict[str, Any]) -> Markup:
    """Words of scratch that hold a value after each cycle, with the machine's words as a line."""
    live: list[int] = [int(words) for words in data["live"]]
    words = int(data["options"]["machine"]["scratch_words"])
    height, base = 150, 136
    top = max([*live, words, 1])
    scale, tall = (WIDTH - LABEL) / max(len(live), 1), (base - 14) / top
    points = [
        f"{_n(LABEL + (cycle + side) * scale)} {_n(base - held * tall)}"
        for cycle, held in enumerate(live)
        for side in (0, 1)
    ]
    parts = [_text(0, base / 2, "words"), _line(LABEL, base, WIDTH, base)]
    if points:
        area = f"M{_n(LABEL)} {base}L{'L'.join(points)}L{_n(WIDTH)} {base}Z"
        parts.append(Markup('<path class="live" d="{}"/>').format(area))
        peak = int(data["peak"]["cycle"])
        x = LABEL + (peak + 0.5) * scale
        parts.append(
            Markup('<g class="peak"><circle cx="{}" cy="{}" r="3"/><title>{}</title></g>').format(
                _n(x), _n(base - live[peak] * tall), f"most: {live[peak]} words after cycle {peak}"
            )
        )
    limit = base - words * tall
    parts += [
        _line(LABEL, limit, WIDTH, limit, "bound"),
        _text(0, limit + 4, f"{words}", "soft"),
        _text(0, base, "0", "soft"),
    ]
    return _svg(height, "live words of scratch over time", parts)


def cause_chart(data: dict[str, Any]) -> Markup:
    """One bar of all cycles, divided by cause."""
    cycles = max(int(data["cycles"]), 1)
    parts: list[Markup] = []
    x = 0.0
    for cause in data["causes"]:
        width = WIDTH * int(cause["cycles"]) / cycles
        tip = f"{cause['cycles']} cycles: {cause['text']}"
        parts.append(
            Markup(
                '<rect x="{}" y="2" width="{}" height="20" fill="{}"><title>{}</title></rect>'
            ).format(_n(x), _n(width), CAUSE_COLOURS[cause["name"]], tip)
        )
        x += width
    return _svg(24, "cycles by cause", parts)


def _svg(height: float, label: str, parts: Sequence[Markup]) -> Markup:
    head = Markup(
        '<svg viewBox="0 0 {} {}" role="img" aria-label="{}" preserveAspectRatio="none">'
    ).format(WIDTH, _n(height), label)
    return head + Markup("").join(parts) + Markup("</svg>")


def _text(x: float, y: float, text: str, kind: str = "") -> Markup:
    return Markup('<text x="{}" y="{}" class="{}">{}</text>').format(_n(x), _n(y), kind, text)


def _line(x1: float, y1: float, x2: float, y2: float, kind: str = "axis") -> Markup:
    return Markup('<path class="{}" d="M{} {}L{} {}"/>').format(
        kind, _n(x1), _n(y1), _n(x2), _n(y2)
    )


def _n(value: float) -> str:
    """A coordinate with as many digits as one can see."""
    return str(escape(f"{value:.2f}".rstrip("0").rstrip(".")))


def _cycles(first: int, end: int) -> str:
    return f"cycle {first}" if end == first + 1 else f"cycles {first} to {end - 1}"
