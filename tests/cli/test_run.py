"""`vliwc run`."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from isa.program import Program
from tests.cli.conftest import Called

Cli = Callable[..., Called]


def test_run_prints_cycles_and_writes_memory(
    cli: Cli, program_file: Path, image_file: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out.json"
    done = cli("run", program_file, "--memory", image_file, "--out", out).succeeded()
    assert done.stdout.splitlines()[0].split() == ["cycles", "5"]
    assert json.loads(out.read_text()) == [40, 2, 42, 7]


def test_run_report(cli: Cli, program_file: Path, image_file: Path) -> None:
    report = cli("run", program_file, "--memory", image_file, "--json").json
    assert report == {
        "cycles": 5,
        "bundles": 6,
        "status": "halted",
        "pc": 6,
        "trace_buffer": [42],
        "changed_words": 1,
    }


def test_run_takes_every_format(
    cli: Cli, program: Program, program_file: Path, image_file: Path, tmp_path: Path
) -> None:
    takehome, asm = tmp_path / "takehome.json", tmp_path / "sum.s"
    takehome.write_text(json.dumps(program.to_takehome()))
    cli("disasm", program_file, "-o", asm).succeeded()
    for path in (takehome, asm):
        assert cli("run", path, "--memory", image_file, "--json").json["cycles"] == 5


def test_pauses_and_debug_slots_only_when_asked_for(
    cli: Cli, program_file: Path, image_file: Path, tmp_path: Path
) -> None:
    call = ("run", program_file, "--memory", image_file, "--json")
    paused = cli(*call, "--pause").json
    assert (paused["status"], paused["cycles"], paused["changed_words"]) == ("paused", 3, 0)
    reference = tmp_path / "reference.json"
    reference.write_text('{"sum": 42}')
    assert cli(*call, "--debug", "--reference", reference).json["cycles"] == 5
    reference.write_text('{"sum": 41}')
    cli(*call, "--debug", "--reference", reference).failed("bundle 3", "42", "41")
    cli(*call, "--reference", reference).failed("--debug")
    reference.write_text('{"sum": -1}')
    cli(*call, "--debug", "--reference", reference).failed("'sum'", "2**32")
    reference.write_text("[1]")
    cli(*call, "--debug", "--reference", reference).failed("object")


def test_trace(cli: Cli, program_file: Path, image_file: Path, tmp_path: Path) -> None:
    trace = tmp_path / "trace.json"
    cli("run", program_file, "--memory", image_file, "--trace", trace).succeeded()
    events = json.loads(trace.read_text())
    events = events["traceEvents"] if isinstance(events, dict) else events
    assert any("load" in str(event.get("name")) for event in events)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[1, 2", ("not valid JSON",)),
        ('{"words": [1]}', ("list of words",)),
        ("7", ("list of words",)),
        ("[1, -2]", ("word 1 is -2", "2**32")),
        ("[4294967296]", ("word 0 is 4294967296",)),
        ("[1, 2.5]", ("word 1 is 2.5",)),
        ("[true]", ("word 0 is true",)),
        ('["' + 100 * "x" + '"]', ('word 0 is "xxx', "...")),
        (20000 * "[", ("deep",)),
    ],
)
def test_bad_images(
    cli: Cli, program_file: Path, tmp_path: Path, text: str, words: tuple[str, ...]
) -> None:
    image, out = tmp_path / "bad.json", tmp_path / "out.json"
    image.write_text(text)
    cli("run", program_file, "--memory", image, "--out", out).failed("bad.json", *words)
    assert not out.exists()


def test_image_that_is_no_text(cli: Cli, program_file: Path, tmp_path: Path) -> None:
    image = tmp_path / "bad.json"
    image.write_bytes(b"\xff\xfe\x00")
    cli("run", program_file, "--memory", image).failed("not a text file")


@pytest.mark.parametrize(
    "text",
    [
        '{"format": "vliwc-program", "version": 99}',
        '{"format": "other"}',
        '[{"alu": [["+", 1, 2]]}]',
        '[{"warp": []}]',
        "[1]",
        "[",
        "this is no program",
    ],
)
def test_bad_programs(cli: Cli, image_file: Path, tmp_path: Path, text: str) -> None:
    path = tmp_path / "bad.program"
    path.write_text(text)
    cli("run", path, "--memory", image_file).failed("error: ")


def test_missing_files(cli: Cli, program_file: Path, image_file: Path, tmp_path: Path) -> None:
    nowhere = tmp_path / "nowhere.json"
    cli("run", nowhere, "--memory", image_file).failed("nowhere.json")
    cli("run", program_file, "--memory", nowhere).failed("nowhere.json")
    cli("run", program_file).failed("--memory")


def test_trap_names_the_place_and_leaves_no_file(
    cli: Cli, program_file: Path, tmp_path: Path
) -> None:
    image, out = tmp_path / "short.json", tmp_path / "out.json"
    image.write_text("[1]")
    out.write_text("precious")
    done = cli("run", program_file, "--memory", image, "--out", out)
    done.failed("bundle 1", "load slot 1")
    assert out.read_text() == "precious"


def test_step_limit(cli: Cli, image_file: Path, tmp_path: Path) -> None:
    path = tmp_path / "loop.json"
    path.write_text('[{"flow": [["jump", 0]]}]')
    cli("run", path, "--memory", image_file, "--max-cycles", "100").failed("100")


def test_a_loop_that_changes_nothing(cli: Cli, image_file: Path, tmp_path: Path) -> None:
    path, trace = tmp_path / "loop.json", tmp_path / "trace.json"
    path.write_text('[{"flow": [["jump", 0]]}]')
    call = ("run", path, "--memory", image_file)
    before = time.process_time()
    cli(*call).failed("bundle 0", "never ends", "nothing has changed since cycle 4096")
    cli(*call, "--trace", trace).failed("never ends")
    assert time.process_time() - before < 2
    assert json.loads(trace.read_text())


def test_a_file_that_cannot_be_written(cli: Cli, program_file: Path, image_file: Path) -> None:
    call = ("run", program_file, "--memory", image_file, "--out")
    cli(*call, "/nowhere/out.json").failed("cannot write /nowhere/out.json")
    cli(*call, program_file.parent).failed("cannot write", "directory")


def test_a_replaced_file_keeps_its_permissions(
    cli: Cli, program_file: Path, image_file: Path, tmp_path: Path
) -> None:
    out, link = tmp_path / "out.json", tmp_path / "link.json"
    out.write_text("old")
    out.chmod(0o640)
    link.symlink_to(out)
    cli("run", program_file, "--memory", image_file, "--out", link).succeeded()
    assert link.is_symlink()
    assert json.loads(out.read_text())[2] == 42
    assert out.stat().st_mode & 0o777 == 0o640
    assert sorted(os.listdir(tmp_path)) == ["image.json", "link.json", "out.json", "sum.json"]


def test_a_smaller_machine(cli: Cli, program_file: Path, image_file: Path, tmp_path: Path) -> None:
    machine = tmp_path / "machine.toml"
    call = ("run", program_file, "--memory", image_file, "--machine", machine)
    machine.write_text("[slots]\nload = 1\n")
    cli(*call).failed("load")
    machine.write_text("lanes = 4\n")
    cli(*call).failed("machine.toml", "lanes")
    machine.write_text("not toml")
    cli(*call).failed("machine.toml", "TOML")
