"""Where each slot of a program comes from: a line of its source and a group of lanes.

A program may keep this in its meta data, ``meta["provenance"]``:

    {"source": "saxpy.vk", "text": "kernel saxpy…", "slots": ["7*2 9@0:y3*8 9@1", "- 12@0"]}

``text`` is the source itself (it may be left out, as in older files), so that a program can be
looked at and given random inputs without other files.
``slots`` has one text for each bundle. It lists the slots in their order, engine after engine, as
``LINE@GROUP:VALUE*COUNT``: ``COUNT`` slots in a row (left out: 1) come from line ``LINE`` of the
source, belong to lane group ``GROUP`` (left out: set-up that all groups share), and compute
``VALUE`` (left out: nothing with a name). ``-`` in place of a line: of no single line.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import chain, groupby
from typing import Final, NamedTuple, cast

from isa.errors import ProgramError
from isa.program import JSON, Program

KEY: Final = "provenance"
SHARED: Final = -1
"""The group of set-up that all groups share."""

_RUN: Final = re.compile(r"(?:(\d+)|-)(?:@(\d+))?(?::([!-)+-~]+))?(?:\*(\d+))?", re.ASCII)
_NO_NAME: Final = re.compile(r"[^!-)+-~]+")


class Place(NamedTuple):
    """Where a slot comes from: ``line`` from 1, None if of no single line; lane group ``group``;
    the name of the ``value`` that it computes, visible ASCII without stars, "" if it has none."""

    line: int | None
    group: int = SHARED
    value: str = ""


def value_name(text: str) -> str:
    """A text as the name of a value."""
    return _NO_NAME.sub("_", text)


def with_provenance(
    program: Program, source: str, places: Sequence[Mapping[str, Sequence[Place]]], text: str = ""
) -> Program:
    """The program with the place of each slot, given by bundle and engine, in its meta data.

    ``source`` names the file that the lines are of, ``text`` is what stands in it.

    Raises:
        ProgramError: there is not one place for each slot.
    """
    _require_fit(program, [{e: len(of) for e, of in each.items()} for each in places])
    ordered = zip(program.bundles, places, strict=True)
    runs: list[JSON] = [
        _text(list(chain.from_iterable(found[engine] for engine in bundle)))
        for bundle, found in ordered
    ]
    data: dict[str, JSON] = {"source": source, **({"text": text} if text else {}), "slots": runs}
    return replace(program, meta={**program.meta, KEY: data})


def source_text(program: Program) -> tuple[str, str] | None:
    """The name and the text of the program's source; None if the program does not hold it."""
    data = program.meta.get(KEY)
    if not isinstance(data, dict):
        return None
    name, text = data.get("source"), data.get("text")
    return (name, text) if isinstance(name, str) and isinstance(text, str) else None


def without_provenance(program: Program) -> Program:
    """The program without the places of its slots."""
    if KEY not in program.meta:
        return program
    meta = {key: value for key, value in program.meta.items() if key != KEY}
    return replace(program, meta=meta)


def slot_places(program: Program) -> list[dict[str, list[Place]]] | None:
    """The place of each slot by bundle and engine; None if the program does not say.

    Raises:
        ProgramError: the meta data has another form, or does not fit the bundles.
    """
    if KEY not in program.meta:
        return None
    data = program.meta[KEY]
    texts = data.get("slots") if isinstance(data, dict) else None
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        raise ProgramError(f'meta["{KEY}"] needs "slots", a list with a text for each bundle')
    if len(texts) != len(program.bundles):
        raise ProgramError(
            f'meta["{KEY}"] is of {len(texts)} bundles, but the program has {len(program.bundles)}'
        )
    found: list[dict[str, list[Place]]] = []
    for index, (bundle, text) in enumerate(zip(program.bundles, texts, strict=True)):
        places = _places(cast(str, text), index, sum(map(len, bundle.values())))
        rest = iter(places)
        found.append({e: [next(rest) for _ in slots] for e, slots in bundle.items()})
    return found


def _text(places: list[Place]) -> str:
    runs: list[str] = []
    for place, same in groupby(places):
        count = len(list(same))
        line = "-" if place.line is None else str(place.line)
        group = "" if place.group == SHARED else f"@{place.group}"
        value = f":{place.value}" if place.value else ""
        runs.append(f"{line}{group}{value}" + (f"*{count}" if count > 1 else ""))
    return " ".join(runs)


def _places(text: str, index: int, slots: int) -> list[Place]:
    found: list[Place] = []
    for run in text.split():
        match = _RUN.fullmatch(run)
        count = 0 if match is None else int(match[4] or 1)
        if match is None or not 1 <= count <= slots - len(found):
            raise ProgramError(
                f'meta["{KEY}"], bundle {index}: {run!r} is no LINE@GROUP:VALUE*COUNT of its '
                f"{slots} slots",
                bundle=index,
            )
        line = None if match[1] is None else int(match[1])
        group = SHARED if match[2] is None else int(match[2])
        found += [Place(line, group, match[3] or "")] * count
    if len(found) != slots:
        raise ProgramError(
            f'meta["{KEY}"], bundle {index}: {len(found)} places for {slots} slots', bundle=index
        )
    return found


def _require_fit(program: Program, counts: list[dict[str, int]]) -> None:
    slots = [{e: len(of) for e, of in bundle.items()} for bundle in program.bundles]
    if slots != counts:
        raise ProgramError("the places of slots do not fit the program's bundles")
