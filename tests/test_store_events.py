"""Events: stored once each, whatever is delivered again."""

from __future__ import annotations

import pytest

from app.store import events
from app.store.db import Database
from tests.conftest import SetClock
from tests.making import add_site, event


@pytest.fixture
def site(database: Database, clock: SetClock) -> int:
    with database.transaction() as tx:
        return add_site(tx, clock())


def test_an_event_is_stored_as_it_came(database: Database, clock: SetClock, site: int) -> None:
    with database.transaction() as tx:
        (event_id,) = events.insert(tx, clock(), site, "signed", "delivery-1", [event("a", courseid=5, userid=6)])
        assert event_id is not None
        stored = events.get(tx, event_id)
        assert events.get(tx, event_id + 1) is None
    assert stored is not None
    assert (stored.event_uid, stored.way, stored.delivery, stored.received_at) == ("a", "signed", "delivery-1", clock())
    assert (stored.courseid, stored.relateduserid, stored.contextlevel, stored.wanted) == (5, 6, 50, False)


def test_a_duplicate_is_dropped_within_a_delivery_and_across(database: Database, clock: SetClock, site: int) -> None:
    with database.transaction() as tx:
        a, again, b = events.insert(tx, clock(), site, "signed", "1", [event("a"), event("a"), event("b")])
        assert a is not None
        assert again is None
        assert b is not None
    with database.transaction() as tx:
        assert events.insert(tx, clock(), site, "signed", "2", [event("b")]) == [None]
        c, nothing = events.insert(tx, clock(), site, "signed", "3", [event("c"), event("a")])
        assert c not in (None, a, b)
        assert nothing is None
        assert len(events.search(tx)) == 3


def test_two_sites_may_use_one_uid(database: Database, clock: SetClock, site: int) -> None:
    with database.transaction() as tx:
        other = add_site(tx, clock(), "other")
        assert events.insert(tx, clock(), site, "signed", None, [event("a")]) != [None]
        assert events.insert(tx, clock(), other, "signed", None, [event("a")]) != [None]


def test_an_event_without_a_uid_is_always_new(database: Database, clock: SetClock, site: int) -> None:
    with database.transaction() as tx:
        ids = events.insert(tx, clock(), site, "tool_trigger", None, [event(), event(), event("a"), event()])
        assert None not in ids
        assert len(set(ids)) == 4


def test_ids_are_in_the_order_of_a_large_delivery(database: Database, clock: SetClock, site: int) -> None:
    with database.transaction() as tx:
        batch = [event(f"e{number}", courseid=number) for number in range(1000)]
        ids = events.insert(tx, clock(), site, "signed", None, batch)
        stored = {each.id: each.courseid for each in events.search(tx, limit=2000)}
    assert [stored[each] for each in ids if each is not None] == list(range(1000))


def test_nothing_is_stored_of_nothing(database: Database, clock: SetClock, site: int) -> None:
    with database.transaction() as tx:
        assert events.insert(tx, clock(), site, "signed", None, []) == []
        events.mark_wanted(tx, [])


def test_events_are_searched_by_what_they_say(database: Database, clock: SetClock, site: int) -> None:
    with database.transaction() as tx:
        other = add_site(tx, clock(), "other")
        a, b = events.insert(tx, clock(), site, "signed", None, [event("a", courseid=1), event("b", 2, 8)])
        (c,) = events.insert(tx, clock(), other, "signed", None, [event("c", courseid=1)])
        assert a is not None
        events.mark_wanted(tx, [a])

        def found(**given: int | str | bool) -> list[int]:
            return [each.id for each in events.search(tx, **given)]  # type: ignore[arg-type]

        assert found() == [c, b, a]
        assert found(limit=1) == [c]
        assert found(before_id=c or 0) == [b, a]
        assert found(site_id=site) == [b, a]
        assert found(courseid=1) == [c, a]
        assert found(userid=8) == [b]
        assert found(name="\\core\\event\\user_enrolment_created", site_id=other) == [c]
        assert found(name="other") == []
        assert found(wanted=True) == [a]
        assert found(wanted=False) == [c, b]
