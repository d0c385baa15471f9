"""Work that gave up, as lists and programs get it."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from app.store.reports import DeadLine
from app.words.moments import moment


def line(each: DeadLine) -> dict[str, Any]:
    """One of them."""
    facts = asdict(each)
    return {
        "mapping": facts["mapping_id"],
        "kind": facts["kind"],
        "course": f"{facts['site']}:{facts['courseid']}",
        "failures": facts["attempts"],
        "crashes": facts["crashes"],
        "failing_since": moment(facts["failing_since"]),
        "reason": facts["reason"],
        "message": facts["message"],
    }
