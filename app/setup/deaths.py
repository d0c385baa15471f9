"""Dead letters: work that gave up, chosen by people to be tried again."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection

from app.kit import Kit
from app.setup.acts import record
from app.store import reports, worklist
from app.store.reports import DeadLine


@dataclass(frozen=True, slots=True)
class Chosen:
    """Which dead letters: those that fit everything given (None: any)."""

    mapping_ids: frozenset[int] | None = None
    site: str | None = None
    kind: str | None = None
    reason: str | None = None

    def fits(self, line: DeadLine) -> bool:
        """Whether a dead letter is among them."""
        if self.mapping_ids is not None and line.mapping_id not in self.mapping_ids:
            return False
        wanted = ((self.site, line.site), (self.kind, line.kind), (self.reason, line.reason))
        return all(want is None or want == has for want, has in wanted)


def found(kit: Kit, chosen: Chosen) -> list[DeadLine]:
    """The chosen dead letters, the longest failing first."""
    with kit.database.reading() as tx:
        return _found(tx, chosen)


def requeue(kit: Kit, chosen: Chosen, actor: str) -> list[DeadLine]:
    """Bring them back, due now and with their failures forgotten; returns them."""
    with kit.database.transaction() as tx:
        lines, now = _found(tx, chosen), kit.database.now(tx)
        for line in sorted(lines, key=lambda line: (line.mapping_id, line.kind)):
            worklist.requeue(tx, now, mapping_ids=[line.mapping_id], kind=line.kind)
            record(tx, now, actor, "requeue_dead", {"kind": line.kind}, line.mapping_id)
    return lines


def _found(tx: Connection, chosen: Chosen) -> list[DeadLine]:
    return [line for line in reports.dead_lines(tx) if chosen.fits(line)]
