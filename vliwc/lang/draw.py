"""Random words for a kernel that reads sizes and addresses when it starts."""

from __future__ import annotations

import random
from contextlib import suppress
from math import prod

from vliwc.lang import ast
from vliwc.lang.binding import CheckedKernel
from vliwc.lang.static import Evaluator, UnknownValue
from vliwc.lang.words import KernelWord

FEW = 10
"""Sizes that are near the least or the greatest are drawn from so many."""
MANY = 600
"""Random sizes are at most so much above the least, if nothing closer is assumed."""


def draw_sizes(kernel: CheckedKernel, rng: random.Random) -> dict[str, int]:
    """Random words: sizes within their bounds, addresses of arrays so that these do not overlap.

    What else is assumed about them may be false.
    """
    arrays = kernel.program.kernel.arrays
    symbols = kernel.facts.symbols
    places = {
        symbols[array.address]: array for array in arrays if isinstance(array.address, ast.Name)
    }
    sizes: dict[str, int] = {}
    env = dict(kernel.constants)
    for word in kernel.words:
        if word.symbol not in places:
            sizes[word.name] = env[word.symbol] = _draw(word, rng)
    evaluator = Evaluator(kernel.facts, env, kernel.tables, kernel.arrays)
    for statement in kernel.program.kernel.header:
        if isinstance(statement, ast.Let) and symbols[statement.name] not in env:
            with suppress(UnknownValue):
                env[symbols[statement.name]] = evaluator.known(statement.value)
    end = kernel.memory_words
    for array in arrays:
        with suppress(UnknownValue):
            end = max(end, evaluator.size(array.address) + _length(array, evaluator))
    waiting = [word for word in kernel.words if word.symbol in places]
    rng.shuffle(waiting)
    for word in waiting:
        end = max(end + rng.choice((0, 0, 1, 3, 11)), word.low)
        sizes[word.name] = end
        with suppress(UnknownValue):
            end += _length(places[word.symbol], evaluator)
    return sizes


def _length(array: ast.ArrayDecl, evaluator: Evaluator) -> int:
    return prod(evaluator.size(length) for length in array.lengths)


def _draw(word: KernelWord, rng: random.Random) -> int:
    high = min(word.high, word.low + MANY)
    near = rng.choice((word.low, max(word.low, high - FEW)))
    return rng.choice((rng.randint(word.low, high), rng.randint(near, min(near + FEW, high))))
