"""Bringing a database to the present schema; safe when several processes start at once."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, inspect, text

from app.errors import Refused
from app.store.db import Database

MIGRATIONS = Path(__file__).parent / "migrations"
# Any number that nothing else on the same PostgreSQL database locks.
LOCK = 7_305_817


def head() -> str:
    """The revision this code needs: migrations are numbered, and their files begin with the number."""
    return max(path.name for path in MIGRATIONS.glob("versions/[0-9]*.py")).partition("_")[0]


def current(database: Database) -> str | None:
    """The revision the database has; None: it is empty."""
    with database.reading() as tx:
        if not inspect(tx).has_table("alembic_version"):
            return None
        found: str | None = tx.execute(text("SELECT version_num FROM alembic_version")).scalar()
        return found


def is_current(database: Database) -> bool:
    """Whether the database is at the revision this code needs."""
    return current(database) == head()


def upgrade(database: Database) -> None:
    """Make or upgrade the schema, in one transaction that others wait for.

    Raises Refused for a database that a newer kurasync made.
    """
    if database.is_sqlite and database.url.database:
        Path(database.url.database).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with database.transaction() as tx:
        if not database.is_sqlite:
            tx.execute(text("SET LOCAL lock_timeout = 0"))
            tx.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK})
        _migrate(tx)


def _migrate(tx: Connection) -> None:
    # Alembic is loaded only where there is something to do: every command and every process starts by looking.
    from alembic import command
    from alembic.config import Config
    from alembic.util.exc import CommandError

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = tx
    try:
        command.upgrade(config, "head")
    except CommandError as error:
        raise Refused(
            "The database has a revision that this version of kurasync does not know: a newer one made it. Install "
            "that version again."
        ) from error
