"""Where the events of a run name a few users and nothing else, these alone are read, and never as proof of a leaver."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace

import pytest

from app.kit import Kit
from app.planning.rules import Rules
from app.store import rosters, runs, sites
from app.store.rosters import KnownRoster
from app.store.runs import Run
from app.sync.ask import ask
from app.sync.connect import sides as both_sides
from app.sync.intake import Parcel, accept
from app.sync.reconcile import reconcile
from app.sync.touched import Touched, read_touched
from sandbox.faults import Fault
from sandbox.moodle.senders import Disorder, Sender
from tests.conftest import SetClock
from tests.making import event
from tests.post import Post, sender
from tests.world import World, world

ROSTER = "local_kurasync_get_roster"


class Course:
    """Six students read whole through the plugin, and Moodle's events, taken in when they are delivered."""

    def __init__(self, made: World, posted: Sender) -> None:
        self.world, self.moodle, self.kura, self.clock = made, made.moodle, made.kura, made.clock
        self.id, self.posted = made.course, posted
        self.users = [made.enrol("Given", f"Family {number}", idnumber=f"S{number}") for number in range(6)]
        made.sync()
        self.deliver()
        self.forget()

    def forget(self) -> None:
        self.moodle.calls.clear()
        self.kura.calls.clear()

    def deliver(self) -> Run:
        """Take in what Moodle sent, and run when it is due."""
        self.posted.flush()
        self.clock.advance(self.world.kit.settings.cap)
        self.world.outcomes.append(self.world.turn())
        return self.last()

    def last(self) -> Run:
        with self.world.kit.database.reading() as tx:
            run = runs.last(tx, self.world.mapping_id, "roster")
        assert run is not None
        return run

    def asked(self) -> list[list[int]]:
        """The users of each look at Moodle since the last time this was asked, [] for a whole one."""
        found = [call.body for call in self.moodle.calls if call.name == ROSTER]
        self.moodle.calls.clear()
        return [[int(value) for name, value in body.items() if name.startswith("userids")] for body in found]

    def known(self) -> KnownRoster:
        with self.world.kit.database.reading() as tx:
            found = rosters.get(tx, self.world.mapping_id)
        assert found is not None
        return found

    def newcomer(self) -> int:
        return self.world.enrol("New", "Comer")


@contextmanager
def course_at(kit: Kit, clock: SetClock, way: str = "signed") -> Iterator[Course]:
    with world(kit, clock) as made:
        made.moodle.install_plugin()
        with closing(sender(Post(kit, made.site_id, way), way, Disorder())) as posted:
            made.moodle.attach(posted)
            yield Course(made, posted)


@pytest.fixture
def course(sqlite_kit: Kit, clock: SetClock) -> Iterator[Course]:
    with course_at(sqlite_kit, clock) as made:
        yield made


def test_a_newcomer_alone_is_read(course: Course) -> None:
    userid = course.newcomer()
    assert course.deliver().counts == {"add": 1}
    assert course.asked() == [[userid]]
    assert [member.userid for member in course.known().members] == [*course.users, userid]


def test_a_name_a_group_and_a_role_are_matters_of_one_user(course: Course) -> None:
    first, second, third, *_ = course.users
    group = course.moodle.create_group(course.id, "Section A")
    course.deliver()
    course.asked()
    course.moodle.rename_user(third, lastname="Renamed")
    course.moodle.join_group(first, group)
    course.moodle.assign_role(second, course.moodle.course_context(course.id), "teacher")
    assert course.deliver().counts == {"edit": 2}
    assert course.asked() == [[first, second, third]]
    known = {member.userid: member for member in course.known().members}
    assert (known[first].groups, known[third].lastname) == (((group, "Section A"),), "Renamed")


def test_where_nothing_changed_nothing_is_kept_anew(course: Course) -> None:
    before = course.known()
    course.moodle.rename_user(course.users[0], lastname="Family 0")
    assert course.deliver().counts == {}
    assert (course.asked(), course.known()) == ([course.users[:1]], before)


WHOLE: dict[str, Callable[[Course], object]] = {
    "a group's name": lambda course: course.moodle.create_group(course.id, "Section A"),
    "the course itself": lambda course: course.moodle.set_course_enddate(course.id, int(course.clock()) + 10**7),
    "an enrolment method": lambda course: course.moodle.enable_enrol_method(course.id, "self"),
    "a person": lambda course: ask(course.world.kit, course.world.mapping_id, "roster"),
    "a person who does not wait": lambda course: ask(
        course.world.kit, course.world.mapping_id, "roster", urgent=False
    ),
    "more users than a few": lambda course: [course.newcomer() for _ in range(21)],
    "other rules": lambda course: course.world.set(roles=["student"]),
}


@pytest.mark.parametrize("why", WHOLE)
def test_what_is_about_more_than_a_few_users_is_read_whole(course: Course, why: str) -> None:
    WHOLE[why](course)
    course.newcomer()
    assert course.deliver().outcome == "done"
    assert course.asked() == [[]]


def test_as_many_as_the_setting_says_are_few(sqlite_kit: Kit, clock: SetClock) -> None:
    kit = replace(sqlite_kit, settings=replace(sqlite_kit.settings, touched_most=2))
    with course_at(kit, clock) as course:
        newcomers = [course.newcomer() for _ in range(2)]
        course.deliver()
        assert course.asked() == [newcomers]
        for _ in range(3):
            course.newcomer()
        course.deliver()
        assert course.asked() == [[]]


def test_a_leaver_is_proven_by_reading_whole_in_the_same_run(course: Course) -> None:
    course.moodle.unenrol(course.users[0], course.id)
    assert course.deliver().counts == {"delete": 1}
    assert course.asked() == [course.users[:1], []]
    assert [member.userid for member in course.known().members] == course.users[1:]


def test_an_account_is_replaced_after_a_whole_look_only(course: Course) -> None:
    course.world.set(email_changed="auto")
    course.world.sync()
    course.asked()
    course.moodle.change_email(course.users[0], "other@example.edu")
    assert course.deliver().counts == {"reinvite": 1}
    assert course.asked() == [course.users[:1], []]


def test_a_leaver_whom_the_second_answer_shows_is_not_removed(course: Course) -> None:
    """The first look must never be the ground of a removal: she may have been enrolled again meanwhile."""
    first = course.users[0]
    course.moodle.unenrol(first, course.id)
    course.world.before_call(ROSTER, 2, lambda: course.moodle.enrol(first, course.id))
    assert course.deliver().counts == {}
    assert course.world.writes() == []


def test_what_would_be_held_or_a_conflict_is_looked_at_whole(course: Course) -> None:
    first, second, *_ = course.users
    course.moodle.change_email(first, "")
    assert course.deliver().counts == {"conflicts": 1}
    assert course.asked() == [[first], []]
    course.moodle.change_email(second, "other@example.edu")
    assert course.deliver().counts == {"conflicts": 1, "held": 1}
    assert course.asked() == [[second], []]


def test_while_somebody_waits_every_look_is_whole_for_nobody_else_may_be_forgotten(course: Course) -> None:
    course.world.set(mode="review")
    course.newcomer()
    assert course.deliver().counts == {"held": 1}
    course.newcomer()
    assert course.deliver().counts == {"held": 2}
    assert course.asked()[1::2] == [[], []]


def test_what_it_finds_of_others_is_done_after_a_whole_look_only(course: Course) -> None:
    """Of those who were not looked at, only what was known before is known."""
    first, second, *_ = course.users
    link = next(link for link in course.world.links() if link.userid == second)
    course.kura.edit_student(course.world.kura_course, link.studentid, givenName="By hand")
    course.moodle.rename_user(first, firstname="Renamed")
    assert course.deliver().counts == {"edit": 2}
    assert course.asked() == [[first], []]


def test_a_run_that_failed_is_followed_by_a_whole_look(course: Course) -> None:
    course.moodle.faults.add(Fault("status", match=ROSTER, status=503))
    course.newcomer()
    assert course.deliver().outcome == "retry"
    course.moodle.faults.clear()
    course.asked()
    course.clock.advance(900)
    assert course.world.turn() == "done"
    assert course.asked() == [[]]


@pytest.fixture
def told_early(sqlite_kit: Kit, clock: SetClock) -> Iterator[Course]:
    """The same course; its events come before Moodle's commit, and a minute later there is another look."""
    kit = replace(sqlite_kit, settings=replace(sqlite_kit.settings, recheck_unsigned=60.0))
    with course_at(kit, clock, "local_webhooks") as made:
        made.clock.advance(60)
        assert made.world.turn() == "done"
        made.asked()
        yield made


def test_the_look_after_an_event_that_came_before_moodles_commit_is_whole(told_early: Course) -> None:
    userid = told_early.newcomer()
    told_early.deliver()
    told_early.clock.advance(60)
    assert told_early.world.turn() == "done"
    assert told_early.asked() == [[userid], []]


def test_a_recheck_is_not_swallowed_by_an_event_that_comes_just_before_it(told_early: Course) -> None:
    told_early.newcomer()
    told_early.deliver()
    told_early.asked()
    told_early.clock.advance(58)
    told_early.newcomer()
    told_early.deliver()
    assert told_early.asked() == [[]]


def test_a_recheck_is_not_swallowed_by_an_event_that_comes_when_it_is_due_already(told_early: Course) -> None:
    told_early.newcomer()
    told_early.deliver()
    told_early.asked()
    told_early.clock.advance(60)
    told_early.newcomer()
    told_early.posted.flush()
    assert told_early.world.turn() == "done"
    assert told_early.asked() == [[]]


def test_a_roster_that_was_read_too_long_ago_is_read_whole(course: Course) -> None:
    course.clock.advance(course.world.kit.settings.reconcile)
    course.newcomer()
    course.deliver()
    assert course.asked() == [[]]


def test_reconciling_reads_whole(course: Course) -> None:
    course.clock.advance(course.world.kit.settings.reconcile + 1)
    assert reconcile(course.world.kit, 10) == 1
    course.deliver()
    assert course.asked() == [[]]


def test_an_enrolment_that_has_begun_by_its_date_since_is_read_whole(course: Course) -> None:
    late = course.moodle.create_user("Late", "Comer", "late@example.edu")
    course.moodle.enrol(late, course.id, timestart=int(course.clock()) + 60)
    course.deliver()
    course.asked()
    course.clock.advance(60 - course.world.kit.settings.cap)
    course.newcomer()
    assert course.deliver().counts == {"add": 2}
    assert course.asked() == [[]]


def test_the_moment_of_a_change_counts_also_where_a_newer_look_took_the_place_of_its_own(course: Course) -> None:
    """Something is wanted during the run that learns of the moment: then no look is scheduled for it, yet."""
    late = course.moodle.create_user("Late", "Comer", "late@example.edu")
    course.moodle.enrol(late, course.id, timestart=int(course.clock()) + 60)

    def meanwhile() -> None:
        course.newcomer()
        course.posted.flush()

    course.world.before_call(ROSTER, 1, meanwhile)
    course.world.sync()
    course.asked()
    course.clock.advance(61)
    assert course.world.turn() == "done"
    assert (course.asked(), len(course.world.links())) == ([[]], 8)


def test_an_event_that_does_not_say_whom_it_is_about_is_about_all(course: Course) -> None:
    """A template of tool_trigger may leave the user out."""
    newcomer = course.newcomer()
    with course.world.kit.database.reading() as tx:
        site = sites.get(tx, course.world.site_id)
    assert site is not None
    nobody = event("nobody", course.id, None)
    accept(course.world.kit, [Parcel(site, "tool_trigger", None, [nobody])])
    course.deliver()
    assert course.asked() == [[]]
    course.moodle.rename_user(newcomer, lastname="Ng")
    course.deliver()
    assert course.asked() == [[newcomer]]


@pytest.mark.parametrize(("known", "now", "next_moment"), [(None, 900, 900), (500, 900, 500), (500, 0, 500)])
def test_a_look_at_a_few_proves_nothing_and_knows_the_moments_of_both(
    course: Course, known: float | None, now: float, next_moment: float
) -> None:
    start = int(course.clock())
    if now:
        course.moodle.set_dates(course.users[5], course.id, timeend=start + int(now))
    first = course.users[0]
    course.moodle.unenrol(first, course.id)
    of = Touched(replace(course.known(), next_change=None if known is None else start + known), (first,))
    with both_sides(course.world.kit, course.world.mapping_id) as both:
        found = read_touched(both, Rules(), of)
    assert (found.proven, found.next_change) == (False, start + next_moment)
    assert [member.userid for member in found.members] == course.users[1:]


def test_a_course_that_was_never_read_through_the_plugin_is_read_whole_first(sqlite_kit: Kit, clock: SetClock) -> None:
    with course_at(sqlite_kit, clock) as course:
        elsewhere = course.world.another()
        course.deliver()
        course.asked()
        elsewhere.enrol()
        course.posted.flush()
        course.clock.advance(15)
        assert elsewhere.turn() == "done"
        assert course.asked() == [[]]


def test_a_preview_is_whole(course: Course) -> None:
    course.newcomer()
    course.posted.flush()
    assert len(course.world.preview().plan.actions) == 1
    assert course.asked() == [[]]


def test_lms_switched_off_in_kuracloud_is_repaired_by_a_run_of_few_users_too(course: Course) -> None:
    course.kura.set_course(course.world.kura_course, lmsEnabled=False)
    course.newcomer()
    assert course.deliver().counts == {"add": 1}


def test_a_run_that_lost_its_lease_keeps_nothing(course: Course) -> None:
    before = course.known()
    course.newcomer()

    def take_it_back() -> None:
        course.clock.advance(course.world.kit.settings.lease + 1)

    course.world.before_call(ROSTER, 1, take_it_back)
    course.deliver()
    assert course.known() == before
