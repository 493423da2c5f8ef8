"""The text form ``.vir``: prints a function and parses it back exactly (source spans excepted).

::

    function saxpy {
      memory 45
      param n = 16
      array x: u32[16] in at 7 below 1024
      array y: u32[16] inout at 23
      array z: u32[2][3] in at 39 below 6 distinct
      array w: u32[4294967296] out at run time
      array m: u32[1] inout at scratch below 100
      loop 0 i: 16
      %0 = lane 0
      %1 = load x[%0]
      %2 = load y[%0]
      %3 = const 3
      %4 = madd %1, %3, %2
      %5 = store y[%0] = %4 in loop 0 after %2
      %6 = lt %1, %3
      assume %6
    }

An array ``at run time`` has addresses for indices, one ``at scratch`` is a word that keeps its
place in scratch from part to part.  ``after`` lists the order edges; a store outside all loops is
``at top`` instead of ``in loop N``.
``reduce`` reads ``%7 = reduce sum loop 0 of %4``, ``scan`` ``%7 = scan sum before loop 0 of %4``
(inclusive without ``before``); ``%8 = move loop 1 of %4[0 to 6], %2[15]*2`` has
the words of iterations 0 to 6 of ``%4``, then one of ``%2`` twice (``move at top of %4[3]``: one).
``#`` starts a comment.  When parsed, values may
have any names, and values that are the same operation on the same operands become one value.
The span of a parsed value is its place in the text it was parsed from.
"""

from __future__ import annotations

import re
from math import prod

from vliwc.diagnostics import SourceFile, Span
from vliwc.ir.builder import Builder
from vliwc.ir.graph import Array, Function, Loop, Role, Where
from vliwc.ir.tokens import TokenReader
from vliwc.ir.value import MASK, OPS, TOP_LEVEL, Op, Reduction, Value

SYNTAX = "E0701"
"""The diagnostic code of malformed ``.vir`` text."""
MAX_PICKS = 1 << 20
"""Longer runs of words that a ``move`` picks are mistakes."""


def print_function(function: Function) -> str:
    """The text of ``function``, ending in a newline."""
    lines = [f"function {function.name} {{"]
    if function.memory_words is not None:
        lines.append(f"  memory {function.memory_words}")
    lines += [f"  param {name} = {word}" for name, word in function.params.items()]
    for array in function.arrays.values():
        bound = "" if array.below == 1 << 32 else f" below {array.below}"
        lengths = "".join(f"[{length}]" for length in array.dimensions)
        distinct = " distinct" if array.distinct else ""
        at = f"at {array.base}" if array.placed else f"at {array.where}"
        place = f"u32{lengths} {array.role} {at}{bound}{distinct}"
        lines.append(f"  array {array.name}: {place}")
    for loop in function.loops:
        name = f" {loop.name}" if loop.name else ""
        lines.append(f"  loop {loop.number}{name}: {loop.extent}")
    lines += [f"  {print_value(value)}" for value in function]
    lines += [f"  assume %{value.id}" for value in function.assumptions]
    return "\n".join([*lines, "}"]) + "\n"


def print_value(value: Value) -> str:
    """One value as it stands in the text of a function."""
    args = [f"%{arg.id}" for arg in value.args]
    match value.op:
        case Op.CONST:
            body = f"const {value.imm if value.imm < 1 << 16 else f'0x{value.imm:08X}'}"
        case Op.LANE:
            body = f"lane {value.imm}"
        case Op.LOAD:
            body = f"load {value.array}[{args[0]}]"
        case Op.STORE:
            place = "at top" if value.loop == TOP_LEVEL else f"in loop {value.loop}"
            body = f"store {value.array}[{args[0]}] = {args[1]} {place}"
        case Op.REDUCE:
            body = f"reduce {value.reduction} loop {value.imm} of {args[0]}"
        case Op.SCAN:
            before = " before" if value.imm else ""
            body = f"scan {value.reduction}{before} loop {value.loop} of {args[0]}"
        case Op.MOVE:
            place = "at top" if value.loop == TOP_LEVEL else f"loop {value.loop}"
            body = f"move {place} of {', '.join(_runs(value))}"
        case _:
            body = f"{value.op} {', '.join(args)}"
    after = f" after {', '.join(f'%{before.id}' for before in value.order)}" if value.order else ""
    return f"%{value.id} = {body}{after}"


def _runs(move: Value) -> list[str]:
    """What a ``move`` picks: neighbouring iterations of a value, or one of them several times."""
    runs: list[tuple[int, int, int, int]] = []
    for number, at in move.picks:
        if runs:
            value, first, step, count = runs[-1]
            if number == value and at == first + count * (step if count > 1 else at - first):
                if count > 1 or at - first in (0, 1):
                    runs[-1] = value, first, at - first if count == 1 else step, count + 1
                    continue
        runs.append((number, at, 0, 1))
    return [
        f"%{move.args[number].id}[{first}{f' to {first + count - 1}' if step else ''}]"
        + (f"*{count}" if not step and count > 1 else "")
        for number, first, step, count in runs
    ]


def parse_function(text: str, file: str = "<ir>") -> Function:
    """The function that ``text`` describes; ids are given in the order of the text.

    Raises :class:`vliwc.diagnostics.KernelError` with the line and column of the first mistake.
    Only what the text form itself needs is checked; :func:`vliwc.ir.verify.verify` checks the rest.
    """
    return _Parser(SourceFile(file, text)).function()


_TOKEN = re.compile(
    r"(?P<space>[ \t\r\n]+|\#[^\n]*)|(?P<value>%[\w.]+)|(?P<number>-?(?:0[xX][0-9A-Fa-f]+|\d+))"
    r"|(?P<name>[A-Za-z_][\w.]*)|(?P<mark>[{}\[\]=:,*])"
)


class _Parser(TokenReader):
    def __init__(self, source: SourceFile) -> None:
        super().__init__(source, _TOKEN, SYNTAX)
        self.arrays: dict[str, Array] = {}
        self.loops: list[Loop] = []
        self.params: dict[str, int] = {}
        self.memory: int | None = None
        self.names: dict[str, Value] = {}

    def _value(self) -> Value:
        token = self._take("value", "a value")
        found = self.names.get(token.text)
        if found is None:
            raise self._error(f"{token.text} is not defined", token.span)
        return found

    def _values(self) -> list[Value]:
        found = [self._value()]
        while self._accept(","):
            found.append(self._value())
        return found

    def _loop(self) -> int:
        token = self.token
        number = self._number("a loop number", 0, MASK)
        if number >= len(self.loops):
            raise self._error(f"loop {number} is not declared", token.span)
        return number

    # Declarations

    def function(self) -> Function:
        self._expect("function")
        name = self._take("name", "the function's name").text
        self._expect("{")
        while self._declaration():
            pass
        builder = Builder(
            name,
            self.arrays,
            self.loops,
            memory_words=self.memory,
            params=self.params,
            fold=False,
        )
        while not self._accept("}"):
            if self._accept("assume"):
                builder.assume(self._value())
            else:
                self._definition(builder)
        self._take("end", "the end of the text")
        return builder.finish()

    def _declaration(self) -> bool:
        if self._accept("memory"):
            self.memory = self._number("the size of memory", 0, 1 << 32)
        elif self._accept("param"):
            name = self._take("name", "a parameter's name").text
            self._expect("=")
            self.params[name] = self._number("a parameter", -(1 << 63), 1 << 63)
        elif self._accept("array"):
            self._array()
        elif self._accept("loop"):
            self._loop_declaration()
        else:
            return False
        return True

    def _array(self) -> None:
        token = self._take("name", "an array's name")
        if token.text in self.arrays:
            raise self._error(f"array {token.text} is declared twice", token.span)
        self._expect(":", "u32", "[")
        lengths = [self._number("an array's length", 0, 1 << 32)]
        self._expect("]")
        while self._accept("["):
            lengths.append(self._number("an array's length", 0, 1 << 32))
            self._expect("]")
        role = self._role()
        self._expect("at")
        where, base = self._where()
        below = self._number("the bound", 1, 1 << 32) if self._accept("below") else 1 << 32
        self.arrays[token.text] = Array(
            token.text,
            base,
            prod(lengths),
            role,
            below,
            tuple(lengths) if len(lengths) > 1 else (),
            self._accept("distinct"),
            where,
        )

    def _where(self) -> tuple[Where, int]:
        """A number, ``run time`` or ``scratch``."""
        if self._accept("run"):
            self._expect("time")
            return Where.RUN_TIME, 0
        if self._accept("scratch"):
            return Where.SCRATCH, 0
        return Where.MEMORY, self._number("an array's address", 0, 1 << 32)

    def _role(self) -> Role:
        token = self._take("name", "a role")
        text = token.text
        if text == "in" and self._accept("scratch"):
            text = "in scratch"
        if text not in {role.value for role in Role}:
            raise self._error(f"{text} is not a role", token.span)
        return Role(text)

    def _loop_declaration(self) -> None:
        span = self.token.span
        number = self._number("a loop number", 0, MASK)
        if number != len(self.loops):
            raise self._error(f"expected the declaration of loop {len(self.loops)}", span)
        name = "" if self.token.text == ":" else self._take("name", "a loop's name").text
        self._expect(":")
        self.loops.append(Loop(number, self._number("a loop's extent", 0, MASK), name))

    # Values

    def _definition(self, builder: Builder) -> None:
        token = self._take("value", "a value, assume or }")
        if token.text in self.names:
            raise self._error(f"{token.text} is defined twice", token.span)
        self._expect("=")
        self.names[token.text] = self._operation(builder)

    def _operation(self, builder: Builder) -> Value:
        token = self._take("name", "an operation")
        if token.text not in {op.value for op in Op}:
            raise self._error(f"{token.text} is not an operation", token.span)
        match Op(token.text):
            case Op.CONST:
                return builder.const(self._number("a constant", 0, MASK), token.span)
            case Op.LANE:
                return builder.lane(self._loop(), token.span)
            case Op.LOAD:
                array, index = self._element()
                return builder.load(array, index, self._after(), span=token.span)
            case Op.STORE:
                return self._store(builder, token.span)
            case Op.REDUCE:
                return self._reduce(builder, token.span)
            case Op.SCAN:
                return self._scan(builder, token.span)
            case Op.MOVE:
                return self._move(builder, token.span)
            case op:
                args = self._values()
                if len(args) != OPS[op].arity:
                    message = f"{op} takes {OPS[op].arity} operands, not {len(args)}"
                    raise self._error(message, token.span)
                return builder.op(op, *args, span=token.span)

    def _element(self) -> tuple[str, Value]:
        token = self._take("name", "an array's name")
        if token.text not in self.arrays:
            raise self._error(f"array {token.text} is not declared", token.span)
        self._expect("[")
        index = self._value()
        self._expect("]")
        return token.text, index

    def _after(self) -> list[Value]:
        return self._values() if self._accept("after") else []

    def _store(self, builder: Builder, span: Span) -> Value:
        array, index = self._element()
        self._expect("=")
        word = self._value()
        loop = TOP_LEVEL
        if self._accept("in"):
            self._expect("loop")
            loop = self._loop()
        else:
            self._expect("at", "top")
        return builder.store(array, index, word, self._after(), loop=loop, span=span)

    def _move(self, builder: Builder, span: Span) -> Value:
        loop = TOP_LEVEL
        if self._accept("loop"):
            loop = self._loop()
        else:
            self._expect("at", "top")
        self._expect("of")
        words = self._picks()
        while self._accept(","):
            words += self._picks()
        return builder.move(loop, words, span)

    def _picks(self) -> list[tuple[Value, int]]:
        value = self._value()
        self._expect("[")
        first = last = self._number("an iteration", 0, MASK)
        if self._accept("to"):
            last = self._number("an iteration", first, first + MAX_PICKS)
        self._expect("]")
        times = self._number("a number", 1, MAX_PICKS) if self._accept("*") else 1
        return [(value, at) for at in range(first, last + 1)] * times

    def _scan(self, builder: Builder, span: Span) -> Value:
        kind = self._kind()
        before = self._accept("before")
        self._expect("loop")
        loop = self._loop()
        self._expect("of")
        return builder.scan(kind, loop, self._value(), span, before=before)

    def _kind(self) -> Reduction:
        token = self._take("name", "a reduction")
        if token.text not in {kind.value for kind in Reduction}:
            raise self._error(f"{token.text} is not a reduction", token.span)
        return Reduction(token.text)

    def _reduce(self, builder: Builder, span: Span) -> Value:
        kind = self._kind()
        self._expect("loop")
        loop = self._loop()
        self._expect("of")
        return builder.reduce(kind, loop, self._value(), span)
