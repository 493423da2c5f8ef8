"""Builds wheels that hold kernels and examples; everything else is in pyproject.toml."""

from __future__ import annotations

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

FOLDERS = ("kernels", "examples")
LEFT_OUT = shutil.ignore_patterns("__pycache__", "build", "*.egg-info", ".ipynb_checkpoints")


class BuildWithData(build_py):
    """Copies the folders into the package ``vliwc``, where ``vliwc.shipped`` looks for them."""

    def run(self) -> None:
        super().run()
        if self.editable_mode:
            return  # they are there
        for name in FOLDERS:
            target = Path(self.build_lib) / "vliwc" / "shipped_files" / name
            shutil.rmtree(target, ignore_errors=True)
            shutil.copytree(Path(__file__).resolve().parent / name, target, ignore=LEFT_OUT)


setup(cmdclass={"build_py": BuildWithData})
