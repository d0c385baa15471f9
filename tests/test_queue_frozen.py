"""A process that is frozen inside a transaction: nobody may wait for it until TCP gives it up."""

from __future__ import annotations

import time

import pytest
from sqlalchemy import update
from sqlalchemy.exc import DBAPIError

from app.store.db import BUSY_TIMEOUT, Database
from app.store.tables import sites
from tests.conftest import SetClock

CHANGE = update(sites).values(failures=sites.c.failures + 1)


def test_whoever_waits_for_a_lock_goes_on_when_its_holder_is_cut_off(postgres_url: str, clock: SetClock) -> None:
    frozen, other = Database(postgres_url, clock=clock), Database(postgres_url, clock=clock)
    with pytest.raises(DBAPIError, match="idle-in-transaction"), frozen.transaction() as tx:
        tx.exec_driver_sql("LOCK TABLE sites")
        time.sleep(1.0)
        began = time.monotonic()
        with other.transaction() as waiting:
            waiting.execute(CHANGE)
        assert BUSY_TIMEOUT - 2.0 < time.monotonic() - began < BUSY_TIMEOUT
        tx.execute(CHANGE)
    with frozen.transaction() as tx:
        tx.execute(CHANGE)
    frozen.dispose()
    other.dispose()


def test_whoever_waits_for_a_lock_that_is_in_use_gives_up(postgres_url: str, clock: SetClock) -> None:
    busy, other = Database(postgres_url, clock=clock), Database(postgres_url, clock=clock)
    with busy.transaction() as tx:
        tx.exec_driver_sql("LOCK TABLE sites")
        with pytest.raises(DBAPIError, match="lock timeout"), other.transaction() as waiting:
            waiting.exec_driver_sql("SET LOCAL lock_timeout = '100ms'")
            waiting.execute(CHANGE)
    busy.dispose()
    other.dispose()
