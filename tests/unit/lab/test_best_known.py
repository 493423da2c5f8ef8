"""Best known values beside a corpus, and gaps to them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Called
from tests.strategies.comparisons import make_row
from vliwc.lab.generators import generate, generator
from vliwc.lab.instances.best_known import BEST_KNOWN, Known, read_best_known
from vliwc.lab.instances.corpus import OPTIMA, load
from vliwc.lab.instances.rcpsp_write import sm_text
from vliwc.lab.results.comparison import Comparison
from vliwc.lab.results.report import to_json
from vliwc.sched.problem.renewable import ProblemError


@pytest.mark.parametrize(
    ("text", "known"),
    [
        ("43", Known(43, True)),
        ("82..87", Known(87, False)),
        ("..108", Known(108, False)),
        ("90..90", Known(90, True)),
        ("", None),
        ("82..", None),
        ("9..8", None),
        ("4 3", None),
        ("-3", None),
    ],
)
def test_values(text: str, known: Known | None) -> None:
    assert Known.parse(text) == known


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """Two sets of one project each, with one file of values above them."""
    for number, name in enumerate(("s1", "s2")):
        (tmp_path / name).mkdir()
        problem = generate(generator("projects", {"jobs": "8"}), number).problem
        (tmp_path / name / f"{name}_1.sm").write_text(sm_text(problem, name))
    lines = ("set,problem,best_known", "s1,s1_1.sm,31", "s2,s2_1.sm,20..25", "s2,s2_9.sm,7")
    (tmp_path / BEST_KNOWN).write_text("\n".join(lines) + "\n")
    return tmp_path


def test_a_file_above_the_sets(corpus: Path) -> None:
    one, other = load([corpus / "s1", corpus / "s2"])
    assert (one.optimum, one.known) == (31, 31)
    assert (other.optimum, other.known) == (None, 25)
    assert set(read_best_known(corpus / "s2")) == {"s2_1", "s2_9"}


def test_a_file_beside_the_problems_comes_first(corpus: Path) -> None:
    (corpus / "s2" / BEST_KNOWN).write_text("problem,best_known\ns2_1,24\n")
    (found,) = load([corpus / "s2"])
    assert (found.optimum, found.known) == (24, 24)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("problem,value\ns1_1,3\n", "line 1: no column is called best_known"),
        ("problem,best_known\ns1_1,many\n", "line 2: 'many': expected N"),
        ("problem,best_known\ns1_1,3\ns1_1.sm,4\n", "line 3: 's1_1.sm': no name"),
        ("problem,best_known\ns1_1\n", "line 2: '': expected N"),
    ],
)
def test_files_that_mean_nothing(corpus: Path, text: str, message: str) -> None:
    (corpus / "s1" / BEST_KNOWN).write_text(text)
    with pytest.raises(ProblemError, match=message):
        load([corpus / "s1"])


def test_two_optima_that_differ_are_refused(corpus: Path) -> None:
    (corpus / "s1" / OPTIMA).write_text('{"s1_1": 30}')
    with pytest.raises(ProblemError, match="30 by optima.json, 31 by best_known.csv"):
        load([corpus / "s1"])


def test_gaps_to_known_values() -> None:
    rows = [make_row("x", "a", 20), make_row("y", "a", 33), make_row("z", "a", 99)]
    rows += [make_row("x", "b", 22), make_row("y", "b", 27), make_row("z", "b", 99)]
    a, b = Comparison(rows, known={"x": 20, "y": 30}).to_known()
    assert (a.reached, a.beaten, a.instances) == (1, 0, 2)
    assert (b.reached, b.beaten, b.scheduled) == (0, 1, 2)
    assert a.mean == pytest.approx(0.05)
    assert b.largest == pytest.approx(0.1)
    assert Comparison(rows).to_known() == []
    assert to_json(Comparison(rows), "a")["best_known"] == []


def test_the_table_and_json_say_how_far_off(corpus: Path) -> None:
    called = Called("compare", corpus / "s2", "--scheduler", "list", "--processes", "1", "--each")
    assert called.code == 0
    assert "To the best known values" in called.stdout
    assert " known " in called.stdout
