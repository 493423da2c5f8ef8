"""The kernel bound of random kernels is below whatever is made of them."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.strategies.edges import edge_kernels
from tests.strategies.kernels import GeneratedKernel, kernels
from tests.strategies.neighbour_words import neighbour_words
from tests.strategies.plans import lane_program, lane_program_of, random_choice
from tests.strategies.stored_rows import permuted_kernels, row_kernels
from tests.strategies.walks import walks
from vliwc.diagnostics import KernelError
from vliwc.driver import compile_text
from vliwc.isel.instantiate import instantiate
from vliwc.mir.scheduling_problem import problem_of
from vliwc.options import Options
from vliwc.sched.problem.bounds import lower_bound
from vliwc.strategy.bound import proved_kernel_bound


def check_levels(text: str, params: dict[str, int], levels: tuple[int, ...] = (0, 1, 2)) -> None:
    """No level beats its own kernel bound, nor that of any other."""
    try:
        made = [compile_text(text, "random.vk", params, Options(level=at)) for at in levels]
    except KernelError:
        return  # does not fit
    for result in made:
        assert result.kernel_bound <= result.lower_bound <= result.cycles
        assert result.cycles >= max(other.kernel_bound for other in made)


@given(generated=st.one_of(kernels(), walks(), edge_kernels()), seed=st.integers(0, 2**32))
@settings(max_examples=15)
def test_no_random_choice_of_operations_beats_it(generated: GeneratedKernel, seed: int) -> None:
    for level in (0, 2):
        program = lane_program(generated.kernel, level=level)
        bound = proved_kernel_bound(program)
        choice = random_choice(program, random.Random(seed))
        dag = instantiate(program, choice.assignment, choice.placements).dag
        assert bound <= lower_bound(problem_of(dag)).cycles


@given(generated=st.one_of(kernels(), walks(), edge_kernels()))
@settings(max_examples=12)
def test_no_level_beats_it(generated: GeneratedKernel) -> None:
    check_levels(generated.text, generated.params)


@given(kernel=st.one_of(row_kernels(), permuted_kernels(), neighbour_words()))
@settings(max_examples=12)
def test_no_level_beats_it_where_words_stand_apart(kernel: tuple[str, dict[str, int]]) -> None:
    check_levels(*kernel)


@given(kernel=neighbour_words(), seed=st.integers(0, 2**32))
@settings(max_examples=15)
def test_no_random_choice_beats_it_where_rows_are_read(
    kernel: tuple[str, dict[str, int]], seed: int
) -> None:
    program = lane_program_of(*kernel)
    bound = proved_kernel_bound(program)
    choice = random_choice(program, random.Random(seed))
    dag = instantiate(program, choice.assignment, choice.placements).dag
    assert bound <= lower_bound(problem_of(dag)).cycles


READS = st.tuples(st.integers(1, 9), st.integers(0, 20), st.integers(1, 9), st.integers(1, 9))


@given(reads=st.lists(READS, min_size=1, max_size=4), extent=st.integers(1, 70))
@settings(max_examples=15)
def test_no_level_beats_it_with_strided_reads(
    reads: list[tuple[int, int, int, int]], extent: int
) -> None:
    words = [f"x[{s} * (i / {d}) + {k} + i % {m}]" for s, k, d, m in reads]
    text = f"""
    kernel strided() {{
      memory {{ x: u32[700] in at 0; y: u32[{extent}] out at 700; }}
      parallel for i in 0 .. {extent} {{ y[i] = {" ^ ".join(words)}; }}
    }}
    """
    check_levels(text, {})


@pytest.mark.parametrize("scheduler", ["cpsat", "backward"])
def test_no_scheduler_beats_it(scheduler: str) -> None:
    text = """
    kernel small() {
      memory { x: u32[64] in at 0; y: u32[32] out at 64; }
      parallel for i in 0 .. 32 { y[i] = min(x[2 * i], x[2 * i + 1]) * 3; }
    }
    """
    result = compile_text(text, "small.vk", {}, Options(scheduler=scheduler))
    assert 0 < result.kernel_bound <= result.lower_bound <= result.cycles
