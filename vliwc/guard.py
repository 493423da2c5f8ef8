"""Guards: what a kernel assumes about its input, tested when the program starts.

``test; fast; general``: the test computes all stated assumptions from memory as it is before the
kernel does anything, and jumps to a version that was compiled without them if one does not hold.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from vliwc.analysis.facts import Facts
from vliwc.backend.candidates import balanced, generate
from vliwc.backend.parts import Part
from vliwc.clock import Clock
from vliwc.diagnostics import Diagnostic, KernelError
from vliwc.ir.graph import Array, Function, Role, Where
from vliwc.ir.rebuild import Rebuild, reachable
from vliwc.ir.value import TOP_LEVEL, Op, Reduction, Value
from vliwc.isel.program import KeptWords, LaneProgram
from vliwc.lang import CheckedKernel
from vliwc.lang.lower import lower_stated
from vliwc.mir.operation import MOp
from vliwc.options import Options, Relief
from vliwc.passes.base import run_passes
from vliwc.passes.pipeline import passes_for
from vliwc.stages import fitting

BROKEN = "guard.broken"
"""The word in scratch that is not zero where an assumption does not hold."""


@dataclass(frozen=True)
class GuardTuning:
    """The tuned numbers of this module, set by hand: ``vliwc compile --guard`` shows the cost."""

    chains: int = 2
    """Totals that grow side by side: as many results are there in a cycle as vectors are loaded."""
    groups: int = 4096
    """Groups of lanes that are tested by code of their own."""


TUNING = GuardTuning()


def guard_test(kernel: CheckedKernel, options: Options, clock: Clock) -> Part | None:
    """The part that tests the assumptions of the kernel; None if it states none.

    It jumps over the part behind it where one does not hold.  Raises
    :class:`vliwc.diagnostics.KernelError` (E0518) for an assumption that cannot be tested before
    the kernel has done something, and (E0901) where nothing that tests them fits into scratch.
    """
    function, stated = lower_stated(kernel, options.max_unrolled)
    if not stated:
        return None
    machine = options.machine
    span = kernel.program.kernel.name.span
    groups = sum(-(-loop.extent // machine.vlen) for loop in function.loops)
    if groups > TUNING.groups:
        message = f"a guard for {groups} groups of lanes, more than {TUNING.groups}"
        hint = "smaller sizes, or test the input before the program is started"
        raise KernelError([Diagnostic("E0518", message, span, hint)], kernel.source)
    test = _test_of(kernel, function, stated)
    with clock.stage("guard"):
        try:
            part, _ = fitting(options, lambda at, relief: _part(test, at, clock, relief))
        except KernelError as error:
            message = f"the test of what is assumed: {error.diagnostics[0].message}"
            hint = "assume less at once, or compile without --guard"
            found = replace(error.diagnostics[0], message=message, span=span, hint=hint)
            raise KernelError([found], kernel.source) from error
    return part


def _part(test: Function, options: Options, clock: Clock, relief: Relief) -> Part:
    """The code of the function ``test``, the last of whose words in scratch is `BROKEN`."""
    machine = options.machine
    word = MOp(BROKEN, ())
    place = (machine.scratch_words - 1) // machine.vlen * machine.vlen
    optimised = run_passes(test, passes_for(options.level))
    lanes = LaneProgram.of(
        optimised,
        Facts(optimised),
        replace(machine, scratch_words=place),
        kept=KeptWords({BROKEN: word}, {word: place}),
    )
    lanes = replace(lanes, chains=TUNING.chains)
    plans = [] if relief else balanced(lanes, options)
    # Results that wait have no memory: it is still the input of the code behind.
    made = generate(lanes, plans, options, clock, unshared=relief is not Relief.NONE)
    return Part("test", made.dag, made.problem, made.schedule, skip=word)


def _test_of(kernel: CheckedKernel, function: Function, stated: Sequence[Value]) -> Function:
    """The function that says whether one of the ``stated`` conditions does not hold."""
    needed = reachable(list(stated))
    rebuild = Rebuild(function)
    for value in function:
        if value not in needed:
            continue
        if any(before.op is Op.STORE for before in value.order):
            message = f"this assumption is about a word of `{value.array}` that the kernel writes"
            hint = "state it of the input, before the first store, or compile without --guard"
            raise KernelError([Diagnostic("E0518", message, value.span, hint)], kernel.source)
        rebuild.keep(value)
    builder = rebuild.builder
    broken: dict[int, Value] = {}
    for value in stated:
        bad = _violated(rebuild, rebuild.new[value])
        before = broken.get(bad.loop)
        broken[bad.loop] = (
            bad if before is None else builder.op(Op.OR, before, bad, span=value.span)
        )
    result = builder.const(0, None)
    for loop, bad in broken.items():
        whole = bad if loop == TOP_LEVEL else builder.reduce(Reduction.OR, loop, bad, bad.span)
        result = builder.op(Op.OR, result, whole, span=bad.span)
    builder.arrays[BROKEN] = Array(BROKEN, 0, 1, Role.INOUT, where=Where.SCRATCH)
    builder.store(BROKEN, builder.const(0, None), result, span=result.span)
    loops = [loop if loop.number in broken else replace(loop, extent=0) for loop in builder.loops]
    return replace(builder.finish(), loops=tuple(loops))


def _violated(rebuild: Rebuild, holds: Value) -> Value:
    """A word that is not zero where ``holds`` is."""
    builder = rebuild.builder
    if holds.op is Op.EQ:
        first, second = holds.args
        if second.is_const and second.imm == 0:
            return first
        return builder.op(Op.XOR, first, second, span=holds.span)
    return builder.op(Op.EQ, holds, builder.const(0, holds.span), span=holds.span)
