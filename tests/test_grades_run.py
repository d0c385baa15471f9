"""Grades flow from kuraCloud into Moodle's gradebook, in steps that hold no worker (design.md 7)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import update

from app.errors import Refused
from app.kit import Kit
from app.store import audit, cells, exports, links, runs, steps, worklist
from app.store.links import NewLink
from app.store.tables import worklist as rows
from app.sync.ask import ask
from app.sync.probe import probe
from sandbox.faults import Fault
from tests.conftest import SetClock
from tests.grading import Course, course
from tests.world import World, world

DAY = 86_400.0


@pytest.fixture
def graded(sqlite_kit: Kit, clock: SetClock) -> Iterator[Course]:
    with world(sqlite_kit, clock) as made, course(made) as graded:
        yield graded


def _link(small: World, owners: dict[int, int]) -> None:
    """Link users to these students and to nobody else."""
    with small.kit.database.transaction() as tx:
        now = small.kit.database.now(tx)
        links.end(tx, now, small.mapping_id, list(owners.values()), "merged")
        made = [NewLink(userid, studentid, f"{userid}@example.edu", {}) for userid, studentid in owners.items()]
        links.create(tx, now, small.mapping_id, made)


# The way of a grade


def test_grades_of_linked_students_end_in_a_column_of_moodles_gradebook(graded: Course) -> None:
    ana, ben = graded.students(2)
    graded.grade(ana, 4, 3.5)
    graded.grade(ben, 6, 4)
    run = graded.sync()
    assert (run.outcome, run.message) == ("done", "1 column made, 2 grades written.")
    assert graded.book() == {graded.name: {ana: 7.5, ben: 10}}


def test_a_second_run_has_nothing_to_do_and_writes_nothing(graded: Course) -> None:
    graded.in_step()
    graded.world.moodle.calls.clear()
    assert graded.sync().message == "Grades are in step: nothing to do."
    assert [call.name for call in graded.world.moodle.calls] == ["local_kurasync_get_grades"]


def test_a_preview_shows_what_a_run_would_do_and_writes_nothing(graded: Course) -> None:
    graded.one()
    graded.world.kura.set_export(polls=0)
    shown = graded.preview().as_json()
    assert graded.book() == {}
    assert graded.known() == {}
    run = graded.sync()
    assert run.plan is not None
    assert {name: run.plan[name] for name in ("go", "held", "left")} == shown


def test_every_write_has_an_audit_row_before_it_and_one_after(graded: Course) -> None:
    ana = graded.one()
    run = graded.sync()
    with graded.world.kit.database.reading() as tx:
        found = [(row.operation, row.phase, row.outcome) for row in audit.search(tx, run_id=run.id, system="moodle")]
        subjects = [row.subject for row in audit.search(tx, run_id=run.id, system="moodle") if row.phase == "begin"]
    assert found == [
        ("save_grades", "end", "done"),
        ("save_grades", "begin", None),
        ("save_grades", "end", "done"),
        ("save_grades", "begin", None),
    ]
    column = [graded.lesson, graded.revision]
    assert subjects[0] == {"records": [{"column": column, "userid": ana, "before": None, "after": 4.0}]}
    assert subjects[1] == {"records": [{"column": column, "name": graded.name, "maximum": 10.0}]}


# Waiting


def test_a_run_waits_for_the_export_without_holding_the_row(graded: Course) -> None:
    graded.one()
    ask(graded.world.kit, graded.world.mapping_id, "grades")
    assert graded.turn() == "later"
    assert (graded.last().reason, graded.last().message) == (
        "export_pending",
        "kuraCloud is preparing the export of grades.",
    )
    assert graded.turn() == "refused"
    assert graded.turns().outcome == "done"


def test_of_a_long_wait_one_run_is_kept(graded: Course) -> None:
    graded.students(1)
    graded.world.kura.set_export(polls=12)
    assert graded.sync().outcome == "done"
    with graded.world.kit.database.reading() as tx:
        found = runs.search(tx, mapping_id=graded.world.mapping_id, kind="grades")
    assert [run.outcome for run in found] == ["done", "later"]


def test_the_students_that_were_wanted_before_come_first(graded: Course) -> None:
    ana = graded.world.enrol()
    ask(graded.world.kit, graded.world.mapping_id, "roster")
    ask(graded.world.kit, graded.world.mapping_id, "grades")
    assert graded.turn() == "later"
    assert graded.last().reason == "students_first"
    assert graded.world.turn() == "done"
    graded.world.clock.advance(1)
    graded.grade(ana, 5)
    graded.turns()
    assert graded.book() == {graded.name: {ana: 5}}


def test_students_that_are_wanted_later_are_not_waited_for(graded: Course) -> None:
    graded.students(1)
    ask(graded.world.kit, graded.world.mapping_id, "grades")
    assert graded.turn() == "later"
    ask(graded.world.kit, graded.world.mapping_id, "roster")
    graded.wait()
    graded.turn()
    assert graded.last().reason != "students_first"
    assert graded.turns().outcome == "done"


@pytest.mark.parametrize("trouble", ["dead", "failing"])
def test_a_roster_that_does_not_come_is_not_waited_for(graded: Course, trouble: str) -> None:
    graded.one()
    small = graded.world
    if trouble == "failing":
        small.moodle.faults.add(Fault("status", "get_roster", status=500))
        assert small.sync().outcome == "retry"
    else:
        ask(small.kit, small.mapping_id, "roster")
        with small.kit.database.transaction() as tx:
            tx.execute(update(rows).where(rows.c.kind == "roster").values(gate="dead"))
    ask(small.kit, small.mapping_id, "grades")
    graded.turn()
    assert graded.last().reason != "students_first"


def test_what_is_wanted_while_an_export_is_under_way_leads_to_another_one(graded: Course) -> None:
    ana = graded.one()
    ask(graded.world.kit, graded.world.mapping_id, "grades")
    assert graded.turn() == "later"
    graded.grade(ana, 5)
    ask(graded.world.kit, graded.world.mapping_id, "grades")
    graded.turns()
    assert graded.book() == {graded.name: {ana: 4}}
    graded.turns()
    assert graded.book() == {graded.name: {ana: 5}}


# Exports that fail


def test_a_failed_export_is_final_and_the_next_run_asks_for_another(graded: Course) -> None:
    ana = graded.one()
    graded.world.kura.set_export(fails=True)
    run = graded.sync()
    assert (run.outcome, run.reason) == ("retry", "export_failed")
    assert run.message == "kuraCloud could not export the grades: it says 'FAILED'. kurasync asks again later."
    graded.world.kura.set_export()
    assert graded.turns().outcome == "done"
    assert graded.book() == {graded.name: {ana: 4}}


def test_an_export_that_never_ends_is_given_up_after_a_quarter_of_an_hour(graded: Course) -> None:
    graded.students(1)
    graded.world.kura.set_export(polls=10_000)
    before = graded.world.clock()
    run = graded.sync()
    assert (run.outcome, run.reason) == ("retry", "export_never_ended")
    assert 900 < graded.world.clock() - before < 960
    polls = [call for call in graded.world.kura.calls if "exportgrades" in call.name and call.method == "GET"]
    assert len(polls) < 50
    graded.world.kura.set_export()
    assert graded.turns().outcome == "done"


def test_an_export_that_never_ends_stops_no_other_course(graded: Course) -> None:
    for _ in range(4):
        graded.world.kura.set_export(polls=10_000)
        graded.sync()
    graded.world.enrol()
    assert graded.world.sync().outcome == "done"


def test_an_export_that_kuracloud_has_forgotten_is_asked_for_anew(graded: Course) -> None:
    ana = graded.one()
    graded.world.kura.faults.add(Fault("status", r"GET .*exportgrades", status=404, times=1))
    assert (graded.sync().reason) == "export_gone"
    assert graded.turns().outcome == "done"
    assert graded.book() == {graded.name: {ana: 4}}


def test_an_export_that_waited_for_hours_is_not_used_but_another_one(graded: Course) -> None:
    ana = graded.one()
    graded.world.moodle.faults.add(Fault("status", "local_kurasync_get_grades", status=503, times=1))
    assert graded.sync().outcome == "retry"
    graded.world.clock.advance(2 * 3600)
    graded.grade(ana, 6)
    graded.turns()
    assert graded.book() == {graded.name: {ana: 6}}


def test_kuracloud_refusing_the_export_is_tried_again(graded: Course) -> None:
    ana = graded.one()
    graded.world.kura.faults.add(Fault("status", r"POST .*exportgrades", status=500, times=1))
    assert graded.sync().outcome == "retry"
    assert graded.turns().outcome == "done"
    assert graded.book() == {graded.name: {ana: 4}}


def test_an_empty_export_touches_nothing(graded: Course) -> None:
    ana = graded.in_step()
    graded.world.kura.set_lessons(graded.world.kura_course, [])
    run = graded.sync()
    assert (run.outcome, run.message) == ("done", "1 left as it is.")
    assert graded.left() == [("export_empty", None)]
    assert graded.book() == {graded.name: {ana: 4}}
    assert graded.hold() is None


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


# Who gets grades


def test_a_student_who_is_linked_to_nobody_is_listed_and_the_others_get_theirs(graded: Course) -> None:
    ana = graded.one()
    stranger = graded.world.kura.put_student(graded.world.kura_course, email="eve@example.edu", givenName="Eve")
    graded.world.kura.set_grade(graded.world.kura_course, graded.revision, stranger, {"q1": 3})
    run = graded.sync()
    assert graded.book() == {graded.name: {ana: 4}}
    assert run.plan is not None
    assert [(each["reason"], each["studentid"]) for each in run.plan["left"]] == [("unlinked", stranger)]


def test_grades_flow_while_changes_of_the_roster_are_held(graded: Course) -> None:
    ana, _ = graded.students(2)
    graded.world.kura.put_student(graded.world.kura_course, email="eve@example.edu", givenName="Eve")
    graded.world.sync()
    assert graded.world.hold() is not None
    graded.grade(ana, 4)
    graded.sync()
    assert graded.book() == {graded.name: {ana: 4}}


def test_a_linked_user_who_is_no_student_gets_no_grade(graded: Course) -> None:
    ana = graded.one()
    graded.world.moodle.suspend_enrolment(ana, graded.world.course)
    graded.sync()
    assert graded.book() == {}
    assert graded.left() == [("not_student", ana)]


def test_who_comes_back_gets_her_grades_again(graded: Course) -> None:
    ana, ben = graded.students(2)
    graded.grade(ana, 4)
    graded.grade(ben, 5)
    graded.sync()
    small = graded.world
    small.moodle.unenrol(ana, small.course)
    small.sync()
    assert graded.book() == {graded.name: {ben: 5}}
    small.moodle.enrol(ana, small.course)
    small.sync()
    small.clock.advance(60)
    graded.turns()
    assert graded.book() == {graded.name: {ana: 4, ben: 5}}


def test_newcomers_ask_for_no_grades(graded: Course) -> None:
    graded.students(2)
    with graded.world.kit.database.reading() as tx:
        assert worklist.get(tx, graded.world.mapping_id, "grades") is None


def test_a_link_that_changes_between_the_look_and_the_write_waits_for_another_export(graded: Course) -> None:
    ana, ben = graded.students(2)
    graded.grade(ana, 6)
    small = graded.world
    owners = {link.userid: link.studentid for link in small.links()}
    swapped = {ana: owners[ben], ben: owners[ana]}
    # The column is made first; its grade comes in a call of its own.
    small.before_call("local_kurasync_save_grades", 1, lambda: _link(small, swapped))
    run = graded.sync()
    assert run.counts == {"column_add": 1, "failed": 1}
    assert run.plan is not None
    assert [(each["reason"], each["userid"]) for each in run.plan["failed"]] == [("moved", ana)]
    assert graded.book() == {graded.name: {}}
    small.clock.advance(1)
    graded.turns()
    assert graded.book() == {graded.name: {ben: 6}}


def test_a_link_that_changes_between_the_export_and_the_write_waits_for_another_export(graded: Course) -> None:
    ana, ben = graded.students(2)
    graded.grade(ana, 4)
    graded.grade(ben, 5)
    graded.sync()
    graded.grade(ana, 6)
    graded.grade(ben, 3)
    small = graded.world
    owners = {link.userid: link.studentid for link in small.links()}

    swapped = {ana: owners[ben], ben: owners[ana]}
    small.before_call("local_kurasync_get_grades", 1, lambda: _link(small, swapped))
    graded.sync()
    assert {reason for reason, _ in graded.left()} == {"moved"}
    assert graded.book() == {graded.name: {ana: 4, ben: 5}}
    small.clock.advance(1)
    graded.turns()
    assert graded.book() == {graded.name: {ana: 3, ben: 6}}


# The guard


def test_too_many_losses_wait_for_a_person(graded: Course) -> None:
    users = graded.students(8)
    for user in users:
        graded.grade(user, 6)
    graded.sync()
    for user in users[:6]:
        graded.grade(user, 2)
    graded.grade(users[7], 6, 4)
    run = graded.sync()
    assert run.counts == {"grade_set": 1, "held": 6}
    assert set(graded.book()[graded.name].values()) == {6, 10}
    assert graded.approve().counts == {"grade_lower": 6}
    assert sorted(graded.book()[graded.name].values()) == [2] * 6 + [6, 10]


def test_losses_count_over_a_day_and_over_runs(graded: Course) -> None:
    users = graded.students(8)
    for user in users:
        graded.grade(user, 6)
    graded.sync()
    for user in users[:5]:
        graded.grade(user, 2)
    assert graded.sync().counts == {"grade_lower": 5}
    graded.grade(users[5], None)
    assert graded.sync().counts == {"held": 1}
    graded.world.clock.advance(DAY)
    assert graded.sync().counts == {"grade_clear": 1}


def test_a_column_that_vanished_stays_until_a_person_lets_it_go(graded: Course) -> None:
    ana = graded.in_step()
    small = graded.world
    lessons = [{**lesson, "gradedPublishedRevisions": []} for lesson in small.kura.lessons(small.kura_course)]
    small.kura.set_lessons(small.kura_course, lessons)
    assert graded.sync().counts == {"held": 1}
    assert graded.book() == {graded.name: {ana: 4}}
    assert graded.approve().counts == {"column_remove": 1}
    assert graded.book() == {}
    assert graded.known() == {}


def test_everything_of_a_mapping_that_was_never_approved_waits(sqlite_kit: Kit, clock: SetClock) -> None:
    with world(sqlite_kit, clock, started=False) as made, course(made) as graded:
        ana = made.enrol()
        studentid = made.kura.put_student(made.kura_course, email="ana@example.edu", givenName="Ana")
        _link(made, {ana: studentid})
        clock.advance(1)
        graded.grade(ana, 4)
        assert graded.sync().counts == {"held": 2}
        assert graded.book() == {}
        assert graded.approve().counts == {"column_add": 1, "grade_set": 1}
        assert made.preview().mapping.started_at is None


# Trouble in between


def test_a_write_whose_answer_was_lost_is_known_as_ours(graded: Course) -> None:
    ana = graded.in_step()
    graded.grade(ana, 5)
    graded.world.moodle.faults.add(Fault("reset_after", "local_kurasync_save_grades", times=1))
    assert graded.sync().outcome == "retry"
    assert graded.book() == {graded.name: {ana: 5}}
    graded.grade(ana, 6)
    with graded.world.kit.database.transaction() as tx:
        exports.forget(tx, graded.world.mapping_id)
    graded.turns()
    assert graded.book() == {graded.name: {ana: 6}}
    assert graded.left() == []


def test_a_write_whose_answer_was_lost_is_known_as_ours_by_another_service_user_too(graded: Course) -> None:
    (ana,) = graded.students(1)
    graded.grade(ana, 4)
    graded.sync()
    graded.grade(ana, 5)
    graded.world.moodle.faults.add(Fault("reset_after", "local_kurasync_save_grades", times=1))
    assert graded.sync().outcome == "retry"
    assert [(each.sent, each.shown, each.pending) for each in graded.known().values()] == [(5, 4, True)]
    for row in graded.items()[0].rows():
        row.usermodified = 99
    graded.grade(ana, 6)
    with graded.world.kit.database.transaction() as tx:
        exports.forget(tx, graded.world.mapping_id)
    graded.turns()
    assert graded.book() == {graded.name: {ana: 6}}


def test_what_a_teacher_puts_back_after_a_write_whose_answer_was_lost_stays(graded: Course) -> None:
    ana = graded.in_step()
    graded.grade(ana, 5)
    graded.world.moodle.faults.add(Fault("reset_after", "local_kurasync_save_grades", times=1))
    assert graded.sync().outcome == "retry"
    graded.teacher_sets(ana, 4)
    graded.turns()
    assert graded.book() == {graded.name: {ana: 4}}
    assert graded.left() == [("person", ana)]


def test_a_run_that_ended_before_its_proof_is_continued(graded: Course) -> None:
    ana, ben = graded.students(2)
    graded.grade(ana, 4)
    graded.grade(ben, 5)
    graded.world.moodle.faults.add(Fault("status", "local_kurasync_get_grades", status=503, skip=1, times=1))
    assert graded.sync().outcome == "retry"
    assert graded.turns().outcome == "done"
    assert graded.book() == {graded.name: {ana: 4, ben: 5}}
    assert {(each.sent, each.shown, each.pending) for each in graded.known().values()} == {
        (4, 4, False),
        (5, 5, False),
    }


def test_where_moodle_has_no_plugin_the_run_says_so_and_ends(sqlite_kit: Kit, clock: SetClock) -> None:
    with world(sqlite_kit, clock) as made, course(made) as graded:
        made.moodle.uninstall_plugin()
        run = graded.sync()
        assert (run.outcome, run.reason) == ("done", "no_gradebook")
        assert "local_kurasync" in (run.message or "")
        with pytest.raises(Refused):
            graded.preview()


def test_a_plugin_that_is_gone_parks_the_site_and_nothing_is_lost(graded: Course) -> None:
    ana = graded.one()
    graded.world.moodle.uninstall_plugin()
    assert graded.sync().outcome == "parked"
    graded.world.moodle.install_plugin()
    assert probe(graded.world.kit, "site", graded.world.site_id)
    assert graded.turns().outcome == "done"
    assert graded.book() == {graded.name: {ana: 4}}


def test_capabilities_that_grades_lack_are_named_and_stop_no_roster(graded: Course) -> None:
    ana = graded.one()
    graded.world.moodle.without("moodle/grade:viewall")
    run = graded.sync()
    assert (run.outcome, run.reason) == ("retry", "nopermissions")
    assert "moodle/grade:viewall" in (run.message or "")
    assert graded.world.sync().outcome == "done"
    graded.world.moodle.with_capability("moodle/grade:viewall")
    assert graded.turns().outcome == "done"
    assert graded.book() == {graded.name: {ana: 4}}


def test_what_does_not_last_is_written_three_times_a_day_and_no_more(graded: Course) -> None:
    ana = graded.in_step()
    for _ in range(5):
        graded.world.moodle.unenrol(ana, graded.world.course)
        graded.world.moodle.enrol(ana, graded.world.course)
        graded.sync()
    assert graded.book() == {graded.name: {}}
    assert graded.left() == [("unsettled", ana)]
    with graded.world.kit.database.reading() as tx:
        done = steps.done_since(tx, graded.world.mapping_id, 0)
    assert max(done.values()) == 3


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
