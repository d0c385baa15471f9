"""Users of the console as lists and programs get them, never with their password."""

from __future__ import annotations

from typing import Any

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
