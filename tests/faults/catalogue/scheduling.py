"""Schedulers, bounds, the checker of schedules, and the emitter."""

from __future__ import annotations

from tests.faults.fault import faults_in

SCHED = "tests/unit/sched"
OPTIMA = "tests/property/test_bounds.py"

SCHEDULING = (
    *faults_in(
        "vliwc/sched/check.py",
        (f"{SCHED}/test_check.py",),
        ("addresses of another number", "        or len(schedule.address) != n\n", ""),
        ("engines of another number", "        len(schedule.engine) != n\n        or ", "        "),
        (
            "cycles of another number",
            "        or len(schedule.lane_cycle) != int(p.lane_ptr[-1])\n",
            "",
        ),
        (
            "durations are ignored",
            "        last = last + renewable.duration.astype(np.int64) - 1\n",
            "        pass\n",
        ),
        (
            "cycles before the first",
            "if n and (cycle.min() < 0 or last.max()",
            "if n and (last.max()",
        ),
        (
            "cycles behind the last",
            "last.max() >= max(schedule.cycles, 1)",
            "last.max() > max(schedule.cycles, 1)",
        ),
        (
            "engines are not checked",
            "    _check_engines(problem, engine, first, last, names, found)\n",
            "",
        ),
        ("engines of another form", "(vector >> np.minimum(engine, 31)) & 1 == 1", "vector != 0"),
        (
            "operations without a form anywhere",
            "(engine == NOT_EXECUTED) & (vector == 0) & (scalarised < 0)",
            "(vector == 0) & (scalarised < 0)",
        ),
        (
            "operations with a form nowhere",
            "(engine == NOT_EXECUTED) & (vector == 0) & (scalarised < 0)",
            "(engine == NOT_EXECUTED)",
        ),
        (
            "lanes of a vector form in several cycles",
            "np.nonzero(takes_vector & ~takes_lanes & (first != last))",
            "np.nonzero(takes_vector & ~takes_lanes & (first > last))",
        ),
        (
            "a slot too many",
            '        for at in np.nonzero(used > capacity)[0].tolist():\n            message = f"cycle {at} uses',
            '        for at in np.nonzero(used > capacity + 1)[0].tolist():\n            message = f"cycle {at} uses',
        ),
        (
            "lanes take no slots",
            "        used = np.bincount(cycle[by_lane[owner]], minlength=horizon)",
            "        used = 0 * np.bincount(cycle[by_lane[owner]], minlength=horizon)",
        ),
        (
            "vectors take no slots",
            "        used += np.bincount(first[vector], minlength=horizon)\n",
            "",
        ),
        (
            "dependences one cycle too short",
            "    late = last[source] + p.succ_latency > first[p.succ]",
            "    late = last[source] + p.succ_latency > first[p.succ] + 1",
        ),
        (
            "dependences on the first lane only",
            "    late = last[source] + p.succ_latency > first[p.succ]",
            "    late = first[source] + p.succ_latency > first[p.succ]",
        ),
        (
            "latencies are ignored",
            "    late = last[source] + p.succ_latency > first[p.succ]",
            "    late = last[source] >= first[p.succ]",
        ),
        (
            "serial lanes in one cycle",
            "        if (np.diff(own) <= 0).any():",
            "        if (np.diff(own) < 0).any():",
        ),
        (
            "serial lanes backwards",
            "        if (np.diff(own) <= 0).any():",
            "        if (np.diff(own) == 0).any():",
        ),
        ("no address", "(address[holders] < 0) | (address", "(address[holders] < -1) | (address"),
        (
            "addresses behind the end",
            "address[holders] + width[holders] > p.words",
            "address[holders] > p.words",
        ),
        ("words that were written are zero", "    first = np.where(unwritten, -1, first)\n", ""),
        ("readers keep nothing alive", "    np.maximum.at(until, p.use, last[readers])\n", ""),
        (
            "readers free a word a cycle early",
            "clash = same & ((first[after] < until[before])",
            "clash = same & ((first[after] < until[before] - 1)",
        ),
        (
            "two writes in one cycle",
            " | (first[after] <= last[before]))",
            " | (first[after] < last[before]))",
        ),
        (
            "one word of a value",
            "    word = address[value] + offset",
            "    word = address[value] + 0 * offset",
        ),
        (
            "resources are not checked",
            "        _check_renewable(renewable, first, last, found)",
            "        pass",
        ),
        (
            "a resource is free in an operation's last cycle",
            "        np.subtract.at(change, last + 1, demand)",
            "        np.subtract.at(change, last, demand)",
        ),
        (
            "a unit too many",
            "np.nonzero(np.cumsum(change) > capacity)",
            "np.nonzero(np.cumsum(change) > capacity + 1)",
        ),
        (
            "the first resource only",
            "        demand = renewable.demand[:, number].astype(np.int64)",
            "        demand = renewable.demand[:, 0].astype(np.int64)",
        ),
        (
            "violations are no error",
            "    if found:\n        lines",
            "    if len(found) > 9:\n        lines",
        ),
    ),
    *faults_in(
        "vliwc/mir/scheduling_problem.py",
        ("tests/unit/mir/test_scheduling_problem.py", "tests/unit/isel/test_instantiate.py"),
        (
            "results in the cycle of their operation",
            "[(value, 1, True) for value in operand_sources(op)]",
            "[(value, 0, True) for value in operand_sources(op)]",
        ),
        (
            "order is ignored",
            "    found += [(before, latency, False) for before, latency in op.order]\n",
            "",
        ),
        ("order between groups is ignored", "    edges.append(Edges.of_rows(order))\n", ""),
        (
            "lanes of rows in any order",
            "column([int(op.serial) for op in ops])",
            "column([0 for op in ops])",
        ),
    ),
    *faults_in(
        "vliwc/backend/emit.py",
        ("tests/unit/backend/test_emit.py", "tests/unit/isel/test_instantiate.py"),
        ("the first form", "        if form.engine == engine:\n", "        if form:\n"),
    ),
    *faults_in(
        "vliwc/sched/problem/project.py",
        (OPTIMA,),
        (
            "a path one cycle too long",
            'int((head + duration + tail).max()), "critical path"',
            'int((head + duration + tail).max()) + 1, "critical path"',
        ),
        (
            "work one cycle too long",
            "cycles = -(-np.cumsum(work[inside]) // capacity) + head[inside] + q",
            "cycles = np.cumsum(work[inside]) // capacity + 1 + head[inside] + q",
        ),
        (
            "windows by the head of the first",
            "cycles = -(-np.cumsum(work[inside]) // capacity) + head[inside] + q",
            "cycles = -(-np.cumsum(work[inside]) // capacity) + head[inside].max() + q",
        ),
        (
            "windows without their tail",
            "inside = by_head[(tail[by_head] >= q) & (work[by_head] > 0)]",
            "inside = by_head[work[by_head] > 0]",
        ),
        (
            "one unit for each task",
            "        work = renewable.demand[:, number].astype(np.int64) * duration",
            "        work = np.minimum(renewable.demand[:, number], 1) * duration.astype(np.int64)",
        ),
    ),
    *faults_in(
        "vliwc/sched/relaxations/ancestors.py",
        ("tests/unit/sched/test_ancestors.py",),
        (
            "work of the operation's own cycle counts",
            "head = max(head, total + heads[own] + ends[k])",
            "head = max(head, total + heads[own] + ends[k] + 1)",
        ),
        (
            "tails with time as it is",
            "span, topo[::-1].copy(), work)",
            "span, topo, work)",
        ),
        (
            "engines that share operations are left out",
            "for _, prices in price_vectors(dense)] + _joined(dense)",
            "for _, prices in price_vectors(dense)]",
        ),
    ),
    *faults_in(
        "vliwc/sched/relaxations/fluid.py",
        (OPTIMA,),
        (
            "work starts one cycle late",
            "most = bisect_right(dues, cycle), bisect_right(heads, cycle)",
            "most = bisect_right(dues, cycle), bisect_right(heads, cycle - 1)",
        ),
        (
            "work is due one cycle early",
            "dues = sorted(horizon - 1 - view.tails[op] for op in own)",
            "dues = sorted(horizon - 2 - view.tails[op] for op in own)",
        ),
    ),
    *faults_in(
        "vliwc/sched/relaxations/counting.py",
        (OPTIMA,),
        (
            "operations start one cycle late",
            "most = [bisect_right(heads, cycle) for cycle in range(horizon)]",
            "most = [bisect_right(heads, cycle - 1) for cycle in range(horizon)]",
        ),
        (
            "operations are due one cycle early",
            "            least = bisect_right(dues, cycle)",
            "            least = bisect_right(dues, cycle + 1)",
        ),
    ),
    *faults_in(
        "vliwc/sched/relaxations/time_indexed.py",
        (OPTIMA,),
        (
            "the last cycle is not used",
            "            latest = self.horizon - 1 - view.tails[op] - view.span[op] + 1",
            "            latest = self.horizon - 1 - view.tails[op] - view.span[op]",
        ),
        (
            "a latency of one more",
            "self.ended[source].moved(latency))",
            "self.ended[source].moved(latency + 1))",
        ),
        (
            "resources are held one cycle longer",
            "self.started[op].moved(self.view.duration[op]).at(cycle)",
            "self.started[op].moved(self.view.duration[op] + 1).at(cycle)",
        ),
    ),
    *faults_in(
        "vliwc/sched/problem/scratch.py",
        (
            f"{SCHED}/test_scratch.py",
            f"{SCHED}/test_core.py",
            f"{SCHED}/test_list.py",
            f"{SCHED}/test_schedulers.py",
        ),
        (
            "runs with a word taken",
            "        run = 0 if used[at] else run + 1",
            "        run = run if used[at] else run + 1",
        ),
        (
            "aligned runs without their last word",
            "        for k in range(width):\n            if used[at + k]:",
            "        for k in range(width - 1):\n            if used[at + k]:",
        ),
        (
            "slots that are apart",
            "        if used[at]:\n            free = 0\n",
            "        if used[at]:\n            free = max(free, 0)\n",
        ),
        (
            "operands go with the last reader but one",
            "        if readers[v] == 0:\n            give_back(",
            "        if readers[v] <= 1:\n            give_back(",
        ),
        (
            "slots stay free when they are taken",
            "    first = pool[LOWEST_FREE]\n    used[first] = 1\n",
            "    first = pool[LOWEST_FREE]\n    used[first] = 0\n",
        ),
        (
            "words of a vector are given back as one slot",
            "    elif width > 1:\n        first = at // vlen\n        for s in range((width + vlen - 1) // vlen):",
            "    elif width > 1:\n        first = at // vlen\n        for s in range(1):",
        ),
    ),
    *faults_in(
        "vliwc/sched/problem/bounds.py",
        (f"{SCHED}/test_bounds.py", OPTIMA, f"{SCHED}/test_schedulers.py"),
        ("rounded up without need", "SLACK = 1e-6", "SLACK = -1e-6"),
        (
            "a path one cycle too long",
            "    path = int(ceil(longest - SLACK))",
            "    path = int(ceil(longest - SLACK)) + 1",
        ),
        (
            "a path one cycle too short",
            "    path = int(ceil(longest - SLACK))",
            "    path = int(ceil(longest - SLACK)) - 1",
        ),
        (
            "windows by the head of the first",
            "sums = np.cumsum(work[inside]) + head[inside] + q",
            "sums = np.cumsum(work[inside]) + head[inside].max() + q",
        ),
        (
            "windows without their tail",
            "        inside = by_head[tail[by_head] >= q]\n        sums",
            "        inside = by_head\n        sums",
        ),
        (
            "the dearest form",
            "(best < 0.0 or prices[e] < best)",
            "(best < 0.0 or prices[e] > best)",
        ),
        (
            "lanes for the price of one",
            "            price = prices[scalarised] * p.lanes[op]",
            "            price = prices[scalarised]",
        ),
    ),
    *faults_in(
        "vliwc/sched/problem/paths.py",
        (f"{SCHED}/test_bounds.py", OPTIMA, f"{SCHED}/test_schedulers.py"),
        (
            "tails without latencies",
            "longest_to_end(dense, topo, span[dense.succ] + between)",
            "longest_to_end(dense, topo, span[dense.succ])",
        ),
        (
            "heads by the shortest",
            "            found[p.succ[s]] = max(found[p.succ[s]], found[op] + length[s])",
            "            found[p.succ[s]] = found[op] + length[s]",
        ),
        (
            "circles are orders",
            "    if len(order) < len(p.lanes):",
            "    if len(order) < 1 and len(p.lanes):",
        ),
    ),
    *faults_in(
        "vliwc/sched/greedy/core.py",
        (f"{SCHED}/test_greedy_core.py", "tests/property/test_schedulers.py"),
        (
            "serial lanes side by side when they go on",
            "            now = min(p.lanes[op] - issued[op], slots[e])\n            if p.serial[op] == 1:\n                now = min(now, 1)\n",
            "            now = min(p.lanes[op] - issued[op], slots[e])\n",
        ),
        (
            "operands stay free when there is no place",
            "                            if readers[v] == 0:\n                                used[address[v] : address[v] + p.width[v]] = 1\n",
            "",
        ),
        (
            "operands die before the last lane",
            "                finishing = now == p.lanes[op]",
            "                finishing = True",
        ),
        (
            "vectors take no slot",
            "                    slots[e] -= now if by_lane else 1",
            "                    slots[e] -= now if by_lane else 0",
        ),
        (
            "latencies of one are none",
            "                if p.succ_latency[s] > 0:\n                    t = p.succ[s]\n                    waiting[t] -= 1\n                    if waiting[t] == 0:\n                        fresh",
            "                if p.succ_latency[s] >= 0:\n                    t = p.succ[s]\n                    waiting[t] -= 1\n                    if waiting[t] == 0:\n                        fresh",
        ),
    ),
    *faults_in(
        "vliwc/sched/staggered/deadlines.py",
        (f"{SCHED}/test_deadlines.py",),
        (
            "negative deadlines in the wrong order",
            "bits[i] ^= _ALL if bits[i] & _SIGN else _SIGN",
            "bits[i] ^= _SIGN",
        ),
        ("a negative zero is less than zero", "(due + 0.0).view", "due.copy().view"),
        (
            "digits that all deadlines but one have in common are left out",
            "& _MASK] == n:",
            "& _MASK] >= n - 1:",
        ),
    ),
    *faults_in(
        "vliwc/sched/staggered/workspace.py",
        (f"{SCHED}/test_core.py", f"{SCHED}/test_list.py"),
        (
            "the second child is never less",
            "if child + 1 < size and heap[base + child + 1] < heap[base + child]:",
            "if child + 1 < size and heap[base + child + 1] < 0:",
        ),
        ("classes whose engine is full stay open", "if slots[e] > 0:", "if slots[e] >= 0:"),
        ("the top of an empty class", "top[c] = EMPTY", "top[c] = last"),
    ),
    *faults_in(
        "vliwc/sched/staggered/core.py",
        (f"{SCHED}/test_core.py", f"{SCHED}/test_list.py"),
        (
            "serial lanes side by side",
            "            now = min(lanes[op] - issued[op], slots[e])\n            if serial[op] == 1:\n                now = min(now, 1)\n",
            "            now = min(lanes[op] - issued[op], slots[e])\n",
        ),
        (
            "operands die before the last lane",
            "            dying = hi if finishing else lo",
            "            dying = hi",
        ),
        (
            "vectors take no slot",
            "                taken = now if e == scalarised else 1",
            "                taken = now if e == scalarised else 0",
        ),
        (
            "lanes take one slot",
            "                taken = now if e == scalarised else 1",
            "                taken = 1",
        ),
        (
            "releases are ignored",
            "            if group[op] < 0 and release[op] > cycle:",
            "            if False:",
        ),
        (
            "as many groups as there are",
            "                or (starts and under_way >= in_flight)\n",
            "",
        ),
        (
            "the horizon is ignored",
            "    while remaining > 0 and cycle < horizon:",
            "    while remaining > 0:",
        ),
        (
            "results that nobody reads stay",
            "            if p.n_uses[op] == 0:\n                give_back(",
            "            if p.n_uses[op] < 0:\n                give_back(",
        ),
        ("reserves are not kept", "                keep = reserve\n", "                keep = 0\n"),
        (
            "vectors never wait for flow",
            "                if not hurry and cycle < urgent[op]:",
            "                if False:",
        ),
    ),
)
