"""The console's pages of making mappings, of their rules, of pointing them elsewhere and of removing them."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from html import unescape

import pytest

from app.kit import Kit
from app.planning.rules import Rules, from_settings
from app.store import audit, mappings
from app.store.mappings import Mapping
from app.web.console import mapping_files
from app.words import rules as words
from sandbox.faults import Fault
from tests.conftest import SetClock
from tests.visiting import Visitor, said, visiting
from tests.world import World, world


@dataclass
class Room:
    """A mapped pair of courses, a pair that nobody has mapped, and an administrator."""

    world: World
    visitor: Visitor
    course: int
    kura_course: int

    @property
    def pair(self) -> dict[str, str]:
        return {"moodle": f"uni:{self.course}", "kuracloud": f"kura:{self.kura_course}"}

    def mapping(self, number: int = 1) -> Mapping | None:
        with self.world.kit.database.reading() as tx:
            return mappings.get(tx, number)


@pytest.fixture
def room(sqlite_kit: Kit, clock: SetClock) -> Iterator[Room]:
    with world(sqlite_kit, clock) as one:
        course = one.moodle.create_course("Anatomy <1>", "ANA1")
        kura_course = one.kura.add_course("Anatomy", code="ANA1", lmsEnabled=False)
        yield Room(one, visiting(sqlite_kit), course, kura_course)


def test_courses_that_are_not_mapped_are_offered_the_likely_pairs_first(room: Room) -> None:
    text = room.visitor.text("/mappings/new")
    assert "same short name and code" in text
    assert text.index("Probably belong together") < text.index("Any two courses")
    assert "Physiology" not in text
    assert "Anatomy <1>" in text


def test_before_anything_is_connected_it_is_said_what_comes_first(sqlite_kit: Kit) -> None:
    text = visiting(sqlite_kit).text("/mappings/new")
    assert "No Moodle site is connected yet" in text
    assert "No kuraCloud instance is connected yet" in text


def test_each_side_is_searched_by_its_own_words(room: Room) -> None:
    assert "No course fits that is not mapped yet." in room.visitor.text("/mappings/new", moodle="botany")
    assert "Anatomy <1>" in room.visitor.text("/mappings/new", moodle="ana", kuracloud=str(room.kura_course))


def test_a_side_that_does_not_answer_is_named(room: Room) -> None:
    room.world.moodle.faults.add(Fault("status", status=503))
    assert "uni could not be asked:" in room.visitor.text("/mappings/new")


def test_mapping_says_what_it_means_and_is_asked_about(room: Room) -> None:
    text = said(room.visitor.post("/mappings/new", 200, **room.pair))
    assert "Anatomy <1>" in text
    assert "From then on the students of the kuraCloud course can no longer be edited there" in text
    assert room.mapping(2) is None


def test_two_courses_are_mapped(room: Room) -> None:
    text = room.visitor.done("/mappings", **room.pair)
    assert "Anatomy <1> is mapped to Anatomy." in text
    made = room.mapping(2)
    assert made is not None
    assert (made.courseid, made.kura_courseid) == (room.course, room.kura_course)
    assert room.world.kura.courses[room.kura_course].lms_enabled


def test_clicking_twice_maps_once(room: Room) -> None:
    room.visitor.post("/mappings", **room.pair)
    assert "mapped already" in said(room.visitor.post("/mappings", 409, **room.pair))
    assert room.mapping(3) is None


def test_half_a_pair_is_refused(room: Room) -> None:
    assert "Choose a course of either side" in said(room.visitor.post("/mappings/new", 409, moodle=room.pair["moodle"]))


def test_rules_are_shown_with_what_they_do_and_their_defaults(room: Room) -> None:
    text = room.visitor.text("/mappings/1/rules")
    for name, rule in words.RULES.items():
        assert rule.label in text, name
    assert "Default: 20%." in text


def test_every_rule_has_its_words() -> None:
    assert set(words.RULES) == set(words.written(Rules()))


def test_rules_are_set_and_put_back(room: Room) -> None:
    text = room.visitor.done("/mappings/1/rules", mode="review", removals_share="35.5", grades_every="1.5", freeze="no")
    assert "The rules are set" in text
    found = room.mapping()
    assert found is not None
    chosen = from_settings(found.settings)
    assert (chosen.mode, chosen.removals_share, chosen.grades_every, chosen.freeze) == ("review", 0.355, 5400, False)
    room.visitor.done("/mappings/1/rules", **words.written(Rules()))
    found = room.mapping()
    assert found is not None
    assert found.settings == {}
    with room.world.kit.database.reading() as tx:
        asked = [each for each in audit.search(tx, operation="set_rules") if each.phase == "begin"]
    assert sorted(asked[-2].subject["reset"] or asked[-1].subject["reset"]) == [
        "freeze",
        "grades_every",
        "mode",
        "removals_share",
    ]


def test_rules_that_stay_as_they_are_change_nothing(room: Room) -> None:
    assert "Nothing was changed." in room.visitor.done("/mappings/1/rules", **words.written(Rules()))
    with room.world.kit.database.reading() as tx:
        assert audit.search(tx, operation="set_rules") == []


def test_a_rule_that_cannot_be_is_refused_and_what_was_typed_stays(room: Room) -> None:
    answer = room.visitor.post("/mappings/1/rules", 409, removals_share="many", mode="review")
    assert "Removals a day, share: type a number from 0 to 100." in said(answer)
    assert 'value="many"' in answer.text
    found = room.mapping()
    assert found is not None
    assert found.settings == {}


@pytest.mark.parametrize(
    ("rule", "typed", "why"),
    [
        ("removals_share", "150", "type a number from 0 to 100"),
        ("grades_losses_share", "nan", "type a number from 0 to 100"),
        ("grades_every", "-1", "type a number of hours"),
        ("grades_every", "inf", "type a number of hours"),
        ("removals_least", "two", "Removals a day, at least must be a whole number"),
        ("mode", "never", "Approval must be one of"),
        ("institution_role", "student", "needs Moodle's plugin"),
    ],
)
def test_a_rule_is_refused_by_the_name_and_in_the_unit_of_the_form(
    room: Room, rule: str, typed: str, why: str
) -> None:
    assert why in said(room.visitor.post("/mappings/1/rules", 409, **{rule: typed}))


def test_pointing_elsewhere_says_what_it_means_and_is_asked_about(room: Room) -> None:
    answer = room.visitor.post("/mappings/1/repoint", 200, instance="kura", kura_course="ANA1")
    text = said(answer)
    assert f"gets the kuraCloud course Anatomy ({room.kura_course})." in text
    assert "The students of Physiology stay there, and people can edit them again." in text
    fields = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', answer.text))
    done = room.visitor.done("/mappings/1/repoint/do", **{**fields, "csrf_token": unescape(fields["csrf_token"])})
    assert "The mapping goes to Physiology 1 and Anatomy now." in done
    found = room.mapping()
    assert found is not None
    assert found.kura_courseid == room.kura_course


def test_pointing_nowhere_is_refused_in_the_form(room: Room) -> None:
    assert "Say where to" in said(room.visitor.post("/mappings/1/repoint", 409))
    text = said(room.visitor.post("/mappings/1/repoint", 409, site="uni", course="BOT9"))
    assert "has no course 'BOT9'" in text


def test_removing_is_asked_about_and_gives_the_students_back(room: Room) -> None:
    assert "Its students stay in kuraCloud" in room.visitor.text("/mappings/1/remove")
    assert "Physiology 1 is mapped no more." in room.visitor.done("/mappings/1/remove")
    assert room.mapping() is None
    assert not room.world.kura.courses[room.world.kura_course].lms_enabled


def test_removing_where_kuracloud_is_away_is_asked_about_again(room: Room) -> None:
    room.world.kura.faults.add(Fault("status", status=503))
    text = said(room.visitor.post("/mappings/1/remove", 409))
    assert "it is gone for good" in text
    assert room.mapping() is not None
    assert "lmsEnabled was not switched off" in room.visitor.done("/mappings/1/remove", force="yes")
    assert room.mapping() is None


def test_mappings_are_exported_for_spreadsheets(room: Room) -> None:
    answer = room.visitor.get("/mappings/export")
    assert answer.mimetype == "text/csv"
    assert "mappings.csv" in answer.headers["Content-Disposition"]
    assert "Physiology 1" in answer.text


def a_file(*rows: str) -> bytes:
    return "\n".join(("site,course,instance,kura_course,mode", *rows)).encode()


def uploaded(room: Room, content: bytes) -> str:
    """The page that shows what a file would change."""
    return room.visitor.post("/mappings/import", 200, file=(io.BytesIO(content), "mappings.csv")).text


def filled(page: str) -> dict[str, str]:
    """What the page's form sends on."""
    text = re.search(r'<textarea name="text"[^>]*>(.*?)</textarea>', page, re.DOTALL)
    digest = re.search(r'name="digest" value="(\w+)"', page)
    assert text
    assert digest
    return {"text": unescape(text[1]), "digest": digest[1]}


def test_a_file_is_shown_before_it_is_carried_out(room: Room) -> None:
    page = uploaded(room, a_file("uni,ANA1,kura,ANA1,review", "uni,2,kura,101,review", "uni,BOT9,kura,ANA1,"))
    for each in ("add", "change rules", "refused", "mode: auto → review", "has no course"):
        assert each in page, each
    assert room.mapping(2) is None
    text = said(room.visitor.post("/mappings/import/do", 200, **filled(page)))
    assert "Done now" in text
    made = room.mapping(2)
    assert made is not None
    assert made.settings == {"mode": "review"}
    assert "2 lines are as they are already." in text


def test_a_file_that_means_something_else_by_now_is_shown_again(room: Room) -> None:
    page = uploaded(room, a_file("uni,ANA1,kura,ANA1,review"))
    room.visitor.post("/mappings", **room.pair)
    text = said(room.visitor.post("/mappings/import/do", 409, **filled(page)))
    assert "Something has changed since you looked" in text
    found = room.mapping(2)
    assert found is not None
    assert found.settings == {}


def test_a_long_file_is_carried_out_in_parts(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mapping_files, "_AT_ONCE", 1)
    page = uploaded(room, a_file("uni,2,kura,101,review", "uni,ANA1,kura,ANA1,"))
    assert "Do the next 1 of 2" in page
    page = room.visitor.post("/mappings/import/do", 200, **filled(page)).text
    assert "Do it" in page
    assert room.mapping(2) is None
    room.visitor.post("/mappings/import/do", 200, **filled(page))
    assert room.mapping(2) is not None


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "Choose a file"),
        (b"x" * 300_001, "larger than 300 kB"),
        (b"a,b\n1,2", "must name its columns"),
        (b"\xff\xfe\x00", "is not UTF-8"),
    ],
)
def test_what_is_no_file_of_mappings_is_refused_with_words(room: Room, content: bytes, why: str) -> None:
    answer = room.visitor.post("/mappings/import", 409, file=(io.BytesIO(content), "mappings.csv"))
    assert why in said(answer)
    assert "`kurasync" not in said(answer)
