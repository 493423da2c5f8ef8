"""The back end: strategies, machine DAG, schedule."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from vliwc.backend.arrange import ARRANGEMENTS, Arrangement, arrange
from vliwc.backend.mix import Strategy, choose_strategy, plain_strategy
from vliwc.options import Options
from vliwc.sched.list import ListScheduler, OutOfScratch, planned_deadlines
from vliwc.sched.lowering import problem_of
from vliwc.sched.problem import Schedule, ScheduleProblem
from vliwc.target.build import DagBuilder, LaneProgram
from vliwc.target.constants import derive_constants
from vliwc.target.dag import MachineDag
from vliwc.target.reads import Plan

WORK = 1_500_000
"""Operations scheduled in all trials together at -O2; the number of trials follows from it."""
MIN_TRIALS, MAX_TRIALS = 8, 192
EFFORT = {1: 0.2, 2: 2.0, 3: 10.0}
"""Deterministic time for balancing a loop, by optimisation level."""

Progress = Callable[[str, float | None], None]


@dataclass(frozen=True, eq=False)
class Generated:
    """A machine DAG with its problem and schedule, and remarks for the user."""

    dag: MachineDag
    problem: ScheduleProblem
    schedule: Schedule
    notes: tuple[str, ...]


def generate(program: LaneProgram, options: Options, progress: Progress) -> Generated:
    """Choose strategies, build the machine DAG and schedule it.

    Raises :class:`vliwc.sched.list.OutOfScratch` if the kernel does not fit into scratch however
    few groups are in flight.
    """
    if options.level == 0:
        return _schedule(program, plain_strategy(program), None, 1, options)
    progress("balance", None)
    strategy = choose_strategy(
        program,
        records=options.level >= 2,
        seed=options.seed,
        effort=EFFORT[options.level],
    )
    try:
        return _best_arrangement(program, strategy, options, progress)
    except OutOfScratch:
        plain = _schedule(program, plain_strategy(program), None, MIN_TRIALS, options)
        note = "scratch is too small for tables in scratch; all tables are read by gathers"
        return Generated(plain.dag, plain.problem, plain.schedule, (*plain.notes, note))


def _best_arrangement(
    program: LaneProgram, strategy: Strategy, options: Options, progress: Progress
) -> Generated:
    """Try every arrangement for a while, then the best one for longer."""
    mixed = any(len(part.plans) > 1 for part in strategy.loops)
    arrangements = ARRANGEMENTS if mixed and options.level >= 2 else ARRANGEMENTS[:1]
    best: tuple[Generated, Arrangement] | None = None
    trials = MIN_TRIALS
    for number, arrangement in enumerate(arrangements):
        progress("schedule", number / (2 * len(arrangements)))
        assignment = _assignment(strategy, arrangement)
        try:
            found = _schedule(program, assignment, strategy, trials, options)
        except OutOfScratch:
            continue
        if best is None or found.schedule.cycles < best[0].schedule.cycles:
            best = (found, arrangement)
        size = len(found.problem)
        trials = min(max(WORK // max(size, 1) // 4, MIN_TRIALS), MAX_TRIALS // 4)
    if best is None:
        raise OutOfScratch("no arrangement of the chosen strategies fits into scratch")
    if options.level < 2:
        return best[0]
    progress("schedule", 0.5)
    generated = best[0]
    scheduler = ListScheduler(2 * trials, options.seed + 1)
    schedule = scheduler.schedule(generated.problem, hint=generated.schedule)
    return Generated(generated.dag, generated.problem, schedule, generated.notes)


def _assignment(strategy: Strategy, arrangement: Arrangement) -> list[list[Plan]]:
    return [
        [part.plans[path] for path in arrange(part.mix.paths, arrangement)]
        for part in strategy.loops
    ]


def _schedule(
    program: LaneProgram,
    assignment: list[list[Plan]],
    strategy: Strategy | None,
    trials: int,
    options: Options,
) -> Generated:
    placements = strategy.placements if strategy is not None else {}
    dag = DagBuilder(program).build(assignment, placements)
    problem = problem_of(dag)
    if options.level >= 2:
        due = planned_deadlines(problem)
        derive_constants(dag, lambda op: float(due[dag.shared_index[op]]))
        problem = problem_of(dag)
    schedule = ListScheduler(trials, options.seed).schedule(problem)
    notes: tuple[str, ...] = ()
    narrowed = schedule.statistics.get("narrowed", 0.0)
    if narrowed:
        notes = (
            "scratch is short: fewer groups in flight "
            f"({float(narrowed):.0%} of scratch kept for the oldest group)",
        )
    return Generated(dag, problem, schedule, notes)
