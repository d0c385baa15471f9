"""What pages read of the worklist: rows that concern somebody, page by page."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import update

from app.kit import Kit
from app.store import connections, waiting, worklist
from app.store.tables import worklist as table
from app.store.waiting import Concern
from tests.conftest import SetClock
from tests.courses import mapped, wanted


def change(kit: Kit, mapping_id: int, **values: Any) -> None:
    with kit.database.transaction() as tx:
        tx.execute(update(table).where(table.c.mapping_id == mapping_id).values(**values))


def found(kit: Kit, concern: Concern | None = None, **more: Any) -> list[int]:
    with kit.database.reading() as tx:
        return [each.row.mapping_id for each in waiting.concerning(tx, kit.database.now(tx), concern, **more)]


@pytest.fixture
def courses(kit: Kit, clock: SetClock) -> list[int]:
    """Seven of which each is of one concern more than being wanted."""
    made = mapped(kit, 8)
    wanted(kit, *made)
    late, failing, running, parked, paused, dead, idle, _ = made
    now = clock()
    later = {"due_at": now + 60}
    change(kit, late, due_at=now - 60)
    change(kit, failing, failing_since=now - 5, attempts=2, **later)
    change(kit, running, lease_owner="host:1:x:", lease_until=now + 5)
    change(kit, parked, gate="parked", gate_reason="bad_token", **later)
    change(kit, paused, gate="paused", **later)
    change(kit, dead, gate="dead", **later)
    change(kit, idle, seen=1, wanted=1, **later)
    change(kit, made[-1], **later)
    return made


@pytest.mark.parametrize(
    ("concern", "places"),
    [
        ("late", [0]),
        ("failing", [1]),
        ("running", [2]),
        ("parked", [3]),
        ("paused", [4]),
        ("dead", [5]),
        ("wanted", [0, 1, 7]),
        (None, [0, 1, 2, 3, 4, 5, 7]),
    ],
)
def test_rows_are_found_by_what_concerns_people(
    kit: Kit, courses: list[int], concern: Concern | None, places: list[int]
) -> None:
    assert found(kit, concern) == [courses[place] for place in places]


def test_a_look_at_a_later_time_concerns_nobody_until_it_is_late(kit: Kit, clock: SetClock, courses: list[int]) -> None:
    assert courses[6] not in found(kit)
    clock.advance(61)
    assert courses[6] in found(kit, "late")


def test_a_list_is_read_on_by_mapping_and_kind(kit: Kit, courses: list[int]) -> None:
    with kit.database.transaction() as tx:
        worklist.want(tx, kit.database.now(tx), {(courses[0], "grades"): ()}, quiet=0.0, cap=0.0)
    assert found(kit, limit=2) == [courses[0], courses[0]]
    assert found(kit, after=(courses[0], "grades"), limit=2) == [courses[0], courses[1]]
    assert found(kit, after=(courses[0], "roster"), limit=1) == [courses[1]]


def test_the_longest_late_comes_first(kit: Kit, clock: SetClock, courses: list[int]) -> None:
    change(kit, courses[6], due_at=clock() - 120)
    with kit.database.reading() as tx:
        latest = waiting.latest(tx, clock(), 5)
    assert [each.row.mapping_id for each in latest] == [courses[6], courses[0]]


def test_what_waits_for_a_parked_connection_is_wanted_and_not_late(
    kit: Kit, clock: SetClock, courses: list[int]
) -> None:
    with kit.database.transaction() as tx:
        connections.park(tx, "instance", 1, "bad_token", clock() + 60)
    assert found(kit, "late") == []
    assert courses[0] in found(kit, "wanted")
    with kit.database.reading() as tx:
        assert waiting.latest(tx, clock(), 5) == []


def test_rows_of_one_site_alone_are_found(kit: Kit, courses: list[int]) -> None:
    (other,) = mapped(kit, 1, name="other")
    wanted(kit, other)
    with kit.database.reading() as tx:
        rows = waiting.concerning(tx, kit.database.now(tx), site_id=2)
    assert [each.row.mapping_id for each in rows] == [other]
