"""Reads of short programs: coordinate descent, and what it is worth."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest

from vliwc.driver import compile_file
from vliwc.ir.value import Value
from vliwc.isel.cost import NOTHING
from vliwc.isel.reads.record_table import RecordTable
from vliwc.isel.reads.table_reads import Gather, Read
from vliwc.options import Options
from vliwc.strategy.latency_choice import Steps, soonest_steps
from vliwc.strategy.options import LoopReads, Step
from vliwc.strategy.split_choice import Entry

SIZE = 10
"""Operations of the machine DAGs that the tests pretend."""


class _Reads:
    """What `soonest_steps` looks at."""

    def __init__(self, *steps: list[Step]) -> None:
        self.steps = list(steps)


def _step(name: str, reads: int = 1, table: bool = False) -> Step:
    pairs = cast("tuple[tuple[Value, Read], ...]", ((None, Gather()),) * reads)
    return Step(name, pairs, NOTHING, table=cast("RecordTable", object()) if table else None)


def _soonest(
    reads: _Reads, start: list[Step], cycles: dict[tuple[str, ...], int], operations: int
) -> list[str] | None:
    def bound_of(steps: Steps) -> tuple[int, int]:
        return cycles.get(tuple(step.name for step in steps[0]), 99), SIZE

    found = soonest_steps([cast("LoopReads", reads)], [start], bound_of, operations, 0)
    return None if found is None else [step.name for step in found[0]]


def test_one_read_after_the_other_is_changed_until_nothing_helps() -> None:
    a, b, c, d = (_step(name) for name in "abcd")
    cycles = {("a", "c"): 9, ("b", "c"): 9, ("a", "d"): 8, ("b", "d"): 7}
    assert _soonest(_Reads([a, b], [c, d]), [a, c], cycles, 1000) == ["b", "d"]


def test_a_step_of_two_reads_takes_the_place_of_both() -> None:
    a, b, row = _step("a"), _step("b"), _step("row", reads=2)
    reads = _Reads([a, row], [b])
    assert _soonest(reads, [a, b], {("a", "b"): 9, ("row",): 8}, 1000) == ["row"]
    assert _soonest(reads, [row], {("a", "b"): 7, ("row",): 8}, 1000) == ["a", "b"]


def test_nothing_is_returned_where_nothing_is_better() -> None:
    a, b = _step("a"), _step("b")
    assert _soonest(_Reads([a, b]), [a], {("a",): 9, ("b",): 9}, 1000) is None


def test_the_operations_are_all_that_it_spends() -> None:
    a, b = _step("a"), _step("b")
    assert _soonest(_Reads([a, b]), [a], {("a",): 9, ("b",): 8}, SIZE - 1) is None
    assert _soonest(_Reads([a, b]), [a], {("a",): 9, ("b",): 8}, SIZE) == ["b"]


def test_tables_in_scratch_stay_within_their_words() -> None:
    a, tree = _step("a"), replace(_step("tree"), entries=(Entry("t", 0), Entry("t", 1)))
    reads, cycles = cast("LoopReads", _Reads([a, tree])), {"a": 9, "tree": 8}

    def bound_of(steps: Steps) -> tuple[int, int]:
        return cycles[steps[0][0].name], SIZE

    assert soonest_steps([reads], [[a]], bound_of, 1000, 1) is None
    assert soonest_steps([reads], [[a]], bound_of, 1000, 2) == [[tree]]


def test_records_are_not_tried() -> None:
    a, record = _step("a"), _step("record", table=True)
    assert _soonest(_Reads([a, record]), [a], {("a",): 9, ("record",): 1}, 1000) is None
    assert _soonest(_Reads([a, record]), [record], {("a",): 9}, 1000) is None


@pytest.mark.parametrize(
    ("kernel", "params", "cycles"),
    [
        ("tree_hash", {"forest_height": 4, "rounds": 4, "batch_size": 8}, 51),
        ("tree_hash", {"forest_height": 10, "rounds": 4, "batch_size": 16}, 52),
        ("btree_probe", {"levels": 4, "batch": 16}, 47),
        ("tree_hash_indices", {"forest_height": 5, "rounds": 5, "batch_size": 16}, 67),
    ],
)
def test_short_kernels(kernels: Path, kernel: str, params: dict[str, int], cycles: int) -> None:
    """Each took 12 to 20 % more when only the slots of engines decided."""
    found = compile_file(kernels / f"{kernel}.vk", params, Options(level=1))
    assert found.cycles <= cycles
