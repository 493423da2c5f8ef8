"""The TextMate grammar gives every token of the language a scope, by what the token is.

TextMate's engine takes, at each place, the pattern that matches first, of several at one place the
first in the list; a small one of that kind stands here, for grammars of single-line matches in the
part of regular expressions that Python and Oniguruma share.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from lark import Lark

from tests.lab.documents import REPOSITORY, blocks
from vliwc.ir.value import Reduction
from vliwc.lang.symbols import BUILTINS

EXTENSION = REPOSITORY / "editors" / "vscode"
GRAMMAR: Any = json.loads((EXTENSION / "syntaxes" / "vk.tmLanguage.json").read_text())
RULES = [(re.compile(rule["match"]), rule) for rule in GRAMMAR["patterns"]]

LARK = Lark(
    (REPOSITORY / "vliwc" / "lang" / "grammar.lark").read_text(), parser="lalr", start="program"
)
KEYWORDS = sorted(
    terminal.pattern.value
    for terminal in LARK.terminals
    if re.fullmatch(r"[a-z]\w*", terminal.pattern.value)
)
"""The words of the language, as its grammar has them."""

KERNELS = sorted((REPOSITORY / "kernels").glob("*.vk"))
LANGUAGE = (REPOSITORY / "docs" / "language.md").read_text(encoding="utf-8").splitlines()
EXAMPLES = [
    "\n".join(LANGUAGE[block.start : block.end]) for block in blocks(LANGUAGE) if block.info == "vk"
]


def scopes(text: str) -> list[list[str]]:
    """The scope of each character of each line; "" where no pattern matches."""
    return [_line(line) for line in text.split("\n")]


def _line(line: str) -> list[str]:
    found = [""] * len(line)
    at = 0
    while at < len(line):
        matches = [(m, rule) for pattern, rule in RULES if (m := pattern.search(line, at))]
        if not matches:
            break
        match, rule = min(matches, key=lambda pair: pair[0].start())
        assert match.end() > match.start(), f"{rule} matches nothing"
        parts = {0: rule["name"]} if "name" in rule else {}
        parts |= {int(n): part["name"] for n, part in rule.get("captures", {}).items()}
        for number, scope in sorted(parts.items()):
            start, end = match.span(number)
            found[start:end] = [scope] * (end - start)
        at = match.end()
    return found


def expected(kind: str, text: str) -> str:
    """What the scope of a token begins with."""
    if text in KEYWORDS:
        if text in ("u32", "bool"):
            return "storage.type"
        return "constant.language" if text in ("true", "false") else "keyword.|storage.modifier"
    if kind == "NAME":
        return "variable.|entity.name.function|support.function"
    return "constant.numeric" if kind == "INT" else "keyword.operator|punctuation."


def test_there_are_keywords() -> None:
    assert {"kernel", "parallel", "scratch", "into", "u32", "distinct", "true"} <= set(KEYWORDS)


@pytest.mark.parametrize("word", KEYWORDS)
def test_every_keyword_of_the_grammar_has_its_scope(word: str) -> None:
    for text in (word, f"({word} ", f"{word};"):
        (found,) = scopes(text)
        at = text.index(word)
        own = set(found[at : at + len(word)])
        assert len(own) == 1 and re.match(expected("", word), own.pop()), text
    for longer in (f"{word}s", f"{word}_", f"x{word}"):
        assert set(scopes(longer)[0]) == {"variable.other.vk"}, longer


@pytest.mark.parametrize("number", range(len(KERNELS) + len(EXAMPLES)))
def test_every_token_of_kernels_has_its_scope(number: int) -> None:
    files = [path.read_text(encoding="utf-8") for path in KERNELS]
    text = [*files, *EXAMPLES][number]
    found = scopes(text)
    tokens = list(LARK.lex(text))
    assert len(tokens) > 30
    covered = [[False] * len(line) for line in text.split("\n")]
    for token in tokens:
        assert token.line is not None and token.column is not None
        line, start = token.line - 1, token.column - 1
        own = found[line][start : start + len(token)]
        assert len(set(own)) == 1, f"{token!r} in line {token.line}: {own}"
        assert re.match(expected(token.type, str(token)), own[0]), (token, own[0])
        covered[line][start : start + len(token)] = [True] * len(token)
    for line, (own, tokens_there) in enumerate(zip(found, covered, strict=True)):
        for column, scope in enumerate(own):
            if not tokens_there[column] and scope:
                assert scope.startswith("comment."), (line + 1, column + 1, scope)


def test_builtins_and_reductions_are_told_from_names() -> None:
    for name in BUILTINS:
        assert set(scopes(f"{name}(")[0][: len(name)]) == {"support.function.builtin.vk"}, name
    for reduction in Reduction:
        name = reduction.value
        (found,) = scopes(f"reduce {name} s {{")
        assert set(found[7 : 7 + len(name)]) == {"support.function.reduction.vk"}, name
    (found,) = scopes("y = minimum(x) + f(0x1F_00);")
    assert found[4] == "entity.name.function.call.vk" and found[19] == "constant.numeric.vk"
    assert set(scopes("x = 1; // kernel 3")[0][7:]) == {"comment.line.double-slash.vk"}


def test_the_extension_names_its_files() -> None:
    package: Any = json.loads((EXTENSION / "package.json").read_text())
    (language,) = package["contributes"]["languages"]
    (grammar,) = package["contributes"]["grammars"]
    assert grammar["language"] == language["id"] == "vk" and language["extensions"] == [".vk"]
    assert grammar["scopeName"] == GRAMMAR["scopeName"]
    for path in (language["configuration"], grammar["path"]):
        assert isinstance(json.loads((EXTENSION / path).read_text()), dict), path
    assert not Path(grammar["path"]).is_absolute()
