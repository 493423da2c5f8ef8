"""Words of memory that loads and stores use for certain: addresses known from lane numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from vliwc.analysis.lane_cases import LaneCases
from vliwc.analysis.lane_words import lane_words
from vliwc.ir.graph import Function
from vliwc.ir.value import Value


def known_addresses(function: Function) -> dict[Value, list[int]]:
    """The addresses of loads and stores that follow from lane numbers alone, for each iteration of
    their loop; one entry at the top level."""
    found: dict[Value, list[int]] = {}
    live = function.computed()
    by_loop = {loop.number: lane_words(function, loop) for loop in function.loops}
    for value in function.values:
        if not value.is_memory or value not in live:
            continue
        array, index = function.arrays[value.array], value.args[0]
        if value.loop in by_loop:
            indices = by_loop[value.loop].get(index)
            if indices is not None and (indices < array.length).all():
                found[value] = [array.base + k for k in indices.tolist()]
        elif index.is_const and index.imm < array.length:
            found[value] = [array.base + index.imm]
    return found


def words_asked(
    places: Mapping[Value, Sequence[int]],
    value: Value,
    cases: LaneCases | None,
    start: int,
    lanes: int,
) -> list[int | None]:
    """The address that ``value`` uses in each of ``lanes`` iterations from ``start`` on; None where
    its case asks for none."""
    words = places[value][start : start + lanes]
    if cases is None or value.loop != cases.loop.number:
        return list(words)
    wanted = cases.wanted.get(value)
    if wanted is None:
        return [None] * len(words)
    asked = wanted[start : start + lanes]
    return [word if does else None for word, does in zip(words, asked, strict=True)]
