"""`kurasync trace`: why a student was removed, in order, also when events and runs were forgotten long ago."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import update

from app.errors import NotFound
from app.kit import Kit
from app.setup import erasing, exempting, whom
from app.store import mappings, sites
from app.store.tables import mappings as mapping_rows
from app.sync import trace as tracing
from app.sync.bypass import bypass
from app.sync.holds import reject
from tests.conftest import SetClock
from tests.tracing import ANA, come, forget, kinds, leave, report, story, with_plugin
from tests.world import World, world


@pytest.fixture
def told(sqlite_kit: Kit, clock: SetClock) -> Iterator[World]:
    with world(sqlite_kit, clock) as made:
        yield made


@pytest.fixture
def proven(told: World) -> World:
    return with_plugin(told)


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


def test_a_mapping_of_another_sites_course_since_then_still_answers(proven: World) -> None:
    ana = come(proven)
    leave(proven, ana)
    with proven.kit.database.transaction() as tx:
        values = {"name": "other", "url": "https://other.example.edu", "wwwroot": "https://other.example.edu"}
        other = sites.add(tx, 0.0, **values, identity=None, token="", ways=())
        tx.execute(update(mapping_rows).values(site_id=other))
    (removal,) = story(proven, ana).removals
    assert removal.cause == "left"


def test_of_somebody_who_was_erased_the_ids_and_what_was_done_are_told(proven: World) -> None:
    ana = come(proven)
    leave(proven, ana)
    with proven.kit.database.reading() as tx:
        person = whom.by_user(tx, [whom.numbered(tx, f"uni:{ana}")])
    erasing.erase(proven.kit, person, "cli:dean")
    found = story(proven, ana)
    assert found.erased
    assert "Ana" not in str(found)
    assert "ana.lee" not in str(found)
    (removal,) = found.removals
    assert (removal.cause, removal.userid) == ("left", ana)
    with pytest.raises(NotFound):
        tracing.of_email(proven.kit, ANA)
