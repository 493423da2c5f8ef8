"""The example notebook is what `python -m docs.notebook` writes now, but for figures."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from docs.notebook import CELLS, is_code, notebook


def texts(cells: list[dict[str, Any]]) -> list[str]:
    """What the cells say and what they give as text, without figures."""
    found: list[str] = []
    for cell in cells:
        found.append("".join(cell["source"]))
        for output in cell.get("outputs", []):
            shown = output["text"] if "text" in output else output["data"]["text/plain"]
            # Causes come and go with the schedule, and with them the length of the dictionary.
            found.append(re.sub(r"\{.*\}", "{}", re.sub(r"\d+(\.\d+)?", "#", "".join(shown))))
    return found


def test_the_notebook_is_kept_as_it_runs(repository: Path) -> None:
    kept = json.loads((repository / "examples" / "tour.ipynb").read_text(encoding="utf-8"))
    made = notebook()
    assert texts(kept["cells"]) == texts(made["cells"]), "python -m docs.notebook writes it anew"
    assert {key: kept[key] for key in kept if key != "cells"} == {
        key: made[key] for key in made if key != "cells"
    }
    assert "right: True" in "".join(made["cells"][3]["outputs"][0]["text"])


def test_cells_have_what_the_format_asks_for() -> None:
    made = notebook()
    assert (made["nbformat"], made["nbformat_minor"]) == (4, 5)
    assert len({cell["id"] for cell in made["cells"]}) == len(made["cells"]) == len(CELLS)
    counts = [cell["execution_count"] for cell in made["cells"] if cell["cell_type"] == "code"]
    assert counts == list(range(1, 1 + sum(map(is_code, CELLS))))
    for cell in made["cells"]:
        keys = {"cell_type", "id", "metadata", "source"}
        code = {"execution_count", "outputs"} if cell["cell_type"] == "code" else set()
        assert cell.keys() == keys | code
    shown = made["cells"][1]["outputs"][0]["data"]["text/html"]
    assert "<svg" in "".join(shown) and "<script" not in "".join(shown)
