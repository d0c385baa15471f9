"""Alerts out by webhook, signed as Standard Webhooks says (standardwebhooks.com)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from standardwebhooks import Webhook

from app.clients.http import Http
from app.errors import PermanentError


def split(url: str) -> tuple[str, str]:
    """The server of a webhook's URL, and the rest of it, which may be secret and is never named."""
    parts = urlsplit(url)
    path = parts.path + (f"?{parts.query}" if parts.query else "")
    return f"{parts.scheme}://{parts.netloc}", path


def post(http: Http, path: str, secret: str, message_id: str, at: float, body: Mapping[str, Any]) -> None:
    """Send one message; `message_id` is the same each time it is tried, `at` the time now.

    Raises TransientError when it may work later, PermanentError when it is refused.
    """
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    sent_at = datetime.fromtimestamp(int(at), UTC)
    headers = {
        "Content-Type": "application/json; charset=utf-8",
        "webhook-id": message_id,
        "webhook-timestamp": str(int(at)),
        "webhook-signature": Webhook(secret).sign(message_id, sent_at, text),
    }
    answer = http.send("POST", path, writes=True, headers=headers, content=text.encode())
    if answer.status >= 300:
        raise PermanentError(
            f"{http.peer.name} at {http.peer.base_url} refused with the status {answer.status}. Look at its address, "
            "its secret, and its own log.",
            reason="webhook_refused",
            origin=http.peer.origin,
        )
