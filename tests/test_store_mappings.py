"""Course mappings and the student links in them."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from app.errors import Refused
from app.store import audit, events, holds, links, mappings, steps, worklist
from app.store.db import Database
from app.store.links import NewLink
from app.store.mappings import Mapping
from app.store.tables import metadata
from app.store.worklist import GRADES
from tests.conftest import SetClock
from tests.making import add_courses, add_instance, add_mapping, add_site, claimed, event, want_now

READ_AND_WRITTEN: dict[str, dict[str, Any]] = {
    "rosters": {"members": [], "basis": "b", "read_at": 1.0},
    "grade_exports": {"roster_gen": 1, "began_at": 1.0},
    "grade_columns": {"lesson": 1, "revision": 2, "title": "Heart"},
    "grade_cells": {"lesson": 1, "revision": 2, "userid": 7},
    "exemptions": {"side": "moodle", "number": 7, "by": "x", "at": 1.0},
    "bypasses": {"kind": "roster", "gen": 1, "by": "x", "at": 1.0},
    "readings": {"read_at": 1.0, "members": [], "students": []},
    "tasks": {"kind": "roster_plan", "asked_by": "x", "asked_at": 1.0, "state": "wanted"},
}


def read(database: Database, mapping_id: int) -> Mapping:
    with database.reading() as tx:
        found = mappings.get(tx, mapping_id)
    assert found is not None
    return found


def new_link(userid: int, studentid: int) -> NewLink:
    return NewLink(userid, studentid, f"u{userid}@example.edu", {"email": {"sent": "A", "shown": "a"}})


def test_a_mapping_is_found_by_number_and_by_its_moodle_course(database: Database, clock: SetClock) -> None:
    with database.transaction() as tx:
        mapping_id = add_courses(tx, clock())[0]
        assert mappings.find(tx, "uni", 1) == mappings.get(tx, mapping_id) == mappings.every(tx)[0]
        assert mappings.find(tx, "uni", 2) is None
        assert mappings.find(tx, "other", 1) is None
        assert mappings.get(tx, mapping_id + 1) is None
    found = read(database, mapping_id)
    assert (found.courseid, found.kura_courseid, found.settings, found.started_at) == (1, 1001, {}, None)


def test_a_course_is_mapped_once_on_either_side(database: Database, clock: SetClock) -> None:
    with database.transaction() as tx:
        first = add_courses(tx, clock())[0]
        other_site, other_instance = add_site(tx, clock(), "other"), add_instance(tx, clock(), "other")
        with pytest.raises(Refused, match=f"Moodle course 1 is mapped already, by mapping {first}"):
            add_mapping(tx, clock(), 1, other_instance, 1)
        with pytest.raises(Refused, match=f"kuraCloud course 1001 is mapped already, by mapping {first}"):
            add_mapping(tx, clock(), other_site, 1, 1)
        assert add_mapping(tx, clock(), other_site, other_instance, 1) > first


def test_events_find_their_mappings(database: Database, clock: SetClock) -> None:
    with database.transaction() as tx:
        first, second, third = add_courses(tx, clock(), 3)
        elsewhere = add_mapping(tx, clock(), add_site(tx, clock(), "other"), add_instance(tx, clock(), "other"), 1)
        for mapping_id in (first, second, elsewhere):
            links.create(tx, clock(), mapping_id, [new_link(7, 70)])
        links.end(tx, clock(), second, [70], "left")
        links.create(tx, clock(), second, [new_link(7, 71)])
        assert mappings.for_course(tx, 1, 3) == [third]
        assert mappings.for_course(tx, 1, 9) == []
        assert mappings.for_user(tx, 1, 7) == [first, second]
        assert mappings.for_user(tx, 1, 8) == []
        assert mappings.for_site(tx, 1) == [first, second, third]
        assert mappings.of_connection(tx, "instance", 2) == [elsewhere]


def test_an_event_of_a_user_finds_the_run_that_may_be_about_to_link_her(database: Database, clock: SetClock) -> None:
    with database.transaction() as tx:
        first, second, _ = add_courses(tx, clock(), 3)
        links.create(tx, clock(), second, [new_link(7, 70)])
        want_now(tx, clock(), first, second)
        run = claimed(tx, clock(), first)
        assert mappings.for_user(tx, 1, 7) == [first, second]
        assert mappings.for_user(tx, 1, 8) == [first]
        assert mappings.for_user(tx, 2, 8) == []
        worklist.release(tx, clock(), run, worklist.Done())
        assert mappings.for_user(tx, 1, 8) == []


def test_a_mapping_changes_what_it_is_told_to(database: Database, clock: SetClock) -> None:
    with database.transaction() as tx:
        mapping_id = add_courses(tx, clock())[0]
        mappings.set_settings(tx, mapping_id, {"mode": "review"})
        mappings.set_names(tx, mapping_id, "Physiology", "Physiology lab")
    found = read(database, mapping_id)
    assert (found.settings, found.course_name, found.kura_course_name) == (
        {"mode": "review"},
        "Physiology",
        "Physiology lab",
    )


def test_it_is_quiet_until_the_latest_time_asked_for(database: Database, clock: SetClock) -> None:
    with database.transaction() as tx:
        first, second = add_courses(tx, clock(), 2)
        mappings.quieten(tx, [first, second], clock() + 60)
        mappings.quieten(tx, [first], clock() + 30)
        mappings.quieten(tx, [second], clock() + 90)
        mappings.quieten(tx, [], clock() + 120)
    assert [read(database, each).quiet_until for each in (first, second)] == [clock() + 60, clock() + 90]


def test_a_mapping_starts_once(database: Database, clock: SetClock) -> None:
    with database.transaction() as tx:
        mapping_id = add_courses(tx, clock())[0]
        mappings.start(tx, mapping_id, clock())
        mappings.start(tx, mapping_id, clock() + 60)
    assert read(database, mapping_id).started_at == clock()


def test_reconciling_takes_the_longest_waiting_first(database: Database, clock: SetClock) -> None:
    with database.transaction() as tx:
        first, second, third = add_courses(tx, clock(), 3)
        for mapping_id, at in ((first, 20), (second, 10), (third, 30)):
            mappings.set_reconcile_at(tx, mapping_id, clock() + at)
        assert mappings.reconcile_due(tx, clock() + 20, 10) == [second, first]
        assert mappings.reconcile_due(tx, clock() + 30, 1) == [second]


def test_a_removed_mapping_leaves_nothing_but_its_audit_and_its_number(database: Database, clock: SetClock) -> None:
    with database.transaction() as tx:
        gone, stays = add_courses(tx, clock(), 2)
        for mapping_id in (gone, stays):
            (event_id,) = events.insert(tx, clock(), 1, "signed", None, [event(f"e{mapping_id}")])
            assert event_id
            worklist.want(tx, clock(), {(mapping_id, GRADES): [event_id]}, quiet=3.0, cap=15.0)
            want_now(tx, clock(), mapping_id)
            run = claimed(tx, clock(), mapping_id).run_id
            links.create(tx, clock(), mapping_id, [new_link(7, 70)])
            steps.begin(tx, clock(), mapping_id, run, [steps.NewStep("add", "f", "c", "d", False)])
            holds.create(tx, clock(), mapping_id=mapping_id, kind="roster", digest="d", items=[], run_id=run)
            subject = {"records": [{"userid": 7, "email": "a@example.edu"}]}
            audit.begin(
                tx, clock(), actor="x", system="kuracloud", operation="add", subject=subject, mapping_id=mapping_id
            )
            for name, values in READ_AND_WRITTEN.items():
                tx.execute(metadata.tables[name].insert(), {"mapping_id": mapping_id, **values})
        mappings.remove(tx, gone)
        for table in metadata.sorted_tables:
            if "mapping_id" in table.c and table.name not in ("audit", "audit_subjects"):
                assert set(tx.execute(select(table.c.mapping_id)).scalars()) == {stays}, table.name
        assert len(audit.search(tx)) == 2
        mappings.remove(tx, stays)
        assert add_mapping(tx, clock(), 1, 1, 5) > stays
        assert tx.execute(select(func.count()).select_from(metadata.tables["runs"])).scalar() == 0


def test_links_are_ended_never_erased(database: Database, clock: SetClock) -> None:
    with database.transaction() as tx:
        mapping_id, other = add_courses(tx, clock(), 2)
        for each in (mapping_id, other):
            links.create(tx, clock(), each, [new_link(1, 10), new_link(2, 20), new_link(3, 30)])
        links.end(tx, clock() + 5, mapping_id, [20, 30, 99], "left")
        links.end(tx, clock() + 9, mapping_id, [30], "again")
        links.end(tx, clock() + 9, mapping_id, [], "nobody")
        links.create(tx, clock() + 6, mapping_id, [new_link(2, 21), new_link(4, 30)])
        links.create(tx, clock() + 6, mapping_id, [])
        active, ended = links.active(tx, mapping_id), links.ended(tx, mapping_id)
        assert len(links.active(tx, other)) == 3
    assert [(each.userid, each.studentid) for each in active] == [(1, 10), (2, 21), (4, 30)]
    assert [(each.studentid, each.ended_at, each.ended_reason) for each in ended] == [
        (20, clock() + 5, "left"),
        (30, clock() + 5, "left"),
    ]


def test_a_link_remembers_what_the_other_side_shows(database: Database, clock: SetClock) -> None:
    with database.transaction() as tx:
        mapping_id = add_courses(tx, clock())[0]
        links.create(tx, clock(), mapping_id, [new_link(1, 10)])
        link = links.active(tx, mapping_id)[0]
        assert (link.email, link.echo) == ("u1@example.edu", {"email": {"sent": "A", "shown": "a"}})
        links.set_echo(tx, mapping_id, 10, {"section": {"sent": "B", "shown": ""}})
        assert links.active(tx, mapping_id)[0].echo == {"section": {"sent": "B", "shown": ""}}


@pytest.mark.parametrize("second", [new_link(1, 11), new_link(2, 10)])
def test_a_user_or_student_is_linked_once_at_a_time(database: Database, clock: SetClock, second: NewLink) -> None:
    with database.transaction() as tx:
        mapping_id = add_courses(tx, clock())[0]
        links.create(tx, clock(), mapping_id, [new_link(1, 10)])
    with pytest.raises(IntegrityError), database.transaction() as tx:
        links.create(tx, clock(), mapping_id, [second])
