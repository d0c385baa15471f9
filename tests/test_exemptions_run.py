"""Keeping and excluding people by command: it works at once, whichever way the roster is read, and is written down."""

from __future__ import annotations

from app.kit import Kit
from app.setup import exempting
from app.store import audit
from tests.conftest import SetClock
from tests.fixtures_desk import Desk
from tests.test_read_touched import Course, course_at
from tests.world import World, world


def exclude(course: Course, userid: int) -> None:
    exempting.exclude(course.world.kit, course.world.mapping_id, userid, "somebody")


def student_of(made: World, userid: int) -> int:
    return next(link.studentid for link in made.links() if link.userid == userid)


def test_an_excluded_user_is_left_alone_when_an_event_names_her(sqlite_kit: Kit, clock: SetClock) -> None:
    with course_at(sqlite_kit, clock) as course:
        userid = course.users[0]
        exclude(course, userid)
        course.deliver()
        course.forget()
        course.moodle.rename_user(userid, firstname="Another")
        run = course.deliver()
        assert course.asked() == [[userid]]
        assert (run.counts, course.world.writes()) == ({}, [])


def test_an_excluded_user_who_leaves_keeps_her_student(sqlite_kit: Kit, clock: SetClock) -> None:
    with course_at(sqlite_kit, clock) as course:
        exclude(course, course.users[0])
        course.moodle.unenrol(course.users[0], course.id)
        assert course.deliver().counts == {}
        assert len(course.kura.students(course.world.kura_course)) == 6


def test_once_she_is_not_excluded_any_more_all_is_made_up_for_at_once(sqlite_kit: Kit, clock: SetClock) -> None:
    with course_at(sqlite_kit, clock) as course:
        userid, mapping_id = course.users[0], course.world.mapping_id
        exclude(course, userid)
        course.moodle.unenrol(userid, course.id)
        course.deliver()
        exempting.undo(sqlite_kit, mapping_id, "moodle", userid, "somebody")
        assert course.deliver().counts == {"delete": 1}


def test_an_exclusion_holds_where_stock_functions_read(sqlite_kit: Kit, clock: SetClock) -> None:
    with world(sqlite_kit, clock) as made:
        stays, excluded = made.enrol(), made.enrol()
        exempting.exclude(sqlite_kit, made.mapping_id, excluded, "somebody")
        assert made.sync().counts == {"add": 1}
        assert [link.userid for link in made.links()] == [stays]


def test_what_waited_for_a_person_is_overtaken_by_keeping_the_student(sqlite_kit: Kit, clock: SetClock) -> None:
    with world(sqlite_kit, clock) as made:
        made.enrol()
        made.sync()
        studentid = made.kura.put_student(made.kura_course, email="assistant@example.edu")
        made.sync()
        assert made.hold() is not None
        exempting.keep(sqlite_kit, made.mapping_id, studentid, "somebody")
        made.turn()
        assert made.hold() is None


def test_a_kept_student_stays_though_the_mapping_removes_such(sqlite_kit: Kit, clock: SetClock) -> None:
    with course_at(sqlite_kit, clock) as course:
        made = course.world
        assistant = made.kura.put_student(made.kura_course, email="assistant@example.edu")
        exempting.keep(sqlite_kit, made.mapping_id, assistant, "somebody")
        made.set(unmanaged="remove")
        assert made.sync().counts == {}
        exempting.undo(sqlite_kit, made.mapping_id, "kuracloud", assistant, "somebody")
        assert made.sync().counts == {"remove_unmanaged": 1}


def test_exemptions_are_made_listed_and_undone_by_command(desk: Desk) -> None:
    [_, userid] = desk.moodle.create_students(desk.course, 2)
    mapping = str(desk.map())
    desk.work()
    desk.done("holds", "approve", "1", "--digest", desk.json("holds", "show", "1")["digest"])
    desk.work()
    assert "is excluded from mapping" in desk.done("mapping", "exclude", mapping, str(userid))
    [line] = desk.json("mapping", "exclude", mapping)
    assert (line["number"], line["linked"] > 0) == (userid, True)
    assert str(userid) in desk.done("mapping", "exclude", mapping)
    assert desk.json("mapping", "show", mapping)["excluded"] == [userid]
    assert "users excluded" in desk.done("mapping", "show", mapping)
    assert "like everybody again" in desk.done("mapping", "exclude", mapping, str(userid), "--undo")
    assert "Nobody is excluded" in desk.done("mapping", "exclude", mapping)

    studentid = line["linked"]
    said = desk.done("mapping", "keep", "uni:PHY1", str(studentid))
    assert f"the Moodle user {userid} is linked to this student" in said
    assert desk.json("mapping", "keep", mapping)[0]["linked"] == userid
    assert "decide about the student" in desk.done("mapping", "keep", mapping, str(studentid), "--undo")
    assert "No student is kept" in desk.done("mapping", "keep", mapping)
    with desk.kit.database.reading() as tx:
        done = [row.operation for row in audit.search(tx, mapping_id=int(mapping)) if row.phase == "end"]
    assert {"exclude_user", "undo_exclude_user", "keep_student", "undo_keep_student"} <= set(done)


def test_nobody_is_exempted_who_is_not_there_or_twice(desk: Desk) -> None:
    mapping = str(desk.map())
    assert "Moodle has no user 999" in refused(desk, "exclude", mapping, "999")
    assert "has no student 999" in refused(desk, "keep", mapping, "999")
    assert "is not excluded in mapping" in refused(desk, "exclude", mapping, "999", "--undo")
    student = desk.kura.put_student(desk.kura_course, email="assistant@example.edu")
    desk.done("mapping", "keep", mapping, str(student))
    assert "is kept already" in refused(desk, "keep", mapping, str(student))
    assert "--undo needs to know of whom" in refused(desk, "keep", mapping, "--undo", code=2)


def test_a_kept_student_may_be_a_deleted_one(desk: Desk) -> None:
    mapping = str(desk.map())
    student = desk.kura.put_student(desk.kura_course, email="assistant@example.edu")
    desk.kura.delete_student(desk.kura_course, student)
    desk.done("mapping", "keep", mapping, str(student))


def refused(desk: Desk, *arguments: str, code: int = 1) -> str:
    done = desk.run("mapping", *arguments)
    assert done.exit_code == code, done.output
    return done.output
