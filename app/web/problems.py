"""Errors as they are answered: one shape, application/problem+json, whatever went wrong."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any

import structlog
from flask import Flask, Response
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.exceptions import HTTPException

from app.errors import KurasyncError, NotFound, Refused, SettingsError, TransientError
from app.web.access import Forbidden
from schemas.problem import CONTENT_TYPE, FieldError, Problem

RETRY_AFTER = 5

_log = structlog.get_logger()

WORDS = {
    404: ("not_found", "There is nothing at this address."),
    405: ("method_not_allowed", "This address does not take this method."),
    413: ("too_large", "The body is larger than this server takes: send it in parts."),
    422: ("invalid", "The request cannot be used: errors says which fields, and why."),
}
"""The reason and the words of what is refused before a verb is asked, by status."""

_OF_VERBS: tuple[tuple[type[KurasyncError], int], ...] = (
    (Forbidden, 403),
    (NotFound, 404),
    (Refused, 409),
    (TransientError, 503),
    (KurasyncError, 502),
)
"""What is answered when a verb cannot be carried out: the other systems' own refusals are a 502."""


class Refusal(Exception):
    """Ends a request with a problem."""

    def __init__(self, problem: Problem, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(problem.detail)
        self.problem = problem
        self.headers = dict(headers or {})


def answer(problem: Problem, headers: Mapping[str, str] | None = None) -> Response:
    """The problem as a response."""
    body = json.dumps(problem.document())
    return Response(body, problem.status, headers=dict(headers or {}), content_type=CONTENT_TYPE)


def register(app: Flask) -> None:
    """Let every error of the application be answered in this shape."""
    app.register_error_handler(Refusal, _refused)
    app.register_error_handler(HTTPException, http_error)
    app.register_error_handler(SQLAlchemyError, _not_stored)
    app.register_error_handler(KurasyncError, _verb_refused)
    app.register_error_handler(SettingsError, _not_set_up)


def of_verb(error: KurasyncError) -> Refusal:
    """What ends a request whose verb could not be carried out."""
    status = next(code for kind, code in _OF_VERBS if isinstance(error, kind))
    given = {"Retry-After": str(RETRY_AFTER)} if status == 503 else {}
    return Refusal(Problem(status, error.reason, error.message), given)


def _verb_refused(error: KurasyncError) -> Response:
    return _refused(of_verb(error))


def _refused(refusal: Refusal) -> Response:
    return answer(refusal.problem, refusal.headers)


def http_error(error: HTTPException) -> Response:
    """An error of HTTP as a problem."""
    status = HTTPStatus(error.code or 500)
    reason, detail = WORDS.get(status, (status.phrase.lower().replace(" ", "_"), error.description or status.phrase))
    kept = {"Allow": error.get_response().headers["Allow"]} if status == 405 else {}
    return answer(Problem(status, reason, detail, tuple(_field_errors(error))), kept)


def _field_errors(error: HTTPException) -> Iterator[FieldError]:
    """What the API's schemas found wrong, field by field."""
    messages = getattr(error, "data", {}).get("messages", {})
    for found in messages.values():
        yield from _flat(found, "")


def _flat(found: Any, path: str) -> Iterator[FieldError]:
    if isinstance(found, Mapping):
        for name, inner in found.items():
            yield from _flat(inner, f"{path}.{name}" if path else str(name))
    else:
        yield FieldError(None, path, " ".join(map(str, found)))


def _not_stored(error: SQLAlchemyError) -> Response:
    # The type alone: a driver's message may quote what was to be stored.
    _log.error("not_stored", error=type(error).__name__)
    detail = "The database cannot be used at the moment. Nothing was stored: send it again."
    return answer(Problem(503, "not_stored", detail), {"Retry-After": str(RETRY_AFTER)})


def _not_set_up(error: SettingsError) -> Response:
    _log.error("not_set_up", message=error.message)
    detail = "The server's settings are wrong; its log says how. Nothing was stored: send it again later."
    return answer(Problem(503, "not_set_up", detail), {"Retry-After": str(RETRY_AFTER)})
