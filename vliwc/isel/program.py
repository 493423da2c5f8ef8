"""An optimised lane function with what the analyses know of it: where instruction selection
starts."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

from isa.machine import MachineSpec
from vliwc.analysis.lane_cases import LaneCases, lane_cases
from vliwc.analysis.lane_words import Words, lane_words
from vliwc.analysis.linear import BitFacts, Linear, linear_forms
from vliwc.ir.graph import Function, Loop
from vliwc.ir.value import Value
from vliwc.mir.operation import MOp

STRATEGIES = (
    "select",
    "bits",
    "packed",
    "records",
    "windows",
    "neighbours",
    "chunks",
    "rows",
    "edges",
    "moves",
    "sums",
    "adjacent",
)
"""Ways of doing things that can be left out, like passes: reads by selections among words in
scratch, by the bits of an index, from packed words, through records of two tables' words, through
windows at addresses without a constant, of neighbouring words at run-time places by rows, from
chunks of memory that several reads share; stores by rows; code of its own for groups at edges;
lanes moved through memory; sums made of addresses; results side by side in scratch."""


@dataclass(frozen=True)
class Cut:
    """A loop in ``trips`` trips of ``groups`` full groups, and ``rest`` lanes, fewer than those of
    a trip; if it ``stays``, all trips are about the same lanes, which are all there are."""

    groups: int
    trips: int
    rest: int
    stays: bool = False


@dataclass(frozen=True)
class Overlap:
    """Of a loop ``rest`` iterations are to be executed, a word that is known at run time: at most
    as many as it has lanes.  The first ``certain`` groups are full ones, those after them begin
    with iteration ``min(vlen * group, rest - vlen)``; without such groups there is one group, the
    lanes of which are ``min(lane, rest - 1)``."""

    certain: int
    rest: MOp


@dataclass(frozen=True, eq=False)
class KeptWords:
    """Words that keep their places in scratch from one part of a program to the next: for each
    array of one word (`Where.SCRATCH`) the operation that stands for it, and its address."""

    of: dict[str, MOp]
    places: dict[MOp, int]


@dataclass(frozen=True, eq=False)
class LaneProgram:
    """An optimised lane function with what the analyses found out about it.

    ``left_out`` names :data:`STRATEGIES` that must not be used.  Without ``edges`` all groups of a
    loop run the same code, whatever lane numbers decide.

    ``cut``: its loop is a piece of a machine loop (:mod:`vliwc.isel.cut`); None: it is all of the
    loop.  Groups of a trip stand for those of all others, and nothing may be made of what the lane
    number is in one of them.  ``after``: other code was executed before, so that words of scratch
    are not zero.  ``kept``: words in scratch that parts of the program hand on.  ``overlap``:
    groups may do the same iterations (:mod:`vliwc.isel.loops.overlap`).
    ``chains``: how many totals of a reduction grow side by side, until all groups are done: with
    more of them the last groups' results are waited for less.
    """

    function: Function
    facts: BitFacts
    forms: dict[Value, Linear]
    machine: MachineSpec
    left_out: frozenset[str] = frozenset()
    cut: Cut | None = None
    after: bool = False
    kept: KeptWords | None = None
    chains: int = 1
    overlap: Overlap | None = None
    _words: dict[Loop, dict[Value, Words]] = field(default_factory=dict[Loop, dict[Value, Words]])
    _cases: dict[Loop, LaneCases | None] = field(default_factory=dict[Loop, "LaneCases | None"])

    @staticmethod
    def of(
        function: Function,
        facts: BitFacts,
        machine: MachineSpec,
        *,
        left_out: Collection[str] = (),
        after: bool = False,
        kept: KeptWords | None = None,
        overlap: Overlap | None = None,
    ) -> LaneProgram:
        """Run the linear analysis on ``function``."""
        forms = linear_forms(function, facts)
        return LaneProgram(
            function,
            facts,
            forms,
            machine,
            frozenset(left_out),
            after=after,
            kept=kept,
            overlap=overlap,
        )

    @property
    def numbered(self) -> bool:
        """Whether it is known which lane numbers a group has."""
        return self.cut is None and self.overlap is None

    @property
    def trips(self) -> int:
        """Trips of the machine loop; 0 if there is none."""
        return 0 if self.cut is None else self.cut.trips

    def words(self, loop: Loop) -> dict[Value, Words]:
        """The words that follow from the lane number, see :mod:`vliwc.analysis.lane_words`."""
        if not self.numbered:
            return {}
        if loop not in self._words:
            self._words[loop] = lane_words(self.function, loop)
        return self._words[loop]

    def cases(self, loop: Loop) -> LaneCases | None:
        """What the lane number decides in ``loop``, see :mod:`vliwc.analysis.lane_cases`."""
        if not self.numbered or "edges" in self.left_out:
            return None
        if loop not in self._cases:
            words, vlen = self.words(loop), self.machine.vlen
            self._cases[loop] = lane_cases(self.function, loop, words, self.facts, vlen)
        return self._cases[loop]

    def groups(self, loop: Loop) -> int:
        """Groups of ``vlen`` lanes (the last one possibly short) of a loop."""
        return -(-loop.extent // self.machine.vlen)
