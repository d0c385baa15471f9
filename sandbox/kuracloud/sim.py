"""The simulated kuraCloud as tests, demo and rehearsals use it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Self

from sandbox.calls import Calls
from sandbox.control import SandboxApp
from sandbox.faults import Faults
from sandbox.kuracloud.app import KuraCloudApp
from sandbox.kuracloud.dialect import Dialect
from sandbox.kuracloud.state import KuraCloud
from sandbox.server import Server


class SimKuraCloud(KuraCloud):
    """A kuraCloud instance with its API, faults, and a record of the calls. `wsgi` is the whole application."""

    def __init__(self, dialect: Dialect | None = None, token: str = "kura-token") -> None:
        super().__init__(dialect, token)
        self.faults = Faults()
        self.calls = Calls()
        self.wsgi = SandboxApp(KuraCloudApp(self), self, views={"dialect": self.dialect.as_json})
        self.server = Server(self.wsgi)

    @classmethod
    @contextmanager
    def serving(
        cls, dialect: Dialect | None = None, port: int = 0, keep_alive: float = 5.0, token: str = "kura-token"
    ) -> Iterator[Self]:
        """A simulator that answers at `url` until the block ends; its `server` can be stopped and started meanwhile."""
        sim = cls(dialect, token)
        sim.server = Server(sim.wsgi, port=port, keep_alive=keep_alive)
        with sim.server:
            yield sim

    def grade_everybody(self, courseId: int, revisionId: int) -> None:
        """Give every active student made-up points for each question."""
        with self.lock:
            questions = self.courses[courseId].grades.revision(revisionId)["questions"]
            for place, student in enumerate(self.students(courseId)):
                share = (place * 3 % 8 + 3) / 10
                points = {each["questionId"]: round(each["maxGrade"] * share, 1) for each in questions}
                self.set_grade(courseId, revisionId, student["studentId"], points)

    @property
    def url(self) -> str:
        """The base URL."""
        return self.server.url
