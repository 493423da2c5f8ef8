"""What a compilation can be told, in one place."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from isa.machine import DEFAULT_MACHINE, MachineSpec
from vliwc.diagnostics import UserError

LEVELS = range(4)


class OptionsError(UserError):
    """An option has a value that means nothing; the message names the option."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How to compile a kernel, apart from its text and its parameters.

    Two compilations with equal options, text and parameters give the same program: nothing here
    is measured in seconds.

    Raises `OptionsError` when a value lies outside its range.
    """

    level: int = 2
    """Optimisation level: 0 straight translation, 1 quick (all passes, one choice of
    strategies, few schedules), 2 all but search, 3 with search."""

    scheduler: str = "list"
    """Name of the scheduler; `vliwc.sched.registry` knows them and refuses others."""

    machine: MachineSpec = field(default=DEFAULT_MACHINE)
    """The machine to compile for."""

    seed: int = 0
    """Seed of every random choice; at least 0."""

    budget: int | None = None
    """Schedules to try while annealing at -O3; None: by the size of the kernel."""

    hint: Path | None = None
    """A program file whose search state to go on from."""

    verify: bool = False
    """Run the IR verifier after each pass."""

    without: tuple[str, ...] = ()
    """Names of passes to leave out; `vliwc.passes.pipeline` knows them and refuses others."""

    def __post_init__(self) -> None:
        if self.level not in LEVELS:
            raise OptionsError(
                f"optimisation level {self.level}: expected {LEVELS.start} to {LEVELS.stop - 1}"
            )
        if not self.scheduler:
            raise OptionsError("the scheduler's name is empty")
        if self.seed < 0:
            raise OptionsError(f"seed {self.seed}: expected 0 or more")
        if self.budget is not None and self.budget < 1:
            raise OptionsError(f"budget {self.budget}: expected 1 or more")
