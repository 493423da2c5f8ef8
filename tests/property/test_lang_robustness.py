"""Broken kernels: whatever the text, nothing but `KernelError` leaves the language package.

Mutants that are still valid are run by both interpreters, which have to agree.
"""

from __future__ import annotations

import random
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.strategies.kernels import random_kernel
from vliwc.diagnostics import KernelError
from vliwc.ir.interpret import interpret as run_ir
from vliwc.ir.verify import verify
from vliwc.lang import bind, parse_kernel
from vliwc.lang.interpret import interpret, output_words, random_memory
from vliwc.lang.lower import lower

KERNELS = Path(__file__).resolve().parents[2] / "kernels"
TOKEN = re.compile(r"\w+|<<|>>|&&|\|\||[=!<>]=|\*\*|\.\.|\S|\s+")
EXTRA = (
    *(
        "0",
        "1",
        "-1",
        "2 ** 33",
        "true",
        "x",
        "i",
        "n",
        "len(n)",
        "min(1, 2)",
        "if",
        "then",
        "else",
    ),
    *(
        "let",
        "var",
        "for",
        "parallel",
        "reduce",
        "into",
        "assume",
        "return",
        "in",
        "out",
        "scratch",
    ),
    *(
        "+",
        "-",
        "/",
        "%",
        "**",
        "<<",
        "==",
        "<",
        "&&",
        "||",
        "!",
        "~",
        "(",
        ")",
        "[",
        "]",
        "{",
        "}",
    ),
    *(";", ":", "..", "u32", "bool", "const", "fn", "memory", "at", "below", "ascending", "0 / 0"),
)


def kind(token: str) -> str:
    """Tokens of one kind can stand for each other without a syntax error, mostly."""
    if re.fullmatch(r"[A-Za-z_]\w*", token):
        return "word" if token in EXTRA else "name"
    if re.fullmatch(r"\w+", token):
        return "number"
    return "operator" if re.fullmatch(r"[-+*/%&|^<>=!]+", token) else "other"


def mutate(text: str, rng: random.Random) -> str:
    """`text` with a few of its tokens replaced, or for once removed, repeated or exchanged."""
    tokens = TOKEN.findall(re.sub(r"//.*", "", text))
    for _ in range(rng.randint(1, 3)):
        at = rng.randrange(len(tokens))
        match rng.randrange(12):
            case 0:
                del tokens[at]
            case 1:
                tokens.insert(at, tokens[rng.randrange(len(tokens))])
            case 2:
                other = rng.randrange(len(tokens))
                tokens[at], tokens[other] = tokens[other], tokens[at]
            case 3:
                tokens[at] = rng.choice(EXTRA)
            case _:
                places = [k for k, token in enumerate(tokens) if kind(token) in ("name", "number")]
                at = rng.choice(places if rng.random() < 0.8 else range(len(tokens)))
                like = [token for token in tokens if kind(token) == kind(tokens[at])]
                tokens[at] = rng.choice(like)
    return "".join(tokens)


def process(text: str, params: dict[str, int]) -> str:
    """Take the text as far as it goes; the code of the error that stopped it, or nothing."""
    try:
        program = parse_kernel(text, "mutant.vk")
        declared = {name.text for name in program.kernel.parameters}
        kernel = bind(program, {name: params.get(name, 2) for name in sorted(declared)})
        function = lower(kernel, limit=20_000)
        verify(function)
        if kernel.memory_words < 100_000:
            memory = random_memory(kernel, 1)
            expected = interpret(kernel, memory)
            result = run_ir(function, memory)
            for part in output_words(kernel):
                assert result[part.start : part.stop] == expected[part.start : part.stop]
    except KernelError as error:
        assert error.diagnostics and error.render()
        for diagnostic in error.diagnostics:
            assert diagnostic.span is None or diagnostic.span.file == "mutant.vk"
        return error.diagnostics[0].code
    return ""


def bases() -> list[tuple[str, dict[str, int]]]:
    small = dict.fromkeys(
        ("rounds", "batch_size", "batch", "steps", "lanes", "levels", "words", "states"), 3
    )
    found = [(path.read_text(encoding="utf-8"), small) for path in sorted(KERNELS.glob("*.vk"))]
    for seed in range(12):
        generated = random_kernel(seed)
        found.append((generated.text, generated.params))
    return found


BASES = bases()


@given(st.integers(0, 2**32), st.sampled_from(range(len(BASES))))
@settings(max_examples=150)
def test_mutants(seed: int, base: int) -> None:
    text, params = BASES[base]
    process(mutate(text, random.Random(seed)), params)


def test_a_fixed_set_of_mutants_reaches_all_stages() -> None:
    reached: set[str] = set()
    for seed in range(500):
        text, params = BASES[seed % len(BASES)]
        reached.add(process(mutate(text, random.Random(seed)), params)[:3])
    assert {"E01", "E02", "E03", "E04", "E05", "E06", ""} <= reached


@given(st.text(max_size=60))
def test_any_text(text: str) -> None:
    with pytest.raises(KernelError):
        parse_kernel(text)
