"""The next look is when an enrolment begins or ends by its dates: no event tells (contracts/moodle.md 4)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from app.kit import Kit
from app.store import mappings, rosters, worklist
from sandbox.moodle.actions.gradebook import GradebookActions
from tests.conftest import SetClock
from tests.world import World, world

ROSTER = "local_kurasync_get_roster"
HOUR, YEAR = 3600, 365 * 86_400


@pytest.fixture
def small(sqlite_kit: Kit, clock: SetClock) -> Iterator[World]:
    """Three students in step, read through the plugin."""
    with world(sqlite_kit, clock) as made:
        made.moodle.install_plugin()
        for _ in range(3):
            made.enrol()
        made.sync()
        yield made


def at(made: World, seconds: int) -> int:
    return int(made.clock()) + seconds


def due_at(made: World) -> float | None:
    with made.kit.database.reading() as tx:
        row = worklist.get(tx, made.mapping_id, "roster")
    assert row is not None
    return row.due_at


def late_comer(made: World, seconds: int) -> int:
    userid = int(made.moodle.create_user("Late", "Comer", "late@example.edu"))
    made.moodle.enrol(userid, made.course, timestart=at(made, seconds))
    return userid


def tell(made: World, moment: int) -> None:
    """Let the plugin name this moment from now on."""
    original = made.moodle.functions[ROSTER]

    def run(moodle: GradebookActions, given: dict[str, Any]) -> Any:
        return {**original.run(moodle, given), "next": moment}

    made.moodle.functions[ROSTER] = replace(original, run=run)


def test_nothing_is_scheduled_where_no_enrolment_has_dates(small: World) -> None:
    assert due_at(small) is None


def test_an_enrolment_begins_to_the_second_although_no_event_tells(small: World) -> None:
    late_comer(small, HOUR)
    assert small.sync().counts == {}
    assert due_at(small) == at(small, HOUR)
    small.clock.advance(HOUR - 1)
    assert small.turn() == "refused"
    small.clock.advance(1)
    assert (small.turn(), len(small.links()), due_at(small)) == ("done", 4, None)


def test_an_enrolment_ends_to_the_second(small: World) -> None:
    leaver = small.links()[0].userid
    small.moodle.set_dates(leaver, small.course, timeend=at(small, HOUR))
    small.sync()
    small.clock.advance(HOUR)
    assert small.turn() == "done"
    assert leaver not in {link.userid for link in small.links()}


def test_of_several_moments_the_next_counts_and_then_the_one_after_it(small: World) -> None:
    moments = (2 * HOUR, YEAR, HOUR)
    for link, seconds in zip(small.links(), moments, strict=True):
        small.moodle.set_dates(link.userid, small.course, timeend=at(small, seconds))
    begun = small.clock()
    small.sync()
    for seconds in sorted(moments):
        assert due_at(small) == begun + seconds
        small.clock.advance(begun + seconds - small.clock())
        small.turn()
    assert due_at(small) is None


def test_an_event_before_the_moment_does_not_make_it_forget(small: World) -> None:
    late_comer(small, HOUR)
    small.sync()
    small.clock.advance(60)
    small.enrol()
    assert small.sync().counts == {"add": 1}
    assert due_at(small) == at(small, HOUR - 60)


def test_a_moment_that_was_taken_back_is_looked_at_no_more(small: World) -> None:
    userid = late_comer(small, HOUR)
    small.sync()
    small.moodle.unenrol(userid, small.course)
    small.sync()
    assert small.turn() == "refused"
    small.clock.advance(HOUR)
    small.turn()
    assert due_at(small) is None


def test_what_else_is_due_earlier_comes_first(small: World) -> None:
    """Removals wait until the reset of the course is over, and the moment is remembered by the look at that time."""
    late_comer(small, HOUR)
    small.moodle.unenrol(small.links()[0].userid, small.course)
    with small.kit.database.transaction() as tx:
        mappings.quieten(tx, [small.mapping_id], small.clock() + 600)
    small.sync()
    quiet_over = small.clock() + 600 + small.kit.settings.quiet
    assert due_at(small) == quiet_over
    begins = at(small, HOUR)
    small.clock.advance(quiet_over - small.clock())
    assert (small.turn(), due_at(small)) == ("done", begins)


def test_the_moment_is_kept_with_the_roster(small: World) -> None:
    late_comer(small, HOUR)
    small.sync()
    with small.kit.database.reading() as tx:
        known = rosters.get(tx, small.mapping_id)
    assert known is not None
    assert known.next_change == at(small, HOUR)


@pytest.mark.parametrize(("behind", "pause"), [(0, 1), (0.4, 1), (10, 10), (3600, 60)])
def test_where_moodles_clock_is_behind_it_looks_again_soon_and_then_seldom(
    small: World, behind: float, pause: float
) -> None:
    """The moment is in our past and still ahead of Moodle."""
    small.clock.advance(1_000_000.0 - small.clock() % 1)
    tell(small, int(small.clock()))
    small.clock.advance(behind)
    small.sync()
    assert due_at(small) == small.clock() + pause


def test_with_stock_functions_nobody_knows_the_moment(sqlite_kit: Kit, clock: SetClock) -> None:
    with world(sqlite_kit, clock) as made:
        late_comer(made, HOUR)
        made.sync()
        assert due_at(made) is None
