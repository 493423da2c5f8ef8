"""The front end and the lane IR."""

from __future__ import annotations

from tests.faults.fault import faults_in

LANG = "tests/unit/lang"
IR = "tests/unit/ir"
AGREEMENT = "tests/property/test_lang_agreement.py"

FRONT = (
    *faults_in(
        "vliwc/lang/lower.py",
        (
            f"{LANG}/test_lower.py",
            f"{LANG}/test_expressions.py",
            "tests/property/test_ir_kernels.py",
            "tests/differential/test_extreme_constants.py::test_shifts_by_any_count[0]",
        ),
        (
            "`>` is `<`",
            '                return self.op(Op.LT, node, right, left)\n            case "<=":',
            '                return self.op(Op.LT, node, left, right)\n            case "<=":',
        ),
        (
            "`&&` is decided by a true side",
            'decided = (left.imm == 0) is (node.op == "&&")',
            'decided = (left.imm != 0) is (node.op == "&&")',
        ),
        (
            "divisors on a path are not guarded",
            "if path is not None and not (right.is_const and right.imm != 0):",
            "if False:",
        ),
        (
            "indices on a path are not guarded",
            "        elif not self.within(array, index):",
            "        elif False:",
        ),
        ("a count of 32 is shifted by", "right.imm >= WORD_BITS", "right.imm > WORD_BITS"),
        (
            "run-time counts are not kept small",
            "            if op is Op.SHL and (not right.is_const or",
            "            if op is Op.SHL and (right.is_const and",
        ),
    ),
    *faults_in(
        "vliwc/lang/operations.py",
        (f"{LANG}/test_expressions.py",),
        ("max is min", '        if name == "max":\n', '        if name == "mix":\n'),
    ),
    *faults_in(
        "vliwc/lang/leaving.py",
        (
            f"{LANG}/test_early_exits.py",
            f"{LANG}/test_error_files.py",
            "tests/property/test_early_exits.py::test_masks_keep_the_meaning",
        ),
        (
            "who has left comes back",
            "self.emit.op(Op.LT, node, condition, self.active)",
            "self.emit.invert(condition, node)",
        ),
        (
            "lanes of no enclosing loop go on",
            "            if outer is not None:\n",
            "            if False:\n",
        ),
        (
            "who has left goes on with its variables",
            "if new is not old and self.active is not None:",
            "if False:",
        ),
        (
            "variables are lost on leaving",
            "        self.merge(node)\n        if condition.is_const:",
            "        if condition.is_const:",
        ),
        (
            "words of iterations may be the same",
            "            if masked and self.total > 1 and not self._apart(words):",
            "            if False:",
        ),
    ),
    *faults_in(
        "vliwc/lang/images.py",
        (f"{LANG}/test_run.py",),
        (
            "all words may be excluded",
            "        return self.high - self.low + 1 - len(self.gaps())",
            "        return self.high - self.low + 1",
        ),
        (
            "`<` includes",
            "self.high = min(self.high, value - 1)",
            "self.high = min(self.high, value)",
        ),
        ("`>` includes", "self.low = max(self.low, value + 1)", "self.low = max(self.low, value)"),
        (
            "all alternatives at once",
            "        if len(alternatives) > 1 and usable:",
            "        if False:",
        ),
        (
            "an alternative that leaves no word",
            "        if all(domain.size() > 0 for domain in tried.values()):",
            "        if True:",
        ),
        (
            "words of other arrays are outputs",
            "if array.role.observable and array.length",
            "if array.length",
        ),
        (
            "protected words are writable",
            "        if not array.role.protected and array.length",
            "        if array.length",
        ),
    ),
    *faults_in(
        "vliwc/ir/value.py",
        (f"{IR}/test_interpret.py", "tests/rules/test_rules.py"),
        (
            "a shift by 32 is one by 0",
            "    return (a << b) & MASK if b < WORD_BITS else 0",
            "    return (a << b % 32) & MASK",
        ),
        (
            "a right shift by 32 gives the word",
            "    return a >> b if b < WORD_BITS else 0",
            "    return a >> b if b < WORD_BITS else a",
        ),
    ),
    *faults_in(
        "vliwc/ir/builder.py",
        (
            f"{IR}/test_rebuild.py",
            f"{IR}/test_text.py",
            f"{IR}/test_verify.py",
            "tests/property/test_ir_functions.py",
        ),
        (
            "a zero divisor is folded",
            "            if not (info.can_trap and words[1] == 0):",
            "            if True:",
        ),
        (
            "constants first",
            "    return (value.op is Op.CONST, value.id)",
            "    return (value.op is not Op.CONST, value.id)",
        ),
        (
            "loads of one word are one",
            "key = (Op.LOAD, array, index.id, *(value.id for value in before))",
            "key = (Op.LOAD, array, index.id)",
        ),
        (
            "reductions of one value are one",
            "key = (Op.REDUCE, kind, loop, value.id)",
            "key = (Op.REDUCE, loop, value.id)",
        ),
        (
            "order edges in any order",
            "tuple(sorted(dict.fromkeys(order), key=lambda value: value.id))",
            "tuple(dict.fromkeys(order))",
        ),
    ),
    *faults_in(
        "vliwc/ir/rebuild.py",
        (
            f"{IR}/test_rebuild.py",
            "tests/property/test_ir_passes.py",
            "tests/property/test_ir_kernels.py",
        ),
        (
            "dropped operations order nothing",
            "    def drop(self, old: Value) -> None:\n",
            "    def drop(self, old: Value) -> None:\n        if old.is_memory:\n            self._after[old] = ()\n            return\n",
        ),
        (
            "a forgotten store is no error",
            "            if root not in self.new and root not in self._after:",
            "            if False:",
        ),
        (
            "loops without iterations run",
            "return value.loop == TOP_LEVEL or function.loops[value.loop].extent > 0",
            "return True",
        ),
    ),
    *faults_in(
        "vliwc/ir/interpret.py",
        (f"{IR}/test_interpret.py",),
        (
            "an index at the end",
            "    if highest >= array.length:",
            "    if highest > array.length:",
        ),
        (
            "a word behind the memory",
            "    if array.base + highest >= len(image):",
            "    if array.base + highest > len(image):",
        ),
        (
            "shifts by 31 at most",
            "Op.SHL: lambda a, b: (a << np.minimum(b, _WIDTH)) & _M",
            "Op.SHL: lambda a, b: (a << (b & np.uint64(31))) & _M",
        ),
        ("select takes the other one", "np.where(c != 0, a, b)", "np.where(c == 0, a, b)"),
    ),
    *faults_in(
        "vliwc/ir/verify.py",
        (f"{IR}/test_verify.py",),
        (
            "ids need not be dense",
            "        if value.id != position:",
            "        if value.id < position:",
        ),
        (
            "loop numbers need not fit",
            "        if loop.number != number:",
            "        if loop.number < number:",
        ),
        (
            "an extent of 2^32",
            "        if not 0 <= loop.extent <= MASK:",
            "        if not 0 <= loop.extent <= MASK + 1:",
        ),
        (
            "names of arrays need not fit",
            "        if array.name != name:",
            "        if not array.name:",
        ),
        (
            "a negative address",
            "if array.base < 0 or array.length < 0 or",
            "if array.length < 0 or",
        ),
        ("a negative length", "if array.base < 0 or array.length < 0 or", "if array.base < 0 or"),
        ("a bound of 0", "not 0 < array.below <= 1 << 32", "not 0 <= array.below <= 1 << 32"),
        ("a bound above 2^32", "not 0 < array.below <= 1 << 32", "not 0 < array.below <= 1 << 33"),
        (
            "memory may end before an array",
            "limit is not None and array.end > limit:",
            "limit is not None and array.base > limit:",
        ),
        (
            "arrays may overlap by a word",
            "previous.end > array.base:",
            "previous.end > array.base + 1:",
        ),
        (
            "operands are not counted",
            "    if len(value.args) != arity and",
            "    if len(value.args) > arity and",
        ),
        ("operands may follow", "        if arg not in seen:", "        if False:"),
        ("stores have results", "        if not OPS[arg.op].produces:", "        if False:"),
        ("order may go forward", "        if before not in seen:", "        if False:"),
        (
            "constants may come first",
            "if (first.is_const, first.id) > (second.is_const, second.id):",
            "if first.id > second.id and not first.is_const:",
        ),
        (
            "commuting operands by no id",
            "if (first.is_const, first.id) > (second.is_const, second.id):",
            "if first.is_const > second.is_const:",
        ),
        (
            "constants of 33 bits",
            "            if not 0 <= value.imm <= MASK:",
            "            if not 0 <= value.imm <= MASK + 1:",
        ),
        (
            "loops that are not declared",
            "            if not 0 <= value.imm < len(function.loops):",
            "            if not 0 <= value.imm <= len(function.loops):",
        ),
        ("immediates anywhere", "            if value.imm != 0:", "            if value.imm < 0:"),
        (
            "reductions without an operator",
            "(value.reduction is not None) is not (value.op in (Op.REDUCE, Op.SCAN))",
            "value.reduction is not None and value.op not in (Op.REDUCE, Op.SCAN)",
        ),
        (
            "an operator without a reduction",
            "(value.reduction is not None) is not (value.op in (Op.REDUCE, Op.SCAN))",
            "value.reduction is None and value.op in (Op.REDUCE, Op.SCAN)",
        ),
        (
            "stores in loops that are not declared",
            "if not lowest <= expected < len(function.loops):",
            "if not lowest <= expected <= len(function.loops):",
        ),
        ("values of other loops", "    if varying:\n", "    if len(varying) > 1:\n"),
        ("in any loop", "    if value.loop != expected:", "    if value.loop > expected:"),
        (
            "arrays of plain operations",
            "        if value.array or value.order:",
            "        if value.order:",
        ),
        (
            "order of plain operations",
            "        if value.array or value.order:",
            "        if value.array:",
        ),
        (
            "arrays that are not declared",
            "    if array is None:\n        raise",
            "    if array is None:\n        return\n        raise",
        ),
        (
            "writing what must stay",
            "if value.op is Op.STORE and array.role.protected:",
            "if False:",
        ),
        (
            "order across arrays",
            "if not before.is_memory or before.array != value.array:",
            "if not before.is_memory:",
        ),
        (
            "order after what is no memory operation",
            "if not before.is_memory or before.array != value.array:",
            "if before.array != value.array and before.is_memory:",
        ),
        ("order edges twice", "    if any(a >= b for a, b", "    if any(a > b for a, b"),
        ("order edges in any order", "    if any(a >= b for a, b", "    if any(a == b for a, b"),
        ("repeated values", "    if twin is not value:", "    if False:"),
        (
            "other edges in the graph",
            "        if found != dict(expected.pred[value]):",
            "        if len(found) < len(expected.pred[value]):",
        ),
        (
            "stores that are no roots",
            "        if store not in roots:",
            "        if False:",
            "the next rule compares the roots with the stores and refuses the same functions, with another text",
        ),
        (
            "roots that are no stores",
            "    if list(function.roots) != stores:",
            "    if len(function.roots) < len(stores):",
        ),
        (
            "constants as assumptions",
            "not OPS[value.op].produces or value.is_const:",
            "not OPS[value.op].produces:",
        ),
        (
            "stores as assumptions",
            "if value not in values or not OPS[value.op].produces or",
            "if value not in values or",
        ),
        (
            "assumptions from elsewhere",
            "if value not in values or not OPS[value.op].produces or",
            "if not OPS[value.op].produces or",
        ),
        ("assumed twice", "        if value in assumed:", "        if False:"),
    ),
)
