"""The kinds of work."""

from __future__ import annotations

from typing import Literal

Kind = Literal["roster", "grades"]
ROSTER: Kind = "roster"
GRADES: Kind = "grades"
KINDS: tuple[Kind, ...] = (ROSTER, GRADES)
