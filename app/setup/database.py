"""Bring key and database into being and up to date, and say so when they are not."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError

from app.errors import Refused, SettingsError
from app.settings import Settings
from app.store import instances, migrate, sites, vault
from app.store.db import Database


@dataclass(frozen=True, slots=True)
class Prepared:
    """What `prepare` did: the key file it made (None: there was one), the revisions before and after."""

    key_file: Path | None
    before: str | None
    after: str


def usable(settings: Settings) -> Settings:
    """The settings, if their database URL is one we can open; raises SettingsError with what to write instead."""
    try:
        backend = make_url(settings.database).get_backend_name()
    except ArgumentError:
        raise SettingsError(
            "KURASYNC_DATABASE_URL is not a database URL. Write sqlite:////folder/kurasync.db or "
            "postgresql://user@host/database."
        ) from None
    if backend not in ("sqlite", "postgresql"):
        raise SettingsError(f"KURASYNC_DATABASE_URL names {backend}; kurasync works on sqlite and postgresql.")
    return settings


@dataclass(frozen=True, slots=True)
class Standing:
    """The revision a database has (None: it was not made yet) and the one this version of kurasync needs."""

    current: str | None
    head: str


def prepare(settings: Settings) -> Prepared:
    """Make the database or bring it up to date, and make the key file when there is no key.

    Raises SettingsError where nothing can be written, Refused for a database of a newer kurasync, and rather than
    making a second key for tokens that were stored with a first one.
    """
    database = Database(usable(settings).database)
    try:
        found = standing_of(database)
        if found.current != found.head:
            migrate.upgrade(database)
        return Prepared(_key_made(settings, database), found.current, found.head)
    except OSError as error:
        raise SettingsError(
            f"Nothing can be written in {settings.home.absolute()}: {error.strerror}. Give this account the right to, "
            "or choose another folder with KURASYNC_HOME."
        ) from error
    finally:
        database.dispose()


def standing(settings: Settings) -> Standing:
    """How far the database of these settings is."""
    database = Database(usable(settings).database)
    try:
        return standing_of(database)
    finally:
        database.dispose()


def standing_of(database: Database) -> Standing:
    """How far a database is; looking does not make one."""
    missing = database.is_sqlite and not Path(database.url.database or "").is_file()
    return Standing(None if missing else migrate.current(database), migrate.head())


def require_current(database: Database) -> None:
    """Raise Refused, saying what to do, unless the database is up to date."""
    found = standing_of(database)
    if found.current != found.head:
        state = f"is at {found.current} and must be at {found.head}" if found.current else "has not been made yet"
        raise Refused(f"The database {state}: run `kurasync db upgrade`.")


def trouble(error: DBAPIError) -> str:
    """What to say to people when the database fails: its own words, without the statement and its values."""
    cause = str(error.orig).strip().splitlines() or [type(error).__name__]
    return (
        f"The database cannot be used: {cause[0].rstrip('.')}. Is it running, and may this account write there? "
        "See KURASYNC_DATABASE_URL and KURASYNC_HOME."
    )


def _key_made(settings: Settings, database: Database) -> Path | None:
    if settings.secret_key or vault.key_file(settings).exists():
        return None
    with database.reading() as tx:
        stored = [*sites.every(tx), *instances.every(tx)]
    if stored:
        raise Refused(
            f"The key {vault.key_file(settings)} is missing, and the database holds tokens that only it opens. "
            "Restore it from your backup. If it is lost, docs/operations.md says what to do."
        )
    return vault.create_key_file(settings)
