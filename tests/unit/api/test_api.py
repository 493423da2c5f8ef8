"""`import vliwc`: which names stay, what they cost to import, arrays in and out, short reprs."""

from __future__ import annotations

import doctest
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import vliwc
from isa.arrays import KEY, ArrayPlace, array_places, as_words, read_array, write_arrays
from isa.errors import MemoryImageError, ProgramError
from isa.program import JSON, Program
from vliwc.api.display import schedule_svg
from vliwc.driver import ENGINES

STABLE = [
    *("Compilation", "KernelError", "MachineSpec", "Options", "Outcome", "Program", "Run"),
    *("ScheduledOperation", "UserError", "__version__", "check", "compile", "load_program"),
    *("make_scheduler", "run", "schedulers"),
]


@pytest.fixture(scope="module")
def saxpy(kernels: Path) -> vliwc.Compilation:
    return vliwc.compile(kernels / "saxpy_dot.vk", n=20)


def test_stable_names_stay() -> None:
    assert vliwc.__all__ == STABLE
    for name in STABLE:
        assert getattr(vliwc, name) is not None
    assert set(STABLE) <= set(dir(vliwc))
    with pytest.raises(AttributeError, match="no attribute 'decompile'"):
        _ = vliwc.decompile


def test_every_stable_name_is_documented(repository: Path) -> None:
    text = (repository / "docs" / "api.md").read_text(encoding="utf-8")
    table = text[text.index("| name |") : text.index("Errors of the machine")]
    for name in STABLE:
        assert re.search(rf"`{name}\b", table), name


class AnyFigures(doctest.OutputChecker):
    """Compares what is printed but for figures, which change whenever the compiler gets better."""

    def check_output(self, want: str, got: str, optionflags: int) -> bool:
        return re.sub(r"\d+(\.\d+)?", "#", want) == re.sub(r"\d+(\.\d+)?", "#", got)


def test_the_document_is_run(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(repository)
    text = (repository / "docs" / "api.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```pycon\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    assert len(blocks) >= 4
    runner = doctest.DocTestRunner(AnyFigures())
    names: dict[str, object] = {}
    for number, block in enumerate(blocks):
        test = doctest.DocTestParser().get_doctest(block, names, f"api.md[{number}]", "", 0)
        runner.run(test, clear_globs=False)
        names = test.globs
    assert runner.summarize(verbose=False).failed == 0


def test_importing_loads_nothing_heavy() -> None:
    program = "import sys, vliwc; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    loaded = {name.partition(".")[0] for name in done.stdout.split()}
    assert not loaded & {"numpy", "ortools", "networkx", "numba", "lark", "isa", "typer"}
    assert done.returncode == 0


def test_arrays_go_in_and_come_out_in_their_shapes(kernels: Path) -> None:
    transpose = vliwc.compile(kernels / "transpose.vk", rows=5, columns=3)
    (source,) = (place for place in transpose.arrays if place.is_input)
    (target,) = (place for place in transpose.arrays if place.is_output)
    words = np.arange(15, dtype=np.int64).reshape(source.shape)
    ran = transpose.run({source.name: words})
    assert ran.cycles == transpose.cycles
    assert ran.arrays[source.name].tolist() == words.tolist()
    flat = ran.arrays[target.name].reshape(3, 5)
    assert flat.tolist() == words.reshape(5, 3).T.tolist()
    assert ran.memory.dtype == np.uint32 and len(ran.memory) >= 30


def test_missing_inputs_are_random_only_if_asked_for(saxpy: vliwc.Compilation) -> None:
    with pytest.raises(MemoryImageError, match="no words for factor, y: give arrays, a seed"):
        saxpy.run({"x": [0] * 20})
    ran = saxpy.run({"x": [0] * 20}, seed=3)
    assert ran.arrays["dot"].tolist() == [0]
    again = saxpy.run({"x": [0] * 20}, seed=3)
    assert (ran.memory == again.memory).all()
    assert (ran.memory != saxpy.run({"x": [0] * 20}, seed=4).memory).any()
    from_image = saxpy.run({"factor": [2]}, memory=np.full(42, 5))
    assert from_image.arrays["y"].tolist() == [15] * 20
    with pytest.raises(MemoryImageError, match="not both"):
        saxpy.run(seed=1, memory=[0] * 42)
    with pytest.raises(MemoryImageError, match="one row of words"):
        saxpy.run(memory=[[0] * 42])


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"z": [1]}, "there is no array 'z'; the arrays are factor, dot, x, y"),
        ({"x": [1, 2]}, r"array x has shape \(2,\); the kernel's has shape \(20,\)"),
        ({"x": [0.5] * 20}, "array x has elements of type float64"),
        ({"x": [-1] * 20}, "array x holds -1"),
        ({"x": [2**32] * 20}, "array x holds 4294967296"),
        ({"x": [2**70] * 20}, "array x has elements of type object"),
        ({"x": [[1], [2, 3]]}, "array x: "),
    ],
)
def test_wrong_arrays_are_refused(
    saxpy: vliwc.Compilation, arrays: dict[str, list[int]], message: str
) -> None:
    with pytest.raises(MemoryImageError, match=message):
        saxpy.run(arrays, seed=0)


def test_working_memory_is_not_given_back() -> None:
    text = """kernel k(n) {
  memory { x: u32[n] in at 0; w: u32[n] scratch at n; y: u32[n] out at 2 * n; }
  parallel for i in 0 .. n { w[i] = x[i] * 5; }
  parallel for i in 0 .. n { y[i] = w[n - 1 - i]; }
}"""
    ran = vliwc.compile(text, n=9).run({"x": list(range(9))})
    assert list(ran.arrays) == ["x", "y"]
    assert ran.arrays["y"].tolist() == [5 * k for k in reversed(range(9))]


def test_check_finds_a_wrong_program(saxpy: vliwc.Compilation) -> None:
    from dataclasses import replace

    assert vliwc.check(saxpy, cases=2) and saxpy.check(cases=2, seed=9).cases == 2
    bundles = [dict(bundle) for bundle in saxpy.program.bundles]
    for bundle in bundles:
        bundle.pop("store", None)
    wrong = replace(saxpy, program=replace(saxpy.program, bundles=tuple(bundles)))
    outcome = wrong.check()
    assert not outcome and str(outcome).startswith("WRONG at input 1: ")


def test_text_is_told_from_files() -> None:
    text = "kernel k(n) { memory { y: u32[n] out at 0; } parallel for i in 0 .. n { y[i] = i; } }"
    assert vliwc.compile(text, n=9).run().arrays["y"].tolist() == list(range(9))
    assert vliwc.compile(text, {"n": 9}).kernel.params == {"n": 9}
    with pytest.raises(vliwc.KernelError, match="no/such/file.vk"):
        vliwc.compile("no/such/file.vk")
    with pytest.raises(vliwc.KernelError, match="needs a value for parameter `n`"):
        vliwc.compile(text)


def test_reprs_are_short(saxpy: vliwc.Compilation) -> None:
    for thing in (saxpy, saxpy.program, saxpy.run(seed=0)):
        assert len(repr(thing)) < 100
    assert repr(Program(())) == "<Program 0 bundles for machine takehome>"
    assert "saxpy_dot" in repr(saxpy.program)


def test_notebooks_show_a_compilation_without_anything_from_outside(
    saxpy: vliwc.Compilation,
) -> None:
    page = saxpy._repr_html_()
    assert f"saxpy_dot(n=20): {saxpy.cycles} cycles" in page and page.count("<svg") == 1
    for cause in saxpy.explanation.causes.each:
        assert cause.text in page
    assert not re.search(r"https?:(?!//www.w3.org/2000/svg)|<script|<link|src=|url\(", page)
    drawing = schedule_svg(saxpy.explanation)
    assert saxpy._repr_svg_() == drawing
    assert drawing.count("<title>") == len(saxpy.explanation.windows) * len(ENGINES)


@pytest.mark.parametrize("level", [0, 1, 2])
def test_operations_are_the_slots_of_the_program(kernels: Path, level: int) -> None:
    made = vliwc.compile(
        kernels / "tree_hash.vk",
        {"forest_height": 4, "rounds": 6, "batch_size": 21},
        vliwc.Options(level=level),
    )
    found: dict[tuple[int, str], list[str]] = {}
    for op in made.operations:
        for cycle in op.cycles:
            found.setdefault((cycle, op.engine), []).append(op.opcode)
        assert all(cycle >= op.ready for cycle in op.cycles)
        for other in (made.operations[number] for number in op.operands):
            assert not op.cycles or max(op.cycles) <= other.until
        if op.waits_for >= 0 and op.cycles:
            before = made.operations[op.waits_for]
            assert not before.cycles or max(before.cycles) <= op.ready
    for cycle, bundle in enumerate(made.program.bundles):
        for engine, slots in bundle.items():
            assert sorted(str(s[0]) for s in slots) == sorted(found.pop((cycle, engine)))
    assert not found
    assert [op.number for op in made.operations] == list(range(len(made.operations)))
    stores = {op.line for op in made.operations if op.engine == "store" and op.group >= 0}
    lines = made.kernel.source.lines
    assert stores and all("values[i] = val" in lines[line - 1] for line in stores)


def test_arrays_of_a_program_survive_its_file(saxpy: vliwc.Compilation) -> None:
    from isa.program import from_json

    read = from_json(saxpy.program.to_json_text())
    assert array_places(read) == saxpy.arrays
    assert [place.name for place in saxpy.arrays] == ["factor", "dot", "x", "y"]
    assert array_places(Program(())) is None


@pytest.mark.parametrize(
    "data",
    [
        {},
        [1],
        [{"name": "x", "base": 0, "shape": [1]}],
        [{"name": "x", "base": -1, "shape": [1], "role": "in"}],
        [{"name": "x", "base": 0, "shape": [True], "role": "in"}],
        [{"name": "x", "base": 0, "shape": 3, "role": "in"}],
    ],
)
def test_arrays_in_another_form_are_refused(data: JSON) -> None:
    with pytest.raises(ProgramError, match="arrays"):
        array_places(Program((), meta={KEY: data}))


def test_images_grow_to_the_arrays_and_are_read_back() -> None:
    place = ArrayPlace("m", 3, (2, 2), "inout")
    image = write_arrays([place], {"m": [[1, 2], [3, 4]]}, [9])
    assert image == [9, 0, 0, 1, 2, 3, 4]
    assert read_array(place, image).tolist() == [[1, 2], [3, 4]]
    with pytest.raises(MemoryImageError, match="ends at word 7, but the image has 6"):
        read_array(place, image[:6])
    assert as_words("e", []).dtype == np.uint32


def test_sizes_come_by_keyword_and_by_name_together(kernels: Path) -> None:
    made = vliwc.compile(kernels / "transpose.vk", {"rows": 5, "columns": 2}, columns=3)
    assert made.kernel.params == {"rows": 5, "columns": 3}
