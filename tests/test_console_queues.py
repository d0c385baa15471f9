"""The console's pages of queues, workers and dead letters."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from redis import Redis
from rq import SimpleWorker
from sqlalchemy import update

from app import queues
from app.kit import Kit
from app.store import audit, connections, mappings, worklist
from app.store.tables import worklist as table
from tests.conftest import SetClock
from tests.courses import mapped, wanted
from tests.visiting import Visitor, visiting


def change(kit: Kit, mapping_id: int, **values: Any) -> None:
    with kit.database.transaction() as tx:
        tx.execute(update(table).where(table.c.mapping_id == mapping_id).values(**values))


def dead(kit: Kit, *mapping_ids: int) -> None:
    """Give these up."""
    wanted(kit, *mapping_ids)
    for mapping_id in mapping_ids:
        change(kit, mapping_id, gate="dead", attempts=8, failing_since=1.0)


@pytest.fixture
def courses(sqlite_kit: Kit) -> list[int]:
    """Two mappings, the first called Physiology 1."""
    made = mapped(sqlite_kit, 2)
    with sqlite_kit.database.transaction() as tx:
        mappings.set_names(tx, made[0], "Physiology 1", "Physiology")
    return made


@pytest.fixture
def visitor(sqlite_kit: Kit) -> Visitor:
    return visiting(sqlite_kit, "operator")


def test_nothing_late_is_said(visitor: Visitor) -> None:
    text = visitor.text("/queues")
    assert "Late 0.0 s nothing is late" in text
    assert "Nothing is wanted, nothing is under way." in text


def test_lateness_stands_first_with_the_latest_rows(
    sqlite_kit: Kit, clock: SetClock, courses: list[int], visitor: Visitor
) -> None:
    wanted(sqlite_kit, *courses)
    clock.advance(90)
    page = visitor.get("/queues").text
    assert "The oldest work has been due for 90 s" in page
    assert page.index("The latest") < page.index("Worklist")
    assert 'href="/mappings/1">Physiology 1</a>' in page


def test_the_worklist_is_narrowed_to_one_state(sqlite_kit: Kit, courses: list[int], visitor: Visitor) -> None:
    wanted(sqlite_kit, *courses)
    change(sqlite_kit, courses[1], gate="parked", gate_reason="bad_token")
    rows = visitor.text("/queues", state="parked").partition("Show all")[2]
    assert "bad_token" in rows
    assert "Physiology 1" not in rows


def test_a_long_worklist_is_read_on(sqlite_kit: Kit, visitor: Visitor) -> None:
    wanted(sqlite_kit, *mapped(sqlite_kit, 51))
    assert "/queues?after=50-roster" in visitor.get("/queues").text
    assert 'href="/mappings/51"' in visitor.get("/queues?after=50-roster").text


@pytest.mark.parametrize(("asked", "words"), [({"state": "odd"}, "State must be"), ({"after": "1-exam"}, "is none")])
def test_what_cannot_be_meant_is_refused_with_words(visitor: Visitor, asked: dict[str, str], words: str) -> None:
    assert words in visitor.text("/queues", 409, **asked)


def test_connections_that_wait_are_named_with_the_reason(
    sqlite_kit: Kit, clock: SetClock, courses: list[int], visitor: Visitor
) -> None:
    with sqlite_kit.database.transaction() as tx:
        connections.park(tx, "site", 1, "bad_token", clock() + 60)
        connections.note_failure(tx, "instance", 1, clock() + 60)
    rows = visitor.text("/queues").partition("Connections that wait")[2].partition("Worklist")[0]
    assert "site uni parked bad_token" in rows
    assert "instance uni paused" in rows


def test_a_redis_that_is_away_is_said_and_is_no_error(visitor: Visitor) -> None:
    assert "There is no Redis" in visitor.text("/queues")


def test_a_redis_that_does_not_answer_is_said_without_a_command(sqlite_kit: Kit) -> None:
    away = replace(sqlite_kit, settings=replace(sqlite_kit.settings, redis_url="redis://127.0.0.1:1/0"))
    text = visiting(away, "viewer").text("/queues")
    assert "Redis cannot be reached" in text
    assert "kurasync up" not in text


def test_queues_and_workers_are_shown_as_redis_knows_them(sqlite_kit: Kit, redis_url: str) -> None:
    with Redis.from_url(redis_url) as redis:
        queues.enqueue(redis, [(1, "roster")], timeout=60)
        worker = SimpleWorker(list(queues.NAMES), name="one", connection=redis)
        worker.register_birth()  # type: ignore[no-untyped-call]
        worker.set_state("idle")
    kit = replace(sqlite_kit, settings=replace(sqlite_kit.settings, redis_url=redis_url))
    text = visiting(kit, "viewer").text("/queues").partition("Redis and workers")[2]
    assert "tasks 0 0 0 roster 1 0 0 grades 0 0 0" in text
    assert f"{worker.hostname} {worker.pid} idle" in text


def test_without_a_worker_that_is_said(sqlite_kit: Kit, redis_url: str) -> None:
    kit = replace(sqlite_kit, settings=replace(sqlite_kit.settings, redis_url=redis_url))
    assert "No worker process is known to Redis." in visiting(kit, "viewer").text("/queues")


def test_dead_letters_are_listed_or_there_are_none(sqlite_kit: Kit, courses: list[int], visitor: Visitor) -> None:
    assert "Nothing gave up." in visitor.text("/dead")
    dead(sqlite_kit, *courses)
    assert "uni:1" in visitor.text("/dead")
    assert "Nothing that gave up fits." in visitor.text("/dead", kind="grades")


def test_one_dead_letter_is_tried_again_after_asking(
    sqlite_kit: Kit, clock: SetClock, courses: list[int], visitor: Visitor
) -> None:
    dead(sqlite_kit, *courses)
    asked = visitor.get("/dead/requeue", mapping=str(courses[0]), kind="roster").text
    assert "1 piece of work is tried again now, with its failures forgotten." in asked
    said = visitor.done("/dead/requeue", mapping=str(courses[0]), kind="roster")
    assert "1 piece of work is tried again." in said
    with sqlite_kit.database.reading() as tx:
        states = [row.state for row in worklist.rows(tx)]
        (ended, _) = audit.search(tx, operation="requeue_dead")
    assert states == ["wanted", "dead"]
    assert ended.actor == "user:operator"


def test_all_dead_letters_that_fit_are_tried_again(sqlite_kit: Kit, courses: list[int], visitor: Visitor) -> None:
    dead(sqlite_kit, *courses)
    assert 'name="site" value="uni"' in visitor.get("/dead/requeue", site="uni").text
    assert "2 pieces of work are tried again." in visitor.done("/dead/requeue", site="uni")


def test_when_nothing_fits_nobody_is_asked(visitor: Visitor) -> None:
    answer = visitor.get("/dead/requeue", 303)
    assert "Nothing that gave up fits." in visitor.text(answer.headers["Location"])


def test_a_long_list_of_dead_letters_says_that_there_are_more(
    sqlite_kit: Kit, courses: list[int], visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    dead(sqlite_kit, *courses)
    monkeypatch.setattr("app.web.console.dead._SHOWN", 1)
    assert "And 1 more" in visitor.text("/dead")


def test_who_may_only_look_tries_nothing_again(sqlite_kit: Kit, courses: list[int]) -> None:
    dead(sqlite_kit, *courses)
    viewer = visiting(sqlite_kit, "viewer")
    assert "Try" not in viewer.text("/dead").partition("said")[2]
    viewer.get("/dead/requeue", 403)
    viewer.post("/dead/requeue", 403)
