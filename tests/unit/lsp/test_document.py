"""What the language server says about texts, apart from the protocol."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from vliwc.diagnostics import KernelError
from vliwc.ir.value import Op
from vliwc.lang import bind, parse_kernel
from vliwc.lang.lower import lower
from vliwc.lsp.document import MOST_OPERATIONS, Document, Place
from vliwc.passes.base import run_passes
from vliwc.passes.pipeline import passes_for

KERNEL = """\
// params: n=20
const STEP = 4;
const PRIMES = [2, 3, 5];

fn third(x: u32) -> u32 {
  return x / 3;
}

kernel small(n) {
  let twice = 2 * n;
  memory {
    x: u32[n]    in  at 0 below 12;
    y: u32[n][2] out at n;
  }
  parallel for i in 0 .. n {
    let got = x[i] * STEP;  // STEP in a comment
    var sum: u32 = third(got);
    var low = got & 7;
    y[i][0] = sum + PRIMES[1];
    y[i][1] = got & 3;
  }
}
"""


def place(text: str, marked: str) -> Place:
    """The place of the stroke in ``marked``, a part of a line of the text without it."""
    part = marked.replace("|", "")
    at = text.index(part) + marked.index("|")
    before = text[:at]
    return before.count("\n") + 1, at - (before.rfind("\n") + 1) + 1


@pytest.mark.parametrize(
    ("marked", "words"),
    [
        ("let |got", ("**got**", "`let`", "u32", "0 to 44, 2 bits known", "line 16: ")),
        ("third(|got)", ("**got**", "0 to 44")),
        ("x[i] |* STEP", ("`u32`", "0 to 44")),
        ("|x[i] *", ("**x**: in array", "words 0 to 19")),
        ("y|[i][0]", ("**y**: out array of 2 dimensions", "words 20 to 59")),
        ("* ST|EP;", ("**STEP**: constant, compile-time integer", "= 4")),
        ("sum + PRIMES|[1]", ("**PRIMES**: table", "3 integers")),
        ("2 * |n;", ("**n**: parameter", "= 20")),
        ("let twice| =", ("**twice**", "= 40")),
        ("|third(got)", ("**third**: function, u32",)),
        ("got |& 3", ("always 0",)),
        ("var l|ow", ("**low**: `var`, u32", "0 to 4, 2 bits known (where it is declared)")),
        ("var s|um", ("**sum**: `var`, u32",)),
    ],
)
def test_hover(marked: str, words: tuple[str, ...]) -> None:
    found = Document("small.vk", KERNEL).hover(place(KERNEL, marked))
    assert found is not None
    for word in words:
        assert word in found.text


@pytest.mark.parametrize("marked", ["// ST|EP in a", "par|allel for", "kernel small(n) {|"])
def test_nothing_to_say(marked: str) -> None:
    document = Document("small.vk", KERNEL)
    assert document.hover(place(KERNEL, marked)) is None
    assert document.definition(place(KERNEL, marked)) is None


def test_a_name_in_a_comment_is_none() -> None:
    document = Document("small.vk", KERNEL)
    assert document.word(place(KERNEL, "// ST|EP in a")) == ""
    assert document.word(place(KERNEL, "* ST|EP;")) == "STEP"


def test_the_range_of_all_rounds_of_a_loop() -> None:
    text = KERNEL.replace(
        "    var low", "    var part = got;\n    for k in 1 .. 3 { part = got >> k; }\n    var low"
    )
    found = Document("small.vk", text).hover(place(text, "got |>> k"))
    assert found is not None and "0 to 22" in found.text, "the last round gives 0 to 11"


def test_costs_are_operations() -> None:
    kernel = bind(parse_kernel(KERNEL, "small.vk"), {"n": 20})
    values = run_passes(lower(kernel), passes_for(2)).values
    total = sum(value.op not in (Op.CONST, Op.LANE) for value in values)
    assert any(value.op is Op.CONST for value in values), "which cost nothing"
    found = Document("small.vk", KERNEL).hover(place(KERNEL, "let |got"))
    assert found is not None and f" of the {total} operations of one lane" in found.text


@pytest.mark.parametrize(
    ("marked", "declared"),
    [
        ("third(|got)", "let |got"),
        ("= |third(", "fn |third("),
        ("|x[i] *", "    |x: u32[n] "),
        ("return |x / 3", "third(|x: u32)"),
        ("y[|i][1]", "for |i in"),
        ("* |STEP;", "const |STEP"),
        ("|PRIMES[1]", "const |PRIMES"),
        ("2 * |n;", "small(|n)"),
        ("|sum + ", "var |sum"),
    ],
)
def test_definition(marked: str, declared: str) -> None:
    found = Document("small.vk", KERNEL).definition(place(KERNEL, marked))
    assert found is not None
    assert (found.start_line, found.start_col) == place(KERNEL, declared)


def test_without_sizes_types_are_known() -> None:
    text = KERNEL.replace("params: n=20", "no sizes")
    document = Document("small.vk", text)
    assert document.diagnostics == ()
    found = document.hover(place(text, "let |got"))
    assert found is not None and "u32" in found.text and "44" not in found.text
    assert Document("small.vk", text, {"n": 20, "other": 3}).sizes == {"n": 20}
    assert Document("small.vk", KERNEL, {"n": 5}).sizes == {"n": 20}, "the text comes first"


def test_a_kernel_that_unrolls_far_has_types_only() -> None:
    text = KERNEL.replace(
        "{\n    let got", "{\n    for r in 0 .. 9999 { y[i][0] = r; }\n    let got"
    )
    found = Document("small.vk", text).hover(place(text, "let |got"))
    assert found is not None and "u32" in found.text and "44" not in found.text


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("x[i] * STEP", "x[i] * STEPS"),
        ("x / 3;", "x / ;"),
        ("var sum: u32", "var sum: bool"),
        ("params: n=20", "params: n=20 m=3"),
        ("below 12", "below 0"),
        ("kernel small(n)", "kernel small(n"),
    ],
)
def test_diagnostics_are_those_of_the_compiler(old: str, new: str) -> None:
    text = KERNEL.replace(old, new)
    assert text != KERNEL
    document = Document("small.vk", text)
    with pytest.raises(KernelError) as raised:
        bind(parse_kernel(text, "small.vk"), document.sizes)
    assert document.diagnostics == tuple(raised.value.diagnostics)
    assert document.diagnostics


def test_the_page_about_editors(repository: Path) -> None:
    text = (repository / "docs" / "editors.md").read_text(encoding="utf-8")
    (kernel,) = re.findall(r"^```vk\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    found = Document("triple.vk", kernel).hover(place(kernel, "3 |* x"))
    assert found is not None and "0 to 297" in found.text and "`0 to 297`" in text
    (settings,) = re.findall(r"^```toml\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    server = tomllib.loads(settings)["language-server"]["vliwc"]
    assert [server["command"], *server["args"]] == ["vliwc", "lsp"]
    assert f"more than {MOST_OPERATIONS} operations" in text


def test_every_name_of_every_kernel_leads_to_its_declaration(kernels: Path) -> None:
    for path in sorted(kernels.glob("*.vk")):
        text = path.read_text()
        document = Document(path.name, text)
        assert document.diagnostics == () and document.is_checked
        places = 0
        for number, line in enumerate(text.splitlines(), 1):
            for column in range(1, len(line) + 1):
                found = document.definition((number, column))
                if found is not None:
                    places += 1
                    declared = document.source.line(found.start_line)
                    name = declared[found.start_col - 1 : found.end_col - 1]
                    assert name == document.word((number, column))
        assert places > 20, path
