"""Reading text forms: tokens with places, and errors that quote the guilty line."""

from __future__ import annotations

import re
from dataclasses import dataclass

from isa.load import LoadError, parse_integer
from vliwc.diagnostics import Diagnostic, KernelError, SourceFile, Span

_REST = re.compile(r"\S+")


@dataclass(frozen=True, slots=True)
class Token:
    """A word of a text form; ``kind`` is the name of the group in the pattern, or ``end``."""

    kind: str
    text: str
    span: Span


class TokenReader:
    """The tokens of a text one after the other; parsers of text forms derive from it.

    ``pattern`` has one named group for each kind of token, ``space`` (with comments), ``name``,
    ``number`` and ``mark`` among them; ``code`` is the diagnostic code of malformed text.  Every
    method raises :class:`vliwc.diagnostics.KernelError` with the place of the mistake.
    """

    def __init__(self, source: SourceFile, pattern: re.Pattern[str], code: str) -> None:
        self.source = source
        self.code = code
        self.tokens = self._tokens(pattern)
        self.next = 0

    def _tokens(self, pattern: re.Pattern[str]) -> list[Token]:
        found: list[Token] = []
        for number, line in enumerate(self.source.text.split("\n"), start=1):
            column = 0
            while column < len(line):
                match = pattern.match(line, column)
                if match is None:
                    rest = _REST.match(line, column)
                    end = rest.end() if rest is not None else len(line)
                    span = Span(self.source.name, number, column + 1, number, end + 1)
                    raise self._error("unexpected text", span)
                kind = match.lastgroup or ""
                if kind != "space":
                    span = Span(self.source.name, number, column + 1, number, match.end() + 1)
                    found.append(Token(kind, match.group(), span))
                column = match.end()
        lines = self.source.text.split("\n")
        last, column = len(lines), len(lines[-1]) + 1
        end_span = Span(self.source.name, last, column, last, column)
        return [*found, Token("end", "the end of the text", end_span)]

    def _error(self, message: str, span: Span) -> KernelError:
        """The error to raise for a mistake at ``span``."""
        return KernelError([Diagnostic(self.code, message, span)], self.source)

    @property
    def token(self) -> Token:
        """The token that is read next."""
        return self.tokens[self.next]

    def _take(self, kind: str, what: str) -> Token:
        """The next token, which must be of a kind; ``what`` says in words what is expected."""
        token = self.token
        if token.kind != kind:
            raise self._error(f"expected {what}, found {token.text}", token.span)
        self.next += 1
        return token

    def _expect(self, *texts: str) -> None:
        """Read these words and marks."""
        for text in texts:
            if not self._accept(text):
                raise self._error(f"expected {text}, found {self.token.text}", self.token.span)

    def _accept(self, text: str) -> bool:
        """Read this word or mark if it comes next; whether it did."""
        if self.token.kind in ("name", "mark") and self.token.text == text:
            self.next += 1
            return True
        return False

    def _number(self, what: str, low: int, high: int) -> int:
        """The next token, an integer from ``low`` to ``high``."""
        token = self._take("number", what)
        try:
            return parse_integer(token.text, low, high)
        except LoadError:
            message = f"{what} must be from {low} to {high}"
            raise self._error(message, token.span) from None
