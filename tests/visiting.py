"""The console without a browser: somebody who is signed in, gets pages and posts their forms.

    visitor = visiting(kit, "operator")
    assert "Nothing" in visitor.text("/events")
    visitor.post("/events/1/replay")
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import unescape
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.kit import Kit
from app.planning.roles import Role
from app.setup import accounts
from app.store import users
from app.web import access, create_app
from app.web.access import Desk
from app.web.console.page import TOKEN

_TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')
_TAG = re.compile(r"<[^>]*>")
_made: list[Flask] = []


@dataclass
class Visitor:
    """Somebody with a role, signed in."""

    client: FlaskClient

    def get(self, path: str, status: int = 200, **asked: Any) -> TestResponse:
        """A page, which has this status."""
        answer = self.client.get(path, query_string=asked or None)
        assert answer.status_code == status, (answer.status_code, answer.text)
        return answer

    def text(self, path: str, status: int = 200, **asked: Any) -> str:
        """What a page says, without its tags."""
        return said(self.get(path, status, **asked))

    def post(self, path: str, status: int = 303, **form: Any) -> TestResponse:
        """What posting a form is answered, with the token that every form of a page carries."""
        token = _TOKEN.search(self.client.get("/account").text)
        assert token
        answer = self.client.post(path, data={"csrf_token": token[1], **form})
        assert answer.status_code == status, (answer.status_code, answer.text)
        return answer

    def done(self, path: str, **form: Any) -> str:
        """What the page says to which a posted form leads."""
        return self.text(self.post(path, **form).headers["Location"])


def visiting(kit: Kit, role: Role = "admin") -> Visitor:
    """A visitor of the console on this kit, who is called like the role."""
    with kit.database.transaction() as tx:
        now = kit.database.now(tx)
        users.add(tx, now, name=role, role=role, password=None)
        user = users.by_name(tx, role)
        assert user is not None
        token = accounts.begin(tx, now, user)
    client = console_at(kit).test_client()
    with client.session_transaction() as session:
        session[TOKEN] = token
    return Visitor(client)


def console_at(kit: Kit) -> Flask:
    """The application with this kit: one for all tests, since making one takes a third of a second."""
    if not _made:
        _made.append(create_app(kit))
    access.install(_made[0], Desk(kit, None))
    return _made[0]


def said(answer: TestResponse) -> str:
    """What the main part of a page says, on one line."""
    main = answer.text.partition("<main")[2].partition(">")[2].partition("</main>")[0]
    return " ".join(unescape(_TAG.sub(" ", main)).split())
