"""What a person decided about a grade or a column in Moodle stays hers (design.md 4, invariant 9)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from app.kit import Kit
from app.store import cells
from tests.conftest import SetClock
from tests.grading import Course, course
from tests.world import world


@pytest.fixture
def graded(sqlite_kit: Kit, clock: SetClock) -> Iterator[Course]:
    with world(sqlite_kit, clock) as made, course(made) as graded:
        yield graded


# What a person decided


def test_what_a_person_wrote_is_left_and_reported(graded: Course) -> None:
    ana, ben = graded.students(2)
    graded.grade(ana, 4)
    graded.grade(ben, 5)
    graded.sync()
    graded.teacher_sets(ana, 9)
    graded.grade(ana, 6)
    graded.grade(ben, 6)
    graded.sync()
    assert graded.book() == {graded.name: {ana: 9, ben: 6}}
    assert graded.left() == [("person", ana)]


def test_what_a_person_cleared_stays_clear(graded: Course) -> None:
    ana = graded.in_step()
    graded.world.moodle.teacher_clears(graded.world.course, graded.item(), ana)
    graded.sync()
    assert graded.book() == {graded.name: {}}
    assert graded.left() == [("person", ana)]


def test_what_a_person_writes_between_the_look_and_the_write_stays(graded: Course) -> None:
    ana = graded.in_step()
    graded.grade(ana, 5)
    small = graded.world
    small.before_call(
        "local_kurasync_save_grades",
        1,
        lambda: graded.teacher_sets(ana, 9),
    )
    run = graded.sync()
    assert graded.book() == {graded.name: {ana: 9}}
    assert run.plan is not None
    assert [(each["reason"], each["userid"]) for each in run.plan["failed"]] == [("person", ana)]
    graded.grade(ana, 6)
    graded.sync()
    assert graded.book() == {graded.name: {ana: 9}}
    assert graded.left() == [("person", ana)]


def test_what_a_person_writes_between_the_write_and_the_proof_stays(graded: Course) -> None:
    ana = graded.in_step()
    graded.grade(ana, 5)
    small = graded.world
    small.before_call(
        "local_kurasync_get_grades",
        2,
        lambda: graded.teacher_sets(ana, 9),
    )
    run = graded.sync()
    assert run.message == "1 grade written; 1 kept otherwise by Moodle."
    graded.grade(ana, 6)
    graded.sync()
    assert graded.book() == {graded.name: {ana: 9}}
    assert graded.left() == [("person", ana)]


def test_a_cell_that_was_handed_back_is_written_again(graded: Course) -> None:
    ana = graded.in_step()
    graded.teacher_sets(ana, 9)
    graded.sync()
    with graded.world.kit.database.transaction() as tx:
        cells.hand_back(tx, graded.world.mapping_id, graded.known())
    graded.sync()
    assert graded.book() == {graded.name: {ana: 4}}
    graded.teacher_sets(ana, 8)
    graded.sync()
    assert graded.book() == {graded.name: {ana: 8}}


def test_a_locked_grade_is_left_and_reported(graded: Course) -> None:
    ana = graded.in_step()
    graded.world.moodle.lock_grade(graded.item(), ana)
    graded.grade(ana, 5)
    graded.sync()
    assert graded.book() == {graded.name: {ana: 4}}
    assert graded.left() == [("locked", ana)]
    graded.world.moodle.unlock_grade(graded.item(), ana)
    graded.sync()
    assert graded.book() == {graded.name: {ana: 5}}


def test_a_column_locked_between_the_look_and_the_write_is_left_and_written_later(graded: Course) -> None:
    ana = graded.in_step()
    graded.grade(ana, 5)
    small = graded.world
    small.before_call("local_kurasync_save_grades", 1, lambda: small.moodle.lock_item(graded.item()))
    graded.sync()
    assert graded.book() == {graded.name: {ana: 4}}
    small.moodle.unlock_item(graded.item())
    graded.sync()
    assert graded.book() == {graded.name: {ana: 5}}


def test_a_column_keeps_the_name_and_place_that_a_person_gave_it(graded: Course) -> None:
    ana = graded.in_step()
    item = graded.item()
    graded.world.moodle.rename_item(item, "Our heart lab")
    graded.world.moodle.move_item(item, 7, "Labs")
    graded.grade(ana, 5)
    graded.sync()
    (row,) = graded.items()
    assert (row.itemname, row.sortorder, row.category) == ("Our heart lab", 7, "Labs")
    assert graded.book() == {"Our heart lab": {ana: 5}}


def test_of_a_column_that_a_person_duplicated_the_oldest_is_ours(graded: Course) -> None:
    ana = graded.in_step()
    graded.world.moodle.create_item(graded.world.course, graded.lesson, graded.revision, "Heart (copy)", 10)
    assert graded.sync().message == "Grades are in step: nothing to do."
    graded.grade(ana, 5)
    assert graded.sync().message == "1 grade written."
    assert graded.book() == {graded.name: {ana: 5}, "Heart (copy)": {}}


def test_a_column_that_a_person_deleted_is_made_again_only_when_asked(graded: Course) -> None:
    ana = graded.in_step()
    graded.world.moodle.delete_item(graded.item())
    graded.sync()
    assert graded.book() == {}
    hold = graded.hold()
    assert hold is not None
    assert sorted(item["reasons"] for item in hold.items) == [["column_deleted"], ["column_held"]]
    graded.approve()
    assert graded.book() == {graded.name: {ana: 4}}
    assert graded.hold() is None


# Names of columns


def renamed(graded: Course, title: str) -> None:
    """Give the revision another title in kuraCloud."""
    small = graded.world
    (lesson,) = small.kura.lessons(small.kura_course)
    (revision,) = lesson["gradedPublishedRevisions"]
    revisions = [{**revision, "publishedRevisionTitle": title}]
    small.kura.set_lessons(small.kura_course, [{**lesson, "gradedPublishedRevisions": revisions}])


def test_a_new_title_reaches_a_column_that_was_locked_when_it_is_unlocked(graded: Course) -> None:
    ana = graded.in_step()
    graded.world.moodle.lock_item(graded.item())
    renamed(graded, "Lung")
    graded.sync()
    assert graded.book() == {graded.name: {ana: 4}}
    graded.world.moodle.unlock_item(graded.item())
    graded.sync()
    assert graded.book() == {graded.name.replace("Heart", "Lung"): {ana: 4}}


def test_a_column_keeps_a_teachers_name_though_one_of_its_first_grades_was_refused(graded: Course) -> None:
    ana, ben = graded.students(2)
    graded.grade(ana, 4)
    graded.grade(ben, 5)
    small = graded.world
    small.before_call("local_kurasync_save_grades", 2, lambda: small.moodle.unenrol(ben, small.course))
    assert graded.sync().counts == {"column_add": 1, "grade_set": 1, "failed": 1}
    small.moodle.rename_item(graded.item(), "Our heart lab")
    graded.sync()
    assert graded.book() == {"Our heart lab": {ana: 4}}
