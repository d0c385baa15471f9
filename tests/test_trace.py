"""`kurasync trace`: why a student was removed, in order, also when events and runs were forgotten long ago."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from app.errors import NotFound
from app.kit import Kit
from app.setup import exempting
from app.store import audit, mappings, prune, sites
from app.sync import trace as tracing
from app.sync.bypass import bypass
from app.sync.holds import reject
from app.sync.intake import Parcel, accept
from app.sync.trace import Trace
from sandbox.faults import Fault
from schemas.events import MoodleEvent
from tests.conftest import SetClock
from tests.world import World, world

ANA = "ana.lee@example.edu"
YEAR = 365 * 86400.0


@pytest.fixture
def told(sqlite_kit: Kit, clock: SetClock) -> Iterator[World]:
    with world(sqlite_kit, clock) as made:
        yield made


@pytest.fixture
def proven(told: World) -> World:
    """A course of three, whose Moodle has the plugin: a leaver is removed unasked. Run 1 brought them in step."""
    told.moodle.install_plugin()
    for number in range(3):
        told.enrol(f"Other{number}")
    told.sync()
    told.clock.advance(60)
    return told


def report(made: World, name: str, userid: int) -> None:
    """Moodle reports something, and the turn is taken that it asks for."""
    with made.kit.database.reading() as tx:
        site = sites.get(tx, made.site_id)
    assert site is not None
    number = len(made.outcomes)
    event = MoodleEvent(
        uid=f"sent-{number}",
        name=rf"\core\event\{name}",
        courseid=made.course,
        relateduserid=userid,
        objectid=None,
        contextlevel=50,
        contextinstanceid=made.course,
        timecreated=None,
    )
    accept(made.kit, [Parcel(site, "signed", f"delivery-{number}", [event])])
    made.clock.advance(20)
    made.outcomes.append(made.turn())
    made.clock.advance(40)


def come(made: World) -> int:
    """Ana comes, and Moodle says so; her Moodle user id."""
    userid = made.enrol("Ana", "Lee", email=ANA)
    report(made, "user_enrolment_created", userid)
    return userid


def leave(made: World, userid: int) -> None:
    """She goes, and Moodle says so."""
    made.moodle.unenrol(userid, made.course)
    report(made, "user_enrolment_deleted", userid)


def forget(made: World) -> None:
    """A year passes, and what is kept for thirty days is forgotten."""
    made.sync()  # the last run of a row stays: it must not be one of hers
    made.clock.advance(YEAR)
    made.sync()
    with made.kit.database.transaction() as tx:
        prune.prune(tx, made.clock() - 30 * 86400.0)


def story(made: World, userid: int) -> Trace:
    return tracing.of_user(made.kit, "uni", userid)


def kinds(found: Trace) -> list[str]:
    return [each.what for each in found.moments]


def test_a_removal_is_told_from_the_event_to_what_kuracloud_showed(proven: World) -> None:
    ana = come(proven)
    leave(proven, ana)
    found = story(proven, ana)
    whole = ["event", "run", "planned", "call", "answer", "shown", "ended"]
    assert kinds(found) == whole * 2
    (removal,) = found.removals
    assert (removal.cause, removal.by, removal.shown, removal.back_at) == ("left", "kurasync", True, None)
    assert [each["name"] for each in removal.asked_by] == [r"\core\event\user_enrolment_deleted"]
    assert found.moments[7].facts["asked_for"] == [{"mapping": proven.mapping_id, "kind": "roster", "run": 3}]
    assert found.waiting == []
    assert found.about["name"] == "Ana Lee"


def test_a_year_later_the_audit_still_says_who_why_and_because_of_what(proven: World) -> None:
    ana = come(proven)
    leave(proven, ana)
    forget(proven)
    found = story(proven, ana)
    assert kinds(found) == ["call", "answer", "shown"] * 2
    (removal,) = found.removals
    assert (removal.cause, removal.by, removal.shown) == ("left", "kurasync", True)
    assert [each["name"] for each in removal.asked_by] == [r"\core\event\user_enrolment_deleted"]
    assert found.lost == {"events": 2, "runs": 2}


def test_who_approved_a_removal_is_told_with_the_event_behind_it_even_a_year_later(told: World) -> None:
    ana = come(told)
    leave(told, ana)  # without the plugin every removal waits
    hold = told.hold()
    assert hold is not None
    assert [each["hold"] for each in story(told, ana).waiting] == [hold.id]
    told.clock.advance(60)
    told.approve()
    now = story(told, ana)
    assert [each.facts["decided"] for each in now.moments if each.what == "decided"] == ["approved"]
    assert now.waiting == []
    forget(told)
    (removal,) = story(told, ana).removals
    assert removal.by == "approved by a teacher"
    assert removal.approved_at == hold.created_at + 100
    assert [each["name"] for each in removal.asked_by] == [r"\core\event\user_enrolment_deleted"]


def test_a_run_that_says_the_same_again_is_told_once(told: World) -> None:
    ana = come(told)
    leave(told, ana)
    for _ in range(3):
        told.clock.advance(21600)
        told.sync()
    found = story(told, ana)
    assert [each.facts["run"] for each in found.moments if each.what == "run"] == [1, 2]
    assert found.moments[-1].facts["again"] == 3


def test_a_student_who_came_back_is_told_so(proven: World) -> None:
    ana = come(proven)
    leave(proven, ana)
    proven.moodle.enrol(ana, proven.course)
    report(proven, "user_enrolment_created", ana)
    (removal,) = story(proven, ana).removals
    assert removal.back_at is not None
    assert removal.cause == "left"


def test_a_new_address_is_told_as_the_cause(proven: World) -> None:
    proven.set(email_changed="auto")
    ana = come(proven)
    proven.moodle.change_email(ana, "ana.new@example.edu")
    report(proven, "user_updated", ana)
    (removal,) = story(proven, ana).removals
    assert removal.cause == "reinvite"


def test_a_student_who_was_never_linked_is_found_by_her_address(proven: World) -> None:
    proven.set(unmanaged="remove")
    proven.kura.put_student(proven.kura_course, givenName="Ida", familyName="Guest", email="ida@example.edu")
    proven.sync()
    (found,) = tracing.of_email(proven.kit, " IDA@example.edu ")
    (removal,) = found.removals
    assert removal.cause == "unmanaged"
    assert removal.asked_by == []


def test_everybody_who_ever_had_an_address_is_told_of(proven: World) -> None:
    ana = come(proven)
    found = tracing.of_email(proven.kit, "Ana.Lee@Example.edu")
    assert [each.about["users"] for each in found] == [[{"site": "uni", "userid": ana}]]
    with pytest.raises(NotFound, match="Nobody with this address"):
        tracing.of_email(proven.kit, "ana.leeX@example.edu")


def test_nobody_else_is_in_the_story_of_one(proven: World) -> None:
    come(proven)
    first = min(link.userid for link in proven.links())
    found = story(proven, first)
    assert "Other1" not in str(found)
    assert ANA not in str(found)
    assert [each.facts["others"] for each in found.moments if each.what == "call"] == [2]


def test_a_mapping_that_was_removed_still_answers(proven: World) -> None:
    ana = come(proven)
    leave(proven, ana)
    with proven.kit.database.transaction() as tx:
        mappings.remove(tx, proven.mapping_id)
    found = story(proven, ana)
    (removal,) = found.removals
    assert removal.cause == "left"
    assert not removal.shown  # the links went with the mapping
    assert found.places == [{"mapping": proven.mapping_id}]


def test_somebody_nothing_is_known_of_is_told_so(told: World) -> None:
    with pytest.raises(NotFound, match="Nothing is written down"):
        story(told, 999)
    with pytest.raises(NotFound, match="Sites: uni"):
        tracing.of_user(told.kit, "elsewhere", 5)


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


def test_a_rejected_hold_is_told_with_who_rejected_it(told: World) -> None:
    ana = come(told)
    leave(told, ana)
    hold = told.hold()
    assert hold is not None
    reject(told.kit, hold.id, "cli:chair")
    found = story(told, ana)
    assert [(each.facts["decided"], each.facts["by"]) for each in found.moments if each.what == "decided"] == [
        ("rejected", "cli:chair")
    ]
    assert found.removals == []


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


def test_limits_that_somebody_lifted_are_told_with_who_it_was(proven: World) -> None:
    userids = [link.userid for link in proven.links()]
    for userid in userids:
        proven.moodle.unenrol(userid, proven.course)
    report(proven, "user_enrolment_deleted", userids[0])
    hold = proven.hold()
    assert hold is not None
    bypass(proven.kit, proven.mapping_id, "roster", hold.digest, "cli:dean")
    proven.sync()
    for late in (False, True):
        (removal,) = story(proven, userids[0]).removals
        assert removal.by == "limits lifted by cli:dean"
        assert removal.approved_at is not None
        assert [each["name"] for each in removal.asked_by] == [r"\core\event\user_enrolment_deleted"]
        if not late:
            forget(proven)


def test_who_was_excluded_or_kept_by_whom_is_told(proven: World) -> None:
    ana = come(proven)
    exempting.exclude(proven.kit, proven.mapping_id, ana, "cli:dean")
    proven.sync()
    acts = [each.facts for each in story(proven, ana).moments if each.what == "act"]
    assert [(each["operation"], each["by"]) for each in acts] == [("exclude_user", "cli:dean")]
    other = min(link.userid for link in proven.links())
    assert [each for each in story(proven, other).moments if each.what == "act"] == []
