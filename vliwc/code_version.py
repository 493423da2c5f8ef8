"""Which code this is: the version with a digest of the sources."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib.metadata import version
from pathlib import Path

import isa
from vliwc.shipped import SHIPPED
from vliwc.version import __version__

SOLVERS = ("ortools", "numpy")
"""Packages whose version decides about figures."""


@cache
def code_version() -> str:
    """The version of vliwc with a digest of its sources: ``0.1.0+3f9a0c17d2b4``.

    The figures of two runs can be compared only under one version; a digest also tells versions
    with uncommitted changes apart, and needs no git.  Versions of the solvers are part of it.  The
    files are read once in a process, at the first call.
    """
    digest = hashlib.sha256()
    for root in (Path(str(isa.__file__)).parent, Path(__file__).parent):
        for path in sorted(root.rglob("*.py")) + sorted(root.rglob("*.lark")):
            if SHIPPED in path.parts:
                continue  # examples: only an installed package holds them
            digest.update(path.relative_to(root.parent).as_posix().encode() + b"\0")
            digest.update(path.read_bytes() + b"\0")
    for name in SOLVERS:
        digest.update(f"{name}=={version(name)}\0".encode())
    return f"{__version__}+{digest.hexdigest()[:12]}"
