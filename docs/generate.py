"""Writes the generated parts of the documents anew: ``python -m docs.generate``.

A part stands between the lines ``<!-- NAME -->`` and ``<!-- end NAME -->`` of its document.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import re
from collections.abc import Callable
from pathlib import Path

from vliwc.options import Options
from vliwc.passes import pipeline
from vliwc.passes.pipeline import PASSES, options_of
from vliwc.rules.tables import FAMILIES
from vliwc.stages import stages

DOCS = Path(__file__).resolve().parent
CASES = DOCS.parent / "tests" / "filetests" / "passes"


def way() -> str:
    """The stages of a compilation at -O2, with their parts."""
    lines = ["| stage | what it makes |", "| --- | --- |"]
    for stage in stages(Options()):
        for part in stage.parts:
            lines.append(f"| `{part.name}` (part of `{stage.name}`) | {part.makes} |")
        lines.append(f"| `{stage.name}` | {stage.makes} |")
    return "\n".join(lines)


def module_of(name: str) -> str:
    """The module that holds a pass: files are named as their pass."""
    return f"vliwc.passes.{name.replace('-', '_')}"


def order() -> str:
    """The list of passes as it stands in the source, with its reasons."""
    return f"```python\n{assignment(inspect.getsource(pipeline), 'PIPELINE')}\n```"


def assignment(source: str, name: str) -> str:
    """The statement that gives the module-level ``name`` its value, comments included."""
    for node in ast.parse(source).body:
        if isinstance(node, ast.AnnAssign) and ast.unparse(node.target) == name:
            return "\n".join(source.splitlines()[node.lineno - 1 : node.end_lineno])
    raise LookupError(name)


def passes() -> str:
    """Every pass: its module's docstring, its options, and its smallest file test."""
    parts: list[str] = []
    for name, each in PASSES.items():
        text = markdown(importlib.import_module(module_of(name)).__doc__ or "")
        parts += [f"### `{name}`", "", text]
        if options := options_of(each):
            shown = ", ".join(
                f"`{option}={'+'.join(value) if isinstance(value, tuple) else value}`"
                for option, value in options.items()
            )
            parts += ["", f"Options: {shown}."]
        parts += ["", example(name), ""]
    return "\n".join(parts)


def example(name: str) -> str:
    """What a pass makes of the function of its smallest file test, and what that one says."""
    # One with another number of values, if there is: others show what the pass leaves alone.
    _, _, case, before, after = min(
        (before.count("\n  %") == after.count("\n  %"), len(before + after), case, before, after)
        for case in (CASES / name).glob("*.vir")
        for before, _, after in [case.read_text(encoding="utf-8").partition("\n====\n")]
    )
    said, start, function = before.partition("function ")
    said = " ".join(line.lstrip("# ") for line in said.splitlines()) or "An example:"
    place = case.relative_to(DOCS.parent).as_posix()
    return (
        f"{said.strip()} ([{case.stem}](../{place}))\n\n```vir\n{start}{function}\n```\n\n"
        f"becomes\n\n```vir\n{after.strip()}\n```"
    )


def rules() -> str:
    """All tables, each under its module's docstring."""
    parts: list[str] = []
    for family, table in FAMILIES.items():
        text = markdown(importlib.import_module(f"vliwc.rules.{family}").__doc__ or "")
        parts += [f"### {family}", "", text, "", "```"]
        parts += [rule.text for rule in table]
        parts += ["```", ""]
    return "\n".join(parts)


def markdown(docstring: str) -> str:
    """A docstring as Markdown: one kind of backtick, no roles."""
    text = re.sub(r":\w+:`~?([^`]*)`", r"`\1`", inspect.cleandoc(docstring))
    return text.replace("``", "`").strip()


PARTS: dict[str, dict[str, Callable[[], str]]] = {
    "passes.md": {"way": way, "order": order, "passes": passes, "rules": rules},
}


def generated(document: str, text: str) -> str:
    """``text`` of a document with its generated parts as they should be."""
    for name, make in PARTS[document].items():
        before, start, rest = text.partition(f"<!-- {name} -->\n")
        _, end, after = rest.partition(f"<!-- end {name} -->\n")
        if not (start and end):
            raise LookupError(f"{document}: no part <!-- {name} -->")
        text = before + start + make().rstrip() + "\n" + end + after
    return text


def main() -> None:
    """Write every document that has generated parts."""
    for document in PARTS:
        path = DOCS / document
        path.write_text(generated(document, path.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
