"""Alerts as lists and programs get them."""

from __future__ import annotations

from typing import Any

from app.errors import KurasyncError
from app.store.alerts import Alert
from app.words.moments import moment


def line(alert: Alert, now: float) -> dict[str, Any]:
    """An alert at this time (seconds since the epoch)."""
    return {
        "id": alert.id,
        "at": moment(alert.at),
        "kind": alert.kind,
        "topic": alert.topic,
        "message": alert.message,
        "state": _state(alert, now),
        "mailed_at": moment(alert.mailed_at),
        "posted_at": moment(alert.posted_at),
        "due_at": moment(alert.due_at),
        "attempts": alert.attempts,
    }


def sent(way: str, error: KurasyncError | None) -> dict[str, Any]:
    """How a trial message went."""
    return {"way": way, "sent": error is None, "error": error.message if error else None}


def _state(alert: Alert, now: float) -> str:
    told = [way for way, at in (("mail", alert.mailed_at), ("webhook", alert.posted_at)) if at is not None]
    if alert.due_at is None:
        return " and ".join(told) or "no: put right, told before, or nobody to tell"
    if alert.attempts:
        return "; ".join([*told, "is tried again"])
    return "waits, since the same was told lately" if alert.due_at > now else "about to be"
