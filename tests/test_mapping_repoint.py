"""Pointing a mapping to another kuraCloud course: its students are other people, whatever their numbers."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from app.kit import Kit
from app.setup import repointing
from app.store import exemptions, holds
from app.store.exemptions import Exemption
from app.sync.holds import reject
from tests.conftest import SetClock
from tests.moving import ACTOR, Moving, in_step
from tests.world import connect, world


@pytest.fixture
def moving(kit: Kit, clock: SetClock) -> Iterator[Moving]:
    with world(kit, clock) as made:
        yield in_step(made)


@pytest.fixture
def quick(sqlite_kit: Kit, clock: SetClock) -> Iterator[Moving]:
    with world(sqlite_kit, clock) as made:
        yield in_step(made)


def test_the_students_of_the_former_kuracloud_course_stay_and_the_new_one_waits_for_a_first_approval(
    moving: Moving,
) -> None:
    made = moving.made
    assert moving.repoint(kuracloud=moving.other_kura) is True
    assert (moving.mapping.kura_courseid, moving.mapping.started_at) == (moving.other_kura, None)
    assert moving.enabled() == (False, True)
    assert moving.gates == {("open", None)}
    assert made.emails() == ["ana@example.edu", "bo@example.edu"]
    run = made.sync()
    assert run.counts == {"held": 2}
    assert made.kura.students(moving.other_kura) == []
    hold = made.hold()
    assert hold is not None
    assert [item["reasons"] for item in hold.items] == [["first_run"], ["first_run"]]
    assert made.approve().counts == {"add": 2}
    assert made.sync().counts == {}


def test_links_of_the_former_kuracloud_course_count_no_more_whatever_numbers_the_new_students_have(
    quick: Moving,
) -> None:
    """Nobody knows whether a studentId is one of the course or of the instance (design.md 13)."""
    made = quick.made
    numbers = {link.userid: link.studentid for link in made.links()}
    quick.repoint(kuracloud=quick.other_kura)
    assert (made.links(), made.links(ended=True)) == ([], [])
    for email, studentid in zip(("bo@example.edu", "ana@example.edu"), sorted(numbers.values()), strict=True):
        made.kura.put_student(quick.other_kura, studentId=studentid, email=email)
    made.sync()
    assert made.preview().conflicts == ()
    assert made.approve().counts["link"] == 2
    assert {link.userid: link.studentid for link in made.links()} == {
        userid: sum(numbers.values()) - studentid for userid, studentid in numbers.items()
    }


def test_who_was_invited_to_the_former_course_may_be_invited_to_the_new_one(quick: Moving) -> None:
    made = quick.made
    gone = made.links()[0].userid
    made.moodle.unenrol(gone, made.course)
    made.sync()
    quick.repoint(kuracloud=quick.other_kura)
    made.sync()
    made.approve()
    made.moodle.enrol(gone, made.course)
    assert made.sync().counts == {"add": 1}


def test_pointing_back_restores_and_links_and_invites_nobody_again(quick: Moving) -> None:
    made = quick.made
    quick.repoint(kuracloud=quick.other_kura)
    quick.repoint(kuracloud=made.kura_course)
    invited = len(made.kura.invites)
    assert made.sync().counts == {"held": 2}
    assert made.approve().counts == {"link": 2}
    assert len(made.kura.invites) == invited
    assert quick.enabled() == (True, False)


def test_what_a_person_rejected_is_asked_anew_of_other_courses(quick: Moving) -> None:
    made = quick.made
    quick.repoint(kuracloud=quick.other_kura)
    made.sync()
    hold = made.hold()
    assert hold is not None
    reject(made.kit, hold.id, ACTOR)
    third = made.kura.add_course("Physiology, newest", lmsEnabled=False)
    quick.repoint(kuracloud=third)
    with made.kit.database.reading() as tx:
        assert getattr(holds.get(tx, hold.id), "state", None) == "overtaken"
    assert made.sync().counts == {"held": 2}
    again = made.hold()
    assert again is not None
    assert again.digest == hold.digest


def test_an_approval_of_the_former_courses_is_none_of_the_new_ones(quick: Moving) -> None:
    made = quick.made
    made.set(mode="review")
    made.enrol()
    made.sync()
    made.decide()
    quick.repoint(kuracloud=quick.other_kura)
    assert made.hold() is None
    assert made.sync().counts == {"held": 3}
    assert made.kura.students(quick.other_kura) == []


def test_students_who_are_kept_are_of_the_former_kuracloud_course_alone(quick: Moving) -> None:
    made = quick.made
    with made.kit.database.transaction() as tx:
        for side in ("moodle", "kuracloud"):
            exemptions.add(tx, Exemption(made.mapping_id, side, 7, ACTOR, 0.0))
    quick.repoint(kuracloud=quick.other_kura)
    with made.kit.database.reading() as tx:
        assert [each.side for each in exemptions.of_mapping(tx, made.mapping_id)] == ["moodle"]


def test_lms_enabled_is_repaired_once_for_each_course_of_a_mapping(quick: Moving) -> None:
    made = quick.made
    made.kura.set_course(made.kura_course, lmsEnabled=False)
    assert made.sync().outcome == "done"
    quick.repoint(kuracloud=quick.other_kura)
    made.kura.set_course(quick.other_kura, lmsEnabled=False)
    assert made.sync().outcome == "done"
    assert quick.enabled() == (False, True)


def test_another_connection_to_the_same_kuracloud_course_keeps_its_students(quick: Moving) -> None:
    made = quick.made
    with made.kit.database.transaction() as tx:
        second = connect(tx, made.kit, made.kura, "second")
        tx.exec_driver_sql(f"UPDATE instances SET remote_id = 'kura' WHERE id = {second}")
    move = repointing.planned(made.kit, made.mapping_id, kuracloud=("second", str(made.kura_course)))
    assert repointing.repoint(made.kit, move, ACTOR) is False
    assert made.kura.courses[made.kura_course].lms_enabled
    assert (quick.mapping.instance_id, len(made.links())) == (second, 2)
    assert made.sync().counts == {}
