"""/api/v1/mappings: which Moodle course goes to which kuraCloud course, by which rules, and how each stands."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from flask import Response

from app.planning import rules
from app.planning.rules import Rules
from app.setup import candidates, finding
from app.setup import mappings as verbs
from app.store import reports
from app.store.reports import Which
from app.web import access
from app.web.access import needs
from app.web.api import named
from app.web.api.resource import after, located, page, resource
from app.words import candidates as words_of_candidates
from app.words import mappings as words
from schemas.api.candidates import CandidateQuery, CandidatesSchema
from schemas.api.mappings import (
    AddedMappingSchema,
    MappingPage,
    MappingQuery,
    NewMappingBody,
    RemovedMappingSchema,
    RemoveQuery,
    RulesBody,
    RulesSchema,
    WholeMappingSchema,
)

blueprint = resource("mappings", "Which Moodle course goes to which kuraCloud course, and how each stands.")


@blueprint.route("")
@needs("viewer")
@blueprint.arguments(MappingQuery, location="query")
@blueprint.response(200, MappingPage)
@blueprint.problem(404)
def every(query: dict[str, Any]) -> dict[str, Any]:
    """List the mappings that fit everything given, by number."""
    which = Which(
        search=query["search"],
        state=query.get("state"),
        site_id=named.site_id(query.get("site")),
        instance_id=named.instance(query["instance"]).id if "instance" in query else None,
        after_id=after(query.get("cursor")) or 0,
        limit=query["limit"] + 1,
    )
    with access.kit().database.reading() as tx:
        found = reports.mapping_lines(tx, which=which)
    return page(found, query["limit"], lambda each: each.id, words.line)


@blueprint.route("", methods=["POST"])
@needs("admin")
@blueprint.arguments(NewMappingBody)
@blueprint.response(201, AddedMappingSchema)
@blueprint.problem(404, 409, 502)
def add(body: dict[str, Any]) -> Response:
    """Map two courses; the first plan waits for approval.

    Nothing is made twice: a course that is mapped already is refused with a 409.
    """
    named.site(body["site"])
    named.instance(body["instance"])
    if body["shared"]:
        named.everywhere()
    with named.discreetly():
        added = verbs.add(
            access.kit(),
            site_name=body["site"],
            moodle_course=body["course"],
            instance_name=body["instance"],
            kura_course=body["kura_course"],
            actor=access.principal().actor,
            shared=body["shared"],
        )
    made = {**words.now(access.kit(), added.mapping.id), "notes": list(words.ADDED)}
    return located(AddedMappingSchema(), made, 201, f"mappings/{added.mapping.id}")


@blueprint.route("/candidates")
@needs("viewer")
@blueprint.arguments(CandidateQuery, location="query")
@blueprint.response(200, CandidatesSchema)
@blueprint.problem(404)
def unmapped(query: dict[str, Any]) -> dict[str, Any]:
    """List courses that are not mapped, and which probably belong together.

    Moodle and kuraCloud are asked, so it takes its time. Pairs are found by their names alone: look at each.
    """
    limit = query["limit"]
    found = candidates.find(
        access.kit(),
        search=query["search"],
        site=named.site_name(query.get("site")),
        instance=named.instance(query["instance"]).name if "instance" in query else None,
    )
    lines = words_of_candidates.lines(found)
    more = any(len(each) > limit for each in lines.values())
    return {**{part: each[:limit] for part, each in lines.items()}, "more": more, "silent": found.silent}


@blueprint.route("/<int:number>")
@needs("viewer")
@blueprint.response(200, WholeMappingSchema)
@blueprint.problem(404)
def one(number: int) -> dict[str, Any]:
    """Show everything about a mapping: state, last runs, what waits, conflicts, lateness."""
    named.mapping_of_site(number)
    return words.everything(access.kit(), number)


@blueprint.route("/<int:number>", methods=["DELETE"])
@needs("admin")
@blueprint.arguments(RemoveQuery, location="query")
@blueprint.response(200, RemovedMappingSchema)
@blueprint.problem(404, 409, 502)
def remove(query: dict[str, Any], number: int) -> dict[str, Any]:
    """Forget a mapping, with its links, runs and holds; its students stay in kuraCloud."""
    named.mapping_of_site(number)
    given_back = verbs.remove(access.kit(), number, access.principal().actor, force=query["force"])
    return {"given_back": given_back}


@blueprint.route("/<int:number>/rules")
@needs("viewer")
@blueprint.response(200, RulesSchema)
@blueprint.problem(404)
def show_rules(number: int) -> dict[str, Any]:
    """Show all rules of a mapping."""
    named.mapping_of_site(number)
    with access.kit().database.reading() as tx:
        return _rules(rules.from_settings(finding.mapping(tx, number).settings))


@blueprint.route("/<int:number>/rules", methods=["PATCH"])
@needs("admin")
@blueprint.arguments(RulesBody)
@blueprint.response(200, RulesSchema)
@blueprint.problem(404, 409, 502)
def set_rules(body: dict[str, Any], number: int) -> dict[str, Any]:
    """Set the rules that are given, put those that are null back to their defaults, and look again."""
    named.mapping_of_site(number)
    changes = {name: value for name, value in body.items() if value is not None}
    reset = [name for name, value in body.items() if value is None]
    return _rules(verbs.set_rules(access.kit(), number, changes, reset, access.principal().actor))


def _rules(chosen: Rules) -> dict[str, Any]:
    return {"rules": asdict(chosen), "defaults": asdict(Rules())}
