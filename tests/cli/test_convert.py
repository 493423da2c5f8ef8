"""`vliwc export`, `vliwc asm`, `vliwc disasm`."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from isa.files import load_program
from isa.program import Program, from_json
from tests.cli.conftest import Called

Cli = Callable[..., Called]


def test_export_prints_the_take_homes_list(cli: Cli, program: Program, program_file: Path) -> None:
    done = cli("export", program_file).succeeded()
    assert json.loads(done.stdout) == json.loads(json.dumps(program.to_takehome()))
    assert done.stderr == ""


def test_text_and_back(cli: Cli, program: Program, program_file: Path, tmp_path: Path) -> None:
    asm = cli("disasm", program_file).succeeded().stdout
    path = tmp_path / "sum.s"
    path.write_text(asm)
    assert from_json(cli("asm", path).succeeded().stdout).bundles == program.bundles
    exported = cli("export", path, "--emit", "asm").succeeded().stdout
    assert exported == asm
    taken = tmp_path / "taken.json"
    cli("asm", path, "--emit", "takehome", "-o", taken).succeeded()
    assert load_program(taken).bundles == program.bundles


def test_reports(cli: Cli, program_file: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.json"
    report = cli("export", program_file, "-o", out, "--json").json
    assert report == {"format": "takehome", "bundles": 6, "output": str(out)}
    assert isinstance(json.loads(out.read_text()), list)
    report = cli("disasm", program_file, "--json").json
    assert report["format"] == "asm"
    assert report["text"] == cli("disasm", program_file).stdout


@pytest.mark.parametrize("command", ["export", "disasm"])
def test_a_program_that_breaks_a_rule_is_refused(cli: Cli, tmp_path: Path, command: str) -> None:
    path, out = tmp_path / "bad.json", tmp_path / "out"
    path.write_text('[{"load": [["const", 1536, 0]]}]')
    cli(command, path, "-o", out).failed("bundle 0", "1536")
    path.write_text('[{"load": [["const", 1, 0], ["const", 1, 1]]}]')
    cli(command, path, "-o", out).failed("bundle 0", "scratch word 1")
    assert not out.exists()


def test_bad_assembly_shows_the_place(cli: Cli, tmp_path: Path) -> None:
    path = tmp_path / "bad.s"
    path.write_text("this is no program\n")
    cli("asm", path).failed("bad.s:1:", "^")
    path.write_bytes(b"\xff\xfe")
    cli("asm", path).failed("bad.s", "not a text file")


def test_missing_files_and_formats(cli: Cli, program_file: Path, tmp_path: Path) -> None:
    nowhere = tmp_path / "nowhere"
    for command in ("export", "asm", "disasm"):
        cli(command, nowhere).failed("nowhere")
        cli(command).failed("Missing argument")
    cli("export", program_file, "--emit", "elf").failed("--emit", "elf")
    cli("export", program_file, "--machine", nowhere).failed("nowhere")
