"""What every page of the console is made of: somebody signed in, a token against forgery, and errors as pages."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

import structlog
from flask import Blueprint, current_app, flash, g, redirect, render_template, request, session, url_for
from sqlalchemy.exc import DataError, SQLAlchemyError
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

from app.errors import KurasyncError, NotFound, Refused, TransientError
from app.setup import accounts
from app.web import access, problems
from app.web.access import Forbidden
from app.web.console.instead import plain as plain
from schemas.api.paging import is_storable

TEMPLATES = Blueprint(
    "console", __name__, template_folder="templates", static_folder="static", static_url_path="/static"
)
"""Carries the templates and the static files."""

_NO_DATABASE = "The database cannot be used at the moment. Nothing was changed: try again in a minute."
_SIGNED_OUT = "You are not signed in any more, and nothing was done: sign in, and then do it again."
_log = structlog.get_logger()

TOKEN = "token"
"""Under this the browser's cookie holds the session's token."""

_BY_ITSELF = "X-By-Itself"
"""The header of what console.js asks without anybody having done anything."""

_TITLES = {
    400: "That did not come from here",
    403: "Not allowed",
    404: "Not found",
    409: "This cannot be done",
    500: "Something went wrong",
    503: "Not at the moment",
}
_WORDS = {
    400: "The page was too old, or did not come from here: load it again, and then try again.",
    404: "There is nothing at this address.",
    405: "This address does not take what was sent.",
    413: "That is too large.",
    500: "That is an error of kurasync; its log says more. Look whether what you wanted was done before you try again.",
}


def section(name: str, *, open_to_all: bool = False) -> Blueprint:
    """A blueprint for pages; `open_to_all`: also for those who are not signed in."""
    made = Blueprint(f"console_{name}", __name__)
    made.before_request(_check_forgery)
    if not open_to_all:
        made.before_request(_let_in)
    made.before_request(_check_sent)
    made.after_request(access.dispatch_after)
    made.register_error_handler(KurasyncError, refused)
    made.register_error_handler(HTTPException, http_error)
    made.register_error_handler(SQLAlchemyError, not_stored)
    made.register_error_handler(DataError, beyond)
    return made


def show(template: str, **facts: Any) -> str:
    """A page, with who is signed in."""
    return render_template(template, **facts)


def back(endpoint: str, said: str = "", **values: Any) -> Response:
    """After something was done: the page that shows it, with what is to be said."""
    if said:
        flash(said, "done")
    return redirect(url_for(endpoint, **values), 303)


def ask(title: str, lines: Sequence[str], action: str, cancel: str, **facts: Any) -> str:
    """A page that asks before something is done: `action` names it, `cancel` is the address of the way back.

    `fields`: what the post carries on; `address`: where to, unless it is this one; `danger`: it takes something away;
    `force`: the words of a tick that lets it go on in spite of something.
    """
    return show("confirm.html", title=title, lines=lines, action=action, cancel=cancel, **facts)


def refused(error: KurasyncError) -> tuple[str, int]:
    """A page that says why something cannot be done."""
    status = status_of(error)
    return show("error.html", title=_TITLES.get(status, HTTPStatus(status).phrase), said=plain(error.message)), status


def status_of(error: KurasyncError) -> int:
    """The status of a page that tells of it."""
    if isinstance(error, Forbidden):
        return 403
    if isinstance(error, NotFound):
        return 404
    return 503 if isinstance(error, TransientError) else 409


def http_error(error: HTTPException) -> Any:
    """A page for an error of HTTP; redirections pass."""
    status = error.code or 500
    if status < 400:
        return error
    said = _WORDS.get(status, error.description or "")
    return show("error.html", title=_TITLES.get(status, HTTPStatus(status).phrase), said=said), status


def unknown(error: HTTPException) -> Any:
    """For an address that nobody knows: a page for browsers, a problem for programs."""
    wants_page = "text/html" in request.headers.get("Accept", "") and not request.path.startswith("/api/")
    return http_error(error) if wants_page else problems.http_error(error)


def beyond(_error: DataError) -> tuple[str, int]:
    """A page for a number that the database cannot hold: nothing has it."""
    return show("error.html", title=_TITLES[404], said=_WORDS[404]), 404


def not_stored(error: SQLAlchemyError) -> tuple[str, int]:
    """A page for a database that is away, without the menu, which reads from it."""
    # The type alone: a driver's message may quote what was to be stored.
    _log.error("console_without_database", error=type(error).__name__)
    g.pop("principal", None)
    return show("error.html", title=_TITLES[503], said=_NO_DATABASE), 503


def _check_forgery() -> None:
    if request.method not in ("GET", "HEAD", "OPTIONS"):
        current_app.extensions["csrf"].protect()


def _check_sent() -> None:
    """Refuse what no database would take: a number that nothing is called by, a text that is none."""
    if not all(is_storable(value) for value in (request.view_args or {}).values()):
        raise NotFound(_WORDS[404])
    if not all(is_storable(text) for text in request.values.values()):
        raise Refused("There is something in it that is no text.", reason="no_text")


def _ask_who() -> Response:
    if request.method == "GET":
        return redirect(url_for("console_signing_in.form", to=request.full_path.rstrip("?")))
    flash(_SIGNED_OUT, "warned")
    return redirect(url_for("console_signing_in.form", to="/"))


def _let_in() -> Response | None:
    # A page that renews itself is no sign of anybody: an abandoned screen must not stay signed in.
    by_itself, token = _BY_ITSELF in request.headers, session.get(TOKEN)
    user = accounts.signed_in(access.kit(), token, is_used=not by_itself) if token else None
    if user is None:
        return _ask_who()
    access.require(accounts.principal(user))
    return None
