"""/api/v1/instances: the kuraCloud instances kurasync writes to. Tokens are only ever taken in."""

from __future__ import annotations

from typing import Any

from app.setup import instances as verbs
from app.store import instances as rows
from app.store import mappings
from app.web import access
from app.web.access import needs
from app.web.api import named
from app.web.api.resource import resource
from app.words import instances as words
from schemas.api.connections import RemovalQuery, RemovedSchema, TokenBody
from schemas.api.instances import (
    AddedInstanceSchema,
    CourseList,
    FoundOutSchema,
    InstanceList,
    InstanceSchema,
    NewInstanceBody,
    TriedInstanceSchema,
)

blueprint = resource("instances", "The kuraCloud instances kurasync writes to.")


@blueprint.route("")
@needs("viewer")
@blueprint.response(200, InstanceList)
def every() -> dict[str, Any]:
    """List the instances; a key for one site sees those that serve it, or nobody yet."""
    with access.kit().database.reading() as tx:
        numbers = mappings.per_connection(tx, "instance")
        found = rows.every(tx, access.principal().site_id)
    return {"items": [words.line(each, numbers.get(each.id, 0)) for each in found]}


@blueprint.route("", methods=["POST"])
@needs("admin")
@blueprint.arguments(NewInstanceBody)
@blueprint.response(201, AddedInstanceSchema)
@blueprint.problem(409, 502)
def add(body: dict[str, Any]) -> dict[str, Any]:
    """Try an instance and add it."""
    named.everywhere()
    whole = {"url": verbs.DEFAULT_URL, **body}
    added = verbs.add(access.kit(), actor=access.principal().actor, **whole)
    facts = {"remote_id": added.remote_id, "display_name": added.display_name, "url": added.url}
    return {"id": added.id, "instance": added.name, **facts}


@blueprint.route("/<name>")
@needs("viewer")
@blueprint.response(200, InstanceSchema)
@blueprint.problem(404)
def one(name: str) -> dict[str, Any]:
    """Show an instance."""
    found = named.instance(name)
    with access.kit().database.reading() as tx:
        return words.line(found, len(mappings.of_connection(tx, "instance", found.id)))


@blueprint.route("/<name>", methods=["DELETE"])
@needs("admin")
@blueprint.arguments(RemovalQuery, location="query")
@blueprint.response(200, RemovedSchema)
@blueprint.problem(404, 409, 502)
def remove(query: dict[str, Any], name: str) -> dict[str, Any]:
    """Remove an instance and its mappings. Students stay in kuraCloud."""
    named.everywhere()
    found = named.instance(name)
    return {"mappings": verbs.remove(access.kit(), found.name, access.principal().actor, force=query["force"])}


@blueprint.route("/<name>/test", methods=["POST"])
@needs("operator")
@blueprint.response(200, TriedInstanceSchema)
@blueprint.problem(404, 409, 502)
def test(name: str) -> dict[str, Any]:
    """Try an instance: its token, and whether its LMS integration is on."""
    return words.tried(name, verbs.test(access.kit(), named.instance(name).name))


@blueprint.route("/<name>/courses")
@needs("viewer")
@blueprint.response(200, CourseList)
@blueprint.problem(404, 502)
def courses(name: str) -> dict[str, Any]:
    """List the courses of an instance, as kuraCloud does now, and which are mapped. Deleted ones are absent."""
    kit, found, whose = access.kit(), named.instance(name), access.principal()
    with kit.database.reading() as tx:
        site_of, taken = mappings.sites_of(tx), mappings.kura_courses(tx, found.id)
    mapped = {course: number for course, number in taken.items() if whose.sees(site_of[number])}
    listed = verbs.courses(kit, found.name)
    return {"items": [words.course_line(each, mapped.get(each.course_id)) for each in listed]}


@blueprint.route("/<name>/token", methods=["PUT"])
@needs("admin")
@blueprint.arguments(TokenBody)
@blueprint.response(200, TriedInstanceSchema)
@blueprint.problem(404, 409, 502)
def rotate(body: dict[str, Any], name: str) -> dict[str, Any]:
    """Give an instance another token; it is tried first. Work that waited for it goes on."""
    named.everywhere()
    found = named.instance(name)
    return words.tried(name, verbs.rotate(access.kit(), found.name, body["token"], access.principal().actor))


@blueprint.route("/<name>/probe")
@needs("viewer")
@blueprint.response(200, FoundOutSchema)
@blueprint.problem(404)
def found_out(name: str) -> dict[str, Any]:
    """Show what `kurasync probe` found out about an instance's API."""
    return words.found_out(named.instance(name))
