"""What is typed, uploaded or linked to by somebody who wants the console to fail is refused with words."""

from __future__ import annotations

import io
import json
import re
import time

import pytest
from flask.testing import FlaskClient

from app.kit import Kit
from app.setup import accounts
from tests.conftest import SetClock
from tests.visiting import console_at, visiting
from tests.world import world

pytestmark = pytest.mark.usefixtures("quick_hashes")

GOOD = "correct horse battery"
LONG = "1" * 5000
"""More digits than Python makes a number of."""

DEEP = "[" * 200_000
HALF = '[{"site": "a", "course": "b", "instance": "\\ud800", "kura_course": "c"}]'


@pytest.fixture
def anna(sqlite_kit: Kit) -> FlaskClient:
    """The console, with an administrator signed in."""
    accounts.add(sqlite_kit, "anna", "admin", GOOD, "cli:root")
    client = console_at(sqlite_kit).test_client()
    sign_in(client)
    return client


def sign_in(client: FlaskClient, to: str = "/") -> str | None:
    answer = client.post(
        "/sign-in", data={"csrf_token": token(client, "/sign-in"), "name": "anna", "password": GOOD, "to": to}
    )
    assert answer.status_code == 303
    return answer.location


def token(client: FlaskClient, path: str = "/account") -> str:
    found = re.search(r'name="csrf_token" value="([^"]+)"', client.get(path).text)
    assert found
    return found[1]


def post(client: FlaskClient, path: str, /, file: str = "", **form: str) -> tuple[int, str]:
    """The status of the answer, and its text."""
    given = {"csrf_token": token(client), **form, **({"file": (io.BytesIO(file.encode()), "file")} if file else {})}
    answer = client.post(path, data=given, content_type="multipart/form-data")
    return answer.status_code, answer.text


@pytest.mark.parametrize("to", ["/runs\r\nX-Evil: yes", "/\n/evil.example.edu", "/\t\\evil.example.edu", "/\x7f"])
def test_signing_in_goes_nowhere_that_is_no_address(anna: FlaskClient, to: str) -> None:
    assert sign_in(anna, to) == "/"


@pytest.mark.parametrize("file", [DEEP, "[" * 900 + "]" * 900, HALF, HALF.replace("ud800", "u0000")])
def test_a_file_of_mappings_that_is_made_to_fail_is_refused(anna: FlaskClient, file: str) -> None:
    status, said = post(anna, "/mappings/import", file=file)
    assert (status, "The file" in said) == (409, True)


def test_a_rule_that_is_a_tree_is_refused_by_its_line(anna: FlaskClient) -> None:
    tree: list[object] = []
    for _ in range(300):
        tree = [tree]
    line = {"site": "a", "course": "b", "instance": "c", "kura_course": "d", "mode": tree}
    assert post(anna, "/mappings/import", file=json.dumps([line]))[0] == 200


def test_a_file_of_the_plugin_that_is_made_to_fail_is_refused(anna: FlaskClient) -> None:
    status, said = post(anna, "/connections/sites/new", file=DEEP)
    assert (status, "not JSON" in said) == (409, True)


def test_days_that_are_too_many_to_count_are_refused(anna: FlaskClient) -> None:
    status, said = post(anna, "/accounts/keys", name="lab", role="viewer", days=LONG)
    assert (status, "Days are a whole number" in said) == (409, True)


def test_numbers_that_are_too_long_name_no_course(sqlite_kit: Kit, clock: SetClock) -> None:
    accounts.add(sqlite_kit, "anna", "admin", GOOD, "cli:root")
    with world(sqlite_kit, clock):
        client = console_at(sqlite_kit).test_client()
        sign_in(client)
        assert post(client, "/mappings/new", moodle=f"uni:{LONG}", kuracloud="kura:1")[0] == 404
        assert post(client, "/mappings/new", moodle="uni:2", kuracloud=f"kura:{LONG}")[0] == 404
        for path in (f"/mappings/1/grades?column={LONG}-1", f"/mappings/1/grades?column=1-{LONG}"):
            assert client.get(path).status_code == 409, path
        assert client.get(f"/queues?after={LONG}-roster").status_code == 409
        line = f"site,course,instance,kura_course\nuni,{LONG},kura,{LONG}\n"
        status, said = post(client, "/mappings/import", file=line)
        assert (status, "has no course" in said) == (200, True)


def test_a_word_without_end_takes_no_time(anna: FlaskClient) -> None:
    """What is not there is named in the sentence that says so, and that sentence is searched for commands."""
    before = time.monotonic()
    status, said = post(anna, "/events/all/replay", site="a" * 100_000)
    assert (status, "There is no site called" in said) == (404, True)
    assert time.monotonic() - before < 5


def test_a_site_may_have_any_name_and_is_heard(sqlite_kit: Kit) -> None:
    """Names of sites stand where pages of the console might."""
    routes = console_at(sqlite_kit).url_map.bind("localhost")
    taken = {rule.rule.split("/")[2] for rule in routes.map.iter_rules() if rule.rule.count("/") == 2}
    for name in {*(each for each in taken if each and "<" not in each), "uni"}:
        assert routes.match(f"/events/{name}", "POST")[0] == "events.signed"
        assert routes.match(f"/courses/{name}", "POST")[0] == "courses.answer"


def test_the_largest_number_names_no_row_of_the_audit(anna: FlaskClient) -> None:
    assert anna.get(f"/audit/{2**63 - 1}").status_code == 404


def test_a_file_of_rows_is_not_begun_where_it_cannot_be_read(kit: Kit) -> None:
    """PostgreSQL finds out when it reads the first row: by then the answer was half sent."""
    visitor = visiting(kit, "viewer")
    answer = visitor.client.get("/audit/export?mapping=999999999999999999")
    assert (answer.status_code, answer.text) == (200, "") if kit.database.is_sqlite else answer.status_code == 404
