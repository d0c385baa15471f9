"""The Redis of this installation, as somebody finds it who was not started by `kurasync up`."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import quote

from redis.exceptions import RedisError

from app import queues
from app.errors import SettingsError, TransientError
from app.redis_server import socket_of
from app.settings import Settings


def carried(settings: Settings) -> list[queues.Target]:
    """What Redis holds now; raises TransientError when it is away, SettingsError when nobody says where it is."""
    redis = queues.connect(_found(settings))
    try:
        return queues.held(redis)
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

