"""The README and its companions speak of things that exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from vliwc.cli import app
from vliwc.passes.pipeline import PASSES
from vliwc.rules.tables import ALL_RULES

ORIGINALS = ("tests/submission_tests.py",)  # files of the take-home
DOCUMENTS = ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")


@pytest.mark.parametrize("name", DOCUMENTS)
def test_links_lead_somewhere(repository: Path, name: str) -> None:
    text = (repository / name).read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#]+)", text):
        assert target.startswith("https://") or (repository / target).exists(), target


@pytest.mark.parametrize("name", DOCUMENTS)
def test_named_files_exist(repository: Path, name: str) -> None:
    text = (repository / name).read_text(encoding="utf-8")
    paths = re.findall(r"\b(?:isa|vliwc|tests|benchmarks|examples|kernels|docs)/[\w/]+\.\w+", text)
    for path in paths:
        assert (repository / path).exists() or path in ORIGINALS or "NAME" in path, path


def test_the_kernel_shown_is_the_one_in_the_folder(repository: Path) -> None:
    readme = (repository / "README.md").read_text(encoding="utf-8")
    shown = re.search(r"^```vk\n(kernel saxpy_dot.*?)^```", readme, re.DOTALL | re.MULTILINE)
    assert shown is not None
    assert shown[1] in (repository / "kernels" / "saxpy_dot.vk").read_text(encoding="utf-8")


def test_every_command_is_in_the_readme(repository: Path) -> None:
    readme = (repository / "README.md").read_text(encoding="utf-8")
    table = readme[readme.index("| command |") : readme.index("All take `--json`")]
    for command in app.registered_commands:
        assert re.search(rf"`(vliwc )?{command.name}\b", table), command.name


def test_examples_of_passes_and_rules_exist(repository: Path) -> None:
    text = (repository / "CONTRIBUTING.md").read_text(encoding="utf-8")
    (rule,) = re.findall(r"^(shl-add): +(.*)$", text, re.MULTILINE)
    assert [r.text.split(":")[1].strip() for r in ALL_RULES if r.name == rule[0]] == [rule[1]]
    assert re.findall(r"--after (\w+)", text) == ["dce"]
    assert "dce" in PASSES
