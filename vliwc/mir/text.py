"""The text form ``.mir``: prints a machine DAG and parses it back exactly (origins excepted).

::

    mir {
      machine {"name": "takehome", "slots": {…}, "vlen": 8, "scratch_words": 1536, "latency": 1}
      shared {
        %0 "zero" lanes 1 width 1
        %1 "c16" lanes 1 width 1 = load const() imm 16 | flow add_imm(%0[0]) imm 16
      }
      constant 16 = %1
      family @0 "offset" from 0: %1, -
      template T0 "i" lanes 8 {
        %2 "x" lanes 8 width 8 = load vload(@0[0])
        %3 "y" lanes 8 width 8 = valu ^(%2, %2) | alu* ^(%2, %2)
        %4 "y" lanes 1 width 0 = store vstore(@0[0], %3) after %2:0
      }
      groups T0, T0
      order g0.%4 -> g1.%2 latency 1
    }

An operation has its forms after ``=``, one slot each; ``engine*`` takes a slot per lane.  ``%2``
as an operand is the vector from word 0 (lane ``k`` reads word ``k``), ``%2[3]`` is word 3 for
every lane, ``%2[3:4]`` word 3 and every 4th from there.  ``lanes (…), (…)`` gives each lane
operands of its own, ``imms 1, 2`` each lane a number, and ``by 2`` writes every second word
(``by -1``: downwards).  ``into %3`` writes words of the result of ``%3`` instead of an own one,
``at 4`` from word 4 on.
``@0`` is the member of a family that belongs to the group; ``-`` stands for members that no group
needs.  ``g1.%2`` is an operation of group 1.  ``after`` lists what must come before, each with its
latency.  Operations may be used before they are defined, families and templates may not.  ``#``
starts a comment; printed ones say for which value of the lane IR an operation was selected.

A part of a program with a machine loop also has a section ``before { %5 "c16" lanes 1 width 1
fixed 1535 }`` with what the parts before it have executed.  ``fixed`` is the scratch address of a
result that crosses the borders of parts.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import cast

from isa.errors import MachineError
from isa.load import parse_integer, parse_json
from isa.machine import MachineSpec
from isa.opcodes import OPCODES
from vliwc.diagnostics import SourceFile
from vliwc.ir.tokens import Token, TokenReader
from vliwc.ir.value import MASK
from vliwc.mir.dag import MachineDag
from vliwc.mir.operation import Form, InGroup, MOp, Operand, PerGroup, Source, Template, sources

SYNTAX = "E0801"
"""The diagnostic code of malformed ``.mir`` text."""
LARGEST = 1 << 20
"""Lanes, widths, offsets and latencies beyond that are mistakes."""
HOLE_IN_FAMILY = MOp("-", ())
"""Stands for a member of a family that no group needs, printed as ``-``."""


def print_dag(dag: MachineDag) -> str:
    """The text of ``dag``, ending in a newline."""
    return _Printer(dag).text()


class _Printer:
    def __init__(self, dag: MachineDag) -> None:
        self.dag = dag
        self.templates = {template: n for n, template in enumerate(dict.fromkeys(dag.groups))}
        ops = [*dag.shared, *(op for template in self.templates for op in template.ops)]
        self.families: dict[PerGroup, int] = {}
        before: dict[MOp, None] = {}
        for op in ops:
            for source in [*sources(op), *(before for before, _ in op.order)]:
                if isinstance(source, PerGroup):
                    self.families.setdefault(source, len(self.families))
                    before.update((m, None) for m in source.members if m in dag.before)
                elif not isinstance(source, InGroup) and source in dag.before:
                    before[source] = None
        self.before = list(before)
        self.numbers = {op: n for n, op in enumerate([*ops, *before])}

    def text(self) -> str:
        dag = self.dag
        lines = ["mir {", f"  machine {json.dumps(dag.machine.to_dict())}"]
        if self.before:
            known = (f"    {self.head(op)}" for op in self.before)
            lines += ["  before {", *known, "  }"]
        lines.append("  shared {")
        lines += [f"    {self.operation(op)}" for op in dag.shared]
        lines.append("  }")
        lines += [
            f"  constant {word} = %{self.numbers[op]}"
            for word, op in dag.constants.items()
            if op in dag.shared_index
        ]
        for family, number in self.families.items():
            members = ", ".join(
                "-" if isinstance(op, MOp) and op not in self.numbers else self.source(op)
                for op in family.members
            )
            lines.append(
                f"  family @{number} {json.dumps(family.name)} from {family.first}: {members}"
            )
        for template, number in self.templates.items():
            head = f"template T{number} {json.dumps(template.name)} lanes {template.lanes}"
            lines += [f"  {head} {{", *(f"    {self.operation(op)}" for op in template.ops), "  }"]
        if dag.groups:
            lines.append(f"  groups {', '.join(f'T{self.templates[t]}' for t in dag.groups)}")
        lines += [
            f"  order {self.source(a)} -> {self.source(b)} latency {latency}"
            for a, b, latency in dag.order
        ]
        return "\n".join([*lines, "}"]) + "\n"

    def head(self, op: MOp) -> str:
        text = f"%{self.numbers[op]} {json.dumps(op.name)} lanes {op.lanes} width {op.width}"
        text += " serial" if op.serial else ""
        at = self.dag.fixed.get(op)
        return text if at is None else f"{text} fixed {at}"

    def operation(self, op: MOp) -> str:
        parts = [self.head(op)]
        if op.into is not None:
            parts.append(f"into {self.source(op.into)}")
        if op.start:
            parts.append(f"at {op.start}")
        if op.forms:
            parts.append("= " + " | ".join(self.form(form) for form in op.forms))
        if op.order:
            before = (f"{self.source(source)}:{latency}" for source, latency in op.order)
            parts.append(f"after {', '.join(before)}")
        if op.origin is not None:
            parts.append(f"# {op.origin.op} %{op.origin.id}")
        return " ".join(parts)

    def form(self, form: Form) -> str:
        text = f"{form.engine}{'*' * form.scalarised} {form.opcode}{self.operands(form.operands)}"
        if form.per_lane is not None:
            text += f" lanes {', '.join(self.operands(lane) for lane in form.per_lane)}"
        if form.imm is not None:
            text += f" imm {form.imm}"
        if form.per_lane_imm is not None:
            text += f" imms {', '.join(map(str, form.per_lane_imm))}"
        return text + (f" by {form.dest_stride}" if form.dest_stride != 1 else "")

    def operands(self, operands: Iterable[Operand]) -> str:
        return f"({', '.join(self.operand(operand) for operand in operands)})"

    def operand(self, operand: Operand) -> str:
        source = self.source(operand.source)
        if (operand.offset, operand.stride) == (0, 1):
            return source
        stride = f":{operand.stride}" if operand.stride else ""
        return f"{source}[{operand.offset}{stride}]"

    def source(self, source: Source) -> str:
        if isinstance(source, InGroup):
            return f"g{source.group}.%{self.numbers[source.op]}"
        if isinstance(source, PerGroup):
            return f"@{self.families[source]}"
        return f"%{self.numbers[source]}"


def parse_dag(text: str, file: str = "<mir>") -> MachineDag:
    """The machine DAG that ``text`` describes.

    Raises :class:`vliwc.diagnostics.KernelError` with the line and column of the first mistake:
    what the text form needs, and that every name has a meaning.
    """
    return _Parser(SourceFile(file, text)).dag()


_TOKEN = re.compile(
    r"(?P<space>[ \t\r\n]+|\#[^\n]*)|(?P<string>\"(?:[^\"\\]|\\.)*\")|(?P<value>%\d+)"
    r"|(?P<family>@\d+)|(?P<group>g\d+\.)|(?P<number>\d+)|(?P<name>[A-Za-z_]\w*)"
    r"|(?P<mark>->|<<|>>|//|==|[-{}\[\]():,|=*+^&<%~])"
)


class _Parser(TokenReader):
    def __init__(self, source: SourceFile) -> None:
        super().__init__(source, _TOKEN, SYNTAX)
        self.ops: dict[str, MOp] = {}
        self.defined: dict[str, Template | None] = {}
        self.families: dict[str, PerGroup] = {}
        self.templates: dict[str, Template] = {}
        self.groups: list[Template] = []
        self.fixed: dict[MOp, int] = {}
        self.inside: Template | None = None
        self.uses: list[tuple[Token, Source, Template | None]] = []

    def dag(self) -> MachineDag:
        """The whole text."""
        self._expect("mir", "{", "machine")
        machine = self._machine()
        shared: list[MOp] = []
        constants: dict[int, MOp] = {}
        before: list[MOp] = []
        order: list[tuple[Source, Source, int]] = []
        while not self._accept("}"):
            if self._accept("before"):
                before += self._operations()
            elif self._accept("shared"):
                shared += self._operations()
            elif self._accept("constant"):
                word = self._number("a constant", 0, MASK)
                self._expect("=")
                constants[word] = self._op()
            elif self._accept("family"):
                self._family()
            elif self._accept("template"):
                self._template()
            elif self._accept("groups"):
                self._groups()
            elif self._accept("order"):
                first = self._source()
                self._expect("->")
                after = self._source()
                self._expect("latency")
                order.append((first, after, self._number("a latency", 0, LARGEST)))
            else:
                token = self.token
                raise self._error(f"expected a section or }}, found {token.text}", token.span)
        self._take("end", "the end of the text")
        self._check_uses()
        known = frozenset(before)
        return MachineDag(machine, shared, self.groups, order, constants, self.fixed, known)

    def _machine(self) -> MachineSpec:
        """The JSON object that follows, as the machine's description."""
        first = self.token
        depth, parts = 0, list[str]()
        while depth or not parts:
            token = self.token
            if token.kind == "end":
                raise self._error("the machine's description does not end", first.span)
            depth += (token.text == "{") - (token.text == "}")
            parts.append(token.text)
            self.next += 1
        try:
            return MachineSpec.from_dict(cast("dict[str, object]", parse_json(" ".join(parts))))
        except (ValueError, TypeError, AttributeError, MachineError) as error:
            raise self._error(f"not a machine: {error}", first.span) from None

    def _string(self, what: str) -> str:
        token = self._take("string", what)
        try:
            return str(parse_json(token.text))
        except ValueError:
            raise self._error(f"{what}: not a JSON string", token.span) from None

    # Names

    def _op(self) -> MOp:
        token = self._take("value", "an operation")
        op = self.ops.setdefault(token.text, MOp(token.text, ()))
        self.uses.append((token, op, self.inside))
        return op

    def _source(self) -> Source:
        token = self.token
        if token.kind == "family":
            self.next += 1
            family = self.families.get(token.text)
            if family is None:
                raise self._error(f"{token.text} is not defined", token.span)
            self.uses.append((token, family, self.inside))
            return family
        if token.kind == "group":
            self.next += 1
            op = self._op()
            source = InGroup(parse_integer(token.text[1:-1]), op)
            self.uses[-1] = (self.uses[-1][0], source, None)
            return source
        return self._op()

    def _check_uses(self) -> None:
        """Every name means something where it stands."""
        for token, source, inside in self.uses:
            if isinstance(source, PerGroup):
                message = self._family_mistake(token.text, source, inside)
            elif token.text not in self.defined:
                message = f"{token.text} is not defined"
            elif isinstance(source, InGroup):
                outside = source.group >= len(self.groups)
                own = None if outside else self.groups[source.group]
                absent = outside or self.defined[token.text] is not own
                message = f"group {source.group} has no {token.text}" if absent else ""
            else:
                home = self.defined[token.text]
                message = f"{token.text} is in a group" if home not in (None, inside) else ""
            if message:
                raise self._error(message, token.span)

    def _family_mistake(self, name: str, family: PerGroup, inside: Template | None) -> str:
        if inside is None:
            return f"{name} has one member for each group, and this is outside of groups"
        for group, template in enumerate(self.groups):
            at = group - family.first
            if template is inside and not (
                0 <= at < len(family.members) and family.members[at] is not HOLE_IN_FAMILY
            ):
                return f"{name} has no member for group {group}"
        return ""

    # Sections

    def _operations(self) -> list[MOp]:
        self._expect("{")
        found: list[MOp] = []
        while not self._accept("}"):
            found.append(self._definition())
        return found

    def _family(self) -> None:
        token = self._take("family", "a family")
        if token.text in self.families:
            raise self._error(f"{token.text} is defined twice", token.span)
        name = self._string("a name")
        self._expect("from")
        first = self._number("a group", 0, LARGEST)
        self._expect(":")
        members = [self._member()]
        while self._accept(","):
            members.append(self._member())
        self.families[token.text] = PerGroup(name, first, members)

    def _member(self) -> MOp | InGroup:
        if self._accept("-"):
            return HOLE_IN_FAMILY
        source = self._source()
        assert not isinstance(source, PerGroup)
        return source

    def _template(self) -> None:
        token = self._take("name", "a template")
        if token.text in self.templates:
            raise self._error(f"{token.text} is defined twice", token.span)
        name = self._string("a name")
        self._expect("lanes")
        template = Template(name, self._number("lanes", 1, LARGEST))
        self.templates[token.text] = self.inside = template
        template.ops += self._operations()
        self.inside = None

    def _groups(self) -> None:
        while True:
            token = self._take("name", "a template")
            if token.text not in self.templates:
                raise self._error(f"{token.text} is not defined", token.span)
            self.groups.append(self.templates[token.text])
            if not self._accept(","):
                return

    # Operations

    def _definition(self) -> MOp:
        token = self._take("value", "an operation or }")
        if token.text in self.defined:
            raise self._error(f"{token.text} is defined twice", token.span)
        self.defined[token.text] = self.inside
        op = self.ops.setdefault(token.text, MOp(token.text, ()))
        op.name = self._string("a name")
        self._expect("lanes")
        op.lanes = self._number("lanes", 0, LARGEST)
        self._expect("width")
        op.width = self._number("the width", 0, LARGEST)
        op.serial = self._accept("serial")
        if self._accept("fixed"):
            self.fixed[op] = self._number("an address", 0, LARGEST)
        if self._accept("into"):
            op.into = self._source()
        if self._accept("at"):
            op.start = self._number("a word", 0, LARGEST)
        if self._accept("="):
            forms = [self._form()]
            while self._accept("|"):
                forms.append(self._form())
            op.forms = tuple(forms)
        if self._accept("after"):
            op.order.append(self._before())
            while self._accept(","):
                op.order.append(self._before())
        return op

    def _before(self) -> tuple[Source, int]:
        source = self._source()
        self._expect(":")
        return source, self._number("a latency", 0, LARGEST)

    def _form(self) -> Form:
        engine = self._take("name", "an engine")
        scalarised = self.token.text == "*" and self.tokens[self.next + 1].text != "("
        if scalarised:
            self.next += 1
        opcode = self.token
        if (engine.text, opcode.text) not in OPCODES:
            raise self._error(f"{engine.text} has no operation {opcode.text}", opcode.span)
        self.next += 1
        operands = self._operands()
        per_lane = imm = imms = None
        if self._accept("lanes"):
            lanes = [self._operands()]
            while self._accept(","):
                lanes.append(self._operands())
            per_lane = tuple(lanes)
        if self._accept("imm"):
            imm = self._number("a number", 0, MASK)
        if self._accept("imms"):
            words = [self._number("a number", 0, MASK)]
            while self._accept(","):
                words.append(self._number("a number", 0, MASK))
            imms = tuple(words)
        step = self._step("a step") if self._accept("by") else 1
        return Form(engine.text, opcode.text, operands, imm, scalarised, step, per_lane, imms)

    def _step(self, what: str) -> int:
        sign = -1 if self._accept("-") else 1
        return sign * self._number(what, 0, LARGEST)

    def _operands(self) -> tuple[Operand, ...]:
        self._expect("(")
        found: list[Operand] = []
        while not self._accept(")"):
            if found:
                self._expect(",")
            found.append(self._operand())
        return tuple(found)

    def _operand(self) -> Operand:
        source = self._source()
        if not self._accept("["):
            return Operand(source)
        offset = self._number("an offset", 0, LARGEST)
        stride = self._step("a stride") if self._accept(":") else 0
        self._expect("]")
        return Operand(source, offset, stride)
