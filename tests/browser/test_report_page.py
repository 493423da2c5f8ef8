"""The report of the headline kernel in a browser: it is there within seconds, and answers."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from vliwc.driver import compile_file
from vliwc.options import Options
from vliwc.report.data import report_data
from vliwc.report.render import report_page

HEADLINE = {"forest_height": 10, "rounds": 16, "batch_size": 256}
MAX_BYTES = 8_000_000
MAX_SECONDS = 3.0
SMALL = ".map:not(.small) canvas"


@pytest.fixture(scope="session")
def pages(kernels: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The page of the headline at -O2, and one that compares it with -O1."""
    folder = tmp_path_factory.mktemp("pages")
    data = []
    for level in (2, 1):
        options = Options(level=level)
        made = compile_file(kernels / "tree_hash.vk", HEADLINE, options, keep_stages=True)
        data.append(report_data(made, options))
    one, two = folder / "one.html", folder / "two.html"
    one.write_text(report_page(data[:1]))
    two.write_text(report_page(data))
    return one, two


def opened(browser: Any, path: Path, **options: object) -> Any:
    """The page at a path; errors of its program and requests to elsewhere fail the test."""
    page = browser.new_page(viewport={"width": 1280, "height": 900}, **options)
    page.faults = []
    page.on("pageerror", lambda error: page.faults.append(str(error)))
    page.on("console", lambda m: m.type == "error" and page.faults.append(m.text))
    page.on("request", lambda r: r.url.startswith("file:") or page.faults.append(r.url))
    page.goto(path.as_uri())
    page.wait_for_selector("html[data-ready]", timeout=20_000)
    return page


@pytest.fixture
def page(browser: Any, pages: tuple[Path, Path]) -> Iterator[Any]:
    shown = opened(browser, pages[0])
    yield shown
    assert shown.faults == []
    shown.close()


def at_slot(page: Any, engine: str, slot: int, cycle: int) -> tuple[float, float]:
    """Where a slot of the map is on the screen, after zooming there."""
    return tuple(
        page.evaluate(
            """([engine, slot, cycle]) => {
              const map = maps[0], rows = map.report.rows;
              const row = rows.findIndex(([e, k]) => e === engine && k === slot);
              window.scrollTo(0, 0);
              map.show(cycle - 10, cycle + 10);
              const box = map.canvas.getBoundingClientRect();
              return [box.x + map.x(cycle) + map.scale / 2, box.y + map.y(row) + 5];
            }""",
            [engine, slot, cycle],
        )
    )


def test_it_is_small_and_soon_there(browser: Any, pages: tuple[Path, Path]) -> None:
    for path in pages:
        assert path.stat().st_size <= MAX_BYTES
        started = time.perf_counter()
        shown = opened(browser, path)
        assert time.perf_counter() - started < MAX_SECONDS
        assert shown.faults == []
        shown.close()


def test_a_slot_says_what_it_is(page: Any) -> None:
    page.mouse.move(*at_slot(page, "valu", 2, 400))
    tip = page.locator("#tip").inner_text()
    assert tip.startswith("cycle 400, valu 2: ")
    for part in (", group ", "\n%", "\nline ", "\nreads ", "\nwaited for "):
        assert part in tip, tip
    assert "made for" in page.locator("#operation").inner_text()


def test_a_line_shows_its_slots_and_a_slot_its_line(page: Any) -> None:
    count = "reports[0].operations.line.filter((line) => line === choice.line).length"
    line = page.locator("#source li.has", has_text="idx = 2 * idx")
    line.click()
    assert page.evaluate("choice.line") == int(line.get_attribute("data-line"))
    assert page.evaluate(count) > 100
    assert page.locator("#stage-text span.chosen").count() > 0
    page.mouse.move(*at_slot(page, "valu", 0, 300))
    page.mouse.down()
    page.mouse.up()
    of_slot = page.evaluate("reports[0].operations.line[choice.op]")
    page.keyboard.press("Escape")
    assert page.evaluate("choice.line") == 0
    page.mouse.down()
    page.mouse.up()
    assert page.locator("#source li.chosen").get_attribute("data-line") == str(of_slot)


def test_stages_change(page: Any) -> None:
    first = page.locator("#stage-text").inner_text()
    page.locator("#stage-after").click()
    names = page.locator("#stage option").all_inner_texts()
    assert names[0] == "1. lower" and names[-1].endswith("machine DAG")
    marked: dict[str, int] = {}
    for name in names[1:-1]:
        page.select_option("#stage", label=name)
        marked[name] = page.locator("#stage-text span.new").count()
    assert any(marked.values()), "what a pass has made is marked"
    assert page.locator("#stage-text").inner_text() != first
    page.keyboard.press("[")


def test_keys_alone_are_enough(page: Any) -> None:
    page.locator(SMALL).first.focus()
    for key in ("ArrowRight", "ArrowDown", "Shift+ArrowRight", "Enter"):
        page.keyboard.press(key)
    kept = page.evaluate("choice.op")
    assert kept >= 0
    slots = "reports[0].slotsOf[choice.op].map((slot) => reports[0].slots.cycle[slot])"
    assert 11 in page.evaluate(slots)
    page.keyboard.press("r")
    assert page.evaluate("reports[0].operations.operands[choice.op]").count(kept) == 1
    page.keyboard.press("f")
    assert page.evaluate("maps[0].end") < 60
    page.keyboard.press("d")
    assert page.evaluate("maps[0].end") == page.evaluate("reports[0].cycles")
    page.keyboard.press("0")
    assert page.evaluate("maps[0].first") == 0
    page.keyboard.press("?")
    assert page.locator("#keys").is_visible()


def test_two_compilations_share_their_window(browser: Any, pages: tuple[Path, Path]) -> None:
    shown = opened(browser, pages[1], color_scheme="dark")
    assert shown.locator(SMALL).count() == 2
    shown.locator('[data-show="1"]').click()
    assert shown.evaluate("choice.report") == 1
    shown.locator('[data-zoom="in"]').click()
    windows = shown.evaluate("maps.filter((m) => !m.fixed).map((m) => [m.first, m.end])")
    assert windows[0] == windows[1] and windows[0][1] - windows[0][0] < 900
    dark = shown.evaluate("getComputedStyle(document.body).backgroundColor")
    shown.locator("#theme").click()
    assert shown.evaluate("getComputedStyle(document.body).backgroundColor") != dark
    assert shown.faults == []
    shown.close()
