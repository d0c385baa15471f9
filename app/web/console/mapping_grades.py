"""The grades of a mapping, lesson by lesson: where each is, and why; and handing them back to kuraCloud."""

from __future__ import annotations

from collections import Counter
from typing import Any

from flask import request
from werkzeug.wrappers import Response

from app.errors import Refused
from app.planning.grade_actions import Column
from app.planning.standing import ColumnStanding
from app.setup import finding
from app.sync import handing, standing
from app.sync.handing import Chosen, Left
from app.web import access
from app.web.access import needs
from app.web.console import asked
from app.web.console.mapping import facts
from app.web.console.mappings import blueprint as blueprint
from app.web.console.page import back, show
from app.words.grades_plan import left_line
from app.words.standings import GRADE_TITLES, GRADES, grade_line

_PAGE = 100


@blueprint.get("/mappings/<int:number>/grades")
@needs("viewer")
def grades(number: int) -> str:
    """The columns; and the grades of one of them, or of one standing, where that was chosen."""
    kit, chosen, after = access.kit(), asked.one_of("standing", GRADES), asked.number("after")
    column, found = _column(), standing.grades(kit, number)
    fitting = [
        each
        for each in found.grades
        if chosen in (None, each.standing) and column in (None, (each.lesson, each.revision))
    ]
    shown = fitting[after or 0 : (after or 0) + _PAGE] if chosen or column else []
    titles = {(each.lesson, each.revision): each.title for each in found.columns}
    return show(
        "mapping_grades.html",
        mapping=facts(number),
        stands=found,
        words=GRADES,
        columns=_columns(found),
        title=titles.get(column or (0, 0)),
        column=column,
        rows=[{**grade_line(each), "column": titles.get((each.lesson, each.revision), "")} for each in shown],
        titles=GRADE_TITLES if column else {"column": "lesson", **GRADE_TITLES},
        following=(after or 0) + _PAGE if len(fitting) > (after or 0) + _PAGE else None,
        persons=handing.found(kit, number, Chosen()),
    )


@blueprint.get("/mappings/<int:number>/hand-back")
@needs("operator")
def ask_hand_back(number: int) -> str:
    """Show the grades that a person changed in Moodle, to choose which of them kuraCloud may overwrite."""
    found = handing.found(access.kit(), number, Chosen())
    return show(
        "mapping_hand_back.html", mapping=facts(number), lines=[(_name(left), left_line(left)) for left in found]
    )


@blueprint.post("/mappings/<int:number>/hand-back")
@needs("operator")
def hand_back(number: int) -> Response:
    """Let kuraCloud overwrite those that were chosen, as far as they are still what was shown."""
    kit, chosen = access.kit(), set(request.form.getlist("grade"))
    if not chosen:
        raise Refused("Choose the grades that kuraCloud may overwrite.")
    seen = [left for left in handing.found(kit, number, Chosen()) if _name(left) in chosen]
    given = handing.hand_back(kit, number, seen, access.principal().actor)
    return back(".grades", _handed(len(given), len(chosen) - len(given)), number=number)


def _handed(given: int, changed: int) -> str:
    if not given:
        return "Nothing was handed back: what you chose has changed since you looked."
    said = f"Handed back: {given}. The next look, which begins now, writes {'it' if given == 1 else 'them'}."
    return f"{said} {changed} had changed since you looked." if changed else said


def _columns(found: Any) -> list[dict[str, Any]]:
    counts: dict[tuple[int, int], Counter[str]] = {}
    for each in found.grades:
        counts.setdefault((each.lesson, each.revision), Counter())[each.standing] += 1
    return [_column_line(each, counts.get((each.lesson, each.revision), Counter())) for each in found.columns]


def _column_line(each: ColumnStanding, counts: Counter[str]) -> dict[str, Any]:
    return {
        "column": f"{each.lesson}-{each.revision}",
        "title": each.title,
        "standing": each.standing,
        "message": each.message,
        "in_step": counts["in_step"],
        "others": counts.total() - counts["in_step"],
    }


def _column() -> tuple[int, int] | None:
    given = asked.text("column")
    if given is None:
        return None
    lesson, _, revision = given.partition("-")
    if not (finding.is_number(lesson) and finding.is_number(revision)):
        raise Refused("A column is called by two numbers: lesson-revision.")
    return Column(int(lesson), int(revision))


def _name(left: Left) -> str:
    """A grade as it was shown: where it is, and which value Moodle has."""
    lesson, revision = left["column"]
    return f"{lesson}-{revision}-{left['userid']}-{left['shown']}"
