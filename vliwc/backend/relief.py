"""What is done for kernels whose words do not fit into scratch."""

from __future__ import annotations

from collections import Counter

import numpy as np

from vliwc.backend.candidates import Generated, unshared_dag
from vliwc.clock import Clock
from vliwc.diagnostics import Diagnostic, KernelError, Note, Span
from vliwc.isel.memory.spare import spare_words
from vliwc.isel.program import LaneProgram
from vliwc.lang.binding import CheckedKernel
from vliwc.mir.dag import MachineDag
from vliwc.mir.flat import flattened
from vliwc.mir.scheduling_problem import problem_of
from vliwc.mir.spill import NoRoom, Spare, Spilled, spilled
from vliwc.options import Options
from vliwc.sched.greedy.core import GreedyRunner
from vliwc.sched.greedy.priorities import critical_path
from vliwc.sched.problem.schedule import OutOfScratch, Schedule
from vliwc.sched.problem.view import View
from vliwc.sched.staggered.deadlines import ranks
from vliwc.strategy.choose import gather_only

FILLED = (0.7, 0.4, 0.9)
"""Parts of scratch that results may fill along the order of operations, in turn: the more is left,
the more operations are under way at once, and the more values wait in memory.  By hand on products
of 32 by 32 words in one lane and on chains of 1700 results."""
LOOKAHEAD = 400
"""Operations of the order among which the scheduler chooses at first; it takes fewer where they do
not fit."""
SHOWN = 5
"""Lines whose results wait that an error names."""


def generate_spilled(
    program: LaneProgram, options: Options, clock: Clock, kernel: CheckedKernel
) -> Generated:
    """A machine DAG in which results wait in memory where scratch has no room, and its schedule.

    Raises `KernelError` (E0901) if there is no memory for them, with the lines they come from, and
    :class:`vliwc.sched.problem.schedule.OutOfScratch` if they still do not fit.
    """
    refused: OutOfScratch | None = None
    for number, filled in enumerate(FILLED):
        clock.progress("spill", number / len(FILLED))
        try:
            found = _spilled(program, filled)
            dag = MachineDag(program.machine, found.ops, [])
            problem = problem_of(dag)
            schedule = _schedule(GreedyRunner(problem, np.arange(len(problem), dtype=np.int32)))
        except NoRoom as error:
            raise KernelError([_no_room(program, kernel, error)], kernel.source) from None
        except OutOfScratch as error:
            refused = error
            continue
        note = f"{found.stores} results wait in memory and are loaded {found.loads} times"
        return Generated(dag, problem, schedule, (note,), gather_only(program), {})
    assert refused is not None
    raise refused


def _spilled(program: LaneProgram, filled: float, spares: list[Spare] | None = None) -> Spilled:
    ops = flattened(unshared_dag(program, gather_only(program)))
    vlen = program.machine.vlen
    words = int(filled * program.machine.scratch_words)
    free = spare_words(program.function, ops, vlen) if spares is None else spares
    return spilled(ops, words, free, vlen)


def _schedule(runner: GreedyRunner) -> Schedule:
    """The better one of keeping to the sequence and of preferring long paths."""
    size = len(runner.problem)
    part = min(LOOKAHEAD / max(size, 1), 1.0)
    paths = ranks(-critical_path(View.of(runner.problem)))
    tried = [runner.run(rank, "list", part) for rank in (np.arange(size, dtype=np.int32), paths)]
    return min(tried, key=lambda schedule: schedule.cycles)


def _no_room(program: LaneProgram, kernel: CheckedKernel, error: NoRoom) -> Diagnostic:
    """What holds the words of scratch, and how much memory would do."""
    by_line: Counter[int] = Counter()
    spans: dict[int, Span] = {}
    for op in error.holders:
        span = None if op.origin is None else op.origin.span
        if span is not None:
            by_line[span.start_line] += op.width
            spans.setdefault(span.start_line, span)
    notes = tuple(
        Note(f"{words} of the words that wait are results of this line", spans[line])
        for line, words in by_line.most_common(SHOWN)
    )
    scratch = program.machine.scratch_words
    count = len(error.holders)
    message = f"{count} results wait to be used, more than fit into the {scratch} words of scratch"
    hint = "use results sooner, or store them to an array and load them again"
    needed = _words_needed(program)
    if needed is not None:
        place = kernel.memory_words
        hint += f"; or give them room: `spare: u32[{needed}] scratch at {place};`"
    return Diagnostic("E0901", message, notes[0].span if notes else None, hint, notes)


def _words_needed(program: LaneProgram) -> int | None:
    """Words of a `scratch` array with which results have room; None if that would not help."""
    everywhere = Spare(0, 1 << 40)
    try:
        found = _spilled(program, FILLED[0], [everywhere])
    except NoRoom:
        return None
    return found.words
