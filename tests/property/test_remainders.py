"""What the largest block of a loop over a run-time number of iterations leaves: one block whose
lanes overlap, if executing iterations twice comes to the same, else blocks by binary digits."""

from __future__ import annotations

import random
from functools import cache
from pathlib import Path

import pytest

from isa.original import OriginalProblem
from isa.simulator import run
from vliwc.checking import Case, compare
from vliwc.driver import Compilation, compile_text
from vliwc.lang.interpret import at_run_time, interpret
from vliwc.options import Options

MOST = 70
ONCE = {
    "in place": "x[i] = x[i] * 3 + x[i] / 7;",
    "all arrays in place": "let a = x[i]; x[i] = z[i] + 1; z[i] = a ^ i;",
    "backwards": "z[n - 1 - i] = x[i] ^ i;",
    "two words each": "y[2 * i] = x[i] + i; y[2 * i + 1] = x[i] / 3;",
    "at places that are read": "z[t[i]] = z[t[i]] + x[i] * 5 + i;",
    "some of them": "z[i] = if x[i] % 2 == 0 then x[i] / 2 else z[i];",
    "neighbours": "z[i] = (if i == 0 then 7 else x[i - 1]) + (if i + 1 < n then x[i + 1] else n);",
    "over a table": "z[i] = t[x[i] % 16] + t[(x[i] / 16) % 16];",
    "least": "z[i] = x[i]; reduce x[i] ^ i into seen;",
    "store what was stored": "z[i] = x[i] + 1; x[i] = z[i] * 2;",
}
"""Bodies of loops whose iterations may be executed twice."""
SEVERAL = {
    "sum": ("reduce x[i] into seen; z[i] = x[i] * 9;", "`reduce sum` counts each iteration"),
    "read after storing": (
        "y[2 * i] = x[i]; y[2 * i + 1] = i; z[i] = y[2 * i + x[i] % 2];",
        "iterations read `y` after they have stored to it",
    ),
}
"""Those of others, and why."""


def text(name: str, body: str) -> str:
    kind = {"least": "reduce min seen", "sum": "reduce sum seen"}.get(name, "")
    return f"""kernel k() {{
      word n at 0;
      assume n <= {MOST};
      memory {{
        t: u32[{MOST}] in at 1 below {MOST};
        s: u32[1] out at 99;
        x: u32[n] inout at 100;
        y: u32[2 * n] inout at 200;
        z: u32[n] inout at 400;
      }}
      parallel for i in 0 .. n {kind} {{ {body} }}
      s[0] = {"seen" if kind else "n"};
    }}"""


def image(n: int) -> list[int]:
    rng = random.Random(n)
    words = [rng.getrandbits(32) for _ in range(500)]
    places = list(range(n))
    rng.shuffle(places)
    words[0] = n
    words[1 : 1 + MOST] = places + [rng.randrange(MOST) for _ in range(n, MOST)]
    return words


@cache
def compiled(name: str, body: str, level: int) -> Compilation:
    return compile_text(text(name, body), "k.vk", {}, Options(level=level))


BODIES = {**ONCE, **{name: body for name, (body, _) in SEVERAL.items()}}


@pytest.mark.parametrize("level", [0, 1, 2])
@pytest.mark.parametrize("name", BODIES)
def test_every_number_of_iterations(name: str, level: int) -> None:
    result = compiled(name, BODIES[name], level)
    for n in range(MOST + 1):
        words = image(n)
        ran = run(result.program, words)
        sized = at_run_time(result.kernel, words)
        expected = interpret(result.kernel, words)
        assert compare(sized, Case(words), "ours", expected, ran.memory) is None, n
        assert ran.cycles == result.cycles_for(words)


@pytest.mark.parametrize("name", BODIES)
def test_on_the_original(name: str, takehome: Path) -> None:
    original = OriginalProblem(takehome / "tests" / "frozen_problem.py")
    result = compiled(name, BODIES[name], 2)
    for n in (0, 1, 5, 8, 13, 16, 17, 41, 63, 64, MOST):
        words = image(n)
        ran = original.run(result.program, words)
        assert ran == run(result.program, words)
        assert ran.memory == run(compiled(name, BODIES[name], 0).program, words).memory


@pytest.mark.parametrize("name", ONCE)
def test_one_block_does_what_is_left(name: str) -> None:
    result = compiled(name, ONCE[name], 2)
    assert result.sized is not None
    (loop,) = result.sized.loops
    assert all(rest.overlaps for rest in loop.blocks.rests)
    for left in range(loop.blocks.largest):
        assert sum(rest.executed(left) for rest in loop.blocks.rests) == (left > 0)
    assert not any("in several" in note for note in result.notes)


def test_all_is_loaded_before_stores_that_come_one_by_one() -> None:
    """In groups that may have words in common; the simulators do not mind equal words."""
    result = compiled("in place", ONCE["in place"], 2)
    assert result.sized is not None
    (loop,) = result.sized.loops
    parts = {part.name: part for part in result.generated.every_part}
    overlapping = [rest for rest in loop.blocks.rests if rest.most > rest.above + 1]
    assert len(overlapping) > 4
    for rest in overlapping:
        part = parts[f"i to {rest.most}"]
        cycles: dict[str, list[int]] = {"load": [], "store": []}
        at = 0
        for op, group in part.dag.operations():
            engine = op.forms[0].engine if op.forms else ""
            if group >= max(rest.above // 8 - 1, 0) and engine in cycles:
                cycles[engine] += part.schedule.lane_cycle[at : at + op.lanes].tolist()
            at += max(op.lanes, 1)
        assert len(set(cycles["store"])) == len(cycles["store"]) > 1
        assert max(cycles["load"]) <= min(cycles["store"])


@pytest.mark.parametrize("name", SEVERAL)
def test_several_blocks_do_what_must_be_done_once(name: str) -> None:
    body, why = SEVERAL[name]
    result = compiled(name, body, 1)
    assert result.sized is not None
    assert not any(rest.overlaps for loop in result.sized.loops for rest in loop.blocks.rests)
    assert any(note.endswith(why) for note in result.notes), result.notes
