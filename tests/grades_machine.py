"""Everything that may happen around the grades of a mapped course, as rules that hypothesis puts in any order."""

from __future__ import annotations

import math
import shutil
import sys
import tempfile
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

from cryptography.fernet import Fernet
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from app.kit import Kit
from app.settings import Settings
from app.store.vault import Vault
from sandbox.faults import Fault
from sandbox.kuracloud.dialect import Dialect
from sandbox.moodle.rights import CAPABILITIES
from sandbox.moodle.senders import Disorder
from tests.conftest import SetClock
from tests.grade_trial import GradeTrial
from tests.mortal import Fate, MortalDatabase, die
from tests.post import Post, sender
from tests.world import world

_KEY = Fernet.generate_key().decode()
_TIMES: dict[str, Any] = {"connect_timeout": 30.0, "call_timeout": 30.0}
_NEVER = 10_000

TITLES = (
    *("Heart", "Lungs", "", "T" * 300, "Zo\u00e9 & <60 \U0001fac0"),
    *("<b>Heart</b> rate <i>", "<a href='" + "x" * 300 + "'>Heart</a>"),
)
MAXIMA = ((6.0, 4.0), (6.0, 4.0), (1.0,), (0.1, 0.2), (1000.0, 33.33333), (0.0,), (), (math.nan, 4.0), (99_999.0, 2.0))
POINTS = (None, None, 0.0, 1.5, 2.333333, 4.0, 6.0, 7.25, 1e-6)
STRANGE = (math.nan, math.inf, -3.0)
OFFSETS = (None, None, None, 0.0, 0.5, -2.0, 100.0, 0.000005)
ENROLMENT = ("enrol", "enrol", "unenrol", "suspend", "reactivate", "take the role", "give the role", "suspend account")
REVISION = (
    *("retitle", "vanish", "reappear", "double", "other maxima", "all null", "all null but one"),
    *("forget a row", "repeat a row", "contradict a row"),
)
GRADE = ("set", "set", "set as kuraCloud has it", "clear", "lock", "unlock")
COLUMN = ("lock", "unlock", "rename", "move", "delete", "hide", "reweigh", "make a formula", "make it plain")
FIRST = 5

people = st.integers(0, FIRST + 1)
few = st.integers(0, 3)
points = st.integers(0, 45)
marks = st.tuples(st.sampled_from(POINTS), st.sampled_from(POINTS))
values = st.sampled_from((0.0, 3.0, 8.5))
titles = st.sampled_from(TITLES)
maxima = st.sampled_from(MAXIMA)
afterwards = st.sampled_from(("", "", "sync", "events"))

_dialects = st.builds(
    Dialect,
    restored_grades=st.sampled_from(("kept", "lost")),
    deleted_in_export=st.sampled_from(("absent", "present")),
    empty_grades=st.sampled_from(("present", "missing")),
    waiting_status=st.sampled_from(("RUNNING", "PENDING", "QUEUED")),
    failed_status=st.sampled_from(("FAILED", "ERROR", "CANCELLED")),
)
_KINDS = ("latency", "reset_before", "reset_after", "status", "status_after", "html", "truncated", "short_read", "late")
_STATUSES = (400, 403, 404, 409, 429, 500, 503)
_KURACLOUD = ("", "POST .*exportgrades", r"GET .*exportgrades.json/\w+$", "download", "GET .*/student$")
_MOODLE = ("", "get_grades", "save_grades", "save_grades", "delete_items", "get_roster")
_ERRORCODES = (
    *("invalidtoken", "accessexception", "sitemaintenance", "dbconnectionfailed", "gradesneedregrading"),
    *("locktimeout", "invalidrecord", "invalidparameter", ""),
)


def _faults(matches: tuple[str, ...], kinds: tuple[str, ...]) -> st.SearchStrategy[Fault]:
    def made(kind: str, match: str, times: int, skip: int, status: int, retry_after: int | None, code: str) -> Fault:
        body = {"exception": "moodle_exception", "errorcode": code, "message": code or "PHP error"}
        given = body if kind == "exception" else None
        seconds = {"latency": 0.005, "late": 0.01}.get(kind, 0.0)
        return Fault(
            kind, match, times=times, skip=skip, seconds=seconds, status=status, retry_after=retry_after, body=given
        )

    return st.builds(
        made,
        st.sampled_from(kinds),
        st.sampled_from(matches),
        st.integers(1, 3),
        few,
        st.sampled_from(_STATUSES),
        st.none() | st.integers(1, 900),
        st.sampled_from(_ERRORCODES),
    )


class GradesMachine(RuleBasedStateMachine):
    """A course with a few people and lessons. Rules name both by index: nothing drawn depends on what happened."""

    def __init__(self, template: Path, folder: Path) -> None:
        super().__init__()
        self._stack = ExitStack()
        self._template = template
        self._folder = Path(self._stack.enter_context(tempfile.TemporaryDirectory(dir=folder)))

    @initialize(
        dialect=_dialects,
        started=st.sampled_from((True, True, True, False)),
        mode=st.sampled_from(("auto", "auto", "auto", "review")),
        unlimited=st.booleans(),
        size=st.integers(1, FIRST),
        given=st.lists(marks, min_size=FIRST, max_size=FIRST),
    )
    def begin(
        self, dialect: Dialect, started: bool, mode: str, unlimited: bool, size: int, given: list[tuple[Any, Any]]
    ) -> None:
        kit, self.clock = self._kit()
        self.world = self._stack.enter_context(world(kit, self.clock, dialect, started=started))
        self.world.set(mode=mode)
        self.moodle, self.kura = self.world.moodle, self.world.kura
        self.course, self.kura_course = self.world.course, self.world.kura_course
        self.moodle.install_plugin()
        self.moodle.unlimited_grades = unlimited
        self.sender = sender(Post(kit, self.world.site_id, "signed"), "signed", Disorder())
        self._stack.callback(self.sender.close)
        self.moodle.attach(self.sender)
        self.trial = GradeTrial(self.world, self.fate)
        self.users = [self.world.enrol(f"Ana{number}") for number in range(size)]
        self.gone: list[tuple[int, dict[str, Any]]] = []
        self.lessons: list[dict[str, Any]] = []
        self._add_revision("Heart", (6.0, 4.0), 0)
        self._bring_in_step()
        for number, pair in enumerate(given[:size]):
            self._grade(number, 0, pair, None)
        self._afterwards("sync")

    def teardown(self) -> None:
        """When every step went well: calm, and the verdict."""
        try:
            if sys.exc_info()[0] is None and hasattr(self, "trial"):
                self._rest()
        finally:
            self._stack.close()

    # Students

    @rule(then=afterwards)
    def newcomer(self, then: str) -> None:
        self.users.append(self.world.enrol(f"New{len(self.users)}"))
        self._afterwards(then)

    @rule(number=people, what=st.sampled_from(ENROLMENT), then=afterwards)
    def enrolment(self, number: int, what: str, then: str) -> None:
        self._with_user(number, lambda user: self._enrolment(what, user))
        self._afterwards(then)

    @rule(number=people)
    def leave_and_come_back(self, number: int) -> None:
        """Moodle deletes her grades; her return asks for them again (contracts/moodle.md 3)."""
        for what in ("unenrol", "enrol"):
            self._with_user(number, lambda user, what=what: self._enrolment(what, user))  # type: ignore[misc]
            self._afterwards("events")

    @rule(number=people, other=people, then=afterwards)
    def relink(self, number: int, other: int, then: str) -> None:
        one, two = (self.users[index % len(self.users)] for index in (number, other))
        self.trial.swap_links(one, two)
        self._afterwards(then)

    # kuraCloud

    @rule(number=people, which=few, given=marks, offset=st.sampled_from(OFFSETS), then=afterwards)
    def grade(self, number: int, which: int, given: tuple[Any, Any], offset: float | None, then: str) -> None:
        self._grade(number, which, given, offset)
        self._afterwards(then)

    @rule(number=people, which=few, strange=st.sampled_from(STRANGE), then=afterwards)
    def strange_grade(self, number: int, which: int, strange: float, then: str) -> None:
        self._grade(number, which, (strange, 1.0), None)
        self._afterwards(then)

    @rule(which=few, given=marks, then=afterwards)
    def grade_everybody(self, which: int, given: tuple[Any, Any], then: str) -> None:
        for number in range(len(self.users)):
            self._grade(number, which, given, None)
        self._afterwards(then)

    @rule(title=titles, given=maxima, lesson=few, then=afterwards)
    def publish(self, title: str, given: tuple[float, ...], lesson: int, then: str) -> None:
        self._add_revision(title, given, lesson)
        self._afterwards(then)

    @rule(which=few, number=people, what=st.sampled_from(REVISION), title=titles, given=maxima, then=afterwards)
    def revision(self, which: int, number: int, what: str, title: str, given: tuple[float, ...], then: str) -> None:
        lessons = self.kura.lessons(self.kura_course)
        self._change_revision(lessons, which, number, what, title, given)
        self.kura.set_lessons(self.kura_course, lessons)
        self._afterwards(then)

    @rule()
    def empty_export(self) -> None:
        """For one sync kuraCloud shows no lesson at all."""
        lessons = self.kura.lessons(self.kura_course)
        self.kura.set_lessons(self.kura_course, [])
        self._afterwards("sync")
        self.kura.set_lessons(self.kura_course, lessons)

    @rule(polls=st.sampled_from((0, 1, 3, _NEVER)), fails=st.booleans(), then=afterwards)
    def exports(self, polls: int, fails: bool, then: str) -> None:
        self.kura.set_export(polls, fails and polls < _NEVER)
        self._afterwards(then)
        self.kura.set_export()

    # People in Moodle's gradebook

    @rule(number=people, which=few, what=st.sampled_from(GRADE), value=values, then=afterwards)
    def teacher_grades(self, number: int, which: int, what: str, value: float, then: str) -> None:
        self._teacher_grades(number, which, what, value)
        self._afterwards(then)

    @rule(which=few, what=st.sampled_from(COLUMN), then=afterwards)
    def teacher_changes_column(self, which: int, what: str, then: str) -> None:
        self._teacher_changes_column(which, what)
        self._afterwards(then)

    @rule(number=people, which=few, value=values, given=marks)
    def contested_grade(self, number: int, which: int, value: float, given: tuple[Any, Any]) -> None:
        """Kept in step until a teacher and kuraCloud say something else of the same people."""
        self._afterwards("sync")
        for each in range(FIRST):
            self._teacher_grades(each + number, which, "set", value)
            self._grade(each, which, given, None)
        self._afterwards("sync")

    @rule(which=few)
    def lose_many(self, which: int) -> None:
        """Everybody's grades are lowered time and again within a day."""
        for pair in ((6.0, 4.0), (4.0, 4.0), (1.5, 0.0)):
            for number in range(len(self.users)):
                self._grade(number, which, pair, None)
            self._afterwards("sync")

    @rule(which=few)
    def vanish(self, which: int) -> None:
        """A column that was in step is exported no more."""
        self._afterwards("sync")
        lessons = self.kura.lessons(self.kura_course)
        self._change_revision(lessons, which, 0, "vanish", "", ())
        self.kura.set_lessons(self.kura_course, lessons)
        self._afterwards("sync")

    @rule()
    def hand_back(self) -> None:
        self.trial.hand_back()
        self._afterwards("sync")

    # Faults and time

    @rule(fault=_faults(_KURACLOUD, (*_KINDS, "empty_list")), then=afterwards)
    def fault_of_kuracloud(self, fault: Fault, then: str) -> None:
        self.kura.faults.add(fault)
        self._afterwards(then)

    @rule(fault=_faults(_MOODLE, (*_KINDS, "empty_list", "exception", "exception")), then=afterwards)
    def fault_of_moodle(self, fault: Fault, then: str) -> None:
        self.moodle.faults.add(fault)
        self._afterwards(then)

    @rule(capability=st.sampled_from(("moodle/grade:viewall", "moodle/grade:edit", "moodle/course:view")))
    def lose_capability(self, capability: str) -> None:
        self.moodle.without(capability)
        self._afterwards("sync")
        self.moodle.with_capability(capability)

    @rule()
    def repair(self) -> None:
        self._repair()

    @rule(seconds=st.sampled_from((1.0, 20.0, 130.0, 1000.0, 25_000.0, 90_000.0)))
    def wait(self, seconds: float) -> None:
        self.clock.advance(seconds)
        self.trial.drive()

    # Turns and people's decisions

    @rule()
    def sync(self) -> None:
        self._afterwards("sync")

    @rule(what=st.sampled_from(("ask", "turn")))
    def one_step(self, what: str) -> None:
        """A run goes on in steps; people do something between them."""
        if what == "ask":
            self.trial.ask()
        self.trial.tick()

    @rule()
    def approve(self) -> None:
        if self.trial.approve():
            self.trial.drive()

    @rule()
    def reject(self) -> None:
        self.trial.reject()

    @rule(points=points, approved=st.booleans())
    def kill(self, points: int, approved: bool) -> None:
        if approved:
            self.trial.approve()
        self._ready_for_a_turn()
        if self.trial.turn("grades", points, die) == "killed":
            self.clock.advance(self.world.kit.settings.lease + 1)

    @rule(
        points=points,
        number=people,
        which=few,
        what=st.sampled_from(("grade", "column", "regrade", "unenrol")),
        grade=st.sampled_from(GRADE),
        column=st.sampled_from(COLUMN),
        given=marks,
    )
    def change_meanwhile(
        self, points: int, number: int, which: int, what: str, grade: str, column: str, given: tuple[Any, Any]
    ) -> None:
        """Between two steps of a run somebody does something."""
        deeds: dict[str, Callable[[], None]] = {
            "grade": lambda: self._teacher_grades(number, which, grade, 9.5),
            "column": lambda: self._teacher_changes_column(which, column),
            "regrade": lambda: self._grade(number, which, given, None),
            "unenrol": lambda: self._with_user(number, lambda user: self._enrolment("unenrol", user)),
        }
        self._ready_for_a_turn()
        self.trial.turn("grades", points, deeds[what])

    @rule(number=people, other=people, call=st.sampled_from(("get_grades", "save_grades")), times=st.integers(1, 2))
    def relink_meanwhile(self, number: int, other: int, call: str, times: int) -> None:
        """A roster run changes links while a grades run is at work; neither waits for the other."""
        one, two = (self.users[index % len(self.users)] for index in (number, other))
        self._ready_for_a_turn()
        during = [True]
        self.world.before_call(
            f"local_kurasync_{call}", times, lambda: self.trial.swap_links(one, two) if during else None
        )
        self.trial.turn("grades")
        during.clear()

    @rule(chance=st.integers(0, 7))
    def calm(self, chance: int) -> None:
        if chance == 0:
            self._rest()

    def _rest(self) -> None:
        self._repair()
        self.sender.flush()
        self.trial.calm()

    def _repair(self) -> None:
        self.kura.faults.clear()
        self.moodle.faults.clear()
        self.kura.set_export()
        self.moodle.with_capability(*CAPABILITIES)

    def _ready_for_a_turn(self) -> None:
        """The export is there, so that the next turn looks and writes."""
        self.kura.set_export(polls=0)
        self.trial.ask()
        self.trial.tick()
        self.clock.advance(0.5)

    def _afterwards(self, then: str) -> None:
        """What follows a change: nothing, its events and their runs, or a sync that a person asks for."""
        if then == "events":
            self.sender.flush()
            self.clock.advance(self.world.kit.settings.cap)
            self.trial.drive()
        elif then == "sync":
            self.trial.sync()

    def _bring_in_step(self) -> None:
        self.sender.flush()
        for _ in range(2):
            self.trial.ask("roster")
            self.trial.drive()
            self.trial.approve("roster")
        self.clock.advance(1)

    def _kit(self) -> tuple[Kit, SetClock]:
        path, clock = self._folder / "kurasync.db", SetClock()
        shutil.copyfile(self._template, path)
        database = MortalDatabase(f"sqlite:///{path}", clock=clock)
        self._stack.callback(database.dispose)
        self.fate = database.fate = Fate()
        settings = Settings(home=self._folder, database_url=f"sqlite:///{path}", secret_key=_KEY, **_TIMES)
        return Kit(settings, database, Vault([_KEY])), clock

    def _enrolment(self, what: str, user: int) -> None:
        moodle, course, context = self.moodle, self.course, self.moodle.course_context(self.course)
        changes: dict[str, Callable[[], object]] = {
            "enrol": lambda: moodle.enrol(user, course),
            "unenrol": lambda: moodle.unenrol(user, course),
            "suspend": lambda: moodle.suspend_enrolment(user, course),
            "reactivate": lambda: moodle.reactivate_enrolment(user, course),
            "take the role": lambda: moodle.unassign_role(user, context, "student"),
            "give the role": lambda: moodle.assign_role(user, context, "student"),
            "suspend account": lambda: moodle.suspend_user(user),
        }
        changes[what]()

    def _with_user(self, number: int, act: Callable[[int], object]) -> None:
        """Do what Moodle allows with one of the users."""
        with suppress(ValueError, LookupError):
            act(self.users[number % len(self.users)])

    def _add_revision(self, title: str, given: tuple[float, ...], lesson: int) -> None:
        lessons = self.kura.lessons(self.kura_course)
        numbers = [each["publishedLessonId"] for each in lessons]
        chosen = numbers[lesson] if lesson < len(numbers) else self.kura.add_lesson(self.kura_course, "Lesson")
        self.kura.add_revision(
            self.kura_course, chosen, title, {f"q{each}": points for each, points in enumerate(given)}
        )

    def _grade(self, number: int, which: int, given: tuple[Any, Any], offset: float | None) -> None:
        students, revisions = self.kura.students(self.kura_course), self._revisions(self.kura.lessons(self.kura_course))
        if students and revisions:
            revision = revisions[which % len(revisions)]
            names = [question["questionId"] for question in revision["questions"]]
            studentid = students[number % len(students)]["studentId"]
            points = dict(zip(names, given, strict=False))
            self.kura.set_grade(self.kura_course, revision["publishedRevisionId"], studentid, points, offset)

    def _revisions(self, lessons: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [revision for lesson in lessons for revision in lesson["gradedPublishedRevisions"]]

    def _change_revision(
        self, lessons: list[dict[str, Any]], which: int, number: int, what: str, title: str, given: tuple[float, ...]
    ) -> None:
        revisions = self._revisions(lessons)
        if what == "reappear" and self.gone and lessons:
            lessons[0]["gradedPublishedRevisions"].append(self.gone.pop()[1])
        if not revisions:
            return
        revision = revisions[which % len(revisions)]
        rows = revision["studentGrades"]
        lesson = next(each for each in lessons if revision in each["gradedPublishedRevisions"])
        if what == "retitle":
            revision["publishedRevisionTitle"] = title
        elif what == "vanish":
            lesson["gradedPublishedRevisions"].remove(revision)
            self.gone.append((lesson["publishedLessonId"], revision))
        elif what == "double" and len(revisions) < FIRST:
            lesson["gradedPublishedRevisions"].append(revision)
        elif what == "other maxima":
            revision["questions"] = [{"questionId": f"q{each}", "maxGrade": most} for each, most in enumerate(given)]
        elif what.startswith("all null"):
            for row in rows[len(what) > len("all null") :]:
                row["gradeOffset"] = None
                row["questionGrades"] = [{**each, "questionGrade": None} for each in row["questionGrades"]]
        elif rows:
            row = rows[number % len(rows)]
            if what == "forget a row":
                rows.remove(row)
            elif what == "repeat a row":
                rows.append(row)
            elif what == "contradict a row":
                rows.append({**row, "gradeOffset": 0.25})

    def _teacher_grades(self, number: int, which: int, what: str, value: float) -> None:
        items = self.moodle.site.gradebook.kuracloud(self.course)
        if not items:
            return
        item = items[which % len(items)].id
        changes: dict[str, Callable[[int], object]] = {
            "set": lambda user: self.moodle.teacher_sets_grade(self.course, item, user, value),
            "clear": lambda user: self.moodle.teacher_clears(self.course, item, user),
            "lock": lambda user: self.moodle.lock_grade(item, user),
            "unlock": lambda user: self.moodle.unlock_grade(item, user),
            "set as kuraCloud has it": lambda user: self.moodle.teacher_sets_grade(self.course, item, user, 6.0),
        }
        self._with_user(number, changes[what])

    def _teacher_changes_column(self, which: int, what: str) -> None:
        moodle, items = self.moodle, self.moodle.site.gradebook.kuracloud(self.course)
        if not items:
            return
        item = items[which % len(items)].id
        changes: dict[str, Callable[[], object]] = {
            "lock": lambda: moodle.lock_item(item),
            "unlock": lambda: moodle.unlock_item(item),
            "rename": lambda: moodle.rename_item(item, "Our own laboratory"),
            "move": lambda: moodle.move_item(item, 7, "Laboratories"),
            "delete": lambda: moodle.delete_item(item),
            "hide": lambda: moodle.hide_item(item),
            "reweigh": lambda: moodle.reweigh_item(item, 0.5),
            "make a formula": lambda: moodle.set_formula(item, "=1+1"),
            "make it plain": lambda: moodle.set_formula(item, ""),
        }
        changes[what]()
