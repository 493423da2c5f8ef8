"""``docs/passes.md`` lists the passes and rules that exist, in the words of the tables.

Run with ``VLIWC_UPDATE_GOLDENS=1`` to write the generated parts anew.
"""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

import pytest

from vliwc.passes.registry import PASSES, STANDARD_PASSES
from vliwc.rules.tables import FAMILIES


def generated_rules() -> str:
    """All tables, each under its module's first sentence."""
    parts: list[str] = []
    for family, rules in FAMILIES.items():
        documentation = sys.modules[f"vliwc.rules.{family}"].__doc__ or ""
        parts += [f"### {family}", "", documentation.strip(), "", "```"]
        parts += [rule.text for rule in rules]
        parts += ["```", ""]
    return "\n".join(parts)


def generated_order() -> str:
    return "\n".join(f"{n}. `{each.name}`" for n, each in enumerate(STANDARD_PASSES, start=1))


GENERATED = {"standard": generated_order, "rules": generated_rules}


@pytest.mark.parametrize("part", GENERATED)
def test_generated_parts_are_up_to_date(repository: Path, part: str) -> None:
    path = repository / "docs" / "passes.md"
    text = path.read_text(encoding="utf-8")
    before, start, rest = text.partition(f"<!-- {part} -->\n")
    found, end, after = rest.partition(f"<!-- end {part} -->\n")
    assert start and end
    wanted = GENERATED[part]().rstrip() + "\n"
    if os.environ.get("VLIWC_UPDATE_GOLDENS"):
        path.write_text(before + start + wanted + end + after, encoding="utf-8")
    else:
        assert found == wanted


def test_every_pass_has_a_line(repository: Path) -> None:
    text = (repository / "docs" / "passes.md").read_text(encoding="utf-8")
    section = text[text.index("## The passes") : text.index("## Facts")]
    assert re.findall(r"^\| `([\w-]+)` \|", section, re.MULTILINE) != []
    assert set(re.findall(r"^\| `([\w-]+)` \|", section, re.MULTILINE)) == set(PASSES)
