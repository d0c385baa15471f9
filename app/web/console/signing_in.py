"""Signing in and out. Whoever proves a person otherwise (single sign-on) ends in `let_in` too."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import request, session
from werkzeug.wrappers import Response

from app.errors import Refused
from app.setup import accounts
from app.web import access
from app.web.access import needs
from app.web.console.page import TOKEN, back, section, show

blueprint = section("signing_in", open_to_all=True)


@blueprint.get("/sign-in")
@needs("viewer")
def form() -> str:
    """The form."""
    return show("sign_in.html", to=request.args.get("to", "/"), nobody=not accounts.every(access.kit()))


@blueprint.post("/sign-in")
@needs("viewer")
def sign_in() -> Response | tuple[str, int]:
    """Prove a person by name and password."""
    name, password, to = (request.form.get(field, "") for field in ("name", "password", "to"))
    try:
        token = accounts.sign_in(access.kit(), name, password)
    except Refused as error:
        return show("sign_in.html", to=to, name=name, said=error.message), 403
    return let_in(token, to)


@blueprint.post("/sign-out")
@needs("viewer")
def sign_out() -> Response:
    """End the session."""
    token = session.get(TOKEN)
    if token:
        accounts.sign_out(access.kit(), token)
    session.clear()
    return back("console_signing_in.form", "You are signed out.")


def let_in(token: str, to: str) -> Response:
    """Give the browser a new session (app.setup.accounts.begin), and go where somebody wanted to go."""
    session.clear()
    session[TOKEN] = token
    response = back("console_overview.overview")
    parts = urlsplit(to)
    is_here = not parts.scheme and not parts.netloc and to.startswith("/") and not to.startswith(("//", "/\\"))
    if is_here and to.isprintable():
        response.headers["Location"] = to
    return response
