"""Guards, sums of addresses, chains through loops, and what is chosen among candidates."""

from __future__ import annotations

from tests.faults.fault import faults_in

BACKEND = "tests/unit/backend"
GUARDS = (f"{BACKEND}/test_guard.py", "tests/property/test_guards.py")
SUMS = ("tests/unit/isel/test_address_sums.py",)

CHOSEN = (
    *faults_in(
        "vliwc/guard.py",
        GUARDS,
        (
            "the last assumption of a loop alone",
            "            bad if before is None else builder.op(Op.OR, before, bad, span=value.span)",
            "            bad",
        ),
        (
            "the last loop alone",
            "        result = builder.op(Op.OR, result, whole, span=bad.span)",
            "        result = whole",
        ),
        (
            "what equals something equals 0",
            "        if second.is_const and second.imm == 0:",
            "        if second.is_const:",
        ),
        (
            "words differ in bits that both have",
            "        return builder.op(Op.XOR, first, second, span=holds.span)",
            "        return builder.op(Op.AND, first, second, span=holds.span)",
        ),
        (
            "conditions that hold are broken",
            "    return builder.op(Op.EQ, holds, builder.const(0, holds.span), span=holds.span)",
            "    return holds",
        ),
        (
            "assumptions about words that the kernel has written",
            "        if any(before.op is Op.STORE for before in value.order):",
            "        if False:",
        ),
        (
            "the word of the test may be used by the test",
            "        replace(machine, scratch_words=place),",
            "        machine,",
            "all other operations of the test come before the one that writes its word",
        ),
        ("any number of groups", "    if groups > TUNING.groups:", "    if False:"),
        (
            "some lanes decide for all",
            "builder.reduce(Reduction.OR, loop, bad, bad.span)",
            "builder.reduce(Reduction.MIN, loop, bad, bad.span)",
        ),
    ),
    *faults_in(
        "vliwc/driver.py",
        GUARDS,
        (
            "the guarded version goes on with the other one",
            "    first.append(replace(last, halts=True))",
            "    first.append(last)",
        ),
        (
            "both versions know what is assumed",
            "_unrolled(general, replace(alone, hint=None)",
            "_unrolled(kernel, replace(alone, hint=None)",
        ),
    ),
    *faults_in(
        "vliwc/strategy/sum_choice.py",
        SUMS,
        (
            "sums that come before a read",
            "    for value in function.values[order[last] + 1 :]:",
            "    for value in function.values:",
        ),
        (
            "sums that nobody takes as words",
            "        if wanted and any(_spares(form, address) for address in addresses):",
            "        if any(_spares(form, address) for address in addresses):",
        ),
        (
            "one term less is enough",
            "len(found[0].terms) + SPARED <= len(form.terms)",
            "len(found[0].terms) < len(form.terms)",
        ),
        (
            "loops with edges of their own",
            "    if not table or program.cut is not None or program.cases(loop) is not None:",
            "    if not table or program.cut is not None:",
        ),
        (
            "an address is a word that is stored",
            "        return value in user.args[1:]\n",
            "        return True\n",
        ),
        (
            "sums of sums count what they share",
            "    ends = {*program.forms[value].atoms, *sums}",
            "    ends = {*program.forms[value].atoms}",
            "what needs a sum as a word is no part of another sum, which does not count the words"
            " of others",
        ),
        (
            "words that others take are the sum's own",
            "        if at is not value and not inside.issuperset(words):",
            "        if False:",
        ),
        (
            "nothing is shared",
            "        if at is value or own.issuperset(users):",
            "        if True:",
        ),
        (
            "products may be left to the scalar engine",
            "        return vector_demand(vlen, valu=1)",
            "        return vector_demand(vlen, plain=1)",
        ),
    ),
    *faults_in(
        "vliwc/isel/reads/address_sums.py",
        SUMS,
        (
            "no choice carries the constant",
            "        return site.addresses.address(site.group.forms[value], self.choice_bits)",
            "        return site.addresses.address(site.group.forms[value], 0)",
        ),
        (
            "the sum is the form of another word",
            "        return site.addresses.address(site.group.forms[value], self.choice_bits)",
            "        return site.addresses.address(\n"
            "            site.group.forms[value].times(3), self.choice_bits\n"
            "        )",
        ),
    ),
    *faults_in(
        "vliwc/strategy/chains.py",
        ("tests/unit/strategy/test_chains.py",),
        (
            "copies take a cycle",
            "            delay = not is_move(self.lanes, op)",
            "            delay = True",
        ),
        (
            "stores take no cycle",
            "at.word(value.args[1], lane) + 1)",
            "at.word(value.args[1], lane))",
        ),
        (
            "operations wait for their first operand",
            "            max((self.lane(operand, lane) for operand in form.operands), default=0)",
            "            min((self.lane(operand, lane) for operand in form.operands), default=0)",
        ),
    ),
    *faults_in(
        "vliwc/backend/candidates.py",
        (f"{BACKEND}/test_candidates.py", "tests/property/test_levels.py"),
        ("records at every level", "        records=options.level >= 2,", "        records=True,"),
        (
            "no level below is tried",
            "    if below < 1 or options.hint is not None:",
            "    if True:",
        ),
        (
            "what assignments count is taken at its word",
            "    if least > max(cycles, counted) * TUNING.hopeless + TUNING.ends:",
            "    if least > cycles * TUNING.hopeless + TUNING.ends:",
        ),
        (
            "a candidate without room ends it",
            "            except OutOfScratch:\n                continue",
            "            except OutOfScratch:\n                raise",
        ),
    ),
    *faults_in(
        "vliwc/backend/relief.py",
        ("tests/unit/mir/test_spill.py",),
        (
            "one part of scratch is tried",
            "            refused = error\n            continue",
            "            raise error",
        ),
        (
            "vectors that wait count as one word",
            "            by_line[span.start_line] += op.width",
            "            by_line[span.start_line] += 1",
        ),
        ("a word of room too few", "    return found.words", "    return found.words - 1"),
        (
            "room where other arrays stand",
            "        place = kernel.memory_words",
            "        place = 0",
        ),
        (
            "results wait in any memory",
            "    free = spare_words(program.function, ops, vlen) if spares is None else spares",
            "    free = [Spare(0, 1 << 40)] if spares is None else spares",
        ),
    ),
)
