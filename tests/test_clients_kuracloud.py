"""The kuraCloud client against the simulated kuraCloud, and against answers that no contract promises."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import pytest

from app.clients.http import Http
from app.clients.kuracloud import KuraCloudClient
from app.errors import BatchRefused, ConnectionBroken, CourseGone, KurasyncError, PermanentError, TransientError
from sandbox.faults import Fault
from sandbox.kuracloud.dialect import Dialect
from sandbox.kuracloud.sim import SimKuraCloud
from schemas.kuracloud import Course, Instance, NewStudent, Student
from tests.line_server import Line, Request, answer, listening

TOKEN = "kura-secret-token"
ADA = NewStudent("ada@example.edu", "Ada", "Lab", "S1", "A")
BEN = NewStudent("ben@example.edu", "Ben", "", "", "")

READS: dict[str, Callable[[KuraCloudClient], Any]] = {
    "instance": lambda client: client.instance(),
    "courses": lambda client: client.courses(),
    "students": lambda client: client.students(1),
    "deleted": lambda client: client.deleted_students(1),
}
WRITES: dict[str, Callable[[KuraCloudClient], Any]] = {
    "add": lambda client: client.add_students(1, [ADA]),
    "edit": lambda client: client.edit_students(1, []),
    "delete": lambda client: client.delete_students(1, [1]),
    "restore": lambda client: client.restore_students(1, [1]),
}
ENABLE: Callable[[KuraCloudClient], Any] = lambda client: client.set_lms_enabled(1, True)  # noqa: E731


@contextmanager
def client_of(url: str, token: str, call_timeout: float = 5.0) -> Iterator[KuraCloudClient]:
    client = KuraCloudClient(Http(url, "kuracloud", connect_timeout=2, call_timeout=call_timeout), token)
    try:
        yield client
    finally:
        client.close()


@contextmanager
def answering(content: bytes, status: int = 200) -> Iterator[KuraCloudClient]:
    def conversation(line: Line) -> None:
        while line.request():
            line.send(answer(content, status=f"{status} Whatever"))

    with listening(conversation) as server, client_of(server.url, TOKEN) as client:
        yield client


def failure(call: Callable[[KuraCloudClient], Any], content: bytes, status: int = 200) -> KurasyncError:
    with answering(content, status) as client, pytest.raises(KurasyncError) as caught:
        call(client)
    assert caught.value.origin == "kuracloud"
    assert TOKEN not in caught.value.message
    return caught.value


@pytest.fixture(params=["object", "list"])
def kura(request: pytest.FixtureRequest) -> Iterator[SimKuraCloud]:
    with SimKuraCloud.serving(Dialect(one_answer=request.param, empty_text="null")) as sim:
        yield sim


@pytest.fixture
def client(kura: SimKuraCloud) -> Iterator[KuraCloudClient]:
    with client_of(kura.url, kura.token) as made:
        yield made


@pytest.fixture
def course(kura: SimKuraCloud) -> int:
    return kura.add_course("Physiology", code="PHY", lmsEnabled=True)


def test_it_reads_the_instance_and_its_courses(kura: SimKuraCloud, client: KuraCloudClient, course: int) -> None:
    shown = kura.instance()
    assert client.instance() == Instance(shown["instanceId"], shown["displayName"], shown["gradingMode"], True)
    assert client.courses() == [Course(course, "Physiology", "PHY", True)]


def test_it_switches_the_integration_of_a_course(kura: SimKuraCloud, client: KuraCloudClient, course: int) -> None:
    assert client.set_lms_enabled(course, False) == Course(course, "Physiology", "PHY", False)
    assert client.courses()[0].lms_enabled is False
    assert client.set_lms_enabled(course, True).lms_enabled is True


def test_it_adds_edits_deletes_and_restores_students(kura: SimKuraCloud, client: KuraCloudClient, course: int) -> None:
    (ada,) = client.add_students(course, [ADA])
    (ben,) = client.add_students(course, [BEN])
    assert (ben.email, ben.family_name, ben.external_student_id, ben.section) == ("ben@example.edu", "", "", "")
    assert client.students(course) == [ada, ben]
    moved = Student(ada.student_id, ada.email, "Åda", "L'ab", "S2", "B", ada.invite_complete, ada.created_date)
    assert client.edit_students(course, [moved]) == [moved]
    assert client.edit_students(course, [moved, ben]) == [moved, ben]
    client.delete_students(course, [ada.student_id, ben.student_id])
    assert (client.students(course), client.deleted_students(course)) == ([], [moved, ben])
    client.restore_students(course, [ada.student_id])
    assert (client.students(course), client.deleted_students(course)) == ([moved], [ben])
    assert [email for _, email, _ in kura.invites] == ["ada@example.edu", "ben@example.edu"]


@pytest.mark.parametrize("done", ["object", "list", "null", "nothing"])
def test_what_is_answered_to_delete_and_restore_need_not_be_read(done: Any) -> None:
    with SimKuraCloud.serving(Dialect(done_answer=done)) as kura, client_of(kura.url, kura.token) as client:
        course = kura.add_course("Physiology")
        student = kura.put_student(course, email="ada@example.edu")
        client.delete_students(course, [student])
        client.restore_students(course, [student])
        assert [each.student_id for each in client.students(course)] == [student]


def test_it_sends_what_the_contract_says() -> None:
    requests: list[Request] = []

    def conversation(line: Line) -> None:
        while request := line.request():
            requests.append(request)
            line.answer(b"[]")

    ada = Student(7, "ada@example.edu", "Ada", "Lab", "S1", "A", True, 1700)
    with listening(conversation) as server, client_of(server.url, TOKEN) as client:
        client.students(5)
        client.deleted_students(5)
        client.add_students(5, [ADA])
        client.edit_students(5, [ada])
        client.delete_students(5, [7])
        client.restore_students(5, [7])
    names = {"givenName": "Ada", "familyName": "Lab"}
    texts = {**names, "email": "ada@example.edu", "externalStudentId": "S1", "section": "A"}
    assert [(request.line, json.loads(request.body or b"null")) for request in requests] == [
        ("GET /v2/course/5/student", None),
        ("GET /v2/course/5/student?deleted=true", None),
        ("POST /v2/course/5/student", [texts]),
        ("POST /v2/course/5/student/edit", [{**texts, "studentId": 7, "inviteComplete": True, "createdDate": 1700}]),
        ("POST /v2/course/5/student/delete", [{"studentId": 7}]),
        ("POST /v2/course/5/student/restore", [{"studentId": 7}]),
    ]
    assert {request.header("X-Kura-Token") for request in requests} == {TOKEN}
    assert {request.header("Content-Type") for request in requests} == {"application/json"}


def test_ids_as_texts_null_and_missing_texts_and_unknown_fields_are_understood() -> None:
    odd = b'[{"studentId": "7", "email": null, "givenName": "A\\tb", "inviteComplete": 1, "createdDate": "0", "x": {}}]'
    with answering(odd) as client:
        assert client.students(1) == [Student(7, "", "A\tb", "", "", "", True, 0)]
    with answering(b'{"instanceId": 5, "lmsEnabled": false}') as client:
        assert client.instance() == Instance("5", "", "", False)


def test_a_wrong_token_breaks_the_connection_and_says_where_to_make_a_new_one(kura: SimKuraCloud) -> None:
    kura.rotate_token("another-token")
    with client_of(kura.url, TOKEN) as client:
        for call in READS["instance"], READS["courses"], ENABLE:
            with pytest.raises(ConnectionBroken) as caught:
                call(client)
            assert (caught.value.reason, caught.value.origin) == ("token_refused", "kuracloud")
            assert "kurasync instance rotate NAME" in caught.value.message


def test_a_course_that_is_gone_concerns_itself_only(kura: SimKuraCloud, client: KuraCloudClient, course: int) -> None:
    kura.remove_course(course)
    calls: list[Callable[[int], object]] = [
        client.students,
        client.deleted_students,
        partial(client.set_lms_enabled, enabled=True),
    ]
    for call in calls:
        with pytest.raises(CourseGone) as caught:
            call(course)
        assert (caught.value.reason, caught.value.origin) == ("course_gone", "kuracloud")


def test_a_course_whose_integration_is_off_concerns_itself_only(
    kura: SimKuraCloud, client: KuraCloudClient, course: int
) -> None:
    kura.set_course(course, lmsEnabled=False)
    calls: list[Callable[[int], object]] = [client.students, partial(client.add_students, students=[ADA])]
    for call in calls:
        with pytest.raises(CourseGone) as caught:
            call(course)
        assert (caught.value.reason, caught.value.origin) == ("lms_disabled", "kuracloud")
    assert kura.invites == []


def test_a_refused_batch_shows_kuraclouds_words(kura: SimKuraCloud, client: KuraCloudClient, course: int) -> None:
    client.add_students(course, [ADA])
    with pytest.raises(BatchRefused) as caught:
        client.add_students(course, [BEN, ADA])
    assert (caught.value.reason, caught.value.origin) == ("batch_refused", "kuracloud")
    assert "the error 400" in caught.value.message
    assert "It says: " in caught.value.message
    assert "example.edu" not in caught.value.message


@pytest.mark.parametrize("status", [400, 404, 409, 413, 422])
@pytest.mark.parametrize("write", WRITES)
def test_these_refusals_of_a_write_are_about_the_batch(write: str, status: int) -> None:
    assert type(failure(WRITES[write], b"", status)) is BatchRefused


@pytest.mark.parametrize(
    ("call", "status", "kind", "reason"),
    [
        (READS["instance"], 404, ConnectionBroken, "address"),
        (READS["courses"], 404, ConnectionBroken, "address"),
        (READS["courses"], 403, ConnectionBroken, "token_refused"),
        (READS["courses"], 401, ConnectionBroken, "token_refused"),
        (ENABLE, 403, ConnectionBroken, "token_refused"),
        (ENABLE, 409, PermanentError, "refused"),
        (WRITES["add"], 401, ConnectionBroken, "token_refused"),
        (WRITES["add"], 415, PermanentError, "refused"),
        (READS["students"], 400, PermanentError, "refused"),
        (READS["students"], 204, PermanentError, "bad_answer"),
    ],
)
def test_other_refusals(
    call: Callable[[KuraCloudClient], Any], status: int, kind: type[KurasyncError], reason: str
) -> None:
    error = failure(call, b"", status)
    assert (type(error), error.reason) == (kind, reason)


@pytest.mark.parametrize("body", [b"", b"<html>Sign in</html>", b"[]"])
def test_a_refusal_unlike_kuraclouds_raises_a_doubt_about_the_address(body: bytes) -> None:
    assert "Is this the address of its API at all?" in failure(READS["instance"], body, 401).message
    assert "the address" not in failure(READS["instance"], b'{"message": "no"}', 401).message


@pytest.mark.parametrize("call", [*WRITES.values(), ENABLE], ids=[*WRITES, "enable"])
@pytest.mark.parametrize("status", [201, 202, 204])
def test_success_is_200_and_nothing_else_so_a_write_may_have_been_done(
    call: Callable[[KuraCloudClient], Any], status: int
) -> None:
    error = failure(call, b"[]", status)
    assert isinstance(error, TransientError)
    assert (error.reason, error.acted) == ("bad_answer", True)


@pytest.mark.parametrize("content", [b"", b"<html>Sign in</html>", b'[{"studentId": 1, "email": "ada@exa'])
def test_what_is_not_json_is_transient_and_a_write_may_have_been_done(content: bytes) -> None:
    for call, acted in ((READS["students"], False), (WRITES["add"], True), (WRITES["edit"], True), (ENABLE, True)):
        error = failure(call, content)
        assert isinstance(error, TransientError)
        assert (error.reason, error.acted) == ("not_json", acted)
        assert "ada" not in error.message


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"{}", "answered an object, which is not a list of students"),
        (b"null", "answered null, which is not a list of students"),
        (b'"ada@example.edu"', "answered a text, which is not a list of students"),
        (b"[7]", "([0] is not an object)"),
        (b'[{"studentId": null}]', "([0].studentId is missing)"),
        (b'[{"studentId": 1.5}]', "([0].studentId is not an id)"),
        (b'[{"studentId": true}]', "([0].studentId is not an id)"),
        (b'[{"studentId": 1, "email": ["ada@example.edu"]}]', "([0].email is not a text)"),
        (b'[{"studentId": 1, "givenName": "Ada\\u0000"}]', "([0].givenName is not a text)"),
        (b'[{"studentId": 1, "givenName": "Ada\\ud800"}]', "([0].givenName is not a text)"),
        (b'[{"studentId": 1, "createdDate": 1}]', "([0].inviteComplete is missing)"),
        (b'[{"studentId": 1, "inviteComplete": "ada@example.edu"}]', "([0].inviteComplete is neither true nor false)"),
        (b'[{"studentId": 1, "inviteComplete": true, "createdDate": "ada@example.edu"}]', "is not a number"),
    ],
)
def test_an_answer_of_another_shape_is_refused_and_says_where_it_differs(content: bytes, words: str) -> None:
    error = failure(READS["students"], content)
    assert (type(error), error.reason) == (PermanentError, "bad_answer")
    assert words in error.message
    assert "ada" not in error.message


def test_a_write_whose_answer_has_another_shape_may_have_been_done() -> None:
    for content in (b"null", b'{"message": "thanks"}', b"[[]]"):
        error = failure(WRITES["add"], content)
        assert isinstance(error, TransientError)
        assert (error.reason, error.acted) == ("bad_answer", True)


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        ("Student ada@example.edu exists", " It says: “Student … exists”."),
        ("See <ada.lab+x@example.edu>, ada%40example.edu", " It says: “See …”."),
        ("Ada Lovelace is already in the course, as 4711", " It says: “… is already in the course, as …”."),
        ("ada lovelace: externalStudentId 4711 (section A)", " It says: “… externalStudentId … (section …”."),
        ("the Field family", " It says: “the … family”."),
        ("LMS integration is not enabled", " It says: “LMS integration is not enabled”."),
        (f"Token {TOKEN} is\r\n\tnot\x00 good", " It says: “Token … is … good”."),
        ("x" * 500, ""),
        ("not " * 100, f" It says: “{('not ' * 50)}”."),
        ("  ", ""),
        (None, ""),
        ({"a": 1}, ""),
    ],
)
def test_of_kuraclouds_own_words_none_is_shown_that_could_be_of_a_person(message: object, shown: str) -> None:
    error = failure(WRITES["add"], json.dumps({"message": message}).encode(), 422)
    assert error.message == f"kuraCloud refuses the change of some students with the error 422.{shown}"


@pytest.mark.parametrize("content", [b"ada@example.edu is bad", b'["ada@example.edu"]', b"\xff\xfe\x00"])
def test_a_refusal_without_words_for_people_shows_none(content: bytes) -> None:
    assert failure(WRITES["add"], content, 400).message.endswith("the error 400.")


@pytest.mark.parametrize("token", ["", " abc", "abc\n", "a\r\nX-Kura-Token: b", "t\u00f6ken", "a\tb"])
def test_a_token_that_cannot_be_sent_is_refused_without_being_repeated(token: str) -> None:
    http = Http("https://api.kuracloud.example", "kuracloud", connect_timeout=1, call_timeout=1)
    with pytest.raises(ConnectionBroken) as caught:
        KuraCloudClient(http, token)
    assert caught.value.reason == "token_refused"
    assert token == "" or token not in caught.value.message


@pytest.mark.parametrize(
    ("fault", "reason", "acted", "invited"),
    [
        (Fault("reset_before"), "no_answer", True, 0),
        (Fault("reset_after"), "no_answer", True, 1),
        (Fault("hang"), "no_answer", True, 0),
        (Fault("hang_after"), "no_answer", True, 1),
        (Fault("short_read"), "no_answer", True, 1),
        (Fault("truncated"), "not_json", True, 1),
        (Fault("html"), "not_json", True, 0),
        (Fault("status", status=503, retry_after=2), "server_error", False, 0),
        (Fault("status", status=429), "rate_limited", False, 0),
        (Fault("status_after", status=500), "server_error", True, 1),
        (Fault("status_after", status=503), "server_error", True, 1),
    ],
    ids=lambda value: f"{value.kind}{value.status}" if isinstance(value, Fault) else str(value),
)
def test_a_failed_write_never_claims_that_nothing_was_done_when_it_was(
    fault: Fault, reason: str, acted: bool, invited: int
) -> None:
    with SimKuraCloud.serving() as kura, client_of(kura.url, kura.token, call_timeout=0.3) as client:
        course = kura.add_course("Physiology")
        kura.faults.add(fault)
        with pytest.raises(TransientError) as caught:
            client.add_students(course, [ADA])
        assert (caught.value.reason, caught.value.acted) == (reason, acted)
        assert len(kura.invites) == invited
        kura.faults.clear()
        assert len(client.students(course)) == invited


def test_a_server_that_closes_idle_connections_early_causes_no_failures() -> None:
    with SimKuraCloud.serving(keep_alive=0.02) as kura, client_of(kura.url, kura.token) as client:
        course = kura.add_course("Physiology")
        for number in range(10):
            client.add_students(course, [NewStudent(f"s{number}@example.edu", "S", "", "", "")])
            time.sleep(0.05)
        assert len(client.students(course)) == 10
