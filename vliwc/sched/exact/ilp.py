"""Scheduling by integer programming: the time-indexed formulation on SCIP, to compare with CP-SAT.

From the lower bound upward, one makespan after the other: "is there a schedule of at most this many
cycles?" (see :mod:`vliwc.sched.relaxations.time_indexed`).  The first yes is optimal if all shorter
makespans were proved infeasible.  SCIP computes with floating-point tolerances, so its proofs are
as good as those are.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from vliwc.sched.exact.incumbent import assembled
from vliwc.sched.exact.limits import IlpLimits
from vliwc.sched.greedy.list import AnyListScheduler
from vliwc.sched.problem.bounds import lower_bound
from vliwc.sched.problem.problem import ScheduleProblem
from vliwc.sched.problem.schedule import Schedule
from vliwc.sched.problem.view import View
from vliwc.sched.relaxations.time_indexed import TimeIndexed
from vliwc.solvers import model_builder as mb


@dataclass(frozen=True)
class IlpScheduler:
    """The integer program; ``budget`` limits the nodes of the first branch-and-bound tree if it has
    a thousand variables; a larger one has fewer nodes, in proportion.

    Each later tree gets a tenth of the budget less, since OR-Tools does not tell how many nodes
    were used.  Iterations of the simplex method are limited, too: on some hundred operations with
    wide start windows the relaxation at the root alone would take minutes.
    """

    seed: int = 0
    nodes: int = 2_000
    name: str = "ilp"
    limits: IlpLimits = IlpLimits()

    def schedule(
        self, problem: ScheduleProblem, budget: int | None = None, hint: Schedule | None = None
    ) -> Schedule:
        """The best schedule found, never worse than ``hint`` or the list schedule.

        Raises :class:`vliwc.sched.problem.schedule.OutOfScratch` if the list scheduler finds none.
        """
        best = hint or AnyListScheduler(self.seed).schedule(problem)
        view = View.of(problem)
        bound = lower_bound(problem)
        lower, reason = bound.cycles, bound.reason
        if view.critical_path > lower:
            lower, reason = view.critical_path, "critical path"
        scratch = sum(view.width) > problem.dense.words
        margin, left, programs = 0, budget or self.nodes, 0
        proved_to, horizon = lower, lower
        while horizon < best.cycles and left > 0:
            # The starts alone have so many variables, which is known before anything is built.
            if view.start_windows(horizon) > self.limits.max_variables:
                break
            words = problem.dense.words - self.limits.margins[margin] * problem.dense.vlen
            formulation = TimeIndexed(view, horizon, words if scratch else None)
            found: Schedule | None = None
            status = mb.SolveStatus.INFEASIBLE
            if formulation.possible:
                if len(formulation.upper) > self.limits.max_variables:
                    break
                programs += 1
                unit = self.limits.unit_variables
                nodes = max(left * unit // max(len(formulation.upper), unit), 1)
                status, values = _solve(formulation, nodes, self.seed, self.limits)
                # The wrapper does not tell how many nodes were used: count a share.
                left -= max((budget or self.nodes) // self.limits.least_share, 1)
                if values is not None:
                    found = assembled(view, formulation.timing(values), self.name)
                    if found is None and margin + 1 < len(self.limits.margins):
                        margin += 1
                        continue
            if found is not None:
                best = found
                break
            if status == mb.SolveStatus.INFEASIBLE and proved_to == horizon and not margin:
                proved_to, reason = horizon + 1, "proved by SCIP"
            horizon, margin = horizon + 1, 0
        lower = min(max(lower, proved_to), best.cycles)
        return replace(
            best,
            scheduler=self.name,
            status="optimal" if lower == best.cycles else "feasible",
            lower_bound=lower,
            bound_reason=reason,
            statistics={"programs": programs},
        )


def _solve(
    formulation: TimeIndexed, nodes: int, seed: int, limits: IlpLimits
) -> tuple[mb.SolveStatus, list[int] | None]:
    """What SCIP says within ``nodes`` nodes, and the values of all variables if it found some."""
    model, variables, _ = formulation.linear_model(relaxed=False)
    solver = mb.Solver("scip")
    solver.set_solver_specific_parameters(
        f"limits/nodes = {nodes}\nrandomization/randomseedshift = {seed}\n"
        f"lp/rootiterlim = {limits.root_iterations}\nlp/iterlim = {limits.node_iterations}"
    )
    status = solver.solve(model)
    if status not in (mb.SolveStatus.OPTIMAL, mb.SolveStatus.FEASIBLE):
        return status, None
    return status, [round(solver.value(variable)) for variable in variables]
