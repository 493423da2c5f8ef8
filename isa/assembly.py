"""Assembly text <-> `Program`, an exact round trip; ``docs/machine.md`` describes the language.

.machine {"name": "takehome", ...}      # JSON; left out for the default machine
.meta {"kernel": "tree_hash"}           # JSON; more lines add more keys

again:                                  # a label names the next bundle
{
  alu + r1, r1, r2                      # words are r, vectors v and their first word
  valu multiply_add v8, v16, v24, v32
  flow cond_jump r1, again
}
{ load const r3, 0xFFFF; flow pause }   # slots end at a line's end or a semicolon
{ alu }                                 # an engine without slots costs a cycle, {} does not
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final, NoReturn, cast

from isa.errors import AssemblyError, MachineError, ProgramError
from isa.load import LoadError, parse_integer, parse_json
from isa.machine import DEFAULT_MACHINE, MachineSpec
from isa.opcodes import ENGINES, OPCODES, Operand, OperandKind, OpInfo
from isa.program import JSON, Bundle, Program, Slot
from isa.provenance import SHARED, Place, slot_places, source_text, without_provenance

if TYPE_CHECKING:
    from lark import Token, Tree

_LINE_WIDTH: Final = 100
_COMMENT_AT: Final = 36

_READABLE: Final = {
    "LBRACE": "'{'",
    "RBRACE": "'}'",
    "COLON": "':'",
    "COMMA": "','",
    "SEMICOLON": "';'",
    "_NEWLINE": "the end of the line",
    "NAME": "a name",
    "SYMBOL": "an operation",
    "REGISTER": "a scratch word (r12) or vector (v16)",
    "INTEGER": "an integer",
    "STRING": "a quoted text",
    "DIRECTIVE": "a directive",
    "$END": "the end of the text",
}


@cache
def _parser() -> Callable[[str], Tree[Token]]:
    from lark import Lark  # slow to load, and not needed to write assembly

    grammar = files("isa").joinpath("assembly.lark").read_text(encoding="utf-8")
    lark = Lark(grammar, parser="lalr", lexer="contextual", maybe_placeholders=True)
    return cast(Any, lark).parse  # Lark's own annotations are incomplete, here and below


def parse_assembly(text: str, *, source: str = "<assembly>") -> Program:
    """The program that `text` describes.

    Checks syntax, operations, kinds of operands and labels, not the rules of `isa.validate`.

    Args:
        text: assembly.
        source: name for error messages.

    Raises:
        AssemblyError: with line, column and a caret.
    """
    return _Assembler(text, source).assemble()


class _Assembler:
    """One text on its way to a program."""

    def __init__(self, text: str, source: str) -> None:
        self.text = text
        self.source = source
        self.labels: dict[str, int] = {}
        self.machine = DEFAULT_MACHINE
        self.meta: dict[str, JSON] = {}

    def assemble(self) -> Program:
        bundles: list[Tree[Token]] = []
        seen: set[str] = set()
        for item in self.parse().children:
            tree = cast("Tree[Token]", item)
            if tree.data == "bundle":
                bundles.append(tree)
                continue
            token = cast("Token", tree.children[0])
            if tree.data == "label":
                self.label(token, len(bundles))
            else:
                self.directive(token, seen)
        built = (self.bundle(tree, index) for index, tree in enumerate(bundles))
        return Program(tuple(built), self.machine, self.meta)

    def parse(self) -> Tree[Token]:
        from lark.exceptions import UnexpectedCharacters, UnexpectedInput, UnexpectedToken

        try:
            return _parser()(self.text)
        except UnexpectedCharacters as error:
            found = cast(str, cast(Any, error).char)
            self.fail_at(f"unexpected {found!r}", error.line, error.column)
        except UnexpectedToken as error:
            token = cast("Token", cast(Any, error).token)
            found = "the end of the text" if token.type == "$END" else repr(str(token))
            found = "the end of the line" if token.type == "_NEWLINE" else found
            expected = sorted({_READABLE.get(name, name) for name in error.expected})
            line, column = error.line, error.column
            if token.type == "$END":
                lines = self.text.split("\n")
                line, column = len(lines), len(lines[-1]) + 1
            self.fail_at(f"unexpected {found}; expected {' or '.join(expected)}", line, column)
        except UnexpectedInput as error:
            self.fail_at("syntax error", error.line, error.column)

    def label(self, token: Token, index: int) -> None:
        if token in self.labels:
            self.fail(f"label {token} is defined twice; rename one of them", token)
        self.labels[str(token)] = index

    def directive(self, token: Token, seen: set[str]) -> None:
        name, _, value = token.partition(" ")
        if name not in (".machine", ".meta"):
            self.fail(f"there is no directive {name}; the directives are .machine and .meta", token)
        if name in seen and name != ".meta":
            self.fail(f"directive {name} appears twice; remove one of them", token)
        seen.add(name)
        try:
            data = parse_json(value)
        except LoadError as error:
            self.fail(f"{name} needs JSON on the same line: {error}", token)
        if not isinstance(data, dict):
            self.fail(f"{name} needs a JSON object", token)
        if name == ".meta":
            added = cast("dict[str, JSON]", data)
            for key in added:
                if key in self.meta:
                    self.fail(f".meta gives {json.dumps(key)} twice; remove one of them", token)
            self.meta.update(added)
            return
        try:
            self.machine = MachineSpec.from_dict(cast("dict[str, object]", data), source=name)
        except MachineError as error:
            self.fail(str(error), token)

    def bundle(self, tree: Tree[Token], index: int) -> Bundle:
        bundle: Bundle = {}
        slots = cast("Tree[Token] | None", tree.children[0])
        if slots is None:
            return bundle
        for item in slots.children:
            parts = cast("Tree[Token]", item).children
            engine = cast("Token", parts[0])
            operation = cast("Tree[Token] | None", parts[1])
            if engine not in ENGINES:
                self.fail(
                    f"unknown engine {str(engine)!r}; the engines are {', '.join(ENGINES)}", engine
                )
            engine_slots = bundle.setdefault(str(engine), [])
            if operation is not None:
                engine_slots.append(self.slot(engine, operation, index))
        return bundle

    def slot(self, engine: Token, operation: Tree[Token], index: int) -> Slot:
        name = cast("Token", operation.children[0])
        listed = cast("Tree[Token] | None", operation.children[1])
        tokens = [] if listed is None else cast("list[Token]", listed.children)
        info = OPCODES.get((str(engine), str(name)))
        if info is None:
            known = " ".join(op for unit, op in OPCODES if unit == engine)
            self.fail(f"{engine} has no operation {str(name)!r}; it has {known}", name)
        if len(tokens) != len(info.operands):
            wanted = ", ".join(operand.name for operand in info.operands) or "none"
            self.fail(
                f"{name} takes {len(info.operands)} operands ({wanted}), got {len(tokens)}", name
            )
        pairs = zip(info.operands, tokens, strict=True)
        return (str(name), *(self.operand(info, operand, token, index) for operand, token in pairs))

    def operand(self, info: OpInfo, operand: Operand, token: Token, index: int) -> str | int:
        what = f"operand {operand.name} of {info.name}"
        if operand.kind in (OperandKind.DEST, OperandKind.SRC):
            letter = "v" if operand.vector else "r"
            if token.type != "REGISTER" or token[0] != letter:
                kind = "vector such as v16" if operand.vector else "word such as r12"
                self.fail(f"{what} is a scratch {kind}, not {str(token)!r}", token)
            return self.integer(token[1:], token)
        if operand.kind is OperandKind.TEXT:
            if token.type != "STRING":
                self.fail(f"{what} is a quoted text, not {str(token)!r}", token)
            return self.text_operand(token)
        if token.type == "INTEGER":
            return self.integer(token, token)
        if operand.kind is OperandKind.IMM or token.type != "NAME":
            wanted = "an integer" if operand.kind is OperandKind.IMM else "a label or an integer"
            self.fail(f"{what} is {wanted}, not {str(token)!r}", token)
        if token not in self.labels:
            self.fail(f"label {str(token)!r} is not defined", token)
        target = self.labels[str(token)]
        return target - index - 1 if operand.kind is OperandKind.PC_OFFSET else target

    def integer(self, text: str, token: Token) -> int:
        try:
            return parse_integer(text)
        except LoadError as error:
            self.fail(str(error), token)

    def text_operand(self, token: Token) -> str:
        try:
            return cast(str, parse_json(token))
        except LoadError as error:
            self.fail(f"not a valid quoted text: {error.__cause__ or error}", token)

    def fail(self, message: str, token: Token) -> NoReturn:
        self.fail_at(message, token.line or 1, token.column or 1)

    def fail_at(self, message: str, line: int, column: int) -> NoReturn:
        lines = self.text.split("\n")
        shown = lines[line - 1] if 1 <= line <= len(lines) else ""
        pad = "".join("\t" if char == "\t" else " " for char in shown[: column - 1])
        raise AssemblyError(
            f"{self.source}:{line}:{column}: {message}\n  {shown}\n  {pad}^",
            line=line,
            column=column,
        )


def format_assembly(program: Program, *, comments: bool = False) -> str:
    """The program as assembly; `parse_assembly` gives an equal program back.

    Jump targets become labels ``L<bundle index>``. The places of slots (`isa.provenance`) are left
    out of the meta data; with ``comments``, they stand behind the slots instead: line, group, value
    and, where the program holds its source, the line's text. Long meta data stands at the end.

    Raises:
        ProgramError: the program contains something that is no operation with its operands.
    """
    lines: list[str] = []
    if program.machine != DEFAULT_MACHINE:
        lines.append(f".machine {json.dumps(program.machine.to_dict())}")
    head, foot = _meta_lines(without_provenance(program).meta)
    lines += head
    places = slot_places(program) if comments else None
    source = source_text(program) if comments else None
    texts = [] if source is None else source[1].split("\n")
    targets = {target for _, target in _targets(program)}
    for index, bundle in enumerate(program.bundles):
        if index in targets:
            lines.append(f"L{index}:")
        slots = list(_bundle_lines(program, bundle, index))
        one_line = f"{{ {'; '.join(slots)} }}" if slots else "{}"
        if places is not None and slots:
            lines += [f"{{  # {index}", *_commented(bundle, slots, places[index], texts), "}"]
        elif len(one_line) <= _LINE_WIDTH and len(slots) <= 3:
            lines.append(one_line)
        else:
            lines += [f"{{  # {index}", *(f"  {slot}" for slot in slots), "}"]
    if len(program.bundles) in targets:
        lines.append(f"L{len(program.bundles)}:")
    return "\n".join([*lines, *foot]) + "\n"


def _meta_lines(meta: dict[str, JSON]) -> tuple[list[str], list[str]]:
    """Directives for the head of the text, as short as its lines, and those for its end."""
    head: list[str] = []
    foot: list[str] = []
    row: dict[str, JSON] = {}
    for key, value in meta.items():
        if len(f".meta {json.dumps({key: value})}") > _LINE_WIDTH:
            foot.append(f".meta {json.dumps({key: value})}")
            continue
        longer = {**row, key: value}
        if row and len(f".meta {json.dumps(longer)}") > _LINE_WIDTH:
            head.append(f".meta {json.dumps(row)}")
            longer = {key: value}
        row = longer
    if row:
        head.append(f".meta {json.dumps(row)}")
    return head, foot


def _commented(
    bundle: Bundle, slots: list[str], places: dict[str, list[Place]], texts: list[str]
) -> Iterator[str]:
    """The lines of a bundle's slots with where each comes from; equal comments in a row once."""
    found: list[Place | None] = [
        place for engine, own in bundle.items() for place in (places[engine] if own else [None])
    ]
    width = min(max(map(len, slots)), _COMMENT_AT)
    before = None
    for slot, place in zip(slots, found, strict=True):
        if place is None:
            yield f"  {slot}"
            continue
        comment = "as before" if place == before else _comment(place, texts)
        before = place
        yield f"  {slot:<{width}}  # {comment}"


def _comment(place: Place, texts: list[str]) -> str:
    group = "set-up" if place.group == SHARED else f"group {place.group}"
    parts = [group, *([place.value] if place.value else [])]
    if place.line is None:
        return ", ".join(parts)
    text = texts[place.line - 1].strip() if place.line <= len(texts) else ""
    return f"{', '.join(parts)}, line {place.line}" + (f": {text}" if text else "")


def _targets(program: Program) -> Iterator[tuple[int, int]]:
    """Every (bundle, target) of a jump whose target is a bundle or the end of the program."""
    for index, bundle in enumerate(program.bundles):
        for slot in bundle.get("flow", []):
            info = OPCODES.get(("flow", str(slot[0]))) if slot else None
            if info is None:
                continue
            for operand, value in zip(info.operands, slot[1:], strict=False):
                target = _target(operand, value, index)
                if target is not None and 0 <= target <= len(program.bundles):
                    yield index, target


def _target(operand: Operand, value: str | int, index: int) -> int | None:
    if operand.kind is OperandKind.PC and isinstance(value, int):
        return value
    if operand.kind is OperandKind.PC_OFFSET and isinstance(value, int):
        return index + 1 + value
    return None


def _bundle_lines(program: Program, bundle: Bundle, index: int) -> Iterator[str]:
    for engine, slots in bundle.items():
        if engine not in ENGINES:
            raise ProgramError(
                f"bundle {index}: engine {engine!r} has no assembly; "
                f"the engines are {', '.join(ENGINES)}",
                bundle=index,
            )
        if not slots:
            yield engine
        for number, slot in enumerate(slots):
            text = _slot_text(program, engine, slot, index)
            if text is None:
                raise ProgramError(
                    f"bundle {index}, {engine} slot {number}: {list(slot)!r} has no assembly; "
                    "isa.validate.validate says what is wrong with it",
                    bundle=index,
                    engine=engine,
                    slot=number,
                )
            yield text


def _slot_text(program: Program, engine: str, slot: Slot, index: int) -> str | None:
    info = OPCODES.get((engine, str(slot[0]))) if slot else None
    if info is None or len(slot) != 1 + len(info.operands):
        return None
    operands: list[str] = []
    for operand, value in zip(info.operands, slot[1:], strict=True):
        if isinstance(value, str) != (operand.kind is OperandKind.TEXT):
            return None
        target = _target(operand, value, index)
        if isinstance(value, str):
            operands.append(json.dumps(value))
        elif operand.kind in (OperandKind.DEST, OperandKind.SRC):
            operands.append(f"{'v' if operand.vector else 'r'}{int(value)}")
        elif target is not None and 0 <= target <= len(program.bundles):
            operands.append(f"L{target}")
        else:
            operands.append(str(int(value)))
    return f"{engine} {slot[0]} {', '.join(operands)}".rstrip()
