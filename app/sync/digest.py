"""Alerts put together: one message, however many there are. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from app.store.alerts import Alert

MOST = 20
"""Alerts of a kind that a mail tells one by one; of the others, how many there are."""

MOST_POSTED = 200

# In the order in which they matter: one, several, and which command lists all of them.
_KINDS: Mapping[str, tuple[str, str, str]] = {
    "connection": ("a connection is parked", "{} connections are parked", "doctor"),
    "dead": ("work was given up", "{} pieces of work were given up", "dead list"),
    "silent": ("a site is silent", "{} sites are silent", "site list"),
    "hold": ("something waits for approval", "{} holds wait for approval", "holds list"),
    "drift": ("a mapping has drifted", "{} mappings have drifted", "alerts list"),
}


def distinct(found: Sequence[Alert]) -> list[Alert]:
    """Of several alerts about the same the newest, in the order in which they matter."""
    latest = {(alert.kind, alert.topic): alert for alert in found}
    return sorted(latest.values(), key=lambda alert: (list(_KINDS).index(alert.kind), alert.id))


def subject(found: Sequence[Alert]) -> str:
    """One line without any name."""
    said = ", ".join(_title(kind, len(of_kind)) for kind, of_kind in _by_kind(found).items())
    return f"kurasync: {said}"


def text(found: Sequence[Alert], host: str) -> str:
    """What a mail says; `host` is the machine that sends it."""
    parts = []
    for kind, of_kind in _by_kind(found).items():
        title = _title(kind, len(of_kind))
        parts += [f"{title[0].upper()}{title[1:]}", ""]
        parts += [f"* {_plain(alert.message)}" for alert in of_kind[:MOST]]
        if len(of_kind) > MOST:
            parts += [f"* ... and {len(of_kind) - MOST} more: `kurasync {_KINDS[kind][2]}`."]
        parts += [""]
    return "\n".join([*parts, "-- ", f"kurasync on {host}. `kurasync alerts list` shows what was told before.", ""])


def body(found: Sequence[Alert], now: float) -> dict[str, Any]:
    """What is posted; `total` counts those too that there is no room for."""
    shown = [
        {
            "id": alert.id,
            "at": _moment(alert.at),
            "kind": alert.kind,
            "topic": alert.topic,
            "message": _plain(alert.message),
        }
        for alert in found[:MOST_POSTED]
    ]
    data = {"summary": subject(found), "total": len(found), "alerts": shown}
    return {"type": "kurasync.alerts", "timestamp": _moment(now), "data": data}


def message_id(found: Sequence[Alert]) -> str:
    """The same each time that the same alerts are tried; no other installation's."""
    ids = sorted(alert.id for alert in found)
    began = min((alert.at for alert in found), default=0.0)
    return f"alerts-{int(began * 1000)}-{ids[0]}-{ids[-1]}-{len(ids)}"


def _by_kind(found: Sequence[Alert]) -> dict[str, list[Alert]]:
    kinds = {kind: [alert for alert in found if alert.kind == kind] for kind in _KINDS}
    return {kind: of_kind for kind, of_kind in kinds.items() if of_kind}


def _title(kind: str, number: int) -> str:
    one, several, _ = _KINDS[kind]
    return one if number == 1 else several.format(number)


def _plain(message: str) -> str:
    """Without control characters: the names of courses come from other systems."""
    return "".join(letter if letter.isprintable() else " " for letter in message)


def _moment(epoch: float) -> str:
    return datetime.fromtimestamp(epoch, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
