"""The example notebook: its cells stand here, `python -m docs.notebook` runs them and writes it.

Needs no Jupyter: a cell is run as Python runs it, what it prints and the value of its last
expression (with ``_repr_html_``, if it has one) become its outputs.
"""

from __future__ import annotations

import ast
import contextlib
import io
import json
import os
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOK = ROOT / "examples" / "tour.ipynb"

CELLS = [
    """# A tour of vliwc

Compile a kernel, run it on NumPy arrays, see where its cycles go, and ask what would help.
`docs/api.md` describes the interface.""",
    '''import numpy as np

import vliwc

KERNEL = """
kernel mix(n) {
  memory {
    x: u32[n] in  at 0;
    y: u32[n] out at n;
  }
  parallel for i in 0 .. n {
    let a = (x[i] ^ (x[i] >> 15)) * 0x2C1B3C6D;
    y[i] = a ^ (a >> 12);
  }
}
"""
mix = vliwc.compile(KERNEL, n=256)
mix''',
    "## Run it\n\nArrays go in by name and come out in their shapes.",
    """x = np.arange(256, dtype=np.uint32)
ran = mix.run({"x": x})
a = (x ^ (x >> 15)) * np.uint32(0x2C1B3C6D)
print("right:", np.array_equal(ran.arrays["y"], a ^ (a >> 12)))
ran""",
    "Against the reference interpreter, on random inputs:",
    "print(mix.check(cases=4))",
    "## Where the cycles go\n\nEach cycle has one cause; the numbers add up.",
    """causes = mix.explanation.causes.each
assert sum(cause.cycles for cause in causes) == mix.cycles
{cause.text: cause.cycles for cause in causes}""",
    "The schedule is a sequence of operations:",
    """stores = [op for op in mix.operations if op.engine == "store"]
print(len(mix.operations), "operations,", len(stores), "stores; the first of them:")
print(stores[0], "for", stores[0].value)""",
    "## Other levels",
    """{
    level: vliwc.compile(KERNEL, n=256, options=vliwc.Options(level=level)).cycles
    for level in (0, 1, 2)
}""",
]
"""Cells in order: text first, then code, told apart by `is_code`."""


def is_code(cell: str) -> bool:
    """Whether a cell is Python."""
    try:
        ast.parse(cell)
    except SyntaxError:
        return False
    return not cell.startswith("#")


def run_cell(cell: str, names: dict[str, Any]) -> list[dict[str, Any]]:
    """Run a cell and give its outputs, as the notebook format has them."""
    tree = ast.parse(cell)
    last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
    printed = io.StringIO()
    value = None
    with contextlib.redirect_stdout(printed):
        exec(compile(tree, "<cell>", "exec"), names)
        if isinstance(last, ast.Expr):
            value = eval(compile(ast.Expression(last.value), "<cell>", "eval"), names)
    outputs: list[dict[str, Any]] = []
    if printed.getvalue():
        text = printed.getvalue().splitlines(keepends=True)
        outputs.append({"name": "stdout", "output_type": "stream", "text": text})
    if value is not None:
        data = {"text/plain": repr(value).splitlines(keepends=True)}
        if hasattr(value, "_repr_html_"):
            data["text/html"] = value._repr_html_().splitlines(keepends=True)
        outputs.append(
            {
                "data": data,
                "execution_count": None,
                "metadata": {},
                "output_type": "execute_result",
            }
        )
    return outputs


def notebook() -> dict[str, Any]:
    """The executed notebook."""
    names: dict[str, Any] = {"__name__": "__main__"}
    cells: list[dict[str, Any]] = []
    for number, text in enumerate(CELLS):
        cell: dict[str, Any] = {
            "cell_type": "markdown",
            "id": f"cell-{number}",
            "metadata": {},
            "source": text.splitlines(keepends=True),
        }
        if is_code(text):
            count = 1 + sum(each["cell_type"] == "code" for each in cells)
            outputs = run_cell(text, names)
            for output in outputs:
                if "execution_count" in output:
                    output["execution_count"] = count
            cell |= {"cell_type": "code", "execution_count": count, "outputs": outputs}
        cells.append(cell)
    language = {"name": "python", "version": "3.11"}
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    return {
        "cells": cells,
        "metadata": {"kernelspec": kernel, "language_info": language},
        "nbformat": 4,
        "nbformat_minor": 5,
    }


def main() -> None:
    os.chdir(ROOT)
    NOTEBOOK.write_text(json.dumps(notebook(), indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
