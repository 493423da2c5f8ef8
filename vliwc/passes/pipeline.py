"""The list of passes over the lane IR, and ways to name some of them.

No pass is required and every order is correct; the reasons for this one stand beside it.  What
comes before and after the passes is in :mod:`vliwc.stages`.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, cast

from vliwc.options import OptionsError
from vliwc.passes.algebra import ALGEBRA
from vliwc.passes.base import Pass
from vliwc.passes.constant_folding import ConstantFolding
from vliwc.passes.dce import DeadCodeElimination
from vliwc.passes.dead_stores import DeadStores
from vliwc.passes.forward_words import ForwardWords
from vliwc.passes.gvn import GlobalValueNumbering
from vliwc.passes.hoist import Hoist
from vliwc.passes.madd import MULTIPLY_ADD
from vliwc.passes.memory_order import MemoryOrderRelaxation
from vliwc.passes.pack_stores import PackStores
from vliwc.passes.ranges import RangeSimplification
from vliwc.passes.reassociation import REASSOCIATION
from vliwc.passes.redundant_loads import RedundantLoads
from vliwc.passes.select_loads import SelectLoads
from vliwc.passes.simplify import SIMPLIFY
from vliwc.passes.store_forwarding import StoreForwarding
from vliwc.passes.strength_reduction import STRENGTH_REDUCTION
from vliwc.passes.unguard import Unguard

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

PIPELINE: tuple[Pass, ...] = (
    # Equal and decided values first: the memory passes compare indices by identity and by range.
    ConstantFolding(),
    GlobalValueNumbering(),
    RangeSimplification(),
    # Memory.  Guards go first: a guarded index hides that two accesses are of one word.
    Unguard(),
    StoreForwarding(),
    RedundantLoads(),
    # Before the rules: they make the first of many equal statements another than the rest.
    PackStores(),
    # All rules at once, on what the memory passes have connected.
    SIMPLIFY,
    # Memory again: the rules make indices and conditions simple enough to see more.
    Unguard(),
    StoreForwarding(),
    RedundantLoads(),
    # Loads that are still there; the rules then take the guards out of the selected indices.
    SelectLoads(),
    # What is left of loads is of words from other iterations: these follow words, not indices.
    ForwardWords(),
    # Only now are the loads gone that kept stores alive; then the rules look at what became equal.
    DeadStores(),
    SIMPLIFY,
    # Drops what the passes before have left unused.
    DeadCodeElimination(),
    # No pass on memory follows, which would have to know what need not stay in order.
    MemoryOrderRelaxation(),
    # Last: the rules of `reassociation` would move the constants outwards again.
    Hoist(),
)
"""What every level but -O0 runs, in order."""

PARTS: tuple[Pass, ...] = (ALGEBRA, STRENGTH_REDUCTION, MULTIPLY_ADD, REASSOCIATION)
"""Families of rules that `simplify` applies together, as passes of their own: to look at them one
by one with ``vliwc opt``."""

PASSES: dict[str, Pass] = {each.name: each for each in (*PIPELINE, *PARTS)}
"""Every pass that exists, by name."""


def passes_for(level: int, without: Collection[str] = (), also: Sequence[str] = ()) -> list[Pass]:
    """The passes of ``-O<level>``, in order, except all runs of those named in ``without``, which
    may name what ``also`` lists, strategies of the back end, as well.

    Raises :class:`vliwc.options.OptionsError` for a name that the level does not have.
    """
    passes = PIPELINE if level else ()
    names = list(dict.fromkeys(each.name for each in passes))
    for name in without:
        if name not in names and name not in also:
            known = f"its passes are {', '.join(names)}" if names else "it has none"
            known += f"; its strategies are {', '.join(also)}" if also else ""
            raise OptionsError(f"no pass {name!r} to leave out of -O{level}; {known}")
    return [each for each in passes if each.name not in without]


_ITEM = re.compile(r"\s*([\w-]+)\s*(?:\{([^{}]*)\}\s*)?(,|$)")
_OPTION = re.compile(r"\s*(\w+)\s*=\s*([\w+-]+)\s*")


def parse_passes(text: str) -> list[Pass]:
    """The passes that ``a,b{option=1,other=x+y}`` names, in that order.

    Options are the fields of a pass: numbers, or names joined by ``+``.  Raises
    :class:`vliwc.options.OptionsError` with the column of the first mistake.
    """
    passes: list[Pass] = []
    at = 0
    more = bool(text.strip())
    while more:
        match = _ITEM.match(text, at)
        if match is None:
            rest = text[at:].strip() or "the end"
            raise _mistake(text, at, f"expected PASS or PASS{{option=value}}, found {rest}")
        base = PASSES.get(match[1])
        if base is None:
            known = ", ".join(sorted(PASSES))
            raise _mistake(text, match.start(1), f"no pass {match[1]!r}; there are {known}")
        options = [] if match[2] is None else match[2].split(",")
        passes.append(_configured(text, match.start(2), base, options))
        at, more = match.end(), match[3] == ","
    return passes


def _configured(text: str, at: int, base: Pass, options: Sequence[str]) -> Pass:
    """``base`` with other values in some fields; ``at`` is where ``options`` start in ``text``."""
    changes: dict[str, object] = {}
    for option in options:
        match = _OPTION.fullmatch(option)
        if match is None:
            raise _mistake(text, at, f"expected option=value, found {option.strip() or 'nothing'}")
        name, value = match[1], match[2]
        known = options_of(base)
        if name not in known:
            has = f"it has {', '.join(known)}" if known else "it has none"
            raise _mistake(text, at, f"{base.name} has no option {name!r}; {has}")
        if name in changes:
            raise _mistake(text, at, f"option {name!r} is given twice")
        if isinstance(known[name], int):
            if not value.isdecimal():
                raise _mistake(text, at, f"{name}={value}: expected a number")
            changes[name] = int(value)
        else:
            changes[name] = tuple(value.split("+"))
        at += len(option) + 1
    try:
        return cast("Pass", dataclasses.replace(cast("DataclassInstance", base), **changes))
    except OptionsError as error:
        raise _mistake(text, at, str(error)) from None


def options_of(each: Pass) -> dict[str, int | tuple[str, ...]]:
    """The options of a pass, with the values they have in it."""
    fields = dataclasses.fields(cast("DataclassInstance", each))
    return {field.name: getattr(each, field.name) for field in fields if field.name != "name"}


def _mistake(text: str, at: int, message: str) -> OptionsError:
    return OptionsError(f"passes {text!r}, column {at + 1}: {message}")
