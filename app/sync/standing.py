"""How it stands with the students and grades of a mapping now: one answer for every door (app.planning.standing)."""

from __future__ import annotations

from collections.abc import Iterable
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
from app.store.runs import Run
from app.store.worklist import GRADES, ROSTER, Kind
from app.sync.holds import newest


def students(kit: Kit, mapping_id: int) -> Standings:
    """Everybody on either side of a mapping; raises NotFound."""
    with kit.database.reading() as tx:
        mapping = _mapping(tx, mapping_id)
        read = readings.get(tx, mapping_id)
        if read is None:
            return Standings(None, (), _is_looking(tx, mapping_id, ROSTER))
        plan, known = _plan(_last(tx, mapping_id, ROSTER)), _links(tx, mapping_id)
        found = student_standing.standings(read.members, read.students, known, plan, _decided(tx, mapping))
        return Standings(read.read_at, found, _is_looking(tx, mapping_id, ROSTER))


def grades(kit: Kit, mapping_id: int) -> GradeStandings:
    """Every column and every grade of a mapping; raises NotFound."""
    with kit.database.reading() as tx:
        _mapping(tx, mapping_id)
        last, known = _last(tx, mapping_id, GRADES), _remembered(tx, mapping_id)
        columns, found = grade_standing.standings(_plan(last), known)
        return GradeStandings(last.ended_at if last else None, columns, found, _is_looking(tx, mapping_id, GRADES))


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


def _is_looking(tx: Connection, mapping_id: int, kind: Kind) -> bool:
    row = worklist.get(tx, mapping_id, kind)
    return row is not None and row.wanted > row.seen


def _links(tx: Connection, mapping_id: int) -> dict[int, int]:
    return {link.userid: link.studentid for link in links.active(tx, mapping_id)}


def _decided(tx: Connection, mapping: Mapping) -> Decided:
    hold = newest(tx, mapping.id, ROSTER)
    return Decided(
        approved=_of(hold, "approved"),
        rejected=_of(hold, "rejected"),
        excluded=exemptions.numbers(tx, mapping.id, "moodle"),
        kept=exemptions.numbers(tx, mapping.id, "kuracloud"),
        keeps_all=from_settings(mapping.settings).unmanaged == "keep",
    )


def _remembered(tx: Connection, mapping_id: int) -> Remembered:
    hold, read = newest(tx, mapping_id, GRADES), readings.get(tx, mapping_id)
    return Remembered(
        titles={column: known.title for column, known in cells.columns(tx, mapping_id).items()},
        cells=cells.cells(tx, mapping_id),
        links=_links(tx, mapping_id),
        users=_called(read.members, "userid", "firstname", "lastname") if read else {},
        students=_called(read.students, "studentid", "given_name", "family_name") if read else {},
        approved=_of(hold, "approved"),
        rejected=_of(hold, "rejected"),
    )


def _of(hold: Hold | None, state: str) -> frozenset[str]:
    """The fingerprints of a hold that is in this state."""
    return frozenset(item["fingerprint"] for item in hold.items) if hold and hold.state == state else frozenset()


def _called(people: Iterable[dict[str, Any]], number: str, first: str, last: str) -> dict[int, str]:
    return {each[number]: f"{each[first]} {each[last]}".strip() for each in people}
