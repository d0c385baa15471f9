"""The console's pages of holds: looked at, approved, rejected, and let go by lifting limits."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from app.kit import Kit
from app.store import audit, holds
from app.store.holds import Hold
from tests.conftest import SetClock
from tests.showing_plans import carried_on, planned
from tests.visiting import Visitor, said, visiting
from tests.world import World, world


@pytest.fixture
def made(sqlite_kit: Kit, clock: SetClock) -> Iterator[World]:
    """Two who left wait to be removed."""
    with world(sqlite_kit, clock) as one:
        users = [one.enrol(name) for name in ("Ana", "Ben", "Cleo")]
        one.sync()
        one.moodle.unenrol(users[0], one.course)
        one.moodle.unenrol(users[1], one.course)
        one.sync()
        yield one


@pytest.fixture
def visitor(made: World) -> Visitor:
    return visiting(made.kit, "operator")


def hold(made: World, number: int = 1) -> Hold:
    with made.kit.database.reading() as tx:
        found = holds.get(tx, number)
    assert found is not None
    return found


def digest(visitor: Visitor, address: str = "/holds/1") -> str:
    """What the page's forms say was shown."""
    found = re.search(r'name="digest" value="([^"]+)"', visitor.get(address).text)
    assert found
    return found[1]


def test_what_waits_is_listed(visitor: Visitor) -> None:
    text = visitor.text("/holds")
    assert "2 to remove" in text
    assert "waits for approval" in text


@pytest.mark.parametrize(("asked", "found"), [({}, True), ({"state": "any"}, True), ({"state": "overtaken"}, False)])
def test_holds_are_narrowed_by_state(visitor: Visitor, asked: dict[str, str], found: bool) -> None:
    assert ("2 to remove" in visitor.text("/holds", **asked)) is found


def test_nothing_that_waits_is_said(sqlite_kit: Kit) -> None:
    assert "Nothing waits for approval." in visiting(sqlite_kit).text("/holds")


def test_a_hold_says_what_it_would_do_and_why_it_waits(visitor: Visitor) -> None:
    text = visitor.text("/holds/1")
    for each in ("Ana Lee", "Ben Lee", "student → removed", "cannot prove that somebody left", "Approve", "Reject"):
        assert each in text, each
    assert "Lift the limits" not in text


def test_an_approved_hold_is_carried_out(made: World, visitor: Visitor) -> None:
    text = visitor.done("/holds/1/approve", digest=digest(visitor))
    assert "Approved. It is carried out now." in text
    assert "approved by user:operator, not carried out yet" in text
    assert "What was approved about its students is not carried out yet: hold 1" in visitor.text("/mappings/1")
    assert made.turn() == "done"
    assert len(made.emails()) == 1
    assert hold(made).state == "applied"


def test_a_hold_that_was_not_what_was_shown_is_refused(made: World, visitor: Visitor) -> None:
    text = said(visitor.post("/holds/1/approve", 409, digest="0" * 64))
    assert "is not what you looked at" in text
    assert "`kurasync" not in text
    assert hold(made).state == "open"


def test_a_hold_that_was_overtaken_says_by_which(made: World, visitor: Visitor) -> None:
    old = digest(visitor)
    left = max(link.userid for link in made.links())
    made.moodle.unenrol(left, made.course)
    made.enrol("Dan")
    made.sync()
    assert "was overtaken" in said(visitor.post("/holds/1/approve", 409, digest=old))
    text = visitor.text("/holds/1")
    assert "overtaken by hold 2" in text
    assert "Approve" not in text.replace("Approving", "")


def test_a_rejected_hold_is_not_asked_again(made: World, visitor: Visitor) -> None:
    assert "Rejected. It is not asked again" in visitor.done("/holds/1/reject")
    made.sync()
    assert hold(made).state == "rejected"
    assert "Nothing waits for approval." in visitor.text("/holds")
    assert "Hold 1 was rejected." in said(visitor.post("/holds/1/reject", 409))


def test_limits_are_lifted_for_one_run_after_asking(made: World, visitor: Visitor) -> None:
    made.set(mode="review")
    made.enrol("Dan")
    made.sync()
    text = visitor.text("/holds/2/bypass")
    assert "2 of these 3 wait for other reasons, and go on waiting." in text
    assert "A bypass is not for these alone" in text
    assert "The limits are lifted for the next run." in visitor.done(
        "/holds/2/bypass", digest=digest(visitor, "/holds/2/bypass")
    )
    assert made.turn() == "done"
    assert len(made.emails()) == 4
    with made.kit.database.reading() as tx:
        assert audit.search(tx, operation="bypass_given")[-1].actor == "user:operator"


def test_limits_are_not_lifted_for_what_waits_for_other_reasons(visitor: Visitor) -> None:
    text = said(visitor.post("/holds/1/bypass", 409, digest=digest(visitor)))
    assert "Nothing of hold 1 waits because of a limit" in text


def test_what_is_in_the_way_of_an_approval_is_said(visitor: Visitor) -> None:
    visitor.post("/mappings/1/pause")
    text = visitor.done("/holds/1/approve", digest=digest(visitor))
    assert "Approved. Nothing is done yet: The mapping is paused." in text


def test_a_hold_that_no_run_made_says_so(sqlite_kit: Kit, clock: SetClock) -> None:
    with world(sqlite_kit, clock, started=False) as one:
        one.enrol()
        carried_on(sqlite_kit, planned(sqlite_kit, one.mapping_id))
        assert "Run none" in visiting(sqlite_kit).text("/holds/1")


def test_a_viewer_looks_and_is_offered_nothing(made: World) -> None:
    text = visiting(made.kit, "viewer").text("/holds/1")
    assert "Ana Lee" in text
    assert "Reject" not in text
