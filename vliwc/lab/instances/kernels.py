"""Kernels as instances: the machine problems that the compiler schedules."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from isa.machine import DEFAULT_MACHINE, MachineSpec
from vliwc.driver import compile_file
from vliwc.explain.suite import SUITES, Case
from vliwc.lab.instances.instance import Instance
from vliwc.options import Options, OptionsError

_SMALL: Final = (
    Case.of("binary_search", n=7, batch=8),
    Case.of("binary_search", n=15, batch=24),
    Case.of("binary_search", n=63, batch=40),
    Case.of("crc32", batch=8, words=1),
    Case.of("crc32", batch=24, words=1),
    Case.of("crc32", batch=16, words=2),
    Case.of("dfa", states=4, symbol_bits=1, batch=8, words=1),
    Case.of("dfa", states=4, symbol_bits=1, batch=24, words=1),
    Case.of("dfa", states=8, symbol_bits=2, batch=16, words=2),
    Case.of("lcg", lanes=8, steps=8),
    Case.of("lcg", lanes=16, steps=16),
    Case.of("lcg", lanes=24, steps=32),
    Case.of("murmur", n=8, seed=7),
    Case.of("murmur", n=24, seed=7),
    Case.of("murmur", n=61, seed=7),
    Case.of("saxpy_dot", n=13),
    Case.of("saxpy_dot", n=32),
    Case.of("saxpy_dot", n=96),
    Case.of("ternary_tree", levels=1, steps=2, batch=8),
    Case.of("ternary_tree", levels=2, steps=3, batch=16),
    Case.of("ternary_tree", levels=3, steps=4, batch=24),
    Case.of("tree_hash", forest_height=2, rounds=2, batch_size=8),
    Case.of("tree_hash", forest_height=3, rounds=4, batch_size=13),
    Case.of("tree_hash", forest_height=4, rounds=4, batch_size=32),
    Case.of("tree_hash_indices", forest_height=3, rounds=4, batch_size=16),
    Case.of("tree_hash_full", forest_height=2, rounds=2, batch_size=8),
    Case.of("tree_hash_full", forest_height=3, rounds=3, batch_size=16),
    Case.of("tree_hash_full", forest_height=4, rounds=4, batch_size=24),
    Case.of("blur", height=4, width=8),
    Case.of("btree_probe", levels=2, batch=16),
    Case.of("edges", n=24, border=3),
    Case.of("fnv_rows", batch=16, words=2),
    Case.of("gcd", batch=16, steps=4),
    Case.of("histogram", lanes=8, items=3, bins=4),
    Case.of("matmul", n=4),
    Case.of("prefix_rows", rows=16, width=4),
    Case.of("sbox16", batch=16, rounds=1),
    Case.of("search_tree", nodes=7, batch=16, steps=3),
    Case.of("sort8", batch=16),
    Case.of("stencil5", n=32),
    Case.of("transpose", rows=4, columns=8),
    Case.of("floyd", n=4),
    Case.of("bitonic", log=3),
    Case.of("prefix_log", log=4),
    Case.of("prefix_words", n=32),
    Case.of("life", height=4, width=4, steps=1),
    Case.of("compact", n=16),
    Case.of("collatz", batch=16, most=4),
    Case.of("hash_probe", slots=16, batch=16, probes=2),
)
"""Sizes at which a problem has from a few dozen to a few hundred operations."""

_AT_RUN_TIME = (Case.of("tree_hash_any", forest_height=3, rounds=4),)
"""Kernels whose sizes are known at run time: their largest block always has thousands."""

SUITE_SIZES: Final[Mapping[str, tuple[Case, ...]]] = {
    "small": _SMALL,
    "all": (*_SMALL, *_AT_RUN_TIME, *SUITES["full"].cases),
}
"""Kernels and sizes by the name of the set; ``all`` ends with those of ``vliwc bench``."""


def kernel_instance(
    path: Path,
    params: dict[str, int],
    *,
    level: int = 2,
    seed: int = 0,
    machine: MachineSpec = DEFAULT_MACHINE,
) -> Instance:
    """The problem that compiling a kernel file at ``level`` schedules; its family is the kernel.

    The name tells everything that the problem depends on besides the kernel's text, such as
    ``lcg(lanes=8,steps=4)@O2``; a seed and a machine that are not the default ones are added.

    Raises :class:`vliwc.diagnostics.KernelError` if the kernel does not compile, and
    :class:`vliwc.options.OptionsError` for a level or seed out of range.
    """
    compiled = compile_file(path, params, Options(level=level, seed=seed, machine=machine))
    sizes = ",".join(f"{name}={value}" for name, value in compiled.kernel.params.items())
    name = f"{compiled.kernel.name}({sizes})@O{level}"
    if seed:
        name += f",seed={seed}"
    if machine != DEFAULT_MACHINE:
        name += f",{machine.name}"
    return Instance(name, compiled.generated.problem, compiled.kernel.name)


def suite_cases(sizes: str, only: Sequence[str] = ()) -> list[Case]:
    """The cases of a set of :data:`SUITE_SIZES`, of the kernels ``only`` if any are named.

    Raises :class:`vliwc.options.OptionsError` for an unknown set or kernel.
    """
    if sizes not in SUITE_SIZES:
        raise OptionsError(f"sizes {sizes!r}: there are {', '.join(SUITE_SIZES)}")
    cases = SUITE_SIZES[sizes]
    kernels = sorted({case.kernel for case in cases})
    for name in only:
        if name not in kernels:
            raise OptionsError(f"kernel {name!r}: the suite has {', '.join(kernels)}")
    return [case for case in cases if not only or case.kernel in only]


def suite_instances(
    kernels: Path,
    cases: Sequence[Case],
    *,
    level: int = 2,
    seed: int = 0,
    machine: MachineSpec = DEFAULT_MACHINE,
    progress: Callable[[str, float | None], None] | None = None,
) -> Iterator[Instance]:
    """The instances of ``cases``, one by one, from the kernel files in the folder ``kernels``.

    Raises what :func:`kernel_instance` raises.
    """
    for number, case in enumerate(cases):
        if progress is not None:
            progress(f"{case.kernel} ({case.sizes}) -O{level}", number / len(cases))
        yield kernel_instance(
            kernels / f"{case.kernel}.vk",
            dict(case.params),
            level=level,
            seed=seed,
            machine=machine,
        )
