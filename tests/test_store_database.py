"""The database itself: transactions, its clock, and how it lasts."""

from __future__ import annotations

import threading
import time

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from app.store import sites
from app.store.db import Database
from tests.conftest import SetClock
from tests.making import add_courses, add_site, want_now


def test_sqlite_syncs_every_commit_to_disk(sqlite_database: Database) -> None:
    with sqlite_database.reading() as tx:
        assert tx.execute(text("PRAGMA journal_mode")).scalar() == "wal"
        assert tx.execute(text("PRAGMA synchronous")).scalar() == 2
        assert tx.execute(text("PRAGMA foreign_keys")).scalar() == 1


def test_an_error_undoes_the_whole_transaction(database: Database, clock: SetClock) -> None:
    def fail() -> None:
        with database.transaction() as tx:
            add_site(tx, clock())
            raise ValueError("killed")

    with pytest.raises(ValueError, match="killed"):
        fail()
    with database.reading() as tx:
        assert sites.every(tx) == []


def test_rows_that_others_need_cannot_be_removed(database: Database, clock: SetClock) -> None:
    with database.transaction() as tx:
        want_now(tx, clock(), *add_courses(tx, clock()))
        with pytest.raises(IntegrityError):
            tx.execute(text("DELETE FROM mappings"))


def test_many_threads_write_without_ever_meeting_a_lock(database: Database, clock: SetClock) -> None:
    def write(number: int) -> None:
        for each in range(10):
            with database.transaction() as tx:
                sites.every(tx)
                add_site(tx, clock(), f"s{number}-{each}")

    threads = [threading.Thread(target=write, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with database.reading() as tx:
        assert len(sites.every(tx)) == 60


def test_without_a_clock_of_its_own_it_tells_the_time(database_url: str) -> None:
    database = Database(database_url)
    with database.transaction() as tx:
        assert abs(database.now(tx) - time.time()) < 5
    database.dispose()


def test_time_goes_on_within_a_transaction(postgres_url: str) -> None:
    database = Database(postgres_url)
    with database.transaction() as tx:
        first = database.now(tx)
        tx.execute(text("SELECT pg_sleep(0.01)"))
        assert database.now(tx) > first
    database.dispose()
