"""Actions have fingerprints: the same for the same action on the same people with the same risk."""

from __future__ import annotations

from dataclasses import replace

import pytest

from app.planning.actions import (
    Action,
    Add,
    Delete,
    Edit,
    EndLink,
    Link,
    Reinvite,
    Relink,
    RemoveUnmanaged,
    Restore,
    digest,
    fingerprint,
    set_digest,
    shown,
    studentids,
    userids,
)
from tests.planning_builders import profile

ACTIONS: list[Action] = [
    Link(1, 101, "a@example.edu"),
    Add(1, profile()),
    Edit(1, 101, (("section", "A", "B"),)),
    Restore(1, 101, "a@example.edu"),
    Delete(1, 101, "a@example.edu"),
    Reinvite(1, 101, "a@example.edu", profile(), 102),
    RemoveUnmanaged(101, "a@example.edu"),
    Relink(1, 101, 2, "a@example.edu"),
    EndLink(1, 101),
]


def _id(action: Action) -> str:
    return action.kind


def test_every_action_has_a_fingerprint_and_a_digest_of_its_own() -> None:
    prints = {fingerprint(each) for each in ACTIONS} | {digest(each) for each in ACTIONS}
    assert len(prints) == 2 * len(ACTIONS)
    assert {len(each) for each in prints} == {64}


@pytest.mark.parametrize("action", ACTIONS, ids=_id)
def test_an_equal_action_has_the_same_fingerprint(action: Action) -> None:
    assert fingerprint(replace(action)) == fingerprint(action)


def test_a_corrected_name_keeps_the_fingerprint_of_an_addition_and_changes_its_digest() -> None:
    before, after = Add(1, profile()), Add(1, profile(given_name="Anna", section="Lab"))
    assert fingerprint(before) == fingerprint(after)
    assert digest(before) != digest(after)


def test_another_address_changes_the_fingerprint_of_an_addition() -> None:
    assert fingerprint(Add(1, profile())) != fingerprint(Add(1, profile(email="new@example.edu")))


def test_an_edit_is_known_by_what_it_writes_not_by_what_it_replaces() -> None:
    edit = Edit(1, 101, (("section", "A", "B"),))
    assert fingerprint(edit) == fingerprint(Edit(1, 101, (("section", "C", "B"),)))
    assert fingerprint(edit) != fingerprint(Edit(1, 101, (("section", "A", "C"),)))
    assert fingerprint(edit) != fingerprint(Edit(1, 101, (("given_name", "A", "B"),)))


def test_a_re_invitation_is_known_by_the_new_address_and_by_whom_it_restores() -> None:
    action = Reinvite(1, 101, "old@example.edu", profile(), None)
    assert fingerprint(action) == fingerprint(replace(action, before="older@example.edu"))
    assert fingerprint(action) == fingerprint(replace(action, profile=profile(given_name="Anna")))
    assert fingerprint(action) != fingerprint(replace(action, profile=profile(email="new@example.edu")))
    assert fingerprint(action) != fingerprint(replace(action, restores=102))


def test_a_re_link_is_known_by_all_three_it_is_about() -> None:
    action = Relink(1, 101, 2, "a@example.edu")
    assert fingerprint(action) == fingerprint(replace(action, email="b@example.edu"))
    assert len({fingerprint(each) for each in (action, replace(action, leaver=3), replace(action, userid=4))}) == 3


def test_half_a_surrogate_pair_in_a_name_does_not_stop_a_digest() -> None:
    assert len(digest(Add(1, profile(given_name="\ud800")))) == 64


def test_a_set_has_one_digest_in_any_order_and_with_repeats() -> None:
    prints = [fingerprint(each) for each in ACTIONS]
    assert set_digest(prints) == set_digest([*reversed(prints), prints[0]])
    assert set_digest(prints) != set_digest(prints[1:])


@pytest.mark.parametrize("action", ACTIONS, ids=_id)
def test_an_action_is_shown_with_its_kind_and_everybody_it_touches(action: Action) -> None:
    told = shown(action)
    assert told["action"] == action.kind
    assert set(userids(action)) == {told[key] for key in ("userid", "leaver") if key in told}
    assert set(studentids(action)) == {told[key] for key in ("studentid", "restores") if told.get(key)}
