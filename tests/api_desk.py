"""A desk whose API is asked over WSGI, with keys of each role."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.planning.roles import Role
from app.setup import api_keys
from app.web import access
from tests.api_stage import stage
from tests.conftest import PATIENT
from tests.fixtures_desk import Desk


@dataclass
class ApiDesk:
    """The desk, and the API on its database; keys are made where they are first used, for every site or for one."""

    desk: Desk
    client: FlaskClient
    keys: dict[tuple[str, str | None], str] = field(default_factory=dict)

    def key(self, role: Role, site: str | None = None) -> str:
        """A key with this role."""
        if (role, site) not in self.keys:
            name = f"{role}-{site or 'all'}"
            self.keys[role, site] = api_keys.add(self.desk.kit, name, role, "test", site_name=site)[1]
        return self.keys[role, site]

    def ask(
        self, method: str, path: str, body: Any = None, *, role: Role = "admin", site: str | None = None
    ) -> TestResponse:
        """The answer to a request."""
        headers = {"Authorization": f"Bearer {self.key(role, site)}"}
        return self.client.open(f"/api/v1{path}", method=method, json=body, headers=headers, buffered=True)

    def told(self, method: str, path: str, body: Any = None, *, status: int = 200, **whose: Any) -> Any:
        """The JSON of an answer that has to have this status."""
        answer = self.ask(method, path, body, **whose)
        assert answer.status_code == status, answer.text
        return answer.get_json()

    def get(self, path: str, **more: Any) -> Any:
        """The JSON of what is there."""
        return self.told("GET", path, **more)

    def post(self, path: str, body: Any = None, **more: Any) -> Any:
        """The JSON of what came of it."""
        return self.told("POST", path, body, **more)

    def put(self, path: str, body: Any, **more: Any) -> Any:
        """The JSON of what came of it."""
        return self.told("PUT", path, body, **more)

    def refused(self, method: str, path: str, body: Any = None, *, status: int, **whose: Any) -> str:
        """The reason of the problem that a request ends in."""
        answer = self.ask(method, path, body, **whose)
        assert (answer.status_code, answer.mimetype) == (status, "application/problem+json"), answer.text
        return str(answer.get_json()["reason"])


@pytest.fixture(scope="session")
def api_app() -> Flask:
    """One for all tests: describing the whole API takes longer than most of them."""
    return stage().app


@pytest.fixture
def api(desk: Desk, api_app: Flask) -> Iterator[ApiDesk]:
    """The API of a desk with nothing connected yet; it waits for answers however busy the machine is."""
    kit = replace(desk.kit, settings=replace(desk.kit.settings, **PATIENT))
    access.install(api_app, access.Desk(kit, None))
    with api_app.test_client() as client:
        yield ApiDesk(desk, client)
