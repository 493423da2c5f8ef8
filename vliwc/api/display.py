"""Compilations in notebooks: a table and a drawing of the schedule, without anything from outside.

Colours are those of the surrounding page where they can be, so that it may be light or dark.
"""

from __future__ import annotations

from html import escape

from vliwc.explain.colours import ENGINE_COLOURS
from vliwc.explain.report import Explanation
from vliwc.sched.problem.dense import ENGINES

WIDTH, ROW, LABEL = 640, 22, 44  # of the drawing, in its units


def compilation_html(explanation: Explanation) -> str:
    """What a notebook shows of a compilation."""
    compilation = explanation.compilation
    kernel = compilation.kernel
    sizes = ", ".join(f"{name}={value}" for name, value in kernel.params.items())
    causes = "".join(
        f"<tr><td style='text-align:right'>{cause.cycles}</td>"
        f"<td style='text-align:left'>{escape(cause.text)}</td></tr>"
        for cause in explanation.causes.each
    )
    return (
        f"<div><b>{escape(kernel.name)}({escape(sizes)}): {compilation.cycles} cycles</b>"
        f", {100 * compilation.gap:.1f} % above the schedule bound of {compilation.lower_bound} "
        f"({escape(compilation.bound_reason)})<br>"
        f"{schedule_svg(explanation)}"
        f"<table><tr><th>cycles</th><th style='text-align:left'>cause</th></tr>{causes}</table>"
        "</div>"
    )


def schedule_svg(explanation: Explanation) -> str:
    """The used part of each engine's slots over time, as one SVG drawing."""
    cycles = max(explanation.compilation.cycles, 1)
    height = ROW * len(ENGINES)
    scale = (WIDTH - LABEL) / cycles
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" '
        f'height="{height}" role="img" aria-label="used slots of each engine over time" '
        'font-family="sans-serif" font-size="11">'
    ]
    for row, engine in enumerate(ENGINES):
        base = ROW * (row + 1) - 3
        parts.append(f'<text x="0" y="{base - 3}" fill="currentColor">{engine}</text>')
        for window in explanation.windows:
            used = window.used[engine]
            tall = (ROW - 5) * used
            parts.append(
                f'<rect x="{LABEL + window.first * scale:.1f}" y="{base - tall:.1f}" '
                f'width="{(window.end - window.first) * scale:.1f}" height="{tall:.1f}" '
                f'fill="{ENGINE_COLOURS[engine]}"><title>{engine}, cycles {window.first} to '
                f"{window.end - 1}: {100 * used:.0f} %</title></rect>"
            )
        parts.append(
            f'<path d="M{LABEL} {base}H{WIDTH}" stroke="currentColor" stroke-opacity="0.3"/>'
        )
    return "".join([*parts, "</svg>"])
