"""`kurasync erase` and `kurasync disclose`, as an administrator types them."""

from __future__ import annotations

import json

import pytest
from sqlalchemy import insert

from app.planning.personal import Whose, without
from app.setup import erasing
from app.store import worklist
from app.store.tables import events
from app.words import grades_plan
from tests.fixtures_desk import Desk
from tests.people import HERS, HIS, where

FIRST, LAST, EMAIL, _, IDNUMBER = HERS


@pytest.fixture
def known(desk: Desk) -> int:
    """Her number in Moodle: she was added and has left since, and both runs are over; he is still there."""
    number = desk.map()
    userid = desk.moodle.create_user(firstname=FIRST, lastname=LAST, email=EMAIL, idnumber=IDNUMBER)
    him = desk.moodle.create_user(firstname=HIS[0], lastname=HIS[1], email=HIS[2])
    for each in (userid, him):
        desk.moodle.enrol(each, desk.course)
    _approved(desk, number)
    desk.moodle.unenrol(userid, desk.course)
    _approved(desk, number)
    return int(userid)


def _approved(desk: Desk, number: int) -> None:
    """A run that holds what it would do, and the one that does it."""
    desk.run("sync", str(number))
    desk.work(number)
    (hold,) = desk.json("holds", "list")
    desk.done("holds", "approve", str(hold["id"]), "--digest", hold["digest"][:12])
    desk.work(number)


def test_it_shows_what_is_stored_and_asks(desk: Desk, known: int) -> None:
    asked = desk.run("erase", f"uni:{known}")
    assert asked.exit_code == 2
    assert f"Stored of uni:{known}, student 5001 of mapping 1:" in asked.stdout
    assert "1 student link\n" in asked.stdout
    assert "2 records in the audit" in asked.stdout
    assert "say --yes" in asked.stderr
    assert where(desk.kit, HERS) != []


def test_it_erases_and_finds_nothing_the_second_time(desk: Desk, known: int) -> None:
    assert "Erased." in desk.done("erase", f"uni:{known}", "--yes")
    assert where(desk.kit, HERS) == []
    assert desk.done("erase", f"uni:{known}", "--yes") == "Nothing personal is stored of this person.\n"


def test_an_address_comes_on_standard_input_and_is_never_shown(desk: Desk, known: int) -> None:
    done = desk.run("erase", "--email", "-", "--yes", typed=f"{EMAIL}\n")
    assert done.exit_code == 0
    assert f"Stored of uni:{known}" in done.stdout
    assert EMAIL not in done.output
    assert where(desk.kit, HERS) == []


def test_an_address_as_an_argument_is_refused(desk: Desk) -> None:
    refused = desk.run("erase", EMAIL)
    assert refused.exit_code == 2
    assert "on standard input" in refused.stderr


@pytest.mark.parametrize("arguments", [[], ["uni:5", "--email", "-"]])
def test_who_is_meant_has_to_be_said_in_one_way(desk: Desk, arguments: list[str]) -> None:
    assert desk.run("erase", *arguments, typed="").exit_code == 2


def test_somebody_who_still_takes_part_is_shown_and_refused(desk: Desk) -> None:
    number = desk.map()
    userid = desk.moodle.create_user(firstname=FIRST, lastname=LAST, email=EMAIL)
    desk.moodle.enrol(userid, desk.course)
    _approved(desk, number)
    refused = desk.run("erase", f"uni:{userid}", "--yes")
    assert refused.exit_code == 1
    assert "1 student link" in refused.stdout
    assert "still takes part in mapping 1" in refused.stderr
    assert "Erased." in desk.done("erase", f"uni:{userid}", "--yes", "--force")


def test_what_waits_is_said_to_be_overtaken(desk: Desk) -> None:
    number = desk.map()
    userid = desk.moodle.create_user(firstname=FIRST, lastname=LAST, email=EMAIL)
    desk.moodle.enrol(userid, desk.course)
    desk.work(number)
    said = desk.done("erase", f"uni:{userid}", "--yes", "--force")
    assert "Hold 1 will be overtaken" in said
    assert desk.json("holds", "list") == []
    desk.moodle.unenrol(userid, desk.course)
    desk.work_when_asked(number)
    assert where(desk.kit, HERS) == []


def test_it_waits_for_a_run_and_says_so(desk: Desk, known: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.cli.erase._PATIENCE", 0.1)
    with desk.kit.database.transaction() as tx:
        now = desk.kit.database.now(tx)
        worklist.want(tx, now, {(1, "roster"): []}, quiet=0.0, cap=0.0, urgent=True)
        assert worklist.claim(tx, now, 1, "roster", "host:1:0:0", 600.0, 9)
    refused = desk.run("erase", f"uni:{known}", "--yes")
    assert refused.exit_code == 1
    assert "waiting for its end" in refused.stderr
    assert "Try again when it has ended" in refused.stderr


def test_disclosing_prints_json_for_the_person_alone(desk: Desk, known: int) -> None:
    told = json.loads(desk.done("disclose", "--email", "-", typed=EMAIL))
    assert told["person"][0] == f"uni:{known}"
    text = json.dumps(told)
    assert [mark for mark in (FIRST, LAST, EMAIL, IDNUMBER) if mark not in text] == []
    assert [mark for mark in HIS[:3] if mark in text] == []


def test_disclosing_says_beside_the_json_that_nothing_is_stored(desk: Desk, known: int) -> None:
    done = desk.run("disclose", "uni:9999")
    assert json.loads(done.stdout)["links"] == []
    assert "Nothing is stored of this person" in done.stderr


def test_doctor_names_whom_moodle_was_asked_to_erase_until_it_was_done(desk: Desk, known: int) -> None:
    event = {"site_id": 1, "way": "signed", "name": erasing.ASKED, "courseid": 0, "received_at": 1.0, "wanted": False}
    with desk.kit.database.transaction() as tx:
        tx.execute(insert(events), [{**event, "relateduserid": each} for each in (known, 4711)])
    (check,) = erasing.checks(desk.kit)
    assert check.state == "warn"
    assert f"asked to erase uni:{known}, and" in check.message
    desk.done("erase", f"uni:{known}", "--yes")
    assert list(erasing.checks(desk.kit)) == []


def test_a_hold_and_a_run_say_that_a_name_was_erased(desk: Desk, known: int) -> None:
    desk.done("erase", f"uni:{known}", "--yes")
    assert "(erased)" in desk.done("holds", "show", "1")
    assert "(erased)" in desk.done("runs", "show", "2")


def test_a_grade_whose_owner_was_erased_says_so_and_shows_no_change() -> None:
    grade = {"action": "grade_set", "column": [1, 2], "userid": 4, "before": None, "after": 3.0, "who": HERS[0]}
    emptied = without([grade], Whose(frozenset({4}), frozenset()))[0]
    line = grades_plan.WORDING.line({**emptied, "title": "Heart rate"})
    assert (line["who"], line["change"]) == ("(erased)", "")
