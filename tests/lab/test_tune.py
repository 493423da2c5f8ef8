"""Tuning: what is found, that it is found again, and what is refused."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.lab.sweeping import Counted
from tests.strategies.problems import random_problem
from vliwc.lab.instances.instance import Instance
from vliwc.lab.runs import tune as tune_module
from vliwc.lab.runs.store import Store
from vliwc.lab.runs.tune import Tuning, tune
from vliwc.lab.runs.tune_spaces import CompileSpace, Kernel, SchedulerSpace
from vliwc.options import OptionsError
from vliwc.sched.problem.bounds import lower_bound
from vliwc.sched.registry import make_scheduler

INSTANCES = tuple(Instance(f"r{seed}", random_problem(seed)) for seed in (6, 10, 25, 36))
SPACE = SchedulerSpace(INSTANCES)
KERNEL = """
kernel squares(n) {
  memory { x: u32[n] in at 0; y: u32[n] out at n; }
  parallel for i in 0 .. n {
    let a = x[i] * x[i];
    y[i] = a * a + 3 * x[i] + 0 * a;
  }
}
"""


def tried(tuning: Tuning) -> list[tuple[Mapping[str, Any], float | None]]:
    return [(trial.params, trial.value) for trial in tuning.trials]


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> Tuning:
    """Twelve trials in one go, in this process."""
    with Store.open(tmp_path_factory.mktemp("tune") / "store.sqlite") as store:
        return tune(SPACE, store=store, trials=12, batch=4, processes=1)


def test_the_best_setting_is_the_best_of_those_tried(expected: Tuning) -> None:
    assert [trial.number for trial in expected.trials] == list(range(12))
    values = [trial.value for trial in expected.trials if trial.value is not None]
    assert expected.best.value == min(values)
    assert expected.baseline.arguments == ["--scheduler", "list:critical-path"]
    assert len({str(trial.params) for trial in expected.trials}) > 6, "it searches"


def test_scores_are_gaps(expected: Tuning) -> None:
    trial = expected.trials[5]
    scheduler = make_scheduler(trial.arguments[1])
    gaps = [
        scheduler.schedule(each.problem).cycles / lower_bound(each.problem).cycles - 1
        for each in INSTANCES
    ]
    assert trial.losses == gaps
    assert trial.value == pytest.approx(sum(gaps) / len(gaps))


def test_processes_change_nothing(expected: Tuning, tmp_path: Path) -> None:
    with Store.open(tmp_path / "store.sqlite") as store:
        tuning = tune(SPACE, store=store, trials=4, batch=4, processes=2)
    assert tried(tuning) == tried(expected)[:4]


class Interrupted(Exception):
    pass


@pytest.mark.parametrize("at", [0, 1, 5, 13, 30])
def test_an_interrupted_study_goes_on(expected: Tuning, tmp_path: Path, at: int) -> None:
    """Interrupted while jobs run, in any batch, it tries the same in the end; no job runs twice."""

    def stop() -> None:
        raise Interrupted

    interrupted = Counted(at, stop)
    with Store.open(tmp_path / "store.sqlite") as store:
        with pytest.raises(Interrupted):
            tune(SPACE, store=store, trials=12, batch=4, processes=1, progress=interrupted)
    with Store.open(tmp_path / "store.sqlite") as store:
        stored = len(store.rows("tune"))
        tuning = tune(SPACE, store=store, trials=12, batch=4, processes=1)
        assert tried(tuning) == tried(expected)
        again = Counted()
        tune(SPACE, store=store, trials=12, batch=4, processes=1, progress=again)
        assert again.ran == -1, "nothing is left to do"
        assert 0 <= stored < len(store.rows("tune"))


@pytest.mark.parametrize("at", [0, 2, 7])
def test_interrupted_while_settings_are_chosen_or_told(
    expected: Tuning, tmp_path: Path, at: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = 0
    study = tune_module.optuna.Study
    tell = study.tell

    def failing(self: Any, *args: Any, **named: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == at + 1:
            raise Interrupted
        return tell(self, *args, **named)

    monkeypatch.setattr(study, "tell", failing)
    with Store.open(tmp_path / "store.sqlite") as store:
        with pytest.raises(Interrupted):
            tune(SPACE, store=store, trials=12, batch=4, processes=1)
        tuning = tune(SPACE, store=store, trials=12, batch=4, processes=1)
    assert tried(tuning) == tried(expected)


def test_a_trial_without_all_parameters_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(self: SchedulerSpace, trial: Any) -> None:
        trial.suggest_categorical("scheduler", self.schedulers)
        raise Interrupted

    with Store.open(tmp_path / "store.sqlite") as store:
        with monkeypatch.context() as patch:
            patch.setattr(SchedulerSpace, "suggest", failing)
            with pytest.raises(Interrupted):
                tune(SPACE, store=store, trials=3, batch=4, processes=1)
        first = tune(SPACE, store=store, trials=1, batch=4, processes=1)
        assert first.best == first.baseline
        tuning = tune(SPACE, store=store, trials=3, batch=4, processes=1)
    assert [trial.error for trial in tuning.trials] == [
        "interrupted while its parameters were chosen",
        "",
        "",
    ]


def test_the_seed_and_the_statistic_count(expected: Tuning, tmp_path: Path) -> None:
    with Store.open(tmp_path / "store.sqlite") as store:
        other = tune(SPACE, store=store, trials=4, batch=4, seed=1, processes=1)
        assert [p for p, _ in tried(other)] != [p for p, _ in tried(expected)[:4]]
        middle = tune(
            SPACE, store=store, study="m", trials=4, batch=4, statistic="median", processes=1
        )
    losses = sorted(middle.trials[2].losses)
    assert middle.trials[2].value == pytest.approx((losses[1] + losses[2]) / 2)


@pytest.mark.parametrize(
    "changes",
    [
        {"seed": 1},
        {"batch": 5},
        {"statistic": "median"},
        {"space": replace(SPACE, budgets=(None, 3))},
        {"space": replace(SPACE, instances=INSTANCES[:2])},
        {"space": replace(SPACE, instances=(replace(INSTANCES[0], optimum=1), *INSTANCES[1:]))},
    ],
    ids=str,
)
def test_a_study_of_something_else_is_refused(tmp_path: Path, changes: dict[str, Any]) -> None:
    with Store.open(tmp_path / "store.sqlite") as store:
        tune(SPACE, store=store, trials=1, processes=1)
        arguments = {"space": SPACE, "batch": 8, **changes}
        with pytest.raises(OptionsError, match="study 'tune' is of another search"):
            tune(**arguments, store=store, trials=2, processes=1)


def test_a_study_by_other_code_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Store.open(tmp_path / "store.sqlite") as store:
        tune(SPACE, store=store, trials=1, processes=1)
        monkeypatch.setattr(tune_module, "code_of", lambda name: "0.0.1+other")
        with pytest.raises(OptionsError, match="study 'tune' is by other code"):
            tune(SPACE, store=store, trials=2, processes=1)


def test_a_setting_without_a_schedule_is_unusable_and_reported(tmp_path: Path) -> None:
    """Short scratch: only the one that works backwards finds a schedule of it."""
    short = Instance("short", random_problem(775, 60))
    space = SchedulerSpace((INSTANCES[0], short), schedulers=("backward", "list:critical-path"))
    with Store.open(tmp_path / "store.sqlite") as store:
        tuning = tune(space, store=store, trials=8, processes=1)
        unusable = [trial for trial in tuning.trials if trial.value is None]
        assert unusable and all("list:critical-path" in trial.arguments for trial in unusable)
        assert all(trial.error.startswith("none on short: ") for trial in unusable)
        assert tuning.best.arguments == ["--scheduler", "backward"]
        only = replace(space, schedulers=("list:critical-path",))
        with pytest.raises(OptionsError, match="no parameters give a schedule of every instance"):
            assert tune(only, store=store, study="only", trials=2, processes=1).best


def test_budgets_and_seeds_reach_the_scheduler(tmp_path: Path) -> None:
    space = SchedulerSpace(INSTANCES, schedulers=("random",), budgets=(1, 50), seed=5)
    with Store.open(tmp_path / "store.sqlite") as store:
        tuning = tune(space, store=store, trials=8, processes=1)
        assert {(row.budget, row.seed) for row in store.rows("tune")} == {(1, 5), (50, 5)}
    assert tuning.baseline.arguments == [
        "--scheduler",
        "random",
        "--seed",
        "5",
        "--budget",
        "random=1",
    ]
    assert tuning.best.params["budget"] == 50


def test_options_of_the_compiler(tmp_path: Path) -> None:
    kernel = Kernel(tmp_path / "squares.vk", KERNEL, (("n", 40),))
    space = CompileSpace((kernel,), levels=(1, 2))
    with Store.open(tmp_path / "store.sqlite") as store:
        tuning = tune(space, store=store, trials=12, processes=1)
        rows = store.rows("tune")
    assert tuning.baseline.arguments == ["-O1"] and tuning.baseline.value == 0.0
    assert any("--without" in trial.arguments for trial in tuning.trials)
    for trial in tuning.trials:
        (row,) = trial.rows
        assert row.options == " ".join(trial.arguments)
        assert trial.losses == [row.cycles / tuning.baseline.rows[0].cycles - 1]
    assert {row.status for row in rows} == {"feasible"}
    assert all(row.instance == "squares(n=40)" for row in rows)


@pytest.mark.parametrize(
    ("space", "message"),
    [
        (lambda: SchedulerSpace(()), "nothing to tune on"),
        (lambda: SchedulerSpace(INSTANCES[:1] * 2), "two instances are called r6"),
        (lambda: SchedulerSpace(INSTANCES, ("nonesuch",)), "no scheduler is called 'nonesuch'"),
        (lambda: SchedulerSpace(INSTANCES, ("list", "list")), "scheduler list is given twice"),
        (lambda: SchedulerSpace(INSTANCES, budgets=()), "no budget to choose from"),
        (lambda: CompileSpace(()), "nothing to tune on"),
    ],
)
def test_spaces_that_mean_nothing(space: Any, message: str) -> None:
    with pytest.raises(OptionsError, match=message):
        space()


def test_numbers_of_trials(tmp_path: Path) -> None:
    with Store.open(tmp_path / "store.sqlite") as store:
        with pytest.raises(OptionsError, match="0 trials in batches of 8: expected 1 or more"):
            tune(SPACE, store=store, trials=0)
