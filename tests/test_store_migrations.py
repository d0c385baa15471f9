"""The migrations make exactly the tables the code speaks of, on both databases, however many start at once."""

from __future__ import annotations

from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from app.store import migrate
from app.store.db import Database
from app.store.tables import metadata


def test_the_migrated_schema_is_the_one_in_tables(database: Database) -> None:
    with database.reading() as tx:
        context = MigrationContext.configure(tx, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, metadata) == []


def test_a_migrated_database_is_current(database: Database) -> None:
    assert migrate.is_current(database)
    assert migrate.current(database) == migrate.head()
