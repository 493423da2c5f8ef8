"""Small problems that several tests schedule."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from vliwc.driver import compile_file
from vliwc.options import Options
from vliwc.sched.problem import ScheduleProblem
from vliwc.sched.problem_json import problem_from_json
from vliwc.sched.project import project_problem

KERNELS = Path(__file__).resolve().parents[3] / "kernels"


@cache
def block(kernel: str, level: int = 1, **params: int) -> ScheduleProblem:
    """The scheduling problem of a kernel."""
    return compile_file(KERNELS / f"{kernel}.vk", params, Options(level=level)).generated.problem


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
