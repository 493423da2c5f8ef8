"""Instances: scheduling problems with a name, as corpora hold them."""

from __future__ import annotations

import gzip
import hashlib
import json
from dataclasses import dataclass, field
from functools import cached_property

from isa.load import parse_json
from vliwc.sched.problem.json import problem_from_json, problem_to_json
from vliwc.sched.problem.problem import ScheduleProblem


@dataclass(frozen=True, eq=False)
class Instance:
    """A problem of a corpus.

    ``family`` is what instances are grouped by in reports (a kernel, a generator, a folder);
    ``optimum`` its least number of cycles where that is known from elsewhere, None where it is not;
    ``known`` the fewest cycles that anybody has reported.
    """

    name: str
    problem: ScheduleProblem = field(repr=False)
    family: str = ""
    optimum: int | None = None
    known: int | None = None

    @cached_property
    def text(self) -> str:
        """The problem as canonical JSON: equal problems have equal texts."""
        return json.dumps(problem_to_json(self.problem), separators=(",", ":"), sort_keys=True)

    @cached_property
    def digest(self) -> str:
        """A name for the problem's content: 16 hexadecimal digits of SHA-256."""
        return hashlib.sha256(self.text.encode()).hexdigest()[:16]

    @cached_property
    def packed(self) -> bytes:
        """The text compressed, to be sent to other processes."""
        return gzip.compress(self.text.encode(), mtime=0)

    def __len__(self) -> int:
        return len(self.problem)


def unpack(packed: bytes, source: str = "instance") -> ScheduleProblem:
    """The problem that :attr:`Instance.packed` holds.

    Raises :class:`vliwc.sched.problem.renewable.ProblemError`.
    """
    return problem_from_json(parse_json(gzip.decompress(packed)), source)
