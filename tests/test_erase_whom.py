"""Whom a number or an e-mail address means: one person, several, or nobody."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from app.errors import NotFound, Refused
from app.kit import Kit
from app.setup import erasing, whom
from app.setup.stored import stored
from app.setup.whom import Person
from app.store import audit, links, runs, worklist
from app.store.links import NewLink
from app.store.people import Student, User
from tests.conftest import SetClock
from tests.courses import mapped, wanted
from tests.people import HAND_ADDED, HER, HERS, HIM, HIS, Planted, plant, where

ANA, BO = "ana@example.edu", "bo@example.edu"


@pytest.fixture
def planted(sqlite_kit: Kit) -> Planted:
    return plant(sqlite_kit)


def _at(kit: Kit, address: str, *, everyone: bool = False) -> Person:
    with kit.database.reading() as tx:
        return whom.by_address(tx, address, everyone=everyone)


def _link(kit: Kit, mapping_id: int, userid: int, studentid: int, address: str) -> None:
    with kit.database.transaction() as tx:
        links.create(tx, 0.0, mapping_id, [NewLink(userid, studentid, address, {})])


def _planned(kit: Kit, clock: Callable[[], float], mapping_id: int, **plan: list[dict[str, Any]]) -> None:
    """A run whose plan was this."""
    wanted(kit, mapping_id)
    with kit.database.transaction() as tx:
        claim = worklist.claim(tx, clock(), mapping_id, "roster", "host:1:0:0", 60.0, 9)
        assert claim is not None
        runs.end(tx, clock(), claim.run_id, "done", "", "", plan=plan)
        worklist.release(tx, clock(), claim, worklist.Done())


@pytest.mark.parametrize("address", [HERS[2], HERS[3], f"  {HERS[2].upper()} "])
def test_an_address_of_now_or_before_however_it_is_spelled_means_her(planted: Planted, address: str) -> None:
    found = _at(planted.kit, address, everyone=True)
    assert User(planted.site_id, HER) in found.users
    assert Student(planted.mapping_ids[0], HAND_ADDED) in found.students


def test_an_address_nobody_had_means_nobody(planted: Planted) -> None:
    found = _at(planted.kit, "nobody@example.edu")
    with planted.kit.database.reading() as tx:
        assert not any(stored(tx, found).counts.values())


def test_what_is_no_address_is_refused(planted: Planted) -> None:
    with pytest.raises(Refused, match="no e-mail address"):
        _at(planted.kit, "Quetzalcoatl")


@pytest.mark.parametrize("text", ["17", "uni", "uni:", "uni:x", ":17", "elsewhere:17"])
def test_what_names_no_user_is_said(planted: Planted, text: str) -> None:
    with planted.kit.database.reading() as tx, pytest.raises(NotFound):
        whom.numbered(tx, text)


def test_two_people_with_one_address_are_told_apart_by_their_numbers(sqlite_kit: Kit) -> None:
    first, second = mapped(sqlite_kit, 2)
    _link(sqlite_kit, first, 5, 51, ANA)
    _link(sqlite_kit, second, 6, 61, ANA)
    with pytest.raises(Refused, match=r"Several Moodle users have or had this address: uni:5, uni:6") as refused:
        _at(sqlite_kit, ANA)
    assert refused.value.reason == "several_people"
    assert ANA not in refused.value.message
    with sqlite_kit.database.reading() as tx:
        ana = whom.by_user(tx, [User(1, 5)])
    erasing.erase(sqlite_kit, ana, "cli:tester", force=True)
    with sqlite_kit.database.reading() as tx:
        assert [link.email for link in links.active(tx, second)] == [ANA]
        assert [link.email for link in links.active(tx, first)] != [ANA]


def test_a_person_in_two_sites_and_several_mappings_is_erased_at_once(sqlite_kit: Kit) -> None:
    first, second = mapped(sqlite_kit, 2)
    (third,) = mapped(sqlite_kit, 1, name="medical")
    for mapping_id, userid in ((first, 5), (second, 5), (third, 90)):
        _link(sqlite_kit, mapping_id, userid, 51, ANA)
    person = _at(sqlite_kit, ANA, everyone=True)
    assert person.users == {User(1, 5), User(2, 90)}
    erasing.erase(sqlite_kit, person, "cli:tester", force=True)
    assert where(sqlite_kit, (ANA,)) == []


def test_the_same_number_at_another_site_is_somebody_else(sqlite_kit: Kit) -> None:
    (first,) = mapped(sqlite_kit)
    (other,) = mapped(sqlite_kit, 1, name="medical")
    _link(sqlite_kit, first, 5, 51, ANA)
    _link(sqlite_kit, other, 5, 51, BO)
    erasing.erase(sqlite_kit, _at(sqlite_kit, ANA), "cli:tester", force=True)
    assert (where(sqlite_kit, (ANA,)), where(sqlite_kit, (BO,))) == ([], ["links.email"])


def test_an_address_known_from_nothing_but_a_plan_finds_a_student_added_by_hand(
    sqlite_kit: Kit, clock: SetClock
) -> None:
    (mapping_id,) = mapped(sqlite_kit)
    removal = {"action": "remove_unmanaged", "studentid": 77, "email": ANA, "who": "Ana Lee"}
    conflict = {
        "conflict": "several_students",
        "message": "Several students have the address.",
        "userids": [],
        "studentids": [77, 78],
        "who": ["Ana Lee", "Bo Chen"],
        "names": {"users": {}, "students": {"77": "Ana Lee", "78": "Bo Chen"}},
    }
    _planned(sqlite_kit, clock, mapping_id, held=[removal], conflicts=[conflict])
    person = _at(sqlite_kit, ANA)
    assert (person.users, person.students) == (frozenset(), {Student(mapping_id, 77)})
    erasing.erase(sqlite_kit, person, "cli:tester", force=True)
    assert where(sqlite_kit, (ANA, "Ana Lee")) == []
    assert where(sqlite_kit, ("Bo Chen",)) == ["runs.plan"]


def test_a_student_that_was_handed_on_is_the_one_who_has_it_now(sqlite_kit: Kit) -> None:
    (mapping_id,) = mapped(sqlite_kit)
    _link(sqlite_kit, mapping_id, 5, 51, ANA)
    with sqlite_kit.database.transaction() as tx:
        links.end(tx, 1.0, mapping_id, [51], "merged")
    _link(sqlite_kit, mapping_id, 6, 51, BO)
    with sqlite_kit.database.reading() as tx:
        assert whom.by_user(tx, [User(1, 5)]).students == frozenset()
        assert whom.by_user(tx, [User(1, 6)]).students == {Student(mapping_id, 51)}


def test_a_student_by_hand_whose_address_another_user_has_is_not_taken_for_hers(
    sqlite_kit: Kit, clock: SetClock
) -> None:
    (mapping_id,) = mapped(sqlite_kit)
    _link(sqlite_kit, mapping_id, 5, 51, ANA)
    with sqlite_kit.database.transaction() as tx:
        links.end(tx, 1.0, mapping_id, [51], "removed")
    _link(sqlite_kit, mapping_id, 6, 61, ANA)
    _planned(
        sqlite_kit, clock, mapping_id, held=[{"action": "remove_unmanaged", "studentid": 77, "email": ANA, "who": ""}]
    )
    with sqlite_kit.database.reading() as tx:
        assert whom.by_user(tx, [User(1, 5)]).students == {Student(mapping_id, 51)}


@pytest.mark.parametrize("mapped_still", [True, False])
def test_audit_rows_of_a_mapping_that_was_removed_are_found(sqlite_kit: Kit, mapped_still: bool) -> None:
    (mapping_id,) = mapped(sqlite_kit)
    with sqlite_kit.database.transaction() as tx:
        for number in (mapping_id, 99) if mapped_still else (99,):
            records = [{"userid": 5, "email": ANA, "given_name": "Ana"}]
            audit.begin(
                tx, 0.0, actor="a", system="s", operation="o", subject={"records": records}, mapping_id=number
            )
    erasing.erase(sqlite_kit, _at(sqlite_kit, ANA), "cli:tester", force=True)
    assert where(sqlite_kit, (ANA,)) == []


def test_the_address_in_a_merge_that_was_offered_is_the_leavers(sqlite_kit: Kit, clock: SetClock) -> None:
    (mapping_id,) = mapped(sqlite_kit)
    merge = {"action": "relink", "userid": 6, "studentid": 51, "leaver": 5, "email": ANA, "who": "Bo Chen"}
    _planned(sqlite_kit, clock, mapping_id, held=[merge])
    person = _at(sqlite_kit, ANA)
    assert person.users == {User(1, 5)}
    erasing.erase(sqlite_kit, person, "cli:tester", force=True)
    assert (where(sqlite_kit, (ANA,)), where(sqlite_kit, ("Bo Chen",))) == ([], ["runs.plan"])


def test_erasing_him_leaves_her(planted: Planted) -> None:
    before = planted.where(HERS)
    with planted.kit.database.reading() as tx:
        him = whom.by_user(tx, [User(planted.site_id, HIM)])
    erasing.erase(planted.kit, him, "cli:tester", force=True)
    assert planted.where(HIS) == []
    assert planted.where(HERS) == [each for each in before if each != "tasks.result"]  # previews go as a whole
