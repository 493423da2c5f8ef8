"""What would help most: the kernel compiled anew for other machines, and without single passes or
strategies.

Nothing is estimated: each row is a compilation of its own, under the same seed and level.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from isa.errors import MachineError
from isa.load import LoadError, parse_integer, shown
from isa.machine import MachineSpec
from isa.program import JSON
from vliwc.clock import Progress, quiet
from vliwc.diagnostics import KernelError
from vliwc.driver import ENGINES, Compilation
from vliwc.ir.text import print_function
from vliwc.isel.memory.side_by_side import ADJACENT
from vliwc.isel.program import STRATEGIES
from vliwc.mir.operation import InGroup
from vliwc.options import Options, OptionsError
from vliwc.passes.pipeline import passes_for

_SIZES: Final = {"scratch": "scratch_words", "vlen": "vlen"}
_SHOWN_AS: Final = {
    "select": "select",
    "bit select": "bits",
    "bit sum": "bits",
    "packed": "packed",
    "window": "windows",
    "row": "neighbours",
    "record": "records",
    "moved record": "moves",
    "region": "chunks",
    "from address": "sums",
}
"""The strategy that a read by this name belongs to."""

Compile = Callable[[Options], Compilation]


@dataclass(frozen=True)
class Change:
    """Something to change, and the options that do so."""

    name: str
    options: Options


@dataclass(frozen=True)
class Answer:
    """What a change gives: cycles and bounds, and how many cycles more than before; ``error``: why
    there is no program (then the numbers are 0)."""

    name: str
    cycles: int = 0
    more: int = 0
    lower_bound: int = 0
    kernel_bound: int = 0
    error: str = ""

    def to_json(self) -> dict[str, JSON]:
        """JSON data."""
        return {
            "change": self.name,
            "cycles": self.cycles,
            "more": self.more,
            "lower_bound": self.lower_bound,
            "kernel_bound": self.kernel_bound,
            "error": self.error,
        }


def parse_change(text: str, options: Options) -> Change:
    """The change that ``load=3``, ``scratch=2048,flow=2`` or ``without=gvn`` asks for.

    Raises:
        vliwc.options.OptionsError: there is nothing of that name, or it cannot have that value.
    """
    machine, without = options.machine, list(options.without)
    for part in text.split(","):
        key, equals, value = part.strip().partition("=")
        if not equals or (key not in _SIZES and key not in ENGINES and key != "without"):
            known = ", ".join((*ENGINES, *_SIZES))
            raise OptionsError(
                f"{shown(part)} is no change: expected NAME=NUMBER with one of {known}, or "
                "without=NAME with a pass or strategy"
            )
        if key == "without":
            passes_for(options.level, [value], STRATEGIES if options.level else ())
            without.append(value)
            continue
        try:
            number = parse_integer(value)
            machine = _machine(machine, key, number)
        except (LoadError, MachineError) as error:
            raise OptionsError(f"{shown(part)}: {error}") from None
    name = machine.name if machine == options.machine else f"{options.machine.name}, {text}"
    machine = replace(machine, name=name)
    return Change(text, replace(options, machine=machine, without=tuple(without)))


def _machine(machine: MachineSpec, key: str, number: int) -> MachineSpec:
    if key == "scratch":
        return replace(machine, scratch_words=number)
    if key == "vlen":
        return replace(machine, vlen=number)
    return replace(machine, slots={**machine.slots, key: number})


def usual_changes(base: Compilation, options: Options) -> list[Change]:
    """One more slot on each engine that is used, twice the scratch and half of it, and each pass
    and strategy left out that has changed or done something in ``base`` (stages kept)."""
    machine = options.machine
    texts = [f"{engine}={machine.slots[engine] + 1}" for engine in ENGINES if base.ops[engine]]
    texts.append(f"scratch={2 * machine.scratch_words}")
    if machine.scratch_words // 2 >= machine.vlen:
        texts.append(f"scratch={machine.scratch_words // 2}")
    texts += [f"without={name}" for name in _at_work(base) if name not in options.without]
    return [parse_change(text, options) for text in texts]


def _at_work(base: Compilation) -> list[str]:
    """Passes that changed the function at least once, strategies that some group follows."""
    texts = [(name, print_function(function)) for name, function in base.stages]
    passes = [
        name
        for (_, before), (name, after) in zip(texts, texts[1:], strict=False)
        if before != after
    ]
    reads = {
        read.name
        for plans in base.generated.assignment
        for plan in plans
        for read in plan.reads.values()
    }
    rows = any(plan.rows for plans in base.generated.assignment for plan in plans)
    found = [*passes, *(_SHOWN_AS[name] for name in sorted(reads) if name in _SHOWN_AS)]
    templates = base.generated.dag.groups
    adjacent = any(isinstance(op.into, InGroup) for each in templates for op in each.ops)
    others = {"rows": rows, ADJACENT: adjacent}
    return list(dict.fromkeys([*found, *(name for name, used in others.items() if used)]))


def what_if(
    base: Compilation,
    changes: Sequence[Change],
    compile_under: Compile,
    progress: Progress = quiet,
) -> list[Answer]:
    """The answers, those with the fewest cycles first; equal ones by their bounds, then by name."""
    found: list[Answer] = []
    for number, change in enumerate(changes):
        progress(f"{change.name} ({number + 1} of {len(changes)})", number / len(changes))
        try:
            made = compile_under(change.options)
        except KernelError as error:
            found.append(Answer(change.name, error=error.diagnostics[0].message))
            continue
        found.append(
            Answer(
                change.name,
                made.cycles,
                made.cycles - base.cycles,
                made.lower_bound,
                made.kernel_bound,
            )
        )
    return sorted(
        found,
        key=lambda each: (bool(each.error), each.cycles, each.lower_bound, each.name),
    )
