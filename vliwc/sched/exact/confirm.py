"""Claims of CP-SAT, confirmed by runs that do not share the risk of a wrong one.

CP-SAT has returned INFEASIBLE for models that have solutions, and optimality that is none, when it
simplifies them first: OR-Tools issues 5274 and 5293, both about the version that is locked here
(docs/bounds.md says why it is).  Both go away without presolve.  So what CP-SAT claims steers a
search, but is reported as proved only if a second run without presolve, with other seeds, says the
same of the same makespan.  If that makespan is infeasible so are all shorter ones: one confirmation
of the last claim is enough, and earlier ones are asked only where it fails.

Bounds that rest on exact integer arithmetic (:mod:`vliwc.sched.relaxations.infeasibility`) or on
the analytic bounds need no confirmation.
"""

from __future__ import annotations

from vliwc.sched.anytime import expired
from vliwc.sched.exact.incumbent import Claim, Question, Search
from vliwc.sched.exact.limits import MODELS
from vliwc.sched.exact.methods import CONFIRM, FEASIBLE, solve
from vliwc.solvers import cp_model


def confirm_claims(search: Search, effort: float) -> bool:
    """Ask again for the claims above what is proved, the highest first, each with half of what is
    left of ``effort``; whether no claim turned out to be wrong.

    A schedule that a wrong claim ruled out is offered to the search.
    """
    before, search.left = search.left, effort
    agreed = True
    for claim in reversed(search.claims):
        if claim.cycles <= search.proved or search.left <= 0 or expired():
            break
        if search.best is not None and claim.cycles > search.best.cycles:
            agreed = False
            continue
        question = claim.ask(claim.cycles - 1)
        status, solver = _asked_again(search, claim, question)
        if status == cp_model.INFEASIBLE:
            search.proved, search.proof = claim.cycles, claim.reason
            search.tell()
        elif status in FEASIBLE:
            agreed = False
            if question.timing is not None:
                search.accept(question.timing(solver))
    search.left = before
    return agreed


def _asked_again(
    search: Search, claim: Claim, question: Question
) -> tuple[cp_model.CpSolverStatus, cp_model.CpSolver]:
    """The answer without presolve.  The first run's limit of conflicts is a guess that may end it
    long before its limit of effort; then there are more."""
    stop = search.left / 2
    what = f"{CONFIRM}{claim.what}"
    status, solver = solve(search, what, question, stop, presolve=False)
    for _ in range(MODELS.confirmation_runs - 1):
        if status != cp_model.UNKNOWN or search.left <= stop or not question.scanned:
            break
        limit = search.left - stop
        status, solver = solve(search, what, question, limit, presolve=False)
    return status, solver
