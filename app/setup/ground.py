"""The doctor on this machine: home folder, disk, key, certificates, database, Redis."""

from __future__ import annotations

import os
import shutil
import ssl
import stat
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy.exc import DBAPIError

from app.errors import KurasyncError
from app.settings import Settings
from app.setup import database
from app.setup.carrier import carried
from app.setup.check import Check, fail, note, ok, warn
from app.store.db import Database
from app.store.vault import Vault, key_file, load_keys

LEAST, LITTLE = 200, 2048  # MiB free: below the first, SQLite's and Redis's next write may fail


def checks(settings: Settings) -> Iterator[Check]:
    """What everything else rests on."""
    yield _home(settings)
    yield from _disk(settings.home.absolute())
    yield _key(settings)
    yield from _authorities(settings)
    yield from _log(settings)
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
    if stat.S_IMODE(home.stat().st_mode) & 0o077:
        return warn(
            "home", f"{home} can be entered by others, and names and addresses are in the database: `chmod 700 {home}`."
        )
    return ok("home", f"{home} can be written, and nobody else can enter it.")


def _disk(home: Path) -> Iterator[Check]:
    if not home.is_dir():
        return
    free = shutil.disk_usage(home).free >> 20
    if free < LEAST:
        yield fail("disk", f"{free} MiB are free where {home} is: nothing can be written soon. Make room.")
    elif free < LITTLE:
        yield warn("disk", f"{free} MiB are free where {home} is: make room before they are used up.")
    else:
        yield ok("disk", f"{free / 1024:.0f} GiB are free where {home} is.")


def _key(settings: Settings) -> Check:
    try:
        Vault(load_keys(settings))
    except KurasyncError as error:
        return fail("key", error.message)
    if settings.secret_key:
        return ok("key", "Is there, in KURASYNC_SECRET_KEY.")
    return ok("key", f"{key_file(settings)} is there, and nobody else can read it.")


def _authorities(settings: Settings) -> Iterator[Check]:
    if not settings.ca_file:
        return
    try:
        count = len(ssl.create_default_context(cafile=settings.ca_file).get_ca_certs())
    except (ssl.SSLError, OSError):
        yield fail("certificates", f"KURASYNC_CA_FILE ({settings.ca_file}) holds no certificate in PEM.")
        return
    yield note(
        "certificates",
        f"Only the {count} {'authority' if count == 1 else 'authorities'} of {settings.ca_file} are believed, for "
        "kuraCloud too: the file must hold the usual ones beside your own.",
    )


def _log(settings: Settings) -> Iterator[Check]:
    """Lines that cannot be kept stop nobody, so that nobody would notice either."""
    path = settings.log_path
    if path is None:
        yield note("log", "`kurasync up` keeps no log lines (KURASYNC_LOG_FILE is none): they are on its output alone.")
    elif settings.home.is_dir() and not os.access(path if path.exists() else path.absolute().parent, os.W_OK):
        yield warn("log", f"`kurasync up` cannot keep its log lines in {path}: name another file in KURASYNC_LOG_FILE.")


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
