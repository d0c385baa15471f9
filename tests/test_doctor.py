"""`kurasync doctor`: what is right, what is not, and what to do about it."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from sqlalchemy import update

from app.planning.students import SEPARATE_GROUPS
from app.store import worklist
from app.store.tables import worklist as table
from tests.fixtures_desk import Desk


@pytest.fixture
def desk(desk: Desk, redis_url: str) -> Desk:
    """A desk with a Redis."""
    desk.environ["KURASYNC_REDIS_URL"] = redis_url
    return desk


def examined(desk: Desk) -> tuple[int, dict[str, dict[str, Any]]]:
    """The exit code, and what was found by name."""
    done = desk.run("doctor", "--json")
    return done.exit_code, {check["name"]: check for check in json.loads(done.stdout)}


def test_all_is_well_with_a_mapped_course(desk: Desk) -> None:
    desk.enrol(3)
    desk.map()
    desk.work()
    code, found = examined(desk)
    assert code == 0
    assert {check["state"] for check in found.values()} == {"ok", "note"}
    assert "3 student(s)" in found["site uni roster"]["message"]
    assert "Hold 1 waits" in found["mapping 1"]["message"]


def test_it_tells_people_line_by_line(desk: Desk) -> None:
    desk.map()
    said = desk.done("doctor")
    assert "ok    database: SQLite answers and is up to date." in said
    assert "ok    site uni: Example University Moodle" in said


def test_it_says_what_nobody_knows_about_kuracloud(desk: Desk) -> None:
    message = examined(desk)[1]["kuraCloud"]["message"]
    assert "no public documentation" in message
    assert "LTI" in message


def test_with_nothing_connected_it_says_what_comes_next(desk: Desk) -> None:
    code, found = examined(desk)
    assert code == 0
    assert "kurasync site add" in found["sites"]["message"]
    assert "kurasync instance add" in found["instances"]["message"]
    assert "kurasync mapping add" in found["mappings"]["message"]


def test_a_setting_that_nobody_knows_fails_and_ends_the_examination(desk: Desk) -> None:
    desk.environ["KURASYNC_QUEIT"] = "3"
    code, found = examined(desk)
    assert code == 1
    assert list(found) == ["settings"]
    assert "KURASYNC_QUEIT" in found["settings"]["message"]


def test_a_missing_home_key_and_database_each_fail(desk: Desk) -> None:
    desk.environ["KURASYNC_HOME"] = desk.environ["KURASYNC_HOME"] + "/nowhere"
    del desk.environ["KURASYNC_SECRET_KEY"], desk.environ["KURASYNC_DATABASE_URL"]
    code, found = examined(desk)
    assert code == 1
    for name in ("home", "key", "database"):
        assert found[name]["state"] == "fail"
        assert "kurasync db upgrade" in found[name]["message"]
    assert "Redis" not in found


def test_a_database_that_does_not_answer_fails(desk: Desk) -> None:
    desk.environ["KURASYNC_DATABASE_URL"] = "postgresql://nobody@127.0.0.1:1/none"
    code, found = examined(desk)
    assert code == 1
    assert "cannot be used" in found["database"]["message"]


def test_a_redis_that_does_not_answer_fails(desk: Desk) -> None:
    desk.environ["KURASYNC_REDIS_URL"] = "redis://127.0.0.1:1/0"
    code, found = examined(desk)
    assert code == 1
    assert "nothing is lost" in found["Redis"]["message"]


def test_work_that_nobody_does_is_late(desk: Desk) -> None:
    desk.map()
    with desk.kit.database.transaction() as tx:
        tx.execute(update(table).values(due_at=table.c.due_at - 60))
    code, found = examined(desk)
    assert code == 1
    assert "kurasync up" in found["work"]["message"]


def test_a_token_that_ended_fails_and_names_the_command_that_helps(desk: Desk) -> None:
    desk.map()
    desk.moodle.rotate_token("fresh")
    desk.kura.rotate_token("fresh")
    code, found = examined(desk)
    assert code == 1
    assert "`kurasync site rotate uni`" in found["site uni"]["message"]
    assert "`kurasync instance rotate kura`" in found["instance kura"]["message"]


def test_an_instance_whose_integration_was_switched_off_fails(desk: Desk) -> None:
    desk.map()
    desk.kura.set_instance(lmsEnabled=False)
    assert "ADInstruments" in examined(desk)[1]["instance kura"]["message"]


def test_a_missing_function_fails(desk: Desk) -> None:
    desk.map()
    desk.moodle.service_functions -= {"core_group_get_group_members"}
    assert "core_group_get_group_members" in examined(desk)[1]["site uni"]["message"]


@pytest.mark.parametrize(
    "capability",
    [
        "moodle/user:viewdetails",
        "moodle/course:enrolreview",
        "moodle/course:managegroups",
        "moodle/site:accessallgroups",
    ],
)
def test_a_missing_capability_is_named(desk: Desk, capability: str) -> None:
    desk.moodle.create_students(desk.course, 3, 2)
    if capability == "moodle/site:accessallgroups":
        desk.moodle.set_groupmode(desk.course, SEPARATE_GROUPS)
    desk.map()
    desk.moodle.without(capability)
    code, found = examined(desk)
    assert code == 1
    assert capability in found["site uni roster"]["message"]


def test_a_course_that_is_gone_is_a_warning(desk: Desk) -> None:
    desk.map()
    desk.moodle.delete_course(desk.course)
    code, found = examined(desk)
    assert code == 0
    assert found["site uni roster"]["state"] == "warn"
    assert "Physiology 1" in found["site uni roster"]["message"]


def test_capabilities_are_checked_once_a_course_is_mapped(desk: Desk) -> None:
    desk.connect()
    assert examined(desk)[1]["site uni roster"]["state"] == "warn"


def test_a_connection_that_is_well_but_still_parked_is_a_warning(desk: Desk) -> None:
    desk.map()
    desk.moodle.rotate_token("fresh")
    desk.work()
    desk.moodle.rotate_token("sandbox-moodle-token")
    code, found = examined(desk)
    assert code == 0
    assert "still parked (invalidtoken)" in found["site uni"]["message"]


def test_mappings_that_rest_are_told_apart(desk: Desk) -> None:
    desk.map()
    desk.done("mapping", "pause", "1")
    assert examined(desk)[1]["mapping 1"]["state"] == "note"
    desk.done("mapping", "resume", "1")
    with desk.kit.database.transaction() as tx:
        worklist.park(tx, [1], "course_gone")
    assert examined(desk)[1]["mapping 1"]["state"] == "warn"
    with desk.kit.database.transaction() as tx:
        tx.execute(update(table).values(gate="dead"))
    code, found = examined(desk)
    assert code == 1
    assert "mapping show 1" in found["mapping 1"]["message"]


@pytest.mark.parametrize(("minutes", "way"), [(10, "ahead of"), (-10, "behind")])
def test_a_clock_that_differs_is_told_by_how_much(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, minutes: int, way: str
) -> None:
    desk.connect()
    then = format_datetime(datetime.now(UTC) + timedelta(minutes=minutes), usegmt=True)
    monkeypatch.setattr("sandbox.server.http_date", lambda: then)
    code, found = examined(desk)
    assert code == 0
    for name in ("site uni clock", "instance kura clock"):
        assert found[name]["state"] == "warn"
        assert re.search(rf"(599|60\d) s {way} this machine's", found[name]["message"])
        assert "300 s" in found[name]["message"]
