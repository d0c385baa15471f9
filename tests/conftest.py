"""Fixtures that every test may use: a clock to set, and databases of both kinds, migrated and empty."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import NullPool, create_engine, make_url, text

from app.kit import Kit
from app.settings import Settings
from app.store import migrate
from app.store.db import Database
from app.store.tables import metadata
from app.store.vault import Vault
from tests.postgres import server

START = 1_700_000_000.0
SHORT: dict[str, Any] = {
    "quiet": 0.3,
    "cap": 1.5,
    "tick": 0.05,
    "lease": 3.0,
    "connect_timeout": 0.5,
    "call_timeout": 1.0,
    "grace": 0.5,
    "grace_dead": 0.3,
    "settle": 0.5,
    "backoff": 0.1,
    "backoff_max": 1.0,
    "recheck": 2.0,
    "recheck_unsigned": 0.5,
    "probe_interval": 0.5,
}
PATIENT: dict[str, Any] = {"connect_timeout": 10.0, "call_timeout": 30.0, "lease": 60.0}
"""For tests in which every answer has to come, however busy the machine is."""
WITHIN: dict[str, Any] = {**SHORT, "connect_timeout": 2.0, "call_timeout": 4.0, "lease": 6.0}
"""For a world in this process: an answer may take its time on a busy machine, and one that never comes not for ever."""
pytest_plugins = [
    "tests.fixtures_processes",
    "tests.fixtures_desk",
    "tests.api_stage",
    "tests.api_desk",
    "tests.traces",
    "tests.browser",
]
_numbers = count()


class SetClock:
    """A clock that stands still until it is told to go on."""

    def __init__(self, at: float = START) -> None:
        self.at = at

    def __call__(self) -> float:
        return self.at

    def advance(self, seconds: float) -> None:
        """Let this much time pass."""
        self.at += seconds


@pytest.fixture
def clock() -> SetClock:
    """The clock of `database`, `sqlite_database` and the kits on them."""
    return SetClock()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "kurasync.db"
    database = Database(f"sqlite:///{path}")
    migrate.upgrade(database)
    database.dispose()
    return path


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a PostgreSQL server, without a database's name."""
    if given := os.environ.get("TEST_POSTGRES_URL"):
        yield given
    else:
        base = tmp_path_factory.getbasetemp()
        with server(base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) as url:
            yield url


@pytest.fixture(scope="session")
def postgres_emptied(postgres_server: str) -> Iterator[Callable[[], str]]:
    """Empties the one database that this process's tests share, and returns its URL.

    Emptying takes a tenth of the time that a database of its own for each test would take.
    """
    with postgres_database(postgres_server) as url:
        database = Database(url)
        migrate.upgrade(database)
        others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
        tables = ", ".join(table.name for table in metadata.sorted_tables)

        def emptied() -> str:
            with database.transaction() as tx:
                tx.execute(text(f"{others} AND pid <> pg_backend_pid()"))
                tx.execute(text("SET LOCAL session_replication_role = replica"))  # the audit's triggers refuse this
                tx.execute(text(f"TRUNCATE {tables} RESTART IDENTITY"))
            return url

        yield emptied
        database.dispose()


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    """A migrated, empty SQLite database."""
    path = tmp_path / "kurasync.db"
    shutil.copyfile(sqlite_template, path)
    return f"sqlite:///{path}"


@pytest.fixture
def postgres_url(postgres_emptied: Callable[[], str]) -> str:
    """A migrated, empty PostgreSQL database."""
    return postgres_emptied()


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest) -> str:
    """Both, one after the other."""
    return str(request.getfixturevalue(f"{request.param}_url"))


@pytest.fixture
def database(database_url: str, clock: SetClock) -> Iterator[Database]:
    """A migrated, empty database of either kind, on `clock`."""
    yield from _opened(database_url, clock)


@pytest.fixture
def sqlite_database(sqlite_url: str, clock: SetClock) -> Iterator[Database]:
    """A migrated, empty SQLite database, on `clock`."""
    yield from _opened(sqlite_url, clock)


@pytest.fixture
def kit(database: Database, database_url: str, tmp_path: Path) -> Kit:
    """A kit on `database`, with a home of its own, a key and short times."""
    return _kit(database, database_url, tmp_path)


@pytest.fixture
def sqlite_kit(sqlite_database: Database, sqlite_url: str, tmp_path: Path) -> Kit:
    """The same on SQLite alone, for tests that are not about the database."""
    return _kit(sqlite_database, sqlite_url, tmp_path)


def _opened(url: str, clock: SetClock) -> Iterator[Database]:
    database = Database(url, clock=clock)
    yield database
    database.dispose()


def _kit(database: Database, url: str, home: Path) -> Kit:
    key = Fernet.generate_key().decode()
    return Kit(Settings(home=home, database_url=url, secret_key=key, **WITHIN), database, Vault([key]))


@contextmanager
def postgres_database(server_url: str) -> Iterator[str]:
    """The URL of a new database without tables, dropped afterwards whoever is still connected."""
    name = f"kurasync_{os.getpid()}_{next(_numbers)}"
    admin = create_engine(
        make_url(server_url).set(drivername="postgresql+psycopg", database="postgres"),
        isolation_level="AUTOCOMMIT",
        poolclass=NullPool,
    )
    with admin.connect() as connection:
        connection.execute(text(f'CREATE DATABASE "{name}"'))
    yield make_url(server_url).set(database=name).render_as_string(hide_password=False)
    with admin.connect() as connection:
        connection.execute(text(f'DROP DATABASE "{name}" WITH (FORCE)'))
    admin.dispose()
