"""What somebody is told: holds, dead letters, broken connections, silent sites, drift; in the transaction of each."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import fakeredis
import pytest
from sqlalchemy import update

from app.errors import ConnectionBroken, CourseGone, TransientError
from app.kit import Kit
from app.setup.reopening import reopen
from app.store import alerts, events, mappings, worklist
from app.store.alerts import Alert
from app.store.prune import prune
from app.store.tables import worklist as rows
from app.sync import alerting
from app.sync.alerting import no_longer_so
from app.sync.dispatch import Dispatcher
from app.sync.holds import approve, reject
from app.sync.lease import Ended, Lease
from app.sync.telling import tell
from app.sync.turn import take_turn
from tests.alarm import alarm
from tests.conftest import SetClock
from tests.courses import mapped, wanted
from tests.fixtures_processes import wait_until
from tests.grading import course
from tests.making import event
from tests.world import World, world


def raised(kit: Kit) -> list[Alert]:
    with kit.database.reading() as tx:
        return alerts.search(tx, limit=10_000)[::-1]


def still(kit: Kit) -> list[bool]:
    """Of each alert whether it is still so."""
    found = raised(kit)
    with kit.database.reading() as tx:
        gone = no_longer_so(tx, found)
    return [alert.id not in gone for alert in found]


def heard(kit: Kit, clock: SetClock, site_id: int = 1) -> None:
    with kit.database.transaction() as tx:
        events.insert(tx, clock(), site_id, "signed", None, [event(str(clock()))])


def turn(kit: Kit, mapping_id: int, result: Exception | Ended, chance: float = 0.5) -> str:
    def verb(_kit: Kit, _lease: Lease) -> Ended:
        if isinstance(result, Exception):
            raise result
        return result

    return take_turn(kit, mapping_id, "roster", "host:1:start:a", verbs={"roster": verb}, chance=lambda: chance)


@pytest.fixture
def small(sqlite_kit: Kit, clock: SetClock) -> Iterator[World]:
    with world(sqlite_kit, clock) as made:
        for _ in range(2):
            made.enrol()
        made.sync()
        yield made


def leave(made: World, number: int) -> None:
    made.moodle.unenrol(sorted(link.userid for link in made.links())[number], made.course)


def test_a_hold_that_is_made_is_told_with_its_reasons_and_what_to_do(small: World) -> None:
    leave(small, 0)
    small.sync()
    hold = small.hold()
    assert hold is not None
    (alert,) = raised(small.kit)
    assert (alert.kind, alert.topic) == ("hold", "mapping:1:roster")
    assert alert.message == (
        "1 change to students waits for approval in mapping 1 (Physiology 1): Moodle's stock functions cannot prove "
        f"that somebody left. Look with `kurasync holds show {hold.id}`."
    )


def test_a_hold_that_is_there_already_is_not_told_again(small: World) -> None:
    leave(small, 0)
    for _ in range(3):
        small.sync()
    assert len(raised(small.kit)) == 1


def test_a_hold_of_grades_is_told_as_that(sqlite_kit: Kit, clock: SetClock) -> None:
    with world(sqlite_kit, clock) as made, course(made) as graded:
        graded.one()
        made.set(mode="review")
        graded.sync()
        (alert,) = raised(sqlite_kit)
        assert alert.topic == "mapping:1:grades"
        assert alert.message.startswith("2 changes to grades wait for approval in mapping 1 (Physiology 1): the ")


@pytest.mark.parametrize("decide", ["approve", "reject", "dissolve", "remove"])
def test_a_hold_that_was_decided_or_is_gone_is_told_no_more(small: World, decide: str) -> None:
    leave(small, 0)
    small.sync()
    hold = small.hold()
    assert hold is not None
    assert still(small.kit) == [True]
    match decide:
        case "approve":
            approve(small.kit, hold.id, hold.digest, "a teacher")
        case "reject":
            reject(small.kit, hold.id, "a teacher")
        case "dissolve":
            small.moodle.enrol(hold.items[0]["userid"], small.course)
            small.sync()
        case "remove":
            with small.kit.database.transaction() as tx:
                mappings.remove(tx, small.mapping_id)
    assert still(small.kit) == [False]


def test_nobody_s_name_or_address_is_in_an_alert(sqlite_kit: Kit, clock: SetClock) -> None:
    with world(sqlite_kit, clock, started=False) as made:
        for name in ("Zebulon", "Xanthippe"):
            made.enrol(name, f"{name}son", email=f"{name}@example.edu")
        made.enrol("Zebulon", "Twice", email="Xanthippe@example.edu")
        made.sync()
        told = " ".join(alert.message + alert.topic for alert in raised(sqlite_kit))
        assert told
        assert not any(mark in told for mark in ("Zebulon", "Xanthippe", "example.edu"))


def test_a_thousand_mappings_of_a_connection_that_breaks_are_one_alert(sqlite_kit: Kit, clock: SetClock) -> None:
    ids = mapped(sqlite_kit, 1000)
    wanted(sqlite_kit, ids[0])
    assert turn(sqlite_kit, ids[0], ConnectionBroken("No.", reason="token_refused", origin="moodle")) == "parked"
    (alert,) = raised(sqlite_kit)
    assert (alert.kind, alert.topic) == ("connection", "site:1")
    assert alert.message.startswith("The site uni is parked (token_refused): 1000 mappings wait for it. `kurasync site")


def test_two_runs_that_find_a_connection_broken_are_told_as_one(sqlite_kit: Kit, clock: SetClock) -> None:
    first, second = mapped(sqlite_kit, 2)
    wanted(sqlite_kit, first, second)
    broken = ConnectionBroken("No.", reason="token_refused", origin="kuracloud")

    def verb(kit: Kit, _lease: Lease) -> Ended:
        turn(kit, second, broken)
        raise broken

    take_turn(sqlite_kit, first, "roster", "host:1:start:b", verbs={"roster": verb})
    assert [alert.topic for alert in raised(sqlite_kit)] == ["instance:1"] * 2
    with alarm(sqlite_kit, clock) as made:
        made.gathered()
        assert tell(made.kit) == 1
        assert made.office.messages[0]["Subject"] == "kurasync: a connection is parked"


def test_a_connection_that_works_again_is_told_no_more(sqlite_kit: Kit, clock: SetClock) -> None:
    (mapping_id,) = mapped(sqlite_kit)
    wanted(sqlite_kit, mapping_id)
    turn(sqlite_kit, mapping_id, ConnectionBroken("No.", reason="token_refused", origin="moodle"))
    assert still(sqlite_kit) == [True]
    with sqlite_kit.database.transaction() as tx:
        reopen(tx, clock(), "site", 1)
    assert still(sqlite_kit) == [False]


def test_what_fails_for_a_while_or_is_suspended_is_not_told(sqlite_kit: Kit, clock: SetClock) -> None:
    first, second = mapped(sqlite_kit, 2)
    wanted(sqlite_kit, first, second)
    assert turn(sqlite_kit, first, TransientError("Later.", origin="moodle")) == "retry"
    assert turn(sqlite_kit, second, CourseGone("It is not there.")) == "parked"
    assert raised(sqlite_kit) == []


def gives_up(kit: Kit, clock: SetClock, mapping_id: int) -> None:
    wanted(kit, mapping_id)
    with kit.database.transaction() as tx:
        tx.execute(update(rows).values(failing_since=clock() - kit.settings.dead_after - 1, attempts=20))
    assert turn(kit, mapping_id, ValueError("a defect")) == "dead"


def test_a_dead_letter_is_told(sqlite_kit: Kit, clock: SetClock) -> None:
    (mapping_id,) = mapped(sqlite_kit)
    gives_up(sqlite_kit, clock, mapping_id)
    (alert,) = raised(sqlite_kit)
    assert (alert.kind, alert.topic) == ("dead", "mapping:1:roster")
    assert "given up after many failures (defect). `kurasync dead list` says why" in alert.message
    assert still(sqlite_kit) == [True]
    with sqlite_kit.database.transaction() as tx:
        worklist.requeue(tx, clock(), mapping_ids=[mapping_id])
    assert still(sqlite_kit) == [False]


def test_work_that_crashes_time_and_again_is_told_once_it_is_given_up(sqlite_kit: Kit, clock: SetClock) -> None:
    (mapping_id,) = mapped(sqlite_kit)
    wanted(sqlite_kit, mapping_id)
    dispatcher = Dispatcher(sqlite_kit, fakeredis.FakeRedis(), chance=lambda: 0.0)
    for crash in range(sqlite_kit.settings.dead_crashes):
        assert raised(sqlite_kit) == []
        with sqlite_kit.database.transaction() as tx:
            assert worklist.claim(tx, clock(), mapping_id, "roster", f"host:1:a:{crash}", 3.0, 2)
        clock.advance(4)
        dispatcher.dispatch()
    (alert,) = raised(sqlite_kit)
    assert (alert.kind, alert.topic) == ("dead", "mapping:1:roster")
    assert "(crashed)" in alert.message


def test_drift_is_told_with_the_run_that_found_it(small: World) -> None:
    heard(small.kit, small.clock)
    student = small.kura.students(small.kura_course)[0]
    small.kura.edit_student(small.kura_course, student["studentId"], givenName="Else")
    run = small.sync()
    (alert,) = [each for each in raised(small.kit) if each.kind == "drift"]
    assert (alert.topic, run.drift) == ("mapping:1", 1)
    assert "1 change that no event explains in mapping 1 (Physiology 1)" in alert.message
    assert f"`kurasync runs show {run.id}`" in alert.message
    assert still(small.kit) == [True]


def test_where_a_site_never_sends_events_nothing_is_drift(small: World) -> None:
    student = small.kura.students(small.kura_course)[0]
    small.kura.edit_student(small.kura_course, student["studentId"], givenName="Else")
    assert small.sync().drift == 1
    assert raised(small.kit) == []


def test_a_run_that_lost_its_lease_tells_of_no_drift(sqlite_kit: Kit, clock: SetClock) -> None:
    (mapping_id,) = mapped(sqlite_kit)
    heard(sqlite_kit, clock)
    wanted(sqlite_kit, mapping_id)

    def verb(kit: Kit, _lease: Lease) -> Ended:
        clock.advance(kit.settings.lease + 1)
        with kit.database.transaction() as tx:
            worklist.reap(tx, clock(), recheck=1.0, dead_crashes=5, backoff=lambda _: 0.0)
        return Ended(drift=3)

    assert take_turn(sqlite_kit, mapping_id, "roster", "host:1:start:a", verbs={"roster": verb}) == "lost"
    assert raised(sqlite_kit) == []


def test_an_alert_is_written_with_what_it_is_about_or_not_at_all(
    small: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    leave(small, 0)

    def full(*_: Any) -> None:
        raise OSError("the disk is full")

    monkeypatch.setattr(alerting.alerts, "add", full)
    assert small.sync().outcome == "retry"
    assert (small.hold(), raised(small.kit)) == (None, [])


def test_what_was_put_right_before_it_was_told_is_not_told(small: World) -> None:
    leave(small, 0)
    small.sync()
    hold = small.hold()
    assert hold is not None
    with alarm(small.kit, small.clock) as made:
        approve(small.kit, hold.id, hold.digest, "a teacher")
        made.gathered()
        assert tell(made.kit) == 0
        assert (made.office.messages, made.hook.requests) == ([], [])
        assert [row.due_at for row in made.rows()] == [None]


def test_after_a_decision_the_next_hold_is_told_at_once_and_before_one_it_is_not(small: World) -> None:
    leave(small, 0)
    small.sync()
    first = small.hold()
    assert first is not None
    with alarm(small.kit, small.clock) as made:
        made.gathered()
        assert tell(made.kit) == 1
        small.moodle.enrol(small.enrol(), small.course)
        small.sync()
        leave(small, 1)
        small.sync()
        small.clock.advance(made.kit.settings.alert_pause)
        assert tell(made.kit) == 0
        second = small.hold()
        assert second is not None
        reject(small.kit, second.id, "a teacher")
        leave(small, 2)
        small.sync()
        small.clock.advance(made.kit.settings.alert_pause)
        assert tell(made.kit) == 1


def test_a_mail_server_that_hangs_holds_up_no_run(small: World) -> None:
    leave(small, 0)
    small.sync()
    with alarm(small.kit, small.clock, call_timeout=20.0) as made, ThreadPoolExecutor(1) as pool:
        made.office.hangs_at = "EHLO"
        made.gathered()
        telling = pool.submit(tell, made.kit)
        wait_until(lambda: "EHLO" in made.office.commands)
        small.enrol()
        assert small.sync().counts == {"add": 1, "held": 1}
        assert not telling.done()
        assert made.office.server is not None
        made.office.server.stopping.set()
        assert telling.result(20) == 1
        assert made.rows()[0].due_at is None


def test_alerts_are_forgotten_with_the_rest(sqlite_kit: Kit, clock: SetClock) -> None:
    with sqlite_kit.database.transaction() as tx:
        alerts.add(tx, clock(), "drift", "mapping:1", "Old.")
        clock.advance(10)
        alerts.add(tx, clock(), "drift", "mapping:1", "Young.")
        assert prune(tx, clock())["alerts"] == 1
        assert [alert.message for alert in alerts.search(tx)] == ["Young."]
