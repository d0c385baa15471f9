"""Sentences of verbs in the console: a command that has a button here is called by it, others are left out."""

from __future__ import annotations

import re

from app.words.plain import plain as without_commands

_BUTTONS = (
    (re.compile(r" and run `kurasync (?:site|instance) rotate [^`]*`"), " and enter it under Connections"),
    (re.compile(r" with `kurasync (?:site|instance) rotate [^`]*`"), " on its page under Connections"),
    (re.compile(r"`kurasync (?:site|instance) test [^`]*`"), "“Test” under Connections"),
    (re.compile(r"`kurasync mapping resume\b[^`]*`"), "“Resume”"),
    (re.compile(r"`kurasync mapping remove\b[^`]*`"), "“Remove”"),
    (re.compile(r"`kurasync mapping repoint\b[^`]*`"), "“Point elsewhere”"),
    (re.compile(r"`kurasync dead list`"), "“Dead letters” under Queues"),
    (re.compile(r"`kurasync dead requeue \d+`"), "“Try again” there"),
)


def plain(message: str, otherwise: str | None = None) -> str:
    """A message without commands; where nothing is left, `otherwise`, or else the message (app.words.plain)."""
    for command, button in _BUTTONS:
        message = command.sub(button, message)
    return without_commands(message, otherwise)
