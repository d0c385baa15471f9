"""Asking for a run now ("Sync now", "Sync grades"): what `kurasync sync` and `kurasync grades` do, for every door."""

from __future__ import annotations

from dataclasses import dataclass

from app.kit import Kit
from app.setup import finding
from app.setup.acts import record
from app.setup.obstacles import obstacle
from app.store.worklist import GRADES, Kind
from app.sync.ask import want
from app.sync.grades import require_gradebook


@dataclass(frozen=True, slots=True)
class Asked:
    """A run that covers `generation` answers; `obstacle`: why none starts yet, and what to do about it."""

    generation: int
    obstacle: str | None


def ask_now(kit: Kit, mapping_id: int, kind: Kind, by: str) -> Asked:
    """Want a look at the students or the grades of a mapping, due at once whatever it waits for.

    Raises NotFound, and for grades Refused where Moodle offers no way to write them.
    """
    if kind == GRADES:
        require_gradebook(kit, mapping_id)
    with kit.database.transaction() as tx:
        finding.still_mapping(tx, mapping_id)
        generation = want(kit, tx, [mapping_id], kind, urgent=True)[mapping_id]
        record(tx, kit.database.now(tx), by, "ask_for_run", {"kind": kind, "generation": generation}, mapping_id)
    return Asked(generation, obstacle(kit, mapping_id, kind))
