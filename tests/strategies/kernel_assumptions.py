"""Assumptions in random kernels, each with a use that would go wrong if it were misunderstood."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.strategies.kernel_parts import Array, Scope

if TYPE_CHECKING:
    from tests.strategies.kernels import Generator


def assume(writer: Generator, array: Array, lane: Scope) -> None:
    """A fact about an input word, and a use of it."""
    element = lane.element(array)
    match writer.integer(0, 5):
        case 0:
            writer.line(f"assume {element} == {writer.integer(0, 2)} && k < 4;")
        case 1 | 2:
            # An index that needs no reduction.
            writer.line(f"assume {element} < {writer.arrays[0].length};")
            name = writer.fresh("v")
            writer.line(f"let {name} = table[{element}];")
            lane.words.append(name)
        case _:
            assume_either(writer, element, lane)


def assume_either(writer: Generator, element: str, lane: Scope) -> None:
    """One of several facts, and values that tell which: none of them may be taken for sure."""
    others = [a for a in lane.own if a.role == "in" and a.below is None and not a.assumed]
    facts: list[str] = []
    for _ in range(writer.integer(2, 3)):
        fact = simple_fact(writer, element)
        if others and writer.chance(2):
            other = writer.pick(others)
            fact = simple_fact(writer, lane.element(other, writer.integer(0, other.width - 1)))
        if writer.chance(3):
            fact = f"({fact} && {element} != {writer.integer(50, 99)})"
        facts.append(fact)
    if writer.chance(6):
        facts.append(f"{lane.words[0]} {writer.pick(['<', '>'])} {writer.integer(0, 9)}")
    writer.line(f"assume {' || '.join(facts)};")
    for fact in facts[: writer.integer(1, 2)]:
        name = writer.fresh("v")
        writer.line(f"let {name} = if {fact} then {element} else {writer.word()};")
        lane.words.append(name)


def simple_fact(writer: Generator, word: str) -> str:
    """Something that is true of words below 2, or of great ones, and sometimes of one only."""
    match writer.integer(0, 5):
        case 0 | 1:
            return f"{word} < {writer.integer(2, 40)}"
        case 2 | 3:
            return f"{word} >= {2**31 - writer.integer(1, 40)}"
        case 4:
            return f"{word} == {writer.integer(0, 1)}"
        case _:
            return f"{word} != {writer.word()}"
