"""From lane IR to machine DAGs: selection, reads of tables, records, folds, strategies."""

from __future__ import annotations

from tests.faults.fault import faults_in

ISEL = "tests/unit/isel"
STRATEGY = "tests/unit/strategy"
WHOLE = "tests/property/test_whole_way.py::test_a_fixed_corpus_of_strategies"

SELECTION = (
    *faults_in(
        "vliwc/isel/select.py",
        (f"{ISEL}/test_select.py", f"{ISEL}/test_records.py", f"{ISEL}/test_instantiate.py"),
        (
            "any word chooses between constants",
            "if a.is_const and b.is_const and self.group.facts.hi(c) <= 1:",
            "if a.is_const and b.is_const:",
        ),
        ("the operands of fields in one order", "swap = value.args[0] is field", "swap = True"),
        (
            "unchosen words divide",
            "        if field is value.args[1] and value.op in UNSAFE_SECONDS:\n",
            "        if False:\n",
        ),
        (
            "fields with several readers",
            "self.site.readers[field] != 1",
            "self.site.readers[field] < 1",
            "only a cost: each reader computes on all words and chooses for itself",
        ),
        (
            "lanes past the end divide",
            "        if short and not y.is_const and value.op in UNSAFE_SECONDS:",
            "        if False:",
        ),
        (
            "a vector store in a short group",
            "            if group.whole_rows:",
            "            if True:",
        ),
        (
            "stores without the array's address",
            "            row = form.plus(Linear(array.base))",
            "            row = form",
        ),
        (
            "scattered stores without the array's address",
            "self.site.addresses.address(form.plus(Linear(array.base)))",
            "self.site.addresses.address(form)",
        ),
        (
            "operations that order others are dead",
            "                wanted.update(s for s, _ in op.order if isinstance(s, MOp))\n",
            "",
            "order within a template is added after selection; what is there then is shared code",
        ),
        (
            "a shift by 32 is emitted",
            "        if shifted_out(value):\n            return self.group.uniform.vector(0)\n",
            "",
        ),
    ),
    *faults_in(
        "vliwc/isel/group.py",
        (
            f"{ISEL}/test_select.py",
            f"{ISEL}/test_table_reads.py",
            f"{ISEL}/test_records.py",
            f"{ISEL}/test_rows_at_run_time.py",
            f"{ISEL}/test_instantiate.py",
        ),
        (
            "vectors read words that are apart",
            "        if a.stride == CONTIGUOUS and b.stride == CONTIGUOUS:",
            "        if True:",
        ),
        (
            "rows at run time forget where they start",
            "self.groups, self.vlen, start)",
            "self.groups, self.vlen, start and None)",
        ),
        (
            "lanes are never moved together",
            "        if vector.stride == CONTIGUOUS:\n            return vector",
            "        if True:\n            return vector",
        ),
        (
            "a choice by a sum, the wrong way",
            '("+", bit, zeros) if difference == 1 else ("-", zeros, bit)',
            '("+", bit, zeros) if difference == 1 else ("-", bit, zeros)',
        ),
        (
            "select takes the other one",
            'Form("flow", "vselect", operands)',
            'Form("flow", "vselect", (operands[0], operands[2], operands[1]))',
        ),
        (
            "the arms of a zero in the other order",
            "                chosen = self.select(vector, chosen, arm, name)",
            "                chosen = self.select(vector, arm, chosen, name)",
        ),
        (
            "one comparison for all words",
            "            self._comparisons[atom, word] = found",
            "            self._comparisons[atom, word] = found\n            self._comparisons.update({(atom, other): found for other in range(4)})",
        ),
        (
            "the last group's lanes one group too early",
            "row.const + (self.groups - 1) * self.vlen + lane",
            "row.const + max(self.groups - 2, 0) * self.vlen + lane",
        ),
        (
            "vectors behind the memory",
            "        if self.whole_rows or (there and not self.uniform.ragged):",
            "        if True:",
        ),
    ),
    *faults_in(
        "vliwc/isel/scalar.py",
        (
            f"{ISEL}/test_scalar.py",
            f"{ISEL}/test_select.py::test_no_word_is_shifted_out_by_the_machine",
            f"{ISEL}/test_instantiate.py",
            f"{ISEL}/test_table_reads.py",
        ),
        (
            "scalar selects take the other one",
            'Form("flow", "select", (c, a, b))',
            'Form("flow", "select", (c, b, a))',
        ),
        (
            "one scalar operation for all operators",
            "        key = (opcode, a.source, a.offset, b.source, b.offset)",
            "        key = (a.source, a.offset, b.source, b.offset)",
        ),
        (
            "one word of a vector for all",
            '        key = ("splat", scalar.source, scalar.offset)',
            '        key = ("splat", scalar.source)',
        ),
        (
            "table words without the array's address",
            "(self.word(array.base + first),)",
            "(self.word(first),)",
        ),
        (
            "words of short tables without their address",
            "(self.word(array.base + index),)",
            "(self.word(index),)",
        ),
        (
            "written words are kept",
            "if index.is_const and array.name not in self._written:",
            "if index.is_const:",
        ),
        (
            "uniform multiply-adds without the addend",
            'self.scalar_op("+", self.scalar_op("*", args[0], args[1]), args[2])',
            'self.scalar_op("*", args[0], args[1])',
        ),
        (
            "iteration numbers of all groups are one",
            '= self.splat(self.first_lane(group), f"v{group * self.vlen}")',
            '= self.splat(self.first_lane(0), f"v{group * self.vlen}")',
        ),
        (
            "a word that is shifted out",
            "value.args[1].imm >= WORD_BITS",
            "value.args[1].imm > WORD_BITS",
        ),
    ),
    *faults_in(
        "vliwc/isel/reads/fold.py",
        (f"{ISEL}/test_fold.py", f"{ISEL}/test_records.py", WHOLE),
        ("words that addresses are made of", " or load in atoms or users[load][0] in atoms:", ":"),
        (
            "words with several users",
            "        if len(users[load]) != 1 or",
            "        if len(users[load]) < 1 or",
        ),
        (
            "written tables",
            " or load.loop < 0 or load.array in written:",
            " or load.loop < 0:",
            "such words are gathered, and the constant is then applied to the gathered vector",
        ),
        (
            "differences are associative",
            "CHAINS = (Op.XOR, Op.ADD)",
            "CHAINS = (Op.XOR, Op.ADD, Op.SUB)",
        ),
        (
            "inner values with several users",
            "elif user.op in CHAINS and len(users[user]) == 1:",
            "elif user.op in CHAINS:",
        ),
        (
            "chains of two operations",
            "            if outer.op is user.op and _by_constant(outer, user) and not taken:",
            "            if _by_constant(outer, user) and not taken:",
        ),
        (
            "a constant folded twice",
            " and _by_constant(outer, user) and not taken:",
            " and _by_constant(outer, user):",
        ),
        (
            "constants on the left",
            "    return user.args[0] is operand and user.args[1].is_const",
            "    return user.args[1].is_const or user.args[0].is_const",
        ),
    ),
    *faults_in(
        "vliwc/isel/reads/record_table.py",
        (f"{ISEL}/test_records.py", WHOLE),
        (
            "records one index too late",
            "        x = self.first + position // self.pitch",
            "        x = self.first + 1 + position // self.pitch",
        ),
        (
            "the second word at the first's index",
            "        return self.scale * x + self.offsets[field - 1], self.folds[1]",
            "        return x + self.offsets[field - 1], self.folds[1]",
        ),
        (
            "the folds are exchanged",
            "            return x, self.folds[0]",
            "            return x, self.folds[1]",
        ),
        ("words are multiplied by 0", '"*": 1, "//": 1', '"*": 0, "//": 1'),
        (
            "rows are read in the cycle of the last store",
            "ready.order.extend((store, 1) for store in stores)",
            "ready.order.extend((store, 0) for store in stores)",
        ),
        (
            "rows wait for the first store only",
            "ready.order.extend((store, 1) for store in stores)",
            "ready.order.extend((store, 1) for store in stores[:1])",
        ),
    ),
    *faults_in(
        "vliwc/isel/reads/records.py",
        (f"{ISEL}/test_records.py", WHOLE),
        (
            "rows start at index 0",
            "site.placed(table).base - table.first * table.pitch - before",
            "site.placed(table).base - before",
        ),
        (
            "rows one after the other only where they do not overlap",
            "serial=table.pitch < site.group.vlen",
            "serial=table.pitch > site.group.vlen",
        ),
        ("rows do not wait for the table", "        op.order.append((placed.ready, 0))\n", ""),
        (
            "a fold that the table has is applied again",
            "        return row if fold == table.folds[0] else folded(site.group, row, fold)",
            "        return folded(site.group, row, fold)",
        ),
        (
            "a fold that the table lacks is left out",
            "        return row if fold == table.folds[0] else folded(site.group, row, fold)",
            "        return row",
            "the planner gives each read the fold that its table has",
        ),
        (
            "the first field for the second",
            "[Operand(row, 1 + t, self.table.pitch)",
            "[Operand(row, t, self.table.pitch)",
        ),
    ),
    *faults_in(
        "vliwc/isel/reads/table_reads.py",
        (f"{ISEL}/test_table_reads.py", f"{ISEL}/test_fold.py", WHOLE),
        (
            "gathers without the array's address",
            "        form = group.forms[value.args[0]].plus(Linear(array.base))",
            "        form = group.forms[value.args[0]]",
        ),
        (
            "gathers forget the fold",
            '        return folded(group, group.gather(value, address, f"{value.array}{value.id}"), fold)',
            '        return folded(group, group.gather(value, address, f"{value.array}{value.id}"), None)',
        ),
        (
            "vector loads forget the fold",
            "        return folded(group, group.load_consecutive(value, row), fold)",
            "        return folded(group, group.load_consecutive(value, row), None)",
        ),
        (
            "select trees take the other one",
            "one, zero = scalars[1, *rest], scalars[0, *rest]",
            "one, zero = scalars[0, *rest], scalars[1, *rest]",
        ),
        (
            "select trees forget the fold",
            "            key: uniform.table_word(array, index, fold)",
            "            key: uniform.table_word(array, index, None)",
        ),
    ),
    *faults_in(
        "vliwc/isel/address.py",
        (f"{ISEL}/test_address.py", f"{ISEL}/test_records.py"),
        (
            "a known address is taken as it is",
            "rest, factor = found",
            "rest, factor = form.minus(base), found[1]",
        ),
        (
            "any atom is a bit",
            "plan = plan_sum(form, known, lambda atom: group.facts.hi(atom) <= 1, choice_bits, flip)",
            "plan = plan_sum(form, known, lambda atom: True, choice_bits, flip)",
        ),
        (
            "a vector to start from is added twice",
            "rest.terms if start is None else rest.without(start).terms",
            "rest.terms",
        ),
        (
            "a product of a power as a shift by it",
            "shift = group.uniform.vector(factor.bit_length() - 1)",
            "shift = group.uniform.vector(factor.bit_length())",
        ),
        (
            "differences the other way",
            '            return group.elementwise("-", total, vector, "a")',
            '            return group.elementwise("-", vector, total, "a")',
        ),
        (
            "the tree of four constants loses one bit",
            '        high = group.bit_choice(bit, const + a + b, const + b, "k", multiply=False)',
            '        high = group.bit_choice(bit, const + a + b, const + a, "k", multiply=False)',
        ),
    ),
    *faults_in(
        "vliwc/isel/memory/working_memory.py",
        (f"{ISEL}/test_working_memory.py", f"{ISEL}/test_records.py"),
        (
            "words that are read later are free",
            "not array.placed or not early.issuperset(loads[name])",
            "not array.placed",
        ),
        (
            "written scratch is free",
            "            if not stores[name] and array.length:",
            "            if array.length:",
        ),
        (
            "inputs are free",
            "if array.role in (Role.SCRATCH, Role.IN_SCRATCH):",
            "if array.role in (Role.SCRATCH, Role.IN_SCRATCH, Role.IN):",
        ),
        (
            "results stored twice are free between",
            "elif array.role.observable and len(stores[name]) == 1 and",
            "elif array.role.observable and len(stores[name]) >= 1 and",
        ),
        (
            "reads may run behind the memory",
            "last = self._limit - size - overrun",
            "last = self._limit - size",
        ),
        ("a place is given away twice", "            self._lasting.remove(space)\n", ""),
        (
            "passing spaces of earlier loops",
            "if s.before is not None and s.before.loop >= loop]",
            "if s.before is not None]",
        ),
        (
            "inputs wait in scratch for any number of lenders",
            "min(read, self.with_input)",
            "read",
        ),
        (
            "groups that lend although their input has to wait come first",
            "rank = (sum(bool(space.after) for space in lent), len(lent), -base)",
            "rank = (-sum(bool(space.after) for space in lent), len(lent), -base)",
        ),
        (
            "passing spaces that are apart",
            "if found and found[-1][-1].end == space.base:",
            "if found:",
        ),
    ),
    *faults_in(
        "vliwc/isel/loops/loop_order.py",
        (f"{ISEL}/test_loop_order.py", f"{ISEL}/test_instantiate.py"),
        (
            "loads in the cycle of a store of another loop",
            "                latency = int(value.op is Op.STORE)\n",
            "                latency = 0\n",
        ),
        (
            "groups that end where others begin do not meet",
            "(other.lo <= own.hi[group]) & (own.lo[group] <= other.hi)",
            "(other.lo < own.hi[group]) & (own.lo[group] <= other.hi)",
        ),
        (
            "groups that begin where others end do not meet",
            "(other.lo <= own.hi[group]) & (own.lo[group] <= other.hi)",
            "(other.lo <= own.hi[group]) & (own.lo[group] < other.hi)",
        ),
        (
            "only the first of the earlier accesses counts",
            "        for before in befores:\n            other = self._extent(before)",
            "        for before in befores[:1]:\n            other = self._extent(before)",
        ),
    ),
    *faults_in(
        "vliwc/isel/instantiate.py",
        (
            f"{ISEL}/test_instantiate.py",
            f"{ISEL}/test_records.py",
            f"{ISEL}/test_working_memory.py",
        ),
        (
            "loads in the cycle of a store of their group",
            "        latency = int(before.op is Op.STORE)\n        for lanes in",
            "        latency = 0\n        for lanes in",
        ),
        (
            "shared table words are loaded too late",
            "                found += self._instances(load) + self._table_loads(load)",
            "                found += self._instances(load)",
        ),
        (
            "results overwrite records that are still read",
            "                    edges.extend((done, store, 0) for store in results)",
            "                    pass",
        ),
        (
            "records overwrite inputs that are still read",
            "                edges.extend((load, store, 0) for load in inputs for store in covered)",
            "                pass",
        ),
        (
            "min is max for vectors",
            "        first, second = (a, b) if kind is Reduction.MIN else (b, a)\n        form",
            "        first, second = (b, a) if kind is Reduction.MIN else (a, b)\n        form",
        ),
    ),
    *faults_in(
        "vliwc/isel/loops/accumulators.py",
        (f"{ISEL}/test_instantiate.py",),
        (
            "the least of no groups is 0",
            "        return uniform.word(0xFFFF_FFFF if kind is Reduction.MIN else 0)",
            "        return uniform.word(0)",
        ),
        ("an odd word is lost", " + left[len(left) & ~1 :]", ""),
        (
            "min is max for words",
            "    first, second = (a, b) if kind is Reduction.MIN else (b, a)\n    return",
            "    first, second = (b, a) if kind is Reduction.MIN else (a, b)\n    return",
        ),
    ),
    *faults_in(
        "vliwc/isel/derive_constants.py",
        ("tests/unit/strategy/test_choose.py", "tests/unit/backend/test_candidates.py"),
        ("sums for differences", '("-", (x - word) & MASK)', '("+", (x - word) & MASK)'),
        ("immediates the other way", "imm=(word - x) & MASK", "imm=(x - word) & MASK"),
    ),
    *faults_in(
        "vliwc/strategy/options.py",
        (f"{STRATEGY}/test_options.py",),
        (
            "selections beyond the table",
            "    if any(index >= array.length for index in indices):\n        return None\n",
            "",
        ),
        (
            "records beyond the table",
            "        if any((scale * x + offset) & MASK >= array.length for offset in offsets):\n            return None\n",
            "        pass\n",
        ),
        ("first words beyond the table", "    if hi >= array.length:\n        return None\n", ""),
        ("records of two arrays", "    if first.array != second.array:\n        return None\n", ""),
        (
            "written tables are a choice",
            "            elif value.array in written:\n                fixed[value] = Gather()\n",
            "",
        ),
        (
            "select trees of any size",
            "    if count > TUNING.select_words(reads.program.machine.vlen):\n        return None\n",
            "",
        ),
        (
            "gathers cost one load",
            "demand = vector_demand(vlen, load=vlen,",
            "demand = vector_demand(vlen, load=1,",
        ),
    ),
)
