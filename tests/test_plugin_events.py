"""The events Moodle's plugin reports are those the table asks for (app/sync/triggers.py)."""

from __future__ import annotations

import re
from pathlib import Path

from app.sync.triggers import TABLE

_OBSERVED = Path(__file__).parent.parent / "plugin" / "local_kurasync" / "db" / "events.php"

NEEDLESS = {
    r"\core\event\grade_item_deleted",
    r"\tool_recyclebin\event\category_bin_item_created",
}
"""They only tell that a course is being deleted: course_deletion_started says so first, and of which course."""

ASKS_FOR_NOTHING = {r"\local_kurasync\event\test_sent", r"\local_kurasync\event\user_erased"}
"""Reported all the same: they are there for people."""


def test_the_plugin_reports_what_the_table_asks_for_and_nothing_else() -> None:
    observed = set(re.findall(r"'(\\[\w\\]+\\event\\\w+)'", _OBSERVED.read_text(encoding="utf-8")))
    asked = {name for name, each in TABLE.items() if each.kinds or each.quietens}
    assert observed == (asked - NEEDLESS) | ASKS_FOR_NOTHING
