"""The simulated Moodle raises the events of recordings/moodle/events: same names, same order, same shapes."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from sandbox.moodle import SimMoodle

RECORDINGS = Path(__file__).parent / "recordings" / "moodle" / "events"
NOT_MODELLED = {
    "40-course_backup": "a backup by hand; that of the recycle bin is in 42-course_delete",
    "41-course_restore_new": "a restore beside the original; see test_a_restored_course_says_where_it_comes_from",
    "70-ws": "an enrolment through a web service that writes, which nobody needs",
}


def shape(value: Any) -> Any:
    """Keys and types, without the values."""
    if isinstance(value, dict):
        return {name: shape(item) for name, item in value.items()}
    if isinstance(value, list):
        return [shape(item) for item in value]
    return type(value).__name__


def short(event: dict[str, Any]) -> str:
    return str(event["eventname"]).rpartition("\\")[2]


def recorded_steps() -> dict[str, list[dict[str, Any]]]:
    steps: dict[str, list[dict[str, Any]]] = {}
    for file in sorted((RECORDINGS / "get_data").iterdir()):
        recording = json.loads(file.read_text())
        steps.setdefault(recording["step"], []).append(recording)
    return {step: sorted(events, key=lambda recording: recording["seq"]) for step, events in sorted(steps.items())}


RECORDED = recorded_steps()


class Story:
    """The recorded story told again, step after step."""

    def __init__(self) -> None:
        self.moodle = moodle = SimMoodle()
        self.course = self.user = self.second = self.group = self.cohort = 0
        self.steps: dict[str, list[dict[str, Any]]] = {}
        for step in self.told():
            self.steps[step] = list(moodle.events)
            moodle.events.clear()

    def told(self) -> Iterator[str]:
        yield from self.a_course_and_a_student()
        yield from self.groups()
        yield from self.accounts()
        yield from self.grades()
        yield from self.cohorts()
        yield from self.ends()
        yield from self.categories()

    def a_course_and_a_student(self) -> Iterator[str]:
        moodle = self.moodle
        course = self.course = moodle.create_course("Events course", "EVT")
        yield "01-course_create"
        moodle.rename_course(course, "Events course renamed")
        yield "02-course_update"
        user = self.user = moodle.create_user("Evie", "D'Événement", "evu@example.edu", "EVU1")
        yield "05-user_create"
        moodle.enrol(user, course)
        yield "06-enrol_student"
        moodle.suspend_enrolment(user, course)
        yield "08-enrol_suspend"
        moodle.reactivate_enrolment(user, course)
        yield "09-enrol_reactivate"
        moodle.set_dates(user, course, timeend=int(moodle.now()) - 60)
        yield "10-enrol_timeend_past"
        moodle.set_dates(user, course)
        yield "11-enrol_timeend_clear"
        moodle.unassign_role(user, moodle.course_context(course), "student")
        yield "14-role_unassign_student"

    def groups(self) -> Iterator[str]:
        moodle, user = self.moodle, self.user
        group = moodle.create_group(self.course, "Section A")
        yield "16-group_create"
        moodle.join_group(user, group)
        yield "17-group_member_add"
        moodle.rename_group(group, "Section B")
        yield "18-group_rename"
        moodle.leave_group(user, group)
        yield "19-group_member_remove"
        moodle.join_group(user, group)
        moodle.delete_group(group)
        yield "20-group_delete_with_member"

    def accounts(self) -> Iterator[str]:
        moodle, user = self.moodle, self.user
        moodle.rename_user(user, firstname="Eva")
        yield "21-user_update_name"
        moodle.change_email(user, "new.evu@example.edu")
        yield "22-user_update_email"
        moodle.suspend_user(user)
        yield "23-user_suspend"
        moodle.unsuspend_user(user)
        yield "24-user_unsuspend"

    def grades(self) -> Iterator[str]:
        moodle, course, user = self.moodle, self.course, self.user
        item = moodle.create_other_item(course, "Evt item", 10)
        yield "25-grade_item_create_manual"
        moodle.teacher_sets_grade(course, item, user, 7.5)
        yield "26-user_graded"
        moodle.rename_item(item, "Evt item 2")
        yield "29-grade_item_update"
        moodle.delete_item(item)
        yield "between: the item is gone"

    def cohorts(self) -> Iterator[str]:
        moodle, course = self.moodle, self.course
        cohort = moodle.create_cohort("First years")
        yield "31-cohort_create"
        moodle.cohort_enrolment(cohort, course)
        yield "between: the cohort enrolment"
        self.second = moodle.create_user("Second", "Student", "second@example.edu")
        yield "between: the second student"
        moodle.add_to_cohort(self.second, cohort)
        yield "33-cohort_member_add"
        moodle.remove_from_cohort(self.second, cohort)
        yield "34-cohort_member_remove"

    def ends(self) -> Iterator[str]:
        moodle, course, user, second = self.moodle, self.course, self.user, self.second
        moodle.enrol(user, course)
        moodle.join_group(user, moodle.create_group(course, "Section C"))
        moodle.unenrol(user, course)
        yield "35-unenrol"
        moodle.enrol(user, course)
        moodle.delete_user(user)
        yield "36-enrol_then_user_delete"
        moodle.enrol(second, course)
        moodle.disable_enrol_method(course)
        yield "37-enrol_instance_disable"
        moodle.enable_enrol_method(course)
        yield "between: the method is enabled again"
        moodle.reset_course(course)
        yield "39-course_reset"
        moodle.enrol(second, course)
        yield "between: the second student is back"
        moodle.delete_course(course)
        yield "42-course_delete"
        self.course = moodle.restore_from_recycle_bin(course)
        yield "44-recyclebin_restore"

    def categories(self) -> Iterator[str]:
        moodle, user = self.moodle, self.second
        moodle.assign_role(user, moodle.category_context(1), "student")
        yield "84-role_assign_category"
        moodle.set_dates(user, self.course, timeend=int(moodle.now()) - 60)
        yield "between: the enrolment is over"
        moodle.run_expiry_task()
        yield "86-expiry_task_suspend"
        category = moodle.create_category("Doomed")
        moodle.move_course(self.course, category)
        yield "87-course_move_category"
        moodle.hide_category(category)
        yield "88-category_hide"
        moodle.join_group(user, moodle.create_group(self.course, "Section D"))
        yield "between: a group"
        moodle.delete_category(category)
        yield "93-category_delete_full"


@pytest.fixture(scope="module")
def story() -> Story:
    return Story()


@pytest.mark.parametrize("step", sorted(RECORDED.keys() - NOT_MODELLED.keys()))
def test_a_step_raises_the_recorded_events_in_their_order_and_shape(story: Story, step: str) -> None:
    raised = iter(story.steps[step])
    for row in RECORDED[step]:
        wanted = row["get_data"]
        found = next((event for event in raised if event["eventname"] == wanted["eventname"]), None)
        assert found is not None, f"{short(wanted)} is missing or comes too early"
        assert shape(found) == shape(wanted)
        constant = ("component", "action", "target", "objecttable", "crud", "edulevel", "contextlevel")
        assert [found[name] for name in constant] == [wanted[name] for name in constant]


WITHOUT_GAPS = [step for step, rows in RECORDED.items() if [row["seq"] for row in rows] == [*range(1, len(rows) + 1)]]
ENDS_OPEN = {"25-grade_item_create_manual"}  # of the two events of one name only that of the course total was kept


@pytest.mark.parametrize("step", sorted(set(WITHOUT_GAPS) - NOT_MODELLED.keys() - ENDS_OPEN))
def test_a_step_recorded_without_gaps_raises_nothing_else(story: Story, step: str) -> None:
    assert [short(event) for event in story.steps[step]] == [short(row["get_data"]) for row in RECORDED[step]]


def test_every_recorded_step_is_told_or_listed_with_a_reason(story: Story) -> None:
    assert RECORDED.keys() - story.steps.keys() == NOT_MODELLED.keys()


def test_a_restored_course_says_where_it_comes_from(story: Story) -> None:
    recorded = RECORDED["41-course_restore_new"][-1]["get_data"]
    restored = next(event for event in story.steps["44-recyclebin_restore"] if short(event) == "course_restored")
    assert shape(restored) == shape(recorded)
    assert restored["objectid"] == story.course != int(restored["other"]["originalcourseid"])


def test_a_restored_group_is_told_by_its_members_alone_and_before_their_roles() -> None:
    with SimMoodle.serving() as moodle:
        course = moodle.create_course("Physiology", shortname="PHY")
        moodle.create_students(course, 1, groups=1)
        moodle.delete_course(course)
        before = len(moodle.events)
        moodle.restore_from_recycle_bin(course)
        told = [short(event) for event in moodle.events[before:]]
    assert "group_created" not in told
    order = ["user_enrolment_created", "group_member_added", "role_assigned"]
    assert [name for name in told if name in order] == order


def test_a_backup_into_the_recycle_bin_looks_like_one_by_hand(story: Story) -> None:
    recorded = RECORDED["40-course_backup"][0]["get_data"]
    backup = next(event for event in story.steps["42-course_delete"] if short(event) == "course_backup_created")
    assert shape(backup) == shape(recorded)


def test_course_deleted_comes_after_everything_about_its_people(story: Story) -> None:
    names = [short(event) for event in story.steps["42-course_delete"]]
    assert names[-1] == "course_deleted"
    assert (
        names.index("role_unassigned") < names.index("user_enrolment_deleted") < names.index("enrol_instance_deleted")
    )


def storm(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (RECORDINGS / "storms" / f"{name}.jsonl").read_text().splitlines()]


def assert_same_storm(raised: list[dict[str, Any]], recorded: list[dict[str, Any]]) -> None:
    assert [event["eventname"] for event in raised] == [event["eventname"] for event in recorded]
    assert [shape(event) for event in raised] == [shape(event) for event in recorded]


def people(moodle: SimMoodle, count: int) -> list[int]:
    return [moodle.create_user("Given", str(number), f"p{number}@example.edu") for number in range(count)]


def test_a_cohort_of_200_into_a_course_with_a_group_raises_the_602_recorded_events() -> None:
    moodle = SimMoodle()
    cohort, course = moodle.create_cohort("Big"), moodle.create_course("Storm", "STORM")
    for user in people(moodle, 200):
        moodle.add_to_cohort(user, cohort)
    moodle.events.clear()
    moodle.cohort_enrolment(cohort, course, moodle.create_group(course, "Big"))
    assert len(moodle.events) == 602
    assert_same_storm(moodle.events, storm("cohort_sync_200"))


def test_a_flat_file_raises_the_recorded_events() -> None:
    moodle = SimMoodle()
    course, users = moodle.create_course("Storm", "STORM"), people(moodle, 100)
    moodle.events.clear()
    for user in users:
        moodle.enrol(user, course, method="flatfile")
    assert_same_storm(moodle.events, storm("flatfile_enrol_100"))
    moodle.events.clear()
    for user in users:
        moodle.suspend_enrolment_without_roles(user, course)
    assert_same_storm(moodle.events, storm("flatfile_unenrol_100"))


def _cohort_of(moodle: SimMoodle, count: int) -> tuple[int, list[int]]:
    cohort, course, users = moodle.create_cohort("Big"), moodle.create_course("Storm", "STORM"), people(moodle, count)
    for user in users:
        moodle.add_to_cohort(user, cohort)
    moodle.cohort_enrolment(cohort, course, moodle.create_group(course, "Big"))
    moodle.events.clear()
    return cohort, users


def remove_50_members(moodle: SimMoodle) -> None:
    cohort, users = _cohort_of(moodle, 200)
    for user in users[:50]:
        moodle.remove_from_cohort(user, cohort)


def delete_150_members(moodle: SimMoodle) -> None:
    cohort, _ = _cohort_of(moodle, 150)
    moodle.delete_cohort(cohort)


def enrol_100_and_reset(moodle: SimMoodle) -> None:
    course, users = moodle.create_course("Storm", "STORM"), people(moodle, 100)
    moodle.events.clear()
    for user in users:
        moodle.enrol(user, course)
    moodle.reset_course(course)


@pytest.mark.parametrize(
    ("name", "action"),
    [
        ("cohort_remove_50_members", remove_50_members),
        ("cohort_delete_150_members", delete_150_members),
        ("course_reset_unenrol_after_enrol_100", enrol_100_and_reset),
    ],
)
def test_a_mass_operation_raises_as_many_events_as_recorded(name: str, action: Callable[[SimMoodle], None]) -> None:
    storms = json.loads((RECORDINGS / "storms.json").read_text())["storms"]
    moodle = SimMoodle()
    action(moodle)
    assert Counter(event["eventname"] for event in moodle.events) == storms[f"{name}-hooks_off"]["by_event"]


def test_an_enrolment_that_is_rolled_back_has_sent_its_events_all_the_same() -> None:
    moodle = SimMoodle()
    course, user = moodle.create_course("Physiology", "PHY"), people(moodle, 1)[0]
    moodle.events.clear()
    moodle.enrol_and_roll_back(user, course)
    assert [short(event) for event in moodle.events] == ["user_enrolment_created", "role_assigned"]
    assert moodle.expected_students(course) == []


def test_no_event_comes_when_an_enrolment_begins_or_ends_by_date() -> None:
    moodle = SimMoodle()
    moodle.now = lambda: 1000.0
    course, user = moodle.create_course("Physiology", "PHY"), people(moodle, 1)[0]
    moodle.enrol(user, course, timestart=2000, timeend=3000)
    moodle.events.clear()
    clock = iter((1500.0, 2500.0, 3500.0))
    moodle.now = lambda: next(clock)
    assert [len(moodle.expected_students(course)) for _ in range(3)] == [0, 1, 0]
    assert moodle.events == []
