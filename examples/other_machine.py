"""Compile one kernel for two machines and compare what limits it there.

    python examples/other_machine.py

The other machine is described by examples/narrow.toml; `vliwc compile --machine` takes such files.
"""

from __future__ import annotations

from pathlib import Path

from isa.machine import DEFAULT_MACHINE, MachineSpec
from isa.simulator import run
from vliwc.driver import compile_file
from vliwc.lang.interpret import interpret, output_words, random_memory
from vliwc.options import Options

HERE = Path(__file__).resolve().parent
KERNEL = HERE.parent / "kernels" / "murmur.vk"


def main() -> None:
    for machine in (DEFAULT_MACHINE, MachineSpec.from_toml(HERE / "narrow.toml")):
        result = compile_file(KERNEL, {"n": 128, "seed": 7}, Options(machine=machine))
        memory = random_memory(result.kernel, seed=1)
        after, expected = run(result.program, memory).memory, interpret(result.kernel, memory)
        addresses = [address for words in output_words(result.kernel) for address in words]
        right = all(after[address] == expected[address] for address in addresses)
        print(
            f"{machine.name:9} {result.cycles:5} cycles, at least {result.lower_bound} "
            f"({result.bound_reason}); right: {right}"
        )


if __name__ == "__main__":
    main()
