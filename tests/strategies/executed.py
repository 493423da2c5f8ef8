"""What a program did while it ran: operands of executed operations, on our simulator."""

from __future__ import annotations

from collections.abc import Iterable

from isa.opcodes import OPCODES
from isa.program import Program
from isa.simulator import Simulator, decode


def largest_left_shift(program: Program, memory: Iterable[int]) -> int:
    """The largest count of an executed left shift; -1 if there is none."""
    simulator = Simulator(decode(program), memory)
    largest = -1
    while simulator.status == "running":
        before, bundle = list(simulator.scratch), {}
        if simulator.pc < len(program.bundles):
            bundle = program.bundles[simulator.pc]
        for engine in ("alu", "valu"):
            for slot in bundle.get(engine, ()):
                if slot[0] == "<<":
                    _, counts = OPCODES[engine, "<<"].reads(slot, program.machine.vlen)
                    largest = max(largest, *(before[word] for word in counts))
        simulator.step()
    return largest
