"""Results that wait in memory: where roles allow it, right answers, errors that say what to do."""

from __future__ import annotations

import re
from contextlib import nullcontext

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from isa.machine import MachineSpec
from isa.simulator import run
from tests.strategies.early_exits import early_exits
from tests.strategies.kernels import GeneratedKernel, kernels
from tests.unit.mir.test_unshared import right
from vliwc.backend import relief
from vliwc.clock import Clock, quiet
from vliwc.diagnostics import KernelError
from vliwc.driver import Compilation, compile_text
from vliwc.lang.interpret import interpret, protected_words, random_memory
from vliwc.options import Options, Relief
from vliwc.stages import Unit, stages

SMALL = MachineSpec("small", MachineSpec().slots, 8, 128)
WAITING = "results that wait do not fit into scratch: they wait in memory that is free"


def chain(values: int, arrays: str, *, lanes: bool) -> str:
    """A kernel that computes so many values, and uses them from the last to the first."""
    names = [f"v{k}" for k in range(values)]
    up = " ".join(
        f"s = s * 3 + x[{'i + ' * lanes}{k % 9}]; let {v} = s;" for k, v in enumerate(names)
    )
    down = " ".join(f"z = (z ^ {v}) * 7;" for v in reversed(names))
    head, end = ("parallel for i in 0 .. 16 {", "}") if lanes else ("", "")
    body = f"var s = x[{'i' if lanes else 0}]; {up} var z = s; {down} y[{'i' if lanes else 0}] = z;"
    return f"kernel chain() {{ memory {{ x: u32[30] in at 0; {arrays} }} {head} {body} {end} }}"


def compiled(text: str, level: int = 1) -> Compilation:
    return compile_text(text, "chain.vk", {}, Options(level=level, machine=SMALL))


@pytest.mark.parametrize("lanes", [False, True])
@pytest.mark.parametrize(
    "arrays",
    [
        "y: u32[16] out at 30; spare: u32[400] scratch at 46;",
        "y: u32[16] inout at 30; spare: u32[400] in scratch at 46;",
    ],
)
def test_results_wait_in_arrays_that_nothing_uses(lanes: bool, arrays: str) -> None:
    arrays = arrays if lanes else arrays.replace("y: u32[16] out", "y: u32[1] out")
    made = compiled(chain(40 if lanes else 150, arrays, lanes=lanes))
    assert made.notes[0] == WAITING
    assert re.fullmatch(r"\d+ results wait in memory and are loaded \d+ times", made.notes[1])
    assert right(made)


def test_results_wait_in_outputs_until_these_are_stored() -> None:
    text = chain(150, "y: u32[120] out at 30;", lanes=False)
    stores = " ".join(f"y[{k}] = z ^ {k};" for k in range(120))
    made = compiled(text.replace("y[0] = z;", stores))
    assert made.notes[0] == WAITING
    assert right(made)


def test_words_that_must_stay_are_left_alone() -> None:
    """Words of an `inout` array that are not stored to, and those of no array at all."""
    arrays = "kept: u32[200] inout at 40; y: u32[1] out at 30;"
    text = chain(150, arrays, lanes=False).replace("y[0] = z;", "y[0] = z; kept[3] = z;")
    with pytest.raises(KernelError, match="E0901"):
        compiled(text)
    made = compiled(text.replace("at 30;", "at 30; spare: u32[90] scratch at 300;"))
    memory = [*random_memory(made.kernel, 3), *range(50)]
    found = run(made.program, memory).memory
    expected = interpret(made.kernel, memory)
    assert found[:300] == expected[:300] and found[390:] == memory[390:]
    for words in protected_words(made.kernel):
        assert found[words.start : words.stop] == memory[words.start : words.stop]


@pytest.mark.parametrize("lanes", [False, True])
def test_the_error_says_whose_results_wait_and_how_much_room_they_need(lanes: bool) -> None:
    arrays = f"y: u32[{16 if lanes else 1}] out at 30;"
    text = chain(40 if lanes else 150, arrays, lanes=lanes).replace(" let", "\n let")
    with pytest.raises(KernelError) as caught:
        compiled(text)
    (error,) = caught.value.diagnostics
    assert error.code == "E0901" and error.span is not None and len(error.notes) == 5
    found = [re.match(r"(\d+) of the words that wait are results", n.message) for n in error.notes]
    words = [int(each[1]) for each in found if each]
    assert len(words) == 5 and all(each % (8 if lanes else 1) == 0 < each for each in words)
    (spare,) = re.findall(r"`(spare: .*;)`", error.hint or "")
    assert right(compiled(text.replace(arrays, f"{arrays} {spare}")))


@pytest.mark.parametrize("lanes", [False, True])
def test_no_more_room_is_asked_for_than_results_need(lanes: bool) -> None:
    """Where no other array has room, and no level below may need less."""
    arrays = f"y: u32[{16 if lanes else 1}] inout at 30;"
    text = chain(40 if lanes else 150, arrays, lanes=lanes)
    with pytest.raises(KernelError) as caught:
        compiled(text, 0)
    (size,) = re.findall(r"`spare: u32\[(\d+)\]", caught.value.diagnostics[0].hint or "")
    place = 30 + (16 if lanes else 1)
    for words, fits in ((int(size), True), (int(size) - 1, False)):
        found = text.replace(arrays, f"{arrays} spare: u32[{words}] scratch at {place};")
        with nullcontext() if fits else pytest.raises(KernelError, match="E0901"):
            assert right(compiled(found, 0))


def test_less_of_scratch_is_filled_where_results_leave_no_room(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """So much that the operations under way have no words, then less."""
    text = chain(150, "y: u32[1] out at 30; spare: u32[150] scratch at 31;", lanes=False)
    monkeypatch.setattr(relief, "FILLED", (1.5,))
    with pytest.raises(KernelError, match="E0901"):
        compiled(text)
    monkeypatch.setattr(relief, "FILLED", (1.5, 0.7))
    made = compiled(text)
    assert made.notes[0] == WAITING and right(made)


def test_stages_show_what_was_made() -> None:
    made = compiled(chain(150, "y: u32[1] out at 30; w: u32[99] scratch at 31;", lanes=False))
    options = Options(level=1, machine=SMALL)
    unit = Unit(lambda: made.kernel, options, Clock(quiet), Relief.SPILLED)
    for stage in stages(options):
        stage.run(unit)
    assert unit.program == made.program


@settings(max_examples=10)
@given(
    st.one_of(kernels(), early_exits()), st.integers(0, 2), st.sampled_from((24, 40, 64, 100, 200))
)
def test_any_kernel_is_right_or_refused(generated: GeneratedKernel, level: int, words: int) -> None:
    machine = MachineSpec("tiny", MachineSpec().slots, 8, words)
    options = Options(level=level, machine=machine, verify=True)
    try:
        made = compile_text(generated.text, "generated.vk", generated.params, options)
    except KernelError as error:
        assert error.diagnostics[0].code == "E0901"
        return
    assert right(made)
