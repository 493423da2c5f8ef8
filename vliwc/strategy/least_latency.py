"""The longest chain of operations in a group that every strategy has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from vliwc.analysis.linear import combinations, domain
from vliwc.ir.value import Op, Value
from vliwc.isel.reads.split_reads import touched
from vliwc.isel.reads.table_reads import SelectTree
from vliwc.isel.select import Selected
from vliwc.mir.operation import MOp, Operand, Source, providers
from vliwc.strategy.options import LoopReads


def least_latency(lanes: Selected, reads: LoopReads, places: Mapping[Value, Sequence[int]]) -> int:
    """Cycles from the first to the last operation of the longest chain in a group.

    Operations on the data path take a cycle each.  Moves of words, addresses and shared operations
    take none: another strategy may do without them.  Nor does a table read that might be one of
    several candidates on which its user works before one of them is chosen.
    """
    group = lanes.group
    stored: list[int] = []
    ready: dict[Source, int] = {}
    table = {group.vector(v).source: v for v in reads.table if v in group.vectors}
    memory = {op: value for value, ops in lanes.memory.items() for op in ops}
    delay = dict(zip(reads.table, _delays(reads), strict=True))

    def when(operands: Sequence[Operand]) -> int:
        return max((ready.get(operand.source, 0) for operand in operands), default=0)

    for op in lanes.template.ops:
        value = table.get(op, memory.get(op))
        if value is None:
            start = max((ready.get(source, 0) for source in providers(op)), default=0)
            ready[op] = start + (not is_move(lanes, op))
            continue
        atoms = group.forms[value.args[0] if value.is_memory else value].atoms
        if value in delay:
            atoms = sure_atoms(reads, value)
            ready[op] = when(group.all_operands(atoms)) + delay[value] * bool(atoms)
            continue
        start = 0 if value in places else when(group.all_operands(atoms))
        if value.op is Op.STORE:
            start = max(start, when(group.operands(value.args[1])))
        ordered = [ready[b] - 1 + n for b, n in op.order if isinstance(b, MOp) and b in ready]
        ready[op] = max([start, *ordered]) + 1
        if value.op is Op.STORE:
            stored.append(ready[op])
    stored += [ready[op] for writers in lanes.writers.values() for op in writers]
    return max([when(lanes.results), *stored])


def is_move(lanes: Selected, op: MOp) -> bool:
    """Whether a template operation only moves words to where others can read them, or applies a
    constant that may be part of the words."""
    return copies_words(op) or op in lanes.group.copies or op in lanes.group.folded


def copies_words(op: MOp) -> bool:
    """Whether an operation copies words that stand here and there, or to places of their own."""
    return any(
        form.opcode == "|" and all(len(set(words)) == 1 for words in form.per_lane)
        for form in op.forms
        if form.per_lane is not None
    ) or (to_buffer(op) and all(f.opcode == "|" and len(set(f.operands)) == 1 for f in op.forms))


def to_buffer(op: MOp) -> bool:
    """Whether the operation writes its lanes into a buffer where another would copy them."""
    return op.into is not None or any(f.dest_stride != 1 and f.engine == "alu" for f in op.forms)


def sure_atoms(reads: LoopReads, value: Value) -> tuple[Value, ...]:
    """The atoms of the index of a table read that it needs in whatever way it is done, or the words
    that their bits stand in; all atoms of a sum.

    Where only one word is possible, or several indices mean the same word, a choice may vanish.
    """
    program = reads.program
    if not value.is_memory:
        return program.forms[value].atoms
    index = program.forms[value.args[0]]
    split = reads.splits.indices.get(value)
    if split is not None:
        touches = touched(split, program.function.arrays[value.array])
        return split.sources if len(set(touches)) == len(touches) else ()
    for step in reads.steps[reads.table.index(value)]:
        for read in (read for _, read in step.reads if isinstance(read, SelectTree)):
            words = [word for _, word in combinations(index, read.domains)]
            if len(set(words)) < len(words):
                return ()
    domains = {atom: domain(atom, program.facts) for atom in index.atoms}
    return tuple(atom for atom, words in domains.items() if words is None or len(words) > 1)


def _delays(reads: LoopReads) -> list[int]:
    """For each table read the cycles from its index to its word: 0 if none is certain."""
    found: list[int] = []
    second = False
    for steps in reads.steps:
        found.append(int(not second))
        second = any(len(step.reads) > 1 for step in steps)
    return found
