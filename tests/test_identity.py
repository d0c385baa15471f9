"""The Moodle that answers is the one that was connected: a copy, a stranger and a move are told apart (design.md 8)."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256

import pytest

from app.store import connections, sites, worklist
from app.store.sites import Site
from app.sync.identity import OTHER_MOODLE, check_sites
from app.sync.probe import probe_parked
from sandbox.faults import Fault
from sandbox.moodle.sim import SimMoodle
from tests.fixtures_desk import Desk


@pytest.fixture
def desk(desk: Desk) -> Desk:
    """With our plugin in the Moodle: only it can tell one Moodle from another."""
    desk.moodle.install_plugin()
    return desk


@pytest.fixture
def clone(desk: Desk) -> Iterator[SimMoodle]:
    """A copy of the Moodle at another address: its token and its identifier are the same."""
    with SimMoodle.serving() as moodle:
        moodle.install_plugin()
        moodle.site.identifier, moodle.token = desk.moodle.site.identifier, desk.moodle.token
        yield moodle


@pytest.fixture
def stranger() -> Iterator[SimMoodle]:
    with SimMoodle.serving() as moodle:
        moodle.install_plugin()
        yield moodle


def stored(desk: Desk, name: str = "uni") -> Site:
    with desk.kit.database.reading() as tx:
        found = sites.by_name(tx, name)
    assert found is not None
    return found


def add(desk: Desk, name: str, moodle: SimMoodle, *more: str) -> tuple[int, str]:
    done = desk.run("site", "add", name, moodle.url, "--token-file", "-", *more, typed=moodle.token)
    return done.exit_code, done.output


def put_in_its_place(desk: Desk, other: SimMoodle) -> None:
    """From now on the other one answers at the site's address."""
    desk.moodle.site.identifier = other.site.identifier


def test_a_site_that_is_added_by_hand_learns_who_it_is_from_the_plugin(desk: Desk) -> None:
    desk.connect()
    assert stored(desk).identity == sha256(desk.moodle.site.identifier.encode()).hexdigest()


def test_a_copy_is_refused_until_it_is_said_to_be_one(desk: Desk, clone: SimMoodle) -> None:
    desk.connect()
    code, said = add(desk, "test", clone)
    assert code == 1
    assert "is a copy of the site uni" in said
    assert f"kurasync site move uni {clone.url}" in said
    assert [each["name"] for each in desk.json("site", "list")] == ["uni"]
    assert add(desk, "test", clone, "--shared")[0] == 0


def test_another_moodle_is_no_copy(desk: Desk, stranger: SimMoodle) -> None:
    desk.connect()
    assert add(desk, "other", stranger)[0] == 0


def test_another_moodle_at_the_same_address_is_noticed_and_parked_with_its_mappings(
    desk: Desk, stranger: SimMoodle
) -> None:
    desk.map()
    check_sites(desk.kit)
    assert stored(desk).gate == "open"
    put_in_its_place(desk, stranger)
    check_sites(desk.kit)
    assert (stored(desk).gate, stored(desk).gate_reason) == ("parked", OTHER_MOODLE)
    with desk.kit.database.reading() as tx:
        row = worklist.get(tx, 1, "roster")
    assert row is not None
    assert (row.gate, row.gate_reason) == ("parked", OTHER_MOODLE)
    done = desk.run("site", "test", "uni")
    assert done.exit_code == 1
    assert "answers another Moodle" in done.output


def test_it_is_not_opened_again_before_the_right_one_is_back(desk: Desk, stranger: SimMoodle) -> None:
    desk.connect()
    own = desk.moodle.site.identifier
    put_in_its_place(desk, stranger)
    check_sites(desk.kit)
    due(desk)
    assert probe_parked(desk.kit) == 0
    desk.moodle.site.identifier = own
    due(desk)
    assert probe_parked(desk.kit) == 1
    assert stored(desk).gate == "open"


def due(desk: Desk) -> None:
    """The site is to be tried again now."""
    with desk.kit.database.transaction() as tx:
        connections.set_probe_at(tx, "site", stored(desk).id, 0.0)


def test_a_site_that_does_not_answer_now_is_no_other_one(desk: Desk) -> None:
    desk.connect()
    desk.moodle.faults.add(Fault("status", status=503))
    check_sites(desk.kit)
    assert stored(desk).gate == "open"


def test_a_new_token_of_another_moodle_at_the_address_is_refused(desk: Desk, stranger: SimMoodle) -> None:
    desk.connect()
    put_in_its_place(desk, stranger)
    done = desk.run("site", "rotate", "uni", "--token-file", "-", typed=desk.moodle.token)
    assert done.exit_code == 1
    assert "answers another Moodle" in done.output


def test_a_moodle_that_calls_itself_otherwise_is_told_with_what_to_do(desk: Desk) -> None:
    desk.connect()
    for address in ("https://new.example.edu", f"{desk.moodle.url}/campus"):
        desk.moodle.wwwroot = address
        done = desk.run("site", "test", "uni")
        assert done.exit_code == 1
        assert f"kurasync site move uni {address}" in done.output


def test_a_moodle_that_moved_goes_on_under_its_new_address(desk: Desk, clone: SimMoodle) -> None:
    desk.connect()
    desk.moodle.wwwroot = "https://elsewhere.example.edu"
    check_sites(desk.kit)
    assert stored(desk).gate == "parked"
    said = desk.done("site", "move", "uni", f"{clone.url}/")
    assert clone.url in said
    found = stored(desk)
    assert (found.url, found.wwwroot, found.gate) == (clone.url, clone.url, "open")
    assert any(each["operation"] == "move_site" for each in desk.json("audit", "list"))


def test_a_site_is_not_moved_to_another_moodle(desk: Desk, stranger: SimMoodle) -> None:
    desk.connect()
    stranger.token = desk.moodle.token
    done = desk.run("site", "move", "uni", stranger.url, "--force")
    assert done.exit_code == 1
    assert "is another Moodle than uni" in done.output
    assert stored(desk).url == desk.moodle.url


def test_without_the_plugin_a_person_says_that_it_is_the_same_one(desk: Desk, stranger: SimMoodle) -> None:
    desk.moodle.uninstall_plugin()
    desk.connect()
    stranger.uninstall_plugin()
    stranger.token = desk.moodle.token
    assert "Nobody can tell" in desk.run("site", "move", "uni", stranger.url).output
    desk.done("site", "move", "uni", stranger.url, "--force")


def test_the_list_of_instances_says_how_lms_integration_stands(desk: Desk) -> None:
    desk.connect()
    (line,) = desk.json("instance", "list")
    assert line["lms_enabled"] is True
    desk.kura.set_instance(lmsEnabled=False)
    assert "ADInstruments representative" in desk.run("instance", "test", "kura").output
    (line,) = desk.json("instance", "list")
    assert line["lms_enabled"] is False
