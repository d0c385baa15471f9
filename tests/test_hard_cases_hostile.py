"""Hard cases of security: hostile requests to the receiver, and addresses that lead elsewhere (design.md 10)."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

import pytest
from werkzeug.test import TestResponse
from werkzeug.wrappers import Response

from app.errors import ConnectionBroken
from app.kit import Kit
from app.setup import instances as instance_verbs
from app.setup import sites as site_verbs
from app.store import events, sites, worklist
from sandbox.server import Server
from tests.campus import Campus, campus, in_step, with_students
from tests.conftest import SetClock
from tests.receiving import delivery, happening, sealed
from tests.world import SECRET

NEW_SECRET = "whsec_" + base64.b64encode(b"the new one, of twenty-4").decode()
WRONG_SECRET = "whsec_" + base64.b64encode(b"of nobody, of twenty-four").decode()


@pytest.fixture
def made(sqlite_kit: Kit, clock: SetClock) -> Iterator[Campus]:
    with campus(sqlite_kit, clock) as made:
        with_students(made, 3)
        clock.advance(60)
        yield made


def document(made: Campus, **changed: Any) -> dict[str, Any]:
    """A delivery of one enrolment in the mapped course, which would be accepted."""
    event = happening(courseid=made.world.course, **changed)
    return delivery(event, wwwroot=made.world.moodle.wwwroot)


def refused(made: Campus, answer: TestResponse) -> tuple[int, str]:
    """Status and reason of a refusal, after which nothing is stored or wanted."""
    world = made.world
    with world.kit.database.reading() as tx:
        wanted = [row for row in worklist.rows(tx) if row.due_at is not None]
        stored = [event for event in events.search(tx, limit=1000) if event.received_at >= world.clock()]
        stored = [event for event in stored if event.site_id == world.site_id]
    assert (wanted, stored) == ([], [])
    return answer.status_code, str(answer.get_json()["reason"])


def test_hostile_request_is_the_only_thing_wrong_with_it(made: Campus) -> None:
    """What the cases below change one thing of is accepted as it is."""
    assert made.send(*sealed(json.dumps(document(made)), secret=SECRET)).status_code == 200


@pytest.mark.parametrize("late", [301, 3600, -301, 86_400 * 365])
def test_hostile_request_with_an_old_timestamp(made: Campus, late: float) -> None:
    """A recorded delivery that is played again later, or one from the future, is refused and told by how much."""
    answer = made.send(*sealed(json.dumps(document(made)), secret=SECRET, late=late))
    assert refused(made, answer) == (401, "clock_skew")
    assert f"{abs(late):.0f}"[:2] in answer.get_json()["detail"]


def test_hostile_request_with_its_timestamp_changed(made: Campus) -> None:
    """The old timestamp is part of what is signed: to write another into the header does not help."""
    body, old = sealed(json.dumps(document(made)), secret=SECRET, late=3600)
    _, new = sealed(body, secret=WRONG_SECRET)
    answer = made.send(body, {**old, "webhook-timestamp": new["webhook-timestamp"]})
    assert refused(made, answer) == (401, "bad_signature")


def test_hostile_request_with_the_old_secret_during_a_rotation(made: Campus) -> None:
    """Both secrets are good until the day the old one ends, and from then on the new one alone."""
    world = made.world
    with world.kit.database.transaction() as tx:
        now = world.kit.database.now(tx)
        [old] = sites.every_secret(tx, world.site_id)
        sites.add_secret(tx, now, world.site_id, world.kit.vault.encrypt(NEW_SECRET))
        sites.end_secret(tx, old.id, now + 86_400)
    for secret in (SECRET, NEW_SECRET):
        assert made.send(*sealed(json.dumps(document(made)), secret=secret)).status_code == 200
    made.rest()
    world.clock.advance(86_401)
    answer = made.send(*sealed(json.dumps(document(made)), secret=SECRET))
    assert refused(made, answer) == (401, "bad_signature")
    assert made.send(*sealed(json.dumps(document(made)), secret=NEW_SECRET)).status_code == 200


@pytest.mark.parametrize("way", ["signed", "local_webhooks", "tool_trigger"])
def test_hostile_request_with_the_wrong_secret(made: Campus, way: str) -> None:
    body, headers = sealed(json.dumps(document(made)), secret=WRONG_SECRET)
    if way == "local_webhooks":
        body = json.dumps({**happening(courseid=made.world.course), "token": WRONG_SECRET})
    headers = {**headers, "Authorization": f"Bearer {WRONG_SECRET}"}
    path = "/events/uni" if way == "signed" else f"/events/uni/{way}"
    answer = made.send(body, headers, path)
    assert refused(made, answer) == (401, "bad_signature" if way == "signed" else "bad_token")


@pytest.mark.parametrize("path", ["/events/uni", "/events/uni/local_webhooks", "/events/uni/tool_trigger"])
def test_hostile_request_of_five_megabytes(made: Campus, path: str) -> None:
    """Refused for its size, before it is parsed and whoever signed it."""
    body, headers = sealed(json.dumps({**document(made), "padding": "x" * 5_000_000}), secret=SECRET)
    answer = made.send(body, {**headers, "Authorization": f"Bearer {SECRET}"}, path)
    assert refused(made, answer) == (413, "too_large")


def test_hostile_request_of_a_hundred_levels(made: Campus) -> None:
    nested: Any = "deep"
    for _ in range(100):
        nested = [nested]
    answer = made.send(*sealed(json.dumps(document(made, other=nested)), secret=SECRET))
    assert refused(made, answer) == (422, "too_deep")


def test_hostile_request_about_another_sites_course(made: Campus) -> None:
    """A site that is known and signs well tells of a course of another site's: nothing of that one is touched."""
    world = made.world
    with world.kit.database.transaction() as tx:
        now = world.kit.database.now(tx)
        other = sites.add(
            tx,
            now,
            name="other",
            url="https://other.example.edu",
            wwwroot="https://other.example.edu",
            identity=None,
            token=world.kit.vault.encrypt("t"),
            ways=("signed",),
        )
        sites.add_secret(tx, now, other, world.kit.vault.encrypt(WRONG_SECRET))
    user = world.links()[0].userid
    told = [
        happening(courseid=world.course),
        happening(r"\core\event\user_deleted", courseid=0, relateduserid=user),
        happening(r"\core\event\course_deleted", courseid=world.course),
        happening(r"\core\event\course_category_deleted", courseid=0),
    ]
    body = json.dumps(delivery(*told, wwwroot="https://other.example.edu"))
    answer = made.send(*sealed(body, secret=WRONG_SECRET), "/events/other")
    assert (answer.status_code, answer.get_json()["ignored"]) == (200, 4)
    writes, calls = len(world.writes()), len(world.moodle.calls)
    assert made.rest() == []
    assert (len(world.writes()), len(world.moodle.calls)) == (writes, calls)
    assert refused(made, made.send(*sealed(body, secret=WRONG_SECRET), "/events/uni"))[1] == "bad_signature"
    assert refused(made, made.send(*sealed(body, secret=SECRET), "/events/uni")) == (403, "wrong_moodle")


THERE = ("http://169.254.169.254/latest", "http://[fe80::1]", "//169.254.169.254", "file:///etc/passwd")


@pytest.mark.parametrize("there", THERE)
def test_hostile_request_to_follow_a_redirect_to_a_link_local_address(sqlite_kit: Kit, there: str) -> None:
    """Whoever answers at an address that is to be connected sends us on into our own network: we do not go."""

    def sending_on(environ: Any, start_response: Any) -> Any:
        return Response("", 307, {"Location": there + environ["PATH_INFO"]})(environ, start_response)

    with Server(sending_on) as server:
        with pytest.raises(ConnectionBroken) as of_moodle:
            site_verbs.add(sqlite_kit, name="trap", url=server.url, token="t", actor="an administrator")
        with pytest.raises(ConnectionBroken) as of_kuracloud:
            instance_verbs.add(sqlite_kit, name="trap", url=server.url, token="t", actor="an administrator")
    assert {of_moodle.value.reason, of_kuracloud.value.reason} == {"redirect"}


def test_hostile_request_to_follow_a_redirect_in_the_middle_of_work(made: Campus) -> None:
    """Moodle begins to send us on to a link-local address: the site rests, and goes on when it answers again."""
    world, kit = made.world, made.world.kit
    here, world.moodle.wwwroot = world.moodle.wwwroot, "http://169.254.169.254"
    made.mail.delivered = len(made.mail.events)
    world.enrol("Late", email="late@example.edu")
    told, made.mail.delivered = made.mail.events[made.mail.delivered :], len(made.mail.events)
    body = json.dumps(delivery(*told, wwwroot=here))
    assert made.send(*sealed(body, secret=SECRET)).status_code == 200
    assert made.rest() == ["parked"]
    with kit.database.reading() as tx:
        site = sites.get(tx, world.site_id)
    assert site is not None
    assert (site.gate, site.gate_reason) == ("parked", "redirect")
    world.moodle.wwwroot = here
    world.clock.advance(kit.settings.probe_interval)
    made.rest()
    assert "late@example.edu" in world.emails()
    in_step(world)
