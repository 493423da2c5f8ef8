"""`vliwc image`, and `vliwc run` on random memory and on arrays by name."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.cli.conftest import Called

Cli = Callable[..., Called]


@pytest.fixture
def compiled(cli: Cli, kernel: Path, tmp_path: Path) -> Path:
    path = tmp_path / "affine.json"
    cli("compile", kernel, "-D", "n=12", "-o", path).succeeded()
    return path


def test_random_runs_are_those_on_the_image_of_the_seed(
    cli: Cli, kernel: Path, compiled: Path, tmp_path: Path
) -> None:
    outs: list[object] = []
    for ending in ("json", "npy", "npz"):
        image = tmp_path / f"image.{ending}"
        written = cli("image", kernel, "-D", "n=12", "--seed", 5, "-o", image, "--json").json
        assert written["words"] == 24 and written["arrays"][1]["name"] == "y"
        outs.append(cli("run", compiled, "--memory", image, "--json").json["arrays"])
    report = cli("run", compiled, "--random", 5, "--json").json
    assert outs == [report["arrays"]] * 3
    y = report["arrays"]["y"]
    assert (y["shape"], y["role"], len(y["first"])) == ([12], "out", 8)
    assert report["arrays"].keys() == {"y"}
    x = json.loads((tmp_path / "image.json").read_text())[:12]
    assert max(x) < 1000, "the kernel assumes so"
    assert y["first"] == [3 * word + 1 for word in x[:8]]


def test_results_by_name(cli: Cli, compiled: Path, tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.arange(12))
    out = tmp_path / "out.npz"
    done = cli("run", compiled, "--array", f"x={tmp_path / 'x.npy'}", "--out", out).succeeded()
    assert "y             1 4 7 10 13 16 19 22 …  (u32[12], 12 words changed)" in done.stdout
    assert "changed words" not in done.stdout
    with np.load(out) as found:
        assert found["y"].tolist() == [3 * k + 1 for k in range(12)]
    npy = tmp_path / "out.npy"
    cli("run", compiled, "--random", 1, "--array", f"x={tmp_path / 'x.npy'}", "--out", npy)
    assert np.load(npy)[12:].tolist() == [3 * k + 1 for k in range(12)]


def test_arrays_in_an_image(cli: Cli, kernel: Path, tmp_path: Path) -> None:
    words = tmp_path / "x.json"
    words.write_text(str([9] * 12))
    image = tmp_path / "image.json"
    text = cli("image", kernel, "-D", "n=12", "--array", f"x={words}", "-o", image).succeeded()
    assert "x        in u32[12] at 0" in text.stdout
    assert json.loads(image.read_text())[:12] == [9] * 12


def test_what_cannot_be_run(
    cli: Cli, compiled: Path, kernel: Path, program_file: Path, image_file: Path, tmp_path: Path
) -> None:
    cli("run", compiled).failed("no words for x: give --memory, --random or --array")
    cli("run", program_file).failed("no words: give --memory")
    cli("run", compiled, "--memory", image_file, "--random", 1).failed("give one")
    cli("run", program_file, "--random", 1).failed("does not hold the source", "vliwc image")
    plain = tmp_path / "plain.json"
    cli("compile", kernel, "-D", "n=12", "--no-provenance", "-o", plain).succeeded()
    cli("run", plain, "--random", 1).failed("does not hold the source of its kernel")
    cli("run", program_file, "--array", f"x={image_file}").failed("does not name the arrays")
    cli("run", compiled, "--array", "x").failed("expected NAME=FILE")
    cli("run", compiled, "--array", f"x={image_file}", "--array", f"x={image_file}").failed(
        "x is given twice"
    )
    cli("run", compiled, "--array", f"x={image_file}").failed("array x has shape (4,)")
    cli("run", compiled, "--array", f"x={tmp_path / 'none'}").failed("cannot be read")
    cli("image", kernel, "-o", tmp_path / "i.json").failed("needs a value for parameter `n`")
