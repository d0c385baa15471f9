"""The simulated Moodle answers what a real one answered: every recording of recordings/moodle/ws, replayed."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from werkzeug.test import Client, TestResponse

from sandbox.moodle import SimMoodle

RECORDINGS = Path(__file__).parent / "recordings" / "moodle"
WS = {file.stem: json.loads(file.read_text()) for file in sorted((RECORDINGS / "ws").iterdir())}
NOT_REPLAYED = {"nocap_moodle_grade_viewall__gradereport_user_get_grade_items": "grade functions are not simulated"}
WWWROOT = "https://moodle.example.edu"
NOW = 1_795_338_000
COURSE, HIDDEN, EMPTY, BIG = 2, 3, 4, 5
NO_ROLE, ONLY_HIDDEN, TEACHERS, DELETED = 17, 31, (32, 33), 34


def pairs(name: str, value: Any) -> Iterator[tuple[str, str]]:
    """A value as PHP's form fields; an empty list gives none."""
    if isinstance(value, dict | list):
        items = value.items() if isinstance(value, dict) else enumerate(value)
        for key, item in items:
            yield from pairs(f"{name}[{key}]" if name else str(key), item)
    else:
        yield name, str(value)


def form(request: dict[str, Any], moodle: SimMoodle) -> dict[str, str]:
    fixed = {
        "wstoken": request.get("wstoken", moodle.token),
        "wsfunction": request["wsfunction"],
        "moodlewsrestformat": request.get("moodlewsrestformat", "json"),
    }
    return {**{name: text for name, text in fixed.items() if text is not None}, **dict(pairs("", request["params"]))}


def ask(moodle: SimMoodle, request: dict[str, Any], base_url: str = WWWROOT) -> TestResponse:
    return Client(moodle.wsgi).post("/webservice/rest/server.php", base_url=base_url, data=form(request, moodle))


def call(moodle: SimMoodle, wsfunction: str, **params: Any) -> Any:
    return json.loads(ask(moodle, {"wsfunction": wsfunction, "params": params}).text)


def shape(value: Any) -> Any:
    """Keys and types, without the values."""
    if isinstance(value, dict):
        return {name: shape(item) for name, item in value.items()}
    if isinstance(value, list):
        return [shape(item) for item in value]
    return type(value).__name__


def recorded_site() -> SimMoodle:
    """The site the recordings were made on, with the same ids."""
    moodle = SimMoodle()
    moodle.wwwroot = WWWROOT
    moodle.now = lambda: NOW
    fill_courses(moodle)
    fill_groups(moodle)
    return moodle


def recorded_people() -> list[dict[str, Any]]:
    people = {user["id"]: user for user in WS["enrolled_default"]["body"]}
    only_hidden = {
        "username": "s28",
        "firstname": "Plain28",
        "lastname": "Student",
        "email": "s28@example.edu",
        "idnumber": "S0028",
    }
    return [people.get(id, {**only_hidden, "id": id, "roles": []}) for id in range(4, 34)]


def fill_courses(moodle: SimMoodle) -> None:
    assert moodle.create_course("Physiology 101 - Bodenseekönig", "KURA101", idnumber="PHY101-2026") == COURSE
    assert moodle.create_course("Hidden course 102", "KURA102") == HIDDEN
    assert moodle.create_course("Empty course", "KURA103") == EMPTY
    assert moodle.create_course("Big course", "BIG1000") == BIG
    for person in recorded_people():
        named = {name: person.get(name, "") for name in ("username", "firstname", "lastname", "email", "idnumber")}
        assert moodle.create_user(**named) == person["id"]
        enrol_as_recorded(moodle, person)
    for user in (ONLY_HIDDEN, *TEACHERS):
        moodle.enrol(user, HIDDEN, role={32: "editingteacher", 33: "teacher"}.get(user, "student"))
    moodle.hide_course(HIDDEN)
    moodle.suspend_user(10)
    moodle.site.users.change(moodle.site.users[20], confirmed=False)
    moodle.site.users.change(moodle.site.users[21], auth="nologin")


def enrol_as_recorded(moodle: SimMoodle, person: dict[str, Any]) -> None:
    times: dict[int, dict[str, Any]] = {14: {"status": 1}, 15: {"timestart": NOW + 9000}, 16: {"timeend": NOW - 9000}}
    if person["id"] != ONLY_HIDDEN:
        moodle.enrol(person["id"], COURSE, role=None, **times.get(person["id"], {}))
    for role in person["roles"]:
        moodle.assign_role(person["id"], moodle.course_context(COURSE), role["shortname"])


def fill_groups(moodle: SimMoodle) -> None:
    for name, idnumber in (("Section A", "SEC-A"), ("Section B", ""), ("Lab d'été", "")):
        moodle.create_group(COURSE, name, idnumber)
    for person in recorded_people():
        for group in person.get("groups", []):
            moodle.join_group(person["id"], group["id"])


def fill_big_course(moodle: SimMoodle) -> None:
    moodle.create_students(BIG, 210, groups=3)


def delete_somebody(moodle: SimMoodle) -> None:
    assert moodle.create_user("Evie", "D'Événement", "evu@example.edu", "EVU1", "evu") == DELETED
    moodle.delete_user(DELETED)


def give_the_category_role(moodle: SimMoodle) -> None:
    moodle.assign_role(NO_ROLE, moodle.category_context(1), "student")


def regrading(moodle: SimMoodle) -> None:
    moodle.set_needs_regrading(BIG)


def debug(moodle: SimMoodle) -> None:
    moodle.set_switch("debugging", True)


def switched(name: str, value: Any) -> Callable[[SimMoodle], None]:
    return lambda moodle: moodle.set_switch(name, value)


def without(*capabilities: str) -> Callable[[SimMoodle], None]:
    return lambda moodle: moodle.without(*capabilities)


def nothing(moodle: SimMoodle) -> None:
    """The site as it is."""


SITUATIONS: dict[str, Callable[[SimMoodle], object]] = {
    "debug_err_course_missing": debug,
    "debug_err_invalid_param": debug,
    "enrolled_category_role": give_the_category_role,
    "enrolled_page_of_200": fill_big_course,
    "err_cli_maintenance": switched("cli_maintenance", True),
    "err_database_down": switched("database_down", True),
    "err_grades_need_regrading": regrading,
    "err_maintenance_mode": switched("maintenance", True),
    "err_phpfpm_down": switched("php_down", True),
    "err_rest_disabled": switched("rest_enabled", False),
    "err_service_disabled": switched("service_enabled", False),
    "err_service_user_suspended": switched("service_user_suspended", True),
    "err_token_ip": switched("ip_allowed", False),
    "err_webservices_disabled": switched("webservices_enabled", False),
    "groups_visibility_course_groups": lambda moodle: moodle.create_group(COURSE, "NonPart", participation=False),
    "nocap_all_user_detail_caps__core_user_get_users_by_field": without(
        "moodle/user:viewdetails", "moodle/user:viewalldetails", "moodle/user:viewhiddendetails"
    ),
    "nocap_moodle_course_enrolreview__core_enrol_get_enrolled_users": without("moodle/course:enrolreview"),
    "nocap_moodle_course_managegroups__core_group_get_course_groups": without("moodle/course:managegroups"),
    "nocap_moodle_course_view__core_enrol_get_enrolled_users": without("moodle/course:view"),
    "nocap_moodle_course_viewhiddencourses__core_enrol_get_enrolled_users": without("moodle/course:viewhiddencourses"),
    "nocap_moodle_user_viewalldetails__core_user_get_users_by_field": without("moodle/user:viewalldetails"),
    "nocap_moodle_user_viewdetails__core_enrol_get_enrolled_users": without("moodle/user:viewdetails"),
    "nocap_webservice_rest_use__core_webservice_get_site_info": without("webservice/rest:use"),
    "users_by_field_deleted": delete_somebody,
}
ASKED_HERE = {"users_by_field_deleted": {"field": "id", "values": [DELETED]}}
OTHER_HOST = {"err_host_mismatch_303": "http://localhost:8080"}


def comparable(body: Any) -> Any:
    """An error whole, but for its details; of anything else the shape, for one function of the service as for many."""
    if isinstance(body, dict) and "exception" in body:
        return {**body, "debuginfo": "..."} if "debuginfo" in body else body
    if isinstance(body, dict) and "functions" in body:
        return shape({**body, "functions": body["functions"][:1]})
    return shape(body)


@pytest.mark.parametrize("name", sorted(WS.keys() - NOT_REPLAYED.keys()))
def test_it_answers_as_recorded(name: str) -> None:
    recording, moodle = WS[name], recorded_site()
    SITUATIONS.get(name, nothing)(moodle)
    request = {**recording["request"], "params": ASKED_HERE.get(name, recording["request"]["params"])}
    answer = ask(moodle, request, OTHER_HOST.get(name, WWWROOT))
    assert answer.status_code == recording["status"]
    assert {key: answer.headers.get(key) for key in recording["headers"]} == recording["headers"]
    if isinstance(recording["body"], str):
        assert bool(answer.text) == bool(recording["body"])
    else:
        assert comparable(json.loads(answer.text)) == comparable(recording["body"])


def test_every_situation_belongs_to_a_recording() -> None:
    assert SITUATIONS.keys() | OTHER_HOST.keys() | NOT_REPLAYED.keys() <= WS.keys()


def test_the_xml_answer_is_the_recorded_one() -> None:
    recording, moodle = WS["err_default_format_xml"], recorded_site()
    assert ask(moodle, recording["request"]).text == recording["body"]


@pytest.mark.parametrize(
    "name", ["enrolled_default", "enrolled_onlyactive", "enrolled_onlysuspended", "enrolled_groupid", "enrolled_page2"]
)
def test_it_selects_the_recorded_people(name: str) -> None:
    recording, moodle = WS[name], recorded_site()
    answer = json.loads(ask(moodle, recording["request"]).text)
    assert [user["id"] for user in answer] == [user["id"] for user in recording["body"]]


# What each capability of the service user changes: capabilities.json.

CAPABILITIES = json.loads((RECORDINGS / "capabilities.json").read_text())
ADDED = CAPABILITIES["added"]
ADDABLE = [
    "moodle/course:useremail",
    "moodle/site:viewuseridentity",
    "moodle/user:viewhiddendetails",
    "moodle/user:viewalldetails",
    "moodle/course:managegroups",
    "moodle/site:accessallgroups",
    "moodle/course:enrolreview",
    "moodle/grade:viewall",
    "gradereport/user:view",
]
SAME_ANSWER = [row for row in CAPABILITIES["removed"] if row["effect"].startswith("none")]


def site_of_capabilities() -> SimMoodle:
    moodle = recorded_site()
    moodle.enrol(ONLY_HIDDEN, COURSE)
    moodle.without(*ADDABLE)
    return moodle


def observed(moodle: SimMoodle, like: dict[str, Any]) -> dict[str, Any]:
    """What capabilities.json notes of a service user."""
    users = {user["id"]: user for user in call(moodle, "core_enrol_get_enrolled_users", courseid=COURSE)}
    keys = {"email", "enrolledcourses", "firstname", "groups", "idnumber", "lastname", "roles", "username"}
    groups = call(moodle, "core_group_get_course_groups", courseid=COURSE)
    found = call(moodle, "core_user_get_users_by_field", field="id", values=[5, 25])
    noted = {"id", "email", "idnumber", "suspended", "username"}
    return {
        "enrolled": {
            "n": len(users),
            "keys_s02": sorted(keys & users[5].keys()) if 5 in users else [],
            "s22(maildisplay0) email": "email" in users[25] if 25 in users else None,
        },
        "groups": len(groups) if isinstance(groups, list) else groups["errorcode"],
        "users_by_field": [{name: user[name] for name in sorted(noted & user.keys())} for user in found],
        "gradeitems": like["gradeitems"],
    }


@pytest.mark.parametrize("name", [name for name in ADDED if name.startswith("base+") or name == "base"])
def test_a_capability_adds_what_was_recorded(name: str) -> None:
    moodle = site_of_capabilities()
    moodle.with_capability(*name.split("+")[1:])
    assert observed(moodle, ADDED[name]) == ADDED[name]


def test_without_viewdetails_hardly_anybody_is_shown() -> None:
    moodle = site_of_capabilities()
    moodle.without("moodle/user:viewdetails")
    assert observed(moodle, ADDED["base-viewdetails"]) == ADDED["base-viewdetails"]


@pytest.mark.parametrize("name", [name for name in ADDED if name.startswith("SEPARATEGROUPS")])
def test_a_course_with_separate_groups_is_shown_as_recorded(name: str) -> None:
    moodle = site_of_capabilities()
    moodle.set_groupmode(COURSE, 1)
    moodle.with_capability("moodle/site:viewuseridentity")
    if "+accessallgroups" in name:
        moodle.with_capability("moodle/site:accessallgroups")
    assert observed(moodle, ADDED[name]) == ADDED[name]


@pytest.mark.parametrize("capability", [row["capability_removed"] for row in SAME_ANSWER])
def test_some_capabilities_are_not_missed_in_a_roster(capability: str) -> None:
    moodle = recorded_site()
    before = call(moodle, "core_enrol_get_enrolled_users", courseid=COURSE)
    moodle.without(capability)
    assert call(moodle, "core_enrol_get_enrolled_users", courseid=COURSE) == before


def test_without_viewdetails_pages_come_back_short_and_go_on() -> None:
    moodle = recorded_site()
    moodle.without("moodle/user:viewdetails")
    pages = [
        call(
            moodle,
            "core_enrol_get_enrolled_users",
            courseid=COURSE,
            options=[{"name": "limitfrom", "value": start}, {"name": "limitnumber", "value": 10}],
        )
        for start in (0, 10, 20)
    ]
    assert [[user["id"] for user in page] for page in pages] == [[], [], [32]]
