"""What every resource of the API is made of: who is let in, how lists are paged, what may go wrong."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from flask import request
from flask_smorest import Blueprint

from app.errors import NotFound
from app.setup import api_keys
from app.web import access
from app.web.problems import Refusal
from schemas.problem import FieldError, Problem

PREFIX = "/api/v1"

Row = TypeVar("Row")

_BEARER = "Bearer "
_NO_KEY = "The header must be `Authorization: Bearer <API key>`, with a key that is valid."


def resource(name: str, about: str) -> Blueprint:
    """A blueprint for /api/v1/<name>, open to API keys whose role is enough for each view (app.web.access.needs)."""
    made = Blueprint(f"api_{name}", __name__, url_prefix=f"{PREFIX}/{name}", description=about)
    made.before_request(_let_in)
    made.after_request(access.dispatch_after)
    return made


def _let_in() -> None:
    given = request.headers.get("Authorization", "")
    whose = api_keys.holder(access.kit(), given.removeprefix(_BEARER)) if given.startswith(_BEARER) else None
    if whose is None:
        raise Refusal(Problem(401, "bad_key", _NO_KEY), {"WWW-Authenticate": "Bearer"})
    access.require(whose)


def page(rows: Sequence[Row], limit: int, key: Callable[[Row], int], line: Callable[[Row], Any]) -> dict[str, Any]:
    """A page of a list: `rows` were read with one more than `limit`; `key` is what the next page begins after."""
    shown = rows[:limit]
    following = cursor_of(key(shown[-1])) if len(rows) > limit else None
    return {"items": [line(each) for each in shown], "next": following}


def cursor_of(key: int) -> str:
    """The cursor of the page that follows this row; what is in it is nobody's business."""
    return urlsafe_b64encode(str(key).encode()).decode().rstrip("=")


def after(cursor: str | None) -> int | None:
    """The row that a cursor's page follows, None: the first page; refuses what is no cursor with a 422."""
    if cursor is None:
        return None
    try:
        text = urlsafe_b64decode(cursor.encode() + b"=" * (-len(cursor) % 4)).decode("ascii")
        key = int(text) if text.isdecimal() and len(text) < 19 else None
    except ValueError:
        key = None
    if key is None:
        raise invalid("cursor", "is none that a list has given")
    return key


def invalid(field: str, reason: str) -> Refusal:
    """A 422 for one field."""
    detail = "The request cannot be used; see errors."
    return Refusal(Problem(422, "invalid", detail, (FieldError(None, field, reason),)))


def visible(site_id: int | None, what: str) -> None:
    """Raise NotFound where something is of a site that the caller's key is not for, in the words of what is absent."""
    if not access.principal().sees(site_id):
        raise NotFound(what)
