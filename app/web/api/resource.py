"""What every resource of the API is made of: who is let in, how lists are paged, what may go wrong."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Sequence
from http import HTTPStatus
from typing import Any, TypeVar

from flask import Response, current_app, request
from flask_smorest import Blueprint
from marshmallow import Schema
from sqlalchemy.exc import DataError
from werkzeug.exceptions import NotFound as NoSuchAddress

from app.errors import NotFound
from app.setup import api_keys
from app.web import access, problems
from app.web.api.arguments import Parser
from app.web.problems import Refusal
from schemas.api.paging import is_storable
from schemas.problem import FieldError, Problem

PREFIX = "/api/v1"

Row = TypeVar("Row")
View = TypeVar("View", bound=Callable[..., Any])

_BEARER = "Bearer "
_NO_KEY = "The header must be `Authorization: Bearer <API key>`, with a key that is valid."
_ALWAYS = (401, 403, 503)
"""Whatever is asked for may be answered by these problems."""


class Resource(Blueprint):  # type: ignore[misc]
    """A flask-smorest blueprint that takes no argument it does not know, and is called by its noun in the description.

    What may be answered by every view is added to each, so that a view names only what is its own (`problem`).
    """

    ARGUMENTS_PARSER = Parser()

    def __init__(self, name: str, about: str, at: str) -> None:
        super().__init__(f"api_{name}", __name__, url_prefix=f"{PREFIX}/{at}", description=about)
        self.noun = at

    def route(self, rule: str, **options: Any) -> Callable[[View], View]:
        """As of Flask; the description says whose key it takes (app.web.access.needs)."""
        options.setdefault("tags", [self.noun])
        deeper = super().route(rule, **options)

        def add(view: View) -> View:
            described = self.doc(**{"x-role": access.needed(view)})(view)
            added: View = deeper(self.problem(*_ALWAYS)(described))
            return added

        return add

    def problem(self, *statuses: int) -> Callable[[View], View]:
        """Say by which problems a view may answer, besides those that every view may answer by."""

        def mark(view: View) -> View:
            for status in statuses:
                view = self.alt_response(status, response=HTTPStatus(status).name)(view)
            return view

        return mark

    def file(self, *types: str) -> Callable[[View], View]:
        """Say that a view answers with a file, as it is, in one of these formats (content types)."""
        content: dict[str, Any] = {each: {"schema": {}} for each in types}

        def mark(view: View) -> View:
            marked: View = self.doc(responses={"200": {"description": "The file.", "content": content}})(view)
            return marked

        return mark


def resource(name: str, about: str, *, at: str | None = None) -> Resource:
    """A blueprint for /api/v1/<at> (None: `name`), open to API keys whose role is enough for each view (access.needs).

    Several may be `at` one place: the file that holds each is about one noun.
    """
    made = Resource(name, about, at or name)
    made.before_request(_let_in)
    made.before_request(_check_address)
    made.after_request(access.dispatch_after)
    made.register_error_handler(DataError, _beyond)
    return made


def _let_in() -> None:
    given = request.headers.get("Authorization", "")
    whose = api_keys.holder(access.kit(), given.removeprefix(_BEARER)) if given.startswith(_BEARER) else None
    if whose is None:
        raise Refusal(Problem(401, "bad_key", _NO_KEY), {"WWW-Authenticate": "Bearer"})
    access.require(whose)


def _check_address() -> None:
    """Refuse what no row could be called, which a database would not even look for; and what no view would read."""
    if not all(is_storable(value) for value in (request.view_args or {}).values()):
        raise NoSuchAddress
    unknown = next(iter(request.args), None)
    if unknown is not None and not _takes_query(current_app.view_functions[request.endpoint or ""]):
        raise invalid(unknown, "Unknown field.")


def _takes_query(view: Callable[..., Any]) -> bool:
    described = getattr(view, "_apidoc", {}).get("arguments", {})
    return any(each["in"] == "query" for each in described.get("parameters", ()))


def _beyond(error: DataError) -> Response:
    detail = "A number or a text in the request is beyond what can be stored."
    return problems.answer(Problem(422, "invalid", detail))


def located(schema: Schema, content: Any, status: int, at: str) -> Response:
    """An answer with the address, below /api/v1, at which what was asked for is found."""
    body = json.dumps(schema.dump(content))
    return Response(body, status, {"Location": f"{PREFIX}/{at}"}, content_type="application/json")


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
    return Refusal(Problem(422, *problems.WORDS[422], (FieldError(None, field, reason),)))


def visible(site_id: int | None, what: str) -> None:
    """Raise NotFound where something is of a site that the caller's key is not for, in the words of what is absent."""
    if not access.principal().sees(site_id):
        raise NotFound(what)
