"""The back end: strategies, machine DAG, schedule."""

from __future__ import annotations

import math
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from vliwc.backend.anneal import anneal_candidates
from vliwc.backend.parts import Part
from vliwc.backend.resume import SearchState, mismatch, read_hint
from vliwc.clock import Clock
from vliwc.ir.graph import Function
from vliwc.isel.cut import cut_dags
from vliwc.isel.derive_constants import derive_constants
from vliwc.isel.instantiate import Assignment, instantiate
from vliwc.isel.memory.lane_buffer import LaneBuffer
from vliwc.isel.memory.working_memory import Placement
from vliwc.isel.program import LaneProgram
from vliwc.isel.reads.records import RecordTable
from vliwc.isel.reads.table_reads import Plan
from vliwc.mir.dag import MachineDag
from vliwc.mir.scheduling_problem import problem_of
from vliwc.mir.unshared import unshared as unshared_words
from vliwc.options import Options
from vliwc.sched.anytime import expired
from vliwc.sched.problem.bounds import lower_bound
from vliwc.sched.problem.problem import ScheduleProblem
from vliwc.sched.problem.schedule import OutOfScratch, Schedule
from vliwc.sched.staggered.search import StaggerSearch, planned_deadlines
from vliwc.strategy.choose import Strategy, choose_strategies, gather_only, relaxed_cycles
from vliwc.strategy.group_order import GROUP_ORDERS, IN_BLOCKS, group_order
from vliwc.strategy.tuning import TUNING as STRATEGIES


@dataclass(frozen=True)
class Effort:
    """How much a level tries; set by hand, ``python -m benchmarks.suite`` shows cycles and
    seconds.

    ``allowances``: guesses of how long engines idle, each gives a strategy assignment;
    ``group_orders`` of each assignment; ``blocks``: numbers of groups that share chunks of memory;
    ``balance``: CP-SAT's deterministic time for one assignment, ``measuring`` that for the one
    which only tells when engines idle; ``trials`` schedules per candidate at most, then ``finals``
    for the best one, as many as ``work`` operations allow and at most ``per_cycle`` for each cycle
    that its schedule is above its bound: where there is little left to win, little is spent;
    ``prologue_steps`` changes to the first cycles of the ``kept`` best candidates; ``anneal``:
    operations scheduled while annealing.
    """

    allowances: int = 1
    group_orders: int = 1
    blocks: int = 1
    balance: float = 0.2
    measuring: float = 0.2
    trials: int = 8
    finals: int = 0
    work: int = 1_500_000
    per_cycle: int = 60
    prologue_steps: int = 0
    kept: int = 1
    anneal: int = 0


EFFORT = {
    1: Effort(),
    2: Effort(
        allowances=3,
        group_orders=2,
        blocks=4,
        balance=0.5,
        trials=60,
        finals=600,
        work=10_000_000,
        prologue_steps=1000,
    ),
    3: Effort(
        allowances=5,
        group_orders=3,
        blocks=4,
        balance=4.0,
        trials=400,
        finals=4000,
        work=120_000_000,
        per_cycle=1000,
        prologue_steps=8000,
        kept=4,
        anneal=900_000_000,
    ),
}


@dataclass(frozen=True)
class BackendTuning:
    """How a level's work is shared out, set by hand: ``python -m benchmarks.suite``."""

    min_trials: int = 8
    """Schedules tried however large a kernel is, or large kernels would not be searched at all."""
    prologue_share: int = 5
    """A trial of the first cycles is about so many times cheaper than one of a whole schedule."""
    candidates_divisor: int = 2
    """One part in so many of a level's work is for all candidates, the rest for the best ones."""
    final_wide: float = 0.6
    """Size of the first change to the best candidate, in ``StaggerTuning.reach``: less than at
    first, for it is good already."""
    after_prologue_wide: float = 0.2
    """The same after its first cycles were improved, which only neighbours keep."""
    final_narrow: float = 0.05
    """Size of the last change, of both."""
    hopeless: float = 1.03
    """The level below is not tried if the linear relaxation says that its assignments take by this
    factor more cycles than the program of this level, and than its assignments: what assignments
    count too much, they count too much at all levels."""
    ends: float = 3.0
    """Cycles more than that, for what assignments count for the first and last work of a loop is
    coarse: most of a short program."""
    after_prologue_divisor: int = 4
    """One part in so many of the final trials is made once more then."""


TUNING = BackendTuning()


@dataclass(frozen=True, eq=False)
class Generated:
    """A machine DAG with its problem and schedule, and remarks for the user.

    ``assignment``: the plan of each group of each loop, that is how its tables are read;
    ``placements``: where the record tables stand that it uses.  ``parts``: with a machine loop, all
    parts of the program; the DAG, problem, schedule and assignment are those of one trip then.
    """

    dag: MachineDag
    problem: ScheduleProblem
    schedule: Schedule
    notes: tuple[str, ...]
    assignment: Assignment
    placements: dict[RecordTable | LaneBuffer, Placement]
    state: SearchState | None = None
    parts: tuple[Part, ...] = ()

    @property
    def every_part(self) -> tuple[Part, ...]:
        """The parts of the program: one without machine loops."""
        return self.parts or (Part("all", self.dag, self.problem, self.schedule),)


@dataclass(frozen=True, eq=False)
class Candidate:
    """A machine DAG and the search for its best schedule; ``name`` tells candidates apart."""

    name: str
    dag: MachineDag
    search: StaggerSearch
    assignment: Assignment
    placements: dict[RecordTable | LaneBuffer, Placement]

    def generated(self, *notes: str) -> Generated:
        """The candidate with its best schedule."""
        schedule = self.search.schedule("list")
        if self.search.narrowed:
            part = f"{self.search.narrowed:.0%} of scratch kept for the oldest group"
            notes = (*notes, f"scratch is short: fewer groups in flight ({part})")
        state = SearchState(self.name, self.search.windows)
        return Generated(
            self.dag,
            self.search.problem,
            schedule,
            notes,
            self.assignment,
            self.placements,
            state,
        )


def balanced(program: LaneProgram, options: Options) -> list[Strategy]:
    """The strategies to try, the best guess first; none at -O0, where all reads are gathers."""
    if options.level == 0:
        return []
    effort = EFFORT[options.level]
    return choose_strategies(
        program,
        STRATEGIES.allowances[: effort.allowances],
        records=options.level >= 2,
        seed=options.seed,
        effort=effort.balance,
        measuring=effort.measuring,
        blocks=STRATEGIES.blocks[: effort.blocks],
        moves=options.level >= 3,
    )


def generate(
    program: LaneProgram,
    strategies: Sequence[Strategy],
    options: Options,
    clock: Clock,
    *,
    unshared: bool = False,
) -> Generated:
    """Build the machine DAG of each strategy, schedule it, and keep the best.  If ``unshared``, no
    strategy is tried, and operations make their constants and table words for themselves.

    The parts ``instantiate``, ``derive-constants`` and ``problem`` of the clock are the way of one
    candidate from the lane program to its scheduling problem.  Raises
    :class:`vliwc.sched.problem.schedule.OutOfScratch` if the kernel does not fit into scratch
    however few groups are in flight.
    """
    if unshared:
        return _candidate(program, gather_only(program), {}, options, clock, own=True).generated()
    if options.level == 0:
        return _candidate(program, gather_only(program), {}, options, clock).generated()
    found = _generate(program, strategies, options, clock)
    lower = _lower_level(program, strategies, options, clock, found.schedule.cycles)
    return found if lower is None else lower


def _lower_level(
    program: LaneProgram,
    strategies: Sequence[Strategy],
    options: Options,
    clock: Clock,
    cycles: int,
) -> Generated | None:
    """What the level below makes of ``program``, if that takes fewer than ``cycles`` cycles, which
    are those of this level with ``strategies``."""
    below = options.level - 1
    if below < 1 or options.hint is not None:
        return None
    if expired():
        return None
    lower = replace(options, level=below)
    effort = EFFORT[below].balance
    least = relaxed_cycles(program, records=below >= 2, seed=options.seed, effort=effort)
    counted = min((strategy.cycles for strategy in strategies), default=math.inf)
    if least > max(cycles, counted) * TUNING.hopeless + TUNING.ends:
        return None
    others = balanced(program, lower)
    if _least(program, others, clock) >= cycles:
        return None
    try:
        with clock.silent():
            found = generate(program, others, lower, clock)
    except OutOfScratch:
        return None
    if found.schedule.cycles >= cycles:
        return None
    note = f"the strategies and constants of -O{below} gave the better program"
    return replace(found, notes=(*found.notes, note), state=None)


def _least(program: LaneProgram, strategies: Sequence[Strategy], clock: Clock) -> int:
    """No schedule of the machine DAGs of ``strategies`` takes fewer cycles."""
    bounds: list[int] = []
    for strategy in strategies:
        order = [
            part.group_plans(group_order(part.assignment.paths, IN_BLOCKS))
            for part in strategy.loops
        ]
        problem = problem_of(_dag(program, order, strategy.placements))
        bounds.append(lower_bound(problem).cycles)
    return min(bounds, default=0)


def _generate(
    program: LaneProgram, strategies: Sequence[Strategy], options: Options, clock: Clock
) -> Generated:
    """The best candidate of one level."""
    effort = EFFORT[options.level]
    progress = clock.progress
    candidates = _candidates(program, strategies, effort, options, clock)
    if options.hint is not None:
        _resume(candidates, options.hint, program.function)
    if not candidates:
        plain = _candidate(program, gather_only(program), {}, options, clock)
        plain.search.improve(effort.trials)
        return plain.generated(
            "scratch is too small for tables in scratch; all tables are read by gathers"
        )
    best = candidates[0]
    if effort.finals:
        progress("schedule", 0.5)
        trials = effort.work // max(len(best.search.problem), 1)
        above = best.search.cycles - best.search.runner.bound.cycles
        worth = effort.per_cycle * above
        finals = min(max(trials, TUNING.min_trials), effort.finals, worth)
        best.search.improve(finals, wide=TUNING.final_wide, narrow=TUNING.final_narrow)
        for number, candidate in enumerate(candidates[: effort.kept]):
            if not (candidate.search.done or expired()):
                steps = min(
                    effort.prologue_steps,
                    TUNING.prologue_share * worth,
                    TUNING.prologue_share * effort.work // len(candidate.search.problem),
                )
                candidate.search.search_prologue(steps, options.seed + number)
                candidate.search.improve(
                    finals // TUNING.after_prologue_divisor,
                    wide=TUNING.after_prologue_wide,
                    narrow=TUNING.final_narrow,
                )
        best = min(candidates, key=lambda candidate: candidate.search.cycles)
    if effort.anneal:
        best = anneal_candidates(candidates, effort.anneal, options.budget, options.seed, progress)
    return best.generated()


def _resume(candidates: list[Candidate], path: Path, function: Function) -> None:
    """Let the candidate that a saved state belongs to go on from there."""
    state = read_hint(path, function)
    for candidate in candidates:
        if candidate.name == state.candidate:
            if not candidate.search.resume(state.windows):
                raise mismatch(path, "the saved group windows do not fit this kernel")
            candidates.sort(key=lambda each: each.search.cycles)
            return
    raise mismatch(path, f"this compilation has no strategy {state.candidate!r}")


def _candidates(
    program: LaneProgram,
    strategies: Sequence[Strategy],
    effort: Effort,
    options: Options,
    clock: Clock,
) -> list[Candidate]:
    """Group orders of strategies that fit into scratch, the best first.

    Large kernels get fewer of them: half of the level's work is spent here at most, but for the
    first one.
    """
    found: list[Candidate] = []
    spent = 0
    room = effort.work // TUNING.candidates_divisor
    fewest: float = math.inf
    total = len(strategies) * effort.group_orders
    for number, strategy in enumerate(strategies):
        mixed = any(len(part.plans) > 1 for part in strategy.loops)
        for turn, kind in enumerate(GROUP_ORDERS[: effort.group_orders if mixed else 1]):
            if spent > room or (found and expired()):
                break
            clock.progress("schedule", (number * effort.group_orders + turn) / (2 * total))
            assignment = [
                part.group_plans(group_order(part.assignment.paths, kind))
                for part in strategy.loops
            ]
            try:
                name = f"{number}/{kind.name}"
                candidate = _candidate(
                    program, assignment, strategy.placements, options, clock, name
                )
            except OutOfScratch:
                continue
            if candidate.search.runner.bound.cycles < fewest:
                size = max(len(candidate.search.problem), 1)
                trials = effort.work // size // (TUNING.candidates_divisor * total)
                candidate.search.improve(min(max(trials, TUNING.min_trials), effort.trials))
            found.append(candidate)
            fewest = min(fewest, candidate.search.cycles)
            spent += candidate.search.runner.runs * len(candidate.search.problem)
    if found and all(candidate.search.poor for candidate in found):
        # Perhaps the entries of tables take the scratch that groups in flight need.
        with suppress(OutOfScratch):
            plain = _candidate(program, gather_only(program), {}, options, clock)
            plain.search.improve(TUNING.min_trials)
            found.append(plain)
    return sorted(found, key=lambda candidate: candidate.search.cycles)


def _dag(
    program: LaneProgram,
    assignment: Assignment,
    placements: dict[RecordTable | LaneBuffer, Placement],
) -> MachineDag:
    """The machine DAG of a program, or of one trip of a machine loop."""
    if program.trips:
        return cut_dags(program, assignment, placements).trip
    return instantiate(program, assignment, placements).dag


def unshared_dag(program: LaneProgram, assignment: Assignment) -> MachineDag:
    """The DAG of a program in which operations make words that are cheap for themselves."""
    instance = instantiate(program, assignment, {})
    tables = instance.uniform.table_loads.values()
    return unshared_words(instance.dag, {load for loads in tables for load in loads})


def _candidate(
    program: LaneProgram,
    assignment: list[list[Plan]],
    placements: dict[RecordTable | LaneBuffer, Placement],
    options: Options,
    clock: Clock,
    name: str = "plain",
    *,
    own: bool = False,
) -> Candidate:
    """The way from the lane program to the first schedule, under one choice of plans.  If ``own``,
    words that are cheap to make are not shared."""
    with clock.part("instantiate"):
        if own:
            dag = unshared_dag(program, assignment)
        else:
            dag = _dag(program, assignment, placements)
    if options.level >= 2 and not program.trips and not own:
        with clock.part("derive-constants"):
            due = planned_deadlines(problem_of(dag))
            index = dag.shared_index
            dag = derive_constants(dag, lambda op: float(due[index[op]]))
    with clock.part("problem"):
        problem = problem_of(dag)
    search = StaggerSearch(problem, options.seed)
    search.begin(few=own)
    return Candidate(name, dag, search, assignment, placements)
