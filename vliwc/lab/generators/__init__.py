"""Seeded generators of scheduling problems, by name.

A generator is a frozen dataclass: its fields are its parameters, its method ``problem`` makes the
problem of a seed.  Equal parameters, seeds and machines give equal problems everywhere.
"""

from __future__ import annotations

from typing import Final

from isa.machine import DEFAULT_MACHINE, MachineSpec
from vliwc.lab.generators.layered import Layered
from vliwc.lab.generators.parameters import Generator
from vliwc.lab.generators.projects import Projects
from vliwc.lab.generators.series_parallel import SeriesParallel
from vliwc.lab.generators.trees import Trees
from vliwc.lab.instances.instance import Instance
from vliwc.options import OptionsError

__all__ = ["GENERATORS", "Generator", "generate", "generator"]

GENERATORS: Final[dict[str, type[Generator]]] = {
    kind.name: kind for kind in (Layered, SeriesParallel, Trees, Projects)
}
"""All generators by name."""


def generator(name: str, parameters: dict[str, str] | None = None) -> Generator:
    """The generator called ``name`` with parameters given as text, the others at their defaults.

    Raises :class:`vliwc.options.OptionsError` for an unknown name, or as
    :meth:`vliwc.lab.generators.parameters.Generator.of` does.
    """
    kind = GENERATORS.get(name)
    if kind is None:
        raise OptionsError(f"no generator is called {name!r}; there are {', '.join(GENERATORS)}")
    return kind.of(parameters or {})


def generate(made: Generator, seed: int, machine: MachineSpec = DEFAULT_MACHINE) -> Instance:
    """The instance of a seed; its family is the generator, its name tells how to make it again.

    Raises :class:`vliwc.options.OptionsError` for a negative seed, or if the parameters do not
    fit together.
    """
    if seed < 0:
        raise OptionsError(f"seed {seed}: expected 0 or more")
    parts = [f"{name}={value}" for name, value in made.stated().items()]
    name = f"{made.name}({','.join([*parts, f'seed={seed}'])})"
    if made.on_machine and machine != DEFAULT_MACHINE:
        name += f"@{machine.name}"
    return Instance(name, made.problem(seed, machine), made.name)
