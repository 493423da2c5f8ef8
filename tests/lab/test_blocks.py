"""Every command and code block of the documents is run, or is listed here with the reason.

Commands and files are run by ``test_tutorial``, in a folder of their own; what is left is Python,
run here, and what other tests read out of the documents.
"""

from __future__ import annotations

import re
import shlex
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import typer

from tests.lab.documents import REPOSITORY, Block, File, blocks
from tests.lab.test_tutorial import DOCUMENTS as RUN
from vliwc.cli import app

DOCUMENTS = sorted(
    path.relative_to(REPOSITORY).as_posix()
    for path in (*REPOSITORY.glob("*.md"), *REPOSITORY.glob("docs/*.md"))
)

LEFT_OUT = {
    ("README.md", "make demo     # compile"): "installs packages",
    ("README.md", "$ make demo"): "installs packages; tests/perf holds the cycles",
    ("README.md", "vliwc check kernels/tree_hash.vk"): "needs the take-home: tests/differential",
    ("CONTRIBUTING.md", "make test      #"): "installs packages, runs this test",
    ("CONTRIBUTING.md", "shl-add:"): "a rule, not code: tests/unit/test_documents.py",
    ("CONTRIBUTING.md", "git stash"): "changes the working copy; tests/cli runs bench --baseline",
    ("docs/comparison.md", "vliwc compare --kernels all"): "takes half an hour",
    ("docs/comparison.md", "for kernel in binary_search"): "takes many minutes",
    ("docs/editors.md", "vim.filetype.add"): "needs Neovim",
    ("docs/machine.md", "from isa.takehome import"): "needs the take-home: tests/differential",
    ("docs/proofs.md", "python -m benchmarks.proofs"): "takes an hour",
    (
        "docs/schedulers.md",
        "dask scheduler",
    ): "needs other computers; docs/research.md runs it on one",
}
"""Document and the beginning of the block: why it is not run."""

ELSEWHERE = {
    ("docs/api.md", "pycon"): "tests/unit/api/test_api.py",
    ("docs/editors.md", "vk"): "tests/unit/lsp/test_document.py",
    ("docs/editors.md", "toml"): "tests/unit/lsp/test_document.py",
    ("docs/language.md", "vk"): "tests/unit/lang/test_language_doc.py",
    ("docs/language.md", "ebnf"): "tests/unit/lang/test_language_doc.py",
    ("docs/machine.md", "json"): "tests/unit/isa/test_docs.py",
    ("docs/machine.md", "asm"): "tests/unit/isa/test_docs.py",
    ("docs/machine.md", "toml"): "tests/unit/isa/test_docs.py",
    ("README.md", "vk"): "tests/unit/test_documents.py",
}
"""Document and language: the test that reads these blocks."""

QUOTED = {("CONTRIBUTING.md", "ALGEBRA"): "vliwc/passes/algebra.py"}
"""Document and the beginning of the block: the file that it is a part of."""

NO_CODE = "text"
"""The language of what is neither command nor code: drawings, formulas, tables."""


def found(document: str) -> list[tuple[Block, str]]:
    """The blocks of a document that are not within generated parts, with their texts."""
    lines = (REPOSITORY / document).read_text(encoding="utf-8").splitlines()
    made = [
        range(lines.index(line), lines.index(f"<!-- end {match[1]} -->"))
        for line in lines
        if (match := re.fullmatch(r"<!-- (\w+) -->", line))
    ]
    return [
        (
            block,
            "\n".join(line.removeprefix(block.indent) for line in lines[block.start : block.end]),
        )
        for block in blocks(lines)
        if not any(block.start in part for part in made)
    ]


def kind(document: str, block: Block, text: str) -> str:
    """How a block is tested; raises ``LookupError`` if it is not."""
    if any(document == name and text.startswith(start) for name, start in LEFT_OUT):
        return "left out"
    if any(document == name and text.startswith(start) for name, start in QUOTED):
        return "quoted"
    language = block.info.partition(" ")[0]
    if isinstance(block.steps, list) or isinstance(block.steps, File):
        if (document, language) in ELSEWHERE:
            return "elsewhere"
        if document in RUN:
            return "commands"
    elif language == "python":
        return "python"
    elif (document, language) in ELSEWHERE:
        return "elsewhere"
    elif language == NO_CODE:
        return "no code"
    raise LookupError(f"{document}:{block.start}: nothing runs this block:\n{text}")


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_block_is_run_or_listed(document: str) -> None:
    for block, text in found(document):
        if kind(document, block, text) == "no code":
            commands = re.search(
                r"^(\$ |vliwc |python |make |pip |import |from )", text, re.MULTILINE
            )
            assert commands is None, f"{document}:{block.start}: {commands}"


def test_the_lists_have_no_entries_too_many() -> None:
    texts = [(document, text) for document in DOCUMENTS for _, text in found(document)]
    for name, start in (*LEFT_OUT, *QUOTED):
        assert [t for d, t in texts if d == name and t.startswith(start)], f"{name}: {start}"
    for (name, language), test in ELSEWHERE.items():
        languages = {block.info.partition(" ")[0] for block, _ in found(name)}
        assert language in languages and (REPOSITORY / test).is_file(), (name, language)


@pytest.mark.parametrize("document", DOCUMENTS)
def test_python_runs(document: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "kernels").symlink_to(REPOSITORY / "kernels")
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {"__name__": "__main__"}
    for block, text in found(document):
        if kind(document, block, text) == "python":
            exec(compile(text, f"{document}:{block.start}", "exec"), names)


@pytest.mark.parametrize(("where", "file"), QUOTED.items())
def test_what_is_quoted_stands_there(where: tuple[str, str], file: str) -> None:
    (text,) = (text for _, text in found(where[0]) if text.startswith(where[1]))
    assert text in (REPOSITORY / file).read_text(encoding="utf-8")


INLINE = re.compile(r"`(vliwc [a-z][^`]*|python -m [^`]+)`")


@pytest.mark.parametrize("document", DOCUMENTS)
def test_commands_within_sentences_exist(document: str) -> None:
    """Of what stands between backticks: the command, or the module, and each option."""
    group: Any = typer.main.get_command(app)
    for text in INLINE.findall((REPOSITORY / document).read_text(encoding="utf-8")):
        words = shlex.split(text.replace("…", "").replace("’", ""))
        if words[0] == "python":
            assert find_spec(words[2]) is not None, f"{document}: {text}"
            continue
        command, rest = group, words[1:]
        while hasattr(command, "commands") and rest and not rest[0].startswith("-"):
            name = rest.pop(0).strip(",.")
            if name == "COMMAND":
                break
            assert name in command.commands, f"{document}: {text}"
            command = command.commands[name]
        options = {
            option for each in command.params for option in (*each.opts, *each.secondary_opts)
        }
        for word in rest:
            if word.startswith("--") and word != "--help":
                assert word.partition("=")[0] in options, f"{document}: {text}: {word}"
