"""Backup of the database, and what has to happen after an old one was put back (docs/backup.md)."""

from __future__ import annotations

import shlex
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection

from app.errors import Refused, SettingsError
from app.kit import Kit
from app.planning.chain import Head
from app.setup import anchor, sealing
from app.setup.acts import record
from app.setup.check import Check, fail
from app.store import audit, files, holds, mappings, restored, vault, worklist
from app.store.holds import WAITING
from app.sync import ask

OPERATION = "database_restored"
"""How the audit calls it."""

OLDER = "database_older"
"""The reason of whatever is not done while the database is older than what was done with it, parked mappings too."""

_CUT_OFF = "The database was put back from a backup made while this was under way."


@dataclass(frozen=True, slots=True)
class BackedUp:
    """A copy that was made; `size` in bytes. `key`: the file with the key, which is not in it; None: no file has it."""

    path: Path
    size: int
    key: Path | None


@dataclass(frozen=True, slots=True)
class Begun:
    """What was begun anew. `anchor`: where the file went that remembers what is lost; None: nothing was known of it."""

    mappings: int
    holds: int
    anchor: Path | None


def back_up(kit: Kit, target: Path) -> BackedUp:
    """Copy the database to a file that is not there yet, while everything goes on; raises Refused.

    On PostgreSQL it is refused with the command to use instead.
    """
    if not kit.database.is_sqlite:
        raise Refused(_pg_dump(kit, target), reason="not_sqlite")
    if target.exists():
        raise Refused(f"{target} is there already, and nothing is replaced. Give another name, one with the date, say.")
    try:
        files.copy(kit.database, target)
    except OSError as error:
        raise Refused(f"{target} cannot be written: {error.strerror}.") from error
    except sqlite3.Error as error:
        raise Refused(f"No backup was made: {error}.") from error
    key = None if kit.settings.secret_key else vault.key_file(kit.settings)
    return BackedUp(target, target.stat().st_size, key)


def older(kit: Kit) -> Head | None:
    """What the anchor remembers and the database lacks: an old backup was put back. None: nothing, or nobody knows."""
    try:
        return sealing.missing(kit)
    except SettingsError:
        return None  # sealing and `kurasync doctor` complain about the file


def refuse_older(kit: Kit) -> None:
    """Raise Refused (reason `database_older`) when the database is older than what was done with it.

    All mappings are parked then: so machines that do not have the anchor begin nothing either.
    """
    if older(kit) is None:
        return
    with kit.database.transaction() as tx:
        worklist.park(tx, [each.id for each in mappings.every(tx)], OLDER)
    raise Refused(_told(kit), reason=OLDER)


def checks(kit: Kit) -> Iterator[Check]:
    """What `kurasync doctor` says of a database that was put back."""
    if older(kit) is not None:
        yield fail("backup", _told(kit))


def begin_anew(kit: Kit, actor: str) -> Begun:
    """After an old backup was put back: every mapping begins as if it were new, and its first plan waits for approval.

    Links and what was invited stay as far as the backup knows them, so that nobody is invited twice. Can be repeated.
    """
    lost = older(kit)
    with kit.database.transaction() as tx:
        numbers = restored.lock(tx)
        now = kit.database.now(tx)
        restored.forget(tx, OLDER)
        audit.end_open(tx, now, restored.end_runs(tx, now, _CUT_OFF), _CUT_OFF)
        overtaken = _overtake(tx, now, actor)
        ask.want(kit, tx, numbers, worklist.ROSTER, urgent=False)
        subject = {"mappings": len(numbers), "holds": overtaken, "lost": [lost.seq, lost.seal] if lost else None}
        record(tx, now, actor, OPERATION, subject)
    kept = anchor.set_aside(kit.settings.anchor, now) if lost else None
    sealing.seal(kit)
    return Begun(len(numbers), overtaken, kept)


def said_elsewhere(kit: Kit) -> bool:
    """Whether all that this machine's anchor misses was lost before somebody said so on another machine."""
    lost = older(kit)
    if lost is None:
        return False
    with kit.database.reading() as tx:
        said = audit.search(tx, operation=OPERATION, limit=1)
    return bool(said) and said[0].at >= lost.sealed_at


def follow(kit: Kit, actor: str) -> Path | None:
    """Where every mapping began anew by another machine's word: let them go on. Returns where the anchor went."""
    with kit.database.transaction() as tx:
        now = kit.database.now(tx)
        restored.reopen(tx, OLDER)
        record(tx, now, actor, "set_anchor_aside", {})
    kept = anchor.set_aside(kit.settings.anchor, now)
    sealing.seal(kit)
    return kept


def _overtake(tx: Connection, now: float, actor: str) -> int:
    waiting = [hold for state in WAITING for hold in holds.search(tx, state=state, limit=1_000_000)]
    return sum(holds.decide(tx, now, hold, "overtaken", actor) for hold in waiting)


def _told(kit: Kit) -> str:
    return (
        f"The database is older than what was done with it: {kit.settings.anchor} remembers more than its audit holds, "
        "as after an old backup was put back. Nothing is done until you run `kurasync db restored` on this machine: "
        "every mapping begins anew then (docs/backup.md)."
    )


def _pg_dump(kit: Kit, target: Path) -> str:
    url = kit.database.url.set(password=None, drivername="postgresql").render_as_string()
    return (
        "The database is on PostgreSQL, whose own program makes the backup, without stopping anything:\n"
        f"    pg_dump --format=custom --file={shlex.quote(str(target))} {shlex.quote(url)}"
    )
