"""The console's pages of the audit: rows searched and looked at, verified by a worker, and exported."""

from __future__ import annotations

import csv
import io
import json

import pytest

from app.kit import Kit
from app.setup import tasks
from app.store import audit
from tests.audit_attack import attack, sealed, written
from tests.conftest import SetClock
from tests.visiting import Visitor, visiting

DAY = 86400.0


@pytest.fixture
def visitor(sqlite_kit: Kit) -> Visitor:
    """An operator of a console where one call was written: rows 1 and 2."""
    written(sqlite_kit)
    return visiting(sqlite_kit, "operator")


def rows(text: str) -> str:
    return text.partition("newest first")[2]


def work(kit: Kit, number: int = 1) -> None:
    """Do a task, as a worker does."""
    tasks.do(kit, number, "test:1:0:")


def test_rows_are_listed_the_newest_first(visitor: Visitor) -> None:
    text = rows(visitor.text("/audit"))
    assert text.index("sign_in") < text.index("add")


@pytest.mark.parametrize(
    ("asked", "operations"),
    [
        ({"system": "kuracloud"}, ["add"]),
        ({"system": "moodle"}, []),
        ({"actor": "user:operator"}, ["sign_in"]),
        ({"operation": "add"}, ["add"]),
        ({"mapping": "1"}, []),
        ({"run": "1"}, []),
        ({"since": "2023-11-14"}, ["add", "sign_in"]),
        ({"since": "2023-11-15"}, []),
        ({"until": "2023-11-14"}, ["add", "sign_in"]),
        ({"until": "2023-11-13"}, []),
    ],
)
def test_rows_are_searched(visitor: Visitor, asked: dict[str, str], operations: list[str]) -> None:
    text = rows(visitor.text("/audit", **asked))
    assert [each for each in ("add", "sign_in") if each in text] == operations


@pytest.mark.parametrize(
    ("asked", "words"),
    [({"since": "yesterday"}, "Since must be a day"), ({"until": "9999-12-31"}, "Until must be a day")],
)
def test_what_is_no_day_is_refused_with_words(visitor: Visitor, asked: dict[str, str], words: str) -> None:
    assert words in visitor.text("/audit", 409, **asked)


def test_a_long_list_is_read_on(sqlite_kit: Kit, visitor: Visitor) -> None:
    written(sqlite_kit, 30)
    page = visitor.get("/audit").text
    assert "/audit?before=15" in page
    assert "sign_in" in rows(visitor.text("/audit?before=15"))


def test_a_row_shows_what_was_sent_of_whom_and_how_it_ended(visitor: Visitor) -> None:
    text = visitor.text("/audit/1")
    assert "ada@example.edu" in text
    assert "given_name: Ada" in text
    assert "After: row 2" in text
    assert visitor.text("/audit/2").partition("Before: row")[2] == text.partition("Before: row")[2]


def test_a_row_says_what_else_was_written_in_words(sqlite_kit: Kit, clock: SetClock, visitor: Visitor) -> None:
    asked_by = [{"event": 7, "at": clock()}]
    with sqlite_kit.database.transaction() as tx:
        audit.begin(
            tx, clock(), actor="x", system="moodle", operation="save", subject={"asked_by": asked_by, "first": True}
        )
    text = visitor.text("/audit/5")
    assert "Asked by event: 7, at: 2023-11-14" in text
    assert "First yes" in text


def test_what_is_very_long_is_folded_away(sqlite_kit: Kit, clock: SetClock, visitor: Visitor) -> None:
    asked_by = [{"event": number} for number in range(100)]
    with sqlite_kit.database.transaction() as tx:
        audit.begin(tx, clock(), actor="x", system="moodle", operation="save", subject={"asked_by": asked_by})
    assert "Asked by Show it all event: 0; event: 1;" in visitor.text("/audit/5")


def test_a_row_that_is_not_there_is_not_found(visitor: Visitor) -> None:
    assert "There is no row 99" in visitor.text("/audit/99", 404)
    assert "There is no row 0" in visitor.text("/audit/0", 404)


def test_the_audit_is_verified_by_a_worker_and_told_in_words(sqlite_kit: Kit, visitor: Visitor) -> None:
    sealed(sqlite_kit)
    assert "It waits for a worker." in visitor.done("/audit/verify")
    work(sqlite_kit)
    text = visitor.text("/audit/verified/1")
    assert "No row that was sealed was changed, taken away or put in." in text
    assert "row(s) fit their seals." in text
    assert "It agrees with the remembered heads" in text
    assert 'href="/audit/verified/1"' in visitor.get("/audit").text


def test_of_what_was_not_sealed_yet_nothing_is_claimed(sqlite_kit: Kit, visitor: Visitor) -> None:
    visitor.post("/audit/verify")
    work(sqlite_kit)
    text = visitor.text("/audit/verified/1")
    assert "Nothing was sealed yet." in text
    assert "No row" not in text


def test_a_changed_row_is_named(sqlite_kit: Kit, visitor: Visitor) -> None:
    sealed(sqlite_kit)
    attack(sqlite_kit, "UPDATE audit SET actor = 'nobody' WHERE id = 1")
    visitor.post("/audit/verify")
    work(sqlite_kit)
    text = visitor.text("/audit/verified/1")
    assert "Something does not fit." in text
    assert "Row 1 (seal 1) is not what was sealed" in text


def test_a_cut_off_end_is_told_with_what_was_remembered(sqlite_kit: Kit, visitor: Visitor) -> None:
    sealed(sqlite_kit)
    attack(sqlite_kit, "DELETE FROM audit_seals WHERE seq > 4")
    visitor.post("/audit/verify")
    work(sqlite_kit)
    assert "The end was cut off" in visitor.text("/audit/verified/1")


def test_a_verification_that_failed_says_why(
    sqlite_kit: Kit, visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    sqlite_kit.settings.anchor.write_text("nothing of the kind\n")
    visitor.post("/audit/verify")
    work(sqlite_kit)
    assert "remembers nothing" in visitor.text("/audit/verified/1")


def test_another_task_is_no_verification(sqlite_kit: Kit, visitor: Visitor) -> None:
    visitor.post("/doctor")
    assert "verified no audit" in visitor.text("/audit/verified/1", 404)


def test_the_audit_is_exported_as_json_lines_and_as_csv(visitor: Visitor) -> None:
    lines = visitor.get("/audit/export")
    assert [json.loads(line)["row"]["id"] for line in lines.text.splitlines()] == [1, 2, 3, 4]
    assert lines.headers["Content-Disposition"] == 'attachment; filename="kurasync-audit.jsonl"'
    sheet = visitor.get("/audit/export", format="csv")
    assert [row["operation"] for row in csv.DictReader(io.StringIO(sheet.text))] == ["add", "add", "sign_in", "sign_in"]
    assert sheet.content_type == "text/csv; charset=utf-8"


def test_an_export_can_be_of_one_mapping_or_since_a_day(sqlite_kit: Kit, visitor: Visitor) -> None:
    sealed(sqlite_kit, 1)
    assert visitor.get("/audit/export", mapping="1").text == ""
    assert visitor.get("/audit/export", since="2023-11-14").text.count("\n") == 6
    assert visitor.get("/audit/export", since="2023-11-15").text == ""


def test_an_export_of_many_rows_is_sent_whole(sqlite_kit: Kit, visitor: Visitor) -> None:
    written(sqlite_kit, 250)
    assert visitor.get("/audit/export").text.count("\n") == 504


def test_who_may_only_look_has_nothing_verified(sqlite_kit: Kit) -> None:
    viewer = visiting(sqlite_kit, "viewer")
    assert "Verify" not in viewer.text("/audit")
    viewer.post("/audit/verify", 403)
