"""The catalogue of seeded faults fits the source: every anchor occurs once, every test exists."""

from __future__ import annotations

import ast
from collections import Counter
from pathlib import Path

import pytest

from tests.faults.catalogue import ALL_FAULTS
from tests.faults.fault import Fault
from tests.faults.run import Outcome, merged, published, report

by_key = pytest.mark.parametrize("fault", ALL_FAULTS, ids=[fault.key for fault in ALL_FAULTS])


@by_key
def test_the_fault_can_be_seeded(repository: Path, fault: Fault) -> None:
    source = (repository / fault.file).read_text(encoding="utf-8")
    changed = fault.applied(source)
    assert changed != source
    ast.parse(changed)


def test_tests_exist(repository: Path) -> None:
    tests = {test for fault in ALL_FAULTS for test in fault.tests}
    assert [test for test in sorted(tests) if not (repository / test.split("::")[0]).exists()] == []


def test_there_are_enough_and_none_twice() -> None:
    names = Counter(fault.key for fault in ALL_FAULTS)
    changes = Counter((fault.file, fault.anchor, fault.text) for fault in ALL_FAULTS)
    assert [name for name, count in names.items() if count > 1] == []
    assert [change for change, count in changes.items() if count > 1] == []
    assert len(ALL_FAULTS) >= 150


def test_a_page_is_read_back_and_completed() -> None:
    """Also where names and tests contain what separates cells."""
    some = [fault for fault in ALL_FAULTS if "|" in fault.name][:2] + list(ALL_FAULTS[:40])
    outcomes = [
        Outcome(fault, "" if number % 3 == 0 else f"tests/a.py::b[x | {number}]", 0.0)
        for number, fault in enumerate(dict.fromkeys(some))
    ]
    page = report(outcomes)
    assert sorted(published(page), key=key_of) == sorted(outcomes, key=key_of)
    assert f"- {ALL_FAULTS[-1].key}" in page.splitlines()
    every = merged([Outcome(fault, "now", 0.0) for fault in ALL_FAULTS[30:]], published(page))
    assert [each.fault for each in every] == list(ALL_FAULTS)
    assert all(each.caught_by == "now" for each in every[30:])
    assert "## Not run" not in report(every)


def key_of(outcome: Outcome) -> str:
    return outcome.fault.key
