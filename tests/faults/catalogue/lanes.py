"""What the lane number decides, what follows from it, and other parts that came later."""

from __future__ import annotations

from tests.faults.fault import faults_in

ISEL = "tests/unit/isel"
LANE_CASES = "tests/unit/analysis/test_lane_cases.py"

LANES = (
    *faults_in(
        "vliwc/analysis/lane_words.py",
        (
            "tests/unit/analysis/test_lane_words.py",
            LANE_CASES,
            f"{ISEL}/test_loop_order.py",
            f"{ISEL}/test_regions.py",
        ),
        ("multiply-adds without the addend", "return a * b + args[2]", "return a * b"),
        (
            "divisions by zero give a word",
            "            if not b.all():\n                return None\n",
            "",
        ),
        (
            "shifts by 32 give the word",
            "np.where(inside, shifted, 0)",
            "np.where(inside, shifted, a)",
        ),
        ("words do not wrap", "words & np.uint64(MASK)", "words"),
        (
            "iterations of other loops",
            "            if value.imm == loop.number:",
            "            if True:",
        ),
        ("arms the other way", "np.where(a != 0, b, args[2])", "np.where(a == 0, b, args[2])"),
    ),
    *faults_in(
        "vliwc/analysis/lane_cases.py",
        (LANE_CASES, "tests/unit/isel/test_instantiate.py"),
        ("one absorbs its factor", "[(0, None), (1, other)]", "[(0, None), (1, None)]"),
        (
            "every word is a bit",
            "bit = [(1, other)] if facts.hi(other) <= 1 else []",
            "bit = [(1, other)]",
        ),
        (
            "a product of zero absorbs the addend",
            "return [(0, value.args[2])]",
            "return [(0, None)]",
        ),
        (
            "or with all ones is none",
            "        case Op.OR:\n            return [(0, other)]",
            "        case Op.OR:\n            return [(0, other), (MASK, other)]",
        ),
        (
            "lanes that nobody asks for may trap",
            "trap = number == 1 and value.op in TRAPS",
            "trap = False",
        ),
        (
            "indices are right in lanes that are asked for",
            "        if value in raw:\n            raw.update(value.args)\n",
            "",
        ),
        (
            "lanes of a group are computed apart",
            "own = lanes & _whole_groups(lanes & (code == position[value]), vlen)",
            "own = lanes & (code == position[value])",
        ),
        (
            "groups in which a value stays need a view",
            "            if not mask.any() or (here[mask] == position[value]).any():",
            "            if not mask.any():",
        ),
        (
            "one lane does not make a group ask",
            "np.arange(0, len(lanes), self.vlen)) > 0",
            "np.arange(0, len(lanes), self.vlen)) > 1",
        ),
    ),
    *faults_in(
        "vliwc/strategy/row_choice.py",
        (f"{ISEL}/test_store_rows.py",),
        (
            "vectors as they are make rows",
            "index is not None and not _consecutive(index) and (index",
            "index is not None and (index",
        ),
        (
            "words behind the array",
            " and not _consecutive(index) and (index < array.length).all():",
            " and not _consecutive(index):",
        ),
        (
            "words that another store writes",
            "if len(addresses) == len(words) and taken.isdisjoint(addresses):",
            "if len(addresses) == len(words):",
        ),
        (
            "rows wait in any number",
            "return peak <= program.machine.scratch_words // TUNING.row_share",
            "return True",
        ),
        (
            "rows that need each other",
            "        if can_merge(program.function, [*(rows.stores for rows in chosen), found.stores]):",
            "        if True:",
        ),
        (
            "order hinders no row",
            "for source in (*value.args, *value.order):",
            "for source in value.args:",
        ),
    ),
    *faults_in(
        "vliwc/strategy/region_choice.py",
        (f"{ISEL}/test_regions.py",),
        (
            "what was stored before is not seen",
            "if index is None or stored or not",
            "if index is None or not",
        ),
        (
            "chunks take any part of scratch",
            "return max(widest, shared) * vlen <= room",
            "return True",
        ),
        (
            "a gather takes one load",
            "total += 1 if plain else len(words[start : start + vlen])",
            "total += 1",
        ),
    ),
    *faults_in(
        "vliwc/isel/scalar.py",
        (f"{ISEL}/test_scalar.py",),
        (
            "downwards every word has a vload",
            "while end < index + self.vlen and (array.name, end) not in self._words:",
            "while end < index + self.vlen:",
        ),
        (
            "a vload behind the array",
            "first = min(max(end - self.vlen, 0), array.length - self.vlen)",
            "first = max(end - self.vlen, 0)",
        ),
    ),
    *faults_in(
        "vliwc/isel/reads/neighbour_reads.py",
        (f"{ISEL}/test_neighbour_reads.py",),
        (
            "rows start at their first read",
            ".plus(Linear(array.base)).minus(Linear(self.back))",
            ".plus(Linear(array.base))",
        ),
        (
            "rows overlap in any order",
            "group.lanes, width, serial=self.pitch < group.vlen)",
            "group.lanes, width)",
        ),
        (
            "the word of the first read for all",
            "Operand(row, self.place, self.pitch)",
            "Operand(row, 0, self.pitch)",
        ),
        (
            "words of the rows are in no order with stores",
            "        site.group.memory.setdefault(value, []).append(row)\n",
            "",
        ),
        (
            "constants that are folded are forgotten",
            "    return folded(site.group, word, fold)",
            "    return folded(site.group, word, None)",
        ),
    ),
    *faults_in(
        "vliwc/strategy/neighbour_choice.py",
        (f"{ISEL}/test_neighbour_reads.py",),
        (
            "rows of words that are too far apart",
            "min(*row.values(), place) >= vlen:",
            "min(*row.values(), place) > vlen:",
        ),
        (
            "rows at the end of memory do not start earlier",
            "    spare = max(0, last + program.machine.vlen - end)",
            "    spare = 0",
        ),
        (
            "rows may start before memory",
            "    return spare if spare <= array.base + program.facts.lo(index) else None",
            "    return spare",
        ),
        (
            "any places are neighbours",
            "or form.terms != lead.terms or",
            "or",
        ),
    ),
    *faults_in(
        "vliwc/mir/spill.py",
        ("tests/unit/mir/test_spill_order.py", "tests/unit/mir/test_spill.py"),
        (
            "words are used again too early",
            "        store.order += [(each, 1 if each.width == 0 else 0) for each in slot.left]\n",
            "",
        ),
        (
            "words that are free again have no end",
            " and until < slot.spare.end:",
            ":",
        ),
        (
            "stores do not wait for who needs the words first",
            "            store.order.append((self._door(slot.spare), 0))\n",
            "            pass\n",
        ),
        (
            "loads come with the stores",
            "        load.order.append((store, 1))\n",
            "        load.order.append((store, 0))\n",
        ),
        (
            "spares have no end",
            "            and until < spare.end\n",
            "",
        ),
        (
            "outputs do not wait for what waits in their words",
            "            each.order.append((door, 0))\n",
            "            pass\n",
        ),
        (
            "who is used first goes",
            "heappush(self.latest, (-self._next(value), self.notes, value))",
            "heappush(self.latest, (self._next(value), self.notes, value))",
        ),
    ),
    *faults_in(
        "vliwc/isel/memory/spare.py",
        ("tests/unit/mir/test_spill.py",),
        (
            "words of any array",
            "    if array.role in (Role.OUT, Role.SCRATCH):",
            "    if True:",
        ),
    ),
    *faults_in(
        "vliwc/mir/unshared.py",
        ("tests/unit/mir/test_unshared.py",),
        (
            "loads of words that are written",
            "        if not op.forms or (memory and op not in loads):",
            "        if not op.forms:",
        ),
        (
            "words of groups are shared",
            "            members = [made(op, add_shared) if op in again else op for op in source.members]",
            "            members = list(source.members)",
        ),
        (
            "broadcasts share their constants",
            "            if isinstance(source, MOp) and source in again and source not in found:",
            "            if False:",
        ),
    ),
    *faults_in(
        "vliwc/cache/compilations.py",
        ("tests/unit/cache/test_compilations.py",),
        ("seeds do not matter", '        "seed": options.seed,\n', ""),
        ("machines do not matter", '        "machine": repr(options.machine),\n', ""),
        ("passes left out do not matter", '        "without": list(options.without),\n', ""),
        ("sizes do not matter", '        "params": sorted(params.items()),\n', ""),
        ("who verifies gets what is kept", " or options.verify or ", " or "),
    ),
    *faults_in(
        "isa/arrays.py",
        ("tests/unit/api/test_api.py", "tests/unit/isa/test_images.py"),
        ("negative words", "(0 <= int(array.min()) and int", "(int"),
        ("any shape", "if shape is not None and array.shape != shape:", "if False:"),
        (
            "the image does not grow",
            "    words += [0] * (image_words(places) - len(words))\n",
            "",
        ),
    ),
    *faults_in(
        "vliwc/isel/memory/row_buffers.py",
        ("tests/unit/isel/test_row_buffers.py",),
        ("readers do not follow moved words", "        follow(reader, moved)\n", "        pass\n"),
        (
            "what reads moved words may come before they are written",
            "        reader.order.extend((op, 1) for op in met if op is not reader)\n",
            "",
        ),
        ("vectors that are read whole are scattered", "if able.isdisjoint(whole)", "if able"),
        ("buffers may have holes", "+ 1 == len(taken)", "+ 1 >= len(taken)"),
    ),
    *faults_in(
        "vliwc/mir/scheduling_problem.py",
        ("tests/unit/isel/test_row_buffers.py",),
        (
            "a buffer may be written before it has a place",
            "        found.append((op.into, 0, True))\n",
            "        pass\n",
        ),
    ),
    *faults_in(
        "vliwc/passes/forward_words.py",
        ("tests/filetests/passes", "tests/property/test_words_in_scratch.py"),
        ("unknown stores hide nothing", "lost[value.array].update(range(len(words)))", "pass"),
        (
            "words stay hidden when they are stored again",
            "                lost[value.array].difference_update(at)\n",
            "",
        ),
        (
            "copies are not followed",
            "return self.moves[value][k] if value in self.moves else",
            "return",
        ),
        ("what is stored again counts as seen", "                    words[index] = False\n", ""),
        (
            "loads do not see stores",
            "words[slice(None) if index is None else index] = True",
            "pass",
        ),
        (
            "later stores may come before a load of words at entry",
            "                    before.append(entry[value])\n",
            "",
        ),
        (
            "neighbours of iterations at the end are asked for",
            "beside if 0 <= beside < extent else at",
            "beside",
        ),
        (
            "words at the top level have iterations",
            "        if value.loop == TOP_LEVEL:\n            k = 0\n",
            "",
        ),
    ),
    *faults_in(
        "vliwc/isel/memory/moves.py",
        ("tests/unit/isel/test_moves.py", "tests/property/test_words_in_scratch.py"),
        ("short groups read whole vectors", "or first.offset == 0", "or True"),
        ("all groups read the first one's results", "each.results[number] if", "some if"),
        ("words of any result are one vector", "len(results) == 1 and ", ""),
    ),
    *faults_in(
        "vliwc/analysis/lane_cases.py",
        ("tests/unit/analysis/test_lane_cases.py", "tests/property/test_words_in_scratch.py"),
        (
            "words that other loops take are not asked for",
            "ask(arg, _picked(value, number, loop.extent))",
            "pass",
        ),
    ),
    *faults_in(
        "vliwc/isel/repair.py",
        ("tests/unit/isel/test_repair.py",),
        (
            "a lane is done anew before the whole vector is written",
            "    found.order.append((whole.source, 1))\n",
            "",
        ),
        ("readers do not wait for lanes done anew", "if done is not op)", "if done is op)"),
        ("runs reach out of their chunk", "width(source) - vlen:", "width(source):"),
        ("the wrong lane is done anew", "whole.offset + lane)", "whole.offset)"),
    ),
    *faults_in(
        "vliwc/isel/group.py",
        ("tests/unit/isel/test_repair.py",),
        (
            "vectors that are read from elsewhere are repaired",
            "if result in self.leaving or self.lanes",
            "if self.lanes",
        ),
    ),
    *faults_in(
        "vliwc/isel/select.py",
        ("tests/unit/isel/test_repair.py",),
        (
            "what passes a vector on does not leave",
            "or passes_on & (value in leaving)",
            "",
        ),
    ),
    *faults_in(
        "vliwc/isel/loops/scans.py",
        ("tests/unit/isel/test_scans.py", "tests/property/test_words_in_scratch.py"),
        ("nothing is carried in", "found.append(word)", "found.append(start)"),
        ("a block has one group less", "within[: len(block) - 1]", "within[: len(block) - 2]"),
        (
            "totals are read before they are there",
            ", order=[(InGroup(group, total.last), 1)]",
            "",
        ),
        (
            "running totals are read before they are there",
            "                op.order.append((self.totals[key].last, 1))\n",
            "                pass\n",
        ),
        ("the own iteration always counts", "start - scan.imm", "start"),
        (
            "nothing is the greatest word for the least as well",
            "    return MASK if kind is Reduction.MIN else 0",
            "    return 0",
        ),
        (
            "the least of two lanes is the greatest",
            "            pair = (word, done) if kind is Reduction.MIN else (done, word)\n            better",
            "            pair = (done, word) if kind is Reduction.MIN else (word, done)\n            better",
        ),
        (
            "lanes do not wait for each other",
            "        op.order.append((before, 1))\n        return self._add(op)",
            "        return self._add(op)",
        ),
        (
            "a block ends with its last group alone",
            "combine(uniform, kind, (within[-1], block[-1])) if len(block) > 1",
            "block[-1] if len(block) > 1",
        ),
    ),
    *faults_in(
        "vliwc/passes/pack_stores.py",
        ("tests/filetests/passes", "tests/property/test_words_in_scratch.py"),
        (
            "whatever comes in between",
            "            if value not in own:\n",
            "            if False:\n",
        ),
        (
            "words are loaded before they are stored",
            "        if word in written:\n",
            "        if False:\n",
        ),
        ("the start is lost", "            if pack.start is None:\n", "            if True:\n"),
        (
            "strides are those of the first two",
            "if any(b - a != step",
            "if False and any(b - a != step",
        ),
        (
            "any operation on the value before continues a chain",
            "value.op is not values[1].op or before not in value.args",
            "before not in value.args",
        ),
        (
            "stores of a loop do not wait for its loads",
            "    order.update((load, None) for load in loads if load.array == origin.array)\n",
            "",
        ),
    ),
)
