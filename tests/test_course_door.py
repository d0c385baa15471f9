"""The course door: what a teacher sees and steers at the page of a course in Moodle."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from app.kit import Kit
from app.store import sites, tasks
from tests.conftest import SetClock
from tests.grading import course as a_course
from tests.paging_courses import TEACHER, Page
from tests.world import World
from tests.world import world as a_world

OTHER = "https://other.example.edu"
WHO = f"moodle:uni:{TEACHER}"


@pytest.fixture
def world(sqlite_kit: Kit, clock: SetClock) -> Iterator[World]:
    with a_world(sqlite_kit, clock) as made:
        yield made


@pytest.fixture
def page(world: World) -> Page:
    return Page(world)


def test_a_course_that_is_not_mapped_says_so_and_nothing_else(world: World) -> None:
    page = Page(world, course=world.moodle.create_course("Anatomy", shortname="ANA"))
    assert page.ask("status") == {"mapping": None, "holds": [], "counts": {}, "grades": None, "task": None}
    for verb, arguments in (
        ("students", {}),
        ("grades", {}),
        ("preview", {"kind": "roster"}),
        ("sync", {"kind": "roster"}),
        ("unmap", {"mapping": world.mapping_id}),
        ("task", {"task": 1}),
        ("continue", {"task": 1, "digest": "0" * 64}),
        ("approve", {"kind": "roster", "digest": "0" * 64}),
        ("reject", {"kind": "roster", "digest": "0" * 64}),
    ):
        assert page.refused(verb, **arguments)[:2] == (404, "not_mapped")


def test_the_status_of_a_new_mapping_is_told_before_anything_was_looked_at(page: Page) -> None:
    found = page.ask("status")
    assert found["mapping"]["id"] == page.world.mapping_id
    assert (found["mapping"]["last_run"], found["mapping"]["last_in_step"], found["mapping"]["state"]) == (
        None,
        None,
        "idle",
    )
    assert (found["holds"], found["counts"], found["task"]) == ([], {}, None)


def test_the_status_tells_what_was_done_what_waits_and_when_it_was_in_step(page: Page) -> None:
    ana = page.world.enrol("Ana")
    page.world.sync()
    found = page.ask("status")
    assert found["mapping"]["last_in_step"] == found["mapping"]["last_run"]["at"] == "2023-11-14T22:13:20Z"
    assert (found["mapping"]["last_run"]["message"], found["counts"]) == ("1 added.", {"invited": 1})
    page.world.moodle.unenrol(ana, page.world.course)
    page.world.clock.advance(60)
    page.world.sync()
    found = page.ask("status")
    assert found["mapping"]["last_in_step"] == "2023-11-14T22:13:20Z", "now something waits"
    (hold,) = found["holds"]
    assert (hold["kind"], hold["state"], hold["counts"]) == ("roster", "open", {"delete": 1})
    (section,) = hold["sections"]
    assert (section["part"], section["action"], section["title"]) == ("held", "delete", "Remove")
    assert section["remark"].startswith("Why: Moodle's stock functions cannot prove")
    assert [row["who"] for row in section["rows"]] == ["Ana Lee"]


def test_what_waits_is_approved_as_it_was_shown_by_the_teacher(page: Page) -> None:
    _waiting(page)
    (hold,) = page.ask("status")["holds"]
    status, reason, _ = page.refused("approve", kind="roster", digest="0" * 64)
    assert (status, reason) == (409, "stale_digest")
    assert page.ask("approve", kind="roster", digest=hold["digest"]) == {}
    assert page.ask("status")["holds"][0]["state"] == "approved"
    assert page.refused("approve", kind="roster", digest=hold["digest"])[:2] == (409, "hold_approved")
    page.world.turn()
    assert page.world.emails() == []
    assert page.actors("hold_approved") == {WHO}
    assert page.refused("approve", kind="roster", digest=hold["digest"])[:2] == (409, "nothing_waits")


def test_what_waits_is_rejected(page: Page) -> None:
    _waiting(page)
    (hold,) = page.ask("status")["holds"]
    assert page.ask("reject", kind="roster", digest=hold["digest"]) == {}
    page.world.turn()
    assert page.ask("status")["counts"] == {"left_out": 1}
    assert page.actors("hold_rejected") == {WHO}


def _waiting(page: Page) -> None:
    """A removal that waits."""
    leaver = page.world.enrol("Ana")
    page.world.sync()
    page.world.moodle.unenrol(leaver, page.world.course)
    page.world.sync()


def test_a_preview_is_shown_and_carried_out_once(page: Page) -> None:
    page.world.enrol("Ana")
    shown = page.previewed()
    assert (shown["state"], shown["in_step"], shown["counts"]) == ("done", False, {"add": 1})
    (section,) = shown["sections"]
    assert (section["part"], section["action"], section["title"]) == ("go", "add", "Add and invite")
    assert "what" not in section["rows"][0]
    assert page.ask("status")["task"]["state"] == "done"
    assert page.ask("continue", task=shown["task"], digest=shown["digest"])["generation"] == 1
    assert page.refused("continue", task=shown["task"], digest=shown["digest"])[:2] == (409, "used")
    assert page.ask("status")["task"] is None
    page.world.turn()
    assert len(page.world.emails()) == 1
    assert page.actors("go_on") == {WHO}


def test_a_preview_of_a_course_in_step_says_so(page: Page) -> None:
    shown = page.previewed()
    assert (shown["in_step"], shown["nothing"], shown["sections"]) == (True, "In step: nothing to do.", [])


def test_a_preview_that_fails_says_why_without_a_command(page: Page) -> None:
    page.world.kura.remove_course(page.world.kura_course)
    shown = page.previewed()
    assert (shown["state"], shown["reason"]) == ("failed", "kuracloud_course_gone")
    assert shown["message"] == "The kuraCloud course is gone."
    assert (shown["digest"], shown["sections"], shown["in_step"]) == (None, [], False)


def test_another_courses_preview_is_none(page: Page) -> None:
    other = page.world.another()
    there = Page(page.world, course=other.course)
    number = there.ask("preview", kind="roster")["task"]
    for verb, more in (("task", {}), ("continue", {"digest": "0" * 64})):
        assert page.refused(verb, task=number, **more)[:2] == (404, "not_found")


def test_other_tasks_than_previews_are_none(page: Page) -> None:
    kit = page.world.kit
    with kit.database.transaction() as tx:
        number = tasks.add(
            tx, 0.0, kind="mapping_check", mapping_id=page.world.mapping_id, asked_by="cli:tester"
        )
    assert page.refused("task", task=number)[:2] == (404, "not_found")
    assert page.ask("status")["task"] is None


def test_the_newest_preview_is_told_whatever_else_was_asked_for_since(page: Page) -> None:
    shown = page.ask("preview", kind="roster")["task"]
    with page.world.kit.database.transaction() as tx:
        tasks.add(tx, 0.0, kind="mapping_check", mapping_id=page.world.mapping_id, asked_by="cli:tester")
    found = page.ask("status")["task"]
    assert (found["task"], found["kind"], found["state"]) == (shown, "roster", "wanted")


def test_a_look_is_asked_for_and_who_asked_is_written_down(page: Page) -> None:
    assert page.ask("sync", kind="roster") == {"generation": 1}
    assert page.ask("status")["mapping"]["state"] == "wanted"
    assert page.actors("ask_for_run") == {WHO}


def test_grades_cannot_be_asked_for_where_moodle_offers_no_way(page: Page) -> None:
    assert page.refused("sync", kind="grades")[:2] == (409, "no_gradebook")


def test_courses_to_choose_from_are_those_that_are_free(page: Page) -> None:
    for name in ("Anatomy", "Physiology II", "Physics"):
        page.world.kura.add_course(name, code=name[:4].upper(), lmsEnabled=False)
    found = page.ask("candidates", search="phys")
    assert [each["name"] for each in found["courses"]] == ["Physics", "Physiology II"]
    assert (found["more"], found["silent"], found["courses"][0]["lms_enabled"]) == (False, [], False)
    assert len(page.ask("candidates")["courses"]) == 3


def test_of_very_many_courses_fifty_are_shown(page: Page) -> None:
    for number in range(51):
        page.world.kura.add_course(f"Course {number:02}")
    found = page.ask("candidates", search="course")
    assert (len(found["courses"]), found["more"]) == (50, True)


def test_an_instance_that_cannot_be_asked_is_named(page: Page) -> None:
    page.world.kura.rotate_token("another")
    assert page.ask("candidates") == {"courses": [], "more": False, "silent": ["Example University"]}


def test_an_instance_of_another_site_is_not_offered(page: Page) -> None:
    kit = page.world.kit
    with kit.database.transaction() as tx:
        sites.add(tx, 0.0, name="b", url=OTHER, wwwroot=OTHER, identity=None, token="t", ways=("signed",))
        sites.add_secret(tx, 0.0, 2, kit.vault.encrypt(page.secret))
    page.world.kura.add_course("Anatomy")
    there = Page(page.world, wwwroot=OTHER, course=7)
    answer = there.send(*there.signed("candidates"), site="b")
    assert (answer.status_code, answer.json) == (200, {"courses": [], "more": False, "silent": []})


def test_a_course_is_mapped_and_given_up_by_the_teacher(world: World) -> None:
    page = Page(world, course=world.moodle.create_course("Anatomy", shortname="ANA"))
    chosen = world.kura.add_course("Anatomy", lmsEnabled=False)
    made = page.ask("map", instance="kura", course=chosen)
    assert "no longer be edited there" in made["notes"][0]
    assert page.ask("status")["mapping"]["id"] == made["mapping"]
    assert page.refused("map", instance="kura", course=chosen)[:2] == (409, "refused")
    assert page.refused("unmap", mapping=world.mapping_id)[:2] == (409, "other_mapping")
    assert page.ask("unmap", mapping=made["mapping"]) == {"given_back": True}
    assert page.ask("status")["mapping"] is None
    assert page.actors("add_mapping") == page.actors("remove_mapping") == {WHO}


def test_a_kuracloud_course_that_is_not_there_is_not_mapped(world: World) -> None:
    page = Page(world, course=world.moodle.create_course("Anatomy", shortname="ANA"))
    assert page.refused("map", instance="kura", course=999)[:2] == (404, "not_found")
    assert page.refused("map", instance="elsewhere", course=1)[:2] == (404, "not_found")


def test_students_come_page_by_page(page: Page) -> None:
    users = [page.world.enrol(f"Ana{number}") for number in range(3)]
    page.world.kura.put_student(page.world.kura_course, email="byhand@example.edu", givenName="Kim", familyName="Loo")
    page.world.sync()
    first = page.ask("students", limit=2)
    assert ([each["userid"] for each in first["students"]], first["next"]) == (users[:2], str(users[1]))
    second = page.ask("students", limit=2, after=first["next"])
    assert ([each["userid"] for each in second["students"]], second["next"]) == ([users[2], None], None)
    assert second["students"][1]["standing"] == "only_in_kuracloud"
    assert second["counts"] == {"invited": 3, "only_in_kuracloud": 1}
    assert second["read_at"] == "2023-11-14T22:13:20Z"


def test_grades_come_student_by_student(world: World) -> None:
    page = Page(world)
    with a_course(world) as course:
        ana, bo = course.students(2)
        course.grade(ana, 4)
        course.grade(bo, 6, 4)
        course.sync()
        first = page.ask("grades", limit=1)
        assert [each["title"] for each in first["columns"]] == ["Heart"]
        assert [(each["userid"], each["shown"]) for each in first["cells"]] == [(ana, 4.0)]
        second = page.ask("grades", limit=1, after=first["next"])
        assert ([each["userid"] for each in second["cells"]], second["next"]) == ([bo], None)
        assert page.ask("status")["grades"]["counts"] == {"in_step": 2}
        assert page.ask("status")["grades"]["last_run"]["outcome"] == "done"
        assert page.ask("sync", kind="grades")["generation"] > 0
