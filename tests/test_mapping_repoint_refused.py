"""Pointing a mapping elsewhere is refused, fails or meets a run: then everything is as before."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from time import sleep

import pytest

from app.errors import NotFound, Refused, TransientError
from app.kit import Kit
from app.setup import mappings as setup
from app.setup import repointing
from app.store import audit, mappings, worklist
from app.sync.ask import ask
from app.sync.turn import take_turn
from sandbox.faults import Fault
from tests.conftest import SetClock
from tests.moving import ACTOR, Moving, in_step
from tests.world import world


@pytest.fixture
def moving(kit: Kit, clock: SetClock) -> Iterator[Moving]:
    with world(kit, clock) as made:
        yield in_step(made)


@pytest.fixture
def quick(sqlite_kit: Kit, clock: SetClock) -> Iterator[Moving]:
    with world(sqlite_kit, clock) as made:
        yield in_step(made)


def test_a_course_that_is_mapped_already_is_refused_and_nothing_changes(moving: Moving) -> None:
    made = moving.made
    second = made.another()
    for where in ({"moodle": second.course}, {"kuracloud": second.kura_course}):
        with pytest.raises(Refused, match=f"mapped already, by mapping {second.mapping_id}"):
            moving.repoint(**where)
    assert moving.mapping.started_at is not None
    assert moving.gates == {("open", None)}


def test_the_courses_it_has_are_refused_and_so_are_those_that_do_not_exist(quick: Moving) -> None:
    with pytest.raises(Refused, match="has these two courses already"):
        quick.repoint(moodle=quick.made.course, kuracloud=quick.made.kura_course)
    with pytest.raises(NotFound, match="no course '999'"):
        quick.repoint(moodle=999)
    with pytest.raises(NotFound, match="no active course '999'"):
        quick.repoint(kuracloud=999)


def test_a_rule_that_only_the_plugin_can_tell_about_refuses_a_site_without_it(quick: Moving) -> None:
    quick.made.set(institution_role="enrolled")
    with pytest.raises(Refused, match="needs Moodle's plugin"):
        quick.repoint(moodle=quick.other)


@pytest.mark.parametrize("kind", ["roster", "grades"])
def test_a_mapping_is_not_repointed_under_the_hands_of_a_run(moving: Moving, kind: str) -> None:
    made = moving.made
    ask(made.kit, made.mapping_id, "roster")
    ask(made.kit, made.mapping_id, "grades")
    with made.kit.database.transaction() as tx:
        assert worklist.claim(tx, made.kit.database.now(tx), made.mapping_id, kind, "test:1:0:0", 60.0, 2)
    with pytest.raises(Refused, match="A run is at work"):
        moving.repoint(kuracloud=moving.other_kura)
    assert moving.enabled() == (True, False)
    assert moving.gates == {("open", None)}


def test_a_run_that_was_cut_off_from_its_lease_writes_nothing_into_the_new_courses(quick: Moving) -> None:
    """A worker that was frozen between reading and writing, and wakes up when everything has another place."""
    made = quick.made
    made.enrol(email="cy@example.edu")

    def meanwhile() -> None:
        made.clock.advance(60)
        with made.kit.database.transaction() as tx:
            worklist.reap(tx, made.clock(), recheck=1.0, dead_crashes=5, backoff=lambda _: 0.0)
        quick.repoint(kuracloud=quick.other_kura)

    made.before_call("core_group_get_course_groups", 1, meanwhile)
    ask(made.kit, made.mapping_id, "roster")
    outcome = take_turn(made.kit, made.mapping_id, "roster", "test:1:0:0")
    assert outcome == "lost"
    assert made.links() == []
    assert made.kura.students(quick.other_kura) == []
    assert quick.mapping.kura_courseid == quick.other_kura
    assert made.sync().counts == {"held": 3}


# What fails


@pytest.mark.parametrize("fails", ["former", "new"])
def test_where_kuracloud_fails_everything_is_as_before(moving: Moving, fails: str) -> None:
    """Also where it has done what it did not answer."""
    made = moving.made
    which = made.kura_course if fails == "former" else moving.other_kura
    made.kura.faults.add(Fault("reset_after", match=f"PUT /v2/course/{which}$", times=1))
    with pytest.raises(TransientError):
        moving.repoint(kuracloud=moving.other_kura)
    assert moving.enabled() == (True, False)
    assert moving.gates == {("open", None)}
    assert (moving.mapping.kura_courseid, len(made.links())) == (made.kura_course, 2)
    assert made.sync().counts == {}


def test_a_former_kuracloud_course_that_is_gone_needs_to_be_said(quick: Moving) -> None:
    made = quick.made
    made.kura.remove_course(made.kura_course)
    with pytest.raises(Refused, match="restore it first"):
        quick.repoint(kuracloud=quick.other_kura)
    assert quick.repoint(kuracloud=quick.other_kura, force=True) is False
    assert (quick.mapping.kura_courseid, quick.gates) == (quick.other_kura, {("open", None)})


def test_what_a_person_paused_stays_paused_and_what_was_dead_lives_again(quick: Moving) -> None:
    made = quick.made
    setup.pause(made.kit, made.mapping_id, ACTOR)
    quick.repoint(kuracloud=quick.other_kura)
    assert quick.gates == {("paused", None)}
    setup.resume(made.kit, made.mapping_id, ACTOR)
    with made.kit.database.transaction() as tx:
        tx.exec_driver_sql("UPDATE worklist SET gate = 'dead'")
    quick.repoint(kuracloud=made.kura_course)
    assert quick.gates == {("open", None)}


def test_it_is_written_down_who_pointed_what_where(quick: Moving) -> None:
    quick.repoint(moodle=quick.other)
    with quick.made.kit.database.reading() as tx:
        rows = audit.search(tx, mapping_id=quick.made.mapping_id, operation="repoint_mapping")
    begun = rows[-1]
    assert (begun.actor, begun.subject["from"]["courseid"]) == (ACTOR, quick.made.course)
    assert begun.subject["to"]["courseid"] == quick.other


# Two at once


def test_of_two_mappings_that_are_pointed_to_one_course_at_once_one_stays_where_it_is(moving: Moving) -> None:
    made = moving.made
    second = made.another()
    moves = [
        repointing.planned(made.kit, each, kuracloud=("kura", str(moving.other_kura)))
        for each in (made.mapping_id, second.mapping_id)
    ]
    start = Barrier(2)

    def attempt(move: repointing.Move) -> str:
        start.wait()
        try:
            repointing.repoint(made.kit, move, ACTOR)
        except Refused:
            return "refused"
        return "done"

    with ThreadPoolExecutor(2) as both:
        outcomes = list(both.map(attempt, moves))
    assert sorted(outcomes) == ["done", "refused"]
    with made.kit.database.reading() as tx:
        mapped = {each.kura_courseid for each in mappings.every(tx)}
    stays = made.kura_course if outcomes[0] == "refused" else second.kura_course
    left = second.kura_course if outcomes[0] == "refused" else made.kura_course
    assert mapped == {moving.other_kura, stays}
    assert made.kura.courses[moving.other_kura].lms_enabled
    assert made.kura.courses[stays].lms_enabled
    assert not made.kura.courses[left].lms_enabled
    assert moving.gates == {("open", None)}


def test_a_repoint_waits_for_a_delivery_that_makes_removals_wait(moving: Moving, clock: SetClock) -> None:
    made, move = moving.made, moving.planned(moodle=moving.other)
    with ThreadPoolExecutor(1) as pool:
        with made.kit.database.transaction() as tx:
            mappings.quieten(tx, [made.mapping_id], clock())
            moved = pool.submit(repointing.repoint, made.kit, move, ACTOR)
            sleep(0.7)
            worklist.set_recheck(tx, [(made.mapping_id, "roster")], clock() + 60)
        assert moved.result(20) is False
    assert moving.mapping.courseid == moving.other


def test_a_mapping_that_was_removed_or_moved_meanwhile_is_not_moved(quick: Moving) -> None:
    made, move = quick.made, quick.planned(kuracloud=quick.other_kura)
    quick.repoint(moodle=quick.other)
    with pytest.raises(Refused, match="by somebody else just now"):
        repointing.repoint(made.kit, move, ACTOR)
    assert quick.enabled() == (True, False)
    setup.remove(made.kit, made.mapping_id, ACTOR)
    with pytest.raises(NotFound):
        repointing.repoint(made.kit, move, ACTOR)
