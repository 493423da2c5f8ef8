"""From the lane function to a schedule: effort by level, fallbacks when scratch is short."""

from __future__ import annotations

import pytest

from isa.machine import MachineSpec
from isa.simulator import run
from tests.strategies.plans import lane_program
from vliwc.backend import candidates
from vliwc.backend.candidates import Generated, balanced, generate
from vliwc.backend.emit import emit
from vliwc.clock import Clock
from vliwc.isel.program import LaneProgram
from vliwc.isel.reads.table_reads import Gather, Plan
from vliwc.lang import CheckedKernel, bind, parse_kernel
from vliwc.lang.interpret import interpret, output_words, random_memory
from vliwc.options import Options
from vliwc.sched.check import check_schedule
from vliwc.sched.staggered.scheduler import OutOfScratch
from vliwc.strategy.choose import Strategy, gather_only

WALK = """
kernel walk(n, rounds) {
  memory {
    tree: u32[31] in at 0;
    v: u32[n] inout at 31;
    s: u32[64] scratch at 31 + n;
  }
  parallel for i in 0 .. n {
    var node = 0;
    var x = v[i];
    for r in 0 .. rounds {
      x = ((x ^ tree[node]) * 0x9E3779B1) ^ (x >> 9);
      node = 2 * node + 1 + x % 2;
    }
    v[i] = x;
  }
}
"""


def kernel(n: int, rounds: int) -> CheckedKernel:
    return bind(parse_kernel(WALK, "walk.vk"), {"n": n, "rounds": rounds})


def generated(
    n: int = 64, rounds: int = 5, level: int = 2, machine: MachineSpec | None = None
) -> Generated:
    """The generated code, after its answers have been checked."""
    options = Options(level=level, machine=machine or MachineSpec())
    checked = kernel(n, rounds)
    program = lane_program(checked, level=level, machine=options.machine)
    result = generate(program, balanced(program, options), options, Clock())
    check_schedule(result.problem, result.schedule)
    memory = random_memory(checked, 3)
    final = run(emit(result.dag, result.schedule), memory).memory
    expected = interpret(checked, memory)
    for words in output_words(checked):
        assert final[words.start : words.stop] == expected[words.start : words.stop]
    return result


def reads(result: Generated) -> set[str]:
    """The ways in which tables are read."""
    return {
        read.name for plans in result.assignment for plan in plans for read in plan.reads.values()
    }


def test_straight_translation_gathers() -> None:
    assert reads(generated(level=0)) == {"vload", "gather"}


def test_records_are_for_higher_levels() -> None:
    assert "record" not in reads(generated(level=1))


def test_strategies_are_mixed_where_that_pays() -> None:
    found = reads(generated(n=256))
    assert {"select", "gather"} <= found or {"select", "record"} <= found


def test_better_than_gathers_alone() -> None:
    plain, chosen = generated(level=0), generated()
    assert chosen.schedule.cycles < 0.8 * plain.schedule.cycles


def test_gather_only_gathers_everything() -> None:
    program = lane_program(kernel(20, 3))
    (plans,) = gather_only(program)
    assert len(plans) == 3 and len({id(plan) for plan in plans}) == 1
    table = [read for value, read in plans[0].reads.items() if value.array == "tree"]
    assert table and all(isinstance(read, Gather) for read in table)
    assert isinstance(plans[0], Plan)


@pytest.mark.parametrize("words", [160, 200, 256, 400])
def test_short_scratch(words: int) -> None:
    """Fewer groups in flight and fewer entries of tables in scratch, but the right answers."""
    result = generated(n=200, rounds=4, level=1, machine=MachineSpec(scratch_words=words))
    assert result.schedule.peak_words <= words


def test_less_scratch_is_not_faster() -> None:
    cycles = [
        generated(
            n=120, rounds=4, level=1, machine=MachineSpec(scratch_words=words)
        ).schedule.cycles
        for words in (180, 320, 1536)
    ]
    assert cycles[0] >= cycles[1] >= cycles[2]


def test_when_tables_leave_no_room_they_are_gathered() -> None:
    """What fits with gathers only is compiled that way rather than refused, and says so."""
    result = generated(n=16, rounds=5, level=1, machine=MachineSpec(scratch_words=96))
    assert reads(result) == {"vload", "gather"}
    assert any("all tables are read by gathers" in note for note in result.notes)
    assert any("scratch is short" in note for note in result.notes)


def test_impossible() -> None:
    with pytest.raises(OutOfScratch, match="do not fit into 24 words"):
        generated(machine=MachineSpec(scratch_words=24))


BETTER = "the strategies and constants of -O1 gave the better program"


@pytest.mark.parametrize(("n", "rounds", "words"), [(16, 3, 1536), (32, 4, 1536), (24, 3, 104)])
def test_the_level_below_is_taken_where_it_is_better(
    monkeypatch: pytest.MonkeyPatch, n: int, rounds: int, words: int
) -> None:
    machine = MachineSpec(scratch_words=words)
    result = generated(n, rounds, 2, machine)
    lower = generated(n, rounds, 1, machine).schedule.cycles
    with monkeypatch.context() as patch:
        patch.setattr(candidates, "_lower_level", lambda *_: None)
        own = generated(n, rounds, 2, machine).schedule.cycles
    assert result.schedule.cycles == min(own, lower)
    assert (BETTER in result.notes) == (lower < own)


def test_the_level_below_may_have_no_room(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is tried for this walk; where its constants do not fit, the level's own program stays."""
    best, tried = candidates._generate, list[int]()

    def best_of(
        program: LaneProgram, strategies: list[Strategy], options: Options, clock: Clock
    ) -> Generated:
        tried.append(options.level)
        if options.level == 1:
            raise OutOfScratch("too small")
        return best(program, strategies, options, clock)

    monkeypatch.setattr(candidates, "_generate", best_of)
    assert generated(16, 3).schedule.cycles > 0
    assert tried == [2, 1]


def test_progress_never_goes_back() -> None:
    told: list[tuple[str, float | None]] = []
    program = lane_program(kernel(40, 4))
    clock = Clock(lambda stage, part: told.append((stage, part)))
    generate(program, balanced(program, Options()), Options(), clock)
    parts = [part for stage, part in told if stage == "schedule" and part is not None]
    assert parts == sorted(parts) and all(0 <= part <= 1 for part in parts)
