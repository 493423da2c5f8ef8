"""Series-parallel graphs: the shape of structured programs, fork and join (Valdes, Tarjan and
Lawler 1982)."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from random import Random
from typing import ClassVar

import networkx as nx

from vliwc.lab.generators.machine import Graph, MachineGenerator
from vliwc.options import OptionsError


@dataclass(frozen=True, kw_only=True)
class SeriesParallel(MachineGenerator):
    """Two-terminal series-parallel graphs, built from the outside in.

    A block of width 1 is a chain.  A wider one is two blocks in series or, equally often where
    both are possible, a fork whose result several parallel blocks read, and a join that reads
    theirs.  The largest set of operations of which none depends on another has exactly ``width``
    members.
    """

    name: ClassVar[str] = "series_parallel"
    summary: ClassVar[str] = "forks and joins; width is the size of the largest antichain"

    def graph(self, random: Random) -> Graph:
        """See the class. Raises :class:`vliwc.options.OptionsError` for too few operations."""
        least = _least(self.width)
        if self.operations < least:
            raise OptionsError(
                f"{self.name}: width {self.width} takes at least {least} operations, "
                f"not {self.operations}"
            )
        graph: Graph = nx.DiGraph()
        _block(graph, self.operations, self.width, random)
        return graph


def _least(width: int) -> int:
    """The fewest operations of a block: a fork, a join and one operation for each branch."""
    return width if width == 1 else width + 2


def _block(graph: Graph, operations: int, width: int, random: Random) -> tuple[int, int]:
    """Append a block; its first and its last operation, numbered as they are made."""
    if width == 1:
        first = graph.number_of_nodes()
        last = first + operations - 1
        graph.add_node(first)
        graph.add_edges_from(pairwise(range(first, last + 1)))
        return first, last
    least = _least(width)
    if operations > least and random.random() < 0.5:
        return _series(graph, operations, width, random)
    first = graph.number_of_nodes()
    graph.add_node(first)
    ends = [
        _branch(graph, first, size, part, random)
        for size, part in _branches(operations - 2, width, random)
    ]
    last = graph.number_of_nodes()
    graph.add_edges_from((end, last) for end in ends)
    return first, last


def _branch(graph: Graph, fork: int, operations: int, width: int, random: Random) -> int:
    """Append a block that reads the result of ``fork``; its last operation."""
    first, last = _block(graph, operations, width, random)
    graph.add_edge(fork, first)
    return last


def _series(graph: Graph, operations: int, width: int, random: Random) -> tuple[int, int]:
    """Two blocks, of which one has the full width."""
    size = random.randint(_least(width), operations - 1)
    rest = operations - size
    other = random.choice([w for w in range(1, width + 1) if _least(w) <= rest])
    parts = [(size, width), (rest, other)]
    random.shuffle(parts)
    first, middle = _block(graph, *parts[0], random)
    following, last = _block(graph, *parts[1], random)
    graph.add_edge(middle, following)
    return first, last


def _branches(operations: int, width: int, random: Random) -> list[tuple[int, int]]:
    """Operations and widths of two or more branches that share them."""
    cuts = random.sample(range(1, width), random.randint(1, width - 1))
    edges = [0, *sorted(cuts), width]
    widths = [high - low for low, high in pairwise(edges)]
    if sum(map(_least, widths)) > operations:
        widths = [1] * width
    sizes = [_least(part) for part in widths]
    for _ in range(operations - sum(sizes)):
        sizes[random.randrange(len(sizes))] += 1
    return list(zip(sizes, widths, strict=True))
