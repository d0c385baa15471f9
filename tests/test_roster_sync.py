"""Roster sync from end to end: the simulated Moodle on one side, the simulated kuraCloud on the other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from app.kit import Kit
from app.store import audit, links, mappings
from app.sync.holds import reject
from sandbox.faults import Fault
from tests.conftest import SetClock
from tests.world import World, world


@pytest.fixture
def small(sqlite_kit: Kit, clock: SetClock) -> Iterator[World]:
    with world(sqlite_kit, clock) as made:
        yield made


def test_it_adds_a_new_student_and_finds_nothing_to_do_the_second_time(small: World) -> None:
    userid = small.enrol("Ana", "Lee", email="ana@example.edu", idnumber="S1")
    run = small.sync()
    assert (run.outcome, run.counts) == ("done", {"add": 1})
    [student] = small.kura.students(small.kura_course)
    assert (student["givenName"], student["familyName"], student["externalStudentId"]) == ("Ana", "Lee", "S1")
    [link] = small.links()
    assert (link.userid, link.studentid) == (userid, student["studentId"])
    again = small.sync()
    assert (again.outcome, again.counts, len(small.writes())) == ("done", {}, 1)


def test_the_first_plan_waits_for_approval_and_an_approval_is_used_up(sqlite_kit: Kit, clock: SetClock) -> None:
    with world(sqlite_kit, clock, started=False) as made:
        made.enrol()
        assert made.sync().counts == {"held": 1}
        assert made.writes() == []
        assert made.approve().counts == {"add": 1}
        assert made.hold() is None
        made.enrol()
        assert made.sync().counts == {"add": 1}


def test_a_first_look_that_finds_linked_students_in_step_has_nothing_to_ask(
    sqlite_kit: Kit, clock: SetClock
) -> None:
    with world(sqlite_kit, clock, started=False) as made:
        linked_in_step(made)
        assert (made.sync().counts, made.hold()) == ({}, None)
        with sqlite_kit.database.reading() as tx:
            assert [row.phase for row in audit.search(tx, operation="began_in_step")] == ["end", "begin"]
        made.enrol()
        assert made.sync().counts == {"add": 1}


def test_a_first_look_at_a_course_with_nobody_in_it_leaves_the_first_plan_to_be_asked(
    sqlite_kit: Kit, clock: SetClock
) -> None:
    with world(sqlite_kit, clock, started=False) as made:
        assert made.sync().counts == {}
        made.enrol()
        assert made.sync().counts == {"held": 1}


def test_a_first_plan_that_a_person_refused_does_not_begin_by_itself_once_there_is_nothing_to_ask(
    sqlite_kit: Kit, clock: SetClock
) -> None:
    with world(sqlite_kit, clock, started=False) as made:
        userid = linked_in_step(made)
        made.moodle.unenrol(userid, made.course)
        assert made.sync().counts == {"held": 1}
        hold = made.hold()
        assert hold is not None
        reject(sqlite_kit, hold.id, "a teacher")
        made.moodle.enrol(userid, made.course)
        assert [made.sync().counts for _ in range(2)] == [{}, {}]
        made.enrol()
        assert made.sync().counts == {"held": 1}


def linked_in_step(made: World) -> int:
    """A student whom both sides hold alike and who is linked already, as after moving over; her Moodle user."""
    userid = made.enrol(email="ana@example.edu")
    student = made.kura.put_student(made.kura_course, **as_in_moodle(made, userid))
    with made.kit.database.transaction() as tx:
        links.create(tx, made.clock(), made.mapping_id, [links.NewLink(userid, student, "ana@example.edu", {})])
    return userid


def as_in_moodle(made: World, userid: int) -> dict[str, str]:
    """A Moodle user as kuraCloud would have her."""
    user = made.moodle.site.users[userid]
    return {
        "email": user.email,
        "givenName": user.firstname,
        "familyName": user.lastname,
        "externalStudentId": user.idnumber,
        "section": "",
    }


def test_it_renames_moves_and_renumbers(small: World) -> None:
    userid = small.enrol("Ana", "Lee", idnumber="S1")
    small.sync()
    group = small.moodle.create_group(small.course, "Section B")
    small.moodle.join_group(userid, group)
    small.moodle.rename_user(userid, firstname="Anna")
    assert small.sync().counts == {"edit": 1}
    [student] = small.kura.students(small.kura_course)
    assert (student["givenName"], student["section"], student["inviteComplete"]) == ("Anna", "Section B", False)


def test_a_leaver_is_held_as_long_as_moodle_cannot_prove_it_and_removed_when_approved(small: World) -> None:
    staying, leaving = small.enrol(), small.enrol()
    small.sync()
    small.moodle.unenrol(leaving, small.course)
    assert small.sync().counts == {"held": 1}
    assert small.approve().counts == {"delete": 1}
    assert [link.userid for link in small.links()] == [staying]
    assert [link.ended_reason for link in small.links(ended=True)] == ["removed"]
    small.moodle.enrol(leaving, small.course)
    assert small.sync().counts == {"restore": 1}
    assert len(small.kura.invites) == 2


def test_a_run_says_in_a_sentence_and_by_name_what_it_did_and_what_waits(small: World) -> None:
    assert small.sync().message == "In step: nothing to do."
    first, second = small.enrol("Ana", "Lee"), small.enrol("Bo", "Lee")
    run = small.sync()
    assert (run.message, [each["who"] for each in run.plan["go"]]) == ("2 added.", ["Ana Lee", "Bo Lee"])
    small.moodle.unenrol(first, small.course)
    small.moodle.rename_user(second, firstname="Bob")
    small.enrol("No", "Body", email="nowhere")
    run = small.sync()
    assert run.message == "1 edited; 1 held; 1 conflict."
    assert [each["who"] for each in run.plan["held"]] == ["Ana Lee"]  # known in kuraCloud alone by now
    assert [each["who"] for each in run.plan["conflicts"]] == [["No Body"]]
    assert small.approve().message == "1 removed; 1 conflict."


def test_a_run_that_changes_nothing_reads_each_side_once_and_one_that_writes_looks_once_more(small: World) -> None:
    small.enrol()
    small.sync()
    read = ["GET /v2/course", "GET /v2/course/101/student", "GET /v2/course/101/student?deleted=true"]
    assert [call.name for call in small.kura.calls] == [*read, "POST /v2/course/101/student", read[1]]
    small.kura.calls.clear()
    small.sync()
    assert [call.name for call in small.kura.calls] == read


def test_a_cohort_and_its_group_arrive_and_leave_together(small: World) -> None:
    cohort, group = small.moodle.create_cohort("First years"), small.moodle.create_group(small.course, "First years")
    people = [small.moodle.create_user(f"Given{number}", "Lee", f"c{number}@example.edu") for number in range(5)]
    for userid in people:
        small.moodle.add_to_cohort(userid, cohort)
    small.moodle.cohort_enrolment(cohort, small.course, group)
    assert small.sync().counts == {"add": 5}
    assert {student["section"] for student in small.kura.students(small.kura_course)} == {"First years"}
    small.moodle.rename_group(group, "Year 1")
    assert small.sync().counts == {"edit": 5}
    small.moodle.delete_cohort(cohort)
    assert small.sync().counts == {"held": 5}
    assert small.sync().counts == {"held": 5}


def test_every_write_has_two_audit_rows(small: World) -> None:
    small.enrol()
    small.sync()
    with small.kit.database.reading() as tx:
        rows = audit.search(tx, mapping_id=small.mapping_id)
    assert [(row.phase, row.operation, row.outcome, row.actor) for row in reversed(rows)] == [
        ("begin", "add_students", None, "kurasync"),
        ("end", "add_students", "done", "kurasync"),
    ]


def test_an_answer_that_is_lost_after_kuracloud_acted_does_not_invite_twice(small: World) -> None:
    small.enrol()
    small.kura.faults.add(Fault("reset_after", match="POST .*/student$", times=1))
    assert small.sync().outcome == "retry"
    small.clock.advance(3600)
    assert small.sync().counts == {"link": 1}
    assert len(small.kura.invites) == 1


def test_an_approval_does_not_invite_again_whom_kuracloud_does_not_show(sqlite_kit: Kit, clock: SetClock) -> None:
    kit = replace(sqlite_kit, settings=replace(sqlite_kit.settings, batch_size=1))
    with world(kit, clock, started=False) as made:
        first, second = made.enrol(), made.enrol()
        made.sync()
        # The first addition is answered like a done one; the run is cut off before it could look for it.
        made.kura.faults.add(Fault("empty_list", match="POST .*/student$", times=1))
        made.kura.faults.add(Fault("status", match="POST .*/student$", status=503, skip=0, times=1))
        assert made.approve().outcome == "retry"
        made.kura.faults.clear()
        made.clock.advance(3600)
        assert made.turn() == "done"
        assert [link.userid for link in made.links()] == [second]
        hold = made.hold()
        assert hold is not None
        assert [(item["userid"], "invited_before" in item["reasons"]) for item in hold.items] == [(first, True)]


@pytest.mark.parametrize("plugin", [False, True])
def test_a_mapping_is_called_as_its_courses_are_called_now(small: World, plugin: bool) -> None:
    if plugin:
        small.moodle.install_plugin()
    small.moodle.rename_course(small.course, "Physiology & Anatomy")
    small.kura.set_course(small.kura_course, name="Physiology lab")
    small.sync()
    with small.kit.database.reading() as tx:
        mapping = mappings.get(tx, small.mapping_id)
    assert mapping is not None
    assert (mapping.course_name, mapping.kura_course_name) == ("Physiology & Anatomy", "Physiology lab")
