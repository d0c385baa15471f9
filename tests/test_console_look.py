"""The console in a browser: readable by everybody, in both themes, on a phone and on a desk."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page

from tests.browser import Visit, violations

pytestmark = pytest.mark.browser


def test_the_form_to_sign_in_can_be_used_by_everybody(visit: Visit) -> None:
    assert violations(visit("/sign-in", role=None)) == []


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("phone", [False, True], ids=["desk", "phone"])
@pytest.mark.parametrize("path", ["/", "/account"])
def test_a_page_can_be_used_by_everybody(visit: Visit, path: str, theme: str, phone: bool) -> None:
    page = visit(path, theme=theme, phone=phone)

    assert violations(page) == []
    assert is_within(page)


def is_within(page: Page) -> bool:
    """Nothing sticks out at the side."""
    return bool(page.evaluate("() => document.documentElement.scrollWidth <= innerWidth"))
