"""Compilation from kernel text to a checked program."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from isa.emitted import check_emitted
from vliwc.backend.emit import emit_parts
from vliwc.backend.parts import bound_reason
from vliwc.clock import Clock, Progress, quiet
from vliwc.compilation import ENGINES as ENGINES
from vliwc.compilation import Compilation as Compilation
from vliwc.compilation import Guarded
from vliwc.diagnostics import Diagnostic, KernelError
from vliwc.guard import guard_test
from vliwc.ir.graph import Function
from vliwc.isel.instantiate import instantiate
from vliwc.isel.memory.moves import needed_moves
from vliwc.isel.memory.side_by_side import ADJACENT, layouts
from vliwc.lang import CheckedKernel, ast, bind, load_kernel, parse_kernel
from vliwc.mir.scheduling_problem import problem_of
from vliwc.options import Options, Relief
from vliwc.run_time import compile_phases
from vliwc.sched.anytime import expired
from vliwc.sched.check import check_schedule
from vliwc.sched.problem.bounds import lower_bound
from vliwc.sched.problem.schedule import OutOfScratch
from vliwc.sched.registry import make_scheduler
from vliwc.stages import Unit, fitting, stages
from vliwc.strategy.choose import gather_only

FORWARDING = "forward-words"
"""The pass that lets words go from loop to loop in scratch."""


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
    """Compile at one level.  Where words go from loop to loop in scratch, do the same without their
    standing side by side, and with memory in between, if that does not fit, or if the bound of the
    other program is lower."""
    run = _Run(kernel, options, progress, keep_stages, relief, after)
    run.to("analyse")
    if not run.forwarded:
        return run.result()
    refused: OutOfScratch | None = None
    result: Compilation | None = None
    lanes = run.unit.lanes
    try:
        result = run.result()
    except OutOfScratch as error:
        refused = error
    runs = [run]
    for name in (ADJACENT, FORWARDING)[not layouts(lanes, needed_moves(lanes.function)) :]:
        apart = replace(options, without=(*options.without, name))
        runs.append(rival := _Run(kernel, apart, progress, keep_stages, relief, after))
        rival.to("analyse")
        if result is not None and (expired() or rival.least() >= result.cycles):
            continue
        try:
            found = rival.result()
        except OutOfScratch as error:
            refused = error
        else:
            result = found if result is None or found.cycles < result.cycles else result
    if result is None:
        assert refused is not None
        raise refused
    chosen_for = [f for r in (run, runs[-1]) for f in r.unit.functions or (r.unit.function,)]
    functions = tuple(dict.fromkeys((*chosen_for, *result.functions)))
    return replace(result, functions=functions, compile_seconds=sum(r.seconds for r in runs))


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
        functions=unit.functions,
    )
