"""Hard case of the audit: rows edited, the end cut off, a person erased; the chain tells which was which."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from app.kit import Kit
from app.setup import auditing, erasing, sealing, whom
from app.store import audit
from app.store.people import User
from tests.audit_attack import attack, first, verdict
from tests.campus import Campus, campus, with_students
from tests.conftest import SetClock

HOUR = 3600.0


@pytest.fixture
def made(kit: Kit, clock: SetClock) -> Iterator[Campus]:
    """Five students invited, one of them gone again; sealed each hour, on both databases."""
    with campus(kit, clock) as made:
        user, *_ = with_students(made, 5)
        sealing.seal(kit)
        clock.advance(HOUR)
        made.world.moodle.unenrol(user, made.world.course)
        made.rest()
        sealing.seal(kit)
        yield made


def leaver(made: Campus) -> int:
    """The Moodle user who left."""
    (link,) = [link for link in made.world.links(ended=True) if link.ended_at is not None]
    return link.userid


def erase(made: Campus, userid: int) -> None:
    kit = made.world.kit
    with kit.database.reading() as tx:
        person = whom.by_user(tx, {User(made.world.site_id, userid)})
    erasing.erase(kit, person, "cli:x")


def names(made: Campus) -> str:
    """Everything that the audit tells of people."""
    with made.world.kit.database.reading() as tx:
        return str([each.subject for each in audit.search(tx, limit=1000)])


def test_audit_edited_cut_and_erased(made: Campus) -> None:
    """An erasure leaves the chain whole; an edit and a cut are named by their row, the cut by the anchor alone."""
    kit = made.world.kit
    userid = leaver(made)
    address = next(each["email"] for each in made.world.kura.deleted(made.world.kura_course))
    assert address in names(made)

    erase(made, userid)
    made.world.clock.advance(HOUR)
    sealing.seal(kit)
    assert address not in names(made)
    found = verdict(kit)
    assert (found.wrong, found.waiting, found.late) == (0, 0, 0)
    assert found.erased >= 2
    assert found.head is not None

    erase(made, userid)
    assert verdict(kit).erased == found.erased

    last = found.head.seq
    attack(kit, f"DELETE FROM audit_seals WHERE seq = {last}", f"DELETE FROM audit WHERE id = {last}")
    assert (first(kit).wrong, first(kit).seq) == ("cut_off", last)
    assert auditing.verify(kit).wrong == 0

    attack(kit, "UPDATE audit SET outcome = 'refused' WHERE id = 2")
    assert (first(kit).wrong, first(kit).seq, first(kit).audit_id) == ("changed", 2, 2)


def test_the_database_itself_refuses_to_edit_or_cut(made: Campus) -> None:
    kit = made.world.kit
    for statement in ("UPDATE audit SET outcome = 'refused' WHERE id = 2", "DELETE FROM audit_seals WHERE seq > 2"):
        with pytest.raises(DBAPIError, match="the audit is never changed"), kit.database.transaction() as tx:
            tx.execute(text(statement))
    assert verdict(kit).wrong == 0


def test_a_person_erased_behind_the_back_is_named(made: Campus) -> None:
    kit = made.world.kit
    with kit.database.transaction() as tx:
        tx.execute(
            text("UPDATE audit_subjects SET salt = NULL, personal = NULL WHERE userid = :userid"),
            {"userid": leaver(made)},
        )
    sealing.seal(kit)
    assert {each.wrong for each in verdict(kit).findings} == {"personal_gone"}
