"""A drop-in for the take-home's `perf_takehome.py` that lets vliwc write the program.

Copy this file over the one in a checkout of the take-home, in an environment where vliwc is
installed from its own checkout, and run the unmodified tests there:

    python tests/submission_tests.py

Optimisation level and kernel come from the environment: VLIWC_LEVEL (0 to 3) and VLIWC_KERNEL (a
file with the parameters of kernels/tree_hash.vk).

The take-home's authors ask that solutions are not published, which goes for the programs that this
class builds as much as for ones written by hand.
"""

from __future__ import annotations

import os
from pathlib import Path
from types import SimpleNamespace

import vliwc
from vliwc.driver import compile_file
from vliwc.options import Options

_CHECKOUT = Path(vliwc.__file__).resolve().parents[1]
KERNEL = Path(os.environ.get("VLIWC_KERNEL", _CHECKOUT / "kernels" / "tree_hash.vk"))
LEVEL = int(os.environ.get("VLIWC_LEVEL", Options().level))


class KernelBuilder:
    """Builds the list of bundles that the take-home's Machine executes."""

    def __init__(self) -> None:
        self.instrs: list[dict[str, list[tuple[object, ...]]]] = []

    def build_kernel(self, forest_height: int, n_nodes: int, batch_size: int, rounds: int) -> None:
        """Compile the tree-hash kernel for these sizes and append it to `instrs`."""
        if n_nodes != 2 ** (forest_height + 1) - 1:
            raise ValueError(f"{n_nodes} nodes are no complete tree of height {forest_height}")
        sizes = {"forest_height": forest_height, "rounds": rounds, "batch_size": batch_size}
        compilation = compile_file(KERNEL, sizes, Options(level=LEVEL))
        self.instrs += compilation.program.to_takehome()

    def debug_info(self) -> SimpleNamespace:
        """What the Machine wants to know of scratch; no word of a compiled program has one name."""
        return SimpleNamespace(scratch_map={})
