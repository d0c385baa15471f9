"""`kurasync user`: the people who sign in to the console."""

from __future__ import annotations

import pytest

from tests.fixtures_desk import Desk

pytestmark = pytest.mark.usefixtures("quick_hashes")
GOOD = "correct horse battery\n"


def add(desk: Desk, name: str, *more: str) -> str:
    return desk.done("user", "add", name, "--password-file", "-", *more, typed=GOOD)


def test_the_first_is_an_administrator_and_is_told_where_the_console_is(desk: Desk) -> None:
    said = add(desk, "anna")
    assert "Added anna as admin" in said
    assert "http://127.0.0.1:8765" in said
    assert "Added bert as viewer" in add(desk, "bert")
    assert "Added otto as operator" in add(desk, "otto", "--role", "operator")


def test_the_address_is_the_one_at_which_people_reach_it(desk: Desk) -> None:
    desk.environ["KURASYNC_PUBLIC_URL"] = "https://kurasync.example.edu/"
    assert "at https://kurasync.example.edu." in add(desk, "anna")


def test_the_list_shows_no_password(desk: Desk) -> None:
    assert "makes the first administrator" in desk.done("user", "list")
    add(desk, "anna")
    [line] = desk.json("user", "list")
    assert (line["name"], line["role"], line["locked"], line["signed_in_at"]) == ("anna", "admin", False, None)
    assert "password" not in str(line)


def test_a_short_password_is_refused(desk: Desk) -> None:
    done = desk.run("user", "add", "anna", "--password-file", "-", typed="short\n")
    assert done.exit_code == 1
    assert "12 characters" in done.stderr


def test_without_a_terminal_it_says_how_to_give_the_password(desk: Desk) -> None:
    done = desk.run("user", "add", "anna")
    assert done.exit_code == 2
    assert "--password-file -" in done.stderr


def test_role_and_password_are_changed(desk: Desk) -> None:
    add(desk, "anna")
    add(desk, "bert")
    assert "bert is operator" in desk.done("user", "role", "bert", "operator")
    said = desk.done("user", "password", "bert", "--password-file", "-", typed="another horse entirely\n")
    assert "signed out everywhere" in said
    assert [each["role"] for each in desk.json("user", "list")] == ["admin", "operator"]


def test_a_password_for_nobody_is_not_asked_for(desk: Desk) -> None:
    done = desk.run("user", "password", "nobody")
    assert done.exit_code == 1
    assert "no user 'nobody'" in done.stderr


def test_removing_is_asked_first_and_the_last_administrator_stays(desk: Desk) -> None:
    add(desk, "anna")
    add(desk, "bert")
    assert desk.run("user", "remove", "bert").exit_code == 2
    assert "Removed the user bert" in desk.done("user", "remove", "bert", "--yes")
    done = desk.run("user", "remove", "anna", "--yes")
    assert done.exit_code == 1
    assert "only administrator" in done.stderr
