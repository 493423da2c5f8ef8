"""Assembly: what each construct means, exact text of the formatter, and errors with their place."""

from __future__ import annotations

import pytest

from isa.assembly import format_assembly, parse_assembly
from isa.errors import AssemblyError, ProgramError
from isa.machine import MachineSpec
from isa.program import JSON, Bundle, Program, encode_key
from isa.provenance import Place, with_provenance

TEXT = """\
.machine {"name": "small", "slots": {"alu": 2, "valu": 1, "load": 2, "store": 1, "flow": 1, \
"debug": 4}, "vlen": 4, "scratch_words": 64, "latency": 1}
.meta {"kernel": "loop # not a comment"}
{ load const r1, 10; load const r2, -1 }
L1:
{  # 1
  alu + r1, r1, r2
  alu << r3, r1, r2
  valu multiply_add v8, v16, v24, v32
  flow cond_jump r1, L1
}
{ alu; debug comment "# ; \\"}" }
{}
{ flow cond_jump_rel r1, L6 }
{ load load_offset r4, r5, 3; store vstore r1, v8; flow halt }
L6:
"""

PROGRAM = Program(
    (
        {"load": [("const", 1, 10), ("const", 2, -1)]},
        {
            "alu": [("+", 1, 1, 2), ("<<", 3, 1, 2)],
            "valu": [("multiply_add", 8, 16, 24, 32)],
            "flow": [("cond_jump", 1, 1)],
        },
        {"alu": [], "debug": [("comment", '# ; "}')]},
        {},
        {"flow": [("cond_jump_rel", 1, 1)]},
        {
            "load": [("load_offset", 4, 5, 3)],
            "store": [("vstore", 1, 8)],
            "flow": [("halt",)],
        },
    ),
    MachineSpec(
        "small", {"alu": 2, "valu": 1, "load": 2, "store": 1, "flow": 1, "debug": 4}, 4, 64
    ),
    {"kernel": "loop # not a comment"},
)


def test_format() -> None:
    assert format_assembly(PROGRAM) == TEXT


def test_parse() -> None:
    assert parse_assembly(TEXT) == PROGRAM


@pytest.mark.parametrize(
    "text",
    [
        "{alu + r1,r2,r3;flow jump 0}",
        "# first\n\n{ # second\n\n alu + r1, r2, r3 # third\n ; ; flow jump 0x0\n\n} # last",
        "start: { alu + r1, r2, r3\r\n\tflow jump start; }",
        "L.0_a: unused:\n{ alu + r1, r2, r3\n  flow jump L.0_a }\nend:",
    ],
)
def test_layout_is_free(text: str) -> None:
    assert parse_assembly(text).bundles == ({"alu": [("+", 1, 2, 3)], "flow": [("jump", 0)]},)


def test_the_order_of_engines_is_kept() -> None:
    program = parse_assembly("{ flow coreid r1; alu + r1, r2, r3; flow coreid r2 }")
    assert list(program.bundles[0].items()) == [
        ("flow", [("coreid", 1), ("coreid", 2)]),
        ("alu", [("+", 1, 2, 3)]),
    ]


def test_numbers() -> None:
    program = parse_assembly("{ load const r1, 0xFF; load const r2, -0x10; load const r3, +007 }")
    assert [slot[2] for slot in program.bundles[0]["load"]] == [255, -16, 7]


def test_targets_outside_the_program_stay_numbers() -> None:
    program = Program(
        ({"flow": [("jump", 9)]}, {"flow": [("cond_jump_rel", 1, -3)]}, {"alu": [("+", -1, 0, 0)]})
    )
    text = format_assembly(program)
    assert text == "{ flow jump 9 }\n{ flow cond_jump_rel r1, -3 }\n{ alu + r-1, r0, r0 }\n"
    assert parse_assembly(text) == program


def test_debug_keys() -> None:
    program = Program(({"debug": [("compare", 1, encode_key((0, "a\nb")))]},))
    assert parse_assembly(format_assembly(program)) == program


@pytest.mark.parametrize(
    ("text", "line", "column", "message"),
    [
        ("{ alu + r1, r2 }", 1, 7, "+ takes 3 operands (d, a, b), got 2"),
        ("{ flow halt r1 }", 1, 8, "halt takes 0 operands (none), got 1"),
        ("{ alu + r1, v2, r3 }", 1, 13, "operand a of + is a scratch word such as r12, not 'v2'"),
        ("{ valu + v1, r2, v3 }", 1, 14, "is a scratch vector such as v16, not 'r2'"),
        ("{ alu + r1, 2, r3 }", 1, 13, "is a scratch word such as r12, not '2'"),
        ("{ load const r1, x }", 1, 18, "operand imm of const is an integer, not 'x'"),
        ("{ flow jump r12 }", 1, 13, "is a label or an integer, not 'r12'"),
        ("{ debug comment x }", 1, 17, "operand text of comment is a quoted text, not 'x'"),
        ('{ debug comment "\\q" }', 1, 17, "not a valid quoted text: Invalid \\escape"),
        ("{\n\talu mul r1, r2, r3\n}", 2, 6, "alu has no operation 'mul'; it has + - *"),
        ("{ mul }", 1, 3, "unknown engine 'mul'; the engines are alu, valu"),
        ("{ flow jump x }", 1, 13, "label 'x' is not defined"),
        ("x: {}\n x:", 2, 2, "label x is defined twice; rename one of them"),
        ("{ alu + r1 r2 }", 1, 12, "unexpected 'r2'; expected ',' or ';' or '}'"),
        ("{ alu + r1, r2, r3", 1, 19, "unexpected the end of the text; expected ','"),
        ("{ alu + r1,\n r2, r3 }", 1, 12, "unexpected the end of the line; expected"),
        ("x {}", 1, 3, "unexpected '{'; expected ':'"),
        ("{ alu ? }", 1, 7, "unexpected '?'"),
        (".foo", 1, 1, "there is no directive .foo; the directives are .machine and .meta"),
        (".meta [1]", 1, 1, ".meta needs a JSON object"),
        (".meta {", 1, 1, ".meta needs JSON on the same line"),
        (".machine {}\n.machine {}", 2, 1, "directive .machine appears twice"),
        ('.meta {"a": 1}\n.meta {"a": 1}', 2, 1, '.meta gives "a" twice; remove one of them'),
        ('.machine {"vlen": 0}', 1, 1, "vlen is 0; it must be a positive integer"),
    ],
)
def test_errors_point_at_the_mistake(text: str, line: int, column: int, message: str) -> None:
    with pytest.raises(AssemblyError) as error:
        parse_assembly(text, source="file.asm")
    first, shown, caret = str(error.value).split("\n")
    assert first.startswith(f"file.asm:{line}:{column}: ")
    assert message in first
    assert shown == "  " + text.split("\n")[line - 1]
    assert caret.endswith("^") and len(caret) == 2 + column
    assert (error.value.line, error.value.column) == (line, column)


@pytest.mark.parametrize(
    "bundle",
    [
        {"alu": [("?", 1, 2, 3)]},
        {"alu": [("+", 1, 2)]},
        {"alu": [("+", 1, 2, "x")]},
        {"debug": [("comment", 3)]},
        {"alu": [()]},
        {"mul": []},
    ],
)
def test_what_has_no_assembly(bundle: dict[str, list[tuple[str | int, ...]]]) -> None:
    with pytest.raises(ProgramError, match="bundle 1.*has no assembly"):
        format_assembly(Program(({}, bundle)))


def test_long_meta_data_stands_at_the_end() -> None:
    long: list[JSON] = [f"word {number}" for number in range(40)]
    meta: dict[str, JSON] = {"kernel": "k", "long": long, "level": 2, "name": "n" * 60, "seed": 0}
    program = Program(({"alu": []},), meta=meta)
    lines = format_assembly(program).splitlines()
    assert lines[:2] == [
        '.meta {"kernel": "k", "level": 2}',
        f'.meta {{"name": "{"n" * 60}", "seed": 0}}',
    ]
    assert lines[2] == "{ alu }" and lines[3].startswith('.meta {"long": ') and len(lines) == 4
    assert parse_assembly("\n".join(lines)) == program


def test_comments_say_where_slots_come_from() -> None:
    bundles: tuple[Bundle, ...] = (
        {"alu": [("+", 1, 2, 3), ("+", 2, 3, 3), ("+", 3, 3, 3)], "load": [("const", 5, 7)]},
        {"alu": []},
    )
    places = [
        {
            "alu": [Place(1, 0, "y"), Place(1, 0, "y"), Place(2, 1, "z")],
            "load": [Place(None, value="c7")],
        },
        {"alu": list[Place]()},
    ]
    program = with_provenance(Program(bundles), "k.vk", places, "  y = x; # one\nz = y;")
    text = format_assembly(program, comments=True)
    assert text.splitlines() == [
        "{  # 0",
        "  alu + r1, r2, r3  # group 0, y, line 1: y = x; # one",
        "  alu + r2, r3, r3  # as before",
        "  alu + r3, r3, r3  # group 1, z, line 2: z = y;",
        "  load const r5, 7  # set-up, c7",
        "}",
        "{  # 1",
        "  alu",
        "}",
    ]
    assert parse_assembly(text) == Program(bundles)
    bare = with_provenance(Program(bundles), "k.vk", places)
    assert "# group 1, z, line 2\n" in format_assembly(bare, comments=True)
    assert format_assembly(Program(bundles), comments=True) == format_assembly(Program(bundles))
