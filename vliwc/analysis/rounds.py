"""Long sequential loops in lanes: the number of rounds after which what is known repeats.

``for r in 0 .. rounds { state = f(state) }`` in the only parallel loop of a kernel: if after some
rounds, a period, as much is known of the state as before the first one, code for that many rounds
can be executed again and again.  Between two times the state stands in memory, in the words from
which a lane loads it and to which it stores it at last; variables of the state that do not stand
there have to be known exactly.
"""

from __future__ import annotations

from dataclasses import dataclass

from vliwc.analysis.facts import Fact, Facts
from vliwc.ir.rebuild import reachable
from vliwc.ir.value import TOP_LEVEL, Op, Value
from vliwc.lang import ast
from vliwc.lang.binding import CheckedKernel
from vliwc.lang.constants import ConstantError
from vliwc.lang.lower import Unrolled, lower_rounds
from vliwc.lang.static import Evaluator, UnknownValue
from vliwc.lang.steady import steady_loops

MOST_ROUNDS = 64
"""Longest period that is looked for, in rounds."""


@dataclass(frozen=True, eq=False)
class Rounds:
    """The sequential loop ``loop`` of ``total`` rounds, in each of ``lanes`` iterations of a
    parallel one, repeats after ``period`` of them; a round has about ``operations`` values."""

    loop: ast.For
    total: int
    period: int
    operations: int
    lanes: int


def find_rounds(kernel: CheckedKernel, limit: int) -> Rounds | None:
    """The long loop of ``kernel`` and its period; None if there is none, or it does not repeat.

    Raises `KernelError` if even a few rounds unroll to more than ``limit`` operations.
    """
    loop, total = _longest(kernel)
    if loop is None:
        return None
    tried = min(total, MOST_ROUNDS)
    unrolled = lower_rounds(kernel, limit, loop, tried)
    function, states = unrolled.function, unrolled.states
    if len(function.loops) != 1 or not states or not _in_memory(unrolled):
        return None
    facts = Facts(function)
    stored = {store.args[1] for store in function.roots}
    held = [symbol for symbol in states[0] if states[-1][symbol] in stored]
    for period in range(1, tried + 1):
        if all(
            _contains(facts.of(states[0][s]), facts.of(states[period][s]), exactly=s not in held)
            for s in states[0]
        ):
            operations = max(len(function) // tried, 1)
            return Rounds(loop, total, period, operations, function.loops[0].extent)
    return None


def _longest(kernel: CheckedKernel) -> tuple[ast.For | None, int]:
    """The longest loop whose rounds are alike, with their number, if there are two or more."""
    known = Evaluator(kernel.facts, dict(kernel.constants), kernel.tables, kernel.arrays)
    longest: ast.For | None = None
    most = 1
    for loop in steady_loops(kernel.program, kernel.facts):
        try:
            rounds = known.integer(loop.high) - known.integer(loop.low)
        except (ConstantError, UnknownValue):
            continue
        if rounds > most:
            longest, most = loop, rounds
    return longest, most


def _contains(first: Fact, later: Fact, *, exactly: bool) -> bool:
    """Whether all that is known of the ``first`` state is known of a ``later`` one as well; with
    ``exactly`` it has to be one word."""
    if exactly:
        return first.word is not None and first.word == later.word
    return (
        first.lo <= later.lo
        and later.hi <= first.hi
        and first.zeros & ~later.zeros == 0
        and first.ones & ~later.ones == 0
    )


def _in_memory(unrolled: Unrolled) -> bool:
    """Whether each lane stores the last state, and nothing else, where it has loaded the first one
    from, and nothing but the first round has to do with the words that it has loaded."""
    function = unrolled.function
    first, last = unrolled.states[0], unrolled.states[-1]
    loads: set[Value] = set()
    for store in function.roots:
        array, (index, word) = store.array, store.args
        held = [s for s in last if last[s] is word and _is_load(first[s], array, index)]
        if store.loop == TOP_LEVEL or not held or function.arrays[array].distinct:
            return False
        loads.update(first[s] for s in held)
    stored = {store.array for store in function.roots}
    others = {v for v in function if v.op is Op.LOAD and v.array in stored} - loads
    reduced = any(value.op is Op.REDUCE for value in function)
    if others or reduced or not loads.isdisjoint(reachable(function.assumptions)):
        return False
    # What else uses a word as it was at first would use a later one when the code is repeated.
    users = function.users()
    in_first_round = range(*unrolled.ids[:2])
    return all(user.id in in_first_round for load in loads for user in users[load])


def _is_load(value: Value, array: str, index: Value) -> bool:
    return value.op is Op.LOAD and value.array == array and value.args[0] is index
