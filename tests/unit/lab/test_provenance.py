"""Versions of code: what changes them, and what does not."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from vliwc import __version__
from vliwc.code_version import code_version
from vliwc.lab.runs import provenance
from vliwc.lab.runs.provenance import code_of, machine_name, origin_of
from vliwc.sched.greedy.random import RandomScheduler
from vliwc.sched.registry import Entry


def version_of(folder: Path) -> str:
    """The version that a copy of the sources reports."""
    program = "from vliwc.code_version import code_version; print(code_version())"
    return subprocess.run(
        [sys.executable, "-c", program], cwd=folder, capture_output=True, text=True, check=True
    ).stdout.strip()


@pytest.fixture
def copy(repository: Path, tmp_path: Path) -> Path:
    """A copy of the packages, without what Python has compiled of them."""
    for package in ("isa", "vliwc"):
        for path in (repository / package).rglob("*"):
            if path.suffix in (".py", ".lark"):
                target = tmp_path / path.relative_to(repository)
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(path.read_bytes())
    return tmp_path


def test_the_version_is_that_of_the_sources(repository: Path, copy: Path) -> None:
    before = version_of(copy)
    version, _, digest = before.partition("+")
    assert version == __version__ and len(digest) == 12
    assert version_of(copy) == before, "equal sources, equal versions"
    (copy / "vliwc" / "notes.txt").write_text("no source")
    assert version_of(copy) == before
    for changed in ("vliwc/sched/staggered/core.py", "isa/machine.py", "vliwc/lang/grammar.lark"):
        path = copy / changed
        text = path.read_text()
        path.write_text(text + "\n")
        assert version_of(copy) != before, changed
        path.write_text(text)
    (copy / "vliwc" / "stages.py").rename(copy / "vliwc" / "moved.py")
    assert version_of(copy) != before, "a new name is a change"


def test_schedulers_of_vliwc_add_nothing() -> None:
    assert origin_of("list") == origin_of("list:slack") == origin_of("nonesuch") == ""
    assert code_of("list") == code_version()


def test_schedulers_of_packages_add_their_sources(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "plugged_in"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "made.py").write_text("")
    helper = package / "helper.py"
    helper.write_text("A = 1\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    point = EntryPoint("mine", "plugged_in.made:make", "vliwc.schedulers")
    entry = Entry("mine", point.value, "plugged-in", RandomScheduler)
    monkeypatch.setattr(provenance, "schedulers", lambda: {"mine": entry})
    origin_of.cache_clear()
    try:
        first = origin_of("mine")
        assert first.startswith(" plugged-in ") and len(first.split()[1]) == 12
        origin_of.cache_clear()
        assert origin_of("mine") == first
        helper.write_text("A = 2\n")
        origin_of.cache_clear()
        assert origin_of("mine") != first, "any file of the package counts"
        assert code_of("mine") == code_version() + origin_of("mine")
    finally:
        origin_of.cache_clear()


def test_the_machine_is_named() -> None:
    assert "cores" in machine_name() and "Python 3." in machine_name()
