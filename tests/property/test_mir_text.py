"""Machine DAGs under random choices of strategies: what is printed parses back to the same DAG."""

from __future__ import annotations

import json
import random
import re

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.strategies.kernels import GeneratedKernel, kernels
from tests.strategies.plans import lane_program_of, random_choice
from tests.strategies.walks import walks
from vliwc.diagnostics import KernelError
from vliwc.isel.instantiate import instantiate
from vliwc.mir.dag import MachineDag
from vliwc.mir.scheduling_problem import problem_of
from vliwc.mir.text import parse_dag, print_dag
from vliwc.sched.problem.json import problem_to_json


def built(generated: GeneratedKernel, seed: int) -> MachineDag:
    """The kernel's machine DAG under random plans."""
    program = lane_program_of(generated.text, generated.params)
    choice = random_choice(program, random.Random(seed))
    return instantiate(program, choice.assignment, choice.placements).dag


@settings(max_examples=40)
@given(generated=kernels() | walks(), seed=st.integers(0, 1000))
def test_a_machine_dag_parses_back(generated: GeneratedKernel, seed: int) -> None:
    """The same text but for origins, and the same scheduling problem."""
    dag = built(generated, seed)
    text = print_dag(dag)
    again = parse_dag(text)
    assert print_dag(again) == re.sub(r" # .*", "", text)
    assert problem_to_json(problem_of(again)) == problem_to_json(problem_of(dag))
    forms = [
        [(op.name, op.serial, len(op.forms)) for op, _ in d.operations()] for d in (dag, again)
    ]
    assert forms[0] == forms[1] and again.machine == dag.machine
    assert json.dumps(dag.machine.to_dict()) in text


TEXT = print_dag(
    instantiate(
        program := lane_program_of(
            "kernel k(n) { memory { x: u32[n] in at 0; y: u32[n] out at n; }"
            " parallel for i in 0 .. n { y[i] = x[x[i] % n] * 3; } }",
            {"n": 11},
        ),
        (plain := random_choice(program, random.Random(1))).assignment,
        plain.placements,
    ).dag
)


@settings(max_examples=150)
@given(data=st.data())
def test_damaged_texts_are_refused_with_a_place(data: st.DataObject) -> None:
    """A word dropped, doubled or exchanged gives a DAG or an error in the text, never a crash."""
    words = re.findall(r"\s+|[^\s\w]|\w+", TEXT)
    at = data.draw(st.integers(0, len(words) - 1))
    other = data.draw(st.sampled_from(["", words[at] * 2, *words]))
    try:
        parse_dag("".join([*words[:at], other, *words[at + 1 :]]), "test.mir")
    except KernelError as error:
        (found,) = error.diagnostics
        assert found.code == "E0801" and found.span is not None
