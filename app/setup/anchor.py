"""The anchor: a file outside the database that remembers how far the audit's chain was, a line for each head.

Whoever changes the database and seals everything anew has to change every copy of this file too (docs/audit.md).
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from app.errors import Refused, SettingsError
from app.planning.chain import Head

_TAIL = 4096


def last(path: Path) -> Head | None:
    """The newest head that the file remembers; None: none, or there is no such file.

    Raises SettingsError when it cannot be read.
    """
    try:
        with path.open("rb") as file:
            return _last(file.fileno())
    except FileNotFoundError:
        return None
    except OSError as error:
        raise _unusable(path, error) from error


def heads(path: Path) -> Iterator[Head]:
    """Every head that the file remembers, the oldest first; lines that are none (torn ones, remarks) are passed over.

    Raises Refused when the file cannot be read or its heads do not rise.
    """
    newest = 0
    try:
        with path.open(encoding="ascii", errors="replace") as file:
            for number, line in enumerate(file, 1):
                head = parsed(line)
                if head is None:
                    continue
                if head.seq < newest:
                    raise Refused(f"Line {number} of {path} is out of order: sort the file by its first number.")
                newest = head.seq
                yield head
    except OSError as error:
        raise Refused(f"{path} cannot be read: {error.strerror}.") from error


def append(path: Path, head: Head) -> None:
    """Remember a head, unless the file knows it or a later one; it is on the disk when this returns.

    Raises SettingsError when nothing can be written there.
    """
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with open(path, "ab+", buffering=0, opener=_private) as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            known = _last(file.fileno())
            if known is None or known.seq < head.seq:
                file.write(f"{_mend(file.fileno())}{line(head)}\n".encode("ascii"))
                os.fsync(file.fileno())
    except OSError as error:
        raise _unusable(path, error) from error


def set_aside(path: Path, now: float) -> Path | None:
    """Begin a new file: the old one is kept beside it, under a name with the time; None: there was none."""
    if not path.exists():
        return None
    kept = path.with_name(f"{path.name}.{datetime.fromtimestamp(now, UTC):%Y%m%dT%H%M%SZ}")
    path.rename(kept)
    return kept


def line(head: Head) -> str:
    """`SEQ SEAL TIME`, the time in UTC to the microsecond."""
    when = datetime.fromtimestamp(head.sealed_at, UTC).isoformat(timespec="microseconds")
    return f"{head.seq} {head.seal} {when.replace('+00:00', 'Z')}"


def parsed(text: str) -> Head | None:
    """The head of such a line; None: it is none."""
    try:
        seq, seal, when = text.split()
        at = datetime.fromisoformat(when)
        return Head(int(seq), seal.lower(), at.timestamp()) if is_seal(seal) and at.tzinfo and int(seq) > 0 else None
    except (ValueError, OverflowError):
        return None


def is_seal(text: str) -> bool:
    """Whether a text looks like a seal."""
    return len(text) == 64 and all(sign in "0123456789abcdefABCDEF" for sign in text)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _last(file: int) -> Head | None:
    size = os.fstat(file).st_size
    tail = os.pread(file, _TAIL, max(0, size - _TAIL)).decode("ascii", "replace")
    whole = tail.splitlines()[1 if size > _TAIL else 0 :]
    found = [head for head in map(parsed, whole) if head]
    return found[-1] if found else None


def _mend(file: int) -> str:
    """What has to come before a new line: the end of one that was torn."""
    size = os.fstat(file).st_size
    return "" if not size or os.pread(file, 1, size - 1) == b"\n" else "\n"


def _unusable(path: Path, error: OSError) -> SettingsError:
    return SettingsError(
        f"The anchor of the audit, {path.absolute()}, cannot be used: {error.strerror}. Let this account read and "
        "write it, or name another file in KURASYNC_AUDIT_ANCHOR."
    )
