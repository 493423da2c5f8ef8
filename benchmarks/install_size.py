"""What installing vliwc and each of its extras takes on disk.

    python -m benchmarks.install_size

Prints a Markdown table from the packages of this environment: for each extra, the packages that it
adds to those that vliwc needs anyway, dependencies of dependencies included, and the sizes of their
files.
Sizes depend on platform and versions.  Packages that are not installed here are named.
"""

from __future__ import annotations

import re
import sys
from importlib.metadata import Distribution, PackageNotFoundError, distribution, requires
from pathlib import Path

from packaging.requirements import Requirement

MEGABYTE = 1_000_000


def normal(name: str) -> str:
    """The name as package indexes compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def wanted(lines: list[str], extra: str) -> list[Requirement]:
    """The requirements that hold here with an extra ("" for none)."""
    found = [Requirement(line) for line in lines]
    return [r for r in found if r.marker is None or r.marker.evaluate({"extra": extra})]


def closure(start: list[Requirement]) -> tuple[dict[str, Distribution], set[str]]:
    """The installed packages that requirements lead to, by name, and those that are missing."""
    found: dict[str, Distribution] = {}
    missing: set[str] = set()
    left = [(normal(r.name), extra) for r in start for extra in ("", *r.extras)]
    seen: set[tuple[str, str]] = set()
    while left:
        name, extra = left.pop()
        if (name, extra) in seen or name == "vliwc":
            continue
        seen.add((name, extra))
        try:
            package = found.setdefault(name, distribution(name))
        except PackageNotFoundError:
            missing.add(name)
            continue
        for need in wanted(package.requires or [], extra):
            left += [(normal(need.name), each) for each in ("", *need.extras)]
    return found, missing


def size(package: Distribution) -> int:
    """Bytes of its files, without byte code."""
    total = 0
    for file in package.files or []:
        path = Path(str(package.locate_file(file)))
        if path.suffix != ".pyc" and path.is_file():
            total += path.stat().st_size
    return total


def main() -> int:
    """Print the table."""
    lines = requires("vliwc") or []
    base, missing = closure(wanted(lines, ""))
    extras = sorted({m for line in lines for m in re.findall(r'extra == "([\w-]+)"', line)})
    print("| install | adds | packages | MB |")
    print("| --- | --- | ---: | ---: |")
    total = sum(map(size, base.values())) / MEGABYTE
    named = ", ".join(sorted(normal(r.name) for r in wanted(lines, "")))
    print(f"| `vliwc` | {named} | {len(base)} | {total:.0f} |")
    for extra in extras:
        new = [r for r in wanted(lines, extra) if r not in wanted(lines, "")]
        inner = [each for r in new if normal(r.name) == "vliwc" for each in r.extras]
        for each in inner:
            new += [r for r in wanted(lines, each) if r not in wanted(lines, "")]
        found, lost = closure(new)
        missing |= lost
        added = {name: package for name, package in found.items() if name not in base}
        total = sum(map(size, added.values())) / MEGABYTE
        named = ", ".join(inner or sorted(normal(r.name) for r in new))
        print(f"| `vliwc[{extra}]` | {named} | {len(added)} | {total:.0f} |")
    if missing:
        print(f"\nnot installed here: {', '.join(sorted(missing))}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
