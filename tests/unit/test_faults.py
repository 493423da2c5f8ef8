"""The catalogue of seeded faults fits the source: every anchor occurs once, every test exists."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.faults.catalogue import ALL_FAULTS
from tests.faults.copy import Answer, importers, share
from tests.faults.fault import Fault
from tests.faults.page import Outcome, merged, published, report, told_in
from tests.faults.run import Decisions, covers

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
        Outcome(
            fault,
            "" if number % 3 == 0 else f"tests/a.py::b[x | {number}]",
            0.0,
            "one" if number % 5 else "another with changes",
        )
        for number, fault in enumerate(dict.fromkeys(some))
    ]
    told = "It ran once.\n\nThe rest ran later."
    page = report(outcomes, told=told)
    assert told_in(page) == told and told_in(report(outcomes)) == told_in("") == ""
    assert sorted(published(page), key=key_of) == sorted(outcomes, key=key_of)
    assert f"- {ALL_FAULTS[-1].key}" in page.splitlines()
    every = merged([Outcome(each, "now", 0.0, "new") for each in ALL_FAULTS[30:]], published(page))
    assert [each.fault for each in every] == list(ALL_FAULTS)
    assert all(each.caught_by == "now" and each.at == "new" for each in every[30:])
    assert "## Not run" not in report(every)


def key_of(outcome: Outcome) -> str:
    return outcome.fault.key


FAULT = Fault("vliwc/a.py", "some", "x", "y", ("tests/unit/a", "tests/unit/b.py"))
NOTICES = "tests/unit/b.py::test_b[1 - x::y]"


class Pretended:
    """Runs nothing: two tests notice the fault, one fails anyhow, and one is slow with it."""

    def __init__(self, broken: Sequence[str] = ()) -> None:
        self.is_seeded = False
        self.asked: list[tuple[str, ...]] = []
        self.broken = broken

    def test(self, tests: Sequence[str], *, seconds: int, compiled: Path | None = None) -> Answer:
        assert (compiled is not None) == self.is_seeded
        if self.is_seeded:
            self.asked.append(tuple(tests))
        every = {NOTICES, "tests/unit/a/c.py::passes", "tests/unit/b.py::slow", *self.broken}
        found = [name for name in every if any(covers(test, name) for test in tests)]
        if not found:
            return Answer(4, ())
        if self.is_seeded and found == ["tests/unit/b.py::slow"]:
            return Answer(-24, ())
        failed = [name for name in found if name in self.broken]
        if self.is_seeded and NOTICES in found:
            failed.append(NOTICES)
        return Answer(int(bool(failed)), tuple(failed[:1]))

    @contextmanager
    def seeded(self, fault: Fault) -> Generator[Path]:
        assert fault is FAULT
        self.is_seeded = True
        yield Path()
        self.is_seeded = False


def test_the_hint_runs_alone() -> None:
    for hint in (NOTICES, "tests/unit/b.py::test_b[an example that is no more]"):
        runner = Pretended()
        assert Decisions({FAULT.key: hint}, "now").decide(runner, FAULT).caught_by == NOTICES
        assert len(runner.asked) == 1
        assert runner.asked[0] != FAULT.tests


@pytest.mark.parametrize(
    "hint",
    [
        "",
        "tests/unit/b.py",
        "the start of the tests",
        "tests/unit/b.py::no_such_test",
        "tests/unit/a/c.py::passes",
        "tests/unit/b.py::slow",
        "tests/unit/b.pyx::not_of_this_fault",
        "tests/unit/c.py::not_of_this_fault",
    ],
)
def test_a_wrong_hint_is_harmless(hint: str) -> None:
    runner = Pretended()
    assert Decisions({FAULT.key: hint}, "now").decide(runner, FAULT).caught_by == NOTICES
    assert runner.asked[-1] == FAULT.tests


def test_tests_that_fail_anyhow_notice_nothing() -> None:
    """As a hint such a test is passed over; as what notices it ends the run."""
    broken = ["tests/unit/c.py::broken", "tests/unit/b.py::broken"]
    with pytest.raises(SystemExit, match="fails without any fault: tests/unit/b.py::broken"):
        Decisions({FAULT.key: "tests/unit/b.py::broken"}, "now").decide(Pretended(broken), FAULT)
    hints = {FAULT.key: NOTICES}
    assert Decisions(hints, "now").decide(Pretended(broken), FAULT).caught_by == NOTICES


def test_compiled_loops_of_what_imports_the_faulted_file_are_compiled_afresh(
    tmp_path: Path,
) -> None:
    stale = importers("vliwc/sched/staggered/deadlines.py")
    assert {"staggered/deadlines", "staggered/anneal"} <= stale
    assert not {"problem/paths", "projects/genetic"} & stale
    kept = tmp_path / "kept"
    for name in ("staggered_0f/anneal.f-3.py312.nbi", "problem_1e/paths.g-5.py312.1.nbc"):
        (kept / name).parent.mkdir(parents=True)
        (kept / name).write_bytes(b"code")
    share(kept, tmp_path / "shared", stale)
    shared = [path.name for path in (tmp_path / "shared").rglob("*.nb[ci]")]
    assert shared == ["paths.g-5.py312.1.nbc"]
