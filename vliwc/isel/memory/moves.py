"""Words that a loop takes from groups of earlier loops: where they stand in scratch.

A `move` of the lane IR costs nothing by itself.  Where its lanes are neighbouring words of one
result it is that vector, one word for all lanes is broadcast, and other words are read lane by lane
where they stand (:mod:`vliwc.isel.memory.regions` does the same for words of memory).  Groups whose
words stand alike share a template: the results of other groups are members of families.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from vliwc.ir.graph import Function, Loop
from vliwc.ir.value import Op, Value
from vliwc.isel.memory.regions import stride_of
from vliwc.isel.scalar import Uniform
from vliwc.mir.operation import InGroup, MOp, Operand, PerGroup


class Place(NamedTuple):
    """A word of a result: the result by its number within the group, and the offset in it."""

    result: int
    offset: int


Word = Place | Value
"""Where a lane finds its word: in a result of elsewhere, or in a value of its own iteration."""


@dataclass(frozen=True)
class GroupMoves:
    """The words of the moves of one group: the results that they stand in, and where in these."""

    results: tuple[MOp | InGroup, ...]
    places: tuple[tuple[Value, tuple[Word, ...]], ...]


@dataclass(eq=False)
class LoopMoves:
    """All moves of a loop, whose first group has number ``first_group`` in the kernel."""

    uniform: Uniform
    first_group: int
    groups: list[GroupMoves]
    _families: dict[object, PerGroup] = field(default_factory=dict[object, PerGroup])

    def words(self, group: int, move: Value) -> Operand | tuple[Operand | Value, ...]:
        """The words of ``move`` in each lane, as seen from ``group`` of the loop and all others
        with equal places: a vector operand, or scalar ones and values of the same iteration."""
        places = next(places for value, places in self.groups[group].places if value is move)
        first = places[0]
        offsets = [p.offset for p in places if isinstance(p, Place)]
        results = {p.result for p in places if isinstance(p, Place)}
        if isinstance(first, Place) and len(results) == 1 and len(offsets) == len(places):
            stride = stride_of(offsets, self.uniform.vlen)
            if stride == 0:
                return Operand(self._broadcasts(first))
            whole = len(places) == self.uniform.vlen or first.offset == 0
            if stride is not None and (stride != 1 or whole):
                return Operand(self._family(first.result), first.offset, stride)
        return tuple(
            Operand(self._family(p.result), p.offset, 0) if isinstance(p, Place) else p
            for p in places
        )

    def _family(self, number: int) -> PerGroup:
        """The result ``number`` of each group."""
        family = self._families.get(number)
        if family is None:
            members = self._numbered(number)
            family = self._families[number] = PerGroup(f"moved{number}", self.first_group, members)
        return family

    def _numbered(self, number: int) -> list[MOp | InGroup]:
        """The result ``number`` of each group; some other one for groups with fewer."""
        some = next(each.results[number] for each in self.groups if len(each.results) > number)
        return [
            each.results[number] if number < len(each.results) else some for each in self.groups
        ]

    def _broadcasts(self, place: Place) -> PerGroup:
        """The broadcasts of one word of each group's result."""
        family = self._families.get(place)
        if family is None:
            members: list[MOp | InGroup] = []
            for group, result in enumerate(self._numbered(place.result)):
                alike = any(place in words for _, words in self.groups[group].places)
                if not alike and members:
                    members.append(members[-1])
                    continue
                source = self.uniform.splat(Operand(result, place.offset, 0), "moved").source
                assert isinstance(source, MOp)
                members.append(source)
            name = f"moved{place.result}.{place.offset}"
            family = self._families[place] = PerGroup(name, self.first_group, members)
        return family


def needed_moves(function: Function) -> list[Value]:
    """The moves that something needs, of all loops."""
    live = function.computed()
    return [value for value in function.values if value.op is Op.MOVE and value in live]


def loop_moves(
    loop: Loop,
    moves: Sequence[Value],
    uniform: Uniform,
    first_group: int,
    word: Callable[[Value, int], Operand],
) -> LoopMoves | None:
    """The ``moves`` of ``loop``, None if there are none; ``word`` says where the word of a value of
    another loop, or of none, stands in one of its iterations."""
    if not moves:
        return None
    vlen = uniform.vlen
    groups: list[GroupMoves] = []
    for start in range(0, loop.extent, vlen):
        results: dict[MOp | InGroup, int] = {}
        places: list[tuple[Value, tuple[Word, ...]]] = []
        for move in moves:
            found: list[Word] = []
            for number, at in move.picks[start : start + vlen]:
                value = move.args[number]
                if value.loop == loop.number:
                    found.append(value)
                    continue
                stands = word(value, at)
                assert isinstance(stands.source, MOp | InGroup)
                result = results.setdefault(stands.source, len(results))
                found.append(Place(result, stands.offset))
            places.append((move, tuple(found)))
        groups.append(GroupMoves(tuple(results), tuple(places)))
    return LoopMoves(uniform, first_group, groups)


def taken_words(moves: Sequence[Value]) -> dict[int, dict[Value, frozenset[int]]]:
    """For each loop, the values of which ``moves`` outside take words, with their iterations."""
    found: dict[int, dict[Value, set[int]]] = {}
    for move in moves:
        for number, at in move.picks:
            value = move.args[number]
            if value.loop >= 0 and value.loop != move.loop:
                found.setdefault(value.loop, {}).setdefault(value, set()).add(at)
    return {
        loop: {value: frozenset(at) for value, at in values.items()}
        for loop, values in found.items()
    }


def taken_in(values: Mapping[Value, frozenset[int]], group: int, vlen: int) -> tuple[Value, ...]:
    """Those of ``values`` of which words of a group of lanes are taken."""
    lanes: Sequence[int] = range(group * vlen, (group + 1) * vlen)
    return tuple(value for value, at in values.items() if not at.isdisjoint(lanes))
