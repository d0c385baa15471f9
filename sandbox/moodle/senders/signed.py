"""The outbox of our own plugin: signed (Standard Webhooks), in order, batched, kept until received (design.md 11)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from standardwebhooks import Webhook

from sandbox.moodle.events import NEW_COURSE, PLUGIN, Event
from sandbox.moodle.phpjson import php_json
from sandbox.moodle.senders.disorder import Disorder
from sandbox.moodle.senders.sender import Occurrence, Reply, Sender

_KEPT_BY_PLUGIN = {
    *(f"user_enrolment_{done}" for done in ("created", "updated", "deleted")),
    *(f"enrol_instance_{done}" for done in ("created", "updated", "deleted")),
    *(f"group_{done}" for done in ("created", "updated", "deleted", "member_added", "member_removed")),
    *(f"course_{done}" for done in ("updated", "restored", "reset_started", "reset_ended", "content_deleted")),
    *("course_deleted", "course_category_updated", "course_category_deleted"),
    *("role_assigned", "role_unassigned", "user_updated", "user_deleted"),
    *("cohort_member_added", "cohort_member_removed", "cohort_deleted"),
}
"""The plugin's own events come on top (plugin/local_kurasync/db/events.php)."""
_LONGEST_WAIT = 16
"""How many times the first wait the longest is."""


@dataclass(frozen=True, slots=True)
class SetAside:
    """An event that the receiver refused alone, and why."""

    occurrence: Occurrence
    reason: str


class Signed(Sender):
    """Posts up to `batch` events at once, oldest first, and keeps them until they are answered with 2xx.

    In the background it waits after a failure: `retry_after` seconds, then twice as long each time, and at least as
    long as Retry-After asks; `flush()` waits for nothing. What is refused as a whole (413, 422) goes again in halves;
    an event that is refused alone, or that the answer names as unusable, is set aside. `ids_only`: as the real plugin,
    keep only events that kurasync acts on and send nothing of them but ids; otherwise everything, which it takes too.
    """

    in_transaction = True

    def __init__(
        self,
        url: str,
        secret: str,
        batch: int = 500,
        disorder: Disorder | None = None,
        background: bool = False,
        retry_after: float = 0.2,
        ids_only: bool = False,
    ) -> None:
        self.set_aside: list[SetAside] = []
        self._webhook = Webhook(secret)
        self._batch = batch
        self._ids_only = ids_only
        self._rows: list[Occurrence] = []
        self._failures = 0
        self._asked_to_wait = 0.0
        self._last_delivery = 0
        self._last_error = ""
        super().__init__(url, disorder, background, retry_after)

    def accept(self, event: Event, wwwroot: str) -> None:
        """Take an event over, if it is one to be kept."""
        if not self._ids_only or _is_kept(event):
            super().accept(event, wwwroot)

    def summary(self) -> dict[str, Any]:
        """What the plugin's status says of its outbox; times in seconds since the epoch, 0 for none."""
        rows = self._rows + self._told_of()
        return {
            "waiting": len(rows),
            "oldest": min((row.event["timecreated"] for row in rows), default=0),
            "setaside": len(self.set_aside),
            "lastdelivery": self._last_delivery,
            "lasterror": self._last_error,
        }

    def _deliver(self, occurrences: list[Occurrence]) -> None:
        self._rows += occurrences
        most = self._batch
        while rows := self._rows[:most]:
            reply = self._sent(rows)
            if reply.is_received:
                self._settle(rows, reply)
                most = min(self._batch, 2 * most)
            elif reply.status in (413, 422):
                most = self._narrowed(rows, reply)
            else:
                self._failed(reply)
                return

    def _unsent(self) -> int:
        return len(self._rows)

    def _pause(self) -> float:
        times = min(1 << max(self._failures - 1, 0), _LONGEST_WAIT)
        return max(times * self._retry_after, self._asked_to_wait)

    def _settle(self, rows: list[Occurrence], reply: Reply) -> None:
        self._put_aside(rows, _refused(reply, "rejected"))
        del self._rows[: len(rows)]
        self._failures, self._asked_to_wait = 0, 0.0
        self._last_delivery, self._last_error = int(self.clock()), ""

    def _narrowed(self, rows: list[Occurrence], reply: Reply) -> int:
        """Set aside what is named, or the only one; how many to send next."""
        reasons = _refused(reply, "errors" if reply.status == 422 else "rejected")
        if not reasons and len(rows) == 1:
            reasons = {0: f"refused with {reply.status}"}
        self._put_aside(rows, reasons)
        self._rows[: len(rows)] = [row for place, row in enumerate(rows) if place not in reasons]
        return self._batch if reasons else len(rows) // 2

    def _put_aside(self, rows: list[Occurrence], reasons: dict[int, str]) -> None:
        self.set_aside += [SetAside(rows[place], why) for place, why in reasons.items() if place < len(rows)]

    def _failed(self, reply: Reply) -> None:
        self._failures += 1
        self._asked_to_wait = reply.retry_after
        self._last_error = f"answered with {reply.status}" if reply.status else "no answer"

    def _sent(self, rows: list[Occurrence]) -> Reply:
        sent = datetime.fromtimestamp(self.clock(), UTC)
        events = [{"id": row.id, **(_ids(row.event) if self._ids_only else row.event)} for row in rows]
        body = php_json(
            {
                "type": "moodle.events",
                "timestamp": sent.isoformat(timespec="seconds").replace("+00:00", "Z"),
                "data": {"wwwroot": rows[0].wwwroot, "events": events},
            }
        )
        id = f"msg_{sha256(' '.join(row.id for row in rows).encode()).hexdigest()}"
        headers = {
            "Content-Type": "application/json",
            "webhook-id": id,
            "webhook-timestamp": str(int(sent.timestamp())),
            "webhook-signature": self._webhook.sign(id, sent, body),
        }
        return self._reply_to(body, headers)


def _is_kept(event: Event) -> bool:
    component, name = event["component"], str(event["eventname"]).rpartition("\\")[2]
    return component == PLUGIN or (component == "core" and name in _KEPT_BY_PLUGIN)


def _ids(event: Event) -> Event:
    """What the plugin sends of an event, numbers as numbers."""
    names = ("courseid", "userid", "relateduserid", "objectid", "contextlevel", "contextinstanceid", "timecreated")
    numbers = {name: None if event[name] is None else int(event[name]) for name in names}
    return {"eventname": event["eventname"], **numbers, **_made_of(event)}


def _made_of(event: Event) -> Event:
    """Of which course a restored one was made anew; of `other`, nothing else is sent."""
    other = event["other"]
    if event["eventname"] != "\\core\\event\\course_restored" or other["target"] != NEW_COURSE:
        return {}
    return {"other": {"originalcourseid": int(other["originalcourseid"])}}


def _refused(reply: Reply, key: str) -> dict[int, str]:
    """The reasons by place in the batch."""
    try:
        document = json.loads(reply.body)
    except ValueError:
        return {}
    named = document.get(key) if isinstance(document, dict) else None
    rows = [each for each in named or [] if isinstance(each, dict) and isinstance(each.get("index"), int)]
    return {each["index"]: f"{each.get('field', '')} {each.get('reason', '')}".strip() for each in rows}
