"""Where a page of the worklist begins: its rows come by mapping and kind."""

from __future__ import annotations

from app.store.worklist import Target
from app.web.api.resource import after

_KINDS = ("grades", "roster")  # in the order in which the rows of a mapping come


def place(mapping_id: int, kind: str) -> int:
    """The place of a row, which a cursor holds."""
    return mapping_id * len(_KINDS) + _KINDS.index(kind)


def target_after(cursor: str | None) -> Target | None:
    """The row that a cursor's page follows, None: the first page; refuses what is no cursor with a 422."""
    key = after(cursor)
    if key is None:
        return None
    mapping_id, number = divmod(key, len(_KINDS))
    return mapping_id, _KINDS[number]
