"""Words made again for each use: the same results, no word shared, kernels that do not fit else."""

from __future__ import annotations

import os

import pytest

from isa.machine import DEFAULT_MACHINE
from isa.original import OriginalProblem
from isa.simulator import run
from tests.unit.isel.helpers import kernel_text, program_of
from vliwc.driver import Compilation, compile_text
from vliwc.isel.instantiate import Instance, instantiate
from vliwc.lang.interpret import interpret, output_words, random_memory
from vliwc.mir.dag import MachineDag
from vliwc.mir.operation import MOp, operand_sources
from vliwc.mir.text import parse_dag, print_dag
from vliwc.mir.unshared import unshared
from vliwc.options import Options
from vliwc.strategy.choose import gather_only

TAKEHOME = os.environ.get("VLIWC_TAKEHOME")
ORIGINAL = OriginalProblem(f"{TAKEHOME}/tests/frozen_problem.py") if TAKEHOME else None

TABLES = """
kernel tables(n, rounds) {
  memory { k: u32[rounds] in at 0; x: u32[n] in at rounds; y: u32[n] out at rounds + n; }
  parallel for i in 0 .. n {
    var v = x[i];
    for r in 0 .. rounds { v = (v ^ k[r]) * 3 + k[rounds - 1 - r]; }
    y[i] = v;
  }
}
"""
"""Two broadcast words of a table in each round, each used twice far apart, and by all groups."""


def right(made: Compilation) -> bool:
    for seed in range(2):
        memory = random_memory(made.kernel, seed)
        expected = interpret(made.kernel, memory)
        runs = [run(made.program, memory).memory]
        if ORIGINAL is not None and made.program.machine == DEFAULT_MACHINE:
            runs.append(ORIGINAL.run(made.program, memory).memory)
        for words in output_words(made.kernel):
            if any(
                each[words.start : words.stop] != expected[words.start : words.stop]
                for each in runs
            ):
                return False
    return True


@pytest.mark.parametrize("level", [0, 2])
def test_words_that_do_not_fit_together_are_loaded_again(level: int) -> None:
    made = compile_text(TABLES, "t.vk", {"n": 16, "rounds": 200}, Options(level=level))
    assert 200 * DEFAULT_MACHINE.vlen > DEFAULT_MACHINE.scratch_words
    assert made.notes[0] == (
        "what operations share does not fit into scratch: each makes its own constants and loads "
        "its own table words"
    )
    assert made.ops["load"] > 2 * 2 * 200
    assert right(made)


def test_what_fits_is_shared() -> None:
    made = compile_text(TABLES, "t.vk", {"n": 32, "rounds": 60}, Options(level=0))
    assert made.notes == [] and made.ops["load"] < 4 * 60


def loads_of(instance: Instance) -> set[MOp]:
    return {load for loads in instance.uniform.table_loads.values() for load in loads}


def test_each_operation_has_its_own_words() -> None:
    """Constants, their broadcasts, table words with a constant, masks, lane numbers, addresses."""
    body = (
        "let w = if i % 16 == 3 then v * 5 + 1 else v * 3 + 2;"
        "o[i] = (w ^ t[5] + 77) * (i + 9) + (v ^ t[5] + 77) + t[v % 64] * 9;"
    )
    program = program_of(kernel_text(body), n=21)
    instance = instantiate(program, gather_only(program))
    shared = {op.name for op in instance.dag.shared if op.forms}
    dag = unshared(instance.dag, loads_of(instance))
    operations = dag.operations()
    users = [0] * len(operations)
    for op, group in operations:
        for number in {dag.number(source, group) for source in operand_sources(op)}:
            users[number] += 1
    found = {op.name for (op, _), count in zip(operations, users, strict=True) if count == 1}
    assert shared <= found, "all of them are still there"
    for (op, _), count in zip(operations, users, strict=True):
        assert count <= 1 or op.name not in shared


def test_what_is_written_is_not_loaded_again() -> None:
    """The loop comes after the store; what it reads was loaded before."""
    text = """
kernel again(n) {
  memory { a: u32[n] inout at 0; o: u32[n] out at n; }
  let s = a[0];
  a[0] = s + 1;
  parallel for i in 0 .. n { o[i] = i * s; }
}
"""
    program = program_of(text, n=16)
    instance = instantiate(program, gather_only(program))
    dag = unshared(instance.dag, loads_of(instance))
    assert sum(op.forms[0].opcode == "load" for op, _ in dag.operations() if op.forms) == 1


def test_only_loads_that_are_said_to_read_the_same_words_are_repeated() -> None:
    """Nothing else in the machine DAG shows what is written: order may follow from operands."""
    text = """
    mir {
      machine MACHINE
      shared {
        %0 "zero" lanes 1 width 1
        %1 "w" lanes 1 width 1 = load load(%0[0])
        %2 "a" lanes 1 width 0 = store store(%0[0], %1[0])
        %3 "b" lanes 1 width 0 = store store(%0[0], %1[0])
      }
    }
    """
    machine = print_dag(program_dag()).split("machine ")[1].split("\n")[0]
    for known, count in ((False, 1), (True, 2)):
        dag = parse_dag(text.replace("MACHINE", machine))
        loads = {op for op in dag.shared if op.name == "w"}
        again = unshared(dag, loads if known else ())
        assert [op.name for op in again.shared].count("w") == count


def program_dag() -> MachineDag:
    program = program_of(kernel_text("o[i] = v;"), n=8)
    return instantiate(program, gather_only(program)).dag
