"""Which constants become sums of others, and that they stay what they were."""

from __future__ import annotations

from isa.machine import DEFAULT_MACHINE
from vliwc.isel.derive_constants import derive_constants
from vliwc.mir.dag import MachineDag
from vliwc.mir.operation import Form, MOp, Operand


def dag_of(*words: int) -> MachineDag:
    """A machine DAG that stores to each of the constants ``words``."""
    zero = MOp("zero", (), lanes=0)
    made = {
        word: MOp(
            f"c{word}",
            (
                Form("load", "const", imm=word),
                Form("flow", "add_imm", (Operand(zero, stride=0),), imm=word),
            ),
        )
        for word in words
    }
    stores = [
        MOp("s", (Form("store", "store", (Operand(op, stride=0),) * 2),), width=0)
        for op in made.values()
    ]
    return MachineDag(DEFAULT_MACHINE, [zero, *made.values(), *stores], [], [], dict(made))


def value_of(op: MOp, words: dict[MOp, int]) -> int:
    """The word that each form of a constant gives, which must be the same."""
    found: set[int] = set()
    for form in op.forms:
        operands = [words[o.source] for o in form.operands if isinstance(o.source, MOp)]
        match form.opcode:
            case "const":
                found.add(form.imm or 0)
            case "add_imm":
                found.add((operands[0] + (form.imm or 0)) % 2**32)
            case "+":
                found.add(sum(operands) % 2**32)
            case _:
                assert form.opcode == "-"
                found.add((operands[0] - operands[1]) % 2**32)
    (word,) = found
    return word


def derived(dag: MachineDag, apart: float) -> tuple[MachineDag, int]:
    """The DAG with constants derived, one due ``apart`` cycles after the other; how many are."""
    due = {op: apart * number for number, op in enumerate(dag.constants.values())}
    after = derive_constants(dag, lambda op: due[op])
    words: dict[MOp, int] = {}
    for op in after.shared:
        if op.width and op.forms:
            words[op] = value_of(op, words)
        elif op.width:
            words[op] = 0
    assert all(words[op] == word for word, op in after.constants.items() if op in words)
    return after, sum(op.forms[0].engine == "alu" for op in after.constants.values())


def test_constants_that_are_due_late_are_sums() -> None:
    """Of the addresses of many groups a few strides make all."""
    words = [8 * k for k in range(1, 40)]
    after, count = derived(dag_of(*words), 5.0)
    loaded = [op for op in after.constants.values() if op.forms[0].opcode == "const"]
    assert len(after.constants) == count + len(loaded) and len(loaded) <= 3


def test_constants_without_relation_are_loaded() -> None:
    assert derived(dag_of(3, 1000, 77777, 1 << 20), 100.0)[1] == 0


def test_constants_that_are_due_at_once_are_loaded_as_far_as_there_are_slots() -> None:
    """Three a cycle; the fortieth would come in cycle 13, as a sum much earlier."""
    dag = dag_of(*(3 * k + 1000 for k in range(6)))
    assert derived(dag, 0.0)[1] == 0
    _, count = derived(dag_of(*(8 * k for k in range(1, 40))), 0.0)
    assert count > 20
