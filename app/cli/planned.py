"""A plan for people: what would be done to whom, what waits and why, and what nobody does; one kind of plan a file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from app.cli import planned_grades, planned_roster
from app.cli.output import say, table
from app.cli.section import Section, Wording
from app.store.worklist import GRADES, ROSTER, Kind

_WORDING: Mapping[Kind, Wording] = {ROSTER: planned_roster.WORDING, GRADES: planned_grades.WORDING}


def show_plan(kind: Kind, plan: Mapping[str, Any]) -> None:
    """Print a plan as the preview of its kind gives it (`as_json`), or a run keeps it."""
    wording = _WORDING[kind]
    _show(Section("Goes ahead", [wording.line(each) for each in plan.get("go", [])], wording.titles))
    show_held(kind, plan.get("held", []))
    for section in wording.others(plan):
        _show(section)
    if not any(plan.values()):
        say(wording.nothing)


def show_held(kind: Kind, items: Sequence[Mapping[str, Any]], title: str = "Waits for approval") -> None:
    """Print what waits for approval, action by action: the reasons that all share once, the others beside each."""
    if items:
        say(f"{title} ({len(items)})")
        say()
    wording = _WORDING[kind]
    actions = sorted({item["action"] for item in items}, key=[*wording.actions].index)
    for action in actions:
        _show(_held([item for item in items if item["action"] == action], wording))


def _held(items: Sequence[Mapping[str, Any]], wording: Wording) -> Section:
    shared = [slug for slug in items[0]["reasons"] if all(slug in each["reasons"] for each in items)]
    rows = [
        {**wording.line(each), "why": _why([slug for slug in each["reasons"] if slug not in shared], wording)}
        for each in items
    ]
    titles = {name: title for name, title in wording.titles.items() if name != "what"}
    remark = f". Why: {_why(shared, wording)}" if shared else ":"
    title = wording.what(items[0]["action"]).capitalize()
    return Section(title, rows, {**titles, "why": "and also" if shared else "why"}, remark)


def _why(reasons: Sequence[str], wording: Wording) -> str:
    """The reasons, a sentence each."""
    said = (wording.reason(slug) for slug in reasons)
    return " ".join(f"{sentence[0].upper()}{sentence[1:]}." for sentence in said)


def counted(kind: Kind, items: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """How many actions of each sort, in words."""
    return dict(Counter(_WORDING[kind].what(item["action"]) for item in items))


def _show(section: Section) -> None:
    if section.rows:
        say(f"{section.title} ({len(section.rows)}){section.remark}")
        table(section.rows, section.titles)
        say()
