"""Inputs that once lost data or ended as internal errors: one line, exit code 2, files intact."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

import vliwc.driver
from isa.program import Bundle, Program
from tests.cli.conftest import Called

Cli = Callable[..., Called]

KERNEL = """kernel k(n) {
  memory { x: u32[n] inout at 0; }
  parallel for i in 0 .. n { x[i] = x[i] + 1; }
}
"""


@pytest.fixture
def kernel(tmp_path: Path) -> Path:
    path = tmp_path / "k.vk"
    path.write_text(KERNEL)
    return path


@pytest.mark.parametrize("link", ["itself", "symbolic", "hard"])
def test_no_output_goes_onto_an_input(cli: Cli, kernel: Path, link: str) -> None:
    output = kernel if link == "itself" else kernel.with_name("other")
    if link == "symbolic":
        output.symlink_to(kernel)
    elif link == "hard":
        os.link(kernel, output)
    cli("compile", kernel, "-D", "n=8", "-o", output).failed("would be overwritten")
    assert kernel.read_text() == KERNEL


@pytest.mark.parametrize("content", [b"x", b"my notes" * 20])
def test_a_store_is_no_file_of_another_kind(
    cli: Cli, kernel: Path, tmp_path: Path, content: bytes
) -> None:
    notes = tmp_path / "notes.txt"
    notes.write_bytes(content)
    cli("compare", kernel, "-D", "n=8", "--store", notes).failed("not a store")
    assert notes.read_bytes() == content


@pytest.mark.parametrize(
    ("options", "word"),
    [
        (("--seed", "2147483648"), "seed"),
        (("--budget", "9" * 30), "budget"),
        (("-D", "m=" + "9" * 5000), "digits"),
        (("--max-operations", "3"), "max-operations"),
    ],
)
def test_numbers_have_limits(cli: Cli, kernel: Path, options: tuple[str, ...], word: str) -> None:
    called = cli("compile", kernel, "-D", "n=8", *options).failed(word)
    assert len(called.stderr) < 300


@pytest.mark.parametrize(
    "text",
    [
        "scratch_words = 1000000000",
        "[slots]\nalu = 3000000000",
        "vlen = " + "9" * 6000,
        "vlen = 0x" + "f" * 6000,
        "scratch_words = 1" + "_0" * 3000,
        "a = " + "[" * 10_000,
    ],
    ids=len,
)
def test_machines_have_limits(cli: Cli, kernel: Path, tmp_path: Path, text: str) -> None:
    machine = tmp_path / "m.toml"
    machine.write_text(text)
    cli("compile", kernel, "-D", "n=8", "--machine", machine).failed("error: ")


def test_a_check_has_a_limit_of_operations(cli: Cli, kernel: Path) -> None:
    """The program is a short loop; what takes long is the reference interpreter."""
    text = (
        "kernel k(n) { memory { y: u32[1] out at 0; } "
        "parallel for i in 0 .. n reduce sum s { reduce i into s; } y[0] = s; }"
    )
    kernel.write_text(text)
    cli("compile", kernel, "-D", "n=1000000000").succeeded()
    cli("check", kernel, "-D", "n=1000000000").failed("E0517", "--max-operations")
    cli("check", kernel, "-D", "n=1000000", "--max-operations", "1900").failed("E0517")
    cli("check", kernel, "-D", "n=1000000", "--max-operations", "2100", "--cases", 1).succeeded()


def test_a_check_that_is_too_long_compiles_nothing(
    cli: Cli, kernel: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def compiled(*_: object, **__: object) -> object:
        raise AssertionError("the kernel was compiled")

    monkeypatch.setattr(vliwc.driver, "compile_checked", compiled)
    cli("check", kernel, "-D", "n=2147483648").failed("E0517", "--max-operations")


@pytest.mark.parametrize("command", ["bound", "explain", "report"])
def test_a_short_loop_of_many_iterations_is_explained_as_cheaply(
    cli: Cli, kernel: Path, tmp_path: Path, command: str
) -> None:
    """Nothing asks for the words of each of 10^9 iterations."""
    kernel.write_text(
        "kernel k(n) { memory { y: u32[1] out at 0; } "
        "parallel for i in 0 .. n reduce sum s { reduce i into s; } y[0] = s; }"
    )
    output = ("-o", tmp_path / "r.html") if command == "report" else ()
    cli(command, kernel, "-D", "n=1000000000", *output).succeeded()


def test_tuning_has_a_limit_of_trials(cli: Cli, kernel: Path) -> None:
    cli("tune", kernel, "-D", "n=8", "--trials", "99999999999").failed("--trials")


def test_a_comparison_has_a_limit_of_seeds(cli: Cli, kernel: Path) -> None:
    cli("compare", kernel, "-D", "n=8", "--seed", "0:99999999999").failed("--seed")
    cli("compare", kernel, "-D", "n=8", "--seed", "0:2000000000").failed("100000 seeds")


def test_a_hint_of_another_kernel_is_refused(cli: Cli, kernel: Path, tmp_path: Path) -> None:
    program = tmp_path / "p.json"
    how = ("-O3", "--budget", "2")
    cli("compile", kernel, "-D", "n=64", *how, "-o", program)
    cli("compile", kernel, "-D", "n=72", *how, "--hint", program).failed("E0902", "'n': 64")
    kernel.write_text(KERNEL.replace("kernel k", "kernel other"))
    cli("compile", kernel, "-D", "n=64", *how, "--hint", program).failed("E0902", "kernel 'k'")
    kernel.write_text(KERNEL.replace("+ 1", "* 5 ^ x[i]"))
    refused = cli("compile", kernel, "-D", "n=64", *how, "--hint", program)
    refused.failed("E0902", "the saved group windows do not fit this kernel")


def test_a_simulator_that_exits_is_an_error_of_its_file(
    cli: Cli, kernel: Path, tmp_path: Path
) -> None:
    problem = tmp_path / "problem.py"
    problem.write_text("raise SystemExit(0)\n")
    cli("check", kernel, "-D", "n=8", "--simulator", problem).failed("problem.py", "SystemExit")


DEEP_KEYS = {
    "within the limit": 90 * "[" + "7" + 90 * "]",
    "too deep": 20_000 * "[" + 20_000 * "]",
    "never closed": 20_000 * "[",
    "a long integer": 6000 * "9",
    "an object": '{"a": {"b": 1}}',
    "an object in a list": '[1, {"a": 2}]',
    "no number": "[NaN]",
    "a mark": "\ufeff[1]",
}


@pytest.mark.parametrize("key", DEEP_KEYS.values(), ids=DEEP_KEYS)
@pytest.mark.parametrize("form", ["program", "asm"])
def test_debug_keys_of_any_text(cli: Cli, tmp_path: Path, key: str, form: str) -> None:
    """They come through all formats that keep text, and find the value of the same key."""
    bundles: tuple[Bundle, ...] = ({"load": [("const", 1, 5)]}, {"debug": [("compare", 1, key)]})
    program, image, reference = (tmp_path / name for name in ("p.json", "i.json", "r.json"))
    program.write_text(Program(bundles).to_json_text())
    if form == "asm":
        cli("disasm", program, "-o", tmp_path / "p.s").succeeded()
        cli("asm", tmp_path / "p.s", "-o", program).succeeded()
    image.write_text("[]")
    run = ("run", program, "--memory", image, "--debug", "--reference", reference)
    reference.write_text(json.dumps({key: 5}))
    cli(*run).succeeded()
    reference.write_text(json.dumps({key: 6}))
    cli(*run).failed("compare", "expected")
    reference.write_text("{}")
    cli(*run).failed("no reference value for the key")


@pytest.mark.parametrize("key", DEEP_KEYS.values(), ids=DEEP_KEYS)
def test_debug_keys_of_the_takehome(cli: Cli, tmp_path: Path, key: str) -> None:
    program, image = tmp_path / "p.json", tmp_path / "i.json"
    text = '[{"alu": []}, {"debug": [["compare", 1, KEY]]}]'
    program.write_text(text.replace("KEY", key.lstrip("\ufeff")))
    image.write_text("[]")
    deep = len(key) > 1000
    for call in (("run", program, "--memory", image), ("disasm", program), ("export", program)):
        if deep:
            cli(*call).failed("p.json: ")
        else:
            cli(*call).succeeded()


@pytest.mark.parametrize(
    "text",
    [
        "{ load const r3, %s }",
        "{ load const r3, -%s }",
        "{ load const r3, 0x%s }",
        "{ load const r%s, 3 }",
        "{ valu + v8, v%s, v16 }",
        "{ flow jump %s }",
        "{ flow jump l%s }",
        '.machine {"vlen": %s}\n{ alu }',
        '.meta {"a": [%s]}\n{ alu }',
    ],
)
def test_long_integers_in_assembly(cli: Cli, tmp_path: Path, text: str) -> None:
    source, image = tmp_path / "p.s", tmp_path / "i.json"
    source.write_text(text % (6000 * "9") + "\n")
    image.write_text("[]")
    for call in (("asm", source), ("disasm", source), ("run", source, "--memory", image)):
        called = cli(*call).failed("p.s:1:")
        assert "Token" not in called.stderr and len(called.stderr) < 1500


@pytest.mark.parametrize("place", ["notes.txt", "folder", "nowhere/a.db"])
def test_the_place_of_a_store_is_looked_at_before_any_work(
    cli: Cli, kernel: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    def compiled(*args: object, **kwargs: object) -> None:
        raise AssertionError("the kernels have been compiled")

    monkeypatch.setattr("vliwc.lab.instances.kernels.compile_file", compiled)
    (tmp_path / "notes.txt").write_text("x")
    (tmp_path / "folder").mkdir()
    before = sorted(tmp_path.iterdir())
    cli("compare", kernel, "-D", "n=8", "--store", tmp_path / place).failed(place)
    assert sorted(tmp_path.iterdir()) == before
    assert (tmp_path / "notes.txt").read_text() == "x"


def test_a_hint_is_looked_at_before_any_work(
    cli: Cli, kernel: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def scheduled(*args: object, **kwargs: object) -> None:
        raise AssertionError("operations have been scheduled")

    monkeypatch.setattr("vliwc.stages.generate", scheduled)
    monkeypatch.setattr("vliwc.stages.balanced", scheduled)
    (tmp_path / "h.json").write_text("{}")
    cli("compile", kernel, "-D", "n=8", "-O3", "--hint", tmp_path / "h.json").failed("E0902")
    cli("compile", kernel, "-D", "n=8", "-O3", "--hint", tmp_path / "none").failed("E0902")
