"""A worker killed before, in and after every transaction and every request of a grades run: another one goes on.

One run does everything that a run can do: it waits for the students, asks for the export, polls it, makes and changes
a column, sets, lowers and clears grades, leaves those of people, removes a column by approval, reads back and ends.
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet

from app.kit import Kit
from app.settings import Settings
from app.store.vault import Vault
from sandbox.moodle.tables.gradebook import GradeItem
from tests.conftest import PATIENT, SHORT, SetClock
from tests.grade_trial import GradeTrial
from tests.mortal import Fate, MortalDatabase, die
from tests.world import World, world

_KEY = Fernet.generate_key().decode()
_RECHECK = 600.0
_LEAST = 40  # a run passes more points than this

Opened = Callable[[], str]


class CountingFate(Fate):
    """Counts all points as well."""

    passed = 0

    def pass_by(self) -> None:
        self.passed += 1
        super().pass_by()


class Day:
    """A course with three columns in step, in which everything changes at once."""

    def __init__(self, made: World, fate: CountingFate) -> None:
        self.world = made
        self.fate = fate
        self.trial = GradeTrial(made, fate)
        made.moodle.install_plugin()
        self.lesson = made.kura.add_lesson(made.kura_course, "Physiology")
        self.heart, self.lungs, self.skin = (self._revision(title) for title in ("Heart", "Lungs", "Skin"))
        self.users = [made.enrol(f"Ana{number}") for number in range(6)]
        self.trial.ask("roster")
        self.trial.drive()
        made.clock.advance(1)
        for revision in (self.heart, self.lungs, self.skin):
            for number in range(6):
                self._grade(revision, number, 5)
        self.trial.sync()

    def happen(self) -> None:
        """One column is taken out, which a person approves; then everything else, for one run to find."""
        made = self.world
        lessons = made.kura.lessons(made.kura_course)
        revisions = lessons[0]["gradedPublishedRevisions"]
        revisions.remove(next(each for each in revisions if each["publishedRevisionId"] == self.skin))
        made.kura.set_lessons(made.kura_course, lessons)
        self.trial.sync()
        lessons = made.kura.lessons(made.kura_course)
        lessons[0]["gradedPublishedRevisions"][1]["publishedRevisionTitle"] = "Lungs II"
        made.kura.set_lessons(made.kura_course, lessons)
        self.kidney = self._revision("Kidney")
        for number, points in enumerate((9, 2, None, 9, 9)):
            self._grade(self.heart, number, points)
        self._grade(self.kidney, 0, 7)
        heart = self._item(self.heart)
        made.moodle.teacher_sets_grade(made.course, heart.id, self.users[3], 1.5)
        made.moodle.lock_grade(heart.id, self.users[4])
        made.enrol("Late")
        self.trial.ask("roster")
        assert self.trial.approve()

    def is_killed_at(self, points: int) -> bool:
        """Turns until the run is done, or killed at the point after so many."""
        for _ in range(60):
            self.trial.drive_roster()
            before = self.fate.passed
            outcome = self.trial.turn("grades", points, die)
            points -= self.fate.passed - before
            if outcome == "killed":
                return True
            if outcome == "done":
                return False
            self.trial.wait()
        raise AssertionError("the run never came to an end")

    def go_on(self) -> None:
        """Another worker goes on when the lease has run out, and looks again ten minutes later."""
        self.world.clock.advance(self.world.kit.settings.lease + 1)
        self.trial.drive()
        self.world.clock.advance(_RECHECK + 1)
        assert self.trial.drive()

    def check(self) -> None:
        """Nothing is lost, nothing doubled, and what is a person's is as it was."""
        one, two, three, persons, locked, same = self.users
        assert self._book() == {
            f"Heart kuraID: {self.lesson}-{self.heart}": {one: 9, two: 2, persons: 1.5, locked: 5, same: 5},
            f"Lungs II kuraID: {self.lesson}-{self.lungs}": dict.fromkeys(self.users, 5),
            f"Kidney kuraID: {self.lesson}-{self.kidney}": {one: 7},
        }
        assert three not in self._book()[f"Heart kuraID: {self.lesson}-{self.heart}"]
        self.trial.check_rest()

    def doubled(self) -> dict[Any, int]:
        """What was done more than once since everything happened."""
        done = Counter((write.kind, write.column, write.userid) for write in self.trial.writes[self._before :])
        return {what: times for what, times in done.items() if times > 1}

    def begin(self) -> None:
        """Count what is done from now on."""
        self._before = len(self.trial.writes)

    def _book(self) -> dict[str | None, dict[int, float]]:
        items = self.world.moodle.site.gradebook.kuracloud(self.world.course)
        return {
            item.itemname: {row.userid: row.finalgrade for row in item.rows() if row.finalgrade is not None}
            for item in items
        }

    def _item(self, revision: int) -> GradeItem:
        found = self.world.moodle.site.gradebook.find(self.world.course, self.lesson, revision)
        assert found is not None
        return found

    def _revision(self, title: str) -> int:
        made = self.world
        return made.kura.add_revision(made.kura_course, self.lesson, title, {"q1": 10})

    def _grade(self, revision: int, number: int, points: float | None) -> None:
        made = self.world
        studentid = {link.userid: link.studentid for link in made.links()}[self.users[number]]
        made.kura.set_grade(made.kura_course, revision, studentid, {"q1": points})


@contextmanager
def _day(url: str, home: Path) -> Iterator[Day]:
    clock, fate = SetClock(), CountingFate()
    database = MortalDatabase(url, clock=clock)
    database.fate = fate
    settings = Settings(home=home, database_url=url, secret_key=_KEY, **{**SHORT, **PATIENT, "recheck": _RECHECK})
    with world(Kit(settings, database, Vault([_KEY])), clock) as made:
        yield Day(made, fate)
    database.dispose()


@pytest.fixture
def opened(request: pytest.FixtureRequest, kind: str, sqlite_template: Path, tmp_path: Path) -> Opened:
    """Opens an empty database of this kind."""
    if kind == "postgres":
        emptied: Opened = request.getfixturevalue("postgres_emptied")
        return emptied

    def copied() -> str:
        shutil.copyfile(sqlite_template, tmp_path / "kurasync.db")
        return f"sqlite:///{tmp_path / 'kurasync.db'}"

    return copied


@pytest.mark.timeout(600)
@pytest.mark.parametrize(("kind", "stride"), [("sqlite", 1), ("postgres", 4)])
def test_whoever_is_killed_in_a_grades_run_leaves_nothing_lost_and_nothing_doubled(
    opened: Opened, stride: int, tmp_path: Path
) -> None:
    for points in count(0, stride):
        with _day(opened(), tmp_path) as day:
            day.happen()
            day.begin()
            killed = day.is_killed_at(points)
            day.go_on()
            day.check()
            assert not day.doubled(), f"killed at point {points}"
        if not killed:
            break
    assert points > _LEAST
