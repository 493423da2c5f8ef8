"""Traces: tracks, events, names and values, and what a trap leaves behind."""

from __future__ import annotations

import json
from typing import Any

import pytest

from isa.errors import ProgramError
from isa.program import Bundle, Program
from isa.provenance import Place, with_provenance
from isa.simulator import run
from isa.trace import Trace, record, scratch_names

BUNDLES: tuple[Bundle, ...] = (
    {"load": [("const", 1, 3), ("vload", 8, 0)]},
    {"debug": [("comment", "x")]},
    {"alu": [("+", 2, 1, 1), ("+", 1, 1, 8)], "flow": [("add_imm", 3, 1, 5)]},
    {"store": [("vstore", 1, 8)]},
)
MEMORY = list(range(4, 44))


def events(trace: Trace) -> list[dict[str, Any]]:
    data: dict[str, Any] = json.loads(trace.to_json_text())
    assert data == trace.to_json()
    return [event for event in data["traceEvents"] if event["ph"] not in "MC"]


def test_events_of_a_run() -> None:
    trace = record(Program(BUNDLES), MEMORY, names={1: "x", 8: "data"})
    assert trace.error is None
    assert trace.result == run(Program(BUNDLES), MEMORY)
    found = events(trace)
    assert [(event["name"], event["ts"], event["dur"]) for event in found] == [
        ("const", 0, 1),
        ("vload", 0, 1),
        ("+", 1, 1),
        ("+", 1, 1),
        ("add_imm", 1, 1),
        ("vstore", 2, 1),
    ]
    assert found[1]["args"] == {
        "slot": "vload 8 0",
        "d": "data (v8) = [4, 5, 6, 7, 8, 9, 10, 11]",
        "a": "r0 = 0",
        "memory address": 0,
        "bundle": 0,
    }
    assert found[3]["args"] == {
        "slot": "+ 1 1 8",
        "d": "x (r1) = 7",
        "a": "x (r1) = 3",
        "b": "data (r8) = 4",
        "bundle": 2,
    }
    assert found[4]["args"]["imm"] == 5
    assert found[5]["args"]["memory address"] == 7


def test_there_is_a_track_per_slot_that_is_used() -> None:
    trace = record(Program(BUNDLES), MEMORY)
    tracks = {
        event["tid"]: event["args"]["name"]
        for event in json.loads(trace.to_json_text())["traceEvents"]
        if event["name"] == "thread_name"
    }
    assert list(tracks.values()) == ["alu 0", "alu 1", "load 0", "load 1", "store 0", "flow 0"]
    used = [(tracks[event["tid"]], event["name"]) for event in events(trace)]
    assert used[:4] == [("load 0", "const"), ("load 1", "vload"), ("alu 0", "+"), ("alu 1", "+")]


def test_debug_slots_are_instants_where_they_execute() -> None:
    found = events(record(Program(BUNDLES), MEMORY, debug=True))
    (debug,) = (event for event in found if event["cat"] == "debug")
    assert (debug["ph"], debug["ts"], debug["args"]["text"]) == ("i", 1, "x")
    assert "dur" not in debug


def test_a_trap_ends_the_trace_and_is_reported() -> None:
    bad: Bundle = {"load": [("load", 1, 8), ("load", 2, 30)]}
    program = Program((*BUNDLES, {"load": [("const", 30, 1000)]}, bad, {"alu": []}))
    trace = record(program, MEMORY)
    assert trace.error is not None
    assert (trace.error.pc, trace.error.engine, trace.error.slot) == (5, "load", 1)
    assert events(trace)[-1]["name"] == "const"
    assert trace.result.cycles == 4


def test_limits_and_pauses() -> None:
    program = Program(({"flow": [("pause",)]}, {"flow": [("jump", 1)]}))
    assert record(program, [], pause=True).result.status == "paused"
    trace = record(program, [], max_cycles=10)
    assert len(events(trace)) == 10
    assert trace.error is not None and "more than 10 cycles" in str(trace.error)


def test_names_come_from_the_program() -> None:
    program = Program(BUNDLES, meta={"names": {"1": "x"}, "name": "demo"})
    assert scratch_names(program) == {1: "x"}
    trace = record(program, MEMORY)
    assert events(trace)[0]["args"]["d"] == "x (r1) = 3"
    assert trace.events[0]["args"] == {"name": "demo"}


@pytest.mark.parametrize("names", [["x"], {"x": "y"}, {"1": 2}, None])
def test_names_of_the_wrong_form(names: Any) -> None:
    with pytest.raises(ProgramError, match="must map scratch addresses to names"):
        record(Program(BUNDLES, meta={"names": names}), MEMORY)


def test_events_say_where_their_slots_come_from() -> None:
    places = [
        {"load": [Place(2, 0, "x"), Place(None)]},
        {"debug": [Place(None)]},
        {"alu": [Place(1, 3, "y"), Place(9, 3)], "flow": [Place(None)]},
        {"store": [Place(1)]},
    ]
    program = with_provenance(Program(BUNDLES), "k.vk", places, "  y = x;\nx = 3;")
    found = [event["args"] for event in events(record(program, MEMORY))]
    keys = ("group", "value", "line", "source")
    assert [{key: each[key] for key in keys if key in each} for each in found] == [
        {"group": 0, "value": "x", "line": 2, "source": "x = 3;"},
        {"group": "set-up"},
        {"group": 3, "value": "y", "line": 1, "source": "y = x;"},
        {"group": 3, "line": 9},
        {"group": "set-up"},
        {"group": "set-up", "line": 1, "source": "y = x;"},
    ]


def counter(trace: Trace) -> list[tuple[int, int]]:
    return [
        (event["ts"], event["args"]["words"])
        for event in json.loads(trace.to_json_text())["traceEvents"]
        if event["ph"] == "C"
    ]


def test_live_words_are_counted() -> None:
    # r1 is held after cycle 0 until it is read in 1, written there and read in 2; v8 from 0 to 2;
    # r0, which the loads and the address read, holds its first word until cycle 0, the last read.
    assert counter(record(Program(BUNDLES), MEMORY)) == [(0, 9), (2, 0)]
    loop: tuple[Bundle, ...] = (
        {"load": [("const", 1, 3), ("const", 2, 2**32 - 1)]},
        {"alu": [("+", 1, 1, 2)]},
        {"flow": [("cond_jump", 1, 1)]},
    )
    assert counter(record(Program(loop), [])) == [(0, 2), (5, 1), (6, 0)]


def test_events_keep_the_rules_of_the_format() -> None:
    """Those of the "Trace Event Format": what each kind of event needs, and of which type."""
    for debug in (False, True):
        found = json.loads(record(Program(BUNDLES), MEMORY, debug=debug).to_json_text())
        named: set[int] = set()
        for event in found["traceEvents"]:
            assert isinstance(event["name"], str) and isinstance(event["pid"], int)
            if event["ph"] == "M":
                assert event["name"] in ("process_name", "thread_name", "thread_sort_index")
                named |= {event["tid"]} if event["name"] == "thread_name" else set()
                continue
            assert isinstance(event["ts"], int) and event["ts"] >= 0
            if event["ph"] == "C":
                assert all(isinstance(value, int) for value in event["args"].values())
                continue
            assert event["ph"] in "Xi" and event["tid"] in named and event["cat"]
            assert event["dur"] == 1 if event["ph"] == "X" else event["s"] in "tpg"
