"""Regions: memory words that are loaded once, by vloads, for all reads whose addresses are known.

The words that a block of neighbouring groups reads from an array are covered by *chunks*, runs of
whole vectors that stand in scratch as they do in memory.  A read whose lanes touch neighbouring
words is then an operand somewhere in a chunk (at any offset), one with a stride is an operand with
that stride, one word for all lanes is a scalar to broadcast, and anything else is copied lane by
lane.  So rows, strides, halos of stencils and the operands of matrix products cost no more loads
than their distinct words need, and equal chunks of different blocks are loaded once for all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from vliwc.analysis.lane_words import Words
from vliwc.ir.graph import Loop
from vliwc.ir.value import Value
from vliwc.isel.scalar import Uniform
from vliwc.mir.operation import Form, MOp, Operand, PerGroup


class Chunk(NamedTuple):
    """``vectors`` whole vectors from memory address ``base`` on."""

    base: int
    vectors: int


class Place(NamedTuple):
    """A word of a chunk: the chunk by its number within the group, and the offset in it."""

    chunk: int
    offset: int


@dataclass(frozen=True, eq=False)
class Regions:
    """How the groups of a loop read words at known addresses.

    ``chunks[g]`` are the chunks of group ``g`` of the loop; ``places[g][value]`` says for each of
    its lanes where the word of a read stands; ``pattern[g]`` numbers groups with equal places: they
    share a template.
    """

    loop: Loop
    chunks: list[tuple[Chunk, ...]]
    places: list[dict[Value, tuple[Place, ...]]]
    pattern: list[int]

    @property
    def distinct(self) -> set[Chunk]:
        """All chunks, each once."""
        return {chunk for group in self.chunks for chunk in group}


def plan_regions(
    loop: Loop, addresses: Mapping[Value, Words], vlen: int, block: int, limit: int
) -> Regions:
    """Regions for reads at the ``(extent,)`` ``addresses``, ``block`` groups at a time.

    Memory has ``limit`` words, at least ``vlen``.
    """
    groups = -(-loop.extent // vlen)
    chunks: list[tuple[Chunk, ...]] = []
    places: list[dict[Value, tuple[Place, ...]]] = []
    numbers: dict[object, int] = {}
    pattern: list[int] = []
    rows = {value: words.tolist() for value, words in addresses.items()}
    for start in range(0, groups, block):
        members = range(start, min(start + block, groups))
        touched = {
            group: {
                value: tuple(row[group * vlen : (group + 1) * vlen]) for value, row in rows.items()
            }
            for group in members
        }
        cover = _cover(
            [words for reads in touched.values() for words in reads.values()], vlen, limit
        )
        for group in members:
            used: dict[Chunk, int] = {}
            here = {
                value: _places(words, cover, used, vlen) for value, words in touched[group].items()
            }
            chunks.append(tuple(used))
            places.append(here)
            key = tuple(here.values()), tuple(chunk.vectors for chunk in used)
            pattern.append(numbers.setdefault(key, len(numbers)))
    return Regions(loop, chunks, places, pattern)


def stride_of(words: Sequence[int], vlen: int) -> int | None:
    """The step from each word to the next, if it is always the same and at most ``vlen``; None
    otherwise.

    The words of larger strides are looked up one by one: a chunk that holds them all would have
    vectors of which no word is of use.
    """
    if len(words) == 1:
        return 0
    step = words[1] - words[0]
    if not 0 <= step <= vlen:
        return None
    even = all(b - a == step for a, b in zip(words, words[1:], strict=False))
    return step if even else None


def _cover(accesses: Sequence[tuple[int, ...]], vlen: int, limit: int) -> list[Chunk]:
    """Chunks that hold all words of ``accesses``, each even stride within one chunk."""
    spans: list[tuple[int, int]] = []
    points: set[int] = set()
    for words in dict.fromkeys(accesses):
        if stride_of(words, vlen):
            spans.append((words[0], words[-1] + 1))
        else:
            points.update(words)
    merged: list[tuple[int, int]] = []
    for low, high in sorted(spans):
        if merged and low < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], high))
        else:
            merged.append((low, high))
    found = [_chunk(low, high, vlen, limit) for low, high in merged]
    held = {
        word for chunk in found for word in range(chunk.base, chunk.base + chunk.vectors * vlen)
    }
    for word in sorted(points - held):
        if not found or word not in held:
            found.append(_chunk(word, word + 1, vlen, limit))
            held.update(range(found[-1].base, found[-1].base + vlen))
    return found


def _chunk(low: int, high: int, vlen: int, limit: int) -> Chunk:
    """The whole vectors from ``low`` on that reach ``high``, moved down where memory ends."""
    vectors = -(-(high - low) // vlen)
    return Chunk(max(min(low, limit - vectors * vlen), 0), vectors)


def _places(
    words: tuple[int, ...], cover: Sequence[Chunk], used: dict[Chunk, int], vlen: int
) -> tuple[Place, ...]:
    """Where ``words`` stand: all in one chunk if one has them all."""

    def holds(chunk: Chunk, word: int) -> bool:
        return chunk.base <= word < chunk.base + chunk.vectors * vlen

    whole = next((c for c in cover if all(holds(c, word) for word in words)), None)
    found: list[Place] = []
    for word in words:
        chunk = whole or next(c for c in cover if holds(c, word))
        found.append(Place(used.setdefault(chunk, len(used)), word - chunk.base))
    return tuple(found)


@dataclass(eq=False)
class RegionLoads:
    """The shared operations that load the chunks of a loop; made when they are first asked for."""

    regions: Regions
    uniform: Uniform
    first_group: int
    _families: dict[object, PerGroup] = field(default_factory=dict[object, PerGroup])

    def operand(self, group: int, value: Value) -> Operand | tuple[Operand, ...]:
        """The word of ``value`` in each lane, as seen from ``group`` of the loop and all others of
        its pattern: a vector operand, or where lanes follow no stride, scalar ones."""
        places = self.regions.places[group][value]
        first = places[0]
        one_chunk = all(place.chunk == first.chunk for place in places)
        offsets = [place.offset for place in places]
        stride = stride_of(offsets, self.uniform.vlen) if one_chunk else None
        width = self.regions.chunks[group][first.chunk].vectors * self.uniform.vlen
        if stride == 1 and first.offset + self.uniform.vlen > width:
            stride = None  # a short group: whole-vector operations would read past the chunk
        if stride is None:
            return tuple(Operand(self._family(place.chunk), place.offset, 0) for place in places)
        if stride == 0:
            return Operand(self._broadcasts(first))
        return Operand(self._family(first.chunk), first.offset, stride)

    def all_loads(self) -> list[MOp]:
        """The loads of all chunks."""
        chunks = dict.fromkeys(chunk for group in self.regions.chunks for chunk in group)
        return [self._load(chunk) for chunk in chunks]

    def loads_in(self, group: int, value: Value) -> list[MOp]:
        """The loads that ``value`` reads words of in ``group`` of the loop."""
        places = self.regions.places[group].get(value, ())
        numbers = dict.fromkeys(place.chunk for place in places)
        return [self._load(self.regions.chunks[group][number]) for number in numbers]

    def _load(self, chunk: Chunk) -> MOp:
        vlen = self.uniform.vlen
        starts = [chunk.base + vlen * number for number in range(chunk.vectors)]
        if chunk.vectors == 1:
            form = Form("load", "vload", (self.uniform.word(chunk.base),))
        else:
            lanes = tuple((self.uniform.word(start),) for start in starts)
            form = Form("load", "vload", scalarised=True, per_lane=lanes, dest_stride=vlen)
        width = chunk.vectors * vlen
        op = MOp(f"mem{chunk.base}", (form,), lanes=chunk.vectors, width=width)
        return self.uniform.intern(("chunk", self.regions.loop.number, chunk), op)

    def _family(self, number: int) -> PerGroup:
        """The loads of the chunk ``number`` of each group."""
        family = self._families.get(number)
        if family is None:
            members = [
                self._load(chunks[number if number < len(chunks) else 0])
                for chunks in self.regions.chunks
            ]
            family = self._families[number] = PerGroup(f"chunk{number}", self.first_group, members)
        return family

    def _broadcasts(self, place: Place) -> PerGroup:
        """The broadcasts of one word of each group's chunk."""
        family = self._families.get(place)
        if family is None:
            members: list[MOp] = []
            for chunks in self.regions.chunks:
                chunk = chunks[place.chunk if place.chunk < len(chunks) else 0]
                offset = min(place.offset, chunk.vectors * self.uniform.vlen - 1)
                word = Operand(self._load(chunk), offset, 0)
                source = self.uniform.splat(word, "word").source
                assert isinstance(source, MOp)
                members.append(source)
            name = f"word{place.chunk}.{place.offset}"
            family = self._families[place] = PerGroup(name, self.first_group, members)
        return family
