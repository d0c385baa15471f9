"""A program that calls the API with a key of its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.kit import Kit
from app.planning.roles import Role
from app.setup import api_keys
from tests.visiting import console_at

PREFIX = "/api/v1"


@dataclass(frozen=True)
class Caller:
    """Its key, and the server in this process."""

    client: FlaskClient
    key: str

    def call(self, method: str, path: str, body: Any = None, **query: Any) -> TestResponse:
        """Any request; `path` is what follows /api/v1."""
        headers = {"Authorization": f"Bearer {self.key}"}
        return self.client.open(
            PREFIX + path, method=method, headers=headers, query_string=query, json=body, buffered=True
        )

    def got(self, path: str, **query: Any) -> Any:
        """The content of what has to be there."""
        return self._content(self.call("GET", path, **query), 200)

    def done(self, method: str, path: str, body: Any = None, status: int = 200, **query: Any) -> Any:
        """The answer of what has to succeed."""
        return self._content(self.call(method, path, body, **query), status)

    def refused(self, method: str, path: str, status: int, body: Any = None, **query: Any) -> dict[str, Any]:
        """The problem that has to be answered."""
        answer = self.call(method, path, body, **query)
        assert answer.content_type == "application/problem+json", answer.text
        problem: dict[str, Any] = self._content(answer, status)
        return problem

    def _content(self, answer: TestResponse, status: int) -> Any:
        assert answer.status_code == status, answer.text
        return answer.get_json() if answer.data else None


def caller(kit: Kit, role: Role = "admin", site: str | None = None) -> Caller:
    """A program with a new key of this role, for this site alone if one is named."""
    _, key = api_keys.add(kit, f"{role}-{site or 'all'}", role, "test", site_name=site)
    return Caller(console_at(kit).test_client(), key)
