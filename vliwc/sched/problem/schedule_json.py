"""Schedules as JSON: to keep a result, and to start a later search from it."""

from __future__ import annotations

from typing import Final, cast

import numpy as np

from vliwc.sched.problem.renewable import ProblemError
from vliwc.sched.problem.schedule import Schedule

FORMAT: Final = "vliwc-schedule"
VERSION: Final = 1


def schedule_to_json(schedule: Schedule) -> dict[str, object]:
    """Plain data that :func:`schedule_from_json` reads back."""
    data: dict[str, object] = {
        "format": FORMAT,
        "version": VERSION,
        "cycles": schedule.cycles,
        "engine": schedule.engine.tolist(),
        "lane_cycle": schedule.lane_cycle.tolist(),
        "address": schedule.address.tolist(),
        "peak_words": schedule.peak_words,
        "scheduler": schedule.scheduler,
        "status": schedule.status,
        "lower_bound": schedule.lower_bound,
        "bound_reason": schedule.bound_reason,
        "statistics": dict(schedule.statistics),
    }
    if schedule.mode is not None:
        data["mode"] = schedule.mode.tolist()
    return data


def schedule_from_json(data: object, source: str = "schedule") -> Schedule:
    """The schedule that plain data describes; whether it fits a problem is for
    :func:`vliwc.sched.check.check_schedule` to say.

    Raises :class:`vliwc.sched.problem.renewable.ProblemError`.
    """
    if not isinstance(data, dict):
        raise ProblemError(f"{source}: expected an object")
    top = cast("dict[str, object]", data)
    if top.get("format") != FORMAT or top.get("version") != VERSION:
        raise ProblemError(f"{source}: not a schedule of format {FORMAT!r}, version {VERSION}")
    columns = {
        key: np.array(_integers(top.get(key), f"{source}: {key}"), dtype=np.int32)
        for key in ("engine", "lane_cycle", "address")
    }
    mode = None
    if "mode" in top:
        mode = np.array(_integers(top["mode"], f"{source}: mode"), dtype=np.int32)
    numbers = {
        key: _integers([top.get(key)], f"{source}: {key}")[0]
        for key in ("cycles", "peak_words", "lower_bound")
    }
    return Schedule(
        numbers["cycles"],
        columns["engine"],
        columns["lane_cycle"],
        columns["address"],
        numbers["peak_words"],
        str(top.get("scheduler", "")),
        str(top.get("status", "feasible")),
        numbers["lower_bound"],
        str(top.get("bound_reason", "")),
        cast("dict[str, float | int | str]", top.get("statistics", {})),
        mode,
    )


def _integers(data: object, where: str) -> list[int]:
    if not isinstance(data, list):
        raise ProblemError(f"{where}: expected a list of integers")
    for item in cast("list[object]", data):
        if not isinstance(item, int) or isinstance(item, bool) or abs(item) >= 2**31:
            raise ProblemError(f"{where}: {item!r} is no integer of 32 bits")
    return cast("list[int]", data)
