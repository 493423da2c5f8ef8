"""Short ways to write and run kernels in tests."""

from __future__ import annotations

from collections.abc import Sequence

from vliwc.ir.interpret import interpret as run_ir
from vliwc.ir.verify import verify
from vliwc.lang import CheckedKernel, bind, parse_kernel
from vliwc.lang.interpret import interpret
from vliwc.lang.lower import lower


def make(text: str, **params: int) -> CheckedKernel:
    """The kernel of a whole file."""
    return bind(parse_kernel(text, "test.vk"), params)


def lane(body: str, outside: str = "", **params: int) -> CheckedKernel:
    """A kernel over arrays `x` (in) and `y` (out) of n = 4 words with `body` in its loop."""
    sizes = {"n": 4} | params
    text = f"""{outside}
kernel test({", ".join(sizes)}) {{
  memory {{
    x: u32[n] in  at 0;
    y: u32[n] out at n;
  }}
  parallel for i in 0 .. n {{
    {body}
  }}
}}"""
    return make(text, **sizes)


def run(kernel: CheckedKernel, memory: Sequence[int]) -> list[int]:
    """The result of both interpreters, which must be the same."""
    function = lower(kernel)
    verify(function)
    result = interpret(kernel, memory)
    assert run_ir(function, memory) == result
    return result


def evaluate(expression: str, *inputs: int, outside: str = "", **params: int) -> list[int]:
    """The value of a u32 expression over `a = x[i]` for each of the inputs."""
    kernel = lane(f"let a = x[i];\ny[i] = {expression};", outside, n=len(inputs), **params)
    return run(kernel, [*inputs, *([0] * len(inputs))])[len(inputs) :]
