"""People and clocks want work through one door."""

from __future__ import annotations

import pytest

from app.errors import NotFound
from app.kit import Kit
from app.sync.ask import ask, ask_many
from tests.conftest import START, SetClock
from tests.receiving import Door, open_door


@pytest.fixture
def door(kit: Kit) -> Door:
    return open_door(kit)


def test_what_a_person_asks_for_is_due_at_once(door: Door) -> None:
    assert ask(door.kit, door.mapping[8], "roster") == 1
    row = door.row(8)
    assert row is not None
    assert (row.wanted, row.due_at) == (1, START)


def test_asking_again_is_another_generation(door: Door) -> None:
    ask(door.kit, door.mapping[8], "grades")
    assert ask(door.kit, door.mapping[8], "grades") == 2


def test_what_a_clock_asks_for_settles_like_an_event(door: Door) -> None:
    assert ask_many(door.kit, list(door.mapping.values()), "roster") == dict.fromkeys(door.mapping.values(), 1)
    row = door.row(9)
    assert row is not None
    assert row.due_at == START + door.kit.settings.quiet


def test_an_urgent_wish_pulls_a_waiting_one_forward(door: Door, clock: SetClock) -> None:
    ask(door.kit, door.mapping[8], "roster", urgent=False)
    clock.advance(0.1)
    ask(door.kit, door.mapping[8], "roster")
    row = door.row(8)
    assert row is not None
    assert row.due_at == clock()


def test_there_is_no_work_on_a_mapping_that_is_not_there(door: Door) -> None:
    with pytest.raises(NotFound, match="no mapping 4711"):
        ask_many(door.kit, [door.mapping[8], 4711], "roster")
    assert door.wanted(8) == 0


def test_asking_for_nothing_is_fine(door: Door) -> None:
    assert ask_many(door.kit, [], "roster") == {}
