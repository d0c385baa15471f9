"""kurasync as an outsider meets it: its command, its web server and its processes, nothing of its code."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sandbox.demo.telling import columns

# So that a day takes two minutes.
SHORT_TIMES = {
    "QUIET": "1",
    "CAP": "5",
    "TICK": "0.2",
    "CONNECT_TIMEOUT": "1",
    "CALL_TIMEOUT": "3",
    "GRACE": "2",
    "GRACE_DEAD": "2",
    "LEASE": "10",
    "SETTLE": "2",
    "BACKOFF": "0.5",
    "BACKOFF_MAX": "3",
    "RECHECK": "10",
    "PROBE_INTERVAL": "2",
}
_STARTS_WITHIN = 60.0
_STOPS_WITHIN = 30.0


class CommandFailed(Exception):
    """A command of kurasync ended with an exit code that the demo did not expect."""


class Service:
    """A running `kurasync up` with a home of its own. `url` is where it listens.

    `times` are the settings that differ from the defaults, without their prefix.
    """

    def __init__(self, home: Path, port: int, times: Mapping[str, str] = SHORT_TIMES) -> None:
        self.url = f"http://127.0.0.1:{port}"
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("KURASYNC_")}
        given = {f"KURASYNC_{name}": value for name, value in times.items()}
        own = {"KURASYNC_HOME": str(home), "KURASYNC_PORT": str(port), "COLUMNS": str(columns())}
        self._environ = {**inherited, **given, **own}
        self._log = home / "up.log"
        self._process: subprocess.Popen[bytes] | None = None

    @classmethod
    @contextmanager
    def running(cls, home: Path, times: Mapping[str, str] = SHORT_TIMES) -> Iterator[Service]:
        """A service on a free port; stopped at the end, by force if need be."""
        home.mkdir(parents=True, exist_ok=True)
        service = cls(home, _free_port(), times)
        service.start()
        try:
            yield service
        finally:
            service.stop()

    @property
    def pid(self) -> int:
        """The process id of `kurasync up`, which all its processes descend from."""
        return self._process.pid if self._process else 0

    def read(self, *words: str, given: str = "", expect: tuple[int, ...] = (0,)) -> Any:
        """What `kurasync WORDS --json` prints; `given` goes to its standard input. Raises CommandFailed."""
        return json.loads(self.command(*words, "--json", given=given, expect=expect))

    def command(self, *words: str, given: str = "", expect: tuple[int, ...] = (0,)) -> str:
        """What `kurasync WORDS` prints. Raises CommandFailed, with what it said, on another exit code."""
        done = subprocess.run(
            [*_COMMAND, *words],
            input=given,
            capture_output=True,
            text=True,
            env=self._environ,
            timeout=60,
            check=False,
        )
        if done.returncode not in expect:
            raise CommandFailed(f"kurasync {' '.join(words)} ended with {done.returncode}: {done.stderr.strip()}")
        return done.stdout

    def kill_redis(self) -> None:
        """SIGKILL to the private Redis: what a power cut or the kernel's memory killer does."""
        os.kill(self._child("redis-server", "valkey-server"), signal.SIGKILL)

    def start(self) -> None:
        """Start it and wait until it is ready; raises CommandFailed."""
        with self._log.open("wb") as log:
            self._process = subprocess.Popen([*_TETHERED, "up"], env=self._environ, stdout=log, stderr=log)
        deadline = time.monotonic() + _STARTS_WITHIN
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise CommandFailed(f"kurasync up did not start:\n{self._log.read_text()[-2000:]}")
            time.sleep(0.1)

    def _answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", int(self.url.rpartition(":")[2])), 0.5) as connection:
                connection.settimeout(2)
                connection.sendall(b"GET /readyz HTTP/1.0\r\nHost: localhost\r\n\r\n")
                return b" 200 " in connection.recv(64)
        except OSError:
            return False

    def stop(self) -> None:
        """Stop it, by force if need be; it may be started again."""
        if self._process is None or self._process.poll() is not None:
            return
        self._process.terminate()
        try:
            self._process.wait(_STOPS_WITHIN)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _child(self, *names: str) -> int:
        assert self._process is not None
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit() and _is_child(entry, self._process.pid, names):
                return int(entry.name)
        raise CommandFailed(f"kurasync up has no child called {' or '.join(names)}")


_COMMAND = (sys.executable, "-c", "from app.cli import main; main()")
# PR_SET_PDEATHSIG, SIGTERM: the service does not outlive the demo, however that ends.
_TETHERED = (*_COMMAND[:2], f"import ctypes; ctypes.CDLL(None).prctl(1, {int(signal.SIGTERM)}); {_COMMAND[2]}")


def _is_child(entry: Path, parent: int, names: tuple[str, ...]) -> bool:
    try:
        stat = (entry / "stat").read_text()
        program = (entry / "exe").readlink().name
    except OSError:
        return False
    return int(stat.rpartition(")")[2].split()[1]) == parent and program in names


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])
