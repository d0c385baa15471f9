"""POST /courses/<site>: what teachers see and do at their course in Moodle, asked by its plugin (docs/teachers.md).

Proven like a delivery of events. Who may do what in a course, Moodle has decided; kurasync checks that the request is
that Moodle's and touches that course alone, and writes down which of its users asked.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from flask import Blueprint, Response

from app.errors import KurasyncError, NotFound, Refused, SettingsError
from app.kit import Kit
from app.planning.roles import Principal
from app.setup import choosing, looking, mappings, tasks
from app.store import holds, instances, runs
from app.store import mappings as mapping_rows
from app.store import tasks as task_rows
from app.store.mappings import Mapping as CourseMapping
from app.store.sites import Site
from app.store.worklist import GRADES, ROSTER
from app.sync import holds as deciding
from app.sync import standing
from app.sync.going_on import go_on
from app.web import access, problems
from app.web.once import Once
from app.web.origin import Sites, check_origin
from app.web.problems import Refusal
from app.words import course as words
from app.words.mappings import ADDED
from app.words.plain import plain
from schemas import course as schemas
from schemas.course import CourseRequest, CourseRequestRefused
from schemas.problem import Problem

_OFF = "Pages in Moodle's courses are switched off at this kurasync."
_NOT_MAPPED = "This course is not mapped to a kuraCloud course."
_OTHERWISE = "It cannot be done at the moment. Those who run kurasync can see why."
_LOOKED_AT = 200  # runs, for when the course was last in step
_TASKS = 20  # among them the newest preview is looked for
_NOT_IN_STEP = {"held", "conflicts", "failed"}


@dataclass(frozen=True, slots=True)
class Asked:
    """Somebody's request at one course of a site; `mapping` None: the course is not mapped."""

    kit: Kit
    site: Site
    courseid: int
    whose: Principal
    mapping: CourseMapping | None
    arguments: Mapping[str, Any]

    @property
    def mapped(self) -> CourseMapping:
        """The mapping; raises NotFound where there is none."""
        if self.mapping is None:
            raise NotFound(_NOT_MAPPED, reason="not_mapped")
        return self.mapping


class CourseDoor:
    """Answers the pages of courses; what came twice is carried out once."""

    def __init__(self, kit: Kit) -> None:
        self._kit = kit
        self._sites = Sites(kit)
        self._once = Once(2 * kit.settings.tolerance)

    def blueprint(self) -> Blueprint:
        """Its route."""
        routes = Blueprint("courses", __name__, url_prefix="/courses")
        routes.post("/<name>")(self.answer)
        return routes

    def answer(self, name: str) -> Response:
        """Carry out one request."""
        with _in_plain_words():
            proven = self._sites.signed(name)
            wanted = _read(proven.document)
            check_origin(proven.site, wanted.wwwroot)
            if not self._kit.settings.course_pages:
                raise Refusal(Problem(403, "course_pages_off", _OFF))
            asked = self._asked(proven.site, wanted)
            if wanted.verb in _LOOKS:
                return _as_json(_LOOKS[wanted.verb](asked))
            with self._once.only(f"{proven.site.id} {proven.webhook_id}"):
                return access.dispatch_after(_as_json(_ACTS[wanted.verb](asked)))

    def _asked(self, site: Site, wanted: CourseRequest) -> Asked:
        with self._kit.database.reading() as tx:
            mapping = mapping_rows.find(tx, site.name, wanted.courseid)
        whose = Principal(f"moodle:{site.name}:{wanted.userid}", "operator", site.id)
        return Asked(self._kit, site, wanted.courseid, whose, mapping, wanted.arguments)


def _status(asked: Asked) -> dict[str, Any]:
    if asked.mapping is None:
        return {"mapping": None, "holds": [], "counts": {}, "grades": None, "task": None}
    mapping, kit = asked.mapping, asked.kit
    with kit.database.reading() as tx:
        known, instance = standing.known(tx, mapping), instances.get(tx, mapping.instance_id)
        if instance is None:  # the mapping was removed just now, and its instance with it
            raise NotFound(_NOT_MAPPED, reason="not_mapped")
        ended = runs.search(tx, mapping_id=mapping.id, kind=ROSTER, limit=_LOOKED_AT)
        of_grades = runs.search(tx, mapping_id=mapping.id, kind=GRADES, limit=1)
        shown = task_rows.search(tx, mapping_id=mapping.id, limit=_TASKS)
        students, grades = standing.of_students(tx, known), standing.of_grades(tx, known)
        now = kit.database.now(tx)
    in_step_at = next((run.ended_at for run in ended if run.outcome == "done" and _is_in_step(run)), None)
    return {
        "mapping": words.status(known, now, asked.site, instance, ended, in_step_at),
        "holds": [words.hold(each) for each in known.holds.values() if each.state in holds.WAITING],
        "counts": students.counts,
        "grades": words.of_grades(known, grades, next(iter(of_grades), None)),
        "task": _newest(shown),
    }


def _is_in_step(run: runs.Run) -> bool:
    return _NOT_IN_STEP.isdisjoint(run.counts or {})


def _newest(shown: Sequence[task_rows.Task]) -> dict[str, Any] | None:
    """The preview made last, unless somebody continued from it."""
    newest = next((task for task in shown if task.kind in words.KINDS), None)
    return words.task_line(newest) if newest is not None and newest.state != "used" else None


def _candidates(asked: Asked) -> dict[str, Any]:
    return words.choices(choosing.choices(asked.kit, asked.site.id, asked.arguments["search"]))


def _map(asked: Asked) -> dict[str, Any]:
    if asked.mapping is not None:
        raise Refused("This course is mapped already: look at it again.")
    instance, course = asked.arguments["instance"], asked.arguments["course"]
    choosing.require_offered(asked.kit, asked.site.id, instance, course)
    added = mappings.add(
        asked.kit,
        site_name=asked.site.name,
        moodle_course=str(asked.courseid),
        instance_name=instance,
        kura_course=str(course),
        actor=asked.whose.actor,
    )
    return {"mapping": added.mapping.id, "notes": list(ADDED)}


def _unmap(asked: Asked) -> dict[str, Any]:
    if asked.mapped.id != asked.arguments["mapping"]:
        raise Refused("The course has another mapping by now: look at it again.", reason="other_mapping")
    return {"given_back": mappings.remove(asked.kit, asked.mapped.id, asked.whose.actor)}


def _preview(asked: Asked) -> dict[str, Any]:
    kind = tasks.PLANS[asked.arguments["kind"]]
    return {"task": tasks.ask(asked.kit, kind, asked.mapped.id, asked.whose.actor)}


def _task(asked: Asked) -> dict[str, Any]:
    return words.task(_found(asked))


def _continue(asked: Asked) -> dict[str, Any]:
    gone = go_on(asked.kit, _found(asked), asked.arguments["digest"], asked.whose.actor)
    return {"generation": gone.generation}


def _found(asked: Asked) -> task_rows.Task:
    """The preview that is meant; one of another course is none."""
    mapping, task = asked.mapped, tasks.found(asked.kit, asked.arguments["task"], asked.whose)
    if task.mapping_id != mapping.id or task.kind not in words.KINDS:
        raise NotFound("There is no such preview of this course, or it was forgotten: make another one.")
    return task


def _sync(asked: Asked) -> dict[str, Any]:
    kind, by = asked.arguments["kind"], asked.whose.actor
    return {"generation": looking.ask_now(asked.kit, asked.mapped.id, kind, by).generation}


def _approve(asked: Asked) -> dict[str, Any]:
    deciding.approve(asked.kit, _waiting(asked), asked.arguments["digest"], asked.whose.actor)
    return {}


def _reject(asked: Asked) -> dict[str, Any]:
    deciding.reject(asked.kit, _waiting(asked), asked.whose.actor)
    return {}


def _waiting(asked: Asked) -> int:
    """The number of the hold that was shown; refuses one that has changed since."""
    with asked.kit.database.reading() as tx:
        hold = holds.waiting(tx, asked.mapped.id, asked.arguments["kind"])
    if hold is None:
        raise Refused("Nothing of this course waits for approval any more.", reason="nothing_waits")
    if hold.digest != asked.arguments["digest"]:
        raise Refused("What waits has changed since you looked at it: look at it again.", reason="stale_digest")
    return hold.id


def _students(asked: Asked) -> dict[str, Any]:
    found = standing.students(asked.kit, asked.mapped.id)
    return words.students(found, int(asked.arguments["after"] or 0), asked.arguments["limit"])


def _grades(asked: Asked) -> dict[str, Any]:
    found = standing.grades(asked.kit, asked.mapped.id)
    return words.grades(found, int(asked.arguments["after"] or 0), asked.arguments["limit"])


_LOOKS: Mapping[str, Callable[[Asked], dict[str, Any]]] = {
    "status": _status,
    "candidates": _candidates,
    "task": _task,
    "students": _students,
    "grades": _grades,
}
_ACTS: Mapping[str, Callable[[Asked], dict[str, Any]]] = {
    "map": _map,
    "unmap": _unmap,
    "preview": _preview,
    "continue": _continue,
    "sync": _sync,
    "approve": _approve,
    "reject": _reject,
}


@contextmanager
def _in_plain_words() -> Iterator[None]:
    """Whatever is refused is said without commands: teachers have no shell."""
    try:
        yield
    except SettingsError:
        raise
    except (Refusal, KurasyncError) as error:
        refusal = problems.of_verb(error) if isinstance(error, KurasyncError) else error
        detail = plain(refusal.problem.detail, _OTHERWISE)
        raise Refusal(replace(refusal.problem, detail=detail), refusal.headers) from error


def _read(document: object) -> CourseRequest:
    try:
        return schemas.read(document)
    except CourseRequestRefused as refused:
        detail = "The request cannot be used; see errors."
        raise Refusal(Problem(422, "invalid", detail, refused.errors)) from None


def _as_json(answer: Mapping[str, Any]) -> Response:
    return Response(json.dumps(answer, default=_moment), content_type="application/json")


def _moment(value: datetime) -> str:
    return value.isoformat().replace("+00:00", "Z")
