"""Why was my student removed? What came of an event, a run, or what happened to a person, on one page (design.md 11).

Events and runs are forgotten with age; the audit and the links stay, and say what there is to say then.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from app.errors import NotFound
from app.kit import Kit
from app.planning.sameness import email_key
from app.store import events, mappings, runs, sites, traces, worklist
from app.store.holds import Hold
from app.store.links import Link
from app.store.mappings import Mapping
from app.store.people import Student, User
from app.store.runs import Run
from app.store.traces import ASKED_BY, Request
from app.sync.removals import Removal, removals
from app.sync.story import Call, Facts, Moment, Story, Whom

MOST = 500
"""The newest so many calls and events of a person are looked at."""

_DIGITS = 18  # of the largest number that every database holds
_STILL = ("running", "parked", "paused", "dead", "wanted")


@dataclass(frozen=True, slots=True)
class Trace:
    """All that is known, for people; personal.

    `about` names the event, run or person; `places` the mappings, `links` those of the person; `waiting` is what is not
    done yet. `lost` counts the runs and events that were told of and are no longer kept; `erased`: names were.
    """

    about: dict[str, Any]
    places: list[dict[str, Any]]
    links: list[Link]
    removals: list[Removal]
    moments: list[Moment]
    waiting: list[dict[str, Any]]
    lost: dict[str, int]
    erased: bool


def of_user(kit: Kit, site_name: str, userid: int) -> Trace:
    """Everything about one Moodle user; raises NotFound when nothing was ever written down about her."""
    with kit.database.reading() as tx:
        site = sites.by_name(tx, site_name)
        if site is None:
            known = ", ".join(each.name for each in sites.every(tx)) or "none"
            raise NotFound(f"There is no site called {site_name!r}. Sites: {known}.")
        found = _of_person(tx, {User(site.id, userid)}, set())
        if not found.moments:
            raise NotFound(
                f"Nothing is written down about the Moodle user {userid} of {site_name}: no event, no run, no call, no "
                "link. Is it Moodle's user id (the number in the address of the profile page)?"
            )
        return found


def of_email(kit: Kit, email: str) -> list[Trace]:
    """Everything about everybody who has or had this address; raises NotFound when nobody did.

    It looks through the whole audit, which takes seconds where that is large.
    """
    key = email_key(email)
    with kit.database.reading() as tx:
        people = [(user, student) for kept, user, student in traces.addresses(tx, key) if email_key(kept) == key]
        users = {user for user, _ in people if user is not None}
        known = {student for user, student in people if user is not None and student is not None}
        unlinked = {student for user, student in people if user is None and student is not None} - known
        found = [_of_person(tx, {user}, set()) for user in sorted(users)]
        found += [_of_person(tx, set(), {student}) for student in sorted(unlinked)]
    if not found:
        raise NotFound(
            "Nobody with this address is known: it is in no link, no roster and no audit row. It may have been erased, "
            "or be spelled differently; with Moodle's user id, try `kurasync trace --user SITE:USERID`."
        )
    return found


def of_event(kit: Kit, number: int) -> Trace:
    """What came of an event, by its number; of one that was forgotten, the calls that name it. Raises NotFound."""
    with kit.database.reading() as tx:
        event = events.get(tx, number)
        if event is None:
            return _of_lost_event(tx, number)
        requests = traces.requests_of(tx, [number])
        places = {each.mapping_id for each in requests}
        whom = _whom(tx, {User(event.site_id, event.relateduserid)}, set()) if event.relateduserid else None
        story = Story(tx, whom)
        covering = traces.runs_by_id(tx, traces.runs_covering(tx, requests))
        holds = traces.holds_of_runs(tx, [each.id for each in covering])
        called = [call for run in covering for call in traces.calls_of_run(tx, run.id)]
        called += _approved_later(tx, whom, [each for each in holds if each.mapping_id in places])
        story.add_calls(called)
        later = {each.begun.run_id for each in story.calls if each.begun.run_id} - {each.id for each in covering}
        story.add_runs(traces.runs_by_id(tx, {each.id for each in covering} | later))
        story.add_holds(holds)
        story.add_events([number], requests, _done(story, requests))
        story.tell_calls(_links(tx, whom))
        return _told(tx, story, {"event": number}, places)


def event_numbers(kit: Kit, text: str) -> list[int]:
    """The numbers of the events meant by a number or a sender's id; raises NotFound."""
    if text.isascii() and text.isdecimal() and len(text) <= _DIGITS:
        return [int(text)]
    with kit.database.reading() as tx:
        found = traces.event_by_uid(tx, text)
    if not found:
        raise NotFound(
            f"No event with the id {text!r} is kept. Events are forgotten with age; what was written because of one is "
            "found with `kurasync trace --user SITE:USERID`."
        )
    return found


def of_run(kit: Kit, number: int) -> Trace:
    """What a run planned and did, and why; of one that was forgotten, what the audit says. Raises NotFound."""
    with kit.database.reading() as tx:
        run, story = runs.get(tx, number), Story(tx, None)
        story.add_calls(traces.calls_of_run(tx, number))
        if run is None and not story.calls:
            raise NotFound(f"There is no run {number}, or it wrote nothing and was forgotten with age.")
        if run is not None:
            story.add_runs([run])
            requests = traces.requests_in(tx, run)
            story.add_events({each.event_id for each in requests}, requests, dict.fromkeys(requests, number))
            story.add_holds(traces.holds_of_runs(tx, [number]))
        concerned = [each.begun.mapping_id for each in story.calls] + ([run.mapping_id] if run else [])
        story.tell_calls(_links_of(tx, story.calls))
        return _told(tx, story, {"run": number}, {each for each in concerned if each is not None})


def _of_lost_event(tx: Connection, number: int) -> Trace:
    """By the audit rows that name the event: those of calls, and those of decisions, which calls followed."""
    naming = traces.begun(tx, traces.named_by(tx, number))
    userids = {each["userid"] for row in naming for each in row.subject[ASKED_BY] if each["event"] == number}
    # Which site it was is not asked: a mapping belongs to one.
    users = frozenset(User(0, userid) for userid in userids if userid is not None)
    story = Story(tx, Whom(users, frozenset(), {}) if users else None)
    story.add_calls([each.id for each in naming if each.run_id and each.subject.get("records")])
    story.add_calls([call for each in naming if "hold" in each.subject for call in traces.calls_after(tx, each)])
    if not story.calls:
        raise NotFound(f"There is no event {number}, or it was forgotten and nothing was written because of it.")
    story.tell_calls(_links_of(tx, story.calls))
    story.lost_events.add(number)
    return _told(tx, story, {"event": number}, {each.begun.mapping_id for each in story.calls if each.begun.mapping_id})


def _of_person(tx: Connection, users: set[User], students: set[Student]) -> Trace:
    whom, known = _whom(tx, users, students), traces.links_of(tx, users, students)
    places = {each.mapping_id for each in known} | {each.mapping_id for each in whom.students}
    story = Story(tx, whom)
    story.add_calls(traces.called(tx, whom.users, whom.students, MOST))
    places |= {each.begun.mapping_id for each in story.calls if each.begun.mapping_id is not None}
    reported = traces.events_of(tx, whom.users, MOST)
    requests = traces.requests_of(tx, reported)
    places |= {each.mapping_id for each in requests}
    wanted = {*traces.runs_covering(tx, requests), *(each.begun.run_id or 0 for each in story.calls)}
    userids, studentids = {each.userid for each in whom.users}, {each.studentid for each in whom.students}
    story.add_runs(traces.runs_naming(tx, places, userids, studentids, wanted))
    story.add_events(reported, requests, _done(story, requests))
    story.add_holds(traces.holds_naming(tx, places, userids, studentids))
    story.tell_calls(known)
    story.add_links(known)
    about = _about(tx, story, users, students)
    return _told(tx, story, about, places, known)


def _told(
    tx: Connection, story: Story, about: dict[str, Any], places: Collection[int], known: Sequence[Link] = ()
) -> Trace:
    if story.moments:
        story.add_acts(places)
    found = mappings.some(tx, places)
    shown = [_place(each) for each in found]
    shown += [{"mapping": each} for each in sorted(set(places) - {each.id for each in found})]
    named = {each["event"] for call in story.calls for each in call.asked_by}
    lost = len(story.lost_events | (named - {each.id for each in traces.events_by_id(tx, named)}))
    return Trace(
        about=about,
        places=shown,
        links=list(known),
        removals=removals(story) if story.whom is not None else [],
        moments=story.in_order(),
        waiting=_waiting(tx, story, places),
        lost={"events": lost, "runs": len(story.lost_runs)},
        erased=story.erased,
    )


def _whom(tx: Connection, users: set[User], students: set[Student]) -> Whom:
    own = {Student(link.mapping_id, link.studentid) for link in traces.links_of(tx, users, [])}
    at = mappings.sites_of(tx)
    return Whom(frozenset(users), frozenset(students | own), at)


def _links(tx: Connection, whom: Whom | None) -> list[Link]:
    return traces.links_of(tx, whom.users, whom.students) if whom else []


def _links_of(tx: Connection, calls: Sequence[Call]) -> list[Link]:
    """The links of everybody these calls were about."""
    at = mappings.sites_of(tx)
    records = [(each.begun.mapping_id or 0, record) for each in calls for record in each.records]
    users = {User(at[place], record["userid"]) for place, record in records if place in at and record.get("userid")}
    students = {Student(place, record["studentid"]) for place, record in records if record.get("studentid")}
    return traces.links_of(tx, users, students)


def _done(story: Story, requests: Collection[Request]) -> dict[Request, int]:
    """Which run looked because of each request; absent: none has yet."""
    return {each: run.id for each in requests for run in story.runs.values() if _covers(run, each)}


def _covers(run: Run, request: Request) -> bool:
    of_row = (run.mapping_id, run.kind) == (request.mapping_id, request.kind)
    return of_row and run.gen_from < request.gen <= run.gen_to and run.outcome == "done"


def _approved_later(tx: Connection, whom: Whom | None, held: Sequence[Hold]) -> list[int]:
    """Calls by which what these holds hold of somebody was done after a person approved it."""
    if whom is None or not held:
        return []
    made = {(each.mapping_id, f"approved by {each.decided_by}"): each.created_at for each in held}
    return [
        entry.id
        for entry in traces.begun(tx, traces.called(tx, whom.users, whom.students, MOST))
        if entry.at >= made.get((entry.mapping_id or 0, entry.actor), float("inf"))
    ]


def _about(tx: Connection, story: Story, users: Collection[User], students: Collection[Student]) -> Facts:
    """Who it is: her numbers, with the last name and address that anything kept gives her."""
    records = [record for call in story.calls for record in call.records]
    named = [each.facts["action"].get("who") for each in story.moments if each.what == "planned"]
    named = [name for name in [*map(_name, records), *named] if isinstance(name, str) and name]
    addresses = [record["email"] for record in records if record.get("email")]
    known = {each.id: each.name for each in sites.every(tx)}
    return {
        "users": [{"site": known.get(each.site_id, ""), "userid": each.userid} for each in sorted(users)],
        "students": [{"mapping": each.mapping_id, "studentid": each.studentid} for each in sorted(students)],
        "name": named[-1] if named else None,
        "email": addresses[-1] if addresses else None,
    }


def _name(record: Facts) -> str:
    return " ".join(record[field] for field in ("given_name", "family_name") if record.get(field))


def _place(mapping: Mapping) -> Facts:
    return {
        "mapping": mapping.id,
        "courseid": mapping.courseid,
        "course": mapping.course_name,
        "kura_courseid": mapping.kura_courseid,
        "kura_course": mapping.kura_course_name,
    }


def _waiting(tx: Connection, story: Story, places: Collection[int]) -> list[Facts]:
    """What is not done yet: work on the mappings, holds that wait for a person, calls nobody knows the end of."""
    rows = [row for row in worklist.rows(tx, places) if row.state in _STILL]
    found: list[Facts] = [
        {"mapping": row.mapping_id, "kind": row.kind, "state": row.state, "why": row.gate_reason, "due_at": row.due_at}
        for row in rows
    ]
    found += [
        {"mapping": each.mapping_id, "kind": each.kind, "hold": each.id, "state": each.state}
        for each in story.open_holds()
    ]
    found += [
        {"mapping": each.begun.mapping_id, "call": each.begun.call_uid, "run": each.begun.run_id, "state": "begun"}
        for each in story.calls
        if each.ended is None
    ]
    return found
