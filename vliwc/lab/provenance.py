"""Where figures come from: the version of the code, and the machine."""

from __future__ import annotations

import hashlib
import os
import platform
from functools import cache
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

import isa
import vliwc
from vliwc.sched.registry import schedulers

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
    for package in (isa, vliwc):
        root = Path(str(package.__file__)).parent
        for path in sorted(root.rglob("*.py")) + sorted(root.rglob("*.lark")):
            digest.update(path.relative_to(root.parent).as_posix().encode() + b"\0")
            digest.update(path.read_bytes() + b"\0")
    for name in SOLVERS:
        digest.update(f"{name}=={version(name)}\0".encode())
    return f"{vliwc.__version__}+{digest.hexdigest()[:12]}"


@cache
def origin_of(scheduler: str) -> str:
    """What a scheduler of another package adds to the version: `` my-package 5e1b90aa43c7``, with
    a digest of the sources of the package that the entry point names; nothing for schedulers of
    vliwc."""
    entry = schedulers().get(scheduler)
    if entry is None or entry.origin == "vliwc":
        return ""
    digest = hashlib.sha256()
    for path in _sources(entry.summary.partition(":")[0].partition(".")[0]):
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return f" {entry.origin} {digest.hexdigest()[:12]}"


def code_of(scheduler: str) -> str:
    """The version of all code that a scheduler's figures are of, as this process has it."""
    return code_version() + origin_of(scheduler)


def _sources(package: str) -> list[Path]:
    """The Python files of a top-level package or module; none if it cannot be found."""
    module = find_spec(package)
    if module is None:
        return []
    folders = [Path(folder) for folder in module.submodule_search_locations or ()]
    if folders:
        return sorted(path for folder in folders for path in folder.rglob("*.py"))
    return [Path(module.origin)] if module.origin and Path(module.origin).is_file() else []


@cache
def machine_name() -> str:
    """The computer, as far as seconds depend on it: name, processor, cores, system, Python."""
    return (
        f"{platform.node()} {platform.machine()} {os.cpu_count()} cores, {platform.system()} "
        f"{platform.release()}, Python {platform.python_version()}"
    )
