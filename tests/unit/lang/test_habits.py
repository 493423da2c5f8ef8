"""What programmers of other languages type: each mistake is answered by what to write instead."""

from __future__ import annotations

import pytest

from vliwc.diagnostics import KernelError
from vliwc.lang import parse_kernel
from vliwc.lang.check import check

STATEMENTS = [
    ("while (v < 3) { v = v + 1; }", "write `while c limit n { … }`"),
    ("while v < 3 { v = v + 1; }", "write `while c limit n { … }`"),
    ("while v < 3: v = v + 1;", "write `while c limit n { … }`"),
    ("while v < 3 at_most 7 { v = v + 1; }", "write `while c limit n { … }`"),
    ("loop { v = v + 1; }", "write `while c limit n { … }`"),
    ("do { v = v + 1; } while (v < 3);", "write `while c limit n { … }`"),
    ("for (r = 0; r < n; r++) { v = v + r; }", "write `for r in lo .. hi { … }`"),
    ("for r = 0 .. n { v = v + r; }", "write `for r in lo .. hi { … }`"),
    ("for r in range(n) { v = v + r; }", "a range is `lo .. hi`"),
    ("for r in range(0, n): v = v + r;", "a range is `lo .. hi`"),
    ("for r in 0 ..= n { v = v + r; }", "`lo .. hi + 1`"),
    ("for r in 0 ... n { v = v + r; }", "a range is `lo .. hi`, without `hi`"),
    ("for r in 0 .. n step 2 { v = v + r; }", "ranges count by one"),
    ("for r in 0 .. n by 2 { v = v + r; }", "ranges count by one"),
    ("for r in 0 .. n: v = v + r;", "the body stands in braces"),
    ("for r in 0 .. n, q in 0 .. n { v = v + r; }", "only a `parallel for`"),
    ("for r in x { v = v + r; }", "`for r in 0 .. len(a) { … }`"),
    ("if v > 3 { v = 3; }", "`if` is a value, not a statement"),
    ("if (v > 3) v = 3; else v = 4;", "`if` is a value, not a statement"),
    ("v = 3;\n    }\n    else { v = 4; }", "`if` is a value, not a statement"),
    ("switch (v) { }", "`if` is a value, not a statement"),
    ("v += 2;", "write `v = v + …;`"),
    ("v -= 2;", "write `v = v - …;`"),
    ("v <<= 2;", "write `v = v << …;`"),
    ("v >>= 2;", "write `v = v >> …;`"),
    ("v **= 2;", "write `v = v ** …;`"),
    ("y[i] ^= v;", "write `y[i] = y[i] ^ …;`"),
    ("v++;", "write `v = v + 1;`"),
    ("y[i]--;", "write `y[i] = y[i] - 1;`"),
    ("++v;", "write `x = x + 1;`"),
    ("w := 3;", "declare it: `let x = …;`"),
    ("w: u32 = 3;", "declare it: `let x = …;`"),
    ("u32 w = 3;", "declare it: `let x = …;`"),
    ("int w = 3;", "declare it: `let x = …;`"),
    ("uint32_t w = 3;", "declare it: `let x = …;`"),
    ("const w = 3;", "declare it: `let x = …;`"),
    ("let mut w = 3;", "declared by `var`"),
    ("var w[4];", "there are no local arrays"),
    ("return v;", "a `return` is the last statement of a function"),
    ("break;", "a loop is left by `break if c;`"),
    ("for r in 0 .. n { if v == r { break; } }", "a loop is left by `break if c;`"),
    ("for r in 0 .. n { continue; }", "an iteration runs to its end"),
    ("print(v);", "a call is no statement"),
    ("assert(v < 3);", "`assume c;`"),
    ("def f(a) { }", "functions are `fn name(x: u32) -> u32 { … return e; }`"),
    ("fn f(a: u32) -> u32 { return a; }", "functions stand outside of the kernel"),
    ("for r in 0 .. n { v = r; };", "there is no `;` behind a block"),
    ("for in 0 .. n { }", "`in` is a reserved word"),
    ("let in = 3;", "`in` is a reserved word"),
    ("let distinct = 3;", "choose another name, such as `distinct_`"),
    ("out = 3;", "`out` is a reserved word"),
    ("below[i] = 3;", "`below` is a reserved word"),
    ("v = at + 1;", "`at` is a reserved word"),
    ("let w: i32 = 3;", "the types are `u32` and `bool`"),
    ("let w: float = 3;", "the types are `u32` and `bool`"),
    ("v = v / 2  # half of it\n    ;", "comments run from `//`"),
    ("/* half */ v = v / 2;", "comments run from `//`"),
    ("v = v /* half */ / 2;", "comments run from `//`"),
    ("v = v // 2;\n    v = 3;", "`//` starts a comment"),
]

EXPRESSIONS = [
    ("v > 3 ? 1 : 2", "a choice is `if c then a else b`"),
    ("1 if v > 3 else 2", "a choice is `if c then a else b`"),
    ("if v > 3 { 1 } else { 2 }", "`then` is missing"),
    ("if (v > 3) 1 else 2", "`then` is missing"),
    ("if v > 3 and v < 5 then 1 else 2", "joined by `&&`"),
    ("if v > 3 or v < 5 then 1 else 2", "joined by `||`"),
    ("if not (v > 3) then 1 else 2", "negated by `!`"),
    ("if not v then 1 else 2", "negated by `!`"),
    ("if v = 3 then 1 else 2", "`==` compares"),
    ("if v === 3 then 1 else 2", "equality is `==`"),
    ("if v !== 3 then 1 else 2", "equality is `==`"),
    ("if v <> 3 then 1 else 2", "inequality is `!=`"),
    ("if v is 3 then 1 else 2", "equality is `==`"),
    ("if v & 1 && v == 3 then 1 else 2", "compare with something, such as `x != 0`"),
    ("if !v then 1 else 2", "compare with something, such as `x != 0`"),
    ("(v == 1) + (v == 2)", "`if c then 1 else 0`"),
    ("(v == 1) & (v == 2)", "join conditions by `&&`"),
    ("if v == True then 1 else 2", "`true` and `false`"),
    ("v xor 3", "exclusive or is `^`"),
    ("v mod 3", "the remainder is `%`"),
    ("v div 3", "is `/`"),
    ("v >>> 3", "`>>` shifts in zeros"),
    ("x[i++]", "a statement of its own"),
    ("x[v--]", "a statement of its own"),
    ("x[i, 0]", "`a[i][j]`"),
    ("x[0:2]", "there are no slices"),
    ("x.length", "there are no members"),
    ("u32(v == 3)", "there are no casts"),
    ("(u32) v", "there are no casts"),
    ("int(v)", "there are no casts"),
    ("1.5 * v", "there are no fractions"),
    ("v * 3u", "integer literals have no suffix"),
    ("v * 0xFFul", "integer literals have no suffix"),
    ("1e6", "literals have no exponent"),
    ("'a'", "there are no strings"),
    ('"a"', "there are no strings"),
    ("v × 3", "a product is `*`"),
    ("v − 3", "a minus is `-`"),
    ("if v ≤ 3 then 1 else 2", "`<=`"),
    ("v\u00a0+ 3", "it looks like a blank"),
    ("abs(v)", "words are unsigned"),
    ("sizeof(x)", "`len(a)`"),
    ("pow(v, 2)", "`a ** b`"),
]

KERNEL = """kernel test(n) {{
  memory {{ x: u32[n] in at 0; y: u32[n] out at n; }}
  parallel for i in 0 .. n {{
    var v = x[i];
    {}
    y[i] = v;
  }}
}}
"""

FILES = [
    ("#include <x>\n", "comments run from `//`"),
    ("import numpy\n", "a kernel is one file"),
    ("kernel k(n: u32) { memory { } }", "parameters of a kernel are integers"),
    ("fn f(a: int) -> u32 { return a; }", "the types are `u32` and `bool`"),
    ("fn f(a: u32) -> int { return a; }", "the types are `u32` and `bool`"),
    ("kernel k(n) { memory { x: i32[n] in at 0; } }", "the types are `u32` and `bool`"),
    ("kernel k(n) { memory { x: u32[n] in distinct at 0; } }", "stands behind the address"),
    ("kernel k(n) { memory { x: u32[n] in below 4 at 0; } }", "stands behind the address"),
    ("kernel k(n) { memory { in: u32[n] in at 0; } }", "`in` is a reserved word"),
    ("kernel k(out) { memory { } }", "`out` is a reserved word"),
    ("kernel k(n) { memory { x: u32[n, n] in at 0; } }", "`a[i][j]`"),
    ("fn f(a: u32) -> u32 { if a > 3 { return 1; } return 2; }", "`if` is a value"),
]


def message(text: str) -> str:
    with pytest.raises(KernelError) as caught:
        check(parse_kernel(text, "test.vk"))
    return caught.value.render()


@pytest.mark.parametrize(("text", "hint"), STATEMENTS)
def test_statements(text: str, hint: str) -> None:
    assert hint in message(KERNEL.format(text))


@pytest.mark.parametrize(("text", "hint"), EXPRESSIONS)
def test_expressions(text: str, hint: str) -> None:
    assert hint in message(KERNEL.format(f"v = {text};"))


@pytest.mark.parametrize(("text", "hint"), FILES)
def test_files(text: str, hint: str) -> None:
    assert hint in message(text)


@pytest.mark.parametrize(
    "text",
    ["v = v + ;", "let w = v\n    v = w;", "v = (v;", "v = x[i;", "var = 3;", "v v = 3;"],
)
def test_other_mistakes_get_no_such_hint(text: str) -> None:
    """Where nothing is known of what was meant, the hint says what the parser expected."""
    assert "hint: expected " in message(KERNEL.format(text))
