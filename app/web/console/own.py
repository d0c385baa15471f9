"""What somebody who is signed in changes about the own account."""

from __future__ import annotations

from flask import request, session
from werkzeug.wrappers import Response

from app.errors import Refused
from app.setup import accounts
from app.web import access
from app.web.access import needs
from app.web.console.page import TOKEN, back, section, show

blueprint = section("own")


@blueprint.get("/account")
@needs("viewer")
def own() -> str:
    """The form for another password."""
    return show("own.html", shortest=accounts.SHORTEST)


@blueprint.post("/account")
@needs("viewer")
def change() -> Response | tuple[str, int]:
    """Another password."""
    old, new, again = (request.form.get(field, "") for field in ("old", "new", "again"))
    name = access.principal().actor.partition(":")[2]
    try:
        if new != again:
            raise Refused("The new password was typed differently the second time.")
        session[TOKEN] = accounts.change_own(access.kit(), name, old, new)
    except Refused as error:
        return show("own.html", shortest=accounts.SHORTEST, said=error.message), 409
    return back("console_own.own", "Your password is changed.")
