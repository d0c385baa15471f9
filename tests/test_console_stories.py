"""The console in a browser: signing in and out, what is refused, and what a little script adds."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from app.setup import accounts
from app.store.tables import sessions
from tests.a_day import live_through
from tests.browser import NAMES, PASSWORD, Console, Visit, picture, violations

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("quick_hashes")]


def sign_in(page: Page, password: str = PASSWORD) -> None:
    page.fill("[name=name]", NAMES["admin"])
    page.fill("[name=password]", password)
    page.click("main button")


@pytest.mark.parametrize("script", [True, False], ids=["script", "no-script"])
def test_somebody_signs_in_looks_around_and_signs_out(console: Console, visit: Visit, script: bool) -> None:
    console.user("admin", PASSWORD)
    page = visit("/connections", role=None, script=script)
    assert page.inner_text("h1") == "Sign in"
    sign_in(page)
    assert page.inner_text("h1") == "Connections"
    page.click("nav >> text=Overview")
    assert "All is well" in page.inner_text("main")
    page.click("nav >> text=Sign out")
    assert "You are signed out" in page.inner_text("main")
    page.go_back()
    page.goto(console.url + "/")
    assert page.inner_text("h1") == "Sign in"


def test_a_wrong_password_is_said_and_after_five_the_right_one_has_to_wait(console: Console, visit: Visit) -> None:
    console.user("admin", PASSWORD)
    page = visit("/sign-in", role=None)
    for _ in range(accounts.TRIES):
        sign_in(page, "wrong")
        assert page.inner_text("[role=alert]") == accounts.WRONG
    assert violations(page) == []
    sign_in(page)
    assert page.inner_text("[role=alert]") == accounts.WRONG


def test_a_session_that_ended_asks_to_sign_in_and_goes_on_where_one_was(console: Console, visit: Visit) -> None:
    console.user("admin", PASSWORD)
    page = visit("/connections")
    with console.kit.database.transaction() as tx:
        tx.execute(sessions.delete())
    page.click("text=Add a kuraCloud instance")
    assert page.inner_text("h1") == "Sign in"
    sign_in(page)
    assert page.inner_text("h1") == "Add a kuraCloud instance"


def test_a_viewer_is_offered_nothing_that_changes_and_may_not_go_there(console: Console, visit: Visit) -> None:
    page = visit("/connections/sites/uni", role="viewer")
    assert page.locator("main form, main button").count() == 0
    assert "Accounts" not in page.inner_text("nav")
    page.goto(console.url + "/accounts")
    assert page.inner_text("h1") == "Not allowed"
    assert violations(page) == []


@pytest.mark.parametrize("script", [True, False], ids=["script", "no-script"])
def test_an_administrator_connects_an_instance_and_never_sees_its_token(
    console: Console, visit: Visit, script: bool
) -> None:
    page = visit("/connections/instances/new", script=script)
    page.fill("[name=name]", "second")
    page.fill("[name=url]", console.world.kura.url)
    page.fill("[name=token]", "mistyped")
    page.click("main button")
    assert "Nothing was saved" in page.inner_text("[role=alert]")
    assert page.input_value("[name=name]") == "second"
    assert page.input_value("[name=token]") == ""
    page.fill("[name=token]", "a token of its own")
    console.world.kura.token = "a token of its own"
    page.click("main button")
    assert "Added second" in page.inner_text("main")
    assert "a token of its own" not in page.content()


def test_a_new_secret_is_shown_once(console: Console, visit: Visit) -> None:
    page = visit("/connections/sites/uni")
    page.click("text=Make another secret")
    secret = page.inner_text("code.secret")
    assert re.fullmatch(r"whsec_\w+", secret)
    assert violations(page) == []
    page.click("text=I have copied it")
    assert page.inner_text("h1") == "uni"
    assert secret not in page.content()


def test_a_key_is_shown_once_and_then_removed_after_asking(console: Console, visit: Visit) -> None:
    page = visit("/accounts")
    page.fill("#f-key-name", "gradebook")
    page.click("text=Make the key")
    assert page.inner_text("code.secret").startswith("kurasync_")
    page.click("text=I have copied it")
    page.click("table >> text=Remove")
    page.click("text=Cancel")
    page.click("table >> text=Remove")
    page.click("main button:has-text('Remove')")
    assert "Removed the key gradebook" in page.inner_text("main")


def test_a_day_is_shown_in_charts_that_can_be_read_as_tables(console: Console, visit: Visit) -> None:
    with console.kit.database.transaction() as tx:
        now = console.kit.database.now(tx)
        live_through(tx, now, console.world.site_id, console.world.mapping_id)
    page = visit("/")
    assert violations(page) == []
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
        picture(page, f"a day {theme}")
    page.click("figure >> nth=0 >> summary")
    assert "last hour" in page.inner_text("figure >> nth=0 >> table")
    phone = visit("/", phone=True, theme="dark")
    assert phone.evaluate("() => document.documentElement.scrollWidth <= innerWidth")


def test_the_overview_renews_itself_and_the_menu_with_it(console: Console, visit: Visit) -> None:
    page = visit("/")
    page.evaluate("() => { document.querySelector('h1').dataset.kept = 'yes' }")
    with console.kit.database.transaction() as tx:
        now = console.kit.database.now(tx)
        live_through(tx, now, console.world.site_id, console.world.mapping_id)
    page.wait_for_selector("text=the oldest for 8 hours")
    assert page.get_attribute("h1", "data-kept") == "yes"
    assert page.inner_text("nav .count").startswith("1")


def test_what_has_not_changed_is_left_alone_when_the_page_renews_itself(console: Console, visit: Visit) -> None:
    page = visit("/")
    page.evaluate("() => { window.kept = document.querySelector('#overview table'); overview.dataset.live = '1' }")
    for _ in range(2):
        page.wait_for_event("response", lambda answer: "x-by-itself" in answer.request.headers)
    page.wait_for_timeout(100)
    assert page.evaluate("() => window.kept.isConnected")


def test_times_are_shown_where_the_reader_is(console: Console, visit: Visit) -> None:
    shown = visit("/accounts").locator("td time").first
    at = shown.get_attribute("datetime")
    assert at is not None
    assert at.endswith("+00:00")
    in_auckland = shown.evaluate(
        "(it) => new Date(it.dateTime).toLocaleString('en-GB', {timeZone: 'Pacific/Auckland', timeStyle: 'medium'})"
    )
    assert in_auckland in shown.inner_text()


def test_the_menu_of_a_phone_opens_without_a_script(console: Console, visit: Visit) -> None:
    page = visit("/", phone=True, script=False)
    assert not page.is_visible("#menu")
    page.click("text=Menu")
    page.click("#menu >> text=Connections")
    assert page.inner_text("h1") == "Connections"


def test_everything_is_reached_by_the_keyboard_beginning_with_the_content(console: Console, visit: Visit) -> None:
    page = visit("/connections")
    page.keyboard.press("Tab")
    assert page.evaluate("() => document.activeElement.textContent") == "Skip to the content"
    page.keyboard.press("Enter")
    assert page.evaluate("() => document.activeElement.id") == "main"
    page.keyboard.press("Tab")
    assert page.evaluate("() => document.activeElement.textContent.trim()") == "Add a Moodle site"
