"""Small problems that several tests schedule."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from vliwc.driver import compile_file
from vliwc.options import Options
from vliwc.sched.check import check_schedule
from vliwc.sched.greedy.random import RandomScheduler
from vliwc.sched.problem.json import problem_from_json
from vliwc.sched.problem.problem import ScheduleProblem
from vliwc.sched.problem.project import project_problem
from vliwc.sched.problem.schedule import OutOfScratch, Schedule
from vliwc.sched.problem.view import View
from vliwc.sched.protocol import Scheduler
from vliwc.sched.staggered.scheduler import ListScheduler

KERNELS = Path(__file__).resolve().parents[3] / "kernels"


@cache
def block(kernel: str, level: int = 1, **params: int) -> ScheduleProblem:
    """The scheduling problem of a kernel."""
    return compile_file(KERNELS / f"{kernel}.vk", params, Options(level=level)).generated.problem


UNLIKE_BLOCKS = (
    ("murmur", {"n": 40, "seed": 7}),
    ("binary_search", {"n": 15, "batch": 40}),
    ("tree_hash", {"forest_height": 3, "rounds": 4, "batch_size": 37}),
    ("dfa", {"states": 4, "symbol_bits": 1, "batch": 24, "words": 2}),
)
"""Kernels and sizes whose groups are alike but for some, and end in a part of a vector."""


def some_schedules(problem: ScheduleProblem) -> list[Schedule]:
    """A good and a bad schedule, checked, as far as they fit into scratch."""
    found: list[Schedule] = []
    schedulers: tuple[Scheduler, ...] = (ListScheduler(), RandomScheduler(3))
    for scheduler in schedulers:
        try:
            found.append(scheduler.schedule(problem, 2))
        except OutOfScratch:
            continue
        check_schedule(problem, found[-1])
    return found


def some_horizon(problem: ScheduleProblem) -> int:
    """Cycles of some schedule; where none fits into scratch, a bit more than the longest path."""
    try:
        return ListScheduler().schedule(problem, 2).cycles
    except OutOfScratch:
        return View.of(problem).critical_path + 4


def chain_of_loads(n: int, words: int = 64) -> ScheduleProblem:
    """``n`` scalar loads summed up one after the other: 2 loads a cycle, one add a cycle."""
    operations: list[dict[str, object]] = [
        {"name": f"load{k}", "forms": ["load"], "width": 1} for k in range(n)
    ]
    operations += [{"name": f"add{k}", "forms": ["alu"], "width": 1} for k in range(1, n)]
    edges = [[0, n, 1, True]]
    for k in range(1, n):
        edges.append([k, n + k - 1, 1, True])
        if k > 1:
            edges.append([n + k - 2, n + k - 1, 1, True])
    return machine_problem(operations, edges, words=words)


def machine_problem(
    operations: list[dict[str, object]],
    edges: list[list[object]] | list[list[int]],
    words: int = 64,
    **slots: int,
) -> ScheduleProblem:
    """A problem on a machine with 12 alu, 6 valu, 2 load, 2 store and 1 flow slots."""
    return problem_from_json(
        {
            "format": "vliwc-problem",
            "version": 1,
            "machine": {"name": "t", "vlen": 8, "scratch_words": words, "slots": slots},
            "operations": operations,
            "dependences": edges,
        }
    )


def small_project() -> ScheduleProblem:
    """Five tasks on one resource of 3 units; the optimum is 8 (work of 23 units: at least 8)."""
    return project_problem(
        [0, 3, 4, 2, 2, 0],
        [[0], [2], [1], [3], [2], [0]],
        [3],
        [(0, 1, 1), (0, 2, 1), (1, 3, 1), (2, 4, 1), (3, 5, 1), (4, 5, 1)],
    )
