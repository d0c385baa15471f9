"""A plan on the terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from app.cli.output import say, table
from app.store.worklist import Kind
from app.words import plan as words
from app.words.section import Section


def show_plan(kind: Kind, plan: Mapping[str, Any]) -> None:
    """Print a plan as the preview of its kind gives it (`as_json`), or a run keeps it."""
    _show(words.going(kind, plan))
    show_held(kind, plan.get("held", []))
    for section in words.others(kind, plan):
        _show(section)
    if not any(plan.values()):
        say(words.nothing(kind))


def show_held(kind: Kind, items: Sequence[Mapping[str, Any]], title: str = "Waits for approval") -> None:
    """Print what waits for approval, action by action."""
    if items:
        say(f"{title} ({len(items)})")
        say()
    for section in words.held(kind, items):
        _show(section)


def _show(section: Section) -> None:
    if section.rows:
        say(f"{section.title} ({len(section.rows)}){section.remark}")
        table(section.rows, section.titles)
        say()
