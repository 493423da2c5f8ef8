"""Strategies, words at known addresses, and the stages that bring all parts together."""

from __future__ import annotations

from tests.faults.fault import faults_in

ISEL = "tests/unit/isel"
STRATEGY = "tests/unit/strategy"

STRATEGIES = (
    *faults_in(
        "vliwc/isel/memory/regions.py",
        (f"{ISEL}/test_regions.py",),
        (
            "chunks stick out of memory",
            "    return Chunk(max(min(low, limit - vectors * vlen), 0), vectors)",
            "    return Chunk(low, vectors)",
        ),
        (
            "merged chunks end with the last one",
            "merged[-1] = (merged[-1][0], max(merged[-1][1], high))",
            "merged[-1] = (merged[-1][0], high)",
        ),
        (
            "any steps are even",
            "    even = all(word == low + step * (lane - first) for lane, word in known)",
            "    even = True",
        ),
        (
            "chunks hold the word behind them",
            "        return chunk.base <= word < chunk.base + chunk.vectors * vlen",
            "        return chunk.base <= word <= chunk.base + chunk.vectors * vlen",
        ),
        (
            "short groups read past their chunk",
            "        if stride == 1 and first.offset + self.uniform.vlen > width:",
            "        if False:",
        ),
        (
            "words of several chunks wait for one load",
            "        return [self._load(self.regions.chunks[group][number]) for number in numbers]",
            "        return [self._load(self.regions.chunks[group][number]) for number in numbers][:1]",
        ),
        (
            "one word of a chunk for all",
            "                word = Operand(self._load(chunk), offset, 0)",
            "                word = Operand(self._load(chunk), 0, 0)",
        ),
        (
            "places of a group by those of the first",
            "            pattern.append(numbers.setdefault(key, len(numbers)))",
            "            pattern.append(numbers.setdefault(key[1], len(numbers)))",
        ),
    ),
    *faults_in(
        "vliwc/isel/memory/store_rows.py",
        (f"{ISEL}/test_store_rows.py",),
        (
            "the end of a run is not stored",
            "    return starts if len(run) % vlen == 0 else [*starts, run.stop - vlen]",
            "    return starts",
        ),
        (
            "rows that overlap in one cycle",
            "        op.order.append((before, 1))",
            "        op.order.append((before, 0))",
        ),
        (
            "rows are stored before their words are put there",
            "    (copy or op).order.extend((source, 1) for source in written)\n",
            "",
        ),
        (
            "short runs are stored as rows",
            "for run in runs if len(run) < vlen for at in run}",
            "for run in runs if len(run) < vlen // 2 for at in run}",
        ),
        (
            "words of any vectors are in order",
            "        word.source == first.source and word.offset == first.offset + lane\n",
            "        word.offset == first.offset + lane\n",
        ),
        (
            "equal to the first if the second is",
            "    if all(word == first for word in words):",
            "    if words[1] == first:",
        ),
    ),
    *faults_in(
        "vliwc/isel/reads/selections.py",
        (f"{ISEL}/test_selections.py",),
        (
            "any condition is a bit",
            "    return otherwise.is_const and otherwise.imm == 0 and facts.hi(condition) <= 1",
            "    return otherwise.is_const and otherwise.imm == 0",
        ),
        (
            "any constant is zero",
            "    return otherwise.is_const and otherwise.imm == 0 and facts.hi(condition) <= 1",
            "    return otherwise.is_const and facts.hi(condition) <= 1",
        ),
        (
            "differences are shared by all",
            "        new = (op, a, b) not in done",
            "        new = not done",
        ),
    ),
    *faults_in(
        "vliwc/strategy/balance.py",
        (f"{STRATEGY}/test_balance.py",),
        (
            "entries without a limit",
            "            self.model.add(3 * vlen * kept <= 2 * limits.entry_words)",
            "            self.model.add(3 * vlen * kept <= 2 * 3 * vlen * len(entries))",
        ),
        ("tables without a limit", "<= limits.memory_words", "<= 1 << 20"),
        ("set-up is free", "            self.setup.append((self.used[key], demand))\n", ""),
        (
            "what is used need not be set up",
            "        self.model.add(arc.flow <= self.groups * self.used[key])",
            "        pass",
        ),
        (
            "only the loads of reads count",
            'fits(total("load") + base.load,',
            'fits(total("load"),',
        ),
        (
            "only the selections of reads count",
            'fits(total("flow") + by_flow + base.flow,',
            'fits(total("flow") + by_flow,',
        ),
        (
            "only the arithmetic of reads counts",
            'total("compute") + base.compute',
            'total("compute")',
        ),
        (
            "choices on flow and elsewhere are counted once too often",
            "        everything = (either - by_flow) * vlen +",
            "        everything = either * vlen +",
        ),
        (
            "selections that leave flow stay there",
            "plain=operations - 1)._replace(flow=-1)",
            "plain=operations - 1)",
        ),
    ),
    *faults_in(
        "vliwc/strategy/bound.py",
        (f"{STRATEGY}/test_bound.py",),
        (
            "a tenth of a cycle too high",
            "    return max(solver.best_objective_bound, 0.0) / TENTHS",
            "    return (max(solver.best_objective_bound, 0.0) + 1) / TENTHS",
        ),
        (
            "any way to share chunks, not the least",
            "        if best is None or cycles < best.cycles:",
            "        if best is None or cycles > best.cycles:",
        ),
        (
            "words loaded anyway are loaded again",
            "                if word not in loaded_anyway:",
            "                if True:",
        ),
    ),
    *faults_in(
        "vliwc/strategy/unavoidable.py",
        (f"{STRATEGY}/test_unavoidable.py",),
        (
            "a load for every word",
            "            count, end = count + 1, word + vlen",
            "            count, end = count + 1, word + 1",
        ),
        (
            "few words are stored as a vector",
            "            count += -(-length // vlen) if length >= vlen else length",
            "            count += -(-length // vlen)",
        ),
        (
            "selections always pay for what they share",
            "            extra, valu = op.lanes // differences[a, b], True",
            "            extra, valu = 0, True",
        ),
        (
            "without rows, vectors all the same",
            "        places = {v: at for v, at in places.items() if not _scattered(program, v)}",
            "        places = dict(places)",
        ),
    ),
    *faults_in(
        "vliwc/strategy/least_latency.py",
        (f"{STRATEGY}/test_unavoidable.py",),
        (
            "memory order costs nothing",
            "        ready[op] = max([start, *ordered]) + 1",
            "        ready[op] = start + 1",
        ),
        (
            "operations take no time",
            "            ready[op] = start + (not is_move(lanes, op))",
            "            ready[op] = start",
        ),
    ),
    *faults_in(
        "vliwc/stages.py",
        ("tests/unit/test_driver.py",),
        (
            "schedules are not checked",
            "        check_schedule(part.problem, part.schedule)",
            "        pass",
        ),
        ("programs are not checked", "    check_emitted(unit.program)", "    pass"),
    ),
    *faults_in(
        "vliwc/strategy/linear_bound.py",
        ("tests/unit/strategy/test_linear_bound.py",),
        (
            "prices of the wrong sign prove something",
            "if price > 0 and not row.exact:",
            "if False:",
        ),
        (
            "limits of variables do not count",
            "strict=True) if cost < 0",
            "strict=True) if cost > 0",
        ),
        ("a unit of the objective may cost more than one", "if charged > SCALE:", "if False:"),
        (
            "rows that hold exactly prove half",
            "if price > 0 and not row.exact:",
            "if price > 0:",
        ),
        ("rows beyond the limit are added", "if len(self.rows) >= self.most:", "if False:"),
    ),
)
