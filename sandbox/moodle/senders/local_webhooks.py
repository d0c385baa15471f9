"""The plugin local_webhooks: one post per event; what fails is lost (recordings/moodle/events/local_webhooks)."""

from __future__ import annotations

from urllib.parse import urlsplit

from sandbox.moodle.phpjson import php_json
from sandbox.moodle.senders.disorder import Disorder
from sandbox.moodle.senders.sender import Occurrence, Sender


class LocalWebhooks(Sender):
    """`token` and `extra` are sent in every body. `labelled_as_form` says form-urlencoded of what is JSON."""

    def __init__(
        self,
        url: str,
        token: str,
        extra: str = "",
        labelled_as_form: bool = False,
        disorder: Disorder | None = None,
        background: bool = False,
    ) -> None:
        self._added = {"token": token, "extra": extra}
        self._content_type = "application/x-www-form-urlencoded" if labelled_as_form else "application/json"
        super().__init__(url, disorder, background)

    def _deliver(self, occurrences: list[Occurrence]) -> None:
        for item in occurrences:
            body = {**item.event, "host": urlsplit(item.wwwroot).hostname or "", **self._added}
            agent = f"MoodleBot/4.5 (+{item.wwwroot})"
            self._post(php_json(body), {"Accept": "*/*", "Content-Type": self._content_type, "User-Agent": agent})
