"""A kuraCloud course for trying things on: each write between its audit rows, and taken away again (design.md 13)."""

from __future__ import annotations

import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from app.clients.answer import Answer, NotJson
from app.clients.kuracloud import KuraCloudClient
from app.errors import KurasyncError, Refused
from app.kit import Kit
from app.planning.sameness import email_key, is_address
from app.store import audit

Record = dict[str, Any]
"""A student as it stands in kuraCloud's JSON."""

NO_ADDRESS = "kurasync probe: no address"
"""What is sent where kuraCloud should see no valid address."""


@dataclass(frozen=True, slots=True)
class Mailbox:
    """A mailbox of the person who tries, which takes mail for name+tag@domain. `series` tells one trial from others."""

    address: str
    series: str = field(default_factory=lambda: secrets.token_hex(3))

    def __post_init__(self) -> None:
        if not is_address(self.address) or "+" in self.address:
            raise Refused(
                "Give one e-mail address of your own, without a + in it: invitations go to addresses made from it, "
                "such as name+kurasync-1@example.edu."
            )

    def numbered(self, number: int) -> str:
        """One of its addresses, with capitals: whether these are kept is one of the questions."""
        name, _, domain = self.address.partition("@")
        return f"{name}+Kurasync-{self.series}-{number}@{domain}"

    def owns(self, record: Record) -> bool:
        """Whether a student was made by a trial with this mailbox, now or before."""
        name, _, domain = email_key(self.address).partition("@")
        email = email_key(str(record.get("email") or ""))
        made = re.fullmatch(rf"{re.escape(name)}\+kurasync-[0-9a-f]{{6}}-\d+@{re.escape(domain)}", email)
        return made is not None or email == email_key(NO_ADDRESS)


@dataclass(frozen=True, slots=True)
class Scratch:
    """The course, the client of its instance, and who tries. Answers come as they are, whatever their status.

    Raises TransientError where kuraCloud does not answer, or answers "not now".
    """

    kit: Kit
    client: KuraCloudClient
    instance: str
    course_id: int
    mailbox: Mailbox
    actor: str

    @property
    def students(self) -> str:
        """The route of the students."""
        return f"/v2/course/{self.course_id}/student"

    @property
    def exports(self) -> str:
        """The route of the exports of grades."""
        return f"/v2/course/{self.course_id}/published/exportgrades.json"

    def ask(self, path: str, method: str = "GET") -> Answer:
        """A request that changes nothing."""
        return self.client.raw(method, path, writes=False)

    def active(self) -> list[Record]:
        """The active students; raises Refused where kuraCloud does not list them."""
        return self._listed(self.students)

    def deleted(self) -> list[Record]:
        """The deleted students; raises Refused where kuraCloud does not list them."""
        return self._listed(f"{self.students}?deleted=true")

    def add(self, *students: Record) -> Answer:
        """Add students, as `new` makes them."""
        return self._write("add_students", "", list(students))

    def edit(self, *students: Record) -> Answer:
        """Send whole students."""
        return self._write("edit_students", "/edit", list(students))

    def delete(self, *students: Record) -> Answer:
        """Delete what these records name."""
        return self._write("delete_students", "/delete", list(students))

    def restore(self, *students: Record) -> Answer:
        """Restore what these records name."""
        return self._write("restore_students", "/restore", list(students))

    def new(self, number: int) -> Record:
        """A student to be added under the mailbox's address of this number; the name has blanks around it."""
        return {
            "email": self.mailbox.numbered(number),
            "givenName": "  Probe  ",
            "familyName": f"Number {number}",
            "externalStudentId": "",
            "section": "",
        }

    def clean(self) -> list[Record]:
        """Delete what trials made; returns those of them that are still there."""
        for record in self.made():
            self.delete(only_id(record))
        return self.made()

    def strangers(self) -> list[Record]:
        """Students, active or deleted, whom no trial made."""
        return [record for record in (*self.active(), *self.deleted()) if not self.mailbox.owns(record)]

    def _listed(self, path: str) -> list[Record]:
        """A refusal is no empty list: whoever is not shown would count as nobody, and as new when shown again."""
        answer = self.ask(path)
        if not _is_list(answer):
            raise Refused(
                f"kuraCloud does not list the students of the course {self.course_id} (status {answer.status}): look "
                "whether the trial left any there."
            )
        return records(answer)

    def made(self) -> list[Record]:
        """Active students whom trials made."""
        return [record for record in self.active() if self.mailbox.owns(record)]

    def _write(self, operation: str, route: str, body: Sequence[Record]) -> Answer:
        call_uid = self._begin(operation, len(body))
        try:
            answer = self.client.raw("POST", f"{self.students}{route}", list(body), writes=True)
        except KurasyncError as error:
            self._end(call_uid, "unknown", error.message)
            raise
        except BaseException:
            self._end(call_uid, "unknown", None)
            raise
        self._end(call_uid, "done" if answer.status == 200 else "refused", f"status {answer.status}")
        return answer

    def _begin(self, operation: str, count: int) -> str:
        subject = {"instance": self.instance, "course": self.course_id, "probe": self.mailbox.series, "students": count}
        with self.kit.database.transaction() as tx:
            now = self.kit.database.now(tx)
            return audit.begin(
                tx, now, actor=self.actor, system="kuracloud", operation=operation, subject=subject
            )

    def _end(self, call_uid: str, outcome: str, detail: str | None) -> None:
        with self.kit.database.transaction() as tx:
            audit.end(tx, self.kit.database.now(tx), call_uid, outcome, detail)


def records(answer: Answer) -> list[Record]:
    """The students of an answer: a list, one object, or none where it is a refusal or no JSON."""
    try:
        body = answer.json() if answer.status == 200 else []
    except NotJson:
        return []
    found = body if isinstance(body, list) else [body]
    return [each for each in found if isinstance(each, dict) and "studentId" in each]


def _is_list(answer: Answer) -> bool:
    try:
        return answer.status == 200 and isinstance(answer.json(), list)
    except NotJson:
        return False


def only_id(record: Record) -> Record:
    """What delete and restore take of a student."""
    return {"studentId": record["studentId"]}
