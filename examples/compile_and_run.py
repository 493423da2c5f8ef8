"""Compile a kernel from Python, run the program on arrays, and look at the result.

    python examples/compile_and_run.py

The kernel stands in kernels/saxpy_dot.vk; docs/api.md has the rest of the interface.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

import vliwc

KERNEL = Path(__file__).resolve().parent.parent / "kernels" / "saxpy_dot.vk"


def main() -> None:
    saxpy = vliwc.compile(KERNEL, n=100)
    x, y = np.arange(100), np.full(100, 7)
    ran = saxpy.run({"factor": [3], "x": x, "y": y})
    print(saxpy)
    print(f"y[:4] = {ran.arrays['y'][:4]}  right: {np.array_equal(ran.arrays['y'], 3 * x + y)}")
    print(f"dot = {ran.arrays['dot']}  right: {ran.arrays['dot'][0] == sum(x * (3 * x + y))}")
    print(f"against the interpreter: {saxpy.check(cases=4)}")


if __name__ == "__main__":
    main()
