"""The colours of engines and causes in all drawings; they stand out on white and on black."""

from __future__ import annotations

from vliwc.explain.causes import BEHIND, LATENCY, LATER, NONE_LEFT, SCRATCH, WORK

ENGINE_COLOURS = {
    "alu": "#4269d0",
    "valu": "#3ca951",
    "load": "#efb118",
    "store": "#a463f2",
    "flow": "#ff725c",
}

CAUSE_COLOURS = {
    WORK: "#3ca951",
    LATER: "#efb118",
    SCRATCH: "#d62f8f",
    LATENCY: "#9c6b4e",
    NONE_LEFT: "#9498a0",
    **{
        f"{BEHIND}{engine}": colour
        for engine, colour in zip(
            ENGINE_COLOURS, ("#4269d0", "#1f8a8a", "#ff725c", "#a463f2", "#c04a2b"), strict=True
        )
    },
}
"""By the names of `vliwc.explain.causes`."""
