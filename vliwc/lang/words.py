"""Words of memory that a program reads when it starts: sizes and addresses known at run time."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from vliwc.diagnostics import Note
from vliwc.ir.graph import Array
from vliwc.ir.value import MASK
from vliwc.lang import ast
from vliwc.lang.elaborate import Elaborator
from vliwc.lang.static import UnknownValue
from vliwc.lang.symbols import Symbol

MIRRORED = {"==": "==", "!=": "!=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}
"""What a comparison says with its sides exchanged."""


@dataclass(frozen=True, slots=True, eq=False)
class KernelWord:
    """The word at `address`, which is from `low` to `high`, both included, by the assumptions."""

    name: str
    address: int
    low: int
    high: int
    symbol: Symbol


def kernel_words(program: ast.Program, elaborator: Elaborator) -> tuple[KernelWord, ...]:
    """The words of the kernel; reports those that have no good place, and false assumptions."""
    kernel, symbols = program.kernel, elaborator.facts.symbols
    found: list[KernelWord] = []
    taken: dict[int, ast.Word] = {}
    for statement in kernel.header:
        if isinstance(statement, ast.Assume):
            _assume(statement, elaborator)
        if not isinstance(statement, ast.Word):
            continue
        address = elaborator.integer(statement.address)
        if address is None:
            continue
        name = statement.name.text
        if not 0 <= address < 1 << 32:
            message = f"word `{name}` at {address}, which is no address"
            elaborator.report("E0506", message, statement.address)
        elif address in taken:
            note = Note("it is declared here", taken[address].span)
            message = f"word `{name}` is at the address of `{taken[address].name.text}`"
            elaborator.report("E0505", message, statement.address, None, note)
        else:
            taken[address] = statement
            symbol = symbols[statement.name]
            low, high = _range(kernel.header, symbol, elaborator)
            found.append(KernelWord(name, address, low, high, symbol))
            _require_untouched(statement, address, elaborator.arrays.values(), elaborator)
    return tuple(found)


def _require_untouched(
    statement: ast.Word, address: int, arrays: Iterable[Array], elaborator: Elaborator
) -> None:
    """A word is read when the program starts, and has to be there for whoever reads it again."""
    for array in arrays:
        if array.placed and not array.role.protected and array.base <= address < array.end:
            message = f"word `{statement.name.text}` lies in `{array.name}`, which is no `in` array"
            elaborator.report("E0505", message, statement.address)


def _assume(statement: ast.Assume, elaborator: Elaborator) -> None:
    if elaborator.facts.types[statement.condition].static:
        return
    try:
        holds = elaborator.evaluator.known(statement.condition)
    except UnknownValue:
        return
    if not holds:
        elaborator.report("E0603", "this assumption does not hold", statement.condition)


def _range(
    header: Iterable[ast.Let | ast.Assume | ast.Word], symbol: Symbol, elaborator: Elaborator
) -> tuple[int, int]:
    """What assumptions `word < bound` say of a word by itself."""
    low, high = 0, MASK
    for statement in header:
        for node in ast.conjuncts(statement.condition) if isinstance(statement, ast.Assume) else ():
            if not isinstance(node, ast.Binary) or node.op not in MIRRORED:
                continue
            for side, other, op in (
                (node.left, node.right, node.op),
                (node.right, node.left, MIRRORED[node.op]),
            ):
                if not isinstance(side, ast.Name) or elaborator.facts.symbols[side] is not symbol:
                    continue
                if not elaborator.facts.types[other].static:
                    continue
                bound = elaborator.integer(other)
                if bound is None:
                    continue
                if op in ("<", "<=", "=="):
                    high = min(high, bound - (op == "<"))
                if op in (">", ">=", "=="):
                    low = max(low, bound + (op == ">"))
    return low, high
