"""The clock seals the audit: every row once, in order, without a gap, whoever writes and seals at the same time."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import select, text

from app import kit as kits
from app import settings
from app.errors import Refused, SettingsError
from app.kit import Kit
from app.planning.chain import GENESIS, Head, seal
from app.setup import acts, anchor, auditing, sealing
from app.store import seals
from app.store.tables import audit as rows
from app.store.tables import audit_seals
from tests.audit_attack import attack, put_in, verdict
from tests.conftest import SetClock


def act(kit: Kit, how_often: int = 1, operation: str = "try") -> None:
    """Two rows of the audit each time."""
    with kit.database.transaction() as tx:
        for _ in range(how_often):
            acts.record(tx, kit.database.now(tx), "cli:x", operation, {"site": "uni"})


def chained(kit: Kit) -> list[tuple[int, int]]:
    """Which row each seal is of."""
    with kit.database.reading() as tx:
        return [(row.seq, row.audit_id) for row in tx.execute(select(audit_seals).order_by(audit_seals.c.seq))]


def head(kit: Kit) -> Head | None:
    with kit.database.reading() as tx:
        return seals.head(tx)


def remembered(kit: Kit) -> list[Head]:
    return list(anchor.heads(kit.settings.anchor))


def test_it_chains_each_row_to_the_one_before(kit: Kit, clock: SetClock) -> None:
    act(kit)
    assert sealing.seal(kit) == 2
    with kit.database.reading() as tx:
        first, second = seals.unsealed(tx, 0, 9) or [
            seals.as_row(row) for row in tx.execute(select(rows).order_by(rows.c.id))
        ]
        stored = tx.execute(select(audit_seals.c.seal).order_by(audit_seals.c.seq)).scalars().all()
    one = seal(GENESIS, 1, clock(), first)
    assert stored == [one, seal(one, 2, clock(), second)]


def test_a_row_is_sealed_once(kit: Kit) -> None:
    act(kit)
    assert (sealing.seal(kit), sealing.seal(kit)) == (2, 0)
    act(kit)
    assert sealing.seal(kit) == 2
    assert chained(kit) == [(1, 1), (2, 2), (3, 3), (4, 4)]


def test_nothing_to_seal_leaves_no_anchor(kit: Kit) -> None:
    assert sealing.seal(kit) == 0
    assert not kit.settings.anchor.exists()


def test_more_than_one_slice_is_sealed_at_once(sqlite_kit: Kit) -> None:
    act(sqlite_kit, 600)
    assert sealing.seal(sqlite_kit) == 1200
    assert len(chained(sqlite_kit)) == 1200


def test_a_whole_number_of_slices_is_sealed(sqlite_kit: Kit) -> None:
    act(sqlite_kit, 250)
    assert sealing.seal(sqlite_kit) == 500


def test_several_clocks_seal_each_row_once(kit: Kit) -> None:
    act(kit, 300)
    sealed: list[int] = []
    threads = [threading.Thread(target=lambda: sealed.append(sealing.seal(kit))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(sealed) == 600
    assert chained(kit) == [(number, number) for number in range(1, 601)]
    assert remembered(kit) == [head(kit)]


def test_a_row_that_is_committed_late_is_sealed_after_those_that_overtook_it(kit: Kit, clock: SetClock) -> None:
    act(kit)
    put_in(kit, 5, clock())
    sealing.seal(kit)
    put_in(kit, 4, clock())
    assert sealing.seal(kit) == 1
    assert chained(kit) == [(1, 1), (2, 2), (3, 5), (4, 4)]


def test_a_row_whose_transaction_is_open_while_others_are_sealed_is_sealed_later(
    postgres_url: str, tmp_path: Path
) -> None:
    key = Fernet.generate_key().decode()
    kit = kits.make(settings.load({}, home=tmp_path, database_url=postgres_url, secret_key=key))
    with kit.database.transaction() as tx:
        acts.record(tx, kit.database.now(tx), "cli:x", "slow", {})
        act(kit)
        assert sealing.seal(kit) == 2
    assert sealing.seal(kit) == 2
    assert chained(kit) == [(1, 3), (2, 4), (3, 1), (4, 2)]
    assert verdict(kit).wrong == 0
    kit.close()


def test_a_row_far_below_the_others_is_not_taken_in(kit: Kit, clock: SetClock) -> None:
    act(kit)
    put_in(kit, seals.LATE + 3, clock())
    sealing.seal(kit)
    put_in(kit, 3, clock())
    assert sealing.seal(kit) == 0


def test_a_row_whose_subject_is_not_json_holds_up_no_other(sqlite_kit: Kit) -> None:
    act(sqlite_kit)
    with sqlite_kit.database.transaction() as tx:
        tx.execute(
            text(
                "INSERT INTO audit (at, call_uid, phase, actor, system, operation, subject) "
                "VALUES (9e999, 'u', 'end', x'ff', 'kurasync', 'o', '{')"
            )
        )
    assert sealing.seal(sqlite_kit) == 3


def test_each_head_is_remembered_outside_the_database(kit: Kit, clock: SetClock) -> None:
    act(kit)
    sealing.seal(kit)
    first = head(kit)
    clock.advance(60)
    act(kit)
    sealing.seal(kit)
    sealing.seal(kit)
    assert remembered(kit) == [first, head(kit)]
    assert kit.settings.anchor.stat().st_mode & 0o777 == 0o600


def test_a_head_that_was_not_remembered_is_remembered_by_the_next_sealing(kit: Kit) -> None:
    act(kit)
    sealing.seal(kit)
    kit.settings.anchor.unlink()
    sealing.seal(kit)
    assert remembered(kit) == [head(kit)]


@pytest.mark.parametrize("known", [Head(3, "a" * 64, 1.0), Head(2, "a" * 64, 1.0)])
def test_a_database_that_lacks_what_is_remembered_is_not_sealed(kit: Kit, known: Head) -> None:
    act(kit)
    sealing.seal(kit)
    kit.settings.anchor.write_text(anchor.line(known) + "\n")
    act(kit)
    assert sealing.missing(kit) == known
    with pytest.raises(Refused, match="older than what was done"):
        sealing.seal(kit)
    assert len(chained(kit)) == 2
    kept = anchor.set_aside(kit.settings.anchor, 0.0)
    assert kept is not None
    assert kept.name == "audit.anchor.19700101T000000Z"
    assert sealing.missing(kit) is None
    assert sealing.seal(kit) == 2


def test_the_anchor_may_be_elsewhere(kit: Kit, tmp_path: Path) -> None:
    elsewhere = tmp_path / "safe" / "heads"
    act(kit)
    sealing.seal(replace(kit, settings=replace(kit.settings, audit_anchor=str(elsewhere))))
    assert anchor.last(elsewhere) == head(kit)
    assert not (tmp_path / "audit.anchor").exists()


def test_an_anchor_that_cannot_be_used_is_told(kit: Kit) -> None:
    act(kit)
    kit.settings.anchor.mkdir()
    with pytest.raises(SettingsError, match="KURASYNC_AUDIT_ANCHOR"):
        sealing.seal(kit)
    with pytest.raises(SettingsError, match="KURASYNC_AUDIT_ANCHOR"):
        anchor.append(kit.settings.anchor, Head(1, "a" * 64, 1.0))


def test_the_doctor_says_how_far_it_is_sealed(kit: Kit, clock: SetClock) -> None:
    assert auditing.check(kit).message == "There is nothing to seal yet."
    act(kit)
    assert auditing.check(kit).message == "2 row(s) wait to be sealed: the clock does that."
    sealing.seal(kit)
    act(kit)
    found = auditing.check(kit)
    assert (found.state, found.message[:21]) == ("ok", "2 row(s) are sealed. ")
    clock.advance(601)
    found = auditing.check(kit)
    assert (found.state, found.message[:54]) == ("warn", "2 row(s) are not sealed, the oldest for 10 minutes: no")


def test_the_doctor_says_that_the_anchor_cannot_be_used(kit: Kit, monkeypatch: pytest.MonkeyPatch) -> None:
    act(kit)
    sealing.seal(kit)
    with monkeypatch.context() as patch:
        patch.setattr("os.access", lambda *_: False)  # the tests may run as root, who may do everything
        assert auditing.check(kit).state == "fail"
    kit.settings.anchor.unlink()
    kit.settings.anchor.mkdir()
    assert auditing.check(kit).state == "fail"


def test_the_doctor_says_that_the_guard_is_gone(sqlite_kit: Kit) -> None:
    attack(sqlite_kit)
    found = auditing.check(sqlite_kit)
    assert found.state == "fail"
    assert "took away audit_update, audit_delete" in found.message
