"""`audit verify` names what was done to the audit behind kurasync's back, and is silent when nothing was."""

from __future__ import annotations

import pytest

from app.kit import Kit
from app.planning.chain import Head
from app.planning.verification import MOST
from app.setup import anchor, auditing, sealing
from app.store import seals
from tests.audit_attack import (
    OTHER,
    as_stored,
    attack,
    erased,
    first,
    put_in,
    sealed,
    sealed_anew,
    subject,
    verdict,
    written,
    wrong,
)
from tests.conftest import SetClock


def test_an_audit_that_nobody_touched_fits(kit: Kit) -> None:
    sealed(kit, 3)
    written(kit)
    found = verdict(kit)
    assert (found.rows, found.waiting, found.wrong, found.anchored, found.late) == (6, 2, 0, 3, 0)
    assert found.head == found.agreed


def test_an_empty_audit_fits(kit: Kit) -> None:
    found = verdict(kit)
    assert (found.rows, found.head, found.wrong, found.anchored) == (0, None, 0, 0)


def test_more_rows_than_a_page_fit(sqlite_kit: Kit) -> None:
    written(sqlite_kit, 700)
    sealing.seal(sqlite_kit)
    assert (verdict(sqlite_kit).rows, verdict(sqlite_kit).wrong) == (1400, 0)


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE audit SET actor = 'nobody' WHERE id = 3",
        "UPDATE audit SET at = at + 1 WHERE id = 3",
        "UPDATE audit SET outcome = 'done', detail = '' WHERE id = 3",
        "UPDATE audit SET mapping_id = 9 WHERE id = 3",
        "UPDATE audit SET subject = '{}' WHERE id = 3",
        "UPDATE audit SET subject = '[1]' WHERE id = 3",
        "UPDATE audit_seals SET sealed_at = sealed_at - 1 WHERE seq = 3",
    ],
)
def test_a_changed_row_is_named(kit: Kit, change: str) -> None:
    sealed(kit)
    attack(kit, change)
    assert wrong(kit) == [("changed", 3, 3)]


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE audit SET subject = '{' WHERE id = 3",
        "UPDATE audit SET subject = x'ff' WHERE id = 3",
        "UPDATE audit SET actor = x'ff' WHERE id = 3",
        "UPDATE audit SET at = 'never' WHERE id = 3",
    ],
)
def test_a_row_that_cannot_be_read_any_more_is_a_changed_one(sqlite_kit: Kit, change: str) -> None:
    sealed(sqlite_kit)
    attack(sqlite_kit, change)
    assert wrong(sqlite_kit) == [("changed", 3, 3)]


def test_a_changed_seal_is_named(kit: Kit) -> None:
    sealed(kit)
    attack(kit, f"UPDATE audit_seals SET seal = '{'é' * 64}' WHERE seq = 3")
    assert wrong(kit) == [("changed", 3, 3), ("changed", 4, 4)]


def test_a_row_that_was_changed_and_sealed_anew_alone_breaks_the_next(kit: Kit) -> None:
    sealed(kit)
    attack(kit, "UPDATE audit SET actor = 'nobody' WHERE id = 3")
    sealed_anew(kit, 3, 3)
    assert wrong(kit) == [("changed", 4, 4)]


def test_two_rows_that_changed_places_are_named(kit: Kit) -> None:
    sealed(kit)
    attack(
        kit,
        "UPDATE audit_seals SET audit_id = -1 WHERE seq = 3",
        "UPDATE audit_seals SET audit_id = 3 WHERE seq = 4",
        "UPDATE audit_seals SET audit_id = 4 WHERE seq = 3",
    )
    assert wrong(kit) == [("changed", 3, 4), ("changed", 4, 3)]


def test_a_row_that_was_deleted_is_named(kit: Kit) -> None:
    sealed(kit)
    attack(kit, "DELETE FROM audit WHERE id = 3")
    assert wrong(kit) == [("missing", 3, 3)]


def test_a_row_that_was_deleted_with_its_seal_is_named(kit: Kit) -> None:
    sealed(kit)
    attack(kit, "DELETE FROM audit_seals WHERE seq = 3", "DELETE FROM audit WHERE id = 3")
    found = first(kit)
    assert (found.wrong, found.seq, found.last) == ("missing", 3, 3)
    assert verdict(kit).wrong == 1


def test_the_beginning_that_was_deleted_is_named(kit: Kit) -> None:
    sealed(kit)
    attack(kit, "DELETE FROM audit_seals WHERE seq < 4", "DELETE FROM audit WHERE id < 4")
    found = first(kit)
    assert (found.wrong, found.seq, found.last) == ("missing", 1, 3)


def test_an_end_that_was_cut_off_is_named(kit: Kit) -> None:
    sealed(kit)
    attack(kit, "DELETE FROM audit_seals WHERE seq > 3", "DELETE FROM audit WHERE id > 3")
    found = first(kit)
    assert (found.wrong, found.seq, found.last, found.known) == ("cut_off", 4, 6, anchor.last(kit.settings.anchor))
    assert auditing.verify(kit).wrong == 0


def test_an_audit_that_was_emptied_is_named(kit: Kit) -> None:
    sealed(kit)
    attack(kit, "DELETE FROM audit_seals", "DELETE FROM audit_subjects", "DELETE FROM audit")
    assert (first(kit).wrong, first(kit).seq, first(kit).last) == ("cut_off", 1, 6)


def test_a_row_that_was_put_in_is_named(kit: Kit, clock: SetClock) -> None:
    sealed(kit)
    attack(kit, "DELETE FROM audit WHERE id = 2", "DELETE FROM audit_seals WHERE seq = 2")
    put_in(kit, seals.LATE + 3, clock())
    sealing.seal(kit)
    put_in(kit, 2, clock())
    assert sealing.seal(kit) == 0
    assert ("inserted", None, 2) in wrong(kit)


def test_a_row_that_was_put_in_with_a_seal_outside_the_chain_is_named(kit: Kit, clock: SetClock) -> None:
    sealed(kit)
    put_in(kit, -1, clock())
    put_in(kit, 7, clock())
    attack(kit, "INSERT INTO audit_seals (seq, audit_id, seal, sealed_at) VALUES (0, 7, 'x', 1.0), (-1, -1, 'x', 1.0)")
    assert wrong(kit) == [("inserted", None, -1), ("inserted", None, 7)]


def test_a_row_with_an_old_time_that_was_put_in_at_the_end_is_counted(kit: Kit, clock: SetClock) -> None:
    sealed(kit, 1)
    put_in(kit, 3, clock() - 7200)
    sealing.seal(kit)
    assert (verdict(kit).late, verdict(kit).first_late, verdict(kit).wrong) == (1, 3, 0)


def test_everything_sealed_anew_shows_against_a_head_kept_elsewhere(kit: Kit) -> None:
    sealed(kit, 4)
    attack(kit, "UPDATE audit SET actor = 'nobody' WHERE id = 5")
    sealed_anew(kit, 5)
    found = verdict(kit)
    assert [(each.wrong, each.seq, each.last) for each in found.findings] == [("resealed", 5, 6)]
    assert (found.agreed and found.agreed.seq, found.anchored) == (4, 4)
    assert auditing.verify(kit).wrong == 0


def test_one_known_head_tells_too(kit: Kit) -> None:
    sealed(kit)
    head = verdict(kit).head
    assert auditing.verify(kit, None, head).agreed == head
    attack(kit, "UPDATE audit SET actor = 'nobody' WHERE id = 1")
    sealed_anew(kit, 1)
    assert [each.wrong for each in auditing.verify(kit, None, head).findings] == ["resealed"]


def test_a_head_beyond_the_end_is_one_cut_off(kit: Kit) -> None:
    sealed(kit, 1)
    assert [each.wrong for each in auditing.verify(kit, None, Head(9, "a" * 64, 0.0)).findings] == ["cut_off"]


def test_an_erasure_that_is_written_down_fits(kit: Kit) -> None:
    sealed(kit)
    erased(kit, 3, 0, 1)
    assert (verdict(kit).wrong, verdict(kit).erased) == (0, 2)
    sealing.seal(kit)
    erased(kit, 5, 0)
    sealing.seal(kit)
    assert (verdict(kit).wrong, verdict(kit).erased) == (0, 3)


def test_values_that_went_without_an_erasure_are_named(kit: Kit) -> None:
    sealed(kit)
    erased(kit, 3, 0)
    erased(kit, 3, 1, say=False)
    found = verdict(kit)
    assert [(each.wrong, each.audit_id, each.place) for each in found.findings] == [("personal_gone", 3, 1)]


def test_an_erasure_speaks_of_older_rows_only(kit: Kit) -> None:
    erased(kit, 3, 0)
    written(kit)
    sealing.seal(kit)
    attack(kit, "UPDATE audit_subjects SET salt = NULL, personal = NULL WHERE audit_id = 3 AND place = 0")
    assert wrong(kit) == [("personal_gone", None, 3)]


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        (f"UPDATE audit_subjects SET personal = {as_stored({'email': 'eve@example.edu'})}", "personal_changed"),
        ("UPDATE audit_subjects SET salt = 'other'", "personal_changed"),
        ("UPDATE audit_subjects SET salt = NULL", "personal_changed"),
        ("UPDATE audit_subjects SET personal = NULL", "personal_changed"),
        ("UPDATE audit_subjects SET userid = 8", "personal_changed"),
        ("UPDATE audit_subjects SET studentid = NULL", "personal_changed"),
        ("UPDATE audit_subjects SET site_id = 4", "personal_changed"),
        ("UPDATE audit_subjects SET mapping_id = 4", "personal_changed"),
        ("DELETE FROM audit_subjects", "personal_gone"),
    ],
)
def test_changed_personal_values_are_named(kit: Kit, change: str, kind: str) -> None:
    sealed(kit)
    attack(kit, f"{change} WHERE audit_id = 3 AND place = 0")
    found = verdict(kit)
    assert [(each.wrong, each.audit_id, each.place) for each in found.findings] == [(kind, 3, 0)]


def test_values_of_two_people_that_changed_places_are_named(kit: Kit) -> None:
    sealed(kit)
    attack(
        kit,
        "UPDATE audit_subjects SET place = 9 WHERE audit_id = 3 AND place = 0",
        "UPDATE audit_subjects SET place = 0 WHERE audit_id = 3 AND place = 1",
        "UPDATE audit_subjects SET place = 1 WHERE audit_id = 3 AND place = 9",
        "UPDATE audit_subjects SET userid = 15 - userid, studentid = 150 - studentid WHERE audit_id = 3",
    )
    assert wrong(kit) == [("personal_changed", None, 3)] * 2


def test_erased_values_that_somebody_kept_and_put_back_are_named(kit: Kit) -> None:
    sealed(kit)
    with kit.database.reading() as tx:
        person = next(link for link in seals.links(tx) if link.audit_id == 3).people[0]
    erased(kit, 3, 0)
    values = f"salt = '{person.salt}', personal = {as_stored(person.personal)}"
    attack(kit, f"UPDATE audit_subjects SET {values} WHERE audit_id = 3 AND place = 0")
    assert wrong(kit) == [("personal_back", None, 3)]


def test_values_for_a_record_that_is_not_there_are_named(kit: Kit) -> None:
    sealed(kit)
    attack(kit, f"INSERT INTO audit_subjects (audit_id, place, salt, personal) VALUES (3, 5, 's', {as_stored(OTHER)})")
    assert wrong(kit) == [("personal_inserted", None, 3)]


def test_a_record_that_was_changed_with_its_values_is_a_changed_row(kit: Kit) -> None:
    sealed(kit)
    records = subject(kit, 3)["records"][:1]
    attack(
        kit,
        f"UPDATE audit SET subject = {as_stored({'records': records})} WHERE id = 3",
        "DELETE FROM audit_subjects WHERE audit_id = 3 AND place = 1",
    )
    assert wrong(kit) == [("changed", 3, 3)]


def test_of_very_many_findings_the_first_are_kept_and_all_are_counted(sqlite_kit: Kit) -> None:
    written(sqlite_kit, MOST)
    sealing.seal(sqlite_kit)
    attack(sqlite_kit, "UPDATE audit SET actor = 'nobody'")
    found = verdict(sqlite_kit)
    assert (len(found.findings), found.wrong) == (MOST, 2 * MOST)
    assert found.findings[0].seq == 1
