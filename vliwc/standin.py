"""Stand-ins for modules that others import and nothing here uses, at every start of the compiler.

While a name stands in, whoever imports it gets the stand-in; afterwards the name is free again, and
whoever imports it then gets the real module.  A stand-in passes on what is asked of it, so that
code that was loaded with one works with the real module as soon as somebody loads that.
"""

from __future__ import annotations

import sys
from collections.abc import Generator
from contextlib import contextmanager
from importlib import import_module
from types import ModuleType
from typing import Any


class _Late(type):
    """The type of a class that stands in for the one of the same name in its ``__module__``."""

    def __instancecheck__(cls, instance: object) -> bool:
        # What is not loaded has no instances.
        loaded = sys.modules.get(cls.__module__)
        return loaded is not None and isinstance(instance, getattr(loaded, cls.__name__))

    def __call__(cls, *args: Any, **named: Any) -> Any:
        return getattr(import_module(cls.__module__), cls.__name__)(*args, **named)


@contextmanager
def standing_in(module: str, *classes: str) -> Generator[None, None, None]:
    """Imports of ``module`` inside get a stand-in with these classes, unless it is loaded."""
    if module in sys.modules:
        yield
        return
    stand_in = ModuleType(module)
    for name in classes:
        setattr(stand_in, name, _Late(name, (), {"__module__": module}))
    stand_in.__getattr__ = lambda name: getattr(import_module(module), name)
    sys.modules[module] = stand_in
    try:
        yield
    finally:
        if sys.modules.get(module) is stand_in:
            del sys.modules[module]
