"""Users of the console as lists and programs get them, never with their password."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from app.kit import Kit
from app.store.users import User
from app.words.moments import moment


def line(user: User, now: float) -> dict[str, Any]:
    """A user at this time (seconds since the epoch)."""
    return {
        "id": user.id,
        "name": user.name,
        "role": user.role,
        "locked": user.locked_until > now,
        "created_at": moment(user.created_at),
        "signed_in_at": moment(user.signed_in_at),
    }


def facts(kit: Kit, people: Sequence[User]) -> list[dict[str, Any]]:
    """Users as they are now."""
    with kit.database.reading() as tx:
        now = kit.database.now(tx)
    return [line(each, now) for each in people]
