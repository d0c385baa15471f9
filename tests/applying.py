"""A class of six in step, each kind of write with what can become of its answer, and how to see that all is right."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from app.kit import Kit
from app.store import audit
from app.store.runs import Run
from app.sync import roster
from app.sync.holds import approve
from app.sync.turn import take_turn
from sandbox.faults import Fault
from sandbox.kuracloud.dialect import Dialect
from tests.conftest import SetClock
from tests.world import World, world

DAY = 86_400
LOOK_BEFORE_REMOVALS = ("core_course_get_courses_by_field", 2)


@dataclass(frozen=True)
class Kind:
    """One kind of write: how to bring about three of it, and the route that it takes."""

    prepare: Callable[[World], object]
    route: str
    action: str

    @property
    def match(self) -> str:
        return f"POST .*/{self.route}$"


def adds(made: World) -> None:
    for _ in range(3):
        made.enrol()


def edits(made: World) -> None:
    for link in made.links()[:3]:
        made.moodle.rename_user(link.userid, firstname="Anna")


def restores(made: World) -> None:
    for link in made.links()[:3]:
        made.kura.delete_student(made.kura_course, link.studentid)


def deletes(made: World) -> None:
    for link in made.links()[:3]:
        made.moodle.unenrol(link.userid, made.course)
    approved(made)


def removes(made: World) -> None:
    for number in range(3):
        made.kura.put_student(made.kura_course, givenName="Bo", familyName="Lee", email=f"bo{number}@example.edu")
    approved(made)


def reinvites(made: World) -> None:
    for link in made.links()[:3]:
        made.moodle.change_email(link.userid, f"new{link.userid}@example.edu")
    approved(made)


KINDS = {
    "add": Kind(adds, "student", "add"),
    "edit": Kind(edits, "edit", "edit"),
    "restore": Kind(restores, "restore", "restore"),
    "delete": Kind(deletes, "delete", "delete"),
    "remove": Kind(removes, "delete", "remove_unmanaged"),
    "reinvite, its removal": Kind(reinvites, "delete", "reinvite"),
    "reinvite, its invitation": Kind(reinvites, "student", "reinvite"),
}
UNCLEAR = {
    "reset before": Fault("reset_before"),
    "reset after": Fault("reset_after"),
    "503": Fault("status", status=503),
    "500 after acting": Fault("status_after", status=500),
    "no answer": Fault("hang"),
    "no answer after acting": Fault("hang_after"),
    "half an answer": Fault("truncated"),
    "short answer": Fault("short_read"),
    "a page for people": Fault("html"),
    "late": Fault("late", seconds=0.05),
}


def approved(made: World) -> None:
    """What a run holds is approved, and not yet applied."""
    assert made.sync().outcome == "done"
    hold = made.hold()
    assert hold is not None
    approve(made.kit, hold.id, hold.digest, "a teacher")


@contextmanager
def class_of_six(kit: Kit, clock: SetClock, dialect: Dialect | None = None, **settings: Any) -> Iterator[World]:
    """Six students in step; more than three, so that nothing empties the course."""
    with world(replace(kit, settings=replace(kit.settings, **settings)), clock, dialect) as made:
        for number in range(6):
            made.enrol(idnumber=f"S{number}")
        assert made.sync().counts == {"add": 6}
        made.kura.calls.clear()
        yield made


def in_step(made: World) -> None:
    """Both sides hold the same people, nobody was invited twice, and another run plans nothing."""
    made.kura.calls.clear()
    assert (made.sync().counts, made.hold(), made.writes()) == ({}, None, [])
    truth = {student["email"]: student["firstname"] for student in made.moodle.expected_students(made.course)}
    shown = {student["email"]: student["givenName"] for student in made.kura.students(made.kura_course)}
    assert shown == truth
    assert invited_twice(made) == []


def invited_twice(made: World) -> list[str]:
    return [address for address, times in Counter(email for _, email, _ in made.kura.invites).items() if times > 1]


def rows(made: World) -> list[audit.Entry]:
    """Audit rows of calls to kuraCloud, the oldest first."""
    with made.kit.database.reading() as tx:
        return list(reversed(audit.search(tx, mapping_id=made.mapping_id, system="kuracloud", limit=1000)))


def every_call_has_two_rows(made: World) -> bool:
    phases: dict[str, list[str]] = {}
    for row in rows(made):
        phases.setdefault(row.call_uid, []).append(row.phase)
    return all(found == ["begin", "end"] for found in phases.values())


def failed(run: Run) -> list[tuple[str, str]]:
    return [(each["action"], each["message"]) for each in run.plan["failed"]]


def turn(made: World, read: roster.Reader) -> str:
    """A turn whose run reads Moodle in this way."""
    verbs = {"roster": partial(roster.run, read=read)}
    return take_turn(made.kit, made.mapping_id, "roster", "test:1:0:0", verbs=verbs)
