"""What every page of the console is made of: somebody signed in, a token against forgery, and errors as pages."""

from __future__ import annotations

import re
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from flask import Blueprint, current_app, flash, redirect, render_template, request, session, url_for
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

from app.errors import KurasyncError, NotFound, TransientError
from app.setup import accounts
from app.web import access
from app.web.access import Forbidden

TEMPLATES = Blueprint(
    "console", __name__, template_folder="templates", static_folder="static", static_url_path="/static"
)
"""Carries the templates and the static files."""

TOKEN = "token"
"""Under this the browser's cookie holds the session's token."""

_COMMANDS = re.compile(r"[^.!?]*`kurasync [^`]*`[^.!?]*[.!?]?")
_WORDS = {
    400: "The page was too old, or did not come from here: load it again, and then try again.",
    404: "There is nothing at this address.",
    405: "This address does not take what was sent.",
    413: "That is too large.",
}


def section(name: str, *, open_to_all: bool = False) -> Blueprint:
    """A blueprint for pages; `open_to_all`: also for those who are not signed in."""
    made = Blueprint(f"console_{name}", __name__)
    made.before_request(_check_forgery)
    if not open_to_all:
        made.before_request(_let_in)
    made.after_request(access.dispatch_after)
    made.register_error_handler(KurasyncError, refused)
    made.register_error_handler(HTTPException, http_error)
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

    `fields`: what the post carries on; `address`: where to, unless it is this one; `danger`: it takes something away.
    """
    return show("confirm.html", title=title, lines=lines, action=action, cancel=cancel, **facts)


def plain(message: str) -> str:
    """A verb's words without the sentences that name commands: here nobody has a shell."""
    return _COMMANDS.sub("", message).strip() or message


def refused(error: KurasyncError) -> tuple[str, int]:
    """A page that says why something cannot be done."""
    if isinstance(error, Forbidden):
        status = 403
    elif isinstance(error, NotFound):
        status = 404
    else:
        status = 503 if isinstance(error, TransientError) else 409
    return show("error.html", title=HTTPStatus(status).phrase, said=plain(error.message)), status


def http_error(error: HTTPException) -> Any:
    """A page for an error of HTTP; redirections pass."""
    status = error.code or 500
    if status < 400:
        return error
    said = _WORDS.get(status, error.description or "")
    return show("error.html", title=HTTPStatus(status).phrase, said=said), status


def _check_forgery() -> None:
    if request.method not in ("GET", "HEAD", "OPTIONS"):
        current_app.extensions["csrf"].protect()


def _let_in() -> Response | None:
    token = session.get(TOKEN)
    user = accounts.signed_in(access.kit(), token) if token else None
    if user is None:
        return redirect(url_for("console_signing_in.form", to=request.full_path if request.method == "GET" else "/"))
    access.require(accounts.principal(user))
    return None
