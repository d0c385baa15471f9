"""A small world with grades: the world's courses, Moodle's plugin, one lesson, and students who are linked."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from app.planning.gradebook import Cell, KnownCell
from app.store import cells, holds, runs, worklist
from app.store.holds import Hold
from app.store.runs import Run
from app.sync import grades
from app.sync.ask import ask
from app.sync.holds import approve
from app.sync.turn import take_turn
from sandbox.moodle.tables.gradebook import GradeItem
from tests.world import World

MOST_TURNS = 200


@dataclass
class Course:
    """One mapped course with a lesson "Heart" of one revision with the questions q1 (6 points) and q2 (4 points)."""

    world: World
    lesson: int
    revision: int

    def students(self, number: int) -> list[int]:
        """So many students, enrolled and linked; their Moodle user ids."""
        users = [self.world.enrol(f"Ana{each}") for each in range(number)]
        run = self.world.sync()
        assert run.outcome == "done", run.message
        self.world.clock.advance(1)  # an export counts no link that was made at the very moment it was asked for
        return users

    def one(self) -> int:
        """A student with the grade 4 in kuraCloud; the Moodle user id."""
        (userid,) = self.students(1)
        self.grade(userid, 4)
        return userid

    def in_step(self) -> int:
        """The same, with the grade in Moodle already."""
        userid = self.one()
        assert self.sync().outcome == "done"
        return userid

    def teacher_sets(self, userid: int, value: float) -> None:
        """A teacher writes a grade by hand."""
        self.world.moodle.teacher_sets_grade(self.world.course, self.item(), userid, value)

    def grade(self, userid: int, q1: float | None, q2: float | None = None, offset: float | None = None) -> None:
        """Grade a user's student in kuraCloud."""
        studentid = {link.userid: link.studentid for link in self.world.links()}[userid]
        marks = {"q1": q1, "q2": q2}
        self.world.kura.set_grade(self.world.kura_course, self.revision, studentid, marks, offset)

    def sync(self) -> Run:
        """Ask for grades and take turns until they are in step, or the run fails."""
        ask(self.world.kit, self.world.mapping_id, "grades")
        return self.turns()

    def turns(self) -> Run:
        """Turns at whatever is wanted, each when it is due, until one does not wait."""
        for _ in range(MOST_TURNS):
            self.wait()
            outcome = self.turn()
            if outcome != "later":
                return self.last()
        raise AssertionError("the grades run never came to an end")

    def turn(self) -> str:
        """One turn, as a worker takes it; its outcome."""
        return take_turn(self.world.kit, self.world.mapping_id, "grades", f"test:{os.getpid()}:0:0")

    def wait(self) -> None:
        """Let the time pass until the next turn is due."""
        with self.world.kit.database.reading() as tx:
            row = worklist.get(tx, self.world.mapping_id, "grades")
            now = self.world.kit.database.now(tx)
        if row is not None and row.due_at is not None and row.due_at > now:
            self.world.clock.advance(row.due_at - now)

    def last(self) -> Run:
        """The newest run."""
        with self.world.kit.database.reading() as tx:
            run = runs.last(tx, self.world.mapping_id, "grades")
        assert run is not None
        return run

    def preview(self) -> grades.Preview:
        """What a run would do."""
        return grades.preview(self.world.kit, self.world.mapping_id)

    def hold(self) -> Hold | None:
        """What waits."""
        with self.world.kit.database.reading() as tx:
            return holds.waiting(tx, self.world.mapping_id, "grades")

    def approve(self) -> Run:
        """Approve what waits, and run."""
        hold = self.hold()
        assert hold is not None
        approve(self.world.kit, hold.id, hold.digest, "a teacher")
        return self.turns()

    def book(self) -> dict[str, dict[int, float | None]]:
        """Our part of Moodle's gradebook: the name of each item -> user -> grade; empty cells are left out."""
        return {
            item.itemname: {row.userid: float(row.finalgrade) for row in item.rows() if row.finalgrade is not None}
            for item in self.items()
        }

    def item(self) -> int:
        """The id of the one item there is."""
        (item,) = self.items()
        return int(item.id)

    def items(self) -> list[GradeItem]:
        """The items of kuraCloud's."""
        found = self.world.moodle.site.gradebook.of_course(self.world.course)
        return [item for item in found if item.itemmodule == "kuracloud"]

    def known(self) -> dict[Cell, KnownCell]:
        """What kurasync remembers of the cells."""
        with self.world.kit.database.reading() as tx:
            return cells.cells(tx, self.world.mapping_id)

    def left(self) -> list[tuple[str, int | None]]:
        """What the newest run left as it is: reason and user."""
        plan: Any = self.last().plan
        return [(each["reason"], each["userid"]) for each in plan["left"]]

    @property
    def name(self) -> str:
        """The name of the lesson's column."""
        return f"Heart kuraID: {self.lesson}-{self.revision}"


@contextmanager
def course(world: World) -> Iterator[Course]:
    """The world's course, with the plugin in Moodle and a lesson in kuraCloud."""
    world.moodle.install_plugin()
    lesson = world.kura.add_lesson(world.kura_course, "The heart")
    revision = world.kura.add_revision(world.kura_course, lesson, "Heart", {"q1": 6, "q2": 4})
    yield Course(world, lesson, revision)
