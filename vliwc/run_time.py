"""Compilation of kernels whose sizes or addresses are known at run time.

A phase (:mod:`vliwc.phases`) that is a loop over a number of iterations which only the program
knows becomes *blocks*: code for a number of iterations that is a power of two each.  The largest
block is a machine loop, executed as often as it fits; of the others, each half the size of the one
before, those are executed that the binary digits of what is left ask for.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from isa.machine import MachineSpec
from vliwc.analysis.facts import Facts
from vliwc.backend.candidates import Generated, balanced, generate
from vliwc.backend.parts import Part
from vliwc.clock import Clock
from vliwc.ir.graph import Array, Function, Role, Where
from vliwc.ir.rebuild import Rebuild
from vliwc.ir.value import Op
from vliwc.isel.instantiate import instantiate
from vliwc.isel.program import STRATEGIES, KeptWords, LaneProgram
from vliwc.lang import CheckedKernel
from vliwc.lang.binding import require_size
from vliwc.mir.dag import MachineDag
from vliwc.mir.operation import MOp
from vliwc.mir.scheduling_problem import problem_of
from vliwc.options import Options
from vliwc.passes.base import run_passes
from vliwc.passes.pipeline import passes_for
from vliwc.phases import COUNT, START, TRIPS, Phase, SizeOf, lower_phases
from vliwc.sched.problem.schedule import OutOfScratch
from vliwc.sched.staggered.search import StaggerSearch
from vliwc.strategy.choose import gather_only


@dataclass(frozen=True)
class BlockTuning:
    """The tuned numbers of this module, set by hand: ``python -m benchmarks.sizes``."""

    operations: int = 10_000
    """Operations of the largest block: with more, filling and draining the engines once a block
    matters less, but schedules cost more."""
    lanes: int = 512
    """Iterations of the largest block: more hardly help, but a remainder takes more blocks."""
    level: int = 1
    """Blocks but the largest one, and what stands between loops, are compiled at this level at
    most: they are executed once."""


TUNING = BlockTuning()


@dataclass(frozen=True, eq=False)
class Loop:
    """A loop over ``count`` iterations in blocks of ``sizes`` iterations, the largest first, of
    which the parts of the program from number ``first`` on are made: the block, then a test and a
    block for each other size."""

    count: SizeOf
    sizes: tuple[int, ...]
    first: int


@dataclass(frozen=True, eq=False)
class SizedProgram:
    """The parts of a program whose sizes are known at run time, their loops, and the largest block
    as a lane program."""

    generated: Generated
    loops: tuple[Loop, ...]
    main: LaneProgram

    def trips(self, kernel: CheckedKernel) -> list[int]:
        """How often each part is executed in a kernel whose words are known."""
        found = [1 for _ in self.generated.every_part]
        for loop in self.loops:
            count = loop.count.of(kernel)
            largest, *smaller = loop.sizes
            found[loop.first] = count // largest
            for number, size in enumerate(smaller):
                found[loop.first + 2 * number + 2] = count // size % 2
        return found


def compile_phases(
    kernel: CheckedKernel, options: Options, clock: Clock, *, unshared: bool
) -> SizedProgram:
    """Compile a kernel that reads sizes or addresses when it starts.

    Raises :class:`vliwc.diagnostics.KernelError` for what cannot be done at run time, and
    :class:`vliwc.sched.problem.schedule.OutOfScratch`.
    """
    require_size(kernel, options.machine.vlen, options.max_operations)
    with clock.stage("lower"):
        phases = lower_phases(kernel, options.max_unrolled)
    return _Compiler(kernel, options, clock, unshared).run(phases)


class _Compiler:
    def __init__(
        self, kernel: CheckedKernel, options: Options, clock: Clock, unshared: bool
    ) -> None:
        self.kernel = kernel
        self.free: dict[str, Array] = {}
        self.options = options
        self.later = replace(options, level=min(options.level, TUNING.level), hint=None)
        self.clock = clock
        self.unshared = unshared
        self.parts: list[Part] = []
        self.loops: list[Loop] = []
        self.notes: list[str] = []
        self.kept = KeptWords({}, {})
        self.machine = options.machine

    def run(self, phases: Sequence[Phase]) -> SizedProgram:
        """All parts of the program, in order."""
        self.keep(name for phase in phases for name in _kept(phase.function))
        self.free = self.unused(phases)
        sizes = [self.sizes(phase) if phase.count is not None else () for phase in phases]
        longest = max(sizes, key=len, default=())
        self.keep([*self.kept.of, *(_skip(size) for size in longest)])
        main: tuple[Generated, LaneProgram] | None = None
        for number, phase in enumerate(phases):
            following = sizes[number + 1] if number + 1 < len(phases) else ()
            if phase.count is None:
                function = _with_control(phase.function, following) if following else phase.function
                level = self.later if any(sizes) else self.options
                made = self.part(phase.name, function, level)
            else:
                made = self.blocks(phase, phase.count, sizes[number])
            if main is None or len(made[0].problem) > len(main[0].problem):
                main = made
        assert main is not None
        generated = replace(
            main[0], parts=tuple(self.parts), notes=tuple(dict.fromkeys(self.notes)), state=None
        )
        return SizedProgram(generated, tuple(self.loops), main[1])

    def keep(self, names: Iterable[str]) -> None:
        """Give words that parts hand on their places, at the end of scratch."""
        machine = self.options.machine
        found = {name: MOp(name, ()) for name in dict.fromkeys(names)}
        start = machine.scratch_words - len(found)
        left = start // machine.vlen * machine.vlen
        if left < machine.vlen:
            raise OutOfScratch(
                f"{len(found)} words that parts of the program share do not fit into "
                f"{machine.scratch_words} words"
            )
        self.kept = KeptWords(found, {op: start + n for n, op in enumerate(found.values())})
        self.machine = replace(machine, scratch_words=left)

    def optimised(self, function: Function, options: Options) -> Function:
        """``function`` after all passes."""
        also = STRATEGIES if options.level else ()
        for each in passes_for(options.level, options.without, also):
            with self.clock.stage(each.name):
                function = run_passes(function, [each], check=options.verify)
        return function

    def lanes(self, function: Function, options: Options) -> LaneProgram:
        """An optimised lane program."""
        function = self.optimised(function, options)
        left_out = {name for name in options.without if name in STRATEGIES}
        if options.level == 0:
            left_out.add("edges")
        return LaneProgram.of(
            function,
            Facts(function),
            self.machine,
            left_out=left_out,
            after=bool(self.parts),
            kept=self.kept,
        )

    def sizes(self, phase: Phase) -> tuple[int, ...]:
        """The numbers of iterations of the blocks of a loop."""
        function = phase.function
        vlen = self.options.machine.vlen
        lanes = self.lanes(_of_lanes(function, vlen), self.later)
        dag = instantiate(lanes, gather_only(lanes, block=1)).dag
        groups = TUNING.operations // max(len(dag.groups[0].ops), 1)
        most = min(max(groups, 1) * vlen, TUNING.lanes, function.arrays[COUNT].below - 1)
        largest = 1 << max(most, 1).bit_length() - 1
        return tuple(largest >> k for k in range(largest.bit_length()))

    def part(
        self, name: str, function: Function, options: Options
    ) -> tuple[Generated, LaneProgram]:
        """Compile one part."""
        lanes = self.lanes(function, options)
        with self.clock.stage("balance"):
            strategies = [] if self.unshared else balanced(lanes, options)
        with self.clock.stage("schedule"):
            made = generate(lanes, strategies, options, self.clock, unshared=self.unshared)
        self.notes += made.notes
        self.parts.append(Part(name, made.dag, made.problem, made.schedule))
        return made, lanes

    def blocks(
        self, phase: Phase, count: SizeOf, sizes: tuple[int, ...]
    ) -> tuple[Generated, LaneProgram]:
        """The blocks of a loop, and the tests which of them are executed."""
        largest, *smaller = sizes
        self.skip_next(_skip(largest))
        self.loops.append(Loop(count, sizes, len(self.parts)))
        function = self.with_room(_of_lanes(phase.function, largest), phase.as_long)
        main = self.part(f"{phase.name} x {largest}", function, self.options)
        self.parts[-1] = replace(self.parts[-1], count=self.kept.of[TRIPS])
        for size in smaller:
            self.parts.append(_nothing("test", self.machine, self.kept))
            self.skip_next(_skip(size))
            self.part(f"{phase.name} x {size}", _of_lanes(phase.function, size), self.later)
            self.parts[-1] = replace(self.parts[-1], trips=0)
        return main

    def unused(self, phases: Sequence[Phase]) -> dict[str, Array]:
        """The arrays whose content is dead at exit and of which no phase reads or writes a word."""
        found = {
            name: array
            for name, array in self.kernel.arrays.items()
            if array.role in (Role.SCRATCH, Role.IN_SCRATCH)
        }
        for phase in phases:
            function = self.optimised(phase.function, self.later)
            live = function.computed()
            for value in function:
                if value.is_memory and value in live:
                    found.pop(value.array, None)
        return found

    def with_room(self, function: Function, as_long: Mapping[str, int]) -> Function:
        """The largest block of a loop, which may use unused arrays as far as they are there when it
        is executed."""
        (loop,) = function.loops
        arrays = dict(function.arrays)
        memory = function.certain_words
        for name, array in self.free.items():
            if array.placed:
                arrays[name] = replace(array, role=Role.SCRATCH)
            elif name in as_long:
                base = as_long[name]
                arrays[name] = Array(name, base, loop.extent, Role.SCRATCH)
                memory = max(memory, base + loop.extent)
        return replace(function, arrays=arrays, memory_words=memory)

    def skip_next(self, name: str) -> None:
        """Let the last part jump over the next one if a word is not zero."""
        self.parts[-1] = replace(self.parts[-1], skip=self.kept.of[name])


def _skip(size: int) -> str:
    return f"loop.skip.{size}"


def _kept(function: Function) -> Iterator[str]:
    for array in function.arrays.values():
        if array.where is Where.SCRATCH:
            yield array.name


def _of_lanes(function: Function, lanes: int) -> Function:
    (loop,) = function.loops
    return replace(function, loops=(replace(loop, extent=lanes),))


def _with_control(function: Function, sizes: Sequence[int]) -> Function:
    """``function``, which ends with the number of iterations, with what blocks need to know."""
    rebuild = Rebuild(function)
    for value in function:
        rebuild.keep(value)
    builder = rebuild.builder
    (store,) = (root for root in function.roots if root.array == COUNT)
    span = store.span
    count, zero = rebuild.new[store.args[1]], builder.const(0, span)
    largest, *smaller = sizes
    trips = builder.op(Op.DIV, count, builder.const(largest, span), span=span)
    words = {START: zero, TRIPS: trips, _skip(largest): builder.op(Op.EQ, trips, zero, span=span)}
    for size in smaller:
        digit = builder.op(Op.AND, count, builder.const(size, span), span=span)
        words[_skip(size)] = builder.op(Op.EQ, digit, zero, span=span)
    for name, word in words.items():
        builder.arrays.setdefault(name, Array(name, 0, 1, Role.INOUT, where=Where.SCRATCH))
        builder.store(name, zero, word, span=span)
    return rebuild.finish()


def _nothing(name: str, machine: MachineSpec, kept: KeptWords) -> Part:
    """A part with nothing but a jump."""
    before = frozenset(kept.of.values())
    dag = MachineDag(machine, [], [], [], {}, dict(kept.places), before)
    problem = problem_of(dag)
    search = StaggerSearch(problem, 0)
    search.begin()
    return Part(name, dag, problem, search.schedule("list"))
