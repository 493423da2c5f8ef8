"""Values of expressions, by both interpreters, against Python."""

from __future__ import annotations

import pytest

from tests.unit.lang.helpers import evaluate, lane, make, run
from vliwc.lang.interpret import random_memory

M = 2**32
WORDS = (0, 1, 2, 3, 7, 31, 32, 33, 255, 2**16, 2**31 - 1, 2**31, 2**31 + 5, M - 2, M - 1)

BINARY = {
    "+": lambda a, b: (a + b) % M,
    "-": lambda a, b: (a - b) % M,
    "*": lambda a, b: a * b % M,
    "/": lambda a, b: a // b,
    "%": lambda a, b: a % b,
    "&": lambda a, b: a & b,
    "|": lambda a, b: a | b,
    "^": lambda a, b: a ^ b,
    "<<": lambda a, b: a * 2**b % M if b < 32 else 0,
    ">>": lambda a, b: a // 2**b if b < 32 else 0,
}
COMPARISONS = {
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}


def rotate(a: int, n: int) -> int:
    digits = f"{a:032b}"
    n %= 32
    return int(digits[n:] + digits[:n], 2)


BUILTINS = {
    "min": min,
    "max": max,
    "rotl": rotate,
    "rotr": lambda a, n: rotate(a, -n),
}


def pairs(zero: bool) -> list[tuple[int, int]]:
    return [(a, b) for a in WORDS for b in WORDS if zero or b != 0]


def evaluate_pairs(expression: str, zero: bool = True) -> list[int]:
    """`expression` over run-time `a` and `b` for all pairs of words."""
    n = len(pairs(zero))
    kernel = make(
        f"""kernel test(n) {{
          memory {{ p: u32[n] in at 0; q: u32[n] in at n; y: u32[n] out at 2 * n; }}
          parallel for i in 0 .. n {{
            let a = p[i];
            let b = q[i];
            y[i] = {expression};
          }}
        }}""",
        n=n,
    )
    first, second = zip(*pairs(zero), strict=True)
    return run(kernel, [*first, *second, *([0] * n)])[2 * n :]


@pytest.mark.parametrize("operator", BINARY)
def test_binary_operators(operator: str) -> None:
    zero = operator not in "/%"
    expected = [BINARY[operator](a, b) for a, b in pairs(zero)]
    assert evaluate_pairs(f"a {operator} b", zero) == expected


@pytest.mark.parametrize("operator", COMPARISONS)
def test_comparisons(operator: str) -> None:
    expected = [int(COMPARISONS[operator](a, b)) for a, b in pairs(True)]
    assert evaluate_pairs(f"if a {operator} b then 1 else 0") == expected


@pytest.mark.parametrize("name", BUILTINS)
def test_builtins(name: str) -> None:
    expected = [BUILTINS[name](a, b) for a, b in pairs(True)]
    assert evaluate_pairs(f"{name}(a, b)") == expected
    # The same at compile time.
    for (a, b), value in list(zip(pairs(True), expected, strict=True))[::7]:
        assert evaluate(f"{name}({a}, {b})", 5) == [value]


def test_unary_operators() -> None:
    assert evaluate("-a", *WORDS) == [-a % M for a in WORDS]
    assert evaluate("~a", *WORDS) == [M - 1 - a for a in WORDS]
    assert evaluate("if !(a < 3) then 1 else 0", *WORDS) == [int(a >= 3) for a in WORDS]


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("2 ** 3 ** 2", 512),
        ("-1 % 2 ** 32", M - 1),
        ("(0 - 7) / 2 + 4", 0),
        ("(0 - 7) % 5", 3),
        ("2 ** 40 >> 38", 4),
        ("(1 << 40) >> 38", 4),
        ("-2 ** 2 + 5", 1),
        ("~5 + 7", 1),
        ("0xFF_FF + 0b1_1 + 1_000", 65535 + 3 + 1000),
        ("(5 - 7) * (5 - 7)", 4),
        ("if 2 ** 70 > 2 ** 69 then 3 else 4", 3),
        ("bits(0) + 10 * bits(1) + 100 * bits(255) + 10000 * bits(2 ** 50)", 10 + 800 + 510000),
        ("len(x) + len(T)", 4),
        ("T[len(T) - 1]", 30),
        ("0 ** 0 + 0 ** 5 + 1 ** 1000000 + (0 - 1) ** 1000001", 1),
        ("0 << 2 ** 50", 0),
        ("7 >> 2 ** 50", 0),
    ],
)
def test_compile_time_arithmetic_is_exact(expression: str, value: int) -> None:
    assert evaluate(expression, 9, outside="const T = [10, 20, 30];") == [value]
    # Also where it meets a run-time value.
    assert evaluate(f"({expression}) ^ a", 9, outside="const T = [10, 20, 30];") == [value ^ 9]


@pytest.mark.parametrize(
    ("expression", "grouped"),
    [
        ("a + 2 * a", "a + (2 * a)"),
        ("a - 2 - 3", "(a - 2) - 3"),
        ("a / 2 / 3", "(a / 2) / 3"),
        ("a << 2 + 1", "a << (2 + 1)"),
        ("a << 2 >> 1", "(a << 2) >> 1"),
        ("a & 6 ^ 5", "(a & 6) ^ 5"),
        ("6 | a ^ 5", "6 | (a ^ 5)"),
        ("a & 1 << 2", "a & (1 << 2)"),
        ("if a & 1 == 1 then 2 else 3", "if (a & 1) == 1 then 2 else 3"),
        (
            "if a == 1 || a == 2 && a == 3 then 1 else 0",
            "if a == 1 || (a == 2 && a == 3) then 1 else 0",
        ),
        ("~a + 1", "(~a) + 1"),
        ("-a * 3", "(-a) * 3"),
        (
            "if a == 1 then 2 else if a == 2 then 3 else 4",
            "if a == 1 then 2 else (if a == 2 then 3 else 4)",
        ),
        ("if a == 1 then 2 else a + 3", "if a == 1 then 2 else (a + 3)"),
        ("a * 2 ** 3", "a * (2 ** 3)"),
    ],
)
def test_precedence(expression: str, grouped: str) -> None:
    inputs = (0, 1, 2, 3, 5, 100, M - 1)
    assert evaluate(expression, *inputs) == evaluate(grouped, *inputs)


def test_bools() -> None:
    body = """
    let odd = x[i] % 2 == 1;
    let small = x[i] < 3;
    var flag = odd;
    flag = flag != small;
    let same = odd == small && true || false;
    y[i] = (if flag then 1 else 0) + (if same then 2 else 0) + (if odd && small then 4 else 0)
         + (if odd || small then 8 else 0) + (if !odd then 16 else 0);
    """
    expected = []
    for value in (0, 1, 3, 4):
        odd, small = value % 2 == 1, value < 3
        flags = (odd != small, odd == small, odd and small, odd or small, not odd)
        expected.append(sum(bit << k for k, bit in enumerate(flags)))
    assert run(lane(body), [0, 1, 3, 4, 0, 0, 0, 0])[4:] == expected


def test_the_side_not_chosen_is_not_evaluated() -> None:
    guarded = [
        "if a < 2 then x[a] else 7",
        "if a >= 2 then 7 else x[a]",
        "if a < 2 && x[a] > 0 then x[a] else 7",
        "if a >= 2 || x[a] == 0 then 7 else x[a]",
        "if a < 2 then (if a != 0 then 100 / a else 50) + x[a] else 7",
        "if a == 0 then 7 else 100 % a",
        "if a < 2 then pick(a, x[a]) else 7",
    ]
    outside = "fn pick(k: u32, v: u32) -> u32 { return if k == 0 then 1 else v / k; }"
    for expression in guarded:
        results = evaluate(expression, 0, 5000, outside=outside)
        assert len(results) == 2
    assert evaluate(guarded[0], 0, 5000) == [0, 7]
    assert evaluate(guarded[4], 0, 1) == [50, 101]
    assert evaluate(guarded[5], 0, 3) == [7, 1]
    assert evaluate(guarded[6], 1, 4000, outside=outside) == [4000, 7]


def test_conditions_known_at_compile_time_leave_the_other_side_alone() -> None:
    body = """
    var s = 0;
    for r in 0 .. n {
      s = s + (if r == 0 then x[0] else x[r - 1]) + (if r < 2 && T[r] > 0 then T[r] else 0);
      s = s + (if r == 0 then 0 else 12 / r);
    }
    y[i] = s;
    """
    kernel = lane(body, "const T = [5, 6];")
    total = (10 + 10 + 20 + 30) + (5 + 6) + (12 + 6 + 4)
    assert run(kernel, [10, 20, 30, 40, 0, 0, 0, 0])[4:] == [total] * 4


NEGATIVE = {
    "a & ~7": lambda a: a & (M - 8),
    "a + -5": lambda a: (a - 5) % M,
    "-5 + a": lambda a: (a - 5) % M,
    "a ^ -1": lambda a: a ^ (M - 1),
    "a * -three": lambda a: a * (M - 3) % M,
    "~0 - a": lambda a: M - 1 - a,
    "if a < -1 then ~a else - -~0": lambda a: M - 1 - a if a < M - 1 else M - 1,
    "a | (if n == 0 then 7 else -8)": lambda a: a | (M - 8),
    "a / ~1": lambda a: a // (M - 2),
    "max(a, -(1 - 1))": lambda a: a,
    "rotl(a, -3)": lambda a: rotate(a, 29),
    "minus(-2, a)": lambda a: (M - 2 - a) % M,
    "if a == -2 then -1 else ~-1": lambda a: M - 1 if a == M - 2 else 0,
    "a + (-3 + 8)": lambda a: (a + 5) % M,
    "a >> -(0 - 3)": lambda a: a >> 3,
}


@pytest.mark.parametrize("expression", NEGATIVE)
def test_minus_and_complement_of_compile_time_values_are_words(expression: str) -> None:
    outside = "const three = 3;\nfn minus(x: u32, y: u32) -> u32 { return x - y; }"
    expected = [NEGATIVE[expression](a) for a in WORDS]
    assert evaluate(expression, *WORDS, outside=outside) == expected


def test_negative_words_in_declarations_stores_and_assumptions() -> None:
    kernel = make(
        """kernel test(n) {
          memory { x: u32[n] in at 0; y: u32[n] out at n; }
          parallel for i in 0 .. n reduce sum s {
            assume x[i] >= -4;
            let one: u32 = -1;
            var two = ~1;
            for r in 0 .. 2 { two = if r == 1 then two else -(r + 3); }
            y[i] = -7;
            reduce ~two ^ one into s;
          }
          y[0] = s;
        }""",
        n=3,
    )
    memory = random_memory(kernel, 1)
    assert min(memory[:3]) >= M - 4
    two = M - 3
    assert run(kernel, memory)[3:] == [3 * two % M, M - 7, M - 7]
