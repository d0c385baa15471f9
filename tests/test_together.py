"""Deliveries that arrive together share one commit, and nothing else."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import replace

import pytest
from sqlalchemy import event
from sqlalchemy.exc import OperationalError, SQLAlchemyError

from app.kit import Kit
from app.store import sites
from app.store.sites import Site
from app.sync.intake import Accepted, Parcel
from app.sync.together import Intake
from schemas.events import MoodleEvent
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


def at_once(
    door: Door, parcels: Sequence[Parcel], *, away: bool = False
) -> tuple[list[Accepted | Exception], int]:
    """Hand in parcels while the first commit is held up; what came of each, and how many commits it took.

    `away`: only the first commit succeeds.
    """
    intake, commits = Intake(door.kit), list[object]()
    begun, go_on = threading.Event(), threading.Event()
    outcomes: list[Accepted | Exception] = [RuntimeError("nothing came of it")] * len(parcels)

    def hold_up(connection: object) -> None:
        commits.append(connection)
        if away and begun.is_set():
            raise OperationalError("COMMIT", {}, Exception("away"))
        begun.set()
        go_on.wait(10)

    def hand_in(place: int) -> None:
        try:
            outcomes[place] = intake.accept(parcels[place])
        except SQLAlchemyError as error:
            outcomes[place] = error

    event.listen(door.kit.database.engine, "commit", hold_up)
    threads = [threading.Thread(target=hand_in, args=(place,)) for place in range(len(parcels))]
    threads[0].start()
    assert begun.wait(10)
    for thread in threads[1:]:
        thread.start()
    while len(intake._waiting) < len(parcels) - 1:
        threading.Event().wait(0.001)
    go_on.set()
    for thread in threads:
        thread.join()
    event.remove(door.kit.database.engine, "commit", hold_up)
    return outcomes, len(commits)


def parcel(site: Site, *uids: str) -> Parcel:
    return Parcel(site, "signed", "msg", [replace(ENROLLED, uid=uid) for uid in uids])


def test_those_who_wait_share_the_next_commit(door: Door, site: Site) -> None:
    outcomes, commits = at_once(door, [parcel(site, f"{number}") for number in range(8)])
    assert outcomes == [Accepted(1, 0, 0, False)] * 8
    assert commits == 2
    assert len(door.stored()) == 8


def test_of_the_same_event_handed_in_together_one_counts(door: Door, site: Site) -> None:
    outcomes, _ = at_once(door, [parcel(site, "first"), *[parcel(site, "x", "y")] * 5])
    counted = [(each.accepted, each.duplicates) for each in outcomes[1:] if isinstance(each, Accepted)]
    assert sorted(counted) == [(0, 2)] * 4 + [(2, 0)]
    assert len(door.stored()) == 3


def test_what_cannot_be_stored_fails_alone(door: Door, site: Site) -> None:
    elsewhere = replace(site, id=4711)
    outcomes, _ = at_once(door, [parcel(site, "1"), parcel(site, "2"), parcel(elsewhere, "3"), parcel(site, "4")])
    assert [isinstance(each, Accepted) for each in outcomes] == [True, True, False, True]
    assert sorted(str(each.event_uid) for each in door.stored()) == ["1", "2", "4"]


def test_a_database_that_is_away_is_asked_once_for_all_of_them(door: Door, site: Site) -> None:
    outcomes, commits = at_once(door, [parcel(site, str(number)) for number in range(8)], away=True)
    assert isinstance(outcomes[0], Accepted)
    assert [type(each) for each in outcomes[1:]] == [OperationalError] * 7
    assert commits == 2
    assert len(door.stored()) == 1
