"""Compile jobs: their keys, and the rows they give."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from isa.machine import DEFAULT_MACHINE
from vliwc.diagnostics import KernelError
from vliwc.driver import compile_text
from vliwc.lab.runs import compile_job
from vliwc.lab.runs.compile_job import CompileJob
from vliwc.lab.runs.job import CodeMismatch, Job
from vliwc.lab.runs.sweep import sweep
from vliwc.options import Options, OptionsError

KERNEL = """
kernel affine(n, k) {
  memory { x: u32[n] in at 0; y: u32[n] out at n; }
  parallel for i in 0 .. n { y[i] = k * x[i] + 1; }
}
"""
PARAMS = {"n": 40, "k": 3}


def job(params: dict[str, int] = PARAMS, text: str = KERNEL, **options: Any) -> CompileJob:
    return CompileJob.of(text, "affine.vk", params, Options(**options))


def test_a_row_says_what_the_program_is() -> None:
    made = job(level=1, without=("gvn", "dce"), seed=4)
    row = made.run()
    options = Options(level=1, without=("dce", "gvn"), seed=4)
    expected = compile_text(KERNEL, "affine.vk", PARAMS, options)
    assert (row.instance, row.family) == ("affine(n=40,k=3)", "affine")
    assert (row.cycles, row.lower_bound) == (expected.cycles, expected.lower_bound)
    assert row.operations == len(expected.generated.problem)
    assert row.scratch_peak == expected.scratch_words
    assert (row.status, row.error, row.options) == (
        "feasible",
        "",
        "-O1 --without dce --without gvn",
    )
    assert (row.key, row.code, row.scheduler, row.seed) == (made.key, made.code, "list", 4)
    assert not row.proved, "other options may lead to fewer operations"


def test_the_key_depends_on_what_the_program_depends_on() -> None:
    different = [
        job(),
        job({"n": 40, "k": 4}),
        job(text=KERNEL + "\n"),
        job(level=1),
        job(scheduler="backward"),
        job(seed=1),
        job(budget=3),
        job(without=("gvn",)),
        job(machine=dataclasses.replace(DEFAULT_MACHINE, scratch_words=1000)),
        dataclasses.replace(job(), code="0.0.1+other"),
    ]
    assert len({each.key for each in different}) == len(different)
    assert job(without=("gvn", "dce")).key == job(without=("dce", "gvn", "dce")).key
    assert dataclasses.replace(job(), packed=b"").key == job().key


def test_kernels_and_instances_go_in_one_sweep(kernels: Path) -> None:
    """In processes, too: the text is sent apart and put together again."""
    from vliwc.lab.instances.kernels import kernel_instance

    instance = kernel_instance(kernels / "saxpy_dot.vk", {"n": 13})
    jobs = [job(), job(level=0), Job.of(instance, "backward", 0)]
    rows = sweep(jobs, processes=2)
    alone = [each.run() for each in jobs]
    same = [dataclasses.replace(a, seconds=b.seconds) for a, b in zip(rows, alone, strict=True)]
    assert same == alone
    assert rows[0].cycles < rows[1].cycles


def test_results_that_do_not_fit_are_none() -> None:
    row = job(machine=dataclasses.replace(DEFAULT_MACHINE, scratch_words=8)).run()
    assert (row.status, row.cycles) == ("none", 0)
    assert "E0901" in row.error


def test_a_bug_of_the_compiler_is_a_failed_row(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("oops")

    monkeypatch.setattr(compile_job, "compile_text", broken)
    row = job().run()
    assert (row.status, row.error) == ("failed", "ZeroDivisionError: oops")


def test_a_wrong_program_is_a_failed_row(monkeypatch: pytest.MonkeyPatch) -> None:
    def wrong(text: str, *rest: Any) -> Any:
        return dataclasses.replace(
            compile_text(text.replace("+ 1", "+ 2"), *rest),
            kernel=compile_text(text, *rest).kernel,
        )

    monkeypatch.setattr(compile_job, "compile_text", wrong)
    row = job().run()
    assert row.status == "failed"
    assert row.error.startswith("wrong program: memory word 40 is ")


def test_other_code_is_refused() -> None:
    with pytest.raises(CodeMismatch, match=r"is of 0\.0\.1\+other"):
        dataclasses.replace(job(), code="0.0.1+other").run()


def test_what_cannot_be_compiled_is_refused_at_once(tmp_path: Path) -> None:
    with pytest.raises(KernelError):
        job(text="kernel affine(n, k) {")
    with pytest.raises(KernelError):
        job({"n": 40})
    with pytest.raises(OptionsError, match="no scheduler is called 'nonesuch'"):
        job(scheduler="nonesuch")
    with pytest.raises(OptionsError, match="no pass 'nonesuch'"):
        job(without=("nonesuch",))
    with pytest.raises(OptionsError, match="cannot go on from a hint"):
        job(hint=tmp_path / "program.json")
