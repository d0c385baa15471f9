"""The grades of a world on trial: Moodle says what is done to its gradebook, and the oracle judges every turn."""

from __future__ import annotations

import inspect
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from app.kit import Kit
from app.store import audit, holds, links, mappings, runs, worklist
from app.store.holds import Hold
from app.store.worklist import KINDS, Kind
from app.sync import grades, handing
from app.sync import holds as deciding
from app.sync.ask import ask
from app.sync.backoff import backoff
from app.sync.handing import Chosen
from app.sync.probe import probe_parked
from app.sync.reconcile import reconcile
from app.sync.schedule import schedule_grades
from app.sync.turn import take_turn
from sandbox.calls import Call
from sandbox.moodle.functions.plugin_access import may_get_grades
from sandbox.moodle.rights import CAPABILITIES
from sandbox.moodle.state import SERVICE_USER
from sandbox.moodle.tables.gradebook import GradeItem
from tests import gradebook_oracle as oracle
from tests.grade_oracle import Cell, Column, Entry
from tests.gradebook_oracle import Exported, Link, Memory, Truth, Turn, Write
from tests.mortal import Fate, Killed
from tests.trial import DAY, OWNER
from tests.world import World

LEAST, SHARE = 5, 5
"""Losses unasked within 24 hours: five, or one in five."""
_ROUNDS = 12
_WAIT = 30.0
_SOON = 60.0
_FAILURES = 2


class GradeTrial:
    """Takes turns at both kinds as the clock and the workers do, and asks the oracle about each at the grades."""

    def __init__(self, world: World, fate: Fate) -> None:
        self.world = world
        self.fate = fate
        self.rejections = 0
        self.killed = 0
        self.writes: list[Write] = []
        self._asked_at: dict[str, float] = {}
        self._unasked: list[float] = []
        self._memory = Memory({}, set(), {})
        for name in ("write_grade", "create_item", "describe_item", "delete_item"):
            self._watch(name)

    @property
    def kit(self) -> Kit:
        """The world's."""
        return self.world.kit

    def truth(self) -> Truth:
        """Moodle's gradebook and the links as they are now."""
        world = self.world
        items = {_column(item): item for item in world.moodle.site.gradebook.kuracloud(world.course)}
        return Truth(
            locked_items=[column for column, item in items.items() if not item.is_writable],
            names={column: str(item.itemname) for column, item in items.items()},
            maxima={column: item.grademax for column, item in items.items()},
            entries={
                (column, row.userid): Entry(row.finalgrade, bool(row.locked), row.usermodified)
                for column, item in items.items()
                for row in item.rows()
            },
            students=may_get_grades(world.moodle, world.moodle.site.courses[world.course]),
            links={link.userid: Link(link.studentid, link.created_at) for link in world.links()},
            writer=SERVICE_USER,
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
        reconcile(self.kit, 10, chance=lambda: 0.5)
        schedule_grades(self.kit, 10, chance=lambda: 0.5)
        with database.reading() as tx:
            due = worklist.due(tx, database.now(tx), 10, settings.runs_per_instance)
        return [self.turn(kind) for _, kind in due]

    def drive(self) -> bool:
        """Turns, each when it is due, until nothing is due soon or too much fails; whether all is idle then."""
        failures = 0
        for _ in range(4 * _ROUNDS):
            if outcomes := self.tick():
                failures += outcomes.count("retry")
                if failures > _FAILURES:
                    break
                continue
            pause = self._pause()
            if pause is None or pause > _SOON:
                break
            self.world.clock.advance(pause)
        return self._is_idle()

    def drive_roster(self) -> None:
        """The turns at the roster that are due."""
        with self.kit.database.reading() as tx:
            due = worklist.due(tx, self.kit.database.now(tx), 10, self.kit.settings.runs_per_instance)
        for _ in [kind for _, kind in due if kind == "roster"]:
            self.turn("roster")

    def wait(self) -> None:
        """Let the time pass until something is due."""
        self.world.clock.advance(self._pause() or 0.0)

    def turn(self, kind: Kind, points: int | None = None, deed: Callable[[], None] = lambda: None) -> str:
        """One turn, judged; the deed is done when so many points were passed. Returns its outcome, or `killed`."""
        before, approved, asks_first = self.truth(), self._approved(), self._asks_first()
        written, calls = len(self.writes), len(self.world.kura.calls)
        outcome = self._take(kind, points, deed)
        self._let_the_late_arrive()
        self._note_exports()
        if kind == "roster":
            assert len(self.writes) == written, "a roster run wrote grades"
            return outcome
        turn = Turn(
            before=before,
            after=self.truth(),
            writes=self.writes[written:],
            export=self._export(list(self.world.kura.calls)[calls:]),
            approved=approved,
            plan=self._plan() if outcome == "done" else {},
            memory=self._memory,
            sent=self._sent(),
            asks_first=asks_first,
        )
        self._check(oracle.judged(turn), turn.plan)
        self._check_budget(turn)
        self._remember(turn)
        return outcome

    def ask(self, kind: Kind = "grades") -> None:
        """A person wants a look now."""
        ask(self.kit, self.world.mapping_id, kind)

    def sync(self) -> None:
        """Ask for grades; where nothing stands in the way, they are in step as soon as all is idle again."""
        self.ask()
        if self.drive() and self._is_healthy():
            self._check_step()

    def approve(self, kind: Kind = "grades") -> bool:
        """Approve what is held; False when nothing is."""
        hold = self._hold(kind)
        if hold is None or hold.state != "open":
            return False
        deciding.approve(self.kit, hold.id, hold.digest, "a teacher")
        return True

    def reject(self) -> None:
        """Reject what is held."""
        hold = self._hold("grades")
        if hold is not None and hold.state == "open":
            deciding.reject(self.kit, hold.id, "a teacher")
            self.rejections += 1

    def hand_back(self) -> None:
        """Everything that the newest run left because it is a person's."""
        seen = handing.found(self.kit, self.world.mapping_id, Chosen())
        given = handing.hand_back(self.kit, self.world.mapping_id, seen, "a teacher")
        self._memory.returned |= {(_pair(left["column"]), left["userid"]) for left in given}

    def calm(self) -> None:
        """Let everything come to rest, approve what is held, and judge what has become of it."""
        self._end_the_trouble()
        self.world.clock.advance(DAY + 3600)
        self._until_idle()
        for _ in range(_ROUNDS):
            decided = [self.approve(kind) for kind in KINDS]
            if not any(decided):
                break
            self._until_idle()
        else:
            raise AssertionError(f"still held after {_ROUNDS} approvals: {self._hold('grades')}")
        self.check_rest()

    def check_rest(self) -> None:
        look = self._look()
        assert not look["go"], f"the next run would still do {look['go']}"
        assert not look["held"] or self.rejections, f"the next run would still hold {look['held']}"
        self._check(oracle.out_of_step(self.truth(), self._present(), look), look)
        truth, calls = self.truth(), len(self.world.moodle.calls)
        self.ask()
        assert self.drive()
        called = {call.name for call in list(self.world.moodle.calls)[calls:]}
        assert not called & {"local_kurasync_save_grades", "local_kurasync_delete_items"}, called
        assert self.truth() == truth
        assert self._is_idle()
        self._check_audit()

    def _check_step(self) -> None:
        """A run that answers what was asked last has looked at what kuraCloud shows now."""
        self._check(oracle.out_of_step(self.truth(), self._present(), self._plan()), self._plan())
        left = self._look()["go"]
        assert not left, f"right after success there is still {left}"

    def _check_audit(self) -> None:
        """Two rows a write; the second may lack only where the process was killed."""
        with self.kit.database.reading() as tx:
            rows = audit.search(tx, system="moodle", limit=100_000)
        begun = [row for row in rows if row.phase == "begin"]
        ended = {row.call_uid for row in rows if row.phase == "end"}
        names = ("local_kurasync_save_grades", "local_kurasync_delete_items")
        written = [call for call in self.world.moodle.calls if call.name in names]
        assert len(begun) >= len(written), f"{len(written)} requests, but only {len(begun)} are in the audit"
        assert len([row for row in begun if row.call_uid not in ended]) <= self.killed

    def _check_budget(self, turn: Turn) -> None:
        self._unasked += [write.at for write in turn.unasked_losses]
        recent = [at for at in self._unasked if at > self.world.clock() - DAY]
        most = max(LEAST, turn.before.present // SHARE)
        assert not turn.unasked_losses or len(recent) <= most, f"{len(recent)} of at most {most} losses unasked"

    def _check(self, complaints: Iterable[str], plan: Mapping[str, Any]) -> None:
        found = list(complaints)
        assert not found, "\n".join(["the oracle says:", *found, "of the plan:", *map(str, plan.items())])

    def _remember(self, turn: Turn) -> None:
        """What the turn taught: a value that kurasync wrote is its own, and so is one on which both sides agreed."""
        memory = self._memory
        for write in turn.writes:
            if write.kind == "grade":
                memory.ours[write.cell] = {write.after}
                memory.returned.discard(write.cell)
            elif write.kind == "deleted":
                memory.titles.pop(write.column, None)
        if not turn.plan or turn.export is None:
            return
        for column, says in turn.export.columns.items():
            if says is None:
                continue
            for truth in (turn.before, turn.after):
                owners = {link.studentid: userid for userid, link in truth.links.items()}
                for studentid, value in says.grades.items():
                    cell = column, owners.get(studentid, 0)
                    if truth.entries.get(cell, Entry(None)).value == value:
                        memory.ours.setdefault(cell, set()).add(value)
                        memory.returned.discard(cell)
            if column in turn.after.names and column not in turn.after.locked_items:
                self._remember_title(turn, column, says.title)

    def _remember_title(self, turn: Turn, column: Column, title: str) -> None:
        """The one that was first seen, then each that the column got: one that waits for a person is not there yet."""
        written = any(write.column == column and write.kind in ("made", "described") for write in turn.writes)
        if written or column not in self._memory.titles or oracle.shows(turn.after.names[column], column, title):
            self._memory.titles[column] = title

    def _watch(self, name: str) -> None:
        """Note what kurasync does by this action, with what was there before."""
        moodle = self.world.moodle
        original = getattr(moodle, name)
        signature = inspect.signature(original)

        def watched(*given: Any, **named: Any) -> Any:
            bound = signature.bind(*given, **named).arguments
            if bound.get("by") != SERVICE_USER:
                return original(*given, **named)
            write = self._write(name, bound)
            result = original(*given, **named)
            self.writes.append(write)
            return result

        setattr(moodle, name, watched)

    def _write(self, name: str, given: Mapping[str, Any]) -> Write:
        now = self.world.clock()
        if name == "create_item":
            column = given["lesson"], given["revision"]
            return Write("made", column, now, (given["name"], given["maximum"]))
        item: GradeItem = self.world.moodle.site.gradebook[given["item"]]
        was, locked = (item.itemname, item.grademax), not item.is_writable
        if name == "write_grade":
            row = item.grades.get(given["user"])
            entry = Entry(row.finalgrade, bool(row.locked), row.usermodified) if row else Entry(None)
            value = None if given["value"] is None else item.bounded(given["value"], False)
            return Write("grade", _column(item), now, value, given["user"], entry, item_locked=locked)
        if name == "describe_item":
            after = given["name"], given["maximum"]
            return Write("described", _column(item), now, after, was=was, item_locked=locked)
        return Write("deleted", _column(item), now, was=was, item_locked=locked)

    def _note_exports(self) -> None:
        for token in self.world.kura.exports:
            self._asked_at.setdefault(token, self.world.clock())

    def _export(self, calls: Iterable[Call]) -> Exported | None:
        """What a turn downloaded last, as far as it got an answer that can be read."""
        found = [call for call in calls if call.path.endswith("/download") and call.status == 200]
        if not found:
            return None
        if found[-1].fault == "empty_list":
            return Exported(())
        token = found[-1].path.split("/")[-2]
        return Exported(self.world.kura.exports[token].lessons, self._asked_at[token])

    def _present(self) -> Exported:
        return Exported(self.world.kura.courses[self.world.kura_course].exported(), self.world.clock())

    def _sent(self) -> dict[Cell, float | None]:
        """What kurasync wrote down last, by cell, before it sent it."""
        with self.kit.database.reading() as tx:
            rows = audit.search(tx, system="moodle", limit=100)
        records = [each for row in reversed(rows) if row.phase == "begin" for each in row.subject["records"]]
        return {(_pair(each["column"]), each["userid"]): each.get("after") for each in records if "userid" in each}

    def _look(self) -> dict[str, Any]:
        with self._at_once():
            return grades.preview(self.kit, self.world.mapping_id).as_json()

    @contextmanager
    def _at_once(self) -> Iterator[None]:
        kura = self.world.kura
        before = kura.export_polls, kura.export_fails
        kura.set_export(polls=0)
        yield
        kura.set_export(*before)

    def _is_healthy(self) -> bool:
        moodle, kura = self.world.moodle, self.world.kura
        well = not moodle.faults and not kura.faults and len(moodle.rights.held()) == len(CAPABILITIES)
        return well and not kura.export_fails and self._last_is_done() and self._present().lessons != []

    def _last_is_done(self) -> bool:
        with self.kit.database.reading() as tx:
            last = runs.last(tx, self.world.mapping_id, "grades")
        return last is not None and last.outcome == "done" and last.plan is not None

    def _end_the_trouble(self) -> None:
        self.world.kura.faults.clear()
        self.world.moodle.faults.clear()
        self.world.kura.set_export()
        self.fate.disarm()
        self._let_the_late_arrive()

    def _until_idle(self) -> None:
        """Ask, and take turns until nothing is due; a dead row is brought back by a person."""
        for kind in KINDS:
            self.ask(kind)
        for _ in range(_ROUNDS):
            with self.kit.database.transaction() as tx:
                worklist.requeue(tx, self.kit.database.now(tx))
            if self.drive():
                return
            self.world.clock.advance(3600)
        raise AssertionError("it does not come to rest")

    def _is_idle(self) -> bool:
        with self.kit.database.reading() as tx:
            rows = worklist.rows(tx)
        return all(row.state == "idle" and row.wanted == row.seen for row in rows)

    def _pause(self) -> float | None:
        """Seconds until something is due; None: nothing is wanted."""
        with self.kit.database.reading() as tx:
            due = [row.due_at for row in worklist.rows(tx) if row.due_at is not None and row.gate == "open"]
        return max(0.1, min(due) - self.world.clock()) if due else None

    def _take(self, kind: Kind, points: int | None, deed: Callable[[], None]) -> str:
        def stopping() -> bool:
            self.fate.pass_by()
            return False

        if points is not None:
            self.fate.arm(points, deed)
        try:
            return take_turn(self.kit, self.world.mapping_id, kind, OWNER, stopping, chance=lambda: 0.5)
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

    def _approved(self) -> list[dict[str, Any]]:
        hold = self._hold("grades")
        return hold.items if hold is not None and hold.state == "approved" else []

    def _asks_first(self) -> bool:
        with self.kit.database.reading() as tx:
            mapping = mappings.get(tx, self.world.mapping_id)
        assert mapping is not None
        return mapping.started_at is None or mapping.settings.get("mode") == "review"

    def _hold(self, kind: Kind) -> Hold | None:
        with self.kit.database.reading() as tx:
            return holds.waiting(tx, self.world.mapping_id, kind)

    def _plan(self) -> dict[str, Any]:
        with self.kit.database.reading() as tx:
            last = runs.last(tx, self.world.mapping_id, "grades")
        return (last.plan if last else None) or {}

    def swap_links(self, one: int, other: int) -> None:
        """Link two users to each other's student, and want their grades, as a run does after an approved re-link."""
        owners = {link.userid: link.studentid for link in self.world.links()}
        if one == other or not {one, other} <= owners.keys():
            return
        mapping_id = self.world.mapping_id
        swapped = {one: owners[other], other: owners[one]}
        with self.kit.database.transaction() as tx:
            now = self.kit.database.now(tx)
            links.end(tx, now, mapping_id, list(swapped.values()), "merged")
            made = [links.NewLink(user, them, f"user{user}@example.edu", {}) for user, them in swapped.items()]
            links.create(tx, now, mapping_id, made)
        self.ask()


def _column(item: GradeItem) -> Column:
    return int(item.iteminstance or 0), int(item.itemnumber or 0)


def _pair(column: Iterable[int]) -> Column:
    lesson, revision = column
    return lesson, revision
