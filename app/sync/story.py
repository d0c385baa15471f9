"""What happened to somebody, or in a run, put together in order of time from whatever is still kept."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from sqlalchemy import Connection

from app.store import traces
from app.store.audit import ERASED, Entry
from app.store.holds import WAITING, Hold
from app.store.links import Link
from app.store.people import Student, User
from app.store.runs import Run
from app.store.traces import ASKED_BY, Request

What = Literal["event", "run", "planned", "call", "answer", "shown", "hold", "decided", "ended", "link", "act"]
Facts = dict[str, Any]

ACTS = (
    "add_mapping",
    "set_rules",
    "pause_mapping",
    "resume_mapping",
    "repoint_mapping",
    "adopt_mapping",
    "remove_mapping",
)
"""What people do to a mapping that bears on its students."""
OF_ONE = ("keep_student", "undo_keep_student", "exclude_user", "undo_exclude_user")
"""What they do about one of them."""
LETS_GO = {"approved": "hold_approved", "limits lifted": "bypass_given"}
"""How the actor of a call says that a person let it go ahead, and the act by which she did."""
_DECISIONS = {"hold_approved": "approved", "hold_rejected": "rejected", "bypass_given": "limits lifted"}

# Of things at one moment: an event comes before the run, the run before its calls.
_ORDER: tuple[What, ...] = (
    "event",
    "act",
    "decided",
    "run",
    "planned",
    "call",
    "answer",
    "shown",
    "link",
    "hold",
    "ended",
)
_SECTIONS = ("go", "held", "dropped", "conflicts", "left", "failed")
_PROVES = {"add_students": "there", "restore_students": "there", "delete_students": "gone"}


@dataclass(frozen=True, slots=True)
class Whom:
    """The one person a story is about, under all her numbers."""

    users: frozenset[User]
    students: frozenset[Student]
    sites: Mapping[int, int]  # mapping -> site

    def concerns(self, said: Mapping[str, Any], mapping_id: int | None, *, anywhere: bool = False) -> bool:
        """Whether an action, a conflict or a record is about her; a student who was another's then is not hers.

        `anywhere`: it is known to be of her site; which one the mapping is of now says nothing about it.
        """
        mine = {user.userid for user in self.users if anywhere or self._at(mapping_id or 0, user)}
        if said.get("userid") is not None:
            return said["userid"] in mine or said.get("leaver") in mine
        numbers = {each.studentid for each in self.students if each.mapping_id == mapping_id}
        named = {said.get("studentid"), *said.get("studentids", ())}
        return bool(numbers & named or mine & set(said.get("userids", ())))

    def _at(self, mapping_id: int, user: User) -> bool:
        return self.sites.get(mapping_id, user.site_id) == user.site_id


@dataclass(frozen=True, slots=True)
class Moment:
    """One thing that happened; `facts` say what, by `what`. Personal. `at` is in seconds since the epoch."""

    at: float
    what: What
    mapping_id: int | None
    facts: Facts
    turn: float = 0  # the run it belongs to: what happened at one moment stays together


@dataclass(frozen=True, slots=True)
class Call:
    """A request to either side that concerned whom the story is about: `records` are hers, `others` how many more."""

    begun: Entry
    ended: Entry | None
    records: list[Facts]
    others: int
    asked_by: list[Facts]
    decision: Entry | None

    @property
    def outcome(self) -> str:
        """As the audit says it; `begun`: nobody wrote down how it ended."""
        return (self.ended.outcome if self.ended else None) or "begun"


@dataclass(slots=True)
class Story:
    """Collects moments. `whom` None: everybody, as in the story of a run."""

    tx: Connection
    whom: Whom | None
    moments: list[Moment] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    runs: dict[int, Run] = field(default_factory=dict)
    lost_runs: set[int] = field(default_factory=set)
    lost_events: set[int] = field(default_factory=set)
    erased: bool = False
    _told: set[int] = field(default_factory=set)  # links that proved a call
    _holds: dict[int, Hold] = field(default_factory=dict)
    _decisions: dict[int, list[Entry]] = field(default_factory=dict)  # by mapping

    def add_events(self, ids: Collection[int], requests: Sequence[Request], done: Mapping[Request, int]) -> None:
        """Events with what they asked for; `done` says which run looked because of each request."""
        kept = traces.events_by_id(self.tx, ids)
        self.lost_events |= set(ids) - {each.id for each in kept}
        for event in kept:
            asked = [
                {"mapping": each.mapping_id, "kind": each.kind, "run": done.get(each)}
                for each in requests
                if each.event_id == event.id
            ]
            facts = {
                "event": event.id,
                "uid": event.event_uid,
                "name": event.name,
                "way": event.way,
                "course": event.courseid,
                "userid": event.relateduserid,
                "asked_for": asked,
            }
            self.moments.append(Moment(event.received_at, "event", None, facts))

    def add_calls(self, ids: Collection[int]) -> None:
        """Calls that began with these audit rows, with their ends; the acts of people among them."""
        entries = traces.begun(self.tx, ids)
        ends = traces.ended(self.tx, [each.call_uid for each in entries])
        for entry in entries:
            records = [each for each in entry.subject.get("records", ()) if self._wrote(each, entry.mapping_id)]
            if not records:
                continue
            self.erased |= any(each.get(ERASED) for each in records)
            if entry.system == "kurasync":
                self._add_act(entry, records)
            else:
                others = len(entry.subject["records"]) - len(records)
                self.calls.append(self._call(entry, ends.get(entry.call_uid), records, others))

    def add_runs(self, found: Iterable[Run]) -> None:
        """Runs with what they planned, and the events behind them; give them all at once, the oldest first.

        Runs that planned the same and called nobody are told of once.
        """
        earlier: dict[tuple[int, str], tuple[Any, Facts]] = {}
        with_calls = {each.begun.run_id for each in self.calls}
        for run in found:
            planned = list(self._planned(run))
            self.runs[run.id] = _without_plan(run)
            same = (planned, run.outcome, run.reason)
            before = earlier.get((run.mapping_id, run.kind))
            if run.id not in with_calls and before is not None and before[0] == same:
                before[1]["again"] = before[1].get("again", 0) + 1
                before[1]["until"] = run.started_at
                continue
            earlier[run.mapping_id, run.kind] = (same, self._add_run(run, planned))

    def add_holds(self, found: Iterable[Hold]) -> None:
        """Holds, with what people decided on them."""
        for hold in found:
            items = [item for item in hold.items if self._concerns(item, hold.mapping_id)]
            if not items or hold.id in self._holds:
                continue
            self._holds[hold.id] = hold
            facts: Facts = {"hold": hold.id, "kind": hold.kind, "state": hold.state, "items": items}
            self.moments.append(Moment(hold.created_at, "hold", hold.mapping_id, facts, hold.run_id))
            if hold.state == "overtaken" and hold.decided_at is not None:
                facts = {"hold": hold.id, "decided": "overtaken", "by": hold.decided_by}
                self.moments.append(Moment(hold.decided_at, "decided", hold.mapping_id, facts))

    def add_links(self, found: Iterable[Link]) -> None:
        """Links, in so far as no call has made or ended them."""
        for link in found:
            if link.id not in self._told:
                facts: Facts = {"userid": link.userid, "studentid": link.studentid}
                self.moments.append(Moment(link.created_at, "link", link.mapping_id, facts))
            if link.ended_at is not None and -link.id not in self._told:
                facts = {"userid": link.userid, "studentid": link.studentid, "ended": link.ended_reason}
                self.moments.append(Moment(link.ended_at, "link", link.mapping_id, facts))

    def tell_calls(self, known: Sequence[Link]) -> None:
        """The calls with their answers and what the other side showed afterwards; call it when the runs are known."""
        self.lost_runs |= {each.begun.run_id for each in self.calls if each.begun.run_id} - set(self.runs)
        for call in self.calls:
            entry = call.begun
            facts = {
                "call": entry.call_uid,
                "run": entry.run_id,
                "system": entry.system,
                "operation": entry.operation,
                "by": entry.actor,
                "records": call.records,
                "others": call.others,
                "asked_by": call.asked_by,
            }
            self._at(entry, "call", facts)
            if call.ended is not None:
                seconds = call.ended.at - entry.at
                self._at(call.ended, "answer", {"outcome": call.outcome, "detail": call.ended.detail, "s": seconds})
        # From the last one back: what was shown in the end belongs to the last call that can have brought it about.
        for call in reversed(self.calls):
            for record in call.records:
                self._add_shown(call, record, known)

    def add_acts(self, mapping_ids: Collection[int]) -> None:
        """What people did to the mappings, and what they decided on the holds and calls told of."""
        decided = {each.decision.id for each in self.calls if each.decision}
        for entry in traces.acts(self.tx, mapping_ids, list(_DECISIONS)):
            if entry.id in decided or entry.subject["hold"] in self._holds:
                said = _DECISIONS[entry.operation]
                self._at(entry, "decided", {"hold": entry.subject["hold"], "decided": said, "by": entry.actor}, turn=0)
        for entry in traces.acts(self.tx, mapping_ids, (*ACTS, *OF_ONE)):
            if entry.operation in ACTS or self._concerns(entry.subject, entry.mapping_id):
                self._add_act(entry, [])

    def in_order(self) -> list[Moment]:
        """Everything, the oldest first."""
        return sorted(self.moments, key=lambda each: (each.at, each.turn, _ORDER.index(each.what)))

    def open_holds(self) -> list[Hold]:
        """Those of the holds that wait for a person still."""
        return [hold for hold in self._holds.values() if hold.state in WAITING]

    def _concerns(self, said: Mapping[str, Any], mapping_id: int | None) -> bool:
        return self.whom is None or self.whom.concerns(said, mapping_id)

    def _wrote(self, record: Mapping[str, Any], mapping_id: int | None) -> bool:
        """The audit was asked by site: since then the mapping may have been pointed to another one's course."""
        return self.whom is None or self.whom.concerns(record, mapping_id, anywhere=True)

    def _planned(self, run: Run) -> Iterator[tuple[str, Facts]]:
        for section in _SECTIONS:
            for action in (run.plan or {}).get(section, ()):
                if self._concerns(action, run.mapping_id):
                    yield section, action

    def _add_run(self, run: Run, planned: Sequence[tuple[str, Facts]]) -> Facts:
        requests = traces.requests_in(self.tx, run)
        names = {each.id: each.name for each in traces.events_by_id(self.tx, {each.event_id for each in requests})}
        began = {"run": run.id, "kind": run.kind, "events": sorted(names), "names": sorted(set(names.values()))}
        decisions = [call.decision for call in self.calls if call.begun.run_id == run.id]
        approved = [each.subject["hold"] for each in decisions if each is not None]
        began |= {"hold": approved[0]} if approved else {}
        self.moments.append(Moment(run.started_at, "run", run.mapping_id, began, run.id))
        for section, action in planned:
            if section != "failed":
                facts = {"run": run.id, "kind": run.kind, "section": section, "action": action}
                self.moments.append(Moment(run.started_at, "planned", run.mapping_id, facts, run.id))
        ended: Facts = {"run": run.id, "outcome": run.outcome, "reason": run.reason, "message": run.message}
        if run.ended_at is not None:
            self.moments.append(Moment(run.ended_at, "ended", run.mapping_id, ended, run.id))
        return ended

    def _call(self, entry: Entry, end: Entry | None, records: list[Facts], others: int) -> Call:
        decision = self._decision(entry)
        asked = [*entry.subject.get(ASKED_BY, ()), *((decision.subject if decision else {}).get(ASKED_BY, ()))]
        users = {each.get("userid") for each in records} | {None}
        return Call(entry, end, records, others, [each for each in asked if each["userid"] in users], decision)

    def _decision(self, entry: Entry) -> Entry | None:
        """The act of a person that let a call go ahead: the last of hers before it."""
        how, _, who = entry.actor.partition(" by ")
        if how not in LETS_GO or entry.mapping_id is None:
            return None
        if entry.mapping_id not in self._decisions:
            self._decisions[entry.mapping_id] = traces.acts(self.tx, [entry.mapping_id], list(LETS_GO.values()))
        made = [each for each in self._decisions[entry.mapping_id] if each.operation == LETS_GO[how]]
        return next((each for each in reversed(made) if each.actor == who and each.at <= entry.at), None)

    def _at(self, entry: Entry, what: What, facts: Facts, turn: float | None = None) -> None:
        of_run = float(entry.run_id or 0) if turn is None else turn
        self.moments.append(Moment(entry.at, what, entry.mapping_id, facts, of_run))

    def _add_act(self, entry: Entry, records: list[Facts]) -> None:
        said = {name: value for name, value in entry.subject.items() if name not in ("records", ASKED_BY)}
        self._at(entry, "act", {"operation": entry.operation, "by": entry.actor, "records": records, **said})

    def _add_shown(self, call: Call, record: Facts, known: Sequence[Link]) -> None:
        """What the other side showed when it was read again: by the links that followed, and by the run's own word."""
        entry, run = call.begun, self.runs.get(call.begun.run_id or 0)
        about = {"call": entry.call_uid, "userid": record.get("userid"), "studentid": record.get("studentid")}
        # Of a refused call only its own run can show that it was done after all: later something else brought it about.
        until = run.ended_at if run is not None and call.outcome == "refused" else None
        proof = None if call.outcome == "refused" and until is None else self._proof(entry, record, known, until)
        if proof is not None:
            at, studentid = proof
            facts = {**about, "studentid": studentid, "shows": _PROVES[entry.operation]}
        elif run is not None and run.ended_at is not None and call.outcome == "done":
            at, facts = run.ended_at, {**about, **_as_run_says(run, record)}
        else:
            return
        self.moments.append(Moment(at, "shown", entry.mapping_id, facts, float(entry.run_id or 0)))

    def _proof(
        self, entry: Entry, record: Facts, known: Sequence[Link], until: float | None
    ) -> tuple[float, int] | None:
        """When a link was made or ended by what a call did, and the student's number."""
        if entry.operation not in _PROVES:
            return None
        removes = _PROVES[entry.operation] == "gone"
        for link in reversed(known):
            sign, at = (-link.id, link.ended_at) if removes else (link.id, link.created_at)
            same = link.studentid == record.get("studentid") if removes else link.userid == record.get("userid")
            fits = same and link.mapping_id == entry.mapping_id and (not removes or link.ended_reason == "removed")
            in_time = at is not None and entry.at <= at <= (until or at)
            if fits and at is not None and in_time and sign not in self._told:
                self._told.add(sign)
                return at, link.studentid
        return None


def _as_run_says(run: Run, record: Facts) -> Facts:
    if run.outcome != "done":
        return {"shows": "unread"}
    for failed in (run.plan or {}).get("failed", ()):
        if all(failed.get(name) == record.get(name) for name in ("userid", "studentid", "column")):
            return {"shows": "otherwise", "message": failed.get("message") or failed.get("reason")}
    return {"shows": "as_sent"}


def _without_plan(run: Run) -> Run:
    """A plan may be large: of it only what failed is needed again."""
    return replace(run, plan={"failed": (run.plan or {}).get("failed", [])})
