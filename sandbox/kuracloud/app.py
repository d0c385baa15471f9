"""kuraCloud v2 over HTTP: the routes of contracts/kuracloud-v2.md.

Assumed, without a switch: a request without the Content-Type that the contract asks for is a 415, so that a careless
client is found out; an unknown route is a 404; an export that is not ready can't be downloaded (404).
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from werkzeug.exceptions import HTTPException
from werkzeug.routing import Map, Rule
from werkzeug.wrappers import Request, Response

from sandbox.kuracloud import steps
from sandbox.kuracloud.batch import ids_sent, students_sent
from sandbox.kuracloud.course import Course
from sandbox.kuracloud.grades import Export
from sandbox.kuracloud.refusal import Refusal

if TYPE_CHECKING:
    from collections.abc import Iterable

    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

    from sandbox.kuracloud.state import KuraCloud

_COURSE = "/v2/course/<int:course_id>"
_EXPORT = f"{_COURSE}/published/exportgrades.json"
_ROUTES = Map(
    [
        Rule("/v2/instance", endpoint="instance", methods=["GET"]),
        Rule("/v2/course", endpoint="courses", methods=["GET"]),
        Rule(_COURSE, endpoint="set_course", methods=["PUT"]),
        Rule(f"{_COURSE}/student", endpoint="students", methods=["GET"]),
        Rule(f"{_COURSE}/student", endpoint="add", methods=["POST"]),
        Rule(f"{_COURSE}/student/edit", endpoint="edit", methods=["POST"]),
        Rule(f"{_COURSE}/student/delete", endpoint="delete", methods=["POST"]),
        Rule(f"{_COURSE}/student/restore", endpoint="restore", methods=["POST"]),
        Rule(_EXPORT, endpoint="ask_export", methods=["POST"]),
        Rule(f"{_EXPORT}/<task_token>", endpoint="poll_export", methods=["GET"]),
        Rule(f"{_EXPORT}/<task_token>/download", endpoint="download_export", methods=["GET"]),
    ]
)
_DONE = {"object": "{}", "list": "[]", "null": "null", "nothing": ""}


class KuraCloudApp:
    """The WSGI application of a simulated instance; one request at a time touches its state."""

    def __init__(self, sim: KuraCloud) -> None:
        self._sim = sim
        self._dialect = sim.dialect
        self._routes: dict[str, Callable[..., Response]] = {
            "instance": self._instance,
            "courses": self._courses,
            "set_course": self._set_course,
            "students": self._students,
            "add": self._add,
            "edit": self._edit,
            "delete": self._delete,
            "restore": self._restore,
            "ask_export": self._ask_export,
            "poll_export": self._poll_export,
            "download_export": self._download_export,
        }

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        return self._answer(Request(environ))(environ, start_response)

    def _answer(self, request: Request) -> WSGIApplication:
        try:
            with self._sim.lock:
                self._check_sender(request)
                endpoint, arguments = _ROUTES.bind_to_environ(request.environ).match()
                return self._routes[endpoint](request, **arguments)
        except Refusal as refusal:
            return self._refused(refusal.status, refusal.message)
        except HTTPException as refusal:
            return self._refused(refusal.code or 500, refusal.name)

    def _check_sender(self, request: Request) -> None:
        if request.headers.get("X-Kura-Token") != self._sim.token:
            raise Refusal(self._dialect.wrong_token, "Invalid token")
        if request.mimetype != "application/json":
            raise Refusal(415, "Content-Type must be application/json")

    def _refused(self, status: int, message: str) -> Response:
        if self._dialect.error_body == "text":
            return Response(message, status, content_type="text/plain; charset=utf-8")
        return _json({"message": message}, status)

    def _course(self, course_id: int) -> Course:
        course = self._sim.courses.get(course_id)
        if course is None or not course.present:
            raise Refusal(self._dialect.missing_course, f"Unknown course: {course_id}")
        return course

    def _open_course(self, course_id: int) -> Course:
        course = self._course(course_id)
        enabled = course.lms_enabled and self._sim.lms_enabled
        if not enabled and self._dialect.lms_disabled == "refuse":
            raise Refusal(403, "LMS integration is not enabled")
        return course

    def _instance(self, request: Request) -> Response:
        return _json(self._sim.instance())

    def _courses(self, request: Request) -> Response:
        return self._list([course.as_json() for course in self._sim.courses.values() if course.present])

    def _set_course(self, request: Request, course_id: int) -> Response:
        course = self._course(course_id)
        body = _body(request)
        if not isinstance(body, dict) or type(body.get("lmsEnabled")) is not bool:
            raise Refusal(400, "Expected {lmsEnabled}")
        course.lms_enabled = body["lmsEnabled"]
        return _json(course.as_json())

    def _students(self, request: Request, course_id: int) -> Response:
        students = self._open_course(course_id).roster
        chosen = students.deleted if request.args.get("deleted") == "true" else students.active
        return self._list(list(chosen.values()))

    def _list(self, entries: list[Any]) -> Response:
        return _json(entries[: self._dialect.list_maximum])

    def _add(self, request: Request, course_id: int) -> Response:
        return self._written(request, course_id, steps.add, with_ids=False)

    def _edit(self, request: Request, course_id: int) -> Response:
        return self._written(request, course_id, steps.edit, with_ids=True)

    def _written(self, request: Request, course_id: int, step: steps.Step, with_ids: bool) -> Response:
        course = self._open_course(course_id)
        sent = students_sent(_body(request), self._dialect, with_ids)
        students = course.run(step, sent)
        as_object = self._dialect.one_answer == "object" and len(sent) == 1 == len(students)
        return _json(students[0] if as_object else students)

    def _delete(self, request: Request, course_id: int) -> Response:
        return self._moved(request, course_id, steps.delete)

    def _restore(self, request: Request, course_id: int) -> Response:
        return self._moved(request, course_id, steps.restore)

    def _moved(self, request: Request, course_id: int, step: steps.Step) -> Response:
        course = self._open_course(course_id)
        course.run(step, ids_sent(_body(request), self._dialect))
        return Response(_DONE[self._dialect.done_answer], content_type="application/json")

    def _ask_export(self, request: Request, course_id: int) -> Response:
        sim, course = self._sim, self._open_course(course_id)
        running = [token for token, export in sim.exports.items() if export.is_running(course_id)]
        if running and self._dialect.second_export == "same":
            return _json({"taskToken": running[0]})
        token = secrets.token_hex(8)
        sim.exports[token] = Export(course_id, course.exported(), sim.export_polls, sim.export_fails)
        return _json({"taskToken": token})

    def _poll_export(self, request: Request, course_id: int, task_token: str) -> Response:
        return _json({"status": self._export(course_id, task_token).poll(self._dialect)})

    def _download_export(self, request: Request, course_id: int, task_token: str) -> Response:
        export = self._export(course_id, task_token)
        if not export.ready:
            raise Refusal(404, "The export is not ready")
        if self._dialect.export_downloads == "once":
            del self._sim.exports[task_token]
        return _json(export.lessons)

    def _export(self, course_id: int, task_token: str) -> Export:
        self._open_course(course_id)
        export = self._sim.exports.get(task_token)
        if export is None or export.course_id != course_id:
            raise Refusal(404, "Unknown task")
        return export


def _body(request: Request) -> Any:
    try:
        return json.loads(request.get_data())
    except ValueError as problem:
        raise Refusal(400, "The body is not JSON") from problem


def _json(body: object, status: int = 200) -> Response:
    return Response(json.dumps(body), status, content_type="application/json")
