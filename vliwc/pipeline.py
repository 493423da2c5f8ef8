"""The passes over the lane IR, as one list per optimisation level."""

from __future__ import annotations

from vliwc.passes.base import Pass
from vliwc.passes.hoist import Hoist
from vliwc.passes.registry import STANDARD_PASSES


def passes_for(level: int) -> list[Pass]:
    """The passes of ``-O<level>``, in order."""
    if level == 0:
        return []
    return [*STANDARD_PASSES, Hoist()]
