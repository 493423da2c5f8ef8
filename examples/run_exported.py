"""Run a program file with the machine package alone, without the compiler.

    vliwc compile kernels/lcg.vk -D lanes=64 -D steps=10 -o lcg.json
    python examples/run_exported.py lcg.json 128

The second argument is the number of memory words, which are filled with 0, 1, 2, ... Any of the
program formats will do: our JSON, the take-home's list of bundles, assembly.
"""

from __future__ import annotations

import sys

from isa.files import load_program
from isa.simulator import run
from isa.validate import check


def main() -> None:
    path, words = sys.argv[1:]
    program = load_program(path)
    check(program)
    before = list(range(int(words)))
    result = run(program, before)
    changed = [k for k, word in enumerate(result.memory) if word != before[k]]
    print(f"{result.cycles} cycles for {len(program.bundles)} bundles, core {result.status}")
    for address in changed[:5]:
        print(f"word {address}: {before[address]} -> {result.memory[address]}")
    print(f"{len(changed)} words changed")


if __name__ == "__main__":
    main()
