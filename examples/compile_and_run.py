"""Compile a kernel from Python, run the program, and look at the result.

    python examples/compile_and_run.py

The kernel stands in kernels/saxpy_dot.vk; its arrays lie where its memory block says.
"""

from __future__ import annotations

from pathlib import Path

from isa.simulator import run
from vliwc.driver import compile_file
from vliwc.lang.interpret import interpret, random_memory
from vliwc.options import Options

KERNEL = Path(__file__).resolve().parent.parent / "kernels" / "saxpy_dot.vk"


def main() -> None:
    result = compile_file(KERNEL, {"n": 100}, Options(level=2))
    memory = random_memory(result.kernel, seed=1)
    after = run(result.program, memory).memory
    expected = interpret(result.kernel, memory)
    for array in result.kernel.arrays.values():
        words = after[array.base : array.end]
        same = words == expected[array.base : array.end]
        print(f"{array.name:8} {words[:4]}{' ...' if len(words) > 4 else ''}  right: {same}")
    print(f"{result.cycles} cycles, lower bound {result.lower_bound} ({result.bound_reason})")


if __name__ == "__main__":
    main()
