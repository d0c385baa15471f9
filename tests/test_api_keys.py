"""Keys of programs: made, used, ended and removed, from the terminal too."""

from __future__ import annotations

import json

import pytest
from sqlalchemy import text

from app.errors import NotFound, Refused
from app.kit import Kit
from app.planning.roles import Principal
from app.setup import api_keys
from app.store import api_keys as rows
from app.store import audit, sites
from tests.conftest import SetClock
from tests.fixtures_desk import Desk

DAY = 86400.0


@pytest.fixture
def site_id(kit: Kit) -> int:
    """A site called `uni`."""
    with kit.database.transaction() as tx:
        where = "https://moodle.example.edu"
        return sites.add(tx, 1.0, name="uni", url=where, wwwroot=where, identity=None, token="", ways=())


def used_at(kit: Kit, name: str) -> float | None:
    with kit.database.reading() as tx:
        found = rows.by_name(tx, name)
    assert found is not None
    return found.used_at


def test_a_key_lets_in_with_its_role_at_every_site(sqlite_kit: Kit) -> None:
    _, key = api_keys.add(sqlite_kit, "lab", "operator", "cli:root")
    assert api_keys.holder(sqlite_kit, key) == Principal("key:lab", "operator")


def test_a_key_for_one_site_says_so(kit: Kit, site_id: int) -> None:
    _, key = api_keys.add(kit, "lab", "admin", "cli:root", site_name="uni")
    assert api_keys.holder(kit, key) == Principal("key:lab", "admin", site_id)


def test_a_key_for_a_site_that_is_not_there_is_not_made(kit: Kit) -> None:
    with pytest.raises(NotFound, match="no site called 'elsewhere'"):
        api_keys.add(kit, "lab", "viewer", "cli:root", site_name="elsewhere")
    with pytest.raises(NotFound):
        api_keys.named(kit, "lab")


def test_a_name_is_given_once(kit: Kit) -> None:
    api_keys.add(kit, "lab", "viewer", "cli:root")
    with pytest.raises(Refused, match="a key lab already") as refused:
        api_keys.add(kit, "lab", "viewer", "cli:root")
    assert refused.value.reason == "name_taken"


@pytest.mark.parametrize("name", ["", "Lab", "17", "a b", "a/b", "x" * 65])
def test_what_cannot_be_a_name(sqlite_kit: Kit, name: str) -> None:
    with pytest.raises(Refused, match="cannot be a name"):
        api_keys.add(sqlite_kit, name, "viewer", "cli:root")


@pytest.mark.parametrize("text", ["", "kurasync_", "kurasync_" + "A" * 43, "Bearer x", "ключ"])
def test_what_is_no_key_lets_nobody_in(sqlite_kit: Kit, text: str) -> None:
    api_keys.add(sqlite_kit, "lab", "admin", "cli:root")
    assert api_keys.holder(sqlite_kit, text) is None


def test_a_key_ends_at_its_time(sqlite_kit: Kit, clock: SetClock) -> None:
    _, key = api_keys.add(sqlite_kit, "lab", "viewer", "cli:root", days=2)
    clock.advance(2 * DAY - 1)
    assert api_keys.holder(sqlite_kit, key) is not None
    clock.advance(1)
    assert api_keys.holder(sqlite_kit, key) is None


def test_a_removed_key_lets_nobody_in(sqlite_kit: Kit) -> None:
    _, key = api_keys.add(sqlite_kit, "lab", "viewer", "cli:root")
    api_keys.remove(sqlite_kit, "lab", "cli:root")
    assert api_keys.holder(sqlite_kit, key) is None
    with pytest.raises(NotFound, match="no key 'lab'"):
        api_keys.remove(sqlite_kit, "lab", "cli:root")


def test_a_key_goes_with_its_site(kit: Kit, site_id: int) -> None:
    _, key = api_keys.add(kit, "lab", "viewer", "cli:root", site_name="uni")
    with kit.database.transaction() as tx:
        sites.remove(tx, site_id)
    assert api_keys.holder(kit, key) is None


def test_its_use_is_noted_to_the_minute(sqlite_kit: Kit, clock: SetClock) -> None:
    _, key = api_keys.add(sqlite_kit, "lab", "viewer", "cli:root")
    assert used_at(sqlite_kit, "lab") is None
    first = clock.at
    api_keys.holder(sqlite_kit, key)
    clock.advance(60)
    api_keys.holder(sqlite_kit, key)
    assert used_at(sqlite_kit, "lab") == first
    clock.advance(1)
    api_keys.holder(sqlite_kit, key)
    assert used_at(sqlite_kit, "lab") == clock.at


def test_the_database_and_the_audit_know_no_key(sqlite_kit: Kit) -> None:
    made, key = api_keys.add(sqlite_kit, "lab", "viewer", "cli:root")
    api_keys.remove(sqlite_kit, "lab", "cli:root")
    assert key not in repr(made)
    with sqlite_kit.database.reading() as tx:
        stored = repr(tx.execute(text("SELECT * FROM api_keys")).all())
        acts = audit.search(tx, actor="cli:root")
    assert key not in stored + repr(acts)
    begun = [(each.operation, each.subject) for each in reversed(acts) if each.phase == "begin"]
    assert begun == [("add_key", {"key": "lab", "role": "viewer", "site": None}), ("remove_key", {"key": "lab"})]


def test_each_key_is_another(sqlite_kit: Kit) -> None:
    keys = {api_keys.add(sqlite_kit, f"lab{number}", "viewer", "cli:root")[1] for number in range(5)}
    assert len(keys) == 5
    assert all(key.startswith("kurasync_") and len(key) > 50 for key in keys)


def test_the_terminal_shows_a_key_once(desk: Desk) -> None:
    told = desk.done("key", "add", "lab", "--role", "operator")
    key = next(word for word in told.split() if word.startswith("kurasync_"))
    assert "It has the role operator at every site." in told
    assert api_keys.holder(desk.kit, key) == Principal("key:lab", "operator")
    assert key not in desk.done("key", "list")
    [listed] = desk.json("key", "list")
    assert (listed["name"], listed["role"], listed["site"], listed["valid"]) == ("lab", "operator", None, True)
    assert key not in json.dumps(listed)


def test_a_key_is_a_viewers_unless_said_otherwise(desk: Desk) -> None:
    made = desk.json("key", "add", "lab", "--days", "30")
    assert (made["role"], made["used_at"]) == ("viewer", None)
    assert api_keys.holder(desk.kit, made["key"]) == Principal("key:lab", "viewer")
    assert "It has the role viewer at every site until " in desk.done("key", "add", "lab2", "--days", "30")


def test_a_key_for_one_site_from_the_terminal(desk: Desk) -> None:
    desk.connect()
    assert "It has the role admin at uni." in desk.done("key", "add", "lab", "--role", "admin", "--site", "uni")
    assert [each["site"] for each in desk.json("key", "list")] == ["uni"]


@pytest.mark.parametrize("days", ["0", "-1", "36501", "nan"])
def test_days_must_be_some(desk: Desk, days: str) -> None:
    assert desk.run("key", "add", "lab", "--days", days).exit_code == 2


def test_the_terminal_removes_a_key_after_asking(desk: Desk) -> None:
    key = desk.json("key", "add", "lab")["key"]
    assert desk.run("key", "remove", "lab").exit_code == 2
    assert api_keys.holder(desk.kit, key) is not None
    assert desk.done("key", "remove", "lab", "--yes") == "Removed the key lab.\n"
    assert api_keys.holder(desk.kit, key) is None
    assert desk.done("key", "list") == "There is no key yet: make one with `kurasync key add`.\n"


def test_a_key_that_is_not_there_is_not_asked_about(desk: Desk) -> None:
    done = desk.run("key", "remove", "lab")
    assert (done.exit_code, done.output) == (1, "Error: There is no key 'lab'. See `kurasync key list`.\n")
