"""Operations of values that wait in memory: which words they use, and what they wait for."""

from __future__ import annotations

import pytest

from vliwc.mir.operation import Form, MOp, Operand
from vliwc.mir.spill import NoRoom, Spare, Spilled, spilled

ROOM = 2
"""Words of scratch in these tests."""


def constant(word: int) -> MOp:
    return MOp(f"c{word}", (Form("load", "const", imm=word),))


def plus(name: str, *values: MOp) -> MOp:
    """A use of one value or two, without a result."""
    first, last = Operand(values[0], stride=0), Operand(values[-1], stride=0)
    return MOp(name, (Form("alu", "+", (first, last)),), width=0)


def round_of(name: str) -> list[MOp]:
    """Three values, of which the first is used last: with room for two it has to wait."""
    a, b, c = (constant(k) for k in range(3))
    return [a, b, c, plus(f"{name}.bc", b, c), plus(f"{name}.a", a)]


def at(made: Spilled, opcode: str) -> list[tuple[int, MOp]]:
    """The stores or loads that were made, each with its address, in their order."""
    found: list[tuple[int, MOp]] = []
    for op in made.ops:
        form = op.forms[0] if op.forms else None
        if form is not None and form.opcode == opcode:
            source = form.operands[0].source
            assert isinstance(source, MOp) and source.forms[0].imm is not None
            found.append((source.forms[0].imm, op))
    return found


def waits(op: MOp, before: MOp) -> int | None:
    """The cycles that ``op`` stays behind ``before``, through barriers as well; None if any."""
    found: list[int] = []
    for each, latency in op.order:
        assert isinstance(each, MOp)
        if each is before:
            found.append(latency)
        elif not each.forms:
            further = waits(each, before)
            found += [latency + further] if further is not None else []
    return max(found, default=None)


def test_words_are_used_again_when_they_have_been_read() -> None:
    made = spilled([*round_of("one"), *round_of("two")], ROOM, [Spare(100, 1)], 8)
    (first, store), (second, again) = at(made, "store")
    (_, load), (_, last) = at(made, "load")
    assert first == second == 100 and made.words == 1
    assert waits(load, store) == waits(last, again) == 1
    # A load reads what stood there at the start of its cycle.
    assert waits(again, load) == 0
    assert made.ops.index(store) < made.ops.index(load) < made.ops.index(again)


def test_stores_wait_for_those_who_need_the_words_first() -> None:
    reader = plus("reader", seven := constant(7))
    ops = [seven, reader, *round_of("one")]
    made = spilled(ops, ROOM, [Spare(100, 1, first=2, after=(reader,))], 8)
    ((_, store),) = at(made, "store")
    assert waits(store, reader) == 0


def test_those_who_need_the_words_again_wait() -> None:
    ops = round_of("one")
    writer = plus("writer", seven := constant(7))
    ops += [seven, writer]
    made = spilled(ops, ROOM, [Spare(100, 1, end=len(ops) - 1, before=(writer,))], 8)
    ((_, store),), ((_, load),) = at(made, "store"), at(made, "load")
    assert waits(writer, load) == 0
    assert waits(writer, store) == 1


@pytest.mark.parametrize("used", [0, 1])
def test_values_that_are_used_after_the_end_wait_elsewhere(used: int) -> None:
    """Words that nothing has used yet, and words that another value has left."""
    ops = [op for number in range(used) for op in round_of(str(number))]
    ops += round_of("last")
    short = Spare(100, 1, end=len(ops) - 1)
    with pytest.raises(NoRoom):
        spilled(ops, ROOM, [short], 8)
    ops = [op for number in range(used) for op in round_of(str(number))]
    ops += round_of("last")
    made = spilled(ops, ROOM, [short, Spare(200, 1)], 8)
    assert [address for address, _ in at(made, "store")] == [100] * used + [200]
