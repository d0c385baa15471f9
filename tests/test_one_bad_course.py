"""One bad course among a thousand of one instance: the others' students come as soon as ever (design.md 4, 12).

Time is simulated (benchmarks/bad_course.py), on the real tables, claims and ends: what is measured is the queue alone.
"""

from __future__ import annotations

import pytest
from fakeredis import FakeStrictRedis

from app import queues
from app.kit import Kit
from app.sync.dispatch import Dispatcher
from app.sync.lease import Ended
from benchmarks.bad_course import KINDS, MOST, Bad, lag
from tests.conftest import SetClock
from tests.courses import mapped, row, wanted
from workers.workplace import Workplace

SECONDS = 150.0


@pytest.fixture(scope="module")
def usual() -> float:
    """The p95 lag of the same courses with the same events when none of them is bad."""
    return lag(None, seconds=SECONDS)


@pytest.mark.parametrize("course", KINDS, ids=lambda course: str(course.name))
def test_the_p95_lag_of_the_other_999_is_within_a_tenth_of_what_it_is_without(course: Bad, usual: float) -> None:
    assert lag(course, seconds=SECONDS) <= MOST * usual


def test_a_run_that_ends_makes_room_that_is_used_at_once(sqlite_kit: Kit, clock: SetClock) -> None:
    """... and not at the next tick: else a course that hangs would cost the others half of what fits in one."""
    courses = mapped(sqlite_kit, 4)
    wanted(sqlite_kit, *courses)
    redis = FakeStrictRedis()
    dispatcher = Dispatcher(sqlite_kit, redis)
    workplace = Workplace(sqlite_kit, "start", {"roster": lambda kit, lease: Ended()}, refill=dispatcher.refill)
    assert dispatcher.dispatch() == 2
    for done in courses:
        [target] = [each for each in queues.held(redis) if each[0] == done]
        redis.lpop("rq:queue:roster")
        workplace.turn(*target)
    assert {row(sqlite_kit, each).state for each in courses} == {"idle"}
