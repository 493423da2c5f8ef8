"""From a graph of operations to a machine problem: kinds of operations, engines, scratch."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from math import floor
from random import Random
from typing import Final, TypeAlias

import networkx as nx
import numpy as np

from isa.machine import MachineSpec
from vliwc.lab.generators.parameters import Generator, number
from vliwc.lab.generators.pressure import under_pressure
from vliwc.options import OptionsError
from vliwc.sched.problem.dense import ALU, FLOW, LOAD, STORE, VALU
from vliwc.sched.problem.problem import Edges, ScheduleProblem, make_dense

Graph: TypeAlias = "nx.DiGraph[int]"
"""Operations 0..n-1 in topological order; an edge passes a value."""

_CLASSES: Final = {
    "alu": (1 << ALU, -1),
    "valu": (1 << VALU, ALU),
    "load": (1 << LOAD, -1),
    "gather": (0, LOAD),
    "flow": (1 << FLOW, -1),
    "store": (1 << STORE, -1),
}
"""Kinds of operations: the engines that execute one in a slot, and the one lane by lane."""
KINDS: Final = tuple(_CLASSES)
_SCALAR: Final = ("alu",)
_BY_LANES: Final = ("valu", "gather")


@dataclass(frozen=True, kw_only=True)
class MachineGenerator(Generator):
    """A generator of machine problems: a graph, then a kind for each operation.

    The shares of kinds are weights, met exactly but for rounding.  Which operation is of which
    kind is random, with two exceptions: stores take the operations without successors first,
    loads and gathers those without predecessors.  What follows a store is ordered after it and
    reads nothing of it.  Results of all kinds but ``alu`` are vectors; all latencies are 1.
    """

    operations: int = number(60, "how many operations", 1, 1_000_000)
    width: int = number(8, "parallelism, in operations; see the generator", 1, 1_000_000)
    alu: float = number(
        0.15, "share of operations of one alu slot, with a word as result", 0.0, 1e6
    )
    valu: float = number(
        0.4, "share of operations of one valu slot, or one alu slot a lane", 0.0, 1e6
    )
    load: float = number(0.15, "share of loads of one slot", 0.0, 1e6)
    gather: float = number(0.05, "share of loads of one slot a lane", 0.0, 1e6)
    flow: float = number(0.1, "share of operations of the flow engine", 0.0, 1e6)
    store: float = number(0.15, "share of stores of one slot", 0.0, 1e6)
    pressure: float = number(
        0.0, "scratch pressure: 0 never binds, 1 is as much as a serial schedule needs", 0.0, 1.0
    )

    @abstractmethod
    def graph(self, random: Random) -> Graph:
        """A random graph with the operations 0, 1, ... in topological order."""

    def problem(self, seed: int, machine: MachineSpec) -> ScheduleProblem:
        """The problem of a seed: slots and vector length of ``machine``, scratch by pressure."""
        random = Random(seed)
        graph = self.graph(random)
        counts = self.counts()
        kinds = assign_kinds(graph, counts, random)
        return under_pressure(machine_problem(graph, kinds, machine), self.pressure)

    def counts(self) -> dict[str, int]:
        """How many operations are of each kind: the shares, rounded by largest remainders.

        Raises :class:`vliwc.options.OptionsError` if all shares are 0.
        """
        shares: dict[str, float] = {kind: getattr(self, kind) for kind in KINDS}
        total = sum(shares.values())
        if not total:
            raise OptionsError(f"{self.name}: all of {', '.join(KINDS)} are 0; give one a share")
        exact = {kind: self.operations * share / total for kind, share in shares.items()}
        counts = {kind: floor(part) for kind, part in exact.items()}
        by_remainder = sorted(KINDS, key=lambda kind: (counts[kind] - exact[kind], kind))
        for kind in by_remainder[: self.operations - sum(counts.values())]:
            counts[kind] += 1
        return counts


def assign_kinds(graph: Graph, counts: Mapping[str, int], random: Random) -> list[str]:
    """The kind of each operation, as often as ``counts`` says."""
    n = graph.number_of_nodes()
    shuffled = random.sample(range(n), n)
    kinds = [""] * n
    by_out = sorted(shuffled, key=lambda op: graph.out_degree(op) > 0)
    for op in by_out[: counts["store"]]:
        kinds[op] = "store"
    loads = ["load"] * counts["load"] + ["gather"] * counts["gather"]
    random.shuffle(loads)
    left = sorted((op for op in shuffled if not kinds[op]), key=lambda op: graph.in_degree(op) > 0)
    for op, kind in zip(left, loads, strict=False):
        kinds[op] = kind
    others = [kind for kind in ("alu", "valu", "flow") for _ in range(counts[kind])]
    random.shuffle(others)
    for op, kind in zip((op for op in range(n) if not kinds[op]), others, strict=True):
        kinds[op] = kind
    return kinds


def machine_problem(graph: Graph, kinds: list[str], machine: MachineSpec) -> ScheduleProblem:
    """Operations of the given kinds on a machine; names are numbered kinds."""
    n = len(kinds)
    used = [kind for kind in KINDS if kind in kinds]
    arcs: list[tuple[int, int]] = sorted(graph.edges)
    rows = [(a, b, 1, kinds[a] != "store") for a, b in arcs]
    lanes = [machine.vlen if kind in _BY_LANES else 1 for kind in kinds]
    widths = [0 if k == "store" else 1 if k in _SCALAR else machine.vlen for k in kinds]
    dense = make_dense(
        lanes=np.array(lanes, dtype=np.int32),
        serial=np.zeros(n, dtype=np.int32),
        width=np.array(widths, dtype=np.int32),
        group=np.full(n, -1, dtype=np.int32),
        resource_class=np.array([used.index(kind) for kind in kinds], dtype=np.int32),
        classes=[_CLASSES[kind] for kind in used],
        edges=Edges.of_rows(rows),
        machine=machine,
        n_groups=0,
    )
    names = [f"{kind}{op}" for op, kind in enumerate(kinds)]
    return ScheduleProblem(dense, machine, lambda: names)
