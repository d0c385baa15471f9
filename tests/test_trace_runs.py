"""`kurasync trace` of events and runs: what came of them, what waits, and what is known when they were forgotten."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from app.errors import NotFound
from app.kit import Kit
from app.store import audit
from app.sync import trace as tracing
from sandbox.faults import Fault
from tests.conftest import SetClock
from tests.tracing import ANA, come, deliver, forget, kinds, leave, report, story, with_plugin
from tests.world import World, world


@pytest.fixture
def told(sqlite_kit: Kit, clock: SetClock) -> Iterator[World]:
    with world(sqlite_kit, clock) as made:
        yield made


@pytest.fixture
def proven(told: World) -> World:
    return with_plugin(told)


def test_a_run_that_says_the_same_again_is_told_once(told: World) -> None:
    ana = come(told)
    leave(told, ana)
    for _ in range(3):
        told.clock.advance(21600)
        told.sync()
    found = story(told, ana)
    assert [each.facts["run"] for each in found.moments if each.what == "run"] == [1, 2]
    assert found.moments[-1].facts["again"] == 3


def test_a_refused_record_is_told_with_kuraclouds_words(proven: World) -> None:
    proven.kura.faults.add(Fault("status", match="POST .*/student$", times=1, status=400))
    ana = come(proven)
    found = story(proven, ana)
    assert [each.facts["outcome"] for each in found.moments if each.what == "answer"] == ["refused"]
    assert [each for each in found.moments if each.what == "shown"] == []


def test_a_call_whose_end_nobody_wrote_down_still_waits(proven: World) -> None:
    ana = come(proven)
    record = {"userid": ana, "studentid": 1, "before": {"section": ""}, "after": {"section": "A"}}
    with proven.kit.database.transaction() as tx:
        audit.begin(
            tx,
            proven.clock(),
            actor="kurasync",
            system="kuracloud",
            operation="edit_students",
            subject={"records": [record]},
            mapping_id=proven.mapping_id,
            run_id=1,
        )
    assert [each["state"] for each in story(proven, ana).waiting] == ["begun"]


def test_work_that_is_parked_is_told_as_waiting(proven: World) -> None:
    ana = come(proven)
    proven.moodle.rotate_token("another")
    report(proven, "user_enrolment_updated", ana)
    (row,) = story(proven, ana).waiting
    assert (row["state"], row["why"]) == ("parked", "invalidtoken")


def test_an_event_leads_to_the_removal_that_was_approved_later(told: World) -> None:
    ana = come(told)
    leave(told, ana)
    told.approve()
    found = tracing.of_event(told.kit, 2)
    assert kinds(found)[0] == "event"
    assert [each.facts["operation"] for each in found.moments if each.what == "call"] == ["delete_students"]
    assert [each.facts["decided"] for each in found.moments if each.what == "decided"] == ["approved"]


def test_an_event_is_known_by_its_senders_id_too(proven: World) -> None:
    come(proven)
    assert tracing.event_numbers(proven.kit, "sent-1") == [1]
    assert tracing.event_numbers(proven.kit, "7") == [7]
    with pytest.raises(NotFound, match="No event with the id"):
        tracing.event_numbers(proven.kit, "sent-9")


def test_a_forgotten_event_leads_to_the_calls_that_name_it(proven: World) -> None:
    ana = come(proven)
    leave(proven, ana)
    forget(proven)
    found = tracing.of_event(proven.kit, 2)
    assert [each.facts["operation"] for each in found.moments if each.what == "call"] == ["delete_students"]
    assert found.lost["events"] == 1
    with pytest.raises(NotFound, match="no event 99"):
        tracing.of_event(proven.kit, 99)


def test_a_run_is_told_whole_and_when_forgotten_by_its_calls(proven: World) -> None:
    ana = come(proven)
    leave(proven, ana)
    assert kinds(tracing.of_run(proven.kit, 3)) == ["event", "run", "planned", "call", "answer", "shown", "ended"]
    forget(proven)
    assert kinds(tracing.of_run(proven.kit, 3)) == ["call", "answer", "shown"]
    with pytest.raises(NotFound, match="no run 99"):
        tracing.of_run(proven.kit, 99)


def test_both_databases_tell_the_same(kit: Kit, clock: SetClock) -> None:
    with world(kit, clock) as made:
        ana = come(made)
        leave(made, ana)
        made.clock.advance(60)
        made.approve()
        forget(made)
        (removal,) = story(made, ana).removals
        assert (removal.cause, removal.by, removal.shown) == ("left", "approved by a teacher", True)
        assert tracing.of_email(made.kit, ANA)[0].removals == [removal]
        (of_event,) = tracing.of_event(made.kit, 2).removals
        assert of_event.approved_at == removal.approved_at
        assert kinds(tracing.of_run(made.kit, 3)) == ["decided", "call", "answer", "shown"]
        with pytest.raises(NotFound):
            tracing.of_email(made.kit, "%@example.edu")


def test_of_many_events_behind_a_call_the_last_few_are_kept_with_it(proven: World) -> None:
    ana = come(proven)
    proven.moodle.unenrol(ana, proven.course)
    names = ["user_enrolment_deleted", *["role_unassigned"] * 3, "group_member_removed"]
    for name in (*["user_enrolment_updated"] * 4, *names):
        deliver(proven, name, ana)
    proven.clock.advance(20)
    proven.turn()
    forget(proven)
    (removal,) = tracing.of_user(proven.kit, "uni", ana).removals
    assert [each["name"].rpartition("\\")[2] for each in removal.asked_by] == names


def test_what_came_about_otherwise_later_is_not_shown_for_a_refused_call(proven: World) -> None:
    proven.kura.faults.add(Fault("status", match="POST .*/student$", times=1, status=400))
    ana = come(proven)
    proven.kura.faults.clear()
    proven.kura.put_student(proven.kura_course, givenName="Ana", familyName="Lee", email="ana.lee@example.edu")
    report(proven, "role_assigned", ana)
    found = tracing.of_user(proven.kit, "uni", ana)
    assert [each.what for each in found.moments if each.what in ("shown", "link")] == ["link"]
