"""The frozen suite is what it was, and its optima are reached and proved."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.frozen import proved
from vliwc.diagnostics import InternalError
from vliwc.lab.instances import frozen
from vliwc.lab.instances.best_known import BEST_KNOWN, Known, read_best_known
from vliwc.lab.instances.frozen import VERSION, Suite, frozen_suite, suite_digest, table_text
from vliwc.sched.check import check_schedule
from vliwc.sched.problem.bounds import lower_bound

RELEASED = {1: "185e0a1dea2b11fc"}
"""The digest of each version. Papers quote them: a change of the suite gets a line of its own."""


@pytest.fixture(scope="module")
def suite() -> Suite:
    return frozen_suite()


def test_it_is_what_was_released(suite: Suite) -> None:
    assert RELEASED[VERSION] == suite.digest
    assert max(RELEASED) == VERSION
    assert [line.digest for line in suite.lines] == [each.digest for each in suite.instances]


def test_nothing_of_the_headline_is_in_it(suite: Suite) -> None:
    names = [each.name for each in suite.instances]
    assert len(set(names)) == len({each.digest for each in suite.instances}) == len(names) >= 50
    assert not [name for name in names if "tree_hash" in name]


def test_optima_are_reached_and_no_bound_is_above_them(suite: Suite) -> None:
    for line, instance, schedule in zip(suite.lines, suite.instances, suite.schedules, strict=True):
        check_schedule(instance.problem, schedule)
        assert schedule.cycles == line.best_known == instance.optimum, line.problem
        assert (line.operations, line.proof) == (len(instance), schedule.bound_reason)
        # Never above what this version of the bounds proves: they may have become better.
        assert line.bound <= lower_bound(instance.problem).cycles <= line.best_known, line.problem


def test_optima_are_proved_again(suite: Suite) -> None:
    """The smallest of each kind; ``python -m benchmarks.frozen --check`` proves all of them."""
    families: set[str] = set()
    for line, instance in sorted(
        zip(suite.lines, suite.instances, strict=True), key=lambda pair: len(pair[1])
    ):
        if instance.family in families or len(instance) > 34:
            continue
        families.add(instance.family)
        found = proved(instance, line.budget)
        assert found is not None and found.cycles == line.best_known, line.problem
    assert len(families) >= 5


def test_the_table_is_a_file_of_best_known_values(suite: Suite, tmp_path: Path) -> None:
    (tmp_path / BEST_KNOWN).write_text(table_text())
    stated = {line.problem: Known(line.best_known, True) for line in suite.lines}
    assert read_best_known(tmp_path) == stated


def test_a_changed_optimum_is_another_suite(suite: Suite) -> None:
    first, *rest = suite.lines
    changed = frozen.Frozen(**{**first.__dict__, "best_known": first.best_known + 1})
    assert suite_digest([changed, *rest]) != suite.digest


def test_a_changed_problem_is_an_error(suite: Suite, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second, *_ = suite.lines
    changed = frozen.Frozen(**{**first.__dict__, "digest": second.digest})
    monkeypatch.setattr(frozen, "table", lambda: [changed])
    with pytest.raises(InternalError, match=first.digest):
        frozen_suite()
