"""/api/v1/mappings/<number>/kept, /excluded, /left: single people and grades whom the rules do not concern."""

from __future__ import annotations

from typing import Any

from app.planning.grade_actions import Column
from app.setup import exempting as verbs
from app.store.exemptions import Side
from app.sync import handing
from app.sync.handing import Chosen, Left
from app.web import access
from app.web.access import needs
from app.web.api import named
from app.web.api.resource import resource
from app.words.moments import moment
from schemas.api.exempting import ExemptedList, HandBackBody, LeftList, StudentBody, UserBody

blueprint = resource("exempting", "People and grades left alone.", at="mappings")


@blueprint.route("/<int:number>/kept")
@needs("viewer")
@blueprint.response(200, ExemptedList)
@blueprint.problem(404)
def kept(number: int) -> dict[str, Any]:
    """List the kuraCloud students who are kept although they belong to nobody in Moodle."""
    return _listed(number, "kuracloud")


@blueprint.route("/<int:number>/kept", methods=["POST"])
@needs("operator")
@blueprint.arguments(StudentBody)
@blueprint.response(200, ExemptedList)
@blueprint.problem(404, 409, 502)
def keep(body: dict[str, Any], number: int) -> dict[str, Any]:
    """Never remove this kuraCloud student for belonging to nobody in Moodle; a 409 where she is kept already."""
    named.mapping_of_site(number)
    verbs.keep(access.kit(), number, body["student"], access.principal().actor)
    return _listed(number, "kuracloud")


@blueprint.route("/<int:number>/kept/<int:student>", methods=["DELETE"])
@needs("operator")
@blueprint.response(200, ExemptedList)
@blueprint.problem(404, 409)
def keep_no_more(number: int, student: int) -> dict[str, Any]:
    """Let the rules of the mapping decide about a kuraCloud student again."""
    return _undone(number, "kuracloud", student)


@blueprint.route("/<int:number>/excluded")
@needs("viewer")
@blueprint.response(200, ExemptedList)
@blueprint.problem(404)
def excluded(number: int) -> dict[str, Any]:
    """List the Moodle users who are treated as if they were not there."""
    return _listed(number, "moodle")


@blueprint.route("/<int:number>/excluded", methods=["POST"])
@needs("operator")
@blueprint.arguments(UserBody)
@blueprint.response(200, ExemptedList)
@blueprint.problem(404, 409, 502)
def exclude(body: dict[str, Any], number: int) -> dict[str, Any]:
    """Leave this Moodle user and her student alone; a 409 where she is excluded already."""
    named.mapping_of_site(number)
    verbs.exclude(access.kit(), number, body["user"], access.principal().actor)
    return _listed(number, "moodle")


@blueprint.route("/<int:number>/excluded/<int:user>", methods=["DELETE"])
@needs("operator")
@blueprint.response(200, ExemptedList)
@blueprint.problem(404, 409)
def exclude_no_more(number: int, user: int) -> dict[str, Any]:
    """Look at a Moodle user like at everybody again."""
    return _undone(number, "moodle", user)


@blueprint.route("/<int:number>/left")
@needs("viewer")
@blueprint.response(200, LeftList)
@blueprint.problem(404)
def left(number: int) -> dict[str, Any]:
    """List the grades that a person changed in Moodle, and that the newest run therefore left alone."""
    named.mapping_of_site(number)
    return {"items": [_line(each) for each in handing.found(access.kit(), number, Chosen())]}


@blueprint.route("/<int:number>/hand-back", methods=["POST"])
@needs("operator")
@blueprint.arguments(HandBackBody)
@blueprint.response(200, LeftList)
@blueprint.problem(404, 409)
def hand_back(body: dict[str, Any], number: int) -> dict[str, Any]:
    """Let kuraCloud overwrite grades that a person changed in Moodle: those given, as they were shown.

    Answers with what was handed back: a grade that has changed since is left out.
    """
    named.mapping_of_site(number)
    seen = [{**each, "column": [each["lesson"], each["revision"]]} for each in body["grades"]]
    given = handing.hand_back(access.kit(), number, seen, access.principal().actor)
    return {"items": [_line(each) for each in given]}


def _listed(number: int, side: Side) -> dict[str, Any]:
    named.mapping_of_site(number)
    return {
        "items": [
            {
                "number": each.exemption.number,
                "linked": each.linked,
                "since": moment(each.exemption.at),
                "by": each.exemption.by,
            }
            for each in verbs.listed(access.kit(), number, side)
        ]
    }


def _undone(number: int, side: Side, who: int) -> dict[str, Any]:
    named.mapping_of_site(number)
    verbs.undo(access.kit(), number, side, who, access.principal().actor)
    return _listed(number, side)


def _line(each: Left) -> dict[str, Any]:
    column = Column(*each["column"])
    return {**each, "lesson": column.lesson, "revision": column.revision}
