"""``docs/passes.md`` says what the list of passes and the rule tables say."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import pytest

from docs.generate import PARTS, generated, module_of
from vliwc.passes.pipeline import PASSES
from vliwc.rules.rule import Rule
from vliwc.rules.tables import FAMILIES


@pytest.mark.parametrize("document", PARTS)
def test_generated_parts_are_up_to_date(repository: Path, document: str) -> None:
    """`python -m docs.generate` writes them."""
    text = (repository / "docs" / document).read_text(encoding="utf-8")
    assert generated(document, text) == text


@pytest.mark.parametrize("name", PASSES)
def test_a_pass_stands_in_the_file_of_its_name_and_shows_what_it_does(name: str) -> None:
    module = importlib.import_module(module_of(name))
    assert PASSES[name] in vars(module).values() or type(PASSES[name]) in vars(module).values()
    assert "->" in (module.__doc__ or ""), "the module's docstring says `before -> after`"


def test_every_file_of_a_pass_is_in_the_list(repository: Path) -> None:
    files = {path.stem for path in (repository / "vliwc" / "passes").glob("*.py")}
    shared = {"__init__", "base", "pipeline"}
    assert files - shared == {name.replace("-", "_") for name in PASSES}


@pytest.mark.parametrize("rule", FAMILIES["select"], ids=lambda rule: rule.name)
def test_prefixes_of_rules_say_what_they_rewrite(rule: Rule) -> None:
    """The condition of a selection between the same arms, or what both arms have in common."""
    right = rule.text.partition("=>")[2].split("given")[0].strip()
    if rule.name.startswith("condition-"):
        assert re.fullmatch(r"select\(.*, (x, y|y, x)\)", right)
    elif rule.name.startswith("arms-"):
        assert "select(" in right and not right.startswith("select(")
    else:
        assert rule.name.startswith("select-")
        assert not re.search(r"[|&+^]", right) or "select(" not in right
