"""The original take-home's own tests, unmodified, against our drop-in module."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

DROP_IN = Path("examples/takehome/perf_takehome.py")
SIZES = ["-D", "forest_height=10", "-D", "rounds=16", "-D", "batch_size=256"]
MAX_CYCLES = 1300


def test_submission_tests_pass(takehome: Path, repository: Path, tmp_path: Path) -> None:
    shutil.copytree(takehome / "tests", tmp_path / "tests")
    shutil.copy(takehome / "problem.py", tmp_path)
    shutil.copy(repository / DROP_IN, tmp_path)
    done = subprocess.run(
        [sys.executable, "tests/submission_tests.py"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(repository)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"^Ran 9 tests ", done.stderr, re.MULTILINE), done.stderr
    assert done.stderr.rstrip().endswith("OK"), done.stderr
    cycles = {int(count) for count in re.findall(r"CYCLES:\s+(\d+)", done.stdout)}
    assert len(cycles) == 1, "one program, whatever the data"
    assert cycles.pop() <= MAX_CYCLES


def test_check_on_the_original_simulator(takehome: Path, repository: Path) -> None:
    simulator = takehome / "problem.py"
    command = ["check", "kernels/tree_hash.vk", *SIZES, "--cases", "8", "--json"]
    done = subprocess.run(
        [sys.executable, "-m", "vliwc.cli", *command, "--simulator", str(simulator)],
        cwd=repository,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["correct"] is True
    assert report["cases"] == 8
    assert report["cycles"] <= MAX_CYCLES
    assert report["simulator"] == str(simulator)
