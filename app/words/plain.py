"""Sentences of verbs for people who have no shell: in a browser, and in Moodle."""

from __future__ import annotations

import re

_ASIDE = re.compile(r"(?:: | \(|[;,] see )`(?:kurasync|mapping) [^`]*`(?: says more)?\)?(?=[.!?,;]|$)")
# Tried where sentences begin, and nowhere else: a word of very many letters would take minutes.
_COMMANDS = re.compile(
    r"(?<![^.!?])(?:`(?!kurasync )[^`]*`|[^.!?`])*(?:`kurasync [^`]*`| --[a-z])(?:`[^`]*`|[^.!?`])*[.!?]?"
)


def plain(message: str, otherwise: str | None = None) -> str:
    """A message without the sentences that name commands; where none is left, `otherwise`, or else the message."""
    return _COMMANDS.sub("", _ASIDE.sub("", message)).strip() or (message if otherwise is None else otherwise)
