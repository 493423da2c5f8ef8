"""The kernel language: parsing, checking, reference semantics and lowering to the lane IR."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from vliwc.diagnostics import SourceFile
from vliwc.lang.ast import Program
from vliwc.lang.binding import CheckedKernel, bind
from vliwc.lang.elaborate import MAX_UNROLLED
from vliwc.lang.parse import parse_text

__all__ = ["CheckedKernel", "Program", "bind", "load_kernel", "parse_kernel"]


def parse_kernel(text: str, name: str = "<kernel>") -> Program:
    """Parse the text of a kernel file; `name` stands in messages. Raises `KernelError`."""
    return parse_text(SourceFile(name, text))


def load_kernel(
    path: str | Path, params: Mapping[str, int], limit: int = MAX_UNROLLED
) -> CheckedKernel:
    """Read, check and bind a kernel file, of at most `limit` operations when unrolled.

    Raises `KernelError` with all errors of a stage.
    """
    return bind(parse_text(SourceFile.read(path)), params, limit)
