"""The export routes of the kuraCloud client, against the simulated kuraCloud and against stranger answers."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from app.clients.http import Http
from app.clients.kuracloud import KuraCloudClient
from app.errors import ConnectionBroken, CourseGone, KurasyncError, PermanentError, TransientError
from sandbox.faults import Fault
from sandbox.kuracloud.sim import SimKuraCloud
from schemas.exports import Lesson, Question, QuestionGrade, Revision, StudentGrades
from tests.line_server import Line, Request, answer, listening

CALLS: dict[str, Callable[[KuraCloudClient, int, str], Any]] = {
    "ask": lambda client, course, token: client.ask_for_grades(course),
    "status": lambda client, course, token: client.export_status(course, token),
    "download": lambda client, course, token: client.export(course, token),
}


@contextmanager
def client_of(url: str, token: str) -> Iterator[KuraCloudClient]:
    client = KuraCloudClient(Http(url, "kuracloud", connect_timeout=2, call_timeout=1), token)
    try:
        yield client
    finally:
        client.close()


@contextmanager
def answering(content: bytes, status: int = 200) -> Iterator[KuraCloudClient]:
    def conversation(line: Line) -> None:
        while line.request():
            line.send(answer(content, status=f"{status} Whatever"))

    with listening(conversation) as server, client_of(server.url, "a-token") as client:
        yield client


def failure(call: str, content: bytes, status: int = 200) -> KurasyncError:
    with answering(content, status) as client, pytest.raises(KurasyncError) as caught:
        CALLS[call](client, 1, "t")
    assert caught.value.origin == "kuracloud"
    return caught.value


@pytest.fixture
def kura() -> Iterator[SimKuraCloud]:
    with SimKuraCloud.serving() as sim:
        yield sim


@pytest.fixture
def client(kura: SimKuraCloud) -> Iterator[KuraCloudClient]:
    with client_of(kura.url, kura.token) as made:
        yield made


@pytest.fixture
def course(kura: SimKuraCloud) -> int:
    return kura.add_course("Physiology")


def test_it_asks_polls_and_downloads(kura: SimKuraCloud, client: KuraCloudClient, course: int) -> None:
    lesson = kura.add_lesson(course, "Heart")
    revision = kura.add_revision(course, lesson, "Heart 2", {"q1": 5, "q2": 2.5})
    kura.set_grade(course, revision, 77, {"q1": 4.25, "q2": None}, offset=-1)
    kura.set_export(polls=2)
    token = client.ask_for_grades(course)
    statuses = [client.export_status(course, token) for _ in range(3)]
    assert statuses == [kura.dialect.waiting_status] * 2 + ["SUCCEEDED"]
    row = StudentGrades(77, -1.0, (QuestionGrade("q1", 4.25), QuestionGrade("q2", None)))
    questions = (Question("q1", 5.0), Question("q2", 2.5))
    heart = Revision(revision, "Heart 2", questions, (row,))
    assert client.export(course, token) == [Lesson(lesson, "Heart", (heart,))]


def test_a_failed_export_says_so_in_kuraclouds_word(kura: SimKuraCloud, client: KuraCloudClient, course: int) -> None:
    kura.set_export(polls=0, fails=True)
    assert client.export_status(course, client.ask_for_grades(course)) == kura.dialect.failed_status


def test_it_sends_what_the_contract_says_and_a_token_breaks_out_of_no_path() -> None:
    requests: list[Request] = []

    def conversation(line: Line) -> None:
        while request := line.request():
            requests.append(request)
            line.answer(b'{"taskToken": 17, "status": "RUNNING"}' if len(requests) < 3 else b"[]")

    with listening(conversation) as server, client_of(server.url, "a-token") as client:
        assert client.ask_for_grades(5) == "17"
        assert client.export_status(5, "a/../b?c=d#e f") == "RUNNING"
        assert client.export(5, "ab-9") == []
    route = "/v2/course/5/published/exportgrades.json"
    assert [(request.line, request.body) for request in requests] == [
        (f"POST {route}", b""),
        (f"GET {route}/a%2F..%2Fb%3Fc%3Dd%23e%20f", b""),
        (f"GET {route}/ab-9/download", b""),
    ]
    assert {request.header("Content-Type") for request in requests} == {"application/json"}
    assert {request.header("X-Kura-Token") for request in requests} == {"a-token"}


def test_lists_that_are_missing_are_empty_and_nan_is_handed_on() -> None:
    revision = {"publishedRevisionId": 2, "questions": [{"questionId": 1, "maxGrade": float("nan")}]}
    lessons = [
        {"publishedLessonId": 1},
        {"publishedLessonId": 3, "publishedLessonTitle": "x" * 300, "gradedPublishedRevisions": [revision]},
    ]
    with answering(json.dumps(lessons).encode()) as client:
        first, second = client.export(1, "t")
    assert first == Lesson(1, "", ())
    assert (second.title, second.revisions[0].students) == ("x" * 300, ())
    assert math.isnan(second.revisions[0].questions[0].max_grade)


def test_an_export_that_kuracloud_does_not_know_is_asked_for_anew(client: KuraCloudClient, course: int) -> None:
    for call in (client.export_status, client.export):
        with pytest.raises(TransientError) as caught:
            call(course, "another")
        assert (caught.value.reason, caught.value.acted) == ("export_gone", False)


def test_a_course_that_is_gone_or_off_concerns_itself_only(
    kura: SimKuraCloud, client: KuraCloudClient, course: int
) -> None:
    token = client.ask_for_grades(course)
    kura.set_course(course, lmsEnabled=False)
    for call in (client.ask_for_grades, lambda course: client.export_status(course, token)):
        with pytest.raises(CourseGone) as caught:
            call(course)
        assert caught.value.reason == "lms_disabled"
    kura.remove_course(course)
    with pytest.raises(CourseGone) as caught:
        client.ask_for_grades(course)
    assert caught.value.reason == "course_gone"


@pytest.mark.parametrize("call", CALLS)
def test_other_refusals(call: str) -> None:
    assert type(failure(call, b"", 401)) is ConnectionBroken
    assert (type(failure(call, b"", 400)), failure(call, b"", 400).reason) == (PermanentError, "refused")
    assert failure(call, b"", 202).reason == "bad_answer"


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (Fault("hang", match="exportgrades"), "no_answer"),
        (Fault("reset_after", match="exportgrades"), "no_answer"),
        (Fault("html", match="exportgrades"), "not_json"),
        (Fault("truncated", match="exportgrades"), "not_json"),
        (Fault("status", match="exportgrades", status=500), "server_error"),
        (Fault("status", match="exportgrades", status=429, retry_after=3), "rate_limited"),
    ],
    ids=lambda value: value.kind + str(value.status) if isinstance(value, Fault) else str(value),
)
def test_a_fault_on_the_way_is_transient_and_no_student_is_touched(
    kura: SimKuraCloud, client: KuraCloudClient, course: int, call: str, fault: Fault, reason: str
) -> None:
    kura.set_export(polls=0)
    token = client.ask_for_grades(course)
    kura.faults.add(fault)
    with pytest.raises(TransientError) as caught:
        CALLS[call](client, course, token)
    assert (caught.value.reason, caught.value.acted) == (reason, False)


@pytest.mark.parametrize(
    ("call", "content", "words"),
    [
        ("ask", b"{}", "taskToken is missing"),
        ("ask", b"[]", "a list, which is not an export"),
        ("status", b'{"status": null}', "status is missing"),
        ("download", b"null", "null, which is not an export of grades"),
        ("download", b'[{"publishedLessonId": "x"}]', "[0].publishedLessonId is not an id"),
        ("download", b'{"message": "ada@example.edu"}', "an object, which is not an export of grades"),
    ],
)
def test_an_answer_of_another_shape_is_refused_and_says_where_it_differs(call: str, content: bytes, words: str) -> None:
    error = failure(call, content)
    assert (type(error), error.reason) == (PermanentError, "bad_answer")
    assert words in error.message
    assert "ada" not in error.message
