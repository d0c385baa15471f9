"""Whom a Moodle user's number or an e-mail address means: everybody that is one person in what is stored."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field

from sqlalchemy import Connection

from app.errors import NotFound, Refused
from app.planning.personal import Whose, addresses, entries, names
from app.planning.sameness import email_key, is_address
from app.setup import finding
from app.store import mappings, people, sites
from app.store.people import NO_SITE, Document, Seen, Student, User


@dataclass(frozen=True, slots=True)
class Person:
    """One person: her users, and the students that are nobody else's; `others` are students of others.

    `texts` are her addresses and names, for finding them in sentences.
    """

    users: frozenset[User] = frozenset()
    students: frozenset[Student] = frozenset()
    others: frozenset[Student] = frozenset()
    texts: frozenset[str] = frozenset()

    def whose(self, mapping_id: int, site_id: int | None) -> Whose:
        """The person as plans of a mapping name her."""
        return Whose(
            frozenset(each.userid for each in self.users if each.site_id == site_id),
            frozenset(each.studentid for each in self.students if each.mapping_id == mapping_id),
            frozenset(each.studentid for each in self.others if each.mapping_id == mapping_id),
        )

    def redacted(self, text: str) -> str:
        """A sentence without her names and addresses."""
        for each in sorted(self.texts, key=len, reverse=True):
            text = text.replace(each, "…")
        return text


def numbered(tx: Connection, text: str) -> User:
    """The user that `SITE:USERID` means; raises NotFound."""
    site, _, number = text.partition(":")
    if not number.isdecimal():
        raise NotFound(f"{text!r} names no user: write SITE:USERID, the user's number in Moodle (uni:17).")
    return User(finding.site(tx, site).id, int(number))


def by_user(tx: Connection, users: Collection[User]) -> Person:
    """The person who has these users: also the students with an address of hers whom nobody is linked to."""
    clues = _Clues(frozenset(users))
    at = {user.site_id for user in users}
    of_sites = {each.id: each.site_id for each in mappings.every(tx) if each.site_id in at}
    for link in people.of_links(tx, of_sites):
        clues.note_link(link)
    for member in people.of_rosters(tx, of_sites):
        clues.note(member, known=True)
    for someone in people.of_readings(tx, of_sites):
        clues.note(someone, known=someone.userid is not None)
    for each in people.documents(tx, of_sites):
        for seen in _in(each, of_sites[each.mapping_id]):
            clues.note(seen)
    for record in people.of_audit(tx, users, clues.linked):
        clues.note(record)
    for record in people.of_whole_audit(tx, without_user=True):
        clues.note(record)
    return clues.person()


def by_address(tx: Connection, address: str, *, everyone: bool = False) -> Person:
    """The person who has, or had, an e-mail address; raises Refused when several users did, except with `everyone`.

    Everything is searched: what is stored is not arranged by addresses.
    """
    if not is_address(address):
        raise Refused("That is no e-mail address.")
    key, users, strays = email_key(address), set[User](), set[Student]()
    for each in _everything(tx):
        if key in addresses(dict(each.values)):
            users |= {each.user} if each.user else set()
            strays |= {each.student} if each.student and not each.user else set()
    known = {user.userid for user in users if user.site_id != NO_SITE}
    users = {user for user in users if user.site_id != NO_SITE or user.userid not in known}
    if len(users) > 1 and not everyone:
        raise Refused(_several(tx, users), reason="several_people")
    found = by_user(tx, users) if users else Person(texts=frozenset({address.strip()}))
    return Person(found.users, found.students | (strays - found.others), found.others, found.texts)


def shown(tx: Connection, person: Person) -> list[str]:
    """The person's numbers for people: `uni:17`, `student 1001 of mapping 2`."""
    called = {each.id: each.name for each in sites.every(tx)}
    users = [f"{called.get(each.site_id, each.site_id)}:{each.userid}" for each in sorted(person.users)]
    return [*users, *(f"student {each.studentid} of mapping {each.mapping_id}" for each in sorted(person.students))]


@dataclass(slots=True)
class _Clues:
    """What is known of some users while everything stored of their sites is looked through."""

    users: frozenset[User]
    linked: set[Student] = field(default_factory=set)
    others: set[Student] = field(default_factory=set)
    others_now: set[Student] = field(default_factory=set)
    keys: set[str] = field(default_factory=set)
    keys_of_others: set[str] = field(default_factory=set)
    texts: set[str] = field(default_factory=set)
    strays: dict[Student, tuple[set[str], set[str]]] = field(default_factory=dict)

    def note_link(self, link: Seen) -> None:
        """A student whom somebody else has now is that person's, whoever had her before."""
        assert link.student is not None
        if link.user in self.users:
            self.linked.add(link.student)
        else:
            self.others.add(link.student)
            self.others_now |= {link.student} if link.values["ended_at"] is None else set()
        self.note(link, known=True)

    def note(self, seen: Seen, *, known: bool = False) -> None:
        """Remember what a record tells; `known`: an address in it proves whose it is."""
        found = addresses(dict(seen.values))
        if seen.userid is not None and (seen.user in self.users or seen.site_id is None):
            self.keys |= found
            self.texts |= names(seen.values)
        elif seen.userid is not None:
            self.keys_of_others |= found if known else set()
        elif seen.student is not None and seen.site_id in {None, *(user.site_id for user in self.users)}:
            keys, texts = self.strays.setdefault(seen.student, (set(), set()))
            keys |= found
            texts |= names(seen.values)

    def person(self) -> Person:
        """Everything put together: a student without a user is hers whose address is hers alone."""
        students = self.linked - self.others_now
        own = self.keys - self.keys_of_others
        for student, (keys, texts) in self.strays.items():
            if student in students or (student not in self.others and keys & own):
                students.add(student)
                self.texts |= texts
        return Person(self.users, frozenset(students), frozenset(self.others - students), frozenset(self.texts))


def _in(document: Document, site_id: int) -> Iterator[Seen]:
    """Each entry of a plan; the address in a merge that was offered is that of the one who left."""
    for entry in entries(document.value):
        values = dict(entry)
        if "leaver" in entry:
            left = {"email": values.pop("email")}
            yield Seen(0, site_id, document.mapping_id, entry["leaver"], None, left)
        yield Seen(0, site_id, document.mapping_id, entry.get("userid"), entry.get("studentid"), values)


def _everything(tx: Connection) -> Iterable[Seen]:
    site_of = {each.id: each.site_id for each in mappings.every(tx)}
    yield from people.of_links(tx, site_of)
    yield from people.of_rosters(tx, site_of)
    yield from people.of_readings(tx, site_of)
    yield from people.of_whole_audit(tx, without_user=False)
    for each in people.documents(tx, site_of):
        yield from _in(each, site_of[each.mapping_id])


def _several(tx: Connection, users: Collection[User]) -> str:
    found = ", ".join(shown(tx, Person(frozenset(users))))
    return (
        f"Several Moodle users have or had this address: {found}. Name one of them by SITE:USERID, or say --all if "
        "all of them are the same person."
    )
