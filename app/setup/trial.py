"""The words for somebody who is just connecting a system: nothing was saved, so nothing is tried again by itself."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from app.errors import KurasyncError

_BY_ITSELF = "It is tried again by itself; if this goes on, "
_ROTATE = re.compile(r" and run `kurasync (?:site|instance) rotate NAME`")
_CONFIGURE = re.compile(r"Configure (\S+) as its address")


@contextmanager
def first_try() -> Iterator[None]:
    """While a token is tried that is not stored yet: what the clients say of stored ones is put differently."""
    try:
        yield
    except KurasyncError as error:
        error.message = _reworded(error.message)
        raise


@contextmanager
def stored(name: str) -> Iterator[None]:
    """While a stored token is tried: what to do names this very connection."""
    try:
        yield
    except KurasyncError as error:
        error.message = error.message.replace("rotate NAME", f"rotate {name}")
        if error.origin == "moodle":
            error.message = _CONFIGURE.sub(rf"If Moodle moved there, run `kurasync site move {name} \1`", error.message)
        raise


def _reworded(message: str) -> str:
    told, _, advice = message.partition(_BY_ITSELF)
    told = _ROTATE.sub(" if it was not mistyped", told)
    return f"{told}{advice[:1].upper()}{advice[1:]} Nothing was saved." if advice else f"{told} Nothing was saved."
