"""Rows of experiments, made up: one by its figures, or whole comparisons for hypothesis."""

from __future__ import annotations

from hypothesis import strategies as st

from vliwc.lab.runs.job import Row


def make_row(
    instance: str,
    scheduler: str,
    cycles: int = 0,
    *,
    seed: int = 0,
    bound: int = 1,
    status: str | None = None,
    optimum: int | None = None,
    seconds: float = 0.5,
    error: str = "",
    digest: str = "",
) -> Row:
    """A row; its status follows from cycles and bound, and is ``none`` without cycles."""
    if status is None:
        status = "none" if not cycles else "optimal" if cycles == bound else "feasible"
    return Row(
        key=f"{instance}/{scheduler}/{seed}",
        instance=instance,
        family=instance[:1],
        digest=digest or f"digest of {instance}",
        operations=7,
        scheduler=scheduler,
        seed=seed,
        budget=None,
        code="0+test",
        cycles=cycles,
        lower_bound=bound,
        bound_reason="critical path",
        status=status,
        optimum=optimum,
        scratch_peak=24 if cycles else 0,
        error=error,
        machine="a computer",
        seconds=seconds,
        statistics={"trials": 3, "part": 0.1, "how": 'in, "quotes"'},
    )


@st.composite
def comparisons(draw: st.DrawFn) -> list[Row]:
    """The rows of 1 to 4 schedulers on 1 to 8 instances under 1 to 3 seeds, no claim refuted."""
    schedulers = [f"s{at}" for at in range(draw(st.integers(1, 4)))]
    seeds = range(draw(st.integers(1, 3)))
    rows: list[Row] = []
    for at in range(draw(st.integers(1, 8))):
        optimum = draw(st.integers(1, 60))
        for scheduler in schedulers:
            for seed in seeds:
                status = draw(st.sampled_from(("schedule",) * 4 + ("none", "failed")))
                found = status == "schedule"
                rows.append(
                    make_row(
                        f"i{at}",
                        scheduler,
                        optimum + draw(st.integers(0, 5)) if found else 0,
                        seed=seed,
                        bound=draw(st.integers(1, optimum)),
                        status=None if found else status,
                        seconds=draw(st.floats(0.0, 100.0)),
                    )
                )
    return rows
