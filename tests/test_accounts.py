"""Accounts: who may sign in, and what keeps everybody else out (design.md 10)."""

from __future__ import annotations

import threading
import time

import pytest

from app.errors import NotFound, Refused
from app.kit import Kit
from app.setup import accounts
from app.store import audit, users
from app.store.users import User
from tests.conftest import SetClock

GOOD = "correct horse battery"
OTHER = "another horse entirely"


@pytest.fixture
def anna(quick_hashes: None, sqlite_kit: Kit) -> User:
    """The first user, who is an administrator."""
    return accounts.add(sqlite_kit, "anna", None, GOOD, "cli:root")


def is_in(kit: Kit, token: str) -> bool:
    return accounts.signed_in(kit, token) is not None


def let_in(kit: Kit, password: str = GOOD, name: str = "anna") -> bool:
    try:
        accounts.sign_in(kit, name, password)
    except Refused:
        return False
    return True


def fail(kit: Kit, times: int) -> None:
    for _ in range(times):
        assert not let_in(kit, "wrong")


def acts(kit: Kit) -> list[tuple[str, str]]:
    with kit.database.reading() as tx:
        return [(each.actor, each.operation) for each in audit.search(tx, limit=100) if each.phase == "begin"][::-1]


def test_the_first_user_is_an_administrator_and_later_ones_see_only(sqlite_kit: Kit, anna: User) -> None:
    assert anna.role == "admin"
    assert accounts.add(sqlite_kit, "bert", None, GOOD, "cli:root").role == "viewer"


def test_a_name_belongs_to_one_user(sqlite_kit: Kit, anna: User) -> None:
    with pytest.raises(Refused, match="a user anna already"):
        accounts.add(sqlite_kit, "anna", "viewer", GOOD, "cli:root")


@pytest.mark.parametrize("name", ["", "Anna", "a b", "a/b", "12"])
def test_a_name_is_plain(sqlite_kit: Kit, name: str) -> None:
    with pytest.raises(Refused, match="cannot be a name"):
        accounts.add(sqlite_kit, name, "viewer", GOOD, "cli:root")


@pytest.mark.parametrize(("password", "why"), [("eleven-char", "12 characters"), ("xx-Anna-xx-1", "made of the name")])
def test_a_password_is_long_and_not_the_name(sqlite_kit: Kit, password: str, why: str) -> None:
    with pytest.raises(Refused, match=why):
        accounts.add(sqlite_kit, "anna", "viewer", password, "cli:root")


def test_the_right_password_lets_in(sqlite_kit: Kit, anna: User) -> None:
    token = accounts.sign_in(sqlite_kit, "anna", GOOD)
    found = accounts.signed_in(sqlite_kit, token)
    assert found is not None
    assert accounts.principal(found).actor == "user:anna"
    assert not is_in(sqlite_kit, token + "x")


def test_whatever_was_wrong_is_said_in_the_same_words(sqlite_kit: Kit, anna: User) -> None:
    fail(sqlite_kit, accounts.TRIES)
    for name, password in (("anna", "wrong"), ("anna", GOOD), ("nobody", GOOD)):
        with pytest.raises(Refused) as refused:
            accounts.sign_in(sqlite_kit, name, password)
        assert refused.value.message == accounts.WRONG


def test_an_unknown_name_takes_as_long_as_a_known_one(sqlite_kit: Kit) -> None:
    accounts.add(sqlite_kit, "anna", None, GOOD, "cli:root")
    accounts._nobodys.cache_clear()
    let_in(sqlite_kit, "wrong", "nobody")  # makes the hash that nobody has, once
    known, unknown = (min(_seconds(sqlite_kit, name) for _ in range(3)) for name in ("anna", "nobody"))
    assert unknown > known / 3


def test_one_without_a_password_is_not_let_in_by_any(sqlite_kit: Kit) -> None:
    with sqlite_kit.database.transaction() as tx:
        users.add(tx, 0.0, name="vera", role="viewer", password=None)
    assert not let_in(sqlite_kit, "", "vera")
    assert not let_in(sqlite_kit, GOOD, "vera")


def test_after_five_wrong_passwords_the_right_one_has_to_wait(sqlite_kit: Kit, anna: User, clock: SetClock) -> None:
    fail(sqlite_kit, accounts.TRIES)
    assert not let_in(sqlite_kit)
    clock.advance(accounts.LOCK - 1)
    assert not let_in(sqlite_kit)
    clock.advance(2)
    assert let_in(sqlite_kit)
    assert ("kurasync", "lock_user") in acts(sqlite_kit)


def test_four_wrong_passwords_lock_nobody_out(sqlite_kit: Kit, anna: User) -> None:
    fail(sqlite_kit, accounts.TRIES - 1)
    assert let_in(sqlite_kit)


def test_being_let_in_forgets_the_wrong_ones(sqlite_kit: Kit, anna: User) -> None:
    fail(sqlite_kit, accounts.TRIES - 1)
    assert let_in(sqlite_kit)
    fail(sqlite_kit, accounts.TRIES - 1)
    assert let_in(sqlite_kit)


def test_each_further_wrong_password_locks_for_twice_as_long(sqlite_kit: Kit, anna: User, clock: SetClock) -> None:
    fail(sqlite_kit, accounts.TRIES)
    clock.advance(accounts.LOCK + 1)
    fail(sqlite_kit, 1)
    clock.advance(2 * accounts.LOCK - 1)
    assert not let_in(sqlite_kit)
    clock.advance(2)
    assert let_in(sqlite_kit)


def test_a_lock_never_lasts_longer_than_a_quarter_of_an_hour(sqlite_kit: Kit, anna: User, clock: SetClock) -> None:
    for _ in range(accounts.TRIES + 8):
        assert not let_in(sqlite_kit, "wrong")
        clock.advance(accounts.LONGEST_LOCK + 1)
    assert let_in(sqlite_kit)


def test_tries_while_it_is_locked_do_not_lock_for_longer(sqlite_kit: Kit, anna: User, clock: SetClock) -> None:
    fail(sqlite_kit, accounts.TRIES + 10)
    clock.advance(accounts.LOCK + 1)
    assert let_in(sqlite_kit)


def test_another_password_ends_a_lock_and_signs_out(sqlite_kit: Kit, anna: User) -> None:
    token = accounts.sign_in(sqlite_kit, "anna", GOOD)
    fail(sqlite_kit, accounts.TRIES)
    accounts.set_password(sqlite_kit, "anna", OTHER, "cli:root")
    assert not is_in(sqlite_kit, token)
    assert not let_in(sqlite_kit, GOOD)
    assert let_in(sqlite_kit, OTHER)


def test_ones_own_password_is_changed_by_the_old_one_alone(sqlite_kit: Kit, anna: User) -> None:
    elsewhere = accounts.sign_in(sqlite_kit, "anna", GOOD)
    with pytest.raises(Refused):
        accounts.change_own(sqlite_kit, "anna", "wrong", OTHER)
    here = accounts.change_own(sqlite_kit, "anna", GOOD, OTHER)
    assert is_in(sqlite_kit, here)
    assert not is_in(sqlite_kit, elsewhere)
    assert acts(sqlite_kit)[-2:] == [("user:anna", "set_password"), ("user:anna", "sign_in")]
    assert let_in(sqlite_kit, OTHER)


def test_a_weak_new_password_is_refused_before_the_old_one_is_tried(sqlite_kit: Kit, anna: User) -> None:
    with pytest.raises(Refused, match="12 characters"):
        accounts.change_own(sqlite_kit, "anna", GOOD, "short")
    assert let_in(sqlite_kit)


def test_trying_old_passwords_locks_as_signing_in_does(sqlite_kit: Kit, anna: User) -> None:
    for _ in range(accounts.TRIES):
        with pytest.raises(Refused):
            accounts.change_own(sqlite_kit, "anna", "wrong", OTHER)
    assert not let_in(sqlite_kit)


def test_nobody_is_signed_in_by_a_session_unused_for_too_long(sqlite_kit: Kit, anna: User, clock: SetClock) -> None:
    token = accounts.sign_in(sqlite_kit, "anna", GOOD)
    clock.advance(sqlite_kit.settings.session_idle - 1)
    assert is_in(sqlite_kit, token)
    clock.advance(sqlite_kit.settings.session_idle - 1)
    assert is_in(sqlite_kit, token)
    clock.advance(sqlite_kit.settings.session_idle + 1)
    assert not is_in(sqlite_kit, token)


def test_nobody_stays_signed_in_for_ever(sqlite_kit: Kit, anna: User, clock: SetClock) -> None:
    token, given = accounts.sign_in(sqlite_kit, "anna", GOOD), sqlite_kit.settings
    for _ in range(int(given.session_longest / given.session_idle) + 1):
        clock.advance(given.session_idle - 1)
        accounts.signed_in(sqlite_kit, token)
    clock.advance(given.session_idle - 1)
    assert not is_in(sqlite_kit, token)


def test_sessions_that_nobody_can_use_are_forgotten(sqlite_kit: Kit, anna: User, clock: SetClock) -> None:
    old = accounts.sign_in(sqlite_kit, "anna", GOOD)
    clock.advance(sqlite_kit.settings.session_idle + 1)
    new = accounts.sign_in(sqlite_kit, "anna", GOOD)
    accounts.forget_sessions(sqlite_kit)
    clock.at -= sqlite_kit.settings.session_idle
    assert not is_in(sqlite_kit, old)
    assert is_in(sqlite_kit, new)


def test_signing_out_ends_that_session_alone(sqlite_kit: Kit, anna: User) -> None:
    here, there = (accounts.sign_in(sqlite_kit, "anna", GOOD) for _ in range(2))
    accounts.sign_out(sqlite_kit, here)
    assert not is_in(sqlite_kit, here)
    assert is_in(sqlite_kit, there)


def test_a_role_counts_from_the_next_request_on(sqlite_kit: Kit, anna: User) -> None:
    accounts.add(sqlite_kit, "bert", "viewer", GOOD, "user:anna")
    token = accounts.sign_in(sqlite_kit, "bert", GOOD)
    accounts.set_role(sqlite_kit, "bert", "operator", "user:anna")
    found = accounts.signed_in(sqlite_kit, token)
    assert found is not None
    assert accounts.principal(found).may("operator")


def test_a_removed_user_is_signed_out_at_once(sqlite_kit: Kit, anna: User) -> None:
    accounts.add(sqlite_kit, "bert", "viewer", GOOD, "user:anna")
    token = accounts.sign_in(sqlite_kit, "bert", GOOD)
    accounts.remove(sqlite_kit, "bert", "user:anna")
    assert not is_in(sqlite_kit, token)
    with pytest.raises(NotFound):
        accounts.named(sqlite_kit, "bert")


def test_the_last_administrator_stays_one(sqlite_kit: Kit, anna: User) -> None:
    with pytest.raises(Refused, match="only administrator"):
        accounts.remove(sqlite_kit, "anna", "user:anna")
    with pytest.raises(Refused, match="only administrator"):
        accounts.set_role(sqlite_kit, "anna", "operator", "user:anna")
    accounts.set_role(sqlite_kit, "anna", "admin", "user:anna")
    accounts.add(sqlite_kit, "bert", "admin", GOOD, "user:anna")
    accounts.remove(sqlite_kit, "anna", "user:bert")
    assert [each.name for each in accounts.every(sqlite_kit)] == ["bert"]


def test_two_administrators_cannot_remove_each_other(quick_hashes: None, kit: Kit) -> None:
    for name in ("anna", "bert"):
        accounts.add(kit, name, "admin", GOOD, "cli:root")
    refused: list[str] = []

    def remove(name: str) -> None:
        try:
            accounts.remove(kit, name, "test")
        except Refused as error:
            refused.append(error.reason)

    threads = [threading.Thread(target=remove, args=(name,)) for name in ("anna", "bert")]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert refused == ["last_administrator"]
    assert len(accounts.every(kit)) == 1


def test_every_act_is_in_the_audit_with_who_did_it_and_no_password(sqlite_kit: Kit, anna: User) -> None:
    accounts.add(sqlite_kit, "bert", "viewer", GOOD, "user:anna")
    accounts.sign_in(sqlite_kit, "bert", GOOD)
    accounts.set_password(sqlite_kit, "bert", OTHER, "user:anna")
    accounts.set_role(sqlite_kit, "bert", "operator", "user:anna")
    accounts.remove(sqlite_kit, "bert", "user:anna")
    assert acts(sqlite_kit) == [
        ("cli:root", "add_user"),
        ("user:anna", "add_user"),
        ("user:bert", "sign_in"),
        ("user:anna", "set_password"),
        ("user:anna", "set_role"),
        ("user:anna", "remove_user"),
    ]
    with sqlite_kit.database.reading() as tx:
        said = repr([each.subject for each in audit.search(tx, limit=100)])
    assert GOOD not in said
    assert OTHER not in said


def _seconds(kit: Kit, name: str) -> float:
    began = time.perf_counter()
    let_in(kit, "wrong", name)
    return time.perf_counter() - began
