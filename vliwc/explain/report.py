"""Everything `vliwc explain` knows about a compilation, as one value."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from isa.program import JSON
from vliwc.driver import Compilation
from vliwc.explain.attribution import (
    Gap,
    Share,
    Window,
    attribute_gap,
    kind,
    line,
    owner,
    shares,
    windows,
)
from vliwc.explain.bounds import BoundReport, bound_report, with_one_more_slot
from vliwc.explain.causes import Causes, causes_of
from vliwc.explain.reads import ReadAssignment, read_assignments
from vliwc.explain.slots import slot_table
from vliwc.explain.standing import Obstacle, obstacles
from vliwc.explain.timing import timing
from vliwc.sched.problem.bounds import Bound
from vliwc.sched.problem.dense import ENGINES

WINDOWS = 20


@dataclass(frozen=True)
class LineShare:
    """A source line (0: not known) with the slots spent on it."""

    line: int
    text: str
    share: Share


@dataclass(frozen=True, eq=False)
class Explanation:
    """``gap`` is None for a program without slots; ``one_more`` is the bound of the same machine
    DAG with one more slot on an engine, by engine; ``obstacles`` what stands between the cycles and
    the kernel bound, the most costly first."""

    compilation: Compilation
    bounds: BoundReport
    gap: Gap | None
    causes: Causes
    windows: tuple[Window, ...]
    owners: tuple[Share, ...]
    kinds: tuple[Share, ...]
    lines: tuple[LineShare, ...]
    reads: tuple[ReadAssignment, ...]
    one_more: dict[str, Bound]
    obstacles: tuple[Obstacle, ...]

    def to_json(self) -> dict[str, JSON]:
        """The explanation as JSON data."""
        guarded = self.compilation.guarded
        return {
            "kernel": self.compilation.kernel.name,
            "params": dict(self.compilation.kernel.params),
            **self.bounds.to_json(),
            "guard": guarded and guarded.to_json(),
            "attribution": None if self.gap is None else self.gap.to_json(),
            "causes": [cause.to_json() for cause in self.causes.each],
            "windows": [asdict(window) for window in self.windows],
            "owners": [asdict(share) for share in self.owners],
            "kinds": [asdict(share) for share in self.kinds],
            "lines": [
                {
                    "line": at.line,
                    "text": at.text,
                    "slots": dict(at.share.slots),
                    "value": at.share.value,
                }
                for at in self.lines
            ],
            "obstacles": [obstacle.to_json() for obstacle in self.obstacles],
            "reads": [read.to_json() for read in self.reads],
            "one_more_slot": {
                engine: {"lower_bound": bound.cycles, "reason": bound.reason}
                for engine, bound in self.one_more.items()
            },
        }


def explain(compilation: Compilation, *, count: int = WINDOWS) -> Explanation:
    """Explain a compilation, with utilisation in ``count`` windows."""
    slots = slot_table(compilation)
    machine = compilation.program.machine
    capacity = [machine.slots[engine] for engine in ENGINES]
    bounds = bound_report(compilation)
    gap = attribute_gap(slots, capacity, bounds.dag)
    prices = gap.prices if gap is not None else {}
    problem, schedule = compilation.generated.problem, compilation.generated.schedule
    times = timing(problem, schedule)
    return Explanation(
        compilation,
        bounds,
        gap,
        causes_of(problem, schedule, slots, times, gap),
        tuple(windows(slots, capacity, count)),
        tuple(shares(slots, prices, owner)),
        tuple(shares(slots, prices, kind)),
        tuple(_lines(compilation, shares(slots, prices, line))),
        tuple(read_assignments(compilation)),
        with_one_more_slot(problem),
        obstacles(compilation, slots, prices),
    )


def _lines(compilation: Compilation, found: list[Share]) -> list[LineShare]:
    """The shares by source line with the lines' text, in the order of the source."""
    source = compilation.kernel.source
    numbered = sorted((int(share.name or "0"), share) for share in found)
    return [
        LineShare(number, source.line(number).strip() if number else "(set-up)", share)
        for number, share in numbered
    ]
