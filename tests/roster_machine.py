"""Everything that may happen around a mapped course, as rules that hypothesis puts in any order."""

from __future__ import annotations

import shutil
import sys
import tempfile
import unicodedata
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import fields
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
from tests.mortal import Fate, MortalDatabase, die
from tests.post import WAYS, Post, sender
from tests.trial import Trial
from tests.world import world

_KEY = Fernet.generate_key().decode()
_TIMES: dict[str, Any] = {"connect_timeout": 30.0, "call_timeout": 30.0, "page_size": 3, "batch_size": 3}

ADDRESSES = (
    "ana@example.edu",
    "Ana@Example.EDU",
    "bo@example.edu",
    "strasse@example.edu",
    "straße@example.edu",
    "zo\u00e9@example.edu",
    "zoe\u0301@example.edu",
    "",
    "nobody",
    *(f"user{number}@example.edu" for number in (4, 5, 6)),
    *(f"new{number}@example.edu" for number in range(6)),
)
NAMES = ("Ana", "Zo\u00e9", "Zoe\u0301", " Bo ", "Ng", "Maximiliana Theodora Eleonore")
IDNUMBERS = ("", "S1", "S2", "s1", "S3")
GROUPS = ("Section A", "Section B", "Thursday afternoon laboratory 1", "Thursday afternoon laboratory 2")
METHODS = ("manual", "manual", "flatfile", "cohort")
ENROLMENT = (
    *("enrol", "unenrol", "unenrol from one method", "enrol and roll back"),
    *("suspend", "reactivate", "take the role", "give the role"),
)
COURSE = ("disable a method", "enable all methods", "enable all methods", "reset", "say when it ends")
ACCOUNT = ("suspend", "unsuspend", "delete", "rename")
GROUP = ("join", "leave", "rename", "delete")
FIRST = 8

people = st.integers(0, FIRST + 3)
few = st.integers(0, 3)
points = st.integers(0, 45)
days = st.sampled_from((0, 0, -1, 1, 2))
addresses = st.sampled_from(ADDRESSES)
idnumbers = st.sampled_from(IDNUMBERS)
edits = st.fixed_dictionaries({"givenName": st.sampled_from(NAMES), "section": st.sampled_from(GROUPS)}) | (
    st.fixed_dictionaries({"email": addresses})
)
afterwards = st.sampled_from(("", "deliver", "look"))


def _dialects() -> st.SearchStrategy[Dialect]:
    """Each single variation, and any mixture of them."""
    choices = {switch.name: st.sampled_from(switch.metadata["choices"]) for switch in fields(Dialect)}
    return st.sampled_from(list(Dialect.all_variations())) | st.builds(Dialect, **choices)


_COMMON = (
    *("latency", "reset_before", "reset_after", "status", "status_after"),
    *("html", "truncated", "short_read", "late"),
)
_STATUSES = (400, 401, 403, 404, 409, 422, 429, 500, 503)
_KURACLOUD = (
    *("", "GET .*/student$", "deleted=true", "GET /v2/course$"),
    *("POST .*/student$", "POST .*/edit", "POST .*/delete", "POST .*/restore"),
)
_MOODLE = (
    *("", "get_roster", "get_roster", "enrolled", "gradable"),
    *("course_groups", "group_members", "users_by_field", "courses_by_field"),
)
_ERRORCODES = (
    *("invalidtoken", "accessexception", "nopermissions", "sitemaintenance", "dbconnectionfailed"),
    *("gradesneedregrading", "invalidrecord", "errorcoursecontextnotvalid", ""),
)


def _faults(matches: tuple[str, ...], kinds: tuple[str, ...], bodies: st.SearchStrategy[Any]) -> Any:
    def made(kind: str, match: str, times: int, skip: int, status: int, retry_after: int | None, body: Any) -> Fault:
        seconds = {"latency": 0.01, "late": 0.02}.get(kind, 0.0)
        given = body if kind == "exception" else None
        return Fault(
            kind, match, times=times, skip=skip, seconds=seconds, status=status, retry_after=retry_after, body=given
        )

    return st.builds(
        made,
        st.sampled_from(kinds),
        st.sampled_from(matches),
        st.integers(1, 4),
        st.integers(0, 3),
        st.sampled_from(_STATUSES),
        st.none() | st.integers(1, 900),
        bodies,
    )


_moodle_bodies = st.sampled_from(_ERRORCODES).map(
    lambda code: {"exception": "moodle_exception", "errorcode": code, "message": code or "PHP error"}
)
_kuracloud_faults = _faults(
    _KURACLOUD, (*_COMMON, "empty_list", "empty_list", "exception"), st.just({"message": "not now"})
)
_moodle_faults = _faults(_MOODLE, (*_COMMON, "empty_list", "exception", "exception"), _moodle_bodies)
_hanging = st.builds(
    Fault, st.sampled_from(("hang", "hang_after")), st.sampled_from(_KURACLOUD), times=st.just(1), skip=few
)


class RosterMachine(RuleBasedStateMachine):
    """A course with a dozen people. Rules name people by index, so that nothing drawn depends on what happened."""

    def __init__(self, template: Path, folder: Path) -> None:
        super().__init__()
        self._stack = ExitStack()
        self._template = template
        self._folder = Path(self._stack.enter_context(tempfile.TemporaryDirectory(dir=folder)))

    @initialize(
        dialect=_dialects(),
        started=st.booleans(),
        email_changed=st.sampled_from(("hold", "hold", "auto", "ignore")),
        unmanaged=st.sampled_from(("hold", "hold", "keep", "remove")),
        way=st.sampled_from(WAYS),
        disorder=st.builds(
            Disorder,
            duplicated=st.sampled_from((0.0, 0.3)),
            reordered=st.sampled_from((0.0, 0.3)),
            lost=st.sampled_from((0.0, 0.2, 1.0)),
            seed=few,
        ),
        size=st.integers(0, FIRST) | st.integers(4, FIRST),
        in_step=st.sampled_from((True, True, False)),
        plugin=st.sampled_from(("", "there", "there", "later")),
    )
    def begin(
        self,
        dialect: Dialect,
        started: bool,
        email_changed: str,
        unmanaged: str,
        way: str,
        disorder: Disorder,
        size: int,
        in_step: bool,
        plugin: str,
    ) -> None:
        kit, clock = self._kit()
        self.clock = clock
        self.world = self._stack.enter_context(world(kit, clock, dialect, started=started))
        self.world.set(email_changed=email_changed, unmanaged=unmanaged)
        self.moodle, self.kura = self.world.moodle, self.world.kura
        self.course, self.kura_course = self.world.course, self.world.kura_course
        self.post = Post(kit, self.world.site_id, way)
        self.sender = sender(self.post, way, disorder)
        self._stack.callback(self.sender.close)
        self.moodle.attach(self.sender)
        self.trial = Trial(self.world, self.fate)
        self.users = [self._newcomer(number) for number in range(size)]
        self.groups = [self.moodle.create_group(self.course, GROUPS[0])]
        self.cohorts: list[int] = []
        if plugin == "there":
            self.moodle.install_plugin()
        if in_step:
            self._bring_in_step()
        if plugin == "later":
            self.moodle.install_plugin()

    def teardown(self) -> None:
        """When every step went well: calm, and the verdict."""
        try:
            if sys.exc_info()[0] is None and hasattr(self, "trial"):
                self._rest()
        finally:
            self._stack.close()

    # Moodle

    @rule(name=st.sampled_from(NAMES), address=addresses, idnumber=idnumbers, then=afterwards)
    def newcomer(self, name: str, address: str, idnumber: str, then: str) -> None:
        self._enrolled(name, address, idnumber)
        self._afterwards(then)

    @rule(number=people, what=st.sampled_from(ENROLMENT), method=st.sampled_from(METHODS), then=afterwards)
    def enrolment(self, number: int, what: str, method: str, then: str) -> None:
        moodle, course, context = self.moodle, self.course, self.moodle.course_context(self.course)
        changes: dict[str, Callable[[int], None]] = {
            "enrol": lambda user: moodle.enrol(user, course, method=method),
            "unenrol": lambda user: moodle.unenrol(user, course),
            "unenrol from one method": lambda user: moodle.unenrol(user, course, method),
            "enrol and roll back": lambda user: moodle.enrol_and_roll_back(user, course),
            "suspend": lambda user: moodle.suspend_enrolment(user, course, method),
            "reactivate": lambda user: moodle.reactivate_enrolment(user, course, method),
            "take the role": lambda user: moodle.unassign_role(user, context, "student"),
            "give the role": lambda user: moodle.assign_role(user, context, "student"),
        }
        self._with_user(number, changes[what])
        self._afterwards(then)

    @rule(number=people, start=days, end=days, then=afterwards)
    def dates(self, number: int, start: int, end: int, then: str) -> None:
        self._with_user(number, lambda user: self.moodle.set_dates(user, self.course, self._in(start), self._in(end)))
        self._afterwards(then)

    @rule(what=st.sampled_from(COURSE), method=st.sampled_from(METHODS), end=days, then=afterwards)
    def whole_course(self, what: str, method: str, end: int, then: str) -> None:
        moodle, course = self.moodle, self.course
        changes: dict[str, Callable[[], None]] = {
            "disable a method": lambda: moodle.disable_enrol_method(course, method),
            "enable all methods": lambda: [moodle.enable_enrol_method(course, each) for each in METHODS].clear(),
            "reset": lambda: moodle.reset_course(course),
            "say when it ends": lambda: moodle.set_course_enddate(course, self._in(end)),
        }
        changes[what]()
        self._afterwards(then)

    @rule(numbers=st.lists(people, max_size=4), which=few, leave=st.booleans(), then=afterwards)
    def cohort(self, numbers: list[int], which: int, leave: bool, then: str) -> None:
        """Some join, or leave; an empty one goes."""
        if not self.cohorts:
            self.cohorts.append(self.moodle.create_cohort("Cohort"))
            self.moodle.cohort_enrolment(self.cohorts[0], self.course)
        cohort = self.cohorts[which % len(self.cohorts)]
        change = self.moodle.remove_from_cohort if leave else self.moodle.add_to_cohort
        for number in numbers:
            self._with_user(number, lambda user: change(user, cohort))
        if not numbers:
            self.cohorts.remove(cohort)
            self.moodle.delete_cohort(cohort)
        self._afterwards(then)

    @rule(number=people, what=st.sampled_from(ACCOUNT), name=st.sampled_from(NAMES), then=afterwards)
    def account(self, number: int, what: str, name: str, then: str) -> None:
        changes: dict[str, Callable[[int], None]] = {
            "suspend": self.moodle.suspend_user,
            "unsuspend": self.moodle.unsuspend_user,
            "delete": self.moodle.delete_user,
            "rename": lambda user: self.moodle.rename_user(user, lastname=name),
        }
        self._with_user(number, changes[what])
        self._afterwards(then)

    @rule(number=people, address=addresses, then=afterwards)
    def change_email(self, number: int, address: str, then: str) -> None:
        self._with_user(number, lambda user: self.moodle.change_email(user, address))
        self._afterwards(then)

    @rule(number=people, other=people, what=st.sampled_from(("case", "take", "swap", "swap")), then=afterwards)
    def confuse_emails(self, number: int, other: int, what: str, then: str) -> None:
        if self.users:
            one, two = (self.users[index % len(self.users)] for index in (number, other))
            mine, hers = self._email(one), self._email(two)
            changes = {"case": {one: self._in_other_case(mine)}, "take": {one: hers}, "swap": {one: hers, two: mine}}
            for user, address in changes[what].items():
                with suppress(ValueError):
                    self.moodle.change_email(user, address)
        self._afterwards(then)

    @rule(number=people, count=st.integers(2, 5), then=afterwards)
    def move_to_another_domain(self, number: int, count: int, then: str) -> None:
        def move(user: int) -> None:
            self.moodle.change_email(user, f"moved{len(self.moodle.events)}@example.edu")

        for index in range(number, number + count):
            self._with_user(index, move)
        self._afterwards(then)

    @rule(number=people, idnumber=idnumbers, then=afterwards)
    def change_idnumber(self, number: int, idnumber: str, then: str) -> None:
        self._with_user(number, lambda user: self.moodle.change_idnumber(user, idnumber))
        self._afterwards(then)

    @rule(number=people, keeps_address=st.booleans(), address=addresses, then=afterwards)
    def replace_account(self, number: int, keeps_address: bool, address: str, then: str) -> None:
        """Somebody goes on with another account, as after a merge in Moodle."""
        if self.users:
            old = self.moodle.site.users[self.users[number % len(self.users)]]
            new = old.firstname, old.email if keeps_address else address, old.idnumber
            self.moodle.unenrol(old.id, self.course)
            self._enrolled(*new)
        self._afterwards(then)

    @rule(name=st.sampled_from(GROUPS), numbers=st.lists(people, max_size=4), then=afterwards)
    def group(self, name: str, numbers: list[int], then: str) -> None:
        group = self.moodle.create_group(self.course, name)
        self.groups.append(group)
        for number in numbers:
            self._with_user(number, lambda user: self.moodle.join_group(user, group))
        self._afterwards(then)

    @rule(number=people, which=few, what=st.sampled_from(GROUP), name=st.sampled_from(GROUPS), then=afterwards)
    def change_group(self, number: int, which: int, what: str, name: str, then: str) -> None:
        if self.groups:
            group = self.groups[which % len(self.groups)]
            changes: dict[str, Callable[[int], None]] = {
                "join": lambda user: self.moodle.join_group(user, group),
                "leave": lambda user: self.moodle.leave_group(user, group),
                "rename": lambda user: self.moodle.rename_group(group, name),
                "delete": lambda user: self.moodle.delete_group(group),
            }
            self._with_user(number, changes[what])
            self.groups = [row.id for row in self.moodle.site.groups.of_course(self.course)]
        self._afterwards(then)

    # kuraCloud, by hand

    @rule(address=addresses, idnumber=idnumbers, then=afterwards)
    def put_student(self, address: str, idnumber: str, then: str) -> None:
        names = {"givenName": "Put", "familyName": "By Hand", "externalStudentId": idnumber}
        self.kura.put_student(self.kura_course, email=address, **names)
        self._afterwards(then)

    @rule(number=people, idnumber=idnumbers, deleted=st.booleans(), then=afterwards)
    def put_user(self, number: int, idnumber: str, deleted: bool, then: str) -> None:
        """Somebody of Moodle is added, and perhaps deleted again, by hand."""
        if self.users:
            user = self.moodle.site.users[self.users[number % len(self.users)]]
            names = {"givenName": user.firstname, "familyName": user.lastname, "externalStudentId": idnumber}
            student = self.kura.put_student(self.kura_course, email=user.email, **names)
            if deleted:
                self.kura.delete_student(self.kura_course, student)
        self._afterwards(then)

    @rule(number=people, changes=edits, then=afterwards)
    def edit_student(self, number: int, changes: dict[str, str], then: str) -> None:
        """By hand nothing gets in that the dialect would cut either."""
        cut = (
            changes
            if "email" in changes
            else {it: text[: self.kura.dialect.text_maximum] for it, text in changes.items()}
        )
        self._with_student(number, lambda it: self.kura.edit_student(self.kura_course, it, **cut))
        self._afterwards(then)

    @rule(number=people, what=st.sampled_from(("delete", "restore", "purge")), then=afterwards)
    def student(self, number: int, what: str, then: str) -> None:
        kura, course = self.kura, self.kura_course
        if what == "delete":
            self._with_student(number, lambda it: kura.delete_student(course, it))
        elif what == "purge":
            self._with_student(number, lambda it: self._purge(it))
        elif deleted := kura.deleted(course):
            kura.restore_student(course, deleted[number % len(deleted)]["studentId"])
        self._afterwards(then)

    # Events, faults and time

    @rule(unanswered=few)
    def deliver(self, unanswered: int) -> None:
        self.post.unanswered = unanswered
        self._afterwards("deliver")

    @rule(fault=_kuracloud_faults, then=afterwards)
    def fault_of_kuracloud(self, fault: Fault, then: str) -> None:
        self.kura.faults.add(fault)
        self._afterwards(then)

    @rule(fault=_moodle_faults, then=afterwards)
    def fault_of_moodle(self, fault: Fault, then: str) -> None:
        self.moodle.faults.add(fault)
        self._afterwards(then)

    @rule(match=st.sampled_from(("GET .*/student$", "GET .*/student")), times=st.integers(2, 4))
    def empty_answer(self, match: str, times: int) -> None:
        """kuraCloud knows nobody any more, for a while."""
        self.kura.faults.add(Fault("empty_list", match, times=times))
        self._afterwards("look")

    @rule(fault=_hanging, chance=few)
    def hanging(self, fault: Fault, chance: int) -> None:
        """Seldom: each costs a whole time-out."""
        if chance == 0:
            self.kura.faults.add(fault)
            self.trial.impatient = True

    @rule(capability=st.sampled_from(sorted(CAPABILITIES)), groupmode=st.integers(0, 2))
    def lose_capability(self, capability: str, groupmode: int) -> None:
        self.moodle.without(capability)
        self.moodle.set_groupmode(self.course, groupmode)
        self._afterwards("look")

    @rule()
    def repair(self) -> None:
        self.kura.faults.clear()
        self.moodle.faults.clear()
        self.trial.impatient = False
        self.moodle.with_capability(*CAPABILITIES)

    @rule(seconds=st.sampled_from((1.0, 20.0, 130.0, 700.0, 25_000.0, 90_000.0)))
    def wait(self, seconds: float) -> None:
        self.clock.advance(seconds)
        self.trial.tick()

    # Turns and people's decisions

    @rule()
    def look(self) -> None:
        self._afterwards("look")

    @rule()
    def approve(self) -> None:
        if self.trial.approve():
            self.trial.tick()

    @rule()
    def reject(self) -> None:
        self.trial.reject()
        self.trial.tick()

    @rule(points=points, approved=st.booleans())
    def kill(self, points: int, approved: bool) -> None:
        if approved:
            self.trial.approve()
        self.trial.ask()
        if self.trial.turn(points, die) == "killed":
            self.clock.advance(self.world.kit.settings.lease + 1)

    @rule(points=points, number=people, other=people)
    def change_meanwhile(self, points: int, number: int, other: int) -> None:
        """Somebody leaves while the roster is being read, another one comes."""

        def change() -> None:
            self._with_user(number, lambda user: self.moodle.unenrol(user, self.course))
            self._with_user(other, lambda user: self.moodle.enrol(user, self.course))

        self.trial.ask()
        self.trial.turn(points, change)

    @rule(chance=st.integers(0, 5))
    def calm(self, chance: int) -> None:
        if chance == 0:
            self._rest()

    def _rest(self) -> None:
        self.moodle.with_capability(*CAPABILITIES)
        self.trial.calm()

    def _kit(self) -> tuple[Kit, SetClock]:
        path, clock = self._folder / "kurasync.db", SetClock()
        shutil.copyfile(self._template, path)
        database = MortalDatabase(f"sqlite:///{path}", clock=clock)
        self._stack.callback(database.dispose)
        self.fate = database.fate = Fate()
        settings = Settings(home=self._folder, database_url=f"sqlite:///{path}", secret_key=_KEY, **_TIMES)
        return Kit(settings, database, Vault([_KEY])), clock

    def _newcomer(self, number: int) -> int:
        idnumber = IDNUMBERS[number % len(IDNUMBERS)] if number < len(IDNUMBERS) else ""
        return self.world.enrol(NAMES[number % len(NAMES)], f"Family {number}", idnumber=idnumber)

    def _bring_in_step(self) -> None:
        for _ in range(2):
            self.trial.ask()
            self.trial.tick()
            self.trial.approve()

    def _in_other_case(self, address: str) -> str:
        """Of letters other than A-Z only where kuraCloud tells them apart, as kurasync does (design.md 5, Sameness).

        Elsewhere it takes two addresses for one, or shows another than was sent: no rule can bring that in step.
        """
        dialect = self.kura.dialect
        if (dialect.email_kept, dialect.email_match) == ("as_sent", "exact"):
            return address.swapcase()
        whole = unicodedata.normalize("NFC", address)
        return "".join(letter.swapcase() if letter.isascii() else letter for letter in whole)

    def _afterwards(self, then: str) -> None:
        """What follows a change: nothing, its events and their run, or a look that a person asks for."""
        if then == "deliver":
            self.sender.flush()
            self.clock.advance(self.world.kit.settings.cap)
            self.trial.tick()
        elif then == "look":
            self.trial.ask()
            self.trial.tick()

    def _enrolled(self, name: str, address: str, idnumber: str) -> None:
        user = self.moodle.create_user(name, "New", address, idnumber)
        self.moodle.enrol(user, self.course)
        self.users.append(user)

    def _purge(self, student: int) -> None:
        """Take a student out of both lists, for which kuraCloud has no word."""
        with self.kura.lock:
            del self.kura.courses[self.kura_course].roster.active[student]

    def _in(self, days: int) -> int:
        return int(self.clock() + days * 50_000) if days else 0

    def _email(self, user: int) -> str:
        return self.moodle.site.users[user].email

    def _with_user(self, number: int, act: Callable[[int], None]) -> None:
        """Do what Moodle allows with one of the users."""
        if self.users:
            with suppress(ValueError, LookupError):
                act(self.users[number % len(self.users)])

    def _with_student(self, number: int, act: Callable[[int], None]) -> None:
        students = self.kura.students(self.kura_course)
        if students:
            act(students[number % len(students)]["studentId"])
