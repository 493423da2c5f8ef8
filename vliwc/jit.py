"""Compilation of hot loops with numba where it is installed; the same Python code otherwise.

Functions marked :func:`jit` work on NumPy arrays and scalars only, so that both ways compute the
same result; numba (extra ``vliwc[fast]``) makes them about a hundred times faster.  The
environment variable ``VLIWC_NO_JIT`` switches it off where it is installed.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from typing import Any, ParamSpec, TypeVar, cast

from vliwc.standin import standing_in

P = ParamSpec("P")
R = TypeVar("R")

COMPILED = find_spec("numba") is not None and not os.environ.get("VLIWC_NO_JIT")
"""Whether hot loops run as machine code."""


def jit(function: Callable[P, R]) -> Callable[P, R]:
    """``function`` compiled by numba (cached on disk), or unchanged without numba."""
    return _compiled(function)


def jit_in_place(function: Callable[P, R]) -> Callable[P, R]:
    """As :func:`jit`, for functions that make no arrays but change those that they are given.

    Such code needs no reference counts, and does without them: each array that a function hands to
    another one is otherwise counted by an atomic operation, which took more than half of the time
    of list scheduling.  numba refuses to compile a function that makes an array nevertheless.
    """
    return _compiled(function, _nrt=False)


def _compiled(function: Callable[P, R], **options: bool) -> Callable[P, R]:
    if not COMPILED:
        return function
    decorate = cast(Callable[..., Any], _njit()(cache=True, nogil=True, **options))
    return cast(Callable[P, R], decorate(function))


@cache
def _njit() -> Callable[..., Any]:
    from numba import njit  # pyright: ignore[reportMissingTypeStubs, reportUnknownVariableType]

    # Whether there is SciPy's BLAS, which no loop of ours needs, is looked up by loading all of
    # SciPy's linear algebra; a product of matrices in somebody else's loops loads it then.
    with standing_in("scipy.linalg.cython_blas"):
        import_module("numba.np.arraymath")
    return cast(Callable[..., Any], njit)
