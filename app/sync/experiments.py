"""What nobody knows about kuraCloud, asked of itself on a scratch course (design.md 13).

Questions and answers have the names of the switches of the sandbox's kuraCloud, which can then behave the same way.
What an experiment cannot tell it leaves out: an answer that is a guess would be worse than none.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from app.clients.answer import Answer, NotJson
from app.clients.kuracloud import KuraCloudClient
from app.planning.sameness import email_key
from app.sync.scratch import NO_ADDRESS, Record, Scratch, only_id, records

Pause = Callable[[float], None]

INVITATIONS = 9
"""No more of them are sent by one trial."""

_FAR = 987_654  # beyond every course there is
_NOBODY = 0  # a number that no student has: one beyond those we see might be somebody's
_LONG = 300
_MILLISECONDS = 100_000_000_000  # seconds since the epoch reach this in the year 5138
_PATIENCE, _BETWEEN = 120.0, 2.0  # seconds for an export, and between two looks at it


@dataclass(slots=True)
class Experiments:
    """One trial; `second` is another scratch course, for comparing numbers."""

    scratch: Scratch
    second: Scratch | None = None
    pause: Pause = time.sleep
    answers: dict[str, Any] = field(default_factory=dict)
    _refused: list[Answer] = field(default_factory=list)

    def before_lms(self) -> None:
        """While lmsEnabled is off: are the students shown all the same?"""
        self._note("lms_disabled", {200: "ignore", 403: "refuse"}.get(self.scratch.ask(self.scratch.students).status))

    def carry_out(self) -> dict[str, Any]:
        """Every experiment, with lmsEnabled on; the answers by name."""
        self._missing_course()
        first = self._addition()
        if first is not None:
            self._second_addition(first)
            self._bad_records(first)
            self._edits(self._two())
            self._removal(first)
        self._exports()
        self._numbers()
        if self._refused:
            self._note("error_body", "json" if _says_json(self._refused[0]) else "text")
        return self.answers

    def wrong_token(self, client: KuraCloudClient) -> None:
        """The status for a token that nobody has, which `client` uses."""
        status = client.raw("GET", "/v2/course", writes=False).status
        self._note("wrong_token", status if status in (401, 403) else None)

    def _note(self, name: str, answer: Any) -> None:
        if answer is not None:
            self.answers[name] = answer

    def _seen(self, answer: Answer) -> Answer:
        if answer.status != 200:
            self._refused.append(answer)
        return answer

    def _missing_course(self) -> None:
        last = max(course.course_id for course in self.scratch.client.courses())
        answer = self._seen(self.scratch.ask(f"/v2/course/{last + _FAR}/student"))
        self._note("missing_course", answer.status if answer.status in (403, 404) else None)

    def _addition(self) -> Record | None:
        sent = self.scratch.new(1)
        answer = self._seen(self.scratch.add(sent))
        shown = _with_email(self.scratch.active(), sent["email"])
        if not shown:
            return None
        student = shown[0]
        self._note("one_answer", _form(answer))
        self._note("email_kept", _kept(sent["email"], student["email"]))
        self._note("texts_trimmed", _trimmed(sent["givenName"], student["givenName"]))
        self._note("empty_text", "null" if student.get("section") is None else "empty")
        created = student.get("createdDate")
        if isinstance(created, int | float):
            self._note("created_date", "milliseconds" if created > _MILLISECONDS else "seconds")
        return student

    def _second_addition(self, first: Record) -> None:
        sent = self.scratch.new(1)
        repeated = self._added_again(first, sent)
        self._note("duplicate_add", repeated)
        other_case = self._added_again(first, {**sent, "email": sent["email"].swapcase()})
        if repeated != "second":  # else another student says nothing about how addresses are compared
            self._note("email_match", "exact" if other_case == "second" else "any_case")

    def _added_again(self, first: Record, sent: Record) -> str | None:
        """What became of an addition: refuse, conflict, existing or second; a second student is deleted again."""
        before = _ids(self.scratch.active())
        answer = self._seen(self.scratch.add(sent))
        # Somebody may have added a student of hers at the same moment.
        fresh = [each for each in self.scratch.made() if each["studentId"] not in before]
        for each in fresh:
            self.scratch.delete(only_id(each))
        if fresh:
            return "second"
        if answer.status == 200:
            return "existing" if first["studentId"] in _ids(records(answer)) else None
        return "conflict" if answer.status == 409 else "refuse"

    def _bad_records(self, first: Record) -> None:
        """One bad record alone, then behind a good one."""
        bad = {**self.scratch.new(2), "email": NO_ADDRESS}
        before = _ids(self.scratch.active())
        answer = self._seen(self.scratch.add(bad))
        if answer.status != 200:
            self._note("invalid_email", "refuse")
        else:
            self._note("invalid_email", "accept" if _ids(self.scratch.active()) - before else "skip")
            bad = {**self.scratch.new(1), "email": first["email"]}
            if self.answers.get("duplicate_add") not in ("refuse", "conflict"):
                return
        good = self.scratch.new(3)
        if self._seen(self.scratch.add(good, bad)).status != 200:
            done = _with_email(self.scratch.active(), good["email"])
            self._note("refused_batch", "part_done" if done else "nothing_done")

    def _two(self) -> list[Record]:
        sent = [self.scratch.new(4), self.scratch.new(5)]
        answered = [email_key(str(each.get("email"))) for each in records(self._seen(self.scratch.add(*sent)))]
        wanted = [email_key(each["email"]) for each in sent]
        orders = {tuple(wanted): "as_sent", tuple(reversed(wanted)): "reversed"}
        self._note("answer_order", orders.get(tuple(answered)))
        shown = self.scratch.active()
        return [each for one in sent for each in _with_email(shown, one["email"])[:1]]

    def _edits(self, two: Sequence[Record]) -> None:
        if len(two) < 2:
            return
        fourth, fifth = two
        answer = self._seen(self.scratch.edit({**fifth, "familyName": "x" * _LONG}))
        if answer.status == 200:
            kept = len(str(self._again(fifth).get("familyName") or ""))
            self.answers["text_maximum"] = None if kept == _LONG else kept
        answer = self._seen(self.scratch.edit({**fourth, "email": self.scratch.mailbox.numbered(6)}))
        kept_email = self._again(fourth).get("email") == fourth["email"]
        self._note("edit_email", "refused" if answer.status != 200 else "ignored" if kept_email else "changed")
        self._unknown()
        self._deletions(self._again(fifth))

    def _unknown(self) -> None:
        unknown = {"studentId": _NOBODY}
        answer = self._seen(self.scratch.delete(unknown))
        self._note("unknown_student", "ignore" if answer.status == 200 else "refuse")

    def _deletions(self, student: Record) -> None:
        whole = self._seen(self.scratch.delete(student))
        self._note("extra_fields", "ignore" if whole.status == 200 else "refuse")
        answer = whole if whole.status == 200 else self._seen(self.scratch.delete(only_id(student)))
        self._note("done_answer", _body(answer))
        if self.answers["unknown_student"] == "refuse":  # else nothing can be told from nothing being said
            again = self._seen(self.scratch.delete(only_id(student)))
            self._note("done_already", "accept" if again.status == 200 else "unknown")

    def _removal(self, first: Record) -> None:
        """The address of a deleted student, added once more; then the deleted one restored beside it."""
        self._seen(self.scratch.delete(only_id(first)))
        answer = self._seen(self.scratch.add(self.scratch.new(1)))
        shown = _with_email(self.scratch.active(), first["email"])
        if answer.status != 200 or not shown:
            self._note("add_deleted_email", "refuse" if answer.status != 200 else None)
            return
        revived = shown[0]["studentId"] == first["studentId"]
        self._note("add_deleted_email", "revive" if revived else "new")
        if not revived:
            restored = self._seen(self.scratch.restore(only_id(first)))
            self._note("restore_taken_email", "refuse" if restored.status != 200 else "second")

    def _exports(self) -> None:
        first, second = (self._exported() for _ in range(2))
        if not first or not second:
            return
        status = self._status(first)
        if status != "SUCCEEDED":
            self._note("waiting_status", status)
            self._note("second_export", "same" if first == second else "another")
        if self._ready(second):
            download = f"{self.scratch.exports}/{second}/download"
            found = [self.scratch.ask(download).status for _ in range(2)]
            self._note("export_downloads", {(200, 200): "any", (200, 404): "once"}.get((found[0], found[1])))

    def _exported(self) -> str | None:
        answer = self._seen(self.scratch.ask(self.scratch.exports, "POST"))
        return str(answer.json()["taskToken"]) if answer.status == 200 else None

    def _status(self, token: str) -> str:
        answer = self.scratch.ask(f"{self.scratch.exports}/{token}")
        return str(answer.json().get("status")).upper() if answer.status == 200 else ""

    def _ready(self, token: str) -> bool:
        for _ in range(int(_PATIENCE / _BETWEEN)):
            if self._status(token) == "SUCCEEDED":
                return True
            self.pause(_BETWEEN)
        return False

    def _numbers(self) -> None:
        """Does a student of another course have a number that one of this course has?"""
        if self.second is None:
            return
        sent = self.second.new(7)
        self._seen(self.second.add(sent))
        there = _ids(_with_email(self.second.active(), sent["email"]))
        here = _ids([*self.scratch.active(), *self.scratch.deleted()])
        if there and here:
            self._note("student_ids", "per_course" if there & here else "per_instance")

    def _again(self, student: Record) -> Record:
        found = [each for each in self.scratch.active() if each["studentId"] == student["studentId"]]
        return found[0] if found else student


def _ids(students: Sequence[Record]) -> set[int]:
    return {each["studentId"] for each in students}


def _with_email(students: Sequence[Record], email: str) -> list[Record]:
    return [each for each in students if email_key(str(each.get("email") or "")) == email_key(email)]


def _form(answer: Answer) -> str | None:
    match _json(answer):
        case list():
            return "list"
        case dict():
            return "object"
    return None


def _body(answer: Answer) -> str | None:
    if not answer.content.strip():
        return "nothing"
    return "null" if _json(answer) is None else _form(answer)


def _kept(sent: str, shown: str) -> str | None:
    return {sent: "as_sent", sent.lower(): "lower_case"}.get(shown)


def _trimmed(sent: str, shown: str) -> bool | None:
    return {sent: False, sent.strip(): True}.get(shown)


def _says_json(answer: Answer) -> bool:
    return isinstance(_json(answer), dict)


def _json(answer: Answer) -> Any:
    try:
        return answer.json()
    except NotJson:
        return ""
