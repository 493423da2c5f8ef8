"""The pictures of reports in the documents, taken with a headless chromium.

    make report-test                 # installs Playwright; chromium is Debian's
    python -m docs.screenshots

Writes docs/images/report.png and docs/images/comparison.png.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from vliwc.driver import compile_file
from vliwc.options import Options
from vliwc.report.data import report_data
from vliwc.report.render import report_page

ROOT = Path(__file__).resolve().parent.parent
KERNEL = ROOT / "kernels" / "ternary_tree.vk"
SIZES = {"levels": 4, "steps": 12, "batch": 256}


def page_of(*levels: int) -> str:
    """The report of the kernel at one or two levels."""
    shown = []
    for level in levels:
        options = Options(level=level)
        shown.append(report_data(compile_file(KERNEL, SIZES, options, keep_stages=True), options))
    return report_page(shown)


def take(browser: Any, html: str, picture: Path, scheme: str, height: int) -> None:
    """A picture of the upper part of a page, with an operation chosen."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "page.html"
        path.write_text(html, encoding="utf-8")
        page = browser.new_page(viewport={"width": 1280, "height": height}, color_scheme=scheme)
        page.goto(path.as_uri())
        page.wait_for_selector("html[data-ready]")
        page.evaluate("maps[0].show(100, 160)")
        page.evaluate("goTo(reports[0], reports[0].slots.operation[1500])")
        page.evaluate("choose({ line: reports[0].operations.line[choice.op] })")
        page.wait_for_timeout(300)
        page.screenshot(path=str(picture))
        page.close()


def main() -> int:
    try:
        from playwright.sync_api import sync_playwright  # pyright: ignore
    except ImportError:
        print("playwright is missing: make report-test installs it", file=sys.stderr)
        return 1
    chromium = shutil.which("chromium")
    if chromium is None:
        print("there is no chromium: apt-get install chromium", file=sys.stderr)
        return 1
    images = ROOT / "docs" / "images"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        take(browser, page_of(2), images / "report.png", "light", 860)
        take(browser, page_of(2, 1), images / "comparison.png", "dark", 1500)
        browser.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
