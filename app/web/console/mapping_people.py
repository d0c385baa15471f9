"""Both sides of a mapping, student by student; and single people whom its rules do not concern."""

from __future__ import annotations

from werkzeug.wrappers import Response

from app.errors import Refused
from app.setup import exempting
from app.store import readings
from app.store.exemptions import Side
from app.sync import standing
from app.web import access
from app.web.access import needs
from app.web.console import asked
from app.web.console.mapping import facts
from app.web.console.mappings import blueprint as blueprint
from app.web.console.page import back, show
from app.words.standings import STUDENT_TITLES, STUDENTS, side_by_side

_PAGE = 100
_SIDES: dict[str, Side] = {"moodle": "moodle", "kuracloud": "kuracloud"}


@blueprint.get("/mappings/<int:number>/students")
@needs("viewer")
def students(number: int) -> str:
    """Both rosters side by side, as they were last read; those of one standing where one was chosen."""
    kit, chosen, after = access.kit(), asked.one_of("standing", STUDENTS), asked.number("after")
    found = standing.students(kit, number)
    fitting = [each for each in found.students if chosen in (None, each.standing)]
    left = [each for each in fitting if after is None or each.key > after]
    with kit.database.reading() as tx:
        read = readings.get(tx, number)
    return show(
        "mapping_students.html",
        mapping=facts(number),
        stands=found,
        words=STUDENTS,
        rows=list(side_by_side(left[:_PAGE], read)),
        titles=STUDENT_TITLES,
        following=left[_PAGE - 1].key if len(left) > _PAGE else None,
        kept=exempting.listed(kit, number, "kuracloud"),
        excluded=exempting.listed(kit, number, "moodle"),
    )


@blueprint.post("/mappings/<int:number>/exempt")
@needs("operator")
def exempt(number: int) -> Response:
    """Keep a kuraCloud student, or leave a Moodle user alone."""
    kit, side, person, by = access.kit(), _side(), _person(), access.principal().actor
    if side == "kuracloud":
        exempting.keep(kit, number, person, by)
        said = f"The kuraCloud student {person} is kept, also where nobody in Moodle is linked to her."
    else:
        exempting.exclude(kit, number, person, by)
        said = f"The Moodle user {person} is left alone. Her student in kuraCloud, if any, stays as it is."
    return back(".students", said, number=number)


@blueprint.post("/mappings/<int:number>/include")
@needs("operator")
def include(number: int) -> Response:
    """Let the rules of the mapping decide about somebody again."""
    side, person = _side(), _person()
    exempting.undo(access.kit(), number, side, person, access.principal().actor)
    who = f"The kuraCloud student {person}" if side == "kuracloud" else f"The Moodle user {person}"
    return back(".students", f"{who} is looked at like everybody again, from now on.", number=number)


def _side() -> Side:
    given = asked.one_of("side", _SIDES)
    if given is None:
        raise Refused("Say of which side: moodle or kuracloud.")
    return _SIDES[given]


def _person() -> int:
    given = asked.number("person")
    if given is None:
        raise Refused("Say who: the number of a person.")
    return given
