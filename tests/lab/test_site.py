"""The documents as a site: built strictly, complete, and nothing in it comes from a network."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import vliwc
from vliwc import sched

MARKED = re.compile(r"^::: vliwc\.([\w.]+)$", re.MULTILINE)
FETCHED = re.compile(
    r'<(?:script|img|iframe|link rel="?(?:stylesheet|preconnect)"?)[^>]*'
    r'(?:src|href)="?(https?:[^\s">]+)'
)


@pytest.fixture(scope="module")
def site(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built site; warnings end the build with an error."""
    target = tmp_path_factory.mktemp("site")
    command = (sys.executable, "-m", "mkdocs", "build", "--strict", "-d", target)
    nowhere = dict.fromkeys(
        ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"), "127.0.0.1:9"
    )
    environment = os.environ | nowhere | {"NO_MKDOCS_2_WARNING": "1"}
    done = subprocess.run(command, cwd=repository, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "WARNING" not in done.stderr
    return target


def test_every_document_is_a_page_of_the_navigation(repository: Path, site: Path) -> None:
    home = (site / "index.html").read_text(encoding="utf-8")
    names = [path.stem for path in (repository / "docs").glob("*.md")]
    assert len(names) > 10
    for name in [*names, "contributing", "changelog"]:
        assert (site / f"{name}.html").is_file(), name
        assert re.search(rf"href=\"?{name}\.html", home), name


def test_links_out_of_the_documents_are_pages_too(site: Path) -> None:
    page = (site / "schedulers.html").read_text(encoding="utf-8")
    assert 'href="source/vliwc/sched/check.py.html"' in page
    shown = (site / "source" / "vliwc" / "sched" / "check.py.html").read_text(encoding="utf-8")
    assert "check_schedule" in shown
    folder = (site / "source" / "examples" / "scheduler_plugin.html").read_text(encoding="utf-8")
    assert 'href="scheduler_plugin/pyproject.toml.html"' in folder


def test_pages_fetch_nothing(site: Path) -> None:
    assert FETCHED.search('<link rel="stylesheet" href="https://fonts.example/a.css">')
    for page in site.rglob("*.html"):
        found = FETCHED.search(page.read_text(encoding="utf-8"))
        assert found is None, f"{page}: {found and found[1]}"


def test_the_reference_has_every_declared_name(repository: Path, site: Path) -> None:
    text = (repository / "docs" / "reference.md").read_text(encoding="utf-8")
    own = set(vliwc.__all__) - {"__version__"}
    plugin = set(sched.__all__) - {"make_scheduler", "schedulers"}  # they are names of vliwc, too
    named = sorted([*own, *(f"sched.{name}" for name in plugin)])
    assert sorted(MARKED.findall(text)) == named
    page = (site / "reference.html").read_text(encoding="utf-8")
    assert ":class:" not in page and ":func:" not in page
    for name in named:
        assert f'id="vliwc.{name}"' in page, name
