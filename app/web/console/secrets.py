"""How events of a site come in: the ways that are let in, and the webhook secrets, each shown when it is made."""

from __future__ import annotations

from flask import request, url_for
from werkzeug.wrappers import Response

from app.errors import Refused
from app.setup import entering, finding
from app.setup import sites as verbs
from app.web import access
from app.web.access import needs
from app.web.console.connections import blueprint
from app.web.console.page import ask, back, show
from app.web.console.sites import PAGE


@blueprint.post("/connections/sites/<name>/ways")
@needs("admin")
def set_ways(name: str) -> Response:
    """Let only these ways deliver."""
    ways = [each for each in request.form.getlist("way") if each in verbs.WAYS]
    if not ways:
        raise Refused("One way at least has to stay: else nothing that happens in Moodle is heard of.")
    verbs.set_ways(access.kit(), name, ways, access.principal().actor)
    return back(PAGE, f"{name} may deliver by {', '.join(ways)}, and in no other way.", name=name)


@blueprint.post("/connections/sites/<name>/secrets")
@needs("admin")
def add_secret(name: str) -> str:
    """One more secret, shown this once."""
    kit = access.kit()
    number, text = verbs.add_secret(kit, name, access.principal().actor)
    with kit.database.reading() as tx:
        told = entering.instructions(kit.settings, finding.site(tx, name), text)
    return show("secret_shown.html", name=name, secret=text, told=told, number=number)


@blueprint.get("/connections/sites/<name>/secrets/<int:number>/end")
@needs("admin")
def ask_to_end_secret(name: str, number: int) -> str:
    """What it means."""
    return ask(
        f"End secret {number} of {name}?",
        ["From then on nothing that is signed with it is let in. Enter another one in Moodle first."],
        "End it",
        url_for(PAGE, name=name),
        danger=True,
        force="End it also when it is the last one: nothing can be delivered then",
    )


@blueprint.post("/connections/sites/<name>/secrets/<int:number>/end")
@needs("admin")
def end_secret(name: str, number: int) -> Response:
    """Let it be valid no longer."""
    verbs.end_secret(access.kit(), name, number, access.principal().actor, force="force" in request.form)
    return back(PAGE, f"Secret {number} ended.", name=name)
