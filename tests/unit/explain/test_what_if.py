"""What-if: each answer is a compilation that one can repeat; strategies can be left out."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.kernels import is_right
from isa.machine import DEFAULT_MACHINE
from vliwc.driver import Compilation, compile_file
from vliwc.explain.what_if import parse_change, usual_changes, what_if
from vliwc.isel.program import STRATEGIES
from vliwc.options import Options, OptionsError

SIZES = {"states": 8, "symbol_bits": 2, "batch": 40, "words": 1}
BASE = Options(level=1)


@pytest.fixture(scope="module")
def base(kernels: Path) -> Compilation:
    return compile_file(kernels / "dfa.vk", SIZES, BASE, keep_stages=True)


def test_answers_are_those_of_recompilations(base: Compilation, kernels: Path) -> None:
    wide = replace(DEFAULT_MACHINE, slots={**DEFAULT_MACHINE.slots, "valu": 9, "load": 4})
    real = {
        "valu=9,load=4": replace(BASE, machine=wide),
        "scratch=400": replace(BASE, machine=replace(DEFAULT_MACHINE, scratch_words=400)),
        "without=simplify": replace(BASE, without=("simplify",)),
        "without=packed": replace(BASE, without=("packed",)),
    }
    changes = [parse_change(text, BASE) for text in real]
    found = what_if(base, changes, lambda at: compile_file(kernels / "dfa.vk", SIZES, at))
    assert {answer.name for answer in found} == set(real)
    assert [a.cycles for a in found] == sorted(a.cycles for a in found)
    for answer in found:
        made = compile_file(kernels / "dfa.vk", SIZES, real[answer.name])
        assert answer.cycles == made.cycles == base.cycles + answer.more
        assert (answer.lower_bound, answer.kernel_bound) == (made.lower_bound, made.kernel_bound)
    assert found[0].name == "valu=9,load=4" and found[0].more < 0


def test_the_usual_changes_are_those_that_matter(base: Compilation) -> None:
    names = [change.name for change in usual_changes(base, BASE)]
    assert {"valu=7", "load=3", "scratch=3072", "scratch=768", "without=simplify"} <= set(names)
    assert "without=packed" in names and "without=rows" not in names
    assert len(set(names)) == len(names)
    less = usual_changes(base, replace(BASE, without=("simplify",)))
    assert "without=simplify" not in [change.name for change in less]


def test_what_does_not_compile_comes_last(base: Compilation, kernels: Path) -> None:
    changes = [parse_change(text, BASE) for text in ("scratch=8", "flow=2")]
    found = what_if(base, changes, lambda at: compile_file(kernels / "dfa.vk", SIZES, at))
    assert [answer.name for answer in found] == ["flow=2", "scratch=8"]
    assert found[1].cycles == 0 and "scratch" in found[1].error


@pytest.mark.parametrize("level", [1, 2])
@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize(
    ("name", "sizes"),
    [
        ("tree_hash", {"forest_height": 4, "rounds": 7, "batch_size": 21}),
        ("dfa", {"states": 4, "symbol_bits": 1, "batch": 9, "words": 1}),
        ("transpose", {"rows": 5, "columns": 8}),
        ("edges", {"n": 45, "border": 9}),
    ],
)
def test_programs_without_a_strategy_are_right_and_do_without_it(
    kernels: Path, name: str, sizes: dict[str, int], strategy: str, level: int
) -> None:
    options = Options(level=level, without=(strategy,))
    made = compile_file(kernels / f"{name}.vk", sizes, options)
    assert is_right(made, cases=2, original=None)
    used = {
        "select": ("select",),
        "bits": ("bit select", "bit sum"),
        "packed": ("packed",),
        "records": ("record", "in record"),
        "chunks": ("region",),
        "moves": ("moved record",),
        "sums": ("from address",),
    }.get(strategy, ())
    plans = [plan for group in made.generated.assignment for plan in group]
    assert not any(read.name in used for plan in plans for read in plan.reads.values())
    assert strategy != "rows" or not any(plan.rows for plan in plans)
    assert made.program.meta["without"] == [strategy]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("load", "'load' is no change: expected NAME=NUMBER with one of alu, valu, load"),
        ("lod=3", "'lod=3' is no change"),
        ("load=0", "'load=0': machine 'takehome': slots.load is 0"),
        ("load=x", "'load=x': 'x' is not an integer"),
        ("scratch=4", "cannot hold one vector"),
        ("flow=2,debug=3", "'debug=3' is no change"),
        ("without=nonesuch", "no pass 'nonesuch' to leave out of -O1; its passes are"),
    ],
)
def test_changes_that_mean_nothing_are_refused(text: str, message: str) -> None:
    with pytest.raises(OptionsError, match=message.replace("(", r"\(")):
        parse_change(text, BASE)


def test_there_are_no_strategies_at_level_0() -> None:
    with pytest.raises(OptionsError, match="no pass 'rows' to leave out of -O0; it has none"):
        parse_change("without=rows", Options(level=0))
