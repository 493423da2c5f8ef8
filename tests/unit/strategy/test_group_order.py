"""The order in which groups take the plans of a mix."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vliwc.analysis.linear import Linear
from vliwc.isel.cost import EngineDemand
from vliwc.strategy.balance import Path
from vliwc.strategy.group_order import ARRANGEMENTS, Arrangement, arrange
from vliwc.strategy.options import Step


def path(groups: int, loads: int = 0, flow: int = 0) -> Path:
    step = Step("step", (), EngineDemand(load=loads, flow=flow), Linear(0))
    return Path(groups, ((step, 1),))


LIGHT, HEAVY = path(12, flow=9), path(6, loads=40)


@pytest.mark.parametrize("arrangement", ARRANGEMENTS, ids=lambda arrangement: arrangement.name)
@given(sizes=st.lists(st.tuples(st.integers(1, 20), st.integers(0, 40)), min_size=1, max_size=5))
def test_every_path_gets_its_groups(arrangement: Arrangement, sizes: list[tuple[int, int]]) -> None:
    paths = [path(groups, loads) for groups, loads in sizes]
    chosen = Counter(arrange(paths, arrangement))
    assert chosen == {number: groups for number, (groups, _) in enumerate(sizes)}


def test_blocks_put_load_heavy_plans_first() -> None:
    assert arrange([LIGHT, HEAVY], Arrangement("blocks", None)) == [1] * 6 + [0] * 12


def test_even_spreads_all_plans() -> None:
    chosen = arrange([LIGHT, HEAVY], Arrangement("even", 0.0))
    for third in range(3):
        assert Counter(chosen[6 * third : 6 * third + 6]) == {0: 4, 1: 2}


def test_graded_puts_more_of_the_load_heavy_plans_early() -> None:
    chosen = arrange([LIGHT, HEAVY], Arrangement("graded", 0.75))
    early, late = chosen[:9].count(1), chosen[9:].count(1)
    assert early > late > 0


def test_one_plan() -> None:
    for arrangement in ARRANGEMENTS:
        assert arrange([path(4)], arrangement) == [0] * 4
