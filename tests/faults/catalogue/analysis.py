"""Analyses of the lane IR."""

from __future__ import annotations

from tests.faults.fault import faults_in

FACTS = "tests/unit/analysis/test_facts.py"
KERNELS = "tests/property/test_ir_kernels.py"

ANALYSIS = (
    *faults_in(
        "vliwc/analysis/assumptions.py",
        (FACTS, "tests/unit/passes/test_rewriter.py"),
        (
            "`a || b` is `a && b`",
            "    if value.op is Op.AND and truth and all(",
            "    if value.op in (Op.AND, Op.OR) and truth and all(",
        ),
        (
            "`!(a && b)` is `!a && !b`",
            "    if value.op is Op.AND and truth and all(_is_truth(arg) for arg in value.args):\n        return [(arg, True) for arg in value.args]",
            "    if value.op is Op.AND and all(_is_truth(arg) for arg in value.args):\n        return [(arg, truth) for arg in value.args]",
        ),
        (
            "words are truth values",
            "    if value.op is Op.AND and truth and all(_is_truth(arg) for arg in value.args):",
            "    if value.op is Op.AND and truth:",
            "`x & y` is not 0 only where neither x nor y is, whatever words they are",
        ),
        (
            "a negation is none",
            "            return [(left, not truth)]",
            "            return [(left, truth)]",
        ),
        ("any xor negates", "right.imm == (0 if value.op is Op.EQ else 1)", "right.imm == 0"),
        (
            "below is at most",
            "    Op.LT: ((Relation.BELOW, Relation.ABOVE), (Relation.AT_LEAST, Relation.AT_MOST)),",
            "    Op.LT: ((Relation.BELOW, Relation.ABOVE), (Relation.ABOVE, Relation.BELOW)),",
        ),
        (
            "a false equation is a true one",
            "(Relation.DIFFERENT, Relation.DIFFERENT)",
            "(Relation.EQUAL, Relation.EQUAL)",
        ),
        (
            "any remainder is a mask",
            "    return word - 1 if word and word & (word - 1) == 0 else None",
            "    return word - 1 if word else None",
        ),
        (
            "masked words are whole words",
            "yield left.args[0], Constraint(Relation.EQUAL, right, masked)",
            "yield left.args[0], Constraint(Relation.EQUAL, right)",
        ),
    ),
    *faults_in(
        "vliwc/analysis/facts.py",
        (FACTS, "tests/unit/passes/test_rewriter.py", KERNELS),
        (
            "loads after stores know the input only",
            "            fact = join(fact, self._content[before])",
            "            fact = join(fact, fact)",
        ),
        (
            "stores add nothing",
            "            fact = join(fact, self._facts[value.args[1]])",
            "            fact = join(fact, fact)",
        ),
        (
            "a lane is below the last one",
            "between(0, max(0, self._loops[value.imm].extent - 1))",
            "between(0, max(0, self._loops[value.imm].extent - 2))",
        ),
        (
            "`below` includes",
            "between(0, self._arrays[value.array].below - 1)",
            "between(0, self._arrays[value.array].below - 1 >> 1)",
        ),
        (
            "xor keeps known ones",
            "            return reduced(0, MASK, fact.zeros, 0) or ANY\n        if fact",
            "            return reduced(0, MASK, fact.zeros, fact.ones) or ANY\n        if fact",
        ),
        ("sums do not wrap", "        if fact.hi * extent > MASK:", "        if fact.hi > MASK:"),
        (
            "the least of nothing is 0",
            "            return exactly(MASK if kind is Reduction.MIN else 0)",
            "            return exactly(0)",
        ),
        (
            "arms know the condition the other way",
            "                taken = arm == 1\n",
            "                taken = arm == 2\n",
        ),
        (
            "below a bound one too small",
            "                return meet(fact, between(0, max(0, bound.hi - 1)))",
            "                return meet(fact, between(0, max(0, bound.hi - 2)))",
        ),
        (
            "above a bound one too great",
            "between(min(MASK, bound.lo + 1), MASK)",
            "between(min(MASK, bound.lo + 2), MASK)",
        ),
        (
            "at least by the upper end",
            "                return meet(fact, between(bound.lo, MASK))",
            "                return meet(fact, between(bound.hi, MASK))",
        ),
        (
            "at most by the lower end",
            "                return meet(fact, between(0, bound.hi))",
            "                return meet(fact, between(0, bound.lo))",
        ),
        (
            "different from any of many",
            "    if bound.word is None or fact.word is not None:\n        return fact\n    if fact.lo == bound.word:",
            "    if fact.word is not None:\n        return fact\n    if fact.lo == bound.lo:",
        ),
        (
            "masks of equations are ignored",
            "bound.zeros & constraint.mask, bound.ones & constraint.mask",
            "bound.zeros, bound.ones & constraint.mask",
        ),
        (
            "joined bits are those of both",
            "a.zeros & b.zeros, a.ones & b.ones)",
            "a.zeros | b.zeros, a.ones & b.ones)",
        ),
        (
            "ends agree in one bit too many",
            "    common = MASK & ~((1 << (lo ^ hi).bit_length()) - 1)",
            "    common = MASK & ~((1 << (lo ^ hi).bit_length() - 1) - 1)",
        ),
    ),
    *faults_in(
        "vliwc/analysis/ranges.py",
        (FACTS,),
        (
            "differences by the same ends",
            "_window(a[0] - b[1], a[1] - b[0])",
            "_window(a[0] - b[0], a[1] - b[1])",
        ),
        (
            "sums never wrap",
            "    return (lo & MASK, hi & MASK) if lo >> 32 == hi >> 32 else None",
            "    return (lo & MASK, hi & MASK) if (lo & MASK) <= (hi & MASK) else None",
        ),
        (
            "a quotient by the least divisor",
            "return (a[0] // b[1], a[1] // max(1, b[0]))",
            "return (a[0] // max(1, b[0]), a[1] // max(1, b[0]))",
        ),
        (
            "a remainder up to the divisor of the least",
            "return (0, min(a[1], b[1] - 1))",
            "return (0, min(a[1], max(b[0], 1) - 1))",
        ),
        (
            "a remainder of equal quotients",
            "b[0] == b[1] and a[0] // b[0] == a[1] // b[0]",
            "b[0] == b[1]",
        ),
        (
            "or by the greater",
            "return (max(a[0], b[0]), _filled(a[1] | b[1]))",
            "return (max(a[0], b[0]), max(a[1], b[1]))",
        ),
        ("xor by or", "    return (0, _filled(a[1] | b[1]))", "    return (0, a[1] | b[1])"),
        (
            "and by the least",
            "    return (0, min(a[1], b[1]))",
            "    return (min(a[0], b[0]), min(a[1], b[1]))",
        ),
        (
            "a left shift loses no bits",
            "    if b[1] < 32 and a[1] << b[1] <= MASK:",
            "    if b[1] < 32:",
        ),
        (
            "a right shift by the other end",
            "(a[0] >> min(b[1], 32), a[1] >> min(b[0], 32))",
            "(a[0] >> min(b[0], 32), a[1] >> min(b[1], 32))",
        ),
        (
            "less is decided too early",
            "    return FALSE if a[0] >= b[1] else BIT",
            "    return FALSE if a[0] >= b[0] else BIT",
        ),
        (
            "less is decided at equality",
            "    if a[1] < b[0]:\n        return TRUE",
            "    if a[1] <= b[0]:\n        return TRUE",
        ),
        (
            "equal ends of one",
            "return TRUE if a[0] == a[1] == b[0] == b[1] else BIT",
            "return TRUE if a[0] == b[0] and a[1] == b[1] else BIT",
        ),
        ("select with a condition that may be 0", "    if c[0] > 0:", "    if c[1] > 0:"),
    ),
    *faults_in(
        "vliwc/analysis/knownbits.py",
        (FACTS,),
        (
            "no carries",
            "(carries | a_unknown | b_unknown) & MASK",
            "(a_unknown | b_unknown) & MASK",
        ),
        (
            "no borrows",
            "(borrows | a_unknown | b_unknown) & MASK",
            "(a_unknown | b_unknown) & MASK",
        ),
        (
            "a product knows a bit too many",
            "    low = (1 << count) - 1\n    return _tristate(a[1]",
            "    low = (2 << count) - 1\n    return _tristate(a[1]",
        ),
        (
            "remainders by any known divisor",
            "if word is not None and word == low + 1 else 0",
            "if word is not None else 0",
        ),
        (
            "and is or for zeros",
            "    return (a[0] | b[0], a[1] & b[1])",
            "    return (a[0] | b[0], a[1] | b[1])",
        ),
        (
            "xor of ones is one",
            "(a[0] & b[0] | a[1] & b[1], a[0] & b[1] | a[1] & b[0])",
            "(a[0] & b[0], a[0] & b[1] | a[1] & b[0] | a[1] & b[1])",
        ),
        (
            "a left shift fills with ones",
            "((a[0] << count | (1 << count) - 1) & MASK, a[1] << count & MASK)",
            "(a[0] << count & MASK, (a[1] << count | (1 << count) - 1) & MASK)",
        ),
        (
            "a right shift fills with a zero too many",
            "MASK & ~(MASK >> count)",
            "MASK & ~(MASK >> count + 1)",
        ),
        (
            "equal unless known to differ in all bits",
            "return ZERO if a[0] & b[1] | a[1] & b[0] else BIT",
            "return ZERO if a[0] & b[0] else BIT",
        ),
        (
            "select by any known bit",
            "    return b if c[0] == MASK else join(a, b)",
            "    return b if c[0] else join(a, b)",
        ),
    ),
    *faults_in(
        "vliwc/analysis/linear.py",
        ("tests/unit/analysis/test_linear.py", "tests/unit/isel", KERNELS),
        (
            "xor is a sum",
            "            if value.op is Op.XOR and y.is_const and y.imm == 1 and facts.hi(x) <= 1:",
            "            if value.op is Op.XOR and y.is_const and y.imm == 1:",
        ),
        (
            "bits in common",
            "            if (facts.known_zero(x) | facts.known_zero(y)) == MASK:",
            "            if facts.known_zero(x) | facts.known_zero(y):",
        ),
        (
            "any condition is a bit",
            "        case Op.SELECT if facts.hi(value.args[0]) <= 1:",
            "        case Op.SELECT if True:",
        ),
        (
            "lanes in steps are consecutive",
            "self.terms[0][0].op is Op.LANE and self.terms[0][1] == 1",
            "self.terms[0][0].op is Op.LANE",
        ),
        (
            "domains without their end",
            "        return tuple(range(lo, hi + 1))",
            "        return tuple(range(lo, max(hi, lo + 1)))",
        ),
    ),
    *faults_in(
        "vliwc/analysis/memory.py",
        (
            "tests/unit/analysis/test_memory.py",
            "tests/filetests/passes",
            "tests/property/test_ir_passes.py",
        ),
        (
            "intervals that touch do not meet",
            "    if facts.hi(i) < facts.lo(j) or facts.hi(j) < facts.lo(i):",
            "    if facts.hi(i) <= facts.lo(j) or facts.hi(j) < facts.lo(i):",
        ),
        (
            "different bases never meet",
            "        if offset != other_offset or not _both_distinct(base, other, facts):\n            return True",
            "        if offset != other_offset:\n            return False\n        if not _both_distinct(base, other, facts):\n            return True",
        ),
        ("words of any arrays differ", "        and facts.array(a.array).distinct\n", ""),
        ("words after stores differ", "        and not (a.order or b.order)\n", ""),
        ("words of two arrays differ", "        and a.array == b.array\n", ""),
        (
            "order is not transitive",
            "                mask |= self._before[before] | self._bit.get(before, 0)",
            "                mask |= self._bit.get(before, 0)",
        ),
        (
            "any iteration is the same",
            "return store.args[0] is load.args[0] and store.loop == store.args[0].loop",
            "return store.args[0] is load.args[0]",
        ),
    ),
    *faults_in(
        "vliwc/analysis/bounds.py",
        (FACTS,),
        (
            "an index at the end",
            "if value.is_memory and facts.hi(value.args[0]) >= function",
            "if value.is_memory and facts.hi(value.args[0]) > function",
        ),
    ),
)
