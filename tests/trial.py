"""A world on trial: the oracle judges every turn at its mapping, and the state in which all has come to rest."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from app.kit import Kit
from app.store import audit, exemptions, links, mappings, runs, worklist
from app.store.exemptions import Side
from app.store.worklist import Row
from app.sync import holds as deciding
from app.sync.ask import ask
from app.sync.backoff import backoff
from app.sync.probe import probe_parked
from app.sync.reconcile import reconcile
from app.sync.turn import take_turn
from sandbox.calls import Call
from sandbox.moodle.rights import CAPABILITIES
from tests import oracle
from tests.mortal import Fate, Killed
from tests.oracle import Bond, Item, Person, Refused, Student, Truth, Turn, email_key
from tests.world import World

DAY = 86_400.0
OWNER = "test:1:1:1"
ALONE_REFUSED = (400, 404, 409, 413, 422)  # after which a record that was sent alone is not sent again
_PLUGIN_ROSTER = "local_kurasync_get_roster"
_ROUNDS = 12
_WAIT = 30.0
_IMPATIENT = 0.4


class Trial:
    """Takes turns as the clock and the workers do, and asks the oracle about each."""

    def __init__(self, world: World, fate: Fate) -> None:
        self.world = world
        self.impatient = False
        self.fate = fate
        self.rejections = 0
        self.killed = 0
        self._unasked: list[tuple[float, int]] = []

    @property
    def kit(self) -> Kit:
        """The world's; `impatient`, so that a call which hangs costs little, and a slow machine is no fault else."""
        given = self.world.kit
        return replace(given, settings=replace(given.settings, call_timeout=_IMPATIENT)) if self.impatient else given

    def check(self, complaints: Iterable[str], plan: Mapping[str, Any]) -> None:
        """Fail with everything that the oracle complains of."""
        found = list(complaints)
        assert not found, "\n".join(["the oracle says:", *found, "of the plan:", *map(str, plan.items())])

    def truth(self) -> Truth:
        """Both systems and the links as they are now."""
        world = self.world
        rules = self._mapping().settings
        end = world.moodle.site.courses[world.course].enddate
        return Truth(
            members={person.userid: person for person in map(_person, world.moodle.expected_students(world.course))},
            students={student.studentid: student for student in self._students()},
            bonds={bond.id: Bond(bond.userid, bond.studentid, bond.email, bond.ended_reason) for bond in self._links()},
            dialect=world.kura.dialect,
            email_changed=rules.get("email_changed", "hold"),
            unmanaged=rules.get("unmanaged", "hold"),
            over=0 < end < world.clock(),
            proven=world.moodle.has_plugin,
            excluded=self._exempted("moodle"),
            kept=self._exempted("kuracloud"),
        )

    def tick(self) -> list[str]:
        """What the clock does, and the workers it wakes; returns the outcomes of the turns taken."""
        settings, database = self.kit.settings, self.kit.database
        with database.transaction() as tx:
            worklist.reap(
                tx,
                database.now(tx),
                recheck=settings.recheck,
                dead_crashes=settings.dead_crashes,
                backoff=lambda crashes: backoff(settings, crashes, lambda: 0.5),
            )
        probe_parked(self.kit)
        reconcile(self.kit, 10)
        with database.reading() as tx:
            due = worklist.due(tx, database.now(tx), 10, settings.runs_per_instance)
        return [self.turn() for _ in due]

    def turn(self, points: int | None = None, deed: Callable[[], None] = lambda: None) -> str:
        """One turn, judged; the deed is done when so many points were passed. Returns its outcome, or `killed`."""
        before, approved, calls = self.truth(), self._approved(), len(self.world.kura.calls)
        invited, started = list(self._invited()), self._mapping().started_at is not None
        looks = len(self.world.moodle.calls)
        outcome = self._take(points, deed)
        self._let_the_late_arrive()
        seen = list(self.world.kura.calls)[calls:]
        turn = Turn(
            before=before,
            after=self.truth(),
            approved=approved,
            plan=self._plan(outcome),
            writes=[_write(call) for call in seen if call.method == "POST" and isinstance(call.body, list)],
            invited=self._invited()[len(invited) :],
            invited_before=set(invited),
            altered=any(call.fault == "empty_list" for call in seen),
            started=started,
        )
        self.check(oracle.judged(turn), turn.plan)
        self._check_budget(turn)
        if outcome == "done" and points is None and self._is_healthy() and self._looked_whole(looks):
            self._check_convergence(turn)
        return outcome

    def ask(self) -> None:
        """A person wants a look now."""
        ask(self.kit, self.world.mapping_id, "roster")

    def approve(self) -> bool:
        """Approve what is held; False when nothing is."""
        hold = self.world.hold()
        if hold is None or hold.state != "open":
            return False
        deciding.approve(self.kit, hold.id, hold.digest, "a teacher")
        return True

    def reject(self) -> None:
        """Reject what is held."""
        hold = self.world.hold()
        if hold is not None and hold.state == "open":
            deciding.reject(self.kit, hold.id, "a teacher")
            self.rejections += 1

    def calm(self) -> None:
        """Let everything come to rest, approve what is held, and judge what has become of it."""
        self._end_the_trouble()
        self.world.clock.advance(DAY + 3600)
        self._until_idle()
        if self.rejections:
            self._change_what_is_held()
        for _ in range(_ROUNDS):
            if not self.approve():
                break
            self._until_idle()
        else:
            raise AssertionError(f"still held after {_ROUNDS} approvals: {self.world.hold()}")
        self._check_rest()

    def _check_rest(self) -> None:
        truth, calls = self.truth(), len(self.world.kura.calls)
        look = self.world.preview().as_json()
        assert not look["go"], f"the next run would still do {look['go']}"
        assert not look["held"], f"the next run would still hold {look['held']}"
        assert truth.over or not look["dropped"], f"the next run would leave out {look['dropped']}"
        self.check(oracle.settled(truth, look["conflicts"], self._refused()), look)
        self.ask()
        assert self.tick() == ["done"]
        written = [call.name for call in list(self.world.kura.calls)[calls:] if call.method != "GET"]
        assert not written, f"the next run wrote {written}"
        assert self.truth() == truth
        self._check_idle()
        self._check_audit()

    def _check_idle(self) -> None:
        with self.kit.database.reading() as tx:
            rows = worklist.rows(tx)
        assert all(self._rests(row) and row.wanted == row.seen for row in rows), rows

    def _rests(self, row: Row) -> bool:
        """Whether nothing is to be done before an enrolment begins or ends; rechecks come sooner than that counts."""
        later = self.world.clock() + self.kit.settings.recheck
        return row.state == "idle" or (row.state == "scheduled" and row.due_at is not None and row.due_at > later)

    def _check_audit(self) -> None:
        """Two rows a write; the second may lack only where the process was killed."""
        with self.kit.database.reading() as tx:
            rows = audit.search(tx, system="kuracloud", limit=100_000)
        begun = [row for row in rows if row.phase == "begin"]
        ended = {row.call_uid for row in rows if row.phase == "end"}
        written = [call for call in self.world.kura.calls if call.method == "POST"]
        assert len(begun) >= len(written), f"{len(written)} requests, but only {len(begun)} are in the audit"
        assert len([row for row in begun if row.call_uid not in ended]) <= self.killed

    def _check_budget(self, turn: Turn) -> None:
        now = self.world.clock()
        self._unasked += [(now, studentid) for studentid in turn.unasked]
        recent = {studentid for at, studentid in self._unasked if at > now - DAY}
        most = oracle.most_removals(turn.before.students)
        assert not turn.unasked or len(recent) <= most, f"{recent} were removed unasked within 24 hours"

    def _check_convergence(self, turn: Turn) -> None:
        """Right after success nothing is left to be done (design.md 4, invariant 5)."""
        if turn.plan["failed"] or self._is_due():
            return
        left = self.world.preview().as_json()["go"]
        assert not left, f"after {dict(turn.plan)} there is still {left}"

    def _is_due(self) -> bool:
        with self.kit.database.reading() as tx:
            return bool(worklist.due(tx, self.kit.database.now(tx), 1, 1))

    def _is_healthy(self) -> bool:
        moodle, kura = self.world.moodle, self.world.kura
        return not moodle.faults and not kura.faults and len(moodle.rights.held()) == len(CAPABILITIES)

    def _looked_whole(self, looks: int) -> bool:
        """Whether the last look at Moodle was at more than some users: else others may have changed unseen."""
        rosters = [call for call in list(self.world.moodle.calls)[looks:] if call.name == _PLUGIN_ROSTER]
        return not rosters or not any(name.startswith("userids") for name in rosters[-1].body)

    def _end_the_trouble(self) -> None:
        self.world.kura.faults.clear()
        self.world.moodle.faults.clear()
        self.impatient = False
        self.fate.disarm()
        self._let_the_late_arrive()

    def _until_idle(self) -> None:
        """Ask, and take turns until nothing is due; a dead row is brought back by a person."""
        self.ask()
        for _ in range(_ROUNDS):
            self._requeue()
            outcomes = self.tick()
            with self.kit.database.reading() as tx:
                if not outcomes and all(self._rests(row) for row in worklist.rows(tx)):
                    return
            if "done" not in outcomes:
                self.world.clock.advance(3600)
        raise AssertionError(f"it does not come to rest: {self._last()}")

    def _requeue(self) -> None:
        with self.kit.database.transaction() as tx:
            worklist.requeue(tx, self.kit.database.now(tx))

    def _change_what_is_held(self) -> None:
        """A rejection is remembered until the set changes: one more leaver is such a change.

        She comes by a method of her own, which nobody has disabled.
        """
        moodle, course = self.world.moodle, self.world.course
        leaver = moodle.create_user("Late", "Leaver", f"leaver{len(self._links())}@example.edu")
        moodle.enrol(leaver, course, method=f"method{leaver}")
        self._until_idle()
        self.approve()
        self._until_idle()
        moodle.unenrol(leaver, course)
        self._until_idle()

    def _take(self, points: int | None, deed: Callable[[], None]) -> str:
        def stopping() -> bool:
            self.fate.pass_by()
            return False

        if points is not None:
            self.fate.arm(points, deed)
        try:
            return take_turn(self.kit, self.world.mapping_id, "roster", OWNER, stopping, chance=lambda: 0.5)
        except Killed:
            self.killed += 1
            self.kit.database.dispose()
            return "killed"
        finally:
            self.fate.disarm()

    def _let_the_late_arrive(self) -> None:
        """A request that is still on its way arrives within the pause after a lost answer (queue.md 5)."""
        ends = time.monotonic() + _WAIT
        sides = (self.world.kura, self.world.moodle)
        while any(call.ended is None and call.fault == "late" for side in sides for call in side.calls):
            assert time.monotonic() < ends, "a late request never arrived"
            time.sleep(0.005)

    def _refused(self) -> Refused:
        calls = [call for call in self.world.kura.calls if call.method == "POST" and call.status in ALONE_REFUSED]
        alone = [call.body[0] for call in calls if isinstance(call.body, list) and len(call.body) == 1]
        keys = {email_key(record["email"]) for record in alone if "email" in record}
        return Refused(keys, {record["studentId"] for record in alone if "studentId" in record})

    def _approved(self) -> list[dict[str, Any]]:
        hold = self.world.hold()
        return hold.items if hold is not None and hold.state == "approved" else []

    def _plan(self, outcome: str) -> dict[str, Any]:
        last = self._last()
        return last.plan if outcome == "done" and last is not None else {}

    def _last(self) -> runs.Run | None:
        with self.kit.database.reading() as tx:
            return runs.last(tx, self.world.mapping_id, "roster")

    def _mapping(self) -> mappings.Mapping:
        with self.kit.database.reading() as tx:
            found = mappings.get(tx, self.world.mapping_id)
        assert found is not None
        return found

    def _exempted(self, side: Side) -> frozenset[int]:
        with self.kit.database.reading() as tx:
            return exemptions.numbers(tx, self.world.mapping_id, side)

    def _links(self) -> list[links.Link]:
        both = (*self.world.links(), *self.world.links(ended=True))
        return sorted(both, key=lambda link: link.id)

    def _students(self) -> Iterable[Student]:
        kura, course = self.world.kura, self.world.kura_course
        yield from (_student(each, active=True) for each in kura.students(course))
        yield from (_student(each, active=False) for each in kura.deleted(course))

    def _invited(self) -> list[str]:
        return [email_key(email) for _, email, _ in self.world.kura.invites]


def _person(row: dict[str, Any]) -> Person:
    groups = tuple(group["name"] for group in row["groups"])
    return Person(row["id"], row["firstname"], row["lastname"], row["email"], row["idnumber"], groups)


def _student(row: Any, *, active: bool) -> Student:
    return Student(
        studentid=row["studentId"],
        email=row["email"],
        given_name=row["givenName"],
        family_name=row["familyName"],
        external_student_id=row["externalStudentId"] or "",
        section=row["section"] or "",
        active=active,
    )


def _write(call: Call) -> tuple[str, list[Item]]:
    return call.path.rsplit("/", 1)[-1], call.body
