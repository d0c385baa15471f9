"""Signing in to the console, and what keeps forged and foreign requests out."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.kit import Kit
from app.setup import accounts
from app.web import create_app
from tests.conftest import SetClock
from tests.visiting import console_at, visiting

pytestmark = pytest.mark.usefixtures("quick_hashes")

GOOD = "correct horse battery"


@pytest.fixture
def client(sqlite_kit: Kit) -> FlaskClient:
    accounts.add(sqlite_kit, "anna", "admin", GOOD, "cli:root")
    return console_at(sqlite_kit).test_client()


def token(client: FlaskClient, path: str = "/sign-in", at: str | None = None) -> str:
    found = re.search(r'name="csrf_token" value="([^"]+)"', client.get(path, base_url=at).text)
    assert found
    return found[1]


def sign_in(client: FlaskClient, password: str = GOOD, **more: str) -> TestResponse:
    form = {"csrf_token": token(client), "name": "anna", "password": password, "to": "/", **more}
    return client.post("/sign-in", data=form)


def test_whoever_is_not_signed_in_is_asked_to_and_then_brought_where_they_wanted(client: FlaskClient) -> None:
    asked = client.get("/runs?kind=roster")
    assert asked.status_code == 302
    form = client.get(asked.location).text
    wanted = re.search(r'name="to" value="([^"]*)"', form)
    assert wanted
    answer = sign_in(client, to=wanted[1])
    assert (answer.status_code, answer.location) == (303, "/runs?kind=roster")
    assert client.get("/").status_code == 200


@pytest.mark.parametrize(
    "to", ["https://evil.example.edu/", "//evil.example.edu", "/\\evil.example.edu", "javascript:x", "", "runs"]
)
def test_nobody_is_brought_to_another_site(client: FlaskClient, to: str) -> None:
    assert sign_in(client, to=to).location == "/"


def test_a_wrong_password_is_said_and_the_name_kept(client: FlaskClient) -> None:
    answer = sign_in(client, "wrong")
    assert answer.status_code == 403
    assert accounts.WRONG in answer.text
    assert 'value="anna"' in answer.text
    assert 'value="wrong"' not in answer.text
    assert client.get("/").status_code == 302


def test_the_cookie_is_for_this_site_alone_and_scripts_cannot_read_it(client: FlaskClient) -> None:
    cookie = sign_in(client).headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Secure" not in cookie


def test_where_the_console_is_reached_by_https_the_cookie_goes_by_https_alone(sqlite_kit: Kit) -> None:
    accounts.add(sqlite_kit, "anna", "admin", GOOD, "cli:root")
    settings = replace(sqlite_kit.settings, public_url="https://kurasync.example.edu")
    client = create_app(replace(sqlite_kit, settings=settings)).test_client()
    assert "Secure" in client.get("/sign-in").headers["Set-Cookie"]


def test_the_session_of_before_is_not_the_one_of_after(client: FlaskClient) -> None:
    before = token(client)
    sign_in(client)
    answer = client.post("/sign-out", data={"csrf_token": before})
    assert answer.status_code == 400


def test_signing_out_ends_the_session_also_for_who_kept_the_cookie(client: FlaskClient) -> None:
    sign_in(client)
    kept = client.get_cookie("kurasync")
    assert kept
    answer = client.post("/sign-out", data={"csrf_token": token(client, "/account")})
    assert (answer.status_code, answer.location) == (303, "/sign-in")
    client.set_cookie("kurasync", kept.value)
    assert client.get("/").status_code == 302


def test_after_a_long_pause_one_has_to_sign_in_again(sqlite_kit: Kit, clock: SetClock) -> None:
    visitor = visiting(sqlite_kit)
    visitor.get("/")
    clock.advance(sqlite_kit.settings.session_idle + 1)
    assert "/sign-in" in visitor.get("/", status=302).location


def test_who_presses_after_the_session_ended_is_told_that_nothing_was_done(sqlite_kit: Kit, clock: SetClock) -> None:
    visitor = visiting(sqlite_kit)
    sent = {"csrf_token": token(visitor.client, "/account")}
    clock.advance(sqlite_kit.settings.session_idle + 1)
    shown = visitor.client.post("/doctor", data=sent, follow_redirects=True).text
    assert "You are not signed in any more, and nothing was done" in shown
    assert "nothing was done" not in visitor.client.get("/sign-in").text


def test_a_page_that_renews_itself_keeps_nobody_signed_in(sqlite_kit: Kit, clock: SetClock) -> None:
    visitor, idle = visiting(sqlite_kit), sqlite_kit.settings.session_idle
    clock.advance(idle - 100)
    assert visitor.client.get("/", headers={"X-By-Itself": "yes"}).status_code == 200
    clock.advance(101)
    assert "/sign-in" in visitor.get("/", status=302).location


def test_behind_a_proxy_with_tls_only_forms_of_the_same_address_are_taken(client: FlaskClient) -> None:
    at = "https://kurasync.example.edu"
    form = {"csrf_token": token(client, at=at), "name": "anna", "password": GOOD}
    for referrer, status in (("https://evil.example.edu/", 400), (None, 400), (f"{at}/sign-in", 303)):
        headers = {"Referer": referrer} if referrer else {}
        assert client.post("/sign-in", base_url=at, data=form, headers=headers).status_code == status


@pytest.mark.parametrize("path", ["/sign-in", "/sign-out", "/account", "/accounts/users", "/connections/sites/new"])
def test_a_post_without_the_token_of_its_page_is_refused(sqlite_kit: Kit, path: str) -> None:
    visitor = visiting(sqlite_kit)
    for form in ({}, {"csrf_token": "forged"}):
        answer = visitor.client.post(path, data={"name": "eva", "password": GOOD, "role": "admin", **form})
        assert answer.status_code == 400
        assert "did not come from here" in answer.text
    assert [each.name for each in accounts.every(sqlite_kit)] == ["admin"]


def test_somebody_elses_token_is_no_use(sqlite_kit: Kit, client: FlaskClient) -> None:
    visitor, stranger = visiting(sqlite_kit), token(client)
    answer = visitor.client.post("/sign-out", data={"csrf_token": stranger})
    assert answer.status_code == 400


@pytest.mark.parametrize("path", ["/sign-in", "/", "/static/console.css", "/nowhere", "/api/v1/runs", "/healthz"])
def test_every_answer_forbids_framing_guessing_and_what_comes_from_elsewhere(client: FlaskClient, path: str) -> None:
    headers = client.get(path, buffered=True).headers
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"


def test_no_page_is_kept_by_browsers(sqlite_kit: Kit) -> None:
    assert visiting(sqlite_kit).get("/").headers["Cache-Control"] == "no-store"


def test_ones_own_password_is_changed(client: FlaskClient) -> None:
    sign_in(client)
    form = {"csrf_token": token(client, "/account"), "old": GOOD, "new": "another horse entirely"}
    answer = client.post("/account", data={**form, "again": "another horse entirly"})
    assert answer.status_code == 409
    assert "typed differently" in answer.text
    assert client.post("/account", data={**form, "old": "wrong", "again": form["new"]}).status_code == 409
    answer = client.post("/account", data={**form, "again": form["new"]})
    assert answer.status_code == 303
    assert "Your password is changed" in client.get("/account").text
    assert sign_in(client.application.test_client(), "another horse entirely").status_code == 303


def test_a_browser_at_an_unknown_address_gets_a_page_and_a_program_a_problem(client: FlaskClient) -> None:
    page = client.get("/nowhere", headers={"Accept": "text/html,*/*"})
    assert (page.status_code, page.mimetype) == (404, "text/html")
    assert client.get("/nowhere").mimetype == "application/problem+json"
    assert client.get("/api/v1/nowhere", headers={"Accept": "text/html"}).mimetype == "application/problem+json"


def test_without_a_database_there_is_a_page_that_says_so(sqlite_kit: Kit) -> None:
    visitor = visiting(sqlite_kit)
    with sqlite_kit.database.transaction() as tx:
        tx.exec_driver_sql("ALTER TABLE sessions RENAME TO away")
    page = visitor.get("/", status=503)
    assert "database cannot be used" in page.text


def test_where_nobody_has_an_account_the_form_says_how_to_make_one(sqlite_kit: Kit) -> None:
    client = console_at(sqlite_kit).test_client()
    assert "kurasync user add" in client.get("/sign-in").text
    accounts.add(sqlite_kit, "anna", "admin", GOOD, "cli:root")
    assert "kurasync user add" not in client.get("/sign-in").text
