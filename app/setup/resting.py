"""A mapping that rests while something is done to it that no run may meet: it is removed, or gets another course."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

from sqlalchemy import Connection

from app.errors import NotFound, Refused
from app.kit import Kit
from app.setup import finding
from app.store import mappings, worklist
from app.store.mappings import Mapping

Why = Literal["removing", "repointing"]
"""The gate's reason meanwhile. Where the command is killed it stays, until that command or `mapping resume`."""


@contextmanager
def at_rest(kit: Kit, mapping_id: int, why: Why) -> Iterator[Mapping]:
    """The mapping, on which no run is at work or begins while the block goes on; when the block fails it goes on.

    Raises NotFound, and Refused while a run is at work.
    """
    with kit.database.transaction() as tx:
        mapping = finding.still_mapping(tx, mapping_id)
        _stop(tx, mapping_id, why)
    try:
        yield mapping
    except BaseException:
        with kit.database.transaction() as tx:
            worklist.resume(tx, kit.database.now(tx), mapping_id, why)
        raise


def seize(tx: Connection, mapping: Mapping, why: Why) -> None:
    """Keep everybody off a mapping at rest until `tx` ends; raises NotFound and Refused where it is not as it was."""
    found = mappings.seize(tx, mapping.id)
    if found is None:
        raise NotFound(f"Mapping {mapping.id} was removed just now.")
    if (found.courses.ours, found.courses.theirs) != (mapping.courses.ours, mapping.courses.theirs):
        raise Refused(f"Mapping {mapping.id} was pointed to another course by somebody else just now.")
    _stop(tx, mapping.id, why)


def _stop(tx: Connection, mapping_id: int, why: Why) -> None:
    # First closed, then looked at: no run can be claimed in between.
    worklist.pause(tx, mapping_id, why)
    if any(row.lease_owner is not None for row in worklist.rows(tx, [mapping_id])):
        raise Refused(
            f"A run is at work on mapping {mapping_id}. Wait until it has ended (`kurasync runs list`), then try again."
        )
