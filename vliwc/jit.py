"""Compilation of hot loops with numba where it is installed; the same Python code otherwise.

Functions marked :func:`jit` work on NumPy arrays and scalars only, so that both ways compute the
same result; numba (extra ``vliwc[fast]``) makes them about a hundred times faster.  The
environment variable ``VLIWC_NO_JIT`` switches it off where it is installed.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any, ParamSpec, TypeVar, cast

P = ParamSpec("P")
R = TypeVar("R")

COMPILED = find_spec("numba") is not None and not os.environ.get("VLIWC_NO_JIT")
"""Whether hot loops run as machine code."""


def jit(function: Callable[P, R]) -> Callable[P, R]:
    """``function`` compiled by numba (cached on disk), or unchanged without numba."""
    if not COMPILED:
        return function
    from numba import njit  # pyright: ignore[reportMissingTypeStubs, reportUnknownVariableType]

    decorate = cast(Callable[..., Any], njit(cache=True, nogil=True))
    return cast(Callable[P, R], decorate(function))
