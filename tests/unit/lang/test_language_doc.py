"""The language reference: its examples compile and run, its tables are complete."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from vliwc.checking import our_simulator, run_cases
from vliwc.driver import compile_text
from vliwc.ir.interpret import interpret as run_ir
from vliwc.lang import bind, parse_kernel
from vliwc.lang.interpret import interpret, output_words, random_memory
from vliwc.lang.lower import lower
from vliwc.lang.symbols import BUILTINS
from vliwc.options import Options

ROOT = Path(__file__).resolve().parents[3]
TEXT = (ROOT / "docs" / "language.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^```vk\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("number", range(len(EXAMPLES)))
def test_example(number: int) -> None:
    text = EXAMPLES[number]
    found = re.match(r"// params: (.*)\n", text)
    assert found is not None, "an example needs its parameters in the first line"
    params = {name: int(value) for name, value in re.findall(r"(\w+)=(\d+)", found[1])}
    kernel = bind(parse_kernel(text, f"docs/language.md, example {number}"), params)
    if kernel.run_time:
        result = compile_text(text, "language.md", params, Options(level=1))
        assert run_cases(result, range(3), our_simulator(result)).correct
        return
    function = lower(kernel)
    for seed in range(3):
        memory = random_memory(kernel, seed)
        expected, result = interpret(kernel, memory), run_ir(function, memory)
        for part in output_words(kernel):
            assert result[part.start : part.stop] == expected[part.start : part.stop]


def test_there_are_examples() -> None:
    assert len(EXAMPLES) >= 6


def test_python_example_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    (code,) = re.findall(r"^```python\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
    monkeypatch.chdir(ROOT)
    names: dict[str, object] = {}
    exec(code, names)
    assert names["result"] != names["memory"]


def test_every_error_code_is_documented() -> None:
    own = ("diagnostics.py", "checking.py", "guard.py", "driver.py")
    sources = [*(ROOT / "vliwc" / "lang").rglob("*.py"), *(ROOT / "vliwc" / n for n in own)]
    raised = {
        code
        for path in sources
        for code in re.findall(r'"(E\d{4})"', path.read_text(encoding="utf-8"))
    }
    documented = set(re.findall(r"E\d{4}", TEXT))
    assert raised <= documented
    assert documented <= raised, "the page documents codes that do not exist"


def test_grammar_and_tables_name_every_word_of_the_language() -> None:
    grammar = (ROOT / "vliwc" / "lang" / "grammar.lark").read_text(encoding="utf-8")
    (ebnf,) = re.findall(r"^```ebnf\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
    words = set(re.findall(r'"([a-z0-9]+|[^\sa-z0-9]{1,2})"', grammar))
    assert {"ascending", "**", "reduce"} <= words
    assert words == set(re.findall(r'"([a-z0-9]+|[^\sa-z0-9]{1,2})"', ebnf))
    for name in BUILTINS:
        assert f"`{name}(" in TEXT
