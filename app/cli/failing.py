"""Exit codes, and how a failure is told: one or two sentences on standard error, what failed and what to do next."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any

import click

from app.cli.output import printable, warn
from app.errors import KurasyncError, TransientError

FAILED, HELD, UNREACHABLE, INTERRUPTED = 1, 3, 4, 130


class Failure(click.ClickException):
    """Ends the command with this message and exit code."""

    def __init__(self, message: str, exit_code: int = FAILED) -> None:
        super().__init__(printable(message))
        self.exit_code = exit_code  # type: ignore[misc]

    def show(self, file: IO[Any] | None = None) -> None:
        """Print it as every line for people is printed."""
        warn(f"Error: {self.message}")


@contextmanager
def told(ctx: click.Context) -> Iterator[None]:
    """Turn what is expected to go wrong into a Failure; Ctrl-C ends without a word."""
    try:
        yield
    except (KeyboardInterrupt, click.Abort):
        ctx.exit(INTERRUPTED)
    except Exception as error:
        failure = _failure(error)
        if failure is None:
            raise
        raise failure from error


def _failure(error: Exception) -> Failure | None:
    if isinstance(error, KurasyncError):
        return Failure(error.message, UNREACHABLE if isinstance(error, TransientError) else FAILED)
    if _is(error, "sqlalchemy.exc", "DBAPIError"):
        return Failure(_of_the_database(error), UNREACHABLE)
    if _is(error, "redis.exceptions", "RedisError"):
        cause = str(error).rstrip(".")
        return Failure(f"Redis cannot be used: {cause}. Is it running? See KURASYNC_REDIS_URL.", UNREACHABLE)
    return None


def _is(error: Exception, module: str, name: str) -> bool:
    # What was never loaded was not raised: to load it here would take half of a short command's time.
    loaded = sys.modules.get(module)
    return loaded is not None and isinstance(error, getattr(loaded, name))


def _of_the_database(error: Any) -> str:
    from app.setup.database import trouble

    return trouble(error)
