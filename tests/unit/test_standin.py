"""Modules that others import and nothing here uses: not loaded, and there when somebody asks."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from vliwc.standin import standing_in


def python(program: str) -> str:
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.fixture
def late(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A module that nobody has loaded."""
    name = "late_module_of_a_test"
    (tmp_path / f"{name}.py").write_text("class Box(list): ...\nSIZE = 3\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, name, raising=False)
    yield name
    sys.modules.pop(name, None)


def test_what_was_imported_with_a_stand_in_works_with_the_module(late: str) -> None:
    with standing_in(late, "Box"):
        stand_in = sys.modules[late]
        box = stand_in.Box  # as `import late_module as late` and a use in annotations
    assert late not in sys.modules
    assert not isinstance([1], box)
    assert late not in sys.modules  # to ask loads nothing
    made = box([1, 2])
    assert type(made) is sys.modules[late].Box and made == [1, 2]
    assert isinstance(made, box) and not isinstance([1], box)
    assert stand_in.SIZE == 3
    with pytest.raises(AttributeError):
        _ = stand_in.COLOUR


def test_a_module_that_is_loaded_is_left_alone(late: str) -> None:
    real = __import__(late)
    with standing_in(late, "Box"):
        assert sys.modules[late] is real
    assert sys.modules[late] is real


def test_a_module_that_is_loaded_inside_stays(late: str) -> None:
    with standing_in(late):
        del sys.modules[late]
        real = __import__(late)
    assert sys.modules[late] is real


def test_a_compilation_loads_neither_pandas_nor_linear_algebra() -> None:
    program = (
        "import sys, vliwc\n"
        "vliwc.compile('kernel k(n) { memory { y: u32[n] out at 0; }"
        " parallel for i in 0 .. n { y[i] = i * i; } }', n=9)\n"
        "print(*(name for name in ('pandas', 'scipy.linalg') if name in sys.modules))"
    )
    assert python(program) == ""


def test_series_of_variables_and_products_of_matrices_still_work() -> None:
    """What others do with OR-Tools and numba in the same process."""
    program = (
        "import numpy as np, numba\n"
        "from vliwc.solvers import cp_model\n"
        "import vliwc.sched.staggered.core\n"
        "import pandas as pd\n"
        "model = cp_model.CpModel()\n"
        "series = model.new_int_var_series('x', pd.Index([1, 2, 3]), 0, 5)\n"
        "assert isinstance(series, pd.Series) and len(series) == 3\n"
        "@numba.njit\ndef product(a, b):\n    return a @ b\n"
        "print(product(np.eye(2), np.ones((2, 2))).sum())"
    )
    pytest.importorskip("pandas")
    assert python(program) == "4.0"
