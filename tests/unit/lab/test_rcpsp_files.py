"""Project files: what is read means what it says, what is written reads back the same."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ortools.scheduling.python import rcpsp

from tests.strategies.problems import Sketch, Task, problems, small_machine
from vliwc.lab.generators.projects import Projects
from vliwc.lab.instances.corpus import read_instance
from vliwc.lab.instances.instance import Instance
from vliwc.lab.instances.rcpsp_files import read_rcp, read_sm
from vliwc.lab.instances.rcpsp_write import left_out, sm_text
from vliwc.sched.check import check_schedule
from vliwc.sched.problem.dense import ALU, FLOW, LOAD, VALU
from vliwc.sched.problem.problem import ScheduleProblem
from vliwc.sched.problem.project import project_problem
from vliwc.sched.problem.renewable import ProblemError
from vliwc.sched.problem.schedule import Schedule
from vliwc.sched.registry import make_scheduler
from vliwc.sched.run import run_scheduler

SM = """\
************************************************************************
file with basedata            : small.bas
initial value random generator: 1
************************************************************************
projects                      :  1
jobs (incl. supersource/sink ):  5
horizon                       : 9
RESOURCES
  - renewable                 :  2   R
  - nonrenewable              :  0   N
  - doubly constrained        :  0   D
************************************************************************
PROJECT INFORMATION:
pronr.  #jobs rel.date duedate tardcost  MPM-Time
    1      3      0       5        0       5
************************************************************************
PRECEDENCE RELATIONS:
jobnr.    #modes  #successors   successors
   1        1          2           2   3
   2        1          1           4
   3        1          1           5
   4        1          1           5
   5        1          0
************************************************************************
REQUESTS/DURATIONS:
jobnr. mode duration  R 1  R 2
------------------------------------------------------------------------
  1      1     0       0    0
  2      1     3       2    0
  3      1     4       2    1
  4      1     2       0    1
  5      1     0       0    0
************************************************************************
RESOURCEAVAILABILITIES:
  R 1  R 2
    3    1
************************************************************************
"""
RCP = "5 2\n3 1\n\n0 0 0 2 2\n3\n3 2 0 1 4\n4 2 1 1 5\n2 0 1 1\n5\n0 0 0 0\n"
# Jobs 2 and 3 exclude each other (R 1), so do 3 and 4 (R 2), and 4 follows 2: one after the other.
OPTIMUM = 3 + 4 + 2


def solve(problem: ScheduleProblem, name: str = "cpsat") -> Schedule:
    schedule = make_scheduler(name).schedule(problem)
    check_schedule(problem, schedule)
    return schedule


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def reread(problem: ScheduleProblem, folder: Path, *, relax: bool = False) -> ScheduleProblem:
    """The problem written as `.sm` and read by our reader, which must agree with OR-Tools'."""
    path = write(folder / "x.sm", sm_text(problem, "x", relax=relax))
    found = read_sm(path)
    renewable = found.renewable
    assert renewable is not None
    parser: Any = rcpsp.RcpspParser()
    assert parser.parse_file(str(path))
    other = parser.problem()
    assert [r.max_capacity for r in other.resources] == renewable.capacity.tolist()
    assert all(r.renewable for r in other.resources)
    ptr, succ = found.dense.succ_ptr.tolist(), found.dense.succ.tolist()
    assert len(other.tasks) == len(found)
    for job, task in enumerate(other.tasks):
        (mode,) = task.recipes
        assert list(task.successors) == succ[ptr[job] : ptr[job + 1]]
        assert mode.duration == renewable.duration[job]
        demand = dict(zip(mode.resources, mode.demands, strict=True))
        row = renewable.demand[job].tolist()
        assert [demand.get(resource, 0) for resource in range(len(row))] == row
    return found


@pytest.mark.parametrize(("suffix", "text"), [("sm", SM), ("rcp", RCP)])
def test_cycles_are_the_makespan(tmp_path: Path, suffix: str, text: str) -> None:
    path = write(tmp_path / f"small.{suffix}", text)
    problem = (read_sm if suffix == "sm" else read_rcp)(path)
    assert problem.names == ["j1", "j2", "j3", "j4", "j5"]
    renewable = problem.renewable
    assert renewable is not None
    assert renewable.duration.tolist() == [0, 3, 4, 2, 0]
    assert renewable.demand.tolist() == [[0, 0], [2, 0], [2, 1], [0, 1], [0, 0]]
    assert renewable.capacity.tolist() == [3, 1]
    schedule = solve(problem)
    assert (schedule.cycles, schedule.status) == (OPTIMUM, "optimal")


def test_both_forms_give_one_problem(tmp_path: Path) -> None:
    sm, rcp = write(tmp_path / "a.sm", SM), write(tmp_path / "a.rcp", RCP)
    assert Instance("", read_sm(sm)).digest == Instance("", read_rcp(rcp)).digest


ARCS, REQUEST = "   4        1          1           5\n", "  4      1     2       0    1\n"
"""The lines of job 4."""


def arcs(*successors: int, stated: int = 1) -> str:
    """Another line of successors of job 4."""
    return f"   4  1  {stated}  {' '.join(map(str, successors))}\n"


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (SM, "", "not a project of the form 'psplib' (Pattern"),
        (SM, "garbage\n", "PRECEDENCE RELATIONS"),
        ("  R 1  R 2\n    3    1\n", "", "not a project"),
        (REQUEST, "", "not a project"),
        (REQUEST, "  4      1     x       0    1\n", "not a project"),
        (
            REQUEST,
            "  4      1     2       1\n",
            "job 4: expected mode 1, a duration and 2 resources",
        ),
        (REQUEST, "  4      1    -2       0    1\n", "requests are not those"),
        (ARCS, "", "states 5 jobs and has 4"),
        (ARCS, arcs(5, stated=2), "job 4: the successors"),
        (ARCS, arcs(0), "job 4: the successors"),
        (ARCS, arcs(9), "no successor 9"),
        (ARCS, arcs(2), "circle"),
        ("sink ):  5", "sink ):  6", "states 6 jobs and has 5"),
        ("projects                      :  1", "projects : 2", "2 projects"),
        (
            "nonrenewable              :  0",
            "nonrenewable : 1",
            "states 1 nonrenewable resources and has 0",
        ),
        ("doubly constrained        :  0", "doubly constrained : 1", "doubly"),
        ("    1      3      0  ", "    1      3      4  ", "release date, 4"),
        ("    3    1\n*", "    1    1\n*", "operation 1 needs 2 units of 'R1', which has 1"),
        ("    3    1\n*", "    3    1    1\n*", "not a project"),
        ("  2      1     3 ", "  2      1     99999999999 ", "a number is above"),
        ("  R 1  R 2\n    3", "  R 1  N 2\n    3", "states 2 renewable resources and has 1"),
        (ARCS + "   5 ", "   4  2  1  5\n   5 ", "not a project"),
    ],
)
def test_damaged_sm_files(tmp_path: Path, old: str, new: str, words: str) -> None:
    assert old in SM
    path = write(tmp_path / "bad.sm", SM.replace(old, new))
    with pytest.raises(ProblemError) as caught:
        read_sm(path)
    assert str(path) in str(caught.value)
    assert words in str(caught.value), str(caught.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "not a project of the form 'patterson' (it ends too early)"),
        ("5 2\n3 1\n0 0 0 2 2", "not a project"),
        (RCP + "7\n", "numbers, but its 5 jobs take"),
        (RCP.replace("4 2 1 1 5", "4 2 1 1 6"), "job 3: there is no successor 6"),
        (RCP.replace("4 2 1 1 5", "4 2 1 1 0"), "job 3: there is no successor 0"),
        (RCP.replace("4 2 1 1 5", "4 9 1 1 5"), "needs 9 units"),
        (RCP.replace("4 2 1 1 5", "4 -2 1 1 5"), "nothing but numbers"),
        (RCP.replace("4 2 1 1 5", "4.5 2 1 1 5"), "nothing but numbers"),
        ("5000000000 2\n3 1\n", "are more than"),
    ],
)
def test_damaged_rcp_files(tmp_path: Path, text: str, words: str) -> None:
    path = write(tmp_path / "bad.rcp", text)
    with pytest.raises(ProblemError) as caught:
        read_rcp(path)
    assert str(path) in str(caught.value)
    assert words in str(caught.value), str(caught.value)


@pytest.mark.parametrize(("read", "text"), [(read_sm, SM), (read_rcp, RCP)])
@pytest.mark.parametrize("digits", [11, 5000])
def test_marks_and_long_numbers(tmp_path: Path, read: Any, text: str, digits: int) -> None:
    file = tmp_path / "project"
    file.write_text("\ufeff" + text)
    assert len(read(file)) == 5
    for number in ("5", "2", "1"):
        file.write_text(text.replace(number, digits * "9", 1))
        with pytest.raises(ProblemError, match="a number is above 10000000"):
            read(file)


@pytest.mark.parametrize("read", [read_sm, read_rcp])
def test_files_that_cannot_be_read(tmp_path: Path, read: Any) -> None:
    with pytest.raises(ProblemError, match="cannot be read"):
        read(tmp_path / "missing")
    binary = tmp_path / "binary"
    binary.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ProblemError, match="not a text file"):
        read(binary)


def test_without_psplib_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psplib", None)
    with pytest.raises(ProblemError, match=r"install vliwc\[lab\]"):
        read_sm(write(tmp_path / "small.sm", SM))


@given(
    st.sampled_from((1.5, 2.1)), st.sampled_from((0.0, 0.5, 1.0)), st.integers(1, 12), st.integers()
)
def test_generated_projects_round_trip(
    tmp_path_factory: pytest.TempPathFactory,
    complexity: float,
    factor: float,
    resources: int,
    seed: int,
) -> None:
    made = Projects(complexity=complexity, factor=factor, resources=resources)
    problem = made.problem(abs(seed), small_machine())
    assert left_out(problem) == []
    again = reread(problem, tmp_path_factory.getbasetemp())
    assert Instance("", again).digest == Instance("", problem).digest


def test_lags_become_jobs(tmp_path: Path) -> None:
    problem = project_problem([2, 3, 1], [[1], [1], [1]], [2], [(0, 1, 4), (0, 2, 1)])
    again = reread(problem, tmp_path)
    assert len(again) == 3 + 3, "start, end, and a job that waits for 3 cycles"
    assert solve(problem).cycles == solve(again).cycles == 2 + 3 + 3


@pytest.mark.parametrize("jobs", [0, 1, 2])
@pytest.mark.parametrize("resources", [0, 1])
def test_few_jobs_and_no_resources(tmp_path: Path, jobs: int, resources: int) -> None:
    problem = project_problem([3] * jobs, [[1] * resources] * jobs, [1] * resources, [])
    again = reread(problem, tmp_path)
    assert len(again) == jobs + 2
    assert solve(again).cycles == solve(problem).cycles


def test_latency_0_is_refused_and_relaxed_through_those_before(tmp_path: Path) -> None:
    # 1 may start in the last cycle of 0; 2 starts after 1. Only what 0 waits for remains.
    problem = project_problem([2, 3, 1], [[0]] * 3, [1], [(0, 1, 1), (1, 2, 0)])
    with pytest.raises(ProblemError, match="1 of latency 0"):
        sm_text(problem, "x")
    again = reread(problem, tmp_path, relax=True)
    assert solve(problem).cycles == 5
    assert solve(again).cycles == 5, "2 still starts 2 cycles after the end of 0"


def unit_jobs(*tasks: Task, slots: dict[str, int]) -> ScheduleProblem:
    """Operations without results or dependences."""
    sketch = Sketch(small_machine(**slots))
    for task in tasks:
        sketch.add(task)
    return sketch.problem()


def test_engine_alternatives_are_kept_exactly(tmp_path: Path) -> None:
    load, either = Task((LOAD,), width=0), Task((LOAD, FLOW), width=0)
    other = Task((FLOW, ALU), width=0)
    problem = unit_jobs(*[load] * 3, *[either] * 3, *[other] * 3, slots={})
    assert left_out(problem) == []
    again = reread(problem, tmp_path)
    assert solve(again).cycles == solve(problem).cycles == 3
    crowded = unit_jobs(*[load] * 5, *[either] * 5, *[other] * 1, slots={})
    again = reread(crowded, tmp_path)
    assert solve(again).cycles == solve(crowded).cycles == 5
    assert "stands for load and flow\n" in sm_text(crowded, "x")


def test_lanes_are_jobs(tmp_path: Path) -> None:
    for serial, cycles in ((False, 2), (True, 4)):
        task = Task(scalarised=LOAD, lanes=4, width=0, serial=serial)
        problem = unit_jobs(task, slots={"load": 2})
        assert left_out(problem) == []
        again = reread(problem, tmp_path)
        assert solve(again).cycles == solve(problem).cycles == cycles


def test_what_is_left_out_is_said_and_loosens(tmp_path: Path) -> None:
    mixed = Task((VALU,), scalarised=ALU, lanes=4, width=4)
    problem = unit_jobs(*[mixed] * 6, slots={})
    missing = left_out(problem)
    assert [thing.partition(":")[0] for thing in missing] == ["scratch", "engines"]
    with pytest.raises(ProblemError, match="--relax"):
        sm_text(problem, "x")
    text = sm_text(problem, "x", relax=True)
    assert all(f"*** left out: {thing}\n" in text for thing in missing)
    assert solve(reread(problem, tmp_path, relax=True)).cycles == 1 < solve(problem).cycles


@given(problems(14))
def test_relaxed_problems_are_bounds(
    tmp_path_factory: pytest.TempPathFactory, problem: ScheduleProblem
) -> None:
    again = reread(problem, tmp_path_factory.getbasetemp(), relax=True)
    schedule = make_scheduler("list").schedule(problem)
    relaxed = solve(again)
    assert relaxed.status == "optimal"
    assert relaxed.cycles <= schedule.cycles
    if not left_out(problem):
        assert solve(problem).cycles == relaxed.cycles


FIRST = "  4      1     2       0    1\n"
MM = (
    SM.replace("nonrenewable              :  0", "nonrenewable              :  1")
    .replace(ARCS, "   4  2  1  5\n")
    .replace("  1      1     0       0    0\n", "  1      1     0       0    0    0\n")
    .replace("  2      1     3       2    0\n", "  2      1     3       2    0    1\n")
    .replace("  3      1     4       2    1\n", "  3      1     4       2    1    0\n")
    .replace(FIRST, "  4      1     2       0    1    3\n         2     3       1    0    2\n")
    .replace("  5      1     0       0    0\n", "  5      1     0       0    0    0\n")
    .replace("    3    1\n*", "    3    1    3\n*")
    .replace("  R 1  R 2\n", "  R 1  R 2  N 1\n")
)
# There is 3 of N: job 2 takes 1, so job 4 cannot take 3 and is done in its second mode, beside
# job 3, in 3 cycles after job 2: 3 + 4. In its first mode it would exclude job 3.


@pytest.mark.parametrize("suffix", ["mm", "sm"])
def test_modes_are_read_scheduled_and_written(tmp_path: Path, suffix: str) -> None:
    path = write(tmp_path / f"modes.{suffix}", MM)
    instance = read_instance(path)
    problem = instance.problem
    assert problem.modes is not None
    assert problem.modes.ptr.tolist() == [0, 1, 2, 3, 5, 6]
    assert problem.modes.consumption.tolist() == [[0], [1], [0], [3], [2], [0]]
    assert problem.modes.duration.tolist() == [0, 3, 4, 2, 3, 0]
    for name in ("cpsat", "ortools-plain", "list"):
        schedule = run_scheduler(make_scheduler(name), problem)
        check_schedule(problem, schedule)
        assert schedule.cycles == 3 + 4
    again = read_instance(write(tmp_path / "again.sm", sm_text(problem, "again")))
    assert again.digest == instance.digest


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("         2     3  ", "         3     3  ", "job 4: expected mode 2"),
        ("         2     3       1    0    2\n", "", "not a project"),
        ("R 2  N 1\n    3    1    3\n*", "R 2  N 1\n    3    1    0\n*", "operation 1 has no mode"),
        ("nonrenewable              :  1", "nonrenewable :  2", "states 2 nonrenewable"),
        ("   4  2  1  5\n", "   4  1  1  5\n", "job 5: expected mode 1"),
    ],
)
def test_damaged_modes(tmp_path: Path, old: str, new: str, words: str) -> None:
    assert old in MM
    with pytest.raises(ProblemError) as caught:
        read_sm(write(tmp_path / "bad.mm", MM.replace(old, new)))
    assert words in str(caught.value), str(caught.value)
