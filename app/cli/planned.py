"""A plan for people: what would be done to whom, what waits and why, what is left out, what nobody decides."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from app.cli.output import Row, say, table
from app.planning.guard import DROPPED, REASONS

WORDS = {
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


def show_plan(plan: Mapping[str, Any]) -> None:
    """Print a plan as `app.sync.roster.Preview.as_json` gives it, or a run keeps it."""
    _section("Goes ahead", [_line(each) for each in plan.get("go", [])], _TITLES)
    show_held(plan.get("held", []))
    dropped = [{**_line(each), "why": DROPPED.get(each["reason"], each["reason"])} for each in plan.get("dropped", [])]
    _section("Left out", dropped, {**_TITLES, "why": "why"})
    failed = [{**_line(each), "why": each["message"]} for each in plan.get("failed", [])]
    _section("Refused by kuraCloud", failed, {**_TITLES, "why": "why"})
    conflicts = [{"who": each["who"], "why": each["message"]} for each in plan.get("conflicts", [])]
    _section("Conflicts: decided by nobody yet, and nothing is done to these", conflicts, {"who": "who", "why": "why"})
    if not any(plan.values()):
        say("In step: nothing to do.")


def show_held(items: Sequence[Mapping[str, Any]]) -> None:
    """Print what waits for approval: the reasons that all share once, the others beside each."""
    shared = [slug for slug in items[0]["reasons"] if all(slug in each["reasons"] for each in items)] if items else []
    held = [
        {**_line(each), "why": [REASONS.get(slug, slug) for slug in each["reasons"] if slug not in shared]}
        for each in items
    ]
    remark = ". Why: " + ", ".join(REASONS.get(slug, slug) for slug in shared) if shared else ":"
    _section("Waits for approval", held, {**_TITLES, "why": "and also" if shared else "why"}, remark)


def _section(title: str, rows: Sequence[Row], titles: Mapping[str, str], remark: str = ":") -> None:
    if rows:
        say(f"{title} ({len(rows)}){remark}")
        table(rows, titles)
        say()


def _line(action: Mapping[str, Any]) -> dict[str, Any]:
    who = action.get("who") or f"user {action['userid']}" if action.get("userid") else action.get("who")
    return {
        "what": WORDS.get(action["action"], action["action"]),
        "who": who or f"student {action.get('studentid')}",
        "details": _details(action),
    }


def _details(action: Mapping[str, Any]) -> str:
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
