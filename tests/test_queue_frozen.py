"""A process that is frozen inside a transaction: nobody may wait for it until TCP gives it up."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from sqlalchemy import update
from sqlalchemy.exc import DBAPIError

from app.store.db import BUSY_TIMEOUT, Database
from app.store.tables import sites
from tests.conftest import SetClock

CHANGE = update(sites).values(failures=sites.c.failures + 1)


@pytest.fixture
def two(postgres_url: str, clock: SetClock) -> Iterator[tuple[Database, Database]]:
    databases = Database(postgres_url, clock=clock), Database(postgres_url, clock=clock)
    yield databases
    for database in databases:
        database.dispose()


def test_whoever_waits_for_a_lock_goes_on_when_its_holder_is_cut_off(two: tuple[Database, Database]) -> None:
    frozen, other = two
    with pytest.raises(DBAPIError, match="idle-in-transaction"):
        go_on_after_waiting(frozen, other)
    with frozen.transaction() as tx:
        tx.execute(CHANGE)


def go_on_after_waiting(frozen: Database, other: Database) -> None:
    """Lock, do nothing until another one got the lock all the same, go on."""
    with frozen.transaction() as tx:
        tx.exec_driver_sql("LOCK TABLE sites")
        time.sleep(1.0)
        began = time.monotonic()
        with other.transaction() as waiting:
            waiting.execute(CHANGE)
        assert BUSY_TIMEOUT - 2.0 < time.monotonic() - began < BUSY_TIMEOUT
        tx.execute(CHANGE)


def test_whoever_waits_for_a_lock_that_is_in_use_gives_up(two: tuple[Database, Database]) -> None:
    busy, other = two
    with busy.transaction() as tx:
        tx.exec_driver_sql("LOCK TABLE sites")
        with pytest.raises(DBAPIError, match="lock timeout"):
            change_in_a_moment(other)


def change_in_a_moment(database: Database) -> None:
    with database.transaction() as tx:
        tx.exec_driver_sql("SET LOCAL lock_timeout = '100ms'")
        tx.execute(CHANGE)
