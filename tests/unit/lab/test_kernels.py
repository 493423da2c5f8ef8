"""Kernels as instances: what the compiler schedules is what a corpus holds."""

from __future__ import annotations

from pathlib import Path

import pytest

from isa.machine import MachineSpec
from vliwc.diagnostics import KernelError
from vliwc.driver import compile_file
from vliwc.explain.suite import SUITES
from vliwc.lab.instances.instance import Instance, unpack
from vliwc.lab.instances.kernels import SUITE_SIZES, kernel_instance, suite_cases, suite_instances
from vliwc.options import Options, OptionsError
from vliwc.sched.check import check_schedule


def test_the_problem_is_the_compilers(kernels: Path) -> None:
    path, params = kernels / "lcg.vk", {"lanes": 16, "steps": 4}
    instance = kernel_instance(path, params, level=1)
    compiled = compile_file(path, params, Options(level=1))
    assert (instance.name, instance.family) == ("lcg(lanes=16,steps=4)@O1", "lcg")
    check_schedule(instance.problem, compiled.generated.schedule)
    assert instance.digest == Instance("", compiled.generated.problem).digest


def test_names_tell_seed_and_machine(kernels: Path) -> None:
    machine = MachineSpec("narrow", {**MachineSpec().slots, "alu": 2}, 4, 256)
    params = {"lanes": 8, "steps": 2}
    instance = kernel_instance(kernels / "lcg.vk", params, level=0, seed=3, machine=machine)
    assert instance.name == "lcg(lanes=8,steps=2)@O0,seed=3,narrow"
    assert instance.problem.machine == machine


def test_the_suite_has_every_kernel(kernels: Path) -> None:
    files = sorted(path.stem for path in kernels.glob("*.vk"))
    for sizes in SUITE_SIZES:
        large = {"tree_hash_any"} if sizes == "small" else set[str]()
        assert {case.kernel for case in suite_cases(sizes)} == {*files} - large
    assert set(SUITES["full"].cases) <= set(suite_cases("all"))
    assert len(set(suite_cases("all"))) == len(suite_cases("all")), "no case comes twice"


def test_small_instances(kernels: Path) -> None:
    """From a few dozen to a few hundred operations; they survive being sent."""
    instances = list(suite_instances(kernels, suite_cases("small"), level=1))
    assert len({instance.name for instance in instances}) == len(instances) == 49
    sizes = [len(instance) for instance in instances]
    assert min(sizes) >= 12 and max(sizes) <= 500
    for instance in instances:
        read = unpack(instance.packed)
        assert Instance(instance.name, read).digest == instance.digest


def test_progress_and_choice(kernels: Path) -> None:
    cases = suite_cases("small", ["lcg", "murmur"])
    assert {case.kernel for case in cases} == {"lcg", "murmur"}
    seen: list[tuple[str, float | None]] = []
    found = suite_instances(kernels, cases[:2], level=0, progress=lambda *step: seen.append(step))
    assert [instance.family for instance in found] == ["lcg", "lcg"]
    assert seen == [("lcg (lanes 8, steps 8) -O0", 0.0), ("lcg (lanes 16, steps 16) -O0", 0.5)]


def test_unknown_kernels_sizes_and_levels(kernels: Path) -> None:
    with pytest.raises(OptionsError, match="sizes 'huge': there are small, all"):
        suite_cases("huge")
    with pytest.raises(OptionsError, match=r"kernel 'lgc': the suite has binary_search, bitonic"):
        suite_cases("small", ["lgc"])
    with pytest.raises(OptionsError, match="level 4"):
        kernel_instance(kernels / "lcg.vk", {"lanes": 8, "steps": 2}, level=4)
    with pytest.raises(KernelError):
        kernel_instance(kernels / "lcg.vk", {"lanes": 8})
    with pytest.raises(KernelError):
        kernel_instance(kernels / "missing.vk", {})
