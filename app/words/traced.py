"""A trace in words: one line a moment, and first of all why somebody was removed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from typing import Any

from app.planning.guard import DROPPED
from app.store.links import Link
from app.sync.removals import Removal
from app.sync.story import LETS_GO, Moment
from app.sync.trace import Trace
from app.sync.triggers import NOTHING, TABLE
from app.words import grades_plan
from app.words.cells import cell
from app.words.events import short
from app.words.grades_plan import points
from app.words.moments import moment
from app.words.plan import WORDING
from app.words.roster_plan import FIELDS
from app.words.section import Planned

_SYSTEMS = {"kuracloud": "kuraCloud", "moodle": "Moodle"}
_CAUSES = {
    "left": "Moodle user {userid} was no longer a student of the Moodle course: not enrolled, suspended, or without a "
    "role of a student",
    "reinvite": "her address changed: the old account gave way to one with the new address",
    "unmanaged": "the student was in kuraCloud only, and linked to no Moodle user",
}
_SECTIONS = {
    "go": "planned",
    "held": "held",
    "dropped": "left out",
    "conflicts": "conflict",
    "left": "left as it is",
}
_OUTCOMES = {
    "done": "done",
    "refused": "refused",
    "failed": "failed, nothing was done",
    "unknown": "nobody knows whether it was done: the next run looked",
}
_SHOWN = {
    "gone": "student {studentid} is gone from the course",
    "there": "student {studentid} is in the course",
    "as_sent": "as it was sent",
    "unread": "not looked at: the run broke off, the next one looks first",
    "otherwise": "something else: {message}",
}
_NO_EVENT = "No event is known that asked for it: it was found when both sides were compared."
_CALLS = {
    "add_students": "add and invite",
    "edit_students": "edit",
    "restore_students": "restore",
    "delete_students": "remove",
    "save_grades": "write",
    "delete_columns": "remove",
}
_LINK_ENDED = {
    "removed": "the student was removed",
    "lost": "kuraCloud has the student no more",
    "replaced": "another link took its place",
    "merged": "two Moodle accounts were merged",
}


def line(one: Moment) -> tuple[str, str]:
    """A moment as a short label and a sentence."""
    return _WORDS[one.what](one.facts)


def why(removal: Removal, course: str) -> str:
    """Why a student was removed, in sentences."""
    cause = _CAUSES[removal.cause].format(userid=removal.userid)
    told = [f"Removed from {course} on {_at(removal.at)}, because {cause}."]
    events = [f"{short(each['name'])} at {_at(each['at'])} (event {each['event']})" for each in removal.asked_by]
    told += [f"Moodle had reported {', '.join(events)}."] if events else [_NO_EVENT]
    told.append(_answered_for(removal))
    told.append(
        "kuraCloud showed afterwards that the student was gone."
        if removal.shown
        else "What kuraCloud showed afterwards is not known any more."
    )
    if removal.back_at is not None and removal.cause != "reinvite":
        told.append(f"Added again on {_at(removal.back_at)}.")
    return " ".join(told)


def about(found: Mapping[str, Any]) -> str:
    """Whom or what a trace is about."""
    if "run" in found:
        return f"Run {found['run']}"
    if "event" in found:
        return f"Event {found['event']}"
    numbers = [f"Moodle user {each['userid']} of {each['site']}" for each in found["users"]]
    numbers += [f"kuraCloud student {each['studentid']} of mapping {each['mapping']}" for each in found["students"]]
    known = ", ".join(fact for fact in (found["name"], found["email"]) if fact)
    return f"{', '.join(numbers)}: {known}" if known else ", ".join(numbers)


def waits(row: Mapping[str, Any]) -> str:
    """Something that is not done yet."""
    if "call" in row:
        return f"A call of run {row['run']} was begun, and nobody wrote down how it ended: the next run looks."
    if "hold" in row:
        state = "waits for a person" if row["state"] == "open" else "was approved and is about to be applied"
        return f"Hold {row['hold']} {state}."
    why_so = f" ({row['why']})" if row["why"] else ""
    due = f", due {_at(row['due_at'])}" if row["due_at"] and row["state"] == "wanted" else ""
    return f"The {row['kind']} of mapping {row['mapping']}: {row['state']}{why_so}{due}."


def place(where: Mapping[str, Any], found: Trace) -> str:
    """One of a trace's mappings: its courses, and since when the person was linked there."""
    of_it = [each for each in found.links if each.mapping_id == where["mapping"]]
    spans = [f"student {each.studentid} since {_at(each.created_at)}" + _until(each) for each in of_it]
    if "course" not in where:
        return "; ".join(["removed since", *spans])
    sides = f"{where['course']} (Moodle course {where['courseid']}) -> {where['kura_course']}"
    return "; ".join([f"{sides} (kuraCloud course {where['kura_courseid']})", *spans])


def no_longer_kept(found: Trace, days: float) -> Iterator[str]:
    """What a trace cannot tell any more, a sentence each; events and runs are kept for `days`."""
    lost = [f"{number} {what if number > 1 else what[:-1]}" for what, number in found.lost.items() if number]
    if lost:
        yield (
            f"No longer kept: {' and '.join(lost)} told of above (kept for {days} days); what the audit says of them "
            "is shown."
        )
    if found.erased:
        yield "Names and addresses were erased here; the ids and what was done are kept."


def document(found: Trace) -> dict[str, Any]:
    """A trace for programs; personal."""
    return {
        "about": found.about,
        "mappings": found.places,
        "links": [
            {
                "mapping": each.mapping_id,
                "userid": each.userid,
                "studentid": each.studentid,
                "since": moment(each.created_at),
                "until": moment(each.ended_at),
                "ended": each.ended_reason,
            }
            for each in found.links
        ],
        "removals": [_removal(asdict(each)) for each in found.removals],
        "moments": [
            {"at": moment(each.at), "what": each.what, "mapping": each.mapping_id, **_timed(each.facts)}
            for each in found.moments
        ],
        "waiting": [_timed(each) for each in found.waiting],
        "no_longer_kept": found.lost,
        "erased": found.erased,
    }


def _removal(values: dict[str, Any]) -> dict[str, Any]:
    return _timed({**values, "asked_by": [_timed(each) for each in values["asked_by"]]})


def _timed(facts: dict[str, Any]) -> dict[str, Any]:
    """With moments instead of seconds since the epoch."""
    times = ("at", "until", "due_at", "approved_at", "back_at")
    return {name: moment(each) if name in times else each for name, each in facts.items()}


def _until(link: Link) -> str:
    return f" until {_at(link.ended_at)} ({link.ended_reason})" if link.ended_at is not None else ""


def _answered_for(removal: Removal) -> str:
    if removal.by == "kurasync":
        return "kurasync did it by the rules of the mapping; nobody had to approve it."
    when = f" on {_at(removal.approved_at)}" if removal.approved_at is not None else ""
    return f"{removal.by[:1].upper()}{removal.by[1:]}{when}."


def _event(facts: Planned) -> tuple[str, str]:
    asked = [
        f"{each['kind']} of mapping {each['mapping']}"
        + (f" (run {each['run']})" if each["run"] else " (no run has done it yet)")
        for each in facts["asked_for"]
    ]
    meant = TABLE.get(facts["name"], NOTHING).why
    whom = f" about user {facts['userid']}" if facts["userid"] else ""
    then = f"asked for the {', '.join(asked)}" if asked else "asked for nothing"
    return "Moodle said", f"{short(facts['name'])}{whom} (event {facts['event']}): {meant}; {then}"


def _run(facts: Planned) -> tuple[str, str]:
    because = [short(each) for each in facts["names"]]
    number = ", ".join(map(str, facts["events"][:_FEW])) + (" ..." if len(facts["events"]) > _FEW else "")
    reason = f"because of {', '.join(because)} (event {number})" if because else "no event is known that asked for it"
    if facts.get("hold"):
        reason = f"because somebody had let hold {facts['hold']} go ahead"
    return f"run {facts['run']}", f"looked at the {facts['kind']}: {reason}"


_FEW = 5


def _planned(facts: Planned) -> tuple[str, str]:
    section, action, words = facts["section"], facts["action"], WORDING[facts["kind"]]
    label = _SECTIONS[section]
    if section == "conflicts":
        return label, f"{', '.join(action['who'])}: {action['message']}"
    if section == "left":
        shown = grades_plan.left_line(action)
        return label, f"{shown['column']} of {shown['who']}: {action['reason']}; Moodle {shown['shown']}"
    told = words.line(action)
    text = f"{told['what']} {told['who']}".strip()
    details = [str(told[name]) for name in ("column", "details", "change") if told.get(name)]
    text += f" ({', '.join(details)})" if details else ""
    reasons = [words.reason(each) for each in action.get("reasons", ())] if section == "held" else []
    reasons += [DROPPED.get(action["reason"], action["reason"])] if section == "dropped" else []
    return label, text + (f". Why: {'; '.join(reasons)}" if reasons else "")


def _call(facts: Planned) -> tuple[str, str]:
    records = "; ".join(_record(facts["operation"], each) for each in facts["records"][:_FEW])
    hidden = len(facts["records"]) - _FEW
    more = f"; and {hidden} more" if hidden > 0 else f" (and {facts['others']} others)" if facts["others"] else ""
    system = _SYSTEMS.get(facts["system"], facts["system"])
    run = f", run {facts['run']}" if facts["run"] else ""
    return "call", f"to {system}{run}, {_by(facts['by'])}: {records}{more}"


def _by(actor: str) -> str:
    if actor == "kurasync":
        return "by kurasync itself"
    return actor if actor.partition(" by ")[0] in LETS_GO else f"by {actor}"


def _record(operation: str, record: Planned) -> str:
    what, user = _CALLS.get(operation, operation), f"user {record['userid']}" if record.get("userid") else ""
    whom = f"student {record['studentid']}" if record.get("studentid") else user
    facts = [fact for fact in (user, *_facts(record)) if fact and fact != whom]
    if "column" in record:
        whom, facts = f"column {'-'.join(map(str, record['column']))}", [user] if user else []
    said = f"{what} {whom} ({', '.join(facts)})" if facts else f"{what} {whom}"
    change = _change(record)
    return f"{said}: {change}" if change else said


def _facts(record: Planned) -> list[str]:
    if record.get("erased"):
        return ["name and address were erased"]
    name = " ".join(str(record[field]) for field in ("given_name", "family_name") if record.get(field))
    section = f"section {record['section']}" if record.get("section") else ""
    return [name, record.get("email", ""), record.get("external_student_id", ""), section]


def _change(record: Planned) -> str:
    """Before -> after, where a call changed a value."""
    if "column" in record:
        return f"{points(record.get('before'))} -> {points(record.get('after'))}" if "userid" in record else ""
    before, after = record.get("before", {}), record.get("after", {})
    told = [(FIELDS.get(name, name), before.get(name), value) for name, value in after.items()]
    return ", ".join(f"{name} {old or '(none)'} -> {new or '(none)'}" for name, old, new in told)


def _answer(facts: Planned) -> tuple[str, str]:
    said = _OUTCOMES.get(facts["outcome"], facts["outcome"])
    return "answered", f"{said}, after {facts['s']:.1f} s" + (f". {facts['detail']}" if facts["detail"] else "")


def _shown(facts: Planned) -> tuple[str, str]:
    return "shown after", _SHOWN[facts["shows"]].format(**{"message": "", **facts})


def _hold(facts: Planned) -> tuple[str, str]:
    return f"hold {facts['hold']}", f"asks a person about {len(facts['items'])} action(s) above; now {facts['state']}"


def _decided(facts: Planned) -> tuple[str, str]:
    if facts["decided"] == "overtaken":
        return f"hold {facts['hold']}", "overtaken: the plan had changed"
    return str(facts["decided"]), f"hold {facts['hold']}, by {facts['by']}"


def _ended(facts: Planned) -> tuple[str, str]:
    again = f" {facts['again']} more run(s) said the same, until {_at(facts['until'])}." if facts.get("again") else ""
    reason = f" ({facts['reason']})" if facts["reason"] else ""
    return f"run {facts['run']} ended", f"{facts['outcome']}{reason}: {facts['message'] or ''}{again}"


def _link(facts: Planned) -> tuple[str, str]:
    pair = f"user {facts['userid']} and student {facts['studentid']}"
    if "ended" in facts:
        return "link", f"of {pair} ended: {_LINK_ENDED.get(facts['ended'], facts['ended'])}"
    return "link", f"{pair} are known to be one person from now on"


def _act(facts: Planned) -> tuple[str, str]:
    said = {name: each for name, each in facts.items() if name not in ("operation", "by", "records") and each}
    shown = ", ".join(f"{name} {cell(each)}" for name, each in said.items())
    return "somebody", f"{facts['by']}: {facts['operation'].replace('_', ' ')}" + (f" ({shown})" if shown else "")


def _at(epoch: float) -> str:
    return cell(moment(epoch))


_WORDS: Mapping[str, Callable[[Planned], tuple[str, str]]] = {
    "event": _event,
    "run": _run,
    "planned": _planned,
    "call": _call,
    "answer": _answer,
    "shown": _shown,
    "hold": _hold,
    "decided": _decided,
    "ended": _ended,
    "link": _link,
    "act": _act,
}
