"""How much scratch a problem wants, and a schedule that needs little of it.

Scratch pressure ``p`` goes from 0, where scratch never binds, to 1, where it is as small as the
serial schedule of this module allows::

    words(0) = words of all results together
    words(p) = serial + (1 - p) * (eager - serial)     for 0 < p <= 1

``serial``: the words that a depth-first serial schedule takes (:func:`serial_schedule`), so that
there is a schedule at any pressure.  ``eager``: the words that are live at once if every operation
starts as soon as its operands are there, as if there were slots without limit, but no less than
``serial``.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from isa.machine import MachineSpec
from vliwc.sched.allocate import first_fit, live_ranges, peak_words
from vliwc.sched.problem.dense import NO_ENGINE
from vliwc.sched.problem.paths import depth_first
from vliwc.sched.problem.problem import ScheduleProblem
from vliwc.sched.problem.schedule import Schedule
from vliwc.sched.problem.view import View, cycle_rows


def under_pressure(problem: ScheduleProblem, pressure: float) -> ScheduleProblem:
    """The problem on a machine whose scratch is as small as ``pressure`` from 0 to 1 says."""
    machine = problem.machine
    if not pressure:
        return with_words(problem, max(int(problem.dense.width.sum()), machine.vlen))
    serial = serial_schedule(problem).peak_words
    eager = max(eager_words(problem), serial)
    words = serial + round((1.0 - pressure) * (eager - serial))
    return with_words(problem, max(words, machine.vlen))


def with_words(problem: ScheduleProblem, words: int) -> ScheduleProblem:
    """The problem on a machine that differs in its scratch only."""
    machine: MachineSpec = replace(problem.machine, scratch_words=words)
    return replace(problem, machine=machine, dense=problem.dense._replace(words=words))


def eager_words(problem: ScheduleProblem) -> int:
    """The most words that are live at once if no operation waits for a slot or for scratch."""
    view = View.of(problem)
    cycles = [[head, head + span - 1] for head, span in zip(view.heads, view.span, strict=True)]
    return peak_words(live_ranges(view, cycles))


def serial_schedule(problem: ScheduleProblem) -> Schedule:
    """One operation after the other, in depth-first order, for a problem without zero words.

    ``peak_words`` is the height of scratch that first fit takes; the problem's own number of
    words does not limit it.  The first form of each operation is used, vector forms first.
    """
    view = View.of(problem)
    cycles: list[list[int]] = [[] for _ in range(len(view))]
    engine = np.full(len(view), NO_ENGINE, dtype=np.int32)
    clock = 0
    order: list[int] = depth_first(problem.dense).tolist()
    for op in order:
        before = [cycles[source][-1] + latency for source, latency in view.predecessors[op]]
        clock = max([clock, *before])
        lanes = 1
        if view.vector_engines[op]:
            engine[op] = view.vector_engines[op][0]
        elif view.scalarised_engine[op] >= 0:
            engine[op] = view.scalarised_engine[op]
            lanes = view.lanes[op]
        per_cycle = (
            1 if view.serial[op] or lanes == 1 else view.capacity[view.scalarised_engine[op]]
        )
        cycles[op] = [clock + lane // per_cycle for lane in range(lanes)]
        clock = cycles[op][-1] + 1
    ranges = live_ranges(view, cycles)
    words = max(peak_words(ranges), problem.machine.vlen)
    placed = first_fit(ranges, words, problem.machine.vlen)
    while placed is None:
        words += 1
        placed = first_fit(ranges, words, problem.machine.vlen)
    address = np.full(len(view), -1, dtype=np.int32)
    for op, at in placed.items():
        address[op] = at
    return Schedule(clock, engine, cycle_rows(problem, cycles), address, words, "serial")
