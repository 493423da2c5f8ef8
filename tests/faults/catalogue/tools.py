"""What stands around the compiler: the language server, suites of one's own, histories."""

from __future__ import annotations

from tests.faults.fault import faults_in

DOCUMENT = "tests/unit/lsp/test_document.py"
SERVER = "tests/cli/test_lsp.py"
HISTORY = "tests/unit/lab/test_history.py"
BENCH = "tests/cli/test_history.py"

TOOLS = (
    *faults_in(
        "vliwc/lsp/document.py",
        (DOCUMENT, SERVER),
        (
            "settings before the comment",
            "        if comment := _PARAMS.search(self.source.text):",
            "        if (comment := _PARAMS.search(self.source.text)) and not self._settings:",
        ),
        (
            "the last value of a span",
            "fact if old is None else join(old, fact)",
            "fact",
        ),
        (
            "constants cost",
            "if value.span is not None and value.op not in _FREE",
            "if value.span is not None",
        ),
        (
            "names in comments",
            "                comment < 0 or match.start() < comment\n",
            "                comment < 0 or match.start() >= 0\n",
        ),
        (
            "the outermost expression",
            "    return max(\n        at,",
            "    return min(\n        at,",
        ),
        (
            "kernels of any size",
            "kernel is None or kernel.unrolled > MOST_OPERATIONS",
            "kernel is None",
        ),
        (
            "symbols of another check",
            "        if self._kernel is not None:\n            return self._kernel.facts\n",
            "",
        ),
        (
            "sizes are not checked",
            "            self._bind()\n        except KernelError as error:\n"
            "            return tuple(error.diagnostics)",
            "            pass\n        except KernelError as error:\n"
            "            return tuple(error.diagnostics)",
        ),
    ),
    *faults_in(
        "vliwc/lsp/server.py",
        (SERVER,),
        (
            "lines from 1",
            "types.Position(span.start_line - 1, span.start_col - 1),",
            "types.Position(span.start_line, span.start_col - 1),",
        ),
        (
            "nothing is kept of a good text",
            "        if document.is_checked:\n            self.good[uri] = document\n",
            "",
        ),
        (
            "hints are left out",
            "found.message if found.hint is None else",
            "found.message if True else",
        ),
        (
            "closed texts keep their mistakes",
            "        server.text_document_publish_diagnostics(none)\n",
            "",
        ),
    ),
    *faults_in(
        "vliwc/lab/results/history.py",
        (HISTORY, BENCH),
        (
            "versions by name",
            "codes = sorted(first, key=lambda code: (first[code], code))",
            "codes = sorted(first)",
        ),
        (
            "lost schedules are not counted",
            "lost=len(pairs) - len(both),",
            "lost=0,",
        ),
        (
            "new series count as changed",
            "            if number and before and now is not None\n",
            "            if number and now is not None and (before := before or 2 * now or 1)\n",
        ),
        (
            "the index forgets",
            "        index *= ratio\n",
            "        index = ratio\n",
        ),
        (
            "seeds are one series",
            "name = (row.instance, row.scheduler, row.seed, row.budget, row.options)",
            "name = (row.instance, row.scheduler, 0, row.budget, row.options)",
        ),
    ),
    *faults_in(
        "vliwc/explain/suite_markdown.py",
        (BENCH,),
        (
            "improvements first",
            "key=lambda d: (not d.regression,",
            "key=lambda d: (d.regression,",
        ),
        (
            "what does not compile is the same",
            "    broken = [result for result in results if result.error]\n",
            "    broken: list[Result] = []\n",
        ),
    ),
    *faults_in(
        "vliwc/explain/suite_files.py",
        (BENCH,),
        (
            "kernels of other folders",
            " or kernel != Path(kernel).name:",
            ":",
        ),
        (
            "cases may stand twice",
            "        if case in cases[: number - 1]:",
            "        if case in cases[:0]:",
        ),
    ),
    *faults_in(
        "vliwc/lab/results/bench_rows.py",
        (BENCH,),
        (
            "levels are one row",
            "options = Options(level=result.level, seed=seed, budget=budget)",
            "options = Options(level=2, seed=seed, budget=budget)",
        ),
    ),
)
