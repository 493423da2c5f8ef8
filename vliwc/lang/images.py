"""Memory images of a kernel: random inputs that respect its promises, and what it may change."""

from __future__ import annotations

import random
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import product

from vliwc.diagnostics import Diagnostic, KernelError
from vliwc.ir.graph import Array, Role
from vliwc.lang import ast
from vliwc.lang.binding import CheckedKernel
from vliwc.lang.constants import Static
from vliwc.lang.draw import draw_sizes
from vliwc.lang.execute import Interpreter
from vliwc.lang.faults import AssumptionViolated
from vliwc.lang.static import Evaluator, UnknownValue
from vliwc.lang.symbols import Kind, Symbol
from vliwc.lang.words import MIRRORED

ATTEMPTS = 200
"""Images tried for assumptions that cannot be satisfied by construction."""

MAX_WORDS = 1 << 24
"""Size limit of a random image."""

_INPUTS = (Role.IN, Role.INOUT, Role.IN_SCRATCH)

_Env = dict[Symbol, Static]


@dataclass(slots=True)
class _Domain:
    """The words an input word may be: `low` to `high`, both included, but none `excluded`."""

    low: int
    high: int
    excluded: set[int] = field(default_factory=set[int])

    def restrict(self, op: str, value: int) -> None:
        """Keep the words `w` with `w op value`."""
        match op:
            case "==":
                self.low, self.high = max(self.low, value), min(self.high, value)
            case "!=":
                self.excluded.add(value)
            case "<":
                self.high = min(self.high, value - 1)
            case "<=":
                self.high = min(self.high, value)
            case ">":
                self.low = max(self.low, value + 1)
            case _:
                self.low = max(self.low, value)

    def gaps(self) -> list[int]:
        """The excluded words that lie within the bounds, ascending."""
        return sorted(word for word in self.excluded if self.low <= word <= self.high)

    def copy(self) -> _Domain:
        """The same words, to be restricted on their own."""
        return _Domain(self.low, self.high, set(self.excluded))

    def size(self) -> int:
        """How many words there are; negative or 0 if there is none."""
        return self.high - self.low + 1 - len(self.gaps())

    def draw(self, rng: random.Random, count: int) -> list[int]:
        """`count` different words, each choice with the same probability."""
        # Gap k moves the words from `gap - low - k` on, counted without gaps, up by one.
        steps = [gap - self.low - k for k, gap in enumerate(self.gaps())]
        found = rng.sample(range(self.size()), count)
        return [self.low + word + bisect_right(steps, word) for word in found]


_Domains = dict[int, _Domain]


@dataclass(frozen=True, slots=True)
class _Restriction:
    """`word op value` for the input word at `address`, which is less than `below` anyway.

    It is `exact` unless something changes the word before the assumption looks at it.
    """

    address: int
    below: int
    op: str
    value: int
    exact: bool

    def apply(self, domains: _Domains) -> _Domain:
        """Restrict the domain of the word, which is entered if there is none."""
        domain = domains.setdefault(self.address, _Domain(0, self.below - 1))
        domain.restrict(self.op, self.value)
        return domain


_Alternatives = list[list[_Restriction]]
"""Restrictions of which those of one inner list have to hold together."""


@dataclass(slots=True)
class _Promises:
    """What the words of an image have to be; `exact` if that implies all the assumptions."""

    domains: _Domains = field(default_factory=dict[int, _Domain])
    choices: list[_Alternatives] = field(default_factory=list[_Alternatives])
    exact: bool = True

    def draw(self, rng: random.Random) -> tuple[_Domains, bool]:
        """Domains with an alternative of each choice; whether they imply all the assumptions."""
        if not self.choices:
            return self.domains, self.exact
        domains = {address: domain.copy() for address, domain in self.domains.items()}
        chosen = [_choose(alternatives, domains, rng) for alternatives in self.choices]
        return domains, self.exact and all(chosen)


def _choose(alternatives: _Alternatives, domains: _Domains, rng: random.Random) -> bool:
    """Restrict `domains` by any of the alternatives that leaves words; False if none does."""
    for restrictions in rng.sample(alternatives, len(alternatives)):
        addresses = {restriction.address for restriction in restrictions}
        tried = {at: domains[at].copy() for at in addresses if at in domains}
        for restriction in restrictions:
            restriction.apply(tried)
        if all(domain.size() > 0 for domain in tried.values()):
            domains.update(tried)
            return True
    return False


def protected_words(kernel: CheckedKernel) -> tuple[range, ...]:
    """The words of `[0, memory_words)` that must be unchanged at exit, as disjoint ranges.

    These are the `in` arrays and everything outside the declared arrays. Words of a longer memory
    image are protected too.
    """
    writable = sorted(
        (array.base, array.end)
        for array in kernel.arrays.values()
        if not array.role.protected and array.length
    )
    found: list[range] = []
    at = 0
    for base, end in [*writable, (kernel.memory_words, kernel.memory_words)]:
        if at < base:
            found.append(range(at, base))
        at = max(at, end)
    return tuple(found)


def output_words(kernel: CheckedKernel) -> tuple[range, ...]:
    """The words that make up the kernel's result: its `out` and `inout` arrays, one range each."""
    return tuple(
        range(array.base, array.end)
        for array in kernel.arrays.values()
        if array.role.observable and array.length
    )


def random_memory(kernel: CheckedKernel, seed: int) -> list[int]:
    """A memory image of `memory_words` words on which all the kernel's promises hold.

    `below`, `ascending` and assumptions that compare array elements with something known before
    the run (constants, loop counters) hold by construction, also where one of several has to hold;
    others are tried on up to `ATTEMPTS` images. Raises `KernelError` (E0609) if no image is found.
    """
    rng = random.Random(seed)
    if kernel.run_time:
        return _with_words(kernel, rng, seed)
    if kernel.memory_words > MAX_WORDS:
        raise _hopeless(kernel, f"it needs {kernel.memory_words} words of memory")
    promises = _Constraints(kernel).collect()
    if any(domain.size() <= 0 for domain in promises.domains.values()):
        raise _hopeless(kernel, "its assumptions contradict each other")
    interpreter: Interpreter | None = None
    reason = ""
    for _ in range(ATTEMPTS):
        domains, exact = promises.draw(rng)
        try:
            image = _draw(kernel, rng, domains)
        except KernelError as error:
            if not promises.choices:
                raise
            reason = error.diagnostics[0].message
            continue
        if exact:
            return image
        interpreter = interpreter or Interpreter(kernel)
        try:
            interpreter.run(image)
            return image
        except AssumptionViolated as error:
            reason = f"{error.diagnostics[0].span}: {error.diagnostics[0].message}"
    hint = "state it as `below` or `ascending`, or as `assume array[i] < bound`"
    raise _hopeless(kernel, f"{ATTEMPTS} tries failed, the last at {reason}", hint)


def _with_words(kernel: CheckedKernel, rng: random.Random, seed: int) -> list[int]:
    """An image for words drawn at random: sizes often near their least and greatest, arrays one
    after the other with gaps in between."""
    reason = ""
    for _ in range(ATTEMPTS):
        sizes = draw_sizes(kernel, rng)
        try:
            chosen = kernel.with_sizes(sizes)
            image = random_memory(chosen, seed)
        except KernelError as error:
            reason = error.diagnostics[0].message
            continue
        for word in kernel.words:
            image[word.address] = sizes[word.name]
        try:
            Interpreter(chosen).run(image)
            return image
        except AssumptionViolated as error:
            reason = error.diagnostics[0].message
    hint = "state what its words are, such as `assume n <= 4096;`"
    raise _hopeless(kernel, f"{ATTEMPTS} tries failed, the last at {reason}", hint)


def _hopeless(kernel: CheckedKernel, reason: str, hint: str | None = None) -> KernelError:
    message = f"cannot make a random input for kernel `{kernel.name}`: {reason}"
    span = kernel.program.kernel.name.span
    return KernelError([Diagnostic("E0609", message, span, hint)], kernel.source)


def _draw(kernel: CheckedKernel, rng: random.Random, domains: _Domains) -> list[int]:
    image = [rng.getrandbits(32) for _ in range(kernel.memory_words)]
    for array in kernel.arrays.values():
        if array.role in _INPUTS and not array.distinct:
            image[array.base : array.end] = (
                rng.randrange(array.below) for _ in range(array.length)
            )
    for address, domain in domains.items():
        image[address] = domain.draw(rng, 1)[0]
    for array in kernel.arrays.values():
        if array.distinct:
            image[array.base : array.end] = _draw_distinct(kernel, array, rng, domains)
    for name in sorted(kernel.ascending):
        array = kernel.arrays[name]
        image[array.base : array.end] = sorted(image[array.base : array.end])
    return image


def _draw_distinct(
    kernel: CheckedKernel, array: Array, rng: random.Random, domains: _Domains
) -> list[int]:
    """Words for an array of distinct ones, those with the fewest choices drawn first."""
    places: dict[tuple[int, int, tuple[int, ...]], list[int]] = {}
    for address in range(array.base, array.end):
        domain = domains.get(address) or _Domain(0, array.below - 1)
        places.setdefault((domain.low, domain.high, tuple(domain.gaps())), []).append(address)
    drawn: dict[int, int] = {}
    for low, high, gaps in sorted(places, key=lambda key: (key[1] - key[0] - len(key[2]), key)):
        left = _Domain(low, high, {*gaps, *drawn.values()})
        addresses = places[low, high, gaps]
        if left.size() < len(addresses):
            raise _hopeless(kernel, f"too few words are left to make `{array.name}` distinct")
        drawn.update(zip(addresses, left.draw(rng, len(addresses)), strict=True))
    return [drawn[address] for address in range(array.base, array.end)]


class _Constraints:
    """Domains of input words that follow from assumptions of the form `array[i] < bound`."""

    def __init__(self, kernel: CheckedKernel) -> None:
        self.kernel = kernel
        self.facts = kernel.facts
        self.promises = _Promises()
        body = kernel.program.kernel.body
        self.stored = {
            statement.array.text
            for statement in ast.walk_statements(body)
            if isinstance(statement, ast.Store)
        }
        for function in kernel.program.functions:
            if any(isinstance(s, ast.Assume) for s in ast.walk_statements(function.body)):
                self.promises.exact = False

    def collect(self) -> _Promises:
        """What all the assumptions say of input words."""
        self._block(self.kernel.program.kernel.body, dict(self.kernel.constants))
        return self.promises

    def _block(self, statements: tuple[ast.Stmt, ...], env: _Env) -> None:
        if not any(isinstance(s, ast.Assume) for s in ast.walk_statements(statements)):
            return
        for statement in statements:
            match statement:
                case ast.Let():
                    self._let(statement, env)
                case ast.For() if not ast.has_break(statement):
                    for values in self._iterations((statement,), env):
                        self._block(statement.body, {**env, **values})
                case ast.ParallelFor():
                    for values in self._iterations(statement.ranges, env):
                        self._block(statement.body, {**env, **values})
                case ast.For() | ast.While():
                    # What is assumed there holds in some iterations only, which are not known.
                    self.promises.exact = False
                case ast.Assume():
                    for conjunct in ast.conjuncts(statement.condition):
                        self._constrain(conjunct, env)
                case _:
                    pass

    def _iterations(self, counters: Sequence[ast.For | ast.Range], env: _Env) -> Iterator[_Env]:
        """The values of a loop's counters in each iteration."""
        symbols = [self.facts.symbols[counter.name] for counter in counters]
        bounds = [[int(self._value(b, env)) for b in ast.bounds(counter)] for counter in counters]
        for values in product(*(range(low, high) for low, high in bounds)):
            yield dict(zip(symbols, values, strict=True))

    def _let(self, statement: ast.Let, env: _Env) -> None:
        with suppress(UnknownValue):
            env[self.facts.symbols[statement.name]] = self._value(statement.value, env)

    def _constrain(self, node: ast.Expr, env: _Env) -> None:
        """Restrict domains by one condition, or note alternatives for them."""
        alternatives = [
            [self._part(part, env) for part in ast.conjuncts(disjunct)]
            for disjunct in ast.disjuncts(self._definition(node))
        ]
        if any(all(part is True for part in parts) for parts in alternatives):
            return
        usable: _Alternatives = []
        for parts in alternatives:
            restrictions = [part for part in parts if isinstance(part, _Restriction)]
            if len(restrictions) + parts.count(True) == len(parts):
                usable.append(restrictions)
        promises = self.promises
        promises.exact &= bool(usable) and all(r.exact for found in usable for r in found)
        if len(alternatives) > 1 and usable:
            promises.choices.append(usable)
        for restriction in usable[0] if len(alternatives) == 1 and usable else ():
            restriction.apply(promises.domains)

    def _part(self, node: ast.Expr, env: _Env) -> _Restriction | bool | None:
        """What one condition means for an input word, or whether it holds; None if unknown."""
        node = self._definition(node)
        with suppress(UnknownValue):
            return bool(self._value(node, env))
        return self._restriction(node, env)

    def _restriction(self, node: ast.Expr, env: _Env) -> _Restriction | None:
        """What a comparison says of an input word; None if nothing is known before the run."""
        if not isinstance(node, ast.Binary) or node.op not in MIRRORED:
            return None
        left, right = self._definition(node.left), self._definition(node.right)
        for element, other, op in ((left, right, node.op), (right, left, MIRRORED[node.op])):
            if isinstance(element, ast.Index):
                with suppress(UnknownValue):
                    address, below = self._word(element, env)
                    exact = element.base.text not in self.stored | self.kernel.ascending
                    return _Restriction(address, below, op, int(self._value(other, env)), exact)
        return None

    def _definition(self, node: ast.Expr) -> ast.Expr:
        """The expression behind the names of `let`s."""
        while isinstance(node, ast.Name):
            declaration = self.facts.symbols[node].declaration
            if not isinstance(declaration, ast.Let):
                break
            node = declaration.value
        return node

    def _word(self, element: ast.Index, env: _Env) -> tuple[int, int]:
        """Address and bound of the input word that `element` names; raises `UnknownValue`."""
        symbol = self.facts.symbols[element.base]
        if symbol.kind is not Kind.ARRAY or self.kernel.arrays[symbol.name].role not in _INPUTS:
            raise UnknownValue
        array = self.kernel.arrays[symbol.name]
        at = 0
        for position, length in zip(element.indices, array.dimensions, strict=True):
            index = int(self._value(position, env))
            if not 0 <= index < length:
                raise UnknownValue  # the run will report it
            at = at * length + index
        return array.base + at, array.below

    def _value(self, node: ast.Expr, env: _Env) -> Static:
        """The value of `node` if it is known before the run; raises `UnknownValue`."""
        return Evaluator(self.facts, env, self.kernel.tables, self.kernel.arrays).known(node)
