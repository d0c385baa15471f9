"""Neither database lets an audit row be changed or deleted; personal values may be taken out, and nothing else."""

from __future__ import annotations

import json

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from app.planning.chain import canonical, salted, seal
from app.store import audit, audit_guard
from app.store.db import Database
from app.store.tables import audit as table
from app.store.tables import audit_subjects
from tests.conftest import SetClock

RECORD = {"userid": 7, "studentid": 70, "email": "a@example.edu", "before": {"given_name": "Ä"}, "after": {}}

REFUSED = [
    "UPDATE audit SET actor = 'nobody'",
    "DELETE FROM audit",
    "UPDATE audit_seals SET seal = 'other'",
    "DELETE FROM audit_seals",
    "DELETE FROM audit_subjects",
    "UPDATE audit_subjects SET salt = 'other'",
    "UPDATE audit_subjects SET salt = NULL",
    "UPDATE audit_subjects SET salt = NULL, personal = NULL, userid = 8",
    "UPDATE audit_subjects SET salt = NULL, personal = NULL, place = 1",
]


@pytest.fixture
def written(database: Database, clock: SetClock) -> Database:
    with database.transaction() as tx:
        subject = {"records": [RECORD, {"column": [1, 2]}]}
        call = audit.begin(tx, clock(), actor="x", system="kuracloud", operation="o", subject=subject)
        audit.end(tx, clock(), call, "done")
        tx.execute(text("INSERT INTO audit_seals (seq, audit_id, seal, sealed_at) VALUES (1, 1, 's', 1.0)"))
    return database


@pytest.mark.parametrize("statement", REFUSED)
def test_the_database_refuses(written: Database, statement: str) -> None:
    with pytest.raises(DBAPIError, match="the audit is never changed"), written.transaction() as tx:
        tx.execute(text(statement))


def test_nothing_of_the_guard_is_missing(database: Database) -> None:
    with database.reading() as tx:
        assert audit_guard.missing(tx) == []


@pytest.mark.parametrize("name", ["audit_update", "audit_seals_delete", "audit_subjects_update"])
def test_a_guard_that_was_taken_away_is_noticed(database: Database, name: str) -> None:
    with database.reading() as tx:
        of = "" if database.is_sqlite else f" ON {name.rpartition('_')[0]}"
        tx.execute(text(f"DROP TRIGGER {name}{of}"))
        assert audit_guard.missing(tx) == [name]
        tx.rollback()


def test_a_guard_that_was_switched_off_is_noticed(postgres_url: str) -> None:
    database = Database(postgres_url)
    with database.reading() as tx:
        tx.execute(text("ALTER TABLE audit DISABLE TRIGGER audit_truncate"))
        assert audit_guard.missing(tx) == ["audit_truncate"]
        tx.rollback()
    database.dispose()


def test_a_row_holds_a_digest_in_place_of_what_is_personal(written: Database) -> None:
    with written.reading() as tx:
        stored = tx.execute(select(table.c.subject).where(table.c.phase == "begin")).scalar_one()
        person = tx.execute(select(audit_subjects)).one()
        assert audit.search(tx)[1].subject == {"records": [RECORD, {"column": [1, 2]}]}
    assert (person.userid, person.studentid, person.place) == (7, 70, 0)
    digest = salted(person.salt, person.personal)
    assert stored["records"] == [{"userid": 7, "studentid": 70, "digest": digest}, {"column": [1, 2]}]


def test_erased_values_leave_the_row_readable(written: Database) -> None:
    with written.transaction() as tx:
        tx.execute(text("UPDATE audit_subjects SET salt = NULL, personal = NULL"))
        records = audit.search(tx)[1].subject["records"]
    assert records == [{"userid": 7, "studentid": 70, "erased": True}, {"column": [1, 2]}]


def test_equal_values_of_two_people_have_digests_that_do_not_tell() -> None:
    assert salted("a", {"email": "x"}) != salted("b", {"email": "x"})
    assert salted("a", {"email": "x"}) == salted("a", {"email": "x"})


def test_canonical_json_survives_being_stored() -> None:
    value = {"b": 1.1, "a": [None, True, "Ä"], "c": (1, 2)}
    assert canonical(json.loads(canonical(value))) == canonical(value)


def test_a_seal_depends_on_the_row_its_place_its_time_and_the_seal_before() -> None:
    seals = [seal("0", 1, 2.0, {"a": 1}), seal("0", 1, 2.0, {"a": 2}), seal("0", 1, 3.0, {"a": 1})]
    assert len({*seals, seal("0", 2, 2.0, {"a": 1}), seal("1", 1, 2.0, {"a": 1})}) == 5
