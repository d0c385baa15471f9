"""200 only when it is committed, 503 when it cannot be; what is due at once is dispatched after the commit."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import Connection, NullPool, create_engine, event, make_url, text
from structlog.testing import capture_logs

from app.kit import Kit
from app.store.db import Database
from app.store.vault import Vault
from app.web import create_app
from tests.conftest import SetClock
from tests.receiving import PROBLEM, Door, delivery, happening, open_door, signed

REQUEST = r"\local_kurasync\event\grades_requested"


def refused(door: Door) -> None:
    with capture_logs() as lines:
        answer = door.deliver(happening())
    assert [line["event"] for line in lines] == ["not_stored"]
    assert (answer.status_code, answer.content_type) == (503, PROBLEM)
    assert answer.get_json()["reason"] == "not_stored"
    assert int(answer.headers["Retry-After"]) > 0


@pytest.fixture
def impatient(sqlite_url: str, sqlite_kit: Kit, clock: SetClock, monkeypatch: pytest.MonkeyPatch) -> Iterator[Kit]:
    """A kit that does not wait long for a busy database."""
    monkeypatch.setattr("app.store.db.BUSY_TIMEOUT", 0.05)
    database = Database(sqlite_url, clock=clock)
    yield replace(sqlite_kit, database=database)
    database.dispose()


def test_what_was_answered_with_200_is_there_for_everybody(kit: Kit, database_url: str) -> None:
    door = open_door(kit)
    assert door.deliver(happening()).status_code == 200
    url = make_url(database_url)
    others = url if url.get_backend_name() == "sqlite" else url.set(drivername="postgresql+psycopg")
    with create_engine(others, poolclass=NullPool).connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM events WHERE wanted")).scalar_one() == 1
        assert connection.execute(text("SELECT wanted FROM worklist")).scalar_one() == 1


def test_sqlite_commits_reach_the_disk(sqlite_kit: Kit) -> None:
    with sqlite_kit.database.transaction() as tx:
        assert tx.execute(text("PRAGMA synchronous")).scalar_one() == 2
        assert tx.execute(text("PRAGMA journal_mode")).scalar_one() == "wal"


def test_a_database_that_stays_locked_is_a_503_and_the_next_try_gets_through(impatient: Kit, sqlite_url: str) -> None:
    door = open_door(impatient)
    with closing(sqlite3.connect(str(make_url(sqlite_url).database), isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        refused(door)
    assert door.deliver(happening()).status_code == 200
    assert len(door.stored()) == 1


def test_a_thread_that_keeps_the_database_is_a_503_for_the_others(impatient: Kit) -> None:
    door = open_door(impatient)
    with impatient.database.transaction():
        refused(door)
    assert door.deliver(happening()).status_code == 200


def test_a_full_disk_is_a_503_and_nothing_is_stored(sqlite_kit: Kit) -> None:
    door = open_door(sqlite_kit)
    with sqlite_kit.database.reading() as tx:
        pages = tx.execute(text("PRAGMA page_count")).scalar_one()
    sqlite_kit.database.dispose()

    @event.listens_for(sqlite_kit.database.engine, "connect")
    def fill(connection: sqlite3.Connection, _record: object) -> None:
        connection.execute(f"PRAGMA max_page_count={pages}")

    answer = door.deliver(*[happening() for _ in range(1000)])
    assert answer.status_code == 503
    assert door.stored() == []


def test_a_database_file_that_is_gone_is_a_503(impatient: Kit, sqlite_url: str) -> None:
    door = open_door(impatient)
    impatient.database.dispose()
    Path(str(make_url(sqlite_url).database)).unlink()
    refused(door)


def test_a_postgresql_that_is_away_is_a_503(sqlite_kit: Kit) -> None:
    away = Database("postgresql://nobody@127.0.0.1:1/nothing?connect_timeout=1")
    client = create_app(replace(sqlite_kit, database=away)).test_client()
    body, headers = signed(delivery(happening()))
    answer = client.post("/events/uni", data=body, headers=headers)
    assert (answer.status_code, answer.get_json()["reason"]) == (503, "not_stored")
    away.dispose()


def test_a_connection_that_breaks_at_the_commit_is_a_503_and_the_next_try_gets_through(
    postgres_url: str, sqlite_kit: Kit, clock: SetClock
) -> None:
    database = Database(postgres_url, clock=clock)
    door = open_door(replace(sqlite_kit, database=database))
    killer = create_engine(make_url(postgres_url).set(drivername="postgresql+psycopg"), poolclass=NullPool)

    def kill(connection: Connection) -> None:
        pid = connection.exec_driver_sql("SELECT pg_backend_pid()").scalar_one()
        with killer.connect() as other:
            other.execute(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": pid})

    event.listen(database.engine, "commit", kill)
    refused(door)
    event.remove(database.engine, "commit", kill)
    assert door.stored() == []
    assert door.deliver(happening()).get_json()["accepted"] == 1
    database.dispose()


def test_a_key_that_does_not_fit_is_a_503_for_the_administrator(sqlite_kit: Kit) -> None:
    open_door(sqlite_kit)
    client = create_app(replace(sqlite_kit, vault=Vault([Fernet.generate_key().decode()]))).test_client()
    body, headers = signed(delivery(happening()))
    with capture_logs() as lines:
        answer = client.post("/events/uni", data=body, headers=headers)
    assert (answer.status_code, answer.get_json()["reason"]) == (503, "not_set_up")
    assert ["KURASYNC_SECRET_KEY" in line["message"] for line in lines] == [True]
    assert "KURASYNC" not in answer.text


def test_a_defect_is_answered_in_the_one_shape_too(sqlite_kit: Kit, monkeypatch: pytest.MonkeyPatch) -> None:
    def stumble(*_: object) -> None:
        raise RuntimeError("secret inside")

    monkeypatch.setattr("app.sync.together.accept", stumble)
    answer = open_door(sqlite_kit).deliver(happening())
    assert (answer.status_code, answer.content_type) == (500, PROBLEM)
    assert answer.get_json()["reason"] == "internal_server_error"
    assert "secret inside" not in answer.text


def test_what_is_due_at_once_is_dispatched_after_the_commit(sqlite_kit: Kit) -> None:
    seen: list[int] = []
    door = open_door(sqlite_kit, dispatch=lambda: seen.append(door.wanted(8, "grades")))
    door.deliver(happening(REQUEST))
    assert seen == [1]


def test_what_settles_first_is_left_to_the_clock(sqlite_kit: Kit) -> None:
    seen: list[int] = []
    door = open_door(sqlite_kit, dispatch=lambda: seen.append(1))
    door.deliver(happening())
    assert seen == []


def test_a_failing_dispatch_is_only_logged(sqlite_kit: Kit) -> None:
    def fail() -> None:
        raise ConnectionError("no Redis")

    door = open_door(sqlite_kit, dispatch=fail)
    with capture_logs() as lines:
        assert door.deliver(happening(REQUEST)).status_code == 200
    assert [line["event"] for line in lines if line["log_level"] != "debug"] == ["dispatch_left_to_the_clock"]
    assert door.wanted(8, "grades") == 1

