"""The explanation as one HTML page that needs nothing from outside."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from vliwc.driver import Compilation
from vliwc.explain.bounds import PROVES_DAG, PROVES_KERNEL, gap
from vliwc.explain.colours import ENGINE_COLOURS
from vliwc.explain.report import Explanation
from vliwc.sched.problem.dense import ENGINES

WIDTH, HEIGHT = 720, 46  # of one engine's chart, in pixels

_STYLE = """
body { font: 15px/1.45 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; color: #222; }
table { border-collapse: collapse; margin: .5rem 0 1.5rem; }
th, td { padding: .15rem .8rem .15rem 0; text-align: left; border-bottom: 1px solid #ddd; }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; }
code { font-size: 13px; }
svg { display: block; margin: .2rem 0; background: #f4f4f4; }
"""


def html_page(explanation: Explanation) -> str:
    """The page."""
    compilation, bounds = explanation.compilation, explanation.bounds
    kernel = compilation.kernel
    sizes = ", ".join(f"{name}={value}" for name, value in kernel.params.items())
    title = f"{kernel.name}({sizes}): {compilation.cycles} cycles"
    parts = [
        f"<h1>{escape(title)}</h1>",
        f"<p>Schedule bound {bounds.best.cycles} "
        f"({_percent(gap(bounds.cycles, bounds.best.cycles))} above it): "
        f"{escape(PROVES_DAG)}, by {escape(bounds.best.reason)}.<br>"
        f"Kernel bound {bounds.kernel_cycles} "
        f"({_percent(gap(bounds.cycles, bounds.kernel_cycles))} above it): "
        f"{escape(PROVES_KERNEL)}.</p>",
        *_parts(compilation),
        "<h2>Use of the engines over time</h2>",
        *(_chart(explanation, engine) for engine in ENGINES),
        *_gap(explanation),
        "<h2>Cycles by cause</h2>",
        _table(
            ("", "cycles", "idle slots' worth"),
            [
                (cause.text, str(cause.cycles), f"{cause.idle:.1f}")
                for cause in explanation.causes.each
            ],
        ),
        "<h2>Slots by purpose</h2>",
        _table(
            ("", *ENGINES, "cycles' worth"),
            [
                (share.name, *_slots(share.slots), f"{share.value:.1f}")
                for share in (*explanation.owners, *explanation.kinds)
            ],
        ),
        "<h2>Slots by source line</h2>",
        _table(
            ("line", *ENGINES, "cycles' worth"),
            [
                (
                    f"{at.line or ''} {at.text}",
                    *_slots(at.share.slots),
                    f"{at.share.value:.1f}",
                )
                for at in explanation.lines
            ],
            code=True,
        ),
        "<h2>How tables are read</h2>",
        _list([f"loop {read.loop}: {read}" for read in explanation.reads]),
        "<h2>Bound of the same operations with one more slot</h2>",
        _list([f"{e}: {b.cycles} ({b.reason})" for e, b in explanation.one_more.items()]),
    ]
    body = "\n".join(parts)
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f"<title>{escape(title)}</title>\n<style>{_STYLE}</style></head>\n"
        f"<body>\n{body}\n</body></html>\n"
    )


def _parts(compilation: Compilation) -> list[str]:
    if len(compilation.parts) == 1:
        return []
    rows = [(name, str(cycles), str(trips)) for name, cycles, trips in compilation.parts]
    heading = "<h2>Parts; the rest of this page is of one trip</h2>"
    return [heading, _table(("", "cycles", "times"), rows)]


def _gap(explanation: Explanation) -> list[str]:
    gap_parts = explanation.gap
    if gap_parts is None:
        return []
    rows = [
        ("work in the cheapest forms", f"{gap_parts.work:.1f}"),
        ("work in dearer forms", f"{gap_parts.dearer:.1f}"),
        *(
            (f"idle in {phase.name} (cycles {phase.first} to {phase.end})", f"{phase.idle:.1f}")
            for phase in gap_parts.phases
        ),
    ]
    heading = f"<h2>Where the cycles go, counting {escape(gap_parts.counting)}</h2>"
    return [heading, _table(("", "cycles"), rows)]


def _chart(explanation: Explanation, engine: str) -> str:
    """A bar chart of one engine's utilisation by window."""
    cycles = max((window.end for window in explanation.windows), default=1)
    bars: list[str] = []
    for window in explanation.windows:
        used = window.used[engine]
        x = WIDTH * window.first / cycles
        width = WIDTH * (window.end - window.first) / cycles
        tip = f"cycles {window.first} to {window.end}: {_percent(used)}"
        bars.append(
            f'<rect x="{x:.1f}" y="{HEIGHT * (1 - used):.1f}" width="{max(width - 1, 0.5):.1f}" '
            f'height="{HEIGHT * used:.1f}" fill="{ENGINE_COLOURS[engine]}">'
            f"<title>{tip}</title></rect>"
        )
    used = explanation.compilation.utilization[engine]
    return (
        f"<div>{engine}: {_percent(used)} used"
        f'<svg width="{WIDTH}" height="{HEIGHT}" role="img" aria-label="{engine} over time">'
        f"{''.join(bars)}</svg></div>"
    )


def _table(columns: Sequence[str], rows: Sequence[Sequence[str]], *, code: bool = False) -> str:
    """A table whose first column is text and whose others are numbers."""
    lines = ["<table><tr>"]
    lines += [f"<th{' class=n' if i else ''}>{escape(name)}</th>" for i, name in enumerate(columns)]
    lines.append("</tr>")
    for name, *numbers in rows:
        first = f"<code>{escape(name)}</code>" if code else escape(name)
        cells = "".join(f"<td class=n>{escape(number)}</td>" for number in numbers)
        lines.append(f"<tr><td>{first}</td>{cells}</tr>")
    lines.append("</table>")
    return "\n".join(lines)


def _list(items: Sequence[str]) -> str:
    return "<ul>\n" + "\n".join(f"<li>{escape(item)}</li>" for item in items) + "\n</ul>"


def _slots(slots: dict[str, int]) -> list[str]:
    return [str(slots[engine]) for engine in ENGINES]


def _percent(part: float) -> str:
    return f"{100 * part:.1f} %"
