"""The simulated Moodle's web service over real HTTP: forms, refusals, faults and remote control."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from sandbox.faults import Fault
from sandbox.moodle import SimMoodle
from sandbox.moodle.phpform import parsed

ENTRY = "/webservice/rest/server.php"


@pytest.fixture
def moodle() -> Iterator[SimMoodle]:
    with SimMoodle.serving() as moodle:
        yield moodle


def ask(moodle: SimMoodle, wsfunction: str, **fields: object) -> Any:
    form = {"wstoken": moodle.token, "wsfunction": wsfunction, "moodlewsrestformat": "json", **fields}
    return requests.post(moodle.url + ENTRY, data=form, timeout=10).json()


def act(moodle: SimMoodle, action: str, **arguments: object) -> Any:
    answer = requests.post(f"{moodle.url}/_sandbox/action", json={"action": action, **arguments}, timeout=10)
    assert answer.status_code == 200, answer.text
    return answer.json()["result"]


def refusal(moodle: SimMoodle) -> str:
    return str(ask(moodle, "core_webservice_get_site_info").get("errorcode"))


def test_it_says_which_site_it_is(moodle: SimMoodle) -> None:
    info = ask(moodle, "core_webservice_get_site_info")
    assert (info["siteurl"], info["release"], info["version"]) == (moodle.url, "4.5.6 (Build: 20250811)", "2024100706")
    assert {function["name"] for function in info["functions"]} == moodle.service_functions


def test_php_makes_arrays_of_brackets() -> None:
    pairs = [("a[0][name]", "x"), ("a[0][value]", "1"), ("b[]", "p"), ("b[]", "q"), ("c", "first"), ("c", "last")]
    assert parsed(pairs, 100) == {"a": {"0": {"name": "x", "value": "1"}}, "b": {"0": "p", "1": "q"}, "c": "last"}


def test_php_drops_what_is_beyond_max_input_vars_without_a_word(moodle: SimMoodle) -> None:
    users = [moodle.create_user("Given", str(number), f"p{number}@example.edu") for number in range(10)]
    moodle.max_input_vars = 8
    values = {f"values[{place}]": user for place, user in enumerate(users)}
    answer = ask(moodle, "core_user_get_users_by_field", field="id", **values)
    assert [user["id"] for user in answer] == users[:5]


def test_a_json_body_is_not_read(moodle: SimMoodle) -> None:
    body = {"wstoken": moodle.token, "wsfunction": "core_webservice_get_site_info", "moodlewsrestformat": "json"}
    answer = requests.post(moodle.url + ENTRY, json=body, timeout=10)
    assert "invalidtoken" in answer.text
    assert answer.headers["Content-Type"].startswith("application/xml")


def test_a_client_that_follows_the_redirect_to_wwwroot_loses_its_body(moodle: SimMoodle) -> None:
    moodle.wwwroot = moodle.url.replace("127.0.0.1", "localhost")
    form = {"wstoken": moodle.token, "wsfunction": "core_webservice_get_site_info", "moodlewsrestformat": "json"}
    answer = requests.post(moodle.url + ENTRY, data=form, timeout=10)
    assert [before.status_code for before in answer.history] == [303]
    assert answer.request.method == "GET"
    assert "invalidtoken" in answer.text


def test_an_expired_token_is_refused_once_and_unknown_from_then_on(moodle: SimMoodle) -> None:
    token = moodle.token
    moodle.token_expired = True
    answers = [ask(moodle, "core_webservice_get_site_info", wstoken=token)["errorcode"] for _ in range(2)]
    assert answers == ["accessexception", "invalidtoken"]


def test_a_rotated_token_is_the_only_one(moodle: SimMoodle) -> None:
    old = moodle.token
    moodle.rotate_token("another-token")
    assert ask(moodle, "core_webservice_get_site_info", wstoken=old)["errorcode"] == "invalidtoken"
    assert ask(moodle, "core_webservice_get_site_info")["username"] == "svc-sync"


def test_a_user_who_is_not_authorised_is_refused_like_anybody(moodle: SimMoodle) -> None:
    moodle.user_authorised = False
    assert refusal(moodle) == "accessexception"


def test_a_function_can_be_taken_out_of_the_service(moodle: SimMoodle) -> None:
    moodle.service_functions.remove("core_webservice_get_site_info")
    assert refusal(moodle) == "accessexception"


def test_a_php_error_has_no_errorcode(moodle: SimMoodle) -> None:
    moodle.php_error = 'Class "curl" not found'
    answer = ask(moodle, "core_webservice_get_site_info")
    assert answer == {"exception": "Error", "message": 'Class "curl" not found'}


def test_an_error_in_xml_is_xml_too(moodle: SimMoodle) -> None:
    answer = requests.post(moodle.url + ENTRY, data={"wstoken": "wrong"}, timeout=10)
    assert '<EXCEPTION class="core\\exception\\moodle_exception">' in answer.text
    assert "<ERRORCODE>invalidtoken</ERRORCODE>" in answer.text


def test_any_other_page_is_not_found(moodle: SimMoodle) -> None:
    assert requests.get(moodle.url + "/course/view.php", timeout=10).status_code == 404


@pytest.mark.parametrize(
    ("wsfunction", "fields", "errorcode"),
    [
        ("core_grades_get_gradable_users", {"courseid": 2}, "requireloginerror"),
        ("core_group_get_course_user_groups", {"courseid": 2, "userid": 4}, "requireloginerror"),
        ("core_group_get_course_groups", {"courseid": 2}, "errorcoursecontextnotvalid"),
        ("core_course_get_courses", {"options[ids][0]": 2}, "errorcoursecontextnotvalid"),
        (
            "core_user_get_course_user_profiles",
            {"userlist[0][userid]": 4, "userlist[0][courseid]": 2},
            "requireloginerror",
        ),
    ],
)
def test_a_hidden_course_is_closed_to_whoever_may_not_see_it(
    moodle: SimMoodle, wsfunction: str, fields: dict[str, Any], errorcode: str
) -> None:
    course = moodle.create_course("Hidden", "HID")
    moodle.enrol(moodle.create_user("Ana", "Añorve", "ana@example.edu"), course)
    moodle.hide_course(course)
    moodle.without("moodle/course:viewhiddencourses")
    assert ask(moodle, wsfunction, **fields)["errorcode"] == errorcode
    assert ask(moodle, "core_course_get_courses_by_field", field="id", value=course)["courses"] == []


def test_faults_are_matched_with_the_function(moodle: SimMoodle) -> None:
    body = {"exception": "core\\exception\\moodle_exception", "errorcode": "sitemaintenance", "message": "..."}
    moodle.faults.add(Fault("exception", match="^core_webservice_get_site_info$", times=1, body=body))
    assert ask(moodle, "core_course_get_courses_by_field")["courses"] == []
    assert refusal(moodle) == "sitemaintenance"
    assert refusal(moodle) == "None"
    assert [call.name for call in moodle.calls][1:] == ["core_webservice_get_site_info"] * 2


def test_everything_can_be_done_over_http(moodle: SimMoodle) -> None:
    course = act(moodle, "create_course", fullname="Physiology", shortname="PHY")
    user = act(moodle, "create_user", firstname="Ana", lastname="Añorve", email="ana@example.edu", idnumber="S1")
    act(moodle, "enrol", user=user, course=course)
    act(moodle, "join_group", user=user, group=act(moodle, "create_group", course=course, name="Section A"))
    assert act(moodle, "expected_students", course=course)[0]["groups"] == [{"id": 1, "name": "Section A"}]
    state = requests.get(f"{moodle.url}/_sandbox/state", timeout=10).json()
    assert [enrolment["userid"] for enrolment in state["user_enrolments"]] == [user]
    events = requests.get(f"{moodle.url}/_sandbox/events", timeout=10).json()
    assert events == moodle.events


def test_switches_can_be_set_over_http(moodle: SimMoodle) -> None:
    act(moodle, "set_switch", name="maintenance", value=True)
    assert refusal(moodle) == "sitemaintenance"
    unknown = {"action": "set_switch", "name": "site", "value": 1}
    assert requests.post(f"{moodle.url}/_sandbox/action", json=unknown, timeout=10).status_code == 400


def test_capabilities_can_be_taken_away_and_given_back_over_http(moodle: SimMoodle) -> None:
    act(moodle, "without", capabilities=["moodle/course:view", "moodle/user:viewdetails"])
    assert not {"moodle/course:view", "moodle/user:viewdetails"} & set(act(moodle, "state")["capabilities"])
    act(moodle, "with_capability", capabilities=["moodle/course:view"])
    assert "moodle/course:view" in act(moodle, "state")["capabilities"]


def test_an_unknown_action_is_answered_with_those_there_are(moodle: SimMoodle) -> None:
    answer = requests.post(f"{moodle.url}/_sandbox/action", json={"action": "renam_user"}, timeout=10)
    assert answer.status_code == 400
    assert "rename_user" in answer.json()["message"]
    assert "serving" not in answer.json()["message"]


def test_an_unknown_capability_is_not_taken_away_in_silence(moodle: SimMoodle) -> None:
    with pytest.raises(LookupError, match="no/such:capability"):
        moodle.without("no/such:capability")


def test_a_page_of_200_of_5000_students_takes_a_few_milliseconds() -> None:
    moodle = SimMoodle()
    course = moodle.create_course("Large", "LARGE")
    moodle.create_students(course, 5000, groups=200)
    enrolled = moodle.functions["core_enrol_get_enrolled_users"]
    options = {
        "limitfrom": "4700",
        "limitnumber": "200",
        "onlyactive": "1",
        "userfields": "id,email,idnumber,groups,roles",
    }
    given = {"courseid": course, "options": [{"name": name, "value": value} for name, value in options.items()]}
    times = []
    for _ in range(5):
        start = time.perf_counter()
        page = enrolled.run(moodle, given)
        times.append(time.perf_counter() - start)
    assert len(page) == 200
    assert min(times) < 0.05
