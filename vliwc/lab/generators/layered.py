"""Layered random DAGs, the usual test graphs of list scheduling (Tobita and Kasahara 2002)."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import ClassVar

import networkx as nx

from vliwc.lab.generators.machine import Graph, MachineGenerator
from vliwc.lab.generators.parameters import number
from vliwc.options import OptionsError


@dataclass(frozen=True, kw_only=True)
class Layered(MachineGenerator):
    """Operations in layers of ``width`` on average, from half of it to one and a half.

    Every operation but those of the first layer reads from 1 to ``operands`` results: one of the
    layer before, so that there are as many layers as operations on the longest path, the others
    of the ``reach`` layers before.
    """

    name: ClassVar[str] = "layered"
    summary: ClassVar[str] = "random DAGs in layers; width is the mean size of a layer"

    operands: int = number(2, "the most results that an operation reads", 1, 64)
    reach: int = number(2, "how many layers back operands are at most", 1, 1_000_000)

    def graph(self, random: Random) -> Graph:
        """See the class."""
        layers = self.layers(random)
        graph: Graph = nx.DiGraph()
        graph.add_nodes_from(range(self.operations))
        for depth in range(1, len(layers)):
            near = range(layers[max(depth - self.reach, 0)].start, layers[depth].start)
            for op in layers[depth]:
                graph.add_edge(random.choice(layers[depth - 1]), op)
                count = random.randint(1, self.operands) - 1
                graph.add_edges_from((source, op) for source in _some(near, count, random))
        return graph

    def layers(self, random: Random) -> list[range]:
        """The operations of each layer. The last layer has what is left.

        Raises :class:`vliwc.options.OptionsError` if there are fewer operations than the width.
        """
        if self.width > self.operations:
            raise OptionsError(
                f"{self.name}: width is {self.width}, but there are {self.operations} operations"
            )
        layers: list[range] = []
        start = 0
        while start < self.operations:
            size = random.randint(-(-self.width // 2), self.width + self.width // 2)
            layers.append(range(start, min(start + size, self.operations)))
            start = layers[-1].stop
        return layers


def _some(numbers: range, count: int, random: Random) -> list[int]:
    """``count`` different numbers, or all if there are not so many."""
    return random.sample(numbers, min(count, len(numbers)))
