"""A grades run waits for its export without holding a worker, and for no longer than it should (design.md 7)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import update

from app.kit import Kit
from app.store import runs
from app.store.tables import worklist as rows
from app.sync.ask import ask
from sandbox.faults import Fault
from tests.conftest import SetClock
from tests.grading import Course, course
from tests.world import world


@pytest.fixture
def graded(sqlite_kit: Kit, clock: SetClock) -> Iterator[Course]:
    with world(sqlite_kit, clock) as made, course(made) as graded:
        yield graded


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
