"""Faults of arrays in scratch that stand side by side, and of the ends of every program."""

from __future__ import annotations

from tests.faults.fault import faults_in

NEIGHBOURS = (
    "tests/unit/isel/test_side_by_side.py",
    "tests/property/test_words_in_scratch.py",
)
ENDS = (
    "tests/unit/strategy/test_certain_ends.py",
    "tests/property/test_kernel_bound.py",
)

SCRATCH_ARRAYS = (
    *faults_in(
        "vliwc/isel/memory/side_by_side.py",
        NEIGHBOURS,
        (
            "readers do not wait for other groups",
            "        for writer in _writers(op, group, by_owner, vlen)\n    ]",
            "        for writer in list[InGroup]()\n    ]",
        ),
        (
            "shared operations do not wait for other groups",
            "        op.order.extend((writer, 1) for writer in _writers(op, -1, by_owner, vlen))",
            "        pass",
        ),
        (
            "no words before the first group's",
            "        before = max(0, -min(starts[value]))",
            "        before = 0",
        ),
        (
            "no words behind the last group's",
            "before + max(groups * vlen, max(starts[value]) + vlen)",
            "before + groups * vlen",
        ),
        ("what others want moves away", "        and op not in kept\n", ""),
        (
            "groups write on one another",
            "        return Lay(value, self.layout.before + number * vlen,",
            "        return Lay(value, self.layout.before,",
        ),
        (
            "most lanes may read elsewhere",
            "if (vlen - lanes) * MIN_LANES_A_REPAIR <= vlen else None",
            "if True else None",
        ),
        (
            "aligned vectors gain as much",
            "                if start % vlen:",
            "                if True:",
        ),
        ("buffers of any size", " or words > most_words or ", " or "),
        ("any number of groups", " or groups > left:", ":"),
    ),
    *faults_in(
        "vliwc/strategy/certain_ends.py",
        ENDS,
        (
            "words come a cycle later",
            "dict.fromkeys(self._words(value), self.start + 1)",
            "dict.fromkeys(self._words(value), self.start + 2)",
        ),
        (
            "lanes that nobody reads have what follows others",
            "left = self.tails[op] = min(",
            "left = self.tails[op] = max(",
        ),
        (
            "lanes wait for the last of them",
            "            self.heads[op] = min(ready, default=0)",
            "            self.heads[op] = max(ready, default=0)",
        ),
        ("all loads wait for an address", "    return int(word >= vlen)", "    return 1"),
        (
            "copies take a cycle",
            "                before = left + (not is_move(lanes, op))",
            "                before = left + 1",
        ),
        ("sums are stored as they come", "more = 1 + (loop.extent > 1)", "more = 1"),
        (
            "the shortest chain behind a word counts",
            "max(tail, known.tail)",
            "min(tail, known.tail)",
        ),
        (
            "what stores one word of several stores them all",
            "count = fewest(inside) if len(inside) == len(words) else windows(inside)",
            "count = fewest(inside)",
        ),
    ),
)
