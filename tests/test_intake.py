"""Events are stored and mark what they concern, in one transaction (design.md 2, queue.md 3)."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy.exc import DBAPIError

from app.kit import Kit
from app.store import mappings, sites
from app.store.sites import Site
from app.sync.intake import Accepted, Parcel, accept
from schemas.events import MoodleEvent
from tests.conftest import START, SetClock
from tests.making import add_instance, add_mapping
from tests.receiving import Door, open_door

ENROLLED = MoodleEvent(r"\core\event\user_enrolment_created", "a", 8, 70, 1, 50, 8, 1_700_000_000)


@pytest.fixture
def door(kit: Kit) -> Door:
    return open_door(kit)


@pytest.fixture
def site(door: Door) -> Site:
    with door.kit.database.reading() as tx:
        found = sites.get(tx, door.site_id)
    assert found is not None
    return found


def take(door: Door, site: Site, *events: MoodleEvent, way: str = "signed") -> Accepted:
    [accepted] = accept(door.kit, [Parcel(site, way, "msg_1", events)])
    return accepted


def named(name: str, **fields: int | None) -> MoodleEvent:
    return replace(ENROLLED, name=f"\\core\\event\\{name}", uid=name, **fields)


def quiet_until(door: Door, courseid: int) -> float:
    with door.kit.database.reading() as tx:
        found = mappings.get(tx, door.mapping[courseid])
    assert found is not None
    return found.quiet_until


def test_an_event_is_stored_and_its_course_wanted_after_it_settled(door: Door, site: Site) -> None:
    assert take(door, site, ENROLLED) == Accepted(accepted=1, duplicates=0, ignored=0, urgent=False)
    [stored] = door.stored()
    assert (stored.event_uid, stored.wanted, stored.delivery, stored.way) == ("a", True, "msg_1", "signed")
    row = door.row(8)
    assert row is not None
    assert (row.wanted, row.due_at) == (1, START + door.kit.settings.quiet)
    assert door.wanted(9) == 0


def test_a_duplicate_wants_nothing(door: Door, site: Site) -> None:
    take(door, site, ENROLLED)
    assert take(door, site, ENROLLED, ENROLLED) == Accepted(accepted=0, duplicates=2, ignored=0, urgent=False)
    assert door.wanted(8) == 1


def test_events_without_an_id_are_never_duplicates(door: Door, site: Site) -> None:
    anonymous = replace(ENROLLED, uid=None)
    assert take(door, site, anonymous, anonymous).accepted == 2


def test_many_events_of_one_course_want_one_look(door: Door, site: Site) -> None:
    storm = [replace(ENROLLED, uid=str(number)) for number in range(602)]
    assert take(door, site, *storm).accepted == 602
    assert door.wanted(8) == 1


def test_a_constant_stream_of_events_does_not_put_the_look_off_for_ever(
    door: Door, site: Site, clock: SetClock
) -> None:
    for number in range(20):
        take(door, site, replace(ENROLLED, uid=str(number)))
        clock.advance(door.kit.settings.quiet / 2)
    row = door.row(8)
    assert row is not None
    assert row.due_at == pytest.approx(START + door.kit.settings.cap)


def test_an_event_of_a_course_that_is_not_mapped_is_ignored(door: Door, site: Site) -> None:
    assert take(door, site, replace(ENROLLED, courseid=10)).ignored == 1
    assert [each.wanted for each in door.stored()] == [False]


def test_an_event_touches_only_its_own_sites_mappings(door: Door, site: Site) -> None:
    with door.kit.database.transaction() as tx:
        other = sites.add(tx, START, name="two", url="u", wwwroot="u", identity=None, token="t", ways=["signed"])
        theirs = add_mapping(tx, START, other, add_instance(tx, START, "two"), 8)
    door.mapping[80] = theirs
    take(door, site, ENROLLED, named("user_updated", courseid=0, relateduserid=5036), named("cohort_deleted"))
    assert door.wanted(8) > 0
    assert door.wanted(80) == 0


def test_an_event_of_a_person_wants_every_course_with_a_link_ended_ones_too(door: Door, site: Site) -> None:
    take(door, site, named("user_updated", courseid=0, relateduserid=5036))
    assert (door.wanted(8), door.wanted(9)) == (1, 1)


def test_the_one_who_acted_is_not_the_one_affected(door: Door, site: Site) -> None:
    take(door, site, named("user_updated", courseid=0, relateduserid=70, objectid=5036))
    assert (door.wanted(8), door.wanted(9)) == (0, 0)


def test_a_role_in_a_category_wants_every_course_of_the_site(door: Door, site: Site) -> None:
    take(door, site, named("role_assigned", courseid=0, contextlevel=40, contextinstanceid=1))
    assert (door.wanted(8), door.wanted(9)) == (1, 1)


def test_a_request_for_grades_is_due_at_once_and_leaves_the_roster_alone(door: Door, site: Site) -> None:
    request = replace(ENROLLED, name=r"\local_kurasync\event\grades_requested")
    assert take(door, site, request).urgent
    row = door.row(8, "grades")
    assert row is not None
    assert (row.wanted, row.due_at) == (1, START)
    assert door.row(8) is None


def test_what_comes_before_moodles_commit_is_looked_at_twice(door: Door, site: Site) -> None:
    take(door, site, replace(ENROLLED, uid=None), way="local_webhooks")
    row = door.row(8)
    assert row is not None
    assert row.recheck_at == START + door.kit.settings.recheck_unsigned


@pytest.mark.parametrize("way", ["signed", "tool_trigger"])
def test_what_comes_after_moodles_commit_is_looked_at_once(door: Door, site: Site, way: str) -> None:
    take(door, site, ENROLLED, way=way)
    row = door.row(8)
    assert row is not None
    assert row.recheck_at is None


@pytest.mark.parametrize(
    "name", ["course_deleted", "course_content_deleted", "course_reset_started", "course_reset_ended"]
)
def test_removals_of_a_course_wait_while_it_is_deleted_or_reset(door: Door, site: Site, name: str) -> None:
    take(door, site, named(name))
    assert quiet_until(door, 8) == START + door.kit.settings.quieten
    assert quiet_until(door, 9) == 0
    assert door.wanted(8) == 1


def test_the_first_sign_of_a_deletion_makes_removals_wait_and_asks_for_no_look(door: Door, site: Site) -> None:
    binned = replace(ENROLLED, name=r"\tool_recyclebin\event\category_bin_item_created", courseid=0)
    assert take(door, site, binned).ignored == 1
    assert quiet_until(door, 8) == quiet_until(door, 9) == START + door.kit.settings.quieten
    assert door.wanted(8) == 0


def test_a_late_copy_of_the_marker_does_not_make_removals_wait_again(door: Door, site: Site, clock: SetClock) -> None:
    take(door, site, named("course_reset_started"))
    clock.advance(60)
    take(door, site, named("course_reset_started"))
    assert quiet_until(door, 8) == START + door.kit.settings.quieten


def test_nothing_is_kept_when_a_part_of_it_fails(door: Door, site: Site) -> None:
    too_large = replace(ENROLLED, uid="b", contextlevel=2**70)
    with pytest.raises((DBAPIError, OverflowError)):
        take(door, site, ENROLLED, too_large)
    assert door.stored() == []
    assert door.wanted(8) == 0


def test_parcels_are_counted_apart_and_mark_together(door: Door, site: Site) -> None:
    plain, request = ENROLLED, replace(ENROLLED, name=r"\local_kurasync\event\grades_requested", uid="b")
    one, two = Parcel(site, "signed", "1", [plain, named("moon_landed")]), Parcel(site, "signed", "2", [plain, request])
    assert accept(door.kit, [one, two]) == [Accepted(2, 0, 1, False), Accepted(1, 1, 0, True)]
    assert (door.wanted(8), door.wanted(8, "grades")) == (1, 1)
    assert {event.delivery for event in door.stored()} == {"1", "2"}


def test_only_the_parcels_sent_before_the_commit_are_looked_at_twice(door: Door, site: Site) -> None:
    early, late = replace(ENROLLED, uid=None, courseid=9), ENROLLED
    accept(door.kit, [Parcel(site, "local_webhooks", None, [early]), Parcel(site, "signed", "1", [late])])
    rechecks = {courseid: row.recheck_at for courseid in (8, 9) if (row := door.row(courseid))}
    assert rechecks == {8: None, 9: START + door.kit.settings.recheck_unsigned}


def test_a_delivery_without_events_changes_nothing(door: Door, site: Site) -> None:
    assert take(door, site) == Accepted(0, 0, 0, False)
