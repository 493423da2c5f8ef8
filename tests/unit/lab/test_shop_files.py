"""Job shops: what is read means what it says, and every damage is named."""

from __future__ import annotations

from itertools import permutations
from pathlib import Path

import pytest

from vliwc.lab.instances.corpus import load
from vliwc.lab.instances.shop_files import read_fjs, read_jsp
from vliwc.sched.check import check_schedule
from vliwc.sched.problem.renewable import ProblemError
from vliwc.sched.registry import make_scheduler
from vliwc.sched.run import run_scheduler

# The second job first keeps machine 1 busy from cycle 2 on: 2 + 4 + 2 cycles.
TINY = "# two jobs\n2 2\n0 3 1 2\n\n0 2 1 4\n"
JOBS = (((0, 3), (1, 2)), ((0, 2), (1, 4)))


def write(folder: Path, text: str, name: str = "tiny.jsp") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def flow_shop_optimum() -> int:
    """By trying the orders of a flow shop of two machines (Johnson 1954: one order for both)."""
    best = 10**9
    for order in permutations(JOBS):
        first = second = 0
        for (_, one), (_, two) in order:
            first += one
            second = max(first, second) + two
        best = min(best, second)
    return best


@pytest.mark.parametrize("scheduler", ["cpsat", "ortools-plain", "list"])
def test_the_optimum_of_a_tiny_shop_is_found(tmp_path: Path, scheduler: str) -> None:
    problem = read_jsp(write(tmp_path, TINY))
    assert problem.names == ["1.1", "1.2", "2.1", "2.2"]
    renewable = problem.renewable
    assert renewable is not None
    assert renewable.capacity.tolist() == [1, 1]
    assert renewable.duration.tolist() == [3, 2, 2, 4]
    assert renewable.demand.tolist() == [[1, 0], [0, 1], [1, 0], [0, 1]]
    schedule = make_scheduler(scheduler).schedule(problem)
    check_schedule(problem, schedule)
    assert flow_shop_optimum() == 8
    assert schedule.cycles == 8


def test_a_machine_does_one_operation_at_a_time(tmp_path: Path) -> None:
    problem = read_jsp(write(tmp_path, "3 1\n0 2\n0 2\n0 2\n"))
    schedule = make_scheduler("cpsat").schedule(problem)
    check_schedule(problem, schedule)
    assert (schedule.cycles, schedule.status) == (6, "optimal")


def test_job_shops_are_part_of_corpora(tmp_path: Path) -> None:
    write(tmp_path, TINY)
    (tmp_path / "best_known.csv").write_text("problem,best_known\ntiny.jsp,8\n", encoding="utf-8")
    (instance,) = load([tmp_path])
    assert (instance.name, instance.optimum) == ("tiny", 8)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the first line is not the numbers of jobs and machines"),
        ("2\n", "the first line is not the numbers of jobs and machines"),
        ("2 2\n0 1 1 1\n", "1 lines of jobs, but 2 are stated"),
        ("1 2\n0 1 1 1\n0 1\n", "2 lines of jobs, but 1 are stated"),
        ("1 2\n0 1 1\n", "line 2: 3 numbers are no pairs of machine and duration"),
        ("1 2\n0 1 2 1\n", "line 2: there is no machine 2; the last one is 1"),
        ("1 2\n0 -1\n", "line 2: '-1' is no integer from 0"),
        ("1 2\n0 one\n", "line 2: 'one' is no integer from 0"),
        ("1 2\n0 99999999999999999999\n", "is no integer from 0"),
        ("1 20000\n0 1\n", "20000 machines are more than 10000"),
        ("1 2 x\n0 1\n", "line 1: 'x' is no number"),
        ("1 1\n0 9999999\n", "add up to 9999999 cycles"),
    ],
)
def test_damaged_files_are_refused(tmp_path: Path, text: str, message: str) -> None:
    path = write(tmp_path, text)
    with pytest.raises(ProblemError) as caught:
        read_jsp(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ProblemError, match=r"none\.jsp"):
        read_jsp(tmp_path / "none.jsp")


# Machine 1 alone would take 6 cycles, machine 2 alone 8; the second job's second operation needs
# machine 1. Job 1 on machine 2 (4) beside job 2 on machine 1 (2 + 1): 4 cycles.
FLEXIBLE = "2 2 1.5\n1 2 1 3 2 4\n2  2 1 2 2 3  1 1 1\n"


@pytest.mark.parametrize("scheduler", ["cpsat", "ortools-plain", "list"])
def test_the_optimum_of_a_flexible_shop_is_found(tmp_path: Path, scheduler: str) -> None:
    (instance,) = load([write(tmp_path, FLEXIBLE, "tiny.fjs")])
    problem = instance.problem
    assert problem.names == ["1.1", "2.1", "2.2"]
    assert problem.modes is not None
    assert problem.modes.duration.tolist() == [3, 4, 2, 3, 1]
    schedule = run_scheduler(make_scheduler(scheduler), problem)
    check_schedule(problem, schedule)
    assert schedule.cycles == 4


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1 2\n1 2 1 3 2\n", "line 2: the line ends too early"),
        ("1 2\n1 1 1 3 2\n", "line 2: there is more than the operations stated"),
        ("1 2\n1 1 3 3\n", "line 2: there is no machine 3; they are 1 to 2"),
        ("1 2\n1 1 0 3\n", "line 2: there is no machine 0; they are 1 to 2"),
        ("1 2\n1 0\n", "line 2: no machine does operation 1"),
        ("1 1\n1 1 1 9999999\n", "add up to 9999999 cycles"),
    ],
)
def test_damaged_flexible_shops_are_refused(tmp_path: Path, text: str, message: str) -> None:
    path = write(tmp_path, text, "bad.fjs")
    with pytest.raises(ProblemError) as caught:
        read_fjs(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert message in str(caught.value)
