"""The adapter to an original problem file, against a stand-in with the same outside."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from isa.errors import ProblemFileError, SimulationError
from isa.machine import MachineSpec
from isa.original import OriginalProblem
from isa.program import Program, encode_key

STAND_IN = '''
"""Looks like the original from outside; every bundle adds up what it is given."""
from dataclasses import dataclass
from enum import Enum

import sibling

class State(Enum):
    PAUSED = 1
    STOPPED = 2

@dataclass
class DebugInfo:
    scratch_map: dict

@dataclass
class Core:
    scratch: list
    trace_buf: list
    pc: int = 0
    state: State = State.STOPPED

class Machine:
    def __init__(self, mem, program, debug_info, n_cores=1, value_trace={}):
        assert isinstance(debug_info, DebugInfo) and n_cores == 1
        self.mem, self.program, self.value_trace = mem, program, value_trace
        self.cores = [Core([0] * 1536, [])]
        self.cycle = 0
        self.enable_pause = self.enable_debug = True

    def run(self):
        core = self.cores[0]
        for bundle in self.program:
            core.pc += 1
            for name, *operands in bundle.get("debug", []):
                if self.enable_debug:
                    core.trace_buf.append(self.value_trace[operands[1]])
            for slot in bundle.get("flow", []):
                if slot == ("halt",):
                    return
                if slot == ("pause",) and self.enable_pause:
                    core.state = State.PAUSED
                    return
            for name, address, value in bundle.get("load", []):
                core.scratch[address] = value
                self.mem[0] += sibling.ONE
            self.cycle += 1
'''


@pytest.fixture
def stand_in(tmp_path: Path) -> Path:
    path = tmp_path / "problem.py"
    path.write_text(STAND_IN)
    (tmp_path / "sibling.py").write_text("ONE = 1\n")
    return path


PROGRAM = Program(
    (
        {"load": [("const", 3, 7)]},
        {"flow": [("pause",)], "debug": [("compare", 3, encode_key((0, "x")))]},
        {"flow": [("halt",)]},
        {},
    )
)


def test_running(stand_in: Path) -> None:
    memory = [5]
    original = OriginalProblem(stand_in)
    result = original.run(PROGRAM, memory)
    assert (result.cycles, result.memory, result.scratch[3]) == (2, [6], 7)
    assert (result.status, result.pc, result.trace) == ("halted", 3, [])
    assert memory == [5]
    assert original.run(Program(PROGRAM.bundles[:1]), [0]).status == "ended"


def test_pausing_and_debugging_are_options(stand_in: Path) -> None:
    original = OriginalProblem(str(stand_in))
    assert original.run(PROGRAM, [0], pause=True).status == "paused"
    result = original.run(PROGRAM, [0], debug=True, reference={(0, "x"): 9})
    assert result.trace == [9]


def test_the_import_leaves_the_path_alone(stand_in: Path) -> None:
    before = list(sys.path)
    module = OriginalProblem(stand_in).module
    assert sys.path == before
    assert module.__name__ not in ("problem", "frozen_problem")
    assert "problem" not in sys.modules


def test_errors_of_the_original_become_ours(stand_in: Path) -> None:
    bad = Program((*PROGRAM.bundles[:1], {"load": [("load_offset", 1, 2, 3)]}))
    with pytest.raises(SimulationError, match="original simulator raised ValueError") as error:
        OriginalProblem(stand_in).run(bad, [0])
    assert (error.value.pc, error.value.cycle) == (1, 1)


def test_another_scratch_size_is_refused(stand_in: Path) -> None:
    program = Program((), MachineSpec(scratch_words=64))
    with pytest.raises(ProblemFileError, match="has 1536 scratch words, but the program is for 64"):
        OriginalProblem(stand_in).run(program, [0])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x = 1", "has no Machine; give the path of the take-home's problem.py"),
        ("raise ValueError('no')", "cannot be imported: ValueError"),
        ("def", "cannot be imported: SyntaxError"),
        ("class Machine: pass\nclass DebugInfo: pass", "cannot be constructed as expected"),
    ],
)
def test_files_that_are_no_problem(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "problem.py"
    path.write_text(text)
    with pytest.raises(ProblemFileError, match=message):
        OriginalProblem(path).run(PROGRAM, [0])


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(ProblemFileError, match="no such file"):
        OriginalProblem(tmp_path / "problem.py")
