"""`kurasync instance`: a kuraCloud instance is tried before it is trusted, and each mistake gets its sentence."""

from __future__ import annotations

from app.store import instances
from sandbox.kuracloud.sim import SimKuraCloud
from tests.fixtures_desk import Desk


def add(
    desk: Desk, url: str | None = None, *more: str, token: str | None = None, name: str = "kura"
) -> tuple[int, str]:
    arguments = ("instance", "add", name, "--url", url or desk.kura.url, "--token-file", "-", *more)
    done = desk.run(*arguments, typed=token or desk.kura.token)
    return done.exit_code, done.output


def test_it_adds_an_instance_and_says_how_it_is_called(desk: Desk) -> None:
    code, said = add(desk)
    assert code == 0
    assert "Sandbox University" in said
    assert "kurasync instance courses kura" in said


def test_the_token_is_stored_encrypted_and_shown_nowhere(desk: Desk) -> None:
    assert desk.kura.token not in add(desk)[1]
    with desk.kit.database.reading() as tx:
        (instance,) = instances.every(tx)
    assert desk.kit.vault.decrypt(instance.token) == desk.kura.token
    assert desk.kura.token not in desk.done("instance", "list", "--json") + desk.done("audit", "list", "--json")


def test_a_wrong_token_says_where_the_right_one_is(desk: Desk) -> None:
    code, said = add(desk, token="mistyped")
    assert code == 1
    assert "does not accept the token" in said
    assert "Instance Administration" in said
    assert "Nothing was saved" in said
    assert "rotate" not in said
    assert desk.json("instance", "list") == []


def test_an_address_without_the_api_is_told_as_one(desk: Desk) -> None:
    code, said = add(desk, desk.kura.url + "/v2")
    assert code == 1
    assert "no kuraCloud API at this address" in said
    assert "https://api.kuracloud.com" in said


def test_a_moodle_at_the_address_is_told_as_no_kuracloud(desk: Desk) -> None:
    code, said = add(desk, desk.moodle.url)
    assert code == 1
    assert "no kuraCloud API at this address" in said


def test_a_refused_connection_ends_with_4(desk: Desk) -> None:
    code, said = add(desk, "http://127.0.0.1:1")
    assert code == 4
    assert "cannot be reached" in said
    assert "tried again by itself" not in said


def test_http_to_another_machine_is_refused(desk: Desk) -> None:
    code, said = add(desk, "http://api.kuracloud.example")
    assert code == 1
    assert "Use https://" in said


def test_an_instance_without_lms_integration_is_refused_with_the_words_of_the_guide(desk: Desk) -> None:
    desk.kura.set_instance(lmsEnabled=False)
    code, said = add(desk)
    assert code == 1
    assert "ADInstruments representative" in said
    assert "Instance Administration > LMS Integration > Configure > Moodle > Enable" in said
    assert "shown once" in said
    assert desk.json("instance", "list") == []


def test_a_name_that_is_taken_is_refused_before_the_token_is_tried(desk: Desk) -> None:
    add(desk)
    code, said = add(desk, token="mistyped")
    assert code == 1
    assert "instance rotate kura" in said


def test_one_instance_twice_needs_to_be_said_and_a_token_of_its_own(desk: Desk) -> None:
    add(desk)
    code, said = add(desk, name="test")
    assert code == 1
    assert "--shared" in said
    code, said = add(desk, None, "--shared", name="test")
    assert code == 1
    assert "very token" in said
    desk.kura.rotate_token("second")
    assert add(desk, None, "--shared", name="test", token="second")[0] == 0


def test_it_lists_the_courses_and_which_are_mapped(desk: Desk) -> None:
    desk.map()
    desk.kura.add_course("Pharmacology", "PHA", lmsEnabled=False)
    lines = {line["code"]: line for line in desk.json("instance", "courses", "kura")}
    assert (lines["PHY"]["mapping"], lines["PHY"]["lms_enabled"]) == (1, True)
    assert (lines["PHA"]["mapping"], lines["PHA"]["lms_enabled"]) == (None, False)
    assert "Pharmacology" in desk.done("instance", "courses", "kura")


def test_a_rotated_token_is_tried_first_and_the_old_one_stays_otherwise(desk: Desk) -> None:
    add(desk)
    failed = desk.run("instance", "rotate", "kura", "--token-file", "-", typed="mistyped")
    assert failed.exit_code == 1
    assert "kura works" in desk.done("instance", "test", "kura")
    desk.kura.rotate_token("fresh")
    assert "uses the new token" in desk.done("instance", "rotate", "kura", "--token-file", "-", typed="fresh")
    assert "kura works" in desk.done("instance", "test", "kura")


def test_a_token_of_another_instance_is_refused(desk: Desk) -> None:
    add(desk)

    class Other(SimKuraCloud):
        def instance(self) -> dict[str, object]:
            return {**super().instance(), "instanceId": "other"}

    desk.kura.server.stop()
    with Other.serving(port=desk.kura.server.port) as other:
        done = desk.run("instance", "rotate", "kura", "--token-file", "-", typed=other.token)
    assert done.exit_code == 1
    assert "(other)" in done.stderr
    assert "nothing was changed" in done.stderr


def test_a_parked_instance_goes_on_when_it_gets_a_token_that_works(desk: Desk) -> None:
    desk.map()
    desk.kura.rotate_token("fresh")
    assert desk.work() == "parked"
    assert desk.json("instance", "list")[0]["state"] == "parked"
    desk.done("instance", "rotate", "kura", "--token-file", "-", typed="fresh")
    assert desk.json("instance", "list")[0]["state"] == "open"
    assert desk.json("mapping", "list")[0]["state"] == "wanted"


def test_an_unknown_instance_is_told_with_those_there_are(desk: Desk) -> None:
    assert "There is none yet: add one" in desk.run("instance", "test", "nobody").stderr
    add(desk)
    assert "Instances: kura." in desk.run("instance", "test", "nobody").stderr


def test_removing_an_instance_gives_its_courses_back(desk: Desk) -> None:
    desk.map()
    assert desk.run("instance", "remove", "kura").exit_code == 2
    done = desk.run("instance", "remove", "kura", "--yes")
    assert done.exit_code == 0
    assert "mapping 1" in done.stderr
    assert desk.json("instance", "list") == []
    assert not desk.kura.courses[desk.kura_course].lms_enabled


def test_removing_an_instance_that_is_away_needs_force(desk: Desk) -> None:
    desk.map()
    desk.kura.server.stop()
    done = desk.run("instance", "remove", "kura", "--yes")
    assert done.exit_code == 4
    assert "cannot be reached" in done.stderr
    assert desk.json("mapping", "list")[0]["state"] == "wanted"
    assert desk.run("instance", "remove", "kura", "--yes", "--force").exit_code == 0
    assert desk.json("instance", "list") == []
