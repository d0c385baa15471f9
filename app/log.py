"""Log lines: JSON for machines or plain for a terminal; never a token, secret, name or e-mail (invariant 11)."""

from __future__ import annotations

import json
import logging
import os
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from functools import lru_cache
from io import TextIOWrapper
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Any

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from app.settings import Settings

_HIDDEN = (
    "token",
    "secret",
    "password",
    "authorization",
    "signature",
    "email",
    "firstname",
    "lastname",
    "fullname",
    "username",
    "givenname",
    "familyname",
    "idnumber",
    "externalstudentid",
)
_MASK = "***"
# A database's or a server's own message may quote what it was sent, so values are looked through as well.
_SIGN = r"[^\s@\"'<>(){}\[\],;:=]"
# Tried where words begin, and nowhere else: one without end would keep the process busy.
_ADDRESS = re.compile(rf"(?<!{_SIGN}){_SIGN}+@{_SIGN}+")
_CONSOLE = structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)
_LARGEST, _OLDER = 10 << 20, 4  # bytes of the file of log lines, and how many before it are kept
_CHATTY = ("rq.worker", "rq.job", "alembic", "urllib3")


def configure(settings: Settings) -> None:
    """Send the log lines of this process, those of libraries too, to standard error."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        # Plain tracebacks: those with local variables would show tokens.
        structlog.processors.format_exc_info,
        mask,
    ]
    structlog.configure(
        # What is not shown costs next to nothing: a receiver would say a line for each delivery.
        processors=[structlog.stdlib.filter_by_level, *shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
    )
    _send_to_standard_error(settings, shared)


def _send_to_standard_error(settings: Settings, shared: list[Processor]) -> None:
    lines = logging.StreamHandler(sys.stderr)
    lines.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, _renderer(settings)],
            foreign_pre_chain=shared,
        )
    )
    root = logging.getLogger()
    root.handlers = [lines]
    root.setLevel(settings.log_level.upper())
    for name in _CHATTY:
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))


def _renderer(settings: Settings) -> Processor:
    return structlog.processors.JSONRenderer() if settings.log_json and not sys.stderr.isatty() else _CONSOLE


def readable(line: str) -> str:
    """A line of JSON as a person reads it, in local time; any other line as it is."""
    said = parsed(line)
    if said is None:
        return line
    at = datetime.fromisoformat(said["timestamp"]).astimezone()
    return str(_CONSOLE(None, "", {**said, "timestamp": at.strftime("%H:%M:%S")}))


def parsed(line: str) -> dict[str, Any] | None:
    """What a log line says; None where it is none of ours."""
    try:
        said = json.loads(line)
        datetime.fromisoformat(said["timestamp"])
    except (ValueError, TypeError, KeyError):
        return None
    return said if isinstance(said.get("event"), str) else None


@contextmanager
def kept(path: Path | None) -> Iterator[Callable[[str], None]]:
    """What keeps lines in a file that only its owner reads, 10 MiB and four before it; None: it keeps nothing.

    One process writes there: files would be turned over under the others' hands.
    """
    if path is None:
        yield lambda _: None
        return
    with closing(_Lines(path, maxBytes=_LARGEST, backupCount=_OLDER, encoding="utf-8", delay=True)) as lines:
        yield lambda line: lines.emit(logging.makeLogRecord({"msg": line}))


class _Lines(RotatingFileHandler):
    def _open(self) -> TextIOWrapper:
        descriptor = os.open(self.baseFilename, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        return TextIOWrapper(open(descriptor, "ab"), encoding=self.encoding, write_through=True)

    def handleError(self, record: logging.LogRecord) -> None:
        """A full disk stops nobody: the lines are on the terminal all the same."""


def mask(_logger: WrappedLogger, _method: str, line: EventDict) -> EventDict:
    """Hide the values of keys that name something personal or secret, and e-mail addresses in any text."""
    return {key: _masked(key, value) for key, value in line.items()}


@lru_cache(maxsize=1024)
def _hides(key: str) -> bool:
    letters = re.sub(r"[^a-z]", "", key.lower())
    return any(hidden in letters for hidden in _HIDDEN)


def _masked(key: str, value: Any) -> Any:
    if _hides(key):
        return _MASK
    if isinstance(value, str):
        return _ADDRESS.sub(_MASK, value)
    if isinstance(value, dict):
        return {inner: _masked(str(inner), each) for inner, each in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_masked("", each) for each in value]
    return value
