"""Heuristics for projects: schemes, justification, the genetic algorithm, windows."""

from __future__ import annotations

from tests.faults.fault import faults_in

PROJECTS = "tests/unit/sched/test_projects.py"
WINDOWS = "tests/unit/sched/test_project_windows.py"
SCHEDULERS = "tests/property/test_schedulers.py"

PROJECT_HEURISTICS = (
    *faults_in(
        "vliwc/sched/greedy/sgs.py",
        ("tests/unit/sched/test_schemes.py", SCHEDULERS),
        (
            "successors without their lag",
            "            (start[p] + self.duration[p] - 1 + lag for p, lag in self.predecessors[op]), default=0",
            "            (start[p] + self.duration[p] - 1 for p, _ in self.predecessors[op]), default=0",
        ),
        (
            "the next operation takes the same units",
            "                free[at : at + duration] -= network.demand[op]\n                break",
            "                break",
        ),
        (
            "the serial scheme begins with the least urgent",
            "max(eligible, key=lambda k: (scores[k], -k))",
            "min(eligible, key=lambda k: (scores[k], -k))",
        ),
        (
            "the parallel scheme looks at the last cycle",
            "                if duration and (free[moment] < network.demand[op]).any():",
            "                if duration and (free[moment + duration - 1] < network.demand[op]).any():",
        ),
        (
            "the parallel scheme begins with the least urgent",
            "key=lambda k: (-scores[k], k))",
            "key=lambda k: (scores[k], k))",
        ),
        (
            "justified by starts",
            "    ends = np.array([s + d for s, d in zip(start, network.duration, strict=True)], float)",
            "    ends = np.array([-s for s, d in zip(start, network.duration, strict=True)], float)",
        ),
        (
            "any schedule is optimal",
            '        status="optimal" if total == cycles else "feasible",',
            '        status="optimal" if total >= cycles else "feasible",',
        ),
    ),
    *faults_in(
        "vliwc/sched/projects/network.py",
        (PROJECTS,),
        (
            "tasks start a cycle late",
            "            at = max(at, start[other] + p.duration[other] + p.lag[k])",
            "            at = max(at, start[other] + p.duration[other] + p.lag[k] + 1)",
        ),
        (
            "of a task only the last cycle fits",
            "                cycle -= 1\n            else:",
            "                cycle -= int(duration)\n            else:",
        ),
        (
            "keys before dependences",
            "            own = max(own, least[p.before[e]] // n)",
            "            own = max(own, np.int64(0))",
        ),
        (
            "earliest ends first",
            "        key[op] = last - start[op] - p.duration[op]",
            "        key[op] = start[op] + p.duration[op]",
        ),
        (
            "shifted right only",
            "    return looked + place_serially(p, order, free, start)",
            "    start[:] = last_end(p, mirrored) - mirrored - p.duration\n    return looked",
        ),
    ),
    *faults_in(
        "vliwc/sched/projects/genetic.py",
        (PROJECTS,),
        (
            "the middle is the mother's too",
            "        if not taken[father[k]]:\n            child[at] = father[k]\n            taken[father[k]] = 1\n",
            "        if not taken[mother[k]]:\n            child[at] = mother[k]\n            taken[mother[k]] = 1\n",
        ),
        (
            "tasks that are not eligible are sampled",
            "                    if state[p.before[e]] != 2:",
            "                    if state[p.before[e]] == 9:",
        ),
        (
            "what is known is forgotten",
            "            if self._lengths[best] < self.length:",
            "            if self._lengths[best] != self.length:",
        ),
    ),
    *faults_in(
        "vliwc/sched/exact/project_windows.py",
        (WINDOWS,),
        (
            "units that are still taken",
            "(unit for unit in range(capacity) if ends[unit][0] <= start[op]),",
            "(unit for unit in range(capacity)),",
        ),
        (
            "one unit for each task",
            "            for unit in usable[:wanted]:",
            "            for unit in usable[:1]:",
        ),
        (
            "the tasks that are furthest",
            "    return set(sorted(tasks, key=distance)[:count])",
            "    return set(sorted(tasks, key=distance)[-count:])",
        ),
        (
            "windows of time only",
            "    if resource < resources:",
            "    if False:",
        ),
        (
            "what is free stays in its chain",
            "        if first not in free and second not in free:",
            "        if True:",
        ),
        (
            "windows may be longer than the best schedule",
            "IntervalModel(view, search.lower, search.best.cycles - 1, None, bare=True)",
            "IntervalModel(view, search.lower, search.best.cycles + 9, None, bare=True)",
        ),
    ),
    *faults_in(
        "vliwc/sched/exact/alpha_points.py",
        ("tests/unit/sched/test_alpha_points.py",),
        (
            "operations after all others",
            "        found[own] = np.searchsorted(begun, np.arange(len(own)) + alpha - 1e-6)",
            "        found[own] = -np.searchsorted(begun, np.arange(len(own)) + alpha - 1e-6)",
        ),
        (
            "an unsolved relaxation refutes",
            "        return None, status != mb.SolveStatus.INFEASIBLE, effort",
            "        return None, True, effort",
        ),
        (
            "the last schedule, not the shortest",
            "        if best is None or found.cycles < best.cycles:",
            "        if best is None or found.cycles > best.cycles:",
        ),
    ),
    *faults_in(
        "vliwc/sched/anytime.py",
        ("tests/unit/sched/test_anytime.py",),
        (
            "bounds may fall",
            "        bound = max(event.lower_bound, last.lower_bound)",
            "        bound = event.lower_bound",
        ),
        (
            "longer schedules are told",
            "        if schedule is not None and (kept is None or schedule.cycles < kept.cycles):",
            "        if schedule is not None:",
        ),
        (
            "what is known is told again",
            "        if known and claims == last.claimed_bound:",
            "        if False:",
        ),
        (
            "stopped by the clock only",
            "    return run.stopped or time.monotonic() >= run.started",
            "    return time.monotonic() >= run.started",
        ),
        (
            "solvers that run are not stopped",
            "        for solver in list(self.solvers):\n            solver.stop_search()",
            "        pass",
        ),
    ),
)
