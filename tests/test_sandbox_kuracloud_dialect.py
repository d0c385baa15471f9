"""The dialect: every unknown of kuraCloud is a switch, and turning it changes what a client sees."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace
from itertools import combinations
from typing import Any, Literal, get_args, get_origin, get_type_hints

import pytest
from werkzeug.test import Client

from sandbox.kuracloud.dialect import Dialect, assumptions
from sandbox.kuracloud.sim import SimKuraCloud

COURSE = 101
ASK = "published/exportgrades.json"


class Trial:
    """A simulator with one course and one active student, and the answers it gives."""

    def __init__(self, dialect: Dialect) -> None:
        self.sim = SimKuraCloud(dialect)
        self.sim.add_course("Physiology", courseId=COURSE)
        self.ada = self.sim.put_student(COURSE, email="ada@example.edu", givenName="Ada", createdDate=1)

    def raw(self, method: str, path: str, body: object = None, token: str = "kura-token", course: int = COURSE) -> Any:
        path = f"/v2/course/{course}/{path}".rstrip("/")
        headers = {"X-Kura-Token": token, "Content-Type": "application/json"}
        return Client(self.sim.wsgi).open(path, method=method, json=body or [], headers=headers)

    def post(self, path: str, *records: object) -> tuple[int, Any]:
        """The status and, when it went well, what was answered, without ids and dates."""
        answer = self.raw("POST", path, list(records))
        return answer.status_code, _plain(answer.json) if answer.status_code == 200 else None

    def add(self, *emails: str, **fields: object) -> tuple[int, Any]:
        return self.post("student", *({"email": email, **fields} for email in emails))

    def active(self) -> list[str]:
        return [student["email"] for student in self.sim.students(COURSE)]

    def graded(self) -> list[int]:
        """Who has a row in an export."""
        task = self.raw("POST", ASK).json["taskToken"]
        lessons = self.raw("GET", f"{ASK}/{task}/download").json
        return [row["studentId"] for row in lessons[0]["gradedPublishedRevisions"][0].get("studentGrades", [])]

    def publish(self) -> int:
        self.sim.set_export(polls=0)
        revision = self.sim.add_revision(COURSE, self.sim.add_lesson(COURSE, "Heart"), "Heart rev", {"q": 5})
        self.sim.set_grade(COURSE, revision, self.ada, {"q": 3})
        return revision


def _plain(answer: Any) -> Any:
    if isinstance(answer, list):
        return [_plain(entry) for entry in answer]
    return {name: value for name, value in answer.items() if name not in ("studentId", "createdDate")}


def student_ids(trial: Trial) -> object:
    other = trial.sim.add_course("Anatomy")
    return trial.sim.put_student(other, email="bea@example.edu") == trial.ada


def duplicate_add(trial: Trial) -> object:
    return trial.add("ada@example.edu", givenName="Other"), trial.active(), len(trial.sim.invites)


def email_match(trial: Trial) -> object:
    return trial.add("ADA@example.edu"), trial.active()


def invalid_email(trial: Trial) -> object:
    return trial.add("", "bea@example.edu"), trial.active(), len(trial.sim.invites)


def refused_batch(trial: Trial) -> object:
    return trial.add("bea@example.edu", "bad", "cea@example.edu"), trial.active(), len(trial.sim.invites)


def batch_maximum(trial: Trial) -> object:
    return trial.add(*(f"{number}@example.edu" for number in range(6)))


def one_answer(trial: Trial) -> object:
    return trial.add("bea@example.edu"), trial.post("student/edit", {"studentId": trial.ada, "section": "B"})


def answer_order(trial: Trial) -> object:
    return trial.add("bea@example.edu", "cea@example.edu"), trial.active()


def add_deleted_email(trial: Trial) -> object:
    trial.sim.delete_student(COURSE, trial.ada)
    return trial.add("ada@example.edu", givenName="New"), len(trial.sim.deleted(COURSE)), len(trial.sim.invites)


def edit_email(trial: Trial) -> object:
    return trial.post("student/edit", {"studentId": trial.ada, "email": "new@example.edu"}), trial.active()


def email_kept(trial: Trial) -> object:
    return trial.add("Bea@Example.edu")


def texts_trimmed(trial: Trial) -> object:
    return trial.add("bea@example.edu", givenName=" Bea ", section=" B ", externalStudentId=" X ")


def text_maximum(trial: Trial) -> object:
    return trial.add("bea@example.edu", givenName="B" * 30, section="S" * 30, externalStudentId="X" * 30)


def empty_text(trial: Trial) -> object:
    return trial.add("bea@example.edu", externalStudentId="")


def created_date(trial: Trial) -> object:
    trial.add("bea@example.edu")
    return len(str(trial.sim.students(COURSE)[1]["createdDate"]))


def unknown_student(trial: Trial) -> object:
    ids: list[object] = [{"studentId": trial.ada}, {"studentId": 1}]
    return trial.post("student/edit", *ids), trial.post("student/delete", *ids), trial.post("student/restore", *ids)


def done_already(trial: Trial) -> object:
    one = {"studentId": trial.ada}
    restored, deleted, deleted_again = (trial.post(f"student/{path}", one) for path in ("restore", "delete", "delete"))
    assert deleted[0] == 200
    return restored, deleted_again


def extra_fields(trial: Trial) -> object:
    return trial.post("student/delete", {"studentId": trial.ada, "email": "ada@example.edu"}), trial.active()


def restore_taken_email(trial: Trial) -> object:
    trial.sim.delete_student(COURSE, trial.ada)
    trial.sim.put_student(COURSE, email="ada@example.edu")
    return trial.post("student/restore", {"studentId": trial.ada}), trial.active()


def done_answer(trial: Trial) -> object:
    answers = [trial.raw("POST", f"student/{path}", [{"studentId": trial.ada}]) for path in ("delete", "restore")]
    return [(answer.status_code, answer.text) for answer in answers]


def wrong_token(trial: Trial) -> object:
    return trial.raw("GET", "student", token="wrong").status_code


def missing_course(trial: Trial) -> object:
    return trial.raw("GET", "student", course=999).status_code


def lms_disabled(trial: Trial) -> object:
    trial.sim.set_course(COURSE, lmsEnabled=False)
    return trial.raw("GET", "student").status_code, trial.raw("POST", ASK).status_code, trial.add("bea@example.edu")[0]


def list_maximum(trial: Trial) -> object:
    for number in range(100):
        trial.sim.put_student(COURSE, email=f"{number}@example.edu")
    return len(trial.raw("GET", "student").json), len(trial.active())


def error_body(trial: Trial) -> object:
    answer = trial.raw("GET", "student", token="wrong")
    return answer.content_type, answer.is_json and "message" in answer.json


def restored_grades(trial: Trial) -> object:
    trial.publish()
    trial.post("student/delete", {"studentId": trial.ada})
    trial.post("student/restore", {"studentId": trial.ada})
    return trial.graded()


def deleted_in_export(trial: Trial) -> object:
    trial.publish()
    trial.sim.delete_student(COURSE, trial.ada)
    return trial.graded()


def empty_grades(trial: Trial) -> object:
    trial.sim.set_export(polls=0)
    lesson = trial.sim.add_lesson(COURSE, "Heart")
    trial.sim.add_revision(COURSE, lesson, "Heart rev", {"q": 5})
    trial.sim.add_lesson(COURSE, "Lung")
    task = trial.raw("POST", ASK).json["taskToken"]
    heart, lung = trial.raw("GET", f"{ASK}/{task}/download").json
    return sorted(heart["gradedPublishedRevisions"][0]), sorted(lung)


def exported(trial: Trial) -> Any:
    trial.sim.put_student(COURSE, email="bea@example.edu")
    trial.publish()
    task = trial.raw("POST", ASK).json["taskToken"]
    (lesson,) = trial.raw("GET", f"{ASK}/{task}/download").json
    return [
        (row["gradeOffset"], row["questionGrades"]) for row in lesson["gradedPublishedRevisions"][0]["studentGrades"]
    ]


def ungraded_students(trial: Trial) -> object:
    return exported(trial)


def no_offset(trial: Trial) -> object:
    return exported(trial)


def second_export(trial: Trial) -> object:
    first, second = (trial.raw("POST", ASK).json["taskToken"] for _ in range(2))
    return first == second


def export_downloads(trial: Trial) -> object:
    trial.publish()
    task = trial.raw("POST", ASK).json["taskToken"]
    return [trial.raw("GET", f"{ASK}/{task}/download").status_code for _ in range(2)]


def waiting_status(trial: Trial) -> object:
    task = trial.raw("POST", ASK).json["taskToken"]
    return trial.raw("GET", f"{ASK}/{task}").json


def failed_status(trial: Trial) -> object:
    trial.sim.set_export(polls=0, fails=True)
    return waiting_status(trial)


SHOWN: list[Callable[[Trial], object]] = [
    student_ids, duplicate_add, email_match, invalid_email, refused_batch, batch_maximum, one_answer, answer_order,
    add_deleted_email, edit_email, email_kept, texts_trimmed, text_maximum, empty_text, created_date, unknown_student,
    done_already, extra_fields, restore_taken_email, done_answer, wrong_token, missing_course, lms_disabled,
    list_maximum, error_body, restored_grades, deleted_in_export, empty_grades, ungraded_students,
    no_offset, second_export, export_downloads, waiting_status, failed_status,
]  # fmt: skip


def choices(name: str) -> tuple[Any, ...]:
    return next(switch.metadata["choices"] for switch in fields(Dialect) if switch.name == name)


@pytest.mark.parametrize("show", SHOWN)
def test_each_value_of_a_switch_shows(show: Callable[[Trial], object]) -> None:
    seen = [show(Trial(replace(Dialect(), **{show.__name__: value}))) for value in choices(show.__name__)]
    assert len(seen) > 1
    for one, other in combinations(seen, 2):
        assert one != other


def test_every_switch_is_shown_here() -> None:
    assert sorted(show.__name__ for show in SHOWN) == sorted(switch.name for switch in fields(Dialect))


def test_every_switch_says_what_it_assumes() -> None:
    assert list(assumptions()) == [switch.name for switch in fields(Dialect)]
    assert all(assumptions().values())
    assert Dialect().as_json()["edit_email"] == {
        "value": "ignored",
        "choices": ["ignored", "changed", "refused"],
        "assumed": True,
        "about": assumptions()["edit_email"],
    }


def test_variations_turn_one_switch_each_to_each_of_its_values() -> None:
    variations = list(Dialect.all_variations())
    assert variations[0] == Dialect()
    turned = [
        [(switch.name, getattr(dialect, switch.name)) for switch in fields(Dialect)
         if getattr(dialect, switch.name) != switch.default]
        for dialect in variations[1:]
    ]  # fmt: skip
    assert all(len(differences) == 1 for differences in turned)
    assert [differences[0] for differences in turned] == [
        (switch.name, other) for switch in fields(Dialect) for other in switch.metadata["choices"][1:]
    ]


def test_the_words_of_a_switch_are_those_of_its_type() -> None:
    for name, hint in get_type_hints(Dialect).items():
        if get_origin(hint) is Literal:
            assert get_args(hint) == choices(name)


@pytest.mark.parametrize("wrong", [{"edit_email": "maybe"}, {"batch_maximum": 0}, {"texts_trimmed": 3}])
def test_a_value_that_a_switch_does_not_have_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Dialect(**wrong)


def test_a_maximum_may_be_any_number() -> None:
    trial = Trial(Dialect(batch_maximum=1))
    assert trial.add("bea@example.edu", "cea@example.edu")[0] == 400
    assert trial.add("bea@example.edu")[0] == 200


def test_an_edit_never_takes_the_address_of_another() -> None:
    trial = Trial(Dialect(edit_email="changed"))
    trial.sim.put_student(COURSE, email="bea@example.edu")
    edit = {"studentId": trial.ada, "email": "Bea@example.edu"}
    assert trial.post("student/edit", edit)[0] == 400
    assert trial.active() == ["ada@example.edu", "bea@example.edu"]


@pytest.mark.parametrize("path", ["edit", "delete", "restore"])
def test_a_part_of_every_refused_batch_can_be_done(path: str) -> None:
    trial = Trial(Dialect(refused_batch="part_done"))
    if path == "restore":
        trial.sim.delete_student(COURSE, trial.ada)
    before = trial.sim.state()
    assert trial.post(f"student/{path}", {"studentId": trial.ada, **({"section": "B"} if path == "edit" else {})},
                      {"studentId": 1})[0] == 404  # fmt: skip
    assert trial.sim.state() != before


def test_a_revived_student_may_lose_the_grades_too() -> None:
    trial = Trial(Dialect(add_deleted_email="revive", restored_grades="lost"))
    trial.publish()
    trial.sim.delete_student(COURSE, trial.ada)
    assert trial.add("ada@example.edu")[0] == 200
    assert trial.graded() == []
