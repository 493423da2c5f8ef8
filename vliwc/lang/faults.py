"""What can go wrong when a kernel runs: errors with the place, the iteration and the values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from vliwc.diagnostics import Diagnostic, KernelError, Note, SourceFile, Span


class EvaluationError(KernelError):
    """The kernel did something undefined on this input: out of bounds, division by zero, a race.

    `element` is the iteration of the parallel loop as (counter name, value), one pair for each
    of its ranges, empty at the top level; `values` maps source text to the word it stood for.
    """

    def __init__(
        self,
        diagnostic: Diagnostic,
        source: SourceFile,
        element: tuple[tuple[str, int], ...] = (),
        values: Mapping[str, int] | None = None,
    ) -> None:
        super().__init__([diagnostic], source)
        self.span: Span | None = diagnostic.span
        self.element = element
        self.values: Mapping[str, int] = dict(values or {})


class AssumptionViolated(EvaluationError):
    """The input breaks an `assume`, `below` or `ascending` of the kernel."""


@dataclass(frozen=True, slots=True)
class Site:
    """A place in the source where evaluation can fail; `texts` names the values it passes on."""

    span: Span
    texts: tuple[str, ...] = ()


def iteration(element: tuple[tuple[str, int], ...]) -> str:
    """An iteration in words."""
    return ", ".join(f"{name} = {value}" for name, value in element)


def fault(
    code: str,
    message: str,
    site: Site,
    source: SourceFile,
    element: tuple[tuple[str, int], ...] = (),
    words: tuple[int, ...] = (),
) -> EvaluationError:
    """The error for a failure at `site` in iteration `element`, with the values there."""
    named = zip(site.texts, words, strict=False)
    values = {text: int(word) for text, word in named if not text.isdecimal()}
    notes: list[Note] = []
    if element:
        notes.append(Note(f"in iteration {iteration(element)}"))
    if values:
        notes.append(Note(", ".join(f"{text} = {word}" for text, word in values.items())))
    kind = AssumptionViolated if code == "E0603" else EvaluationError
    diagnostic = Diagnostic(code, message, site.span, None, tuple(notes))
    return kind(diagnostic, source, element, values)
