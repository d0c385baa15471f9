"""The doctor on this machine: home folder, key, database, Redis."""

from __future__ import annotations

import os
from collections.abc import Iterator

from sqlalchemy.exc import DBAPIError

from app.errors import KurasyncError
from app.settings import Settings
from app.setup import database
from app.setup.carrier import carried
from app.setup.check import Check, fail, ok
from app.store.db import Database
from app.store.vault import Vault, load_keys


def checks(settings: Settings) -> Iterator[Check]:
    """What everything else rests on."""
    yield _home(settings)
    yield _key(settings)
    yield _database(settings)


def redis(settings: Settings) -> Check:
    """Whether work can be carried; without it events are still taken in."""
    try:
        held = carried(settings)
    except KurasyncError as error:
        return fail("Redis", error.message)
    return ok("Redis", f"Answers; it holds {len(held)} job(s).")


def _home(settings: Settings) -> Check:
    home = settings.home.absolute()
    if not home.is_dir():
        return fail(
            "home",
            f"The folder {home} does not exist. Type the command where kurasync runs, or name its home in "
            "KURASYNC_HOME; for a new one, run `kurasync db upgrade`.",
        )
    if not os.access(home, os.R_OK | os.W_OK | os.X_OK):
        return fail("home", f"Nothing can be written in {home}: give this account the right, or set KURASYNC_HOME.")
    return ok("home", f"{home} can be written.")


def _key(settings: Settings) -> Check:
    try:
        Vault(load_keys(settings))
    except KurasyncError as error:
        return fail("key", error.message)
    return ok("key", "Is there, and nobody else can read it.")


def _database(settings: Settings) -> Check:
    try:
        opened = Database(database.usable(settings).database)
        try:
            database.require_current(opened)
        finally:
            opened.dispose()
    except KurasyncError as error:
        return fail("database", error.message)
    except DBAPIError as error:
        return fail("database", database.trouble(error))
    return ok("database", f"{'SQLite' if opened.is_sqlite else 'PostgreSQL'} answers and is up to date.")
