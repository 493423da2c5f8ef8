"""A wheel, built and installed into a fresh environment: it works far from any checkout.

The other packages are those of this environment, found through a path file, so that nothing is
fetched.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import venv
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.cli.conftest import Called

BUILT_FROM = ("isa", "vliwc", "kernels", "examples", "pyproject.toml", "setup.py", "MANIFEST.in")
TEXTS = ("README.md", "LICENSE")


@dataclass(frozen=True)
class Installed:
    """A fresh environment, and an empty folder to work in."""

    bin: Path
    folder: Path

    def run(self, *arguments: object) -> str:
        """What a command of the environment prints."""
        # Without numba's compiled loops: the cache of another place does not serve this one.
        clean = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "VIRTUAL"))}
        program, *rest = map(str, arguments)
        done = subprocess.run(
            [self.bin / program, *rest],
            cwd=self.folder,
            env=clean | {"VLIWC_NO_JIT": "1"},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, f"{arguments}\n{done.stdout}{done.stderr}"
        return done.stdout


@pytest.fixture(scope="module")
def installed(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    source = tmp_path_factory.mktemp("source")  # a build leaves files behind
    unwanted = shutil.ignore_patterns("__pycache__", "*.egg-info", "build")
    for name in (*BUILT_FROM, *TEXTS):
        if (repository / name).is_dir():
            shutil.copytree(repository / name, source / name, ignore=unwanted)
        else:
            shutil.copy(repository / name, source / name)
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet"]
    offline = ["--no-deps", "--no-index"]
    build = [*pip, "wheel", *offline, "--no-build-isolation", "-w", source / "dist", source]
    subprocess.run(build, check=True, capture_output=True)
    (wheel,) = (source / "dist").glob("vliwc-*.whl")

    target = tmp_path_factory.mktemp("fresh") / "environment"
    venv.create(target, with_pip=False)
    python = target / "bin" / "python"
    own = [*pip, "--python", python, "install", *offline, wheel]
    subprocess.run(own, check=True, capture_output=True)
    # A path file adds the folder, but reads no path files in it: not the one of the checkout.
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    paths = target / "lib" / version / "site-packages" / "others.pth"
    paths.write_text(sysconfig.get_path("purelib") + "\n")
    return Installed(target / "bin", tmp_path_factory.mktemp("work"))


def test_nothing_of_the_checkout_is_used(installed: Installed) -> None:
    program = (
        "import vliwc, isa, vliwc.shipped as s; "
        "print(vliwc.__file__, isa.__file__, s.folder('kernels'))"
    )
    for path in installed.run("python", "-c", program).split():
        assert Path(path).is_relative_to(installed.bin.parent), path


def test_everything_is_in_it(installed: Installed, repository: Path) -> None:
    written = installed.run("vliwc", "examples", "mine")
    assert "mine/kernels" in written and "mine/examples" in written
    listed = [
        path.relative_to(repository).as_posix()
        for name in ("kernels", "examples")
        for path in (repository / name).rglob("*.*")
        if path.is_file() and path.suffix in (".vk", ".py", ".toml", ".yml", ".json", ".ipynb")
    ]
    assert len(listed) > 30
    for name in listed:
        copied = installed.folder / "mine" / name
        assert copied.read_bytes() == (repository / name).read_bytes(), name
    again = subprocess.run(
        [installed.bin / "vliwc", "examples", "mine"], cwd=installed.folder, capture_output=True
    )
    assert again.returncode == 2 and b"is there already" in again.stderr


def test_commands_find_their_kernels(installed: Installed) -> None:
    report = json.loads(installed.run("vliwc", "bench", "--kernel", "saxpy_dot", "-O", 0, "--json"))
    (row,) = report["results"]
    assert row["cycles"] >= row["lower_bound"] > 0 and not row["error"]
    made = json.loads(
        installed.run("vliwc", "instances", "kernels", "-O", 0, "-o", "own", "--json")
    )
    assert len(made["instances"]) > 20
    frozen = json.loads(installed.run("vliwc", "instances", "suite", "--json"))
    assert len(frozen["instances"]) > 50
    names = [f"own/saxpy_dot(n={n})@O0.json" for n in (13, 32)]
    asked = ("--scheduler", "list:slack", "--scheduler", "list:critical-path", "--processes", 1)
    compared = json.loads(installed.run("vliwc", "compare", *names, *asked, "--json"))
    assert len(compared["rows"]) == 4
    page = ("report", "mine2/kernels/saxpy_dot.vk", "-D", "n=13", "-O", 0, "-o", "page.html")
    installed.run("vliwc", "examples", "mine2")
    installed.run("vliwc", *page)
    assert "saxpy_dot" in (installed.folder / "page.html").read_text(encoding="utf-8")


def test_examples_in_this_process(tmp_path: Path) -> None:
    found = Called("examples", tmp_path / "new", "--json").json["files"]
    assert str(tmp_path / "new" / "kernels" / "tree_hash.vk") in found
    assert not any("__pycache__" in name for name in found)
    Called("examples", tmp_path / "new").failed("is there already")
    (tmp_path / "file").write_text("")
    Called("examples", tmp_path / "file").failed("cannot write")
