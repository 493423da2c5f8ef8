"""Generated problems are what their parameters say, and the same wherever they are made."""

from __future__ import annotations

from collections import Counter
from random import Random
from typing import Any

import networkx as nx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from isa.machine import DEFAULT_MACHINE
from tests.strategies.problems import small_machine
from vliwc.lab.generators import GENERATORS, generate, generator
from vliwc.lab.generators.layered import Layered
from vliwc.lab.generators.machine import KINDS, MachineGenerator
from vliwc.lab.generators.pressure import serial_schedule
from vliwc.lab.generators.projects import Projects
from vliwc.lab.generators.series_parallel import SeriesParallel
from vliwc.lab.generators.trees import Trees
from vliwc.lab.instances.instance import unpack
from vliwc.options import OptionsError
from vliwc.sched.check import check_schedule
from vliwc.sched.problem.expand import edges_of
from vliwc.sched.registry import make_scheduler

SEEDS = st.integers(0, 2**32)
SMALL = small_machine()
SHARES = st.fixed_dictionaries(
    {kind: st.floats(0.0, 3.0, allow_subnormal=False) for kind in KINDS}
).filter(lambda shares: sum(shares.values()) > 0.01)


@st.composite
def made(draw: st.DrawFn) -> MachineGenerator:
    """A generator of machine problems with parameters that fit together."""
    width = draw(st.integers(1, 12))
    common: dict[str, Any] = {
        "operations": 2 * width + draw(st.integers(0, 40)),
        "width": width,
        "pressure": draw(st.sampled_from((0.0, 0.3, 1.0))),
        **draw(SHARES),
    }
    kind = draw(st.sampled_from((Layered, SeriesParallel, Trees)))
    if kind is Layered:
        common |= {"operands": draw(st.integers(1, 4)), "reach": draw(st.integers(1, 3))}
    if kind is Trees:
        common |= {
            "arity": draw(st.integers(2, 4)),
            "direction": draw(st.sampled_from("in out".split())),
        }
        common["operations"] += width
    if kind is SeriesParallel:
        common["operations"] += 2
    return kind(**common)


@given(made(), SEEDS)
def test_machine_problems_are_as_the_parameters_say(kind: MachineGenerator, seed: int) -> None:
    instance = generate(kind, seed, SMALL)
    problem = instance.problem
    assert len(problem) == kind.operations
    edges = edges_of(problem)
    assert (edges.source < edges.target).all(), "numbers ascend along dependences"
    counts = Counter(name.rstrip("0123456789") for name in problem.names)
    shares = {name: getattr(kind, name) for name in KINDS}
    for name in KINDS:
        wanted = kind.operations * shares[name] / sum(shares.values())
        assert abs(counts[name] - wanted) < 1, (name, counts)
    by_name = list(zip(problem.names, problem.dense.width.tolist(), strict=True))
    assert all((width == 0) == name.startswith("store") for name, width in by_name)
    for source, reads in zip(edges.source.tolist(), edges.reads.tolist(), strict=True):
        assert reads != problem.names[source].startswith("store")


@given(made(), SEEDS)
def test_problems_have_schedules_at_any_pressure(kind: MachineGenerator, seed: int) -> None:
    problem = kind.problem(seed, SMALL)
    serial = serial_schedule(problem)
    assert serial.peak_words <= problem.dense.words
    check_schedule(problem, serial)
    if kind.pressure == 0:
        assert problem.dense.words == max(problem.dense.width.sum(), SMALL.vlen)
    if kind.pressure == 1:
        assert problem.dense.words == max(serial.peak_words, SMALL.vlen)


@given(made(), SEEDS)
def test_a_seed_makes_one_problem(kind: MachineGenerator, seed: int) -> None:
    first, second = generate(kind, seed), generate(kind, seed)
    assert (first.name, first.digest) == (second.name, second.digest)
    read = unpack(first.packed)
    assert read.names == first.problem.names
    assert read.machine == first.problem.machine
    assert type(first)(first.name, read).digest == first.digest, "JSON keeps everything"


@pytest.mark.parametrize("name", GENERATORS)
def test_seeds_make_different_problems(name: str) -> None:
    instances = [generate(generator(name), seed) for seed in range(20)]
    assert len({instance.digest for instance in instances}) == 20
    assert len({instance.name for instance in instances}) == 20
    assert {instance.family for instance in instances} == {name}


@pytest.mark.parametrize(
    ("name", "digest"),
    [
        ("layered", "a96af94a4c607962"),
        ("series_parallel", "6092346befa42a1c"),
        ("trees", "d64533638593f6ff"),
        ("projects", "269737b860710ae2"),
    ],
)
def test_problems_stay_what_they_were(name: str, digest: str) -> None:
    """Names stand for problems in papers and stores: a generator may not change what it makes."""
    assert generate(generator(name), 7).digest == digest


@pytest.mark.parametrize("name", ["layered", "series_parallel", "trees"])
@pytest.mark.parametrize("pressure", ["0", "0.5", "1"])
def test_schedulers_take_them(name: str, pressure: str) -> None:
    made = generator(name, {"operations": "40", "width": "6", "pressure": pressure})
    for seed in range(3):
        problem = generate(made, seed).problem
        schedule = make_scheduler("list").schedule(problem)
        check_schedule(problem, schedule)


def test_pressure_narrows_scratch_and_nothing_else() -> None:
    problems = [
        generate(generator("layered", {"pressure": p}), 3).problem
        for p in ("0", "0.01", "0.5", "0.99", "1")
    ]
    words = [problem.dense.words for problem in problems]
    assert words == sorted(words, reverse=True)
    assert words[0] > words[1] > words[2] > words[4]
    assert len({tuple(problem.names) for problem in problems}) == 1
    tight, free = (make_scheduler("list").schedule(problems[k]) for k in (4, 0))
    assert tight.cycles > free.cycles, "scratch binds at pressure 1"


@given(st.integers(1, 12), st.integers(0, 60), st.integers(1, 4), st.integers(1, 3), SEEDS)
def test_layers(width: int, more: int, operands: int, reach: int, seed: int) -> None:
    kind = Layered(operations=width + more, width=width, operands=operands, reach=reach)
    layers = kind.layers(Random(seed))
    graph = kind.graph(Random(seed))
    assert [op for layer in layers for op in layer] == list(range(width + more))
    assert all((width + 1) // 2 <= len(layer) <= width * 3 // 2 for layer in layers[:-1])
    layer_of = {op: depth for depth, layer in enumerate(layers) for op in layer}
    assert nx.dag_longest_path_length(graph, default_weight=1) == len(layers) - 1
    for a, b in graph.edges:
        assert 1 <= layer_of[b] - layer_of[a] <= reach
    for op, count in graph.in_degree:
        assert count <= operands
        assert (count == 0) == (layer_of[op] == 0)


def reduced(graph: nx.DiGraph[int]) -> int:
    """The edges that are left of a two-terminal graph after series and parallel reductions: one
    exactly if it is series-parallel (Valdes, Tarjan and Lawler 1982)."""
    left = nx.DiGraph(graph)
    while True:
        inner = [op for op in left if left.in_degree(op) == left.out_degree(op) == 1]
        if not inner:
            return left.number_of_edges()
        (before,), (after,) = left.predecessors(inner[0]), left.successors(inner[0])
        left.remove_node(inner[0])
        left.add_edge(before, after)  # a parallel edge merges with the one that is there


@given(st.integers(1, 10), st.integers(0, 50), SEEDS)
def test_series_parallel_graphs(width: int, more: int, seed: int) -> None:
    graph = SeriesParallel(operations=width + 2 + more, width=width).graph(Random(seed))
    ends = [
        [op for op, degree in degrees if not degree]
        for degrees in (graph.in_degree, graph.out_degree)
    ]
    assert ends == [[0], [width + 1 + more]]
    assert reduced(graph) == 1
    assert largest_antichain(graph) == width


def largest_antichain(graph: nx.DiGraph[int]) -> int:
    """By Dilworth's theorem: operations less a largest matching of the transitive closure."""
    closure = nx.transitive_closure_dag(graph)
    halves = nx.Graph()
    halves.add_nodes_from((op, side) for op in graph for side in (0, 1))
    halves.add_edges_from(((a, 0), (b, 1)) for a, b in closure.edges)
    matching = nx.bipartite.maximum_matching(halves, [(op, 0) for op in graph])
    return graph.number_of_nodes() - len(matching) // 2


@given(
    st.integers(1, 20), st.integers(0, 40), st.integers(2, 5), st.sampled_from(["in", "out"]), SEEDS
)
def test_trees(width: int, more: int, arity: int, direction: str, seed: int) -> None:
    least = width + -(-(width - 1) // (arity - 1))
    kind = Trees(operations=least + more, width=width, arity=arity, direction=direction)
    graph = kind.graph(Random(seed))
    if direction == "in":
        graph = nx.reverse(graph)
    assert graph.number_of_nodes() == least + more
    assert nx.is_arborescence(graph)
    assert sum(not degree for _, degree in graph.out_degree) == width
    assert max(degree for _, degree in graph.out_degree) <= arity


@given(
    st.sampled_from((1.5, 1.8, 2.1)),
    st.sampled_from((0.0, 0.25, 0.5, 0.75, 1.0)),
    st.sampled_from((0.0, 0.2, 0.7, 1.0)),
    SEEDS,
)
def test_projects(complexity: float, factor: float, strength: float, seed: int) -> None:
    kind = Projects(complexity=complexity, factor=factor, strength=strength)
    graph = kind.network(Random(seed))
    assert graph.number_of_edges() == round(complexity * 32)
    assert set(nx.transitive_reduction(graph).edges) == set(graph.edges), "no arc is redundant"
    assert graph.out_degree(0) == graph.in_degree(31) == 3
    inner = range(1, 31)
    assert all(1 <= graph.in_degree(job) <= 3 and 1 <= graph.out_degree(job) <= 3 for job in inner)
    problem = kind.problem(seed, DEFAULT_MACHINE)
    renewable = problem.renewable
    assert renewable is not None
    demand, capacity, duration = renewable.demand, renewable.capacity, renewable.duration
    assert int((demand > 0).sum()) == round(factor * 30 * 4)
    assert factor == 0 or ((demand > 0).sum(axis=1)[1:31] >= 1).all()
    assert duration[0] == duration[31] == 0 and not demand[[0, 31]].any()
    assert duration[1:31].min() >= 1 and duration.max() <= 10 and demand.max(initial=0) <= 10
    if strength == 0:
        assert capacity.tolist() == demand.max(axis=0).tolist()
    schedule = make_scheduler("list").schedule(problem)
    check_schedule(problem, schedule)
    if strength == 1:
        assert schedule.cycles == schedule.lower_bound, "there is as much as the jobs take at once"


def test_more_strength_is_more_of_each_resource() -> None:
    capacities = [
        Projects(strength=strength).problem(5, DEFAULT_MACHINE).renewable
        for strength in (0.0, 0.5, 1.0)
    ]
    low, middle, high = (found.capacity for found in capacities if found is not None)
    assert (low < middle).all() and (middle < high).all()


@pytest.mark.parametrize(
    ("name", "parameters", "words"),
    [
        ("layred", {}, ("layred", "layered, series_parallel, trees, projects")),
        ("layered", {"size": "3"}, ("size", "operations, width")),
        ("layered", {"width": "0"}, ("width is 0", "an integer from 1")),
        ("layered", {"width": "2.5"}, ("width=2.5 is not an integer",)),
        ("layered", {"pressure": "much"}, ("pressure=much is not a number",)),
        ("layered", {"pressure": "nan"}, ("pressure is nan",)),
        ("layered", {"pressure": "1.5"}, ("pressure is 1.5", "from 0.0 to 1.0")),
        ("trees", {"direction": "up"}, ("direction is 'up'", "in or out")),
        ("projects", {"jobs": "1"}, ("jobs is 1",)),
    ],
)
def test_bad_parameters(name: str, parameters: dict[str, str], words: tuple[str, ...]) -> None:
    with pytest.raises(OptionsError) as caught:
        generator(name, parameters)
    assert all(word in str(caught.value) for word in words), str(caught.value)


@pytest.mark.parametrize(
    ("name", "parameters", "words"),
    [
        ("layered", {"operations": "5", "width": "6"}, "width is 6, but there are 5"),
        ("series_parallel", {"operations": "5", "width": "4"}, "at least 6 operations, not 5"),
        ("trees", {"operations": "14", "width": "8"}, "at least 15 operations, not 14"),
        ("layered", dict.fromkeys(KINDS, "0"), "are 0; give one a share"),
        ("projects", {"jobs": "5"}, "3 first and as many last jobs, but 5"),
        ("projects", {"complexity": "4"}, "complexity 4.0"),
    ],
)
def test_parameters_that_do_not_fit(name: str, parameters: dict[str, str], words: str) -> None:
    with pytest.raises(OptionsError, match=words):
        generate(generator(name, parameters), 0)


def test_a_negative_seed_is_refused() -> None:
    with pytest.raises(OptionsError, match="seed -1"):
        generate(generator("layered"), -1)


def test_names_tell_how_to_make_the_problem() -> None:
    made = generator("trees", {"width": "5", "direction": "out"})
    assert generate(made, 4).name == "trees(operations=60,width=5,direction=out,seed=4)"
    assert generate(made, 4, SMALL).name.endswith("seed=4)@small")
    assert generate(generator("projects"), 4, SMALL).name == "projects(jobs=30,seed=4)"
