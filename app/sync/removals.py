"""Who was removed from a kuraCloud course, why, and who answers for it: what a trace says first."""

from __future__ import annotations

from dataclasses import dataclass

from app.sync.story import Call, Facts, Story

_REMOVE = "delete_students"
_BRINGS_BACK = ("add_students", "restore_students")


@dataclass(frozen=True, slots=True)
class Removal:
    """That a student was removed from a kuraCloud course, and why.

    `cause`: left (no longer a student in Moodle), reinvite (to give a new address a new account), unmanaged (never
    linked to a Moodle user). `by` is who answers for it; `asked_by` the events behind it. `shown`: kuraCloud showed
    afterwards that the student is gone. `back_at`: when she was added or restored again.
    """

    at: float
    mapping_id: int
    userid: int | None
    studentid: int
    cause: str
    by: str
    approved_at: float | None
    asked_by: list[Facts]
    shown: bool
    back_at: float | None


def removals(story: Story) -> list[Removal]:
    """Every removal in a story, the oldest first; of calls whose end nobody knows, those that were seen to be done."""
    gone = {moment.facts["call"] for moment in story.moments if moment.facts.get("shows") == "gone"}
    found = []
    for at, call in enumerate(story.calls):
        if call.begun.operation != _REMOVE or not (call.outcome == "done" or call.begun.call_uid in gone):
            continue
        for record in call.records:
            back = next((each for each in story.calls[at + 1 :] if _brings_back(each, call, record)), None)
            found.append(_removal(call, record, back, call.begun.call_uid in gone))
    return found


def _removal(call: Call, record: Facts, back: Call | None, shown: bool) -> Removal:
    again = back is not None and back.begun.run_id == call.begun.run_id
    cause = "reinvite" if again else "left" if record.get("userid") else "unmanaged"
    return Removal(
        at=call.begun.at,
        mapping_id=call.begun.mapping_id or 0,
        userid=record.get("userid"),
        studentid=record["studentid"],
        cause=cause,
        by=call.begun.actor,
        approved_at=call.decision.at if call.decision else None,
        asked_by=call.asked_by,
        shown=shown,
        back_at=back.begun.at if back else None,
    )


def _brings_back(call: Call, removal: Call, record: Facts) -> bool:
    if call.begun.operation not in _BRINGS_BACK or call.outcome != "done":
        return False
    same = [each for each in call.records if each.get("userid") == record.get("userid")]
    return call.begun.mapping_id == removal.begun.mapping_id and bool(same)
