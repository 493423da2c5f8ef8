"""Ctrl-C while a kernel is compiled: what there is, is kept."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from isa.takehome import memory_image, reference_kernel
from tests.cli.conftest import Called
from vliwc.backend import anneal
from vliwc.backend.candidates import Candidate
from vliwc.cache.compilations import FOLDER_VARIABLE
from vliwc.sched.anytime import expired


@pytest.fixture
def told_of_interrupts() -> Iterator[None]:
    """As at a terminal: processes in which pytest-xdist runs tests ignore interrupts."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("told_of_interrupts")
def test_an_interrupt_keeps_the_best_program(
    kernels: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It comes in the first of several rounds of annealing, and no other begins."""
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path / "cache"))
    whole, rounds = anneal.anneal_parallel, 0

    def interrupted(*told):  # type: ignore[no-untyped-def]
        nonlocal rounds
        rounds += 1
        os.kill(os.getpid(), signal.SIGINT)
        deadline = time.monotonic() + 60
        while not expired() and time.monotonic() < deadline:
            time.sleep(0.01)
        return whole(*told)

    monkeypatch.setattr(anneal, "anneal_parallel", interrupted)
    program, image, after = (tmp_path / name for name in ("p.json", "image.json", "after.json"))
    sizes = [f"-D{name}" for name in ("forest_height=4", "rounds=5", "batch_size=64")]
    called = Called("compile", kernels / "tree_hash.vk", *sizes, "-O3", "-o", program)
    assert called.code == 130, called.stderr
    assert "interrupted: this is the best program so far" in called.stderr
    assert "cycles" in called.stdout
    assert rounds == 1
    assert not (tmp_path / "cache").exists()
    words = memory_image(4, 5, 64, seed=1)
    image.write_text(json.dumps(words))
    assert Called("run", program, "--memory", image, "--out", after).code == 0
    assert json.loads(after.read_text())[-64:] == list(reference_kernel(words))[-64:]


def test_without_an_interrupt_the_search_goes_on(
    kernels: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[list[Candidate]] = []
    whole = anneal.anneal_parallel

    def counted(*told):  # type: ignore[no-untyped-def]
        seen.append(list(told[2]))
        return whole(*told)

    monkeypatch.setattr(anneal, "anneal_parallel", counted)
    sizes = [f"-D{name}" for name in ("forest_height=4", "rounds=5", "batch_size=64")]
    told = "--budget", "64", "--no-cache"
    called = Called("compile", kernels / "tree_hash.vk", *sizes, "-O3", *told)
    assert called.code == 0, called.stderr
    assert len(seen) > 1
