"""`vliwc instances`: corpora of scheduling problems: make, convert, look at."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, astuple, fields
from enum import StrEnum
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vliwc.cli.common.arguments import (
    DEFAULT_LEVEL,
    DEFAULT_SEED,
    KERNELS,
    Definitions,
    Json,
    Level,
    MachineFile,
    Seed,
    load_machine,
    parse_definitions,
)
from vliwc.cli.common.errors import CommandError, guarded
from vliwc.cli.common.files import STDOUT, require_one_printed, write_text
from vliwc.cli.common.output import print_fields, print_json, progress, warn
from vliwc.cli.common.tables import print_table
from vliwc.cli.schedules.instance_files import (
    Form,
    known_optima,
    place_of,
    print_summaries,
    text_of,
    write_optima,
)
from vliwc.cli.schedules.suite import suite

if TYPE_CHECKING:
    from vliwc.lab.instances.features import Features
    from vliwc.lab.instances.instance import Instance
    from vliwc.lab.results.summary import Summary

app = typer.Typer(
    name="instances",
    no_args_is_help=True,
    help="Corpora of scheduling problems: make them from kernels or at random, convert, list.",
)

Folder = Annotated[
    Path,
    typer.Option(
        "-o",
        "--output",
        metavar="DIR",
        help="The folder to write to, made if it is not there; files of the same names are "
        "replaced, one by one.",
        show_default=False,
    ),
]
Problems = Annotated[
    list[Path],
    typer.Argument(
        metavar="FILE...",
        help="Problem files (.json, .sm, .mm, .rcp, .sch, .jsp, .fjs) and folders of them.",
        show_default=False,
    ),
]


class Sizes(StrEnum):
    """Sets of kernel sizes."""

    SMALL = "small"
    ALL = "all"


def kernels(
    output: Folder,
    kernel: Annotated[
        Path | None,
        typer.Argument(
            metavar="[KERNEL.vk]", help="One kernel instead of the suite.", show_default=False
        ),
    ] = None,
    definitions: Definitions = None,
    only: Annotated[
        list[str] | None,
        typer.Option("--kernel", metavar="NAME", help="Only this kernel of the suite; repeatable."),
    ] = None,
    sizes: Annotated[
        Sizes | None,
        typer.Option(
            "--sizes",
            help="Sizes of the suite's kernels: small has up to a few hundred operations, all "
            "adds those of `vliwc bench --suite full`. [default: small]",
            show_default=False,
        ),
    ] = None,
    level: Level = DEFAULT_LEVEL,
    machine: MachineFile = None,
    seed: Seed = DEFAULT_SEED,
    as_json: Json = False,
) -> None:
    """Write the problems that compiling kernels schedules: the suite's kernels, or one file."""
    from vliwc.lab.instances.kernels import kernel_instance, suite_cases, suite_instances

    spec = load_machine(machine)
    if kernel is None:
        if definitions:
            raise CommandError("-D binds parameters of a KERNEL.vk; the suite has its own sizes")
        cases = suite_cases((sizes or Sizes.SMALL).value, only or ())
    elif only or sizes is not None:
        raise CommandError("--kernel and --sizes choose from the suite; leave out KERNEL.vk")
    else:
        cases = []
    with progress(quiet=as_json) as show:
        if kernel is None:
            found = suite_instances(
                KERNELS, cases, level=level, seed=seed, machine=spec, progress=show
            )
            rows = _written(found, output)
        else:
            show(f"{kernel} -O{level}", None)
            params = parse_definitions(definitions)
            one = kernel_instance(kernel, params, level=level, seed=seed, machine=spec)
            rows = _written([one], output)
    _report(rows, output, as_json)


def generate(
    name: Annotated[
        str,
        typer.Argument(
            metavar="GENERATOR", help="See `vliwc instances generators`.", show_default=False
        ),
    ],
    output: Folder,
    count: Annotated[
        int, typer.Option("--count", min=1, metavar="N", help="How many instances.")
    ] = 1,
    seed: Annotated[
        int,
        typer.Option("--seed", min=0, metavar="S", help="Instance k has the seed S + k."),
    ] = DEFAULT_SEED,
    parameters: Annotated[
        list[str] | None,
        typer.Option(
            "-p", metavar="NAME=VALUE", help="A parameter of the generator; repeat for others."
        ),
    ] = None,
    machine: MachineFile = None,
    as_json: Json = False,
) -> None:
    """Write random problems; the same arguments give the same problems everywhere."""
    from vliwc.lab.generators import generate as make
    from vliwc.lab.generators import generator

    texts: dict[str, str] = {}
    for text in parameters or ():
        key, equals, value = text.partition("=")
        if not equals or key in texts:
            reason = f"{key} is already given" if equals else "expected NAME=VALUE"
            raise CommandError(f"-p {text}: {reason}")
        texts[key] = value
    made = generator(name, texts)
    if machine is not None and not made.on_machine:
        raise CommandError(f"{name} makes projects, which have no --machine")
    spec = load_machine(machine)
    with progress(quiet=as_json) as show:
        rows: list[Summary] = []
        for number in range(count):
            show(f"{name}, seed {seed + number}", number / count)
            rows += _written([make(made, seed + number, spec)], output)
    _report(rows, output, as_json)


def generators(as_json: Json = False) -> None:
    """List the generators and their parameters."""
    from vliwc.lab.generators import GENERATORS
    from vliwc.lab.generators.parameters import facts_of

    kinds = list(GENERATORS.values())
    if as_json:
        print_json(
            {
                kind.name: {
                    "summary": kind.summary,
                    "parameters": {
                        item.name: {"default": item.default, **facts_of(item)._asdict()}
                        for item in fields(kind)
                    },
                }
                for kind in kinds
            }
        )
        return
    for kind in kinds:
        print_table(
            f"{kind.name}: {kind.summary}",
            ("parameter", "default", "values", "meaning"),
            [
                (item.name, str(item.default), facts_of(item).allowed, facts_of(item).help)
                for item in fields(kind)
            ],
            right=("default",),
        )


def convert(
    files: Problems,
    to: Annotated[
        Form,
        typer.Option(
            "--to",
            help="json: our form; sm: PSPLIB, for project solvers; graphml, dot: the graph.",
            show_default=False,
        ),
    ],
    output: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--output",
            metavar="FILE|DIR",
            help="Where to write: a file for one problem (- or nothing is standard output), a "
            "folder for several.",
        ),
    ] = None,
    relax: Annotated[
        bool,
        typer.Option(
            "--relax",
            help="For sm: leave out what a project cannot say. The makespan is then a lower bound "
            "on the problem's cycles; the file and standard error say what is missing. In a folder "
            "the file is called NAME-relaxed.sm.",
        ),
    ] = False,
    as_json: Json = False,
) -> None:
    """Convert problems to another form."""
    from vliwc.lab.instances.corpus import load

    if relax and to is not Form.SM:
        raise CommandError("--relax is for --to sm; the other forms leave nothing out")
    instances = load(files)
    folder = output is not None and output != STDOUT and (len(instances) > 1 or output.is_dir())
    if len(instances) > 1 and not folder:
        raise CommandError(f"{len(instances)} problems: name a folder to write to with -o")
    reports: list[dict[str, object]] = []
    exact: list[Instance] = []
    with progress(quiet=as_json) as show:
        for number, instance in enumerate(instances):
            show(instance.name, number / len(instances))
            text, missing = text_of(instance, to, relax=relax)
            for thing in missing:
                warn(f"{instance.name}: left out: {thing}")
            if not missing:
                exact.append(instance)
            path = place_of(instance, to, output, folder=folder, relaxed=bool(missing))
            report: dict[str, object] = {
                "name": instance.name,
                "form": to.value,
                "left_out": missing,
            }
            if path == STDOUT and as_json:
                report["text"] = text
            else:
                write_text(path, text)
                report["output"] = str(path)
            reports.append(report)
    if folder and output is not None and to in (Form.JSON, Form.SM):
        write_optima(output, exact)
    if as_json:
        print_json({"instances": reports})


def list_instances(files: Problems, as_json: Json = False) -> None:
    """List problems: operations, dependences, bounds, scratch."""
    from vliwc.lab.instances.corpus import load
    from vliwc.lab.results.summary import Summary

    instances = load(files)
    with progress(quiet=as_json) as show:
        rows: list[Summary] = []
        for number, instance in enumerate(instances):
            show(instance.name, number / len(instances))
            rows.append(Summary.of(instance))
    if as_json:
        print_json({"instances": [asdict(row) for row in rows]})
    else:
        print_summaries("Instances", rows)


def features(
    files: Problems,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="FILE.csv", help="Write CSV, with all digits."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Print features for choosing methods: width, parallelism, order and resource strength,
    pressure."""
    from vliwc.lab.instances.corpus import load
    from vliwc.lab.instances.features import Features
    from vliwc.lab.results.report import Table, to_csv

    if find_spec("scipy") is None:
        raise CommandError("this needs scipy; install vliwc[lab]")
    require_one_printed(output, as_json=as_json)
    instances = load(files)
    rows: list[Features] = []
    with progress(quiet=as_json) as show:
        for number, instance in enumerate(instances):
            show(instance.name, number / len(instances))
            rows.append(Features.of(instance))
    if output is not None:
        columns = {field.name: object for field in fields(Features)}
        write_text(output, to_csv(Table(columns, [astuple(row) for row in rows])))
    if as_json:
        print_json({"instances": [asdict(row) for row in rows]})
    elif output != STDOUT:
        _print_features(rows)


def _print_features(rows: Sequence[Features]) -> None:
    def text(number: float | None) -> str:
        return "-" if number is None else f"{number:.2f}"

    columns = ("instance", "ops", "deps", "modes", "width", "par", "OS", "RF", "RS", "press", "lb")
    print_table(
        "Features (par: parallelism, OS, RS: order and resource strength, RF: resource factor, "
        "lb: bound over path)",
        columns,
        [
            (
                row.name.replace(",", ", "),
                str(row.operations),
                str(row.dependences),
                str(row.modes),
                "-" if row.width is None else str(row.width),
                text(row.parallelism),
                text(row.order_strength),
                text(row.resource_factor),
                text(row.resource_strength),
                text(row.pressure),
                text(row.bound_ratio),
            )
            for row in rows
        ],
        right=columns[1:],
    )


def show(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="A problem file.", show_default=False)
    ],
    as_json: Json = False,
) -> None:
    """Show one problem: its machine, its operations by form, all bounds, known optimum."""
    from vliwc.lab.instances.corpus import read_instance
    from vliwc.lab.results.summary import Summary, forms
    from vliwc.sched.problem.bounds import every_bound

    instance = read_instance(file, known_optima(file).get(file.stem))
    problem, row = instance.problem, Summary.of(instance)
    renewable = problem.renewable
    if renewable is None:
        capacity = dict(problem.machine.slots)
    else:
        names, amounts = renewable.names, renewable.capacity.tolist()
        capacity = {name: int(amount) for name, amount in zip(names, amounts, strict=True)}
    bounds = every_bound(problem)
    if as_json:
        report = asdict(row) | {"capacity": capacity, "forms": forms(problem)}
        print_json(report | {"bounds": [{"cycles": b.cycles, "reason": b.reason} for b in bounds]})
        return
    shown = {
        "name": row.name,
        "family": row.family,
        "digest": row.digest,
        "machine" if renewable is None else "resources": ", ".join(
            [row.machine, *(f"{name} {amount}" for name, amount in capacity.items())]
        ).removeprefix(", "),
        "operations": f"{row.operations}, {row.dependences} dependences",
        "scratch": f"{row.scratch} words, all results {row.results} words",
        "forms": "\n".join(f"{number} {text}" for text, number in forms(problem).items()),
        "bound": f"{row.bound} cycles: {row.reason}",
        "critical path": f"{row.critical_path} cycles",
        "optimum": "not known" if row.optimum is None else f"{row.optimum} cycles",
    }
    if renewable is not None:
        del shown["scratch"], shown["forms"]
    if problem.modes is not None:
        amounts = zip(problem.modes.names, problem.modes.amount.tolist(), strict=True)
        consumed = "".join(f", {name} {amount}" for name, amount in amounts)
        shown["modes"] = f"{len(problem.modes.duration)}{consumed}"
    if problem.lags is not None:
        shown["time lags"] = str(len(problem.lags.rows))
    print_fields(shown)


def _written(instances: Iterable[Instance], folder: Path) -> list[Summary]:
    """Write instances as JSON, one after the other; their summaries."""
    from vliwc.lab.results.summary import Summary

    rows: list[Summary] = []
    for instance in instances:
        text, _ = text_of(instance, Form.JSON)
        write_text(place_of(instance, Form.JSON, folder, folder=True), text)
        rows.append(Summary.of(instance))
    return rows


def _report(rows: Sequence[Summary], folder: Path, as_json: bool) -> None:
    if as_json:
        print_json({"output": str(folder), "instances": [asdict(row) for row in rows]})
    else:
        print_summaries(f"Written to {folder}", rows)


app.command("kernels")(guarded(kernels))
app.command("generate")(guarded(generate))
app.command("generators")(guarded(generators))
app.command("suite")(guarded(suite))
app.command("convert")(guarded(convert))
app.command("list")(guarded(list_instances))
app.command("features")(guarded(features))
app.command("show")(guarded(show))
