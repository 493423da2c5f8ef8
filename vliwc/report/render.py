"""Reports as HTML pages: one file that needs nothing from outside; its data can be read back."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from importlib.resources import files
from typing import Any, Final, cast

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from isa.load import LoadError, parse_json
from isa.program import JSON
from vliwc.diagnostics import UserError
from vliwc.explain.colours import CAUSE_COLOURS, ENGINE_COLOURS
from vliwc.report.charts import cause_chart, live_chart, use_chart
from vliwc.report.data import FORMAT, VERSION

SCRIPTS: Final = ("common.js", "map.js", "inspect.js", "source.js", "main.js")
"""The page's programs, in the order in which they are put together."""
_DATA: Final = re.compile(
    r'<script type="application/json" id="vliwc-report">(.*?)</script>', re.DOTALL
)


class ReportError(UserError):
    """A page that holds no report, or one of another version; the message says which."""


def report_page(compilations: Sequence[dict[str, JSON]]) -> str:
    """The page of one compilation, or of two beside each other.

    Raises:
        ReportError: the data has not the form that `vliwc.report.data.report_data` gives it.
    """
    shown = [cast("dict[str, Any]", data) for data in compilations]
    folder = files("vliwc.report").joinpath("page")

    def text(name: str) -> str:
        return folder.joinpath(name).read_text(encoding="utf-8")

    environment = Environment(
        autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=StrictUndefined
    )
    environment.filters["percent"] = _percent
    template = environment.from_string(text("page.html.j2"))
    try:
        return template.render(
            compilations=shown,
            names="AB",
            titles=[title(data) for data in shown],
            differences=differences(shown[0], shown[1]) if len(shown) == 2 else [],
            use_chart=use_chart,
            live_chart=live_chart,
            cause_chart=cause_chart,
            colours={"engines": ENGINE_COLOURS, "causes": CAUSE_COLOURS},
            style=Markup(text("page.css")),
            script=Markup("\n".join(text(name) for name in SCRIPTS)),
            data=Markup(_embedded(shown)),
        )
    except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
        raise ReportError(f"the report's data is damaged: {error!r}") from error


def read_report(page: str, source: str) -> list[dict[str, JSON]]:
    """The data of the compilations in a page; ``source`` names it in messages.

    Raises:
        ReportError: it is no report of this version.
    """
    found = _DATA.search(page)
    if found is None:
        raise ReportError(f"{source}: this is no report of `vliwc report`")
    try:
        data = parse_json(found[1])
    except LoadError as error:
        raise ReportError(f"{source}: {error}") from error
    if not isinstance(data, list) or not data:
        raise ReportError(f"{source}: the report has no compilations")
    for entry in cast("list[object]", data):
        fields = cast("dict[str, object]", entry) if isinstance(entry, dict) else {}
        if fields.get("format") != FORMAT or fields.get("version") != VERSION:
            raise ReportError(
                f"{source}: a report of version {fields.get('version')!r}; this vliwc reads "
                f"version {VERSION}"
            )
    return cast("list[dict[str, JSON]]", data)


def title(data: dict[str, Any]) -> str:
    """A compilation in a line: kernel, parameters, level and scheduler."""
    sizes = ", ".join(f"{name}={value}" for name, value in data["params"].items())
    options = data["options"]
    scheduler = "" if options["scheduler"] == "list" else f" {options['scheduler']}"
    return f"{data['kernel']}({sizes}) -O{options['level']}{scheduler}"


def differences(a: dict[str, Any], b: dict[str, Any]) -> list[tuple[str, str, str, str]]:
    """What is compared of two compilations: name, both values, and how much more the second is."""
    rows = [
        ("cycles", a["cycles"], b["cycles"]),
        ("schedule bound", a["lower_bound"], b["lower_bound"]),
        ("kernel bound", a["kernel_bound"], b["kernel_bound"]),
        ("scratch words", a["scratch_words"], b["scratch_words"]),
        *((f"{engine} slots", a["ops"][engine], b["ops"][engine]) for engine, _ in a["engines"]),
    ]
    causes = {cause["name"]: cause["text"] for data in (a, b) for cause in data["causes"]}
    for name in causes:
        x, y = (
            sum(int(cause["cycles"]) for cause in data["causes"] if cause["name"] == name)
            for data in (a, b)
        )
        rows.append((f"cycles: {name}", x, y))
    return [(name, str(x), str(y), f"{y - x:+d}" if y != x else "") for name, x, y in rows]


def _percent(part: float) -> str:
    return f"{100 * part:.1f} %"


def _embedded(data: Sequence[dict[str, Any]]) -> str:
    """JSON inside a script element: no ``<`` that could end it."""
    text = json.dumps(list(data), separators=(",", ":"), ensure_ascii=True)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
