"""The efforts and sizes of the exact methods: one record each, and the solver that they limit.

Effort is counted in CP-SAT's deterministic time, which is about seconds on one core and the same in
every run.  All numbers were tuned by ``python -m benchmarks.proofs`` (blocks proved, and the time
that this took; docs/proofs.md has the table) unless their line names another command.
"""

from __future__ import annotations

from dataclasses import dataclass

from vliwc.sched.anytime import remaining, stoppable
from vliwc.solvers import cp_model


@dataclass(frozen=True)
class CpSatLimits:
    """Of the portfolio :mod:`vliwc.sched.exact.cpsat`.  Sizes decide which models are tried at all,
    efforts in which order and for how long."""

    first_effort: float = 1.0
    """Effort of the first run of a model; limits double from round to round."""
    delivery: float = 2.0
    """Credit of a run that delivers (:mod:`vliwc.sched.exact.turns`): at most twice that, so
    that a method gets five times the effort of one that delivers nothing.
    ``python -m benchmarks.projects``"""
    fluid_effort: float = 12.0
    """Effort of the first run of the fluid model in integers: it proves most blocks of some
    hundred operations within it, and is where the interval model would be lost."""
    scan_effort: float = 5e-8
    """Effort of looking at one interval after one decision, which CP-SAT's own time leaves out."""
    dear_dive: float = 0.1
    """Bare models of which one dive takes this part of a run's limit have their conflicts counted,
    as the others have."""
    relaxation_effort: float = 5e-5
    """Effort of a linear relaxation for each term of its rows."""
    preparation_effort: float = 1e-5
    """Effort of building and simplifying a model of rows, for each term."""
    order_effort: float = 1e-4
    """Effort of each set of operations that the peak-memory search looks at."""
    first_pace: float = 0.005
    """Effort of one conflict of an interval model as long as none has been seen."""
    first_conflicts: int = 200
    """Conflicts of such a run at most."""
    window_part: float = 0.3
    """Part of a project's tasks that is free in the first window."""
    min_window: int = 5
    """Tasks in a window at least."""
    window_growth: float = 1.05
    """By how much windows grow or shrink from one to the next."""
    window_effort: float = 0.1
    """Effort of one window of a project.  ``python -m benchmarks.projects``"""
    max_preparation: int = 4
    """The time-indexed model waits for limits of which building it is at most such a multiple."""
    max_relaxed_windows: int = 4_000
    """Cycles in the start windows of all operations up to which the time-indexed formulation is
    relaxed linearly; beyond, the fluid relaxation proves as much in less time."""
    max_step_windows: int = 150_000
    """The same for the time-indexed formulation in integers."""
    max_quick_terms: int = 250_000
    """Terms of the counting model up to which relaxations come before the interval model."""
    max_count_terms: int = 600_000
    """Terms of the counting model up to which models of counts are tried at all."""
    max_intervals: int = 30_000
    """Intervals of the interval model; beyond all three, only greedy schedules and analytic bounds
    are left (and :mod:`vliwc.sched.exact.lns`)."""
    first_order_sets: int = 15_000
    """Sets of operations that the peak-memory search looks at before the models, at most."""
    max_order_sets: int = 150_000
    """The same after a first round of the models that found nothing."""
    max_window_steps: int = 20_000_000_000
    """Steps of sharpening heads and tails at most, some seconds: about 8000 operations."""
    step_effort: float = 5e-10
    """Effort of one of them, in units of CP-SAT's deterministic time (about seconds)."""
    list_trials: int = 2_000_000
    """Operations that the list scheduler may place while looking for a first schedule: below a
    tenth of the time of a small proof."""
    many_groups: int = 8
    """Groups that are alike from which on models in which they take turns are tried."""
    margins: tuple[int, ...] = (0, 1, 2, 4)
    """Vectors of scratch left unused, in turn, where addresses cannot be assigned otherwise."""
    last_share: int = 4
    """First runs, and the fluid model in integers, get one part in so many of what is left at
    most: what they leave is enough for other methods."""
    makespan_growth: int = 3
    """Where no schedule is known, models are tried with ever longer makespans: each time longer by
    one part in so many."""
    tail_tilt: float = 0.01
    """Where counts are no schedule, list schedules in the order of their starts are tried, also
    with so many cycles for each cycle of an operation's longest path to the end."""
    confirmation: float = 1.0
    """Effort of confirming claims, as a part of the budget and beside it: without presolve most
    proofs take about as long as with it."""


@dataclass(frozen=True)
class ModelLimits:
    """Of single models, whoever uses them."""

    min_joint_load: float = 0.5
    """Engines get a cumulative of their own together if their joint work takes this part of the
    horizon at least: others never bind, and each costs time after every decision."""
    max_shared: int = 12
    """Values with several readers left, all of them ready, that the peak-memory search takes on at
    most: all unions, 4096 of them, are tried."""
    confirmation_runs: int = 3
    """Runs without presolve for one claim: a guess, one at the pace that this has shown, one for
    what that misjudged."""


@dataclass(frozen=True)
class LnsLimits:
    """Of the large neighbourhood search :mod:`vliwc.sched.exact.lns`; tuned by ``vliwc compare
    --kernels all --scheduler list --scheduler cpsat-lns``."""

    operations: int = 150
    """Operations of a window, about: windows of more are rarely solved within their effort."""
    effort: float = 0.3
    """Effort of one window."""
    conflicts: int = 150
    """Conflicts of one window."""
    min_window: int = 4
    """Cycles of a window at least."""
    window_growth: int = 4
    """Windows of the next round are longer by one part in so many, so that it cuts elsewhere."""
    max_reallocated: int = 400
    """Results up to which addresses are assigned anew; with more they are only repaired, since the
    allocator's time grows with their square."""


@dataclass(frozen=True)
class IlpLimits:
    """Of the integer program :mod:`vliwc.sched.exact.ilp`; tuned by ``vliwc compare --kernels small
    --scheduler ilp``."""

    max_variables: int = 25_000
    """Larger programs are not tried: their first relaxation alone would take minutes."""
    unit_variables: int = 1_000
    """Variables of the program whose nodes are the unit of the budget."""
    root_iterations: int = 10_000
    """Simplex iterations at the root: beyond, some hundred operations take minutes there."""
    node_iterations: int = 2_000
    """Simplex iterations at each later node."""
    least_share: int = 10
    """A program counts as one part in so many of the budget at least, since HiGHS' wrapper does not
    tell how many nodes it used."""
    margins: tuple[int, ...] = (0, 1, 2, 4)
    """As :attr:`CpSatLimits.margins`."""


MODELS = ModelLimits()


def make_solver(
    seed: int, limit: float, conflicts: int, *, linear: bool = False, presolve: bool = True
) -> cp_model.CpSolver:
    """A solver with the parameters that serve on these models, limited to so much deterministic
    time and so many conflicts (0 in models without intervals: no limit).

    The overload checker is off by default; with intervals it decides between proofs in a second
    and none.  Linear relaxations serve counts; the other models they cost more than they save.
    """
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.random_seed = seed
    solver.parameters.max_deterministic_time = limit
    solver.parameters.linearization_level = int(linear)
    solver.parameters.cp_model_presolve = presolve
    if conflicts:
        solver.parameters.max_number_of_conflicts = conflicts
        solver.parameters.use_overload_checker_in_cumulative = True
    return solver


def solved(solver: cp_model.CpSolver, model: cp_model.CpModel) -> cp_model.CpSolverStatus:
    """Run a solver; whoever watches (:mod:`vliwc.sched.anytime`) can end it."""
    # CP-SAT would take an interrupt for itself, and the search would go on with its next run.
    solver.parameters.catch_sigint_signal = False
    seconds = remaining()
    if seconds is not None:
        solver.parameters.max_time_in_seconds = seconds
    with stoppable(solver):
        return solver.solve(model)
