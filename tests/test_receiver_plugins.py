"""local_webhooks and tool_trigger: what these plugins really sent, posted again."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

import pytest

from app.kit import Kit
from tests.receiving import PROBLEM, SECRET, WWWROOT, Door, open_door, recorded

HOOKED = recorded("local_webhooks")
TRIGGERED = recorded("tool_trigger")
NAME = r"\core\event\user_enrolment_created"
ENROLLED = {"eventname": NAME, "courseid": "8", "relateduserid": "70", "timecreated": "17"}


@pytest.fixture
def door(sqlite_kit: Kit) -> Door:
    return open_door(sqlite_kit)


def replay(door: Door, recording: dict[str, Any], **headers: str) -> Any:
    """Post what was recorded, with our secret for the recorded one."""
    sent = recording["request"]
    used = {name: value.replace("WEBHOOK_TOKEN", SECRET) for name, value in sent["headers"].items()}
    body = sent["body_raw"].replace("WEBHOOK_TOKEN", SECRET)
    return door.post(f"/events/uni/{recording['plugin']}", body.encode(), {**used, **headers})


def hook(door: Door, document: Any, content_type: str = "application/json") -> Any:
    return door.post("/events/uni/local_webhooks", json.dumps(document), {"Content-Type": content_type})


def trigger(door: Door, body: str | bytes, **headers: str) -> Any:
    return door.post("/events/uni/tool_trigger", body, {"Authorization": f"Bearer {SECRET}", **headers})


@pytest.mark.parametrize("recording", HOOKED.values(), ids=HOOKED)
def test_every_recorded_delivery_of_local_webhooks_is_accepted(door: Door, recording: dict[str, Any]) -> None:
    answer = replay(door, recording)
    assert answer.status_code == 200, answer.text
    assert answer.get_json()["accepted"] == 1
    [stored] = door.stored()
    sent = recording["request"]["body"]
    assert (stored.name, stored.courseid, stored.way) == (sent["eventname"], int(sent["courseid"]), "local_webhooks")
    assert stored.event_uid is None
    assert SECRET not in str(stored)


@pytest.mark.parametrize("recording", TRIGGERED.values(), ids=TRIGGERED)
def test_every_recorded_delivery_of_tool_trigger_is_accepted_once(door: Door, recording: dict[str, Any]) -> None:
    assert replay(door, recording).get_json()["accepted"] == 1
    answer = replay(door, recording)
    assert (answer.status_code, answer.get_json()["duplicates"]) == (200, 1)
    [stored] = door.stored()
    sent = recording["request"]["body"]
    ids = (int(sent["courseid"]), int(sent["objectid"]))
    assert (stored.name, stored.courseid, stored.objectid) == (sent["eventname"], *ids)
    assert stored.relateduserid == (int(sent["relateduserid"]) if sent["relateduserid"] else None)


def test_an_event_that_tool_trigger_delivers_again_by_cron_is_a_duplicate(door: Door) -> None:
    replay(door, TRIGGERED["62-cron500--user_enrolment_created--rt"])
    again = replay(door, TRIGGERED["62-cron500--user_enrolment_created--rt-2"])
    assert again.get_json()["duplicates"] == 1


@pytest.mark.parametrize("content_type", ["application/x-www-form-urlencoded", "text/plain", ""])
def test_local_webhooks_may_label_its_json_as_it_likes(door: Door, content_type: str) -> None:
    assert hook(door, {**ENROLLED, "token": SECRET}, content_type).status_code == 200


@pytest.mark.parametrize("token", [None, "", "WRONG", 7, [SECRET], SECRET.upper(), SECRET + "\x00", "\ud800"])
def test_local_webhooks_needs_the_secret_in_the_body(door: Door, token: object) -> None:
    answer = hook(door, {**ENROLLED, "token": token})
    assert (answer.status_code, answer.content_type) == (401, PROBLEM)
    assert answer.get_json()["reason"] == "bad_token"
    assert door.stored() == []


@pytest.mark.parametrize("document", [[], [{"token": SECRET}], "x", 7, None])
def test_local_webhooks_sends_an_object(door: Door, document: object) -> None:
    assert hook(door, document).status_code == 401


def test_a_clone_that_posts_with_the_originals_token_is_refused(door: Door) -> None:
    answer = hook(door, {**ENROLLED, "token": SECRET, "host": "test.example.edu"})
    assert (answer.status_code, answer.get_json()["reason"]) == (403, "wrong_moodle")
    answer = trigger(door, json.dumps({**ENROLLED, "site": "https://test.example.edu"}))
    assert (answer.status_code, answer.get_json()["reason"]) == (403, "wrong_moodle")


@pytest.mark.parametrize("host", ["moodle.example.edu", "MOODLE.example.edu", "", None])
def test_the_originals_host_fits_and_none_at_all_too(door: Door, host: str | None) -> None:
    assert hook(door, {**ENROLLED, "token": SECRET, "host": host}).status_code == 200


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer ", "Bearer WRONG", f"Basic {SECRET}", SECRET, "Bearer \xe9"])
def test_tool_trigger_needs_the_secret_as_bearer(door: Door, header: str) -> None:
    answer = trigger(door, json.dumps(ENROLLED), Authorization=header)
    assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, "Bearer")
    assert door.stored() == []


@pytest.mark.parametrize("content_type", ["", "application/json", "application/x-www-form-urlencoded", "text/plain"])
def test_tool_trigger_may_send_json_or_a_form_under_any_label(door: Door, content_type: str) -> None:
    assert trigger(door, json.dumps(ENROLLED), **{"Content-Type": content_type}).status_code == 200
    assert trigger(door, urlencode(ENROLLED), **{"Content-Type": content_type}).status_code == 200
    one, two = door.stored()
    assert (one.name, one.courseid) == (two.name, two.courseid)


@pytest.mark.parametrize("site", [WWWROOT, WWWROOT + "/", "{wwwroot}", "", None])
def test_tool_trigger_may_say_where_it_comes_from(door: Door, site: str | None) -> None:
    assert trigger(door, json.dumps({**ENROLLED, "site": site})).status_code == 200


@pytest.mark.parametrize("absent", ["", None, "{nosuchfield}", "{}"])
def test_what_a_template_cannot_fill_counts_as_absent(door: Door, absent: str | None) -> None:
    sent = {**ENROLLED, "eventid": absent, "objectid": absent, "contextlevel": absent, "timecreated": absent}
    assert trigger(door, json.dumps(sent)).get_json()["accepted"] == 1
    [stored] = door.stored()
    assert (stored.event_uid, stored.objectid, stored.contextlevel, stored.timecreated) == (None, None, None, None)


def test_a_template_without_the_course_is_told_what_it_lacks(door: Door) -> None:
    answer = trigger(door, json.dumps({**ENROLLED, "courseid": "{courseid}"}))
    assert answer.status_code == 422
    assert [each["field"] for each in answer.get_json()["errors"]] == ["courseid"]


def test_a_number_counted_anew_after_a_reinstallation_is_another_event(door: Door) -> None:
    trigger(door, json.dumps({**ENROLLED, "eventid": "1"}))
    answer = trigger(door, json.dumps({**ENROLLED, "eventid": "1", "timecreated": "18"}))
    assert answer.get_json()["accepted"] == 1


@pytest.mark.parametrize(
    "body", [b"", b"{", b"eventname", b"\xff", b"a=%ff", b"&".join([b"a=1"] * 2000), b'{"a": NaN}', b"[]"]
)
def test_what_nobody_can_read_is_refused(door: Door, body: bytes) -> None:
    answer = trigger(door, body)
    assert (answer.status_code, answer.content_type) == (422, PROBLEM)


@pytest.mark.parametrize("way", ["local_webhooks", "tool_trigger"])
def test_a_plugins_way_that_is_switched_off_says_so(sqlite_kit: Kit, way: str) -> None:
    door = open_door(sqlite_kit, ways=["signed"])
    answer = door.post(f"/events/uni/{way}", "{}", {})
    assert (answer.status_code, answer.get_json()["reason"]) == (403, "way_off")
    assert door.post(f"/events/nobody/{way}", "{}", {}).status_code == 404
