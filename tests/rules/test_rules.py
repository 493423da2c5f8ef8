"""Every rule is proved, is documented, fires on its own left side, and never adds operations."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.strategies.sketch import Sketch
from vliwc.ir.graph import Array, Function, Role
from vliwc.ir.text import parse_function
from vliwc.ir.value import Op, Value
from vliwc.rules.match import RuleSet
from vliwc.rules.prove import Status, prove
from vliwc.rules.rewrite import rewrite
from vliwc.rules.rule import Rule, table
from vliwc.rules.tables import ALL_RULES, FAMILIES
from vliwc.rules.term import Apply, RuleError, Term, Variable, Word, evaluate, nodes

every_rule = pytest.mark.parametrize(
    "rule", ALL_RULES, ids=[f"{rule.family}/{rule.name}" for rule in ALL_RULES]
)


@every_rule
def test_z3_proves_the_rule(rule: Rule) -> None:
    proof = prove(rule)
    assert proof.status is Status.PROVED, f"{rule.text}: {proof}"


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("wrong: x + y => x | y", Status.REFUTED),
        ("needs-guard: (x >> K) >> L => x >> (K + L)", Status.REFUTED),
        ("traps: x => x // y * y + x % y", None),
        ("new-trap: (x & y) - (x & y) => (0 // y) * 0", Status.REFUTED),
        ("wrong-count: (x << 31) << 1 => x", Status.REFUTED),
        ("traps-less: select(p, x // y, z) => select(p, x // select(p, y, 1), z)", Status.PROVED),
        ("one-case: select(p, x % select(p, y, 1), 1) => x % select(p, y, 1)", Status.REFUTED),
        ("traps-more: select(p, x % select(p, y, 1), 0) => x % y", Status.REFUTED),
    ],
)
def test_the_prover_refutes_wrong_rules(text: str, status: Status | None) -> None:
    if status is None:
        with pytest.raises(RuleError):
            table("test", text)
        return
    (rule,) = table("test", text)
    proof = prove(rule)
    assert proof.status is status
    if status is Status.PROVED:
        return
    assert set(proof.counterexample) == {
        node.name
        for term in (rule.left, rule.right)
        for node in nodes(term)
        if isinstance(node, Variable)
    }


@pytest.mark.parametrize(
    "text",
    [
        "no arrow here",
        "unknown-variable: x + 0 => y",
        "guard-on-a-value: x + C => x when x < 2",
        "computed-left: x + (1 + C) => x",
        "not-a-term: x + 0 => x if x else x",
        "wrong-arity: madd(x, y) => x",
        "Upper-Case: x + 0 => x",
        "twice: x + 0 => x\ntwice: x + 0 => x",
    ],
)
def test_badly_written_rules_are_rejected(text: str) -> None:
    with pytest.raises(RuleError):
        table("test", text)


@every_rule
def test_no_rule_adds_operations(rule: Rule) -> None:
    assert rule.added <= 1 + rule.brackets, rule.text


@pytest.mark.parametrize(
    ("text", "added", "brackets", "growth"),
    [
        ("merge: (x + C) + D => x + (C + D)", 1, 0, 0),
        ("known: (x & y) & y => x & y", 0, 0, 0),
        ("out: [x ^ C] ^ y => (x ^ y) ^ C", 2, 1, 1),
        ("factor: select(p, [x + y], [x + z]) => x + select(p, y, z)", 2, 2, 0.5),
        ("flip: [x ^ C] & 1 => (x & 1) ^ 1 when (C & 1) == 1 free", 2, 1, 0),
    ],
)
def test_growth(text: str, added: int, brackets: int, growth: float) -> None:
    (rule,) = table("test", text)
    assert (rule.added, rule.brackets, rule.growth) == (added, brackets, growth)


WORDS = (2, 3, 1, 4, 5, 8, 16, 31, 32, 12, 0xFFFFFFFF, 0xFFFFFFFC, 0x80000000, 0)


def constants_for(rule: Rule) -> dict[str, int] | None:
    """Small constants that satisfy the guards; distinct and not special where possible."""
    names = sorted(
        {node.name for node in nodes(rule.left) if isinstance(node, Variable) and node.constant}
    )
    choices = [6, 5, 7, *WORDS]
    stack: list[dict[str, int]] = [{}]
    while stack:
        chosen = stack.pop()
        if len(chosen) == len(names):
            if all(evaluate(guard, chosen) for guard in rule.guards):
                return chosen
            continue
        name = names[len(chosen)]
        rest = [word for word in choices if word not in chosen.values()]
        stack += [{**chosen, name: word} for word in reversed([*rest, *chosen.values()])]
    return None


CONSTANTS = {"shr-and-out": {"C": 0xFF0, "K": 4}}
"""Constants for rules whose left side would otherwise be a constant."""

PREPARED: dict[str, dict[str, tuple[Op, int]]] = {
    "and-known": {"x": (Op.SHL, 1)},
    "or-known": {"x": (Op.OR, 6)},
    "or-disjoint": {"x": (Op.SHL, 1)},
    "select-always": {"p": (Op.OR, 1)},
    "mod-small": {"y": (Op.OR, 8)},
    "select-halved": {"x": (Op.MUL, 6)},
    "mod-or-self": {"y": (Op.MUL, 6)},
}
"""What makes the premise of a rule true; elsewhere it is enough that the words are 0 or 1."""


def left_side(rule: Rule, names: dict[str, int], word_bound: int) -> Function:
    """A function that stores the left side of a rule, of words below the bound from memory."""
    arrays = {"x": Array("x", 0, 64, Role.IN, word_bound), "y": Array("y", 64, 8, Role.OUT)}
    builder = Sketch("left", arrays)
    lane = builder.lane(builder.loop(8, "i").number)
    found: dict[str, Value] = {}

    def variable(name: str) -> Value:
        index = builder.op(Op.ADD, lane, builder.const(8 * len(found)))
        value = builder.load("x", index)
        if name in PREPARED.get(rule.name, {}):
            op, word = PREPARED[rule.name][name]
            value = builder.op(op, value, builder.const(word))
        return found.setdefault(name, value)

    def build(term: Term) -> Value:
        match term:
            case Word(word):
                return builder.const(word)
            case Variable(name) if term.constant:
                return builder.const(names[name])
            case Variable(name):
                return found.get(name) or variable(name)
            case Apply(Op() as op, args):
                return builder.op(op, *(build(arg) for arg in args))
            case _:
                raise AssertionError(term)

    builder.store("y", lane, build(rule.left), loop=0)
    return builder.finish()


@every_rule
def test_the_rule_fires_on_its_left_side(rule: Rule) -> None:
    """With a rule set of this rule alone, its own left side must be rewritten by it."""
    names = CONSTANTS.get(rule.name) or constants_for(rule)
    assert names is not None, f"no constants satisfy the guards of {rule.text}"
    function = left_side(rule, names, 2 if rule.premises else 1 << 32)
    hits: Counter[str] = Counter()
    rewrite(function, RuleSet([rule]), hits)
    assert hits[f"{rule.family}/{rule.name}"] > 0, rule.text


@pytest.mark.parametrize(
    ("rule", "fits", "misses"),
    [
        (
            "(x << K) >> K => x & (0xFFFFFFFF >> K)",
            "shl %x, %3 / shr %0, %3",
            "shl %x, %3 / shr %0, %5",
        ),
        ("x ^ x => 0", "xor %x, %x", "xor %x, %y"),
        ("(x + y) - x => y", "add %x, %y / sub %0, %x", "add %x, %y / sub %0, %z"),
        ("x * 3 => x + (x << 1)", "mul %x, %3", "mul %x, %5"),
        ("(x + y) - y => x", "add %x, %y / sub %0, %y", "xor %x, %y / sub %0, %y"),
    ],
)
def test_a_rule_fires_on_its_left_side_alone(rule: str, fits: str, misses: str) -> None:
    """Not with other words, other values or another operation."""
    rules = RuleSet(table("test", f"test: {rule}"))
    for code, expected in ((fits, True), (misses, False)):
        lines = [f"%t{number} = {line}" for number, line in enumerate(code.split(" / "))]
        body = "\n".join(lines).replace("%0,", "%t0,").replace("%3", "%c3").replace("%5", "%c5")
        function = parse_function(f"""
        function test {{
          array x: u32[8] in at 0
          array y: u32[8] out at 8
          loop 0 i: 8
          %i = lane 0
          %c3 = const 3
          %c5 = const 5
          %x = load x[%i]
          %y = load x[%c3]
          %z = load x[%c5]
          {body}
          %s = store y[%i] = %t{len(lines) - 1} in loop 0
        }}""")
        hits: Counter[str] = Counter()
        rewrite(function, rules, hits)
        assert (hits["test/test"] > 0) is expected, code


def test_families_have_unique_rule_names() -> None:
    names = [rule.name for rule in ALL_RULES]
    assert len(names) == len(set(names))
    assert all(rule.family == family for family in FAMILIES for rule in FAMILIES[family])
