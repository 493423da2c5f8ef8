"""Documents with commands: everything runs as it stands there, and prints what is shown."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from tests.lab.documents import (
    Command,
    File,
    Shell,
    agrees,
    blocks,
    commands,
    refreshed,
    run,
    tolerance,
)
from vliwc.sched.exact.cpsat import CpSatScheduler
from vliwc.sched.exact.ilp import IlpScheduler
from vliwc.sched.exact.lns import LnsScheduler
from vliwc.sched.exact.plain import PlainScheduler
from vliwc.sched.greedy.random import RandomScheduler
from vliwc.sched.greedy.tuning import TUNING
from vliwc.sched.registry import schedulers
from vliwc.sched.staggered.scheduler import ListScheduler

DOCUMENTS = (
    "docs/tutorial.md",
    "docs/research.md",
    "docs/schedulers.md",
    "docs/performance-ci.md",
    "docs/reports.md",
    "docs/passes.md",
    "docs/machine.md",
    "docs/machine-loops.md",
    "README.md",
    "CONTRIBUTING.md",
)


@pytest.mark.parametrize("name", DOCUMENTS)
def test_commands_print_what_the_text_shows(repository: Path, tmp_path: Path, name: str) -> None:
    document = repository / name
    steps = run(document, tmp_path)
    last = steps[-1]
    assert last.code == 0, f"{last.command.text}\n" + "\n".join(last.printed)
    lines = document.read_text(encoding="utf-8").splitlines()
    stated = [block.steps for block in blocks(lines) if isinstance(block.steps, list)]
    assert len(steps) == sum(map(len, stated)) > 0
    hint = (
        f"If that is right, `python -m tests.lab.documents {name}` writes it into the "
        "document; read what the text says about it, too."
    )
    for step in steps:
        printed = "\n".join(step.printed)
        problem = f"$ {step.command.text}\nprints now:\n{printed}\n{hint}"
        assert agrees(step.command.shown, step.printed, tolerance(document)), problem


def test_the_report_quotes_the_comparison(repository: Path) -> None:
    """Sentences of the tutorial that repeat figures of its tables, which the test above checks."""
    text = (repository / "docs" / "research.md").read_text(encoding="utf-8")
    lines = text[text.index("Against sampled\n", text.index("## 7.")) :].splitlines()
    table = {row[0]: row[1:] for row in (line.split() for line in lines[4:7])}
    report = text[text.index("For ours:") :].replace("\n", " ")
    for name, opponent in (
        ("list:critical-path", "the critical path's own order"),
        ("random", "the best of ten random orders"),
        ("backward", "backward list scheduling"),
    ):
        wins, ties, losses, *_, corrected = table[name]
        said = (
            rf"Against {opponent}: {losses} wins?, {ties} ties, {wins} losses \(p = {corrected}\)"
        )
        assert re.search(said, report), said
    more = table["list:critical-path"][3].removeprefix("+")
    assert f"takes {more} % more cycles" in report


def test_the_tutorial_states_only_figures_that_a_command_prints(repository: Path) -> None:
    """The test above holds what is shown to what is printed; this one the text to what is shown."""
    text = (repository / "docs" / "tutorial.md").read_text(encoding="utf-8")
    lines = text.splitlines()
    shown = {
        figure
        for block in blocks(lines)
        if isinstance(block.steps, list)
        for command in block.steps
        for figure in re.findall(r"\d+", "\n".join([command.text, *command.shown]))
    }
    prose = re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE)
    stated = {figure for figure in re.findall(r"\b\d{2,}\b", prose) if int(figure) > 16}
    assert len(stated) > 8
    # The lookups are counted in the text: a program's loads are some more.
    assert stated - shown == {str(8 * 256)}


def test_the_budgets_stated_are_the_defaults(repository: Path) -> None:
    text = (repository / "docs" / "schedulers.md").read_text(encoding="utf-8")
    for name, default in (
        ("list", ListScheduler().trials),
        ("backward", len(TUNING.backward)),
        ("random", RandomScheduler().samples),
        ("cpsat", CpSatScheduler().effort),
        ("cpsat-lns", LnsScheduler().windows),
        ("ortools-plain", PlainScheduler().effort),
        ("ilp", IlpScheduler().nodes),
    ):
        stated = re.search(rf"^\| `{name}` \| [^|(]*\((?:all )?(\d+)\)", text, re.MULTILINE)
        assert stated is not None and int(stated[1]) == default, name


def test_the_workflow_runs(repository: Path, tmp_path: Path) -> None:
    """The steps of the example's workflow that call vliwc, in a copy of the example."""
    with Shell(tmp_path) as shell:
        folder = tmp_path / "examples" / "performance_ci"
        workflow = yaml.safe_load((folder / "workflow.yml").read_text())
        steps = [step["run"] for step in workflow["jobs"]["cycles"]["steps"] if "run" in step]
        assert steps[0] == "pip install 'vliwc[all]'"
        shell.run(f"cd {folder}; export GITHUB_STEP_SUMMARY=summary.md")
        for step in steps[1:]:
            code, printed = shell.run(step)
            assert code == 0, f"{step}\n" + "\n".join(printed)
        assert (folder / "summary.md").read_text().startswith("## suite: 2 programs, 0 slower")
        assert (folder / "digits.html").stat().st_size > 100_000
        shown = (repository / "docs" / "performance-ci.md").read_text()
        assert "cp examples/performance_ci/digits.vk ." in shown
        # What the page shows of the suite is the example's, but for the first comment.
        suite = (folder / "suite.toml").read_text().partition("\n")[2]
        assert suite in shown


def test_every_scheduler_has_its_model(repository: Path) -> None:
    text = (repository / "docs" / "models.md").read_text(encoding="utf-8")
    headings = re.findall(r"^## `(.+)`$", text, re.MULTILINE)
    assert sorted(headings) == sorted([*schedulers(), "list:PRIORITY"])


def test_a_document_that_is_wrong_is_found_out(tmp_path: Path) -> None:
    text = """\
```python
# sub/hello.py
print("hello")
```

```console
$ python sub/hello.py
hello
$ export WHAT=world; \\
    echo $WHAT
word
$ echo $WHAT; false
$ echo never
```
"""
    document = tmp_path / "wrong.md"
    document.write_text(text)
    found = [block.steps for block in blocks(text.splitlines())]
    assert isinstance(found[0], File) and found[0].name == "sub/hello.py"
    folder = tmp_path / "folder"
    folder.mkdir()
    steps = run(document, folder)
    assert [step.printed for step in steps] == [["hello"], ["world"], ["world"]]
    assert [step.code for step in steps] == [0, 0, 1], "nothing runs behind a failure"
    assert [agrees(step.command.shown, step.printed) for step in steps] == [True, False, True]


def test_figures_may_lag_behind_a_little() -> None:
    shown = ["cycles  205", " load=3    195    -10   x", "..."]
    for printed in (shown, ["cycles  206", " load=3   199     -9   x"], ["cycles  199", shown[1]]):
        assert agrees(shown, printed, 0.03), printed
        assert agrees(shown, printed) == (printed[:2] == shown[:2])
    for printed in (
        ["cycles  198", shown[1]],
        ["cycles  205", " load=3    195    +10   x"],
        ["cycle   205", shown[1]],
        ["cycles  205"],
    ):
        assert not agrees(shown, printed, 0.03), printed


def test_lines_left_out() -> None:
    printed = ["a", "b", "c", "d"]
    for shown in ([], printed, ["a", "..."], ["...", "d"], ["a", "...", "c", "d"], ["..."]):
        assert agrees(shown, printed)
        assert refreshed(shown, printed) == shown
    for shown in (["a", "b", "c"], ["b", "..."], ["...", "c"], ["a", "b", "c", "...", "c", "d"]):
        assert not agrees(shown, printed)
    assert refreshed(["x", "...", "x", "x"], printed) == ["a", "...", "c", "d"]
    assert commands(["$ a", "b", "$ c"]) == [Command("a", ["b"]), Command("c", [])]
    with pytest.raises(AssertionError, match="output without a command"):
        commands(["a"])
