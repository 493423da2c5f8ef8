"""docs/performance.md shows the results that are kept beside the benchmarks."""

from __future__ import annotations

import json
from pathlib import Path

from benchmarks.suite import table
from vliwc.explain.suite import SUITES, Result, compare, from_json, to_json


def test_the_table_is_that_of_the_kept_results(repository: Path) -> None:
    results = json.loads((repository / "benchmarks" / "results" / "full.json").read_text())
    document = (repository / "docs" / "performance.md").read_text(encoding="utf-8")
    shown = table(results["results"])
    assert shown in document, "print it anew: python -m benchmarks.suite full --table"


def test_kept_results_cover_their_suites(repository: Path) -> None:
    for name, suite in SUITES.items():
        text = (repository / "benchmarks" / "results" / f"{name}.json").read_text()
        measured = {(row.kernel, tuple(row.params.items())) for row in from_json(json.loads(text))}
        assert measured == {(case.kernel, case.params) for case in suite.cases}


def test_suites_name_kernels_and_parameters_that_exist(repository: Path) -> None:
    for suite in SUITES.values():
        assert len(set(suite.cases)) == len(suite.cases)
        for case in suite.cases:
            text = (repository / "kernels" / f"{case.kernel}.vk").read_text(encoding="utf-8")
            head = text[text.index(f"kernel {case.kernel}(") :].split("(")[1].split(")")[0]
            assert [name.strip() for name in head.split(",")] == [name for name, _ in case.params]


def test_results_survive_json_and_are_compared_by_case() -> None:
    old = Result("k", {"n": 8, "m": 1}, 2, cycles=100)
    same = Result("k", {"m": 1, "n": 8}, 2, cycles=100)
    slower = Result("k", {"n": 8, "m": 1}, 2, cycles=101)
    other = Result("k", {"n": 8, "m": 1}, 1, cycles=500)
    broken = Result("k", {"n": 8, "m": 1}, 2, error="does not compile")
    (read,) = from_json(json.loads(json.dumps(to_json("quick", [old]))))
    assert read.key == old.key and read.cycles == 100
    assert compare([read], [same, other]) == []
    (difference,) = compare([read], [slower])
    assert difference.regression and (difference.before, difference.now) == (100, 101)
    (difference,) = compare([slower], [old])
    assert not difference.regression
    (difference,) = compare([read], [broken])
    assert difference.regression, "a kernel that no longer compiles is worse than a slow one"
    assert compare([broken], [old]) == []
