"""What `vliwc compare` runs: instances, schedulers, seeds, budgets, from its arguments."""

from __future__ import annotations

import re
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Final

from isa.load import LoadError, cut, parse_integer
from vliwc.cli.common.arguments import DEFAULT_LEVEL, KERNELS, load_machine, parse_definitions
from vliwc.cli.common.errors import CommandError
from vliwc.cli.common.output import ProgressCallback
from vliwc.options import MAX_BUDGET, MAX_SEED

if TYPE_CHECKING:
    from vliwc.lab.instances.instance import Instance

SUFFIX: Final = ".vk"
DEFAULT_SCHEDULERS: Final = ("list", "backward", "random")
"""The built-in schedulers that take seconds at most on any kernel of the suite."""

MAX_SEEDS: Final = 100_000
"""Seeds that one comparison may have."""

_SEEDS: Final = re.compile(r"(\d+)(?::(\d+))?")


def require_lab(*packages: str) -> None:
    """Raise `CommandError` unless these packages of the extras ``lab`` and ``parquet`` are
    installed."""
    for package in packages:
        if find_spec(package) is None:
            extra = "parquet" if package == "pyarrow" else "lab"
            raise CommandError(f"this needs {package}; install vliwc[{extra}]")


def parse_seeds(texts: Sequence[str] | None) -> list[int]:
    """Seeds from ``N`` and ``FIRST:END`` (END excluded) texts; 0 without any.

    Raises:
        CommandError: a text of another form, an empty range, or a seed given twice.
    """
    seeds: dict[int, None] = {}
    for text in texts or ("0",):
        match = _SEEDS.fullmatch(text)
        if match is None:
            raise CommandError(f"--seed {cut(text)}: expected N or FIRST:END, such as --seed 0:5")
        try:
            first = parse_integer(match[1], 0, MAX_SEED)
            end = first + 1 if match[2] is None else parse_integer(match[2], 0, MAX_SEED + 1)
        except LoadError as error:
            raise CommandError(f"--seed: {error}") from None
        found = range(first, end)
        if len(found) + len(seeds) > MAX_SEEDS:
            raise CommandError(f"--seed {text}: more than {MAX_SEEDS} seeds")
        if not found:
            raise CommandError(f"--seed {text}: no seed lies in there; END is not included")
        for seed in found:
            if seed in seeds:
                raise CommandError(f"--seed {text}: seed {seed} is given twice")
            seeds[seed] = None
    return list(seeds)


def parse_schedulers(names: Sequence[str] | None, baseline: str | None) -> tuple[list[str], str]:
    """The schedulers, and which of them is the baseline: the first if none is named.

    Raises:
        CommandError: a name given twice, or a baseline that is none of them.
        vliwc.sched.registry.SchedulerError: there is no such scheduler.
    """
    from vliwc.sched.registry import make_scheduler

    chosen = list(names or DEFAULT_SCHEDULERS)
    for at, name in enumerate(chosen):
        make_scheduler(name)
        if name in chosen[:at]:
            raise CommandError(f"--scheduler {name} is given twice")
    if baseline is None:
        return chosen, chosen[0]
    if baseline not in chosen:
        raise CommandError(
            f"--baseline {baseline}: it has to be one of those compared: {', '.join(chosen)}"
        )
    return chosen, baseline


def parse_budgets(texts: Sequence[str] | None, schedulers: Sequence[str]) -> dict[str, int]:
    """Budgets by scheduler from ``NAME=N`` texts.

    Raises:
        CommandError: a text of another form, a name that is not compared or given twice, or a
            budget below 1.
    """
    budgets: dict[str, int] = {}
    for text in texts or ():
        name, equals, value = text.rpartition("=")
        try:
            budget = parse_integer(value if equals else "", 1, MAX_BUDGET)
        except LoadError:
            wanted = f"expected NAME=N with N from 1 on, at most {MAX_BUDGET}"
            raise CommandError(f"--budget {cut(text)}: {wanted}") from None
        if name not in schedulers:
            raise CommandError(
                f"--budget {text}: {name!r} is not compared; those are {', '.join(schedulers)}"
            )
        if name in budgets:
            raise CommandError(f"--budget {text}: {name} already has {budgets[name]}")
        budgets[name] = budget
    return budgets


def load_instances(
    paths: Sequence[Path],
    suite: str | None,
    definitions: Sequence[str] | None,
    level: int | None,
    machine: Path | None,
    show: ProgressCallback,
) -> list[Instance]:
    """The instances that the arguments name: kernels of the suite, kernel files, problems.

    Raises:
        CommandError: none are named, a file holds no problem, two have one name, or an option has
            nothing to apply to.
        vliwc.diagnostics.KernelError: a kernel does not compile.
    """
    from vliwc.lab.instances.corpus import load
    from vliwc.lab.instances.kernels import kernel_instance, suite_cases, suite_instances

    sources = [path for path in paths if path.suffix == SUFFIX]
    corpus = [path for path in paths if path.suffix != SUFFIX]
    params = parse_definitions(definitions)
    if not paths and suite is None:
        raise CommandError(
            "nothing to compare on: name problem files, folders of them or KERNEL.vk files, or "
            "give --kernels small or --kernels all"
        )
    if params and not sources:
        raise CommandError("-D binds parameters of KERNEL.vk arguments, of which there are none")
    if not sources and suite is None and (level is not None or machine is not None):
        option = "-O" if level is not None else "--machine"
        raise CommandError(
            f"{option} is for compiling kernels; problem files are taken as they are"
        )
    level = DEFAULT_LEVEL if level is None else level
    spec = load_machine(machine)
    found = load(corpus) if corpus else []
    for path in sources:
        show(f"{path} -O{level}", None)
        found.append(kernel_instance(path, params, level=level, machine=spec))
    if suite is not None:
        cases = suite_cases(suite)
        found += suite_instances(KERNELS, cases, level=level, machine=spec, progress=show)
    names: set[str] = set()
    for instance in found:
        if instance.name in names:
            raise CommandError(f"two instances are called {instance.name}; leave one out")
        names.add(instance.name)
    return found
