"""Passes and the rewriter."""

from __future__ import annotations

from tests.faults.fault import faults_in

COVER = (
    "tests/filetests/passes",
    "tests/unit/passes/test_rewriter.py",
    "tests/property/test_ir_passes.py",
    "tests/property/test_ir_kernels.py",
)

PASSES = (
    *faults_in(
        "vliwc/passes/unguard.py",
        COVER,
        (
            "what an index is computed from",
            "if arm is not None and value not in traps and _safe(",
            "if arm is not None and _safe(",
        ),
        (
            "the other arm",
            "return None if truth is None else value.args[1 if truth else 2]",
            "return None if truth is None else value.args[2 if truth else 1]",
        ),
        (
            "an index at the end",
            "facts.hi(arm) >= array.length:",
            "facts.hi(arm) > array.length:",
        ),
        ("a divisor of 0", "        elif facts.lo(arm) == 0:", "        elif facts.hi(arm) == 0:"),
        (
            "reductions are conditional",
            "    if user.op in (Op.REDUCE, Op.SCAN, Op.MOVE):",
            "    if False:",
        ),
        (
            "any user's condition",
            "                    common = {c: t for c, t in common.items() if wanted.get(c) is t}",
            "                    common = common | wanted",
        ),
        (
            "a condition guards itself",
            "        case Op.SELECT if value is not condition and user.args[1] is not user.args[2]:",
            "        case Op.SELECT if user.args[1] is not user.args[2]:",
            "what is false for a false condition decides it alone: what else it is made of is as good",
        ),
        (
            "both arms are the taken one",
            "            truth = value is user.args[1]\n",
            "            truth = True\n",
        ),
        (
            "`or` matters where the left is true",
            "            truth = False\n",
            "            truth = True\n",
        ),
        (
            "parts of a false `and` are false",
            "        elif condition.op is (Op.AND if truth else Op.OR):",
            "        elif condition.op in (Op.AND, Op.OR):",
        ),
        (
            "a negation is none",
            "            stack.append((negated, not truth))",
            "            stack.append((negated, truth))",
        ),
        (
            "words are bits",
            "    bits = all(facts.is_bit(arg) for arg in condition.args)",
            "    bits = True",
        ),
        ("assumptions do not matter", "        if value not in assumed:\n", "        if True:\n"),
    ),
    *faults_in(
        "vliwc/passes/dead_stores.py",
        COVER,
        (
            "inout arrays are not seen",
            "        if function.arrays[store.array].role.observable and store not in overwritten\n",
            "        if store not in overwritten and store.loop >= 0\n",
        ),
        (
            "overwritten in another loop",
            "        if store.loop != index.loop:\n            continue\n",
            "",
        ),
        (
            "overwritten without order",
            "        if earlier is not None and order.before(store) & order.bit(earlier):",
            "        if earlier is not None:",
            "operations that may meet are always ordered; without order either store may be the last",
        ),
        (
            "loads between two stores see neither",
            "                or not order.before(value) & order.bit(overwritten[store])\n",
            "",
        ),
        ("assumptions keep nothing alive", "    pending += function.assumptions\n", ""),
    ),
    *faults_in(
        "vliwc/passes/store_forwarding.py",
        COVER,
        (
            "from any iteration",
            "return last.args[1] if overwritten and same_iteration(last, load) else None",
            "return last.args[1] if overwritten and last.args[0] is load.args[0] else None",
        ),
        (
            "from the last store, whatever the others do",
            "return last.args[1] if overwritten and same_iteration(last, load) else None",
            "return last.args[1] if same_iteration(last, load) else None",
        ),
        (
            "the index instead of the word",
            "return last.args[1] if overwritten and same_iteration(last, load) else None",
            "return last.args[0] if overwritten and same_iteration(last, load) else None",
        ),
        (
            "whatever was stored after the fill",
            "            if not all(self.order.before(store) & self.order.bit(other) for other in others):\n                continue\n",
            "",
        ),
        (
            "every iteration stores the same",
            "        if word.loop != TOP_LEVEL:\n            return form, frozenset()\n",
            "",
        ),
        ("some of the words that are read", "if read <= written:", "if read & written:"),
        ("fills have no stride", "(form.const + stride * k) & MASK", "(form.const + k) & MASK"),
        (
            "fills from elsewhere",
            "if not words or (spread is not None and terms != spread):",
            "if not words:",
        ),
    ),
    *faults_in(
        "vliwc/passes/redundant_loads.py",
        COVER,
        (
            "whatever was stored between",
            "        known = first.setdefault((load.array, load.args[0], content), load)",
            "        known = first.setdefault((load.array, load.args[0]), load)",
        ),
    ),
    *faults_in(
        "vliwc/passes/gvn.py",
        COVER,
        (
            "stores forget the loads they follow",
            "for load in loads.get(before, ())))",
            "for load in loads.get(before, ()) if load is store))",
        ),
        ("loads follow no store through loads", "            stack.extend(each.order)\n", ""),
        (
            "covered stores stay",
            "    return [store for store in stores if not covered >> store.id & 1], passed",
            "    return list(stores), passed",
        ),
    ),
    *faults_in(
        "vliwc/passes/dce.py",
        COVER,
        (
            "assumptions execute loads",
            "            if all(v in needed for v in reachable([assumption]) if v.op is Op.LOAD)\n",
            "",
        ),
        (
            "no assumption survives",
            "            rebuild.builder.assume(rebuild.new[assumption])\n",
            "            continue\n",
        ),
    ),
    *faults_in(
        "vliwc/passes/constant_folding.py",
        COVER,
        (
            "the least of nothing is 0",
            "identity = MASK if value.reduction is Reduction.MIN else 0",
            "identity = 0",
        ),
        (
            "all stores run",
            "            elif value.op is Op.STORE and not runs(function, value):",
            "            elif value.op is Op.STORE and runs(function, value) and False:",
        ),
    ),
    *faults_in(
        "vliwc/passes/hoist.py",
        COVER,
        (
            "differences are associative",
            "ASSOCIATIVE = (Op.ADD, ",
            "ASSOCIATIVE = (Op.ADD, Op.SUB, ",
        ),
        ("of different operations", "or x.op is not value.op or", "or"),
        (
            "the varying operand twice",
            "new[value] = out.op(value.op, new[x], uniform, span=value.span)",
            "new[value] = out.op(value.op, uniform, new[x], span=value.span)",
            "the operations are commutative, and the builder puts their operands in one order",
        ),
        ("although it is used elsewhere", "len(users[x]) != 1", "len(users[x]) < 1"),
    ),
    *faults_in(
        "vliwc/rules/rewrite.py",
        COVER,
        (
            "guards are not asked",
            "            if not all(evaluate(guard, constants) for guard in rule.guards):\n                return None\n",
            "",
        ),
        (
            "premises are not asked",
            "            if not all(fact_of(premise, facts).lo > 0 for premise in rule.premises):\n                return None\n",
            "",
        ),
        (
            "brackets are not asked",
            "            if found is not None and self._all_die(variant, found):",
            "            if found is not None:",
        ),
        (
            "spines are simplified",
            "            args = tuple(new[arg] for arg in value.args)\n            new[value] = self.builder.op(value.op, *args, span=value.span)",
            "            new[value] = self.rebuild.new.get(value) or self.builder.op(value.op, *(new[a] for a in value.args), span=value.span)",
        ),
        (
            "multiply-adds at the top level",
            "        if variant.needs_vector and all(arg.loop == TOP_LEVEL for arg in args):\n            return None\n",
            "",
        ),
    ),
    *faults_in(
        "vliwc/rules/match.py",
        ("tests/rules/test_rules.py::test_a_rule_fires_on_its_left_side_alone", *COVER),
        (
            "constants match any word",
            "            return lambda value, _found, _map: value.op is Op.CONST and value.imm == word",
            "            return lambda value, _found, _map: value.op is Op.CONST",
        ),
        (
            "a variable matches two values",
            "        return known is value or successors.get(known, known) is successors.get(value, value)",
            "        return True",
        ),
        (
            "a constant matches two words",
            "        return found.setdefault(name, value).imm == value.imm",
            "        found.setdefault(name, value)\n        return True",
        ),
        (
            "operations are not compared",
            "            if value.op is not op:\n                return False\n",
            "",
        ),
    ),
    *faults_in(
        "vliwc/rules/identity.py",
        ("tests/rules/test_rules.py",),
        (
            "a wrong identity",
            "    madd-minus-one:  madd(x, 0xFFFFFFFF, y) => y - x",
            "    madd-minus-one:  madd(x, 0xFFFFFFFF, y) => x - y",
        ),
    ),
    *faults_in(
        "vliwc/rules/reassociate.py",
        ("tests/rules/test_rules.py",),
        ("shifts add without a guard", "x >> (K + L)  when K < 32 and L < 32", "x >> (K + L)"),
    ),
)
