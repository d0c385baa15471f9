"""POST /events/<site>: Standard Webhooks, one or many events."""

from __future__ import annotations

import base64
import json
import re
import threading
from dataclasses import replace
from typing import Any

import pytest

from app.kit import Kit
from app.store import sites
from tests.conftest import START
from tests.receiving import PROBLEM, SECRET, Door, delivery, happening, open_door, recorded, sealed, signed

OTHER_SECRET = "whsec_" + base64.b64encode(b"another, of twenty-four!").decode()


@pytest.fixture
def door(sqlite_kit: Kit) -> Door:
    return open_door(sqlite_kit)


def test_an_event_is_accepted(door: Door) -> None:
    answer = door.deliver(happening())
    assert answer.status_code == 200
    assert answer.get_json() == {"accepted": 1, "duplicates": 0, "ignored": 0, "rejected": []}
    assert door.wanted(8) == 1


@pytest.mark.parametrize("name", recorded("get_data"))
def test_every_recorded_event_is_accepted(door: Door, name: str) -> None:
    found = recorded("get_data")[name]["get_data"]
    answer = door.deliver({"id": name, **found})
    assert (answer.status_code, answer.get_json()["accepted"]) == (200, 1)
    [stored] = door.stored()
    assert stored.name == found["eventname"]
    assert stored.courseid == int(found["courseid"])
    assert stored.relateduserid == (int(found["relateduserid"]) if found["relateduserid"] else None)


def test_nothing_personal_is_stored(door: Door) -> None:
    found = recorded("get_data")["36-enrol_then_user_delete--user_deleted"]["get_data"]
    door.deliver({"id": "1", **found})
    kept = str(door.stored())
    assert not any(found["other"][field] in kept for field in ("email", "username", "idnumber"))


def test_numbers_and_their_texts_are_the_same(door: Door) -> None:
    door.deliver(happening(courseid=8, relateduserid=70), happening(courseid="8", relateduserid="70"))
    one, two = door.stored()
    assert (one.courseid, one.relateduserid) == (two.courseid, two.relateduserid) == (8, 70)


def test_a_second_delivery_counts_as_duplicates(door: Door) -> None:
    body, headers = signed(delivery(happening(), happening()))
    door.post("/events/uni", body, headers)
    answer = door.post("/events/uni", body, headers)
    assert answer.get_json() == {"accepted": 0, "duplicates": 2, "ignored": 0, "rejected": []}
    assert door.wanted(8) == 1


def test_an_event_sent_again_in_another_delivery_is_a_duplicate(door: Door) -> None:
    event = happening()
    door.deliver(event)
    assert door.deliver(event, happening()).get_json()["duplicates"] == 1


def test_the_same_delivery_twice_at_once_is_accepted_once(kit: Kit) -> None:
    door = open_door(kit)
    body, headers = signed(delivery(happening()))
    start, answers = threading.Barrier(4), list[Any]()

    def post() -> None:
        start.wait()
        answers.append(door.client.application.test_client().post("/events/uni", data=body, headers=headers))

    threads = [threading.Thread(target=post) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [answer.status_code for answer in answers] == [200] * 4
    assert sorted(answer.get_json()["accepted"] for answer in answers) == [0, 0, 0, 1]
    assert (len(door.stored()), door.wanted(8)) == (1, 1)


def test_unknown_events_are_accepted_and_ignored(door: Door) -> None:
    answer = door.deliver(happening(r"\mod_quiz\event\attempt_submitted"))
    assert answer.get_json() == {"accepted": 1, "duplicates": 0, "ignored": 1, "rejected": []}
    assert [event.wanted for event in door.stored()] == [False]


def test_a_delivery_without_events_tries_the_connection(door: Door) -> None:
    assert door.deliver().get_json() == {"accepted": 0, "duplicates": 0, "ignored": 0, "rejected": []}


def test_bad_events_of_a_batch_are_rejected_by_their_place_and_the_others_kept(door: Door) -> None:
    answer = door.deliver(happening(), happening(courseid=-1), 7, happening(courseid=None), happening(id=""))
    assert answer.status_code == 200
    assert answer.get_json()["accepted"] == 1
    rejected = [(each["index"], each["field"]) for each in answer.get_json()["rejected"]]
    assert rejected == [
        (1, "data.events[1].courseid"),
        (2, "data.events[2]"),
        (3, "data.events[3].courseid"),
        (4, "data.events[4].id"),
    ]
    assert all(each["reason"] for each in answer.get_json()["rejected"])


def test_a_delivery_of_bad_events_alone_is_refused_with_every_reason(door: Door) -> None:
    answer = door.deliver({"id": "x", "eventname": "moon", "courseid": "eight"})
    assert (answer.status_code, answer.content_type) == (422, PROBLEM)
    assert answer.get_json()["reason"] == "invalid"
    assert [(each["index"], each["field"]) for each in answer.get_json()["errors"]] == [
        (0, "data.events[0].eventname"),
        (0, "data.events[0].courseid"),
    ]
    assert door.stored() == []


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("eventname", None),
        ("eventname", 7),
        ("eventname", "\\core\\event\\"),
        ("eventname", "\\core\\event\\user_updated\x00"),
        ("eventname", "\\core\\event\\user_updated\n"),
        ("eventname", "\\core\\event\\" + "x" * 255),
        ("courseid", -1),
        ("courseid", 2**63),
        ("courseid", "9" * 5000),
        ("courseid", True),
        ("courseid", 8.0),
        ("courseid", "٨"),
        ("courseid", " 8"),
        ("courseid", [8]),
        ("relateduserid", "somebody"),
        ("contextlevel", 2**31),
        ("timecreated", {}),
        ("id", None),
        ("id", 7),
        ("id", ""),
        ("id", "x" * 201),
        ("id", "nul\x00"),
        ("id", "half \ud800"),
    ],
)
def test_a_value_that_cannot_be_stored_is_refused(door: Door, field: str, value: object) -> None:
    answer = door.deliver(happening(**{field: value}))
    assert answer.status_code == 422
    assert [each["field"] for each in answer.get_json()["errors"]] == [f"data.events[0].{field}"]


def test_the_largest_values_are_stored(kit: Kit) -> None:
    door = open_door(kit)
    largest = happening(courseid=2**63 - 1, contextlevel=2**31 - 1, timecreated=str(2**63 - 1), id="x" * 200)
    assert door.deliver(largest).status_code == 200
    [stored] = door.stored()
    assert (stored.courseid, stored.contextlevel) == (2**63 - 1, 2**31 - 1)


@pytest.mark.parametrize(
    ("document", "fields"),
    [
        ([], [""]),
        (None, [""]),
        ({}, ["type", "data"]),
        ({"type": "other", "data": {}}, ["type", "data.wwwroot", "data.events"]),
        ({"type": "moodle.events", "data": []}, ["data"]),
        (delivery(events={}), ["data.events"]),
        (delivery(wwwroot=None), ["data.wwwroot"]),
    ],
)
def test_a_wrong_envelope_is_refused(door: Door, document: object, fields: list[str]) -> None:
    answer = door.post("/events/uni", *signed(document))
    assert answer.status_code == 422
    assert [each["field"] for each in answer.get_json()["errors"]] == fields
    assert {each["index"] for each in answer.get_json()["errors"]} == {None}


@pytest.mark.parametrize("wwwroot", ["https://MOODLE.example.edu", "https://moodle.example.edu/"])
def test_the_sites_own_address_may_be_written_differently(door: Door, wwwroot: str) -> None:
    assert door.deliver(happening(), wwwroot=wwwroot).status_code == 200


@pytest.mark.parametrize(
    "wwwroot",
    ["https://test.example.edu", "http://moodle.example.edu", "https://moodle.example.edu/copy", "", "http://[", "x"],
)
def test_a_clone_that_posts_as_the_original_is_refused(door: Door, wwwroot: str) -> None:
    answer = door.deliver(happening(), wwwroot=wwwroot)
    assert (answer.status_code, answer.get_json()["reason"]) == (403, "wrong_moodle")
    assert door.stored() == []


def test_every_valid_secret_fits_while_it_is_rotated(door: Door) -> None:
    with door.kit.database.transaction() as tx:
        sites.add_secret(tx, START, door.site_id, door.kit.vault.encrypt(OTHER_SECRET))
        [old] = [each for each in sites.every_secret(tx, door.site_id) if door.kit.vault.decrypt(each.secret) == SECRET]
    assert door.deliver(happening()).status_code == 200
    assert door.deliver(happening(), secret=OTHER_SECRET).status_code == 200
    with door.kit.database.transaction() as tx:
        sites.end_secret(tx, old.id, START)
    assert door.deliver(happening()).status_code == 401
    assert door.deliver(happening(), secret=OTHER_SECRET).status_code == 200


def test_a_site_without_a_secret_lets_nobody_in(door: Door) -> None:
    with door.kit.database.transaction() as tx:
        for each in sites.every_secret(tx, door.site_id):
            sites.end_secret(tx, each.id, START)
    assert door.deliver(happening()).status_code == 401


def test_a_secret_that_is_no_key_only_fits_nothing(door: Door) -> None:
    with door.kit.database.transaction() as tx:
        sites.add_secret(tx, START, door.site_id, door.kit.vault.encrypt("whsec_a"))
    assert door.deliver(happening()).status_code == 200
    assert door.deliver(happening(), secret=OTHER_SECRET).status_code == 401


@pytest.mark.parametrize("name", ["webhook-id", "webhook-timestamp", "webhook-signature"])
@pytest.mark.parametrize("value", [None, "", "x", "v1,x", "v1,", "v1", "nan", "1e999", "-1", "\xe9", "v1,\xe9"])
def test_headers_that_do_not_fit_are_unproven(door: Door, name: str, value: str | None) -> None:
    body, headers = signed(delivery(happening()))
    del headers[name]
    answer = door.post("/events/uni", body, headers if value is None else {**headers, name: value})
    assert (answer.status_code, answer.content_type) == (401, PROBLEM)
    assert answer.headers["WWW-Authenticate"] == "StandardWebhooks"
    assert door.stored() == []


def test_a_body_changed_on_the_way_is_unproven(door: Door) -> None:
    body, headers = signed(delivery(happening()))
    assert door.post("/events/uni", body + " ", headers).get_json()["reason"] == "bad_signature"


def test_a_signature_over_no_text_is_unproven(door: Door) -> None:
    _, headers = signed(delivery(happening()))
    assert door.post("/events/uni", b"\xff\xfe", headers).status_code == 401


@pytest.mark.parametrize(("late", "words"), [(412, r"41\d s behind"), (-412, r"41\d s ahead of")])
def test_a_clock_that_differs_is_told_by_how_much(door: Door, late: float, words: str) -> None:
    answer = door.post("/events/uni", *signed(delivery(happening()), late=late))
    assert (answer.status_code, answer.get_json()["reason"]) == (401, "clock_skew")
    assert re.search(words, answer.get_json()["detail"])


def test_a_smaller_tolerance_can_be_set(sqlite_kit: Kit) -> None:
    strict = replace(sqlite_kit, settings=replace(sqlite_kit.settings, tolerance=30.0))
    answer = open_door(strict).post("/events/uni", *signed(delivery(happening()), late=60))
    assert answer.get_json()["reason"] == "clock_skew"


@pytest.mark.parametrize("late", [280, -280])
def test_five_minutes_are_tolerated(door: Door, late: float) -> None:
    assert door.post("/events/uni", *signed(delivery(happening()), late=late)).status_code == 200


def test_a_very_long_delivery_id_is_refused(door: Door) -> None:
    answer = door.post("/events/uni", *sealed(json.dumps(delivery(happening())), number="m" * 201))
    assert (answer.status_code, answer.get_json()["errors"][0]["field"]) == (422, "webhook-id")


def test_the_content_type_must_be_json(door: Door) -> None:
    body, headers = sealed("{}")
    answer = door.post("/events/uni", body, {**headers, "Content-Type": "text/plain"})
    assert (answer.status_code, answer.get_json()["reason"]) == (415, "not_json")
    answer = door.post("/events/uni", body, {**headers, "Content-Type": "application/json; charset=utf-8"})
    assert answer.status_code == 422


def test_a_way_that_is_switched_off_says_so(sqlite_kit: Kit) -> None:
    door = open_door(sqlite_kit, ways=["tool_trigger"])
    answer = door.deliver(happening())
    assert (answer.status_code, answer.get_json()["reason"]) == (403, "way_off")


@pytest.mark.parametrize("name", ["nobody", "%00", "uni%00", "%ff", "\U0001f600", "x" * 5000])
def test_an_unknown_site_is_not_found(kit: Kit, name: str) -> None:
    door = open_door(kit)
    answer = door.post(f"/events/{name}", *signed(delivery(happening())))
    assert (answer.status_code, answer.get_json()["reason"]) == (404, "unknown_site")
