"""Store-to-load forwarding: a load of a word that was just stored becomes that word.

``store a[i] = x; y = load a[i]`` -> ``y = x``, if no other store in between may write the word
and the load runs in the same iteration as the store.  So does a load of one of several words
that were all set to the same: ``store a[r] = x; store a[r + 1] = x; y = load a[r + bit]``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import gcd

from vliwc.analysis.facts import Facts
from vliwc.analysis.linear import Linear, linear_forms, signed
from vliwc.analysis.memory import MemoryOrder, same_iteration
from vliwc.ir.graph import Function
from vliwc.ir.rebuild import Rebuild
from vliwc.ir.value import MASK, TOP_LEVEL, Op, Value

MAX_WORDS = 1024
"""A load of more words than this is not followed to the stores that set them."""


@dataclass(frozen=True, slots=True)
class StoreForwarding:
    """Replace loads by the words that the last stores before them wrote."""

    name: str = "store-forwarding"

    def run(self, function: Function) -> Function:
        """The function without loads of known words."""
        words = _known_words(function)
        if not words:
            return function
        rebuild = Rebuild(function)
        for value in function:
            if value in words:
                rebuild.replace(value, rebuild.new[words[value]])
            else:
                rebuild.keep(value)
        return rebuild.finish()


def _known_words(function: Function) -> dict[Value, Value]:
    """The word of each load, where a store tells."""
    loads = [value for value in function if value.op is Op.LOAD and value.order]
    if not loads:
        return {}
    facts = Facts(function)
    order = MemoryOrder(function, facts)
    fills = _Fills(function, facts, order)
    found: dict[Value, Value] = {}
    for load in loads:
        reaching = order.reaching(load)
        if reaching:
            word = _stored(load, reaching, order) or fills.word(load, reaching)
            if word is not None:
                found[load] = word
    return found


def _stored(load: Value, reaching: Sequence[Value], order: MemoryOrder) -> Value | None:
    """The word of the last store that reaches ``load``, if that is of the very same index."""
    last = reaching[-1]
    overwritten = all(order.before(last) & order.bit(store) for store in reaching[:-1])
    return last.args[1] if overwritten and same_iteration(last, load) else None


class _Fills:
    """Loads of words that several stores, or those of all iterations, have set to the same."""

    def __init__(self, function: Function, facts: Facts, order: MemoryOrder) -> None:
        self.facts = facts
        self.order = order
        self.extents = {loop.number: loop.extent for loop in function.loops}
        self.forms: Mapping[Value, Linear] = linear_forms(function, facts)

    def word(self, load: Value, reaching: Sequence[Value]) -> Value | None:
        """The word that every word which ``load`` may read was set to, if there is one."""
        word = reaching[-1].args[1]
        first = len(reaching)
        while first and _equal(reaching[first - 1].args[1], word):
            first -= 1
        others = reaching[:first]
        spread: set[tuple[Value, int]] | None = None
        read: frozenset[int] = frozenset()
        written: set[int] = set()
        for store in reversed(reaching[first:]):
            if not all(self.order.before(store) & self.order.bit(other) for other in others):
                continue
            base, words = self._written(store, load, word)
            terms = set(base.terms)
            if not words or (spread is not None and terms != spread):
                continue
            if spread is None:
                spread = terms
                read = self._read(self.forms[load.args[0]].minus(Linear(0, base.terms)))
                if not read:
                    return None
            written |= words
            if read <= written:
                return word
        return None

    def _written(self, store: Value, load: Value, word: Value) -> tuple[Linear, frozenset[int]]:
        """The words that ``store`` has certainly set when ``load`` runs, as offsets from a base
        that is the same for both; none if that is not known."""
        form = self.forms[store.args[0]]
        if store.loop == TOP_LEVEL or (store.loop == load.loop == store.args[0].loop):
            return form, frozenset([form.const])
        if word.loop != TOP_LEVEL:
            return form, frozenset()
        lanes = [term for term in form.terms if term[0].loop == store.loop]
        if len(lanes) != 1 or lanes[0][0].op is not Op.LANE:
            return form, frozenset()
        (lane, stride), extent = lanes[0], self.extents[store.loop]
        if extent > MAX_WORDS:
            return form, frozenset()
        words = frozenset((form.const + stride * k) & MASK for k in range(extent))
        return form.without(lane), words

    def _read(self, form: Linear) -> frozenset[int]:
        """The words that ``form`` may be, none if there are too many."""
        lo = hi = form.const
        step = 0
        for atom, coefficient in form.terms:
            factor = signed(coefficient)
            ends = (factor * self.facts.lo(atom), factor * self.facts.hi(atom))
            lo, hi, step = lo + min(ends), hi + max(ends), gcd(step, factor)
        step = step or 1
        if (hi - lo) // step >= MAX_WORDS:
            return frozenset()
        return frozenset(word & MASK for word in range(lo, hi + 1, step))


def _equal(a: Value, b: Value) -> bool:
    """Whether two words are known to be the same."""
    return a is b or (a.is_const and b.is_const and a.imm == b.imm)
