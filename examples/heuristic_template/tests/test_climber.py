"""What you claim beyond the rules that vliwc checks anyway."""

import pytest

from vliwc.lab.generators import generate, generator
from vliwc.lab.instances.frozen import frozen_suite
from vliwc.sched import check_schedule, make_scheduler, run_scheduler

NAMES = ("climber", "climber-small", "climber-large")
SMALL = [each for each in frozen_suite().instances if len(each) <= 60]
ODD = [
    generate(generator("projects", {"jobs": "12"}), 1),  # no engines, no scratch
    generate(generator("layered", {"operations": "1", "width": "1"}), 1),
    generate(generator("layered", {"operations": "40", "pressure": "1.0"}), 1),  # none to spare
]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("instance", [*SMALL, *ODD], ids=lambda each: each.name)
def test_schedules_are_right_and_the_same_again(name, instance):
    first, again = (make_scheduler(name, 3).schedule(instance.problem, 5) for _ in range(2))
    check_schedule(instance.problem, first)
    assert first.lane_cycle.tolist() == again.lane_cycle.tolist()
    assert instance.optimum is None or first.cycles >= instance.optimum


def test_more_steps_and_hints_are_never_worse():
    for instance in SMALL:
        few, many = (make_scheduler("climber", 0).schedule(instance.problem, n) for n in (2, 12))
        assert many.cycles <= few.cycles, instance.name
        hinted = run_scheduler(make_scheduler("climber", 1), instance.problem, 1, hint=many)
        assert hinted.cycles <= many.cycles, instance.name
