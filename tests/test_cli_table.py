"""Tables for people: what they leave out, and how they fit a narrow terminal."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

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


UNPROVEN = "Moodle's stock functions cannot prove that somebody left."


def removal(who: str, *reasons: str, action: str = "delete") -> dict[str, Any]:
    return {"action": action, "who": who, "email": "", "reasons": list(reasons)}


def shown(capsys: pytest.CaptureFixture[str], *items: dict[str, Any]) -> list[str]:
    show_held("roster", items)
    return capsys.readouterr().out.splitlines()


def test_a_reason_that_all_share_is_said_once(capsys: pytest.CaptureFixture[str]) -> None:
    lines = shown(capsys, removal("Ana", "unproven"), removal("Björn", "unproven"))
    assert lines[0] == "Waits for approval (2)"
    assert lines[2] == f"Remove (2). Why: {UNPROVEN}"
    assert "\n".join(lines).count("cannot prove") == 1


def test_reasons_that_differ_stand_beside_each(capsys: pytest.CaptureFixture[str]) -> None:
    lines = shown(
        capsys,
        removal("Ana", "unproven"),
        removal("Björn", "unproven", "empties"),
        removal("Chloé", "merge", "unproven"),
    )
    assert lines[2] == f"Remove (3). Why: {UNPROVEN}"
    assert lines[3].split() == ["who", "before", "->", "after", "and", "also"]
    assert lines[5].split() == ["Ana", "student", "->", "removed"]
    assert lines[6].endswith("Nobody would be left in the course.")
    assert lines[7].endswith("Two Moodle accounts look like one person.")


def test_reasons_of_which_none_is_shared_stand_beside_each(capsys: pytest.CaptureFixture[str]) -> None:
    lines = shown(capsys, removal("Ana", "unproven"), removal("Björn", "empties"))
    assert lines[2] == "Remove (2):"
    assert lines[3].split() == ["who", "before", "->", "after", "why"]


def test_each_action_has_a_table_and_reasons_of_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    lines = shown(capsys, removal("Ana", "unproven"), removal("Björn", "review", action="restore"))
    titles = [line for line in lines if "Why:" in line]
    assert titles == [
        "Restore (1). Why: The mapping is set to review: everything waits for approval.",
        f"Remove (1). Why: {UNPROVEN}",
    ]
