"""Problems and schedules as JSON: exact round trips, clear errors."""

from __future__ import annotations

import json
from collections.abc import Callable
from xml.etree import ElementTree

import numpy as np
import pytest

from tests.strategies.problems import random_problem
from tests.unit.sched.samples import block, chain_of_loads, machine_problem, small_project
from vliwc.driver import compile_text
from vliwc.sched.check import check_schedule
from vliwc.sched.problem.graph import problem_graph, to_dot, to_graphml
from vliwc.sched.problem.json import problem_from_json, problem_to_json
from vliwc.sched.problem.problem import ScheduleProblem
from vliwc.sched.problem.project import project_problem
from vliwc.sched.problem.renewable import ProblemError
from vliwc.sched.problem.schedule_json import schedule_from_json, schedule_to_json
from vliwc.sched.staggered.scheduler import ListScheduler


def same(a: ScheduleProblem, b: ScheduleProblem) -> bool:
    arrays = all(np.array_equal(x, y) for x, y in zip(a.dense, b.dense, strict=True))
    return arrays and a.machine == b.machine and a.names == b.names


def through_text(problem: ScheduleProblem) -> ScheduleProblem:
    return problem_from_json(json.loads(json.dumps(problem_to_json(problem))))


@pytest.mark.parametrize("seed", range(60))
def test_random_problems_come_back_exactly(seed: int) -> None:
    problem = random_problem(seed)
    assert same(problem, through_text(problem))


def test_a_kernels_problem_comes_back_exactly_and_schedules_alike() -> None:
    problem = block("tree_hash", 2, forest_height=3, rounds=4, batch_size=16)
    again = through_text(problem)
    assert same(problem, again)
    first, second = (ListScheduler(8).schedule(p) for p in (problem, again))
    assert first.cycles == second.cycles
    assert np.array_equal(first.address, second.address)


def test_projects_come_back_exactly() -> None:
    problem = small_project()
    again = through_text(problem)
    assert same(problem, again)
    assert problem.renewable is not None and again.renewable is not None
    assert np.array_equal(problem.renewable.demand, again.renewable.demand)
    assert problem.renewable.names == again.renewable.names


def test_schedules_come_back() -> None:
    problem = chain_of_loads(5)
    schedule = ListScheduler(4).schedule(problem)
    again = schedule_from_json(json.loads(json.dumps(schedule_to_json(schedule))))
    check_schedule(problem, again)
    assert (again.cycles, again.scheduler) == (schedule.cycles, "list")


ROWS = """kernel rows(n) {
  memory { a: u32[n] in at 0; c: u32[2 * n] out at n; }
  parallel for i in 0 .. n { let v = a[i] * 5; c[2 * i] = v; c[2 * i + 1] = v ^ (v >> 3); }
}"""
NEIGHBOURS = """kernel near(n) {
  memory { a: u32[n] inout at 0; b: u32[n] scratch at n; }
  parallel for i in 0 .. n { b[i] = a[i] * 5; }
  parallel for i in 0 .. n { a[i] = if i > 0 then b[i - 1] ^ b[i] else 1; }
}"""


@pytest.mark.parametrize("text", [ROWS, NEIGHBOURS])
def test_operations_that_write_into_results_of_others(text: str) -> None:
    """Words of a row, and of arrays that stand in scratch, are results of several operations."""
    generated = compile_text(text, "k.vk", {"n": 40}).generated
    data = json.loads(json.dumps(problem_to_json(generated.problem)))
    assert any("into" in row for row in data["operations"])
    again = problem_from_json(data)
    assert problem_to_json(again) == data
    check_schedule(again, generated.schedule)


def test_left_out_keys_have_defaults() -> None:
    problem = machine_problem([{"forms": ["load"]}, {"forms": ["alu"]}], [[0, 1]])
    assert problem.names == ["op0", "op1"]
    assert problem.dense.lanes.tolist() == [1, 1]
    assert problem.dense.succ_latency.tolist() == [1]
    assert problem.dense.group.tolist() == [-1, -1]


Change = Callable[[dict[str, object]], object]
A: dict[str, object] = {"name": "a", "forms": ["load"], "width": 1}
B: dict[str, object] = {"name": "b", "forms": ["valu", "alu*"], "lanes": 8}
GOOD = {
    "format": "vliwc-problem",
    "version": 1,
    "operations": [A, B],
    "dependences": [[0, 1, 1, True]],
}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"format": "other"}, "not a scheduling problem"),
        ({"version": 2}, "version 2"),
        ({"extra": 1}, "unknown key 'extra'"),
        ({"operations": 3}, "operations: expected a list"),
        ({"operations": [{"forms": ["gpu"]}]}, "form 'gpu'; the engines are alu"),
        ({"operations": [{"forms": ["alu", "alu*"]}]}, "in one slot and lane by lane"),
        ({"operations": [{"forms": ["alu*", "load*"]}]}, "two engines"),
        ({"operations": [{"forms": ["alu"], "lanes": 0}]}, "lanes is 0"),
        ({"operations": [{"forms": ["alu"], "width": -1}]}, "width: -1"),
        ({"operations": [{"forms": ["alu"], "wdith": 1}]}, "unknown key 'wdith'"),
        ({"dependences": [[0, 2]]}, "0 -> 2, but there are 2 operations"),
        ({"dependences": [[1, 1]]}, "waits for itself"),
        ({"dependences": [[0]]}, r"expected \[source"),
        ({"dependences": [[1, 0, 1, True]]}, "reads b, which has no result"),
        ({"dependences": [[0, 1, 0, True]]}, "with latency 0"),
        ({"operations": [A, B | {"into": 2}]}, "b writes into operation 2, but does not read"),
        ({"operations": [A, B | {"into": "a"}]}, 'into: "a" is no integer'),
        ({"operations": [A, B | {"into": 1}]}, "b writes into operation 1, but does not read"),
        ({"dependences": [[0, 1, 1, True], [0, 1, 1, True]]}, "in 2 dependences"),
        ({"dependences": [[0, 1], [1, 0]]}, "form a circle"),
        ({"machine": {"slots": {"gpu": 1}}}, "unknown engine 'gpu'"),
        ({"resources": [], "machine": {}}, "not both"),
        ({"resources": [{"capacity": 1}]}, "unknown key 'forms'"),
    ],
)
def test_errors_name_the_guilty_part(change: dict[str, object], words: str) -> None:
    data = GOOD | change
    if "operations" in change:
        data["dependences"] = []
    with pytest.raises(ProblemError, match=words):
        problem_from_json(data, "file.json")


def test_projects_that_ask_for_more_than_there_is_are_refused() -> None:
    data = problem_to_json(small_project()) | {"resources": [{"name": "R1", "capacity": 2}]}
    with pytest.raises(ProblemError, match="needs 3 units of 'R1', which has 2"):
        problem_from_json(data)


def test_graphs_name_operations_and_dependences() -> None:
    problem = chain_of_loads(3)
    graph = problem_graph(problem)
    assert sorted(graph.edges) == [(0, 3), (1, 3), (2, 4), (3, 4)]
    root = ElementTree.fromstring(to_graphml(problem))
    space = "{http://graphml.graphdrawing.org/xmlns}"
    assert len(list(root.iter(f"{space}node"))) == len(problem)
    assert len(list(root.iter(f"{space}edge"))) == 4
    dot = to_dot(problem)
    assert '0 [label="load0\\nload"];' in dot
    assert "3 -> 4;" in dot


def test_projects_of_too_many_cycles_are_refused() -> None:
    """Schedulers count resources cycle by cycle: minutes and gigabytes for a few long jobs."""
    with pytest.raises(ProblemError, match="5000000 cycles, more than 200000"):
        project_problem([10**6] * 5, [[1]] * 5, [2], [])
    with pytest.raises(ProblemError, match="more than 200000"):
        project_problem([1, 1], [[1]] * 2, [2], [(0, 1, 10**6)])
    assert len(project_problem([40_000] * 5, [[1]] * 5, [2], [])) == 5
