"""Regions: memory words that are loaded once, by vloads, for all reads whose addresses are known.

The words that a block of neighbouring groups reads from an array are covered by *chunks*, runs of
whole vectors that stand in scratch as they do in memory.  A read whose lanes touch neighbouring
words is then an operand somewhere in a chunk (at any offset), one with a stride is an operand with
that stride, one word for all lanes is a scalar to broadcast, and anything else is read lane by
lane.  So rows, strides, halos of stencils and the operands of matrix products cost no more loads
than their distinct words need, and equal chunks of different blocks are loaded once for all.  Lanes
whose word no one asks for (:mod:`vliwc.analysis.lane_cases`) add nothing to the chunks.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from vliwc.analysis.lane_cases import Lanes
from vliwc.analysis.lane_words import Words
from vliwc.ir.graph import Loop
from vliwc.ir.value import Value
from vliwc.isel.repair import MIN_LANES_A_REPAIR
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

    ``reads`` are the reads; ``chunks[g]`` the chunks of group ``g`` of the loop;
    ``places[g][value]`` says for each of its lanes where the word of a read stands (None: no one
    asks for it), if any is asked for; ``pattern[g]`` numbers groups with equal places: they share a
    template.
    """

    loop: Loop
    reads: frozenset[Value]
    chunks: list[tuple[Chunk, ...]]
    places: list[dict[Value, tuple[Place | None, ...]]]
    pattern: list[int]

    @property
    def distinct(self) -> set[Chunk]:
        """All chunks, each once."""
        return {chunk for group in self.chunks for chunk in group}


def plan_regions(
    loop: Loop,
    addresses: Mapping[Value, Words],
    vlen: int,
    block: int,
    limit: int,
    wanted: Mapping[Value, Lanes] | None = None,
) -> Regions:
    """Regions for reads at the ``(extent,)`` ``addresses``, of which only the ``wanted`` lanes
    matter (None: all), ``block`` groups at a time.

    If ``block`` is negative, chunks have up to so many vectors and do not overlap: that takes the
    fewest loads, but where a chunk ends, groups read words here and there.
    Memory has ``limit`` words, at least ``vlen``.
    """
    groups = -(-loop.extent // vlen)
    chunks: list[tuple[Chunk, ...]] = []
    places: list[dict[Value, tuple[Place | None, ...]]] = []
    numbers: dict[object, int] = {}
    pattern: list[int] = []
    rows: dict[Value, list[int | None]] = {}
    for value, words in addresses.items():
        rows[value] = words.tolist()
        if wanted is not None:
            asked = wanted.get(value)
            mask: list[bool] = [False] * loop.extent if asked is None else asked.tolist()
            rows[value] = [w if m else None for w, m in zip(rows[value], mask, strict=True)]
    apart = _apart(rows.values(), vlen, limit, -block) if block < 0 else {}
    for start in range(0, groups, abs(block)):
        members = range(start, min(start + abs(block), groups))
        touched = {
            group: {
                value: lanes
                for value, row in rows.items()
                if set(lanes := tuple(row[group * vlen : (group + 1) * vlen])) != {None}
            }
            for group in members
        }
        by_read = [[at[value] for at in touched.values() if value in at] for value in rows]
        if block < 0:
            words = (w for read in by_read for lanes in read for w in lanes if w is not None)
            cover = list(dict.fromkeys(apart[word] for word in words))
        else:
            cover = _cover(by_read, vlen, limit)
        for group in members:
            used: dict[Chunk, int] = {}
            here = {
                value: _places(words, cover, used, vlen) for value, words in touched[group].items()
            }
            chunks.append(tuple(used))
            places.append(here)
            key = tuple(here.values()), tuple(chunk.vectors for chunk in used)
            pattern.append(numbers.setdefault(key, len(numbers)))
    return Regions(loop, frozenset(addresses), chunks, places, pattern)


def stride_of(words: Sequence[int | None], vlen: int) -> int | None:
    """The step from each word to the next, if it is always the same and at most ``vlen``; None
    otherwise.  Words that are None are what the step makes of them.

    The words of larger strides are looked up one by one: a chunk that holds them all would have
    vectors of which no word is of use.
    """
    known = [(lane, word) for lane, word in enumerate(words) if word is not None]
    if len(known) == 1:
        return 0 if len(words) == 1 else None
    (first, low), (second, high) = known[:2]
    step, rest = divmod(high - low, second - first)
    if rest or not 0 <= step <= vlen:
        return None
    even = all(word == low + step * (lane - first) for lane, word in known)
    return step if even else None


def _most_side_by_side(words: Sequence[int | None], vlen: int) -> int | None:
    """Where a vector starts that has the words of most lanes in place; the others can be done anew
    (:mod:`vliwc.isel.repair`).  None if these are too many."""
    (start, lanes), *_ = Counter(
        word - lane for lane, word in enumerate(words) if word is not None
    ).most_common(1)
    elsewhere = len(words) - lanes
    return start if len(words) == vlen and elsewhere * MIN_LANES_A_REPAIR <= vlen else None


def _cover(reads: Sequence[Sequence[tuple[int | None, ...]]], vlen: int, limit: int) -> list[Chunk]:
    """Chunks that hold all words of ``reads``, each by groups, every even stride in one chunk.

    What one read touches in neighbouring groups comes together; what several touch stays apart
    unless it overlaps, for another block may have an equal chunk.
    """
    spans: list[tuple[int, int]] = []
    points: set[int] = set()
    for read in reads:
        own: list[tuple[int, int]] = []
        for words in dict.fromkeys(read):
            known = [word for word in words if word is not None]
            if stride_of(words, vlen):
                own.append((known[0], known[-1] + 1))
                continue
            points.update(known)
            run = _most_side_by_side(words, vlen)
            if run is not None and 0 <= run <= limit - vlen:
                own.append((run, run + vlen))
        spans += _merged(own, adjacent=True)
    found = [_chunk(low, high, vlen, limit) for low, high in _merged(spans, adjacent=False)]
    held = {
        word for chunk in found for word in range(chunk.base, chunk.base + chunk.vectors * vlen)
    }
    for word in sorted(points - held):
        if not found or word not in held:
            found.append(_chunk(word, word + 1, vlen, limit))
            held.update(range(found[-1].base, found[-1].base + vlen))
    return found


def _apart(
    reads: Iterable[Iterable[int | None]], vlen: int, limit: int, vectors: int
) -> dict[int, Chunk]:
    """For each word of ``reads`` the chunk of at most so many vectors that holds it."""
    found: dict[int, Chunk] = {}
    runs: list[list[int]] = []
    end = most = -1
    for word in sorted({word for read in reads for word in read if word is not None}):
        if word >= end and (word > end or word >= most):
            runs.append([])
            most = word + vectors * vlen
        if word >= end:
            end = word + vlen
        runs[-1].append(word)
    for run in runs:
        found.update(dict.fromkeys(run, _chunk(run[0], run[-1] + 1, vlen, limit)))
    return found


def _merged(spans: list[tuple[int, int]], *, adjacent: bool) -> list[tuple[int, int]]:
    """The ranges, those that overlap as one; with ``adjacent``, those that touch too."""
    merged: list[tuple[int, int]] = []
    for low, high in sorted(spans):
        if merged and low < merged[-1][1] + adjacent:
            merged[-1] = (merged[-1][0], max(merged[-1][1], high))
        else:
            merged.append((low, high))
    return merged


def _chunk(low: int, high: int, vlen: int, limit: int) -> Chunk:
    """The whole vectors from ``low`` on that reach ``high``, moved down where memory ends."""
    vectors = -(-(high - low) // vlen)
    return Chunk(max(min(low, limit - vectors * vlen), 0), vectors)


def _places(
    words: tuple[int | None, ...], cover: Sequence[Chunk], used: dict[Chunk, int], vlen: int
) -> tuple[Place | None, ...]:
    """Where ``words`` stand: all in one chunk if one has them all."""

    def holds(chunk: Chunk, word: int) -> bool:
        return chunk.base <= word < chunk.base + chunk.vectors * vlen

    def all_held(words: Sequence[int | None]) -> Chunk | None:
        known = [word for word in words if word is not None]
        return next((c for c in cover if all(holds(c, word) for word in known)), None)

    whole = all_held(words)
    even = _evened(words, vlen)
    if even is not None and (held := all_held(even)) is not None:
        # Then the words are a vector operand, whatever stands in lanes that no one asks for.
        words, whole = even, held
    found: list[Place | None] = []
    for word in words:
        if word is None:
            found.append(None)
            continue
        chunk = whole or next(c for c in cover if holds(c, word))
        found.append(Place(used.setdefault(chunk, len(used)), word - chunk.base))
    return tuple(found)


def _evened(words: tuple[int | None, ...], vlen: int) -> tuple[int, ...] | None:
    """The words with all lanes, if they follow a stride where they are known; neighbours, if only
    one is known."""
    lane, word = next((lane, word) for lane, word in enumerate(words) if word is not None)
    alone = len(words) > 1 and sum(word is not None for word in words) == 1
    step = 1 if alone else stride_of(words, vlen)
    if step is None:
        return None
    return tuple(word + step * (other - lane) for other in range(len(words)))


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
        known = self.regions.places[group][value]
        first = next(place for place in known if place is not None)
        places = [place or first for place in known]
        one_chunk = None not in known and all(place.chunk == first.chunk for place in places)
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
        numbers = dict.fromkeys(place.chunk for place in places if place is not None)
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
            members = [self._load(chunk) for chunk in self._numbered(number)]
            family = self._families[number] = PerGroup(f"chunk{number}", self.first_group, members)
        return family

    def _numbered(self, number: int) -> list[Chunk]:
        """The chunk ``number`` of each group; some other one for groups with fewer."""
        some = next(chunks[0] for chunks in self.regions.chunks if chunks)
        return [
            chunks[number] if number < len(chunks) else (*chunks, some)[0]
            for chunks in self.regions.chunks
        ]

    def _broadcasts(self, place: Place) -> PerGroup:
        """The broadcasts of one word of each group's chunk."""
        family = self._families.get(place)
        if family is None:
            members: list[MOp] = []
            for chunk in self._numbered(place.chunk):
                offset = min(place.offset, chunk.vectors * self.uniform.vlen - 1)
                word = Operand(self._load(chunk), offset, 0)
                source = self.uniform.splat(word, "word").source
                assert isinstance(source, MOp)
                members.append(source)
            name = f"word{place.chunk}.{place.offset}"
            family = self._families[place] = PerGroup(name, self.first_group, members)
        return family
