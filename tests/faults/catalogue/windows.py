"""Table reads through windows, at addresses without a constant."""

from __future__ import annotations

from tests.faults.fault import faults_in

ISEL = "tests/unit/isel"

WINDOWS = (
    *faults_in(
        "vliwc/isel/reads/windows.py",
        (f"{ISEL}/test_windows.py",),
        (
            "windows start at the word",
            ".plus(Linear(array.base)).minus(Linear(self.offset))",
            ".plus(Linear(array.base))",
        ),
        (
            "windows in ascending order throughout",
            "return offset + 1 if 2 * offset + 1 < vlen else offset - vlen",
            "return offset + 1 if 2 * offset + 1 < vlen else vlen - offset",
        ),
        ("windows side by side", "room + group.vlen, serial=True)", "room + group.vlen)"),
    ),
    *faults_in(
        "vliwc/isel/select.py",
        (f"{ISEL}/test_windows.py",),
        (
            "the constant meets the word read again",
            "        load = y if early.other is x else x\n",
            "        load = x if early.other is x else y\n",
        ),
    ),
    *faults_in(
        "vliwc/strategy/window_choice.py",
        (f"{ISEL}/test_windows.py",),
        ("windows reach behind the memory", "program.machine.vlen <= end", "1 <= end"),
        ("even constants turn bits", "if taken and mask >> position & 1:", "if taken:"),
        (
            "the constant stays",
            "after = (rest.const + factor * before - target) & MASK",
            "after = (rest.const + factor * before) & MASK",
        ),
    ),
)
