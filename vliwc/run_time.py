"""Compilation of kernels whose sizes or addresses are known at run time.

A phase (:mod:`vliwc.phases`) that is a loop over a number of iterations which only the program
knows becomes *blocks*: code for a number of iterations each.  The largest block, a power of two, is
a machine loop, executed as often as it fits.  What is left is one block more: the smallest that has
as many lanes, some of which do the same iterations (:mod:`vliwc.isel.loops.overlap`).  Where that
would not come to the same, blocks are executed that the binary digits of what is left ask for.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from isa.machine import MachineSpec
from vliwc.analysis.facts import Facts
from vliwc.backend.candidates import Generated, balanced, generate
from vliwc.backend.parts import Part
from vliwc.clock import Clock
from vliwc.ir.builder import Builder
from vliwc.ir.graph import Array, Function, Role, Where
from vliwc.ir.rebuild import Rebuild
from vliwc.ir.value import Op, Value
from vliwc.isel.instantiate import instantiate
from vliwc.isel.loops.overlap import hindrance, waiting
from vliwc.isel.program import STRATEGIES, KeptWords, LaneProgram, Overlap
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
    """Iterations of the largest block: more hardly help, but a remainder may take as long."""
    level: int = 1
    """Small blocks, and what stands between loops, are compiled at this level at most: they are
    executed once."""
    share: int = 2
    """Small ones have less than this part of the largest one's lanes. Those for what it leaves have
    twice as many lanes as the one before each, and half as many more where they are not small."""
    waiting: float = 0.5
    """The part of scratch that words may take which blocks load before they store any."""


TUNING = BlockTuning()
LEFT, NONE_LEFT = "loop.left", "loop.none"
"""Words in scratch: the number of iterations that the largest block leaves, and whether it is 0."""


@dataclass(frozen=True)
class Rest:
    """A block for iterations that the largest one leaves.

    If it ``overlaps``, for all of them, where they are more than ``above`` and at most ``most``;
    else for ``lanes`` of them, a power of two, where the binary digits of their number say so.
    """

    lanes: int
    above: int = 0
    most: int = 0

    @property
    def overlaps(self) -> bool:
        """Whether there may be fewer iterations than lanes."""
        return self.most > 0

    @property
    def skip(self) -> str:
        """The word that is not zero where the block is not executed."""
        return _skip(self.lanes, "" if self.most in (0, self.lanes) else f".{self.most}")

    def executed(self, left: int) -> bool:
        """Whether it is executed if so many iterations are left."""
        return self.above < left <= self.most if self.overlaps else bool(left & self.lanes)

    def skipped(self, builder: Builder, left: Value) -> Value:
        """Whether it is not executed, as a value."""
        span = left.span
        if not self.overlaps:
            digit = builder.op(Op.AND, left, builder.const(self.lanes, span), span=span)
            return builder.op(Op.EQ, digit, builder.const(0, span), span=span)
        few = builder.op(Op.LT, left, builder.const(self.above + 1, span), span=span)
        many = builder.op(Op.LT, builder.const(self.most, span), left, span=span)
        return builder.op(Op.OR, few, many, span=span)


@dataclass(frozen=True)
class Blocks:
    """The iterations of the largest block of a loop, and the blocks for what it leaves."""

    largest: int
    rests: tuple[Rest, ...]

    @property
    def overlap(self) -> bool:
        """Whether one of the rests does all that is left."""
        return any(rest.overlaps for rest in self.rests)

    @property
    def words(self) -> list[str]:
        """The words that say what is executed."""
        left = [LEFT, NONE_LEFT] if self.overlap else []
        return [_skip(self.largest), *left, *(rest.skip for rest in self.rests)]


@dataclass(frozen=True, eq=False)
class Loop:
    """A loop over ``count`` iterations in ``blocks``, of which the parts of the program from number
    ``first`` on are made: the largest block; where lanes overlap, a test whether any iteration is
    left; then a test and a block for each of the rest."""

    count: SizeOf
    blocks: Blocks
    first: int

    def trips(self, count: int) -> Iterator[int]:
        """How often its parts are executed, if it has ``count`` iterations."""
        trips, left = divmod(count, self.blocks.largest)
        yield trips
        if self.blocks.overlap:
            yield 1
        done = self.blocks.overlap and not left
        for rest in self.blocks.rests:
            executed = rest.executed(left)
            yield int(not done)
            yield int(executed)
            done |= executed and rest.overlaps


@dataclass(frozen=True, eq=False)
class SizedProgram:
    """The parts of a program whose sizes are known at run time, their loops, and the largest block
    as a lane program."""

    generated: Generated
    loops: tuple[Loop, ...]
    main: LaneProgram

    @property
    def iterations(self) -> list[int]:
        """How many the largest block of each loop has."""
        return [loop.blocks.largest for loop in self.loops]

    def trips(self, kernel: CheckedKernel) -> list[int]:
        """How often each part is executed in a kernel whose words are known."""
        found = [1 for _ in self.generated.every_part]
        for loop in self.loops:
            for number, trips in enumerate(loop.trips(loop.count.of(kernel)), loop.first):
                found[number] = trips
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
    compiler = _Compiler(kernel, options, clock, unshared)
    try:
        return compiler.run(phases)
    except OutOfScratch:
        if not any(loop.blocks.overlap for loop in compiler.loops):
            raise
        return _Compiler(kernel, options, clock, unshared, overlap=False).run(phases)


class _Compiler:
    def __init__(
        self,
        kernel: CheckedKernel,
        options: Options,
        clock: Clock,
        unshared: bool,
        *,
        overlap: bool = True,
    ) -> None:
        self.kernel = kernel
        self.overlap = overlap
        self.free: dict[str, Array] = {}
        self.options = options
        self.later = replace(options, level=min(options.level, TUNING.level), hint=None)
        self.without_search = replace(options, level=min(options.level, 2), hint=None)
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
        blocks = [None if phase.count is None else self.sizes(phase) for phase in phases]
        skips = [name for each in blocks if each is not None for name in each.words]
        self.keep([*self.kept.of, *skips])
        main: tuple[Generated, LaneProgram] | None = None
        for number, phase in enumerate(phases):
            own = blocks[number]
            following = blocks[number + 1] if number + 1 < len(phases) else None
            if phase.count is not None and own is not None:
                made = self.blocks(phase, phase.count, own)
            else:
                function = _with_control(phase.function, following) if following else phase.function
                level = self.later if any(blocks) else self.options
                made = self.part(phase.name, function, level)
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

    def lanes(
        self, function: Function, options: Options, overlap: Overlap | None = None
    ) -> LaneProgram:
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
            overlap=overlap,
        )

    def sizes(self, phase: Phase) -> Blocks:
        """The blocks of a loop."""
        function = _last(phase.function)
        vlen = self.options.machine.vlen
        lanes = self.lanes(_of_lanes(function, vlen), self.later)
        dag = instantiate(lanes, gather_only(lanes, block=1)).dag
        groups = TUNING.operations // max(len(dag.groups[0].ops), 1)
        most = min(max(groups, 1) * vlen, TUNING.lanes, function.arrays[COUNT].below - 1)
        largest = 1 << max(most, 1).bit_length() - 1
        rests = _overlapping(largest, vlen) if largest >= vlen else []
        why = next(filter(None, (self.hindrance(function, rest) for rest in rests)), None)
        if why is not None:
            note = f"what fills no block of {largest} iterations of {phase.name} is done in several"
            self.notes.append(f"{note}: {why}")
        if why is not None or largest < vlen:
            rests = [Rest(largest >> k) for k in range(1, largest.bit_length())]
        return Blocks(largest, tuple(rests))

    def hindrance(self, function: Function, rest: Rest) -> str | None:
        """Why lanes of a block for what the largest one leaves cannot overlap; None if they can."""
        found = self.optimised(_of_lanes(function, rest.lanes), self.later)
        words = waiting(found) * (rest.lanes - rest.above + self.machine.vlen)
        if not self.overlap or words > TUNING.waiting * self.machine.scratch_words:
            return "what they load before they store does not fit into scratch"
        return hindrance(found)

    def part(
        self, name: str, function: Function, options: Options, overlap: Overlap | None = None
    ) -> tuple[Generated, LaneProgram]:
        """Compile one part."""
        lanes = self.lanes(function, options, overlap)
        with self.clock.stage("balance"):
            strategies = [] if self.unshared else balanced(lanes, options)
        with self.clock.stage("schedule"):
            made = generate(lanes, strategies, options, self.clock, unshared=self.unshared)
        self.notes += made.notes
        self.parts.append(Part(name, made.dag, made.problem, made.schedule))
        return made, lanes

    def blocks(self, phase: Phase, count: SizeOf, blocks: Blocks) -> tuple[Generated, LaneProgram]:
        """The blocks of a loop, and the tests which of them are executed."""
        largest = blocks.largest
        self.skip_next(_skip(largest))
        self.loops.append(Loop(count, blocks, len(self.parts)))
        function = self.with_room(_of_lanes(phase.function, largest), phase.as_long, largest)
        main = self.part(f"{phase.name} x {largest}", function, self.options)
        self.parts[-1] = replace(self.parts[-1], count=self.kept.of[TRIPS])
        to_do = 2 * len(blocks.rests)
        if blocks.overlap:
            self.parts.append(_nothing("test", self.machine, self.kept))
            self.skip_next(NONE_LEFT, to_do)
        for rest in blocks.rests:
            test = _nothing("test", self.machine, self.kept)
            self.parts.append(replace(test, trips=int(not blocks.overlap)))
            self.skip_next(rest.skip)
            small = rest.lanes * TUNING.share < largest or not rest.overlaps
            self.rest(phase, rest, self.later if small else self.without_search)
            self.parts[-1] = replace(self.parts[-1], trips=0)
            to_do -= 2
            if blocks.overlap and to_do:
                self.skip_next(LEFT, to_do)
        return main

    def rest(self, phase: Phase, rest: Rest, options: Options) -> None:
        """A block for iterations that the largest one leaves."""
        name, function = f"{phase.name} x {rest.lanes}", phase.function
        overlap: Overlap | None = None
        if rest.overlaps:
            name, function = f"{phase.name} to {rest.most}", _last(function)
            function = self.with_room(function, phase.as_long, rest.above + 1)
        if rest.most > rest.above + 1:
            overlap = Overlap(rest.above // self.options.machine.vlen, self.kept.of[LEFT])
        self.part(name, _of_lanes(function, rest.lanes), options, overlap)

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

    def with_room(self, function: Function, as_long: Mapping[str, int], least: int) -> Function:
        """A block of a loop, which may use unused arrays as far as they are there when it is
        executed: for ``least`` iterations or more."""
        arrays = dict(function.arrays)
        memory = function.certain_words
        for name, array in self.free.items():
            if array.placed:
                arrays[name] = replace(array, role=Role.SCRATCH)
            elif name in as_long:
                base = as_long[name]
                arrays[name] = Array(name, base, least, Role.SCRATCH)
                memory = max(memory, base + least)
        return replace(function, arrays=arrays, memory_words=memory)

    def skip_next(self, name: str, over: int = 1) -> None:
        """Let the last part jump over the next ones if a word is not zero."""
        self.parts[-1] = replace(self.parts[-1], skip=self.kept.of[name], over=over)


def _skip(size: int, which: str = "") -> str:
    return f"loop.skip.{size}{which}"


def _overlapping(largest: int, vlen: int) -> list[Rest]:
    """Blocks of which one does all that the largest one leaves, if groups may overlap."""
    most = largest - 1
    found = [Rest(vlen, 0, vlen - 1), Rest(vlen, vlen - 1, vlen)]
    while found[-1].most < most:
        few = found[-1].lanes
        middle = few + few // 2
        if few % (2 * vlen) == 0 and 2 * few * TUNING.share >= largest and middle < most:
            found.append(Rest(middle, few, middle))
        found.append(Rest(2 * few, found[-1].lanes, min(2 * few, most)))
    return [rest for rest in reversed(found) if rest.above < rest.most <= most]


def _kept(function: Function) -> Iterator[str]:
    for array in function.arrays.values():
        if array.where is Where.SCRATCH:
            yield array.name


def _of_lanes(function: Function, lanes: int) -> Function:
    (loop,) = function.loops
    return replace(function, loops=(replace(loop, extent=lanes),))


def _last(function: Function) -> Function:
    """``function`` without the words for a block after it."""
    rebuild = Rebuild(function)
    for value in function:
        if value.op is Op.STORE and value.array in (START, TRIPS):
            rebuild.drop(value)
        else:
            rebuild.keep(value)
    return rebuild.finish()


def _with_control(function: Function, blocks: Blocks) -> Function:
    """``function``, which ends with the number of iterations, with what blocks need to know."""
    rebuild = Rebuild(function)
    for value in function:
        rebuild.keep(value)
    builder = rebuild.builder
    (store,) = (root for root in function.roots if root.array == COUNT)
    span = store.span
    count, zero = rebuild.new[store.args[1]], builder.const(0, span)
    largest = blocks.largest
    trips = builder.op(Op.DIV, count, builder.const(largest, span), span=span)
    left = builder.op(Op.AND, count, builder.const(largest - 1, span), span=span)
    words = {START: zero, TRIPS: trips, _skip(largest): builder.op(Op.EQ, trips, zero, span=span)}
    words.update((rest.skip, rest.skipped(builder, left)) for rest in blocks.rests)
    if blocks.overlap:
        words |= {LEFT: left, NONE_LEFT: builder.op(Op.EQ, left, zero, span=span)}
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
