"""What tests of the target share: small kernels, groups of lanes, and running what is built."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterable

from isa.machine import DEFAULT_MACHINE, MachineSpec
from isa.simulator import RunResult, run
from tests.strategies.plans import Built, Choice, build, lane_program, named_choice
from vliwc.analysis.facts import Facts
from vliwc.ir.interpret import interpret as run_ir
from vliwc.ir.text import parse_function
from vliwc.ir.value import Op, Value
from vliwc.ir.verify import verify
from vliwc.isel.cost import EngineDemand
from vliwc.isel.instantiate import Instance, instantiate
from vliwc.isel.program import LaneProgram
from vliwc.isel.select import Selected
from vliwc.lang import bind, parse_kernel
from vliwc.lang.interpret import interpret, output_words, protected_words, random_memory
from vliwc.mir.operation import MOp


def kernel_text(body: str, arrays: str = "", after: str = "") -> str:
    """A kernel over `n` lanes that reads `a[i]` and a table `t` and writes `o[i]`."""
    return f"""
kernel test(n) {{
  memory {{
    t: u32[64] in at 3;
    a: u32[n] in at 67;
    o: u32[n] out at 67 + n;
    {arrays}
  }}
  parallel for i in 0 .. n {{
    let v = a[i];
    {body}
  }}
  {after}
}}
"""


def program_of(text: str, machine: MachineSpec = DEFAULT_MACHINE, **params: int) -> LaneProgram:
    """The optimised lane function of a kernel."""
    return lane_program(bind(parse_kernel(text, "test.vk"), params), machine=machine)


def program_in_memory(
    text: str, machine: MachineSpec = DEFAULT_MACHINE, **params: int
) -> LaneProgram:
    """The same, with memory between loops also where words could stay in scratch."""
    kernel = bind(parse_kernel(text, "test.vk"), params)
    return lane_program(kernel, machine=machine, without=["forward-words"])


def verified(
    text: str,
    params: dict[str, int],
    choice: str | Callable[[LaneProgram], Choice] = "gather",
    machine: MachineSpec = DEFAULT_MACHINE,
    images: int = 2,
) -> tuple[Built, RunResult]:
    """Build with one kind of read throughout (or as `choice` says), run, and compare with the
    reference interpreter; the code and the last run."""
    kernel = bind(parse_kernel(text, "test.vk"), params)
    program = lane_program(kernel, machine=machine)
    chosen = named_choice(program, choice) if isinstance(choice, str) else choice(program)
    if isinstance(choice, str) and choice != "gather":
        assert chosen.steps[choice], f"no read can be done by {choice}"
    built = build(program, chosen)
    ran: RunResult | None = None
    for seed in range(images):
        memory = random_memory(kernel, seed)
        expected = interpret(kernel, memory)
        ran = run(built.program, memory)
        for words in output_words(kernel):
            assert ran.memory[words.start : words.stop] == expected[words.start : words.stop]
        for words in protected_words(kernel):
            assert ran.memory[words.start : words.stop] == memory[words.start : words.stop]
    assert ran is not None
    return built, ran


def verified_function(text: str, images: int = 2) -> Built:
    """Build a lane function as it stands, without passes, run, and compare with its interpreter.

    For code that lowering and passes lead to rarely or never; functions need not come from them.
    """
    function = parse_function(text)
    verify(function)
    program = LaneProgram.of(function, Facts(function), DEFAULT_MACHINE)
    built = build(program, named_choice(program, "gather"))
    words = max(array.end for array in function.arrays.values())
    for seed in range(images):
        rng = random.Random(seed)
        memory = [rng.getrandbits(32) for _ in range(words)]
        expected, found = run_ir(function, memory), run(built.program, memory).memory
        for array in function.arrays.values():
            if array.role.observable or array.role.protected:
                assert found[array.base : array.end] == expected[array.base : array.end]
    return built


def loads_of(program: LaneProgram, array: str) -> list[Value]:
    """The live loads of an array in program order."""
    live = program.function.computed()
    found = [value for value in program.function.values if value in live]
    return [value for value in found if value.op is Op.LOAD and value.array == array]


def stores_of(program: LaneProgram, array: str) -> list[Value]:
    """The stores to an array in program order."""
    return [value for value in program.function.roots if value.array == array]


def selected(program: LaneProgram, name: str = "gather") -> tuple[Instance, Selected]:
    """The instance and the first group of a kernel in which all reads are done one way."""
    choice = named_choice(program, name)
    instance = instantiate(program, choice.assignment, choice.placements)
    return instance, instance.selected[0]


def opcodes(ops: Iterable[MOp]) -> Counter[str]:
    """How many operations have which opcode in their first form."""
    return Counter(op.forms[0].opcode for op in ops if op.forms)


def kinds(ops: Iterable[MOp]) -> Counter[str]:
    """Vector operations by the engines that take them, with the names of `cost.vector_demand`."""
    found: Counter[str] = Counter()
    for op in ops:
        engines = frozenset(form.engine for form in op.forms)
        if engines >= {"flow", "valu"}:
            found["either"] += 1
        elif engines == {"flow"}:
            found["flow"] += 1
        elif engines == {"valu"}:
            found["valu"] += 1
        elif engines == {"valu", "alu"}:
            found["plain"] += 1
        elif engines == {"alu"}:
            found["lanes"] += 1
        elif engines == {"load"}:
            found["load"] += op.lanes
    return found


def parts(demand: EngineDemand, vlen: int = 8) -> Counter[str]:
    """A demand of vector operations by kinds, with the names of `cost.vector_demand`."""
    found = Counter(
        either=demand.either,
        flow=demand.flow,
        valu=demand.valu,
        plain=(demand.compute - demand.alu) // vlen - demand.valu,
        lanes=demand.alu // vlen,
        load=demand.load,
    )
    return +found
