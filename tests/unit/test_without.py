"""Leaving out passes: none is required, whatever remains gives a correct program."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from vliwc.driver import Compilation, compile_file, compile_text
from vliwc.ir.text import print_function
from vliwc.lab.runs.compile_job import wrong_word
from vliwc.options import Options, OptionsError
from vliwc.passes.pipeline import passes_for

NAMES = list(dict.fromkeys(each.name for each in passes_for(2)))
SOME = {
    "binary_search": {"n": 15, "batch": 24},
    "crc32": {"batch": 8, "words": 1},
    "dfa": {"states": 4, "symbol_bits": 1, "batch": 8, "words": 1},
    "saxpy_dot": {"n": 13},
    "ternary_tree": {"levels": 2, "steps": 3, "batch": 16},
    "tree_hash": {"forest_height": 2, "rounds": 3, "batch_size": 13},
    "tree_hash_any": {"forest_height": 2, "rounds": 3},
    "tree_hash_indices": {"forest_height": 2, "rounds": 4, "batch_size": 8},
    "tree_hash_full": {"forest_height": 2, "rounds": 2, "batch_size": 8},
}
KERNEL = """
kernel k(n) {
  memory { x: u32[n] in at 0; y: u32[n] out at n; }
  parallel for i in 0 .. n { y[i] = x[i] * 8 + 0; }
}
"""


def compiled(kernels: Path, name: str, without: tuple[str, ...]) -> Compilation:
    options = Options(without=without, verify=True)
    return compile_file(kernels / f"{name}.vk", SOME[name], options)


@pytest.mark.parametrize("name", SOME)
def test_all_that_is_left_out_leaves_correct_programs(kernels: Path, name: str) -> None:
    draw = random.Random(name)
    half = tuple(each for each in NAMES if draw.random() < 0.5)
    for without in (tuple(NAMES), half, *((each,) for each in draw.sample(NAMES, 2))):
        result = compiled(kernels, name, without)
        ran = {step for step, _ in result.passes} & set(NAMES)
        assert ran == set(NAMES) - set(without)
        assert [wrong_word(result, seed) for seed in range(2)] == ["", ""], without


def test_passes_do_something_for_the_program(kernels: Path) -> None:
    assert (
        compiled(kernels, "tree_hash_full", ()).cycles
        < compiled(kernels, "tree_hash_full", ("simplify",)).cycles
    )


def test_all_runs_of_a_pass_are_left_out() -> None:
    names = [each.name for each in passes_for(2)]
    assert names.count("unguard") > 1
    left = [each.name for each in passes_for(2, ["unguard", "dce", "unguard"])]
    assert left == [name for name in names if name not in ("unguard", "dce")]


def test_the_intermediate_form_shows_what_was_left_out() -> None:
    def last(without: tuple[str, ...]) -> str:
        options = Options(without=without)
        return print_function(compile_text(KERNEL, "k.vk", {"n": 8}, options).function)

    assert last(()) != last(("simplify",))


def test_unknown_passes_are_refused() -> None:
    with pytest.raises(OptionsError, match="no pass 'nonesuch' to leave out of -O2; its"):
        compile_text(KERNEL, "k.vk", {"n": 8}, Options(without=("dce", "nonesuch")))
    with pytest.raises(OptionsError, match="no pass 'dce' to leave out of -O0; it has none"):
        compile_text(KERNEL, "k.vk", {"n": 8}, Options(level=0, without=("dce",)))


def test_reports_say_what_was_left_out() -> None:
    result = compile_text(KERNEL, "k.vk", {"n": 8}, Options(without=("dce",)))
    assert result.to_json()["without"] == ["dce"]
    assert result.program.meta["without"] == ["dce"]
    everything = compile_text(KERNEL, "k.vk", {"n": 8}, Options())
    assert everything.to_json()["without"] == [] and "without" not in everything.program.meta
