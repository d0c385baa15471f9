"""Bringing a database to the present schema; safe when several processes start at once."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from app.store.db import Database

MIGRATIONS = Path(__file__).parent / "migrations"
# Any number that nothing else on the same PostgreSQL database locks.
LOCK = 7_305_817


def head() -> str:
    """The revision this code needs."""
    return str(ScriptDirectory.from_config(_config(None)).get_current_head())


def current(database: Database) -> str | None:
    """The revision the database has; None: it is empty."""
    with database.reading() as tx:
        return MigrationContext.configure(tx).get_current_revision()


def is_current(database: Database) -> bool:
    """Whether the database is at the revision this code needs."""
    return current(database) == head()


def upgrade(database: Database) -> None:
    """Make or upgrade the schema, in one transaction that others wait for."""
    if database.is_sqlite and database.url.database:
        Path(database.url.database).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with database.transaction() as tx:
        if not database.is_sqlite:
            tx.execute(text("SET LOCAL lock_timeout = 0"))
            tx.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK})
        command.upgrade(_config(tx), "head")


def _config(tx: Connection | None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = tx
    return config
