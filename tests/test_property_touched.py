"""As long as no event is lost, the roster kept from looks at a few users is what Moodle holds, and so is kuraCloud."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.kit import Kit
from app.settings import Settings
from app.store import rosters
from app.store.db import Database
from app.store.vault import Vault
from sandbox.moodle.senders import Disorder, Sender
from tests.conftest import SetClock
from tests.post import Post, sender
from tests.world import World, world

ROSTER = "local_kurasync_get_roster"
_KEY = Fernet.generate_key().decode()
_EVERYTHING = {"removals_least": 1000, "removals_share": 1.0, "removals_most": 1000}

ACCOUNT = ("rename", "renumber", "other address", "suspend the account", "unsuspend the account")
KINDS = (
    *("enrol", "enrol", "unenrol", "enrol again", "suspend", "reactivate", "take the role", "give the role"),
    *ACCOUNT,
    *("join", "leave", "rename the group", "delete the group", "disable the method", "enable the method"),
    *("begin later", "end later", "join the cohort", "leave the cohort"),
)
steps = st.tuples(st.sampled_from(KINDS), st.integers(0, 7))
days = st.lists(st.tuples(st.lists(steps, min_size=1, max_size=3), st.sampled_from((0, 0, 40, 100))), max_size=12)


class Days:
    """One course, whose Moodle sends every event in order."""

    def __init__(self, made: World, posted: Sender) -> None:
        self.world, self.moodle, self.course, self.posted = made, made.moodle, made.course, posted
        self.users = [made.enrol("Given", f"Family {number}") for number in range(6)]
        self.group = self.moodle.create_group(self.course, "Section A")
        self.cohort = self.moodle.create_cohort("Cohort")
        self.moodle.cohort_enrolment(self.cohort, self.course)
        self.seen: Counter[str] = Counter()

    def do(self, kind: str, number: int) -> None:
        """What Moodle does not allow is left out; accounts change of those alone who are or were linked."""
        moodle, course, context = self.moodle, self.course, self.moodle.course_context(self.course)
        user, name = self.users[number % len(self.users)], f"Changed {len(self.moodle.events)}"
        later = int(self.world.clock()) + 60
        changes: dict[str, Callable[[], object]] = {
            "enrol": lambda: self.users.append(self.world.enrol("New", name)),
            "unenrol": lambda: moodle.unenrol(user, course),
            "enrol again": lambda: moodle.enrol(user, course),
            "suspend": lambda: moodle.suspend_enrolment(user, course),
            "reactivate": lambda: moodle.reactivate_enrolment(user, course),
            "take the role": lambda: moodle.unassign_role(user, context, "student"),
            "give the role": lambda: moodle.assign_role(user, context, "student"),
            "rename": lambda: moodle.rename_user(user, lastname=name),
            "renumber": lambda: moodle.change_idnumber(user, name),
            "other address": lambda: moodle.change_email(user, f"changed{len(moodle.events)}@example.edu"),
            "suspend the account": lambda: moodle.suspend_user(user),
            "unsuspend the account": lambda: moodle.unsuspend_user(user),
            "join": lambda: moodle.join_group(user, self.group),
            "leave": lambda: moodle.leave_group(user, self.group),
            "rename the group": lambda: moodle.rename_group(self.group, name),
            "delete the group": self._another_group,
            "disable the method": lambda: moodle.disable_enrol_method(course),
            "enable the method": lambda: moodle.enable_enrol_method(course),
            "begin later": lambda: moodle.set_dates(user, course, later, 0),
            "end later": lambda: moodle.set_dates(user, course, 0, later),
            "join the cohort": lambda: moodle.add_to_cohort(user, self.cohort),
            "leave the cohort": lambda: moodle.remove_from_cohort(user, self.cohort),
        }
        if kind in ACCOUNT:
            linked = {link.userid for link in (*self.world.links(), *self.world.links(ended=True))}
            if user not in linked:
                return
        with suppress(ValueError, LookupError):
            changes[kind]()

    def _another_group(self) -> None:
        self.moodle.delete_group(self.group)
        self.group = self.moodle.create_group(self.course, "Section B")

    def deliver(self) -> None:
        """Let everything that is due come to its end, and count the looks."""
        self.posted.flush()
        self.world.clock.advance(self.world.kit.settings.cap)
        self.moodle.calls.clear()
        while (outcome := self.world.turn()) != "refused":
            assert outcome == "done"
        looks = [call for call in self.moodle.calls if call.name == ROSTER]
        few = [any(name.startswith("userids") for name in call.body) for call in looks]
        self.seen["few alone"] += bool(few) and all(few)

    def check(self) -> None:
        """The roster kept is the one that Moodle holds, and kuraCloud has nobody else."""
        with self.world.kit.database.reading() as tx:
            known = rosters.get(tx, self.world.mapping_id)
        assert known is not None
        held = self.moodle.expected_students(self.course)
        assert [(each.userid, each.lastname, each.email, each.idnumber, [name for _, name in each.groups])
                for each in known.members] == [
            (each["id"], each["lastname"], each["email"], each["idnumber"], [group["name"] for group in each["groups"]])
            for each in held
        ]
        if not self.world.hold():
            assert {link.userid for link in self.world.links()} == {each["id"] for each in held}


def _sender(made: World) -> Sender:
    return sender(Post(made.kit, made.site_id, "signed"), "signed", Disorder())


@contextmanager
def course(template: Path, folder: Path) -> Iterator[Days]:
    path, clock = folder / "kurasync.db", SetClock()
    shutil.copyfile(template, path)
    database = Database(f"sqlite:///{path}", clock=clock)
    kit = Kit(Settings(home=folder, database_url=f"sqlite:///{path}", secret_key=_KEY), database, Vault([_KEY]))
    try:
        with world(kit, clock) as made, closing(_sender(made)) as posted:
            made.moodle.install_plugin()
            made.set(**_EVERYTHING, email_changed="auto")
            made.moodle.attach(posted)
            found = Days(made, posted)
            made.sync()
            yield found
    finally:
        database.dispose()


@pytest.mark.timeout(300)
def test_the_roster_that_is_kept_is_the_one_that_moodle_holds(sqlite_template: Path, tmp_path: Path) -> None:
    seen: Counter[str] = Counter()

    @settings(
        max_examples=40,
        deadline=None,
        database=None,
        derandomize=True,
        print_blob=False,
        suppress_health_check=list(HealthCheck),
    )
    @given(days)
    def live(drawn: list[tuple[list[tuple[str, int]], int]]) -> None:
        with course(sqlite_template, tmp_path) as made:
            made.deliver()
            for changes, seconds in drawn:
                for kind, number in changes:
                    made.do(kind, number)
                made.deliver()
                made.world.clock.advance(seconds)
                made.deliver()
                made.check()
            seen.update(made.seen)

    live()
    assert seen["few alone"] > 20, "hardly any look was at a few users: the trial says nothing about them"
