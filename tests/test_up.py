"""`kurasync up` on one machine: what it makes, what it refuses, and that it leaves no process behind."""

from __future__ import annotations

import os
import re
import signal
import socket
import stat
import subprocess
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from redis import Redis

from app.cli import up as commands
from app.kit import Kit
from app.settings import Settings
from app.web.server import processes as web_processes
from tests.courses import mapped, wanted
from tests.fixtures_processes import ROOT, Processes, variables, wait_until

Up = Callable[..., subprocess.Popen[bytes]]
NAMES = ("kurasync-web", "kurasync-crew", "kurasync-clock")


@pytest.fixture
def up(processes: Processes, tmp_path: Path) -> Up:
    def start(command: str = "up", *, before: str = "", **given: Any) -> subprocess.Popen[bytes]:
        chosen = Settings(**{"home": tmp_path / "home", "port": 0, "workers": 1, **given})
        environ = {**variables(chosen), "KURASYNC_PORT": str(chosen.port)}
        return processes.start("-c", f"from app.cli import main; {before or 'pass'}; main()", command, environ=environ)

    return start


def address(processes: Processes, process: subprocess.Popen[bytes]) -> str:
    """Where it says that it listens, once it answers there."""
    wait_until(lambda: "listens on" in processes.output(process))
    found = re.search(r"http://127\.0\.0\.1:\d+", processes.output(process))
    assert found
    wait_until(lambda: status(found[0] + "/healthz") == 200, 20)
    return found[0]


def status(url: str) -> int:
    with urllib.request.urlopen(url, timeout=10) as answer:
        return int(answer.status)


def all_there(processes: Processes) -> bool:
    """Redis, the three processes of the Procfile, the web server's own child, and one worker."""
    return all(processes.find(name) for name in (*NAMES, "redis-server", "kurasync-worker"))


def test_it_makes_what_is_missing_and_says_so(up: Up, processes: Processes, tmp_path: Path) -> None:
    process = up()
    url = address(processes, process)
    said = processes.output(process)
    home = tmp_path / "home"
    assert f"Made the key {home}/secret.key." in said
    assert "Made the database" in said
    assert f"kurasync listens on {url}" in said
    assert "kurasync site add" in said
    assert stat.S_IMODE(home.stat().st_mode) == 0o700
    assert stat.S_IMODE((home / "secret.key").stat().st_mode) == 0o600
    process.send_signal(signal.SIGTERM)
    assert process.wait(20) == 0
    assert processes.output(process).rstrip().endswith("kurasync has stopped.")


def test_it_says_nothing_of_what_was_there(up: Up, processes: Processes) -> None:
    for _ in range(2):
        process = up()
        address(processes, process)
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 0
    assert "Made" not in processes.output(process)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_stops_everything(up: Up, processes: Processes, number: signal.Signals) -> None:
    process = up()
    wait_until(lambda: all_there(processes), 20)
    process.send_signal(number)
    assert process.wait(20) == 0
    assert processes.alive() == {}
    assert "Traceback" not in processes.output(process)


def test_it_leaves_no_process_behind_when_it_is_killed(up: Up, processes: Processes) -> None:
    process = up(workers=2)
    wait_until(lambda: all_there(processes) and len(processes.find("kurasync-worker")) == 2, 20)
    process.kill()
    wait_until(lambda: not processes.alive(), 5)


@pytest.mark.parametrize("name", [*NAMES, "redis-server"])
def test_what_dies_is_started_again(up: Up, processes: Processes, name: str) -> None:
    process = up()
    url = address(processes, process)
    wait_until(lambda: all_there(processes), 20)
    first = processes.find(name)[0]
    os.kill(first, signal.SIGKILL)
    wait_until(lambda: all_there(processes) and _others(processes, name, first), 20)
    wait_until(lambda: "was ended by SIGKILL and is started again." in processes.output(process))
    assert status(url + "/healthz") == 200


def _others(processes: Processes, name: str, first: int) -> bool:
    found = processes.find(name)
    return found != [] and first not in found


def test_output_carries_the_name_of_its_process(up: Up, processes: Processes) -> None:
    process = up()
    wait_until(lambda: all_there(processes), 20)
    os.kill(processes.find("kurasync-worker")[0], signal.SIGKILL)
    wait_until(lambda: re.search(r'^worker \| .*"worker_ended"', processes.output(process), re.MULTILINE))


def test_a_second_one_in_the_same_folder_is_refused(up: Up, processes: Processes) -> None:
    first = up()
    address(processes, first)
    second = up()
    assert second.wait(20) == 1
    assert "kurasync is up already with the folder" in processes.output(second)
    assert first.poll() is None


def test_the_folder_is_free_again_after_a_kill(up: Up, processes: Processes) -> None:
    first = up()
    address(processes, first)
    first.kill()
    first.wait()
    second = up()
    address(processes, second)


def test_a_port_that_is_taken_is_told_before_anything_starts(up: Up, processes: Processes, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        process = up(port=port)
        assert process.wait(20) == 1
    said = processes.output(process)
    assert f"Port {port} of 127.0.0.1 is taken by another program." in said
    assert "KURASYNC_PORT" in said
    assert not (tmp_path / "home" / "kurasync.db").exists()
    assert processes.alive() == {}


@pytest.mark.parametrize("host", ["192.0.2.1", "no such host"])
def test_a_host_that_is_not_here_is_told(up: Up, processes: Processes, host: str) -> None:
    process = up(host=host)
    assert process.wait(20) == 1
    assert "KURASYNC_HOST" in processes.output(process)


def test_a_folder_where_nothing_can_be_written_is_told(up: Up, processes: Processes, tmp_path: Path) -> None:
    locked = tmp_path / "locked"
    locked.mkdir(mode=0o500)
    # Root may write anywhere, so it becomes nobody once everything is imported.
    process = up(home=locked / "home", before="import os, app.cli.up; os.geteuid() or os.setuid(65534)")
    assert process.wait(20) == 1
    assert "Nothing can be written in the folder" in processes.output(process)
    assert "KURASYNC_HOME" in processes.output(process)


def test_a_file_in_the_place_of_the_folder_is_told(up: Up, processes: Processes, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    process = up(home=tmp_path / "file" / "home")
    assert process.wait(20) == 1
    assert "Nothing can be written in the folder" in processes.output(process)


def test_a_redis_of_ones_own_is_used(up: Up, processes: Processes, redis_url: str) -> None:
    before = processes.find("redis-server")
    process = up(redis_url=redis_url)
    address(processes, process)
    wait_until(lambda: processes.find("kurasync-worker"))
    assert processes.find("redis-server") == before
    process.send_signal(signal.SIGTERM)
    assert process.wait(20) == 0
    assert processes.find("redis-server") == before


@pytest.mark.parametrize("command", ["worker", "clock"])
def test_a_process_alone_says_that_it_needs_a_redis(
    up: Up, processes: Processes, live_sqlite_kit: Kit, command: str
) -> None:
    given = live_sqlite_kit.settings
    process = up(command, database_url=given.database_url, secret_key=given.secret_key)
    assert process.wait(20) == 1
    assert f"kurasync {command}: KURASYNC_REDIS_URL is not set." in processes.output(process)


@pytest.mark.parametrize(("command", "name"), [*zip(("web", "worker", "clock"), NAMES, strict=True)])
def test_a_process_may_be_run_alone(
    up: Up, processes: Processes, live_sqlite_kit: Kit, command: str, name: str
) -> None:
    given = live_sqlite_kit.settings
    process = up(command, database_url=given.database_url, secret_key=given.secret_key, redis_url=given.redis_url)
    if command == "clock":
        wanted(live_sqlite_kit, *mapped(live_sqlite_kit))
        with Redis.from_url(given.redis_url) as redis:
            wait_until(lambda: redis.llen("rq:queue:roster"))
    else:
        wait_until(lambda: processes.children_of(process.pid))
    assert processes.find(name)[0] == process.pid
    process.send_signal(signal.SIGTERM)
    assert process.wait(20) == 0
    assert processes.find(name) == []


def test_the_web_server_is_not_left_behind_by_its_master(up: Up, processes: Processes, live_sqlite_kit: Kit) -> None:
    given = live_sqlite_kit.settings
    process = up("web", database_url=given.database_url, secret_key=given.secret_key, redis_url=given.redis_url)
    wait_until(lambda: processes.children_of(process.pid))
    process.kill()
    wait_until(lambda: not processes.find(NAMES[0]), 5)


def test_the_procfile_names_the_same_processes() -> None:
    lines = [line.split(": ") for line in (ROOT / "Procfile").read_text().splitlines()]
    assert lines == [[name, f"kurasync {name}"] for name in ("web", "worker", "clock")]
    assert all(hasattr(commands, name) for name, _ in lines)


def test_sqlite_has_one_web_process_and_postgres_more() -> None:
    assert web_processes(Settings()) == 1
    assert web_processes(Settings(database_url="postgresql://user@host/kurasync")) == 2
