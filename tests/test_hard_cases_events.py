"""Hard cases of events: rolled back, doubled a thousandfold, in every order, mangled (design.md 2: a hint, no fact)."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from itertools import permutations
from typing import Any

import pytest
from werkzeug.test import TestResponse

from app.kit import Kit
from app.store import events, runs
from sandbox.kuracloud.dialect import Dialect
from tests.campus import Campus, campus, in_step, invited_twice, with_students
from tests.conftest import SetClock
from tests.receiving import sealed
from tests.world import SECRET, World

STORM = 500


@pytest.fixture(params=[True, False], ids=["plugin", "stock"])
def either(request: pytest.FixtureRequest, sqlite_kit: Kit, clock: SetClock) -> Iterator[Campus]:
    with campus(sqlite_kit, clock, plugin=request.param) as made:
        yield made


@pytest.fixture
def made(sqlite_kit: Kit, clock: SetClock) -> Iterator[Campus]:
    with campus(sqlite_kit, clock) as made:
        yield made


def runs_of(made: World) -> int:
    with made.kit.database.reading() as tx:
        return len(runs.search(tx, mapping_id=made.mapping_id, kind="roster", limit=10_000))


def stored(made: Campus) -> int:
    with made.world.kit.database.reading() as tx:
        return len(events.search(tx, limit=100_000))


# Rolled-back event


def test_rolled_back_event(either: Campus) -> None:
    """Moodle told of an enrolment that was then rolled back: nobody is added, invited or remembered."""
    made = either.world
    with_students(either, 3)
    before = len(made.kura.invites)
    nobody = made.moodle.create_user("Never", "Enrolled", "never@example.edu")
    made.moodle.enrol_and_roll_back(nobody, made.course)
    told = [event for event in either.mail.events if event["relateduserid"] in (nobody, str(nobody))]
    names = [event["eventname"].rpartition("\\")[2] for event in told]
    assert {"user_enrolment_created", "role_assigned"} <= set(names)
    assert set(either.rest()) == {"done"}
    assert len(made.kura.invites) == before
    assert nobody not in {link.userid for link in made.links()}
    in_step(made)


def test_rolled_back_event_that_is_tried_again_and_succeeds(either: Campus) -> None:
    """... and when the second attempt goes through, its event leads to one invitation."""
    made = either.world
    with_students(either, 3)
    user = made.moodle.create_user("Second", "Attempt", "second@example.edu")
    made.moodle.enrol_and_roll_back(user, made.course)
    either.rest()
    made.moodle.enrol(user, made.course)
    either.rest()
    assert [email for _, email, _ in made.kura.invites].count("second@example.edu") == 1
    in_step(made)


def test_rolled_back_event_heard_before_the_commit_of_one_that_succeeds(made: Campus) -> None:
    """local_webhooks posts inside the request: the run may look before Moodle commits. It looks again by itself."""
    world, user = made.world, made.world.moodle.create_user("Early", "Bird", "early@example.edu")
    world.moodle.enrol(user, world.course)
    told, made.mail.delivered = made.mail.events[:], len(made.mail.events)
    world.moodle.unenrol(user, world.course)  # as long as Moodle has not committed, nobody sees the enrolment
    made.mail.delivered = len(made.mail.events)
    assert all(made.hook(event).status_code == 200 for event in told)
    world.clock.advance(world.kit.settings.quiet)
    assert made.turns() == ["done"]
    assert world.emails() == []
    world.moodle.enrol(user, world.course)  # the commit; local_webhooks has nothing to say any more
    made.mail.delivered = len(made.mail.events)
    made.rest()
    assert world.emails() == ["early@example.edu"]
    in_step(world)


# Duplicate storm


@pytest.mark.parametrize("way", ["the same delivery", "new deliveries", "one delivery", "local_webhooks"])
def test_duplicate_storm(made: Campus, way: str) -> None:
    """One enrolment told of 500 times: it is one run and one invitation, and nobody else waits for it."""
    world = made.world
    bystander = world.another()
    user = world.enrol("Echo", email="echo@example.edu")
    told, made.mail.delivered = made.mail.events[-2:], len(made.mail.events)
    assert {int(event["relateduserid"]) for event in told} == {user}
    answers = list(_storm(made, told, way))
    assert {answer.status_code for answer in answers} == {200}
    if way != "local_webhooks":  # it gives its events no id, so each of them is another one
        assert sum(answer.get_json()["accepted"] for answer in answers) == 2
        assert sum(answer.get_json()["duplicates"] for answer in answers) == 2 * (STORM - 1)
        assert stored(made) == 2
    bystander.enrol("Patient", email="patient@example.edu")
    began = world.clock()
    made.rest()
    assert world.clock() - began <= world.kit.settings.cap + world.kit.settings.recheck_unsigned
    assert runs_of(world) == (2 if way == "local_webhooks" else 1)
    assert (world.emails(), bystander.emails()) == (["echo@example.edu"], ["patient@example.edu"])
    in_step(world)
    in_step(bystander)


def _storm(made: Campus, told: list[Any], way: str) -> Iterator[TestResponse]:
    if way == "one delivery":
        yield made.post(*(told * STORM))
        return
    for _ in range(STORM):
        if way == "local_webhooks":
            yield from map(made.hook, told)
        else:
            yield made.post(*told, number="msg_the_same" if way == "the same delivery" else "")


def test_duplicate_storm_that_goes_on_while_the_run_is_at_work_costs_no_further_run(made: Campus) -> None:
    world = made.world
    world.enrol("Echo", email="echo@example.edu")
    told, made.mail.delivered = made.mail.events[:], len(made.mail.events)
    made.post(*told)
    world.before_call("local_kurasync_get_roster", 1, lambda: [made.post(*told) for _ in range(20)])
    made.rest()
    assert (runs_of(world), world.emails()) == (1, ["echo@example.edu"])


# Out of order


Act = Callable[[World, int], object]
STORIES: dict[str, tuple[Act, Act, Act, Act]] = {
    "comes, and is renamed": (
        lambda at, user: at.moodle.enrol(user, at.course),
        lambda at, user: at.moodle.join_group(user, at.moodle.create_group(at.course, "Tuesday")),
        lambda at, user: at.moodle.rename_user(user, lastname="Married"),
        lambda at, user: at.moodle.change_idnumber(user, "S4711"),
    ),
    "comes, goes and comes back": (
        lambda at, user: at.moodle.enrol(user, at.course),
        lambda at, user: at.moodle.suspend_enrolment(user, at.course),
        lambda at, user: at.moodle.reactivate_enrolment(user, at.course),
        lambda at, user: at.moodle.rename_user(user, firstname="Anna"),
    ),
    "comes and leaves for good": (
        lambda at, user: at.moodle.enrol(user, at.course),
        lambda at, user: at.moodle.rename_user(user, firstname="Anna"),
        lambda at, user: at.moodle.join_group(user, at.moodle.create_group(at.course, "Tuesday")),
        lambda at, user: at.moodle.unenrol(user, at.course),
    ),
}


TOLD = [("comes, and is renamed", "has finished"), *((story, "is still at it") for story in list(STORIES)[1:])]


@pytest.mark.parametrize(("story", "moodle"), TOLD)
def test_out_of_order(sqlite_kit: Kit, clock: SetClock, story: str, moodle: str) -> None:
    """All 24 orders of four events, each in a course of its own, with a run after every one of them.

    Where Moodle is still at it, each step of Moodle's is followed by the news of another one, perhaps of one to come.
    """
    with campus(sqlite_kit, clock, Dialect(duplicate_add="second")) as made:
        for order in permutations(range(4)):
            at = made.world.another()
            _play(made, at, STORIES[story], order, at_once=moodle == "has finished")
            in_step(at)
            assert len(at.kura.students(at.kura_course)) == 1 + (story != "comes and leaves for good")


def _play(made: Campus, at: World, acts: tuple[Act, Act, Act, Act], order: tuple[int, ...], *, at_once: bool) -> None:
    """A student who stays, so that nothing empties the course; then the story of another, told in this order."""
    at.enrol("Stays", email=f"stays@course{at.course}.example.edu")
    made.rest()
    user = at.moodle.create_user("Ana", "Lee", f"ana@course{at.course}.example.edu")
    made.mail.delivered = len(made.mail.events)
    news: list[list[Any]] = []
    for act in acts if at_once else ():
        news.append(_told_of(made, act, at, user))
    for step, number in enumerate(order):
        if not at_once:
            news.append(_told_of(made, acts[step], at, user))
        if number < len(news):
            made.post(*news[number])
        made.rest()
    for late in news:  # Moodle's outbox keeps what was not delivered: nothing is told of for ever too early
        made.post(*late)
    made.rest()


def _told_of(made: Campus, act: Act, at: World, user: int) -> list[Any]:
    """What Moodle says of one act; not delivered yet."""
    before = len(made.mail.events)
    act(at, user)
    made.mail.delivered = len(made.mail.events)
    return made.mail.events[before:]


# Mangled payload


MANGLED: dict[str, Callable[[dict[str, Any]], Any]] = {
    "no event at all": lambda event: 7,
    "null": lambda event: None,
    "a list": lambda event: [event],
    "no name": lambda event: {**event, "eventname": None},
    "an odd name": lambda event: {**event, "eventname": "drop table links"},
    "no id": lambda event: {**event, "id": ""},
    "an id of control characters": lambda event: {**event, "id": "a\u0000b"},
    "half a surrogate for an id": lambda event: {**event, "id": "\ud800"},
    "an endless id": lambda event: {**event, "id": "x" * 5000},
    "a course that is no number": lambda event: {**event, "courseid": "eight"},
    "a negative course": lambda event: {**event, "courseid": -8},
    "no course": lambda event: {**event, "courseid": None},
    "a course beyond all numbers": lambda event: {**event, "courseid": 10**40},
    "a course that is a truth value": lambda event: {**event, "courseid": True},
    "a course that is half a number": lambda event: {**event, "courseid": 1.5},
    "an object for a course": lambda event: {**event, "courseid": {"id": 8}},
    "a user that is a text": lambda event: {**event, "relateduserid": "Robert'); DROP TABLE links;--"},
}


@pytest.mark.parametrize("mangling", MANGLED)
def test_mangled_payload(made: Campus, mangling: str) -> None:
    """What is wrong in a delivery is named and left out; what is right in it is kept, and nothing else happens."""
    world = made.world
    userid = world.enrol("Good", email="good@example.edu")
    told, made.mail.delivered = made.mail.events[:], len(made.mail.events)
    enrolled = next(event for event in told if event["eventname"].endswith("user_enrolment_created"))
    bad = MANGLED[mangling](enrolled)
    answer = made.post(*told, bad)
    assert answer.status_code == 200
    assert answer.get_json()["accepted"] == len(told)
    assert {each["index"] for each in answer.get_json()["rejected"]} == {len(told)}
    alone = made.post(bad)
    assert (alone.status_code, alone.get_json()["reason"]) == (422, "invalid")
    assert stored(made) == len(told)
    made.rest()
    assert [link.userid for link in world.links()] == [userid]
    in_step(world)


CUTS: list[Callable[[str], str]] = [
    lambda body: body[: len(body) // 2],
    lambda body: body + "}",
    lambda body: body.replace('"', "'"),
    lambda body: "",
]


@pytest.mark.parametrize("cut", CUTS)
def test_mangled_payload_that_was_cut_or_rewritten_on_its_way(made: Campus, cut: Callable[[str], str]) -> None:
    """The signature is over exactly what was sent: a proxy that changes a byte is found out before anything is read."""
    document = {"type": "moodle.events", "data": {"wwwroot": made.world.moodle.wwwroot, "events": []}}
    body, headers = sealed(json.dumps(document), secret=SECRET)
    assert made.send(body, headers).status_code == 200
    answer = made.send(cut(body), headers)
    assert (answer.status_code, answer.get_json()["reason"]) == (401, "bad_signature")


@pytest.mark.parametrize(
    "document", [[], {}, 7, "text", None, {"type": "moodle.events"}, {"type": "moodle.events", "data": {"events": {}}}]
)
def test_mangled_payload_that_was_signed_like_that(made: Campus, document: Any) -> None:
    answer = made.send(*sealed(json.dumps(document), secret=SECRET))
    assert (answer.status_code, answer.get_json()["reason"]) == (422, "invalid")
    assert stored(made) == 0


def test_mangled_payload_names_a_user_and_course_that_are_not_what_happened(made: Campus) -> None:
    """Whatever ids an event carries, they only say where to look: what is done follows from what both sides show."""
    world = made.world
    users = with_students(made, 6)
    left = {"eventname": r"\core\event\user_enrolment_deleted", "courseid": world.course, "contextlevel": 50}
    gone = {"eventname": r"\core\event\user_deleted", "courseid": 0, "contextlevel": 30}
    lies = [
        {"id": f"{kind['eventname']}{user}", "relateduserid": user, **kind} for kind in (left, gone) for user in users
    ]
    assert made.post(*lies).get_json()["accepted"] == 12
    written = len(world.writes())
    assert set(made.rest()) == {"done"}
    assert len(world.writes()) == written
    assert invited_twice(world) == []
    in_step(world)
