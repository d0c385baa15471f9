"""Where the demo plays: both simulators, the running service, and the ways to wait for and compare them."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.demo.service import Service
from sandbox.demo.telling import Teller
from sandbox.kuracloud.sim import SimKuraCloud
from sandbox.moodle.senders import Signed
from sandbox.moodle.sim import SimMoodle

WAIT = 30.0  # seconds: far more than anything here takes


class DayOver(Exception):
    """Something that the rest of the day builds on did not come out right."""


@dataclass
class Stage:
    """One Moodle course and the kuraCloud course it is mapped to."""

    moodle: SimMoodle
    kura: SimKuraCloud
    service: Service
    tell: Teller
    course: int
    kura_course: int

    def set_up_plugin(self) -> str:
        """Set Moodle's plugin up, which then reports events; the file it writes for kurasync."""
        return json.dumps(self.moodle.set_up_plugin(f"{self.service.url}/events/uni"))

    @property
    def sender(self) -> Signed:
        """The plugin's outbox."""
        return next(sender for sender in self.moodle.senders if isinstance(sender, Signed))

    @property
    def mapping(self) -> str:
        """The mapping, as commands name it."""
        return f"uni:{self.course}"

    def enrol(self, firstname: str, lastname: str, *, group: int | None = None) -> int:
        """A new user, enrolled as a student and put into a group."""
        address = f"{firstname}.{lastname}@example.edu".lower().replace(" ", "-")
        user = int(self.moodle.create_user(firstname=firstname, lastname=lastname, email=address))
        self.moodle.enrol(user, self.course)
        if group is not None:
            self.moodle.join_group(user, group)
        return user

    def expected(self) -> dict[str, tuple[str, str, str]]:
        """What kuraCloud should hold, straight from Moodle's state: e-mail -> names and the first group's name."""
        return {
            str(user["email"]): (
                str(user["firstname"]),
                str(user["lastname"]),
                str(user["groups"][0]["name"]) if user["groups"] else "",
            )
            for user in self.moodle.expected_students(self.course)
        }

    def present(self) -> dict[str, tuple[str, str, str]]:
        """What kuraCloud holds."""
        return {
            student["email"]: (student["givenName"], student["familyName"], student["section"] or "")
            for student in self.kura.students(self.kura_course)
        }

    def publish(self, title: str, maximums: Mapping[str, float]) -> int:
        """A lesson of one revision in kuraCloud; the number of the revision."""
        lesson = self.kura.add_lesson(self.kura_course, title)
        return self.kura.add_revision(self.kura_course, lesson, title, maximums)

    def studentid_of(self, email: str) -> int:
        """The number of an active student in kuraCloud."""
        return next(each["studentId"] for each in self.kura.students(self.kura_course) if each["email"] == email)

    def points(self) -> dict[tuple[str, str], float]:
        """What Moodle's gradebook should hold, straight from kuraCloud's state; keys as in `gradebook`."""
        emails = {student["studentId"]: student["email"] for student in self.kura.students(self.kura_course)}
        return {
            (emails[row["studentId"]], str(revision["publishedRevisionId"])): round(
                sum(question["questionGrade"] for question in row["questionGrades"]), 5
            )
            for lesson in self.kura.lessons(self.kura_course)
            for revision in lesson["gradedPublishedRevisions"]
            for row in revision["studentGrades"]
        }

    def gradebook(self) -> dict[tuple[str, str], float]:
        """Moodle's gradebook: (e-mail, number of the revision) -> grade; empty cells are left out."""
        book, students = self.moodle.gradebook(self.course), self.moodle.expected_students(self.course)
        revisions = {item["id"]: item["itemnumber"] for item in book["items"]}
        emails = {str(user["id"]): str(user["email"]) for user in students}
        return {
            (emails[row["userid"]], revisions[row["itemid"]]): float(row["finalgrade"])
            for row in book["grades"]
            if row["finalgrade"] is not None
        }

    def in_step(self) -> bool:
        """Whether both sides hold the same."""
        return self.present() == self.expected()

    def wait(self, what: str, holds: Callable[[], bool]) -> float:
        """Wait until something is true; returns the seconds it took. Raises DayOver when it does not come true."""
        began = time.monotonic()
        while not holds() and time.monotonic() - began < WAIT:
            time.sleep(0.05)
        took = time.monotonic() - began
        if not self.tell.check(holds(), f"{what} ({took:.1f} s)"):
            raise DayOver
        return took

    def hold(self) -> dict[str, Any] | None:
        """The hold that waits, if there is one."""
        waiting = [hold for hold in self.service.read("holds", "list") if hold["state"] == "open"]
        return dict(self.service.read("holds", "show", str(waiting[0]["id"]))) if waiting else None

    def wait_for_hold(self, what: str, fits: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """Wait for a hold that fits; returns it."""
        found: list[dict[str, Any]] = []

        def waits() -> bool:
            hold = self.hold()
            if hold is not None and fits(hold):
                found.append(hold)
            return bool(found)

        self.wait(what, waits)
        return found[-1]

    def approve(self, hold: dict[str, Any]) -> None:
        """A teacher has looked at it."""
        self.service.command("holds", "approve", str(hold["id"]), "--digest", hold["digest"])

    def runs(self) -> int:
        """How many runs there were."""
        return len(self.service.read("runs", "list", "--limit", "1000"))

    def runs_ended_as(self, outcome: str) -> int:
        """How many runs ended so."""
        return len(self.service.read("runs", "list", "--outcome", outcome, "--limit", "1000"))
