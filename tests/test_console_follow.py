"""In a browser: what happened is followed from page to page, and an event is replayed."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from app.planning.roles import Principal
from app.setup import tasks
from app.store import runs
from tests.browser import Console, Visit, picture, violations
from tests.fixtures_processes import wait_until
from tests.tracing import ANA, deliver

pytestmark = pytest.mark.browser

PAGES = (
    "/events",
    "/events/1",
    "/runs",
    "/runs/1",
    "/queues",
    "/dead",
    "/audit",
    "/audit/1",
    "/audit/verified/1",
    "/trace?event=1",
    "/alerts",
    "/doctor",
    "/doctor/2",
)


def ended(console: Console) -> int:
    """How many runs have ended."""
    with console.kit.database.reading() as tx:
        return len([run for run in runs.search(tx) if run.ended_at is not None])


def is_done(console: Console, number: int) -> bool:
    return tasks.found(console.kit, number, Principal("user:anna", "admin")).state == "done"


@pytest.fixture
def ana(console: Console) -> int:
    """Ana came, Moodle said so (event 1), and a run added her (run 1); her Moodle user id."""
    userid = console.world.enrol("Ana", "Lee", email=ANA)
    deliver(console.world, "user_enrolment_created", userid)
    wait_until(lambda: ended(console) == 1)
    return userid


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


@pytest.mark.parametrize(("theme", "phone"), [("light", False), ("dark", True)], ids=["light-desk", "dark-phone"])
def test_every_page_can_be_read_and_used_by_everybody(
    console: Console, ana: int, visit: Visit, theme: str, phone: bool
) -> None:
    looks = [tasks.ask(console.kit, kind, None, "user:anna") for kind in (tasks.AUDIT_CHECK, tasks.DOCTOR)]
    wait_until(lambda: all(is_done(console, number) for number in looks))
    page = visit("/alerts", theme=theme, phone=phone)
    for path in PAGES:
        page.goto(console.url + path)
        picture(page, f"{path}-{theme}")
        assert (path, violations(page)) == (path, [])
        assert (path, page.evaluate("document.documentElement.scrollWidth <= innerWidth")) == (path, True)


def test_an_event_is_replayed_and_the_page_shows_the_run_by_itself(console: Console, ana: int, visit: Visit) -> None:
    page = visit("/events", role="operator")
    page.get_by_role("link", name="user_enrolment_created").click()
    expect(page.locator("#looked tbody tr")).to_have_count(1)
    console.worker.stop()
    page.get_by_role("link", name="Replay").click()
    expect(page.locator("main")).to_contain_text("The students of Physiology 1 are looked at now.")
    press(page, "Replay")
    expect(page.get_by_role("status")).to_have_text("1 event asked for 1 look.")
    console.worker.start()
    expect(page.locator("#looked tbody tr")).to_have_count(2, timeout=15_000)


def test_a_trace_is_followed_from_an_event_to_its_run_and_its_audit(console: Console, ana: int, visit: Visit) -> None:
    page = visit("/events/1", role="viewer")
    page.get_by_role("link", name="Trace", exact=True).last.click()
    expect(page.locator("main")).to_contain_text("add and invite Ana Lee")
    page.get_by_role("link", name="run 1", exact=True).first.click()
    expect(page).to_have_url(re.compile(r"/runs/1$"))
    page.get_by_role("link", name="Audit", exact=True).last.click()
    page.locator('a[href="/audit/1"]').click()
    expect(page.locator("main")).to_contain_text(ANA)


def test_without_scripts_a_person_is_traced_by_an_address_that_stays_out_of_the_address_bar(
    console: Console, ana: int, visit: Visit
) -> None:
    page = visit("/trace", role="operator", script=False)
    page.get_by_label("Address that somebody has or had").fill(ANA)
    page.get_by_role("form", name="By e-mail address").get_by_role("button").click()
    expect(page.locator("main")).to_contain_text(f"Moodle user {ana} of uni: Ana Lee")
    assert page.url == console.url + "/trace"
