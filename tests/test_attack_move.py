"""Whoever says that Moodle moved has its stored token sent to an address: that is written down before it happens."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from app.errors import KurasyncError
from app.setup import sites
from app.store import audit
from sandbox.moodle.sim import SimMoodle
from tests.fixtures_desk import Desk


@pytest.fixture
def stranger() -> Iterator[SimMoodle]:
    with SimMoodle.serving() as made:
        yield made


def _tried(desk: Desk) -> list[tuple[str, dict[str, str]]]:
    with desk.kit.database.reading() as tx:
        rows = audit.search(tx, operation="try_address")
    return [(row.actor, dict(row.subject)) for row in rows if row.phase == "begin"]


def test_where_a_token_was_sent_is_in_the_audit_also_when_it_was_the_wrong_place(
    desk: Desk, stranger: SimMoodle
) -> None:
    desk.connect()
    with pytest.raises(KurasyncError):
        sites.move(desk.kit, "uni", stranger.url, "user:eve")
    assert _tried(desk) == [("user:eve", {"site": "uni", "to": stranger.url})]


@pytest.mark.parametrize("url", ["https://user:secret@moodle.example.edu", "http://moodle.example.edu", "nonsense"])
def test_what_is_no_address_is_neither_tried_nor_written_down(desk: Desk, url: str) -> None:
    desk.connect()
    with pytest.raises(KurasyncError):
        sites.move(desk.kit, "uni", url, "user:eve")
    assert _tried(desk) == []
