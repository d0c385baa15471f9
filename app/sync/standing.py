"""How it stands with the students and grades of a mapping now: one answer for every door (app.planning.standing)."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Mapping as Dictionary
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from app.errors import NotFound
from app.kit import Kit
from app.planning import grade_standing, student_standing
from app.planning.grade_standing import Remembered
from app.planning.rules import from_settings
from app.planning.standing import GradeStandings, Standings
from app.planning.student_standing import Decided
from app.store import cells, exemptions, links, mappings, readings, runs, worklist
from app.store.holds import Hold
from app.store.mappings import Mapping
from app.store.readings import Stored
from app.store.runs import Run
from app.store.worklist import GRADES, KINDS, ROSTER, Kind, Row
from app.sync.holds import newest


@dataclass(frozen=True, slots=True)
class Known:
    """What is stored of a mapping and tells of students and grades alike, read once for both.

    `read`: both sides as last read. `links`: the student of each linked user. `holds`: the newest of each kind,
    whatever became of it.
    """

    mapping: Mapping
    read: Stored | None
    links: Dictionary[int, int]
    rows: Dictionary[str, Row]
    holds: Dictionary[Kind, Hold]

    def looking(self, kind: Kind) -> bool:
        """Whether a look of a kind is wanted, or under way."""
        row = self.rows.get(kind)
        return row is not None and row.wanted > row.seen

    def decided(self, kind: Kind, state: str) -> frozenset[str]:
        """The fingerprints of the newest hold of a kind where it is in this state."""
        hold = self.holds.get(kind)
        return frozenset(item["fingerprint"] for item in hold.items) if hold and hold.state == state else frozenset()


def students(kit: Kit, mapping_id: int) -> Standings:
    """Everybody on either side of a mapping; raises NotFound."""
    with kit.database.reading() as tx:
        return of_students(tx, known(tx, _mapping(tx, mapping_id)))


def grades(kit: Kit, mapping_id: int) -> GradeStandings:
    """Every column and every grade of a mapping; raises NotFound."""
    with kit.database.reading() as tx:
        return of_grades(tx, known(tx, _mapping(tx, mapping_id)))


def known(tx: Connection, mapping: Mapping) -> Known:
    """What both are told by."""
    found = {kind: newest(tx, mapping.id, kind) for kind in KINDS}
    return Known(
        mapping=mapping,
        read=readings.get(tx, mapping.id),
        links={link.userid: link.studentid for link in links.active(tx, mapping.id)},
        rows={row.kind: row for row in worklist.rows(tx, [mapping.id])},
        holds={kind: hold for kind, hold in found.items() if hold is not None},
    )


def of_students(tx: Connection, known: Known) -> Standings:
    """Everybody on either side."""
    if known.read is None:
        return Standings(None, (), known.looking(ROSTER))
    exempted = exemptions.of_mapping(tx, known.mapping.id)
    decided = Decided(
        approved=known.decided(ROSTER, "approved"),
        rejected=known.decided(ROSTER, "rejected"),
        excluded={each.number for each in exempted if each.side == "moodle"},
        kept={each.number for each in exempted if each.side == "kuracloud"},
        keeps_all=from_settings(known.mapping.settings).unmanaged == "keep",
    )
    plan = _plan(_last(tx, known.mapping.id, ROSTER))
    found = student_standing.standings(known.read.members, known.read.students, known.links, plan, decided)
    return Standings(known.read.read_at, found, known.looking(ROSTER))


def of_grades(tx: Connection, known: Known) -> GradeStandings:
    """Every column and every grade."""
    mapping_id, read = known.mapping.id, known.read
    remembered = Remembered(
        titles={column: each.title for column, each in cells.columns(tx, mapping_id).items()},
        cells=cells.cells(tx, mapping_id),
        links=known.links,
        users=_called(read.members, "userid", "firstname", "lastname") if read else {},
        students=_called(read.students, "studentid", "given_name", "family_name") if read else {},
        approved=known.decided(GRADES, "approved"),
        rejected=known.decided(GRADES, "rejected"),
    )
    last = _last(tx, mapping_id, GRADES)
    columns, found = grade_standing.standings(_plan(last), remembered)
    return GradeStandings(last.ended_at if last else None, columns, found, known.looking(GRADES))


def _mapping(tx: Connection, mapping_id: int) -> Mapping:
    found = mappings.get(tx, mapping_id)
    if found is None:
        raise NotFound(f"There is no mapping {mapping_id}.")
    return found


def _last(tx: Connection, mapping_id: int, kind: Kind) -> Run | None:
    """The newest run that came to its end."""
    return next(iter(runs.search(tx, mapping_id=mapping_id, kind=kind, outcome="done", limit=1, plans=True)), None)


def _plan(run: Run | None) -> dict[str, Any]:
    return run.plan if run is not None and run.plan is not None else {}


def _called(people: Iterable[dict[str, Any]], number: str, first: str, last: str) -> dict[int, str]:
    return {each[number]: f"{each[first]} {each[last]}".strip() for each in people}
