"""The audit as a file of JSON lines: a row each, with its seal and its people, so that it can be verified anywhere."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from app.errors import Refused
from app.planning.chain import Head
from app.planning.verification import ERASE, Link, Person
from app.store.seals import COLUMNS


def line(link: Link) -> str:
    """A row as one line of JSON, without its end."""
    sealed = {**asdict(link.head), "previous": link.previous, "audit_id": link.audit_id} if link.head else None
    people = [asdict(each) for each in link.people]
    return json.dumps({"row": link.row, "people": people, "sealed": sealed}, default=repr)


def links(path: Path) -> Iterator[Link]:
    """The rows of a file; raises Refused, naming the line, when it is no such export."""
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            for number, text in enumerate(file, 1):
                try:
                    yield _link(json.loads(text))
                except (ValueError, TypeError, KeyError, RecursionError):
                    raise Refused(f"Line {number} of {path} is no line of an export in JSON lines.") from None
    except OSError as error:
        raise Refused(f"{path} cannot be read: {error.strerror}.") from error


def erasing(path: Path) -> Iterator[tuple[int, Any]]:
    """Id and subject of the rows of a file that say what was erased."""
    for link in links(path):
        if link.row and link.row["operation"] == ERASE and link.row["phase"] == "begin":
            yield link.audit_id, link.row["subject"]


def _link(said: dict[str, Any]) -> Link:
    """Raises ValueError, TypeError or KeyError when it is none."""
    row, sealed = said["row"], said["sealed"]
    if row is not None and row.keys() != set(COLUMNS):
        raise KeyError("row")
    people = [Person(**{**each, "place": int(each["place"])}) for each in said["people"]]
    if sealed is None:
        return Link(None, None, int(row["id"]), row, people)
    head = Head(int(sealed["seq"]), str(sealed["seal"]), float(sealed["sealed_at"]))
    return Link(head, sealed["previous"], int(sealed["audit_id"]), row, people)
