"""Where figures come from: the version of the code, and the machine."""

from __future__ import annotations

import hashlib
import os
import platform
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from vliwc.code_version import code_version
from vliwc.sched.registry import schedulers


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
