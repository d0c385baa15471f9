"""The sender of our own plugin: signed (Standard Webhooks), batched, kept until received (design.md 11)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import uuid4

from standardwebhooks import Webhook

from sandbox.moodle.phpjson import php_json
from sandbox.moodle.senders.disorder import Disorder
from sandbox.moodle.senders.sender import Occurrence, Sender


@dataclass(frozen=True, slots=True)
class _Batch:
    id: str
    occurrences: list[Occurrence]


class Signed(Sender):
    """Posts up to `batch` events at once, and keeps a batch under the same webhook-id until it is answered with 2xx."""

    def __init__(
        self,
        url: str,
        secret: str,
        batch: int = 500,
        disorder: Disorder | None = None,
        background: bool = False,
        retry_after: float = 0.2,
    ) -> None:
        self._webhook = Webhook(secret)
        self._batch = batch
        self._kept: list[_Batch] = []
        super().__init__(url, disorder, background, retry_after)

    def _deliver(self, occurrences: list[Occurrence]) -> None:
        starts = range(0, len(occurrences), self._batch)
        self._kept += [_Batch(f"msg_{uuid4().hex}", occurrences[start : start + self._batch]) for start in starts]
        self._kept = [batch for batch in self._kept if not self._is_received(batch)]

    def _unsent(self) -> int:
        return len(self._kept)

    def _is_received(self, batch: _Batch) -> bool:
        sent = datetime.fromtimestamp(self.clock(), UTC)
        body = php_json(
            {
                "type": "moodle.events",
                "timestamp": sent.isoformat(timespec="seconds").replace("+00:00", "Z"),
                "data": {
                    "wwwroot": batch.occurrences[0].wwwroot,
                    "events": [{"id": item.id, **item.event} for item in batch.occurrences],
                },
            }
        )
        headers = {
            "Content-Type": "application/json",
            "webhook-id": batch.id,
            "webhook-timestamp": str(int(sent.timestamp())),
            "webhook-signature": self._webhook.sign(batch.id, sent, body),
        }
        status = self._post(body, headers)
        return status is not None and 200 <= status < 300
