"""What is typed into addresses and forms of the console: what cannot be meant is a page with words, never an error."""

from __future__ import annotations

import pytest

from app.kit import Kit
from tests.visiting import Visitor, visiting


@pytest.fixture
def visitor(kit: Kit) -> Visitor:
    return visiting(kit, "viewer")


@pytest.mark.parametrize("number", ["99999999999", "999999999999999999", "99999999999999999999"])
def test_nothing_has_a_number_that_is_too_large(visitor: Visitor, number: str) -> None:
    for place in ("events", "runs", "audit", "holds", "mappings", "tasks", "doctor"):
        visitor.get(f"/{place}/{number}", 404)
    visitor.get("/trace", 404, event=number)


def test_a_list_of_what_is_not_there_is_empty_or_not_found(visitor: Visitor) -> None:
    for place in ("audit", "runs"):
        assert visitor.client.get(f"/{place}?mapping=999999999999999999").status_code in (200, 404)


@pytest.mark.parametrize("place", ["/events?site=", "/audit?actor=", "/trace?event=", "/dead?reason="])
def test_what_is_no_text_is_refused_with_words(visitor: Visitor, place: str) -> None:
    assert "There is something in it that is no text." in visitor.text(f"{place}%00x", 409)
