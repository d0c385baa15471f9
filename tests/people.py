"""Two students with marked values in every place where something personal is stored, for tests of erasing.

    planted = plant(kit)
    planted.rows(HERS)      # where a marked value of hers stands: ["links.email", ...]
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, String, cast, select

from app.kit import Kit
from app.planning.grade_actions import Column
from app.planning.gradebook import Cell
from app.planning.students import Member
from app.store import (
    audit,
    cells,
    holds,
    instances,
    links,
    mappings,
    readings,
    rosters,
    runs,
    sites,
    steps,
    tasks,
    worklist,
)
from app.store.links import NewLink
from app.store.rosters import KnownRoster
from app.store.tables import events, metadata

HER, HIM = 17, 18
"""Moodle users at the site `uni`."""
HER_STUDENT, HIS_STUDENT, HAND_ADDED = 1017, 1018, 1099
HERS = ("Quetzalcoatl", "Zwiebelturm", "quetzal.zwiebel@example.edu", "zwiebel.old@example.edu", "ID-77881")
"""Her first and last name, her address, the one before, her ID number."""
HIS = ("Orinoco", "Flaschenzug", "orinoco@example.edu", "ID-99441")


@dataclass(frozen=True)
class Planted:
    """The numbers of what was made."""

    kit: Kit
    site_id: int
    mapping_ids: tuple[int, int]
    hold_ids: tuple[int, int]
    run_ids: tuple[int, int]

    def where(self, marks: tuple[str, ...]) -> list[str]:
        """Every table and column in which one of these values stands."""
        return where(self.kit, marks)


def where(kit: Kit, marks: tuple[str, ...]) -> list[str]:
    """Every table and column in which one of these values stands."""
    found = set()
    with kit.database.reading() as tx:
        for table in metadata.sorted_tables:
            for column in table.columns:
                texts = tx.execute(select(cast(column, String)).where(column.is_not(None))).scalars()
                if any(mark.lower() in _plain(text).lower() for text in texts for mark in marks):
                    found.add(f"{table.name}.{column.name}")
    return sorted(found)


def in_files(kit: Kit, marks: tuple[str, ...]) -> list[str]:
    """The files of an SQLite database in whose bytes one of these values stands, whatever page it is in."""
    kit.database.dispose()
    file = Path(str(kit.database.url.database))
    return [
        path.name
        for path in sorted(file.parent.glob(f"{file.name}*"))
        if any(mark.lower().encode() in path.read_bytes().lower() for mark in marks)
    ]


def plant(kit: Kit) -> Planted:
    """A site with two mappings, and all that is stored of two students in the first and of her in the second."""
    with kit.database.transaction() as tx:
        site_id, first, second = _mappings(tx, kit)
        _links(tx, first, second)
        _rosters(tx, first)
        _readings(tx, first)
        _shown(tx, first)
        run_ids = _ended(tx, first, "roster", roster_plan()), _ended(tx, first, "grades", grades_plan())
        old = _hold(tx, first, run_ids[0], "grades", grades_plan()["held"], "applied")
        waiting = _hold(tx, first, run_ids[0], "roster", roster_plan()["held"], "open")
        _audit(tx, first, second)
        values = {Cell(Column(5, 6), HER): (61.25, 61.25), Cell(Column(5, 6), HIM): (48.75, 48.75)}
        cells.settle(tx, 0.0, first, values)
        _event(tx, site_id)
    return Planted(kit, site_id, (first, second), (old, waiting), run_ids)


def roster_plan() -> dict[str, Any]:
    """A plan that names both of them in every way a plan can."""
    add = {"action": "add", "userid": HER, "profile": _profile(HERS), "who": f"{HERS[0]} {HERS[1]}"}
    edit = {
        "action": "edit",
        "userid": HIM,
        "studentid": HIS_STUDENT,
        "changes": [["given_name", "Orino", HIS[0]]],
        "who": f"{HIS[0]} {HIS[1]}",
    }
    reinvite = {
        "action": "reinvite",
        "userid": HER,
        "studentid": HER_STUDENT,
        "before": HERS[3],
        "profile": _profile(HERS),
        "restores": None,
        "who": f"{HERS[0]} {HERS[1]}",
    }
    merge = {"action": "relink", "userid": HIM, "studentid": HER_STUDENT, "leaver": HER, "email": HERS[2]}
    merge["who"] = f"{HIS[0]} {HIS[1]}"
    added_by_hand = {"action": "remove_unmanaged", "studentid": HAND_ADDED, "email": HERS[2].upper(), "who": HERS[0]}
    his = {"action": "delete", "userid": HIM, "studentid": HIS_STUDENT, "email": HIS[2], "who": f"{HIS[0]} {HIS[1]}"}
    held = [_held(each, number) for number, each in enumerate((reinvite, merge, added_by_hand, his))]
    return {
        "go": [add, edit],
        "held": held,
        "dropped": [{**his, "reason": "quiet"}],
        "conflicts": [_conflict()],
        "failed": [
            {**add, "message": f"It says: {HERS[0]} {HERS[1]} is unknown."},
            {**edit, "message": f"It says: not while {HERS[0]} {HERS[1]} is here."},
        ],
    }


def grades_plan() -> dict[str, Any]:
    """Grades of both, some written, some held, some left."""
    hers = {"column": [5, 6], "userid": HER, "title": "Lesson 1", "who": f"{HERS[0]} {HERS[1]}"}
    his = {"column": [5, 6], "userid": HIM, "title": "Lesson 1", "who": f"{HIS[0]} {HIS[1]}"}
    return {
        "go": [{**each, "action": "grade_set", "before": None, "after": 61.25} for each in (hers, his)],
        "held": [_held({**each, "action": "grade_clear", "before": 61.25}, 9) for each in (hers, his)],
        "left": [
            {**each, "reason": "locked", "studentid": None, "value": 61.25, "shown": 7.0} for each in (hers, his)
        ],
        "failed": [],
    }


def _held(action: dict[str, Any], number: int) -> dict[str, Any]:
    return {**action, "reasons": ["email_changed"], "fingerprint": f"{number:064x}"}


def _conflict() -> dict[str, Any]:
    hers, his = f"{HERS[0]} {HERS[1]}", f"{HIS[0]} {HIS[1]}"
    return {
        "conflict": "address_taken",
        "message": "The user's new e-mail address belongs to another student of the kuraCloud course already.",
        "userids": [HIM, HER],
        "studentids": [HIS_STUDENT, HER_STUDENT],
        "who": sorted([hers, his]),
        "names": {
            "users": {str(HER): hers, str(HIM): his},
            "students": {str(HER_STUDENT): hers, str(HIS_STUDENT): his},
        },
    }


def _profile(marks: tuple[str, ...]) -> dict[str, str]:
    return {
        "email": marks[2],
        "given_name": marks[0],
        "family_name": marks[1],
        "external_student_id": marks[-1],
        "section": "Group A",
    }


def _mappings(tx: Connection, kit: Kit) -> tuple[int, int, int]:
    ways = ("signed",)
    site_id = sites.add(tx, 0.0, name="uni", url="u", wwwroot="u", identity=None, token="t", ways=ways)
    instance_id = instances.add(tx, 0.0, name="kura", url="u", token="t", remote_id="1", display_name="Example")
    numbers = []
    for course in (2, 3):
        numbers.append(
            mappings.add(
                tx,
                0.0,
                site_id=site_id,
                courseid=course,
                course_name="Physiology",
                instance_id=instance_id,
                kura_courseid=course,
                kura_course_name="Physiology",
                settings={},
                reconcile_at=0.0,
            )
        )
        for kind in ("roster", "grades"):
            worklist.want(tx, 0.0, {(numbers[-1], kind): []}, quiet=0.0, cap=0.0)
    return site_id, numbers[0], numbers[1]


def _links(tx: Connection, first: int, second: int) -> None:
    echo = {"given_name": {"sent": HERS[0], "shown": HERS[0].lower()}}
    links.create(tx, 1.0, first, [NewLink(HER, HER_STUDENT, HERS[2], echo), NewLink(HIM, HIS_STUDENT, HIS[2], {})])
    links.create(tx, 1.0, second, [NewLink(HER, 2017, HERS[3], {})])
    links.end(tx, 2.0, first, [HER_STUDENT], "removed")
    links.end(tx, 2.0, second, [2017], "removed")


def _rosters(tx: Connection, first: int) -> None:
    hers = Member(HER, HERS[0], HERS[1], HERS[2], HERS[4], ((1, "Group A"),))
    his = Member(HIM, HIS[0], HIS[1], HIS[2], HIS[3], ((1, "Group A"),))
    rosters.keep(tx, first, KnownRoster((hers, his), "b" * 64, 1.0, None))


def _readings(tx: Connection, first: int) -> None:
    """Both on Moodle's side; on kuraCloud's him, and her as somebody added her by hand."""
    members = [_read(HER, HERS), _read(HIM, HIS)]
    students = [
        {"studentid": number, **_profile(marks), "invited": True}
        for number, marks in ((HAND_ADDED, HERS), (HIS_STUDENT, HIS))
    ]
    readings.keep(tx, first, 1.0, members, students)


def _read(userid: int, marks: tuple[str, ...]) -> dict[str, Any]:
    named = {"userid": userid, "firstname": marks[0], "lastname": marks[1], "email": marks[2]}
    return {**named, "idnumber": marks[-1], "section": "Group A"}


def _shown(tx: Connection, first: int) -> None:
    """A preview that somebody looked at."""
    number = tasks.add(tx, 1.0, kind="roster_plan", mapping_id=first, asked_by="a teacher")
    tasks.claim(tx, 1.0, number, "host:1:0:")
    tasks.end(tx, 2.0, number, "done", result={"plan": roster_plan(), "digest": "d" * 64})


def _ended(tx: Connection, mapping_id: int, kind: str, plan: dict[str, Any]) -> int:
    claim = worklist.claim(tx, 10.0, mapping_id, kind, "host:1:0:0", 60.0, 9)
    assert claim is not None
    message = f"kuraCloud refuses it. It says: “{HERS[0]} {HERS[1]}”."
    runs.end(tx, 11.0, claim.run_id, "done", "", message, plan=plan, counts={"add": 1})
    worklist.release(tx, 11.0, claim, worklist.Done())
    return claim.run_id


def _hold(tx: Connection, mapping_id: int, run_id: int, kind: str, items: list[dict[str, Any]], state: Any) -> int:
    number = holds.create(
        tx, 12.0, mapping_id=mapping_id, kind=kind, digest="d" * 64, items=items, run_id=run_id
    )
    found = holds.get(tx, number)
    assert found is not None
    if state != "open":
        holds.decide(tx, 13.0, found, state, "a teacher")
    return number


def _audit(tx: Connection, first: int, second: int) -> None:
    added = [{"userid": HER, **_profile(HERS)}, {"userid": HIM, **_profile(HIS)}]
    removed = [
        {"userid": HER, "studentid": HER_STUDENT, "email": HERS[3]},
        {"userid": None, "studentid": HAND_ADDED, "email": HERS[2]},
    ]
    graded = [{"userid": HER, "column": [5, 6], "before": None, "after": 61.25}, {"column": [5, 6], "name": "Lesson 1"}]
    for mapping_id, records in ((first, added), (first, removed), (second, added[:1]), (first, graded)):
        call = audit.begin(
            tx,
            20.0,
            actor="kurasync",
            system="kuracloud",
            operation="add_students",
            subject={"records": records},
            mapping_id=mapping_id,
        )
        audit.end(tx, 21.0, call, "done")
    rows = [steps.NewStep("add", "f" * 64, "c" * 64, "e" * 64, False)]
    steps.finish(tx, steps.begin(tx, 20.0, first, 1, rows), "done")


def _event(tx: Connection, site_id: int) -> None:
    event = {"site_id": site_id, "way": "signed", "name": r"\core\event\user_updated", "courseid": 0}
    tx.execute(events.insert(), {**event, "relateduserid": HER, "received_at": 5.0, "wanted": False})


def _plain(text: str) -> str:
    """JSON may spell a letter as an escape."""
    try:
        return json.dumps(json.loads(text), ensure_ascii=False)
    except ValueError:
        return text
