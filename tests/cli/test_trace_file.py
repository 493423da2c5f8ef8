"""The trace of a compiled kernel, by the rules of the format and of viewers.

Perfetto's trace processor is a program that its Python package downloads when it is first used; it
is in no package registry.  So what it would refuse, drop or misdraw is looked for here: events
without what their kind needs, tracks without a name or with one that another has, slices of a track
that overlap, times that run backwards within a counter.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import pytest

from isa.files import load_program
from tests.cli.conftest import Called

NEEDED = {
    "X": {"name": str, "cat": str, "ts": int, "dur": int, "pid": int, "tid": int, "args": dict},
    "C": {"name": str, "ts": int, "pid": int, "args": dict},
    "M": {"name": str, "pid": int, "tid": int, "args": dict},
}
"""What events of each kind have, and of which type; more is not read by anybody."""


@pytest.fixture(scope="module")
def traced(kernels: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Any]:
    """A program file, and the trace of a run."""
    folder = tmp_path_factory.mktemp("trace")
    program, trace = folder / "program.json", folder / "trace.json"
    sizes = ("-D", "batch=32", "-D", "words=2", "-O", 1)
    Called("compile", kernels / "fnv_rows.vk", *sizes, "-o", program).succeeded()
    Called("run", program, "--random", 1, "--trace", trace).succeeded()
    return program, json.loads(trace.read_text(encoding="utf-8"))


def test_every_event_has_what_its_kind_needs(traced: tuple[Path, Any]) -> None:
    _, data = traced
    assert data["displayTimeUnit"] in ("ms", "ns")
    assert {event["ph"] for event in data["traceEvents"]} == set(NEEDED)
    for event in data["traceEvents"]:
        needed = NEEDED[event["ph"]]
        assert event.keys() - {"ph"} == needed.keys(), event
        for name, kind in needed.items():
            assert type(event[name]) is kind, (name, event)
        assert event.get("ts", 0) >= 0 and event.get("dur", 1) > 0
        if event["ph"] == "C":  # the values of a counter are numbers
            assert all(type(value) is int for value in event["args"].values())


def test_tracks_have_names_of_their_own(traced: tuple[Path, Any]) -> None:
    _, data = traced
    named: dict[str, dict[int, Any]] = defaultdict(dict)
    for event in data["traceEvents"]:
        if event["ph"] == "M":
            assert event["tid"] not in named[event["name"]], "said once"
            named[event["name"]][event["tid"]] = next(iter(event["args"].values()))
    assert set(named) == {"process_name", "thread_name", "thread_sort_index"}
    tracks = named["thread_name"]
    assert len(set(tracks.values())) == len(tracks)
    assert named["thread_sort_index"].keys() == tracks.keys()
    used = {event["tid"] for event in data["traceEvents"] if event["ph"] == "X"}
    assert used == tracks.keys(), "no event without a named track, and no empty one"
    assert 0 not in tracks, "viewers take thread 0 for the idle one"


def test_slices_of_a_track_do_not_overlap(traced: tuple[Path, Any]) -> None:
    _, data = traced
    ends: dict[int, int] = defaultdict(int)
    for event in data["traceEvents"]:
        if event["ph"] == "X":
            assert event["ts"] >= ends[event["tid"]], event
            ends[event["tid"]] = event["ts"] + event["dur"]


def test_the_counter_goes_forward_and_ends_at_nothing(traced: tuple[Path, Any]) -> None:
    program, data = traced
    points = [
        (event["ts"], event["args"]["words"]) for event in data["traceEvents"] if event["ph"] == "C"
    ]
    times = [time for time, _ in points]
    assert times == sorted(set(times))
    words = load_program(program).machine.scratch_words
    assert 0 < max(held for _, held in points) <= words and points[-1][1] == 0


def test_every_slot_is_there_with_its_place(traced: tuple[Path, Any]) -> None:
    path, data = traced
    program = load_program(path)
    slices = [event for event in data["traceEvents"] if event["ph"] == "X"]
    executed = Counter(
        engine for b in program.bundles for engine, slots in b.items() for _ in slots
    )
    assert Counter(event["cat"] for event in slices) == executed
    assert max(event["ts"] for event in slices) == len(program.bundles) - 1
    lines = {event["args"]["line"] for event in slices if "line" in event["args"]}
    assert len(lines) >= 4
    assert {event["args"]["group"] for event in slices} == {"set-up", 0, 1, 2, 3}
    assert all("source" in event["args"] for event in slices if "line" in event["args"])
