"""Erase a person: her names and addresses go out of everything stored; numbers and digests stay (docs/privacy.md)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection

from app.errors import Refused
from app.kit import Kit
from app.planning.personal import hers, without
from app.planning.sameness import erased_address
from app.setup import whom
from app.setup.acts import record
from app.setup.check import Check, warn
from app.setup.stored import Stored, is_personal, links_of, members_of, readings_of, stored
from app.setup.whom import Person
from app.store import files, holds, mappings, people, tasks, worklist
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


def _erase_present(kit: Kit, found: Stored, actor: str) -> None:
    """In one transaction: what runs go by, what waits, the audit, and the word that it was done.

    Read anew under the locks: a run may have ended since somebody looked. From then on nobody writes her down who knew
    her before, so that history can be emptied afterwards, piece by piece.
    """
    take_back(kit)  # whoever had one of these leases can write nothing more
    with kit.database.transaction() as tx:
        files.overwrite_freed(tx)
        mappings.hold_still(tx, *found.concerned)
        _refuse_at_work(tx, found.concerned)
        now, person = kit.database.now(tx), found.person
        site_of = {each.id: each.site_id for each in mappings.every(tx) if each.id in found.concerned}
        links = [link for link in links_of(tx, person, site_of) if is_personal(link)]
        people.empty_links(tx, {link.key: erased_address(link.values["email"]) for link in links})
        for member in members_of(tx, person, site_of):
            people.leave_roster(tx, member.key, [member.userid or 0])
        for seen in readings_of(tx, person, site_of):
            people.leave_reading(tx, seen.key, [seen.userid or 0], [seen.studentid or 0])
        tasks.forget_of(tx, sorted(found.concerned))
        for mapping_id in sorted(site_of):
            _erase_waiting(kit, tx, now, person, mapping_id, site_of[mapping_id], actor)
        people.forget_cells(tx, person.users)
        audited = list(people.of_audit(tx, person.users, person.students))
        people.empty_audit(tx, audited)
        record(tx, now, actor, OPERATION, _subject(found, audited))


def _refuse_at_work(tx: Connection, mapping_ids: set[int]) -> None:
    """No run may know her from before: it would write her down at its end. Later ones read both sides anew."""
    busy = worklist.at_work(tx, mapping_ids)
    if busy:
        raise Refused(
            f"A run is at work on mapping {', '.join(map(str, sorted(busy)))} and may know the person. Try again when "
            "it has ended (`kurasync runs list`).",
            reason=AT_WORK,
        )


def _erase_waiting(
    kit: Kit, tx: Connection, now: float, person: Person, mapping_id: int, site_id: int, actor: str
) -> None:
    """Holds that are open or approved are overtaken rather than carried out in part: nobody approved that."""
    whose = person.whose(mapping_id, site_id)
    for kind in sorted(worklist.KINDS):
        hold = holds.waiting(tx, mapping_id, kind)
        if hold is not None and hers(hold.items, whose) and holds.decide(tx, now, hold, "overtaken", actor):
            ask.want(kit, tx, [mapping_id], kind, urgent=False)
            seen = Document("holds", hold.id, mapping_id, kind, hold.created_at, hold.items, "")
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
    """Plans of ended runs and decided holds, emptied: those that name her, and those there were not when one looked."""
    with kit.database.reading() as tx:
        site_of = {each.id: each.site_id for each in mappings.every(tx)}
        added = people.keys(tx, found.concerned) - found.looked
    for table, key in sorted({(document.table, document.key) for document, _ in found.documents} | added):
        with kit.database.reading() as tx:
            each = people.document(tx, table, key)
        changed = each and _emptied(each, found.person, site_of.get(each.mapping_id))
        if changed and changed != each and changed.state not in WAITING:
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
