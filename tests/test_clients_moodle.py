"""The Moodle client against what a real Moodle answered (recordings/moodle/ws), and against stranger answers."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest

from app.clients.http import Http
from app.clients.moodle import MoodleClient
from app.clients.phpform import php_form
from app.errors import ConnectionBroken, CourseGone, KurasyncError, PermanentError, TransientError
from schemas.moodle import Account, Course, EnrolledUser, GradableUser, Group, GroupMembers, SiteInfo
from tests.line_server import Line, answer, listening

RECORDINGS = Path(__file__).parent / "recordings" / "moodle" / "ws"
TOKEN = "0123456789abcdef"

CALLS: dict[str, Callable[[MoodleClient], Any]] = {
    "core_webservice_get_site_info": lambda client: client.site_info(),
    "core_course_get_courses_by_field": lambda client: client.course(2),
    "core_enrol_get_enrolled_users": lambda client: client.enrolled_page(2, start=0, limit=200, only="active"),
    "core_grades_get_gradable_users": lambda client: client.gradable(2),
    "core_group_get_course_groups": lambda client: client.groups(2),
    "core_group_get_group_members": lambda client: client.group_members([1, 2]),
    "core_user_get_users_by_field": lambda client: client.accounts([4]),
}
ANY = "core_enrol_get_enrolled_users"

SECTION_A, SECTION_B, LAB = Group(1, "Section A"), Group(2, "Section B"), Group(3, "Lab d'été")
ANA = EnrolledUser(4, "Ana", "Añorve", "ana.anorve@example.edu", "S0001", (SECTION_A,), ("student",))
TEACHER = EnrolledUser(32, "Edith", "Teacher", "t01@example.edu", "T1", None, ("editingteacher",))
SUSPENDED = EnrolledUser(14, "SuspEnrol", "Eleven", "s11@example.edu", "S0011", (LAB,), ("student",))
GIVEN1 = EnrolledUser(
    34, "Given1", "Família1", "big00001@students.example.edu", "B000001", (Group(4, "G0"),), ("student",)
)
ANA_GRADED = GradableUser(4, "ana.anorve@example.edu", "S0001", False)
ANA_ACCOUNT = Account(4, "ana.anorve@example.edu", False)

# A list: how many there are, and the first. Courses and site: themselves.
UNDERSTOOD: dict[str, Any] = {
    "course_groups": (3, LAB),
    "course_groups_empty": (0, None),
    "courses_by_field_hidden": Course(3, "Hidden course 102", "KURA102", False, 0, 0),
    "courses_by_field_id": Course(2, "Physiology 101 \u2013 Bodenseekönig", "KURA101", True, 0, 0),
    "enrolled_course_empty": (0, None),
    "enrolled_default": (29, ANA),
    "enrolled_onlyactive": (26, ANA),
    "enrolled_onlysuspended": (3, SUSPENDED),
    "enrolled_page_beyond": (0, None),
    "enrolled_page_of_200": (200, GIVEN1),
    "enrolled_userfields_groups_roles": (29, ANA),
    "enrolled_withcap_bad": (0, None),
    "gradable_users": (26, ANA_GRADED),
    "group_members": (2, GroupMembers(1, (4, 23, 5, 6))),
    "groups_visibility_course_groups": (4, LAB),
    "nocap_all_user_detail_caps__core_user_get_users_by_field": (0, None),
    "nocap_moodle_user_viewalldetails__core_user_get_users_by_field": (1, ANA_ACCOUNT),
    "nocap_moodle_user_viewdetails__core_enrol_get_enrolled_users": (1, TEACHER),
    "users_by_field_deleted": (1, Account(5036, "425e9b9996c59f0b0a2d4282c6120148", False)),
    "users_by_field_email_ci": (1, ANA_ACCOUNT),
    "users_by_field_email_dup": (2, Account(18, "dup@example.edu", False)),
    "users_by_field_email_empty": (0, None),
    "users_by_field_id": (4, ANA_ACCOUNT),
}
# The error, its reason, and what its message tells people.
REFUSED: dict[str, tuple[type[KurasyncError], str, str]] = {
    "course_groups_missing": (CourseGone, "course_gone", "moodle/course:view"),
    "courses_by_field_badfield": (PermanentError, "moodle_error", "invalidparameter"),
    "courses_by_field_missing": (CourseGone, "course_gone", "no such course"),
    "debug_err_course_missing": (CourseGone, "course_gone", "no such course"),
    "debug_err_invalid_param": (PermanentError, "moodle_error", "invalidparameter"),
    "enrolled_category_role": (PermanentError, "bad_answer", "firstname is missing"),
    "enrolled_course_hidden": (PermanentError, "bad_answer", "firstname is missing"),
    "enrolled_course_missing": (CourseGone, "course_gone", "no such course"),
    "enrolled_groupid": (PermanentError, "bad_answer", "firstname is missing"),
    "enrolled_onlyactive_and_suspended": (PermanentError, "moodle_error", "codingerror"),
    "enrolled_page1": (PermanentError, "bad_answer", "firstname is missing"),
    "enrolled_page2": (PermanentError, "bad_answer", "firstname is missing"),
    "enrolled_param_string": (PermanentError, "moodle_error", "invalidparameter"),
    "enrolled_param_unknown": (PermanentError, "moodle_error", "invalidparameter"),
    "enrolled_sortby_bad": (PermanentError, "moodle_error", "invalidparameter"),
    "enrolled_userfields": (PermanentError, "bad_answer", "roles is missing"),
    "enrolled_userfields_bad": (PermanentError, "moodle_error", "invaliduserfield"),
    "enrolled_withcap_student": (PermanentError, "bad_answer", "firstname is missing"),
    "err_cli_maintenance": (TransientError, "server_error", "503"),
    "err_database_down": (TransientError, "dbconnectionfailed", "cannot reach its database"),
    "err_default_format_xml": (TransientError, "not_json", "not JSON"),
    "err_function_missing": (PermanentError, "moodle_error", "invalidparameter"),
    "err_function_not_in_service": (ConnectionBroken, "accessexception", ANY),
    "err_function_unknown": (ConnectionBroken, "function_unknown", "does not know"),
    "err_grades_need_regrading": (TransientError, "gradesneedregrading", "recalculating"),
    "err_host_mismatch_303": (ConnectionBroken, "redirect", "Configure https://moodle.example.edu as its address"),
    "err_maintenance_mode": (TransientError, "sitemaintenance", "maintenance mode"),
    "err_phpfpm_down": (TransientError, "server_error", "502"),
    "err_rest_disabled": (ConnectionBroken, "rest_disabled", "Manage protocols"),
    "err_service_disabled": (ConnectionBroken, "accessexception", "the service is enabled"),
    "err_service_user_suspended": (ConnectionBroken, "wsaccessusersuspended", "suspended"),
    "err_token_invalid": (ConnectionBroken, "invalidtoken", "kurasync site rotate NAME"),
    "err_token_ip": (ConnectionBroken, "accessexception", "the address of this machine"),
    "err_token_missing": (ConnectionBroken, "invalidtoken", "kurasync site rotate NAME"),
    "err_webservices_disabled": (ConnectionBroken, "rest_disabled", "Enable web services"),
    "nocap_moodle_course_enrolreview__core_enrol_get_enrolled_users": (
        ConnectionBroken, "nopermissions", "moodle/course:enrolreview"),
    "nocap_moodle_course_managegroups__core_group_get_course_groups": (
        ConnectionBroken, "nopermissions", "moodle/course:managegroups"),
    "nocap_moodle_course_view__core_enrol_get_enrolled_users": (CourseGone, "course_gone", "moodle/course:view"),
    "nocap_moodle_course_viewhiddencourses__core_enrol_get_enrolled_users": (
        CourseGone, "course_gone", "moodle/course:viewhiddencourses"),
    "nocap_webservice_rest_use__core_webservice_get_site_info": (
        ConnectionBroken, "accessexception", "webservice/rest:use"),
    "users_by_field_none": (PermanentError, "moodle_error", "invalidparameter"),
}  # fmt: skip


class Moodle:
    """A Moodle that gives the same answer to every call, and keeps the forms that came."""

    def __init__(self, content: bytes, *headers: str, status: int = 200) -> None:
        self.forms: list[dict[str, str]] = []
        self._answer = answer(content, *headers, status=f"{status} Whatever")

    def talk(self, line: Line) -> None:
        while request := line.request():
            assert request.line == "POST /moodle/webservice/rest/server.php"
            assert request.header("Content-Type") == "application/x-www-form-urlencoded"
            self.forms.append(dict(parse_qsl(request.body.decode(), keep_blank_values=True, strict_parsing=True)))
            line.send(self._answer)


@contextmanager
def talking_to(moodle: Moodle) -> Iterator[MoodleClient]:
    with listening(moodle.talk) as server:
        http = Http(f"{server.url}/moodle", "moodle", connect_timeout=2, call_timeout=5)
        client = MoodleClient(http, TOKEN)
        try:
            yield client
        finally:
            client.close()


@contextmanager
def answering(value: object) -> Iterator[MoodleClient]:
    with talking_to(Moodle(json.dumps(value).encode())) as client:
        yield client


def refused(function: str, value: object) -> KurasyncError:
    with answering(value) as client, pytest.raises(KurasyncError) as caught:
        CALLS[function](client)
    assert caught.value.origin == "moodle"
    return caught.value


def replayed(name: str) -> tuple[dict[str, Any], Moodle, str]:
    recording = json.loads((RECORDINGS / f"{name}.json").read_text())
    body = recording["body"]
    content = body if isinstance(body, str) else json.dumps(body)
    headers = [f"{header}: {value}" for header, value in recording["headers"].items()]
    function = recording["request"]["wsfunction"]
    used = function if function in CALLS else ANY
    return recording, Moodle(content.encode(), *headers, status=recording["status"]), used


def test_every_recording_of_a_function_in_use_is_replayed() -> None:
    used = {
        path.stem
        for path in RECORDINGS.glob("*.json")
        if json.loads(path.read_text())["request"]["wsfunction"] in CALLS or path.stem.startswith("err_")
    }
    assert used == {*UNDERSTOOD, *REFUSED, "site_info"}


@pytest.mark.parametrize("name", UNDERSTOOD)
def test_it_understands_what_moodle_answered(name: str) -> None:
    _, moodle, function = replayed(name)
    with talking_to(moodle) as client:
        found = CALLS[function](client)
    if isinstance(found, list):
        found = (len(found), found[0] if found else None)
    assert found == UNDERSTOOD[name]


@pytest.mark.parametrize("name", REFUSED)
def test_it_says_what_a_refusal_of_moodle_means(name: str) -> None:
    recording, moodle, function = replayed(name)
    kind, reason, words = REFUSED[name]
    with talking_to(moodle) as client, pytest.raises(KurasyncError) as caught:
        CALLS[function](client)
    error = caught.value
    assert (type(error), error.reason, error.origin) == (kind, reason, "moodle")
    assert words in error.message
    assert TOKEN not in error.message
    assert "svc-sync" not in error.message
    assert getattr(error, "acted", False) is False
    assert getattr(error, "retry_after", None) == (300.0 if "Retry-After" in recording["headers"] else None)


def test_it_says_what_the_token_may_do() -> None:
    _, moodle, _ = replayed("site_info")
    with talking_to(moodle) as client:
        info = client.site_info()
    assert info == SiteInfo(
        "Example University Moodle", "https://moodle.example.edu", "4.5.6 (Build: 20250811)", "2024100706", 3,
        info.functions,
    )  # fmt: skip
    assert CALLS.keys() <= info.functions


def test_keys_that_moodle_leaves_out_are_none_and_empty_ones_are_empty() -> None:
    _, moodle, _ = replayed("enrolled_userfields_groups_roles")
    with talking_to(moodle) as client:
        users = {user.id: user for user in client.enrolled_page(2, start=0, limit=200, only="active")}
    assert (users[8].idnumber, users[11].email) == (None, "")
    assert users[23].groups == (SECTION_A, SECTION_B)
    assert users[9].email == "Upper.CASE@Example.EDU"
    with answering([{"id": 4, "firstname": "A", "lastname": "B", "roles": []}]) as client:
        (user,) = client.enrolled_page(2, start=0, limit=200, only="active")
    assert (user.email, user.idnumber, user.groups, user.roles) == (None, None, None, ())


@pytest.mark.parametrize("only", ["active", "suspended"])
def test_it_asks_for_one_page_of_a_trimmed_roster_in_the_order_of_ids(only: Any) -> None:
    moodle = Moodle(b"[]")
    with talking_to(moodle) as client:
        client.enrolled_page(7, start=199, limit=200, only=only)
    (form,) = moodle.forms
    options = {
        form.pop(f"options[{index}][name]"): form.pop(f"options[{index}][value]")
        for index in range((len(form) - 4) // 2)
    }
    assert form == {
        "wstoken": TOKEN,
        "wsfunction": "core_enrol_get_enrolled_users",
        "moodlewsrestformat": "json",
        "courseid": "7",
    }
    assert options == {
        f"only{only}": "1",
        "userfields": "id,firstname,lastname,email,idnumber,groups,roles",
        "limitfrom": "199",
        "limitnumber": "200",
        "sortby": "id",
        "sortdirection": "ASC",
    }


def test_it_asks_for_a_course_by_its_id_and_for_all_courses_without() -> None:
    moodle = Moodle(b'{"courses": [{"id": "2", "fullname": "P", "shortname": "p", "enddate": "9"}], "warnings": []}')
    with talking_to(moodle) as client:
        assert client.course(2) == client.courses()[0] == Course(2, "P", "p", True, 0, 9)
    terms = {"wstoken": TOKEN, "wsfunction": "core_course_get_courses_by_field", "moodlewsrestformat": "json"}
    assert moodle.forms == [{**terms, "field": "id", "value": "2"}, terms]


def test_the_second_list_has_suspended_enrolments_too() -> None:
    moodle = Moodle(b'{"users": [], "warnings": []}')
    with talking_to(moodle) as client:
        assert client.gradable(7) == []
    assert (moodle.forms[0]["courseid"], moodle.forms[0]["onlyactive"]) == ("7", "0")


def test_many_ids_go_in_calls_of_a_hundred() -> None:
    moodle = Moodle(b'[{"id": 1, "email": null, "suspended": 1}]')
    with talking_to(moodle) as client:
        assert client.accounts(range(1, 251)) == [Account(1, None, True)] * 3
    asked = [[int(value) for name, value in form.items() if name.startswith("values[")] for form in moodle.forms]
    assert asked == [list(range(1, 101)), list(range(101, 201)), list(range(201, 251))]
    moodle = Moodle(b'[{"groupid": "3", "userids": ["4", 5]}]')
    with talking_to(moodle) as client:
        assert client.group_members(list(range(101))) == [GroupMembers(3, (4, 5))] * 2


def test_nothing_is_asked_about_nobody() -> None:
    moodle = Moodle(b"[]")
    with talking_to(moodle) as client:
        assert client.accounts([]) == []
        assert client.group_members([]) == []
    assert moodle.forms == []


def test_json_that_was_encoded_twice_is_understood() -> None:
    with answering(json.dumps([{"id": 1, "name": "G"}])) as client:
        assert client.groups(2) == [Group(1, "G")]
    assert refused(ANY, json.dumps({"exception": "x", "errorcode": "invalidtoken"})).reason == "invalidtoken"


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (None, "answered null, which is not a list of enrolled users"),
        (0, "answered a number, which"),
        ("text", "answered a text, which"),
        (True, "answered true or false, which"),
        ({}, "answered an object, which"),
        ([None], "([0] is not an object)"),
        ([{"id": "x"}], "([0].id is not an id)"),
        ([{"id": -1, "firstname": "A", "lastname": "B", "roles": []}], "([0].id is not an id)"),
        ([{"id": 2**63, "firstname": "A", "lastname": "B", "roles": []}], "([0].id is not an id)"),
        ([{"id": "9" * 5000, "firstname": "A", "lastname": "B", "roles": []}], "([0].id is not an id)"),
        ([{"id": 1, "firstname": 5, "lastname": "B", "roles": []}], "([0].firstname is not a text)"),
        ([{"id": 1, "firstname": "A", "lastname": "B", "roles": "student"}], "([0].roles is not a list)"),
        ([{"id": 1, "firstname": "A", "lastname": "B", "roles": [{}]}], "([0].roles[0].shortname is missing)"),
        ([{"id": 1, "firstname": "A", "lastname": "B", "roles": [], "groups": [{"id": 1}]}],
         "([0].groups[0].name is missing)"),
    ],
)  # fmt: skip
def test_an_answer_of_another_shape_is_refused_and_says_where_it_differs(value: object, words: str) -> None:
    error = refused(ANY, value)
    assert (type(error), error.reason) == (PermanentError, "bad_answer")
    assert words in error.message


def test_a_flag_that_is_none_is_refused() -> None:
    error = refused("core_grades_get_gradable_users", {"users": [{"id": 1, "suspended": "maybe"}]})
    assert "users[0].suspended is neither true nor false" in error.message


@pytest.mark.parametrize("content", [b"", b"<html>ana@example.edu</html>", b'[{"id": 4, "email": "ana@', b"[" * 99_999])
def test_what_is_not_json_is_transient(content: bytes) -> None:
    with talking_to(Moodle(content)) as client, pytest.raises(TransientError) as caught:
        client.groups(2)
    assert (caught.value.reason, caught.value.origin, caught.value.acted) == ("not_json", "moodle", False)
    assert "ana" not in caught.value.message


def test_a_php_error_has_no_code_and_is_not_the_connections_fault() -> None:
    error = refused(ANY, {"exception": "Error", "message": 'Class "curl" not found'})
    assert (type(error), error.reason) == (PermanentError, "moodle_error")
    assert "an error without a code" in error.message


def test_other_refusals_of_accounts_are_about_the_account_too() -> None:
    for code in ("wsaccessuserexpired", "wsaccessuserdeleted", "wsaccessusernologin", "wsaccessuserunconfirmed"):
        error = refused(ANY, {"exception": "x", "errorcode": code, "message": "username: svc-sync"})
        assert (type(error), error.reason) == (ConnectionBroken, code)
        assert "svc-sync" not in error.message


def test_a_missing_record_is_sorted_by_the_table_that_lacks_it_in_any_language() -> None:
    lost = {"exception": "dml_missing_record_exception", "errorcode": "invalidrecord"}
    gone = {**lost, "message": "Der Datensatz fehlt in der Tabelle course."}
    assert type(refused(ANY, gone)) is CourseGone
    group = {**lost, "message": "Can't find data record in database table groups."}
    assert type(refused("core_group_get_group_members", group)) is PermanentError
    assert type(refused(ANY, {**lost, "message": None})) is PermanentError


@pytest.mark.parametrize("function", CALLS)
def test_a_missing_capability_is_named_where_it_is_known(function: str) -> None:
    error = refused(function, {"exception": "x", "errorcode": "nopermissions", "message": "Sorry"})
    assert (type(error), error.reason) == (ConnectionBroken, "nopermissions")
    assert function in error.message
    assert "moodle/" in error.message or "kurasync doctor" in error.message


@pytest.mark.parametrize("code", [["a"], "no such code!", "x" * 100, 7, None])
def test_a_code_that_is_none_is_not_repeated(code: object) -> None:
    error = refused(ANY, {"exception": "x", "errorcode": code, "message": "m"})
    assert (type(error), error.reason) == (PermanentError, "moodle_error")
    assert "an error without a code" in error.message


@pytest.mark.parametrize(
    ("status", "kind", "reason"),
    [
        (403, ConnectionBroken, "rest_disabled"),
        (404, ConnectionBroken, "address"),
        (400, PermanentError, "refused"),
        (201, PermanentError, "refused"),
    ],
)
def test_a_refusal_of_the_web_server_says_what_to_look_at(status: int, kind: type[KurasyncError], reason: str) -> None:
    with talking_to(Moodle(b"", status=status)) as client, pytest.raises(KurasyncError) as caught:
        client.site_info()
    assert (type(caught.value), caught.value.reason, caught.value.origin) == (kind, reason, "moodle")


def test_parameters_of_every_kind_have_a_form_but_an_empty_list() -> None:
    parameters = {"a": 1, "b": True, "c": [{"d": "é&="}, "e"], "f": {"g": [7]}}
    assert php_form(parameters) == [("a", "1"), ("b", "1"), ("c[0][d]", "é&="), ("c[1]", "e"), ("f[g][0]", "7")]
    with pytest.raises(ValueError, match="values is empty"):
        php_form({"values": []})
