"""Exceptions: whose mistake each one is, and what a command makes of it."""

from __future__ import annotations

import importlib
import inspect
from pathlib import Path

import pytest
import typer

from isa.errors import IsaError, MachineError
from vliwc.cli.common.errors import EXIT_ERROR, EXIT_INTERNAL, guarded
from vliwc.diagnostics import Diagnostic, InternalError, KernelError, UserError
from vliwc.options import OptionsError
from vliwc.sched.problem.renewable import ProblemError

REPOSITORY = Path(__file__).resolve().parents[2]

SIGNALS = {
    "ConstantError": "has no place yet; the checker makes a KernelError of it",
    "CyclicProblem": "the readers of problems make a ProblemError of it",
    "Infeasible": "an answer of a scheduler",
    "IrTrap": "an answer of the interpreter",
    "NoRoom": "the stages make a KernelError of it",
    "OutOfScratch": "an answer of a scheduler",
    "ScheduleError": "a scheduler at fault, which may be anybody's",
    "TooManyRows": "the kernel bound does without that model",
    "UnknownValue": "an answer of the evaluator",
    "TooDeep": "the parser makes a KernelError of it",
    "Unusable": "an answer of a trial of the tuner",
    "_Broken": "an answer of a job",
}
"""Exceptions that are caught before they reach a user, or are no mistake of the user's."""


def exceptions() -> dict[str, type[BaseException]]:
    """Every exception class that `vliwc` defines."""
    found: dict[str, type[BaseException]] = {}
    for path in sorted((REPOSITORY / "vliwc").rglob("*.py")):
        if path.stem == "__main__":  # running the command is all it does
            continue
        name = ".".join(path.relative_to(REPOSITORY).with_suffix("").parts)
        module = importlib.import_module(name.removesuffix(".__init__"))
        for _, each in inspect.getmembers(module, inspect.isclass):
            if issubclass(each, BaseException) and each.__module__ == module.__name__:
                found[each.__name__] = each
    return found


def test_every_exception_says_whose_mistake_it_is() -> None:
    undecided = {
        name
        for name, each in exceptions().items()
        if not issubclass(each, UserError | InternalError)
    }
    assert undecided == set(SIGNALS)


@pytest.mark.parametrize(
    "error, message",
    [
        (OptionsError("seed -1: expected 0 or more"), "error: seed -1: expected 0 or more"),
        (ProblemError("no such problem"), "error: no such problem"),
        (MachineError("vlen is 0"), "error: vlen is 0"),
        (KernelError([Diagnostic("E0001", "cannot read x")]), "error[E0001]: cannot read x"),
        (type("Newcomer", (UserError,), {})("mistake"), "error: mistake"),
    ],
    ids=lambda case: type(case).__name__,
)
def test_commands_report_the_mistakes_of_the_user(
    error: UserError | IsaError, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    @guarded
    def command() -> None:
        raise error

    with pytest.raises(typer.Exit) as ended:
        command()
    assert ended.value.exit_code == EXIT_ERROR
    assert capsys.readouterr().err == f"{message}\n"


def test_commands_report_anything_else_as_a_bug(capsys: pytest.CaptureFixture[str]) -> None:
    @guarded
    def command() -> None:
        raise ValueError("unexpected")

    with pytest.raises(typer.Exit) as ended:
        command()
    assert ended.value.exit_code == EXIT_INTERNAL
    assert "internal error: ValueError: unexpected" in capsys.readouterr().err
