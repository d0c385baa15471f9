"""The simulated Moodle's senders without a network: what they post is taken by intake in this very process."""

from __future__ import annotations

import json
from collections.abc import Callable

from app.kit import Kit
from app.store import sites
from app.sync import intake
from sandbox.moodle.senders import Disorder, LocalWebhooks, Sender, Signed, ToolTrigger
from schemas import events
from schemas.events import Delivery
from tests.world import SECRET

WAYS = ("signed", "local_webhooks", "tool_trigger")
_READ: dict[str, Callable[[object], Delivery]] = {
    "signed": lambda document: events.signed(document, most=1000),
    "local_webhooks": events.hooked,
    "tool_trigger": events.triggered,
}


class Post:
    """Takes deliveries in for a site. The answers to the next `unanswered` ones are lost on their way back."""

    def __init__(self, kit: Kit, site_id: int, way: str) -> None:
        self.unanswered = 0
        self._kit = kit
        self._site_id = site_id
        self._way = way

    def take(self, body: str, headers: dict[str, str]) -> int | None:
        """As the receiver takes a request whose sender is proven."""
        delivery = _READ[self._way](json.loads(body))
        with self._kit.database.reading() as tx:
            site = sites.get(tx, self._site_id)
        assert site is not None
        assert not delivery.rejected
        events_of_it = [event for _, event in delivery.events]
        intake.accept(self._kit, [intake.Parcel(site, self._way, headers.get("webhook-id"), events_of_it)])
        self.unanswered -= 1
        return None if self.unanswered >= 0 else 200


class _Posted(Sender):
    post: Post

    def _post(self, body: str, headers: dict[str, str]) -> int | None:
        return self.post.take(body, headers)


class _Signed(_Posted, Signed):
    pass


class _LocalWebhooks(_Posted, LocalWebhooks):
    pass


class _ToolTrigger(_Posted, ToolTrigger):
    pass


_SENDERS: dict[str, Callable[[Disorder], _Posted]] = {
    "signed": lambda disorder: _Signed("", SECRET, batch=5, disorder=disorder),
    "local_webhooks": lambda disorder: _LocalWebhooks("", SECRET, disorder=disorder),
    "tool_trigger": lambda disorder: _ToolTrigger("", SECRET, "cron", disorder=disorder),
}


def sender(post: Post, way: str, disorder: Disorder) -> Sender:
    """A sender of one of the three kinds, which posts there when it is flushed."""
    made = _SENDERS[way](disorder)
    made.post = post
    return made
