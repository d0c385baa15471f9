"""The home folder of `kurasync up`: made when it is not there, and used by one at a time."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from app.errors import Refused, SettingsError

_LOCK = "up.lock"


@contextmanager
def taken(home: Path) -> Iterator[bool]:
    """Have the folder for this process alone while the block runs; True when it was made now.

    Raises SettingsError when nothing can be written there, Refused when another `kurasync up` has it. The lock ends
    with the process, however that ends.
    """
    try:
        new = not home.exists()
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = os.open(home / _LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise SettingsError(
            f"Nothing can be written in the folder {home.absolute()}: {error.strerror}. Give this account the right to "
            "write there, or choose another folder with KURASYNC_HOME."
        ) from error
    try:
        _lock(lock, home)
        yield new
    finally:
        os.close(lock)


def _lock(lock: int, home: Path) -> None:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise Refused(
            f"kurasync is up already with the folder {home.absolute()}. Stop that one first, or choose another folder "
            "with KURASYNC_HOME."
        ) from None
