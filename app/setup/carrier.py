"""The Redis of this installation, as somebody finds it who was not started by `kurasync up`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from urllib.parse import quote

from redis import Redis
from redis.exceptions import RedisError

from app import queues
from app.errors import SettingsError, TransientError
from app.redis_server import socket_of
from app.settings import Settings


def carried(settings: Settings) -> list[queues.Target]:
    """The jobs in Redis now; raises TransientError when it is away, SettingsError when nobody says where it is."""
    with _redis(settings) as redis:
        return queues.held(redis)


def overview(settings: Settings) -> queues.Overview:
    """Queues and workers as Redis knows them now; raises as `carried` does."""
    with _redis(settings) as redis:
        return queues.overview(redis)


@contextmanager
def _redis(settings: Settings) -> Iterator[Redis]:
    redis = queues.connect(_found(settings))
    try:
        yield redis
    except (RedisError, OSError) as error:
        raise TransientError(
            f"Redis cannot be reached: {str(error).rstrip('.')}. Events are still accepted and nothing is lost, but no "
            "course is looked at: start Redis (`kurasync up` brings one along), or put KURASYNC_REDIS_URL right.",
            reason="redis_away",
        ) from error
    finally:
        redis.close()


def _found(settings: Settings) -> Settings:
    """The settings with the private Redis of `kurasync up`, where they name none."""
    socket = socket_of(settings.home)
    if settings.redis_url:
        return settings
    if not socket.exists():
        raise SettingsError(
            f"There is no Redis: `kurasync up` does not run with the folder {settings.home.absolute()}, and "
            "KURASYNC_REDIS_URL is not set. Start the one or set the other.",
            reason="no_redis",
        )
    return replace(settings, redis_url=f"unix://{quote(str(socket.resolve()))}")

