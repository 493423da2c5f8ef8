"""All rule tables by family, in the order in which their rules are tried."""

from __future__ import annotations

from vliwc.rules.bits import BITS
from vliwc.rules.compare import COMPARE
from vliwc.rules.guards import GUARDS
from vliwc.rules.identity import IDENTITY
from vliwc.rules.madd import MADD
from vliwc.rules.reassociate import REASSOCIATE
from vliwc.rules.rule import Rule
from vliwc.rules.select import SELECT
from vliwc.rules.strength import STRENGTH

FAMILIES: dict[str, tuple[Rule, ...]] = {
    "identity": IDENTITY,
    "select": SELECT,
    "guards": GUARDS,
    "compare": COMPARE,
    "bits": BITS,
    "strength": STRENGTH,
    "madd": MADD,
    "reassociate": REASSOCIATE,
}

ALL_RULES: tuple[Rule, ...] = tuple(rule for family in FAMILIES.values() for rule in family)
