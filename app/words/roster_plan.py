"""A roster plan in words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from app.planning.guard import DROPPED, REASONS
from app.words.section import ERASED, Planned, Row, Section, Wording

_WORDS = {
    "link": "link",
    "add": "add and invite",
    "edit": "edit",
    "restore": "restore",
    "delete": "remove",
    "reinvite": "remove and invite anew",
    "remove_unmanaged": "remove unlinked",
    "relink": "link anew",
    "end_link": "forget the link",
}
_TITLES = {
    "what": "what",
    "who": "who",
    "address": "address",
    "user": "Moodle id",
    "student": "student id",
    "change": "before -> after",
}
FIELDS = {
    "given_name": "first name",
    "family_name": "last name",
    "external_student_id": "student number",
    "section": "section",
}
_CHANGES = {
    "link": "not linked -> linked",
    "restore": "deleted -> restored",
    "delete": "student -> removed",
    "remove_unmanaged": "student -> removed",
    "end_link": "linked -> forgotten",
}


def _line(action: Planned) -> dict[str, Any]:
    return {
        "what": _WORDS.get(action["action"], action["action"]),
        "who": ERASED if _is_erased(action) else action.get("who"),
        "address": action.get("address") or action.get("email") or action.get("profile", {}).get("email"),
        "user": action.get("userid"),
        "student": action.get("studentid"),
        "change": _change(action),
    }


def _is_erased(action: Planned) -> bool:
    """Whether name and address were erased; one whom neither side has any more has none either, and is forgotten."""
    return action.get("who") == action.get("address") == "" and action["action"] != "end_link"


def _change(action: Planned) -> str:
    match action["action"]:
        case "add":
            facts = [fact for fact in (action["profile"]["external_student_id"], action["profile"]["section"]) if fact]
            return "not there -> invited" + (f" ({', '.join(facts)})" if facts else "")
        case "edit":
            return ", ".join(_edited(*change) for change in action["changes"])
        case "reinvite":
            return f"{action['before']} -> {action['profile']['email']}" + (" (restored)" if action["restores"] else "")
        case "relink":
            return f"Moodle user {action['leaver']} -> {action['userid']}"
    return _CHANGES.get(action["action"], "")


def _edited(field: str, before: str, after: str) -> str:
    return f"{FIELDS.get(field, field)}: {before or '(none)'} -> {after or '(none)'}"


def _others(plan: Planned) -> Iterator[Section]:
    dropped: list[Row] = [
        {**_line(each), "why": DROPPED.get(each["reason"], each["reason"])} for each in plan.get("dropped", [])
    ]
    yield Section("Left out", dropped, {**_TITLES, "why": "why"})
    failed: list[Row] = [{**_line(each), "why": each["message"]} for each in plan.get("failed", [])]
    yield Section("Refused by kuraCloud", failed, {**_TITLES, "why": "why"})
    conflicts: list[Row] = [{"who": each["who"], "why": each["message"]} for each in plan.get("conflicts", [])]
    title = "Conflicts: decided by nobody yet, and nothing is done to these"
    yield Section(title, conflicts, {"who": "who", "why": "why"})


WORDING = Wording(_WORDS, REASONS, _TITLES, _line, _others, "In step: nothing to do.")
