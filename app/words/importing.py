"""What an import of mappings would change, or has changed, as lists and programs get it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.setup.import_preview import Change, What
from app.words.cells import cell

WHAT: Mapping[What, str] = {"add": "add", "change": "change rules", "unchanged": "unchanged", "refused": "refused"}


def line(change: Change, failed: str | None) -> dict[str, Any]:
    """A line of a file; `failed` says why it could not be carried out, "": it was, None: nobody has tried."""
    rules = [f"{each.rule}: {cell(each.before) or 'none'} -> {cell(each.after) or 'none'}" for each in change.rules]
    return {
        "line": change.line,
        "what": WHAT[change.what],
        "moodle": change.moodle,
        "kuracloud": change.kuracloud,
        "mapping": change.mapping_id,
        "details": change.why or ", ".join(rules),
        "done": failed == "",
        "failed": failed or None,
    }
