"""Table reads by the bits of their index."""

from __future__ import annotations

from tests.faults.fault import faults_in

ISEL = "tests/unit/isel"
STRATEGY = "tests/unit/strategy"

INDEX_BITS = (
    *faults_in(
        "vliwc/isel/reads/index_bits.py",
        (f"{ISEL}/test_split_reads.py", "tests/property/test_bit_tables.py"),
        (
            "bits that or with a constant sets",
            "(value.op in (Op.OR, Op.XOR) and not constant >> position & 1)",
            "value.op in (Op.OR, Op.XOR)",
        ),
        (
            "shifts left the wrong way",
            "            position -= constant",
            "            position += constant",
        ),
        ("known ones count nothing", "        const += coefficient * ones\n", ""),
        (
            "any bit is a condition",
            "        if MASK & ~facts.known_zero(self.source) == 1 << self.position:\n"
            "            return ()\n",
            "        return ()\n",
        ),
        (
            "a unit is never masked",
            "return down if possible >> self.position == 1",
            "return down if True",
        ),
    ),
    *faults_in(
        "vliwc/isel/reads/split_reads.py",
        (f"{ISEL}/test_split_reads.py", "tests/property/test_bit_tables.py"),
        (
            "indices outside the table",
            "return [k if k < array.length else inside for k in found]",
            "return found",
        ),
        ("the sum of products is not one", "if number >> level & 1:", "if number >> level & 2:"),
        (
            "packed words side by side",
            'uniform.word(self.width * number), "packed"',
            'uniform.word(self.width), "packed"',
        ),
        (
            "lanes past the end shift",
            "        if group.lanes < group.vlen:\n            # Lanes",
            "        if False:\n            # Lanes",
            "only a rule of ours: in lanes that nobody reads, words are shifted right by any count",
        ),
        (
            "the count keeps its neighbours",
            "return operations if possible & ~mask == 0 else",
            "return operations if True else",
        ),
    ),
    *faults_in(
        "vliwc/strategy/split_choice.py",
        (f"{ISEL}/test_split_reads.py", f"{STRATEGY}/test_options.py"),
        (
            "any number of words",
            "    if len(words) > TUNING.select_words(vlen):\n        return\n    late",
            "    late",
        ),
        (
            "indices outside the array are no matter",
            "            if facts.hi(value.args[0]) < program.function.arrays[value.array].length:",
            "            if True:",
        ),
        ("shared work is whose it is", "uses[p] > 1 for p", "uses[p] > 0 for p"),
        (
            "what others need is the read's own",
            "{value: sum(uses[v] == 1 for v in cone)",
            "{value: len(cone)",
        ),
    ),
)
