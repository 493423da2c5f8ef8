"""Reports: their data is that of the compilation, pages need nothing from outside, bad ones are
refused."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, cast

import pytest

from vliwc.driver import ENGINES, Compilation, compile_file, compile_text
from vliwc.options import Options
from vliwc.report.charts import cause_chart, use_chart
from vliwc.report.data import report_data
from vliwc.report.render import ReportError, differences, read_report, report_page, title

SIZES = {"forest_height": 4, "rounds": 6, "batch_size": 77}


@pytest.fixture(scope="module", params=[0, 1, 2])
def made(request: pytest.FixtureRequest, kernels: Path) -> tuple[Compilation, dict[str, Any]]:
    options = Options(level=request.param)
    compiled = compile_file(kernels / "tree_hash.vk", SIZES, options, keep_stages=True)
    return compiled, cast("dict[str, Any]", report_data(compiled, options))


def test_slots_are_those_of_the_program(made: tuple[Compilation, dict[str, Any]]) -> None:
    compiled, data = made
    slots, operations, strings = data["slots"], data["operations"], data["strings"]
    columns = {len(column) for column in slots.values()}
    assert columns == {sum(compiled.ops.values())}
    for cycle, engine, row, op, lane in zip(*(slots[key] for key in slots), strict=True):
        bundle = compiled.program.bundles[cycle]
        slot = bundle[ENGINES[engine]][row]
        assert slot[0] == strings[operations["opcode"][op]]
        if operations["width"][op]:
            offset = int(slot[1]) - operations["address"][op]
            assert 0 <= offset < operations["width"][op] and (lane >= 0 or offset == 0)


def test_columns_fit_each_other(made: tuple[Compilation, dict[str, Any]]) -> None:
    compiled, data = made
    count = len(compiled.generated.dag.operations())
    assert {len(column) for column in data["operations"].values()} == {count}
    assert len(data["live"]) == len(data["cause_of_cycle"]) == compiled.cycles
    assert sum(cause["cycles"] for cause in data["causes"]) == compiled.cycles
    peak = data["peak"]
    assert peak["words"] == max(data["live"]) == data["live"][peak["cycle"]]
    assert sum(holder["words"] for holder in peak["holders"]) == peak["words"]
    assert len(set(data["strings"])) == len(data["strings"])


def test_lines_of_stages_are_those_of_the_source(
    made: tuple[Compilation, dict[str, Any]],
) -> None:
    _, data = made
    source = data["source"]["text"].split("\n")
    assert [stage["name"] for stage in data["stages"]][-1] == "machine DAG"
    for stage in data["stages"]:
        lines = stage["text"].removesuffix("\n").split("\n")
        assert len(lines) == len(stage["lines"]) and set(stage["lines"]) > {0}
        for text, line in zip(lines, stage["lines"], strict=True):
            assert 0 <= line <= len(source)
            if " store " in text and "values[" in text and line:
                assert "values[i] = val" in source[line - 1]


def test_lines_of_the_machine_dag_are_those_of_its_operations(
    made: tuple[Compilation, dict[str, Any]],
) -> None:
    compiled, data = made
    stage = data["stages"][-1]
    dag = compiled.generated.dag
    blocks = [dag.shared, *(template.ops for template in dict.fromkeys(dag.groups))]
    operations = [op for block in blocks for op in block]
    shown = [
        (re.search(r'"(.*?)"', text), line)
        for text, line in zip(stage["text"].split("\n"), stage["lines"], strict=False)
        if text.startswith("    %")
    ]
    assert len(shown) == len(operations)
    for op, (name, line) in zip(operations, shown, strict=True):
        span = None if op.origin is None else op.origin.span
        assert name is not None and name[1] == op.name
        assert line == (0 if span is None else span.start_line)


def test_the_same_compilation_gives_the_same_page(
    made: tuple[Compilation, dict[str, Any]], kernels: Path
) -> None:
    compiled, data = made
    options = Options(level=data["options"]["level"])
    again = compile_file(kernels / "tree_hash.vk", SIZES, options, keep_stages=True)
    assert report_page([report_data(again, options)]) == report_page([data])


def test_pages_need_nothing_from_outside_and_hold_their_data(
    made: tuple[Compilation, dict[str, Any]],
) -> None:
    compiled, data = made
    page = report_page([data])
    assert f"{compiled.cycles} cycles" in page
    assert not re.search(r"https?:|<link|\bsrc=|@import|url\(|\bfetch\(|XMLHttp|import\(", page)
    assert page.count("<svg") == 3
    assert read_report(page, "a.html") == [data]
    assert report_page(read_report(page, "a.html")) == page


def test_text_of_the_kernel_cannot_leave_its_place() -> None:
    text = (
        "// </script><script>alert(1)</script> <!-- &amp; <b>\n"
        "kernel k() { memory { y: u32[9] out at 0; } parallel for i in 0 .. 9 { y[i] = i; } }"
    )
    options = Options(level=1)
    data = report_data(compile_text(text, "k.vk", {}, options, keep_stages=True), options)
    page = report_page([data])
    assert "alert(1)" in page and "<script>alert" not in page
    assert page.count("</script>") == 3 and "<!--" not in page
    assert read_report(page, "k.html") == [data]


def test_two_compilations_beside_each_other(kernels: Path) -> None:
    pair: list[dict[str, Any]] = []
    for level in (1, 2):
        options = Options(level=level, scheduler="backward" if level == 1 else "list")
        compiled = compile_file(
            kernels / "dfa.vk",
            {"states": 4, "symbol_bits": 1, "batch": 40, "words": 1},
            options,
            keep_stages=True,
        )
        pair.append(cast("dict[str, Any]", report_data(compiled, options)))
    rows = {name: (a, b, more) for name, a, b, more in differences(*pair)}
    a, b = pair[0]["cycles"], pair[1]["cycles"]
    assert rows["cycles"] == (str(a), str(b), f"{b - a:+d}" if a != b else "")
    causes = [(int(x), int(y)) for name, (x, y, _) in rows.items() if name.startswith("cycles: ")]
    assert tuple(map(sum, zip(*causes, strict=True))) == (a, b)
    page = report_page(pair)
    assert [title(data) for data in pair] == [
        "dfa(states=4, symbol_bits=1, batch=40, words=1) -O1 backward",
        "dfa(states=4, symbol_bits=1, batch=40, words=1) -O2",
    ]
    assert "<h2>Differences</h2>" in page and read_report(page, "x") == pair


def test_differences_are_of_the_second_from_the_first(
    made: tuple[Compilation, dict[str, Any]],
) -> None:
    """Also where only one of the two has a cause."""
    _, data = made
    more = {"name": "only here", "text": "as it says", "cycles": 3}
    other = {
        **data,
        "cycles": data["cycles"] + 3,
        "scratch_words": data["scratch_words"] - 8,
        "causes": [*data["causes"], more],
    }
    rows = {name: (a, b, more) for name, a, b, more in differences(data, other)}
    assert rows["cycles"] == (str(data["cycles"]), str(data["cycles"] + 3), "+3")
    assert rows["scratch words"][2] == "-8" and rows["schedule bound"][2] == ""
    assert rows["cycles: only here"] == ("0", "3", "+3")
    back = {name: more for name, _, _, more in differences(other, data)}
    assert back["cycles: only here"] == back["cycles"] == "-3"


def rectangles(chart: str) -> list[dict[str, float]]:
    """x, y, width and height of the rectangles of a drawing."""
    found = re.findall(r'<rect x="(.*?)" y="(.*?)" width="(.*?)" height="(.*?)"', chart)
    return [
        dict(zip(("x", "y", "width", "height"), map(float, each), strict=True)) for each in found
    ]


def test_bars_of_causes_stand_side_by_side(made: tuple[Compilation, dict[str, Any]]) -> None:
    bars = rectangles(cause_chart(made[1]))
    assert len(bars) == len(made[1]["causes"]) > 1
    for bar, following in zip(bars, bars[1:], strict=False):
        assert following["x"] == pytest.approx(bar["x"] + bar["width"], abs=0.02)
    assert bars[0]["x"] == 0 and bars[-1]["x"] + bars[-1]["width"] == pytest.approx(960, abs=0.02)


def test_bars_of_use_stand_on_the_line_of_their_engine(
    made: tuple[Compilation, dict[str, Any]],
) -> None:
    _, data = made
    bars = rectangles(use_chart(data))
    windows = data["windows"]
    assert len(bars) == len(windows) * len(data["engines"])
    for row, (engine, _) in enumerate(data["engines"]):
        for window, bar in zip(windows, bars[row * len(windows) :], strict=False):
            assert bar["height"] == pytest.approx(32 * window["used"][engine], abs=0.01)
            assert bar["y"] + bar["height"] == pytest.approx(46 * (row + 1) - 6, abs=0.02)


def test_a_program_without_cycles_has_a_report() -> None:
    text = "kernel nothing() { memory { x: u32[8] in at 0; } }"
    data = report_data(compile_text(text, "n.vk", {}, keep_stages=True), Options())
    assert "nothing() -O2" in report_page([data])


@pytest.mark.parametrize(
    ("page", "message"),
    [
        ("<html></html>", "bad.html: this is no report"),
        (
            '<script type="application/json" id="vliwc-report">[</script>',
            "bad.html: not valid JSON",
        ),
        ('<script type="application/json" id="vliwc-report">[]</script>', "no compilations"),
        ('<script type="application/json" id="vliwc-report">[1]</script>', "of version None"),
        (
            '<script type="application/json" id="vliwc-report">'
            '[{"format": "vliwc-report", "version": 99}]</script>',
            "of version 99",
        ),
    ],
)
def test_pages_that_are_no_reports_are_refused(page: str, message: str) -> None:
    with pytest.raises(ReportError, match=message):
        read_report(page, "bad.html")


def test_damaged_data_is_refused(made: tuple[Compilation, dict[str, Any]]) -> None:
    _, data = made
    for change in ({"causes": 3}, {"peak": {}}, {"params": None}, {"live": ["x"]}):
        with pytest.raises(ReportError, match="damaged"):
            report_page([{**data, **change}])
