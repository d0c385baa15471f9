"""A mapping that is to be pointed to other courses, and what can be seen of it from outside."""

from __future__ import annotations

from dataclasses import dataclass

from app.setup import repointing
from app.setup.repointing import Move, Named
from app.store import mappings, worklist
from app.store.mappings import Mapping
from tests.world import World

ACTOR = "an administrator"


@dataclass
class Moving:
    """A mapping in step with two students, and two more courses that nobody has mapped."""

    made: World
    other: int
    other_kura: int

    def planned(self, *, moodle: int | None = None, kuracloud: int | None = None) -> Move:
        """What pointing it there would mean."""
        return repointing.planned(
            self.made.kit, self.made.mapping_id, moodle=_named("uni", moodle), kuracloud=_named("kura", kuracloud)
        )

    def repoint(self, *, moodle: int | None = None, kuracloud: int | None = None, force: bool = False) -> bool:
        """Point it there; whether the former students were given back."""
        return repointing.repoint(
            self.made.kit, self.planned(moodle=moodle, kuracloud=kuracloud), ACTOR, force=force
        )

    @property
    def mapping(self) -> Mapping:
        """As it is stored."""
        with self.made.kit.database.reading() as tx:
            found = mappings.get(tx, self.made.mapping_id)
        assert found is not None
        return found

    @property
    def gates(self) -> set[tuple[str, str | None]]:
        """Gates of the mapping's rows, with their reasons."""
        with self.made.kit.database.reading() as tx:
            return {(row.gate, row.gate_reason) for row in worklist.rows(tx, [self.made.mapping_id])}

    def enabled(self) -> tuple[bool, bool]:
        """lmsEnabled of the first kuraCloud course and of the other."""
        courses = self.made.kura.courses
        return courses[self.made.kura_course].lms_enabled, courses[self.other_kura].lms_enabled


def _named(connection: str, course: int | None) -> Named | None:
    return None if course is None else (connection, str(course))


def in_step(made: World) -> Moving:
    """Two students in step; the world must be empty."""
    made.enrol(email="ana@example.edu")
    made.enrol(email="bo@example.edu")
    assert made.sync().counts == {"add": 2}
    other = made.moodle.create_course("Physiology 2", shortname="PHY2")
    return Moving(made, other, made.kura.add_course("Physiology, new", lmsEnabled=False))
