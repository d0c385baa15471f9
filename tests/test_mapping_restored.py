"""A course that comes back from Moodle's recycle bin: it is offered to its mapping, which goes on with all it knew."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from app.kit import Kit
from app.setup import repointing
from app.setup.obstacles import obstacle
from app.store import mappings, sites
from app.sync import intake
from sandbox.moodle.events import Event
from sandbox.moodle.senders import Signed
from sandbox.moodle.senders.sender import Reply
from schemas import events
from schemas.events import COURSE_RESTORED, Delivery
from tests.conftest import SetClock
from tests.grading import course as grading
from tests.world import SECRET, World, world

RESTORED: dict[str, Any] = {"eventname": COURSE_RESTORED, "courseid": "9", "objectid": 9, "contextlevel": 50}


def accept(made: World, delivery: Delivery) -> None:
    """Take a delivery in, as the receiver does."""
    with made.kit.database.reading() as tx:
        site = sites.get(tx, made.site_id)
    assert site is not None
    intake.accept(made.kit, [intake.Parcel(site, "signed", None, [found for _, found in delivery.events])])


class Plugin(Signed):
    """The outbox of Moodle's plugin, which hands over what it would post."""

    def __init__(self, made: World) -> None:
        super().__init__("http://127.0.0.1:9", SECRET, ids_only=True)
        self._made = made

    def _reply_to(self, body: str, headers: dict[str, str]) -> Reply:
        accept(self._made, events.signed(json.loads(body), most=1000))
        return Reply(200, "{}")


@pytest.fixture
def made(sqlite_kit: Kit, clock: SetClock) -> Iterator[World]:
    """A mapping with six students in step, of a Moodle whose plugin tells what happens."""
    with world(sqlite_kit, clock) as made:
        made.moodle.install_plugin()
        for _ in range(6):
            made.enrol()
        made.sync()
        yield made


def restored_as(made: World) -> int | None:
    with made.kit.database.reading() as tx:
        found = mappings.get(tx, made.mapping_id)
    assert found is not None
    return found.restored_as


def recycled(made: World, course: int | None = None) -> int:
    """Deleted and brought back, and all of it told; returns the new id."""
    outbox = Plugin(made)
    made.moodle.attach(outbox)
    made.moodle.delete_course(course or made.course)
    new: int = made.moodle.restore_from_recycle_bin(course or made.course)
    assert outbox.flush()
    made.moodle.detach_senders()
    return new


def look(made: World) -> str:
    made.clock.advance(3600)
    return str(made.sync().outcome)


def test_a_course_that_came_back_is_offered_and_the_mapping_goes_on_with_it(made: World) -> None:
    new = recycled(made)
    assert restored_as(made) == new
    assert look(made) == "parked"
    why = obstacle(made.kit, made.mapping_id)
    assert f"`kurasync mapping repoint {made.mapping_id} --moodle uni:{new}` goes on" in str(why)
    move = repointing.planned(made.kit, made.mapping_id, moodle=("uni", str(new)))
    assert move.returned
    repointing.repoint(made.kit, move, "an administrator")
    made.kura.calls.clear()
    run = made.sync()
    assert (run.outcome, run.counts, made.writes()) == ("done", {}, [])
    assert (len(made.links()), len(made.emails()), restored_as(made)) == (6, 6, None)
    assert obstacle(made.kit, made.mapping_id) is None


def test_its_grades_are_known_as_kurasyncs_and_the_teachers_as_hers(sqlite_kit: Kit, clock: SetClock) -> None:
    with world(sqlite_kit, clock) as made, grading(made) as graded:
        ana, bo = graded.students(2)
        graded.grade(ana, 4)
        graded.grade(bo, 4)
        assert graded.sync().outcome == "done"
        graded.teacher_sets(bo, 3)
        new = recycled(made)
        move = repointing.planned(made.kit, made.mapping_id, moodle=("uni", str(new)))
        repointing.repoint(made.kit, move, "an administrator")
        made.start()
        made.course = new
        made.sync()
        graded.grade(ana, 5)
        graded.sync()
        assert graded.book() == {graded.name: {ana: 5, bo: 3}}


def test_a_copy_of_a_course_that_is_still_there_offers_nothing(made: World) -> None:
    copy: int = made.moodle.create_course("Physiology 1 copy", shortname="PHY1-copy")
    accept(made, events.hooked(restored(courseid=copy, original=made.course)))
    assert restored_as(made) == copy
    assert obstacle(made.kit, made.mapping_id) is None
    assert look(made) == "done"
    assert restored_as(made) is None
    made.moodle.delete_course(made.course, recycle=False)
    assert look(made) == "parked"
    assert "came back" not in str(obstacle(made.kit, made.mapping_id))


def test_a_course_that_came_back_twice_is_offered_as_it_is_now(made: World) -> None:
    first = recycled(made)
    second = recycled(made, first)
    assert restored_as(made) == second
    assert look(made) == "parked"
    assert f"--moodle uni:{second}" in str(obstacle(made.kit, made.mapping_id))


def test_a_copy_of_the_course_that_came_back_is_not_offered_in_its_place(made: World) -> None:
    back = recycled(made)
    copy: int = made.moodle.create_course("Physiology 1 copy", shortname="PHY1-copy")
    accept(made, events.hooked(restored(courseid=copy, original=back)))
    assert restored_as(made) == back


def test_a_copy_of_a_mapped_course_asks_for_a_look_which_forgets_it(made: World) -> None:
    copy: int = made.moodle.create_course("Physiology 1 copy", shortname="PHY1-copy")
    accept(made, events.hooked(restored(courseid=copy, original=made.course)))
    assert made.wanted()
    made.clock.advance(60)
    assert made.turn() == "done"
    assert restored_as(made) is None


def test_a_course_of_another_site_with_the_same_number_is_no_matter(made: World) -> None:
    with made.kit.database.transaction() as tx:
        other = sites.add(
            tx, 0.0, name="b", url="http://b", wwwroot="http://b", identity=None, token="t", ways=("signed",)
        )
        site = sites.get(tx, other)
    assert site is not None
    found = events.hooked(restored(courseid=77, original=made.course)).events
    intake.accept(made.kit, [intake.Parcel(site, "local_webhooks", None, [event for _, event in found])])
    assert restored_as(made) is None


def restored(*, courseid: int, original: int, target: int = 2) -> Event:
    other = {"type": "course", "target": target, "mode": 70, "originalcourseid": str(original)}
    return {**RESTORED, "courseid": str(courseid), "objectid": courseid, "other": other}


@pytest.mark.parametrize(
    ("other", "found"),
    [
        ({"originalcourseid": "8", "target": 2}, 8),
        ({"originalcourseid": 8, "target": "2"}, 8),
        ({"originalcourseid": 8}, 8),
        ({"originalcourseid": 8, "target": 4}, None),
        ({"originalcourseid": 8, "target": [2]}, None),
        ({"originalcourseid": "eight", "target": 2}, None),
        ({"originalcourseid": -8, "target": 2}, None),
        ({"originalcourseid": {"id": 8}, "target": 2}, None),
        ({"target": 2}, None),
        ([], None),
        (None, None),
        ("originalcourseid", None),
    ],
)
def test_what_other_says_is_taken_where_it_can_be_read_and_spoils_no_event(other: Any, found: int | None) -> None:
    sent = {**RESTORED, "other": other}
    signed = {"type": "moodle.events", "data": {"wwwroot": "https://x", "events": [{"id": "1", **sent}]}}
    for delivery in (events.hooked(sent), events.signed(signed, most=9)):
        ((_, event),) = delivery.events
        assert (event.originalcourseid, event.courseid) == (found, 9)


@pytest.mark.parametrize(
    ("original", "target", "found"),
    [
        ("8", "2", 8),
        ("8", "{other_target}", 8),
        ("8", "4", None),
        ("{other_originalcourseid}", "{other_target}", None),
        ("", "", None),
    ],
)
def test_a_workflow_of_tool_trigger_may_tell_it_too(original: str, target: str, found: int | None) -> None:
    sent = {**RESTORED, "other_originalcourseid": original, "other_target": target}
    ((_, event),) = events.triggered(sent).events
    assert event.originalcourseid == found


def test_no_other_event_is_asked_what_it_was_made_of() -> None:
    sent = {**restored(courseid=9, original=8), "eventname": r"\core\event\course_updated"}
    ((_, event),) = events.hooked(sent).events
    assert event.originalcourseid is None
