"""Ways to read a table: broadcast, select tree, gather, records; and plans made of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from vliwc.analysis.linear import Linear, combinations
from vliwc.diagnostics import InternalError
from vliwc.ir.value import Value
from vliwc.isel.address import AddressBook
from vliwc.isel.group import Group
from vliwc.isel.memory.lane_buffer import Landed, Turn
from vliwc.isel.memory.moves import LoopMoves
from vliwc.isel.memory.regions import RegionLoads, Regions
from vliwc.isel.memory.store_rows import StoreRows
from vliwc.isel.reads.fold import Early, Fold
from vliwc.isel.reads.record_table import PlacedTable, RecordTable
from vliwc.mir.operation import MOp, Operand


@dataclass(frozen=True, eq=False)
class ReadSite:
    """Where reads are emitted: a group with its address vectors and its rows of records.

    ``placed`` gives a record table at its address; ``rows`` lists the loads of rows by table, and
    ``row_of`` the row that each first read of a record has loaded; ``readers`` counts the uses of
    values; ``regions`` are the chunks of memory that the loop keeps in scratch, ``moves`` the words
    that it takes from other loops, as seen from its group number ``member``.

    ``buffer`` is the address of the loop's lane buffer, ``turns`` what uses it; ``landed`` are the
    words that records have to choose from where they have moved, by their first reads; ``computed``
    values are there already.
    """

    group: Group
    addresses: AddressBook
    placed: Callable[[RecordTable], PlacedTable]
    rows: dict[RecordTable, list[MOp]] = field(default_factory=dict[RecordTable, "list[MOp]"])
    row_of: dict[Value, MOp] = field(default_factory=dict[Value, MOp])
    readers: Counter[Value] = field(default_factory=Counter[Value])
    regions: RegionLoads | None = None
    moves: LoopMoves | None = None
    member: int = 0
    buffer: int | None = None
    turns: list[Turn] = field(default_factory=list[Turn])
    landed: dict[Value, Landed] = field(default_factory=dict[Value, Landed])
    computed: dict[Value, Operand] = field(default_factory=dict[Value, Operand])

    def region_word(self, value: Value) -> Operand | tuple[Operand, ...]:
        """Where the chunks of the loop hold the words of ``value``."""
        if self.regions is None:
            raise InternalError(f"{value!r} is read from a region, but its loop has none")
        return self.regions.operand(self.member, value)

    def moved(self, move: Value) -> Operand | tuple[Operand, ...]:
        """Where the words stand that ``move`` takes from other loops."""
        if self.moves is None:
            raise InternalError(f"{move!r} takes words from other loops, but its loop takes none")
        found = self.moves.words(self.member, move)
        if isinstance(found, Operand):
            return found
        return tuple(
            self.group.words(word)[lane] if isinstance(word, Value) else word
            for lane, word in enumerate(found)
        )


@dataclass(frozen=True, eq=False)
class Alternatives:
    """Candidate words of a read where they stand: ``arms[k]`` if ``atom`` is ``words[k]``."""

    atom: Value
    words: tuple[int, ...]
    arms: tuple[Operand, ...]


class Read(Protocol):
    """A way to do one table read."""

    @property
    def name(self) -> str:
        """A short name for reports."""
        ...

    def emit(
        self, site: ReadSite, value: Value, fold: Fold | None
    ) -> Operand | tuple[Operand, ...]:
        """Emit the operations of the read; the vector of words read, ``fold`` applied, or each of
        them where it stands."""
        ...

    def needs(self, index: Linear) -> tuple[Value, ...]:
        """The values, of those that ``index`` is a sum of, whose vectors the read uses."""
        ...

    def in_place(self, site: ReadSite, fold: Fold | None) -> Alternatives | None:
        """The candidates with ``fold`` applied, if what uses the word can be done on each of them
        before one is chosen."""
        ...


@dataclass(frozen=True, eq=False)
class Plan:
    """How each read of a loop is done, and which constants are folded into table words.

    ``aliases[y] = x``: ``y`` is ``x`` combined with a constant that is folded into a word read, or,
    if ``x`` is in ``early``, into what it combines that word with.
    ``regions``: the chunks of memory that reads of known addresses find in scratch.
    ``arithmetic``: selections that take valu and alu instead of flow.
    ``rows``: what is stored by whole vectors that are put together.
    """

    reads: dict[Value, Read]
    folds: dict[Value, Fold] = field(default_factory=dict[Value, Fold])
    aliases: dict[Value, Value] = field(default_factory=dict[Value, Value])
    regions: Regions | None = None
    arithmetic: frozenset[Value] = frozenset()
    rows: tuple[StoreRows, ...] = ()
    early: dict[Value, Early] = field(default_factory=dict[Value, Early])

    @property
    def in_rows(self) -> frozenset[Value]:
        """The stores that are done by rows."""
        return frozenset[Value]().union(*(rows.stores for rows in self.rows))

    def read(self, site: ReadSite, value: Value) -> Operand | tuple[Operand, ...]:
        """Emit the read of ``value``; its vector, or its words where they stand."""
        return self.reads[value].emit(site, value, self.folds.get(value))


def folded(group: Group, words: Operand, fold: Fold | None) -> Operand:
    """``fold`` applied to a vector of table words that was read raw."""
    if fold is None:
        return words
    return group.elementwise(fold[0], words, group.uniform.vector(fold[1]), "fold")


@dataclass(frozen=True)
class Consecutive:
    """Neighbouring lanes read neighbouring words."""

    name: str = "vload"

    def emit(self, site: ReadSite, value: Value, fold: Fold | None) -> Operand:
        group = site.group
        array = group.function.arrays[value.array]
        row = group.forms[value.args[0]].plus(Linear(array.base))
        return folded(group, group.load_consecutive(value, row), fold)

    def needs(self, index: Linear) -> tuple[Value, ...]:
        """The atoms of the index."""
        return index.atoms

    def in_place(self, site: ReadSite, fold: Fold | None) -> Alternatives | None:
        """None: the word read is not one of several that stand in scratch."""
        return None


@dataclass(frozen=True)
class Gather:
    """One scalar load per lane; ``choice_bits``: see :func:`vliwc.isel.address.plan_sum`."""

    choice_bits: int = 1
    name: str = "gather"

    def emit(self, site: ReadSite, value: Value, fold: Fold | None) -> Operand:
        group = site.group
        array = group.function.arrays[value.array]
        form = group.forms[value.args[0]].plus(Linear(array.base))
        address = site.addresses.address(form, self.choice_bits)
        return folded(group, group.gather(value, address, f"{value.array}{value.id}"), fold)

    def needs(self, index: Linear) -> tuple[Value, ...]:
        """The atoms of the index."""
        return index.atoms

    def in_place(self, site: ReadSite, fold: Fold | None) -> Alternatives | None:
        """None: the word read is not one of several that stand in scratch."""
        return None


@dataclass(frozen=True, eq=False)
class SelectTree:
    """All words the read can touch wait in scratch; the atoms of the index select one.

    The atom that is known first is used first, on the most pairs, so that only one selection is
    left to do when the last atom arrives.  If it is a bit, its choices between words of the table
    can be arithmetic as well.
    """

    domains: dict[Value, tuple[int, ...]]
    name: str = "select"

    def emit(self, site: ReadSite, value: Value, fold: Fold | None) -> Operand:
        group = site.group
        array = group.function.arrays[value.array]
        form = group.forms[value.args[0]]
        uniform = group.uniform
        scalars = {
            key: uniform.table_word(array, index, fold)
            for key, index in combinations(form, self.domains)
        }
        entries: dict[tuple[int, ...], Operand] = {}
        atoms = form.atoms
        if atoms and self.domains[atoms[0]] == (0, 1):
            bit = group.vector(atoms[0])
            for rest in dict.fromkeys(key[1:] for key in scalars):
                one, zero = scalars[1, *rest], scalars[0, *rest]
                entries[rest] = group.word_choice(bit, one, zero, f"{value.id}s0")
            atoms = atoms[1:]
        else:
            entries = {key: uniform.splat(word, "entry") for key, word in scalars.items()}
        for position, atom in enumerate(atoms):
            words = self.domains[atom]
            name = f"{value.id}s{position + 1}"
            rests = dict.fromkeys(key[1:] for key in entries)
            entries = {
                rest: group.choose(atom, words, [entries[word, *rest] for word in words], name)
                for rest in rests
            }
        return entries[()]

    def needs(self, index: Linear) -> tuple[Value, ...]:
        """The atoms of the index."""
        return index.atoms

    def in_place(self, site: ReadSite, fold: Fold | None) -> Alternatives | None:
        """None: the word read is not one of several that stand in scratch."""
        return None
