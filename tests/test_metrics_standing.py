"""How things stand, as /metrics tells it from the database: on both databases."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, insert

from app.kit import Kit
from app.store import connections, holds, links, outboxes, runs, signs, sites, worklist
from app.store.db import Database
from app.store.links import NewLink
from app.store.tables import audit, events, tasks
from app.store.worklist import Dead, Done
from app.sync import identity
from app.web import create_app
from sandbox.moodle.sim import SimMoodle
from tests.conftest import SetClock
from tests.making import add_courses, claimed, want_now
from tests.scraping import scraped


def test_an_empty_database_is_told_in_noughts(kit: Kit) -> None:
    found = scraped(kit)
    assert found["kurasync_database_up"] == {(): 1}
    for name in ("lateness_seconds", "due_rows", "failing_seconds", "audit_unsealed_rows", "audit_unsealed_seconds"):
        assert found[f"kurasync_{name}"] == {(): 0}
    for name in ("dead_letters", "open_holds", "hold_age_seconds", "drift_actions"):
        assert found[f"kurasync_{name}"] == {("roster",): 0, ("grades",): 0}
    assert found["kurasync_tasks"] == {("wanted",): 0, ("running",): 0}
    assert "kurasync_clock_beat_timestamp_seconds" not in found


def test_work_is_told_by_lateness_and_state(kit: Kit, clock: SetClock) -> None:
    with kit.database.transaction() as tx:
        idle, waiting, running, dead = add_courses(tx, clock(), 4)
        want_now(tx, clock(), idle, waiting, running, dead)
        done = claimed(tx, clock(), idle)
        worklist.release(tx, clock(), done, Done(None))
        worklist.release(tx, clock(), claimed(tx, clock(), dead), Dead())
        claimed(tx, clock(), running)
    clock.advance(45)
    found = scraped(kit)
    assert found["kurasync_lateness_seconds"] == {(): 45}
    assert found["kurasync_worklist_rows"] == {
        ("roster", state): 1 for state in ("idle", "wanted", "running", "dead")
    }
    assert found["kurasync_dead_letters"] == {("roster",): 1, ("grades",): 0}


def test_what_waits_for_a_person_is_told_with_the_age_of_the_oldest(kit: Kit, clock: SetClock) -> None:
    with kit.database.transaction() as tx:
        for mapping_id in add_courses(tx, clock(), 3):
            holds.create(
                tx, clock(), mapping_id=mapping_id, kind="roster", digest="d", items=[{"action": "delete"}], run_id=1
            )
            clock.advance(100)
        newest = holds.waiting(tx, mapping_id, "roster")
        assert newest is not None
        holds.decide(tx, clock(), newest, "rejected", "a teacher")
    found = scraped(kit)
    assert found["kurasync_open_holds"] == {("roster",): 2, ("grades",): 0}
    assert found["kurasync_hold_age_seconds"] == {("roster",): 300, ("grades",): 0}


def test_connections_are_told_by_state_and_last_success(kit: Kit, clock: SetClock) -> None:
    with kit.database.transaction() as tx:
        add_courses(tx, clock())
        connections.note_success(tx, "site", 1, clock())
        connections.park(tx, "site", 1, "token_refused", clock())
        connections.note_failure(tx, "instance", 1, clock() + 60)
    found = scraped(kit)
    assert found["kurasync_site_state"] == {("uni", "open"): 0, ("uni", "paused"): 0, ("uni", "parked"): 1}
    assert found["kurasync_site_last_success_timestamp_seconds"] == {("uni",): clock()}
    assert found["kurasync_instance_state"] == {("lab", "open"): 0, ("lab", "paused"): 1, ("lab", "parked"): 0}
    assert "kurasync_instance_last_success_timestamp_seconds" not in found
    clock.advance(61)
    assert scraped(kit)["kurasync_instance_state"]["lab", "open"] == 1


def test_it_tells_when_each_site_was_heard_last(kit: Kit, clock: SetClock) -> None:
    with kit.database.transaction() as tx:
        add_courses(tx, clock())
    assert "kurasync_site_last_event_timestamp_seconds" not in scraped(kit)
    with kit.database.transaction() as tx:
        for _ in range(3):
            clock.advance(10)
            heard = {"site_id": 1, "way": "signed", "name": "x", "courseid": 1, "received_at": clock(), "wanted": True}
            tx.execute(insert(events).values(heard))
    assert scraped(kit)["kurasync_site_last_event_timestamp_seconds"] == {("uni",): clock()}


def test_what_waits_in_moodle_is_told_as_the_plugin_told_it(kit: Kit, clock: SetClock) -> None:
    with kit.database.transaction() as tx:
        add_courses(tx, clock())
    assert "kurasync_outbox_events" not in scraped(kit)
    told = [(3, 1, clock() - 50), (0, 0, None)]
    ages = []
    for waiting, setaside, oldest in told:
        with kit.database.transaction() as tx:
            outboxes.keep(tx, clock(), 1, waiting=waiting, setaside=setaside, oldest_at=oldest)
        found = scraped(kit)
        assert found["kurasync_outbox_events"] == {("uni",): waiting}
        assert found["kurasync_outbox_given_up_events"] == {("uni",): setaside}
        ages.append(found["kurasync_outbox_age_seconds"]["uni",])
    assert ages == [50, 0]


def test_the_clock_asks_every_site_for_its_outbox(sqlite_kit: Kit, clock: SetClock) -> None:
    with SimMoodle.serving() as moodle:
        moodle.install_plugin()
        with sqlite_kit.database.transaction() as tx:
            token = sqlite_kit.vault.encrypt(moodle.token)
            site_id = sites.add(
                tx, clock(), name="uni", url=moodle.url, wwwroot=moodle.url, identity=None, token=token, ways=["signed"]
            )
        identity.check_sites(sqlite_kit)
    assert scraped(sqlite_kit)["kurasync_outbox_events"] == {("uni",): 0}
    with sqlite_kit.database.transaction() as tx:
        sites.remove(tx, site_id)
    assert "kurasync_outbox_events" not in scraped(sqlite_kit)


def test_drift_is_told_of_the_last_day(kit: Kit, clock: SetClock) -> None:
    with kit.database.transaction() as tx:
        first, second = add_courses(tx, clock(), 2)
        for mapping_id, drift in ((first, 3), (second, 4)):
            want_now(tx, clock(), mapping_id)
            claim = claimed(tx, clock(), mapping_id)
            runs.end(tx, clock(), claim.run_id, "done", drift=drift)
            clock.advance(3600)
    assert scraped(kit)["kurasync_drift_actions"] == {("roster",): 7, ("grades",): 0}
    clock.advance(86400 - 5400)
    assert scraped(kit)["kurasync_drift_actions"] == {("roster",): 4, ("grades",): 0}


def test_tasks_and_the_audit_without_a_seal_are_told(kit: Kit, clock: SetClock) -> None:
    with kit.database.transaction() as tx:
        for state in ("wanted", "wanted", "running"):
            tx.execute(insert(tasks).values(kind="audit_check", asked_by="a", asked_at=clock(), state=state))
        tx.execute(insert(tasks).values(kind="audit_check", asked_by="a", asked_at=1, state="done", ended_at=2))
        row = {"at": clock(), "call_uid": "u", "phase": "begin", "actor": "a", "system": "kurasync", "operation": "o"}
        tx.execute(insert(audit).values(**row, subject={}))
    clock.advance(30)
    found = scraped(kit)
    assert found["kurasync_tasks"] == {("wanted",): 2, ("running",): 1}
    assert found["kurasync_audit_unsealed_rows"] == {(): 1}
    assert found["kurasync_audit_unsealed_seconds"] == {(): 30}


def test_the_clocks_last_sign_is_told(kit: Kit, clock: SetClock) -> None:
    with kit.database.transaction() as tx:
        signs.note(tx, clock(), signs.CLOCK)
    assert scraped(kit)["kurasync_clock_beat_timestamp_seconds"] == {(): clock()}


def test_without_a_database_it_says_so_and_tells_what_was_counted(sqlite_kit: Kit, tmp_path: Path) -> None:
    away = Database("sqlite:////nowhere/at/all.db")
    found = scraped(replace(sqlite_kit, database=away))
    away.dispose()
    assert found["kurasync_database_up"] == {(): 0}
    assert "kurasync_lateness_seconds" not in found


def test_no_label_is_a_course_or_somebody(kit: Kit, clock: SetClock) -> None:
    with kit.database.transaction() as tx:
        (mapping_id,) = add_courses(tx, clock())
        links.create(tx, clock(), mapping_id, [NewLink(5036, 77001, "ana.lee@example.edu", {})])
        want_now(tx, clock(), mapping_id)
    text = create_app(kit).test_client().get("/metrics").text
    for personal in ("5036", "77001", "ana.lee", "Course 1", "Lab course"):
        assert personal not in text


@pytest.mark.parametrize("courses", [1, 30])
def test_however_many_mappings_there_are_a_scrape_asks_as_often(
    sqlite_kit: Kit, clock: SetClock, courses: int
) -> None:
    with sqlite_kit.database.transaction() as tx:
        want_now(tx, clock(), *add_courses(tx, clock(), courses))
    asked: list[Any] = []
    event.listen(sqlite_kit.database.engine, "before_cursor_execute", lambda *given: asked.append(given[2]))
    scraped(sqlite_kit)
    assert len([each for each in asked if each.startswith("SELECT")]) < 20
