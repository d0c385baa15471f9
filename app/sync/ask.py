"""The only way for people and clocks to want work; events come by intake."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import Connection

from app.errors import NotFound
from app.kit import Kit
from app.store import mappings, worklist
from app.store.worklist import Kind, Target


def ask(kit: Kit, mapping_id: int, kind: Kind, *, urgent: bool = True) -> int:
    """Want a look at one mapping; returns the generation that a run must cover to have answered.

    Urgent: due at once, whatever it waits for; else it settles like an event. Raises NotFound.
    """
    return ask_many(kit, [mapping_id], kind, urgent=urgent)[mapping_id]


def ask_many(kit: Kit, mapping_ids: Collection[int], kind: Kind, *, urgent: bool = False) -> dict[int, int]:
    """Want a look at several mappings: all of them or, raising NotFound, none; returns mapping -> generation."""
    with kit.database.transaction() as tx:
        _check_known(tx, mapping_ids)
        return want(kit, tx, mapping_ids, kind, urgent=urgent)


def want(kit: Kit, tx: Connection, mapping_ids: Collection[int], kind: Kind, *, urgent: bool) -> dict[int, int]:
    """The same inside a transaction of a verb that must mark and write together (approving a hold, say)."""
    targets: dict[Target, list[int]] = {(mapping_id, kind): [] for mapping_id in mapping_ids}
    now, settings = kit.database.now(tx), kit.settings
    generations = worklist.want(tx, now, targets, quiet=settings.quiet, cap=settings.cap, urgent=urgent)
    return {mapping_id: generation for (mapping_id, _), generation in generations.items()}


def _check_known(tx: Connection, mapping_ids: Collection[int]) -> None:
    for mapping_id in mapping_ids:
        if mappings.get(tx, mapping_id) is None:
            raise NotFound(f"There is no mapping {mapping_id}.")
