"""Seal the audit: each new row is chained to all before it, and the head is remembered outside the database."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection

from app.errors import Refused
from app.kit import Kit
from app.planning import chain
from app.planning.chain import GENESIS, Head
from app.setup import anchor
from app.store import seals

# A transaction holds up the receiver on SQLite: a slice takes some 30 ms.
_SLICE = 500


def seal(kit: Kit) -> int:
    """Seal every row that is not sealed yet; returns how many. Any number of clocks may do so at once.

    Raises Refused, sealing nothing, when the database lacks what the anchor remembers.
    """
    lost = missing(kit)
    if lost:
        raise Refused(
            f"The database is older than what was done with it: its audit does not have seal {lost.seq}, which "
            f"{kit.settings.anchor} remembers. If a backup was put back, run `kurasync db restored`; if not, see "
            "docs/audit.md.",
            reason="database_older",
        )
    sealed = 0
    while (slice_ := _slice(kit)) == _SLICE:
        sealed += slice_
    remember(kit)
    return sealed + slice_


def missing(kit: Kit) -> Head | None:
    """The newest head that the anchor remembers, when the database does not have it: an older or another one.

    None: it does, or nothing is remembered. Raises SettingsError when the anchor cannot be read.
    """
    known = anchor.last(kit.settings.anchor)
    if known is None:
        return None
    with kit.database.reading() as tx:
        held = seals.at(tx, known.seq)
    return None if held and held.seal == known.seal else known


def remember(kit: Kit) -> None:
    """Write the present head into the anchor, if it is not there; raises SettingsError when that cannot be done."""
    with kit.database.reading() as tx:
        newest = seals.head(tx)
    if newest:
        anchor.append(kit.settings.anchor, newest)


def _slice(kit: Kit) -> int:
    with kit.database.transaction() as tx:
        seals.lock(tx)
        newest = seals.head(tx)
        rows = seals.unsealed(tx, seals.floor(tx), _SLICE)
        seals.add(tx, _chained(tx, kit, newest, rows) if rows else [])
    return len(rows)


def _chained(
    tx: Connection, kit: Kit, newest: Head | None, rows: Sequence[Mapping[str, Any]]
) -> list[tuple[Head, int]]:
    now = kit.database.now(tx)
    seq, previous = (newest.seq, newest.seal) if newest else (0, GENESIS)
    made = []
    for row in rows:
        seq += 1
        previous = chain.seal(previous, seq, now, row)
        made.append((Head(seq, previous, now), row["id"]))
    return made
