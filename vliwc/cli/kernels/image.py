"""`vliwc image`: inputs of a kernel as a memory image."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from vliwc.cli.common.arguments import (
    Arrays,
    Definitions,
    Json,
    KernelFile,
    parse_definitions,
    read_arrays,
)
from vliwc.cli.common.files import write_bytes
from vliwc.cli.common.output import print_fields, print_json


def image(
    kernel: KernelFile,
    output: Annotated[
        Path,
        typer.Option(
            "-o",
            "--output",
            metavar="IMAGE",
            help="Where to write: .npy, .npz (arrays by name), or else a JSON list of words.",
        ),
    ],
    definitions: Definitions = None,
    seed: Annotated[
        int, typer.Option("--seed", min=0, metavar="N", help="The random input to write.")
    ] = 0,
    arrays: Arrays = None,
    as_json: Json = False,
) -> None:
    """Write a random memory image that keeps the kernel's promises, with arrays of yours in it.

    It is input N of `vliwc check --seed N`, and what `vliwc run --memory` takes.
    """
    from isa.arrays import ArrayPlace, write_arrays
    from isa.images import image_bytes
    from vliwc.lang import load_kernel
    from vliwc.lang.interpret import at_run_time, random_memory

    bound = load_kernel(kernel, parse_definitions(definitions))
    image = random_memory(bound, seed)
    bound = at_run_time(bound, image)
    places = [
        ArrayPlace(each.name, each.base, each.dimensions, each.role.value)
        for each in bound.arrays.values()
    ]
    words = write_arrays(places, read_arrays(arrays), image)
    write_bytes(output, image_bytes(output, words, places))
    if as_json:
        shown = [place.to_json() for place in places]
        print_json({"output": str(output), "words": len(words), "seed": seed, "arrays": shown})
        return
    print_fields(
        {
            "image": f"{len(words)} words, seed {seed}",
            **{
                place.name: f"{place.role} u32{''.join(f'[{n}]' for n in place.shape)} "
                f"at {place.base}"
                for place in places
            },
            "written": str(output),
        }
    )
