"""The headline kernel under other names, constants, layouts and sizes: no variant is special.

    python -m benchmarks.variants [--level N] [--simulator PATH/problem.py] [--json FILE] [NAME ...]

Every variant is made from the text of `kernels/tree_hash.vk`, compiled, and verified on random
inputs. Prints a table; the exit code is 1 if an answer is wrong.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from isa.batch import run_batch
from isa.original import OriginalProblem
from vliwc.driver import Compilation, compile_text
from vliwc.lang.interpret import interpret, output_words, protected_words, random_memory
from vliwc.options import Options

KERNEL = Path(__file__).resolve().parent.parent / "kernels" / "tree_hash.vk"
HEADLINE = {"forest_height": 10, "rounds": 16, "batch_size": 256}
HEADINGS = "variant                cycles   bound   gap %  scratch  compile s  answers"

Stage = tuple[str, int, str, str, int]
"""One stage of the hash: ``a = (a op1 c) op2 (a op3 k)``."""

STAGES: tuple[Stage, ...] = (
    ("+", 0x7ED55D16, "+", "<<", 12),
    ("^", 0xC761C23C, "^", ">>", 19),
    ("+", 0x165667B1, "+", "<<", 5),
    ("+", 0xD3A2646C, "^", "<<", 9),
    ("+", 0xFD7046C5, "+", "<<", 3),
    ("^", 0xB55A4F09, "^", ">>", 16),
)

NAMES = {
    "tree_hash": "zig",
    "myhash": "scatter",
    "forest_height": "depth",
    "rounds": "turns",
    "batch_size": "width",
    "n_nodes": "size",
    "forest": "branches",
    "indices": "places",
    "values": "words",
    "idx": "where",
    "val": "what",
    **{f"a{k}": f"stage_{k}" for k in range(7)},
    "i": "element",
    "r": "turn",
}


@dataclass(frozen=True)
class Variant:
    """A kernel with values for its parameters."""

    name: str
    text: str
    params: dict[str, int]


@dataclass(frozen=True)
class Verdict:
    """How a variant fared; `correct` on all inputs and simulators."""

    name: str
    params: dict[str, int]
    level: int
    cycles: int
    lower_bound: int
    gap: float
    scratch_words: int
    compile_seconds: float
    correct: bool


def source() -> str:
    """The kernel without its comments."""
    return re.sub(r"^//.*\n", "", KERNEL.read_text(encoding="utf-8"), flags=re.MULTILINE).strip()


def renamed(text: str) -> str:
    """The same kernel with every name replaced."""
    return re.sub(r"\b[a-z]\w*\b", lambda found: NAMES.get(found[0], found[0]), text)


def with_hash(text: str, stages: Sequence[Stage]) -> str:
    """The same walk with another hash function."""
    lines = ["fn myhash(a0: u32) -> u32 {"]
    for number, (op1, c, op2, op3, k) in enumerate(stages):
        lines.append(
            f"  let a{number + 1} = (a{number} {op1} {c:#010X}) {op2} (a{number} {op3} {k});"
        )
    lines += [f"  return a{len(stages)};", "}"]
    body = "\n".join(lines).replace("0X", "0x")
    return re.sub(r"fn myhash.*?^}", lambda _: body, text, flags=re.DOTALL | re.MULTILINE)


def with_header(text: str, words: int) -> str:
    """The same kernel with all arrays at other addresses."""
    return re.sub(r"\bat 7\b", f"at {words}", text)


def ternary(text: str) -> str:
    """The walk through a ternary tree: the hash modulo 3 chooses the child."""
    text = text.replace("2 ** (forest_height + 1) - 1", "(3 ** (forest_height + 1) - 1) / 2")
    return text.replace("2 * idx + (if val % 2 == 0 then 1 else 2)", "3 * idx + 1 + val % 3")


def _constants() -> tuple[Stage, ...]:
    """Other constants and shifts in stages of the same kinds; the last constant is even here."""
    words = (0x9E3779B9, 0x85EBCA6B, 0xC2B2AE35, 0x27D4EB2F, 0x165667B1, 0x6C8E9CF4)
    shifts = (7, 13, 11, 6, 4, 15)
    return tuple(
        (op1, word, op2, op3, shift)
        for (op1, _, op2, op3, _), word, shift in zip(STAGES, words, shifts, strict=True)
    )


def variants() -> dict[str, Variant]:
    """All variants by name; the kernel itself comes first."""
    text = source()
    reordered = tuple(STAGES[k] for k in (3, 5, 0, 1, 4, 2))
    found = [
        Variant("headline", text, HEADLINE),
        Variant("renamed", renamed(text), {NAMES[name]: v for name, v in HEADLINE.items()}),
        Variant("other constants", with_hash(text, _constants()), HEADLINE),
        Variant("other stage order", with_hash(text, reordered), HEADLINE),
        Variant("four stages", with_hash(text, STAGES[:2] + STAGES[4:]), HEADLINE),
        Variant("header of 23 words", with_header(text, 23), HEADLINE),
        Variant("no header", with_header(text, 0), HEADLINE),
        Variant("ternary tree", ternary(text), {**HEADLINE, "forest_height": 6}),
        Variant("ternary, deep", ternary(text), {**HEADLINE, "forest_height": 7, "rounds": 8}),
        Variant("8/12/128", text, {"forest_height": 8, "rounds": 12, "batch_size": 128}),
        Variant("24 rounds", text, {**HEADLINE, "rounds": 24}),
        Variant("11 rounds", text, {**HEADLINE, "rounds": 11}),
        Variant("batch of 128", text, {**HEADLINE, "batch_size": 128}),
        Variant("batch of 512", text, {**HEADLINE, "batch_size": 512}),
        Variant("batch of 250", text, {**HEADLINE, "batch_size": 250}),
        Variant("height 6", text, {**HEADLINE, "forest_height": 6}),
        Variant("height 14", text, {**HEADLINE, "forest_height": 14}),
    ]
    return {variant.name: variant for variant in found}


def is_correct(result: Compilation, cases: int, original: OriginalProblem | None) -> bool:
    """Whether all simulators give the interpreter's results and leave protected words alone."""
    kernel = result.kernel
    memories = [random_memory(kernel, seed) for seed in range(cases)]
    batch = run_batch(result.program, np.array(memories, np.uint32))
    batch.raise_first()
    for number, memory in enumerate(memories):
        expected = interpret(kernel, memory)
        finals = [batch.memories[number].tolist()]
        if original is not None:
            finals.append(original.run(result.program, memory).memory)
        for final in finals:
            for words in (*output_words(kernel), *protected_words(kernel)):
                if any(final[address] != expected[address] for address in words):
                    return False
    return bool((batch.cycles == result.cycles).all())


def evaluate(
    variant: Variant,
    *,
    level: int = 2,
    cases: int = 2,
    original: OriginalProblem | None = None,
) -> Verdict:
    """Compile and verify one variant.

    Raises whatever compiler and simulators raise.
    """
    result = compile_text(variant.text, f"{variant.name}.vk", variant.params, Options(level=level))
    return Verdict(
        variant.name,
        variant.params,
        level,
        result.cycles,
        result.lower_bound,
        result.gap,
        result.scratch_words,
        result.compile_seconds,
        is_correct(result, cases, original),
    )


def row(verdict: Verdict) -> str:
    """A line of the table."""
    return (
        f"{verdict.name:20} {verdict.cycles:8} {verdict.lower_bound:7} {100 * verdict.gap:7.1f} "
        f"{verdict.scratch_words:8} {verdict.compile_seconds:10.2f}  "
        f"{'right' if verdict.correct else 'WRONG'}"
    )


def main() -> int:
    known = variants()
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(known))
    parser.add_argument("--level", type=int, default=2, help="optimisation level (default 2)")
    parser.add_argument("--cases", type=int, default=4, help="inputs per variant (default 4)")
    parser.add_argument("--simulator", type=Path, help="the original problem.py")
    parser.add_argument("--json", type=Path, metavar="FILE", help="where to write the results")
    args = parser.parse_args()
    unknown = [name for name in args.names if name not in known]
    if unknown:
        parser.error(f"no variant is called {unknown[0]!r}; there are {', '.join(known)}")
    original = None if args.simulator is None else OriginalProblem(args.simulator)
    verdicts: list[Verdict] = []
    print(HEADINGS, flush=True)
    for name in args.names or known:
        verdicts.append(
            evaluate(known[name], level=args.level, cases=args.cases, original=original)
        )
        print(row(verdicts[-1]), flush=True)
    if args.json is not None:
        args.json.write_text(json.dumps([asdict(verdict) for verdict in verdicts], indent=1) + "\n")
    return 0 if all(verdict.correct for verdict in verdicts) else 1


if __name__ == "__main__":
    sys.exit(main())
