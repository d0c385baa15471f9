"""A site that may deliver events, the server that receives them, and what senders send."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from flask.testing import FlaskClient
from standardwebhooks import Webhook
from werkzeug.test import TestResponse

from app.kit import Kit
from app.store import events, links, sites, worklist
from app.store.events import Event
from app.store.links import NewLink
from app.web import create_app
from tests.making import add_instance, add_mapping

RECORDED = Path(__file__).parent / "recordings" / "moodle" / "events"
WWWROOT = "https://moodle.example.edu"
SECRET = "whsec_" + base64.b64encode(b"a secret of twenty-four!").decode()
ALL_WAYS = ("signed", "local_webhooks", "tool_trigger")
PROBLEM = "application/problem+json"


@dataclass(frozen=True)
class Door:
    """A receiver with one site, `uni`: courses 8 and 9 are mapped; user 5036 is linked in 8 and was linked in 9."""

    kit: Kit
    client: FlaskClient
    site_id: int
    mapping: dict[int, int]

    def post(self, path: str, body: str | bytes, headers: Mapping[str, str]) -> TestResponse:
        return self.client.post(path, data=body, headers=dict(headers), buffered=True)

    def deliver(self, *happened: Any, secret: str = SECRET, **changed: Any) -> TestResponse:
        """Post a signed delivery of these events."""
        body, headers = signed(delivery(*happened, **changed), secret=secret)
        return self.post("/events/uni", body, headers)

    def stored(self) -> list[Event]:
        """All events, the oldest first."""
        with self.kit.database.reading() as tx:
            return events.search(tx, limit=10_000)[::-1]

    def row(self, courseid: int, kind: str = "roster") -> worklist.Row | None:
        with self.kit.database.reading() as tx:
            return worklist.get(tx, self.mapping[courseid], kind)

    def wanted(self, courseid: int, kind: str = "roster") -> int:
        row = self.row(courseid, kind)
        return row.wanted if row else 0


def open_door(kit: Kit, dispatch: Callable[[], object] | None = None, ways: Sequence[str] = ALL_WAYS) -> Door:
    with kit.database.transaction() as tx:
        now = kit.database.now(tx)
        site_id = sites.add(
            tx, now, name="uni", url=WWWROOT, wwwroot=WWWROOT, identity=None, token=kit.vault.encrypt("t"), ways=ways
        )
        sites.add_secret(tx, now, site_id, kit.vault.encrypt(SECRET))
        instance_id = add_instance(tx, now)
        mapping = {courseid: add_mapping(tx, now, site_id, instance_id, courseid) for courseid in (8, 9)}
        for courseid, mapping_id in mapping.items():
            links.create(tx, now, mapping_id, [NewLink(5036, courseid, "user5036@example.edu", {})])
        links.end(tx, now, mapping[9], [9], "left")
    return Door(kit, create_app(kit, dispatch=dispatch).test_client(), site_id, mapping)


def happening(name: str = r"\core\event\user_enrolment_created", **changed: Any) -> dict[str, Any]:
    """An event as Moodle's get_data() gives it, with an id of its own."""
    fields = {"eventname": name, "courseid": "8", "relateduserid": "5036", "contextlevel": 50, "userid": "2"}
    return {"id": str(uuid4()), **fields, **changed}


def delivery(*happened: Any, **changed: Any) -> dict[str, Any]:
    content = {"wwwroot": WWWROOT, "events": list(happened), **changed}
    return {"type": "moodle.events", "timestamp": "2026-01-31T12:00:00Z", "data": content}


def signed(document: object, *, secret: str = SECRET, late: float = 0.0) -> tuple[str, dict[str, str]]:
    """A body and its headers, signed `late` seconds ago."""
    return sealed(json.dumps(document), secret=secret, late=late)


def sealed(body: str, *, secret: str = SECRET, late: float = 0.0, number: str = "") -> tuple[str, dict[str, str]]:
    """The same for a body that is a text already; `number` is its webhook-id."""
    number, at = number or f"msg_{uuid4().hex}", datetime.fromtimestamp(time.time() - late, UTC)
    headers = {
        "Content-Type": "application/json",
        "webhook-id": number,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": Webhook(secret).sign(number, at, body),
    }
    return body, headers


def recorded(folder: str) -> dict[str, dict[str, Any]]:
    """The recordings of a folder by their names."""
    return {path.stem: json.loads(path.read_text()) for path in sorted((RECORDED / folder).glob("*.json"))}
