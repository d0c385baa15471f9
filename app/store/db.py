"""The database: one engine, transactions that never deadlock on SQLite, and the one clock all machines share."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import TimeoutError as WaitedTooLong

Clock = Callable[[], float]

BUSY_TIMEOUT = 5.0
CONNECT_TIMEOUT = 5


class Database:
    """SQLite (WAL, synchronous=FULL) or PostgreSQL behind one face.

    `clock` replaces the shared clock in tests; without it times come from the database where several machines may
    share it (queue.md 3), from this machine on SQLite.
    """

    def __init__(self, url: str, *, clock: Clock | None = None) -> None:
        self.url = make_url(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self.engine = _sqlite_engine(url) if self.is_sqlite else _postgres_engine(url)
        self._clock = clock or (time.time if self.is_sqlite else None)
        self._writing = threading.Lock()

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """A transaction that may write: BEGIN IMMEDIATE on SQLite, READ COMMITTED on PostgreSQL.

        Never make an HTTP call inside it (floors.md). Raises SQLAlchemy's errors, TimeoutError among them.
        """
        with self._turn(), self.engine.begin() as connection:
            yield connection

    @contextmanager
    def _turn(self) -> Iterator[None]:
        # SQLite's own waiting is sleeping: threads that meet there wait up to a second for a lock that is free.
        if not self.is_sqlite:
            yield
        elif self._writing.acquire(timeout=BUSY_TIMEOUT):
            try:
                yield
            finally:
                self._writing.release()
        else:
            raise WaitedTooLong(f"another thread kept the database busy for {BUSY_TIMEOUT:g} s")

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A transaction for reading alone: on SQLite it takes no write lock."""
        with self.engine.connect().execution_options(kurasync_reading=True) as connection:
            yield connection

    @contextmanager
    def snapshot(self) -> Iterator[Connection]:
        """As `reading`, and everything is read as it was at one moment, however many statements that takes."""
        with self.engine.connect() as connection:
            if self.is_sqlite:
                yield connection.execution_options(kurasync_reading=True)
            else:
                yield connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)

    def now(self, connection: Connection) -> float:
        """Seconds since the epoch by the clock that all processes share."""
        if self._clock is not None:
            return self._clock()
        return float(connection.execute(text("SELECT extract(epoch FROM clock_timestamp())")).scalar_one())

    def dispose(self) -> None:
        """Close every connection: after a fork, after an unexpected error, at the end."""
        self.engine.dispose()


def _sqlite_engine(url: str) -> Engine:
    settings = {"timeout": BUSY_TIMEOUT, "isolation_level": None, "check_same_thread": False}
    engine = create_engine(url, connect_args=settings, hide_parameters=True)

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: object) -> None:
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        reading = connection.get_execution_options().get("kurasync_reading", False)
        # Deferred writers fail with "database is locked" in 41 of 100 cases (floors.md).
        connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")

    return engine


def _postgres_engine(url: str) -> Engine:
    driver = make_url(url).set(drivername="postgresql+psycopg")
    settings = {"connect_timeout": CONNECT_TIMEOUT}
    engine = create_engine(driver, connect_args=settings, pool_pre_ping=True, pool_size=5, hide_parameters=True)

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: object) -> None:
        # A process that is frozen inside a transaction, or cut off, would keep its locks until TCP gives it up: hours.
        connection.autocommit = True
        for limit in ("lock_timeout", "idle_in_transaction_session_timeout"):
            connection.execute(f"SET {limit} = '{BUSY_TIMEOUT:g}s'")
        connection.autocommit = False

    return engine
