"""What `vliwc tune` tunes on, from its arguments, and how to use what it finds."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from vliwc.cli.common.arguments import KERNELS, load_machine, parse_definitions
from vliwc.cli.common.errors import CommandError
from vliwc.cli.common.output import ProgressCallback
from vliwc.cli.experiments.compare_inputs import SUFFIX, load_instances
from vliwc.options import Options

if TYPE_CHECKING:
    from vliwc.lab.runs.tune import Trial, Tuning
    from vliwc.lab.runs.tune_spaces import CompileSpace, Kernel, SchedulerSpace


@dataclass(frozen=True)
class Inputs:
    """The arguments that say what to tune on, and what to choose from."""

    paths: Sequence[Path]
    suite: str | None
    definitions: Sequence[str]
    machine: Path | None
    schedulers: Sequence[str]
    budgets: Sequence[int]
    levels: Sequence[int]

    def scheduler_space(self, show: ProgressCallback) -> SchedulerSpace:
        """Schedulers on instances.

        Raises what :func:`vliwc.cli.experiments.compare_inputs.load_instances` raises, and
        :class:`vliwc.options.OptionsError` for choices that mean nothing.
        """
        from vliwc.lab.runs.tune_spaces import COMBINATIONS, SchedulerSpace

        if len(self.levels) > 1:
            raise CommandError("-O is given twice; several levels are for --search compile")
        level = self.levels[0] if self.levels else None
        instances = load_instances(
            self.paths, self.suite, self.definitions, level, self.machine, show
        )
        return SchedulerSpace(
            instances=tuple(instances),
            schedulers=tuple(self.schedulers) or (COMBINATIONS,),
            budgets=tuple(self.budgets) or (None,),
        )

    def compile_space(self, seeds: int, passes: bool) -> CompileSpace:
        """Options of the compiler on kernels.

        Raises `CommandError` if there are none or a file is something else, and
        :class:`vliwc.options.OptionsError` for choices that mean nothing.
        """
        from vliwc.lab.runs.tune_spaces import CompileSpace

        default = Options()
        return CompileSpace(
            kernels=tuple(self._kernels()),
            levels=tuple(self.levels) or (default.level,),
            schedulers=tuple(self.schedulers) or (default.scheduler,),
            seeds=tuple(range(seeds)),
            budgets=tuple(self.budgets) or (None,),
            passes=passes,
            options=Options(machine=load_machine(self.machine)),
        )

    def _kernels(self) -> list[Kernel]:
        from vliwc.lab.instances.kernels import suite_cases
        from vliwc.lab.runs.tune_spaces import Kernel

        params = parse_definitions(self.definitions)
        if not self.paths and self.suite is None:
            raise CommandError(
                "nothing to tune on: name KERNEL.vk files, or give --kernels small or --kernels all"
            )
        if params and not self.paths:
            raise CommandError(
                "-D binds parameters of KERNEL.vk arguments, of which there are none"
            )
        for path in self.paths:
            if path.suffix != SUFFIX:
                raise CommandError(f"{path}: --search compile takes KERNEL.vk files")
        cases = [] if self.suite is None else suite_cases(self.suite)
        return [
            *(Kernel.read(path, params) for path in self.paths),
            *(Kernel.read(KERNELS / f"{case.kernel}.vk", dict(case.params)) for case in cases),
        ]

    def commands(self, space: CompileSpace | SchedulerSpace, tuning: Tuning) -> list[str]:
        """How to use what a search of ``space`` found."""
        from vliwc.lab.runs.tune_spaces import CompileSpace

        if isinstance(space, CompileSpace):
            return self._compile_commands(space, tuning.best)
        return self._scheduler_commands(tuning.baseline, tuning.best)

    def _scheduler_commands(self, baseline: Trial, best: Trial) -> list[str]:
        """The command that shows the best setting beside the baseline."""
        arguments = [str(path) for path in self.paths]
        if self.suite is not None:
            arguments += ["--kernels", self.suite]
        for definition in self.definitions:
            arguments += ["-D", definition]
        arguments += [f"-O{level}" for level in self.levels] + self._machine()
        settings = baseline.arguments if baseline.number != best.number else []
        return [shlex.join(["vliwc", "compare", *arguments, *settings, *best.arguments])]

    def _compile_commands(self, space: CompileSpace, best: Trial) -> list[str]:
        """The commands that compile the kernels with the best setting."""
        options = [*best.arguments, *self._machine()]
        return [
            shlex.join(["vliwc", "compile", *kernel.arguments, *options])
            for kernel in space.kernels
        ]

    def _machine(self) -> list[str]:
        return [] if self.machine is None else ["--machine", str(self.machine)]
