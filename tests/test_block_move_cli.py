"""`kurasync mapping adopt`, as an administrator types it."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.store import instances, mappings
from sandbox.faults import Fault
from tests.fixtures_desk import Desk
from tests.old_block import KEY, OldBlock


@pytest.fixture
def old(desk: Desk) -> OldBlock:
    """A site with the plugin, and two courses that the block keeps in step."""
    desk.moodle.install_plugin()
    desk.done("site", "add", "uni", desk.moodle.url, "--token-file", "-", typed=desk.moodle.token)
    made = OldBlock(desk.kit, desk.moodle, desk.kura)
    made.course(3)
    made.course(2)
    return made


@pytest.fixture
def key(tmp_path: Path) -> str:
    path = tmp_path / "token.key"
    path.write_bytes(KEY)
    return str(path)


@pytest.fixture
def dumps(old: OldBlock, tmp_path: Path) -> str:
    return str(old.into_folder(tmp_path / "dumps"))


def mapped(desk: Desk) -> int:
    with desk.kit.database.reading() as tx:
        return len(mappings.every(tx))


def adopt(desk: Desk, *options: str) -> tuple[int, str]:
    done = desk.run("mapping", "adopt", "uni", *options)
    return done.exit_code, done.output


def test_a_dry_run_shows_everything_and_changes_nothing(desk: Desk, dumps: str, key: str) -> None:
    code, said = adopt(desk, "--csv", dumps, "--key-file", key, "--dry-run")
    assert code == 0
    assert "Can be adopted (2)" in said
    assert "A new instance, sandbox: Sandbox University" in said
    assert mapped(desk) == 0
    with desk.kit.database.reading() as tx:
        assert instances.every(tx) == []
    assert desk.kura.token not in said


def test_it_adopts_after_a_yes_and_the_courses_are_in_step(desk: Desk, dumps: str, key: str) -> None:
    code, said = adopt(desk, "--csv", dumps, "--key-file", key, "--yes")
    assert code == 0
    assert "Adopted 2 of 2 mappings." in said
    assert "docs/moving-from-block_kuracloud.md" in said
    assert [line["links"] for line in desk.json("mapping", "list")] == [3, 2]
    for number in (1, 2):
        assert desk.work(number) == "done"
        assert "In step: nothing to do." in desk.done("plan", str(number))
    assert desk.json("holds", "list") == []


def test_it_asks_before_it_adopts(desk: Desk, dumps: str, key: str) -> None:
    code, said = adopt(desk, "--csv", dumps, "--key-file", key)
    assert code == 2
    assert "Adopt 2 mappings with 5 student links?" in said
    assert "say --yes" in said
    assert mapped(desk) == 0


def test_it_reads_the_address_of_moodles_database_from_standard_input(
    desk: Desk, old: OldBlock, key: str, tmp_path: Path
) -> None:
    url = f"sqlite:///{tmp_path}/moodle.db"
    old.into_database(url)
    said = desk.done("mapping", "adopt", "uni", "--database", "-", "--key-file", key, "--yes", typed=f"{url}\n")
    assert "Adopted 2 of 2 mappings." in said


def test_without_the_key_it_says_which_file_it_is(desk: Desk, old: OldBlock, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/moodle.db"
    old.into_database(url)
    said = desk.done("mapping", "adopt", "uni", "--database", "-", "--dry-run", typed=url)
    assert "No key file was given: say --key-file." in said
    assert "The block's key is the file filedir/ab/cd/abcdef0123 in Moodle's data folder" in said
    assert "There is nothing to adopt." in said


def test_what_is_inconsistent_is_listed_with_where_and_what(
    desk: Desk, old: OldBlock, tmp_path: Path, key: str
) -> None:
    for number in range(7):
        old.link(31 + number, 7, 4711)
    old.map(9999, desk.kura_course)
    folder = str(old.into_folder(tmp_path / "inconsistent"))
    code, said = adopt(desk, "--csv", folder, "--key-file", key, "--dry-run")
    assert code == 0
    assert "Left out (1)" in said
    assert "Moodle has no such course any more" in said
    assert "Good to know (1)" in said
    assert "user 31 - student 7; user 32 - student 7" in said
    assert "user 37" not in said


def test_as_json_everything_is_there_for_programs(desk: Desk, old: OldBlock, tmp_path: Path, key: str) -> None:
    old.link(31, 7, 4711)
    folder = str(old.into_folder(tmp_path / "inconsistent"))
    shown = desk.json("mapping", "adopt", "uni", "--csv", folder, "--key-file", key, "--dry-run")
    assert [(each["links"], each["mapping"]) for each in shown["mappings"]] == [(3, None), (2, None)]
    assert [each["name"] for each in shown["instances"]] == ["sandbox"]
    (found,) = shown["findings"]
    assert (found["kind"], found["left_out"]) == ("unmapped_links", False)
    assert found["links"] == [{"userid": 31, "studentid": 7}]
    done = desk.json("mapping", "adopt", "uni", "--csv", folder, "--key-file", key, "--yes")
    assert [each["mapping"] for each in done["mappings"]] == [1, 2]


def test_where_the_block_was_uninstalled_first_lms_enabled_is_switched_on_where_asked_for(
    desk: Desk, old: OldBlock, dumps: str, key: str
) -> None:
    for course in old.block().courses:
        desk.kura.set_course(course.remote_courseid, lmsEnabled=False)
    code, said = adopt(desk, "--csv", dumps, "--key-file", key, "--dry-run")
    assert code == 0
    assert "uni:3, uni:4" in said
    assert "its students cannot be read: --switch-on switches it on" in said
    code, said = adopt(desk, "--csv", dumps, "--key-file", key, "--yes")
    assert code == 0
    assert "There is nothing to adopt." in said
    code, said = adopt(desk, "--csv", dumps, "--key-file", key, "--switch-on")
    assert code == 2
    assert "Switch on lmsEnabled of 2 kuraCloud courses?" in said
    assert not desk.kura.courses[old.block().courses[0].remote_courseid].lms_enabled
    code, said = adopt(desk, "--csv", dumps, "--key-file", key, "--switch-on", "--yes")
    assert (code, mapped(desk)) == (0, 2)


def test_what_fails_is_told_and_can_be_done_again(desk: Desk, dumps: str, key: str) -> None:
    desk.kura.faults.add(Fault("status", match="GET /v2/instance", status=400, skip=1, times=1))
    code, said = adopt(desk, "--csv", dumps, "--key-file", key, "--yes")
    assert code == 1
    assert "Adopted 1 of 2 mappings." in said
    assert "Not adopted: Physiology 1 (3). kuraCloud refuses the request" in said
    code, said = adopt(desk, "--csv", dumps, "--yes")
    assert code == 0
    assert "are mapped in kurasync already" in said
    assert mapped(desk) == 2


@pytest.mark.parametrize("options", [(), ("--csv", "{dumps}", "--database", "-")])
def test_it_wants_to_know_where_the_tables_are(desk: Desk, dumps: str, options: tuple[str, ...]) -> None:
    code, said = adopt(desk, *(option.format(dumps=dumps) for option in options))
    assert code == 2
    assert "--csv FOLDER, or --database FILE" in said
