"""What people come for, done in a browser: mapping a course, reading a plan, deciding on a hold, and clicking twice."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from app.setup import mappings, tasks
from app.store import audit, holds
from tests.browser import Console, Visit, picture, violations

pytestmark = pytest.mark.browser

def read_plan(page: Page) -> None:
    """Wait for the plan: by itself with the script, by looking again without."""
    for _ in range(100):
        if page.get_by_role("button", name="Continue").count() or page.locator(".said.done").count():
            return
        page.wait_for_timeout(100)
        page.reload()
    raise AssertionError(page.inner_text("main"))


@pytest.mark.parametrize("script", [True, False], ids=["script", "no-script"])
def test_a_course_is_mapped_and_its_first_plan_read_and_carried_out(
    console: Console, visit: Visit, script: bool
) -> None:
    world = console.world
    course = world.moodle.create_course("Anatomy", "ANA1")
    world.kura.add_course("Anatomy", "ANA1", lmsEnabled=False)
    world.moodle.create_students(course, 2)
    page = visit("/mappings", script=script)
    page.get_by_role("link", name="Map a course").click()
    page.get_by_label("Moodle course").first.fill("anat")
    page.get_by_role("button", name="Search").click()
    picture(page, "mapping-new")
    page.get_by_role("button", name="Map these two Anatomy").click()
    expect(page.get_by_role("main")).to_contain_text("can no longer be edited there")
    picture(page, "mapping-ask")
    page.get_by_role("button", name="Map them").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Anatomy")
    page.get_by_role("button", name="Preview", exact=True).click()
    read_plan(page)
    picture(page, "plan")
    expect(page.get_by_role("main")).to_contain_text("2 to add and invite.")
    expect(page.get_by_role("main")).to_contain_text("The first plan of a mapping waits for approval.")
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("main")).to_contain_text("It is carried out now.")
    for _ in range(100):
        if "2 added" in page.inner_text("main"):
            break
        page.wait_for_timeout(100)
        page.reload()
    expect(page.get_by_role("main")).to_contain_text("2 added")
    picture(page, "mapping-after")


def test_a_second_click_on_continue_applies_nothing_twice(console: Console, visit: Visit) -> None:
    """Two clicks before the answer is there, in two tabs besides: the script is off, so that every click is sent."""
    world = console.world
    world.enrol("Ana")
    page = visit("/mappings/1", script=False)
    page.get_by_role("button", name="Preview", exact=True).click()
    read_plan(page)
    console.worker.stop()
    other = visit(page.url.removeprefix(console.url), script=False)
    page.get_by_role("button", name="Continue").dblclick()
    other.get_by_role("button", name="Continue").click()
    expect(other.get_by_role("main")).to_contain_text("It is being carried out already, once.")
    with console.kit.database.reading() as tx:
        assert len([each for each in audit.search(tx, operation="go_on") if each.phase == "begin"]) == 1
    console.worker.start()
    for _ in range(100):
        if world.emails():
            break
        page.wait_for_timeout(100)
    page.wait_for_timeout(300)
    assert world.writes() == [f"POST /v2/course/{world.kura_course}/student"]


def test_a_hold_is_read_and_approved(console: Console, visit: Visit) -> None:
    world = console.world
    users = [world.enrol(name) for name in ("Ana", "Ben")]
    assert world.sync().outcome == "done"
    world.moodle.unenrol(users[0], world.course)
    assert world.sync().outcome == "done"
    page = visit("/", role="operator")
    page.get_by_role("link", name="Holds").click()
    picture(page, "holds")
    page.get_by_role("link", name="1 to remove").click()
    expect(page.get_by_role("main")).to_contain_text("cannot prove that somebody left")
    assert violations(page) == []
    picture(page, "hold")
    page.get_by_role("button", name="Approve").click()
    expect(page.get_by_role("status").first).to_contain_text("Approved. It is carried out now.")
    for _ in range(100):
        if len(world.emails()) == 1:
            break
        page.wait_for_timeout(100)
    with console.kit.database.reading() as tx:
        (hold,) = holds.search(tx)
    assert (hold.decided_by, len(world.emails())) == ("user:olaf", 1)


def test_a_plan_comes_by_itself_when_it_is_ready(console: Console, visit: Visit) -> None:
    console.worker.stop()
    console.world.enrol("Ana")
    page = visit("/mappings/1", role="operator")
    page.get_by_role("button", name="Preview", exact=True).click()
    expect(page.get_by_role("main")).to_contain_text("Waiting for a worker.")
    console.worker.start()
    expect(page.get_by_role("button", name="Continue")).to_be_visible(timeout=15_000)


PAGES = (
    "/mappings",
    "/mappings/1",
    "/mappings/1/students",
    "/mappings/1/grades",
    "/mappings/1/rules",
    "/mappings/1/repoint",
    "/mappings/1/remove",
    "/mappings/new",
    "/mappings/files",
    "/holds",
    "/holds/1",
    "/tasks/1",
    "/tasks/2",
)


@pytest.mark.parametrize(("theme", "phone"), [("light", False), ("dark", True)], ids=["light-desk", "dark-phone"])
def test_every_page_of_mappings_and_holds_can_be_used_by_everybody(
    console: Console, visit: Visit, theme: str, phone: bool
) -> None:
    console.worker.stop()
    world = console.world
    users = [world.enrol(*name) for name in (("Ana", "Lee"), ("Ben", "Kim"), ("Cleo", "Ito"))]
    world.sync()
    world.moodle.unenrol(users[0], world.course)
    world.enrol("Dan", "Ode", email="user5@example.edu")
    world.enrol("Eve", "Uda")
    world.moodle.rename_user(users[2], firstname="Clio")
    world.sync()
    mappings.set_rules(console.kit, world.mapping_id, {"mode": "review"}, (), "test")
    world.enrol("Finn", "Abe")
    for kind in (tasks.ROSTER_PLAN, tasks.MAPPING_CHECK):
        tasks.do(console.kit, tasks.ask(console.kit, kind, world.mapping_id, "test"), "test:1:a:")
    page = visit("/mappings/1", theme=theme, phone=phone)
    for path in PAGES:
        page.goto(console.url + path)
        picture(page, f"{path}-{theme}{'-phone' if phone else ''}")
        assert (path, violations(page)) == (path, [])
        wide = page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
        assert (path, wide) == (path, True)
