"""What programmers of C, Python and Rust type out of habit, and what to write here instead.

A syntax error is looked up in one table: by the text before and after the place, and by what the
parser would have accepted there. Names that other languages have are in `FOREIGN_NAMES`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_SPACE = r"\s*"
_LVALUE = r"(?P<target>[A-Za-z_]\w*(?:\s*\[[^;\[\]]*\])*)"
_FOREIGN_TYPE = r"(int|uint|unsigned|signed|long|short|char|auto|float|double|[iuf]\d+|u?int\d+_t)"
_IF = "`if` is a value, not a statement: write `x = if c then a else x;`"
_DECLARE = "declare it: `let x = …;`, or `var x = …;` to assign it later"
_TYPES = (
    "the types are `u32` and `bool`: numbers are unsigned words that wrap; signed ones are "
    "compared by `(a ^ 0x80000000) < (b ^ 0x80000000)`"
)
_LOOP = "write `for r in lo .. hi { … }`, which runs for `lo`, …, `hi - 1`"
_WHILE = (
    "write `while c limit n { … }`: a loop says how often it runs at most, and ends there "
    "as if the condition were false"
)
_BREAK = "a loop is left by `break if c;`, directly in its body"
_CAST = (
    "there are no casts: `if c then 1 else 0` makes a number of a condition, `x != 0` a condition "
    "of a number"
)
_COMMENT = "comments run from `//` to the end of the line"

STATEMENT, OPERAND, OPERATOR = "LET", "INT", "PLUS"
"""Terminals that the parser accepts at a statement, an expression, and behind an expression."""


_START = r"(^|[;{}])\s*"
"""The beginning of a statement."""


@dataclass(frozen=True, slots=True)
class Habit:
    """A mistake: `hint` is for a place where the parser accepts the terminal `wanted` (anything, if
    empty), the text before ends in `before` and a space (none, if `close`), and the text from it on
    begins with `after`. The hint may name groups of the two patterns."""

    hint: str
    wanted: str = ""
    before: str = ""
    after: str = ""
    close: bool = False

    def match(self, before: str, after: str, wanted: set[str]) -> str | None:
        """The hint for a place, None if it is no such mistake."""
        if self.wanted and self.wanted not in wanted:
            return None
        left = re.search(f"(?:{self.before}){'' if self.close else _SPACE}$", before)
        right = re.match(self.after, after)
        if left is None or right is None:
            return None
        hint = self.hint
        for name, text in (left.groupdict() | right.groupdict()).items():
            hint = hint.replace(f"{{{name}}}", text)
        return hint


_STATEMENTS = (
    Habit(_WHILE, before=r"\b(until|loop|do)", after=r"[\w({]"),
    Habit(_WHILE, "LIMIT", before=r"\bwhile\b.*", after=r"[\w{:;]"),
    Habit(_LOOP, before=r"\bfor", after=r"\("),
    Habit(_LOOP, before=r"\bfor\s+\w+", after=r"[=:]"),
    Habit(f"a range is `lo .. hi`: {_LOOP}", before=r"\bin\s+range\s*\(.*\)"),
    Habit(
        "the end of a range is exclusive: `lo .. hi + 1`", before=r"\.\.", after=r"=", close=True
    ),
    Habit("a range is `lo .. hi`, without `hi`", before=r"\.\.", after=r"\.", close=True),
    Habit(
        "ranges count by one: run over the number of steps, and use `lo + 2 * r`",
        "LBRACE",
        before=r"\.\..*",
        after=r"(step|by|stride)\b",
    ),
    Habit("the body stands in braces: `{ … }`", "LBRACE", before=r"\.\..*", after=r":"),
    Habit(
        "only a `parallel for` runs over several ranges: write one `for` inside the other",
        "LBRACE",
        before=r"^(?!.*\bparallel\b).*\bfor\b.*",
        after=r",",
    ),
    Habit(
        "a loop counts: `for r in 0 .. len(a) { … }`", "__ANON_1", before=r"\bin\b.*", after=r"[{:]"
    ),
    Habit(_BREAK, STATEMENT, after=r"if\b[^;]*\bbreak\b"),
    Habit(_BREAK, "IF", before=r"\bbreak"),
    Habit(_IF, STATEMENT, after=r"if\b"),
    Habit(_IF, before=r"\}", after=r"else\b"),
    Habit(_IF, before=r"\b(elif|switch|match)", after=r"[\w(]"),
    Habit(
        "write `{target} = {target} {op} …;`",
        before=_LVALUE,
        after=r"(?P<op>\*\*|<<|>>|[-+*/%&|^])=(?!=)",
    ),
    Habit(
        "write `{target} = {target} {op} 1;`",
        "EQUAL",
        before=_LVALUE,
        after=r"(?P<op>[-+])(?P=op)",
    ),
    Habit("write `x = x + 1;`", STATEMENT, after=r"\+\+|--"),
    Habit("write `x = x + 1;`, a statement of its own", before=r"\+", after=r"\+", close=True),
    Habit("write `x = x - 1;`, a statement of its own", before=r"--", after=r"[\])]", close=True),
    Habit(_DECLARE, before=r"[\w\]]", after=r":="),
    Habit(_DECLARE, "EQUAL", before=_START + r"\w+", after=r":"),
    Habit(_DECLARE, before=_START + r"(const\s+)?" + _FOREIGN_TYPE, after=r"\w"),
    Habit(_DECLARE, STATEMENT, after=r"(u32|bool|const)\b"),
    Habit("what is assigned later is declared by `var`", before=r"\blet\s+mut", after=r"\w"),
    Habit(
        "there are no local arrays: use a `scratch` array of the memory block, or a `const` table",
        before=r"\b(let|var)\s+\w+",
        after=r"\[",
    ),
    Habit(
        "a `return` is the last statement of a function; a kernel stores to `out` arrays",
        STATEMENT,
        after=r"return\b",
    ),
    Habit(
        "an iteration runs to its end: keep what is done by `x = if done then x else …;`, "
        "or leave the loop by `break if c;`",
        before=_START + r"(continue|pass)",
        after=r";",
    ),
    Habit(
        "a call is no statement: functions compute values, as in `let y = f(x);`; "
        "what holds is stated by `assume c;`",
        before=_START + r"\w+",
        after=r"\(",
    ),
    Habit(
        "functions are `fn name(x: u32) -> u32 { … return e; }`, outside of the kernel",
        before=r"\b(def|func|function|void|proc)",
        after=r"\w",
    ),
    Habit("functions stand outside of the kernel", STATEMENT, after=r"fn\b"),
    Habit("there is no `;` behind a block", STATEMENT, before=r"\}", after=r";"),
    Habit("a kernel is one file, and includes no others", "KERNEL", after=r"(import|from)\b"),
)

_EXPRESSIONS = (
    Habit("a choice is `if c then a else b`", after=r"\?"),
    Habit("a choice is `if c then a else b`", OPERATOR, after=r"if\b"),
    Habit("conditions are joined by `&&`", OPERATOR, after=r"and\b"),
    Habit("conditions are joined by `||`", OPERATOR, after=r"or\b"),
    Habit("exclusive or is `^`, of truth values `!=`", OPERATOR, after=r"xor\b"),
    Habit("the remainder is `%`", OPERATOR, after=r"(mod|rem)\b"),
    Habit("a division, which rounds down, is `/`", OPERATOR, after=r"div\b"),
    Habit("equality is `==`", OPERATOR, after=r"is\b"),
    Habit("a condition is negated by `!`", before=r"\bnot", after=r"[\w(]"),
    Habit("literals have no exponent: `5 * 10 ** 6`", before=r"\d", after=r"[eE]\d", close=True),
    Habit(
        "integer literals have no suffix: all numbers are `u32`",
        before=r"\b(0x)?[0-9a-fA-F_]+",
        after=r"(u|U|l|L|ul|UL|ull|ULL|i|[iu]\d+)\b",
        close=True,
    ),
    Habit(
        "all numbers are integers: there are no fractions", before=r"\d", after=r"\.", close=True
    ),
    Habit("`then` is missing: `if c then a else b`", "THEN", after=r"[{\w(]"),
    Habit("equality is `==`, and `!=` its opposite", before=r"[=!]=", after=r"=", close=True),
    Habit("inequality is `!=`", before=r"<", after=r">", close=True),
    Habit("`>>` shifts in zeros: all words are unsigned", before=r">>", after=r">", close=True),
    Habit("`==` compares; an assignment is no value", OPERATOR, after=r"="),
    Habit("each dimension has brackets of its own: `a[i][j]`", "RSQB", before=r"\[.*", after=r","),
    Habit("there are no slices: an element is `a[i]`", "RSQB", before=r"\[.*", after=r":"),
    Habit(_CAST, OPERAND, after=r"(u32|bool)\b"),
)

_REST = (
    Habit(_TYPES, "U32", before=r":|->", after=r"\w"),
    Habit(
        "parameters of a kernel are integers, without a type", before=r"\bkernel\b.*", after=r":"
    ),
    Habit(
        "what is known of the words stands behind the address: `in at e below b distinct`",
        "AT",
        after=r"(distinct|below|ascending)\b",
    ),
    Habit(_COMMENT, before=r"/", after=r"\*", close=True),
    Habit(_COMMENT, after=r"/\*|\#"),
    Habit("there are no strings and no characters: write the number", after="[\"'`“”‘’]"),
    Habit("a product is `*`", after=r"[×∗·]"),
    Habit("a minus is `-`", after=r"[−–—]"),
    Habit("comparisons are `<=`, `>=` and `!=`", after=r"[≤≥≠]"),
    Habit("a range is `lo .. hi`", after=r"…"),
    Habit("it looks like a blank: replace it by one", after="[\u00a0\u2007\u202f\u200b]"),
    Habit("there are no members and methods; a range is `lo .. hi`", after=r"\."),
)

_SWALLOWED = re.compile(r"//\s*[\w(][^\n]*;[ \t]*\n\s*$")
_KEYWORD = re.compile(r"[A-Za-z_]\w*\Z")
_CONTEXT = 300
"""Characters looked at before and after the place."""


def advice(text: str, at: int, wanted: set[str]) -> str | None:
    """The hint for a syntax error at offset `at` of `text`, where the parser accepts the terminals
    `wanted`; None if it is nothing known."""
    near = text[max(0, at - _CONTEXT) : at]
    if OPERATOR in wanted and _SWALLOWED.search(near):
        return "`//` starts a comment; a division, which rounds down, is `/`"
    # The line of the place, and the one before where the place is the first of its line.
    before = near[near.rfind("\n", 0, len(near.rstrip())) + 1 :]
    after = text[at : at + _CONTEXT]
    hints = (habit.match(before, after, wanted) for habit in _STATEMENTS + _EXPRESSIONS + _REST)
    return next((hint for hint in hints if hint is not None), None)


def reserved(text: str, at: int, word: str, kind: str, wanted: set[str]) -> bool:
    """Whether the keyword `word` at offset `at` stands where a name was meant."""
    if kind == "NAME" or "NAME" not in wanted or _KEYWORD.match(word) is None:
        return False
    assigned = re.match(r"\s*(=(?!=)|\[)", text[at + len(word) : at + _CONTEXT])
    return STATEMENT not in wanted or assigned is not None


FOREIGN_NAMES = {
    "True": "truth values are `true` and `false`",
    "False": "truth values are `true` and `false`",
    "None": "there are only words and truth values",
    "NULL": "there are only words and truth values",
    "null": "there are only words and truth values",
    "sizeof": "the number of elements of an array is `len(a)`",
    "range": "a range is `lo .. hi`",
    "abs": "words are unsigned; for two's complement: `if x >> 31 == 1 then -x else x`",
    "pow": "a power of compile-time integers is `a ** b`",
    "log2": "the number of binary digits of a compile-time integer is `bits(n)`",
    "int": "there are no casts: `if c then 1 else 0` makes a number of a condition",
    "uint32_t": "there are no casts: every number is a `u32`",
    "not": "a condition is negated by `!`",
    "sum": "`sum` is a reduction: `parallel for … reduce sum s`, and `reduce e into s;` inside",
}
"""Names of other languages, and what to write instead where such a name is unknown."""
