"""What nobody knows about kuraCloud, as switches: the simulator behaves as they say.

Nothing here is a fact. Defaults follow the stand-in of recordings/block ("kuraCloud's answers are a stand-in's"), and
contracts/kuracloud-v2.md where the two differ.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import Field, dataclass, field, fields, replace
from typing import Any, Literal


def _switch(about: str, default: Any, *others: Any) -> Any:
    return field(default=default, metadata={"assumed": True, "about": about, "choices": (default, *others)})


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """One guess at how kuraCloud behaves; numbers may be others than the ones that variations try."""

    student_ids: Literal["per_instance", "per_course"] = _switch(
        "is a studentId unique in the whole instance, or does each course count for itself",
        "per_instance", "per_course",
    )
    duplicate_add: Literal["refuse", "conflict", "existing", "second"] = _switch(
        "adding the e-mail of an active student: 400, 409, answer that student, or make a second one",
        "refuse", "conflict", "existing", "second",
    )
    email_match: Literal["any_case", "exact"] = _switch(
        "are e-mails that differ in case the same address", "any_case", "exact"
    )
    invalid_email: Literal["refuse", "skip", "accept"] = _switch(
        "a missing or malformed e-mail: 400, the record is left out without a word, or a student is made",
        "refuse", "skip", "accept",
    )
    refused_batch: Literal["nothing_done", "part_done"] = _switch(
        "of a refused batch, is nothing done, or what came before the bad record", "nothing_done", "part_done"
    )
    batch_maximum: int | None = _switch("the most records in a batch; of more, all are refused (400)", None, 5)
    one_answer: Literal["object", "list"] = _switch(
        "when one student is sent, is one object answered or a list",
        "object", "list",
    )
    answer_order: Literal["as_sent", "reversed"] = _switch(
        "the order in which added and edited students are answered", "as_sent", "reversed"
    )
    add_deleted_email: Literal["new", "revive", "refuse"] = _switch(
        "adding the e-mail of a deleted student: a new student, the old account (no new invite), or 400",
        "new", "revive", "refuse",
    )
    edit_email: Literal["ignored", "changed", "refused"] = _switch(
        "an edit with another e-mail: the e-mail stays, changes, or 400 (a taken address is 400 in any case)",
        "ignored", "changed", "refused",
    )
    email_kept: Literal["as_sent", "lower_case"] = _switch("how an e-mail is kept", "as_sent", "lower_case")
    texts_trimmed: bool = _switch("are names, externalStudentId and section trimmed", False, True)
    text_maximum: int | None = _switch(
        "names, externalStudentId and section are cut after so many characters", None, 20
    )
    empty_text: Literal["empty", "null"] = _switch(
        "an empty externalStudentId or section is answered as text or as null", "empty", "null"
    )
    created_date: Literal["seconds", "milliseconds"] = _switch(
        "the unit of createdDate since the epoch", "seconds", "milliseconds"
    )
    unknown_student: Literal["refuse", "ignore"] = _switch(
        "an unknown student in edit, delete or restore: 404, or passed over", "refuse", "ignore"
    )
    done_already: Literal["unknown", "accept"] = _switch(
        "deleting a deleted or restoring an active student: like an unknown one, or fine", "unknown", "accept"
    )
    extra_fields: Literal["refuse", "ignore"] = _switch(
        "delete or restore with more than a studentId per record: 400, or fine", "refuse", "ignore"
    )
    restore_taken_email: Literal["refuse", "second"] = _switch(
        "restoring a student whose e-mail an active one has: 400, or two with one e-mail", "refuse", "second"
    )
    done_answer: Literal["object", "list", "null", "nothing"] = _switch(
        "the body answered to delete and restore: {}, [], null or none", "object", "list", "null", "nothing"
    )
    wrong_token: Literal[401, 403] = _switch("the status for a wrong or missing token", 401, 403)
    missing_course: Literal[404, 403] = _switch("the status for a course that is unknown or deleted", 404, 403)
    lms_disabled: Literal["refuse", "ignore"] = _switch(
        "students and exports while lmsEnabled is false: 403, or as usual", "refuse", "ignore"
    )
    list_maximum: int | None = _switch(
        "lists of students and courses stop after so many entries, as paging would do", None, 100
    )
    error_body: Literal["json", "text"] = _switch("errors are JSON with a message, or plain text", "json", "text")
    restored_grades: Literal["kept", "lost"] = _switch("do restored students have their grades back", "kept", "lost")
    deleted_in_export: Literal["absent", "present"] = _switch(
        "are the grades of deleted students in an export", "absent", "present"
    )
    empty_grades: Literal["present", "missing"] = _switch(
        "are empty lists of revisions and of student grades in an export, or left out", "present", "missing"
    )
    ungraded_students: Literal["absent", "null"] = _switch(
        "active students without a grade in an export: no row, or a row of nulls", "absent", "null"
    )
    no_offset: Literal["null", "zero"] = _switch(
        "a grade that nobody adjusted has the offset null or 0", "null", "zero"
    )
    second_export: Literal["another", "same"] = _switch(
        "asking for an export while one is not ready: another one, or the same", "another", "same"
    )
    export_downloads: Literal["any", "once"] = _switch(
        "how often an export can be downloaded before its task is unknown", "any", "once"
    )
    waiting_status: Literal["RUNNING", "PENDING", "QUEUED"] = _switch(
        "the status of an export that is not ready", "RUNNING", "PENDING", "QUEUED"
    )
    failed_status: Literal["FAILED", "ERROR", "CANCELLED"] = _switch(
        "the status of an export that failed", "FAILED", "ERROR", "CANCELLED"
    )

    def __post_init__(self) -> None:
        for switch in fields(self):
            value = getattr(self, switch.name)
            if value not in switch.metadata["choices"] and not _is_maximum(switch, value):
                raise ValueError(f"{switch.name} can't be {value!r}: {switch.metadata['about']}")

    @classmethod
    def all_variations(cls) -> Iterator[Dialect]:
        """The default, then each single switch turned to each of its other values."""
        default = cls()
        yield default
        for switch in fields(cls):
            for other in switch.metadata["choices"][1:]:
                yield replace(default, **{switch.name: other})

    def as_json(self) -> dict[str, dict[str, Any]]:
        """Each switch by name: its value, and what there is to know about it."""
        return {
            switch.name: {
                "value": getattr(self, switch.name),
                "choices": list(switch.metadata["choices"]),
                "assumed": switch.metadata["assumed"],
                "about": switch.metadata["about"],
            }
            for switch in fields(self)
        }


def assumptions() -> dict[str, str]:
    """What the simulator assumes without knowing: name of the switch -> the open question."""
    return {switch.name: switch.metadata["about"] for switch in fields(Dialect) if switch.metadata["assumed"]}


def _is_maximum(switch: Field[Any], value: object) -> bool:
    return switch.name.endswith("_maximum") and type(value) is int and value > 0
