"""Holds, steps and audit rows: what people decide, what was begun, and what was written down for good."""

from __future__ import annotations

from collections import Counter

import pytest
from sqlalchemy.exc import IntegrityError

from app.store import audit, holds, steps
from app.store.db import Database
from app.store.steps import NewStep
from tests.conftest import SetClock
from tests.making import add_courses


@pytest.fixture
def course(database: Database, clock: SetClock) -> int:
    with database.transaction() as tx:
        return add_courses(tx, clock())[0]


def step(action: str, fingerprint: str, *, email: str | None = None, approved: bool = False) -> NewStep:
    return NewStep(action, fingerprint, f"content of {fingerprint}", email, approved)


def test_one_hold_waits_at_a_time(database: Database, clock: SetClock, course: int) -> None:
    with database.transaction() as tx:
        items = [{"action": "delete", "reasons": ["too_many"]}]
        number = holds.create(
            tx, clock(), mapping_id=course, kind="roster", digest="d1", items=items, run_id=1
        )
        hold = holds.waiting(tx, course, "roster")
        assert hold == holds.get(tx, number)
        assert holds.waiting(tx, course, "grades") is None
        assert holds.get(tx, number + 1) is None
    assert hold is not None
    assert (hold.state, hold.items, hold.digest, hold.decided_at) == ("open", items, "d1", None)
    with pytest.raises(IntegrityError), database.transaction() as tx:
        holds.create(tx, clock(), mapping_id=course, kind="roster", digest="d2", items=[], run_id=1)


def test_an_approved_hold_waits_until_it_is_applied(database: Database, clock: SetClock, course: int) -> None:
    with database.transaction() as tx:
        holds.create(tx, clock(), mapping_id=course, kind="roster", digest="d1", items=[], run_id=1)
        opened = holds.waiting(tx, course, "roster")
        assert opened
        assert holds.decide(tx, clock() + 1, opened, "approved", "coordinator")
        approved = holds.waiting(tx, course, "roster")
        assert approved
        assert (approved.state, approved.decided_at, approved.decided_by) == ("approved", clock() + 1, "coordinator")
        assert holds.decide(tx, clock() + 2, approved, "applied", "kurasync")
        assert holds.waiting(tx, course, "roster") is None
        assert holds.create(tx, clock(), mapping_id=course, kind="roster", digest="d2", items=[], run_id=2)


def test_a_hold_is_decided_as_it_was_seen_or_not_at_all(database: Database, clock: SetClock, course: int) -> None:
    with database.transaction() as tx:
        number = holds.create(tx, clock(), mapping_id=course, kind="roster", digest="d1", items=[], run_id=1)
        seen = holds.get(tx, number)
        assert seen
        assert holds.decide(tx, clock(), seen, "rejected", "coordinator")
        assert not holds.decide(tx, clock(), seen, "approved", "another")
        after = holds.get(tx, number)
    assert after is not None
    assert (after.state, after.decided_by) == ("rejected", "coordinator")


def test_holds_are_searched_the_newest_first(database: Database, clock: SetClock, course: int) -> None:
    with database.transaction() as tx:
        first = holds.create(tx, clock(), mapping_id=course, kind="roster", digest="d1", items=[], run_id=1)
        seen = holds.get(tx, first)
        assert seen
        holds.decide(tx, clock(), seen, "rejected", "coordinator")
        second = holds.create(tx, clock(), mapping_id=course, kind="roster", digest="d2", items=[], run_id=1)
        third = holds.create(tx, clock(), mapping_id=course, kind="grades", digest="d3", items=[], run_id=1)
        assert [each.id for each in holds.search(tx)] == [third, second, first]
        assert [each.id for each in holds.search(tx, kind="roster", limit=1)] == [second]
        assert [each.id for each in holds.search(tx, state="rejected")] == [first]
        assert [each.id for each in holds.search(tx, mapping_id=course, before_id=second)] == [first]


def test_steps_come_back_in_order_and_are_finished(database: Database, clock: SetClock, course: int) -> None:
    with database.transaction() as tx:
        rows = [step("add", f"f{number}", email=f"e{number}") for number in range(500)]
        ids = steps.begin(tx, clock(), course, 1, rows)
        assert ids == sorted(ids)
        assert steps.invited(tx, course) == frozenset()
        steps.finish(tx, ids[:2], "done")
        steps.finish(tx, ids[2:4], "failed")
        steps.finish(tx, ids[4:6], "refused")
        steps.finish(tx, [], "done")
        assert steps.invited(tx, course) == {"e0", "e1"}
        assert steps.begin(tx, clock(), course, 1, []) == []


def test_only_invitations_of_this_mapping_count_as_invited(database: Database, clock: SetClock) -> None:
    with database.transaction() as tx:
        course, other = add_courses(tx, clock(), 2)
        rows = [step("reinvite", "a", email="e1"), step("restore", "b", email="e2"), step("add", "c")]
        steps.finish(tx, steps.begin(tx, clock(), course, 1, rows), "done")
        assert steps.invited(tx, course) == {"e1"}
        assert steps.invited(tx, other) == frozenset()


def test_removals_of_the_last_hours_are_counted_once_each(database: Database, clock: SetClock, course: int) -> None:
    with database.transaction() as tx:
        steps.finish(tx, steps.begin(tx, clock(), course, 1, [step("delete", "old")]), "done")
        clock.advance(100)
        since = clock()
        begun = [step("delete", "a"), step("reinvite", "b"), step("remove_unmanaged", "c")]
        uncounted = [step("add", "d"), step("delete", "e", approved=True)]
        steps.begin(tx, clock(), course, 1, [*begun, *uncounted])
        steps.finish(tx, steps.begin(tx, clock(), course, 2, [step("delete", "a")]), "done")
        steps.finish(tx, steps.begin(tx, clock(), course, 2, [step("delete", "f")]), "failed")
        steps.finish(tx, steps.begin(tx, clock(), course, 2, [step("delete", "g")]), "refused")
        assert len(steps.removals_since(tx, course, since)) == 3
        assert len(steps.removals_since(tx, course, since - 100)) == 4
        assert steps.removals_since(tx, course + 1, 0) == frozenset()


def test_what_was_done_is_counted_by_fingerprint(database: Database, clock: SetClock, course: int) -> None:
    with database.transaction() as tx:
        for _ in range(3):
            steps.finish(tx, steps.begin(tx, clock(), course, 1, [step("edit", "a")]), "done")
            clock.advance(10)
        steps.begin(tx, clock(), course, 1, [step("edit", "a"), step("edit", "b")])
        assert steps.done_since(tx, course, clock() - 30) == Counter({"a": 3})
        assert steps.done_since(tx, course, clock() - 20) == Counter({"a": 2})


def test_what_later_runs_did_is_told_from_what_earlier_ones_did(database: Database, course: int) -> None:
    with database.transaction() as tx:
        for run_id, fingerprint in ((1, "early"), (2, "late")):
            steps.finish(tx, steps.begin(tx, 0.0, course, run_id, [step("add", fingerprint)]), "done")
        steps.begin(tx, 0.0, course, 3, [step("add", "begun only")])
        assert steps.done_after(tx, course, 1) == {"late"}


def test_a_write_has_two_audit_rows_with_the_same_columns(database: Database, clock: SetClock, course: int) -> None:
    with database.transaction() as tx:
        call = audit.begin(
            tx,
            clock(),
            actor="kurasync",
            system="kuracloud",
            operation="add_students",
            subject={"emails": ["a@example.edu"]},
            mapping_id=course,
            run_id=5,
        )
        other = audit.begin(tx, clock(), actor="x", system="moodle", operation="o", subject={})
        audit.end(tx, clock() + 1, call, "done", "200", {"ids": [1]})
        after, before = audit.search(tx, call_uid=call)
        assert audit.search(tx, call_uid=other)[0].outcome is None
    assert (before.phase, before.at, before.outcome, before.subject) == (
        "begin",
        clock(),
        None,
        {"emails": ["a@example.edu"]},
    )
    assert (after.phase, after.at, after.outcome, after.detail, after.subject) == (
        "end",
        clock() + 1,
        "done",
        "200",
        {"ids": [1]},
    )
    for row in (before, after):
        assert (row.actor, row.system, row.operation) == ("kurasync", "kuracloud", "add_students")
        assert (row.mapping_id, row.run_id) == (course, 5)


def test_an_audit_row_may_end_without_more_to_say(database: Database, clock: SetClock) -> None:
    with database.transaction() as tx:
        call = audit.begin(tx, clock(), actor="x", system="moodle", operation="o", subject={})
        audit.end(tx, clock(), call, "unknown")
        after = audit.search(tx, call_uid=call)[0]
    assert (after.outcome, after.detail, after.subject) == ("unknown", None, {})


def test_calls_that_a_run_left_begun_are_ended_as_unknown_once(database: Database, clock: SetClock) -> None:
    def begun(run_id: int) -> str:
        return audit.begin(tx, clock(), actor="x", system="kuracloud", operation="o", subject={}, run_id=run_id)

    with database.transaction() as tx:
        ended, left, other = begun(5), begun(5), begun(6)
        audit.end(tx, clock(), ended, "done")
        for _ in range(2):
            audit.end_open(tx, clock() + 1, [5], "it did not say")
        told = {each: [row.outcome for row in audit.search(tx, call_uid=each)] for each in (ended, left, other)}
        last = audit.search(tx, call_uid=left)[0]
    assert told == {ended: ["done", None], left: ["unknown", None], other: [None]}
    assert (last.phase, last.detail, last.actor, last.run_id) == ("end", "it did not say", "x", 5)


def test_audit_rows_are_searched_the_newest_first(database: Database, clock: SetClock) -> None:
    with database.transaction() as tx:
        for number in (1, 2):
            audit.begin(
                tx, clock(), actor="x", system="moodle", operation="o", subject={}, mapping_id=number, run_id=number + 9
            )
        audit.begin(tx, clock(), actor="x", system="kuracloud", operation="o", subject={})
        third, second, first = (each.id for each in audit.search(tx))
        assert [each.id for each in audit.search(tx, mapping_id=1)] == [first]
        assert [each.id for each in audit.search(tx, run_id=11)] == [second]
        assert [each.id for each in audit.search(tx, system="kuracloud")] == [third]
        assert [each.id for each in audit.search(tx, before_id=third, limit=1)] == [second]


def test_nothing_in_the_audit_module_changes_or_deletes_a_row() -> None:
    public = {name for name in vars(audit) if not name.startswith("_")}
    assert public & {"update", "delete"} == set()
