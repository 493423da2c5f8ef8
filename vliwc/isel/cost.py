"""Engine demand: what operations ask of the engines, the one measure of all cost models."""

from __future__ import annotations

from typing import NamedTuple


class EngineDemand(NamedTuple):
    """Slots by what can take them.

    ``compute``: lane-operations on alu or valu, those of ``valu`` and ``alu`` included; ``valu``:
    vector operations that only valu takes; ``alu``: lane-operations that only alu takes;
    ``either``: vector operations that flow takes as well as alu or valu (not in ``compute``);
    ``flow``, ``load``, ``store``: slots that only these engines take.
    """

    compute: int = 0
    valu: int = 0
    alu: int = 0
    either: int = 0
    flow: int = 0
    load: int = 0
    store: int = 0

    def plus(self, other: EngineDemand, times: int = 1) -> EngineDemand:
        """This demand and ``times`` times the other."""
        return EngineDemand(*(a + times * b for a, b in zip(self, other, strict=True)))

    def less(self, other: EngineDemand, vlen: int, times: int = 1) -> EngineDemand:
        """Without ``times`` times the other one, which has been counted with what flow could take
        as compute; nothing becomes negative."""
        other = other._replace(compute=other.compute + vlen * other.either, either=0)
        return EngineDemand(*(max(a - times * b, 0) for a, b in zip(self, other, strict=True)))


NOTHING = EngineDemand()


def vector_demand(
    vlen: int,
    *,
    either: int = 0,
    flow: int = 0,
    valu: int = 0,
    plain: int = 0,
    lanes: int = 0,
    load: int = 0,
    store: int = 0,
) -> EngineDemand:
    """The demand of vector operations, by the engines that can take them.

    ``either``: flow, valu or alu (choices between constants); ``flow``; ``valu`` (multiply_add);
    ``plain``: valu or alu; ``lanes``: alu only.  ``load`` and ``store`` are slots.
    """
    compute = vlen * (valu + plain + lanes)
    return EngineDemand(compute, valu, vlen * lanes, either, flow, load, store)
