"""/api/v1/sites: the Moodles kurasync listens to. Tokens are only ever taken in."""

from __future__ import annotations

from typing import Any

from app.setup import sites as verbs
from app.store import mappings
from app.store import sites as rows
from app.store.sites import Site
from app.web import access
from app.web.access import needs
from app.web.api import named
from app.web.api.resource import resource
from app.words import sites as words
from schemas.api.connections import RemovalQuery, RemovedSchema, TokenBody
from schemas.api.sites import (
    AddedSiteSchema,
    MoveBody,
    NewSiteBody,
    SiteFileBody,
    SiteList,
    SiteSchema,
    TriedSiteSchema,
    WaysBody,
)

blueprint = resource("sites", "The Moodle sites kurasync listens to.")


@blueprint.route("")
@needs("viewer")
@blueprint.response(200, SiteList)
def every() -> dict[str, Any]:
    """List the sites."""
    whose = access.principal()
    with access.kit().database.reading() as tx:
        numbers = mappings.per_connection(tx, "site")
        found = [each for each in rows.every(tx) if whose.sees(each.id)]
    return {"items": [words.line(each, numbers.get(each.id, 0)) for each in found]}


@blueprint.route("", methods=["POST"])
@needs("admin")
@blueprint.arguments(NewSiteBody)
@blueprint.response(201, AddedSiteSchema)
@blueprint.problem(409, 502)
def add(body: dict[str, Any]) -> dict[str, Any]:
    """Try a Moodle and add it; its webhook secret is shown this once."""
    named.everywhere()
    added = verbs.add(access.kit(), actor=access.principal().actor, **body)
    return {**words.tried(added.site.name, added.info), "id": added.site.id, "secret": added.secret}


@blueprint.route("/from-file", methods=["POST"])
@needs("admin")
@blueprint.arguments(SiteFileBody)
@blueprint.response(201, AddedSiteSchema)
@blueprint.problem(409, 502)
def add_from_file(body: dict[str, Any]) -> dict[str, Any]:
    """Try the Moodle of a file that Moodle's plugin wrote, and add it; the plugin has the secret already."""
    named.everywhere()
    file = verbs.read_file(body["file"])
    actor = access.principal().actor
    added = verbs.add_from_file(access.kit(), file, actor=actor, ways=body["ways"], shared=body["shared"])
    return {**words.tried(added.site.name, added.info), "id": added.site.id, "secret": None}


@blueprint.route("/<name>")
@needs("viewer")
@blueprint.response(200, SiteSchema)
@blueprint.problem(404)
def one(name: str) -> dict[str, Any]:
    """Show a site."""
    return _line(named.site(name))


@blueprint.route("/<name>", methods=["DELETE"])
@needs("admin")
@blueprint.arguments(RemovalQuery, location="query")
@blueprint.response(200, RemovedSchema)
@blueprint.problem(404, 409, 502)
def remove(query: dict[str, Any], name: str) -> dict[str, Any]:
    """Remove a site with its events, its secrets and its mappings. Students stay in kuraCloud."""
    found = named.site(name)
    return {"mappings": verbs.remove(access.kit(), found.name, access.principal().actor, force=query["force"])}


@blueprint.route("/<name>/test", methods=["POST"])
@needs("operator")
@blueprint.response(200, TriedSiteSchema)
@blueprint.problem(404, 409, 502)
def test(name: str) -> dict[str, Any]:
    """Try a site: its token and the functions it may call."""
    return words.tried(name, verbs.test(access.kit(), named.site(name).name))


@blueprint.route("/<name>/token", methods=["PUT"])
@needs("admin")
@blueprint.arguments(TokenBody)
@blueprint.response(200, TriedSiteSchema)
@blueprint.problem(404, 409, 502)
def rotate(body: dict[str, Any], name: str) -> dict[str, Any]:
    """Give a site another token; it is tried first. Work that waited for it goes on."""
    found = named.site(name)
    return words.tried(name, verbs.rotate(access.kit(), found.name, body["token"], access.principal().actor))


@blueprint.route("/<name>/address", methods=["PUT"])
@needs("admin")
@blueprint.arguments(MoveBody)
@blueprint.response(200, TriedSiteSchema)
@blueprint.problem(404, 409, 502)
def move(body: dict[str, Any], name: str) -> dict[str, Any]:
    """Say that a Moodle has another address now; it is tried there first."""
    found = named.site(name)
    info = verbs.move(access.kit(), found.name, body["url"], access.principal().actor, force=body["force"])
    return words.tried(name, info)


@blueprint.route("/<name>/ways", methods=["PUT"])
@needs("admin")
@blueprint.arguments(WaysBody)
@blueprint.response(200, SiteSchema)
@blueprint.problem(404)
def set_ways(body: dict[str, Any], name: str) -> dict[str, Any]:
    """Let only these ways deliver events of a site from now on."""
    verbs.set_ways(access.kit(), named.site(name).name, body["ways"], access.principal().actor)
    return _line(named.site(name))


def _line(site: Site) -> dict[str, Any]:
    with access.kit().database.reading() as tx:
        return words.line(site, len(mappings.of_connection(tx, "site", site.id)))
