"""Seconds of the front end against the length of a kernel, up to 100 000 tokens.

    python -m benchmarks.front_end [--largest TOKENS]

Parses, checks and binds, lowers, and translates for the reference interpreter kernels of several
shapes whose length doubles, and prints a Markdown table and, for each shape, the exponent of
``seconds = c * tokens ** exponent`` from 10 000 tokens on: 1 is linear. What is refused, because it
is nested too deeply or wrong in many places, is timed up to the message.
"""

from __future__ import annotations

import argparse
import gc
import time
from collections.abc import Callable

import numpy as np

from vliwc.cli.app import GARBAGE
from vliwc.diagnostics import KernelError
from vliwc.lang import bind, parse_kernel
from vliwc.lang.interpret import Interpreter
from vliwc.lang.lower import lower

HEAD = "kernel k(n) { memory { x: u32[n] in at 0; y: u32[n] out at n; }"
LARGE = 10_000
SHAPES: dict[str, tuple[int, Callable[[int], str]]] = {
    # tokens per unit, and the text of a number of units
    "sum": (9, lambda k: lane(f"y[i] = {' + '.join(f'(x[i] >> {j % 32})' for j in range(k))};")),
    "mixed chain": (7, lambda k: lane(f"y[i] = x[i]{' * 3 ^ i - 1 ' * k};")),
    "statements": (10, lambda k: lane(f"var t = x[i]; {'t = (t ^ i) * 5; ' * k} y[i] = t;")),
    "names": (
        7,
        lambda k: lane(f"let v0 = x[i]; {''.join(map(_next, range(k)))} y[i] = v{k};"),
    ),
    "loops": (
        13,
        lambda k: lane(f"var t = 1; {'for r in 0 .. 1 { t = t * 3; } ' * k} y[i] = t;"),
    ),
    "functions": (
        18,
        lambda k: (
            "".join(f"fn f{j}(a: u32) -> u32 {{ return a + {j}; }}\n" for j in range(k))
            + lane("y[i] = f0(x[i]);")
        ),
    ),
    "parentheses": (2, lambda k: lane(f"y[i] = {'(' * k}x[i]{')' * k};")),
    "conditionals": (10, lambda k: lane(f"y[i] = {'if x[i] == 1 then 1 else ' * k} 2;")),
    "signs": (1, lambda k: lane(f"y[i] = {'-' * k} x[i];")),
    "powers": (2, lambda k: lane(f"y[i] = 1 {'** 1 ' * k};")),
    "unknown names": (4, lambda k: lane("".join(f"y[i] = q{j}; " for j in range(k)))),
}


def lane(body: str) -> str:
    """A kernel with `body` in its parallel loop."""
    return f"{HEAD} parallel for i in 0 .. n {{ {body} }} }}"


def _next(number: int) -> str:
    return f"let v{number + 1} = v{number} + i; "


def front_end(text: str) -> str:
    """Take `text` through the front end; "accepted", or the code of the first error."""
    try:
        kernel = bind(parse_kernel(text), {"n": 8})
        lower(kernel)
        Interpreter(kernel)
    except KernelError as error:
        return error.diagnostics[0].code
    return "accepted"


def curve(name: str, largest: int) -> list[tuple[int, float, str]]:
    """Tokens, processor seconds and outcome of growing kernels of one shape."""
    per_unit, text = SHAPES[name]
    found: list[tuple[int, float, str]] = []
    tokens = largest
    while tokens >= 1000:
        source = text(max(tokens // per_unit, 1))
        started = time.process_time()
        outcome = front_end(source)
        found.append((tokens, time.process_time() - started, outcome))
        tokens //= 2
    return found[::-1]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--largest", type=int, default=100_000, help="tokens to stop at")
    args = parser.parse_args()
    gc.set_threshold(*GARBAGE)  # as the command line does
    front_end(lane("y[i] = x[i];"))  # builds the parser's tables
    print("| shape | tokens | seconds | µs per token | outcome |")
    print("| --- | ---: | ---: | ---: | --- |")
    for name in SHAPES:
        measured = curve(name, args.largest)
        for tokens, seconds, outcome in measured:
            micro = f"{seconds / tokens * 1e6:.1f}"
            print(f"| {name} | {tokens} | {seconds:.3f} | {micro} | {outcome} |", flush=True)
        large = [(tokens, max(seconds, 1e-4)) for tokens, seconds, _ in measured if tokens >= LARGE]
        if len(large) > 1:
            exponent = np.polyfit(*np.log(np.array(large)).T, 1)[0]
            print(f"| {name} | | exponent {exponent:.2f} | | |", flush=True)


if __name__ == "__main__":
    main()
