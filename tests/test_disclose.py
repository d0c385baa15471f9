"""What is stored about a person, for the person."""

from __future__ import annotations

import json

import pytest

from app.kit import Kit
from app.setup import disclosing, whom
from app.store import audit
from app.store.people import User
from tests.people import HER, HERS, HIM, HIS, Planted, plant


@pytest.fixture
def planted(kit: Kit) -> Planted:
    return plant(kit)


def _told(planted: Planted, userid: int) -> tuple[dict[str, object], str]:
    with planted.kit.database.reading() as tx:
        person = whom.by_user(tx, [User(planted.site_id, userid)])
    told = disclosing.disclose(planted.kit, person, "cli:tester")
    return told, json.dumps(told, default=str, ensure_ascii=False)


def test_it_has_something_of_everything_that_is_stored(planted: Planted) -> None:
    told, text = _told(planted, HER)
    assert [mark for mark in HERS if mark not in text] == []
    assert {name for name, part in told.items() if not part} == {"exceptions"}
    assert told["person"] == [
        f"uni:{HER}",
        "student 1017 of mapping 1",
        "student 1099 of mapping 1",
        "student 2017 of mapping 2",
    ]


def test_nothing_in_it_is_about_anybody_else(planted: Planted) -> None:
    _, hers = _told(planted, HER)
    _, his = _told(planted, HIM)
    assert [mark for mark in HIS if mark in hers] == []
    assert [mark for mark in HERS if mark in his] == []


def test_that_it_was_asked_for_is_written_down_with_numbers(planted: Planted) -> None:
    _told(planted, HER)
    with planted.kit.database.reading() as tx:
        begin = audit.search(tx, operation=disclosing.OPERATION)[-1]
    assert (begin.actor, begin.subject["users"]) == ("cli:tester", [[planted.site_id, HER]])
    assert [mark for mark in HERS if mark in str(begin)] == []


def test_times_are_told_in_words_and_courses_by_name(planted: Planted) -> None:
    _, text = _told(planted, HER)
    assert '"moodle": "Physiology"' in text
    assert '"ended_at": "1970-01-01 00:00:02+00:00"' in text
