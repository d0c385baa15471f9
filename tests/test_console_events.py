"""The console's pages of events: searched, looked at, and replayed after asking."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from app.kit import Kit
from app.store import audit, worklist
from tests.conftest import SetClock
from tests.tracing import deliver
from tests.visiting import Visitor, visiting
from tests.world import World, world


@pytest.fixture
def made(sqlite_kit: Kit, clock: SetClock) -> Iterator[World]:
    """A course whose Moodle reported user 5, user 6 and a cohort that concerns no course."""
    with world(sqlite_kit, clock) as made:
        deliver(made, "user_enrolment_created", 5)
        deliver(made, "user_enrolment_deleted", 6)
        deliver(made, "course_module_viewed", 6)
        yield made


@pytest.fixture
def visitor(made: World) -> Visitor:
    return visiting(made.kit, "operator")


def listed(text: str) -> str:
    """What stands in the list, not in the filters above it."""
    return text.partition("newest first")[2]


def test_events_are_listed_the_newest_first(visitor: Visitor) -> None:
    rows = listed(visitor.text("/events"))
    assert rows.index("course_module_viewed") < rows.index("user_enrolment_deleted") < rows.index("enrolment_created")


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"user": "5"}, "user_enrolment_created"),
        ({"name": r"\core\event\user_enrolment_deleted"}, "user_enrolment_deleted"),
        ({"wanted": "no"}, "course_module_viewed"),
        ({"site": "uni", "user": "6", "wanted": "yes"}, "user_enrolment_deleted"),
    ],
)
def test_events_are_searched(visitor: Visitor, asked: dict[str, str], found: str) -> None:
    rows = listed(visitor.text("/events", **asked))
    names = {"user_enrolment_created", "user_enrolment_deleted", "course_module_viewed"}
    assert [name for name in names if name in rows] == [found]


def test_a_search_that_finds_nothing_says_so(visitor: Visitor) -> None:
    assert "No such event arrived" in visitor.text("/events", course="4711")


@pytest.mark.parametrize(
    ("asked", "status", "said"),
    [
        ({"site": "elsewhere"}, 404, "no site called"),
        ({"course": "PHY1"}, 409, "Course must be a number"),
        ({"user": "9" * 19}, 409, "User must be a number"),
        ({"wanted": "perhaps"}, 409, "Wanted must be one of: yes, no"),
    ],
)
def test_a_search_that_cannot_be_meant_is_refused_with_words(
    visitor: Visitor, asked: dict[str, str], status: int, said: str
) -> None:
    assert said in visitor.text("/events", status, **asked)


def test_a_long_list_is_read_on(made: World, visitor: Visitor) -> None:
    for _ in range(50):
        deliver(made, "user_updated", 5)
    first = visitor.get("/events").text
    assert "/events?before=4" in first
    assert "user_enrolment_created" in listed(visitor.text("/events?before=4"))
    assert "Next page" not in visitor.text("/events?before=4")


def test_an_event_tells_what_it_means_and_which_runs_looked(made: World, visitor: Visitor) -> None:
    assert "No run has looked because of it yet" in visitor.text("/events/1")
    made.clock.advance(20)
    made.turn()
    page = visitor.get("/events/1").text
    assert "a newcomer" in page
    assert 'href="/runs/1"' in page


def test_an_event_that_asked_for_nothing_says_so(visitor: Visitor) -> None:
    assert "it asked for nothing" in visitor.text("/events/3")


def test_an_event_that_is_not_there_is_not_found(visitor: Visitor) -> None:
    assert "There is no event 99" in visitor.text("/events/99", 404)


def test_before_an_event_is_replayed_it_is_said_what_is_looked_at(visitor: Visitor) -> None:
    assert "The students of Physiology 1 are looked at now." in visitor.text("/events/1/replay")
    assert "It concerns no mapping" in visitor.text("/events/3/replay")


def test_a_replayed_event_is_looked_at_at_once_and_written_down(made: World, visitor: Visitor) -> None:
    made.clock.advance(20)
    made.turn()
    assert "1 event asked for 1 look." in visitor.done("/events/1/replay")
    with made.kit.database.reading() as tx:
        row = worklist.get(tx, made.mapping_id, "roster")
        (ended, _) = audit.search(tx, operation="requeue_events")
    assert row is not None
    assert (row.state, row.due_at) == ("wanted", made.clock())
    assert ended.actor == "user:operator"


def test_all_that_fit_are_replayed_after_asking(visitor: Visitor) -> None:
    asked = visitor.get("/events/all/replay", user="6")
    assert "Chosen: user 6. 2 events fit." in asked.text
    assert '<input type="hidden" name="user" value="6">' in asked.text
    assert "2 events asked for 1 look." in visitor.done("/events/all/replay", user="6")
    assert "1 event asked for nothing: they concern no mapping." not in visitor.text("/events")


def test_a_replay_of_what_concerns_nothing_says_so(visitor: Visitor) -> None:
    assert "1 event asked for nothing" in visitor.done("/events/3/replay")


def test_no_more_than_a_thousand_are_replayed_at_once(
    made: World, visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.web.console.events._MOST", 2)
    assert "More than 2 fit: the newest 2 are replayed." in visitor.text("/events/all/replay")
    assert "2 events asked for 1 look." in visitor.done("/events/all/replay")


def test_nothing_is_replayed_by_who_may_only_look(made: World) -> None:
    viewer = visiting(made.kit, "viewer")
    assert "Replay" not in viewer.text("/events/1")
    viewer.get("/events/1/replay", 403)
    viewer.post("/events/all/replay", 403)
