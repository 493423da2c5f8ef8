"""Where the data files are that come with vliwc: kernels and examples.

In a checkout they are folders beside the packages; ``setup.py`` puts copies of them into a wheel,
below this package.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

FOLDERS: Final = ("kernels", "examples")
SHIPPED: Final = "shipped_files"
"""The folder of an installed package that holds them."""
_PACKAGE: Final = Path(__file__).resolve().parent


def folder(name: str) -> Path:
    """The folder of that name, one of :data:`FOLDERS`."""
    installed = _PACKAGE / SHIPPED / name
    return installed if installed.is_dir() else _PACKAGE.parent / name
