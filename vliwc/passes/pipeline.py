"""The passes over the lane IR, as one list per optimisation level."""

from __future__ import annotations

from collections.abc import Collection

from vliwc.options import OptionsError
from vliwc.passes.base import Pass
from vliwc.passes.hoist import Hoist
from vliwc.passes.registry import STANDARD_PASSES


def passes_for(level: int, without: Collection[str] = ()) -> list[Pass]:
    """The passes of ``-O<level>``, in order, except all runs of those named in ``without``.

    No pass is required: every list of passes gives a correct program.  Raises
    :class:`vliwc.options.OptionsError` for a name that the level does not have.
    """
    passes = [] if level == 0 else [*STANDARD_PASSES, Hoist()]
    names = list(dict.fromkeys(each.name for each in passes))
    for name in without:
        if name not in names:
            known = f"its passes are {', '.join(names)}" if names else "it has none"
            raise OptionsError(f"no pass {name!r} to leave out of -O{level}; {known}")
    return [each for each in passes if each.name not in without]
