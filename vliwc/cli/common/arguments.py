"""Arguments that several commands share, and their translation into options."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from isa.load import LoadError, cut, parse_integer, shown
from isa.machine import DEFAULT_MACHINE, MachineSpec
from vliwc.cli.common.errors import CommandError
from vliwc.options import Options
from vliwc.shipped import folder

if TYPE_CHECKING:
    from isa.arrays import Words

KERNELS: Final = folder("kernels")
"""The kernels that come with vliwc."""
_DEFAULTS: Final = Options()
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")

KernelFile = Annotated[
    Path, typer.Argument(metavar="KERNEL.vk", help="The kernel's source.", show_default=False)
]
ProgramFile = Annotated[
    Path,
    typer.Argument(
        metavar="PROGRAM",
        help="A program as our JSON, the take-home's list of bundles, or assembly text; "
        "the format is recognised by content.",
        show_default=False,
    ),
]
Definitions = Annotated[
    list[str] | None,
    typer.Option(
        "-D", metavar="NAME=INT", help="Bind a parameter of the kernel; repeat for each of them."
    ),
]
Level = Annotated[
    int,
    typer.Option(
        "-O",
        metavar="LEVEL",
        help="0 straight translation; 1 quick: all passes, one choice of strategies, few "
        "schedules; 2 everything without search; 3 with search.",
    ),
]
Scheduler = Annotated[
    str, typer.Option("--scheduler", metavar="NAME", help="Which scheduler to use.")
]
MachineFile = Annotated[
    Path | None,
    typer.Option(
        "--machine",
        metavar="FILE.toml",
        help="The machine's description; without it, the machine of the take-home.",
    ),
]
Seed = Annotated[int, typer.Option("--seed", metavar="N", help="Seed of every random choice.")]
Budget = Annotated[
    int | None,
    typer.Option(
        "--budget",
        metavar="N",
        help="-O3: how many schedules to try while annealing; by default as many as the kernel's "
        "size allows in a few minutes. The result does not depend on the clock.",
    ),
]
Hint = Annotated[
    Path | None,
    typer.Option(
        "--hint",
        metavar="FILE",
        help="Go on from the search state in a program that compile -o has written, for the same "
        "kernel, parameters, machine, level and seed.",
    ),
]
MaxOperations = Annotated[
    int,
    typer.Option(
        "--max-operations",
        metavar="N",
        help="Refuse a kernel that would take more machine operations than this, or more than a "
        "tenth of it for the top level and one lane of each parallel loop. Both are estimated "
        "before anything is compiled.",
    ),
]
MaxBundles = Annotated[
    int,
    typer.Option(
        "--max-bundles",
        metavar="N",
        help="A parallel loop that would take more bundles than this, all its lanes one after the "
        "other, becomes a machine loop; so does one that would take long to compile.",
    ),
]
Verify = Annotated[
    bool, typer.Option("--verify", help="Verify the intermediate form after each pass.")
]
Cache = Annotated[
    bool,
    typer.Option(
        "--cache/--no-cache",
        envvar="VLIWC_CACHE",
        help="Take what was compiled before, by the same code from the same text, sizes and "
        "options, from the user's cache folder (or $VLIWC_CACHE_DIR), and keep what is new there.",
    ),
]
Without = Annotated[
    list[str] | None,
    typer.Option(
        "--without",
        metavar="PASS",
        help="Leave out a pass of the optimisation level, all its runs, or a strategy of the back "
        "end (select, bits, packed, records, windows, neighbours, chunks, rows, edges); "
        "repeatable. The program stays correct.",
    ),
]
Arrays = Annotated[
    list[str] | None,
    typer.Option(
        "--array",
        metavar="NAME=FILE",
        help="The words of an array, from a .npy file in its shape or a JSON list; repeatable.",
    ),
]
Guard = Annotated[
    bool,
    typer.Option(
        "--guard",
        help="Test at run time what the kernel assumes about its input; where that does not hold, "
        "the program goes on with a version compiled without.",
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON on standard output.")]
Output = Annotated[
    Path | None,
    typer.Option(
        "-o",
        "--output",
        metavar="FILE",
        help="Where to write; - is standard output. An existing file is replaced at once or, "
        "after an error, left as it was.",
    ),
]

DEFAULT_LEVEL: Final = _DEFAULTS.level
DEFAULT_SCHEDULER: Final = _DEFAULTS.scheduler
DEFAULT_MAX_BUNDLES: Final = _DEFAULTS.max_bundles
DEFAULT_MAX_OPERATIONS: Final = _DEFAULTS.max_operations
DEFAULT_SEED: Final = _DEFAULTS.seed


def parse_definitions(definitions: Sequence[str] | None) -> dict[str, int]:
    """Parameters from ``NAME=INT`` texts; integers may be written as in Python (0x10, 1_000).

    Raises:
        CommandError: a text of another form, or a name given twice.
    """
    bound: dict[str, int] = {}
    for text in definitions or ():
        name, equals, value = text.partition("=")
        if not equals or not _NAME.fullmatch(name):
            raise CommandError(f"-D {cut(text)}: expected NAME=INT, such as -D batch_size=256")
        if name in bound:
            raise CommandError(f"-D {cut(text)}: {name} is already given as {shown(bound[name])}")
        try:
            bound[name] = parse_integer(value)
        except LoadError as error:
            raise CommandError(f"-D {cut(text)}: {error}") from None
    return bound


def read_arrays(arrays: Sequence[str] | None) -> dict[str, Words]:
    """Arrays by name from ``NAME=FILE`` texts.

    Raises:
        CommandError: a text of another form, or a name given twice.
        isa.errors.MemoryImageError: a file holds no words.
    """
    from isa.images import read_words  # NumPy loads slowly: only where it is needed

    given: dict[str, Words] = {}
    for text in arrays or ():
        name, equals, file = text.partition("=")
        if not equals or not _NAME.fullmatch(name) or not file:
            raise CommandError(f"--array {cut(text)}: expected NAME=FILE, such as x=x.npy")
        if name in given:
            raise CommandError(f"--array {cut(text)}: {name} is given twice")
        given[name] = read_words(file)
    return given


def load_machine(path: Path | None) -> MachineSpec:
    """The machine a file describes, or the default one. Raises `isa.errors.MachineError`."""
    return DEFAULT_MACHINE if path is None else MachineSpec.from_toml(path)


def make_options(
    *,
    level: int,
    scheduler: str,
    machine: Path | None,
    seed: int,
    verify: bool = False,
    budget: int | None = None,
    hint: Path | None = None,
    without: Sequence[str] | None = None,
    max_operations: int = DEFAULT_MAX_OPERATIONS,
    max_bundles: int = DEFAULT_MAX_BUNDLES,
    guard: bool = False,
) -> Options:
    """The options that the arguments stand for.

    Raises:
        vliwc.options.OptionsError: a value out of range.
        isa.errors.MachineError: the machine file is not usable.
    """
    return Options(
        level=level,
        scheduler=scheduler,
        machine=load_machine(machine),
        seed=seed,
        verify=verify,
        budget=budget,
        hint=hint,
        without=tuple(without or ()),
        max_operations=max_operations,
        max_bundles=max_bundles,
        guard=guard,
    )
