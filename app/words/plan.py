"""A plan for people: what would be done to whom, what waits and why, and what nobody does; one kind of plan a file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from app.store.worklist import GRADES, ROSTER, Kind
from app.words import grades_plan, roster_plan
from app.words.section import Section, Wording

WORDING: Mapping[Kind, Wording] = {ROSTER: roster_plan.WORDING, GRADES: grades_plan.WORDING}


def going(kind: Kind, plan: Mapping[str, Any]) -> Section:
    """What goes ahead."""
    wording = WORDING[kind]
    return Section("Goes ahead", [wording.line(each) for each in plan.get("go", [])], wording.titles)


def going_by_action(kind: Kind, plan: Mapping[str, Any]) -> Iterator[Section]:
    """The same, action by action, as somebody reads it who is to say yes."""
    wording = WORDING[kind]
    titles = {name: title for name, title in wording.titles.items() if name != "what"}
    for action, items in _by_action(wording, plan.get("go", [])):
        yield Section(wording.what(action).capitalize(), [wording.line(each) for each in items], titles)


def held(kind: Kind, items: Sequence[Mapping[str, Any]]) -> Iterator[Section]:
    """What waits for approval, action by action: the reasons that all share once, the others beside each."""
    wording = WORDING[kind]
    for _, same in _by_action(wording, items):
        yield _held(same, wording)


def others(kind: Kind, plan: Mapping[str, Any]) -> Iterator[Section]:
    """What is left out, refused, in conflict or left as it is."""
    return WORDING[kind].others(plan)


def nothing(kind: Kind) -> str:
    """What stands for an empty plan."""
    return WORDING[kind].nothing


def counted(kind: Kind, items: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """How many actions of each sort, in words."""
    return named(kind, Counter(item["action"] for item in items))


def named(kind: Kind, counts: Mapping[str, int]) -> dict[str, int]:
    """Numbers by action, in words."""
    return {WORDING[kind].what(action): number for action, number in counts.items()}


def _by_action(
    wording: Wording, items: Sequence[Mapping[str, Any]]
) -> Iterator[tuple[str, Sequence[Mapping[str, Any]]]]:
    for action in sorted({item["action"] for item in items}, key=[*wording.actions].index):
        yield action, [item for item in items if item["action"] == action]


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
