"""A content-addressed store of compilations in a folder of the user's.

The key of a compilation is a digest of all that it depends on: the kernel's text and name, sizes,
options, and the code of the compiler and its solvers.  Equal keys mean equal programs, so an entry
is never wrong, only unused: the oldest ones go when the folder has reached its size.  ``diskcache``
does the storing, ``platformdirs`` knows the folder.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from sqlite3 import Error as SqliteError
from typing import Any, cast

import diskcache  # pyright: ignore[reportMissingTypeStubs]
import platformdirs

from vliwc.cache.flat import dumps, loads
from vliwc.code_version import code_version
from vliwc.driver import Compilation
from vliwc.lang import CheckedKernel
from vliwc.options import Options
from vliwc.sched.anytime import expired
from vliwc.sched.registry import schedulers

FOLDER_VARIABLE = "VLIWC_CACHE_DIR"
"""The environment variable that names another folder than the user's cache folder."""
MAX_BYTES = 1 << 29
"""The oldest entries go when there is more: the headline kernel takes 2 MB."""


def cache_folder() -> Path:
    """Where compilations are kept: ``$VLIWC_CACHE_DIR``, or a folder in the user's cache folder."""
    named = os.environ.get(FOLDER_VARIABLE)
    return Path(named) if named else platformdirs.user_cache_path("vliwc") / "compilations"


def key_of(text: bytes, name: str, params: Mapping[str, int], options: Options) -> str | None:
    """The key of a compilation, None if it cannot be kept: the code of a scheduler from another
    package is not known, and who asks for verification or goes on from a saved state wants the
    work to be done."""
    entry = schedulers().get(options.scheduler)
    if entry is None or entry.origin != "vliwc" or options.verify or options.hint is not None:
        return None
    told: dict[str, object] = {
        "code": code_version(),
        "text": hashlib.sha256(text).hexdigest(),
        "name": name,
        "params": sorted(params.items()),
        "level": options.level,
        "scheduler": options.scheduler,
        "machine": repr(options.machine),
        "seed": options.seed,
        "budget": options.budget,
        "max_operations": options.max_operations,
        "max_bundles": options.max_bundles,
        "guard": options.guard,
        "without": list(options.without),
    }
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True)
class Compilations:
    """The compilations in ``folder``, which is made when there is something to keep."""

    folder: Path

    def get(self, key: str) -> Compilation | None:
        """The compilation with this key, if it is there and can be read."""
        if not self.folder.is_dir():
            return None
        try:
            with self._open() as store:
                data = cast("bytes | None", store.get(key))
            return None if data is None else cast("Compilation", loads(data))
        except Exception:
            # Whatever is wrong with an entry, compiling anew is right.
            return None

    def put(self, key: str, found: Compilation) -> bool:
        """Keep a compilation; whether that was possible.

        It is not if the folder cannot be written, or if the kernel's expressions are nested more
        deeply than the pickler follows.
        """
        try:
            data = dumps(replace(found, from_cache=True))
            with self._open() as store:
                store.set(key, data)
        except (OSError, SqliteError, diskcache.Timeout, RecursionError):
            return False
        return True

    def _open(self) -> Any:
        return diskcache.Cache(str(self.folder), size_limit=MAX_BYTES)


def compile_cached(
    kernel: CheckedKernel, options: Options, compile_new: Callable[[], Compilation]
) -> Compilation:
    """The compilation of ``kernel``, from the cache or by ``compile_new``, which then is kept
    together with its kernel bound, unless it was ended early.  The key is of the text that was
    read, whatever has become of its file."""
    source = kernel.program.source
    key = key_of(source.text.encode(), source.name, kernel.params, options)
    if key is None:
        return compile_new()
    kept = Compilations(cache_folder())
    found = kept.get(key)
    if found is None:
        found = compile_new()
        if expired():
            return found
        # Proving the bound takes a second: it is part of what is kept.
        _ = found.least_work
        kept.put(key, found)
    return found
