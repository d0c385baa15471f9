"""`kurasync probe` finds out what it can of any kuraCloud, tells nothing it cannot know, and leaves nothing behind."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

import pytest
from sqlalchemy import select

from app.clients.answer import Answer
from app.errors import KurasyncError, Refused, TransientError
from app.kit import Kit
from app.setup import instances, probing
from app.store import audit
from app.store import instances as rows
from app.store.tables import audit_subjects
from app.sync.experiments import INVITATIONS, Experiments
from app.sync.scratch import NO_ADDRESS, Mailbox, Record, Scratch, records
from sandbox.faults import Fault
from sandbox.kuracloud.dialect import Dialect
from sandbox.kuracloud.sim import SimKuraCloud

MAILBOX = "lab.tech@example.edu"

NEEDS_MUCH = {  # hundreds of students, graded work, or an export that fails
    "batch_maximum",
    "list_maximum",
    "restored_grades",
    "deleted_in_export",
    "empty_grades",
    "ungraded_students",
    "no_offset",
    "failed_status",
}
HIDDEN_BY = {  # what cannot be told where kuraCloud behaves so
    ("duplicate_add", "second"): {"email_match"},
    ("add_deleted_email", "revive"): {"restore_taken_email"},
    ("add_deleted_email", "refuse"): {"restore_taken_email"},
    ("unknown_student", "ignore"): {"done_already"},
}

USUAL = asdict(Dialect())


def _turned(dialect: Dialect) -> str:
    """The one switch that is turned; the first variation has none."""
    return next((name for name, value in asdict(dialect).items() if value != USUAL[name]), "")


VARIATIONS = [each for each in Dialect.all_variations() if _turned(each) not in NEEDS_MUCH]


def _told(dialect: Dialect) -> str:
    return f"{_turned(dialect)}={asdict(dialect).get(_turned(dialect))}"


@contextmanager
def _connected(kit: Kit, dialect: Dialect) -> Iterator[tuple[SimKuraCloud, int, int]]:
    with SimKuraCloud.serving(dialect) as kura:
        courses = [kura.add_course(f"Scratch {name}", name, lmsEnabled=False) for name in ("S1", "S2")]
        instances.add(kit, name="kura", url=kura.url, token=kura.token, actor="test")
        yield kura, courses[0], courses[1]


def _probed(kit: Kit, second: bool = True) -> dict[str, Any]:
    return probing.probe(
        kit,
        instance="kura",
        course="S1",
        second="S2" if second else None,
        mailbox=Mailbox(MAILBOX),
        actor="test",
        pause=lambda _: None,
    )


@pytest.mark.parametrize("dialect", VARIATIONS, ids=_told)
def test_every_answer_is_the_truth_and_what_cannot_be_told_is_left_out(sqlite_kit: Kit, dialect: Dialect) -> None:
    with _connected(sqlite_kit, dialect) as (kura, first, second):
        answers = _probed(sqlite_kit)
        assert [kura.students(each) for each in (first, second)] == [[], []]
        assert not any(kura.courses[each].lms_enabled for each in (first, second))
        assert len(kura.invites) <= INVITATIONS
    truth = asdict(dialect)
    hidden = set().union(*(names for (name, value), names in HIDDEN_BY.items() if truth[name] == value))
    expected = {name: value for name, value in truth.items() if name not in NEEDS_MUCH | hidden}
    assert answers == expected
    Dialect(**answers)


def test_without_a_second_course_it_does_not_say_how_students_are_numbered(sqlite_kit: Kit) -> None:
    with _connected(sqlite_kit, Dialect()):
        assert "student_ids" not in _probed(sqlite_kit, second=False)


def test_the_answers_stay_with_the_instance_and_the_audit_names_no_address(sqlite_kit: Kit) -> None:
    with _connected(sqlite_kit, Dialect()):
        answers = _probed(sqlite_kit)
    with sqlite_kit.database.reading() as tx:
        stored = rows.by_name(tx, "kura")
        entries = audit.search(tx, limit=1000)
        assert tx.execute(select(audit_subjects)).all() == []
    assert stored is not None
    assert (stored.dialect, stored.probed_at is not None) == (answers, True)
    writes = [each for each in entries if each.system == "kuracloud"]
    assert {each.call_uid for each in writes if each.phase == "begin"} == {
        each.call_uid for each in writes if each.phase == "end"
    }
    assert len(writes) > 20
    assert "@" not in json.dumps([each.subject for each in entries])


def test_a_course_with_students_of_others_is_left_alone(sqlite_kit: Kit) -> None:
    with _connected(sqlite_kit, Dialect()) as (kura, first, _):
        kura.put_student(first, email="ana@example.edu", givenName="Ana", familyName="B")
        with pytest.raises(Refused, match="1 student"):
            _probed(sqlite_kit)
        assert [each["email"] for each in kura.students(first)] == ["ana@example.edu"]
        assert kura.courses[first].lms_enabled is False


def test_deleted_students_of_others_count_too(sqlite_kit: Kit) -> None:
    with _connected(sqlite_kit, Dialect()) as (kura, first, _):
        student = kura.put_student(first, email="ana@example.edu", givenName="Ana", familyName="B")
        kura.delete_student(first, student)
        with pytest.raises(Refused, match="1 student"):
            _probed(sqlite_kit)


def test_a_course_that_is_in_use_is_not_even_switched_off(sqlite_kit: Kit) -> None:
    with _connected(sqlite_kit, Dialect()) as (kura, first, _):
        kura.courses[first].lms_enabled = True
        kura.put_student(first, email="ana@example.edu", givenName="Ana", familyName="B")
        with pytest.raises(Refused, match="1 student"):
            _probed(sqlite_kit)
        assert [call.name for call in kura.calls if not call.name.startswith("GET ")] == []


def test_a_student_whom_somebody_adds_meanwhile_is_left_there(
    sqlite_kit: Kit, monkeypatch: pytest.MonkeyPatch
) -> None:
    add = Scratch.add
    with _connected(sqlite_kit, Dialect()) as (kura, first, _):

        def added(scratch: Scratch, *students: Record) -> Answer:
            if not any(each["email"] == "ana@example.edu" for each in kura.students(first)):
                kura.put_student(first, email="ana@example.edu", givenName="Ana", familyName="B")
            return add(scratch, *students)

        monkeypatch.setattr(Scratch, "add", added)
        monkeypatch.setattr(Experiments, "_addition", lambda self: _first(self.scratch))
        _probed(sqlite_kit)
        assert [each["email"] for each in kura.students(first)] == ["ana@example.edu"]


def _first(scratch: Scratch) -> Record:
    """A student of the trial's, added while nobody else is there."""
    sent = scratch.new(1)
    records(scratch._write("add_students", "", [sent]))
    return scratch.active()[0]


def test_a_course_whose_students_are_not_shown_is_left_alone(sqlite_kit: Kit) -> None:
    with _connected(sqlite_kit, Dialect()) as (kura, first, _):
        kura.courses[first].lms_enabled = True
        kura.faults.add(Fault(kind="status", status=404, match=rf"GET /v2/course/{first}/student"))
        with pytest.raises(Refused, match="does not list the students"):
            _probed(sqlite_kit)
        assert kura.invites == []


def test_what_a_killed_trial_left_is_taken_away_by_the_next(sqlite_kit: Kit) -> None:
    with _connected(sqlite_kit, Dialect()) as (kura, first, _):
        for email in (Mailbox(MAILBOX).numbered(1), NO_ADDRESS):
            kura.put_student(first, email=email, givenName="Probe", familyName="Number 1")
        assert _probed(sqlite_kit)["duplicate_add"] == "refuse"
        assert kura.students(first) == []


def test_an_outage_in_the_middle_leaves_no_student_and_no_answers(sqlite_kit: Kit) -> None:
    with _connected(sqlite_kit, Dialect()) as (kura, first, _):
        kura.faults.add(Fault(kind="status", status=503, match="student/edit", times=1))
        with pytest.raises(TransientError):
            _probed(sqlite_kit)
        assert kura.students(first) == []
        assert kura.courses[first].lms_enabled is False
    with sqlite_kit.database.reading() as tx:
        stored = rows.by_name(tx, "kura")
    assert stored is not None
    assert stored.dialect is None


@pytest.mark.parametrize("address", ["", "nobody", "a+b@example.edu", "two@example.edu three@example.edu"])
def test_the_mailbox_is_one_plain_address(address: str) -> None:
    with pytest.raises(KurasyncError, match="without a \\+"):
        Mailbox(address)


def test_only_its_own_addresses_count_as_made_by_a_trial() -> None:
    mine, other = Mailbox(MAILBOX), Mailbox("other@example.edu")
    assert mine.owns({"email": mine.numbered(3).lower()})
    assert mine.owns({"email": Mailbox(MAILBOX).numbered(3)})
    assert not mine.owns({"email": other.numbered(3)})
    for email in (MAILBOX, "lab.tech+me@example.edu", "", None, "labxtech+kurasync-aaaaaa-1@example.edu"):
        assert not mine.owns({"email": email}), email
