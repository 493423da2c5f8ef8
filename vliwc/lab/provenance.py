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


@cache
def code_version() -> str:
    """The version of vliwc with a digest of its sources: ``0.1.0+3f9a0c17d2b4``.

    The figures of two runs can be compared only under one version; a digest also tells versions
    with uncommitted changes apart, and needs no git.  Versions of the solvers are part of it.
    """
    digest = hashlib.sha256()
    for package in (isa, vliwc):
        root = Path(str(package.__file__)).parent
        for path in sorted(root.rglob("*.py")) + sorted(root.rglob("*.lark")):
            digest.update(path.relative_to(root.parent).as_posix().encode() + b"\0")
            digest.update(path.read_bytes() + b"\0")
    for name in ("ortools", "numpy"):
        digest.update(f"{name}=={version(name)}\0".encode())
    return f"{vliwc.__version__}+{digest.hexdigest()[:12]}"


def origin_of(scheduler: str) -> str:
    """What a scheduler of another package adds to the version: `` my-package 5e1b90aa43c7``, with
    a digest of the module that the entry point names; nothing for schedulers of vliwc."""
    entry = schedulers().get(scheduler)
    if entry is None or entry.origin == "vliwc":
        return ""
    module = find_spec(entry.summary.partition(":")[0])
    source = Path(module.origin) if module is not None and module.origin else None
    text = source.read_bytes() if source is not None and source.is_file() else b""
    return f" {entry.origin} {hashlib.sha256(text).hexdigest()[:12]}"


@cache
def machine_name() -> str:
    """The computer, as far as seconds depend on it: name, processor, cores, system, Python."""
    return (
        f"{platform.node()} {platform.machine()} {os.cpu_count()} cores, {platform.system()} "
        f"{platform.release()}, Python {platform.python_version()}"
    )
