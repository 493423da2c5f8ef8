"""Trees: reductions, which fold many values into one, and broadcasts, which spread one.

Trees are where scratch matters most and where the order that needs least of it is known (Sethi and
Ullman 1970); with one engine, unit times and no limit on scratch, in-trees are also easy to
schedule well (Hu 1961).
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from random import Random
from typing import ClassVar

import networkx as nx

from vliwc.lab.generators.machine import Graph, MachineGenerator
from vliwc.lab.generators.parameters import choice, number
from vliwc.options import OptionsError


@dataclass(frozen=True, kw_only=True)
class Trees(MachineGenerator):
    """Random trees with exactly ``width`` leaves.

    The root is split into 2 to ``arity`` branches, then random leaves are, until there are as many
    as asked for; the other operations lengthen random places.  ``in`` is a reduction, whose root
    comes last, ``out`` a broadcast.
    """

    name: ClassVar[str] = "trees"
    summary: ClassVar[str] = "reductions and broadcasts; width is the number of leaves"

    alu: float = number(0.1, "share of operations of one alu slot, with a word as result", 0.0, 1e6)
    valu: float = number(
        0.6, "share of operations of one valu slot, or one alu slot a lane", 0.0, 1e6
    )
    load: float = number(0.25, "share of loads of one slot", 0.0, 1e6)
    gather: float = number(0.0, "share of loads of one slot a lane", 0.0, 1e6)
    flow: float = number(0.05, "share of operations of the flow engine", 0.0, 1e6)
    store: float = number(0.0, "share of stores of one slot", 0.0, 1e6)
    direction: str = choice("in", "in: a reduction; out: a broadcast", ("in", "out"))
    arity: int = number(2, "the most branches of an operation", 2, 64)

    def graph(self, random: Random) -> Graph:
        """See the class. Raises :class:`vliwc.options.OptionsError` for too few operations."""
        children = self._skeleton(random)
        lengths = [1] * len(children)
        for _ in range(self.operations - len(children)):
            lengths[random.randrange(len(children))] += 1
        graph: Graph = nx.DiGraph()
        waiting = [(0, -1)]
        while waiting:
            place, parent = waiting.pop()
            top = graph.number_of_nodes()
            path = range(top, top + lengths[place])
            graph.add_nodes_from(path)
            graph.add_edges_from(pairwise(path))
            if parent >= 0:
                graph.add_edge(parent, top)
            waiting += [(child, path[-1]) for child in children[place]]
        if self.direction == "out":
            return graph
        # Turned round and numbered from the other end, so that numbers ascend along edges again.
        last = self.operations - 1
        turned: Graph = nx.DiGraph()
        turned.add_nodes_from(range(self.operations))
        turned.add_edges_from((last - b, last - a) for a, b in graph.edges)
        return turned

    def _skeleton(self, random: Random) -> list[list[int]]:
        """The children of each place where the tree branches or ends; place 0 is the root."""
        splits = -(-(self.width - 1) // (self.arity - 1))
        if self.operations < self.width + splits:
            raise OptionsError(
                f"{self.name}: {self.width} leaves with up to {self.arity} branches take at least "
                f"{self.width + splits} operations, not {self.operations}"
            )
        children: list[list[int]] = [[]]
        leaves = [0]
        while len(leaves) < self.width:
            missing = self.width - len(leaves)
            # Small splits need more operations: no smaller than what is left of them allows.
            spare = self.operations - len(children) - missing - 1
            least = max(1, missing - spare * (self.arity - 1))
            added = random.randint(least, min(self.arity - 1, missing))
            place = leaves.pop(random.randrange(len(leaves)))
            children[place] = list(range(len(children), len(children) + added + 1))
            leaves += children[place]
            children += [[] for _ in children[place]]
        return children
