"""Continue, after somebody else rejected what was shown, and a run has made something else of the rejected hold."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from app.errors import Refused
from app.kit import Kit
from app.store import holds
from app.store.tasks import Task
from app.sync.holds import reject
from tests.conftest import SetClock
from tests.showing_plans import carried_on, planned
from tests.world import World, world


@pytest.fixture
def six(sqlite_kit: Kit, clock: SetClock) -> Iterator[World]:
    """Six students in step; Moodle's stock functions cannot prove that one left, so that each removal waits."""
    with world(sqlite_kit, clock) as made:
        for _ in range(6):
            made.enrol()
        made.sync()
        yield made


def leave(made: World, place: int) -> int:
    """A student leaves, by the order in which they came."""
    userid = sorted(link.userid for link in made.links())[place]
    made.moodle.unenrol(userid, made.course)
    return userid


def rejected_after_shown(six: World) -> Task:
    """The plan with one removal, which somebody else rejected a moment later."""
    leave(six, 0)
    six.sync()
    six.clock.advance(1)
    task, waiting = planned(six.kit, six.mapping_id), six.hold()
    assert waiting is not None
    six.clock.advance(1)
    reject(six.kit, waiting.id, "user:ben")
    six.clock.advance(1)
    return task


def refusal(six: World, task: Task) -> str:
    with pytest.raises(Refused) as refused:
        carried_on(six.kit, task)
    return refused.value.reason


def test_a_rejection_counts_also_where_more_waits_since(six: World) -> None:
    task = rejected_after_shown(six)
    leave(six, 1)
    assert six.sync().counts == {"held": 2}
    assert refusal(six, task) == "rejected_since"
    assert six.sync().counts == {"held": 2}


def test_a_rejection_counts_also_where_nothing_waited_in_between(six: World) -> None:
    task = rejected_after_shown(six)
    userid = min(link.userid for link in six.links())
    six.moodle.enrol(userid, six.course)
    six.sync()
    six.moodle.unenrol(userid, six.course)
    assert refusal(six, task) == "rejected_since"
    assert six.sync().counts == {"held": 1}


def test_a_rejection_of_grades_says_nothing_about_students(six: World) -> None:
    leave(six, 0)
    six.clock.advance(1)
    task = planned(six.kit, six.mapping_id)
    six.clock.advance(1)
    _reject_grades(six)
    assert carried_on(six.kit, task).hold_id is not None


def _reject_grades(made: World) -> None:
    with made.kit.database.transaction() as tx:
        item = {"action": "grade_set", "fingerprint": "f" * 64, "reasons": ["review"]}
        number = holds.create(
            tx, made.clock(), mapping_id=made.mapping_id, kind="grades", digest="d" * 64, items=[item], run_id=1
        )
    reject(made.kit, number, "user:ben")
