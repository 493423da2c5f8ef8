"""Evaluation of compile-time expressions, once the symbols they mention have values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from vliwc.ir.graph import Array
from vliwc.ir.value import MASK, OPS
from vliwc.lang import ast, constants
from vliwc.lang.constants import ConstantError, Static
from vliwc.lang.symbols import BUILTINS, WORD_OPS, Facts, Kind, Symbol


class UnknownValue(Exception):
    """The expression mentions a symbol without a value, because its definition was wrong."""


@dataclass(slots=True)
class Evaluator:
    """Evaluates expressions of type `INT` and `FLAG` over `env`, which its owner updates."""

    facts: Facts
    env: dict[Symbol, Static] = field(default_factory=dict[Symbol, Static])
    tables: Mapping[Symbol, tuple[int, ...]] = field(default_factory=dict[Symbol, tuple[int, ...]])
    arrays: Mapping[str, Array] = field(default_factory=dict[str, Array])

    def evaluate(self, node: ast.Expr) -> Static:
        """The value of `node`; raises `ConstantError` with the guilty node, or `UnknownValue`."""
        try:
            return self._compute(node)
        except ConstantError as error:
            error.node = error.node or node
            raise

    def _combine(self, node: ast.Binary, left: Static) -> Static:
        """The value of `node` when that of its left operand is `left`."""
        try:
            match node.op:
                case "&&":
                    return bool(left) and self.evaluate(node.right)
                case "||":
                    return bool(left) or self.evaluate(node.right)
                case _:
                    return constants.binary(node.op, left, self.evaluate(node.right))
        except ConstantError as error:
            error.node = error.node or node
            raise

    def word(self, node: ast.Expr) -> int:
        """The word that a compile-time value becomes where a run-time one is wanted.

        A `-x` or `~x` that does not fit 32 bits is an operation on words there, and wraps. Raises
        as `evaluate` does, E0507 for a value that does not fit.
        """
        value = int(self.evaluate(node))
        if 0 <= value <= MASK:
            return value
        match node:
            case ast.Unary(op="-" | "~"):
                return int(constants.unary(node.op, self.word(node.operand))) & MASK
            case ast.Conditional():
                return self.word(node.then if self.evaluate(node.condition) else node.otherwise)
            case _:
                try:
                    return constants.word(value)
                except ConstantError as error:
                    error.node = node
                    raise

    def size(self, node: ast.Expr) -> int:
        """The value of a length, an address or a bound, which may be made of words of memory.

        Raises as `evaluate` does, `UnknownValue` where a word is not known.
        """
        return self.integer(node) if self.facts.types[node].static else int(self.known(node))

    def known(self, node: ast.Expr) -> Static:
        """The value of a run-time expression over symbols with values, operations wrapping.

        Raises as `evaluate` does, `UnknownValue` if it depends on anything else, or would stop the
        program.
        """
        if self.facts.types[node].static:
            is_word = node in self.facts.coerced and self.facts.types[node] is ast.Type.INT
            return self.word(node) if is_word else self.evaluate(node)
        match node:
            case ast.Name() if self.facts.symbols[node] in self.env:
                return self.env[self.facts.symbols[node]]
            case ast.Binary():
                links = [link for link in ast.left_spine(node) if not self.facts.types[link].static]
                value = self.known(links[0].left)
                for link in links:
                    value = self._known_link(link, value)
                return value
            case ast.Unary():
                value = constants.unary(node.op, self.known(node.operand))
                return value if isinstance(value, bool) else value & MASK
            case ast.Conditional():
                return self.known(node.then if self.known(node.condition) else node.otherwise)
            case ast.Call() if node.callee.text in BUILTINS:
                left, right = (int(self.known(arg)) for arg in node.args)
                return constants.builtin(node.callee.text, left, right)
            case _:
                raise UnknownValue

    def _known_link(self, node: ast.Binary, left: Static) -> Static:
        """The value of `node` when that of its left operand is `left`."""
        if node.op == "&&":
            return bool(left) and self.known(node.right)
        if node.op == "||":
            return bool(left) or self.known(node.right)
        right = self.known(node.right)
        if node.op not in WORD_OPS:
            return constants.compare(node.op, left, right)
        info = OPS[WORD_OPS[node.op]]
        if info.evaluate is None or (info.can_trap and right == 0):
            raise UnknownValue  # the run will report it
        return info.evaluate(left, right)

    def integer(self, node: ast.Expr) -> int:
        """The value of an integer expression; raises as `evaluate` does."""
        return int(self.evaluate(node))

    def dimensions(self, symbol: Symbol) -> tuple[int, ...]:
        """The lengths of the dimensions of an array or table, outermost first."""
        if symbol.kind is Kind.TABLE:
            return (len(self.tables[symbol]),)
        return self.arrays[symbol.name].dimensions

    def length(self, node: ast.Expr) -> int:
        """What `len` gives for its argument, an array, a table or a part of an array."""
        named, part = (node.base, len(node.indices)) if isinstance(node, ast.Index) else (node, 0)
        return self.dimensions(self.facts.symbols[named])[part]

    def within(self, index: int, symbol: Symbol, dimension: int, node: ast.Expr) -> None:
        """Raise `ConstantError` (E0508) at `node` if `index` lies outside a dimension that is known
        when compiling."""
        if symbol.kind is Kind.ARRAY and not self.arrays[symbol.name].placed:
            return
        message = misplaced(index, symbol.name, self.dimensions(symbol), dimension)
        if message is not None:
            raise ConstantError("E0508", message, None, node)

    def _compute(self, node: ast.Expr) -> Static:
        match node:
            case ast.Integer() | ast.Bool():
                return node.value
            case ast.Name():
                symbol = self.facts.symbols[node]
                if symbol not in self.env:
                    raise UnknownValue
                return self.env[symbol]
            case ast.Unary():
                return constants.unary(node.op, self.evaluate(node.operand))
            case ast.Binary():
                links = ast.left_spine(node)
                value = self.evaluate(links[0].left)
                for link in links:
                    value = self._combine(link, value)
                return value
            case ast.Conditional():
                chosen = node.then if self.evaluate(node.condition) else node.otherwise
                return self.evaluate(chosen)
            case ast.Index():
                symbol = self.facts.symbols[node.base]
                (position,) = node.indices
                index = self.integer(position)
                self.within(index, symbol, 0, position)
                return self.tables[symbol][index]
            case ast.Call():
                if node.callee.text == "len":
                    return self.length(node.args[0])
                if node.callee.text == "bits":
                    return constants.bits(self.integer(node.args[0]))
                left, right = (self.integer(arg) for arg in node.args)
                return constants.builtin(node.callee.text, left, right)


def misplaced(index: int, name: str, lengths: tuple[int, ...], dimension: int) -> str | None:
    """What is wrong with `index` in a dimension of an array or table; None if nothing is."""
    length = lengths[dimension]
    if 0 <= index < length:
        return None
    has = f"{length} elements"
    if len(lengths) > 1:
        has = f"length {length} in dimension {dimension + 1} of {len(lengths)}"
    return f"index {constants.show(index)} is out of bounds: `{name}` has {has}"
