"""The console's menu: the pages that people begin at, in the order in which they are needed."""

from __future__ import annotations

from dataclasses import dataclass

from flask import g, request, url_for

from app.planning.roles import Role
from app.store import overview
from app.web import access


@dataclass(frozen=True, slots=True)
class Entry:
    """A page of the menu, by the section it opens; a view has the name of its section."""

    section: str
    text: str
    needs: Role = "viewer"

    @property
    def endpoint(self) -> str:
        """The section's first page."""
        return f"console_{self.section}.{self.section}"


MENU = (
    Entry("overview", "Overview"),
    Entry("mappings", "Mappings"),
    Entry("holds", "Holds"),
    Entry("events", "Events"),
    Entry("queues", "Queues"),
    Entry("runs", "Runs"),
    Entry("audit", "Audit"),
    Entry("trace", "Trace"),
    Entry("connections", "Connections"),
    Entry("accounts", "Accounts", "admin"),
)


@dataclass(frozen=True, slots=True)
class Shown:
    """An entry as it stands on a page; `count` of what waits there for a person."""

    text: str
    address: str
    current: bool
    count: int


def shown() -> list[Shown]:
    """The menu for whoever asks; nothing for those who are not signed in."""
    whose = g.get("principal")
    if whose is None:
        return []
    waiting = {"holds": _waiting()}
    return [
        Shown(
            each.text,
            url_for(each.endpoint),
            request.blueprint == f"console_{each.section}",
            waiting.get(each.section, 0),
        )
        for each in MENU
        if whose.may(each.needs)
    ]


def _waiting() -> int:
    with access.kit().database.reading() as tx:
        return overview.open_holds(tx)[0]
