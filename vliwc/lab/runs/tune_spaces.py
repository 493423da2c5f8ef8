"""What tuning searches: parameters of schedulers on instances, options of the compiler on kernels.

A space turns the parameters of a trial into jobs, and the rows of these jobs into a score.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from statistics import mean, median
from typing import TYPE_CHECKING, Final, Protocol

from isa.load import LoadError, read_text
from vliwc.lab.instances.instance import Instance
from vliwc.lab.runs.compile_job import CompileJob
from vliwc.lab.runs.job import Job, Row, Work
from vliwc.options import Options, OptionsError
from vliwc.passes.pipeline import passes_for
from vliwc.sched.greedy.priorities import PRIORITIES
from vliwc.sched.problem.bounds import lower_bound
from vliwc.sched.registry import make_scheduler

if TYPE_CHECKING:
    from optuna.trial import Trial

Choice = str | int | float | bool | None
Params = Mapping[str, Choice]
"""The parameters of a trial by name."""

COMBINATIONS: Final = "list:"
"""Stands for all list schedulers by a weighted sum of priorities."""
STATISTICS: Final = {"mean": mean, "median": median}
"""How the figures of all instances become one."""
_STEP: Final = 0.1


class Space(Protocol):
    """What can be tuned.  Scores are fractions of cycles; the smaller the better."""

    @property
    def what(self) -> str:
        """What a score says, for people."""
        ...

    @property
    def schedulers(self) -> tuple[str, ...]:
        """The names of schedulers to choose from."""
        ...

    @property
    def identity(self) -> list[object]:
        """JSON data that is equal for equal spaces, whatever the code."""
        ...

    @property
    def baseline(self) -> Params:
        """The parameters of the first trial, which the others are compared with."""
        ...

    def suggest(self, trial: Trial) -> None:
        """Have the trial's parameters chosen."""
        ...

    def jobs(self, params: Params) -> Sequence[Work]:
        """The jobs of a trial, one an instance."""
        ...

    def losses(self, rows: Sequence[Row], baseline: Sequence[Row]) -> list[float]:
        """The score on each instance.  Raises :class:`Unusable`."""
        ...

    def effort(self, params: Params) -> tuple[int, ...]:
        """What decides between equal scores; the smallest wins."""
        ...

    def arguments(self, params: Params) -> list[str]:
        """The parameters as arguments of `vliwc compare` or `vliwc compile`."""
        ...


class Unusable(Exception):
    """Parameters with which an instance has no schedule; the message says which and why."""


def require_schedules(rows: Sequence[Row]) -> None:
    """Raise :class:`Unusable` unless all rows are of schedules."""
    lost = [row for row in rows if row.status not in ("feasible", "optimal")]
    if lost:
        more = f" (and {len(lost) - 1} more)" if len(lost) > 1 else ""
        raise Unusable(f"{lost[0].status} on {lost[0].instance}: {lost[0].error}{more}")


@dataclass(frozen=True)
class SchedulerSpace:
    """Schedulers, weights of priorities and budgets, on instances.

    ``schedulers``: names, or :data:`COMBINATIONS`; the first is the baseline (of combinations:
    critical-path alone).  ``budgets``: the first is that of the baseline.

    Scores are gaps ``cycles / bound - 1`` to a bound that does not depend on the trial: the
    instance's optimum if known, else :func:`vliwc.sched.problem.bounds.lower_bound`.
    """

    instances: tuple[Instance, ...]
    schedulers: tuple[str, ...] = (COMBINATIONS,)
    budgets: tuple[int | None, ...] = (None,)
    seed: int = 0

    def __post_init__(self) -> None:
        _require_different("scheduler", self.schedulers)
        _require_different("budget", self.budgets)
        _require_instances([instance.name for instance in self.instances])
        for name in self.schedulers:
            if name != COMBINATIONS:
                make_scheduler(name, self.seed)

    @property
    def what(self) -> str:
        return "gap to the lower bound"

    @property
    def identity(self) -> list[object]:
        names = [[each.name, each.digest, each.optimum] for each in self.instances]
        return ["scheduler", names, self.schedulers, self.budgets, self.seed]

    @property
    def baseline(self) -> Params:
        params: dict[str, Choice] = {"scheduler": self.schedulers[0], "budget": self.budgets[0]}
        if self.schedulers[0] == COMBINATIONS:
            lead = next(iter(PRIORITIES))
            params |= {"lead": lead, **{_weight(n): 0.0 for n in PRIORITIES if n != lead}}
        return params

    def suggest(self, trial: Trial) -> None:
        chosen = trial.suggest_categorical("scheduler", self.schedulers)
        trial.suggest_categorical("budget", self.budgets)
        if chosen == COMBINATIONS:
            lead = trial.suggest_categorical("lead", list(PRIORITIES))
            for name in PRIORITIES:
                if name != lead:
                    trial.suggest_float(_weight(name), 0.0, 1.0, step=_STEP)

    def jobs(self, params: Params) -> list[Job]:
        name = self.scheduler(params)
        budget = params["budget"]
        assert budget is None or isinstance(budget, int)
        return [Job.of(instance, name, self.seed, budget) for instance in self.instances]

    def scheduler(self, params: Params) -> str:
        """The name of the scheduler that the parameters stand for."""
        if params["scheduler"] != COMBINATIONS:
            return str(params["scheduler"])
        lead = str(params["lead"])
        terms = [lead]
        for name in PRIORITIES:
            # Steps are rounded: 3 * 0.1 is not 0.3.
            weight = 0.0 if name == lead else round(float(params[_weight(name)] or 0.0), 3)
            if weight:
                terms.append(f"{weight:g}*{name}")
        return COMBINATIONS + "+".join(terms)

    def losses(self, rows: Sequence[Row], baseline: Sequence[Row]) -> list[float]:
        require_schedules(rows)
        return [
            row.cycles / bound - 1.0 if bound else 0.0
            for row, bound in zip(rows, self._bounds, strict=True)
        ]

    @cached_property
    def _bounds(self) -> list[int]:
        return [
            lower_bound(each.problem).cycles if each.optimum is None else each.optimum
            for each in self.instances
        ]

    def effort(self, params: Params) -> tuple[int, ...]:
        budget = params["budget"]
        terms = self.scheduler(params).count("+")
        return (int(budget or 0), list(self.schedulers).index(str(params["scheduler"])), terms)

    def arguments(self, params: Params) -> list[str]:
        name = self.scheduler(params)
        seed = ["--seed", str(self.seed)] if self.seed else []
        budget = [] if params["budget"] is None else ["--budget", f"{name}={params['budget']}"]
        return ["--scheduler", name, *seed, *budget]


def _weight(priority: str) -> str:
    return f"weight of {priority}"


@dataclass(frozen=True)
class Kernel:
    """A kernel to compile: the place of its text, and its parameters."""

    path: Path
    text: str
    params: tuple[tuple[str, int], ...]

    @staticmethod
    def read(path: Path, params: Mapping[str, int]) -> Kernel:
        """The kernel in a file.  Raises :class:`vliwc.options.OptionsError`."""
        try:
            return Kernel(path, read_text(path), tuple(params.items()))
        except LoadError as error:
            raise OptionsError(f"{path}: {error}") from None

    @property
    def arguments(self) -> list[str]:
        """The kernel as arguments of `vliwc compile`."""
        return [str(self.path), *(arg for n, v in self.params for arg in ("-D", f"{n}={v}"))]


@dataclass(frozen=True)
class CompileSpace:
    """Levels, schedulers, seeds, budgets and the passes that run, on kernels.

    The first of each is that of the baseline, which leaves out no pass; ``passes`` says whether
    trials may.  ``options`` gives everything else.

    Scores are changes ``cycles / cycles of the baseline - 1``: other options lead to other
    operations with other lower bounds, so that gaps to these cannot be compared.
    """

    kernels: tuple[Kernel, ...]
    levels: tuple[int, ...] = (2,)
    schedulers: tuple[str, ...] = ("list",)
    seeds: tuple[int, ...] = (0,)
    budgets: tuple[int | None, ...] = (None,)
    passes: bool = True
    options: Options = Options()

    def __post_init__(self) -> None:
        _require_different("level", self.levels)
        _require_different("scheduler", self.schedulers)
        _require_different("seed", self.seeds)
        _require_different("budget", self.budgets)
        _require_instances([job.instance for job in self.jobs(self.baseline)])
        for level in self.levels:
            replace(self.options, level=level)
        for name in self.schedulers:
            make_scheduler(name, self.seeds[0])

    @property
    def what(self) -> str:
        return "change of cycles against the baseline"

    @property
    def identity(self) -> list[object]:
        jobs = self.jobs(self.baseline)
        names = [[job.instance, job.digest, job.machine.to_dict()] for job in jobs]
        choices = [self.levels, self.schedulers, self.seeds, self.budgets, self.passes]
        return ["compile", names, *choices]

    @property
    def baseline(self) -> Params:
        return {
            "level": self.levels[0],
            "scheduler": self.schedulers[0],
            "seed": self.seeds[0],
            "budget": self.budgets[0],
            **{_without(name): False for name in self._optional(self.levels[0])},
        }

    def suggest(self, trial: Trial) -> None:
        level = trial.suggest_categorical("level", self.levels)
        trial.suggest_categorical("scheduler", self.schedulers)
        trial.suggest_categorical("seed", self.seeds)
        trial.suggest_categorical("budget", self.budgets)
        for name in self._optional(level):
            trial.suggest_categorical(_without(name), (False, True))

    def jobs(self, params: Params) -> list[CompileJob]:
        level, seed, budget = params["level"], params["seed"], params["budget"]
        assert isinstance(level, int) and isinstance(seed, int)
        assert budget is None or isinstance(budget, int)
        options = replace(
            self.options,
            level=level,
            scheduler=str(params["scheduler"]),
            seed=seed,
            budget=budget,
            without=tuple(name for name in self._optional(level) if params[_without(name)]),
        )
        return [
            CompileJob.of(kernel.text, str(kernel.path), dict(kernel.params), options)
            for kernel in self.kernels
        ]

    def losses(self, rows: Sequence[Row], baseline: Sequence[Row]) -> list[float]:
        require_schedules(baseline)
        require_schedules(rows)
        return [row.cycles / own.cycles - 1.0 for row, own in zip(rows, baseline, strict=True)]

    def effort(self, params: Params) -> tuple[int, ...]:
        (level, budget) = params["level"], params["budget"]
        left_out = sum(value is True for value in params.values())
        others = [
            list(self.schedulers).index(str(params["scheduler"])),
            [*self.seeds].index(int(params["seed"] or 0)),
        ]
        return (int(level or 0), int(budget or 0), left_out, *others)

    def arguments(self, params: Params) -> list[str]:
        job = self.jobs(params)[0]
        arguments = [f"-O{job.level}"]
        for name in job.without:
            arguments += ["--without", name]
        if job.scheduler != Options().scheduler:
            arguments += ["--scheduler", job.scheduler]
        if job.seed != Options().seed:
            arguments += ["--seed", str(job.seed)]
        return arguments + ([] if job.budget is None else ["--budget", str(job.budget)])

    def _optional(self, level: int) -> list[str]:
        if not self.passes:
            return []
        return list(dict.fromkeys(each.name for each in passes_for(level)))


def _without(name: str) -> str:
    return f"without {name}"


def _require_different(what: str, choices: Sequence[Choice]) -> None:
    if not choices:
        raise OptionsError(f"no {what} to choose from")
    for at, choice in enumerate(choices):
        if choice in choices[:at]:
            raise OptionsError(f"{what} {choice} is given twice")


def _require_instances(names: Sequence[str]) -> None:
    if not names:
        raise OptionsError("nothing to tune on")
    for at, name in enumerate(names):
        if name in names[:at]:
            raise OptionsError(f"two instances are called {name}; leave one out")
