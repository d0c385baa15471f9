"""How the simulated kuraCloud says no."""

from __future__ import annotations


class Refusal(Exception):
    """A request that is not carried out: the status to answer, and words for people (their wording is assumed)."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
