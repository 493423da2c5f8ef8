"""The tuned numbers of choosing strategies."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class DrainAllowance:
    """Cycles at the start of a schedule and in the drain, together, in which an engine finds
    nothing to do; ``compute`` is for scalar and vector arithmetic."""

    compute: float
    flow: float
    load: float


@dataclass(frozen=True)
class StrategyTuning:
    """What is tried and how much scratch it may take; set by hand.  Where no other command is
    named, ``python -m benchmarks.suite`` shows what a change does to cycles.

    Of a *share* n, one part in n of the machine's scratch may be used.
    """

    allowances: tuple[DrainAllowance, ...] = (
        DrainAllowance(2.0, 24.0, 16.0),
        DrainAllowance(2.0, 16.0, 16.0),
        DrainAllowance(2.0, 30.0, 24.0),
        DrainAllowance(2.0, 8.0, 24.0),
        DrainAllowance(2.0, 16.0, 8.0),
    )
    """Guesses of what comes on top of the proved cycles that led to good schedules, the best first;
    levels try the first ones."""
    unmeasured: DrainAllowance = DrainAllowance(4.0, 0.0, 0.0)
    """A guess for the first assignment, from which the proved cycles are measured: arithmetic waits
    for the first words to come in."""
    blocks: tuple[int, ...] = (1, 4, -4, -8)
    """Numbers of neighbouring groups that share the chunks of memory they read: one keeps fewest
    words in scratch, several save the loads of words that neighbours have in common, a negative
    number also those that blocks have in common (:func:`vliwc.isel.memory.regions.plan_regions`).
    The longer chunks, the fewer groups read words of two; the shorter, the sooner scratch is
    free."""
    passing_share: int = 6
    """Where input stands in the words of results that groups lend, it may take one part in so many
    of scratch, where it waits until its group runs: the first groups do not take all of it yet."""
    passing_groups: int = 4
    """Of such groups, one in so many may lend words where the critical path is long."""
    entry_share: int = 4
    """Table entries for select trees may take one part in so many of scratch: the rest is for
    groups in flight."""
    chunk_share: int = 2
    """Chunks of one array that all groups share, or that one group needs, may take one part in so
    many of scratch: the rest is for results."""
    row_share: int = 2
    """Words that wait until their rows are complete may take one part in so many of scratch."""
    select_words_per_lane: int = 2
    """Select trees choose from at most so many words for each lane of a vector: among n words they
    take n - 1 selections, a gather one load per lane."""
    least_select_words: int = 4
    """Short vectors or not, a choice by two bits is tried."""
    split_reads: int = 64
    """Where a tree of selections would do, other ways to read by the bits of an index are tried in
    loops of at most so many table reads: each is one step more to choose from, and the effort of an
    assignment is limited."""
    packed_words_per_lane: int = 16
    """Of narrow words that stand several in one, trees choose from at most so many for each lane:
    each takes a scalar operation or two before the first read."""
    records_per_lane: int = 16
    """Record tables have at most so many records for each lane of a vector: building one takes
    slots for each record, which only reads of many groups earn back."""
    record_scales: int = 8
    """Largest factor between the indices of two reads for which records are looked for: trees of so
    many children a node."""
    turn: int = 14
    """Cycles from one use of a lane buffer to the next, on average at least: it takes eight for
    the words to come, and two to move, and whoever comes next may not be ready."""
    balance_gap: float = 0.001
    """Part of the cycles by which an assignment may miss the best one: a cycle in a thousand, less
    than the guesses of idle cycles are wrong by."""
    most_trips: int = 64
    """Of a machine loop of more trips than this, set-up counts as if there were so many: less than
    one part in a hundred of the cycles."""
    relaxed_reach: float = 0.01
    """Steps are left out of the search for an assignment that would cost more than this part of the
    cycles if all groups took them, by the prices of the linear relaxation.  With less, what makes
    whole groups of what was parts of them is missing; with more, the search takes longer."""
    relaxed_steps: int = 256
    """Among fewer steps the search takes all of them at once."""
    long_path: float = 0.3
    """A critical path of more than this part of the cycles of the busiest engine is long: there may
    not be enough other groups to fill the time in which one waits for its windows."""
    soonest_operations: int = 10_000
    """Operations of the machine DAGs that are built to find reads whose words come sooner: in short
    programs, and in a fraction of a second."""
    relaxed_gap: float = 0.03
    """If an assignment is by more than this part above the relaxation, all steps are searched."""
    linearization_level: int = 2
    """CP-SAT's parameter for assignments: all linear relaxations.  An assignment is a flow with a
    few limits, of which the relaxation is nearly integral.  ``vliwc bound``"""
    load_weight: float = 0.5
    """What a load slot counts against a flow slot when paths are ordered by how much they load."""
    grade: float = 0.75
    """Steepness of the graded group order: 0 spreads paths evenly, at 1 the share of those that
    load most falls to nothing at the end."""
    bound_effort: float = 1.0
    """CP-SAT's deterministic time for the kernel bound, which is valid whenever it stops.
    ``vliwc bound``"""
    bound_rows: int = 8000
    """In models of more rows the effort ends before CP-SAT knows more than the linear relaxation,
    which is solved apart.  ``vliwc bound``"""
    bound_most_rows: int = 60_000
    """Larger models are not built: they would take minutes and gigabytes.  Then table reads count
    nothing in the kernel bound.  ``vliwc bound``"""
    chain_operations: int = 20_000
    """Chains through several loops are followed in programs with at most so many operations, about
    a second's work: in larger ones, engines bind.  ``vliwc bound``"""
    bound_places: int = 1 << 16
    """With more words of working memory than this, the kernel bound takes any address to be
    possible: listing them would take too long.  ``vliwc bound``"""

    def select_words(self, vlen: int) -> int:
        """Words of the largest table that a select tree chooses from."""
        return max(self.select_words_per_lane * vlen, self.least_select_words)

    def packed_words(self, vlen: int) -> int:
        """Words of the largest table that is read as several to a word."""
        return max(self.packed_words_per_lane * vlen, self.least_select_words)


TUNING = StrategyTuning()
