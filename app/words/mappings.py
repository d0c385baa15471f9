"""Mappings as lists and programs get them."""

from __future__ import annotations

from typing import Any

from app.kit import Kit
from app.setup import finding
from app.setup.obstacles import obstacle, state
from app.store import exemptions, reports, runs, worklist
from app.store.reports import MappingLine
from app.store.runs import Run
from app.store.worklist import GRADES, ROSTER
from app.words.moments import moment

BEFORE = (
    "From then on the students of the kuraCloud course can no longer be edited there: they follow Moodle. Nor can the "
    "course be deleted in kuraCloud while it is mapped.",
    "Both courses are looked at then, and nothing is done before somebody has approved the first plan.",
)
"""What people have to know before they map a course."""

ADDED = (
    "The students of the kuraCloud course can now no longer be edited there: they follow Moodle. Nor can the course be "
    "deleted in kuraCloud while it is mapped.",
    "Both courses are looked at now, and the first plan waits for approval.",
)
"""What people have to know who map a course: as kuraCloud's guide says, and what comes next."""


def line(each: MappingLine) -> dict[str, Any]:
    """A mapping in a list."""
    return {
        "id": each.id,
        "moodle": f"{each.site}:{each.courseid}",
        "course_name": each.course_name,
        "kuracloud": f"{each.instance}:{each.kura_courseid}",
        "kura_course_name": each.kura_course_name,
        "links": each.links,
        "state": state(each.state, each.gate_reason),
        "reason": each.gate_reason,
        "started": each.started_at is not None,
        "due_at": moment(each.due_at),
        "hold": each.hold_id,
        "drift": each.drift,
        "last_outcome": each.last_outcome,
        "last_ended_at": moment(each.last_ended_at),
    }


def now(kit: Kit, mapping_id: int) -> dict[str, Any]:
    """The line of a mapping, which must exist, as it is at this moment."""
    with kit.database.reading() as tx:
        finding.mapping(tx, mapping_id)
        return line(reports.mapping_line(tx, mapping_id))


def everything(kit: Kit, mapping_id: int) -> dict[str, Any]:
    """All that is known of one mapping; raises NotFound."""
    with kit.database.reading() as tx:
        now = kit.database.now(tx)
        found = finding.mapping(tx, mapping_id)
        of_roster = reports.mapping_line(tx, mapping_id)
        row, last = worklist.get(tx, mapping_id, ROSTER), runs.last(tx, mapping_id, ROSTER)
        kept, excluded = (exemptions.numbers(tx, mapping_id, side) for side in ("kuracloud", "moodle"))
    return {
        **line(of_roster),
        "obstacle": obstacle(kit, mapping_id),
        "late_seconds": row.late(now) if row else 0.0,
        "failing_since": moment(row.failing_since if row else None),
        "attempts": row.attempts if row else 0,
        **_last(last),
        "conflicts": (last.plan or {}).get("conflicts", []) if last else [],
        "reconcile_at": moment(found.reconcile_at),
        **_of_grades(kit, mapping_id),
        "grades_at": moment(found.grades_at),
        "settings": found.settings,
        "kept": sorted(kept),
        "excluded": sorted(excluded),
    }


def _of_grades(kit: Kit, mapping_id: int) -> dict[str, Any]:
    with kit.database.reading() as tx:
        of_grades = reports.mapping_line(tx, mapping_id, GRADES)
        last = runs.last(tx, mapping_id, GRADES)
    known = {
        "state": of_grades.state,
        "hold": of_grades.hold_id,
        **_last(last),
        "last_outcome": of_grades.last_outcome,
        "last_ended_at": moment(of_grades.last_ended_at),
    }
    return {f"grades_{name}": value for name, value in known.items()}


def _last(run: Run | None) -> dict[str, Any]:
    return {
        "last_run": run.id if run else None,
        "last_reason": run.reason if run else None,
        "last_message": run.message if run else None,
    }
