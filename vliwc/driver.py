"""Compilation from kernel text to a checked program."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from isa.emitted import check_emitted
from isa.program import JSON, Program
from isa.provenance import with_provenance
from vliwc.analysis.bounds import check_bounds
from vliwc.analysis.facts import Facts
from vliwc.backend.apply_scheduler import rescheduled
from vliwc.backend.candidates import Generated, generate
from vliwc.backend.emit import emit, places
from vliwc.backend.resume import KEY
from vliwc.diagnostics import Diagnostic, KernelError
from vliwc.ir.graph import Function
from vliwc.ir.verify import verify
from vliwc.isel.program import LaneProgram
from vliwc.lang import CheckedKernel, bind, load_kernel, parse_kernel
from vliwc.lang.lower import lower
from vliwc.options import Options
from vliwc.passes.pipeline import passes_for
from vliwc.sched.check import check_schedule
from vliwc.sched.problem.schedule import OutOfScratch
from vliwc.sched.registry import make_scheduler

Progress = Callable[[str, float | None], None]
"""Called with the name of a stage and, where known, the part of it that is done (0..1)."""

ENGINES = ("alu", "valu", "load", "store", "flow")


@dataclass(frozen=True)
class Compilation:
    """A compiled kernel and what is known about it.

    ``cycles`` is what the program takes; ``gap`` is ``cycles / lower_bound - 1``; ``ops`` counts
    slots per engine; ``utilization`` is the part of an engine's slots that is used.
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
    generated: Generated = field(repr=False)
    notes: list[str] = field(default_factory=list[str])
    stages: list[tuple[str, Function]] = field(default_factory=list["tuple[str, Function]"])

    @property
    def bundles(self) -> int:
        """Bundles of the program."""
        return len(self.program.bundles)

    @property
    def gap(self) -> float:
        """How far the program is above the lower bound, as a fraction of it."""
        return self.cycles / self.lower_bound - 1 if self.lower_bound else 0.0

    @property
    def ops(self) -> dict[str, int]:
        """Slots used on each engine."""
        return {
            engine: sum(len(bundle.get(engine, ())) for bundle in self.program.bundles)
            for engine in ENGINES
        }

    @property
    def utilization(self) -> dict[str, float]:
        """The part of each engine's slots that is used."""
        slots = self.program.machine.slots
        cycles = max(self.cycles, 1)
        return {engine: used / (slots[engine] * cycles) for engine, used in self.ops.items()}

    def annotated_program(self) -> Program:
        """The program, with the source line and the lane group of each slot in its meta data."""
        found = places(self.generated.dag, self.generated.schedule)
        source = Path(self.kernel.program.source.name).name
        return with_provenance(self.program, source, found)

    def to_json(self) -> dict[str, JSON]:
        """The report as JSON data."""
        return {
            "kernel": self.function.name,
            "params": dict(self.function.params),
            "cycles": self.cycles,
            "lower_bound": self.lower_bound,
            "bound_reason": self.bound_reason,
            "gap": self.gap,
            "bundles": self.bundles,
            "ops": dict(self.ops),
            "utilization": dict(self.utilization),
            "scratch_words": self.scratch_words,
            "compile_seconds": self.compile_seconds,
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
    started = time.perf_counter()
    kernel = load_kernel(path, params)
    return _compile(kernel, options or Options(), progress, keep_stages, started)


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
    started = time.perf_counter()
    kernel = bind(parse_kernel(text, name), params)
    return _compile(kernel, options or Options(), progress, keep_stages, started)


def optimise(
    function: Function, options: Options, progress: Progress
) -> tuple[Function, list[tuple[str, float]], list[tuple[str, Function]]]:
    """Run the passes; the result, the seconds of each, and the function after each."""
    times: list[tuple[str, float]] = []
    stages = [("lower", function)]
    for step in passes_for(options.level, options.without):
        progress(step.name, None)
        before = time.perf_counter()
        function = step.run(function)
        times.append((step.name, time.perf_counter() - before))
        stages.append((step.name, function))
        if options.verify:
            verify(function)
    return function, times, stages


def _compile(
    kernel: CheckedKernel,
    options: Options,
    progress: Progress | None,
    keep_stages: bool,
    started: float,
) -> Compilation:
    show = progress or _quiet
    make_scheduler(options.scheduler, options.seed)  # wrong names are better refused at once
    passes_for(options.level, options.without)
    times: list[tuple[str, float]] = []

    def timed(name: str, since: float) -> float:
        now = time.perf_counter()
        times.append((name, now - since))
        return now

    clock = timed("front end", started)
    show("lower", None)
    lowered = lower(kernel)
    clock = timed("lower", clock)
    function, pass_times, stages = optimise(lowered, options, show)
    times.extend(pass_times)
    clock = time.perf_counter()
    facts = Facts(function)
    notes = [
        f"cannot prove that {value.array}[...] stays inside the array"
        + (f" ({value.span})" if value.span else "")
        for value in check_bounds(function, facts)
    ]
    lanes = LaneProgram.of(function, facts, options.machine)
    clock = timed("analyse", clock)
    try:
        generated = rescheduled(generate(lanes, options, show), options, show)
    except OutOfScratch as error:
        raise KernelError([Diagnostic("E0901", str(error))]) from error
    clock = timed("schedule", clock)
    check_schedule(generated.problem, generated.schedule)
    clock = timed("check", clock)
    program = emit(generated.dag, generated.schedule)
    program = replace(program, meta=_meta(kernel, options, generated))
    check_emitted(program)
    timed("emit", clock)
    schedule = generated.schedule
    return Compilation(
        kernel=kernel,
        function=function,
        program=program,
        cycles=len(program.bundles),
        lower_bound=schedule.lower_bound,
        bound_reason=schedule.bound_reason,
        scratch_words=schedule.peak_words,
        compile_seconds=time.perf_counter() - started,
        passes=times,
        scheduler=options.scheduler,
        seed=options.seed,
        without=options.without,
        generated=generated,
        notes=[*notes, *generated.notes],
        stages=stages if keep_stages else [],
    )


def _meta(kernel: CheckedKernel, options: Options, generated: Generated) -> dict[str, JSON]:
    """What the program file says of its origin, and what a later search can go on from."""
    meta: dict[str, JSON] = {
        "kernel": kernel.name,
        "params": dict(kernel.params),
        "level": options.level,
        "seed": options.seed,
    }
    if options.without:
        meta["without"] = list(options.without)
    if generated.state is not None:
        meta[KEY] = generated.state.to_json()
    return meta


def _quiet(stage: str, part: float | None) -> None:
    """Progress for nobody."""
