"""`--bypass`: one run without limits, the next one that begins after it was given, and no other (design.md 6)."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from time import sleep

import pytest

from app.errors import NotFound, Refused
from app.kit import Kit
from app.store import audit, bypasses, holds, mappings, worklist
from app.store.holds import Hold
from app.sync.bypass import bypass
from app.sync.holds import approve, reject
from sandbox.faults import Fault
from tests.conftest import SetClock
from tests.grading import course
from tests.world import World, world

DAY = 86400.0
BY = "cli:ada"


@pytest.fixture
def ten(sqlite_kit: Kit, clock: SetClock) -> Iterator[World]:
    """Ten students in step, read by the plugin; two removals a day go unasked."""
    with world(sqlite_kit, clock) as made:
        yield with_ten(made)


def with_ten(made: World) -> World:
    made.moodle.install_plugin()
    for _ in range(10):
        made.enrol()
    assert made.sync().counts == {"add": 10}
    return made


def leave(made: World, *numbers: int) -> None:
    links = sorted([*made.links(), *made.links(ended=True)], key=lambda link: link.userid)
    for number in numbers:
        made.moodle.unenrol(links[number].userid, made.course)


def held(made: World, *numbers: int) -> Hold:
    """Students leave, and their removals wait."""
    leave(made, *numbers)
    assert made.sync().outcome == "done"
    hold = made.hold()
    assert hold is not None
    return hold


def give(made: World, hold: Hold, by: str = BY) -> int:
    return bypass(made.kit, made.mapping_id, "roster", hold.digest, by)


def given(made: World) -> bypasses.Bypass | None:
    with made.kit.database.reading() as tx:
        return bypasses.get(tx, made.mapping_id, "roster")


def state(made: World, hold: Hold) -> tuple[str, str | None]:
    with made.kit.database.reading() as tx:
        found = holds.get(tx, hold.id)
    assert found is not None
    return found.state, found.decided_by


def test_the_next_run_removes_as_many_as_it_finds_and_the_one_after_it_does_not(ten: World) -> None:
    hold = held(ten, 0, 1, 2)
    give(ten, hold)
    leave(ten, 3)
    assert ten.turn() == "done"
    assert len(ten.emails()) == 6
    assert state(ten, hold) == ("applied", f"{BY} (bypass)")
    assert given(ten) is None
    assert [item["reasons"] for item in held(ten, 4, 5, 6).items] == [["removals"]] * 3


def test_what_it_let_go_does_not_use_up_what_may_be_removed_unasked(ten: World) -> None:
    give(ten, held(ten, 0, 1, 2))
    ten.turn()
    leave(ten, 3, 4)
    assert ten.sync().counts == {"delete": 2}


def test_a_course_may_be_emptied_by_it(ten: World) -> None:
    give(ten, held(ten, *range(10)))
    assert ten.turn() == "done"
    assert ten.emails() == []


def test_a_course_that_loses_everybody_after_it_was_given_is_not_emptied(ten: World) -> None:
    give(ten, held(ten, 0, 1, 2))
    leave(ten, *range(3, 10))
    assert ten.turn() == "done"
    assert len(ten.emails()) == 10
    rest = ten.hold()
    assert rest is not None
    assert [item["reasons"] for item in rest.items] == [["empties"]] * 10
    assert given(ten) is None


def test_it_is_written_down_who_gave_it_and_what_was_done_with_it(ten: World) -> None:
    give(ten, held(ten, 0, 1, 2))
    ten.turn()
    with ten.kit.database.reading() as tx:
        rows = [row for row in reversed(audit.search(tx, mapping_id=ten.mapping_id)) if row.phase == "begin"]
    told = [(row.operation, row.actor) for row in rows if row.operation != "add_students"]
    assert told == [
        ("bypass_given", BY),
        ("delete_students", f"limits lifted by {BY}"),
        ("bypass_used", "kurasync"),
    ]
    assert rows[-1].subject == {"kind": "roster", "lifted": 3}


def test_a_preview_shows_what_the_run_will_do(ten: World) -> None:
    hold = held(ten, 0, 1, 2)
    assert len(ten.preview().verdict.held) == 3
    give(ten, hold)
    assert len(ten.preview().verdict.go) == 3
    assert given(ten) is not None


def test_a_run_that_fails_does_not_use_it_up(ten: World) -> None:
    give(ten, held(ten, 0, 1, 2))
    ten.kura.faults.add(Fault("status", match="GET /v2/course$", times=1, status=503))
    assert ten.turn() == "retry"
    assert given(ten) is not None
    ten.clock.advance(3600)
    assert ten.turn() == "done"
    assert (len(ten.emails()), given(ten)) == (7, None)


def test_a_run_that_had_begun_before_neither_uses_it_nor_uses_it_up(ten: World) -> None:
    hold = held(ten, 0, 1, 2)
    ten.before_call("local_kurasync_get_roster", 1, lambda: give(ten, hold))
    run = ten.sync()
    assert (run.outcome, run.counts) == ("done", {"held": 3})
    assert given(ten) is not None
    assert ten.turn() == "done"
    assert len(ten.emails()) == 7


def test_what_waits_for_another_reason_goes_on_waiting_in_a_hold_of_its_own(ten: World) -> None:
    ten.kura.put_student(ten.kura_course, email="byhand@example.edu", givenName="By", familyName="Hand")
    hold = held(ten, 0, 1, 2)
    assert len(hold.items) == 4
    give(ten, hold)
    ten.turn()
    rest = ten.hold()
    assert rest is not None
    assert [item["reasons"] for item in rest.items] == [["unmanaged"]]
    assert state(ten, hold)[0] == "applied"


def test_it_is_refused_where_nothing_waits_for_a_limit(ten: World) -> None:
    ten.kura.put_student(ten.kura_course, email="byhand@example.edu", givenName="By", familyName="Hand")
    hold = held(ten)
    with pytest.raises(Refused, match="waits because of a limit") as refusal:
        give(ten, hold)
    assert (refusal.value.reason, given(ten)) == ("no_limit", None)


def test_it_is_refused_where_nothing_waits_at_all(ten: World) -> None:
    with pytest.raises(Refused, match="Nothing of mapping 1 waits") as refusal:
        bypass(ten.kit, ten.mapping_id, "roster", "0" * 64, BY)
    assert (refusal.value.reason, given(ten)) == ("nothing_waits", None)


def test_it_is_refused_for_something_else_than_was_looked_at(ten: World) -> None:
    held(ten, 0, 1, 2)
    with pytest.raises(Refused, match="not what you looked at") as refusal:
        bypass(ten.kit, ten.mapping_id, "roster", "0" * 64, BY)
    assert (refusal.value.reason, given(ten)) == ("stale_digest", None)


def test_there_must_be_such_a_mapping(ten: World) -> None:
    with pytest.raises(NotFound, match="no mapping 99"):
        bypass(ten.kit, 99, "roster", "0" * 64, BY)


def test_after_an_approval_it_is_refused(ten: World) -> None:
    hold = held(ten, 0, 1, 2)
    approve(ten.kit, hold.id, hold.digest, "a teacher")
    with pytest.raises(Refused, match="approved already"):
        give(ten, hold)


def test_an_approval_after_it_takes_nothing_from_it(ten: World) -> None:
    hold = held(ten, 0, 1, 2)
    give(ten, hold)
    approve(ten.kit, hold.id, hold.digest, "a teacher")
    leave(ten, 3, 4, 5)
    assert ten.turn() == "done"
    assert len(ten.emails()) == 4
    assert (state(ten, hold), given(ten)) == (("applied", "a teacher"), None)
    with ten.kit.database.reading() as tx:
        rows = audit.search(tx, mapping_id=ten.mapping_id)
    actors = {row.actor for row in rows if row.operation == "delete_students"}
    assert actors == {"approved by a teacher", f"limits lifted by {BY}"}


def test_a_rejection_takes_it_back(ten: World) -> None:
    hold = held(ten, 0, 1, 2)
    give(ten, hold)
    reject(ten.kit, hold.id, "a teacher")
    assert given(ten) is None
    assert ten.turn() == "done"
    assert len(ten.emails()) == 10


def test_it_lapses_after_a_day(ten: World) -> None:
    give(ten, held(ten, 0, 1, 2))
    ten.clock.advance(DAY)
    assert ten.turn() == "done"
    assert (len(ten.emails()), given(ten)) == (10, None)


def test_it_lifts_nothing_while_the_course_is_being_deleted_or_reset(ten: World) -> None:
    give(ten, held(ten, 0, 1, 2))
    with ten.kit.database.transaction() as tx:
        mappings.quieten(tx, [ten.mapping_id], ten.clock() + 600)
    assert ten.turn() == "done"
    assert (len(ten.emails()), given(ten)) == (10, None)


def test_given_twice_it_is_for_one_run(ten: World) -> None:
    hold = held(ten, 0, 1, 2)
    give(ten, hold, "cli:bo")
    give(ten, hold)
    assert ten.turn() == "done"
    assert state(ten, hold) == ("applied", f"{BY} (bypass)")
    assert given(ten) is None


def test_it_is_for_one_mapping_and_kind(ten: World) -> None:
    give(ten, held(ten, 0, 1, 2))
    with ten.kit.database.reading() as tx:
        assert bypasses.get(tx, ten.mapping_id, "grades") is None


def test_it_goes_with_its_mapping(ten: World) -> None:
    give(ten, held(ten, 0, 1, 2))
    with ten.kit.database.transaction() as tx:
        mappings.remove(tx, ten.mapping_id)
    assert given(ten) is None


def test_it_waits_for_a_decision_that_is_being_made(kit: Kit, clock: SetClock) -> None:
    with world(kit, clock) as made, ThreadPoolExecutor(1) as pool:
        hold = held(with_ten(made), 0, 1, 2)
        with kit.database.transaction() as tx:
            worklist.set_recheck(tx, [(made.mapping_id, "roster")], clock())
            late = pool.submit(give, made, hold)
            sleep(0.3)
            assert holds.decide(tx, clock(), hold, "rejected", "a teacher")
        with pytest.raises(Refused):
            late.result(20)
        assert given(made) is None


def test_of_grades_the_next_run_clears_as_many_as_it_finds(sqlite_kit: Kit, clock: SetClock) -> None:
    with world(sqlite_kit, clock) as made, course(made) as graded:
        users = graded.students(8)
        for userid in users:
            graded.grade(userid, 4)
        assert graded.sync().outcome == "done"
        for userid in users:
            graded.grade(userid, None)
        graded.sync()
        hold = graded.hold()
        assert hold is not None
        bypass(made.kit, made.mapping_id, "grades", hold.digest, BY)
        assert graded.turns().counts == {"grade_clear": 8}
        assert (graded.book(), graded.hold(), state(made, hold)[0]) == ({graded.name: {}}, None, "applied")


def test_of_grades_an_export_that_was_asked_for_before_does_not_use_it_up(sqlite_kit: Kit, clock: SetClock) -> None:
    with world(sqlite_kit, clock) as made, course(made) as graded:
        users = graded.students(8)
        for userid in users:
            graded.grade(userid, 4)
        graded.sync()
        for userid in users:
            graded.grade(userid, None)
        graded.sync()
        hold = graded.hold()
        assert hold is not None
        made.kura.set_export(polls=1)
        with made.kit.database.transaction() as tx:
            worklist.want(tx, clock(), {(made.mapping_id, "grades"): ()}, quiet=0.0, cap=0.0)
        assert graded.turn() == "later"
        bypass(made.kit, made.mapping_id, "grades", hold.digest, BY)
        run = graded.turns()
        assert (run.reason, run.counts) == ("earlier_export", {"held": 8})
        assert graded.turns().counts == {"grade_clear": 8}
