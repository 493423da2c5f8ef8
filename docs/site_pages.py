"""A hook of mkdocs: pages for what the documents link to outside of docs/.

README.md, CONTRIBUTING.md and CHANGELOG.md become pages; any other file or folder of the repository
that a document names in a link becomes a page below ``source/`` that shows it.  So the documents
keep the links that work in a checkout, and stand in one place only.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterator
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).resolve().parent.parent
TOP = {
    "README.md": "index.md",
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changelog.md",
}
NAMED = re.compile(r"^```(\w+) (\S+)$")
LINK = re.compile(r"\]\(([^)\s#:]+)(#[^)\s]*)?\)")
ROLE = re.compile(r":(?:func|class|meth|data|mod|attr):(?=<code>)")
LANGUAGES = {".py": "python", ".toml": "toml", ".json": "json", ".yml": "yaml", ".vk": "rust"}
LEFT_OUT = re.compile(r"/(__pycache__|build|[^/]*\.egg-info)(/|$)")
LARGEST = 100_000
"""Characters of a file that is shown; larger ones, and those that are no text, are copied."""


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages, for every link that leads out of docs/."""
    left = [f"docs/{file.src_uri}" for file in files.documentation_pages()] + list(TOP)
    seen: set[str] = set()
    while left:
        origin = left.pop()
        if origin in seen:
            continue
        seen.add(origin)
        if not origin.startswith("docs/"):
            files.append(_file(config, origin))
        if origin.endswith(".md"):
            rewritten((ROOT / origin).read_text(encoding="utf-8"), origin, left.append)
        elif (ROOT / origin).is_dir():
            left += _inside(origin)
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Let links lead to the pages of this site."""
    origins = {place: origin for origin, place in TOP.items()}
    place = page.file.src_uri
    if place.startswith("source/"):
        return markdown
    return rewritten(markdown, origins.get(place, f"docs/{place}"), lambda _: None)


def on_page_content(html: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Docstrings name things as Sphinx wants it; a page shows the names alone."""
    return ROLE.sub("", html)


def rewritten(markdown: str, origin: str, found: Callable[[str], object]) -> str:
    """The text of the file ``origin`` with the links of the site.

    ``found`` is told the files and folders of the repository that it links to.
    """
    here = posixpath.dirname(place_of(origin))

    def link(match: re.Match[str]) -> str:
        target = posixpath.normpath(posixpath.join(posixpath.dirname(origin), match[1]))
        if not (ROOT / target).exists():
            return match[0]  # mkdocs says that it leads nowhere
        found(target)
        return f"]({posixpath.relpath(place_of(target), here or '.')}{match[2] or ''})"

    lines: list[str] = []
    fenced = False
    for line in markdown.split("\n"):
        fenced ^= line.lstrip().startswith("```")
        lines.append(NAMED.sub(r'```\1 title="\2"', line) if fenced else LINK.sub(link, line))
    return "\n".join(lines)


def place_of(origin: str) -> str:
    """Where a file or folder of the repository stands in the site."""
    if origin.startswith("docs/"):
        return origin.removeprefix("docs/")
    if origin in TOP:
        return TOP[origin]
    path = ROOT / origin
    return f"source/{origin}.md" if path.is_dir() or _shown(path) else f"source/{origin}"


def _shown(path: Path) -> bool:
    if path.suffix in (".csv", ".ipynb", ".png"):
        return False
    return path.stat().st_size <= LARGEST


def _inside(folder: str) -> Iterator[str]:
    for path in sorted((ROOT / folder).iterdir()):
        name = path.relative_to(ROOT).as_posix()
        if not LEFT_OUT.search(f"/{name}"):
            yield name


def _file(config: MkDocsConfig, origin: str) -> File:
    """The page, or the copy, of a file or folder outside of docs/."""
    path, place = ROOT / origin, place_of(origin)
    if origin in TOP:
        return File.generated(config, place, content=path.read_text(encoding="utf-8"))
    if path.is_dir():
        here = posixpath.dirname(place)
        entries = [
            f"- [{name}]({posixpath.relpath(place_of(name), here)})" for name in _inside(origin)
        ]
        return File.generated(config, place, content="\n".join([f"# {origin}/", "", *entries, ""]))
    if place.endswith(".md"):
        text = path.read_text(encoding="utf-8")
        shown = f"# {origin}\n\n````{LANGUAGES.get(path.suffix, 'text')}\n{text}````\n"
        return File.generated(config, place, content=shown)
    return File.generated(config, place, abs_src_path=str(path))
