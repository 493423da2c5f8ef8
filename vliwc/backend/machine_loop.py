"""Machine loops: which kernels get one, how many groups a trip has, and what is around it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from vliwc.backend.candidates import EFFORT, Generated, generate
from vliwc.backend.parts import Part
from vliwc.clock import Clock
from vliwc.ir.graph import Function
from vliwc.ir.value import Op
from vliwc.isel.cut import can_cut, cut_dags, trip_of
from vliwc.isel.program import Cut, LaneProgram
from vliwc.lang import CheckedKernel
from vliwc.mir.dag import MachineDag
from vliwc.mir.scheduling_problem import problem_of
from vliwc.options import Options
from vliwc.sched.problem.bounds import every_bound
from vliwc.sched.problem.paths import heads_and_tails
from vliwc.sched.problem.schedule import OutOfScratch
from vliwc.sched.staggered.search import StaggerSearch
from vliwc.strategy.choose import Strategy, gather_only


@dataclass(frozen=True)
class LoopTuning:
    """The tuned numbers of this module, set by hand: ``python -m benchmarks.sizes``."""

    unrolled: int = 20_000
    """Operations up to which all groups of a loop are code of their own: 600 kB of program, a
    minute of compilation."""
    per_value: int = 8
    """A value of the lane IR takes no more operations and cycles than this, a gather included: what
    is small by that needs no closer look."""
    trip: int = 8_000
    """Operations of a trip: with more of them filling and draining the engines, once a trip,
    matters less, but schedules cost more."""
    trip_cycles: int = 2_000
    """Cycles of a trip, however few operations they have: filling takes one in a hundred."""
    fill: int = 15
    """Cycles of each trip in which engines find less to do than in between."""
    least_groups: int = 4
    """Groups of a trip, however long their code is: fewer cannot fill each other's gaps."""
    trials: int = 100
    """Schedules that are tried of set-up, and of the rest, as far as the level's work allows."""


TUNING = LoopTuning()


def may_be_cut(kernel: CheckedKernel, function: Function, options: Options) -> bool:
    """Whether the kernel has one parallel loop that, as estimated from its text, is long."""
    operations = kernel.work // options.machine.vlen
    return len(function.loops) == 1 and operations > min(TUNING.unrolled, options.max_bundles)


def choose_cut(program: LaneProgram, options: Options) -> Cut | None:
    """How to cut the kernel's loop into trips; None if all its groups are code of their own.

    It is cut if it would take too many operations or, as far as resources tell, more bundles than
    the options allow.  Of the numbers of groups that make a trip of good size it takes the one
    with the fewest cycles.
    """
    vlen = program.machine.vlen
    if not can_cut(program.function):
        return None
    lanes = program.function.loops[0].extent
    groups = lanes // vlen
    values = sum(value.loop >= 0 for value in program.function)
    small = TUNING.per_value * values * groups <= min(TUNING.unrolled, options.max_bundles)
    if groups < 2 or small:
        return None
    single = trip_of(program, Cut(1, groups, 0))
    try:
        dag = cut_dags(single, gather_only(single), {}).trip
    except OutOfScratch:
        return None
    problem = problem_of(dag)
    operations = max(len(dag.groups[0].ops), 1)
    cycles = max(bound.work for bound in every_bound(problem) if bound.prices)
    if any(value.op is Op.REDUCE for value in program.function):
        # Groups change an accumulator one after the other.
        cycles = max(cycles, 1.0)
    if groups * operations <= TUNING.unrolled and groups * cycles <= options.max_bundles:
        return None
    head, tail = heads_and_tails(problem)
    latency = float((head + tail).max(initial=0)) + 1
    most = min(
        TUNING.trip // operations,
        int(TUNING.trip_cycles / cycles),
        int(options.max_bundles / max(cycles, 0.5)) // 2,
    )
    most = max(min(most, groups // 2), 1)
    least = min(max(most * 3 // 4, TUNING.least_groups), most)

    def cost(size: int) -> tuple[float, int]:
        trips, rest = divmod(lanes, size * vlen)
        last = max(latency, -(-rest // vlen) * cycles) + TUNING.fill if rest else 0
        return trips * (size * cycles + TUNING.fill) + last, size

    best = min(range(least, most + 1), key=cost)
    return Cut(best, *divmod(lanes, best * vlen))


def generate_loop(
    program: LaneProgram, cut: Cut, strategies: Sequence[Strategy], options: Options, clock: Clock
) -> Generated:
    """The best candidate for a trip, with set-up before and the rest behind it."""
    trip = trip_of(program, cut)
    found = generate(trip, strategies, options, clock)
    with clock.part("instantiate"):
        dags = cut_dags(trip, found.assignment, found.placements)
    # The same operations in the same order as those of the candidate.
    found = replace(found, dag=dags.trip)
    parts = [
        _part("set-up", dags.setup, options),
        Part("trip", found.dag, found.problem, found.schedule, cut.trips, dags.count),
    ]
    for name, dag in (("rest", dags.rest), ("end", dags.end)):
        if dag is not None:
            parts.append(_part(name, dag, options))
    return replace(found, parts=tuple(parts), state=None)


def _part(name: str, dag: MachineDag, options: Options) -> Part:
    """A part that is executed once, under a schedule for which little is done."""
    problem = problem_of(dag)
    search = StaggerSearch(problem, options.seed)
    search.begin()
    effort = EFFORT[options.level] if options.level else EFFORT[1]
    search.improve(min(TUNING.trials, effort.work // (10 * max(len(problem), 1))))
    return Part(name, dag, problem, search.schedule("list"))
