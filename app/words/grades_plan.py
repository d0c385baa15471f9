"""A grades plan in words."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import Any

from app.planning.grade_guard import REASONS
from app.planning.grades import LEFT
from app.words.section import ERASED, Planned, Section, Wording

_WORDS = {
    "column_add": "make the column",
    "column_edit": "change the column",
    "column_remove": "remove the column",
    "grade_set": "write",
    "grade_lower": "lower",
    "grade_clear": "clear",
}
_TITLES = {"what": "what", "who": "who", "user": "Moodle id", "column": "column", "change": "before -> after"}
LEFT_TITLES = {"who": "who", "column": "column", "shown": "in Moodle", "value": "in kuraCloud"}
_NOT_DONE = {**LEFT, "kept": "Moodle keeps another grade than it was sent"}


def points(value: float | None) -> str:
    """A grade as people write it; "-" where there is none."""
    return "-" if value is None else f"{value:.5f}".rstrip("0").rstrip(".")


def left_line(left: Planned) -> dict[str, Any]:
    """A cell, or a column, that is left as it is."""
    return {
        "who": _who(left),
        "column": _column(left),
        "shown": points(left["shown"]),
        "value": points(left["value"]),
    }


def _line(action: Planned) -> dict[str, Any]:
    return {
        "what": _WORDS.get(action["action"], action["action"]),
        "who": ERASED if _is_erased(action) else action.get("who"),
        "user": action.get("userid"),
        "column": _column(action),
        "change": "" if _is_erased(action) else _change(action),
    }


def _is_erased(action: Planned) -> bool:
    """Whether name and grades were erased: every grade that is written, lowered or cleared has one of the two."""
    return bool(action.get("userid")) and not action.get("who") and action["before"] is action.get("after") is None


def _change(action: Planned) -> str:
    match action["action"]:
        case "column_add":
            return f"not there -> of {points(action['maximum'])}"
        case "column_edit":
            return ", ".join(_edits(action))
        case "column_remove":
            return "there -> removed with all its grades"
    return f"{points(action['before'])} -> {points(action.get('after'))}"


def _edits(action: Planned) -> Iterator[str]:
    name, maximum = action["before"]
    if action["name"] is not None:
        yield f"{name} -> {action['name']}"
    if action["maximum"] is not None:
        yield f"of {points(maximum)} -> {points(action['maximum'])}"


def _who(about: Planned) -> str:
    if about.get("who"):
        return str(about["who"])
    if about.get("userid"):
        return f"user {about['userid']}"
    return f"kuraCloud student {about['studentid']}" if about.get("studentid") else ""


def _column(about: Planned) -> str:
    return str(about["title"])


def _others(plan: Planned) -> Iterator[Section]:
    for reason, found in groupby(sorted(plan.get("left", []), key=_reason), key=_reason):
        why = f". Why: {LEFT.get(reason, reason)}"
        yield Section("Left as it is", [left_line(each) for each in found], LEFT_TITLES, why)
    failed = [{**_line(each), "why": _NOT_DONE.get(each["reason"], each["reason"])} for each in plan.get("failed", [])]
    yield Section("Not done by Moodle", failed, {**_TITLES, "why": "why"})


def _reason(left: Planned) -> str:
    return str(left["reason"])


WORDING = Wording(_WORDS, REASONS, _TITLES, _line, _others, "Grades are in step: nothing to do.")
