"""Exit codes, and how a failure is told: one or two sentences on standard error, what failed and what to do next."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import click
from redis.exceptions import RedisError
from sqlalchemy.exc import DBAPIError

from app.cli.output import printable
from app.errors import KurasyncError, TransientError
from app.setup.database import trouble

FAILED, HELD, UNREACHABLE, INTERRUPTED = 1, 3, 4, 130


class Failure(click.ClickException):
    """Ends the command with this message and exit code."""

    def __init__(self, message: str, exit_code: int = FAILED) -> None:
        super().__init__(printable(message))
        self.exit_code = exit_code  # type: ignore[misc]


@contextmanager
def told(ctx: click.Context) -> Iterator[None]:
    """Turn what is expected to go wrong into a Failure; Ctrl-C ends without a word."""
    try:
        yield
    except KurasyncError as error:
        raise Failure(error.message, UNREACHABLE if isinstance(error, TransientError) else FAILED) from error
    except DBAPIError as error:
        raise Failure(trouble(error), UNREACHABLE) from error
    except RedisError as error:
        raise Failure(f"Redis cannot be used: {error}. Is it running? See KURASYNC_REDIS_URL.", UNREACHABLE) from error
    except (KeyboardInterrupt, click.Abort):
        ctx.exit(INTERRUPTED)
