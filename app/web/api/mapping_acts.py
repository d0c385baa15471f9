"""/api/v1/mappings/<number>/...: asking for runs, letting a mapping rest, and pointing it elsewhere."""

from __future__ import annotations

from typing import Any

from flask import Response

from app.setup import looking, repointing
from app.setup import mappings as verbs
from app.setup.repointing import Move
from app.store.mappings import Pair
from app.web import access
from app.web.access import needs
from app.web.api import named
from app.web.api.resource import located, resource
from app.words import mappings as words
from schemas.api.mappings import AskedSchema, MappingSchema, MoveSchema, RepointBody, RunBody

blueprint = resource("mapping_acts", "What is done with a mapping.", at="mappings")


@blueprint.route("/<int:number>/runs", methods=["POST"])
@needs("operator")
@blueprint.arguments(RunBody)
@blueprint.response(202, AskedSchema)
@blueprint.problem(404, 409, 502)
def ask(body: dict[str, Any], number: int) -> Response:
    """Look at the students, or carry the grades, of a mapping now, as `kurasync sync` and `kurasync grades` do.

    Asking twice is one run. The address in `Location` lists the runs: the first whose `covers` includes the generation
    answers.
    """
    named.mapping_of_site(number)
    kind = body["kind"]
    asked = looking.ask_now(access.kit(), number, kind, access.principal().actor)
    said = {"mapping": number, "kind": kind, "generation": asked.generation, "obstacle": asked.obstacle}
    return located(AskedSchema(), said, 202, f"runs?mapping={number}&kind={kind}")


@blueprint.route("/<int:number>/pause", methods=["POST"])
@needs("operator")
@blueprint.response(200, MappingSchema)
@blueprint.problem(404, 409)
def pause(number: int) -> dict[str, Any]:
    """Stop all work on a mapping; what Moodle reports meanwhile is kept."""
    named.mapping_of_site(number)
    verbs.pause(access.kit(), number, access.principal().actor)
    return words.now(access.kit(), number)


@blueprint.route("/<int:number>/resume", methods=["POST"])
@needs("operator")
@blueprint.response(200, MappingSchema)
@blueprint.problem(404, 409, 502)
def resume(number: int) -> dict[str, Any]:
    """Go on with a mapping that is paused or parked, and look at it now."""
    named.mapping_of_site(number)
    verbs.resume(access.kit(), number, access.principal().actor)
    return words.now(access.kit(), number)


@blueprint.route("/<int:number>/repoint", methods=["POST"])
@needs("admin")
@blueprint.arguments(RepointBody)
@blueprint.response(200, MoveSchema)
@blueprint.problem(404, 409, 502)
def repoint(body: dict[str, Any], number: int) -> dict[str, Any]:
    """Point a mapping to another Moodle course, another kuraCloud course, or both.

    Its rules stay; nothing of it is approved any more. With `dry_run`, say what it would mean.
    """
    named.mapping_of_site(number)
    if body["shared"]:
        named.everywhere()
    kit, given_back = access.kit(), None
    with named.discreetly():
        move = repointing.planned(kit, number, moodle=_ours(body), kuracloud=_theirs(body), shared=body["shared"])
        if not body["dry_run"]:
            given_back = repointing.repoint(kit, move, access.principal().actor, force=body["force"])
    return _told(move, given_back)


def _ours(body: dict[str, Any]) -> tuple[str, str] | None:
    if "moodle" not in body:
        return None
    return named.site(body["moodle"]["site"]).name, body["moodle"]["course"]


def _theirs(body: dict[str, Any]) -> tuple[str, str] | None:
    if "kuracloud" not in body:
        return None
    return named.instance(body["kuracloud"]["instance"]).name, body["kuracloud"]["course"]


def _told(move: Move, given_back: bool | None) -> dict[str, Any]:
    return {
        "mapping": move.mapping.id,
        "before": _pair(move.mapping.courses),
        "to": _pair(move.to),
        "returned": move.returned,
        "keeps_links": move.same_users and move.same_students,
        "given_back": given_back,
    }


def _pair(pair: Pair) -> dict[str, Any]:
    return {
        "courseid": pair.courseid,
        "course_name": pair.course_name,
        "kura_courseid": pair.kura_courseid,
        "kura_course_name": pair.kura_course_name,
    }
