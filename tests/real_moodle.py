"""A real Moodle with the plugin, kurasync as a running service beside it, and the sandbox's kuraCloud over HTTP.

TEST_MOODLE_URL is Moodle's address, TEST_MOODLE_DIR the folder of its config.php, TEST_MOODLE_PHP the command that runs
php as the user who owns Moodle's data (default: php). Moodle has to be served by PHP-FPM, and to have the plugin
installed but not connected. What a trial makes there it takes away again; settings it changes are put back.
"""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import requests

from sandbox.demo.service import Service
from sandbox.kuracloud.dialect import Dialect
from sandbox.kuracloud.sim import SimKuraCloud
from tests.real_moodle_visitor import PASSWORD, Visitor

STUDENTS = 6
_STEPS = Path(__file__).parent / "moodle_steps" / "run.php"
_DELIVER = "--execute=\\local_kurasync\\task\\deliver_events"
_FUNCTIONS = ("enrol_manual_enrol_users", "core_user_update_users")
_OPEN = {
    "curlsecurityblockedhosts": "",
    "curlsecurityallowedport": "",
    "enablewebservices": "1",
    "webserviceprotocols": "rest",
}
_WAIT = 60.0
_LOOK = 0.2
_TIMES = {"QUIET": "1", "CAP": "5", "TICK": "0.2", "GRACE": "5", "GRACE_DEAD": "2", "LEASE": "60", "BACKOFF": "0.5"}

Shown = tuple[str, str, str, str]
"""A student as kuraCloud shows her: givenName, familyName, externalStudentId, section."""


class RealMoodle:
    """The Moodle that the environment names."""

    def __init__(self) -> None:
        try:
            self.url, self._folder = os.environ["TEST_MOODLE_URL"].rstrip("/"), os.environ["TEST_MOODLE_DIR"]
        except KeyError as missing:
            pytest.fail(f"{missing} is not set: it has to name a Moodle (tests/real_moodle.py).")
        self._php = shlex.split(os.environ.get("TEST_MOODLE_PHP", "php"))
        self._token = self._service_token = ""

    def do(self, step: str, /, **given: Any) -> Any:
        """Take one step of tests/moodle_steps by the command line; returns its answer."""
        return self.do_all((step, given))[0]

    def do_all(self, *steps: tuple[str, Mapping[str, Any]]) -> list[Any]:
        """Take several in one process."""
        said = self.php(str(_STEPS), self._folder, given=json.dumps(steps))
        return list(json.loads(said.rstrip().rpartition("\n")[2]))

    def php(self, script: str, *arguments: str, given: str = "") -> str:
        """Run a script of Moodle's, or any by its whole path; fails the test with what it said."""
        command = [*self._php, str(Path(self._folder, script)), *arguments]
        done = subprocess.run(
            command, input=given, capture_output=True, text=True, timeout=300, check=False, cwd=self._folder
        )
        assert done.returncode == 0, f"{script} ended with {done.returncode}:\n{(done.stdout + done.stderr)[-4000:]}"
        return done.stdout

    def deliver(self) -> None:
        """The scheduled task that delivers what waits, as cron runs it."""
        self.php("admin/cli/scheduled_task.php", _DELIVER)

    def is_delivered(self) -> bool:
        """Whether nothing waits any more, after cron has tried once more."""
        self.deliver()
        return bool(self.do("outbox")["waiting"] == 0)

    def call(self, function: str, *, as_kurasync: bool = False, **parameters: Any) -> Any:
        """A web service function, with the administrator's token or the service user's: a request like any other."""
        token = self._service_token if as_kurasync else self._token
        given = {"wstoken": token, "wsfunction": function, "moodlewsrestformat": "json"}
        sent = {**given, **dict(_bracketed(parameters))}
        answer = requests.post(f"{self.url}/webservice/rest/server.php", data=sent, timeout=60)
        found = answer.json()
        assert not (isinstance(found, dict) and "exception" in found), found
        return found

    def visitor(self, username: str) -> Visitor:
        """Somebody who logs in."""
        return Visitor(self.url, username)

    @contextmanager
    def prepared(self, tag: str) -> Iterator[None]:
        """Open for the trial: deliveries to this machine are allowed, and the administrator has a token."""
        assert self.do("connected_to") == "", (
            "This Moodle is connected to a kurasync already. Take another, or end that: "
            "`php local/kurasync/cli/clone.php --forget` drops the connection and what waits."
        )
        name = f"trial{tag}"
        steps = ("settings", {"values": _OPEN}), ("open_service", {"name": name, "functions": _FUNCTIONS})
        before, self._token = self.do_all(*steps)
        try:
            yield
        finally:
            self.do_all(("close_service", {"name": name}), ("disconnect", {}), ("settings", {"values": before}))

    def set_up(self, url: str) -> str:
        """Connect the plugin to kurasync at this address: what its set-up wrote, for `kurasync site add --file`."""
        folder = Path(tempfile.mkdtemp())
        try:
            folder.chmod(0o1777)
            file = folder / "site.json"
            self.php("local/kurasync/cli/setup.php", f"--url={url}", f"--file={file}", "--enable")
            written = file.read_text()
        finally:
            shutil.rmtree(folder)
        self._service_token = json.loads(written)["token"]
        return written


@dataclass
class RealWorld:
    """Everything one trial has; `tag` stands in all names that it makes."""

    moodle: RealMoodle
    kura: SimKuraCloud
    service: Service
    tag: str
    category: int
    people: list[int] = field(default_factory=list)

    def new_people(self, number: int = 1, **fields: str) -> list[int]:
        """New accounts in Moodle, in no course yet."""
        first = len(self.people) + 1
        accounts = [{**self._account(each), **fields} for each in range(first, first + number)]
        made = [int(each) for each in self.moodle.do("people", accounts=accounts)]
        self.people += made
        return made

    def unmapped_course(self, students: int = STUDENTS) -> RealCourse:
        """A new course with students in Moodle, and one in kuraCloud that goes by the same name."""
        name = f"trial-{self.tag}-{len(self.kura.courses) + 1}"
        courseid = self.moodle.do("course", categoryid=self.category, fullname=f"Physiology {name}", shortname=name)
        made = RealCourse(self, name, courseid, self.kura.add_course(name), 0, self.new_people(students))
        self.moodle.do("enrol", courseid=courseid, userids=made.userids)
        return made

    def course(self, students: int = STUDENTS) -> RealCourse:
        """A new course with students, mapped, its first plan approved, in step."""
        made = self.unmapped_course(students)
        made.map()
        made.approve("add")
        made.wait("the first students are in kuraCloud", lambda: len(made.shown()) == students)
        return made

    def teacher(self, courseid: int) -> int:
        """A new account that teaches a course."""
        (teacher,) = self.new_people()
        self.moodle.do("enrol", courseid=courseid, userids=[teacher], role="editingteacher")
        return teacher

    def visitor(self, userid: int) -> Visitor:
        """Somebody of these accounts, logged in."""
        return self.moodle.visitor(self.username(userid))

    def username(self, userid: int) -> str:
        """What an account is called."""
        return f"person{self.people.index(userid) + 1}.{self.tag}"

    def email(self, userid: int) -> str:
        """The address that an account was made with."""
        return f"{self.username(userid)}@example.edu"

    def _account(self, number: int) -> dict[str, str]:
        username = f"person{number}.{self.tag}"
        return {
            "username": username,
            "password": PASSWORD,
            "firstname": f"Given{number}",
            "lastname": f"Family{number}",
            "email": f"{username}@example.edu",
            "idnumber": f"N{number}-{self.tag}",
        }


@dataclass
class RealCourse:
    """A Moodle course mapped to a kuraCloud course."""

    world: RealWorld
    name: str
    courseid: int
    kura_course: int
    mapping: int
    userids: list[int]

    def map(self) -> None:
        """Map both courses; whatever has to be done first waits for a person."""
        added = self.world.service.read("mapping", "add", f"uni:{self.courseid}", f"kura:{self.kura_course}")
        self.mapping = added["id"]

    def offered(self) -> str:
        """What `kurasync mapping show` says to do about it."""
        return str(self.described()["obstacle"])

    def repointed(self, courseid: int) -> RealCourse:
        """The mapping with another Moodle course, as its suspension offers."""
        self.world.service.command("mapping", "repoint", str(self.mapping), "--moodle", f"uni:{courseid}", "--yes")
        return replace(self, courseid=courseid)

    def publish(self, title: str) -> Lesson:
        """A new lesson in kuraCloud."""
        kura = self.world.kura
        lesson = kura.add_lesson(self.kura_course, title)
        return Lesson(self, lesson, kura.add_revision(self.kura_course, lesson, title, {"q1": 10.0}))

    def shown(self) -> dict[str, Shown]:
        """kuraCloud's active students by e-mail."""
        return {
            each["email"]: (
                each["givenName"],
                each["familyName"],
                each["externalStudentId"] or "",
                each["section"] or "",
            )
            for each in self.world.kura.students(self.kura_course)
        }

    def has(self, userid: int) -> bool:
        """Whether an account's address is that of an active student."""
        return self.world.email(userid) in self.shown()

    def given(self, userid: int) -> str:
        """The givenName of the active student with the account's address."""
        return self.shown()[self.world.email(userid)][0]

    def studentid(self, userid: int) -> int:
        """Of the active student with the account's address."""
        active = self.world.kura.students(self.kura_course)
        return next(each["studentId"] for each in active if each["email"] == self.world.email(userid))

    def invited(self) -> list[str]:
        """Addresses to which kuraCloud sent invitations, in order."""
        return [email for course, email, _ in self.world.kura.invites if course == self.kura_course]

    def do(self, step: str, /, **given: Any) -> Any:
        """A step in Moodle by the command line, whose events cron delivers."""
        began = time.monotonic()
        done = self.world.moodle.do(step, **given)
        self.world.moodle.deliver()
        print(f"{time.monotonic() - began:6.1f} s  {step}, and its events delivered")
        return done

    def wait(self, what: str, holds: Callable[[], object], seconds: float = _WAIT) -> float:
        """Wait until something is true, and say how long it took; fails the test when it does not come true."""
        began = time.monotonic()
        while not holds():
            if time.monotonic() - began > seconds:
                pytest.fail(f"{what}: not within {seconds:g} s\n{self._state()}")
            time.sleep(_LOOK)
        took = time.monotonic() - began
        print(f"{took:6.1f} s  {what}")
        return took

    def approve(self, *kinds: str) -> list[dict[str, Any]]:
        """Wait for something that is held, approve it, and return its actions."""
        found: list[dict[str, Any]] = []

        def waits() -> bool:
            listed = self.world.service.read("holds", "list", "--mapping", str(self.mapping))
            found[:] = [each for each in listed if each["state"] == "open"]
            return bool(found)

        self.wait("it waits for a person", waits)
        shown = self.world.service.read("holds", "show", str(found[0]["id"]))
        assert not kinds or {item["action"] for item in shown["items"]} == set(kinds)
        self.world.service.command("holds", "approve", str(shown["id"]), "--digest", shown["digest"])
        return list(shown["items"])

    def described(self) -> dict[str, Any]:
        """What `kurasync mapping show` says."""
        return dict(self.world.service.read("mapping", "show", str(self.mapping)))

    def runs(self, kind: str = "roster") -> list[dict[str, Any]]:
        """The runs of a kind, the newest first."""
        arguments = ("--mapping", str(self.mapping), "--kind", kind, "--limit", "1000")
        return list(self.world.service.read("runs", "list", *arguments))

    def sync_grades(self, *, expect: Collection[int] = (0,)) -> dict[str, Any]:
        """Ask for the grades and wait for the run: its plan, with what was left and why."""
        self.world.service.command("grades", str(self.mapping), "--wait", "--timeout", "60", expect=tuple(expect))
        done = next(run for run in self.runs("grades") if run["outcome"] == "done")
        print(f"{done['seconds']:6.1f} s  grades: {done['message']}")
        return dict(self.world.service.read("runs", "show", str(done["id"]))["plan"])

    def book(self) -> list[dict[str, Any]]:
        """The columns of kuraCloud's in Moodle's gradebook, the oldest first."""
        columns = self.world.moodle.do("gradebook", courseid=self.courseid)
        return sorted(columns, key=lambda column: int(column["id"]))

    def grade(self, userid: int) -> float | None:
        """What Moodle's gradebook holds for a student in the only column."""
        columns = self.book()
        assert len(columns) == 1
        found: float | None = columns[0]["grades"].get(str(userid))
        return found

    def writes(self) -> list[str]:
        """What the audit says was written to either system for this mapping, in order, each with its two rows."""
        rows = self.world.service.read("audit", "list", "--mapping", str(self.mapping), "--limit", "1000")
        begun = [row["call"] for row in reversed(rows) if row["phase"] == "begin"]
        ended = {row["call"]: row for row in rows if row["phase"] == "end"}
        assert sorted(begun) == sorted(ended)
        assert {row["outcome"] for row in ended.values()} <= {"done"}
        return [ended[call]["operation"] for call in begun if ended[call]["system"] != "kurasync"]

    def _state(self) -> str:
        service = self.world.service
        return "\n".join(
            (
                service.command("runs", "list", "--mapping", str(self.mapping), "--limit", "5"),
                service.command("queues", expect=(0, 4)),
                f"kuraCloud: {self.shown()}",
                f"Moodle's outbox: {self.world.moodle.do('outbox')}",
            )
        )


@dataclass(frozen=True)
class Lesson:
    """A published lesson with one revision of one question."""

    course: RealCourse
    lesson: int
    revision: int

    def grade(self, userid: int, grade: float | None) -> None:
        """kuraCloud's grade of a student; None: a row that is empty."""
        kura, course = self.course.world.kura, self.course
        kura.set_grade(course.kura_course, self.revision, course.studentid(userid), {"q1": grade})

    def change(self, title: str, maximum: float) -> None:
        """Give it another title and another maximum."""
        kura, number = self.course.world.kura, self.course.kura_course
        (lesson,) = kura.lessons(number)
        (revision,) = lesson["gradedPublishedRevisions"]
        changed = {
            **revision,
            "publishedRevisionTitle": title,
            "questions": [{**each, "maxGrade": maximum} for each in revision["questions"]],
        }
        kura.set_lessons(number, [{**lesson, "publishedLessonTitle": title, "gradedPublishedRevisions": [changed]}])


@contextmanager
def real_world(folder: Path) -> Iterator[RealWorld]:
    """Moodle, the service and kuraCloud, connected with each other; taken apart at the end."""
    moodle, tag = RealMoodle(), uuid4().hex[:6]
    dialect = Dialect(duplicate_add="second")
    with (
        moodle.prepared(tag),
        SimKuraCloud.serving(dialect) as kura,
        Service.running(folder, _TIMES) as service,
    ):
        file = moodle.set_up(f"{service.url}/events/uni")
        service.command("site", "add", "--file", "-", given=file)
        service.command("instance", "add", "kura", "--url", kura.url, "--token-file", "-", given=kura.token)
        print(moodle.do("versions"))
        made = RealWorld(moodle, kura, service, tag, moodle.do("category", name=f"trial {tag}"))
        try:
            yield made
        finally:
            people = ("delete_people", {"userids": made.people})
            moodle.do_all(("delete_category", {"categoryid": made.category}), people)


def _bracketed(value: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """Parameters in the form that PHP reads: `options[0][name]`."""
    if not isinstance(value, Mapping | list):
        yield name, value
        return
    parts = value.items() if isinstance(value, Mapping) else enumerate(value)
    for key, part in parts:
        yield from _bracketed(part, f"{name}[{key}]" if name else str(key))
