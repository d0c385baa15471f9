"""What each of Moodle's events asks for (contracts/moodle.md 4)."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from app.sync import triggers
from app.sync.triggers import TABLE, Scope
from schemas.events import MoodleEvent
from tests.receiving import RECORDED, recorded

DOCUMENT = Path(__file__).parent.parent / "docs" / "events.md"


def event(name: str, **fields: int | None) -> MoodleEvent:
    blank = MoodleEvent(f"\\core\\event\\{name}", None, 8, 5036, 1, 50, 8, 1_700_000_000)
    return replace(blank, **fields)


@pytest.mark.parametrize(
    "name",
    [
        "user_enrolment_created",
        "user_enrolment_updated",
        "user_enrolment_deleted",
        "role_assigned",
        "role_unassigned",
        "group_member_added",
        "group_member_removed",
        "group_created",
        "group_updated",
        "group_deleted",
        "course_updated",
        "course_restored",
        "course_reset_started",
        "course_reset_ended",
        "course_content_deleted",
        "course_deleted",
        "enrol_instance_created",
        "enrol_instance_updated",
        "enrol_instance_deleted",
    ],
)
def test_an_event_of_a_course_asks_for_a_look_at_its_roster(name: str) -> None:
    assert triggers.trigger(event(name)).kinds == ("roster",)
    assert triggers.scope(event(name)) == Scope("course", 8)


@pytest.mark.parametrize("name", ["user_updated", "user_deleted", "cohort_member_added", "cohort_member_removed"])
def test_an_event_of_a_person_concerns_the_courses_of_the_person(name: str) -> None:
    assert triggers.trigger(event(name)).kinds == ("roster",)
    assert triggers.scope(event(name, courseid=0)) == Scope("user", 5036)


@pytest.mark.parametrize("name", ["course_category_updated", "course_category_deleted", "cohort_deleted"])
def test_an_event_that_names_nobody_concerns_the_whole_site(name: str) -> None:
    assert triggers.trigger(event(name)).kinds == ("roster",)
    assert triggers.scope(event(name, courseid=0, relateduserid=None)) == Scope("site")


@pytest.mark.parametrize("name", ["role_assigned", "role_unassigned"])
@pytest.mark.parametrize("level", [10, 40, None])
def test_a_role_above_the_courses_concerns_the_whole_site(name: str, level: int | None) -> None:
    assert triggers.scope(event(name, courseid=0, contextlevel=level)) == Scope("site")


def test_a_role_held_over_a_person_concerns_nothing() -> None:
    assert triggers.scope(event("role_assigned", courseid=0, contextlevel=30)) == Scope("none")


def test_only_a_request_asks_for_grades_and_at_once() -> None:
    request = r"\local_kurasync\event\grades_requested"
    assert {name for name, each in TABLE.items() if "grades" in each.kinds} == {request}
    assert {name for name, each in TABLE.items() if each.urgent} == {request}


def test_removals_wait_while_a_course_is_deleted_or_reset() -> None:
    quiet = {name.rpartition("\\")[2]: each.reach for name, each in TABLE.items() if each.quietens}
    assert quiet == {
        "course_reset_started": "course",
        "course_reset_ended": "course",
        "course_content_deleted": "course",
        "course_deleted": "course",
        "grade_item_deleted": "course",
        "category_bin_item_created": "site",
        "course_deletion_started": "course",
    }


def test_the_plugin_announces_a_deletion_and_that_alone_asks_for_no_look() -> None:
    announced = event("course_deletion_started", objectid=8)
    announced = replace(announced, name=r"\local_kurasync\event\course_deletion_started")
    assert triggers.trigger(announced).kinds == ()
    assert triggers.scope(announced) == Scope("course", 8)
    assert triggers.lacking(replace(announced, courseid=0)) == "courseid"


@pytest.mark.parametrize("name", ["user_erased", "test_sent"])
def test_what_the_plugin_reports_for_people_asks_for_nothing(name: str) -> None:
    reported = replace(event(name, courseid=0), name=f"\\local_kurasync\\event\\{name}")
    assert reported.name in TABLE
    assert triggers.scope(reported) == Scope("none")
    assert triggers.lacking(reported) is None


def test_the_first_events_of_a_recorded_deletion_make_removals_wait() -> None:
    steps = [each for name, each in recorded("get_data").items() if name.startswith("42-course_delete")]
    in_order = [each["get_data"]["eventname"] for each in sorted(steps, key=lambda each: int(each["seq"]))]
    first_leaver = in_order.index(r"\core\event\user_enrolment_deleted")
    assert any(TABLE[name].quietens for name in in_order[:first_leaver])


def test_an_unknown_event_asks_for_nothing() -> None:
    unknown = event("moon_landed")
    assert triggers.trigger(unknown).kinds == ()
    assert triggers.scope(unknown) == Scope("none")
    assert triggers.lacking(unknown) is None


@pytest.mark.parametrize("name", ["user_enrolment_created", "course_deleted", "grade_item_deleted"])
def test_an_event_of_a_course_needs_to_say_which(name: str) -> None:
    assert triggers.lacking(event(name, courseid=0)) == "courseid"
    assert triggers.lacking(event(name)) is None


def test_an_event_of_a_person_needs_to_say_who() -> None:
    assert triggers.lacking(event("user_updated", relateduserid=None)) == "relateduserid"
    assert triggers.lacking(event("user_updated", courseid=0)) is None


def test_every_event_with_a_look_says_where_and_every_other_why_not() -> None:
    assert all(each.why for each in TABLE.values())
    assert all((each.reach != "none") == bool(each.kinds or each.quietens) for each in TABLE.values())


def test_no_recorded_event_lacks_what_it_needs() -> None:
    for name, each in recorded("get_data").items():
        found = each["get_data"]
        courseid, userid = int(found["courseid"]), int(found["relateduserid"] or 0)
        sent = MoodleEvent(found["eventname"], None, courseid, userid, None, found["contextlevel"], None, None)
        assert triggers.lacking(sent) is None, name


def test_the_storms_ask_for_nothing_but_their_courses() -> None:
    for storm in (RECORDED / "storms").glob("*.jsonl"):
        for line in storm.read_text().splitlines():
            found = json.loads(line)
            sent = event(found["eventname"].rpartition("\\")[2], courseid=int(found["courseid"]))
            assert triggers.scope(sent) == Scope("course", int(found["courseid"]))


def test_the_document_holds_the_table_as_it_is() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    assert triggers.in_words(text) == text, "run `python -m app.sync.triggers docs/events.md`"
    assert all(f"`{name}`" in text for name in TABLE)
