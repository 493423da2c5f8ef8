"""Whose turn it is: effort for the methods of a portfolio by what they deliver on this problem.

Each method has an account: the effort of its runs so far, the limit of its next run, and a credit.
The next run goes to the method for which

    (effort so far + limit of the next run) / (1 + credit)

is least, of equal ones to the first in the list.  A run that improves the incumbent or raises the
bound halves the credit and adds :attr:`CpSatLimits.delivery`; any other run halves it.  The limit
doubles after each run of the method.  So all methods get about the same effort as long as none of
them delivers, and one that delivers gets a multiple until it stops to; then the others catch up.
A method that has nothing to try as things are waits until incumbent or bound have changed; when
all of them wait the search is over.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from vliwc.sched.exact.incumbent import Search
from vliwc.sched.exact.methods import first_dive

Share = Callable[[Search, float], float]
"""The effort of a run, from the state of the search and the limit of the method."""


def whole_limit(_search: Search, limit: float) -> float:
    """The limit of the method, whatever is left."""
    return limit


def what_is_left(search: Search, limit: float) -> float:
    """The limit of the method, or what is left to spend if that is less."""
    return min(limit, search.left)


def twice(search: Search, limit: float) -> float:
    """Twice :func:`what_is_left`: for what is slower and proves more."""
    return 2 * min(limit, search.left)


def quarter(search: Search, _limit: float) -> float:
    """A quarter of what is left, or the first effort of the fluid model if that is less."""
    return min(search.limits.fluid_effort, search.left / search.limits.last_share)


def first_part(search: Search, limit: float) -> float:
    """The limit of the method, or a quarter of what is left if that is less."""
    return min(limit, search.left / search.limits.last_share)


@dataclass(frozen=True)
class Entry:
    """A method of the portfolio, and the effort of a run of it.

    ``dives``: fixes all intervals one by one before it learns anything: left out as long as its
    limit is not enough for that.  ``kinds``: the problems it serves: all, projects, or blocks
    (those of a machine).
    """

    method: Callable[[Search, float], None]
    share: Share = what_is_left
    dives: bool = False
    kinds: str = "all"

    def serves(self, search: Search) -> bool:
        """Whether it is for problems of this kind."""
        own = "blocks" if search.view.problem.renewable is None else "projects"
        return self.kinds in ("all", own)


@dataclass
class _Account:
    """What a method has spent and delivered; ``waits``: the state in which it had nothing to do."""

    entry: Entry
    limit: float
    spent: float = 0.0
    credit: float = 0.0
    waits: tuple[int, int] | None = None

    @property
    def claim(self) -> float:
        """The least is the next."""
        return (self.spent + self.limit) / (1 + self.credit)


def run_in_turn(search: Search, entries: Sequence[Entry]) -> None:
    """Run methods by the rule of this module until the search is done, the effort is spent, or no
    method has anything to try."""
    if search.done:
        return
    dive = first_dive(search)
    accounts = [
        _Account(entry, search.limits.first_effort) for entry in entries if entry.serves(search)
    ]
    for account in accounts:
        # Less than the first dive of the interval model would be for nothing.
        while account.entry.dives and account.limit < dive:
            account.limit *= 2
    while not search.done and search.left > 0 and search.best is not None:
        state = search.best.cycles, search.lower
        able = [account for account in accounts if account.waits != state]
        if not able:
            return
        account = min(able, key=lambda each: each.claim)
        _run(search, account, state)


def _run(search: Search, account: _Account, state: tuple[int, int]) -> None:
    left, tried = search.left, search.tried.total()
    account.entry.method(search, account.entry.share(search, account.limit))
    after = (search.best.cycles if search.best is not None else 0), search.lower
    account.spent += left - search.left
    account.credit = account.credit / 2
    if after != state:
        account.credit += search.limits.delivery
    if search.tried.total() == tried and after == state:
        account.waits = state
    else:
        account.limit *= 2
