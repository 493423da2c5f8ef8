"""The architecture, checked: imports go one way only, and no file grows without limit."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Collection
from pathlib import Path

import networkx as nx
import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
MAX_LINES = 500

# A module may import from its own layer and from the layers above it in this list.
LAYERS: tuple[tuple[str, ...], ...] = (
    ("isa",),
    ("vliwc.version", "vliwc.shipped", "vliwc.diagnostics", "vliwc.clock", "vliwc.standin"),
    ("vliwc.jit", "vliwc.solvers"),
    ("vliwc.options",),
    ("vliwc.sched.problem",),
    ("vliwc.sched.protocol", "vliwc.sched.check", "vliwc.sched.allocate", "vliwc.sched.anytime"),
    ("vliwc.sched.staggered",),
    ("vliwc.sched.greedy",),
    ("vliwc.sched.projects",),
    ("vliwc.sched.relaxations",),
    ("vliwc.sched.exact",),
    ("vliwc.sched",),
    ("vliwc.ir",),
    ("vliwc.lang",),
    ("vliwc.analysis",),
    ("vliwc.phases",),
    ("vliwc.rules",),
    ("vliwc.passes",),
    ("vliwc.mir",),
    ("vliwc.isel.program", "vliwc.isel.cost", "vliwc.isel.scalar", "vliwc.isel.repair"),
    ("vliwc.isel.group", "vliwc.isel.address"),
    ("vliwc.isel.loops",),
    ("vliwc.isel.memory",),
    ("vliwc.isel.reads",),
    ("vliwc.isel",),
    ("vliwc.strategy",),
    ("vliwc.backend",),
    ("vliwc.stages",),
    ("vliwc.run_time", "vliwc.guard"),
    ("vliwc.code_version",),
    ("vliwc.compilation",),
    ("vliwc.driver",),
    ("vliwc.cache",),
    ("vliwc.checking",),
    ("vliwc.explain",),
    ("vliwc.report",),
    ("vliwc.api",),
    ("vliwc",),
    ("vliwc.lab.instances", "vliwc.lab.generators"),
    ("vliwc.lab.runs",),
    ("vliwc.lab.results",),
    ("vliwc.lab",),
    ("vliwc.lsp",),
    ("vliwc.cli.common",),
    ("vliwc.cli.kernels", "vliwc.cli.schedules", "vliwc.cli.experiments"),
    ("vliwc.cli", "vliwc.__main__"),
)
RANK = {name: rank for rank, layer in enumerate(LAYERS) for name in layer}
SOME = ["vliwc.ir.text", "vliwc.ir.value"]

EXTRAS = (
    "numba",
    "z3",
    "scipy",
    "matplotlib",
    "pyarrow",
    "pandas",
    "sqlalchemy",
    "optuna",
    "distributed",
    "psplib",
    "pygls",
    "lsprotocol",
)


def sources(*folders: str) -> list[Path]:
    return sorted(path for folder in folders for path in (REPOSITORY / folder).rglob("*.py"))


def module_name(path: Path) -> str:
    parts = path.relative_to(REPOSITORY).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def rank(module: str) -> int | None:
    """The layer of a module of ours: that of its longest prefix in the table; None if not ours."""
    name = module
    while name not in RANK:
        # The root package holds no code: a new module directly below it needs a layer of its own.
        name = name.rpartition(".")[0]
        if name in ("", "vliwc"):
            assert name == "", f"{module} has no layer: add it to LAYERS"
            return None
    return RANK[name]


def imported(text: str, package: str, modules: Collection[str] = ()) -> list[str]:
    """Every module of ours that a file of `package` imports, anywhere in it, even if for types.

    `from p import m` counts as an import of `p.m` where that is one of `modules`.
    """
    names: list[str] = []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(package.split(".")[: -node.level + 1 or None]) if node.level else ""
            module = ".".join(part for part in (base, node.module) if part)
            # `from vliwc import driver` imports a module, `from vliwc.driver import f` a name.
            for inner in (f"{module}.{alias.name}" for alias in node.names):
                names.append(inner if module == "vliwc" or inner in modules else module)
    names = ["vliwc" if name == "vliwc.__version__" else name for name in names]
    return [name for name in names if name.partition(".")[0] in ("isa", "vliwc")]


@pytest.mark.parametrize("path", sources("isa", "vliwc"), ids=module_name)
def test_imports_go_one_way(path: Path) -> None:
    own = rank(module_name(path))
    assert own is not None
    package = module_name(path.parent / "__init__.py")
    for name in imported(path.read_text(encoding="utf-8"), package):
        layer = rank(name)
        assert layer is not None and layer <= own, f"{module_name(path)} must not import {name}"


def circles(graph: nx.DiGraph[str]) -> list[list[str]]:
    """The groups of modules that import each other, directly or through others."""
    return [sorted(group) for group in nx.strongly_connected_components(graph) if len(group) > 1]


def import_graph() -> nx.DiGraph[str]:
    """An edge from each module of ours to each one it imports."""
    modules = {module_name(path): path for path in sources("isa", "vliwc")}
    graph: nx.DiGraph[str] = nx.DiGraph()
    for name, path in modules.items():
        package = module_name(path.parent / "__init__.py")
        for other in imported(path.read_text(encoding="utf-8"), package, modules):
            graph.add_edge(name, other)
    return graph


def test_no_modules_import_each_other_in_a_circle() -> None:
    assert circles(import_graph()) == []


def test_the_circle_check_sees_imports_for_types_and_through_packages() -> None:
    late = "if TYPE_CHECKING:\n    from vliwc.ir import value\n"
    graph: nx.DiGraph[str] = nx.DiGraph()
    graph.add_edges_from(("vliwc.ir.text", name) for name in imported(late, "vliwc.ir", SOME))
    assert circles(graph) == []
    graph.add_edges_from(
        ("vliwc.ir.value", name) for name in imported("from .text import a", "vliwc.ir", SOME)
    )
    assert circles(graph) == [SOME]


def test_the_layer_check_sees_every_form_of_import() -> None:
    text = (
        "import vliwc.cli, os\n"
        "from vliwc import driver, __version__\n"
        "from typing import TYPE_CHECKING\n"
        "if TYPE_CHECKING:\n    from vliwc.passes.base import Pass\n"
        "def late():\n    import isa.simulator\n"
        "from . import value\n"
        "from ..lang import check\n"
    )
    assert sorted(imported(text, "vliwc.ir")) == [
        "isa.simulator",
        "vliwc",
        "vliwc.cli",
        "vliwc.driver",
        "vliwc.ir",
        "vliwc.lang",
        "vliwc.passes.base",
    ]
    assert rank("vliwc.ir.bad") == RANK["vliwc.ir"] < RANK["vliwc.cli"]
    with pytest.raises(AssertionError, match="has no layer"):
        rank("vliwc.newcomer")


@pytest.mark.parametrize(
    "path", sources("isa", "vliwc", "tests", "examples", "benchmarks"), ids=lambda p: p.name
)
def test_files_stay_short(path: Path) -> None:
    lines = len(path.read_text(encoding="utf-8").splitlines())
    assert lines <= MAX_LINES, f"{path}: {lines} lines; split it by responsibility"


def run_blocked(blocked: tuple[str, ...], modules: list[str]) -> None:
    """Import modules in a fresh interpreter in which other packages cannot be imported."""
    program = (
        "import importlib, sys\n"
        f"sys.modules.update(dict.fromkeys({blocked!r}))\n"
        f"for name in {modules!r}:\n    importlib.import_module(name)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=REPOSITORY, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


def test_isa_is_usable_alone() -> None:
    modules = [module_name(path) for path in sources("isa")]
    run_blocked(("vliwc", "networkx", "ortools", "typer", "rich", *EXTRAS), modules)


def test_the_command_line_needs_no_extra() -> None:
    run_blocked(EXTRAS, ["vliwc.cli"])


def test_schedulers_are_usable_without_the_compiler() -> None:
    program = (
        "import sys, vliwc.sched\n"
        "for name in vliwc.sched.__all__:\n    getattr(vliwc.sched, name)\n"
        "for name in vliwc.sched.schedulers():\n    vliwc.sched.make_scheduler(name)\n"
        "print(*(name for name in sys.modules if name.partition('.')[0] == 'vliwc'))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=REPOSITORY, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    allowed = (
        *("vliwc.sched", "vliwc.jit", "vliwc.options", "vliwc.diagnostics", "vliwc.solvers"),
        *("vliwc", "vliwc.version", "vliwc.standin"),
    )
    loaded = [
        name
        for name in done.stdout.split()
        if not name.startswith("vliwc.sched.") and name not in allowed
    ]
    assert loaded == []


def test_every_name_of_the_plug_in_interface_is_loaded_on_use() -> None:
    import vliwc.sched

    assert set(vliwc.sched.__all__) == set(vliwc.sched._HOMES)
    assert all(getattr(vliwc.sched, name) is not None for name in vliwc.sched.__all__)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = vliwc.sched.nothing


OWN_FILES = (
    *("isa.load", "isa.assembly", "vliwc.lang.parse", "vliwc.lab.runs.provenance"),
    *("vliwc.report.render", "vliwc.lab.results.leaderboard_page", "vliwc.code_version"),
    "vliwc.lab.instances.frozen",
    "vliwc.cli.common.errors",  # the inputs of a command that failed, for its dump
)
"""Modules that read the package's own files, or what has been read before."""


@pytest.mark.parametrize("path", sources("isa", "vliwc"), ids=module_name)
def test_only_the_loader_parses_text_from_outside(path: Path) -> None:
    """`isa.load` knows the limits; anything else would take files of any depth and size."""
    if module_name(path) == "isa.load":
        return
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            name = f"{node.value.id}.{node.attr}"
            assert name not in ("json.load", "json.loads", "json.JSONDecoder"), "use isa.load"
            assert name != "sys.stdin" or module_name(path) == "vliwc.cli.common.files", (
                "use read_stdin"
            )
        if isinstance(node, ast.Attribute) and node.attr in ("read_text", "read_bytes"):
            by_loader = isinstance(node.value, ast.Name) and node.value.id == "load"
            assert by_loader or module_name(path) in OWN_FILES, "use isa.load"
        if isinstance(node, ast.Import | ast.ImportFrom):
            module = node.module if isinstance(node, ast.ImportFrom) else ""
            names = {module, *(alias.name for alias in node.names)}
            assert "tomllib" not in names, "use isa.load"
            assert module != "json" or not names & {"load", "loads"}, "use isa.load"
