"""What is stored of a person: read for showing, telling and erasing it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import Connection

from app.planning.personal import hers
from app.planning.sameness import is_erased
from app.setup.whom import Person
from app.store import mappings, people
from app.store.holds import WAITING
from app.store.people import Document, Key, Seen

_UNDECIDED = ("held", "conflicts", "left")  # the parts of a plan that the next one will have again


@dataclass(slots=True)
class Stored:
    """Records of one person; what was erased before is none. Documents come without their value, with what is hers.

    `present`: mappings in which she still takes part, and would be learned again. `concerned`: all in which she ever
    did. `looked`: every document that was looked at.
    """

    person: Person
    links: list[Seen] = field(default_factory=list)
    members: list[Seen] = field(default_factory=list)
    readings: list[Seen] = field(default_factory=list)
    documents: list[tuple[Document, list[dict[str, Any]]]] = field(default_factory=list)
    audit: list[Seen] = field(default_factory=list)
    cells: list[dict[str, Any]] = field(default_factory=list)
    present: set[int] = field(default_factory=set)
    concerned: set[int] = field(default_factory=set)
    looked: set[Key] = field(default_factory=set)

    @property
    def counts(self) -> dict[str, int]:
        """How many records of each kind."""
        tables = [document.table for document, _ in self.documents]
        return {
            "links": len(self.links),
            "rosters": len(self.members),
            "readings": len(self.readings),
            "holds": tables.count("holds"),
            "runs": tables.count("runs"),
            "tasks": tables.count("tasks"),
            "audit": len(self.audit),
            "grades": len(self.cells),
        }

    @property
    def waiting(self) -> list[int]:
        """The holds that name her and wait, or were approved and not yet applied."""
        return [document.key for document, _ in self.documents if document.state in WAITING]


def stored(tx: Connection, person: Person) -> Stored:
    """Everything personal that is stored of a person."""
    found = Stored(person)
    site_of = {each.id: each.site_id for each in mappings.every(tx)}
    own = links_of(tx, person, site_of)
    found.links = [link for link in own if is_personal(link)]
    found.members = members_of(tx, person, site_of)
    found.readings = readings_of(tx, person, site_of)
    found.cells = [dict(cell) for cell in people.of_cells(tx, person.users)]
    found.audit += people.of_audit(tx, person.users, person.students)
    taking_part = (*own, *found.members, *found.readings)
    found.present = {each.mapping_id or 0 for each in taking_part if each.values.get("ended_at") is None}
    _read_documents(tx, found, site_of)
    found.concerned = found.present | {each.mapping_id or 0 for each in own}
    found.concerned |= {document.mapping_id for document, _ in found.documents}
    return found


def links_of(tx: Connection, person: Person, mapping_ids: Collection[int]) -> list[Seen]:
    """Her links, those that ended too."""
    return [link for link in people.of_links(tx, mapping_ids) if link.user in person.users]


def is_personal(link: Seen) -> bool:
    """Whether a link holds more than numbers."""
    return bool(link.values["echo"]) or not is_erased(link.values["email"])


def members_of(tx: Connection, person: Person, mapping_ids: Collection[int]) -> list[Seen]:
    """Her entries in the rosters known."""
    return [member for member in people.of_rosters(tx, mapping_ids) if member.user in person.users]


def readings_of(tx: Connection, person: Person, mapping_ids: Collection[int]) -> list[Seen]:
    """Her entries in what the last runs read, on either side."""
    return [
        seen
        for seen in people.of_readings(tx, mapping_ids)
        if seen.user in person.users or (seen.user is None and seen.student in person.students)
    ]


def _read_documents(tx: Connection, found: Stored, site_of: dict[int, int]) -> None:
    """Plans and holds; the last run of each kind tells who is part of what cannot be decided yet."""
    last: dict[tuple[int, str], bool] = {}
    for each in people.documents(tx, site_of):
        found.looked.add((each.table, each.key))
        whose = found.person.whose(each.mapping_id, site_of[each.mapping_id])
        said = hers(each.value, whose)
        if said or found.person.redacted(each.message) != each.message:
            found.documents.append((replace(each, value=None), said))
        if each.state in WAITING and said:
            found.present.add(each.mapping_id)
        if each.table == "runs" and isinstance(each.value, dict):
            undecided = [each.value.get(name, []) for name in _UNDECIDED]
            last[each.mapping_id, each.kind] = any(hers(part, whose) for part in undecided)
    found.present |= {mapping_id for (mapping_id, _), is_named in last.items() if is_named}
