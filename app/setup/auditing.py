"""Prove the audit: verify its chain in the database or in an export, against heads that were remembered elsewhere."""

from __future__ import annotations

import heapq
import os
from collections.abc import Callable, Iterator
from itertools import takewhile
from operator import attrgetter
from pathlib import Path

from sqlalchemy import Connection

from app.errors import KurasyncError, Refused
from app.kit import Kit
from app.planning.chain import Head
from app.planning.verification import Link, Verdict, Verification, declared
from app.setup import anchor, archive
from app.setup.check import Check, fail, ok, warn
from app.store import audit_guard, seals

_OVERDUE = 10  # times as long as the clock takes between two sealings
Page = Callable[[Connection, int, int | None], list[Link]]


def verify(kit: Kit, anchored: Path | None = None, head: Head | None = None) -> Verdict:
    """Verify the whole chain in the database, against the heads that the file `anchored` remembers, and `head`.

    Raises Refused when a file that was named cannot be read or remembers nothing.
    """
    # Before the database: a clock may seal meanwhile, and what it remembers is then not cut off.
    known = _known(anchored, head)
    with kit.database.snapshot() as tx:
        checking = Verification(declared(seals.erasing(tx)), known)
        for link in seals.links(tx):
            checking.take(link)
        floor = seals.floor(tx)
        for audit_id in seals.overlooked(tx, floor):
            checking.inserted(audit_id)
        checking.wait(seals.waiting(tx, floor)[0])
    return checking.verdict()


def check(kit: Kit) -> Check:
    """What `kurasync doctor` says of the audit: whether it is guarded and sealed, and the anchor can be written."""
    return _anchor_trouble(kit.settings.anchor) or _guard_trouble(kit) or _sealed(kit)


def kept(kit: Kit) -> Path | None:
    """The anchor that the clock keeps; None: nothing was sealed yet, or the file is gone."""
    return kit.settings.anchor if kit.settings.anchor.exists() else None


def verify_export(path: Path, anchored: Path | None = None, head: Head | None = None) -> Verdict:
    """Verify an export (JSON lines), without the database it came from.

    Raises Refused when the file is no such export, or one that was named remembers nothing.
    """
    checking = Verification(declared(archive.erasing(path)), _known(anchored, head), at_once=False)
    for number, link in enumerate(archive.links(path)):
        if number == 0:
            checking.go_on_with(link)
        checking.take(link)
    return checking.verdict()


def exported(kit: Kit, mapping_id: int | None = None, since: float | None = None) -> Iterator[Link]:
    """Every row in the order of the chain, then those without a seal; those sealed before `since` are left out.

    Read page by page, each in a transaction of its own: whoever takes them may take their time.
    """
    after = _before(kit, since)
    while after is not None and (page := _page(kit, seals.page, after, mapping_id)):
        yield from page
        after = page[-1].head.seq if page[-1].head else None
    after = 0
    while page := _page(kit, seals.page_of_rest, after, mapping_id):
        yield from page
        after = page[-1].audit_id


def _anchor_trouble(file: Path) -> Check | None:
    try:
        anchor.last(file)
    except KurasyncError as error:
        return fail("audit", error.message)
    if file.exists() and not os.access(file, os.W_OK):
        return fail("audit", f"The anchor {file} cannot be written: give this account the right to.")
    return None


def _guard_trouble(kit: Kit) -> Check | None:
    with kit.database.reading() as tx:
        missing = audit_guard.missing(tx)
    if not missing:
        return None
    return fail(
        "audit",
        f"The database would let old rows be changed: somebody took away {', '.join(missing)}. Run `kurasync audit "
        "verify` against a head kept elsewhere (docs/audit.md).",
    )


def _sealed(kit: Kit) -> Check:
    with kit.database.reading() as tx:
        newest = seals.head(tx)
        number, oldest = seals.waiting(tx, seals.floor(tx))
        age = kit.database.now(tx) - oldest if oldest is not None else 0.0
    if age > _OVERDUE * kit.settings.seal_every:
        return warn(
            "audit",
            f"{number} row(s) are not sealed, the oldest for {age / 60:.0f} minutes: no clock runs, or it cannot. "
            "Start `kurasync clock` and look at its output.",
        )
    if newest is None:
        waiting = f"{number} row(s) wait to be sealed: the clock does that."
        return ok("audit", waiting if number else "There is nothing to seal yet.")
    return ok(
        "audit", f"{newest.seq} row(s) are sealed. Keep copies of {kit.settings.anchor} elsewhere (docs/audit.md)."
    )


def _before(kit: Kit, since: float | None) -> int | None:
    if since is None:
        return 0
    with kit.database.reading() as tx:
        first = seals.since(tx, since)
    return None if first is None else first - 1


def _page(kit: Kit, page: Page, after: int, mapping_id: int | None) -> list[Link]:
    with kit.database.reading() as tx:
        return page(tx, after, mapping_id)


def _known(anchored: Path | None, head: Head | None) -> Iterator[Head]:
    given = [head] if head else []
    if anchored is None:
        return iter(given)
    newest = anchor.last(anchored)
    if newest is None:
        raise Refused(f"{anchored} remembers nothing: it has no line with a number, a seal and a time.")
    heads = takewhile(lambda each: each.seq <= newest.seq, anchor.heads(anchored))
    return heapq.merge(heads, given, key=attrgetter("seq"))
