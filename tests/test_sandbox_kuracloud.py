"""The simulated kuraCloud: every route of contracts/kuracloud-v2.md, over real HTTP, and what people do by hand."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from sandbox.faults import Fault
from sandbox.kuracloud.dialect import Dialect
from sandbox.kuracloud.sim import SimKuraCloud

STUDENT_KEYS = {
    "studentId": int,
    "email": str,
    "givenName": str,
    "familyName": str,
    "inviteComplete": bool,
    "createdDate": int,
    "externalStudentId": str,
    "section": str,
}


@pytest.fixture
def kura() -> Iterator[SimKuraCloud]:
    with SimKuraCloud.serving() as sim:
        yield sim


@pytest.fixture
def course(kura: SimKuraCloud) -> int:
    return kura.add_course("Physiology", code="PHY")


def ask(kura: SimKuraCloud, method: str, path: str, body: object = None, **headers: str) -> requests.Response:
    sent = {"X-Kura-Token": kura.token, "Content-Type": "application/json", **headers}
    return requests.request(method, kura.url + path, headers=sent, timeout=5, json=body)


def record(email: str, **fields: str) -> dict[str, str]:
    names = {"givenName": "Ada", "familyName": "Lab", "externalStudentId": "X1", "section": "A"}
    return {**names, "email": email, **fields}


def add(kura: SimKuraCloud, course: int, *emails: str) -> Any:
    answer = ask(kura, "POST", f"/v2/course/{course}/student", [record(email) for email in emails])
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_it_shows_the_instance(kura: SimKuraCloud) -> None:
    shown = ask(kura, "GET", "/v2/instance").json()
    assert {name: type(value) for name, value in shown.items()} == {
        "instanceId": str, "displayName": str, "gradingMode": str, "lmsEnabled": bool,
    }  # fmt: skip


def test_it_shows_an_instance_whose_lms_integration_is_off(kura: SimKuraCloud, course: int) -> None:
    kura.set_instance(lmsEnabled=False)
    assert ask(kura, "GET", "/v2/instance").json()["lmsEnabled"] is False
    assert ask(kura, "GET", f"/v2/course/{course}/student").status_code == 403


def test_it_lists_the_courses_that_are_there(kura: SimKuraCloud, course: int) -> None:
    other = kura.add_course("Anatomy", lmsEnabled=False)
    kura.remove_course(other)
    shown = {"courseId": course, "name": "Physiology", "courseCode": "PHY", "lmsEnabled": True}
    assert ask(kura, "GET", "/v2/course").json() == [shown]
    kura.bring_back_course(other)
    assert [entry["courseId"] for entry in ask(kura, "GET", "/v2/course").json()] == [course, other]


def test_it_switches_a_course_on_and_off(kura: SimKuraCloud, course: int) -> None:
    assert ask(kura, "PUT", f"/v2/course/{course}", {"lmsEnabled": False}).json()["lmsEnabled"] is False
    assert ask(kura, "GET", f"/v2/course/{course}/student").status_code == 403
    assert ask(kura, "PUT", f"/v2/course/{course}", {"lmsEnabled": True}).json()["courseId"] == course
    assert ask(kura, "GET", f"/v2/course/{course}/student").json() == []


@pytest.mark.parametrize("body", [{}, {"lmsEnabled": "yes"}, [True]])
def test_it_refuses_a_switch_that_is_no_bool(kura: SimKuraCloud, course: int, body: object) -> None:
    assert ask(kura, "PUT", f"/v2/course/{course}", body).status_code == 400


def test_it_adds_students_and_invites_each(kura: SimKuraCloud, course: int) -> None:
    first, second = add(kura, course, "a@example.edu", "b@example.edu")
    assert {name: type(value) for name, value in first.items()} == STUDENT_KEYS
    assert (first["email"], first["givenName"], first["section"]) == ("a@example.edu", "Ada", "A")
    assert first["inviteComplete"] is False
    assert ask(kura, "GET", f"/v2/course/{course}/student").json() == [first, second] == kura.students(course)
    assert kura.invites == [
        (course, "a@example.edu", first["studentId"]), (course, "b@example.edu", second["studentId"]),
    ]  # fmt: skip


def test_it_answers_one_object_when_one_was_sent(kura: SimKuraCloud, course: int) -> None:
    assert add(kura, course, "a@example.edu")["email"] == "a@example.edu"


def test_it_adds_a_student_of_whom_only_the_email_is_known(kura: SimKuraCloud, course: int) -> None:
    answer = ask(kura, "POST", f"/v2/course/{course}/student", [{"email": "a@example.edu", "section": None}]).json()
    assert (answer["givenName"], answer["externalStudentId"], answer["section"]) == ("", "", "")


def test_ids_and_dates_that_are_sent_with_a_new_student_are_not_taken(kura: SimKuraCloud, course: int) -> None:
    sent = {**record("a@example.edu"), "studentId": 7, "createdDate": 1, "inviteComplete": True}
    answer = ask(kura, "POST", f"/v2/course/{course}/student", [sent]).json()
    assert answer["studentId"] != 7
    assert answer["createdDate"] > 1
    assert answer["inviteComplete"] is False


@pytest.mark.parametrize("body", [{}, "x", [1], [{"email": 1}], [{"email": "a@example.edu", "section": []}]])
def test_it_refuses_an_add_that_is_no_list_of_students(kura: SimKuraCloud, course: int, body: object) -> None:
    answer = ask(kura, "POST", f"/v2/course/{course}/student", body)
    assert answer.status_code == 400
    assert answer.json()["message"]


def test_it_edits_the_texts_and_nothing_else(kura: SimKuraCloud, course: int) -> None:
    student = add(kura, course, "a@example.edu")
    sent = {**student, "givenName": "Eda", "section": "B", "inviteComplete": True, "createdDate": 1}
    answer = ask(kura, "POST", f"/v2/course/{course}/student/edit", [sent])
    assert answer.json() == {**student, "givenName": "Eda", "section": "B"}
    assert kura.students(course) == [answer.json()]


def test_an_edit_leaves_what_it_does_not_mention(kura: SimKuraCloud, course: int) -> None:
    student = add(kura, course, "a@example.edu")
    ask(kura, "POST", f"/v2/course/{course}/student/edit", [{"studentId": student["studentId"], "section": "B"}])
    assert kura.students(course) == [{**student, "section": "B"}]


@pytest.mark.parametrize("body", [{}, [{"givenName": "Eda"}], [{"studentId": "5001"}], [{"studentId": True}]])
def test_it_refuses_an_edit_without_ids(kura: SimKuraCloud, course: int, body: object) -> None:
    add(kura, course, "a@example.edu")
    assert ask(kura, "POST", f"/v2/course/{course}/student/edit", body).status_code == 400


def test_it_deletes_and_restores(kura: SimKuraCloud, course: int) -> None:
    student = add(kura, course, "a@example.edu")
    ids = [{"studentId": student["studentId"]}]
    assert ask(kura, "POST", f"/v2/course/{course}/student/delete", ids).status_code == 200
    assert ask(kura, "GET", f"/v2/course/{course}/student").json() == []
    assert ask(kura, "GET", f"/v2/course/{course}/student?deleted=true").json() == [student] == kura.deleted(course)
    assert ask(kura, "POST", f"/v2/course/{course}/student/restore", ids).status_code == 200
    assert ask(kura, "GET", f"/v2/course/{course}/student").json() == [student]
    assert ask(kura, "GET", f"/v2/course/{course}/student?deleted=true").json() == []
    assert len(kura.invites) == 1


@pytest.mark.parametrize("route", ["delete", "restore"])
@pytest.mark.parametrize("body", [{}, [5001], [{"id": 5001}], [{"studentId": "5001"}]])
def test_it_refuses_to_move_what_is_no_list_of_ids(
    kura: SimKuraCloud, course: int, route: str, body: object
) -> None:
    add(kura, course, "a@example.edu")
    assert ask(kura, "POST", f"/v2/course/{course}/student/{route}", body).status_code == 400
    assert len(kura.students(course)) == 1


def test_it_refuses_a_body_that_is_no_json(kura: SimKuraCloud, course: int) -> None:
    headers = {"X-Kura-Token": kura.token, "Content-Type": "application/json"}
    answer = requests.post(f"{kura.url}/v2/course/{course}/student", data="{", headers=headers, timeout=5)
    assert answer.status_code == 400


@pytest.mark.parametrize("token", ["wrong", ""])
def test_it_refuses_a_wrong_token_whatever_is_asked(kura: SimKuraCloud, token: str) -> None:
    assert ask(kura, "GET", "/v2/course", **{"X-Kura-Token": token}).status_code == 401
    assert ask(kura, "GET", "/v2/nothing", **{"X-Kura-Token": token}).status_code == 401


def test_the_old_token_ends_when_a_new_one_is_made(kura: SimKuraCloud) -> None:
    kura.rotate_token("another")
    assert ask(kura, "GET", "/v2/course").status_code == 200
    assert ask(kura, "GET", "/v2/course", **{"X-Kura-Token": "kura-token"}).status_code == 401


def test_it_refuses_a_request_without_the_content_type_of_the_contract(kura: SimKuraCloud) -> None:
    assert ask(kura, "GET", "/v2/course", **{"Content-Type": "text/plain"}).status_code == 415


def test_it_knows_no_other_route_and_no_other_method(kura: SimKuraCloud, course: int) -> None:
    assert ask(kura, "GET", "/v1/course").status_code == 404
    assert ask(kura, "DELETE", f"/v2/course/{course}").status_code == 405


@pytest.mark.parametrize("gone", [False, True])
def test_it_refuses_everything_about_a_course_that_is_not_there(kura: SimKuraCloud, course: int, gone: bool) -> None:
    if gone:
        kura.remove_course(course)
    wanted = f"/v2/course/{course if gone else 999}"
    assert ask(kura, "PUT", wanted, {"lmsEnabled": True}).status_code == 404
    assert ask(kura, "GET", f"{wanted}/student").status_code == 404
    assert ask(kura, "POST", f"{wanted}/published/exportgrades.json").status_code == 404


def exported(kura: SimKuraCloud, course: int, polls: int = 1) -> Any:
    path = f"/v2/course/{course}/published/exportgrades.json"
    task = ask(kura, "POST", path).json()["taskToken"]
    for _ in range(polls):
        assert ask(kura, "GET", f"{path}/{task}/download").status_code == 404
        assert ask(kura, "GET", f"{path}/{task}").json() == {"status": "RUNNING"}
    assert ask(kura, "GET", f"{path}/{task}").json() == {"status": "SUCCEEDED"}
    return ask(kura, "GET", f"{path}/{task}/download").json()


def published(kura: SimKuraCloud, course: int) -> int:
    lesson = kura.add_lesson(course, "Heart", lessonId=12)
    return kura.add_revision(course, lesson, "Heart rev", {"q0": 5, "q1": 5}, revisionId=34)


def test_it_exports_lessons_with_grades(kura: SimKuraCloud, course: int) -> None:
    student = kura.put_student(course, email="a@example.edu")
    revision = published(kura, course)
    kura.set_grade(course, revision, student, {"q0": 1, "q1": None})
    kura.set_grade(course, revision, student, {"q0": 4, "q1": None}, offset=-1)
    assert exported(kura, course) == kura.lessons(course) == [
        {
            "publishedContentId": 120,
            "publishedLessonId": 12,
            "publishedLessonTitle": "Heart",
            "gradedPublishedRevisions": [
                {
                    "publishedRevisionId": 34,
                    "publishedRevisionTitle": "Heart rev",
                    "questions": [{"questionId": "q0", "maxGrade": 5}, {"questionId": "q1", "maxGrade": 5}],
                    "studentGrades": [
                        {
                            "studentId": student,
                            "gradeOffset": -1,
                            "questionGrades": [
                                {"questionId": "q0", "questionGrade": 4}, {"questionId": "q1", "questionGrade": None},
                            ],
                        }
                    ],
                }
            ],
        }
    ]  # fmt: skip


def test_lessons_can_be_put_as_an_export_shows_them(kura: SimKuraCloud, course: int) -> None:
    lessons = [{"publishedContentId": 1, "publishedLessonId": 2, "publishedLessonTitle": "t"}]
    kura.set_lessons(course, lessons)
    assert exported(kura, course) == lessons


def test_an_export_waits_as_often_as_it_is_told(kura: SimKuraCloud, course: int) -> None:
    kura.set_export(polls=3)
    assert exported(kura, course, polls=3) == []


def test_an_export_shows_the_grades_of_when_it_was_asked_for(kura: SimKuraCloud, course: int) -> None:
    path = f"/v2/course/{course}/published/exportgrades.json"
    kura.set_export(polls=0)
    task = ask(kura, "POST", path).json()["taskToken"]
    published(kura, course)
    assert ask(kura, "GET", f"{path}/{task}/download").json() == []


def test_an_export_can_fail_for_good(kura: SimKuraCloud, course: int) -> None:
    kura.set_export(polls=0, fails=True)
    path = f"/v2/course/{course}/published/exportgrades.json"
    task = ask(kura, "POST", path).json()["taskToken"]
    assert [ask(kura, "GET", f"{path}/{task}").json()["status"] for _ in range(2)] == ["FAILED", "FAILED"]
    assert ask(kura, "GET", f"{path}/{task}/download").status_code == 404


def test_an_export_may_never_end(kura: SimKuraCloud, course: int) -> None:
    kura.set_export(polls=None)
    path = f"/v2/course/{course}/published/exportgrades.json"
    task = ask(kura, "POST", path).json()["taskToken"]
    assert {ask(kura, "GET", f"{path}/{task}").json()["status"] for _ in range(50)} == {"RUNNING"}
    assert ask(kura, "GET", f"{path}/{task}/download").status_code == 404


def test_an_export_can_hold_whatever_a_client_must_not_fall_for(kura: SimKuraCloud, course: int) -> None:
    kura.set_export(polls=0)
    lesson = kura.add_lesson(course, "x" * 300)
    kura.add_lesson(course, "A lesson without revisions")
    bare = kura.add_revision(course, lesson, "No questions", {})
    kura.set_grade(course, bare, 1, {})
    odd = kura.add_revision(course, lesson, "Odd", {"q": 5})
    kura.set_grade(course, odd, 1, {"q": float("nan")})
    kura.set_grade(course, odd, 2, {"q": None})
    kura.set_grade(course, odd, 3, {"q": 1})
    kura.set_grade(course, odd, 3, {"q": 2}, beside=True)
    kura.set_grade(course, odd, 4, {"q": 3})
    kura.remove_grade(course, odd, 4)
    first, second = exported(kura, course, polls=0)
    assert (first["publishedLessonTitle"], second["gradedPublishedRevisions"]) == ("x" * 300, [])
    without, strange = first["gradedPublishedRevisions"]
    assert (without["questions"], without["studentGrades"][0]["questionGrades"]) == ([], [])
    rows = [(row["studentId"], row["questionGrades"][0]["questionGrade"]) for row in strange["studentGrades"]]
    assert rows[0][1] != rows[0][1]
    assert rows[1:] == [(2, None), (3, 1), (3, 2)]


def test_a_revision_can_be_changed_and_taken_back(kura: SimKuraCloud, course: int) -> None:
    revision = published(kura, course)
    other = kura.add_revision(course, 12, "Heart rev 2", {"q": 1})
    kura.change_revision(course, revision, title="Renamed")
    kura.change_revision(course, revision, maximums={"q0": 7.5})
    assert exported(kura, course)[0]["gradedPublishedRevisions"][0] == {
        "publishedRevisionId": revision,
        "publishedRevisionTitle": "Renamed",
        "questions": [{"questionId": "q0", "maxGrade": 7.5}],
        "studentGrades": [],
    }
    kura.remove_revision(course, revision)
    assert [each["publishedRevisionId"] for each in exported(kura, course)[0]["gradedPublishedRevisions"]] == [other]
    bare = kura.add_lesson(course, "Lung")
    kura.remove_revision(course, other)
    assert [lesson["publishedLessonId"] for lesson in exported(kura, course)] == [bare]
    with pytest.raises(LookupError):
        kura.remove_revision(course, other)


def test_a_task_belongs_to_its_course(kura: SimKuraCloud, course: int) -> None:
    other = kura.add_course("Anatomy")
    task = ask(kura, "POST", f"/v2/course/{course}/published/exportgrades.json").json()["taskToken"]
    assert ask(kura, "GET", f"/v2/course/{other}/published/exportgrades.json/{task}").status_code == 404


def test_people_work_by_hand_without_invites(kura: SimKuraCloud, course: int) -> None:
    student = kura.put_student(course, givenName="Ada", email="a@example.edu", externalStudentId="X1")
    kura.edit_student(course, student, email="b@example.edu", givenName="Eda")
    assert [(s["email"], s["givenName"]) for s in kura.students(course)] == [("b@example.edu", "Eda")]
    kura.delete_student(course, student)
    assert kura.students(course) == []
    kura.restore_student(course, student)
    assert kura.deleted(course) == []
    kura.set_course(course, name="Physiology 2", courseCode="P2", lmsEnabled=False)
    assert kura.state()["courses"] == [
        {"courseId": course, "name": "Physiology 2", "courseCode": "P2", "lmsEnabled": False}
    ]
    assert kura.invites == []


@pytest.mark.parametrize("act", ["edit_student", "delete_student", "restore_student"])
def test_nobody_can_be_changed_who_is_not_there(kura: SimKuraCloud, course: int, act: str) -> None:
    with pytest.raises(LookupError):
        getattr(kura, act)(course, 1)


def test_an_id_put_by_hand_is_not_given_again(kura: SimKuraCloud, course: int) -> None:
    assert kura.put_student(course, email="a@example.edu", studentId=5001) == 5001
    assert add(kura, course, "b@example.edu")["studentId"] == 5002


def test_a_state_can_be_loaded_again(kura: SimKuraCloud, course: int) -> None:
    kura.put_student(course, email="a@example.edu")
    kura.delete_student(course, kura.put_student(course, email="b@example.edu"))
    state = kura.state()
    with SimKuraCloud.serving() as other:
        other.load(state)
        assert {**other.state(), "lessons": {}} == {**state, "lessons": {}}


def test_the_sandbox_shows_state_and_dialect_over_http(kura: SimKuraCloud, course: int) -> None:
    assert requests.get(f"{kura.url}/_sandbox/state", timeout=5).json()["courses"][0]["courseId"] == course
    shown = requests.get(f"{kura.url}/_sandbox/dialect", timeout=5).json()
    assert shown["wrong_token"]["value"] == Dialect().wrong_token
    assert all(switch["assumed"] and switch["about"] for switch in shown.values())


def test_people_can_work_by_hand_over_http(kura: SimKuraCloud, course: int) -> None:
    action = {"action": "put_student", "courseId": course, "email": "a@example.edu"}
    answer = requests.post(f"{kura.url}/_sandbox/action", json=action, timeout=5).json()
    assert [student["studentId"] for student in kura.students(course)] == [answer["result"]]


def test_a_student_is_added_though_the_answer_was_lost(kura: SimKuraCloud, course: int) -> None:
    kura.faults.add(Fault("reset_after", match=r"POST .*/student$", times=1))
    with pytest.raises(requests.ConnectionError):
        add(kura, course, "a@example.edu")
    assert len(kura.invites) == 1
    assert ask(kura, "POST", f"/v2/course/{course}/student", [record("a@example.edu")]).status_code == 400
    assert len(kura.invites) == 1


def test_adds_at_the_same_time_invite_an_address_once(kura: SimKuraCloud, course: int) -> None:
    path = f"/v2/course/{course}/student"
    threads = [
        threading.Thread(target=ask, args=(kura, "POST", path, [record("a@example.edu")])) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(kura.invites) == len(kura.students(course)) == 1
    assert sorted(call.status or 0 for call in kura.calls) == [200] + [400] * 7


def test_it_can_be_away_and_come_back(kura: SimKuraCloud, course: int) -> None:
    kura.server.stop()
    with pytest.raises(requests.ConnectionError):
        ask(kura, "GET", "/v2/course")
    kura.server.start()
    assert ask(kura, "GET", "/v2/course").status_code == 200
