"""The console's page of traces: by event, run and user, and by an address that stands in no address bar."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from app.kit import Kit
from tests.conftest import SetClock
from tests.tracing import ANA, come, leave, with_plugin
from tests.visiting import Visitor, said, visiting
from tests.world import World, world


@pytest.fixture
def made(sqlite_kit: Kit, clock: SetClock) -> Iterator[World]:
    """Ana came and went: events 1 and 2, runs 2 and 3."""
    with world(sqlite_kit, clock) as made:
        with_plugin(made)
        leave(made, come(made))
        yield made


@pytest.fixture
def visitor(made: World) -> Visitor:
    return visiting(made.kit, "operator")


def test_without_a_question_there_is_only_the_form(visitor: Visitor) -> None:
    assert "Still waiting" not in visitor.text("/trace")


def test_an_event_is_followed_to_what_came_of_it(visitor: Visitor) -> None:
    page = visitor.get("/trace", event="1").text
    assert "Moodle said" in page
    assert 'href="/runs/2"' in page
    assert "add and invite Ana Lee" in page
    assert "Nothing is waiting." in page


def test_an_event_is_found_by_the_id_of_its_sender(visitor: Visitor) -> None:
    assert "Event 1" in visitor.text("/trace", event="sent-1")


def test_a_run_is_followed_back_to_its_event(visitor: Visitor) -> None:
    assert 'href="/events/2"' in visitor.get("/trace", run="3").text


def test_why_somebody_was_removed_is_said_first(visitor: Visitor) -> None:
    told = visitor.text("/trace", site="uni", user="7").partition("Moodle user 7 of uni: Ana Lee")[2]
    assert told.index("Why: Removed from Physiology 1") < told.index("Moodle said")


def test_of_who_was_never_removed_that_is_said(made: World, visitor: Visitor) -> None:
    assert "has removed this person from no kuraCloud course" in visitor.text("/trace", site="uni", user="4")


def test_an_address_comes_in_the_body(visitor: Visitor) -> None:
    answer = visitor.post("/trace", 200, email=ANA)
    assert "Why: Removed from Physiology 1" in said(answer)
    assert ANA not in answer.request.url
    assert f"={ANA}" not in answer.text


@pytest.mark.parametrize(
    ("asked", "status", "words"),
    [
        ({"event": "99"}, 404, "There is no event 99"),
        ({"event": "sent-99"}, 404, "No event with the id"),
        ({"run": "99"}, 404, "There is no run 99"),
        ({"site": "uni", "user": "99"}, 404, "Nothing is written down about the Moodle user 99"),
        ({"user": "7"}, 409, "Which site's user is it?"),
        ({"run": "x"}, 409, "Run must be a number"),
    ],
)
def test_what_is_not_known_is_said(visitor: Visitor, asked: dict[str, str], status: int, words: str) -> None:
    assert words in visitor.text("/trace", status, **asked)


def test_what_is_no_address_is_refused_and_not_repeated(visitor: Visitor) -> None:
    text = said(visitor.post("/trace", 409, email="Ana Lee"))
    assert "That is no e-mail address." in text
    assert "Ana" not in text


def test_an_address_that_nobody_had_is_not_found(visitor: Visitor) -> None:
    assert "Nobody with this address is known" in said(visitor.post("/trace", 404, email="nobody@example.edu"))


def test_a_long_trace_is_cut_and_can_be_shown_whole(visitor: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.web.console.trace._SHOWN", 3)
    cut = visitor.get("/trace", run="2").text
    assert "earlier lines are left out" in cut
    assert "show=all" in cut
    assert "left out" not in visitor.text("/trace", run="2", show="all")


def test_what_waits_leads_to_its_hold(sqlite_kit: Kit, clock: SetClock) -> None:
    with world(sqlite_kit, clock, started=False) as made:
        made.enrol()
        made.sync()
        page = visiting(sqlite_kit, "viewer").get("/trace", run="1").text
    assert "Hold 1 waits for a person." in page
    assert 'href="/holds/1"' in page


def test_who_may_only_look_cannot_search_by_address(made: World) -> None:
    viewer = visiting(made.kit, "viewer")
    assert "By e-mail address" not in viewer.text("/trace")
    viewer.post("/trace", 403, email=ANA)
