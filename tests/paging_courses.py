"""A Moodle course page at the course door: the plugin's client in the sandbox, and kurasync's web server in process.

    page = Page(world)
    page.ask("status")
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.setup import tasks
from app.store import audit
from app.web import create_app
from sandbox.moodle.course_client import CourseClient
from tests.world import SECRET, World

TEACHER = 5


@dataclass
class Page:
    """What a teacher does at the page of the world's course, or at that of another one."""

    world: World
    secret: str = SECRET
    wwwroot: str = ""
    course: int = 0
    client: FlaskClient = field(init=False)

    def __post_init__(self) -> None:
        self.client = create_app(self.world.kit).test_client()
        self.course = self.course or self.world.course
        self.wwwroot = self.wwwroot or self.world.moodle.url

    def post(self, verb: str, **arguments: Any) -> TestResponse:
        """Send a request; the answer as it comes."""
        return self.send(*self.signed(verb, **arguments))

    def signed(self, verb: str, **arguments: Any) -> tuple[str, dict[str, str]]:
        """The body and the headers of a request."""
        return CourseClient("", self.secret, self.wwwroot).signed(self.course, TEACHER, verb, arguments)

    def send(self, body: str, headers: dict[str, str], site: str = "uni") -> TestResponse:
        """Send a signed body."""
        return self.client.post(f"/courses/{site}", data=body, headers=headers, buffered=True)

    def ask(self, verb: str, **arguments: Any) -> dict[str, Any]:
        """Send a request that is carried out; the JSON of the answer."""
        answer = self.post(verb, **arguments)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = json.loads(answer.text)
        return found

    def refused(self, verb: str, **arguments: Any) -> tuple[int, str, str]:
        """Send one that is refused: status, reason and detail."""
        answer = self.post(verb, **arguments)
        assert answer.content_type == "application/problem+json", answer.text
        problem = json.loads(answer.text)
        assert "`kurasync" not in problem["detail"], "teachers have no shell"
        return answer.status_code, problem["reason"], problem["detail"]

    def previewed(self, kind: str = "roster") -> dict[str, Any]:
        """A preview, asked for and made as a worker makes it."""
        number = self.ask("preview", kind=kind)["task"]
        tasks.do(self.world.kit, number, "host:1:0:")
        return self.ask("task", task=number)

    def actors(self, operation: str) -> set[str]:
        """Who did an operation, as the audit says."""
        with self.world.kit.database.reading() as tx:
            return {row.actor for row in audit.search(tx, operation=operation)}
