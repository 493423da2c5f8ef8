"""`vliwc run`: a program on our simulator."""

from __future__ import annotations

from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, TypedDict, cast

import typer

from isa.endless import WatchedSimulator
from isa.program import DebugKey, Program, decode_key
from isa.provenance import source_text
from isa.trace import record
from vliwc.cli.common.arguments import Arrays, Json, MachineFile, ProgramFile, read_arrays
from vliwc.cli.common.errors import CommandError
from vliwc.cli.common.files import is_word, read_json, write_bytes, write_text
from vliwc.cli.common.output import print_fields, print_json
from vliwc.cli.kernels.convert import read_program

if TYPE_CHECKING:
    from isa.arrays import ArrayPlace, Words

FIRST: Final = 8
"""So many words of each result are printed."""
MAX_CYCLES: Final = 100_000_000
"""A program that runs longer most likely does not end."""


class _How(TypedDict):
    """How a program is run, for `WatchedSimulator` and `isa.trace.record` alike."""

    pause: bool
    debug: bool
    max_cycles: int | None
    reference: dict[DebugKey, int]


def run(
    program: ProgramFile,
    memory: Annotated[
        Path | None,
        typer.Option(
            "--memory",
            metavar="IMAGE",
            help="The initial memory: a JSON list of words, .npy, or .npz with arrays by name.",
            show_default=False,
        ),
    ] = None,
    random: Annotated[
        int | None,
        typer.Option(
            "--random",
            metavar="SEED",
            min=0,
            help="Random initial memory that keeps the promises of the kernel; for programs that "
            "hold their source, as `compile -o` writes them.",
        ),
    ] = None,
    arrays: Arrays = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            metavar="FILE",
            help="Where to write the final memory: .npy, .npz (arrays by name), or else JSON.",
        ),
    ] = None,
    trace: Annotated[
        Path | None,
        typer.Option(
            "--trace",
            metavar="FILE",
            help="Where to write a trace for ui.perfetto.dev or chrome://tracing; after a trap, "
            "the trace up to there.",
        ),
    ] = None,
    pause: Annotated[
        bool, typer.Option("--pause", help="Stop at the first pause instead of ignoring pauses.")
    ] = False,
    debug: Annotated[
        bool,
        typer.Option("--debug", help="Execute debug comparisons; wants --reference."),
    ] = False,
    reference: Annotated[
        Path | None,
        typer.Option(
            "--reference",
            metavar="FILE.json",
            help="Reference values for debug comparisons: a JSON object from key to word.",
        ),
    ] = None,
    max_cycles: Annotated[
        int,
        typer.Option("--max-cycles", min=0, metavar="N", help="Fail after N cycles."),
    ] = MAX_CYCLES,
    machine: MachineFile = None,
    as_json: Json = False,
) -> None:
    """Run a program on a memory image and print its cycles and its results.

    As in the take-home's tests, pauses and debug slots are ignored unless asked for. A program that
    comes to the same bundle again with nothing changed is refused as one that never ends.
    """
    from isa.arrays import array_places
    from isa.images import image_bytes

    if reference is not None and not debug:
        raise CommandError("--reference has a meaning only together with --debug")
    loaded = read_program(program, machine)
    places = array_places(loaded)
    given = read_arrays(arrays)
    image = _initial(loaded, program, memory, random, places, given)
    how: _How = {
        "pause": pause,
        "debug": debug,
        "max_cycles": max_cycles,
        "reference": {} if reference is None else read_reference(reference),
    }
    if trace is None:
        result = WatchedSimulator(loaded, image, **how).run()
    else:
        recorded = record(loaded, image, **how)
        # The way into a trap is what one wants to see of a program that traps.
        write_text(trace, recorded.to_json_text())
        if recorded.error is not None:
            raise recorded.error
        result = recorded.result
    report: dict[str, object] = {
        "cycles": result.cycles,
        "bundles": len(loaded.bundles),
        "status": result.status,
        "pc": result.pc,
        "trace_buffer": result.trace,
        "changed_words": sum(a != b for a, b in zip(image, result.memory, strict=True)),
    }
    if trace is not None:
        report["trace"] = str(trace)
    if out is not None:
        write_bytes(out, image_bytes(out, result.memory, places))
        report["out"] = str(out)
    shown = _results(places, image, result.memory)
    if as_json:
        print_json({**report, **({} if places is None else {"arrays": shown})})
        return
    if places is not None:
        del report["changed_words"]
    fields = {name.replace("_", " "): str(value) for name, value in report.items()}
    print_fields({**fields, **{name: _in_words(each) for name, each in shown.items()}})


class _Result(TypedDict):
    """An array after a run: its shape, how many words changed, and its first words."""

    shape: list[int]
    role: str
    changed: int
    first: list[int]


def _initial(
    program: Program,
    path: Path,
    memory: Path | None,
    seed: int | None,
    places: list[ArrayPlace] | None,
    given: dict[str, Words],
) -> list[int]:
    """The memory to start with: an image, random words, or arrays that are given alone."""
    from isa.arrays import write_arrays
    from isa.images import read_image

    if memory is not None and seed is not None:
        raise CommandError("--memory and --random both say what the memory holds; give one")
    if given and places is None:
        raise CommandError(f"--array: {path} does not name the arrays of its memory")
    image: list[int] = []
    if memory is not None:
        image = read_image(memory, places)
    elif seed is not None:
        image = _random(program, path, seed)
    else:
        missing = [p.name for p in places or () if p.is_input and p.name not in given]
        if places is None or missing:
            what = f" for {', '.join(missing)}" if missing else ""
            raise CommandError(f"no words{what}: give --memory, --random or --array")
    return image if places is None or not given else write_arrays(places, given, image)


def _random(program: Program, path: Path, seed: int) -> list[int]:
    """Random memory for the kernel whose source the program holds."""
    from vliwc.lang import bind, parse_kernel
    from vliwc.lang.images import random_memory

    source, params = source_text(program), program.meta.get("params")
    if source is None or not isinstance(params, dict):
        raise CommandError(
            f"{path} does not hold the source of its kernel: write an image with "
            "`vliwc image KERNEL.vk -D … --seed N -o IMAGE`, and give it as --memory"
        )
    name, text = source
    return random_memory(bind(parse_kernel(text, name), cast("dict[str, int]", params)), seed)


def _results(
    places: list[ArrayPlace] | None, before: list[int], after: list[int]
) -> dict[str, _Result]:
    """The arrays that are results, by name."""
    return {
        place.name: {
            "shape": list(place.shape),
            "role": place.role,
            "changed": sum(
                a != b
                for a, b in zip(
                    before[place.base : place.end], after[place.base : place.end], strict=True
                )
            ),
            "first": after[place.base : min(place.base + FIRST, place.end)],
        }
        for place in places or ()
        if place.is_output
    }


def _in_words(result: _Result) -> str:
    shape = "".join(f"[{length}]" for length in result["shape"])
    more = " …" if len(result["first"]) < prod(result["shape"]) else ""
    words = " ".join(map(str, result["first"]))
    return f"{words}{more}  (u32{shape}, {result['changed']} words changed)"


def read_reference(path: Path) -> dict[DebugKey, int]:
    """Reference values by debug key.

    Raises:
        CommandError: the file cannot be read, or is not an object of words.
    """
    data = read_json(path)
    if not isinstance(data, dict):
        raise CommandError(f"{path}: reference values are a JSON object from key to word")
    values: dict[DebugKey, int] = {}
    for key, word in cast("dict[str, object]", data).items():
        if not is_word(word):
            raise CommandError(f"{path}: the value of {key!r} is not from 0 to 2**32 - 1")
        values[decode_key(key)] = cast(int, word)
    return values
