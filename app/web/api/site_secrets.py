"""/api/v1/sites/<name>/secrets: webhook secrets, several at a time while they are exchanged; shown once, at making."""

from __future__ import annotations

from typing import Any

from app.setup import sites as verbs
from app.store import sites as rows
from app.web import access
from app.web.access import needs
from app.web.api import named
from app.web.api.resource import resource
from app.words import sites as words
from schemas.api.sites import EndSecretBody, NewSecretSchema, SecretList, SecretSchema

blueprint = resource("site_secrets", "Webhook secrets of sites.", at="sites")

_HOUR = 3600.0


@blueprint.route("/<name>/secrets")
@needs("viewer")
@blueprint.response(200, SecretList)
@blueprint.problem(404)
def every(name: str) -> dict[str, Any]:
    """List the secrets of a site, without showing them, and when each ends."""
    found = named.site(name)
    with access.kit().database.reading() as tx:
        now = access.kit().database.now(tx)
        return {"items": [words.secret_line(each, now) for each in rows.every_secret(tx, found.id)]}


@blueprint.route("/<name>/secrets", methods=["POST"])
@needs("admin")
@blueprint.response(201, NewSecretSchema)
@blueprint.problem(404)
def add(name: str) -> dict[str, Any]:
    """Make one more secret, valid beside the others, and show it this once."""
    number, text = verbs.add_secret(access.kit(), named.site(name).name, access.principal().actor)
    return {"site": name, "id": number, "secret": text}


@blueprint.route("/<name>/secrets/<int:number>/end", methods=["POST"])
@needs("admin")
@blueprint.arguments(EndSecretBody)
@blueprint.response(200, SecretSchema)
@blueprint.problem(404, 409)
def end(body: dict[str, Any], name: str, number: int) -> dict[str, Any]:
    """End a secret, now or some hours from now."""
    kit, found, after = access.kit(), named.site(name), body["after_hours"] * _HOUR
    ended = verbs.end_secret(kit, found.name, number, access.principal().actor, after=after, force=body["force"])
    with kit.database.reading() as tx:
        return words.secret_line(ended, kit.database.now(tx))
