"""Writing instances: the forms and the table of `vliwc instances`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from vliwc.cli.common.errors import CommandError
from vliwc.cli.common.files import STDOUT, write_text
from vliwc.cli.common.tables import print_table

if TYPE_CHECKING:
    from vliwc.lab.instances.instance import Instance
    from vliwc.lab.results.summary import Summary


class Form(StrEnum):
    """The forms that a problem can be written in; each is the suffix of its files."""

    JSON = "json"
    SM = "sm"
    GRAPHML = "graphml"
    DOT = "dot"


def text_of(instance: Instance, form: Form, *, relax: bool = False) -> tuple[str, list[str]]:
    """The text of an instance in a form, and what the form leaves out, for people.

    Raises:
        vliwc.sched.problem.renewable.ProblemError: `sm` would leave out something and `relax` is
        not set.
    """
    from vliwc.lab.instances.rcpsp_write import left_out, sm_text
    from vliwc.sched.problem.graph import to_dot, to_graphml

    match form:
        case Form.JSON:
            return instance.text + "\n", []
        case Form.SM:
            return sm_text(instance.problem, instance.name, relax=relax), left_out(instance.problem)
        case Form.GRAPHML:
            return to_graphml(instance.problem), []
        case Form.DOT:
            return to_dot(instance.problem), []


def place_of(
    instance: Instance, form: Form, output: Path | None, *, folder: bool, relaxed: bool = False
) -> Path:
    """The file to write an instance to: in the folder `output`, made if it is not there, or
    `output` itself.

    A relaxed problem is another one: in a folder its name says so.

    Raises:
        CommandError: the folder cannot be made.
    """
    if output is None or not folder:
        return output or STDOUT
    try:
        output.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CommandError(f"cannot make the folder {output}: {error.strerror}") from error
    suffix = "-relaxed" if relaxed else ""
    return output / f"{instance.name}{suffix}.{form.value}"


def known_optima(file: Path) -> dict[str, int]:
    """The optima that are known in the folder of a file."""
    from vliwc.lab.instances.corpus import read_optima

    return read_optima(file.parent)


def write_optima(folder: Path, instances: Sequence[Instance]) -> None:
    """Add the known optima of instances to those that a folder states already."""
    from vliwc.lab.instances.corpus import OPTIMA, read_optima

    found = {i.name: i.optimum for i in instances if i.optimum is not None}
    if found:
        text = json.dumps({**read_optima(folder), **found}, indent=1, sort_keys=True)
        write_text(folder / OPTIMA, text + "\n")


def print_summaries(title: str, rows: Sequence[Summary]) -> None:
    """Print a table of instances."""
    columns = (
        "instance",
        "ops",
        "deps",
        "bound",
        "path",
        "scratch",
        "results",
        "optimum",
    )

    def text(number: int | None) -> str:
        return "-" if number is None else str(number)

    print_table(
        title,
        columns,
        [
            (
                row.name.replace(",", ", "),  # so that long names are wrapped, not cut
                str(row.operations),
                str(row.dependences),
                str(row.bound),
                str(row.critical_path),
                text(row.scratch),
                text(row.results),
                text(row.optimum),
            )
            for row in rows
        ],
        right=columns[1:],
    )
