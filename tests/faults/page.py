"""The outcomes of seeded faults, and the page of the documentation that states them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tests.faults.catalogue import ALL_FAULTS
from tests.faults.fault import Fault


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one fault; ``caught_by`` names a test, and is empty if none noticed.

    ``at`` names the commit that was tested; ``seconds`` is how long it took.
    """

    fault: Fault
    caught_by: str
    seconds: float
    at: str


def report(
    outcomes: Sequence[Outcome], catalogue: Sequence[Fault] = ALL_FAULTS, *, told: str = ""
) -> str:
    """The outcomes as a page of the documentation, which says what of ``catalogue`` is missing;
    ``told``: what people say of the runs."""
    caught = [outcome for outcome in outcomes if outcome.caught_by]
    decided = {outcome.fault.key for outcome in outcomes}
    missing = [fault.key for fault in catalogue if fault.key not in decided]
    lines = [
        "# Seeded faults",
        "",
        "Written by `make faults`: each change of the source is made in a copy, and the tests",
        "named for its file (`tests/faults/catalogue/`) are run until one fails.",
        "",
        f"{len(outcomes)} faults: {len(caught)} noticed, {len(outcomes) - len(caught)} not.",
        "",
        *([told, ""] if told else []),
        *_commits(outcomes),
        "## Not noticed",
        "",
        "| fault | why |",
        "|---|---|",
    ]
    lines += [
        f"| {_cell(each.fault.key)} | {_cell(each.fault.equivalent or '**no test notices it**')} |"
        for each in outcomes
        if not each.caught_by
    ]
    lines += ["", "## Noticed", ""]
    for file in dict.fromkeys(outcome.fault.file for outcome in caught):
        lines += [f"### {file}", "", "| fault | noticed by |", "|---|---|"]
        lines += [
            f"| {_cell(each.fault.name)} | `{_cell(each.caught_by)}` |"
            for each in caught
            if each.fault.file == file
        ]
        lines.append("")
    if missing:
        lines += ["## Not run", "", *(f"- {key}" for key in missing)]
    return "\n".join(lines).rstrip() + "\n"


def _commits(outcomes: Sequence[Outcome]) -> list[str]:
    """The commits that were tested: the one of most faults, and by name what ran at others."""
    counted = Counter(each.at for each in outcomes).most_common()
    lines: list[str] = []
    for number, (commit, count) in enumerate(counted):
        lines += [f"## Run at {commit}: {count}", ""]
        if number:
            lines += [f"- {each.fault.key}" for each in outcomes if each.at == commit]
            lines.append("")
    return lines


def told_in(page: str) -> str:
    """What people say of the runs in an older page: between the totals and the first run."""
    head = page.partition("\n## ")[0]
    return "\n\n".join(head.split("\n\n")[3:]).strip()


def published(page: str, catalogue: Sequence[Fault] = ALL_FAULTS) -> list[Outcome]:
    """The outcomes that an older page states for faults of ``catalogue``, without their times."""
    faults = {fault.key: fault for fault in catalogue}
    found: list[Outcome] = []
    commits: dict[str, str] = {}
    at = most = file = ""
    for line in page.splitlines():
        if line.startswith("## "):
            at = line.removeprefix("## Run at ").rpartition(":")[0]
            most = most or at
        elif line.startswith("### "):
            file = line.removeprefix("### ") + ": "
        elif line.startswith("- "):
            commits[line.removeprefix("- ")] = at
        cells = [cell.replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", line)]
        if len(cells) == 4 and (fault := faults.get(file + cells[1].strip())) is not None:
            caught_by = cells[2].strip().strip("`") if file else ""
            found.append(Outcome(fault, caught_by, 0.0, commits.get(fault.key, most)))
    return found


def merged(outcomes: Iterable[Outcome], older: Iterable[Outcome]) -> list[Outcome]:
    """The outcomes, and older ones of other faults, in the order of the catalogue."""
    found = {outcome.fault.key: outcome for outcome in (*older, *outcomes)}
    return [found[fault.key] for fault in ALL_FAULTS if fault.key in found]


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
