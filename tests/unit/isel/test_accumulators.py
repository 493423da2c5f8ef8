"""Accumulators of machine loops: a total is changed once by each group, one after the other."""

from __future__ import annotations

import pytest

from vliwc.ir.text import parse_function
from vliwc.ir.value import Op
from vliwc.isel.loops.accumulators import Accumulators
from vliwc.isel.scalar import Uniform
from vliwc.mir.operation import MOp, Operand, operand_sources


@pytest.mark.parametrize("lanes", [8, 3])
@pytest.mark.parametrize("kind", ["sum", "xor", "min", "max"])
def test_groups_of_a_part_change_the_total_one_after_the_other(kind: str, lanes: int) -> None:
    """Who reads the total waits for its last change, which no operand shows: all change one word
    in place.  What another part has done is over."""
    function = parse_function(f"""
    function f {{
      array x: u32[16] in at 0
      array y: u32[1] out at 16
      loop 0 i: 16
      %0 = lane 0
      %1 = load x[%0]
      %2 = reduce {kind} loop 0 of %1
      %3 = const 0
      %4 = store y[%3] = %2 at top
    }}
    """)
    (value,) = (each for each in function.values if each.op is Op.REDUCE)
    totals = Accumulators(Uniform(function, 8))
    totals.begin(value)
    first = totals.totals[value]
    changed: MOp | None = None
    for _ in range(2):
        totals.new_part()
        changed = None
        for number in range(3):
            before = len(totals.made)
            totals.add(value, Operand(MOp(f"result {number}", (), 8, 8)), lanes)
            for op in totals.made[before:]:
                if first in operand_sources(op):
                    assert [each for each, _ in op.order] == ([] if changed is None else [changed])
                    assert all(latency == 1 for _, latency in op.order)
            changed = totals.totals[value]
            assert totals.made[-1] is changed and totals.place[changed] is first
