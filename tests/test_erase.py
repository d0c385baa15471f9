"""Erasing a person: nothing personal of hers is left anywhere, and everything of everybody else is."""

from __future__ import annotations

import inspect
import re
from typing import Any

import pytest
from sqlalchemy import func, select

from app.errors import Refused
from app.kit import Kit
from app.planning.personal import hers
from app.planning.sameness import email_digest, erased_address, is_address, is_erased
from app.setup import erasing, whom
from app.setup.stored import Stored, stored
from app.setup.whom import Person
from app.store import audit, holds, links, rosters, runs, steps, tables, worklist
from app.store.people import Student, User
from tests.people import HAND_ADDED, HER, HER_STUDENT, HERS, HIM, HIS, Planted, plant

EVERYWHERE = [
    "audit_subjects.personal",
    "holds.items",
    "links.echo",
    "links.email",
    "readings.members",
    "readings.students",
    "rosters.members",
    "runs.message",
    "runs.plan",
    "tasks.result",
]


@pytest.fixture
def planted(kit: Kit) -> Planted:
    return plant(kit)


def _her(planted: Planted) -> Person:
    with planted.kit.database.reading() as tx:
        return whom.by_user(tx, [User(planted.site_id, HER)])


def _erase(planted: Planted) -> None:
    erasing.erase(planted.kit, _her(planted), "cli:tester", force=True)


def test_every_column_that_is_said_to_be_personal_has_something_planted(planted: Planted) -> None:
    said, table = [], ""
    for line in inspect.getsource(tables).splitlines():
        table = found[1] if (found := re.match(r"(\w+) = Table\(", line)) else table
        said += [f"{table}.{found[1]}" for found in re.finditer(r'Column\("(\w+)".*# personal', line)]
    assert planted.where(HERS) == EVERYWHERE
    assert set(said) == set(EVERYWHERE) - {"runs.message"}


def test_nothing_personal_of_her_is_left_in_any_table(planted: Planted) -> None:
    _erase(planted)
    assert planted.where(HERS) == []


def test_whatever_is_stored_of_another_is_left_as_it_was(planted: Planted) -> None:
    before = _his(planted)
    counts = {"links": 1, "rosters": 1, "readings": 2, "holds": 2, "runs": 2, "tasks": 1, "audit": 1, "grades": 1}
    assert before.counts == counts
    _erase(planted)
    after = _his(planted)
    assert (after.links, after.members, after.readings, after.audit, after.cells) == (
        before.links,
        before.members,
        before.readings,
        before.audit,
        before.cells,
    )
    assert _said(after) == _said(before)
    assert "It says: not while … is here." in str(_failed(planted))


def _failed(planted: Planted) -> Any:
    with planted.kit.database.reading() as tx:
        run = runs.get(tx, planted.run_ids[0])
    assert run is not None
    return run.plan["failed"]


def test_a_merge_offered_to_another_loses_the_address_of_her_student_alone(planted: Planted) -> None:
    relink = _relink(planted)
    _erase(planted)
    assert _relink(planted) == {**relink, "email": ""}


def _his(planted: Planted) -> Stored:
    with planted.kit.database.reading() as tx:
        return stored(tx, whom.by_user(tx, [User(planted.site_id, HIM)]))


def _said(found: Stored) -> list[dict[str, Any]]:
    """What is said of him, but for previews: those of her courses are forgotten as a whole."""
    said = [entry for document, entries in found.documents if document.table != "tasks" for entry in entries]
    assert all(HIS[1] in str(entry) for entry in said)
    return said


def _relink(planted: Planted) -> dict[str, object]:
    with planted.kit.database.reading() as tx:
        hold = holds.get(tx, planted.hold_ids[1])
    assert hold is not None
    return next(item for item in hold.items if item["action"] == "relink")


def test_it_tells_how_many_records_there_are_and_finds_nothing_the_second_time(planted: Planted) -> None:
    assert _counts(planted) == {
        "links": 2,
        "rosters": 1,
        "readings": 2,
        "holds": 2,
        "runs": 2,
        "tasks": 1,
        "audit": 5,
        "grades": 1,
    }
    _erase(planted)
    assert set(_counts(planted).values()) == {0}


def _counts(planted: Planted) -> dict[str, int]:
    with planted.kit.database.reading() as tx:
        return stored(tx, _her(planted)).counts


def test_it_is_written_down_with_numbers_alone(planted: Planted) -> None:
    _erase(planted)
    _erase(planted)
    with planted.kit.database.reading() as tx:
        end, begin = audit.search(tx, operation="erase")
        subjects = tx.execute(select(func.count()).where(tables.audit_subjects.c.salt.is_(None))).scalar_one()
    assert (begin.actor, begin.subject["users"], end.outcome) == ("cli:tester", [[planted.site_id, HER]], "done")
    assert sum(map(len, begin.subject["erased"].values())) == subjects == 5
    assert [mark for mark in HERS if mark in str(begin)] == []


def test_what_waits_is_overtaken_and_looked_at_anew(planted: Planted) -> None:
    _erase(planted)
    with planted.kit.database.reading() as tx:
        states = [holds.get(tx, number) for number in planted.hold_ids]
        row = worklist.get(tx, planted.mapping_ids[0], "roster")
    assert [hold and (hold.state, hold.decided_by) for hold in states] == [
        ("applied", "a teacher"),
        ("overtaken", "cli:tester"),
    ]
    assert row is not None
    assert row.wanted > row.seen


def test_an_emptied_plan_says_still_what_was_done_to_which_number(planted: Planted) -> None:
    _erase(planted)
    with planted.kit.database.reading() as tx:
        hold = holds.get(tx, planted.hold_ids[1])
    assert hold is not None
    assert hold.items[0] == {
        "action": "reinvite",
        "userid": HER,
        "studentid": HER_STUDENT,
        "before": "",
        "profile": dict.fromkeys(("email", "given_name", "family_name", "external_student_id", "section"), ""),
        "restores": None,
        "who": "",
        "reasons": ["email_changed"],
        "fingerprint": f"{0:064x}",
    }


def test_that_an_address_was_linked_or_invited_is_known_after_it_was_erased(planted: Planted) -> None:
    _erase(planted)
    with planted.kit.database.reading() as tx:
        (link,) = [each for each in links.ended(tx, planted.mapping_ids[0]) if each.userid == HER]
        assert email_digest(link.email) == email_digest(HERS[2])
        assert steps.invited(tx, planted.mapping_ids[0]) == {"e" * 64}


def test_a_roster_without_her_is_no_longer_gone_by(planted: Planted) -> None:
    _erase(planted)
    with planted.kit.database.reading() as tx:
        known = rosters.get(tx, planted.mapping_ids[0])
    assert known is not None
    assert ([member.userid for member in known.members], known.basis) == ([HIM], "")


def test_a_person_who_still_takes_part_is_not_erased_without_force(planted: Planted) -> None:
    with pytest.raises(Refused, match="still takes part in mapping 1:") as refused:
        erasing.erase(planted.kit, _her(planted), "cli:tester")
    assert refused.value.reason == "still_there"
    assert planted.where(HERS) == EVERYWHERE


def test_it_waits_for_a_run_that_may_know_her(planted: Planted, kit: Kit) -> None:
    with kit.database.transaction() as tx:
        now = kit.database.now(tx)
        worklist.want(tx, now, {(planted.mapping_ids[0], "grades"): []}, quiet=0.0, cap=0.0)
        claim = worklist.claim(tx, now, planted.mapping_ids[0], "grades", "host:1:0:0", 60.0, 9)
    assert claim is not None
    with pytest.raises(Refused, match="A run is at work on mapping 1") as refused:
        _erase(planted)
    assert refused.value.reason == erasing.AT_WORK
    assert planted.where(HERS) == EVERYWHERE
    with kit.database.transaction() as tx:
        worklist.release(tx, now, claim, worklist.Done())
    _erase(planted)
    assert planted.where(HERS) == []


def test_a_lease_that_ran_out_holds_nobody_up(planted: Planted, kit: Kit) -> None:
    with kit.database.transaction() as tx:
        now = kit.database.now(tx) - 100.0
        worklist.want(tx, now, {(planted.mapping_ids[0], "grades"): []}, quiet=0.0, cap=0.0)
        assert worklist.claim(tx, now, planted.mapping_ids[0], "grades", "host:1:0:0", 60.0, 9)
    _erase(planted)
    assert planted.where(HERS) == []


def test_her_students_are_those_of_her_links_and_those_by_hand_with_her_address(planted: Planted) -> None:
    first, second = planted.mapping_ids
    students = {Student(first, HER_STUDENT), Student(first, HAND_ADDED), Student(second, 2017)}
    assert _her(planted).students == students


def test_a_conflict_that_does_not_say_whose_name_is_whose_loses_all_names() -> None:
    conflict = {
        "conflict": "merge",
        "message": "They look like one.",
        "userids": [HER, HIM],
        "studentids": [],
        "who": ["Ana Lee", "Bo Chen"],
    }
    whose = Person(users=frozenset({User(1, HER)})).whose(1, 1)
    (said,) = hers({"conflicts": [conflict]}, whose)
    assert said == {**conflict, "userids": [HER]}


def test_an_erased_address_is_known_by_its_digest_and_is_no_address() -> None:
    erased = erased_address(" Ana@Example.EDU")
    assert erased == erased_address(erased) == erased_address("ana@example.edu")
    assert email_digest(erased) == email_digest("ana@example.edu")
    assert is_erased(erased)
    assert not is_erased("erased:ana@example.edu")
    assert not is_address(erased)
