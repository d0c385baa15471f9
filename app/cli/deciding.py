"""What a person decides on has to be looked at first: on the terminal, or by the digest that was shown."""

from __future__ import annotations

import sys
from collections.abc import Callable

import click

from app.cli import asking
from app.store.holds import Hold

SHORT = 12  # digits of a digest that are shown, and enough to be said

digest_option = click.option(
    "--digest", metavar="DIGEST", help=f"What `holds show` gave, its first {SHORT} digits at least."
)


def looked_at(hold: Hold, digest: str | None, show: Callable[[Hold], None], question: str) -> str:
    """The digest of what was looked at: the one given, or of what is shown now and said yes to.

    Raises UsageError where there is neither a digest nor a terminal.
    """
    if digest is not None:
        return _whole(digest, hold)
    if not sys.stdin.isatty():
        raise click.UsageError(
            f"There is no terminal to ask on: look with `kurasync holds show {hold.id}`, then say --digest."
        )
    show(hold)
    asking.confirm(question, yes=False)
    return hold.digest


def _whole(digest: str, hold: Hold) -> str:
    enough = len(digest) >= SHORT and hold.digest.startswith(digest)
    return hold.digest if enough else digest
