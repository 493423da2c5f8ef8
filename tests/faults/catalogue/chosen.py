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
            "lanes wait for the last one",
            "        return found if form.scalarised else [max(found)] * lanes",
            "        return [max(found)] * lanes",
        ),
        (
            "vector operations wait for no other lane",
            "        return found if form.scalarised else [max(found)] * lanes",
            "        return found",
        ),
        (
            "words that are set between loops carry chains",
            "                    if word is not None and word not in self.set_between:",
            "                    if word is not None:",
        ),
        (
            "lanes that do not store carry chains",
            "                    if word is not None and word not in self.set_between:",
            "                    if word not in self.set_between:",
            "all lanes of a loop store what it stores",
        ),
        (
            "groups wait for each other's stores",
            "        stored: dict[int, int] = {}",
            "        stored = self.written",
        ),
        (
            "the dearest form is taken",
            "            times = [min(found) + delay for found in zip(*forms, strict=True)]",
            "            times = [max(found) + delay for found in zip(*forms, strict=True)]",
        ),
        (
            "words of another group are there at once",
            "        times = self.results.get(copied.source)"
            " if isinstance(copied.source, InGroup) else None",
            "        times = None",
        ),
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
            "the level below is always better",
            "    if found.schedule.cycles >= cycles:\n        return None\n",
            "",
        ),
        (
            "the level below has room where this one has",
            "        found = generate(program, others, lower, clock)\n    except OutOfScratch:",
            "        found = generate(program, others, lower, clock)\n    except KeyError:",
        ),
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
        "vliwc/backend/candidates.py",
        ("tests/cli/test_faults.py::test_a_hint_of_another_kernel_is_refused",),
        (
            "windows of another kernel are taken",
            "            if not candidate.search.resume(state.windows):",
            "            if candidate.search.resume(state.windows) and False:",
        ),
    ),
    *faults_in(
        "vliwc/passes/pack_stores.py",
        (
            "tests/filetests/passes/test_passes.py",
            "tests/unit/strategy/test_chains.py",
            "tests/property/test_words_in_scratch.py",
        ),
        (
            "new loops stand behind all others",
            "        return loops_in_order(function) if len(function.loops) > before else function",
            "        return function",
        ),
    ),
    *faults_in(
        "vliwc/ir/loop_numbers.py",
        ("tests/filetests/passes/test_passes.py", "tests/unit/ir/test_verify.py"),
        (
            "stores of other loops do not count",
            "(*value.args, *(value.order if memory else ())):",
            "value.args:",
        ),
        (
            "reductions need no loop",
            "        if value.op is Op.REDUCE:\n            mask |= 1 << value.imm\n",
            "",
        ),
        (
            "lanes keep the number of their loop",
            "value.op in (Op.LANE, Op.REDUCE)",
            "value.op is Op.REDUCE",
        ),
    ),
    *faults_in(
        "vliwc/stages.py",
        ("tests/property/test_levels.py",),
        (
            "programs of any length are tried as they are written",
            "options.hint is not None or cycles > SHORT:",
            "options.hint is not None:",
        ),
        (
            "kernels of any size are tried as they are written",
            "    if _size(plain.function, options.machine.vlen) > FEW:",
            "    if False:",
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
