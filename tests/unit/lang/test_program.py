"""Parsing, checking and binding of correct programs; the public entry points; the limits."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest
from lark import Lark
from lark import logger as lark_logger

from tests.unit.lang.helpers import evaluate, lane, make, run
from vliwc.diagnostics import KernelError
from vliwc.driver import compile_text
from vliwc.ir.graph import Role
from vliwc.lang import ast, bind, load_kernel, parse_kernel
from vliwc.lang.check import check
from vliwc.lang.interpret import interpret
from vliwc.lang.lower import lower
from vliwc.lang.nesting import MAX_LOOPS, MAX_NESTING


def conflicts(grammar: str, caplog: pytest.LogCaptureFixture) -> list[str]:
    """Lark resolves shift-reduce conflicts silently; with `debug` it logs them."""
    lark_logger.setLevel(logging.DEBUG)
    lark_logger.addHandler(caplog.handler)
    try:
        Lark(grammar, start="program", parser="lalr", lexer="basic", debug=True)
    finally:
        lark_logger.removeHandler(caplog.handler)
        lark_logger.setLevel(logging.CRITICAL)
    return [record.getMessage() for record in caplog.records if "conflict" in record.getMessage()]


def test_the_grammar_has_no_conflicts(caplog: pytest.LogCaptureFixture) -> None:
    path = Path(ast.__file__).with_name("grammar.lark")
    assert conflicts(path.read_text(encoding="utf-8"), caplog) == []
    ambiguous = 'program: expr\nexpr: expr "+" expr | "a"\n'
    assert conflicts(ambiguous, caplog) != []


def test_the_tree_of_a_program() -> None:
    program = parse_kernel(
        """
        const A = 3; const T = [1, A,];
        fn f(x: u32, const k, b: bool,) -> bool { return x < k && b; }
        kernel k(n, m,) {
          let s = n + m; assume s > 0;
          memory {
            a: u32[n] in scratch at 0 below 2 ** 8 ascending;
            b: u32[m] out at n;
          }
          var v: u32;
          parallel for i in 0 .. n reduce sum p, xor q { reduce a[i] into p; }
          for r in 0 .. m { b[r] = 1; }
        }""",
        "tree.vk",
    )
    assert program.source.name == "tree.vk"
    assert [type(c) for c in program.constants] == [ast.Constant, ast.Table]
    (function,) = program.functions
    assert [p.type for p in function.parameters] == [ast.Type.U32, ast.Type.INT, ast.Type.BOOL]
    assert function.type is ast.Type.BOOL and isinstance(function.result, ast.Binary)
    kernel = program.kernel
    assert [name.text for name in kernel.parameters] == ["n", "m"]
    assert [type(s) for s in kernel.header] == [ast.Let, ast.Assume]
    first, second = kernel.arrays
    assert (first.role, first.ascending, first.below is not None) == (Role.IN_SCRATCH, True, True)
    assert (second.role, second.ascending, second.below) == (Role.OUT, False, None)
    assert [type(s) for s in kernel.body] == [ast.Var, ast.ParallelFor, ast.For]
    loop = kernel.body[1]
    assert isinstance(loop, ast.ParallelFor)
    assert [(r.operator.text, r.name.text) for r in loop.reductions] == [("sum", "p"), ("xor", "q")]
    assert str(loop.body[0].span) == "tree.vk:11:58"


def test_spans_cover_their_text() -> None:
    text = "kernel k(n) {\n  memory { a: u32[1] out at 0; }\n  a[0] = (n + 2) * f(n)\n    << 3;\n}"
    program = parse_kernel(text + "\nfn f(x: u32) -> u32 { return x; }", "s.vk")
    (store,) = program.kernel.body
    assert isinstance(store, ast.Store)
    span = store.value.span
    assert (span.start_line, span.start_col, span.end_line, span.end_col) == (3, 10, 4, 9)


def test_functions_may_stand_after_their_use() -> None:
    text = """
    kernel k(n) { memory { y: u32[n] out at 0; } parallel for i in 0 .. n { y[i] = f(i); } }
    fn f(x: u32) -> u32 { return g(x) + C; }
    fn g(x: u32) -> u32 { return x * 2; }
    const C = 5;
    """
    assert run(make(text, n=3), [0, 0, 0]) == [5, 7, 9]


def test_names_may_be_reused_where_they_are_not_visible() -> None:
    outside = "fn f(x: u32, i: u32) -> u32 { let n = x + i; return n; }"
    body = """
    var s = 0;
    for r in 0 .. 2 { let t = r; s = s + t; }
    for r in 0 .. 3 { let t = f(s, r); s = t; }
    y[i] = s;
    """
    assert run(lane(body, outside), [0] * 8)[4:] == [4] * 4


def test_types_and_compile_time_values() -> None:
    program = parse_kernel(
        """kernel k(n) {
          memory { y: u32[n] out at 0; }
          parallel for i in 0 .. n {
            let a = 3; let b: u32 = 3; var c = 3; let d = n == 3; var e = d; let f = a + b;
            y[i] = if e then a + n else f + c;
          }
        }"""
    )
    facts = check(program)
    types = {symbol.name: symbol.type for symbol in facts.symbols.values()}
    assert types["a"] is ast.Type.INT and types["b"] is ast.Type.U32
    assert types["c"] is ast.Type.U32 and types["d"] is ast.Type.FLAG
    assert types["e"] is ast.Type.BOOL and types["f"] is ast.Type.U32
    assert types["n"] is ast.Type.INT and types["i"] is ast.Type.U32


def test_keywords_are_whole_words() -> None:
    assert evaluate(
        "a + input", 3, outside="const input = 4; const format = 1; const at1 = 2;"
    ) == [7]


def test_comments_and_line_ends() -> None:
    text = "// c\r\nkernel k() { // d\r\n\tmemory { y: u32[1] out at 0; } y[0] = 7; } // end"
    assert run(make(text), [0]) == [7]


def test_load_kernel(kernels: Path, tmp_path: Path) -> None:
    kernel = load_kernel(kernels / "murmur.vk", {"n": 3, "seed": 1})
    assert kernel.name == "murmur" and dict(kernel.params) == {"n": 3, "seed": 1}
    assert kernel.source.name.endswith("murmur.vk")
    assert load_kernel(str(kernels / "murmur.vk"), {"n": 3, "seed": 1}).memory_words == 6
    with pytest.raises(KernelError, match="E0001"):
        load_kernel(tmp_path / "none.vk", {})


def test_parameters_that_are_no_integers() -> None:
    program = parse_kernel("kernel k(n) { memory {} }")
    wrong: list[Any] = [1.0, "3", True, None]
    for value in wrong:
        with pytest.raises(KernelError, match="E0504"):
            bind(program, {"n": value})
    assert bind(program, {"n": 10**30}).params == {"n": 10**30}


def test_one_program_binds_to_many_sizes(kernels: Path) -> None:
    text = (kernels / "lcg.vk").read_text(encoding="utf-8")
    program = parse_kernel(text)
    small, large = (bind(program, {"lanes": n, "steps": 2}) for n in (2, 30))
    assert (small.memory_words, large.memory_words) == (4, 60)


HEAD = "kernel k(n) { memory { x: u32[n] in at 0; y: u32[n] inout at n; }"


def nested(depth: int, leaf: str = "x[i]") -> str:
    return "(1 + " * (depth - 1) + leaf + ")" * (depth - 1)


@pytest.mark.parametrize(
    "pattern", ["(1 + {})", "(if i < 9 then {} else i)", "-{}", "min({}, i)", "f({})", "y[i] ^ {}"]
)
def test_the_deepest_expressions_work(pattern: str) -> None:
    """Everything up to the limit passes through all stages, in Python's default stack."""
    expression = "x[i]"
    for _ in range(MAX_NESTING // 2 - 2 if pattern.startswith("f(") else MAX_NESTING - 3):
        expression = pattern.format(expression)
    outside = "fn f(a: u32) -> u32 { return a + 1; }"
    kernel = lane(f"y[i] = 0;\ny[i] = {expression};", outside)
    run(kernel, [1, 2, 3, 4, 0, 0, 0, 0])


def test_the_longest_chain_of_functions_works() -> None:
    outside = "fn f0(a: u32) -> u32 { return a; }\n"
    count = MAX_NESTING - 2
    for k in range(1, count):
        outside += f"fn f{k}(a: u32) -> u32 {{ return f{k - 1}(a); }}\n"
    assert run(lane(f"y[i] = f{count - 1}(x[i]);", outside), [1, 2, 3, 4, 0, 0, 0, 0])[4:] == [
        1,
        2,
        3,
        4,
    ]
    outside += f"fn g(a: u32) -> u32 {{ return f{count - 1}(a) + 1; }}\n"
    outside += "fn h(a: u32) -> u32 { return g(a) + 1; }\n"
    with pytest.raises(KernelError, match="E0106"):
        lane("y[i] = h(x[i]);", outside)


def test_the_deepest_loops_work() -> None:
    loops = "".join(f"for r{k} in 0 .. 1 {{ " for k in range(MAX_LOOPS - 1))
    kernel = lane(f"var s = x[i]; {loops} s = s + 1; {'}' * (MAX_LOOPS - 1)} y[i] = s;")
    assert run(kernel, [1, 2, 3, 4, 0, 0, 0, 0])[4:] == [2, 3, 4, 5]


def test_long_programs_are_no_problem() -> None:
    lines = "\n".join(f"let v{k} = v{k - 1} * 3 + {k};" for k in range(1, 3000))
    kernel = lane(f"let v0 = x[i];\n{lines}\ny[i] = v2999;")
    run(kernel, [1, 2, 3, 4, 0, 0, 0, 0])


def test_long_loops_are_bound_quickly() -> None:
    """A loop that does not mention its counter is looked at once, however long it is."""
    text = "var s = x[i]; for r in 0 .. 100000000 { s = s + 1; } y[i] = s;"
    kernel = f"{HEAD} parallel for i in 0 .. n {{ {text} }} }}"
    with pytest.raises(KernelError, match="E0512.* more than 50000 operations"):
        compile_text(kernel, "test.vk", {"n": 4})
    program = parse_kernel(kernel)
    assert bind(program, {"n": 4}, limit=10**9).unrolled == 200_000_003


@pytest.mark.parametrize(
    ("body", "unrolled", "work"),
    [
        ("parallel for i in 0 .. n { }", 0, 0),
        ("parallel for i in 0 .. n { let a = n * 2; for q in 0 .. 9 { let b = q; } }", 0, 0),
        ("parallel for i in 0 .. n { let v = x[i]; }", 2, 8),
        ("parallel for i in 0 .. n { y[i] = x[i] + 3; }", 4, 16),
        ("for r in 0 .. 10 ** 18 { let q = r * 2; let s = min(q, n) == 3; }", 0, 0),
        ("for r in 0 .. 10 ** 9 { for q in r .. 10 ** 9 { } }", 0, 0),
        ("var t = 0; for r in 0 .. 7 { t = t + r; }", 14, 0),
        ("var t = 0; for r in 0 .. 3 { for q in 0 .. r { t = t + 1; } }", 9, 0),
        ("for r in 0 .. 3 { parallel for i in r .. n { y[i] = x[i]; } }", 12, 27),
        ("for r in 0 .. 3 { parallel for i in 0 .. n { y[i] = x[i]; } }", 12, 36),
    ],
)
def test_the_size_is_estimated_before_anything_is_unrolled(
    body: str, unrolled: int, work: int
) -> None:
    """Operations of the top level and one lane, and of all lanes; what does nothing is free."""
    kernel = bind(parse_kernel(f"{HEAD} {body} }}"), {"n": 4})
    assert (kernel.unrolled, kernel.work) == (unrolled, work)
    function = lower(kernel)
    assert kernel.work or not function.loops
    interpret(kernel, [0] * 8)


def test_what_a_loop_without_effect_computes_is_still_checked() -> None:
    few = parse_kernel(f"{HEAD} for r in 0 .. 9 {{ let q = 1 / (r - 5); }} }}")
    with pytest.raises(KernelError, match="E0509"):
        bind(few, {"n": 4})
    many = parse_kernel(f"{HEAD} for r in 0 .. 10 ** 9 {{ let q = 1 / (r + 1); }} }}")
    with pytest.raises(KernelError, match="E0512"):
        bind(many, {"n": 4})


@pytest.mark.parametrize(
    "junk", ["", "}", "kernel", "kernel k", "@", "\0", "é", "(" * 500, "1" * 500]
)
def test_junk_is_refused_with_a_kernel_error(junk: str) -> None:
    with pytest.raises(KernelError):
        parse_kernel(junk)


def test_the_interpreter_and_lowering_do_not_share_the_tree_walk() -> None:
    """They must be independent, or comparing them would show nothing."""
    folder = Path(ast.__file__).parent
    for name in ("execute", "pygen", "runtime", "faults"):
        assert "lower" not in (folder / f"{name}.py").read_text(encoding="utf-8").replace(
            "below", ""
        )
    assert "pygen" not in (folder / "lower.py").read_text(encoding="utf-8")
    assert interpret.__module__ != lower.__module__
