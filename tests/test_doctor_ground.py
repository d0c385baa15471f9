"""`kurasync doctor` on this machine: disk, rights, certificates, and whether the key opens what is stored."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import insert, update

from app.store.tables import mappings, site_secrets
from tests.fixtures_desk import Desk


class Usage(NamedTuple):
    """As shutil.disk_usage answers."""

    total: int
    used: int
    free: int


@pytest.fixture
def desk(desk: Desk, redis_url: str) -> Iterator[Desk]:
    """A desk with a Redis and a mapped course."""
    desk.environ["KURASYNC_REDIS_URL"] = redis_url
    desk.map()
    yield desk
    os.chmod(desk.environ["KURASYNC_HOME"], 0o700)


def examined(desk: Desk) -> dict[str, dict[str, Any]]:
    return {check["name"]: check for check in json.loads(desk.run("doctor", "--json").stdout)}


@pytest.mark.parametrize(("mebibytes", "state"), [(100, "fail"), (1000, "warn"), (5000, "ok")])
def test_a_disk_that_fills_up_is_told_in_time(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, mebibytes: int, state: str
) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda _: Usage(0, 0, mebibytes << 20))
    assert examined(desk)["disk"]["state"] == state


def test_a_home_that_others_can_enter_is_a_warning_with_the_command(desk: Desk) -> None:
    home = desk.environ["KURASYNC_HOME"]
    os.chmod(home, 0o750)
    found = examined(desk)["home"]
    assert found["state"] == "warn"
    assert f"chmod 700 {home}" in found["message"]


def test_a_key_file_that_others_can_read_fails_with_the_command(desk: Desk) -> None:
    path = Path(desk.environ["KURASYNC_HOME"]) / "secret.key"
    path.write_text(desk.environ.pop("KURASYNC_SECRET_KEY"))
    os.chmod(path, 0o600)
    assert examined(desk)["key"]["state"] == "ok"
    os.chmod(path, 0o640)
    assert f"chmod 600 {path}" in examined(desk)["key"]["message"]


def test_every_stored_token_and_secret_is_opened(desk: Desk) -> None:
    assert "Each of 3" in examined(desk)["secrets"]["message"]


def test_what_the_key_does_not_open_is_named_with_what_to_do(desk: Desk) -> None:
    other = Fernet(Fernet.generate_key()).encrypt(b"whsec_x").decode()
    with desk.kit.database.transaction() as tx:
        tx.execute(update(site_secrets).values(secret=other))
    found = examined(desk)["secrets"]
    assert found["state"] == "fail"
    assert "webhook secret 1 of the site uni (`kurasync site secret end uni 1`)" in found["message"]
    desk.environ["KURASYNC_SECRET_KEY"] = Fernet.generate_key().decode()
    message = examined(desk)["secrets"]["message"]
    assert "`kurasync site rotate uni`" in message
    assert "`kurasync instance rotate kura`" in message


def test_authorities_of_ones_own_are_told_to_be_the_only_ones(desk: Desk, tmp_path: Path) -> None:
    assert "certificates" not in examined(desk)
    path = tmp_path / "ca.pem"
    path.write_text("no certificate")
    desk.environ["KURASYNC_CA_FILE"] = str(path)
    assert examined(desk)["certificates"]["state"] == "fail"
    desk.environ["KURASYNC_CA_FILE"] = str(tmp_path / "nowhere.pem")
    assert "KURASYNC_CA_FILE must be a file that can be read" in examined(desk)["settings"]["message"]


def test_of_many_mappings_only_those_with_something_are_listed(desk: Desk) -> None:
    common = {"site_id": 1, "instance_id": 1, "course_name": "A", "kura_course_name": "B", "settings": {}}
    common |= {"reconcile_at": 0.0, "created_at": 0.0}
    rows = [{**common, "courseid": 1000 + number, "kura_courseid": 2000 + number} for number in range(30)]
    with desk.kit.database.transaction() as tx:
        tx.execute(insert(mappings), rows)
    desk.done("mapping", "pause", "1")
    found = examined(desk)
    assert found["mapping 1"]["state"] == "note"
    assert found["mappings"]["message"].startswith("30 mappings go on")
    assert "mapping 2" not in found
    assert "30 other mapped course(s) were not read" in found["site uni roster"]["message"]


def test_log_lines_that_nobody_keeps_are_told(desk: Desk, tmp_path: Path) -> None:
    assert "log" not in examined(desk)
    desk.environ["KURASYNC_LOG_FILE"] = str(tmp_path / "nowhere" / "kurasync.log")
    assert examined(desk)["log"]["state"] == "warn"
    desk.environ["KURASYNC_LOG_FILE"] = "none"
    assert examined(desk)["log"]["state"] == "note"
