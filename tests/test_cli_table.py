"""Tables for people: what they leave out, and how they fit a narrow terminal."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from app.cli.output import Row, table
from app.cli.planned import show_held

AT = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)
ROWS: list[Row] = [
    {"id": 1, "at": AT, "what": "add_students", "detail": "", "why": None},
    {"id": 0, "at": AT, "what": "delete_students", "detail": "", "why": None},
]
TITLES = {"id": "row", "at": "at", "what": "what", "detail": "detail", "why": "why"}


def printed(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, columns: int) -> list[str]:
    monkeypatch.setenv("COLUMNS", str(columns))
    table(ROWS, TITLES)
    return capsys.readouterr().out.splitlines()


def test_columns_with_nothing_in_them_are_left_out(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert printed(capsys, monkeypatch, 100)[0].split() == ["row", "at", "what"]


def test_a_zero_is_something(capsys: pytest.CaptureFixture[str]) -> None:
    table([{"id": 0}], {"id": "row"})
    assert capsys.readouterr().out.split() == ["row", "───", "0"]


@pytest.mark.parametrize("columns", [32, 34, 40, 80])
def test_words_stay_whole_where_they_fit(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, columns: int
) -> None:
    lines = printed(capsys, monkeypatch, columns)
    assert max(map(len, lines)) <= columns
    assert {"2026-01-31", "add_students", "delete_students"} <= set(" ".join(lines).split())


@pytest.mark.parametrize("columns", [1, 15, 31])
def test_where_words_do_not_fit_the_lines_are_longer_than_the_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, columns: int
) -> None:
    words = set(" ".join(printed(capsys, monkeypatch, columns)).split())
    assert {"2026-01-31", "add_students", "delete_students"} <= words


def test_a_pipe_gets_one_line_for_each_row(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    table(ROWS, TITLES)
    assert len(capsys.readouterr().out.splitlines()) == 4


def test_a_reason_that_all_share_is_said_once(capsys: pytest.CaptureFixture[str]) -> None:
    items = [{"action": "delete", "who": who, "email": "", "reasons": ["unproven"]} for who in ("Ana", "Björn")]
    show_held("roster", items)
    shown = capsys.readouterr().out
    assert shown.startswith("Waits for approval (2). Why: Moodle's stock functions cannot prove that somebody left\n")
    assert shown.count("cannot prove") == 1


def test_reasons_that_differ_stand_beside_each(capsys: pytest.CaptureFixture[str]) -> None:
    show_held(
        "roster",
        [
            {"action": "delete", "who": "Ana", "email": "", "reasons": ["unproven"]},
            {"action": "delete", "who": "Björn", "email": "", "reasons": ["unproven", "empties"]},
            {"action": "delete", "who": "Chloé", "email": "", "reasons": ["merge", "unproven"]},
        ]
    )
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "Waits for approval (3). Why: Moodle's stock functions cannot prove that somebody left"
    assert lines[1].split() == ["what", "who", "and", "also"]
    assert lines[3].split() == ["remove", "Ana"]
    assert lines[4].endswith("nobody would be left in the course")
    assert lines[5].endswith("two Moodle accounts look like one person")


def test_reasons_of_which_none_is_shared_stand_beside_each(capsys: pytest.CaptureFixture[str]) -> None:
    items = [{"action": "delete", "who": why, "email": "", "reasons": [why]} for why in ("unproven", "empties")]
    show_held("roster", items)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "Waits for approval (2):"
    assert lines[1].split() == ["what", "who", "why"]
