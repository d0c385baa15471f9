"""/api/v1/mappings/<number>/students and /grades: how it stands with each, as the last run left it."""

from __future__ import annotations

from itertools import groupby
from typing import Any

from app.planning.standing import GradeStanding
from app.sync import standing
from app.web import access
from app.web.access import needs
from app.web.api import named
from app.web.api.resource import after, page, resource
from app.words.moments import moment
from schemas.api.standings import GradesQuery, GradesSchema, StudentsQuery, StudentsSchema

blueprint = resource("standings", "How it stands with students and grades.", at="mappings")


@blueprint.route("/<int:number>/students")
@needs("viewer")
@blueprint.arguments(StudentsQuery, location="query")
@blueprint.response(200, StudentsSchema)
@blueprint.problem(404)
def students(query: dict[str, Any], number: int) -> dict[str, Any]:
    """Say how it stands with each student of a mapping: in step, invited, waiting, in conflict, and why."""
    named.mapping_of_site(number)
    found = standing.students(access.kit(), number)
    wanted, last = query.get("standing"), after(query.get("cursor")) or 0
    rest = [each for each in found.students if each.key > last and wanted in (None, each.standing)]
    return {
        **page(rest, query["limit"], lambda each: each.key, lambda each: each),
        "read_at": moment(found.read_at),
        "looking": found.looking,
        "counts": found.counts,
    }


@blueprint.route("/<int:number>/grades")
@needs("viewer")
@blueprint.arguments(GradesQuery, location="query")
@blueprint.response(200, GradesSchema)
@blueprint.problem(404)
def grades(query: dict[str, Any], number: int) -> dict[str, Any]:
    """Say where each grade of a mapping is and why, student by student.

    A student without a grade in a column has none there in kuraCloud.
    """
    named.mapping_of_site(number)
    found = standing.grades(access.kit(), number)
    wanted, last = query.get("standing"), after(query.get("cursor")) or 0
    rest = [each for each in found.grades if each.key > last and wanted in (None, each.standing)]
    graded = [list(group) for _, group in groupby(rest, key=lambda each: each.key)]
    return {
        **page(graded, query["limit"], lambda of_one: of_one[0].key, _graded),
        "columns": found.columns,
        "read_at": moment(found.read_at),
        "looking": found.looking,
        "counts": found.counts,
    }


def _graded(of_one: list[GradeStanding]) -> dict[str, Any]:
    first = of_one[0]
    return {"userid": first.userid, "studentid": first.studentid, "name": first.name, "grades": of_one}
