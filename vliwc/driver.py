"""Compilation from kernel text to a checked program."""

from __future__ import annotations

import time
from bisect import bisect_right
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import accumulate
from math import ceil
from pathlib import Path

from isa.emitted import check_emitted
from isa.program import JSON, Program
from isa.provenance import with_provenance
from vliwc.analysis.facts import Facts
from vliwc.backend.candidates import Generated
from vliwc.backend.emit import emit_parts, part_places
from vliwc.backend.parts import bound_reason
from vliwc.backend.rounds import RoundTrips
from vliwc.clock import Clock, Progress, quiet
from vliwc.diagnostics import Diagnostic, KernelError
from vliwc.guard import guard_test
from vliwc.ir.graph import Function
from vliwc.isel.cut import alike, trip_of
from vliwc.isel.instantiate import instantiate
from vliwc.isel.program import Cut, LaneProgram
from vliwc.lang import CheckedKernel, ast, bind, load_kernel, parse_kernel
from vliwc.lang.interpret import AssumptionViolated, at_run_time, interpret
from vliwc.mir.scheduling_problem import problem_of
from vliwc.options import Options, Relief
from vliwc.passes.base import run_passes
from vliwc.passes.pipeline import PIPELINE
from vliwc.run_time import SizedProgram, compile_phases
from vliwc.sched.check import check_schedule
from vliwc.sched.problem.bounds import SLACK, lower_bound
from vliwc.sched.problem.schedule import OutOfScratch
from vliwc.sched.registry import make_scheduler
from vliwc.stages import Unit, fitting, stages
from vliwc.strategy.bound import LeastWork, least_work
from vliwc.strategy.choose import gather_only

FORWARDING = "forward-words"
"""The pass that lets words go from loop to loop in scratch."""
ENGINES = ("alu", "valu", "load", "store", "flow")


@dataclass(frozen=True, eq=False)
class Guarded:
    """A program that tests what the kernel assumes: ``kernel`` with the assumptions, ``plain`` its
    compilation, ``cost`` the cycles that are added to it, ``otherwise`` the cycles of the program
    where they do not hold."""

    kernel: CheckedKernel
    plain: Compilation
    cost: int
    otherwise: int

    def holds(self, memory: Sequence[int]) -> bool:
        """Whether all that is assumed holds of an input."""
        try:
            interpret(self.kernel, memory)
        except AssumptionViolated:
            return False
        return True

    def to_json(self) -> dict[str, JSON]:
        """What the test costs, as JSON data."""
        return {"cycles": self.cost, "otherwise": self.otherwise}


@dataclass(frozen=True, repr=False)
class Compilation:
    """A compiled kernel and what is known about it.

    ``passes``: the seconds of each stage and part of a stage (:mod:`vliwc.stages`); ``stages``: the
    lane IR after each stage that makes it, if that was asked for.

    ``cycles`` is what the program takes; ``lower_bound`` is that of the chosen operations, however
    they are scheduled, ``kernel_bound`` that of all operations that could have been chosen, and
    ``gap`` and ``kernel_gap`` say how far above them the program is, as fractions of them.  ``ops``
    counts slots per engine; ``utilization`` is the part of an engine's slots that is used.
    ``lengths``: the bundles of each part (``generated.every_part``); a program has several if there
    is a machine loop in it; ``rounds`` of a sequential loop may be its trips.  ``optimised``: no
    pass was left out.  ``functions``: those that the program was chosen for, if there were several.
    ``sized``: of a kernel whose sizes are known at run time; cycles, slots and bounds are those of
    one trip of each largest block then, and :meth:`cycles_for` tells others.
    ``guarded``: of a program that tests what the kernel assumes; ``kernel`` is without that then.
    ``from_cache``: it was made earlier (:mod:`vliwc.cache`), and the seconds are those of then.
    """

    kernel: CheckedKernel
    function: Function
    program: Program
    cycles: int
    lower_bound: int
    bound_reason: str
    scratch_words: int
    compile_seconds: float
    passes: list[tuple[str, float]]
    scheduler: str
    seed: int
    without: tuple[str, ...]
    optimised: bool
    generated: Generated
    lengths: tuple[int, ...]
    rounds: RoundTrips | None = None
    notes: list[str] = field(default_factory=list[str])
    stages: list[tuple[str, Function]] = field(default_factory=list["tuple[str, Function]"])
    from_cache: bool = False
    functions: tuple[Function, ...] = ()
    sized: SizedProgram | None = None
    guarded: Guarded | None = None

    def __repr__(self) -> str:
        sizes = ", ".join(f"{name}={value}" for name, value in self.kernel.params.items())
        return (
            f"<Compilation {self.kernel.name}({sizes}): {self.cycles} cycles, "
            f"{100 * self.gap:.1f} % above the schedule bound of {self.lower_bound}>"
        )

    @property
    def bundles(self) -> int:
        """Bundles of the program."""
        return len(self.program.bundles)

    @property
    def parts(self) -> list[tuple[str, int, int]]:
        """The name of each part of the program, its cycles and how often it is executed; with a
        machine loop there are several, and its trips are one of them."""
        each = zip(self.generated.every_part, self.lengths, strict=True)
        return [(part.name, cycles, part.trips) for part, cycles in each]

    def cycles_for(self, memory: Sequence[int]) -> int:
        """The cycles that the program takes on a memory image, whose words may decide how often
        its parts are executed."""
        if self.guarded is not None and not self.guarded.holds(memory):
            return self.guarded.otherwise
        if self.sized is None:
            return self.cycles
        trips = self.sized.trips(at_run_time(self.kernel, memory))
        return sum(n * cycles for n, cycles in zip(trips, self.lengths, strict=True))

    @property
    def gap(self) -> float:
        """How far the program is above the lower bound, as a fraction of it."""
        return self.cycles / self.lower_bound - 1 if self.lower_bound else 0.0

    @cached_property
    def least_work(self) -> LeastWork:
        """The proof of the kernel bound; found when it is first asked for, in up to seconds.

        If rounds of a sequential loop are repeated, it is of programs with as many in each trip.

        Without all passes there are two functions to choose operations for: it is of the better.
        """
        machine = self.program.machine
        if self.guarded is not None:
            return self.guarded.plain.least_work
        if self.sized is not None:
            return least_work(self.sized.main)
        functions = list(self.functions or (self.function,))
        if not self.optimised:
            functions.append(run_passes(self.function, PIPELINE))
        programs = (LaneProgram.of(f, Facts(f), machine) for f in functions)
        if self.generated.parts:
            programs = map(self._repeated, programs)
        best = min(map(least_work, programs), key=lambda way: way.cycles)
        return (
            best if self.rounds is None else replace(best, cycles=self.rounds.trips * best.cycles)
        )

    def _repeated(self, program: LaneProgram) -> LaneProgram:
        """A group of ``program``, as often as there are full ones; where groups could differ, once,
        because nothing is known of the others then."""
        (loop,) = program.function.loops
        full = loop.extent // program.machine.vlen
        return trip_of(program, Cut(1, full if alike(program.function) else 1, 0))

    @property
    def kernel_bound(self) -> int:
        """No program that the compiler could make of the kernel takes fewer cycles."""
        return ceil(self.least_work.cycles - SLACK)

    @property
    def kernel_gap(self) -> float:
        """How far the program is above the kernel bound, as a fraction of it."""
        return self.cycles / self.kernel_bound - 1 if self.kernel_bound else 0.0

    @property
    def ops(self) -> dict[str, int]:
        """Slots used on each engine, those of machine loops once a trip."""
        found: dict[str, int] = dict.fromkeys(ENGINES, 0)
        ends = list(accumulate(self.lengths))
        for index, bundle in enumerate(self.program.bundles):
            part = min(bisect_right(ends, index), len(ends) - 1)
            times = self.generated.every_part[part].trips
            for engine in ENGINES:
                found[engine] += times * len(bundle.get(engine, ()))
        return found

    @property
    def utilization(self) -> dict[str, float]:
        """The part of each engine's slots that is used."""
        slots = self.program.machine.slots
        cycles = max(self.cycles, 1)
        return {engine: used / (slots[engine] * cycles) for engine, used in self.ops.items()}

    def annotated_program(self) -> Program:
        """The program, with its source and the place of each slot in it in its meta data."""
        found = part_places(self.generated.every_part)
        source = Path(self.kernel.program.source.name).name
        return with_provenance(self.program, source, found, self.kernel.source.text)

    def to_json(self) -> dict[str, JSON]:
        """The report as JSON data."""
        return {
            "kernel": self.function.name,
            "params": dict(self.function.params),
            "cycles": self.cycles,
            "lower_bound": self.lower_bound,
            "bound_reason": self.bound_reason,
            "iterations": [*self.sized.iterations] if self.sized else None,
            "guard": self.guarded and self.guarded.to_json(),
            "gap": self.gap,
            "kernel_bound": self.kernel_bound,
            "kernel_gap": self.kernel_gap,
            "bundles": self.bundles,
            "ops": dict(self.ops),
            "utilization": dict(self.utilization),
            "scratch_words": self.scratch_words,
            "compile_seconds": self.compile_seconds,
            "from_cache": self.from_cache,
            "parts": [
                {"name": name, "cycles": cycles, "trips": trips}
                for name, cycles, trips in self.parts
            ],
            "passes": [{"name": name, "seconds": seconds} for name, seconds in self.passes],
            "scheduler": self.scheduler,
            "seed": self.seed,
            "without": list(self.without),
            "notes": list(self.notes),
        }


def compile_file(
    path: str | Path,
    params: dict[str, int],
    options: Options | None = None,
    progress: Progress | None = None,
    *,
    keep_stages: bool = False,
) -> Compilation:
    """Compile a kernel file.

    Raises :class:`vliwc.diagnostics.KernelError` if the kernel, the parameters or the machine's
    scratch do not allow it.
    """
    limit = (options or Options()).max_unrolled
    return _compile(lambda: load_kernel(path, params, limit), options, progress, keep_stages)


def compile_text(
    text: str,
    name: str,
    params: dict[str, int],
    options: Options | None = None,
    progress: Progress | None = None,
    *,
    keep_stages: bool = False,
) -> Compilation:
    """Compile kernel text; ``name`` stands for the file in messages."""
    limit = (options or Options()).max_unrolled
    return _compile(
        lambda: bind(parse_kernel(text, name), params, limit), options, progress, keep_stages
    )


def compile_checked(
    kernel: CheckedKernel,
    options: Options,
    progress: Progress | None = None,
    *,
    keep_stages: bool = False,
    loading: float = 0.0,
) -> Compilation:
    """Compile a kernel that has been loaded under these options, which took ``loading`` seconds."""
    result = _compile(lambda: kernel, options, progress, keep_stages)
    (name, seconds), *others = result.passes
    return replace(
        result,
        passes=[(name, seconds + loading), *others],
        compile_seconds=result.compile_seconds + loading,
    )


def _compile(
    load: Callable[[], CheckedKernel],
    options: Options | None,
    progress: Progress | None,
    keep_stages: bool,
) -> Compilation:
    """Compile under ``options``, or as close to them as scratch allows."""
    clock = Clock(progress or quiet)
    with clock.stage("front-end"):
        kernel = load()
    asked = options or Options()
    if asked.guard:
        return _guarded(kernel, asked, clock, keep_stages)
    if kernel.run_time:
        return _as_fits(asked, lambda at, relief: _sized(kernel, at, clock, relief))
    return _unrolled(kernel, asked, progress, keep_stages)


def _unrolled(
    kernel: CheckedKernel,
    options: Options,
    progress: Progress | None,
    keep_stages: bool,
    after: bool = False,
) -> Compilation:
    """Compile a kernel whose sizes are known; ``after``: behind another program."""
    return _as_fits(options, lambda at, to: _best_at(kernel, at, progress, keep_stages, to, after))


def _as_fits(options: Options, compiled: Callable[[Options, Relief], Compilation]) -> Compilation:
    """What is ``compiled`` under ``options``, or as close to them as scratch allows."""
    result, notes = fitting(options, compiled)
    return replace(result, notes=[*notes, *result.notes])


def _guarded(
    kernel: CheckedKernel, options: Options, clock: Clock, keep_stages: bool
) -> Compilation:
    """Compile a kernel with a test of its assumptions, and once more without them."""
    if kernel.run_time:
        message = "a guard for a kernel whose sizes are known at run time"
        span = kernel.words[0].symbol.span
        raise KernelError([Diagnostic("E0518", message, span)], kernel.source)
    started = time.perf_counter()
    test = guard_test(kernel, options, clock)
    alone = replace(options, guard=False)
    if test is None:
        result = compile_checked(kernel, alone, clock.progress, keep_stages=keep_stages)
        note = "nothing is assumed about the input: there is nothing to guard"
        return replace(result, notes=[*result.notes, note])
    without = ast.without_assumptions(kernel.program)
    general = bind(without, kernel.params, options.max_unrolled)
    fast = _unrolled(kernel, alone, clock.progress, keep_stages, after=True)
    slow = _unrolled(general, replace(alone, hint=None), clock.progress, keep_stages, after=True)
    *first, last = fast.generated.every_part
    first.append(replace(last, halts=True))
    others = [
        replace(part, name=f"otherwise {part.name}", trips=0) for part in slow.generated.every_part
    ]
    parts = (replace(test, over=len(first)), *first, *others)
    program, lengths = emit_parts(parts, options.machine)
    check_schedule(test.problem, test.schedule)
    check_emitted(program)
    cycles = sum(part.trips * n for part, n in zip(parts, lengths, strict=True))
    return replace(
        fast,
        kernel=general,
        program=replace(program, meta=fast.program.meta),
        cycles=cycles,
        lower_bound=sum(part.trips * part.schedule.lower_bound for part in parts),
        bound_reason=bound_reason(parts),
        compile_seconds=time.perf_counter() - started,
        generated=replace(fast.generated, parts=parts, state=None),
        lengths=lengths,
        guarded=Guarded(kernel, fast, cycles - fast.cycles, lengths[0] + slow.cycles),
    )


def _sized(kernel: CheckedKernel, options: Options, clock: Clock, relief: Relief) -> Compilation:
    """Compile a kernel whose sizes are known at run time."""
    started = time.perf_counter()
    # Its phases make their words for themselves at most: no memory is known to be free in all.
    made = compile_phases(kernel, options, clock, unshared=relief is not Relief.NONE)
    unit = Unit(lambda: kernel, options, clock, relief)
    unit.kernel, unit.function, unit.generated = kernel, made.main.function, made.generated
    for stage in stages(options)[-3:]:  # check, emit, validate
        with clock.stage(stage.name):
            stage.run(unit)
    found = _compilation(unit, options, time.perf_counter() - started, [])
    seconds = dict.fromkeys((name for name, _ in found.passes), 0.0)
    for name, took in found.passes:
        seconds[name] += took
    return replace(found, sized=made, passes=list(seconds.items()))


def _best_at(
    kernel: CheckedKernel,
    options: Options,
    progress: Progress | None,
    keep_stages: bool,
    relief: Relief,
    after: bool,
) -> Compilation:
    """Compile at one level.  Where words go from loop to loop in scratch, do the same with memory
    in between if that does not fit, or if the bound of the other program is lower."""
    run = _Run(kernel, options, progress, keep_stages, relief, after)
    run.to("analyse")
    if not run.forwarded:
        return run.result()
    apart = replace(options, without=(*options.without, FORWARDING))
    rival = _Run(run.unit.kernel, apart, progress, keep_stages, relief, after)
    rival.to("analyse")
    functions = (run.unit.function, rival.unit.function)
    try:
        result = run.result()
    except OutOfScratch:
        return replace(rival.result(), functions=functions)
    if rival.least() < result.cycles:
        with suppress(OutOfScratch):
            result = min(result, rival.result(), key=lambda each: each.cycles)
    return replace(result, functions=functions, compile_seconds=run.seconds + rival.seconds)


class _Run:
    """The stages of one compilation, run as far as :meth:`to` says.

    ``forwarded``: words go from loop to loop in scratch.
    """

    def __init__(
        self,
        kernel: CheckedKernel,
        options: Options,
        progress: Progress | None,
        keep_stages: bool,
        relief: Relief,
        after: bool,
    ) -> None:
        make_scheduler(options.scheduler, options.seed)  # wrong names are better refused at once
        self.options = options
        self.unit = Unit(lambda: kernel, options, Clock(progress or quiet), relief, after=after)
        self.seconds = 0.0
        self.forwarded = False
        self._left = stages(options)
        self._keep = keep_stages
        self._lanes: list[tuple[str, Function]] = []

    def to(self, name: str) -> None:
        """Run the stages up to the one with this name."""
        started = time.perf_counter()
        done = ""
        while done != name:
            stage = self._left.pop(0)
            before = self.unit.function if stage.name == FORWARDING else None
            with self.unit.clock.stage(stage.name):
                stage.run(self.unit)
            if before is not None:
                self.forwarded = self.unit.function is not before
            if self._keep and stage.lane_ir:
                self._lanes.append((stage.name, self.unit.function))
            done = stage.name
        self.seconds += time.perf_counter() - started

    def least(self) -> int:
        """The cycles that the operations of a plain program take at least."""
        started = time.perf_counter()
        lanes = self.unit.lanes
        dag = instantiate(lanes, gather_only(lanes, block=1)).dag
        self.seconds += time.perf_counter() - started
        return lower_bound(problem_of(dag)).cycles

    def result(self) -> Compilation:
        """Run all stages that are left."""
        self.to(self._left[-1].name)
        return _compilation(self.unit, self.options, self.seconds, self._lanes)


def _compilation(
    unit: Unit, options: Options, seconds: float, lanes: list[tuple[str, Function]]
) -> Compilation:
    parts = unit.generated.every_part
    return Compilation(
        kernel=unit.kernel,
        function=unit.function,
        program=unit.program,
        cycles=sum(part.trips * n for part, n in zip(parts, unit.lengths, strict=True)),
        lower_bound=sum(part.trips * part.schedule.lower_bound for part in parts),
        bound_reason=bound_reason(parts),
        scratch_words=max(part.schedule.peak_words + part.fixed_words for part in parts),
        compile_seconds=seconds,
        passes=unit.clock.times,
        scheduler=options.scheduler,
        seed=options.seed,
        without=options.without,
        optimised=options.level > 0 and not options.without,
        generated=unit.generated,
        lengths=unit.lengths,
        rounds=unit.rounds,
        notes=[*unit.notes, *unit.generated.notes],
        stages=lanes,
    )
