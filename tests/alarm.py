"""Who is told of alerts, in tests: a mail server and a webhook's receiver that are really there."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from app.kit import Kit
from app.store import alerts
from app.store.alerts import Alert, Kind
from tests.conftest import SetClock
from tests.line_server import Line, Request, listening
from tests.post_office import PostOffice, open_post_office

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


@dataclass
class Hook:
    """What was posted, and the status with which it is answered."""

    status: str = "204 No Content"
    requests: list[Request] = field(default_factory=list)

    def talk(self, line: Line) -> None:
        """Answer each request."""
        while request := line.request():
            self.requests.append(request)
            line.answer(b"", status=self.status)

    def bodies(self) -> list[Any]:
        """What was posted, parsed."""
        return [json.loads(request.body) for request in self.requests]


@dataclass
class Alarm:
    """A kit whose alerts go to `office` and to `hook`."""

    kit: Kit
    clock: SetClock
    office: PostOffice
    hook: Hook

    def raised(self, kind: Kind = "drift", topic: str = "mapping:1", message: str = "Something drifted.") -> None:
        """Something to tell, now."""
        with self.kit.database.transaction() as tx:
            alerts.add(tx, self.clock(), kind, topic, message)

    def rows(self) -> list[Alert]:
        """All alerts, the oldest first."""
        with self.kit.database.reading() as tx:
            return alerts.search(tx, limit=10_000)[::-1]

    def gathered(self) -> None:
        """Let the time pass in which alerts are gathered."""
        self.clock.advance(self.kit.settings.alert_collect)


@contextmanager
def alarm(kit: Kit, clock: SetClock, **given: Any) -> Iterator[Alarm]:
    """An alarm on this kit; other settings by name. Leave a way out with smtp_host="" or alert_webhook=""."""
    hook = Hook()
    with open_post_office() as office, listening(hook.talk) as server:
        settings = replace(
            kit.settings,
            smtp_host="localhost",
            smtp_port=office.port,
            smtp_security="none",
            alert_from="kurasync@example.edu",
            alert_to="it@example.edu",
            alert_webhook=f"{server.url}/hooks/one?key=unguessable",
            alert_webhook_secret=SECRET,
        )
        yield Alarm(replace(kit, settings=replace(settings, **given)), clock, office, hook)
