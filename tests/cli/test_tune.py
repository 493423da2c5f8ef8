"""`vliwc tune`: what it prints, goes on with, and refuses."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import Called
from tests.strategies.problems import random_problem
from vliwc.cli.experiments import compare_inputs
from vliwc.sched.problem.json import problem_to_json

Cli = Callable[..., Called]


@pytest.fixture
def problems(tmp_path: Path) -> Path:
    """A folder of small problems."""
    folder = tmp_path / "problems"
    folder.mkdir()
    for seed in (6, 10, 25, 36):
        text = json.dumps(problem_to_json(random_problem(seed)))
        (folder / f"r{seed}.json").write_text(text)
    return folder


QUICK = ("--trials", 6, "--processes", 1)


def test_schedulers_on_problems(cli: Cli, problems: Path) -> None:
    report = cli("tune", problems, *QUICK, "--json").json
    assert report["instances"] == ["r10", "r25", "r36", "r6"]
    assert report["score"] == "gap to the lower bound" and report["average"] == "mean"
    assert len(report["trials"]) == 6
    assert report["baseline"] == report["trials"][0]
    assert report["best"]["value"] == min(trial["value"] for trial in report["trials"])
    (command,) = report["commands"]
    words = shlex.split(command)
    assert words[:3] == ["vliwc", "compare", str(problems)]
    assert words[-2:] == report["best"]["arguments"]
    assert cli(*words[1:], "--processes", 1).succeeded(), "the command can be used as it is"
    assert report == cli("tune", problems, *QUICK, "--json").json, "twice the same"


def test_options_on_a_kernel(cli: Cli, kernel: Path) -> None:
    options = ("-D", "n=40", "--search", "compile", "-O2", "-O1", "--scheduler", "list")
    report = cli("tune", kernel, *options, *QUICK, "--json").json
    assert report["instances"] == ["affine(n=40)"]
    assert report["baseline"]["arguments"] == ["-O2"]
    (command,) = report["commands"]
    compiled = cli(*shlex.split(command)[1:], "--json").json
    assert [compiled["cycles"]] == report["best"]["cycles"]


def test_tables_for_people(cli: Cli, problems: Path) -> None:
    called = cli("tune", problems, *QUICK, "--scheduler", "backward", "--scheduler", "random")
    out = called.succeeded().stdout
    for words in ("r25", "mean gap to the lower bound", "6 tried, 0 unusable", "to use it"):
        assert words in out
    assert "--scheduler backward" in out


def test_unusable_settings_are_listed(cli: Cli, tmp_path: Path) -> None:
    place = tmp_path / "short.json"
    place.write_text(json.dumps(problem_to_json(random_problem(775, 60))))
    schedulers = ("--scheduler", "backward", "--scheduler", "list:critical-path")
    out = cli("tune", place, *schedulers, *QUICK).succeeded().stdout
    assert "list:critical-path: none on short: " in out.replace("\n", " ")
    cli("tune", place, "--scheduler", "list:critical-path", *QUICK).failed(
        "no parameters give a schedule of every instance", "none on short"
    )


def test_a_study_goes_on(cli: Cli, problems: Path, tmp_path: Path) -> None:
    options = ("--store", tmp_path / "lab.sqlite", "--study", "s", "--processes", 1, "--json")
    first = cli("tune", problems, *options, "--trials", 3, "--batch", 3).json
    more = cli("tune", problems, *options, "--trials", 6, "--batch", 3).json
    assert more["trials"][:3] == first["trials"]
    assert len(more["trials"]) == 6
    cli("tune", problems, *options, "--trials", 6, "--batch", 3, "--seed", 1).failed(
        "study 's' is of another search", "choose another name"
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "nothing to compare on"),
        (("--search", "compile"), "nothing to tune on"),
        (("nonesuch.vk", "--search", "compile"), "nonesuch.vk: cannot be read"),
        (("x.json", "--search", "compile"), "x.json: --search compile takes KERNEL.vk files"),
        (("--search", "compile", "--kernels", "small", "-D", "n=3"), "of which there are none"),
        (("--kernels", "huge"), "sizes 'huge'"),
        (("--kernels", "small", "--search", "compile", "-O7"), "optimisation level 7"),
        (("--kernels", "small", "-O1", "-O2"), "several levels are for --search compile"),
        (("--kernels", "small", "--keep-passes"), "--keep-passes is for --search compile"),
        (("--kernels", "small", "--compile-seeds", "3"), "--compile-seeds is for"),
        (("--kernels", "small", "--study", "s"), "--study names one of a store"),
        (("--kernels", "small", "--processes", "2", "--cluster", "x"), "exclude each other"),
        (
            ("--kernels", "small", "--search", "compile", "--scheduler", "nonesuch"),
            "no scheduler is called 'nonesuch'",
        ),
        (("--kernels", "small", "--search", "compile", "--store", "nonsense://x"), "no driver"),
    ],
)
def test_refusals(cli: Cli, arguments: tuple[str, ...], message: str) -> None:
    cli("tune", *arguments).failed(message)


def test_the_extra_is_named_when_it_is_missing(
    cli: Cli, problems: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = compare_inputs.find_spec
    monkeypatch.setattr(
        compare_inputs, "find_spec", lambda name: None if name == "optuna" else found(name)
    )
    cli("tune", problems).failed("this needs optuna; install vliwc[lab]")
