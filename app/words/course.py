"""A mapping as those who teach the course read it in Moodle: nothing in it names a command (app.web.course)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from app.planning.standing import GradeStandings, Standing, Standings
from app.setup import obstacles
from app.setup.backups import OLDER
from app.setup.choosing import Choice, Choices
from app.setup.tasks import PLANS
from app.store.holds import Hold
from app.store.instances import Instance
from app.store.runs import Run
from app.store.sites import Site
from app.store.tasks import Task
from app.store.worklist import GRADES, ROSTER, Kind, Row
from app.sync.settle import COURSE_GONE
from app.sync.standing import Known
from app.words import plan as words
from app.words.moments import moment
from app.words.plain import plain
from app.words.section import Section

MOST_ROWS = 200
"""Rows of a section; of more, it says how many."""

KINDS: Mapping[str, Kind] = {task: kind for kind, task in PLANS.items()}
"""Which kind of plan a kind of task shows."""

_SOMEBODY = "Those who run kurasync can see why; once it is put right, all goes on by itself, and nothing is lost."
_OBSTACLES = {
    "site_parked": f"Moodle refuses the connection. {_SOMEBODY}",
    "instance_parked": f"kuraCloud refuses the connection. {_SOMEBODY}",
    "paused": "This course was paused by those who run kurasync. What Moodle reports meanwhile is kept.",
    "removing": "The mapping is just being removed.",
    "repointing": "The mapping is just getting another course.",
    "dead": "This course was given up after many failures. Those who run kurasync can see why, and try again.",
    OLDER: "Nothing is done at the moment: a backup was put back, and those who run kurasync have to look at it.",
}
_GONE = "It is looked at again every few hours, and goes on by itself when the course is back."
_PARKED = "This course waits until something is put right. Those who run kurasync can see what."
_FAILED = "It failed. Those who run kurasync can see why."
_DONE = "done"


def status(
    known: Known, now: float, site: Site, instance: Instance, ended: Sequence[Run], in_step_at: float | None
) -> dict[str, Any]:
    """The mapping of a course; `ended` are its newest runs with the students, the newest first."""
    row, mapping = known.rows.get(ROSTER), known.mapping
    reason = _obstacle(site, instance, row)
    return {
        "id": mapping.id,
        "kura_course_name": mapping.kura_course_name,
        "kura_courseid": mapping.kura_courseid,
        "instance": instance.name,
        "instance_name": instance.display_name,
        "state": obstacles.state(row.state, row.gate_reason) if row else "idle",
        "obstacle": _sentence(reason, ended) if reason else None,
        "obstacle_reason": reason,
        "started": mapping.started_at is not None,
        "last_in_step": moment(in_step_at),
        "last_run": run(ended[0]) if ended else None,
        "late_seconds": row.late(now) if row else 0.0,
    }


def of_grades(known: Known, found: GradeStandings, newest: Run | None) -> dict[str, Any]:
    """How it stands with the grades of a course."""
    row = known.rows.get(GRADES)
    return {
        "state": row.state if row else "idle",
        "last_at": moment(found.read_at),
        "last_run": run(newest) if newest else None,
        "counts": found.counts,
    }


def run(each: Run) -> dict[str, Any]:
    """How a run went."""
    return {
        "at": moment(each.ended_at or each.started_at),
        "outcome": each.outcome or "running",
        "reason": each.reason or None,
        "message": plain(each.message, "" if each.outcome == _DONE else _FAILED) if each.message else None,
    }


def hold(each: Hold) -> dict[str, Any]:
    """What waits for a decision, or was approved and is not done yet."""
    return {
        "kind": each.kind,
        "digest": each.digest,
        "state": each.state,
        "since": moment(each.created_at),
        "counts": dict(each.counts),
        "sections": [*_held(each.kind, each.items)],
    }


def task_line(task: Task) -> dict[str, Any]:
    """A preview, without what it shows."""
    return {"task": task.id, "kind": KINDS[task.kind], "state": task.state, "asked_at": moment(task.asked_at)}


def task(each: Task) -> dict[str, Any]:
    """A preview, as somebody reads it who is to let it go ahead."""
    kind, result = KINDS[each.kind], each.result or {}
    plan = result.get("plan", {})
    actions = [*plan.get("go", ()), *plan.get("held", ())]
    in_step = bool(result) and not actions
    return {
        **task_line(each),
        "reason": each.reason,
        "message": plain(each.message, _FAILED) if each.message else None,
        "digest": result.get("digest"),
        "in_step": in_step,
        "nothing": words.nothing(kind) if in_step else None,
        "counts": dict(Counter(action["action"] for action in actions)),
        "sections": [*_going(kind, plan), *_held(kind, plan.get("held", ())), *_others(kind, plan)],
    }


def choices(found: Choices) -> dict[str, Any]:
    """kuraCloud courses to choose from."""
    return {"courses": [*map(_choice, found.courses)], "more": found.more, "silent": list(found.silent)}


def students(found: Standings, after: int, limit: int) -> dict[str, Any]:
    """A page of the students: those whose keys follow `after`."""
    rest = [each for each in found.students if each.key > after]
    following = str(rest[limit - 1].key) if len(rest) > limit else None
    about = {"read_at": moment(found.read_at), "looking": found.looking, "counts": found.counts}
    return {**about, "students": [_student(each) for each in rest[:limit]], "next": following}


def grades(found: GradeStandings, after: int, limit: int) -> dict[str, Any]:
    """A page of the grades: all of the `limit` students whose keys follow `after`."""
    keys = sorted({each.key for each in found.grades if each.key > after})
    last = keys[:limit][-1] if keys else after
    shown = [each for each in found.grades if after < each.key <= last]
    about = {"read_at": moment(found.read_at), "looking": found.looking, "counts": found.counts}
    return {
        **about,
        "columns": [asdict(each) for each in found.columns],
        "cells": [asdict(each) for each in shown],
        "next": str(last) if len(keys) > limit else None,
    }


def _obstacle(site: Site, instance: Instance, row: Row | None) -> str | None:
    for noun, connection in (("site", site), ("instance", instance)):
        if connection.gate != "open":
            return f"{noun}_parked"
    if row is None or row.gate == "open":
        return None
    return row.gate_reason or row.gate


def _sentence(reason: str, ended: Sequence[Run]) -> str:
    if reason == COURSE_GONE:
        said = plain(ended[0].message, "") if ended and ended[0].message else ""
        return f"{said} {_GONE}".lstrip()
    return _OBSTACLES.get(reason, _PARKED)


def _going(kind: Kind, plan: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for action, items in _by_action(plan.get("go", ())):
        for section in words.going_by_action(kind, {"go": items}):
            yield _section("go", action, section)


def _held(kind: Kind, items: Sequence[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    for action, same in _by_action(items):
        for section in words.held(kind, same):
            yield _section("held", action, section)


def _others(kind: Kind, plan: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for part in ("dropped", "failed", "conflicts", "left"):
        for section in words.others(kind, {part: plan.get(part, [])}):
            if section.rows:
                yield _section("other", part, section)


def _by_action(items: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, list[Mapping[str, Any]]]]:
    for action in dict.fromkeys(item["action"] for item in items):
        yield action, [item for item in items if item["action"] == action]


def _section(part: str, action: str, section: Section) -> dict[str, Any]:
    shown = section.rows[:MOST_ROWS]
    return {
        "part": part,
        "action": action,
        "title": section.title,
        "remark": section.remark.lstrip(":. "),
        "titles": dict(section.titles),
        "rows": [{name: _value(row.get(name)) for name in section.titles} for row in shown],
        "more": len(section.rows) - len(shown),
    }


def _value(value: Any) -> Any:
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else value


def _choice(each: Choice) -> dict[str, Any]:
    course = each.theirs.course
    return {
        "instance": each.theirs.instance,
        "instance_name": each.instance_name,
        "course": course.course_id,
        "code": course.course_code,
        "name": course.name,
        "lms_enabled": course.lms_enabled,
    }


def _student(each: Standing) -> dict[str, Any]:
    return {**asdict(each), "message": plain(each.message)}
