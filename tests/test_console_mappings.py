"""The console's pages of mappings: listed, looked at, and what their buttons ask for."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape

import pytest

from app.kit import Kit
from app.setup import mappings as setup
from app.store import audit, runs, worklist
from app.store.worklist import Row
from app.web.console import mapping_people
from tests.conftest import SetClock
from tests.visiting import Visitor, said, visiting
from tests.world import World, world


@pytest.fixture
def made(sqlite_kit: Kit, clock: SetClock) -> Iterator[World]:
    """Two students in step, one who waits to be removed, and a conflict."""
    with world(sqlite_kit, clock) as one:
        one.enrol("Ana", "Lee")
        leaver = one.enrol("Ben", "Kim")
        one.enrol("Cleo", "Ito")
        assert one.sync().outcome == "done"
        one.moodle.unenrol(leaver, one.course)
        one.enrol("Dan", "Ode", email="user4@example.edu")
        assert one.sync().outcome == "done"
        yield one


@pytest.fixture
def visitor(made: World) -> Visitor:
    return visiting(made.kit, "operator")


def row(made: World, kind: str = "roster") -> Row:
    with made.kit.database.reading() as tx:
        found = worklist.get(tx, made.mapping_id, kind)
    assert found is not None
    return found


def test_mappings_are_listed_with_how_they_stand(visitor: Visitor) -> None:
    text = visitor.text("/mappings")
    for each in ("Physiology 1", "uni:", "kura:", "hold 1", "idle"):
        assert each in text, each


@pytest.mark.parametrize(
    ("asked", "is_there"),
    [
        ({"search": "physio"}, True),
        ({"search": "Anatomy"}, False),
        ({"state": "held"}, True),
        ({"state": "paused"}, False),
        ({"site": "uni"}, True),
        ({"site": "elsewhere"}, False),
        ({"after": "1"}, False),
    ],
)
def test_mappings_are_searched(visitor: Visitor, asked: dict[str, str], is_there: bool) -> None:
    assert ("hold 1" in visitor.text("/mappings", **asked)) is is_there


def test_a_list_says_that_nothing_is_mapped_yet(sqlite_kit: Kit) -> None:
    assert "No course is mapped yet." in visiting(sqlite_kit).text("/mappings")


def test_a_mapping_says_how_it_stands_and_what_waits(visitor: Visitor) -> None:
    text = visitor.text("/mappings/1")
    for each in ("Physiology 1", "invited", "waits for approval", "hold 1", "e-mail address", "Preview", "3 added"):
        assert each in text, each


def test_a_mapping_that_is_looked_at_again_says_so_in_a_sentence_of_its_own(made: World, visitor: Visitor) -> None:
    visitor.post("/mappings/1/sync")
    for path in ("/mappings/1", "/mappings/1/students"):
        assert ". Another look is wanted or under way." in visitor.text(path)


def test_a_mapping_that_was_never_looked_at_says_so(sqlite_kit: Kit, clock: SetClock) -> None:
    with world(sqlite_kit, clock):
        text = visiting(sqlite_kit).text("/mappings/1")
    assert "Neither side was read yet." in text
    assert "Nothing was done for it yet." in text


def test_there_is_no_page_for_what_is_not_there(visitor: Visitor) -> None:
    for path in ("/mappings/9", "/mappings/9/students", "/mappings/9/grades", "/mappings/9/rules"):
        assert "There is no mapping 9." in visitor.text(path, 404)
    assert "There is no task 9" in visitor.text("/tasks/9", 404)
    assert "There is no hold 9." in visitor.text("/holds/9", 404)


@pytest.mark.parametrize("path", ["/mappings/{}", "/mappings/{}/students", "/tasks/{}", "/holds/{}"])
def test_a_number_that_no_database_holds_is_called_by_nothing(visitor: Visitor, path: str) -> None:
    visitor.get(path.format(10**30), 404)


def test_what_is_no_text_is_refused(visitor: Visitor) -> None:
    assert "something in it that is no text" in visitor.text("/mappings", 409, search="a\0b")


def test_both_sides_stand_side_by_side_as_they_were_read(visitor: Visitor) -> None:
    text = visitor.text("/mappings/1/students")
    assert text.count("Ana Lee") >= 2
    assert "Both sides as they were read" in text
    only = visitor.text("/mappings/1/students", standing="waiting")
    assert "Ben Kim" in only
    assert "Cleo Ito" not in only


def test_students_are_read_on_by_pages(made: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mapping_people, "_PAGE", 2)
    visitor, pages = visiting(made.kit), ["/mappings/1/students"]
    while found := re.search(r'href="([^"]*after=[^"]*)" rel="next"', visitor.get(pages[-1]).text):
        pages.append(unescape(found[1]))
    seen = [visitor.text(page) for page in pages]
    assert len(seen) == 2
    for name in ("Ana Lee", "Ben Kim", "Cleo Ito", "Dan Ode"):
        assert sum(name in text for text in seen) == 1, name


def test_sync_now_asks_for_a_look(made: World, visitor: Visitor) -> None:
    before = row(made).wanted
    said = visitor.done("/mappings/1/sync", kind="roster")
    assert "A look at the students was asked for: it begins in a moment." in said
    assert row(made).wanted == before + 1
    with made.kit.database.reading() as tx:
        assert audit.search(tx, operation="ask_for_run")[-1].actor == "user:operator"


def test_grades_that_moodle_cannot_take_are_refused_with_words(visitor: Visitor) -> None:
    text = said(visitor.post("/mappings/1/sync", 409, kind="grades"))
    assert "local_kurasync" in text
    assert "`kurasync" not in text


def test_work_of_no_known_kind_is_refused(visitor: Visitor) -> None:
    assert "no such kind of work" in said(visitor.post("/mappings/1/preview", 409, kind="exam"))


def test_a_mapping_is_paused_and_resumed(made: World, visitor: Visitor) -> None:
    assert "The mapping is paused." in visitor.done("/mappings/1/pause")
    assert row(made).gate == "paused"
    text = visitor.done("/mappings/1/sync")
    assert "nothing is done yet: The mapping is paused." in text
    assert "kurasync mapping resume" not in text
    assert "The mapping goes on" in visitor.done("/mappings/1/resume")
    assert row(made).gate == "open"


def test_somebody_is_left_alone_and_looked_at_again(made: World, visitor: Visitor) -> None:
    userid = str(min(link.userid for link in made.links()))
    text = visitor.done("/mappings/1/exempt", side="moodle", person=userid)
    assert f"The Moodle user {userid} is left alone" in text
    assert "by user:operator" in text
    again = visitor.done("/mappings/1/include", side="moodle", person=userid)
    assert "is looked at like everybody again" in again
    assert "by user:operator" not in again


def test_a_student_in_kuracloud_only_is_kept(made: World, visitor: Visitor) -> None:
    studentid = str(made.kura.students(made.kura_course)[0]["studentId"])
    text = visitor.done("/mappings/1/exempt", side="kuracloud", person=studentid)
    assert f"The kuraCloud student {studentid} is kept" in text


@pytest.mark.parametrize("given", [{"side": "moodle"}, {"person": "5"}, {"side": "nowhere", "person": "5"}])
def test_nobody_is_exempted_who_is_not_named(visitor: Visitor, given: dict[str, str]) -> None:
    visitor.post("/mappings/1/exempt", 409, **given)


def test_the_last_runs_are_shown_without_their_plans(made: World, visitor: Visitor) -> None:
    setup.pause(made.kit, made.mapping_id, "test")
    with made.kit.database.reading() as tx:
        last = runs.last(tx, made.mapping_id, "roster")
    assert last is not None
    assert f'href="/runs/{last.id}"' in visitor.get("/mappings/1").text


def test_what_to_do_about_a_refused_token_is_said_without_commands(made: World, visitor: Visitor) -> None:
    made.moodle.rotate_token("another")
    assert made.sync().outcome == "parked"
    text = visitor.text("/mappings/1")
    assert "“Test” under Connections says what is wrong" in text
    assert "Manage tokens and enter it under Connections." in text
    assert "kurasync site" not in text + visiting(made.kit).text("/mappings/new")
