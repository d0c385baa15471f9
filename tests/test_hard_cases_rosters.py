"""Hard cases of rosters: an empty answer, a list cut short, a role that comes after its enrolment (design.md 5)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from app.kit import Kit
from sandbox.faults import Fault
from sandbox.kuracloud.dialect import Dialect
from tests.campus import Campus, campus, in_step, invited_twice, with_students
from tests.conftest import SetClock
from tests.world import World

ROSTER = {"plugin": "local_kurasync_get_roster", "stock": "core_enrol_get_enrolled_users"}


@pytest.fixture(params=["plugin", "stock"])
def way(request: pytest.FixtureRequest) -> str:
    """How the roster is read."""
    return str(request.param)


@pytest.fixture
def either(way: str, sqlite_kit: Kit, clock: SetClock) -> Iterator[Campus]:
    with campus(sqlite_kit, clock, plugin=way == "plugin") as made:
        yield made


@pytest.fixture
def made(sqlite_kit: Kit, clock: SetClock) -> Iterator[Campus]:
    with campus(sqlite_kit, clock) as made:
        yield made


def untouched(made: World, students: int, *, writes: int) -> None:
    """Nobody was removed, added or forgotten."""
    assert len(made.writes()) == writes
    assert (len(made.emails()), len(made.links()), made.links(ended=True)) == (students, students, [])


# Empty roster


def test_empty_roster(either: Campus, way: str) -> None:
    """Moodle answers with an empty list, and the answer is well formed: nobody is deleted, nothing is even held."""
    made = either.world
    with_students(either, 8)
    writes = len(made.writes())
    _answer_emptily(made, way)
    run = made.sync()
    assert (run.outcome, str(run.reason).split("_")[0]) == ("retry", "roster")
    untouched(made, 8, writes=writes)
    assert made.hold() is None


def _answer_emptily(made: World, way: str) -> None:
    """As Moodle does for a service user who may not see these people: no error, no users, for as long as it lasts."""
    original = made.moodle.functions[ROSTER[way]]

    def nobody(moodle: Any, given: dict[str, Any]) -> Any:
        answer = original.run(moodle, given)
        return {**answer, "users": []} if way == "plugin" else []

    made.moodle.functions[ROSTER[way]] = replace(original, run=nobody)


def test_empty_roster_that_is_true_waits_for_a_person(either: Campus) -> None:
    """Everybody really left, say by a mistake in a file of enrolments: it is asked first, and leaves no trace."""
    made = either.world
    users = with_students(either, 8)
    writes = len(made.writes())
    for user in users:
        made.moodle.unenrol(user, made.course)
    assert set(either.rest()) == {"done"}
    hold = made.hold()
    assert hold is not None
    assert {item["action"] for item in hold.items} == {"delete"}
    assert len(hold.items) == 8
    untouched(made, 8, writes=writes)
    for user in users:
        made.moodle.enrol(user, made.course)
    either.rest()
    assert made.hold() is None
    untouched(made, 8, writes=writes)
    in_step(made)


def test_empty_roster_of_one_student_after_another_is_never_reached_unasked(made: Campus) -> None:
    """A course bled empty slowly, one student a day, each within the limits: the last one waits for a person."""
    world = made.world
    for user in with_students(made, 4):
        world.moodle.unenrol(user, world.course)
        made.rest()
        world.clock.advance(90_000)
    assert len(world.emails()) == 1
    hold = world.hold()
    assert hold is not None
    assert hold.items[0]["reasons"] == ["empties"]


@pytest.mark.parametrize("list_of", ["active", "both"])
def test_empty_roster_of_kuracloud(either: Campus, list_of: str) -> None:
    """kuraCloud answers that it has nobody: nobody is invited again, and no link is given up."""
    made = either.world
    with_students(either, 8)
    writes, invites = len(made.writes()), len(made.kura.invites)
    match = r"GET .*/student$" if list_of == "active" else r"GET .*/student(\?deleted=true)?$"
    made.kura.faults.add(Fault("empty_list", match=match))
    made.moodle.rename_user(made.links()[0].userid, firstname="Anna")
    either.rest()
    untouched(made, 8, writes=writes)
    made.kura.faults.clear()
    made.sync()
    either.rest()
    assert len(made.kura.invites) == invites
    in_step(made)


# Truncated paging


def test_truncated_paging(made: Campus) -> None:
    """kuraCloud begins to answer with its first hundred alone: the other thirty are neither invited nor forgotten."""
    world = made.world
    world.moodle.create_students(world.course, 130)
    made.rest()
    writes, invites = len(world.writes()), len(world.kura.invites)
    first_hundred = world.kura.students(world.kura_course)[:100]
    world.kura.faults.add(Fault("exception", match="GET .*/student$", body=first_hundred))
    world.enrol("Late", email="late@example.edu")
    made.rest()
    hold = world.hold()
    assert hold is not None
    assert all("links_lost" in item["reasons"] for item in hold.items)
    assert (len(world.writes()), len(world.kura.invites), len(world.links())) == (writes, invites, 130)
    world.kura.faults.clear()
    world.sync()
    made.rest()
    assert len(world.kura.invites) == invites + 1
    in_step(world)


def test_truncated_paging_from_the_first_day(sqlite_kit: Kit, clock: SetClock) -> None:
    """A kuraCloud whose lists stop after a hundred: whom it does not show was invited all the same, and once."""
    with campus(sqlite_kit, clock, Dialect(list_maximum=100, duplicate_add="second")) as made:
        world = made.world
        world.moodle.create_students(world.course, 130)
        made.rest()
        assert made.run().counts == {"add": 100, "failed": 30}
        world.sync()
        made.rest()
        assert len(world.kura.invites) == 130
        assert invited_twice(world) == []
        hold = world.hold()
        assert hold is not None
        assert {tuple(item["reasons"]) for item in hold.items} == {("invited_before",)}


FAILING = {
    "an error": Fault("status", status=500),
    "a page for people": Fault("html"),
    "half an answer": Fault("truncated"),
    "an announced rest that never comes": Fault("short_read"),
    "a reset": Fault("reset_before"),
    "a missing capability": Fault("exception", body={"exception": "x", "errorcode": "nopermissions", "message": "No"}),
    "an empty page": Fault("empty_list"),
}


@pytest.mark.parametrize("fault", FAILING)
@pytest.mark.parametrize("page", [1, 2, 3])
def test_truncated_paging_of_moodle(sqlite_kit: Kit, clock: SetClock, fault: str, page: int) -> None:
    """One page of three is missing, whichever and for whatever reason: nobody on it is held for a leaver."""
    small_pages = replace(sqlite_kit, settings=replace(sqlite_kit.settings, page_size=5))
    with campus(small_pages, clock, plugin=False) as made:
        world = made.world
        with_students(made, 12)
        writes, healthy = len(world.writes()), len(_pages(world))
        strike = replace(FAILING[fault], match=ROSTER["stock"], skip=page - 1, times=1)
        world.moodle.faults.add(strike)
        run = world.sync()
        untouched(world, 12, writes=writes)
        assert world.hold() is None
        assert run.outcome in ("retry", "parked") or len(_pages(world)) > 2 * healthy, "it was believed"
        world.moodle.faults.clear()
        world.clock.advance(3600)
        made.rest()
        in_step(world)


def _pages(world: World) -> list[str]:
    return [call.name for call in world.moodle.calls if call.name == ROSTER["stock"]]


def test_truncated_paging_where_the_plugin_counts_more_than_it_lists(made: Campus) -> None:
    """The roster comes in one answer with a count of its own: one that does not fit is not believed."""
    world = made.world
    with_students(made, 12)
    writes = len(world.writes())
    original = world.moodle.functions[ROSTER["plugin"]]

    def cut(moodle: Any, given: dict[str, Any]) -> Any:
        answer = original.run(moodle, given)
        return {**answer, "users": answer["users"][:10]}

    world.moodle.functions[ROSTER["plugin"]] = replace(original, run=cut)
    assert world.sync().outcome == "retry"
    untouched(world, 12, writes=writes)


@pytest.mark.parametrize("mode", ["once", "twice"])
def test_truncated_paging_where_somebody_leaves_while_pages_are_turned(
    sqlite_kit: Kit, clock: SetClock, mode: str
) -> None:
    """All behind the leaver move up by one: whoever slips over the edge of a page is no leaver."""
    small_pages = replace(sqlite_kit, settings=replace(sqlite_kit.settings, page_size=5))
    with campus(small_pages, clock, plugin=False) as made:
        world = made.world
        first, second, *_ = with_students(made, 12)
        world.before_call(ROSTER["stock"], 2, lambda: world.moodle.unenrol(first, world.course))
        if mode == "twice":
            world.before_call(ROSTER["stock"], 4, lambda: world.moodle.unenrol(second, world.course))
        assert world.sync().outcome == "done"
        hold = world.hold()
        assert hold is not None
        gone = {first} if mode == "once" else {first, second}
        assert {item["userid"] for item in hold.items} == gone


# Role race


def test_role_race(either: Campus) -> None:
    """Enrolment and role are two events with a look between them: no student yet, then one, invited once."""
    made = either.world
    with_students(either, 3)
    user = made.moodle.create_user("Role", "Late", "rolelate@example.edu")
    either.mail.delivered = len(either.mail.events)
    made.moodle.enrol(user, made.course, role="")
    assert _names(either) == ["user_enrolment_created"]
    either.rest()
    assert user not in {link.userid for link in made.links()}
    made.moodle.assign_role(user, made.moodle.course_context(made.course), "student")
    assert _names(either) == ["role_assigned"]
    either.rest()
    assert "rolelate@example.edu" in made.emails()
    in_step(made)


def _names(made: Campus) -> list[str]:
    return [event["eventname"].rpartition("\\")[2] for event in made.mail.events[made.mail.delivered :]]


def test_role_race_inside_one_look(made: Campus) -> None:
    """The role comes while both sides are being read: its event was not covered, so there is another look."""
    world = made.world
    with_students(made, 3)
    user = world.moodle.create_user("Role", "Late", "rolelate@example.edu")
    world.moodle.enrol(user, world.course, role="")
    made.deliver()

    def gets_role() -> None:
        world.moodle.assign_role(user, world.moodle.course_context(world.course), "student")
        made.deliver()

    original = world.moodle.functions[ROSTER["plugin"]]
    waiting = [gets_role]

    def answer_first(moodle: Any, given: dict[str, Any]) -> Any:
        answer = original.run(moodle, given)
        while waiting:
            waiting.pop()()
        return answer

    world.moodle.functions[ROSTER["plugin"]] = replace(original, run=answer_first)
    made.rest()
    assert "rolelate@example.edu" in world.emails()
    in_step(world)


def test_role_race_of_a_student_who_becomes_an_assistant(made: Campus) -> None:
    """The role is taken, with a look before it is given back: one removal, and no invitation when it is undone."""
    world = made.world
    user, *_ = with_students(made, 6)
    context = world.moodle.course_context(world.course)
    invites = len(world.kura.invites)
    world.moodle.unassign_role(user, context, "student")
    made.rest()
    assert (len(world.emails()), user in {link.userid for link in world.links()}) == (5, False)
    world.moodle.assign_role(user, context, "student")
    made.rest()
    assert (len(world.emails()), len(world.kura.invites)) == (6, invites)
    assert invited_twice(world) == []
    in_step(world)
