"""Sequences that end wrong in careless systems, about courses, sites and decisions (design.md 6, 8, 10)."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from app.errors import Refused
from app.kit import Kit
from app.setup import sites as site_verbs
from app.store import mappings, worklist
from app.sync.holds import approve
from app.sync.identity import check_sites
from sandbox.kuracloud.dialect import Dialect
from sandbox.moodle.sim import SimMoodle
from tests.campus import Campus, campus, in_step, invited_twice, with_students
from tests.conftest import SetClock
from tests.receiving import sealed
from tests.world import SECRET, World


@pytest.fixture
def made(sqlite_kit: Kit, clock: SetClock) -> Iterator[Campus]:
    with campus(sqlite_kit, clock) as made:
        yield made


def gate(made: World) -> tuple[str, str | None]:
    with made.kit.database.reading() as tx:
        row = worklist.get(tx, made.mapping_id, "roster")
    assert row is not None
    return row.gate, row.gate_reason


# One student in two mappings


@pytest.mark.parametrize("ids", ["per_instance", "per_course"])
def test_one_student_in_two_mappings(sqlite_kit: Kit, clock: SetClock, ids: str) -> None:
    """She leaves one course of two, of one instance: the other one's student, perhaps with the same id, stays."""
    dialect = Dialect(student_ids="per_course") if ids == "per_course" else Dialect()
    with campus(sqlite_kit, clock, dialect) as made:
        here, there = made.world, made.world.another()
        user, *others = with_students(made, 4)
        for each in (user, *others):
            there.moodle.enrol(each, there.course)
        made.rest()
        here.moodle.unenrol(user, here.course)
        made.rest()
        assert (len(here.emails()), len(there.emails())) == (3, 4)
        here.moodle.rename_user(user, lastname="Married")
        made.rest()
        in_step(here)
        in_step(there)
        here.moodle.enrol(user, here.course)
        made.rest()
        assert (len(here.emails()), invited_twice(here)) == (4, [])
        in_step(here)
        in_step(there)


def test_one_student_in_two_mappings_whose_account_is_deleted_leaves_both(made: Campus) -> None:
    here, there = made.world, made.world.another()
    user, *others = with_students(made, 4)
    for each in (user, *others):
        there.moodle.enrol(each, there.course)
    made.rest()
    here.moodle.delete_user(user)
    made.rest()
    assert (len(here.emails()), len(there.emails())) == (3, 3)
    in_step(here)
    in_step(there)


# A recycled course


@pytest.mark.parametrize("every", [1, 7])
def test_a_recycled_course(made: Campus, every: int) -> None:
    """Deleted into the recycle bin and restored: a new course with a new id. Nobody in kuraCloud notices anything."""
    world = made.world
    with_students(made, 8)
    writes = len(world.writes())
    made.mail.delivered = len(made.mail.events)
    world.moodle.delete_course(world.course)
    _slowly(made, every)
    assert gate(world) == ("parked", "course_gone")
    assert (len(world.writes()), len(world.emails()), world.hold()) == (writes, 8, None)
    new = world.moodle.restore_from_recycle_bin(world.course)
    assert new != world.course
    made.rest()
    world.clock.advance(90_000)
    world.sync()
    made.rest()
    assert gate(world) == ("parked", "course_gone")
    assert (len(world.writes()), len(world.emails()), len(world.links()), world.hold()) == (writes, 8, 8, None)
    with world.kit.database.reading() as tx:
        mapping = mappings.get(tx, world.mapping_id)
    assert mapping is not None
    assert mapping.restored_as == new


def _slowly(made: Campus, every: int) -> None:
    """Deliver what Moodle said in small portions, with a run after each."""
    news, made.mail.delivered = made.mail.events[made.mail.delivered :], len(made.mail.events)
    for start in range(0, len(news), every):
        assert made.post(*news[start : start + every]).status_code == 200
        made.rest()


# A cloned site


def test_a_cloned_site(made: Campus) -> None:
    """A copy of the Moodle, with the same token and secret, tells of its own courses: none of ours is touched."""
    world = made.world
    users = with_students(made, 6)
    writes = len(world.writes())
    what = {"eventname": r"\core\event\user_enrolment_deleted", "courseid": world.course}
    left = [{"id": f"copy{user}", "relateduserid": user, **what} for user in users]
    content = {"wwwroot": "https://copy.example.edu", "events": left}
    answer = made.send(*sealed(json.dumps({"type": "moodle.events", "data": content}), secret=SECRET))
    assert (answer.status_code, answer.get_json()["reason"]) == (403, "wrong_moodle")
    assert made.rest() == []
    assert (len(world.writes()), world.hold()) == (writes, None)


def test_a_cloned_site_is_not_connected_beside_the_original(made: Campus) -> None:
    """With the copied database come the copied token and identifier: two Moodles would write into one kuraCloud."""
    world = made.world
    check_sites(world.kit)
    with SimMoodle.serving() as copy:
        copy.install_plugin()
        copy.site.identifier = world.moodle.site.identifier
        with pytest.raises(Refused, match="is a copy of the site uni"):
            site_verbs.add(world.kit, name="test", url=copy.url, token=copy.token, actor="an administrator")


def test_a_cloned_site_or_a_stranger_in_the_place_of_the_original_empties_no_course(made: Campus) -> None:
    """Another Moodle answers at the address, and its course of that number is empty: held, noticed, parked, undone."""
    world = made.world
    users = with_students(made, 6)
    check_sites(world.kit)
    writes, original = len(world.writes()), world.moodle.site.identifier
    world.moodle.site.identifier = "somebody else"
    for user in users:
        world.moodle.unenrol(user, world.course)
    made.rest()
    assert (len(world.writes()), len(world.emails())) == (writes, 6)
    check_sites(world.kit)
    assert gate(world) == ("parked", "other_moodle")
    world.moodle.site.identifier = original
    for user in users:
        world.moodle.enrol(user, world.course)
    world.clock.advance(world.kit.settings.probe_interval)
    made.rest()
    assert (gate(world), world.hold(), len(world.writes())) == (("open", None), None, writes)
    in_step(world)


# An approval racing an event


def test_an_approval_racing_an_event(made: Campus) -> None:
    """Between look and "yes" the leaver came back, and somebody else left: neither is deleted by this approval."""
    world = made.world
    world.set(removals_least=0, removals_share=0.0)
    one, two, three, *_ = with_students(made, 6)
    world.moodle.unenrol(one, world.course)
    world.moodle.unenrol(two, world.course)
    made.rest()
    hold = world.hold()
    assert hold is not None
    world.moodle.enrol(one, world.course)
    world.moodle.unenrol(three, world.course)
    made.deliver()
    approve(world.kit, hold.id, hold.digest, "a teacher")
    made.rest()
    present = {link.userid for link in world.links()}
    assert (one in present, two in present, three in present) == (True, False, True)
    again = world.hold()
    assert again is not None
    assert [item["userid"] for item in again.items] == [three]
    with pytest.raises(Refused) as refused:
        approve(world.kit, hold.id, hold.digest, "a teacher")
    assert refused.value.reason == "hold_applied"


def test_an_approval_racing_an_event_that_was_looked_at_first_is_for_what_was_shown(made: Campus) -> None:
    """The event's run changes the set before the "yes" arrives: that is refused with words, and nobody is deleted."""
    world = made.world
    world.set(removals_least=0, removals_share=0.0)
    one, two, *_ = with_students(made, 6)
    world.moodle.unenrol(one, world.course)
    made.rest()
    shown = world.hold()
    assert shown is not None
    world.moodle.unenrol(two, world.course)
    made.rest()
    with pytest.raises(Refused) as refused:
        approve(world.kit, shown.id, shown.digest, "a teacher")
    assert refused.value.reason == "hold_overtaken"
    assert len(world.emails()) == 6


def test_an_approval_racing_the_very_run_that_its_event_asked_for(made: Campus) -> None:
    """The "yes" comes while that run reads Moodle: it counts for the next run, once, and for no more than was shown."""
    world = made.world
    world.set(removals_least=0, removals_share=0.0)
    one, two, *_ = with_students(made, 6)
    world.moodle.unenrol(one, world.course)
    made.rest()
    hold = world.hold()
    assert hold is not None
    world.before_call(
        "local_kurasync_get_roster", 1, lambda: approve(world.kit, hold.id, hold.digest, "a teacher")
    )
    world.moodle.unenrol(two, world.course)
    made.rest()
    present = {link.userid for link in world.links()}
    assert (one in present, two in present) == (False, True)
    deletions = [name for name in world.writes() if name.endswith("/delete")]
    assert len(deletions) == 1
