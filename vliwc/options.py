"""What a compilation can be told, in one place."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from pathlib import Path

from isa.load import shown
from isa.machine import DEFAULT_MACHINE, MachineSpec
from vliwc.diagnostics import UserError

LEVELS = range(4)

MAX_SEED = 2**31 - 1
MAX_BUDGET = 2**31 - 1
"""What the solvers' and the compiled code's 32-bit integers hold."""

UNROLLED_SHARE = 10
"""One in so many of the operations that a kernel may take may be code of the top level or of one
lane: operations that groups repeat cost less to compile."""


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
    """Seed of every random choice; from 0 to 2**31 - 1."""

    budget: int | None = None
    """Schedules to try while annealing at -O3; None: by the size of the kernel."""

    hint: Path | None = None
    """A program file whose search state to go on from."""

    verify: bool = False
    """Run the IR verifier after each pass."""

    max_operations: int = 500_000
    """Machine operations that a kernel may take, as estimated before it is compiled; at most a
    tenth of them (`max_unrolled`) for the top level and one lane of each parallel loop together.
    Each costs about a tenth of a millisecond, those of one lane up to a millisecond."""

    max_bundles: int = 20_000
    """Bundles that a program may have, as estimated: a parallel loop that would take more, all its
    groups one after the other, becomes a machine loop."""

    guard: bool = False
    """Test at run time what the kernel assumes about its input; a version without those
    assumptions stands behind the other one in the program."""

    without: tuple[str, ...] = ()
    """Names of passes and strategies to leave out; `vliwc.passes.pipeline` and
    `vliwc.isel.program` know them, others are refused."""

    def __post_init__(self) -> None:
        if self.level not in LEVELS:
            raise OptionsError(
                f"optimisation level {self.level}: expected {LEVELS.start} to {LEVELS.stop - 1}"
            )
        if not self.scheduler:
            raise OptionsError("the scheduler's name is empty")
        if not 0 <= self.seed <= MAX_SEED:
            raise OptionsError(f"seed {shown(self.seed)}: expected 0 to {MAX_SEED}")
        if self.max_operations < UNROLLED_SHARE:
            raise OptionsError(
                f"max-operations {self.max_operations}: expected {UNROLLED_SHARE} or more"
            )
        if self.max_bundles < 1:
            raise OptionsError(f"max-bundles {self.max_bundles}: expected 1 or more")
        if self.budget is not None and not 1 <= self.budget <= MAX_BUDGET:
            raise OptionsError(f"budget {shown(self.budget)}: expected 1 to {MAX_BUDGET}")

    @property
    def max_unrolled(self) -> int:
        """Operations that the top level and one lane of each parallel loop may unroll to."""
        return self.max_operations // UNROLLED_SHARE


class Relief(IntEnum):
    """What is done where a kernel's words do not fit into scratch: nothing; operations make their
    constants and table words for themselves; results wait in memory as well."""

    NONE = 0
    UNSHARED = 1
    SPILLED = 2
