"""What the doctor found of one thing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

State = Literal["ok", "note", "warn", "fail"]


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at; unless it is ok, `message` says what to do.

    `private`: what in it others have said, which is not passed on to those who help.
    """

    name: str
    state: State
    message: str
    private: tuple[str, ...] = ()


def ok(name: str, message: str, private: tuple[str, ...] = ()) -> Check:
    """It is as it should be."""
    return Check(name, "ok", message, private)


def note(name: str, message: str) -> Check:
    """Good to know; nothing is wrong."""
    return Check(name, "note", message)


def warn(name: str, message: str) -> Check:
    """It works, and somebody should look at it."""
    return Check(name, "warn", message)


def fail(name: str, message: str) -> Check:
    """It does not work."""
    return Check(name, "fail", message)
