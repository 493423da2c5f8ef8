"""Tuning: a search for the parameters with the best score, on the store and back ends of sweeps.

The search is Optuna's tree-structured Parzen estimator (Bergstra et al., *Algorithms for
Hyper-Parameter Optimization*, 2011).  Trials are asked in batches and told in order, and each has a
sampler seeded by its number: what is tried depends on the seed and the size of a batch, but neither
on how many jobs run at a time nor on interruptions.
"""

from __future__ import annotations

import hashlib
import json
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import optuna
from optuna.trial import FrozenTrial, TrialState

from vliwc.lab.runs.job import Row
from vliwc.lab.runs.provenance import code_of
from vliwc.lab.runs.store import BUSY_SECONDS, Store, StoreError
from vliwc.lab.runs.sweep import sweep
from vliwc.lab.runs.tune_spaces import STATISTICS, Params, Space, Unusable
from vliwc.options import OptionsError

Progress = Callable[[str, float | None], None]
Statistic = Literal["mean", "median"]

_IDENTITY: Final = "vliwc space"
_COMPLETE: Final = "vliwc complete"
"""Set on a trial when all its parameters are chosen."""


@dataclass(frozen=True)
class Trial:
    """Parameters that were tried.

    ``value`` is the mean or median of ``losses``, one an instance; both are empty if there is an
    ``error``: why the parameters cannot be used.
    """

    number: int
    params: Params
    arguments: list[str]
    value: float | None
    losses: list[float]
    rows: list[Row]
    error: str = ""


@dataclass(frozen=True)
class Tuning:
    """What a search gave: all trials by number.  ``baseline`` is the setting without tuning, which
    is also the first that is tried."""

    study: str
    what: str
    statistic: str
    instances: list[str]
    baseline: Trial
    trials: list[Trial]
    effort: Callable[[Params], tuple[int, ...]]

    @property
    def best(self) -> Trial:
        """The trial with the least value; of equal ones the baseline, or that of the least effort.

        Raises :class:`vliwc.options.OptionsError` if no trial has a value.
        """
        usable = [each for each in (self.baseline, *self.trials) if each.value is not None]
        if not usable:
            raise OptionsError(
                f"no parameters give a schedule of every instance; {self.baseline.error}"
            )

        def order(trial: Trial) -> tuple[float, bool, tuple[int, ...], int]:
            assert trial.value is not None
            return (trial.value, trial.number > 0, self.effort(trial.params), trial.number)

        return min(usable, key=order)


def tune(
    space: Space,
    *,
    store: Store,
    study: str = "tune",
    trials: int = 50,
    batch: int = 8,
    seed: int = 0,
    statistic: Statistic = "mean",
    processes: int | None = None,
    cluster: str | None = None,
    progress: Progress | None = None,
) -> Tuning:
    """Search ``space`` with ``trials`` trials, those that the study in the store has included.

    The rows are stored as experiment ``study``.  A study that was interrupted goes on; two runs of
    ``trials`` trials try the same, if one was interrupted or not.  Parameters with which an
    instance has no schedule make a trial with an error, from which the search learns nothing.

    Raises :class:`vliwc.options.OptionsError` if the study is of something else (another space,
    statistic, seed, size of a batch, or version of the code), and what
    :func:`vliwc.lab.runs.sweep.sweep` raises.  Only one process may run a study at a time.
    """
    if trials < 1 or batch < 1:
        raise OptionsError(f"{trials} trials in batches of {batch}: expected 1 or more")
    search = _Search(space, store, study, batch, seed, statistic)
    while True:
        asked = search.ask(trials)
        first = asked[0].number if asked else trials

        def show(stage: str, part: float | None, first: int = first) -> None:
            if progress is not None:
                progress(f"{first} of {trials} settings tried; {stage} of the next", part)

        settings = [space.baseline, *(trial.params for trial in asked)]
        sweep(
            [job for params in settings for job in space.jobs(params)],
            store=store,
            experiment=study,
            processes=processes,
            cluster=cluster,
            progress=show,
        )
        if not asked:
            return search.tuning()
        search.tell(asked)


class _Search:
    """An Optuna study and the rows of its trials."""

    def __init__(
        self,
        space: Space,
        store: Store,
        study: str,
        batch: int,
        seed: int,
        statistic: Statistic,
    ) -> None:
        self.space = space
        self.store = store
        self.name = study
        self.batch = batch
        self.seed = seed
        self.statistic = statistic
        self.instances = [job.instance for job in space.jobs(space.baseline)]
        store.describe(study, f"tuning: {space.what}, {statistic}")
        self.study = self._open()

    def _open(self) -> optuna.Study:
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        settings = [self.space.identity, self.statistic, self.batch, self.seed]
        identity = {
            "search": hashlib.sha256(json.dumps(settings).encode()).hexdigest()[:16],
            "code": ", ".join(sorted({code_of(name) for name in self.space.schedulers})),
        }
        engine: dict[str, Any] = {}
        if self.store.url.startswith("sqlite"):
            engine = {"connect_args": {"timeout": BUSY_SECONDS}}
        try:
            storage = optuna.storages.RDBStorage(self.store.url, engine_kwargs=engine)
            study = optuna.create_study(storage=storage, study_name=self.name, load_if_exists=True)
        except (optuna.exceptions.OptunaError, RuntimeError) as error:
            raise StoreError(f"{self.store.name}: no place for studies: {error}") from error
        found = study.user_attrs.get(_IDENTITY)
        if found is None:
            study.set_user_attr(_IDENTITY, identity)
            study.enqueue_trial(dict(self.space.baseline))
        elif found != identity:
            different = (
                "by other code"
                if found["search"] == identity["search"]
                else ("of another search: other instances, choices, statistic, seed or batch")
            )
            raise OptionsError(
                f"{self.store.name}: study {self.name!r} is {different}; choose another name"
            )
        return study

    def ask(self, total: int) -> list[FrozenTrial]:
        """The trials that are to be run now: those of the batch that has begun, or a new one."""
        for trial in self._running():
            if _COMPLETE not in trial.user_attrs:  # interrupted while its parameters were chosen
                self.study.tell(trial.number, state=TrialState.FAIL)
        trials = self.study.get_trials(deepcopy=False)
        begun = sum(trial.state is not TrialState.WAITING for trial in trials)
        behind = begun % self.batch
        goal = begun if self._running() and not behind else begun - behind + self.batch
        for number in range(begun, min(goal, total)):
            self._ask(number)
        return self._running()

    def _running(self) -> list[FrozenTrial]:
        return self.study.get_trials(deepcopy=False, states=(TrialState.RUNNING,))

    def _ask(self, number: int) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            self.study.sampler = optuna.samplers.TPESampler(
                seed=_seed(self.seed, number), constant_liar=False
            )
        trial = self.study.ask()
        self.space.suggest(trial)
        trial.set_user_attr(_COMPLETE, True)

    def tell(self, asked: Sequence[FrozenTrial]) -> None:
        """Give the study the values of trials whose jobs are stored."""
        for trial in self._reports(asked)[1]:
            state = TrialState.COMPLETE if trial.value is not None else TrialState.FAIL
            self.study.tell(trial.number, trial.value, state=state, skip_if_finished=True)

    def tuning(self) -> Tuning:
        """All trials so far."""
        baseline, trials = self._reports(self.study.get_trials(deepcopy=False))
        space = self.space
        return Tuning(
            self.name, space.what, self.statistic, self.instances, baseline, trials, space.effort
        )

    def _reports(self, trials: Sequence[FrozenTrial]) -> tuple[Trial, list[Trial]]:
        """The baseline and trials, scored."""
        stored = {row.key: row for row in self.store.rows(self.name)}
        baseline = [stored[job.key] for job in self.space.jobs(self.space.baseline)]

        def scored(number: int, params: Params) -> Trial:
            arguments = self.space.arguments(params)
            rows = [stored[job.key] for job in self.space.jobs(params)]
            try:
                losses = self.space.losses(rows, baseline)
            except Unusable as error:
                return Trial(number, params, arguments, None, [], rows, str(error))
            value = float(STATISTICS[self.statistic](losses))
            return Trial(number, params, arguments, value, losses, rows)

        interrupted = "interrupted while its parameters were chosen"
        return scored(0, self.space.baseline), [
            scored(trial.number, trial.params)
            if _COMPLETE in trial.user_attrs
            else Trial(trial.number, trial.params, [], None, [], [], interrupted)
            for trial in trials
        ]


def _seed(seed: int, number: int) -> int:
    """The seed of a trial's sampler."""
    return int.from_bytes(hashlib.sha256(f"{seed} {number}".encode()).digest()[:4])
