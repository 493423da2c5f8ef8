"""Results of a suite as Markdown, for the summary of a CI job or a comment on a change."""

from __future__ import annotations

from collections.abc import Sequence

from vliwc.explain.suite import Case, Difference, Result, compare


def summary(name: str, results: Sequence[Result], before: Sequence[Result] | None) -> str:
    """A heading that says whether all is well, what differs from ``before``, and all results.

    Seconds are left out, so that equal programs give equal text.
    """
    differences = [] if before is None else compare(before, results)
    lines = [f"## {name}: {_verdict(results, before, differences)}", ""]
    if differences:
        lines += _differences(differences)
    broken = [result for result in results if result.error]
    if broken:
        lines += ["Kernels that do not compile:", ""]
        lines += [f"- {r.title}: `{_first_line(r.error)}`" for r in broken]
        lines.append("")
    return "\n".join([*lines, *_results(results)]) + "\n"


def _verdict(
    results: Sequence[Result], before: Sequence[Result] | None, differences: Sequence[Difference]
) -> str:
    count = f"{len(results)} program" if len(results) == 1 else f"{len(results)} programs"
    parts = [count]
    if before is not None:
        worse = sum(difference.regression for difference in differences)
        known = {result.key for result in before}
        new = sum(result.key not in known for result in results)
        same = len(results) - len(differences) - new
        parts += [f"{worse} slower", f"{len(differences) - worse} faster", f"{same} the same"]
        if new:
            parts.append(f"{new} new")
    if broken := sum(bool(result.error) for result in results):
        parts.append(f"{broken} not compiled")
    return ", ".join(parts)


def _differences(differences: Sequence[Difference]) -> list[str]:
    """Regressions first, then by size."""
    lines = ["| program | before | now | change | |", "| --- | ---: | ---: | ---: | --- |"]
    for d in sorted(differences, key=lambda d: (not d.regression, -abs(_change(d)), d.title)):
        now, change = (str(d.now), f"{100 * _change(d):+.1f} %") if d.now else ("-", "-")
        verdict = "**slower**" if d.regression else "faster"
        lines.append(f"| {_cell(d.title)} | {d.before} | {now} | {change} | {verdict} |")
    return [*lines, ""]


def _change(difference: Difference) -> float:
    return difference.now / difference.before - 1 if difference.now and difference.before else 1.0


def _results(results: Sequence[Result]) -> list[str]:
    lines = [
        "| kernel | sizes | level | cycles | schedule bound | gap | kernel bound | gap |",
        "| --- | --- | --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    for r in results:
        sizes = Case(r.kernel, tuple(r.params.items())).sizes
        numbers = (
            str(r.cycles),
            str(r.lower_bound),
            f"{100 * r.gap:.1f} %",
            str(r.kernel_bound),
            f"{100 * r.kernel_gap:.1f} %",
        )
        shown = ("-",) * len(numbers) if r.error else numbers
        lines.append(f"| `{_cell(r.kernel)}` | {sizes} | -O{r.level} | {' | '.join(shown)} |")
    return lines


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _first_line(text: str) -> str:
    return text.splitlines()[0].replace("`", "'")
