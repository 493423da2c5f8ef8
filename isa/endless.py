"""A simulator that notices programs that never end, because their state repeats.

The machine is deterministic and gets no input: a core that is twice at the same bundle with the
same words in scratch and memory goes the same way for ever. States are compared as in Brent's
search for cycles (R. P. Brent, "An improved Monte Carlo factorization algorithm", BIT 20, 1980):
one earlier state is kept, a later one is kept whenever the number of executed bundles has doubled.
To cost little, only the bundles right after a kept state are compared with it, an eighth of all;
a loop of ``p`` bundles that changes nothing is therefore found after about ``16 p`` of them.
Programs of fewer than `FIRST` bundles, as all that the compiler makes of small kernels, cost
nothing more than with `isa.simulator`.

Not seen are programs that never end and change something on the way, such as a counter.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from isa.program import DebugKey, Program
from isa.simulator import Simulator, decode

FIRST: Final = 4096
"""Executed bundles after which the first state is kept."""

_LOOKED_AT: Final = 8
"""One of so many bundles is compared with the state kept."""

MAX_TRACE_WORDS: Final = 10_000_000
"""Length of the longest trace buffer: with 10**8 cycles it could fill the computer's memory."""


@dataclass(frozen=True, slots=True)
class _Kept:
    """A state to compare with: bundle index, cycles until then, words of scratch and memory."""

    pc: int
    cycle: int
    scratch: list[int]
    memory: list[int]


class WatchedSimulator(Simulator):
    """A `Simulator` that fails where the state repeats, or the trace buffer has no end.

    The trace buffer is no part of the compared state: programs cannot read it.

    Raises:
        SimulationError: by `run` and `step`, as of `Simulator`; also for a repeated state, with
            the cycle since which nothing has changed, and for `MAX_TRACE_WORDS`.
    """

    def __init__(
        self,
        program: Program,
        memory: Iterable[int],
        *,
        pause: bool = False,
        debug: bool = False,
        max_cycles: int | None = None,
        reference: Mapping[DebugKey, int] | None = None,
    ) -> None:
        super().__init__(
            decode(program, debug=debug),
            memory,
            pause=pause,
            max_cycles=max_cycles,
            reference=reference,
        )
        self._executed = 0  # bundles, counted or not
        self._keep_at = FIRST
        self._kept: _Kept | None = None  # None where no state is compared
        self._scratch_hint = self._memory_hint = 0  # words that differed last

    def _advance(self, max_bundles: int | None) -> None:
        left = max_bundles
        while self.status == "running" and left != 0:
            bundles = 1 if self._kept is not None else self._keep_at - self._executed
            if left is not None:
                bundles = min(bundles, left)
                left -= bundles
            super()._advance(bundles)
            self._executed += bundles
            if self.status == "running":
                self._look()

    def _look(self) -> None:
        """Compare with the state kept, or keep the present one."""
        kept = self._kept
        if kept is None:
            if self._executed == self._keep_at:
                self._kept = _Kept(self.pc, self.cycles, list(self.scratch), list(self.memory))
                self._keep_at *= 2
                if len(self.trace) > MAX_TRACE_WORDS:
                    raise self._error(f"the trace buffer has more than {MAX_TRACE_WORDS} words")
            return
        if self.pc == kept.pc and self._is_as(kept):
            raise self._error(
                "the program never ends: it comes to this bundle again and again, "
                f"and nothing has changed since cycle {kept.cycle}"
            )
        if self._executed >= self._keep_at // 2 + self._keep_at // (2 * _LOOKED_AT):
            self._kept = None

    def _is_as(self, kept: _Kept) -> bool:
        """Whether scratch and memory are as they were; a loop mostly changes one word each time."""
        if self.scratch[self._scratch_hint] != kept.scratch[self._scratch_hint] or (
            self.memory and self.memory[self._memory_hint] != kept.memory[self._memory_hint]
        ):
            return False
        differing = _first_difference(self.scratch, kept.scratch)
        if differing is not None:
            self._scratch_hint = differing
            return False
        differing = _first_difference(self.memory, kept.memory)
        if differing is not None:
            self._memory_hint = differing
            return False
        return True


def _first_difference(words: list[int], others: list[int]) -> int | None:
    """The first position at which two lists of equal length differ; None if they are equal."""
    if words == others:
        return None
    return next(
        at for at, (one, other) in enumerate(zip(words, others, strict=True)) if one != other
    )
