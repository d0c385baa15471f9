"""Sites and instances in the console: added, tried, changed and removed by those who may, tokens never shown."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator

import pytest

from app.kit import Kit
from app.store import audit, connections, instances, sites, tables
from tests.conftest import SetClock
from tests.visiting import Visitor, said, visiting
from tests.world import World, world


@pytest.fixture
def made(sqlite_kit: Kit, clock: SetClock) -> Iterator[World]:
    with world(sqlite_kit, clock) as one:
        with sqlite_kit.database.transaction() as tx:
            tx.execute(tables.instances.update().values(remote_id="sandbox"))  # as it says of itself
        yield one


@pytest.fixture
def admin(made: World) -> Visitor:
    return visiting(made.kit)


def acts(made: World) -> list[tuple[str, str]]:
    with made.kit.database.reading() as tx:
        return [(each.actor, each.operation) for each in audit.search(tx, limit=50) if each.phase == "begin"][::-1]


def token_of(made: World, kind: str) -> str:
    with made.kit.database.reading() as tx:
        [found] = (sites if kind == "sites" else instances).every(tx)
    return made.kit.vault.decrypt(found.token)


def test_a_site_is_added_and_its_secret_shown_once(made: World, admin: Visitor) -> None:
    form = {"name": "second", "url": made.moodle.url, "token": made.moodle.token}
    assert "second" not in admin.text("/connections")
    refused = admin.post("/connections/sites/new", status=409, **form)
    assert "is the site uni already" in said(refused)
    assert "--shared" not in refused.text
    assert made.moodle.token not in refused.text
    added = admin.post("/connections/sites/new", status=200, **form, shared="yes")
    assert "whsec_" in added.text
    assert "/events/second" in added.text
    assert "whsec_" not in admin.get("/connections/sites/second").text
    assert ("user:admin", "add_site") in acts(made)


def test_a_site_is_added_by_the_file_of_its_plugin(made: World, admin: Visitor) -> None:
    file = {
        "kurasync": 1,
        "name": "second",
        "url": made.moodle.url,
        "token": made.moodle.token,
        "secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "siteidentifier": "another",
    }
    sent = {"file": (io.BytesIO(json.dumps(file).encode()), "site.json"), "shared": "yes"}
    said = admin.done("/connections/sites/new", **sent)
    assert "Added second" in said
    assert "Delete the file now" in said


def test_a_file_of_something_else_is_refused(made: World, admin: Visitor) -> None:
    answer = admin.post("/connections/sites/new", status=409, file=(io.BytesIO(b"\xff{"), "x"))
    assert "give the one that the set-up of Moodle's plugin wrote" in said(answer)


@pytest.mark.parametrize(("kind", "name"), [("sites", "uni"), ("instances", "kura")])
def test_a_connection_is_tried(made: World, kind: str, name: str) -> None:
    operator = visiting(made.kit, "operator")
    assert f"{name} works" in operator.done(f"/connections/{kind}/{name}/test")
    (made.moodle if kind == "sites" else made.kura).token = "another now"
    operator.post(f"/connections/{kind}/{name}/test", status=409)


@pytest.mark.parametrize(("kind", "name"), [("sites", "uni"), ("instances", "kura")])
def test_a_new_token_is_tried_before_it_is_used(made: World, admin: Visitor, kind: str, name: str) -> None:
    system = made.moodle if kind == "sites" else made.kura
    before = system.token
    refused = admin.post(f"/connections/{kind}/{name}/token", status=409, token="mistyped")
    assert "mistyped" not in refused.text.replace("if it was not mistyped", "")
    assert token_of(made, kind) == before
    system.token = "the next one"
    assert "uses the new token" in admin.done(f"/connections/{kind}/{name}/token", token=" the next one\n")
    assert token_of(made, kind) == "the next one"
    assert "the next one" not in admin.get(f"/connections/{kind}/{name}").text
    assert ("user:admin", "rotate_token") in acts(made)


@pytest.mark.parametrize(("kind", "name"), [("sites", "uni"), ("instances", "kura")])
def test_removing_is_asked_first_and_says_what_goes_with_it(
    made: World, admin: Visitor, kind: str, name: str
) -> None:
    asked = admin.text(f"/connections/{kind}/{name}/remove")
    assert f"With it goes mapping {made.mapping_id}" in asked
    assert "Students stay in kuraCloud" in asked
    assert "Go on where kuraCloud courses cannot be given back" in asked
    assert name in admin.text("/connections")
    assert f"Removed {name}" in admin.done(f"/connections/{kind}/{name}/remove")
    admin.get(f"/connections/{kind}/{name}", status=404)


def test_where_a_course_cannot_be_given_back_removing_goes_on_only_when_ticked(made: World, admin: Visitor) -> None:
    made.kura.token = "another now"
    path = "/connections/instances/kura/remove"
    admin.post(path, status=409)
    assert "Removed kura" in admin.done(path, force="yes")


def test_a_site_that_moved_gets_its_new_address(made: World, admin: Visitor) -> None:
    path = "/connections/sites/uni/address"
    assert "Nobody can tell" in said(admin.post(path, status=409, url=made.moodle.url))
    assert f"uni is now {made.moodle.url}" in admin.done(path, url=made.moodle.url, force="yes")


def test_only_the_ways_that_are_ticked_let_events_in(made: World, admin: Visitor) -> None:
    assert "by signed, and in no other way" in admin.done("/connections/sites/uni/ways", way="signed")
    with made.kit.database.reading() as tx:
        assert sites.every(tx)[0].ways == ("signed",)
    admin.post("/connections/sites/uni/ways", status=409)


def test_a_secret_is_made_and_another_ended(made: World, admin: Visitor) -> None:
    path = "/connections/sites/uni/secrets"
    refused = admin.post(f"{path}/1/end", status=409)
    assert "the only one" in said(refused)
    shown = admin.post(path, status=200)
    assert "whsec_" in shown.text
    assert "Secret 1 ended" in admin.done(f"{path}/1/end")
    assert "ended" in admin.text("/connections/sites/uni")


def test_the_courses_of_an_instance_say_which_are_mapped(made: World, admin: Visitor) -> None:
    made.kura.add_course("Anatomy", code="ANA")
    said = admin.text("/connections/instances/kura/courses")
    assert "Anatomy" in said
    assert f'href="/mappings/{made.mapping_id}"' in admin.get("/connections/instances/kura/courses").text


def test_a_broken_connection_says_why(made: World, admin: Visitor, clock: SetClock) -> None:
    with made.kit.database.transaction() as tx:
        connections.park(tx, "site", made.site_id, "token_refused", clock() + 60)
    assert "parked token refused" in admin.text("/connections")


@pytest.mark.parametrize("path", ["/connections/sites/nobody", "/connections/instances/nobody"])
def test_what_is_not_there_is_said(made: World, admin: Visitor, path: str) -> None:
    assert "`kurasync" not in admin.text(path, status=404)
