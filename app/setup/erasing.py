"""Erase a person: her names and addresses go out of everything stored; numbers and digests stay (docs/privacy.md)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import Connection

from app.errors import Refused
from app.kit import Kit
from app.planning.personal import hers, without
from app.planning.sameness import erased_address, is_erased
from app.setup import whom
from app.setup.acts import record
from app.setup.check import Check, warn
from app.setup.whom import Person
from app.store import files, holds, mappings, people, worklist
from app.store.holds import WAITING
from app.store.people import Document, Seen
from app.sync import ask
from app.sync.dispatch import take_back

OPERATION = "erase"
"""How the audit calls an erasure; `erased` in its subject maps numbers of audit rows to places of records."""

ASKED = r"\local_kurasync\event\user_erased"
"""Moodle's event that somebody asked to be erased there."""

AT_WORK = "run_at_work"
"""The reason of a refusal that a little waiting helps."""


@dataclass(slots=True)
class Stored:
    """What is stored of a person. `present`: mappings in which she still takes part, and would be learned again.

    `runs`: all that were looked at.
    """

    person: Person
    links: list[Seen] = field(default_factory=list)
    members: list[Seen] = field(default_factory=list)
    documents: list[tuple[Document, list[dict[str, Any]]]] = field(default_factory=list)
    audit: list[Seen] = field(default_factory=list)
    cells: list[dict[str, Any]] = field(default_factory=list)
    present: set[int] = field(default_factory=set)
    runs: set[int] = field(default_factory=set)

    @property
    def counts(self) -> dict[str, int]:
        """How many records of each kind."""
        tables = [document.table for document, _ in self.documents]
        return {
            "links": len(self.links),
            "rosters": len(self.members),
            "holds": tables.count("holds"),
            "runs": tables.count("runs"),
            "audit": len(self.audit),
            "grades": len(self.cells),
        }

    @property
    def overtaken(self) -> list[int]:
        """The holds that wait for a person, and must not any more."""
        return [document.key for document, _ in self.documents if document.state in WAITING]

    @property
    def mapping_ids(self) -> list[int]:
        """The mappings concerned that still exist."""
        found = {each.mapping_id for each in (*self.links, *self.members)}
        found |= {document.mapping_id for document, _ in self.documents}
        found |= {cell["mapping_id"] for cell in self.cells}
        return sorted(each for each in found if each is not None)


def stored(tx: Connection, person: Person) -> Stored:
    """Everything personal that is stored of a person; what was erased before is nothing."""
    found = Stored(person)
    site_of = {each.id: each.site_id for each in mappings.every(tx)}
    for link in people.of_links(tx, site_of):
        if link.user in person.users:
            found.present |= {link.mapping_id or 0} if link.values["ended_at"] is None else set()
            found.links += [link] if not is_erased(link.values["email"]) or link.values["echo"] else []
    found.members += [member for member in people.of_rosters(tx, site_of) if member.user in person.users]
    found.present |= {member.mapping_id or 0 for member in found.members}
    _read_documents(tx, found, site_of)
    found.audit += people.of_audit(tx, person.users, person.students)
    found.cells += [dict(cell) for cell in people.of_cells(tx, person.users)]
    return found


def erase(kit: Kit, person: Person, actor: str, *, force: bool = False) -> bool:
    """Take a person's names, addresses and grades out of everything; returns whether the file is free of them too.

    False: in free pages of the database old values may stand until it is compacted (app.store.files.compact). It can be
    repeated. What waits for approval and names her is overtaken, and looked at anew. Raises Refused while a run is at
    work that may know her (reason `run_at_work`) and, without `force`, while she still takes part in a mapping, since
    the next run would learn her again.
    """
    with kit.database.reading() as tx:
        found = stored(tx, person)
    if any(found.counts.values()):
        if found.present and not force:
            raise Refused(still_there(found), reason="still_there")
        _erase_present(kit, found, actor)
        for each in _history(kit, found):
            with kit.database.transaction() as tx:
                files.overwrite_freed(tx)
                people.put_document(tx, each)
    return files.compact(kit.database)


def still_there(found: Stored) -> str:
    """Why a person who still takes part is not erased just so."""
    where = ", ".join(map(str, sorted(found.present)))
    return (
        f"The person still takes part in mapping {where}: the next run would read the name and address again from "
        "Moodle or kuraCloud. Remove the person there first, and let the mapping be looked at; or say --force to erase "
        "what is stored now."
    )


def _read_documents(tx: Connection, found: Stored, site_of: dict[int, int]) -> None:
    """Plans and holds; the last run of each kind tells who is part of what cannot be decided yet."""
    last: dict[tuple[int, str], bool] = {}
    for each in people.documents(tx, site_of):
        found.runs |= {each.key} if each.table == "runs" else set()
        whose = found.person.whose(each.mapping_id, site_of[each.mapping_id])
        said = hers(each.value, whose)
        if said or found.person.redacted(each.message) != each.message:
            found.documents.append((replace(each, value=None), said))
        if each.table == "holds" and each.state in WAITING and said:
            found.present.add(each.mapping_id)
        if each.table == "runs" and isinstance(each.value, dict):
            undecided = [each.value.get(name, []) for name in ("held", "conflicts", "left")]
            last[each.mapping_id, each.kind] = any(hers(part, whose) for part in undecided)
    found.present |= {mapping_id for (mapping_id, _), is_named in last.items() if is_named}


def _erase_present(kit: Kit, found: Stored, actor: str) -> None:
    """In one transaction: what runs go by, what waits, the audit, and the word that it was done."""
    take_back(kit)  # whoever had one of these leases can write nothing more
    with kit.database.transaction() as tx:
        files.overwrite_freed(tx)
        _refuse_at_work(tx, found.mapping_ids)
        now = kit.database.now(tx)
        people.empty_links(tx, {link.key: erased_address(link.values["email"]) for link in found.links})
        for mapping_id in {member.key for member in found.members}:
            left = [member.userid for member in found.members if member.key == mapping_id and member.userid]
            people.leave_roster(tx, mapping_id, left)
        for document, _ in found.documents:
            if document.table == "holds":
                _erase_hold(kit, tx, now, found.person, document, actor)
        people.forget_cells(tx, found.person.users)
        audited = list(people.of_audit(tx, found.person.users, found.person.students))
        people.empty_audit(tx, audited)
        record(tx, now, actor, OPERATION, _subject(found, audited))


def _refuse_at_work(tx: Connection, mapping_ids: list[int]) -> None:
    """No run may know her from before: it would write her down at its end. Later ones read both sides anew."""
    busy = worklist.at_work(tx, mapping_ids)
    if busy:
        raise Refused(
            f"A run is at work on mapping {', '.join(map(str, sorted(busy)))} and may know the person. Try again when "
            "it has ended (`kurasync runs list`).",
            reason=AT_WORK,
        )


def _erase_hold(kit: Kit, tx: Connection, now: float, person: Person, seen: Document, actor: str) -> None:
    hold = holds.get(tx, seen.key)
    if hold is None:
        return
    if hold.state in WAITING and holds.decide(tx, now, hold, "overtaken", actor):
        ask.want(kit, tx, [hold.mapping_id], hold.kind, urgent=False)
    mapping = mappings.get(tx, hold.mapping_id)
    whose = person.whose(hold.mapping_id, mapping.site_id if mapping else None)
    people.put_document(tx, replace(seen, value=without(hold.items, whose)))


def _subject(found: Stored, audited: list[Seen]) -> dict[str, Any]:
    """Numbers alone: nothing in the audit can be erased later but what stands beside it."""
    places: dict[str, list[int]] = {}
    for each in audited:
        places.setdefault(str(each.key), []).append(each.place)
    return {
        "users": [list(each) for each in sorted(found.person.users)],
        "students": [list(each) for each in sorted(found.person.students)],
        "counts": found.counts,
        "erased": places,
    }


def _history(kit: Kit, found: Stored) -> Iterator[Document]:
    """Plans of the runs that have ended by now, emptied; no run that knew her can end any more."""
    with kit.database.reading() as tx:
        site_of = {each.id: each.site_id for each in mappings.every(tx) if each.id in found.mapping_ids}
        ended_since = people.runs_of(tx, site_of) - found.runs
    naming = {document.key for document, _ in found.documents if document.table == "runs"}
    for key in sorted(naming | ended_since):
        with kit.database.reading() as tx:
            each = people.document(tx, "runs", key)
        changed = each and _emptied(each, found.person, site_of.get(each.mapping_id))
        if changed and changed != each:
            yield changed


def _emptied(each: Document, person: Person, site_id: int | None) -> Document:
    value = without(each.value, person.whose(each.mapping_id, site_id))
    return replace(each, value=_redacted(value, person), message=person.redacted(each.message))


def _redacted(plan: Any, person: Person) -> Any:
    """A plan whose remaining messages, which are the other side's words, do not name her either."""
    if not isinstance(plan, dict) or "failed" not in plan:
        return plan
    said = [each.get("message", "") for each in plan["failed"]]
    if all(person.redacted(message) == message for message in said):
        return plan
    failed = [{**each, "message": person.redacted(message)} for each, message in zip(plan["failed"], said, strict=True)]
    return {**plan, "failed": failed}


def checks(kit: Kit) -> Iterator[Check]:
    """What `kurasync doctor` says of people whom Moodle was asked to erase and who are still stored here."""
    with kit.database.reading() as tx:
        asked = whom.shown(tx, Person(users=frozenset(people.asked_to_erase(tx, ASKED))))
    if asked:
        yield warn(
            "erasures",
            f"Moodle was asked to erase {', '.join(asked)}, and something is stored here. See what it is and erase it "
            f"with `kurasync erase {asked[0]}`.",
        )
