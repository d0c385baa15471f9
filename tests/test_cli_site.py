"""`kurasync site`: a Moodle is tried before it is trusted, and each mistake gets its sentence."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from sqlalchemy import update
from standardwebhooks import Webhook

from app.setup.sites import FUNCTIONS
from app.store import audit, sites
from app.store.tables import sites as table
from tests.fixtures_desk import Desk


def add(desk: Desk, url: str | None = None, *more: str, token: str | None = None, name: str = "uni") -> tuple[int, str]:
    done = desk.run(
        "site", "add", name, url or desk.moodle.url, "--token-file", "-", *more, typed=token or desk.moodle.token
    )
    return done.exit_code, done.output


def test_it_adds_a_site_and_says_what_to_enter_in_moodle_for_each_way(desk: Desk) -> None:
    code, said = add(desk)
    assert code == 0
    assert "Example University Moodle" in said
    secret = re.search(r"whsec_\w+", said)
    assert secret
    assert "setup.php --url=http://127.0.0.1:8765/events/uni --secret-file=-\n" in said
    assert "/events/uni/local_webhooks" in said
    assert f"Authorization: Bearer {secret[0]}" in said
    assert "HTTP security" in said


def test_the_secret_it_shows_signs_deliveries_and_is_stored_encrypted(desk: Desk) -> None:
    secret = desk.json("site", "add", "uni", desk.moodle.url, "--token-file", "-", typed=desk.moodle.token)["secret"]
    assert Webhook(secret)
    with desk.kit.database.reading() as tx:
        [stored] = sites.every_secret(tx, 1)
    assert secret not in stored.secret
    assert desk.kit.vault.decrypt(stored.secret) == secret


def test_the_token_is_stored_encrypted_and_shown_nowhere(desk: Desk) -> None:
    assert desk.moodle.token not in add(desk)[1]
    with desk.kit.database.reading() as tx:
        (site,) = sites.every(tx)
    assert desk.kit.vault.decrypt(site.token) == desk.moodle.token
    assert desk.moodle.token not in site.token
    assert desk.moodle.token not in desk.done("site", "list", "--json") + desk.done("audit", "list", "--json")


def test_the_sites_own_address_is_what_moodle_says_it_is(desk: Desk) -> None:
    add(desk, desk.moodle.url + "/")
    (line,) = desk.json("site", "list")
    assert (line["url"], line["wwwroot"]) == (desk.moodle.url, desk.moodle.url)


def test_a_wrong_token_is_told_as_one_and_nothing_is_saved(desk: Desk) -> None:
    code, said = add(desk, token="mistyped")
    assert code == 1
    assert "does not accept the token" in said
    assert "Nothing was saved" in said
    assert "rotate" not in said
    assert desk.json("site", "list") == []


def test_another_web_server_at_the_address_is_told_as_one(desk: Desk) -> None:
    code, said = add(desk, desk.kura.url)
    assert code == 1
    assert "web server" in said


def test_a_path_that_is_not_moodles_is_told_as_one(desk: Desk) -> None:
    code, said = add(desk, desk.moodle.url + "/my")
    assert code == 1
    assert "There is no Moodle at this address" in said
    assert "front page" in said


def test_a_web_page_instead_of_an_answer_is_told_as_one(desk: Desk) -> None:
    desk.moodle.set_switch("php_down", True)
    code, said = add(desk)
    assert code == 4
    assert "502" in said
    assert "tried again by itself" not in said


def test_a_refused_connection_ends_with_4_and_promises_nothing(desk: Desk) -> None:
    code, said = add(desk, "http://127.0.0.1:1")
    assert code == 4
    assert "cannot be reached" in said
    assert "Check the address" in said
    assert "tried again by itself" not in said


def test_https_where_only_http_is_spoken_is_told(desk: Desk) -> None:
    code, said = add(desk, desk.moodle.url.replace("http:", "https:"))
    assert code == 4
    assert "speaks plain http" in said


def test_http_to_another_machine_is_refused(desk: Desk) -> None:
    code, said = add(desk, "http://moodle.example.edu")
    assert code == 1
    assert "Use https://" in said
    assert "KURASYNC_ALLOW_HTTP" in said


def test_an_address_without_https_is_refused(desk: Desk) -> None:
    code, said = add(desk, "moodle.example.edu")
    assert code == 1
    assert "https://" in said


def test_an_address_that_moodle_sends_on_from_is_told_with_the_right_one(desk: Desk) -> None:
    desk.moodle.wwwroot = "https://moodle.example.edu"
    code, said = add(desk)
    assert code == 1
    assert "Configure https://moodle.example.edu as its address" in said


def test_web_services_switched_off_say_where_to_switch_them_on(desk: Desk) -> None:
    desk.moodle.set_switch("rest_enabled", False)
    code, said = add(desk)
    assert code == 1
    assert "Manage protocols" in said


def test_missing_functions_are_named(desk: Desk) -> None:
    desk.moodle.service_functions -= {"core_group_get_group_members", "core_grades_get_gradable_users"}
    code, said = add(desk)
    assert code == 1
    assert "core_grades_get_gradable_users, core_group_get_group_members" in said
    assert "Add functions" in said
    assert desk.json("site", "list") == []


def test_every_function_the_service_needs_is_one_that_moodle_has(desk: Desk) -> None:
    assert set(FUNCTIONS) <= set(desk.moodle.functions)


@pytest.mark.parametrize("name", ["Uni", "a b", "7", "uni:1", "", "x" * 65])
def test_a_name_that_cannot_stand_in_an_address_is_refused(desk: Desk, name: str) -> None:
    code, said = add(desk, name=name)
    assert code == 1
    assert "small letters" in said


def test_a_name_that_is_taken_is_refused_before_the_token_is_tried(desk: Desk) -> None:
    add(desk)
    code, said = add(desk, token="mistyped")
    assert code == 1
    assert "already" in said
    assert "site rotate uni" in said


def test_one_moodle_under_two_names_needs_to_be_said(desk: Desk) -> None:
    add(desk)
    code, said = add(desk, name="again")
    assert code == 1
    assert "uni already" in said
    assert add(desk, None, "--shared", name="again")[0] == 0


@pytest.mark.parametrize("typed", ["", "two words", "a\nb"])
def test_a_token_that_is_no_token_is_a_usage_error(desk: Desk, typed: str) -> None:
    done = desk.run("site", "add", "uni", desk.moodle.url, "--token-file", "-", typed=typed)
    assert done.exit_code == 2
    assert "A token is one word" in done.stderr


def test_without_a_terminal_it_says_how_to_give_the_token(desk: Desk) -> None:
    done = desk.run("site", "add", "uni", desk.moodle.url)
    assert done.exit_code == 2
    assert "--token-file -" in done.stderr


def test_the_token_may_be_in_a_file(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "token").write_text(desk.moodle.token + "\n")
    assert "Added uni" in desk.done("site", "add", "uni", desk.moodle.url, "--token-file", str(tmp_path / "token"))


def test_a_rotated_token_is_tried_first_and_the_old_one_stays_otherwise(desk: Desk) -> None:
    add(desk)
    desk.moodle.rotate_token("fresh")
    failed = desk.run("site", "rotate", "uni", "--token-file", "-", typed="mistyped")
    assert failed.exit_code == 1
    assert "Nothing was saved" in failed.stderr
    assert "uses the new token" in desk.done("site", "rotate", "uni", "--token-file", "-", typed="fresh")
    assert "uni works" in desk.done("site", "test", "uni")


def test_a_token_of_another_moodle_is_refused(desk: Desk) -> None:
    add(desk)
    with desk.kit.database.transaction() as tx:
        tx.execute(update(table).values(wwwroot="https://other.example.edu"))
    done = desk.run("site", "rotate", "uni", "--token-file", "-", typed=desk.moodle.token)
    assert done.exit_code == 1
    assert "belongs to" in done.stderr
    assert "nothing was changed" in done.stderr


def test_a_parked_site_goes_on_when_it_gets_a_token_that_works(desk: Desk) -> None:
    desk.map()
    desk.moodle.rotate_token("fresh")
    assert desk.work() == "parked"
    assert desk.json("site", "list")[0]["state"] == "parked"
    desk.done("site", "rotate", "uni", "--token-file", "-", typed="fresh")
    assert desk.json("site", "list")[0]["state"] == "open"
    assert desk.json("mapping", "list")[0]["state"] == "wanted"


def test_trying_a_site_whose_token_ended_names_the_command_that_helps(desk: Desk) -> None:
    add(desk)
    desk.moodle.rotate_token("fresh")
    done = desk.run("site", "test", "uni")
    assert done.exit_code == 1
    assert "`kurasync site rotate uni`" in done.stderr


def test_an_unknown_site_is_told_with_those_there_are(desk: Desk) -> None:
    assert "There is none yet: add one" in desk.run("site", "test", "nobody").stderr
    add(desk)
    done = desk.run("site", "test", "nobody")
    assert done.exit_code == 1
    assert "Sites: uni." in done.stderr


def test_removing_a_site_names_the_mappings_that_go_with_it_and_asks(desk: Desk) -> None:
    desk.map()
    done = desk.run("site", "remove", "uni")
    assert done.exit_code == 2
    assert "mapping 1: Physiology 1 -> Physiology" in done.stderr
    assert "--yes" in done.stderr
    assert "Removed uni and 1 mapping" in desk.done("site", "remove", "uni", "--yes")
    assert desk.json("site", "list") == []
    assert desk.json("mapping", "list") == []


def test_only_the_ways_that_are_let_may_deliver(desk: Desk) -> None:
    add(desk, None, "--way", "signed")
    assert desk.json("site", "list")[0]["ways"] == ["signed"]
    desk.done("site", "ways", "uni", "signed", "tool_trigger")
    assert desk.json("site", "list")[0]["ways"] == ["signed", "tool_trigger"]
    assert desk.run("site", "ways", "uni", "pigeon").exit_code == 2


def test_secrets_are_exchanged_without_a_gap(desk: Desk) -> None:
    add(desk)
    shown = desk.done("site", "secret", "add", "uni")
    assert "whsec_" in shown
    assert "php local/kurasync/cli/setup.php --url=http://127.0.0.1:" in shown
    assert [line["valid"] for line in desk.json("site", "secret", "list", "uni")] == [True, True]
    assert "ends at" in desk.done("site", "secret", "end", "uni", "1", "--after", "24")
    assert "ended at" in desk.done("site", "secret", "end", "uni", "1")
    lines = {line["id"]: line for line in desk.json("site", "secret", "list", "uni")}
    assert lines[1]["valid"] is False
    assert lines[2]["ends_at"] is None
    assert "whsec_" not in desk.done("site", "secret", "list", "uni")


def test_the_last_secret_does_not_end_by_mistake(desk: Desk) -> None:
    add(desk)
    done = desk.run("site", "secret", "end", "uni", "1")
    assert done.exit_code == 1
    assert "site secret add uni" in done.stderr
    assert desk.run("site", "secret", "end", "uni", "1", "--force").exit_code == 0


def test_an_unknown_secret_is_told(desk: Desk) -> None:
    add(desk)
    done = desk.run("site", "secret", "end", "uni", "9")
    assert done.exit_code == 1
    assert "site secret list uni" in done.stderr


def test_what_administrators_do_is_in_the_audit_log(desk: Desk) -> None:
    add(desk)
    with desk.kit.database.reading() as tx:
        begun, ended = reversed(audit.search(tx, system="kurasync"))
    assert (begun.operation, begun.phase, ended.phase, ended.outcome) == ("add_site", "begin", "end", "done")
    assert begun.actor.startswith("cli:")


def site_file(desk: Desk, tmp_path: Path, **changed: str) -> Path:
    """What the set-up of Moodle's plugin writes."""
    facts = {
        "name": "uni",
        "url": desk.moodle.url,
        "token": desk.moodle.token,
        "secret": f"whsec_{'k' * 40}",
        "wwwroot": desk.moodle.url,
        "siteidentifier": "a" * 64,
        "plugin": "2026112301",
        **changed,
    }
    path = tmp_path / "uni.json"
    path.write_text(json.dumps({name: value for name, value in facts.items() if value != "-"}))
    path.chmod(0o600)
    return path


def test_the_plugins_file_connects_a_moodle_with_its_own_secret(desk: Desk, tmp_path: Path) -> None:
    said = desk.done("site", "add", "--file", str(site_file(desk, tmp_path)))
    assert "Added uni: Example University Moodle" in said
    assert "whsec_" not in said
    assert desk.moodle.token not in said
    with desk.kit.database.reading() as tx:
        (site,) = sites.every(tx)
        (secret,) = sites.every_secret(tx, site.id)
    assert (site.name, site.url, site.identity, site.ways) == ("uni", desk.moodle.url, "a" * 64, ("signed",))
    assert desk.kit.vault.decrypt(site.token) == desk.moodle.token
    assert desk.kit.vault.decrypt(secret.secret) == f"whsec_{'k' * 40}"


def test_the_plugins_file_may_come_from_standard_input(desk: Desk, tmp_path: Path) -> None:
    line = desk.json("site", "add", "--file", "-", typed=site_file(desk, tmp_path).read_text())
    assert line["site"] == "uni"
    assert "secret" not in line


def test_other_ways_than_signed_have_to_be_asked_for_with_a_file(desk: Desk, tmp_path: Path) -> None:
    desk.done("site", "add", "--file", str(site_file(desk, tmp_path)), "--way", "signed", "--way", "tool_trigger")
    assert desk.json("site", "list")[0]["ways"] == ["signed", "tool_trigger"]


def test_a_file_that_others_can_read_is_told(desk: Desk, tmp_path: Path) -> None:
    path = site_file(desk, tmp_path)
    path.chmod(0o644)
    assert "Other people can read" in desk.run("site", "add", "--file", str(path)).stderr


def test_a_file_that_only_its_owner_reads_is_not_told(desk: Desk, tmp_path: Path) -> None:
    assert desk.run("site", "add", "--file", str(site_file(desk, tmp_path))).stderr == ""


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"secret": "whsec_short"}, "secret is not a webhook secret"),
        ({"secret": "k" * 40}, "secret is not a webhook secret"),
        ({"secret": "whsec_!!!!"}, "secret is not a webhook secret"),
        ({"token": " "}, "token is empty"),
        ({"siteidentifier": "-"}, "siteidentifier is missing"),
    ],
)
def test_a_file_that_is_not_the_plugins_is_refused(
    desk: Desk, tmp_path: Path, changed: dict[str, str], said: str
) -> None:
    done = desk.run("site", "add", "--file", str(site_file(desk, tmp_path, **changed)))
    assert done.exit_code == 1
    assert said in done.stderr
    assert desk.moodle.token not in done.stderr
    assert desk.json("site", "list") == []


def test_a_file_that_is_no_json_is_refused(desk: Desk, tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    path.write_text("<html>")
    done = desk.run("site", "add", "--file", str(path))
    assert done.exit_code == 1
    assert "not JSON" in done.stderr


def test_a_file_and_a_name_at_once_are_a_usage_error(desk: Desk, tmp_path: Path) -> None:
    assert desk.run("site", "add", "uni", "--file", str(site_file(desk, tmp_path))).exit_code == 2


def test_neither_a_file_nor_a_name_is_a_usage_error(desk: Desk) -> None:
    done = desk.run("site", "add", "uni")
    assert done.exit_code == 2
    assert "--file" in done.stderr
