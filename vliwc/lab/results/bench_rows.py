"""Results of a suite as rows of an experiment store."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from isa.load import LoadError, read_text
from vliwc.diagnostics import KernelError
from vliwc.explain.suite import Result
from vliwc.lab.runs.compile_job import CompileJob
from vliwc.lab.runs.job import Row
from vliwc.lab.runs.store import Store
from vliwc.options import Options

EXPERIMENT = "bench"


def bench_row(kernels: Path, result: Result, seed: int, budget: int | None) -> Row | None:
    """The row of a result of the kernel in the folder ``kernels``; None if its text is no kernel,
    which then has no identity that a later version could share."""
    path = kernels / f"{result.kernel}.vk"
    options = Options(level=result.level, seed=seed, budget=budget)
    try:
        job = CompileJob.of(read_text(path), str(path), dict(result.params), options)
    except (KernelError, LoadError):
        return None
    row = replace(job.failed(result.error), options=job.options)
    if result.error:
        return row
    return replace(
        row,
        status="feasible",
        cycles=result.cycles,
        lower_bound=result.lower_bound,
        bound_reason=result.bound_reason,
        scratch_peak=result.scratch_words,
        seconds=result.compile_seconds,
    )


def keep(
    place: str, kernels: Path, results: Sequence[Result], seed: int, budget: int | None
) -> int:
    """Add results to the store at ``place``, as the experiment :data:`EXPERIMENT`.

    Gives the number of rows that are new; what the same code has measured before is there already.
    Raises :class:`vliwc.lab.runs.store.StoreError`.
    """
    with Store.open(place) as store:
        store.describe(EXPERIMENT, "vliwc bench --store")
        rows = [bench_row(kernels, result, seed, budget) for result in results]
        return sum(store.add(EXPERIMENT, row) for row in rows if row is not None)
