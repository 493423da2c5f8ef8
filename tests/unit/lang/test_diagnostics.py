"""Rendering of diagnostics, reading of sources, the two exceptions."""

from __future__ import annotations

from pathlib import Path

import pytest

from vliwc.diagnostics import (
    Diagnostic,
    InternalError,
    KernelError,
    Note,
    Severity,
    SourceFile,
    Span,
    write_dump,
)

SOURCE = SourceFile("f.vk", "first line\n\tsecond = line;\nthird")


def test_render_with_caret_hint_and_notes() -> None:
    span = Span("f.vk", 1, 7, 1, 11)
    notes = (Note("without a place"), Note("with one", Span("f.vk", 3, 1, 3, 2)))
    diagnostic = Diagnostic("E0999", "no such thing", span, "try another", notes)
    assert diagnostic.render(SOURCE).splitlines() == [
        "f.vk:1:7: error[E0999]: no such thing",
        "  1 | first line",
        "    |       ^^^^",
        "  hint: try another",
        "  note: without a place",
        "  note: f.vk:3:1: with one",
    ]


def test_render_keeps_tabs_so_that_the_caret_stands_right() -> None:
    lines = Diagnostic("E0999", "x", Span("f.vk", 2, 2, 2, 8)).render(SOURCE).splitlines()
    assert lines[1:] == ["  2 | \tsecond = line;", "    | \t^^^^^^"]


def test_render_of_a_span_over_several_lines_marks_the_first() -> None:
    lines = Diagnostic("E0999", "x", Span("f.vk", 1, 7, 3, 2)).render(SOURCE).splitlines()
    assert lines[1:] == ["  1 | first line", "    |       ^^^^"]


def test_render_past_the_end_of_a_line() -> None:
    lines = Diagnostic("E0999", "x", Span("f.vk", 3, 6, 3, 7)).render(SOURCE).splitlines()
    assert lines[1:] == ["  3 | third", "    |      ^"]
    lines = Diagnostic("E0999", "x", Span("f.vk", 9, 3, 9, 4)).render(SOURCE).splitlines()
    assert lines[1:] == ["  9 |", "    |   ^"]


@pytest.mark.parametrize("column", [1, 40, 150, 300, 396])
def test_long_lines_are_cut_around_the_caret(column: int) -> None:
    text = "".join(chr(ord("a") + k % 26) for k in range(400))
    span = Span("f.vk", 1, column, 1, column + 5)
    quoted, carets = (
        Diagnostic("E0999", "x", span).render(SourceFile("f.vk", text)).splitlines()[1:]
    )
    assert len(quoted) < 120
    at = carets.index("^")
    assert quoted[at : at + 5] == text[column - 1 : column + 4]
    assert carets.count("^") == 5


def test_render_without_a_place_or_source() -> None:
    warning = Diagnostic("E0999", "x", severity=Severity.WARNING)
    assert warning.render() == "warning[E0999]: x"
    assert Diagnostic("E0999", "x", Span("g", 1, 2, 1, 3)).render() == "g:1:2: error[E0999]: x"


def test_a_kernel_error_sorts_its_diagnostics_by_place() -> None:
    late, early = Span("f.vk", 3, 1, 3, 2), Span("f.vk", 1, 4, 1, 5)
    error = KernelError([Diagnostic("E0002", "b", late), Diagnostic("E0001", "a", early)], SOURCE)
    assert [d.code for d in error.diagnostics] == ["E0001", "E0002"]
    assert error.render() == str(error)
    assert error.render().index("E0001") < error.render().index("E0002")


def test_spans_join() -> None:
    first, second = Span("f", 1, 2, 1, 5), Span("f", 2, 1, 2, 9)
    assert first.to(second) == Span("f", 1, 2, 2, 9)
    assert str(first) == "f:1:2"


def test_reading_files(tmp_path: Path) -> None:
    good = tmp_path / "good.vk"
    good.write_bytes(b"\xef\xbb\xbfone\r\ntwo\r\n")
    source = SourceFile.read(good)
    assert source.name == str(good)
    assert source.line(1) == "one" and source.line(2) == "two"
    assert source.line(0) == source.line(99) == ""
    (tmp_path / "bad.vk").write_bytes(b"\xff\xfe")
    for name in ("bad.vk", "missing.vk", "."):
        with pytest.raises(KernelError, match="E0001") as caught:
            SourceFile.read(tmp_path / name)
        assert name.strip(".") in str(caught.value)


def test_internal_errors_name_the_dump() -> None:
    path = write_dump("function f {}", stem="test")
    try:
        assert path.read_text(encoding="utf-8") == "function f {}"
        assert path.suffix == ".vir"
        error = InternalError("broken", path)
        assert error.dump_path == path
        assert str(path) in str(error)
    finally:
        path.unlink()
    assert "broken" in str(InternalError("broken"))
