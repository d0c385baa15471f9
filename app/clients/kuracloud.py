"""kuraCloud v2, one method for each route (contracts/kuracloud-v2.md)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar
from urllib.parse import quote

from app.clients.answer import Answer
from app.clients.http import Http
from app.clients.kuracloud_refusals import About, refusal
from app.errors import ConnectionBroken
from schemas import exports
from schemas import kuracloud as shapes
from schemas.exports import Lesson
from schemas.kuracloud import Course, Instance, NewStudent, Student

_Shape = TypeVar("_Shape")


class KuraCloudClient:
    """Reads and writes a kuraCloud instance.

    Every method raises TransientError (with `acted` where a write may have been carried out) and ConnectionBroken;
    those about a course raise CourseGone, with the reason "lms_disabled" where its integration is off; those that
    write students raise BatchRefused, after which part of the batch may be done. Those about an export raise
    TransientError with the reason "export_gone" where kuraCloud does not know it (any more): ask for it anew.
    """

    def __init__(self, http: Http, token: str) -> None:
        if not (token.isascii() and token.isprintable() and token.strip() == token != ""):
            raise ConnectionBroken(
                "The token of kuraCloud cannot be sent: it holds a blank, a line break or a sign that no token has. "
                "Copy it again and run `kurasync instance rotate NAME`.",
                reason="token_refused",
                origin="kuracloud",
            )
        self._http = http
        self._token = token

    def instance(self) -> Instance:
        """The instance that the token belongs to."""
        return self._asked("/v2/instance", "instance", shapes.read_instance)

    def courses(self) -> list[Course]:
        """All courses of the instance; deleted ones are absent."""
        return self._asked("/v2/course", "instance", shapes.read_courses)

    def set_lms_enabled(self, course_id: int, enabled: bool) -> Course:
        """Switch the integration of a course on or off; the course as it is then."""
        answer = self._sent("PUT", f"/v2/course/{course_id}", "course", {"lmsEnabled": enabled}, writes=True)
        return self._http.understood(answer, shapes.read_course, writes=True)

    def students(self, course_id: int) -> list[Student]:
        """The active students of a course."""
        return self._asked(_students(course_id), "students", shapes.read_students)

    def deleted_students(self, course_id: int) -> list[Student]:
        """The deleted students of a course, who can be restored."""
        return self._asked(f"{_students(course_id)}?deleted=true", "students", shapes.read_students)

    def add_students(self, course_id: int, students: Sequence[NewStudent]) -> list[Student]:
        """Add students, each of whom gets an invitation; those created, in any order."""
        return self._written(_students(course_id), shapes.added(students))

    def edit_students(self, course_id: int, students: Sequence[Student]) -> list[Student]:
        """Change students; each is sent whole. Those changed, as kuraCloud keeps them, in any order."""
        return self._written(f"{_students(course_id)}/edit", shapes.edited(students))

    def delete_students(self, course_id: int, student_ids: Sequence[int]) -> None:
        """Delete students; they can be restored."""
        self._done(f"{_students(course_id)}/delete", _only_ids(student_ids))

    def restore_students(self, course_id: int, student_ids: Sequence[int]) -> None:
        """Bring deleted students back."""
        self._done(f"{_students(course_id)}/restore", _only_ids(student_ids))

    def ask_for_grades(self, course_id: int) -> str:
        """Ask for an export of all grades of a course; the token it is found by. Asking twice makes two, no harm."""
        answer = self._sent("POST", _exports(course_id), "students", writes=False)
        return self._http.understood(answer, exports.read_task, writes=False)

    def export_status(self, course_id: int, token: str) -> str:
        """How an export is getting on, in kuraCloud's words; "SUCCEEDED" when it can be downloaded."""
        return self._asked(_export(course_id, token), "export", exports.read_status)

    def export(self, course_id: int, token: str) -> list[Lesson]:
        """The lessons of an export that has succeeded."""
        return self._asked(f"{_export(course_id, token)}/download", "export", exports.read_export)

    def raw(self, method: str, path: str, body: object = None, *, writes: bool) -> Answer:
        """What kuraCloud answers, whatever its status: for finding out how it behaves (app.sync.experiments)."""
        headers = {"X-Kura-Token": self._token, "Content-Type": "application/json"}
        return self._http.send(method, path, headers=headers, body=body, writes=writes)

    def close(self) -> None:
        """Close the connections; the next call opens new ones."""
        self._http.close()

    def _asked(self, path: str, about: About, read: Callable[[object], _Shape]) -> _Shape:
        return self._http.understood(self._sent("GET", path, about, writes=False), read, writes=False)

    def _written(self, path: str, body: object) -> list[Student]:
        answer = self._sent("POST", path, "batch", body, writes=True)
        return self._http.understood(answer, shapes.read_written, writes=True)

    def _done(self, path: str, body: object) -> None:
        """What is answered need not be read, but a page for people is not kuraCloud's answer."""
        answer = self._sent("POST", path, "batch", body, writes=True)
        if answer.content.strip():
            self._http.understood(answer, lambda _: None, writes=True)

    def _sent(self, method: str, path: str, about: About, body: object = None, *, writes: bool) -> Answer:
        answer = self.raw(method, path, body, writes=writes)
        if answer.status != 200:
            raise refusal(answer, about)
        return answer


def _students(course_id: int) -> str:
    return f"/v2/course/{course_id}/student"


def _exports(course_id: int) -> str:
    return f"/v2/course/{course_id}/published/exportgrades.json"


def _export(course_id: int, token: str) -> str:
    return f"{_exports(course_id)}/{quote(token, safe='')}"


def _only_ids(student_ids: Sequence[int]) -> list[dict[str, int]]:
    return [{"studentId": student_id} for student_id in student_ids]
