"""Every example runs as its own text says, and shows right answers."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from isa.program import from_takehome
from isa.simulator import run
from isa.takehome import Layout, memory_image, reference_kernel
from tests.cli.conftest import Called

TESTED = {
    "compile_and_run.py",
    "run_exported.py",
    "other_machine.py",
    "perf_takehome.py",
    "vliwc_climber.py",  # by tests/lab/test_template.py
    "test_climber.py",  # there, too
    "vliwc_fanout.py",  # by tests/lab/test_plugin.py
    "vliwc_pyjobshop.py",  # by tests/lab/test_pyjobshop.py
}


def example(repository: Path, name: str, *arguments: object) -> str:
    """What an example prints; run from the root of the repository, as its text says."""
    command = [sys.executable, f"examples/{name}", *map(str, arguments)]
    done = subprocess.run(command, cwd=repository, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout


def test_every_example_is_tested(repository: Path) -> None:
    assert {path.name for path in (repository / "examples").rglob("*.py")} == TESTED


def test_compile_and_run(repository: Path) -> None:
    printed = example(repository, "compile_and_run.py")
    assert re.findall(r"right: (\w+)", printed) == ["True"] * 2
    assert "<Compilation saxpy_dot(n=100): " in printed
    assert "against the interpreter: correct on 4 inputs" in printed


def test_run_exported(repository: Path, cli: Callable[..., Called], tmp_path: Path) -> None:
    kernel, out = repository / "kernels" / "lcg.vk", tmp_path / "lcg.json"
    compiled = cli("compile", kernel, "-D", "lanes=64", "-D", "steps=10", "-o", out, "--json").json
    printed = example(repository, "run_exported.py", out, 128)
    assert f"{compiled['cycles']} cycles" in printed
    state = 0
    for _ in range(10):
        state = (1664525 * state + 1013904223) % 2**32
    assert f"word 0: 0 -> {state}\n" in printed
    assert "128 words changed" in printed


def test_other_machine(repository: Path) -> None:
    printed = example(repository, "other_machine.py")
    assert re.findall(r"right: (\w+)", printed) == ["True"] * 2
    wide, narrow = (int(count) for count in re.findall(r"(\d+) cycles, at", printed))
    assert wide < narrow


@pytest.fixture
def drop_in(repository: Path) -> ModuleType:
    """The module that replaces the take-home's `perf_takehome.py`."""
    path = repository / "examples" / "takehome" / "perf_takehome.py"
    spec = importlib.util.spec_from_file_location("drop_in", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_drop_in(drop_in: ModuleType) -> None:
    builder = drop_in.KernelBuilder()
    builder.build_kernel(3, 15, 16, 4)
    assert builder.debug_info().scratch_map == {}
    memory = memory_image(3, 4, 16, seed=0)
    values = slice(Layout(3, 4, 16).values, None)
    got = run(from_takehome(builder.instrs), memory).memory
    assert got[values] == reference_kernel(memory)[values]


def test_drop_in_refuses_other_trees(drop_in: ModuleType) -> None:
    with pytest.raises(ValueError, match="16 nodes"):
        drop_in.KernelBuilder().build_kernel(3, 16, 16, 4)
