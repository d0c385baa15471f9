"""Somebody is erased from a course that is alive: runs, the audit's chain, the file, and what comes after."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Connection

from app.errors import Refused
from app.kit import Kit
from app.setup import auditing, backups, erasing, sealing, whom
from app.setup.stored import Stored, stored
from app.setup.whom import Person
from app.store import audit
from app.store.people import User
from app.sync import roster
from app.sync.ask import ask
from app.sync.lease import Ended, Lease
from app.sync.turn import take_turn
from tests.conftest import SetClock
from tests.people import HERS, HIS, in_files, where
from tests.world import World, world

ROSTER = "local_kurasync_get_roster"
FIRST, LAST, EMAIL, _, IDNUMBER = HERS
DAY = 86400.0


@pytest.fixture
def small(sqlite_kit: Kit, clock: SetClock) -> Iterator[World]:
    with world(sqlite_kit, clock) as made:
        made.moodle.install_plugin()
        yield made


@pytest.fixture
def left(small: World) -> int:
    """Her number in Moodle: she came, was renamed, and left. He is still there, and others."""
    userid = small.enrol(FIRST, LAST, email=EMAIL, idnumber=IDNUMBER)
    small.enrol(HIS[0], HIS[1], email=HIS[2])
    for number in range(3):
        small.enrol("Other", f"Student{number}")
    small.sync()
    small.moodle.rename_user(userid, lastname=f"{LAST}-Ng")
    small.sync()
    small.moodle.unenrol(userid, small.course)
    small.sync()
    return userid


def _person(made: World, userid: int) -> Person:
    with made.kit.database.reading() as tx:
        return whom.by_user(tx, [User(made.site_id, userid)])


def _erase(made: World, userid: int, *, force: bool = False) -> None:
    assert erasing.erase(made.kit, _person(made, userid), "cli:tester", force=force)


def test_nothing_of_her_is_left_in_the_bytes_of_the_database_file(small: World, left: int) -> None:
    assert in_files(small.kit, HERS) != []
    _erase(small, left)
    assert where(small.kit, HERS) == []
    assert in_files(small.kit, HERS) == []
    assert in_files(small.kit, HIS) == ["kurasync.db"]


def test_the_audit_stays_provable(small: World, left: int) -> None:
    sealing.seal(small.kit)
    before = auditing.verify(small.kit, auditing.kept(small.kit))
    _erase(small, left)
    sealing.seal(small.kit)
    after = auditing.verify(small.kit, auditing.kept(small.kit))
    assert (before.findings, after.findings) == ((), ())
    assert (before.erased, after.erased) == (0, 3)  # added, edited, removed


def test_the_audit_says_still_which_number_was_added_and_when(small: World, left: int) -> None:
    _erase(small, left)
    with small.kit.database.reading() as tx:
        begun = [each for each in audit.search(tx, operation="add_students") if each.phase == "begin"]
    (hers,) = [record for record in begun[0].subject["records"] if record["userid"] == left]
    assert hers == {"userid": left, "erased": True}


def test_a_backup_made_before_still_has_her(small: World, left: int) -> None:
    target = small.kit.settings.home / "kept.db"
    backups.back_up(small.kit, target)
    _erase(small, left)
    assert EMAIL.encode() in target.read_bytes()


def test_later_runs_learn_nothing_of_somebody_who_is_gone(small: World, left: int) -> None:
    _erase(small, left)
    for _ in range(2):
        small.clock.advance(DAY)
        assert small.sync().message == "In step: nothing to do."
    assert where(small.kit, HERS) == []


def test_whoever_comes_back_is_restored_and_not_invited_again(small: World, left: int) -> None:
    _erase(small, left)
    small.moodle.enrol(left, small.course)
    assert small.sync().counts == {"restore": 1}
    assert EMAIL in small.emails()


def test_her_address_handed_on_to_another_is_a_conflict_as_before(small: World, left: int) -> None:
    _erase(small, left)
    small.moodle.change_email(left, "nobody@example.edu")
    small.enrol("Somebody", "Else", email=EMAIL)
    small.sync()
    assert [conflict.kind for conflict in small.preview().conflicts] == ["once_anothers"]


def test_somebody_still_enrolled_is_learned_again_after_force(small: World) -> None:
    userid = small.enrol(FIRST, LAST, email=EMAIL, idnumber=IDNUMBER)
    small.enrol(HIS[0], HIS[1], email=HIS[2])
    small.sync()
    with pytest.raises(Refused, match="still takes part in mapping 1"):
        _erase(small, userid)
    _erase(small, userid, force=True)
    assert where(small.kit, HERS) == []
    before = small.writes()
    small.sync()
    assert "rosters.members" in where(small.kit, HERS)
    assert small.writes() == before


def test_while_a_run_reads_nobody_is_erased(small: World, left: int) -> None:
    refused = []

    def erase() -> None:
        with pytest.raises(Refused, match="A run is at work on mapping 1") as caught:
            _erase(small, left)
        refused.append(caught.value.reason)

    small.before_call(ROSTER, 1, erase)
    assert small.sync().outcome == "done"
    assert refused == [erasing.AT_WORK]
    _erase(small, left)
    assert where(small.kit, HERS) == []


def test_a_run_that_was_frozen_meanwhile_writes_nobody_back(small: World, left: int) -> None:
    """It has read her, and would add her; its lease runs out, she is erased, it goes on."""
    small.moodle.enrol(left, small.course)

    def frozen() -> None:
        small.clock.advance(small.kit.settings.lease + 1)
        _erase(small, left)

    small.before_call(ROSTER, 1, frozen)
    before = small.writes()
    assert small.sync().outcome == "lost"
    assert where(small.kit, HERS) == []
    assert small.writes() == before


def test_a_run_that_was_frozen_at_its_very_end_writes_nobody_back(small: World, left: int) -> None:
    """Everything is done and confirmed, and its lease runs out before its plan is stored."""
    small.moodle.enrol(left, small.course)

    def frozen(kit: Kit, lease: Lease) -> Ended:
        ended = roster.run(kit, lease)
        small.clock.advance(kit.settings.lease + 1)
        _erase(small, left, force=True)
        return ended

    ask(small.kit, small.mapping_id, "roster")
    assert take_turn(small.kit, small.mapping_id, "roster", "host:1:0:0", verbs={"roster": frozen}) == "lost"
    assert where(small.kit, HERS) == []


def test_a_run_that_ends_between_the_look_and_the_erasure_is_erased_too(
    small: World, left: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """She comes back and goes, and what was written of that was not there when somebody looked."""

    def looked(tx: Connection, person: Person) -> Stored:
        found = stored(tx, person)
        small.moodle.enrol(left, small.course)
        small.sync()
        small.set(mode="review")
        small.moodle.unenrol(left, small.course)
        small.sync()
        assert small.hold() is not None
        return found

    monkeypatch.setattr("app.setup.erasing.stored", looked)
    _erase(small, left)
    assert where(small.kit, HERS) == []
    assert small.hold() is None


def test_an_approved_hold_is_overtaken_and_the_rest_of_it_held_anew(small: World) -> None:
    """She left while an approval of two removals waits for its run: nobody approved one removal alone."""
    small.set(mode="review")
    userid = small.enrol(FIRST, LAST, email=EMAIL, idnumber=IDNUMBER)
    small.enrol(HIS[0], HIS[1], email=HIS[2])
    small.sync()
    small.decide()
    _erase(small, userid, force=True)
    assert (where(small.kit, HERS), small.hold()) == ([], None)
    small.moodle.unenrol(userid, small.course)
    small.sync()
    hold = small.hold()
    assert hold is not None
    assert ([item["who"] for item in hold.items], hold.state) == ([f"{HIS[0]} {HIS[1]}"], "open")
    assert small.emails() == []
