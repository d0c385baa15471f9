"""The console in a browser: every page can be read and used by everybody, in both themes, on a phone and on a desk."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page

from tests.browser import Console, Visit, picture, violations

pytestmark = pytest.mark.browser

PAGES = (
    "/",
    "/account",
    "/connections",
    "/connections/sites/uni",
    "/connections/sites/uni/remove",
    "/connections/sites/uni/secrets/1/end",
    "/connections/sites/new",
    "/connections/instances/kura",
    "/connections/instances/kura/courses",
    "/connections/instances/new",
    "/accounts",
    "/accounts/users/anna",
    "/nowhere",
)


@pytest.mark.parametrize(("theme", "phone"), [("light", False), ("dark", True)], ids=["light-desk", "dark-phone"])
def test_every_page_can_be_read_and_used_by_everybody(console: Console, visit: Visit, theme: str, phone: bool) -> None:
    page = visit("/sign-in", role=None, theme=theme, phone=phone)
    assert violations(page) == []
    page = visit("/", theme=theme, phone=phone)
    for path in PAGES:
        page.goto(console.url + path)
        picture(page, f"{path}-{theme}")
        assert (path, violations(page)) == (path, [])
        assert (path, _is_within(page)) == (path, True)


def _is_within(page: Page) -> bool:
    """Nothing sticks out at the side."""
    return bool(page.evaluate("() => document.documentElement.scrollWidth <= innerWidth"))
