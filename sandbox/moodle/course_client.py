"""The course pages of our own plugin, as they ask kurasync: signed like its deliveries (tests/recordings/course)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from time import time
from typing import Any
from uuid import uuid4

import requests
from standardwebhooks import Webhook

from sandbox.moodle.phpjson import php_json

_TIMEOUT = 10.0


@dataclass(frozen=True, slots=True)
class CourseAnswer:
    """What came back: the status, and the JSON of the body."""

    status: int
    document: Any


class CourseClient:
    """Asks for one Moodle, on behalf of users of its courses, as it decided that they may."""

    def __init__(self, url: str, secret: str, wwwroot: str) -> None:
        self._url = url
        self._webhook = Webhook(secret)
        self._wwwroot = wwwroot

    def ask(self, course: int, user: int, verb: str, /, **arguments: Any) -> CourseAnswer:
        """Send one request of a user at a course's page."""
        body, headers = self.signed(course, user, verb, arguments)
        with requests.Session() as session:
            session.trust_env = False
            answer = session.post(
                self._url, data=body.encode(), headers=headers, timeout=_TIMEOUT, allow_redirects=False
            )
        return CourseAnswer(answer.status_code, json.loads(answer.content))

    def signed(self, course: int, user: int, verb: str, arguments: dict[str, Any]) -> tuple[str, dict[str, str]]:
        """The body of a request and its headers."""
        sent = datetime.fromtimestamp(time(), UTC)
        data = {"wwwroot": self._wwwroot, "courseid": course, "userid": user, "verb": verb, "arguments": arguments}
        stamp = sent.isoformat(timespec="seconds").replace("+00:00", "Z")
        body = php_json({"type": "moodle.course", "timestamp": stamp, "data": data})
        number = f"msg_{uuid4().hex}"
        headers = {
            "Content-Type": "application/json",
            "webhook-id": number,
            "webhook-timestamp": str(int(sent.timestamp())),
            "webhook-signature": self._webhook.sign(number, sent, body),
        }
        return body, headers
