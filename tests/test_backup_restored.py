"""An old backup of the database was put back: it is noticed, nothing happens, nobody is invited twice or removed."""

from __future__ import annotations

import shutil
import socket
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from fakeredis import FakeStrictRedis
from structlog.testing import capture_logs

from app.cli.up import _greet
from app.errors import Refused
from app.kit import Kit
from app.planning.chain import Head
from app.setup import anchor, backups, sealing
from app.setup.obstacles import obstacle
from app.store import audit, bypasses, holds, mappings, rosters, runs, worklist
from app.sync.ask import ask
from app.sync.dispatch import Dispatcher
from tests.conftest import SetClock
from tests.courses import mapped, row, wanted
from tests.receiving import happening, open_door
from tests.world import World, world

DAY = 86400.0


@pytest.fixture
def small(sqlite_kit: Kit, clock: SetClock) -> Iterator[World]:
    with world(sqlite_kit, clock) as made:
        made.moodle.install_plugin()
        yield made


def _file(kit: Kit) -> Path:
    return Path(str(kit.database.url.database))


def _put_back(kit: Kit, backup: Path) -> None:
    """As docs/backup.md says it."""
    kit.database.dispose()
    file = _file(kit)
    for beside in ("-wal", "-shm"):
        file.with_name(file.name + beside).unlink(missing_ok=True)
    shutil.copyfile(backup, file)


@pytest.fixture
def put_back(small: World, tmp_path: Path) -> World:
    """A course whose database knows nothing of the last week.

    Since the backup Cleo was invited, Bo was removed, Dee came and went, and Ana has another address.
    """
    ana, bo = small.enrol("Ana", email="ana@example.edu"), small.enrol("Bo", email="bo@example.edu")
    small.enrol("Eve", email="eve@example.edu")
    small.enrol("Fay", email="fay@example.edu")
    small.sync()
    sealing.seal(small.kit)
    backups.back_up(small.kit, tmp_path / "old.db")
    small.set(email_changed="auto")
    dee = small.enrol("Dee", email="dee@example.edu")
    small.enrol("Cleo", email="cleo@example.edu")
    small.moodle.unenrol(bo, small.course)
    small.moodle.change_email(ana, "ana.new@example.edu")
    small.sync()
    small.moodle.unenrol(dee, small.course)
    small.clock.advance(2 * DAY)
    small.sync()
    assert small.emails() == [f"{name}@example.edu" for name in ("ana.new", "cleo", "eve", "fay")]
    sealing.seal(small.kit)
    _put_back(small.kit, tmp_path / "old.db")
    return small


def test_it_is_noticed_and_nothing_is_queued_claimed_or_sealed(put_back: World) -> None:
    kit, redis = put_back.kit, FakeStrictRedis()
    before = len(put_back.kura.calls)
    ask(kit, put_back.mapping_id, "roster")
    with capture_logs() as logged:
        dispatcher = Dispatcher(kit, redis)
        assert [dispatcher.dispatch(), dispatcher.dispatch()] == [0, 0]
    assert put_back.turn() == "refused"
    assert (row(kit, put_back.mapping_id).gate, row(kit, put_back.mapping_id).gate_reason) == ("parked", backups.OLDER)
    with pytest.raises(Refused, match="kurasync db restored"):
        sealing.seal(kit)
    assert [line["event"] for line in logged] == ["database_older"]
    assert "kurasync db restored" in logged[0]["message"]
    assert len(put_back.kura.calls) == before


def test_a_machine_that_does_not_have_the_anchor_begins_nothing_either(put_back: World, tmp_path: Path) -> None:
    ask(put_back.kit, put_back.mapping_id, "roster")
    with pytest.raises(Refused):
        backups.refuse_older(put_back.kit)
    elsewhere = replace(put_back.kit.settings, home=tmp_path / "elsewhere")
    other = replace(put_back, kit=replace(put_back.kit, settings=elsewhere))
    assert backups.older(other.kit) is None
    assert other.turn() == "refused"
    backups.begin_anew(put_back.kit, "cli:tester")
    assert other.turn() == "done"


def test_another_machine_with_an_anchor_follows_and_nothing_begins_anew_twice(
    put_back: World, tmp_path: Path
) -> None:
    elsewhere = replace(put_back.kit.settings, home=tmp_path / "elsewhere")
    other = replace(put_back.kit, settings=elsewhere)
    lost = backups.older(put_back.kit)
    assert lost is not None
    anchor.append(elsewhere.anchor, lost)
    assert not backups.said_elsewhere(put_back.kit)
    backups.begin_anew(put_back.kit, "cli:tester")
    put_back.sync()
    put_back.approve()
    with pytest.raises(Refused):
        backups.refuse_older(other)
    assert row(other, put_back.mapping_id).gate == "parked"
    assert backups.said_elsewhere(other)
    kept = backups.follow(other, "cli:tester")
    assert kept is not None
    assert lost.seal in kept.read_text()
    assert (backups.older(other), row(other, put_back.mapping_id).gate) == (None, "open")
    assert put_back.sync().message == "In step: nothing to do."


def test_what_was_lost_after_the_word_is_another_loss(put_back: World) -> None:
    backups.begin_anew(put_back.kit, "cli:tester")
    anchor.append(put_back.kit.settings.anchor, Head(9999, "f" * 64, put_back.clock() + 1))
    assert backups.older(put_back.kit) is not None
    assert not backups.said_elsewhere(put_back.kit)


def test_after_the_word_was_given_the_first_plan_waits_and_invites_and_removes_nobody(put_back: World) -> None:
    before = put_back.writes()
    backups.begin_anew(put_back.kit, "cli:tester")
    assert backups.older(put_back.kit) is None
    run = put_back.sync()
    hold = put_back.hold()
    assert hold is not None
    assert sorted(item["action"] for item in hold.items) == ["link", "link"]  # Ana's new account, and Cleo's
    assert {reason for item in hold.items for reason in item["reasons"]} == {"first_run"}
    assert run.counts == {"held": 2}
    put_back.approve()
    assert put_back.writes() == before
    assert {link.email for link in put_back.links()} >= set(put_back.emails())
    assert put_back.sync().message == "In step: nothing to do."


def test_somebody_invited_and_removed_since_the_backup_is_restored_and_not_invited_again(put_back: World) -> None:
    (dee,) = [user["id"] for user in put_back.moodle.state()["users"] if user["firstname"] == "Dee"]
    put_back.moodle.enrol(dee, put_back.course)
    backups.begin_anew(put_back.kit, "cli:tester")
    put_back.sync()
    before = len(put_back.writes())
    put_back.approve()
    assert [call.rpartition("/")[2] for call in put_back.writes()[before:]] == ["restore"]


def test_the_anchor_of_what_is_lost_is_kept_and_the_chain_goes_on(put_back: World, tmp_path: Path) -> None:
    lost = backups.older(put_back.kit)
    assert isinstance(lost, Head)
    begun = backups.begin_anew(put_back.kit, "cli:tester")
    assert begun.anchor is not None
    assert lost.seal in begun.anchor.read_text()
    with put_back.kit.database.reading() as tx:
        entry = audit.search(tx, operation=backups.OPERATION)[-1]
    assert (entry.actor, entry.subject["lost"]) == ("cli:tester", [lost.seq, lost.seal])
    assert put_back.kit.settings.anchor.exists()


def test_every_mapping_begins_anew(kit: Kit, clock: SetClock) -> None:
    first, second = mapped(kit, 2)
    with kit.database.transaction() as tx:
        now = kit.database.now(tx)
        for mapping_id in (first, second):
            mappings.start(tx, mapping_id, now)
            rosters.keep(tx, mapping_id, rosters.KnownRoster((), "b", now, None))
        bypasses.give(tx, now, mapping_id=first, kind="roster", gen=1, by="somebody")
        number = holds.create(tx, now, mapping_id=first, kind="roster", digest="d", items=[], run_id=1)
    wanted(kit, first)
    with kit.database.transaction() as tx:
        claim = worklist.claim(tx, clock(), first, "roster", "host:1:0:0", 60.0, 2)
        assert claim is not None
        audit.begin(
            tx, now, actor="a", system="kuracloud", operation="add", subject={}, mapping_id=first, run_id=claim.run_id
        )
    begun = backups.begin_anew(kit, "cli:tester")
    assert (begun.mappings, begun.holds, begun.anchor) == (2, 1, None)
    with kit.database.reading() as tx:
        assert [each.started_at for each in mappings.every(tx)] == [None, None]
        assert [rosters.get(tx, each) for each in (first, second)] == [None, None]
        assert bypasses.get(tx, first, "roster") is None
        hold, run = holds.get(tx, number), runs.get(tx, claim.run_id)
        ended = audit.search(tx, run_id=claim.run_id)[0]
    assert hold is not None
    assert run is not None
    assert (hold.state, hold.decided_by) == ("overtaken", "cli:tester")
    assert (run.outcome, run.reason) == ("lost", "restored")
    assert (ended.phase, ended.outcome) == ("end", "unknown")
    assert [row(kit, each).state for each in (first, second)] == ["wanted", "wanted"]
    assert row(kit, first).fence > claim.fence


def test_a_database_that_is_not_older_works_on(sqlite_kit: Kit) -> None:
    mapped(sqlite_kit)
    assert backups.older(sqlite_kit) is None
    assert list(backups.checks(sqlite_kit)) == []


def test_doctor_tells_of_a_database_that_is_older(put_back: World) -> None:
    (check,) = backups.checks(put_back.kit)
    assert check.state == "fail"
    assert "kurasync db restored" in check.message


def test_an_anchor_that_cannot_be_read_stops_nothing(sqlite_kit: Kit) -> None:
    sqlite_kit.settings.anchor.mkdir()
    assert backups.older(sqlite_kit) is None


def test_up_says_so_before_anything_else(put_back: World, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        _greet(put_back.kit.settings, listener)
    assert "kurasync db restored" in capsys.readouterr().err


def test_events_are_taken_in_meanwhile(sqlite_kit: Kit) -> None:
    anchor.append(sqlite_kit.settings.anchor, Head(7, "f" * 64, 1.0))
    door = open_door(sqlite_kit)
    assert backups.older(sqlite_kit) is not None
    assert door.deliver(happening()).status_code == 200
    assert door.wanted(8) == 1


def test_a_mapping_that_rests_says_why(put_back: World) -> None:
    ask(put_back.kit, put_back.mapping_id, "roster")
    with pytest.raises(Refused):
        backups.refuse_older(put_back.kit)
    assert "kurasync db restored" in str(obstacle(put_back.kit, put_back.mapping_id))
