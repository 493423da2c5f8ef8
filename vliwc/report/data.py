"""What a report shows of a compilation, as JSON data that a page carries and another can read.

Nothing here is measured in seconds: the same compilation gives the same data.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Final, cast

import numpy as np

from isa.program import JSON
from vliwc.driver import ENGINES, Compilation
from vliwc.explain.operations import scheduled_operations
from vliwc.explain.report import explain
from vliwc.explain.slots import SlotTable, slot_table
from vliwc.explain.timing import Timing, timing
from vliwc.ir.graph import Function
from vliwc.ir.text import print_function, print_value
from vliwc.mir.dag import MachineDag
from vliwc.mir.text import print_dag
from vliwc.options import Options
from vliwc.report.intern import Strings
from vliwc.version import __version__

FORMAT: Final = "vliwc-report"
VERSION: Final = 1
HOLDERS: Final = 12
"""So many holders of the peak of live words are shown; the rest is one row."""


def report_data(compilation: Compilation, options: Options) -> dict[str, JSON]:
    """The data of a compilation that was made under ``options``, with its stages kept."""
    explanation = explain(compilation, count=200)
    slots = slot_table(compilation)
    problem, schedule = compilation.generated.problem, compilation.generated.schedule
    times = timing(problem, schedule)
    strings = Strings()
    operations = _operations(compilation, times, strings)
    machine = compilation.program.machine
    kernel = compilation.kernel
    gap = explanation.gap
    return {
        "format": FORMAT,
        "version": VERSION,
        "vliwc": __version__,
        "kernel": kernel.name,
        "params": dict(kernel.params),
        "options": {
            "level": options.level,
            "scheduler": options.scheduler,
            "seed": options.seed,
            "budget": options.budget,
            "without": list(options.without),
            "machine": cast(JSON, machine.to_dict()),
        },
        "notes": list(dict.fromkeys(compilation.notes)),
        "cycles": slots.cycles,
        "lower_bound": compilation.lower_bound,
        "bound_reason": compilation.bound_reason,
        "kernel_bound": compilation.kernel_bound,
        "scratch_words": compilation.scratch_words,
        "ops": {engine: compilation.ops[engine] for engine in ENGINES},
        "engines": [[engine, machine.slots[engine]] for engine in ENGINES],
        "source": {"name": kernel.source.name.rpartition("/")[2], "text": kernel.source.text},
        "operations": operations,
        "slots": _slots(slots),
        "strings": cast("list[JSON]", strings.texts),
        "causes": [{**cause.to_json(), "text": cause.text} for cause in explanation.causes.each],
        "cause_of_cycle": list(explanation.causes.of_cycle),
        "attribution": None if gap is None else gap.to_json(),
        "windows": [asdict(window) for window in explanation.windows],
        "owners": [asdict(share) for share in explanation.owners],
        "kinds": [asdict(share) for share in explanation.kinds],
        "lines_table": [
            {"line": each.line, "slots": dict(each.share.slots), "value": each.share.value}
            for each in explanation.lines
        ],
        "reads": [{**read.to_json(), "text": str(read)} for read in explanation.reads],
        "one_more_slot": {engine: bound.cycles for engine, bound in explanation.one_more.items()},
        "live": times.held[slots.schedule_cycle].tolist() if slots.cycles else [],
        "peak": _peak(compilation, slots, times),
        "stages": [
            *(_stage(name, function) for name, function in compilation.stages),
            _machine_stage(compilation.generated.dag),
        ],
    }


def _operations(compilation: Compilation, times: Timing, strings: Strings) -> dict[str, JSON]:
    """One column for each field of the operations; texts by their number."""
    found = scheduled_operations(compilation, times)
    engines = {"": -1, **{engine: number for number, engine in enumerate(ENGINES)}}
    return {
        "name": [strings.number(op.name) for op in found],
        "opcode": [strings.number(op.opcode) for op in found],
        "engine": [engines[op.engine] for op in found],
        "group": [op.group for op in found],
        "line": [op.line for op in found],
        "value": [strings.number(op.value) for op in found],
        "purpose": [strings.number(op.purpose) for op in found],
        "address": [op.address for op in found],
        "width": [op.width for op in found],
        "until": [op.until for op in found],
        "ready": [op.ready for op in found],
        "waits_for": [op.waits_for for op in found],
        "operands": [list(op.operands) for op in found],
    }


def _slots(slots: SlotTable) -> dict[str, JSON]:
    """One column for each field of the slots; ``row`` is the place on the engine in the bundle."""
    used = np.zeros((slots.cycles, len(ENGINES)), dtype=np.int64)
    rows: list[JSON] = []
    for cycle, engine in zip(slots.cycle.tolist(), slots.engine.tolist(), strict=True):
        rows.append(int(used[cycle, engine]))
        used[cycle, engine] += 1
    return {
        "cycle": slots.cycle.tolist(),
        "engine": slots.engine.tolist(),
        "row": rows,
        "operation": slots.operation.tolist(),
        "lane": slots.lane.tolist(),
    }


def _peak(compilation: Compilation, slots: SlotTable, times: Timing) -> dict[str, JSON]:
    """The cycle after which most words of scratch are held, and what holds them."""
    if not slots.cycles:
        return {"cycle": 0, "words": 0, "holders": []}
    held = times.held[slots.schedule_cycle]
    cycle = int(np.argmax(held))
    at = int(slots.schedule_cycle[cycle])
    words: dict[tuple[str, int], int] = {}
    for op in scheduled_operations(compilation, times):
        if op.width and times.first[op.number] <= at < times.until[op.number]:
            key = (op.purpose, 0 if op.group < 0 else op.line)
            words[key] = words.get(key, 0) + op.width
    ranked = sorted(words.items(), key=lambda item: (-item[1], item[0]))
    holders: list[JSON] = [
        {"purpose": purpose, "line": line, "words": count}
        for (purpose, line), count in ranked[:HOLDERS]
    ]
    rest = sum(count for _, count in ranked[HOLDERS:])
    if rest:
        holders.append({"purpose": "others", "line": 0, "words": rest})
    return {"cycle": cycle, "words": int(held[cycle]), "holders": holders}


def _stage(name: str, function: Function) -> dict[str, JSON]:
    """The text of a function, and the source line of each of its lines (0: of none)."""
    spans = {
        f"  {print_value(value)}": value.span.start_line
        for value in function
        if value.span is not None
    }
    text = print_function(function)
    return {"name": name, "text": text, "lines": [spans.get(line, 0) for line in _lines(text)]}


def _machine_stage(dag: MachineDag) -> dict[str, JSON]:
    """The text of the machine DAG: operations stand in it in their order, block by block."""
    text = print_dag(dag)
    templates = list(dict.fromkeys(dag.groups))
    operations: Iterator[int] = iter(
        0 if op.origin is None or op.origin.span is None else op.origin.span.start_line
        for block in (dag.shared, *(template.ops for template in templates))
        for op in block
    )
    return {
        "name": "machine DAG",
        "text": text,
        "lines": [next(operations, 0) if line.startswith("    %") else 0 for line in _lines(text)],
    }


def _lines(text: str) -> Sequence[str]:
    return text.removesuffix("\n").split("\n")
