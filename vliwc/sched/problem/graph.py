"""Scheduling problems as graphs for other tools: DOT (Graphviz) and GraphML."""

from __future__ import annotations

from typing import Any, cast

import networkx as nx

from vliwc.sched.problem.dense import ENGINES
from vliwc.sched.problem.expand import edges_of
from vliwc.sched.problem.problem import ScheduleProblem
from vliwc.sched.problem.view import View


def problem_graph(problem: ScheduleProblem) -> nx.DiGraph[int]:
    """Operations as nodes 0..n-1 with their facts as attributes, dependences and time lags as
    edges: those that are no dependence have nothing but a ``lag``."""
    view = View.of(problem)
    graph: nx.DiGraph[int] = nx.DiGraph()
    for op, name in enumerate(problem.names):
        forms = [ENGINES[e] for e in view.vector_engines[op]]
        if view.scalarised_engine[op] >= 0:
            forms.append(f"{ENGINES[view.scalarised_engine[op]]}*")
        graph.add_node(
            op,
            name=name,
            forms=" ".join(forms),
            lanes=view.lanes[op],
            width=view.width[op],
            group=view.group[op],
            duration=view.duration[op],
            demand=" ".join(map(str, view.demand[op])),
        )
    edges = edges_of(problem)
    columns = (edges.source, edges.target, edges.latency, edges.reads)
    for a, b, latency, reads in zip(*(column.tolist() for column in columns), strict=True):
        known = graph.get_edge_data(a, b) or {"latency": 0, "reads": False}
        graph.add_edge(a, b, latency=max(latency, known["latency"]), reads=reads or known["reads"])
    for a, b, lag in [] if problem.lags is None else problem.lags.rows:
        known = graph.get_edge_data(a, b) or {}
        graph.add_edge(a, b, lag=max(lag, known.get("lag", lag)))
    return graph


def to_graphml(problem: ScheduleProblem) -> str:
    """The graph as GraphML text."""
    return "\n".join(cast(Any, nx).generate_graphml(problem_graph(problem))) + "\n"


def to_dot(problem: ScheduleProblem) -> str:
    """The graph as DOT text; dashed edges order without passing a value, dotted ones are time lags
    that are no dependences."""
    graph = problem_graph(problem)
    lines = ["digraph problem {", "  rankdir=TB;", "  node [shape=box];"]
    for op, facts in graph.nodes(data=True):
        label = facts["name"]
        if facts["forms"]:
            label += f"\\n{facts['forms']}"
        if facts["duration"] != 1 or facts["demand"]:
            label += f"\\n{facts['duration']} cycles, {facts['demand']}"
        quoted = label.replace('"', '\\"')
        lines.append(f'  {op} [label="{quoted}"];')
    for a, b, facts in graph.edges(data=True):
        if "latency" not in facts:
            style = ["style=dotted", f'label="lag {facts["lag"]}"']
        else:
            style = [] if facts["reads"] else ["style=dashed"]
            if facts["latency"] != 1:
                style.append(f'label="{facts["latency"]}"')
        lines.append(f"  {a} -> {b}" + (f" [{', '.join(style)}];" if style else ";"))
    return "\n".join([*lines, "}"]) + "\n"
