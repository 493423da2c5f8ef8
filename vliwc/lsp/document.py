"""What an editor asks about the text of a kernel; knows nothing of the protocol.

Sizes come from a comment, ``// params: n=64 seed=7``, or from the editor's settings.  With them,
what depends on sizes is checked as well, and hovering shows ranges and costs.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from vliwc.analysis.facts import Fact, Facts, join
from vliwc.diagnostics import Diagnostic, KernelError, SourceFile, Span
from vliwc.ir.value import Op
from vliwc.lang import ast
from vliwc.lang.binding import CheckedKernel, bind
from vliwc.lang.check import check
from vliwc.lang.lower import lower
from vliwc.lang.parse import parse_text
from vliwc.lang.symbols import Facts as Meanings
from vliwc.lang.symbols import Kind, Symbol
from vliwc.passes.base import run_passes
from vliwc.passes.pipeline import passes_for

MOST_OPERATIONS: Final = 5_000
"""Unrolled operations of a kernel whose ranges and costs are looked up: a second at most."""
_PARAMS: Final = re.compile(r"^\s*//\s*params:(.*)$", re.MULTILINE)
_SIZE: Final = re.compile(r"([A-Za-z_]\w*)\s*=\s*(\d{1,12})(?!\w)")
_WORD: Final = re.compile(r"[A-Za-z_]\w*")
_FREE: Final = (Op.CONST, Op.LANE)
"""Values that cost no operation."""

Place = tuple[int, int]
"""Line and column, from 1."""


@dataclass(frozen=True)
class Hover:
    """What to show about ``span``, as Markdown."""

    span: Span
    text: str


class Document:
    """One state of a text.  ``settings`` are sizes for texts that have no ``params`` comment."""

    def __init__(self, name: str, text: str, settings: Mapping[str, int] | None = None) -> None:
        self.source = SourceFile(name, text)
        self._settings = dict(settings or {})

    @cached_property
    def sizes(self) -> dict[str, int]:
        """The sizes that the text or the settings give; of the settings those that it declares."""
        if comment := _PARAMS.search(self.source.text):
            return {name: int(value) for name, value in _SIZE.findall(comment[1])}
        if self._checked is None:
            return {}
        declared = {name.text for name in self._checked[0].kernel.parameters}
        return {name: size for name, size in self._settings.items() if name in declared}

    @cached_property
    def diagnostics(self) -> tuple[Diagnostic, ...]:
        """Everything that is wrong, as the compiler says it; sizes only if all are known."""
        if self._errors:
            return self._errors
        try:
            self._bind()
        except KernelError as error:
            return tuple(error.diagnostics)
        return ()

    @property
    def is_checked(self) -> bool:
        """Whether the text is a kernel, whatever its sizes are."""
        return self._checked is not None

    def word(self, place: Place) -> str:
        """The name at a place; "" if there is none."""
        span = self._word_at(place)
        return "" if span is None else self._text(span)

    def declared(self, name: str) -> Span | None:
        """Where the first thing of that name is declared."""
        if self._checked is None:
            return None
        symbols = self._meanings.symbols.values()
        return next((symbol.span for symbol in symbols if symbol.name == name), None)

    def definition(self, place: Place) -> Span | None:
        """Where the name at a place is declared."""
        found = self._symbol_at(place)
        return None if found is None else found[1].span

    def hover(self, place: Place) -> Hover | None:
        """What is known of the name or the expression at a place."""
        if found := self._symbol_at(place):
            span, symbol = found
            return Hover(span, "\n\n".join((_declared(symbol), *self._facts_of(symbol, span))))
        if self._checked is None:
            return None
        node = _innermost(self._expressions, place)
        if node is None:
            return None
        type_ = self._meanings.types.get(node)
        lines = [f"`{type_.value}`"] if type_ else []
        lines += self._known(node.span)
        lines += self._cost(node.span)
        return Hover(node.span, "\n\n".join(lines)) if lines else None

    # --- what is known ------------------------------------------------------------------------

    @cached_property
    def _front(self) -> tuple[tuple[ast.Program, Meanings] | None, tuple[Diagnostic, ...]]:
        try:
            program = parse_text(self.source)
            return (program, check(program)), ()
        except KernelError as error:
            return None, tuple(error.diagnostics)

    @property
    def _checked(self) -> tuple[ast.Program, Meanings] | None:
        return self._front[0]

    @property
    def _errors(self) -> tuple[Diagnostic, ...]:
        return self._front[1]

    def _bind(self) -> CheckedKernel | None:
        """The kernel with its sizes; None without all of them. Raises `KernelError`."""
        if self._checked is None:
            return None
        program = self._checked[0]
        wanted = {name.text for name in program.kernel.parameters}
        return bind(program, self.sizes) if wanted <= self.sizes.keys() else None

    @cached_property
    def _kernel(self) -> CheckedKernel | None:
        try:
            return self._bind()
        except KernelError:
            return None

    @property
    def _meanings(self) -> Meanings:
        """Of a checked text: those of the kernel with its sizes, if there is one, as its values are
        known by their symbols."""
        if self._kernel is not None:
            return self._kernel.facts
        return Meanings() if self._checked is None else self._checked[1]

    @cached_property
    def _lowered(self) -> tuple[dict[Span, Fact], Counter[int]] | None:
        """Ranges by span, and operations of one lane by line after all passes; None if that is not
        to be had cheaply."""
        kernel = self._kernel
        if kernel is None or kernel.unrolled > MOST_OPERATIONS:
            return None
        function = lower(kernel)
        facts = Facts(function)
        ranges: dict[Span, Fact] = {}
        for value in function.values:
            if value.span is not None and value.op is not Op.STORE:
                fact = facts.of(value)
                old = ranges.get(value.span)
                ranges[value.span] = fact if old is None else join(old, fact)
        optimised = run_passes(function, passes_for(2))
        lines = Counter(
            value.span.start_line
            for value in optimised.values
            if value.span is not None and value.op not in _FREE
        )
        return ranges, lines

    def _known(self, span: Span) -> list[str]:
        """The range of the values that a span stands for."""
        if self._lowered is None or span not in self._lowered[0]:
            return []
        fact = self._lowered[0][span]
        if fact.word is not None:
            return [f"always {fact.word}"]
        bits = ((fact.zeros | fact.ones) & ((1 << fact.hi.bit_length()) - 1)).bit_count()
        known = f", {bits} bits known" if bits else ""
        if (fact.lo, fact.hi) == (0, 2**32 - 1):
            return ["any word" + known]
        return [f"{fact.lo} to {fact.hi}{known}"]

    def _cost(self, span: Span) -> list[str]:
        """What the first line of a span costs."""
        if self._lowered is None:
            return []
        lines = self._lowered[1]
        own, total = lines[span.start_line], lines.total()
        if not own:
            return []
        return [f"line {span.start_line}: {own} of the {total} operations of one lane"]

    def _facts_of(self, symbol: Symbol, span: Span) -> list[str]:
        """Value, range or place in memory of what a name stands for, and the cost of its line."""
        kernel = self._kernel
        if kernel is not None and symbol in kernel.constants:
            return [f"= {kernel.constants[symbol]}"]
        if kernel is not None and symbol in kernel.tables:
            return [f"{len(kernel.tables[symbol])} integers, known when compiling"]
        if kernel is not None and symbol.kind is Kind.ARRAY and symbol.name in kernel.arrays:
            array = kernel.arrays[symbol.name]
            if array.length:
                return [f"words {array.base} to {array.end - 1}"]
            return ["no words"]
        declared = symbol.declaration
        known: list[str] = []
        if isinstance(declared, ast.Let) or (isinstance(declared, ast.Var) and declared.value):
            value = declared.value
            known = [] if value is None else self._known(value.span)
            if isinstance(declared, ast.Var):  # what is assigned later may be something else
                known = [f"{each} (where it is declared)" for each in known]
        return [*known, *self._cost(span)]

    # --- places -------------------------------------------------------------------------------

    def _symbol_at(self, place: Place) -> tuple[Span, Symbol] | None:
        """The name at a place, and what it stands for."""
        word = self._word_at(place)
        if word is None or self._checked is None:
            return None
        for node, symbol in self._meanings.symbols.items():
            # The span of `f(x)` or `a[i]` begins with the name.
            start = (node.span.start_line, node.span.start_col)
            if start == (word.start_line, word.start_col) and symbol.name == self._text(word):
                return word, symbol
        return None

    def _word_at(self, place: Place) -> Span | None:
        line, column = place
        text = self.source.line(line)
        comment = text.find("//")
        for match in _WORD.finditer(text):
            if match.start() < column <= match.end() + 1 and (
                comment < 0 or match.start() < comment
            ):
                span = Span(self.source.name, line, match.start() + 1, line, match.end() + 1)
                if column <= match.end() or not _WORD.match(text, match.end()):
                    return span
        return None

    def _text(self, span: Span) -> str:
        return self.source.line(span.start_line)[span.start_col - 1 : span.end_col - 1]

    @cached_property
    def _expressions(self) -> list[ast.Expr]:
        if self._checked is None:
            return []
        program = self._checked[0]
        found = list(ast.all_expressions(program.kernel.body))
        for statement in program.kernel.header:
            found += ast.walk_expressions(ast.header_expressions(statement))
        for function in program.functions:
            found += ast.all_expressions(function.body)
            found += ast.walk_expressions((function.result,))
        return found


def _innermost(nodes: list[ast.Expr], place: Place) -> ast.Expr | None:
    """The expression at a place that begins last, and of those the shortest."""
    at = [
        node
        for node in nodes
        if (node.span.start_line, node.span.start_col) <= place
        and place < (node.span.end_line, node.span.end_col)
    ]
    return max(
        at,
        key=lambda n: (n.span.start_line, n.span.start_col, -n.span.end_line, -n.span.end_col),
        default=None,
    )


def _declared(symbol: Symbol) -> str:
    """What a name was declared as."""
    declared = symbol.declaration
    if isinstance(declared, ast.ArrayDecl):
        dimensions = len(declared.lengths)
        kind = "array" if dimensions == 1 else f"array of {dimensions} dimensions"
        promises = ["ascending"] * declared.ascending + ["distinct"] * declared.distinct
        return f"**{symbol.name}**: {' '.join([declared.role.value, kind, *promises])}"
    type_ = f", {symbol.type.value}" if symbol.type is not None else ""
    return f"**{symbol.name}**: {symbol.kind.value}{type_}"
