"""A compiled kernel: the program, its bounds, and what was found out on the way."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import accumulate
from math import ceil
from pathlib import Path

from isa.program import JSON, Program
from isa.provenance import with_provenance
from vliwc.analysis.facts import Facts
from vliwc.backend.candidates import Generated
from vliwc.backend.emit import part_places
from vliwc.backend.rounds import RoundTrips
from vliwc.ir.graph import Function
from vliwc.isel.cut import alike, trip_of
from vliwc.isel.program import Cut, LaneProgram
from vliwc.lang import CheckedKernel
from vliwc.lang.interpret import AssumptionViolated, at_run_time, interpret
from vliwc.passes.base import run_passes
from vliwc.passes.pipeline import PIPELINE
from vliwc.run_time import SizedProgram
from vliwc.sched.problem.bounds import SLACK
from vliwc.strategy.bound import LeastWork, least_work

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
