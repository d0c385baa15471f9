"""kuraCloud may keep a value otherwise than it was sent: it counts as equal until either side changes (design.md 5)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields
from typing import Any

import pytest

from app.kit import Kit
from sandbox.kuracloud.dialect import Dialect
from tests.conftest import SetClock
from tests.world import World, world

LONG = "Maximiliana Theodora Alexandrina"
CUT = LONG[:20]
PEOPLE = (
    ("  Ana ", "Lee", "S1"),
    (LONG, LONG, f"id-{LONG}"),
    ("Zoe\u0308", "O'Neill & Co", ""),
    ("李", "😀", "S4"),
)
VARIATIONS = list(Dialect.all_variations())


def _name(dialect: Dialect) -> str:
    default = Dialect()
    turned = [each.name for each in fields(dialect) if getattr(dialect, each.name) != getattr(default, each.name)]
    return " ".join(f"{name}={getattr(dialect, name)}" for name in turned) or "default"


@contextmanager
def keeping(kit: Kit, clock: SetClock, **switches: Any) -> Iterator[World]:
    """A kuraCloud that keeps values in its own way."""
    with world(kit, clock, Dialect(**switches)) as made:
        yield made


def in_step(made: World) -> None:
    """Two more runs plan nothing and write nothing."""
    made.kura.calls.clear()
    for _ in range(2):
        assert (made.sync().counts, made.hold(), made.writes()) == ({}, None, [])


def shown(made: World) -> dict[str, Any]:
    [student] = made.kura.students(made.kura_course)
    return dict(student)


def echo(made: World) -> dict[str, dict[str, str]]:
    [link] = made.links()
    return link.echo


@pytest.mark.parametrize("dialect", VARIATIONS, ids=_name)
def test_whatever_kuracloud_makes_of_values_a_second_run_plans_nothing(
    sqlite_kit: Kit, clock: SetClock, dialect: Dialect
) -> None:
    with world(sqlite_kit, clock, dialect) as made:
        group = made.moodle.create_group(made.course, f"Section of {LONG}")
        for number, (first, last, idnumber) in enumerate(PEOPLE):
            userid = made.enrol(first, last, email=f"Person.{number}@Example.EDU", idnumber=idnumber)
            if number % 2:
                made.moodle.join_group(userid, group)
        assert made.sync().counts == {"add": 4}
        in_step(made)
        for link in made.links():
            made.moodle.rename_user(link.userid, firstname=f"{LONG} {link.userid}")
        assert made.sync().counts == {"edit": 4}
        in_step(made)
        assert max(Counter(address for _, address, _ in made.kura.invites).values()) == 1


@pytest.mark.parametrize("length", [5, 20])
def test_a_name_that_is_cut_is_sent_once_and_again_only_when_it_changes(
    sqlite_kit: Kit, clock: SetClock, length: int
) -> None:
    with keeping(sqlite_kit, clock, text_maximum=length) as made:
        userid = made.enrol(LONG, "Lee")
        assert made.sync().counts == {"add": 1}
        assert shown(made)["givenName"] == LONG[:length]
        assert echo(made) == {"given_name": {"sent": LONG, "shown": LONG[:length]}}
        in_step(made)
        made.moodle.rename_user(userid, firstname=f"{LONG} II")
        assert made.sync().counts == {"edit": 1}
        in_step(made)
        made.moodle.rename_user(userid, firstname="Max")
        assert made.sync().counts == {"edit": 1}
        assert echo(made) == {}
        in_step(made)


def test_a_name_that_somebody_changes_in_kuracloud_is_corrected_whatever_the_echo(
    sqlite_kit: Kit, clock: SetClock
) -> None:
    with keeping(sqlite_kit, clock, text_maximum=20) as made:
        made.enrol(LONG, "Lee")
        made.sync()
        made.kura.edit_student(made.kura_course, shown(made)["studentId"], givenName="Maxi")
        assert made.sync().counts == {"edit": 1}
        assert shown(made)["givenName"] == CUT
        in_step(made)


def test_a_section_that_is_cut_stays_while_the_student_is_in_the_group(sqlite_kit: Kit, clock: SetClock) -> None:
    """With another group of a lower id, so that the section is not simply the first group's."""
    with keeping(sqlite_kit, clock, text_maximum=20) as made:
        first, second = (made.moodle.create_group(made.course, f"{LONG} {number}") for number in (1, 2))
        userid = made.enrol()
        made.moodle.join_group(userid, second)
        assert made.sync().counts == {"add": 1}
        assert shown(made)["section"] == CUT
        in_step(made)
        made.moodle.join_group(userid, first)
        in_step(made)
        made.moodle.leave_group(userid, second)
        assert made.sync().counts == {"edit": 1}
        in_step(made)
        made.moodle.leave_group(userid, first)
        assert made.sync().counts == {"edit": 1}
        assert shown(made)["section"] == ""
        in_step(made)


@pytest.mark.parametrize("empty", ["empty", "null"])
def test_nothing_and_null_are_the_same(sqlite_kit: Kit, clock: SetClock, empty: str) -> None:
    with keeping(sqlite_kit, clock, empty_text=empty) as made:
        userid = made.enrol(idnumber="S1")
        made.sync()
        made.moodle.change_idnumber(userid, "")
        assert made.sync().counts == {"edit": 1}
        assert shown(made)["externalStudentId"] == ("" if empty == "empty" else None)
        assert echo(made) == {}
        in_step(made)


def test_spaces_and_the_way_an_accent_is_written_are_no_difference(sqlite_kit: Kit, clock: SetClock) -> None:
    with keeping(sqlite_kit, clock) as made:
        made.enrol("Zoe\u0308 ", " Lee", email=" zoe@example.edu ")
        made.sync()
        assert (shown(made)["givenName"], shown(made)["email"]) == ("Zoë", "zoe@example.edu")
        made.kura.edit_student(made.kura_course, shown(made)["studentId"], givenName="Zoe\u0308", familyName="Lee ")
        in_step(made)


@pytest.mark.parametrize("kept", ["as_sent", "lower_case"])
def test_letters_of_an_address_may_change_their_case_on_either_side(
    sqlite_kit: Kit, clock: SetClock, kept: str
) -> None:
    with keeping(sqlite_kit, clock, email_kept=kept) as made:
        userid = made.enrol(email="Ana.Lee@Example.EDU")
        made.sync()
        assert shown(made)["email"] == ("Ana.Lee@Example.EDU" if kept == "as_sent" else "ana.lee@example.edu")
        in_step(made)
        made.moodle.change_email(userid, "ANA.LEE@example.edu")
        in_step(made)
        made.kura.edit_student(made.kura_course, shown(made)["studentId"], email="ana.LEE@example.edu")
        in_step(made)


def test_an_address_that_kuracloud_keeps_otherwise_is_found_by_the_id_number(sqlite_kit: Kit, clock: SetClock) -> None:
    """We fold A-Z and nothing else; it folds É too. What it shows is kept as the echo of what was sent."""
    with keeping(sqlite_kit, clock, email_kept="lower_case") as made:
        userid = made.enrol(email="Émile@example.edu", idnumber="S1")
        assert made.sync().counts == {"add": 1}
        assert echo(made) == {"email": {"sent": "Émile@example.edu", "shown": "émile@example.edu"}}
        in_step(made)
        made.kura.delete_student(made.kura_course, shown(made)["studentId"])
        assert made.sync().counts == {"restore": 1}
        in_step(made)
        made.moodle.change_email(userid, "Émilie@example.edu")
        run = made.sync()
        assert [(held["action"], held["reasons"]) for held in run.plan["held"]] == [("reinvite", ["email_changed"])]


@pytest.mark.parametrize("idnumbers", [("", ""), ("S1", "S1")], ids=["none", "the same"])
def test_who_cannot_be_told_apart_is_reported_and_neither_linked_nor_invited_again(
    sqlite_kit: Kit, clock: SetClock, idnumbers: tuple[str, str]
) -> None:
    """Never by the place in the answer: two that kuraCloud shows under other addresses could be either."""
    with keeping(sqlite_kit, clock, email_kept="lower_case", answer_order="reversed") as made:
        for name, idnumber in zip(("Émile", "Ögmund"), idnumbers, strict=True):
            made.enrol(name, "Lee", email=f"{name}@example.edu", idnumber=idnumber)
        run = made.sync()
        assert run.counts == {"failed": 2}
        assert {failed["message"] for failed in run.plan["failed"]} == {"kuraCloud does not show the added student."}
        assert made.links() == []
        again = made.sync()
        assert {held["action"]: held["reasons"] for held in again.plan["held"]} == {
            "add": ["invited_before"],
            "remove_unmanaged": ["unmanaged"],
        }
        assert len(made.kura.invites) == 2


def test_a_restored_student_who_is_kept_otherwise_converges_too(sqlite_kit: Kit, clock: SetClock) -> None:
    with keeping(sqlite_kit, clock, text_maximum=20) as made:
        userid = made.enrol("Ana", "Lee")
        made.sync()
        made.kura.delete_student(made.kura_course, shown(made)["studentId"])
        made.moodle.rename_user(userid, firstname=LONG)
        assert made.sync().counts == {"restore": 1, "edit": 1}
        assert echo(made) == {"given_name": {"sent": LONG, "shown": CUT}}
        in_step(made)


def test_a_student_found_by_address_who_is_kept_otherwise_converges_too(sqlite_kit: Kit, clock: SetClock) -> None:
    with keeping(sqlite_kit, clock, text_maximum=20) as made:
        made.kura.put_student(made.kura_course, givenName="A", familyName="Lee", email="ana@example.edu")
        made.enrol(LONG, "Lee", email="ana@example.edu")
        assert made.sync().counts == {"link": 1, "edit": 1}
        assert echo(made) == {"given_name": {"sent": LONG, "shown": CUT}}
        in_step(made)


def test_an_address_that_an_edit_changes_is_that_of_the_reading(sqlite_kit: Kit, clock: SetClock) -> None:
    """An edit sends the whole student; its address goes back as it was read, so that it changes nothing."""
    with keeping(sqlite_kit, clock, edit_email="changed") as made:
        made.set(email_changed="ignore")
        userid = made.enrol("Ana", "Lee", email="ana@example.edu")
        made.sync()
        made.moodle.change_email(userid, "lee@example.edu")
        made.moodle.rename_user(userid, firstname="Anna")
        assert made.sync().counts == {"edit": 1}
        assert (shown(made)["givenName"], shown(made)["email"]) == ("Anna", "ana@example.edu")
        in_step(made)
