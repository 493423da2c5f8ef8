"""Faults in what is done about sizes and addresses that are known at run time."""

from __future__ import annotations

from tests.faults.fault import Fault, faults_in

PROPERTY = "tests/property/test_run_time_sizes.py"
REMAINDERS = "tests/property/test_remainders.py"
ERRORS = "tests/unit/lang/test_error_files.py"
KERNELS = "tests/unit/lang/test_kernels.py"

RUN_TIME: tuple[Fault, ...] = (
    *faults_in(
        "vliwc/phases.py",
        (PROPERTY,),
        (
            "all blocks begin with the first iteration",
            "        number = builder.op(Op.ADD, start, lane, span=span)",
            "        number = builder.op(Op.ADD, builder.const(0, span), lane, span=span)",
        ),
        (
            "a block is one iteration",
            "after = builder.op(Op.ADD, start, done, span=span)",
            "after = builder.op(Op.ADD, start, builder.const(1, span), span=span)",
        ),
        (
            "reductions forget the blocks before",
            "self.combine(kind, reduction, self.values[symbol], total)",
            "total",
        ),
        (
            "ranges that do not begin at 0 are as long as their end says",
            "                extent = self.op(Op.SUB, each, high, low)",
            "                extent = high",
        ),
        (
            "arrays stand at address 0",
            "        return self.op(Op.ADD, node, flat, address)",
            "        return flat",
        ),
        (
            "content is below its bound after stores too",
            "            array = replace(array, below=1 << 32, distinct=False)",
            "            array = replace(array, distinct=False)",
        ),
    ),
    *faults_in(
        "vliwc/run_time.py",
        (PROPERTY,),
        (
            "a remainder is never executed",
            "digit = builder.op(Op.AND, left, builder.const(self.lanes, span), span=span)",
            "digit = builder.op(Op.AND, left, builder.const(0, span), span=span)",
        ),
        (
            "the largest block is executed at least once",
            "_skip(largest): builder.op(Op.EQ, trips, zero, span=span)}",
            "_skip(largest): zero}",
        ),
        (
            "the second loop goes on where the first one ended",
            "    words = {START: zero, TRIPS: trips,",
            "    words = {TRIPS: trips,",
        ),
        (
            "a block of lanes that overlap is one iteration too small",
            "self.above < left <= self.most if",
            "self.above < left < self.most if",
        ),
        (
            "lanes overlap though iterations count",
            "        return hindrance(found)\n",
            "        return None\n",
        ),
    ),
    *faults_in(
        "vliwc/isel/loops/overlap.py",
        (REMAINDERS,),
        (
            "groups that overlap load what others have stored",
            "before = [op for load in loads.get(array, ()) for g in sharing for op in accesses(load, g)]",
            "before: list[Source] = []",
        ),
        (
            "the last certain group shares no words",
            "sharing = range(max(overlap.certain - 1, 0), groups)",
            "sharing = range(overlap.certain, groups)",
        ),
        (
            "stores of groups that overlap come in one bundle",
            "done, before, latency = barrier(), ops, 1",
            "done, before, latency = barrier(), ops, 0",
        ),
        (
            "iterations may read what they have stored",
            "if value.op is Op.LOAD and any(before.op is Op.STORE for before in value.order):",
            "if False:",
        ),
    ),
    *faults_in(
        "vliwc/isel/scalar.py",
        (REMAINDERS,),
        (
            "the last groups begin at the end",
            'self._least(first, self.scalar_op("-", rest, self.word(self.vlen), "last"))',
            "self._least(first, rest)",
        ),
        (
            "lanes past the end do the first iteration",
            'self._least(self.word(lane), self.scalar_op("-", rest, self.word(1), "last"))',
            "self._least(self.word(lane), self.word(0))",
        ),
    ),
    *faults_in(
        "vliwc/isel/select.py",
        (REMAINDERS,),
        (
            "lanes that do the same iteration store in one bundle",
            "        op.serial = group.uniform.ragged\n",
            "",
        ),
    ),
    *faults_in(
        "vliwc/isel/scalar.py",
        (PROPERTY,),
        (
            "differences of addresses are sums",
            'word = self.scalar_op("-" if minus else "+", total, word)',
            'word = self.scalar_op("+", total, word)',
        ),
    ),
    *faults_in(
        "vliwc/isel/instantiate.py",
        (PROPERTY,),
        (
            "words are written while they are still read",
            "        order += after_readers(updates, self.uniform.ops, self.groups)\n",
            "",
        ),
    ),
    *faults_in(
        "vliwc/passes/unguard.py",
        (PROPERTY,),
        (
            "reads at run-time places need no guard",
            "if not array.placed or facts.hi(arm)",
            "if facts.hi(arm)",
        ),
    ),
    *faults_in(
        "vliwc/lang/words.py",
        (KERNELS, ERRORS),
        ("assumptions about words are not tested", "    if not holds:", "    if False:"),
        (
            "two words at one address",
            "        elif address in taken:",
            "        elif False:",
        ),
        (
            "a word may be overwritten",
            "if array.placed and not array.role.protected and",
            "if False and",
        ),
    ),
    *faults_in(
        "vliwc/lang/draw.py",
        ("tests/unit/lang/test_words.py",),
        ("sizes above what is assumed", "min(near + FEW, high)", "near + FEW"),
        (
            "all arrays at one place",
            "        sizes[word.name] = end\n",
            "        sizes[word.name] = 0\n",
        ),
    ),
    *faults_in(
        "vliwc/lang/execute.py",
        (ERRORS,),
        (
            "short images are read beyond their end",
            "    if len(memory) < needed:",
            "    if False:",
        ),
    ),
)
