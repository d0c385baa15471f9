"""SQLite's file: copied while it is in use, and freed of what was deleted in it. PostgreSQL has programs of its own."""

from __future__ import annotations

import os
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path

from sqlalchemy import Connection, text

from app.store.db import Database


def overwrite_freed(tx: Connection) -> None:
    """Have SQLite overwrite with zeros what this transaction deletes; it keeps it in free pages otherwise."""
    if tx.dialect.name == "sqlite":
        tx.execute(text("PRAGMA secure_delete = ON"))


def compact(database: Database) -> bool:
    """Rebuild the file without the free pages in which old values may stand; True when that was done.

    False on PostgreSQL, where the administrator decides about VACUUM, and while somebody else keeps the file busy.
    """
    if not database.is_sqlite:
        return False
    with closing(database.engine.raw_connection()) as connection:
        try:
            connection.cursor().execute("VACUUM")
            busy, *_ = connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        except sqlite3.OperationalError:
            return False
    return not busy


def copy(database: Database, target: Path) -> None:
    """A copy of an SQLite database as it is at one moment, made while others go on writing.

    Nobody else may read it. It appears under its name when it is whole and was found sound; raises OSError when it
    cannot be written, sqlite3.Error when it is not sound.
    """
    descriptor, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    os.close(descriptor)
    part = Path(name)
    try:
        with closing(database.engine.raw_connection()) as source, closing(sqlite3.connect(part)) as made:
            driver = source.driver_connection
            assert isinstance(driver, sqlite3.Connection)
            driver.backup(made)  # in one step: piece by piece it would begin again after each write of another process
            made.execute("PRAGMA journal_mode = DELETE")  # one file, with nothing beside it
            _check(made)
        _sync(part)
        part.rename(target)
    finally:
        part.unlink(missing_ok=True)
    _sync(target.parent)


def _check(made: sqlite3.Connection) -> None:
    (found,) = made.execute("PRAGMA integrity_check(1)").fetchone()
    if found != "ok":
        raise sqlite3.DatabaseError(f"the copy is not sound: {found}")


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
