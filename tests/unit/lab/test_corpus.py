"""Folders of problems: every file is an instance or an error."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from vliwc.lab.generators import generate, generator
from vliwc.lab.instances.corpus import OPTIMA, family_of, load, read_instance
from vliwc.lab.instances.instance import Instance
from vliwc.lab.instances.rcpsp_write import sm_text
from vliwc.sched.problem.renewable import ProblemError


def project(seed: int) -> Instance:
    return generate(generator("projects", {"jobs": "8"}), seed)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three problems, one of them deeper, and files that are none."""
    folder = tmp_path / "corpus"
    (folder / "deep").mkdir(parents=True)
    (folder / "b.json").write_text(project(1).text)
    (folder / "a.sm").write_text(sm_text(project(2).problem, "a"))
    (folder / "deep" / "lcg(n=1)@O2.json").write_text(project(3).text)
    (folder / "README.md").write_text("no problem")
    (folder / OPTIMA).write_text('{"a": 17}')
    return folder


def test_a_folder(folder: Path) -> None:
    found = load([folder])
    assert [i.name for i in found] == ["a", "b", "lcg(n=1)@O2"]
    assert [i.family for i in found] == ["corpus", "corpus", "lcg"]
    assert [i.optimum for i in found] == [17, None, None]
    assert [i.digest for i in found] == [project(seed).digest for seed in (2, 1, 3)]


def test_files_and_folders_together(folder: Path) -> None:
    again = load([folder / "b.json", folder, folder / "deep" / ".." / "b.json"])
    assert [i.name for i in again] == ["a", "b", "lcg(n=1)@O2"], "a file is one instance"
    (one,) = load([folder / "a.sm"])
    assert one.optimum == 17, "the optimum is found beside a single file as well"


def test_suffixes_may_be_capitals(folder: Path) -> None:
    (folder / "a.sm").rename(folder / "a.SM")
    assert [i.name for i in load([folder])][0] == "a"


def test_families(tmp_path: Path) -> None:
    assert family_of(tmp_path / "trees(width=3).json") == "trees"
    assert family_of(tmp_path / "(odd).json") == tmp_path.name


def test_names_are_unique(folder: Path) -> None:
    (folder / "deep" / "a.json").write_text(project(4).text)
    with pytest.raises(ProblemError, match="same name") as caught:
        load([folder])
    assert "a.sm" in str(caught.value) and "a.json" in str(caught.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "not valid JSON"),
        ("[]", "expected an object"),
        ('{"a": 1}', "not a scheduling problem"),
        ("[" * 100_000, "deep"),
    ],
)
def test_damaged_problems(folder: Path, text: str, words: str) -> None:
    (folder / "b.json").write_text(text)
    with pytest.raises(ProblemError, match=words) as caught:
        load([folder])
    assert str(folder / "b.json") in str(caught.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "not valid JSON"),
        ("[1]", "expected an object"),
        ('{"a": "17"}', 'a: "17" is no number of cycles'),
        ('{"a": true}', "a: true is no number"),
        ('{"a": -1}', "a: -1 is no number"),
        ('{"A": 17}', "A: the folder has no problem of that name"),
    ],
)
def test_damaged_optima(folder: Path, text: str, words: str) -> None:
    (folder / OPTIMA).write_text(text)
    with pytest.raises(ProblemError, match=words) as caught:
        load([folder])
    assert str(folder / OPTIMA) in str(caught.value)


def test_optima_of_other_files_do_not_matter_to_one(folder: Path) -> None:
    (folder / OPTIMA).write_text(json.dumps({"a": 17, "elsewhere": 3}))
    assert load([folder / "b.json"])[0].optimum is None


def test_nothing_to_read(tmp_path: Path) -> None:
    with pytest.raises(ProblemError, match="no such file or folder"):
        load([tmp_path / "missing"])
    with pytest.raises(ProblemError, match="no problems here"):
        load([tmp_path])
    (tmp_path / "x.xyz").write_text("")
    with pytest.raises(
        ProblemError, match=r"no kind of problem file; those end with \.fjs, \.json"
    ):
        read_instance(tmp_path / "x.xyz")
    with pytest.raises(ProblemError, match="cannot be read"):
        read_instance(tmp_path / "missing.json")
    assert load([]) == []
