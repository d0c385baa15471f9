"""Checks as they are told, one line each, and what a command that made them ends with."""

from __future__ import annotations

import sys
from collections.abc import Iterable

from app.cli.failing import FAILED
from app.cli.output import print_json, say
from app.setup.check import Check


def tell(checks: Iterable[Check], as_json: bool) -> None:
    """Say each check as soon as it is made; ends with 1 when one failed."""
    found = []
    for check in checks:
        found.append(check)
        if not as_json:
            say(f"{check.state:<4}  {check.name}: {check.message}")
    if as_json:
        print_json([{"name": check.name, "state": check.state, "message": check.message} for check in found])
    if any(check.state == "fail" for check in found):
        sys.exit(FAILED)
