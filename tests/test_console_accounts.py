"""Accounts in the console: administrators let people and programs in, and nobody sees a password or a key again."""

from __future__ import annotations

import pytest

from app.kit import Kit
from app.setup import accounts, api_keys
from tests.making import add_site
from tests.visiting import Visitor, said, visiting

pytestmark = pytest.mark.usefixtures("quick_hashes")

GOOD = "correct horse battery"


@pytest.fixture
def admin(sqlite_kit: Kit) -> Visitor:
    return visiting(sqlite_kit)


def add(admin: Visitor, name: str = "bert", role: str = "viewer") -> str:
    return admin.done("/accounts/users", name=name, role=role, password=GOOD)


def test_somebody_is_let_in(sqlite_kit: Kit, admin: Visitor) -> None:
    assert "bert can sign in as operator" in add(admin, role="operator")
    assert accounts.sign_in(sqlite_kit, "bert", GOOD)
    assert GOOD not in admin.get("/accounts").text


@pytest.mark.parametrize(
    ("typed", "why"),
    [
        ({"name": "Bert", "role": "viewer", "password": GOOD}, "cannot be a name"),
        ({"name": "bert", "role": "viewer", "password": "short"}, "12 characters"),
        ({"name": "bert", "role": "owner", "password": GOOD}, "Choose one of the roles"),
        ({"name": "admin", "role": "viewer", "password": GOOD}, "a user admin already"),
        ({}, "Choose one of the roles"),
    ],
)
def test_what_cannot_be_is_said_above_the_form(admin: Visitor, typed: dict[str, str], why: str) -> None:
    answer = admin.post("/accounts/users", status=409, **typed)
    assert why in said(answer)
    assert GOOD not in answer.text
    assert "kurasync user" not in answer.text


def test_role_and_password_are_changed(sqlite_kit: Kit, admin: Visitor) -> None:
    add(admin)
    assert "bert is operator" in admin.done("/accounts/users/bert/role", role="operator")
    said = admin.done("/accounts/users/bert/password", password="another horse entirely")
    assert "signed out everywhere" in said
    assert accounts.sign_in(sqlite_kit, "bert", "another horse entirely")
    assert accounts.named(sqlite_kit, "bert").role == "operator"


def test_somebody_is_removed_after_asking(sqlite_kit: Kit, admin: Visitor) -> None:
    add(admin)
    assert "stays in the audit" in admin.text("/accounts/users/bert/remove")
    assert "bert" in admin.text("/accounts")
    assert "Removed the user bert" in admin.done("/accounts/users/bert/remove")
    admin.get("/accounts/users/bert", status=404)


def test_the_last_administrator_cannot_be_removed(admin: Visitor) -> None:
    assert "only administrator" in said(admin.post("/accounts/users/admin/remove", status=409))


def test_a_key_is_shown_once_and_works_where_it_is_for(sqlite_kit: Kit, admin: Visitor) -> None:
    with sqlite_kit.database.transaction() as tx:
        site_id = add_site(tx, 0.0)
    shown = admin.post("/accounts/keys", status=200, name="lab", role="operator", site="uni", days="30").text
    text = shown.partition('<code class="secret">')[2].partition("<")[0]
    holder = api_keys.holder(sqlite_kit, text)
    assert holder is not None
    assert (holder.role, holder.site_id) == ("operator", site_id)
    assert text not in admin.get("/accounts").text
    assert "Removed the key lab" in admin.done("/accounts/keys/lab/remove")
    assert api_keys.holder(sqlite_kit, text) is None


@pytest.mark.parametrize("days", ["0", "-1", "x", "1.5", "99999999999"])
def test_days_are_a_whole_number(admin: Visitor, days: str) -> None:
    answer = admin.post("/accounts/keys", status=409, name="lab", role="viewer", days=days)
    assert "Days are a whole number" in said(answer)


@pytest.mark.parametrize("role", ["viewer", "operator"])
def test_nobody_but_administrators_sees_accounts(sqlite_kit: Kit, role: str) -> None:
    visitor = visiting(sqlite_kit, role)  # type: ignore[arg-type]
    for path in ("/accounts", f"/accounts/users/{role}"):
        visitor.get(path, status=403)
    visitor.post(f"/accounts/users/{role}/role", status=403, role="admin")
