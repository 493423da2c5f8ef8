"""The benchmark suite: which kernels at which sizes, how they are measured, what is a regression.

Cycles, bounds and gaps are deterministic; seconds are those of the computer at hand and are never
compared.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import geometric_mean, median
from typing import Final, cast

from isa.program import JSON
from isa.takehome import (
    REFERENCE_BATCH,
    REFERENCE_HEIGHT,
    REFERENCE_ROUNDS,
    comparable_marks,
)
from vliwc.diagnostics import KernelError, UserError
from vliwc.driver import compile_file, compile_text
from vliwc.options import Options

VERSION: Final = 1
"""Of the JSON form of results."""
HEADLINE: Final = {
    "forest_height": REFERENCE_HEIGHT,
    "rounds": REFERENCE_ROUNDS,
    "batch_size": REFERENCE_BATCH,
}
MARKS: Final = {
    "tree_hash": comparable_marks(with_indices=False),
    "tree_hash_indices": comparable_marks(with_indices=True),
    "tree_hash_full": comparable_marks(with_indices=True),
}
"""The published marks for each kernel that solves the reference problem."""


_WARM_UP: Final = """
kernel warm_up() {
  memory { x: u32[16] in at 0; y: u32[16] out at 16; }
  parallel for i in 0 .. 16 { y[i] = x[x[i] & 1] * 3; }
}
"""


class SuiteError(UserError):
    """Results that cannot be read; the message says what is wrong with them."""


@dataclass(frozen=True)
class Case:
    """A kernel of the suite at one size."""

    kernel: str
    params: tuple[tuple[str, int], ...]

    @staticmethod
    def of(kernel: str, **params: int) -> Case:
        """A case from named parameters."""
        return Case(kernel, tuple(params.items()))

    @property
    def sizes(self) -> str:
        """The parameters for people."""
        return ", ".join(f"{name} {value}" for name, value in self.params)


def _tree_hash(height: int, rounds: int, batch: int) -> Case:
    return Case.of("tree_hash", forest_height=height, rounds=rounds, batch_size=batch)


@dataclass(frozen=True)
class Suite:
    """Cases, each compiled at each of ``levels``."""

    name: str
    cases: tuple[Case, ...]
    levels: tuple[int, ...]


_QUICK: Final = (
    _tree_hash(REFERENCE_HEIGHT, REFERENCE_ROUNDS, REFERENCE_BATCH),
    _tree_hash(8, 12, 128),
    Case("tree_hash_indices", tuple(HEADLINE.items())),
    Case("tree_hash_full", tuple(HEADLINE.items())),
    Case.of("ternary_tree", levels=4, steps=12, batch=256),
    Case.of("murmur", n=1024, seed=7),
    Case.of("saxpy_dot", n=1024),
    Case.of("binary_search", n=1000, batch=256),
    Case.of("lcg", lanes=64, steps=200),
    Case.of("crc32", batch=256, words=4),
    Case.of("dfa", states=8, symbol_bits=2, batch=256, words=4),
    Case.of("fnv_rows", batch=256, words=4),
    Case.of("stencil5", n=1024),
    Case.of("edges", n=1024, border=0),
    Case.of("blur", height=32, width=32),
    Case.of("matmul", n=8),
    Case.of("transpose", rows=32, columns=32),
    Case.of("prefix_rows", rows=64, width=16),
    Case.of("sort8", batch=128),
    Case.of("gcd", batch=64, steps=24),
    Case.of("sbox16", batch=256, rounds=1),
    Case.of("histogram", lanes=16, items=16, bins=16),
    Case.of("btree_probe", levels=4, batch=256),
    Case.of("search_tree", nodes=255, batch=128, steps=8),
    Case.of("floyd", n=8),
    Case.of("bitonic", log=6),
    Case.of("prefix_log", log=7),
    Case.of("prefix_words", n=256),
    Case.of("life", height=8, width=8, steps=4),
    Case.of("compact", n=256),
    Case.of("collatz", batch=128, most=20),
    Case.of("hash_probe", slots=61, batch=256, probes=4),
)
_MORE: Final = (
    _tree_hash(10, 16, 128),
    _tree_hash(10, 16, 512),
    _tree_hash(10, 11, 256),
    _tree_hash(10, 24, 256),
    _tree_hash(6, 16, 256),
    _tree_hash(3, 8, 64),
    _tree_hash(10, 16, 13),
    Case.of("tree_hash_full", forest_height=8, rounds=12, batch_size=128),
    Case.of("ternary_tree", levels=6, steps=16, batch=128),
    Case.of("ternary_tree", levels=3, steps=8, batch=512),
    Case.of("murmur", n=256, seed=7),
    Case.of("murmur", n=1001, seed=7),
    Case.of("saxpy_dot", n=256),
    Case.of("saxpy_dot", n=997),
    Case.of("binary_search", n=15, batch=512),
    Case.of("binary_search", n=4095, batch=64),
    Case.of("lcg", lanes=256, steps=100),
    Case.of("lcg", lanes=8, steps=1000),
    Case.of("crc32", batch=64, words=16),
    Case.of("crc32", batch=509, words=1),
    Case.of("dfa", states=4, symbol_bits=1, batch=256, words=8),
    Case.of("dfa", states=32, symbol_bits=4, batch=64, words=4),
    Case.of("fnv_rows", batch=100, words=7),
    Case.of("stencil5", n=333),
    Case.of("edges", n=333, border=9),
    Case.of("blur", height=15, width=24),
    Case.of("matmul", n=12),
    Case.of("transpose", rows=12, columns=20),
    Case.of("prefix_rows", rows=50, width=9),
    Case.of("sort8", batch=61),
    Case.of("gcd", batch=256, steps=8),
    Case.of("sbox16", batch=64, rounds=3),
    Case.of("histogram", lanes=32, items=8, bins=8),
    Case.of("btree_probe", levels=6, batch=128),
    Case.of("search_tree", nodes=31, batch=200, steps=5),
    Case.of("floyd", n=5),
    Case.of("bitonic", log=4),
    Case.of("prefix_log", log=8),
    Case.of("prefix_words", n=1000),
    Case.of("life", height=5, width=7, steps=3),
    Case.of("compact", n=100),
    Case.of("collatz", batch=50, most=30),
    Case.of("hash_probe", slots=500, batch=100, probes=6),
)
SUITES: Final = {
    suite.name: suite
    for suite in (Suite("quick", _QUICK, (1, 2)), Suite("full", _QUICK + _MORE, (0, 1, 2, 3)))
}


@dataclass(frozen=True)
class Result:
    """What compiling ``kernel`` with ``params`` at ``level`` gave.

    ``kernel_bound``: proved cycles of all operations that could have been chosen, ``kernel_gap``
    how far above it the program is; ``marks_beaten``: published marks above ``cycles``, None where
    they do not apply; ``error``: why there is no program (then the numbers are 0).
    """

    kernel: str
    params: dict[str, int]
    level: int
    cycles: int = 0
    lower_bound: int = 0
    bound_reason: str = ""
    gap: float = 0.0
    kernel_bound: int = 0
    kernel_gap: float = 0.0
    scratch_words: int = 0
    compile_seconds: float = 0.0
    marks_beaten: int | None = None
    error: str = ""

    @property
    def key(self) -> tuple[str, tuple[tuple[str, int], ...], int]:
        """What identifies the measurement."""
        return self.kernel, tuple(sorted(self.params.items())), self.level

    @property
    def title(self) -> str:
        """The measurement for people."""
        return (
            f"{self.kernel} ({Case(self.kernel, tuple(self.params.items())).sizes}) -O{self.level}"
        )


@dataclass(frozen=True)
class Difference:
    """Cycles before and now; 0 now means that the kernel no longer compiles."""

    title: str
    before: int
    now: int

    @property
    def regression(self) -> bool:
        """Whether the program became slower, or is gone."""
        return self.now > self.before or self.now == 0


def measure(kernels: Path, case: Case, level: int, seed: int, budget: int | None) -> Result:
    """Compile one case from the folder ``kernels``."""
    params = dict(case.params)
    try:
        options = Options(level=level, seed=seed, budget=budget)
        compiled = compile_file(kernels / f"{case.kernel}.vk", params, options)
    except KernelError as error:
        return Result(case.kernel, params, level, error=str(error))
    marks = MARKS.get(case.kernel) if params == HEADLINE else None
    return Result(
        case.kernel,
        params,
        level,
        compiled.cycles,
        compiled.lower_bound,
        compiled.bound_reason,
        compiled.gap,
        compiled.kernel_bound,
        compiled.kernel_gap,
        compiled.scratch_words,
        round(compiled.compile_seconds, 3),
        None if marks is None else sum(mark > compiled.cycles for mark in marks),
    )


def run_cases(
    kernels: Path,
    runs: Sequence[tuple[Case, int]],
    seed: int,
    budget: int | None,
    progress: Callable[[str, float | None], None],
) -> list[Result]:
    """Measure cases at levels, one after the other; ``budget`` is that of `Options`."""
    # The first compilation of a process loads solvers and compiled code; that is not measured.
    compile_text(_WARM_UP, "warm-up", {})
    results: list[Result] = []
    for number, (case, level) in enumerate(runs):
        progress(f"{case.kernel} ({case.sizes}) -O{level}", number / len(runs))
        results.append(measure(kernels, case, level, seed, budget))
    return results


def median_gaps(results: Sequence[Result]) -> dict[int, float]:
    """The median gap of what compiled, by level."""
    levels = sorted({result.level for result in results if not result.error})
    return {
        level: median(r.gap for r in results if r.level == level and not r.error)
        for level in levels
    }


def kernel_ratios(results: Sequence[Result]) -> dict[int, float]:
    """The geometric mean of cycles / kernel bound of what compiled, by level."""
    levels = sorted({result.level for result in results if not result.error})
    return {
        level: geometric_mean(1 + r.kernel_gap for r in results if r.level == level and not r.error)
        for level in levels
    }


def furthest(results: Sequence[Result], level: int, above: float, count: int) -> list[Result]:
    """At most ``count`` results of ``level`` whose kernel gap is more than ``above``, the largest
    first."""
    found = [r for r in results if r.level == level and not r.error and r.kernel_gap > above]
    return sorted(found, key=lambda result: -result.kernel_gap)[:count]


def compare(baseline: Sequence[Result], results: Sequence[Result]) -> list[Difference]:
    """Every measurement whose cycles differ from those of the baseline; what only one of them has
    is left out."""
    before = {result.key: result for result in baseline if not result.error}
    found: list[Difference] = []
    for result in results:
        old = before.get(result.key)
        if old is not None and old.cycles != result.cycles:
            found.append(Difference(result.title, old.cycles, result.cycles))
    return found


def to_json(suite: str, results: Sequence[Result]) -> dict[str, JSON]:
    """Results as JSON data that :func:`from_json` reads."""
    return {
        "version": VERSION,
        "suite": suite,
        "median_gap": {f"-O{level}": gap for level, gap in median_gaps(results).items()},
        "kernel_ratio": {f"-O{level}": ratio for level, ratio in kernel_ratios(results).items()},
        "results": [asdict(result) for result in results],
    }


def from_json(data: object) -> list[Result]:
    """The results in JSON data. Raises `SuiteError` if it is not what :func:`to_json` makes."""
    if not isinstance(data, Mapping):
        raise SuiteError("not the results of a benchmark: expected an object")
    fields = cast("Mapping[str, object]", data)
    if fields.get("version") != VERSION:
        raise SuiteError(
            f"results of version {fields.get('version')!r}; this vliwc reads version {VERSION}"
        )
    rows = fields.get("results")
    if not isinstance(rows, list):
        raise SuiteError("not the results of a benchmark: `results` is no list")
    return [_result(number, row) for number, row in enumerate(cast("list[object]", rows))]


def _result(number: int, row: object) -> Result:
    """One result, as far as a comparison needs it."""
    if isinstance(row, Mapping):
        fields = cast("Mapping[str, object]", row)
        kernel, params = fields.get("kernel"), fields.get("params")
        level, cycles = fields.get("level"), fields.get("cycles")
        if (
            isinstance(kernel, str)
            and isinstance(params, dict)
            and isinstance(level, int)
            and isinstance(cycles, int)
        ):
            bound = {
                name: value
                for name, value in cast("dict[str, object]", params).items()
                if isinstance(value, int)
            }
            return Result(kernel, bound, level, cycles, error=str(fields.get("error", "")))
    raise SuiteError(f"result {number}: expected kernel, params, level and cycles")
