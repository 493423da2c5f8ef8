"""Machine loops: trips, accumulators, what stands around them, and rounds that repeat."""

from __future__ import annotations

from tests.faults.fault import faults_in

LOOP = ("tests/unit/backend/test_machine_loop.py",)
ROUNDS = ("tests/unit/analysis/test_rounds.py",)

MACHINE_LOOPS = (
    *faults_in(
        "vliwc/isel/cut.py",
        LOOP,
        (
            "words are added to before their readers are done",
            "    order += after_readers(updates, draft.shared, groups.groups)\n",
            "",
        ),
        (
            "the rest begins with the first lanes",
            "    each += updates\n",
            "    each += [*updates][-1:]\n",
        ),
        (
            "loads before the loop do not wait in scratch",
            "crossing = dict.fromkeys([zero, *kept, *",
            "crossing = dict.fromkeys([zero, *",
        ),
        (
            "words that trips add to stay where lanes begin",
            "        if any(isinstance(need, InGroup) or need in running or need in found for need in needs):",
            "        if any(isinstance(need, InGroup) or need in running for need in needs):",
        ),
        (
            "all lanes add what the first one does",
            "Operand(op, stride=int(op.width > 1)), by)",
            "Operand(op, stride=0), by)",
        ),
    ),
    *faults_in(
        "vliwc/isel/loops/accumulators.py",
        ("tests/unit/isel/test_accumulators.py", *LOOP),
        (
            "the least begins with zero",
            "0xFFFF_FFFF if value.reduction is Reduction.MIN else 0)\n        forms",
            "0)\n        forms",
        ),
        (
            "groups do not wait for each other",
            "            op.order.append((last, 1))\n",
            "            pass\n",
        ),
        (
            "the least of single lanes is the greatest",
            "one, other = (total, result) if kind is Reduction.MIN else (result, total)",
            "one, other = (result, total) if kind is Reduction.MIN else (total, result)",
        ),
    ),
    *faults_in(
        "vliwc/isel/loops/top_level.py",
        LOOP,
        (
            "nothing comes before the loop",
            "            found.update(value.order)",
            "            pass",
        ),
    ),
    *faults_in(
        "vliwc/backend/machine_loop.py",
        LOOP,
        (
            "what comes after the loop is left out",
            'for name, dag in (("rest", dags.rest), ("end", dags.end)):',
            'for name, dag in (("rest", dags.rest),):',
        ),
        (
            "lanes of the rest are lost",
            "    return Cut(best, *divmod(lanes, best * vlen))",
            "    return Cut(best, lanes // (best * vlen), 0)",
        ),
        (
            "the rest is one trip less",
            "cut.trips, dags.count),",
            "cut.trips - 1, dags.count),",
        ),
    ),
    *faults_in(
        "vliwc/backend/rounds.py",
        ("tests/property/test_rounds.py",),
        (
            "trips begin in the middle of a period",
            "    rounds = max(min(round(TUNING.trip / period), in_lane), 1) * found.period",
            "    rounds = max(min(round(TUNING.trip / period), in_lane), 1) * found.period + 1",
        ),
        (
            "rounds that are left are lost",
            "    return RoundTrips(found.loop, rounds, trips, rest) if",
            "    return RoundTrips(found.loop, rounds, trips, 0) if",
        ),
    ),
    *faults_in(
        "vliwc/backend/emit.py",
        ("tests/unit/backend/test_emit.py", *LOOP),
        (
            "the jump looks at a word that changes with it",
            'return "flow" in last or any(slot[1] == word for slot in last.get("alu", ()))',
            'return "flow" in last',
        ),
    ),
    *faults_in(
        "vliwc/analysis/rounds.py",
        ROUNDS,
        ("whatever is known may change", "return first.word is not None and first", "return first"),
        ("the greatest word may grow", "        and later.hi <= first.hi\n", ""),
        (
            "any load is that of the state",
            "value.array == array and value.args[0] is index",
            "value.array == array",
        ),
        (
            "later rounds use the first words",
            "    return all(user.id in in_first_round for load in loads for user in users[load])\n",
            "    return bool(users) and bool(in_first_round)\n",
        ),
        (
            "assumptions hold of later words",
            " or not loads.isdisjoint(reachable(function.assumptions))",
            "",
        ),
    ),
)
