"""The order in which groups take the plans of an assignment."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vliwc.analysis.linear import Linear
from vliwc.isel.cost import EngineDemand
from vliwc.strategy.balance import Path
from vliwc.strategy.group_order import GROUP_ORDERS, GroupOrder, group_order
from vliwc.strategy.options import Step


def path(groups: int, loads: int = 0, flow: int = 0) -> Path:
    step = Step("step", (), EngineDemand(load=loads, flow=flow), Linear(0))
    return Path(groups, ((step, 1),))


LIGHT, HEAVY = path(12, flow=9), path(6, loads=40)


@pytest.mark.parametrize("kind", GROUP_ORDERS, ids=lambda kind: kind.name)
@given(sizes=st.lists(st.tuples(st.integers(1, 20), st.integers(0, 40)), min_size=1, max_size=5))
def test_every_path_gets_its_groups(kind: GroupOrder, sizes: list[tuple[int, int]]) -> None:
    paths = [path(groups, loads) for groups, loads in sizes]
    chosen = Counter(group_order(paths, kind))
    assert chosen == {number: groups for number, (groups, _) in enumerate(sizes)}


def test_blocks_put_load_heavy_plans_first() -> None:
    assert group_order([LIGHT, HEAVY], GroupOrder("blocks", None)) == [1] * 6 + [0] * 12


def test_even_spreads_all_plans() -> None:
    chosen = group_order([LIGHT, HEAVY], GroupOrder("even", 0.0))
    for third in range(3):
        assert Counter(chosen[6 * third : 6 * third + 6]) == {0: 4, 1: 2}


def test_graded_puts_more_of_the_load_heavy_plans_early() -> None:
    chosen = group_order([LIGHT, HEAVY], GroupOrder("graded", 0.75))
    early, late = chosen[:9].count(1), chosen[9:].count(1)
    assert early > late > 0


def test_one_plan() -> None:
    for kind in GROUP_ORDERS:
        assert group_order([path(4)], kind) == [0] * 4
