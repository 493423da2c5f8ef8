"""`vliwc report`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.cli.conftest import Called

Cli = Callable[..., Called]


def test_a_report_of_a_kernel_and_one_of_two(cli: Cli, kernel: Path, tmp_path: Path) -> None:
    a, b, both = (tmp_path / name for name in ("a.html", "b.html", "both.html"))
    one = cli("report", kernel, "-D", "n=40", "-o", a, "--json").json
    assert one["output"] == str(a) and len(one["cycles"]) == 1
    compiled = cli("compile", kernel, "-D", "n=40", "--json").json
    assert one["cycles"] == [compiled["cycles"]]
    printed = cli("report", kernel, "-D", "n=40", "-O", 0, "-o", b).succeeded().stdout
    assert printed.startswith("report ") and f"written  {b} (0." in printed
    two = cli("report", a, b, "-o", both, "--json").json
    assert len(two["cycles"]) == 2 and two["titles"][1].endswith("-O0")
    versus = tmp_path / "versus.html"
    cli("report", kernel, "-D", "n=40", "--versus", 0, "-o", versus).succeeded()
    assert versus.read_text() == both.read_text()


def test_what_a_report_cannot_show(cli: Cli, kernel: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.html"
    cases = [
        ((kernel, kernel), "two kernels have parameters"),
        ((tmp_path / "missing.vk",), "missing.vk: cannot be read"),
    ]
    page = tmp_path / "page.html"
    cli("report", kernel, "-D", "n=8", "--versus", 1, "-o", page).succeeded()
    empty = tmp_path / "empty.html"
    empty.write_text("<html></html>")
    cases += [
        ((page, "-D", "n=3"), "-D and --versus are for a kernel"),
        ((page, page), "a page compares two compilations, and these are 4"),
        ((empty,), "this is no report"),
    ]
    for arguments, message in cases:
        done = cli("report", *arguments, "-o", out)
        assert done.code == 2 and message in done.stderr, done.stderr
        assert not out.exists()
    assert "overwritten" in cli("report", page, "-o", page).stderr
