"""Files of projects with minimal and maximal time lags."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import psplib
import pytest

from vliwc.lab.instances.corpus import load, read_instance
from vliwc.sched import check_schedule, make_scheduler, run_scheduler
from vliwc.sched.problem.renewable import ProblemError

SCH = """\
3\t2\t0\t0
0\t1\t2\t1\t2\t[0]\t[0]
1\t1\t1\t3\t[4]
2\t1\t2\t3\t4\t[-1]\t[5]
3\t1\t2\t4\t1\t[2]\t[-6]
4\t1\t0
0\t1\t0\t0\t0
1\t1\t3\t1\t2
2\t1\t5\t2\t0
3\t1\t2\t2\t1
4\t1\t0\t0\t0
3\t2
"""
"""Job 3 starts 4 to 6 cycles after job 1, and at most a cycle before job 2."""


def write(path: Path, text: str = SCH) -> Path:
    path.write_text(text)
    return path


def test_what_a_file_says(tmp_path: Path) -> None:
    problem = read_instance(write(tmp_path / "x.sch")).problem
    assert problem.names == ["j0", "j1", "j2", "j3", "j4"]
    assert problem.renewable is not None and problem.lags is not None
    assert problem.renewable.duration.tolist() == [0, 3, 5, 2, 0]
    assert problem.renewable.capacity.tolist() == [3, 2]
    assert problem.renewable.demand.tolist()[1:4] == [[1, 2], [2, 0], [2, 1]]
    # The same as another reader of the form finds.
    theirs: Any = psplib.parse(tmp_path / "x.sch", "rcpsp_max")
    assert problem.lags.rows == [
        (job, successor, delay)
        for job, activity in enumerate(theirs.activities)
        for successor, delay in zip(activity.successors, activity.delays, strict=True)
    ]


def test_its_optimum(tmp_path: Path) -> None:
    """Jobs 2 and 3 take 4 of 3 units, so that 3 waits for the end of 2: it may start a cycle before
    2 at most, and lasts two.  So 2 is in cycles 0 to 4, and 3 in 5 and 6."""
    problem = read_instance(write(tmp_path / "x.sch")).problem
    for name in ("cpsat", "ortools-plain"):
        made = run_scheduler(make_scheduler(name), problem, 5)
        check_schedule(problem, made)
        assert (made.cycles, made.status) == (7, "optimal")
        assert made.lane_cycle.tolist()[2:4] == [0, 5]


def test_a_corpus_with_best_known_values(tmp_path: Path) -> None:
    write(tmp_path / "a.sch")
    (tmp_path / "best_known.csv").write_text("problem,best_known\na.sch,7\n")
    (found,) = load([tmp_path])
    assert (found.name, found.optimum) == ("a", 7)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (SCH, "", "the file is empty"),
        ("3\t2\t0\t0", "3\t2\t1\t0", "line 1: expected the number of jobs"),
        ("3\t2\t0\t0", "99999999\t2\t0\t0", "line 1: a number is above"),
        ("3\t2\t0\t0", "9999999\t2\t0\t0", "jobs are more than"),
        ("3\t2\t0\t0", "4\t2\t0\t0", "12 lines, but 6 jobs"),
        ("1\t1\t1\t3\t[4]", "1\t2\t1\t3\t[4]", "line 3: expected job 1 and one mode"),
        ("1\t1\t1\t3\t[4]", "1\t1\t2\t3\t[4]", "line 3: the successors"),
        ("1\t1\t1\t3\t[4]", "1\t1\t1\t3\t[4]\t[5]", "line 3: the successors"),
        ("1\t1\t1\t3\t[4]", "1\t1\t1\t3\t4", "line 3: the successors"),
        ("1\t1\t1\t3\t[4]", "1\t1\t1\t9\t[4]", "line 3: expected successors up to 4"),
        ("[-6]", "[-99999999]", "line 5: expected successors"),
        ("[-6]", "[x]", "line 5: expected successors"),
        ("2\t1\t5\t2\t0", "2\t1\t5\t2", "line 9: expected job 2, mode 1"),
        ("2\t1\t5\t2\t0", "2\t1\t5\t2\t-1", "line 9: expected numbers from 0"),
        ("2\t1\t5\t2\t0", "2\t1\t5\t4\t0", "operation 2 needs 4 units of 'R1', which has 3"),
        ("4\t1\t0\t0\t0\n3\t2", "4\t1\t0\t0\t0\n3", "line 12: expected the units of 2"),
        ("[-6]", "[-3]", "circle"),
    ],
)
def test_damaged_files(tmp_path: Path, old: str, new: str, words: str) -> None:
    assert old in SCH
    path = write(tmp_path / "bad.sch", SCH.replace(old, new, 1))
    with pytest.raises(ProblemError) as caught:
        read_instance(path)
    assert words in str(caught.value) and str(path) in str(caught.value)
