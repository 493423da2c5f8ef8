"""What people see of a compilation: explanations, reports, Python, and what is kept of it."""

from __future__ import annotations

from tests.faults.fault import faults_in

CAUSES = "tests/property/test_causes.py"
REPORT = "tests/unit/report/test_report.py"
API = "tests/unit/api/test_api.py"

SHOWN = (
    *faults_in(
        "vliwc/explain/causes.py",
        ("tests/unit/explain/test_causes.py", CAUSES),
        (
            "engines without a price count",
            "if prices[e] > 0 and free[e] > 0]",
            "if free[e] > 0]",
        ),
        (
            "no room comes before ready",
            "    if any(waiting.movable[e][cycle] for e in idle):\n        return LATER\n",
            "",
        ),
        (
            "operations have room as soon as they are ready",
            "room = int(last_full[int(dense.width[op])][begin]) + 1",
            "room = 0",
        ),
        (
            "operations are left until they have begun",
            "                _add(left[e], 0, end)",
            "                _add(left[e], 0, begin)",
        ),
        (
            "lines for engines with free slots",
            "    lines[free > 0] = 0\n",
            "",
        ),
        (
            "the shortest line",
            "    longest = int(np.argmax(lines))",
            "    longest = int(np.argmin(lines))",
        ),
        (
            "lanes one after the other are ready all the time",
            "    if not dense.serial[op]:\n        yield ready, last\n        return\n",
            "    yield ready, last\n    return\n",
        ),
        (
            "only whole operations are ready for a slot",
            "if vector >> e & 1 or lanes == e]",
            "if vector >> e & 1]",
        ),
    ),
    *faults_in(
        "vliwc/explain/timing.py",
        (API, REPORT, CAUSES),
        (
            "ready with the first lane before",
            "    done = last[source] + p.succ_latency",
            "    done = first[source] + p.succ_latency",
        ),
        (
            "words are free with the first reader",
            "    np.maximum.at(until, p.use, last[reader])",
            "    np.maximum.at(until, p.use, first[reader])",
        ),
        (
            "words are taken in the cycle after",
            "    np.add.at(change, first, width)",
            "    np.add.at(change, np.minimum(first + 1, schedule.cycles), width)",
        ),
    ),
    *faults_in(
        "vliwc/report/data.py",
        (REPORT,),
        (
            "one row for all slots of an engine",
            "        used[cycle, engine] += 1\n",
            "",
        ),
        (
            "addresses of another operation",
            '        "address": [op.address for op in found],',
            '        "address": [op.address + op.width for op in found],',
        ),
        (
            "holders of the first cycle",
            "    at = int(slots.schedule_cycle[cycle])",
            "    at = int(slots.schedule_cycle[0])",
        ),
        (
            "holders that are not shown are left out",
            "    if rest:\n        holders",
            "    if False:\n        holders",
        ),
        (
            "lines of the source one too far",
            '"lines": [spans.get(line, 0) for line in _lines(text)]}',
            '"lines": [spans.get(line, -1) + 1 for line in _lines(text)]}',
        ),
        (
            "lines of the machine DAG one operation late",
            "        for block in (dag.shared, *(template.ops for template in templates))",
            "        for block in (dag.shared[1:], *(template.ops for template in templates))",
        ),
    ),
    *faults_in(
        "vliwc/report/render.py",
        (REPORT,),
        ("text can end its element", '.replace("<", "\\\\u003c")', ""),
        (
            "reports of any version",
            'if fields.get("format") != FORMAT or fields.get("version") != VERSION:',
            'if fields.get("format") != FORMAT:',
        ),
        (
            "damage is no error of the user",
            "    except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:",
            "    except (KeyError, IndexError, AttributeError) as error:",
        ),
        (
            "differences the other way",
            'f"{y - x:+d}" if y != x else ""',
            'f"{x - y:+d}" if y != x else ""',
        ),
        (
            "causes of one compilation only",
            'for data in (a, b) for cause in data["causes"]}',
            'for data in (a,) for cause in data["causes"]}',
        ),
    ),
    *faults_in(
        "vliwc/report/intern.py",
        (REPORT,),
        (
            "equal texts stand twice",
            "        found = self._numbers.setdefault(text, len(self.texts))",
            "        found = len(self.texts)",
        ),
    ),
    *faults_in(
        "vliwc/report/charts.py",
        (REPORT,),
        (
            "bars without an end",
            "        x += width\n",
            "",
        ),
        (
            "use as high as the whole row",
            "                    _n(base - tall * used),",
            "                    _n(base - tall),",
        ),
        (
            "the peak in the first cycle",
            '        peak = int(data["peak"]["cycle"])',
            "        peak = 0",
        ),
    ),
    *faults_in(
        "vliwc/api/compilation.py",
        (API,),
        (
            "any input may be missing",
            "            if missing:\n",
            "            if False:\n",
        ),
        (
            "a seed and an image",
            "            if memory is not None:\n                raise",
            "            if False:\n                raise",
        ),
        (
            "the image has no part in a run",
            "            image = _image(memory)",
            "            _image(memory)",
        ),
        (
            "images of any shape",
            "    if words.ndim != 1:",
            "    if False:",
        ),
        (
            "sizes by keyword are forgotten",
            "    bound = {**(params or {}), **sizes}",
            "    bound = {**(params or sizes)}",
        ),
        (
            "arrays of what may be overwritten",
            "        if place.is_input or place.is_output\n",
            "",
        ),
        (
            "any text is a file",
            'if isinstance(kernel, str) and "{" in kernel:',
            'if isinstance(kernel, str) and "}" == kernel:',
        ),
    ),
    *faults_in(
        "vliwc/api/display.py",
        (API,),
        (
            "the bound for the cycles",
            "<b>{escape(kernel.name)}({escape(sizes)}): {compilation.cycles} cycles</b>",
            "<b>{escape(kernel.name)}({escape(sizes)}): {compilation.lower_bound} cycles</b>",
        ),
        (
            "all cycles but the first window",
            "        for window in explanation.windows:",
            "        for window in explanation.windows[1:]:",
        ),
    ),
    *faults_in(
        "vliwc/cache/flat.py",
        ("tests/unit/cache/test_flat.py",),
        (
            "machine operations refer to others by recursion",
            "FLAT = (Value, MOp)",
            "FLAT = (Value,)",
        ),
        (
            "one number for all",
            "        return self._numbers.setdefault(obj, len(self._numbers))",
            "        return self._numbers.setdefault(type(obj), len(self._numbers))",
        ),
        (
            "only what the root refers to itself",
            "    while len(kinds) < len(numbers):",
            "    if len(kinds) < len(numbers):",
        ),
    ),
)
