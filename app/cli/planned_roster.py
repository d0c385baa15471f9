"""A roster plan in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from app.cli.output import Row
from app.cli.section import Planned, Section, Wording
from app.planning.guard import DROPPED, REASONS

_WORDS = {
    "link": "link",
    "add": "add and invite",
    "edit": "edit",
    "restore": "restore",
    "delete": "remove",
    "reinvite": "remove and invite anew",
    "remove_unmanaged": "remove",
    "relink": "link anew",
    "end_link": "forget the link",
}
_TITLES = {"what": "what", "who": "who", "details": "details"}


def _line(action: Planned) -> dict[str, Any]:
    who = action.get("who") or f"user {action['userid']}" if action.get("userid") else action.get("who")
    return {
        "what": _WORDS.get(action["action"], action["action"]),
        "who": who or f"student {action.get('studentid')}",
        "details": _details(action),
    }


def _details(action: Planned) -> str:
    match action["action"]:
        case "add":
            return _profile(action["profile"])
        case "edit":
            return ", ".join(f"{name}: {before!r} -> {after!r}" for name, before, after in action["changes"])
        case "reinvite":
            return f"{action['before']} -> {action['profile']['email']}"
    return str(action.get("email", ""))


def _profile(profile: Mapping[str, str]) -> str:
    facts = [profile["email"], profile["external_student_id"], profile["section"]]
    return ", ".join(fact for fact in facts if fact)


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
