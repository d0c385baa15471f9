"""Where the demo plays: both simulators, the running service, and the ways to wait for and compare them."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
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
    senders: list[Signed] = field(default_factory=list)

    def report(self, secret: str) -> None:
        """From now on Moodle reports its events, signed."""
        self.senders.append(Signed(f"{self.service.url}/events/uni", secret, background=True))
        self.moodle.attach(self.sender)

    @property
    def sender(self) -> Signed:
        """What reports Moodle's events."""
        return self.senders[0]

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
