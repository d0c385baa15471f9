"""How lists are read: newest first, narrowed by what is given, paged by id."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Select, Table, select


def newest(table: Table, given: Mapping[str, Any], *, before_id: int | None, limit: int) -> Select[Any]:
    """Rows whose columns equal every value given (None: any), the newest first."""
    query = select(table).order_by(table.c.id.desc()).limit(limit)
    for column, value in given.items():
        if value is not None:
            query = query.where(table.c[column] == value)
    return query if before_id is None else query.where(table.c.id < before_id)
