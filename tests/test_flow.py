"""How quickly, and in how few calls, what is safe reaches kuraCloud: beside what is held, and in a storm of events."""

from __future__ import annotations

import statistics
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from app.errors import Refused
from app.kit import Kit
from app.store import tables
from app.sync.holds import approve
from sandbox.moodle.senders import Disorder
from tests.conftest import PATIENT, SetClock
from tests.fixtures_processes import Processes, wait_until
from tests.live import Live, live
from tests.post import Post, sender
from tests.verdict import is_idle, out_of_step
from tests.world import World, world

QUIET = 0.3
COHORT = 200


@pytest.fixture
def service(sqlite_url: str, processes: Processes, tmp_path: Path) -> Iterator[Live]:
    with live(tmp_path, sqlite_url, processes, quiet=QUIET, cap=5 * QUIET, **PATIENT) as made:
        made.start()
        yield made


def test_fifty_additions_arrive_within_the_settle_time_and_a_second_beside_a_held_removal(service: Live) -> None:
    took = [_until_added(service, service.world.another()) for _ in range(3)]
    assert statistics.median(took) <= QUIET + 1.0, took


def _until_added(service: Live, made: World) -> float:
    """Seconds from the answer to Moodle until kuraCloud has the additions."""
    made.moodle.create_students(made.course, 20)
    service.come_to_rest()
    made.moodle.unenrol(made.links()[0].userid, made.course)
    for number in range(50):
        made.enrol(email=f"new{number}@course{made.course}.example.edu")
    service.post()
    began = time.monotonic()
    wait_until(lambda: len(made.kura.students(made.kura_course)) == 70)
    took = time.monotonic() - began
    service.come_to_rest()
    hold = made.hold()
    assert hold is not None
    assert [item["action"] for item in hold.items] == ["delete"]
    return took


def test_a_cohort_of_two_hundred_takes_two_runs_and_eight_calls_of_kuracloud_at_most(service: Live) -> None:
    made = service.world
    moodle = made.moodle
    cohort = moodle.create_cohort("Physiology 2026")
    for number in range(COHORT):
        moodle.add_to_cohort(moodle.create_user("Ana", f"Lee{number}", f"lee{number}@example.edu"), cohort)
    service.come_to_rest()
    calls, events = len(made.kura.calls), len(moodle.events)
    moodle.cohort_enrolment(cohort, made.course, moodle.create_group(made.course, "Physiology 2026"))
    assert Counter(event["eventname"].rsplit("\\", 1)[-1] for event in moodle.events[events:]) == {
        # As recorded (contracts/moodle.md 4).
        "group_created": 1,
        "enrol_instance_created": 1,
        "user_enrolment_created": COHORT,
        "role_assigned": COHORT,
        "group_member_added": COHORT,
    }
    service.come_to_rest()
    with service.kit.database.reading() as tx:
        runs = tx.execute(select(func.count()).select_from(tables.runs)).scalar_one()
    assert len(made.kura.calls) - calls <= 8
    assert runs <= 2
    assert service.wrong(made) == []


@pytest.fixture
def held(kit: Kit, clock: SetClock) -> Iterator[World]:
    """Twelve students in step, nothing that settles, and Moodle's events taken in by this process."""
    at_once = replace(kit, settings=replace(kit.settings, quiet=0.0, cap=0.0, **PATIENT))
    with world(at_once, clock) as made:
        made.moodle.create_students(made.course, 12)
        assert made.sync().counts == {"add": 12}
        yield made


@pytest.mark.parametrize("number", range(5))
def test_of_two_approvals_at_once_with_an_event_between_one_counts_and_is_applied_once(
    held: World, number: int
) -> None:
    leaver, renamed = (link.userid for link in held.links()[number : number + 2])
    held.moodle.unenrol(leaver, held.course)
    assert held.sync().counts == {"held": 1}
    held.kura.calls.clear()
    signed = sender(Post(held.kit, held.site_id, "signed"), "signed", Disorder())
    held.moodle.attach(signed)
    held.moodle.rename_user(renamed, firstname="Anna")
    hold = held.hold()
    assert hold is not None
    refusals: list[Refused] = []

    def approved() -> None:
        try:
            approve(held.kit, hold.id, hold.digest, "a teacher")
        except Refused as refused:
            refusals.append(refused)

    _at_once(approved, signed.flush, approved)
    _at_once(*[lambda: _turns(held)] * 3)
    assert [each.reason in ("hold_approved", "hold_decided") for each in refusals] == [True]
    assert Counter(held.writes()) == {f"POST {path}": 1 for path in _paths(held, "delete", "edit")}
    assert is_idle(held.kit)
    assert list(out_of_step(held)) == []
    signed.close()


def _at_once(*deeds: Any) -> None:
    together = threading.Barrier(len(deeds))

    def do(deed: Any) -> None:
        together.wait()
        deed()

    threads = [threading.Thread(target=do, args=(deed,)) for deed in deeds]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _turns(held: World) -> None:
    while not is_idle(held.kit):
        held.turn()


def _paths(held: World, *parts: str) -> list[str]:
    return [f"/v2/course/{held.kura_course}/student/{part}" for part in parts]
