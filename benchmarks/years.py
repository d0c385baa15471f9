"""A PostgreSQL database as after years: 10,000 mappings with 30 links each, a million events, a million audit rows."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from cryptography.fernet import Fernet
from sqlalchemy import Connection, text

from app import kit as kits
from app import settings
from app.kit import Kit
from app.planning import roster
from app.planning.guard import Circumstances, judge
from app.planning.rules import Rules
from app.store import instances, migrate, signs, sites
from app.sync import reading, showing
from benchmarks.plan import roster as in_step
from benchmarks.plan import with_changes
from tests.conftest import postgres_database
from tests.postgres import server

MAPPINGS, LINKS, EVENTS, RUNS, CALLS = 10_000, 30, 1_000_000, 200_000, 500_000
SITES, INSTANCES = 3, 5
HOLDS, DECIDED, DEAD, PARKED = 300, 2000, 100, 200
BUSY = 7
"""The mapping that is looked at: with a hold, dead grades, both sides as last read, and columns of grades."""

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
STUDENTS = 200  # of the mapping that is looked at
_MONTH = 30 * 86400.0

_COURSES = """
INSERT INTO mappings (site_id, courseid, course_name, instance_id, kura_courseid, kura_course_name, settings,
    started_at, reconcile_at, created_at)
SELECT 1 + g % :sites, g, 'Physiology ' || g, 1 + g % :instances, 100000 + g, 'Lab ' || g, '{}', :now, :now, :now
FROM generate_series(1, :mappings) g
"""
_LINKS = """
INSERT INTO links (mapping_id, userid, studentid, email, echo, created_at)
SELECT m, (m * 31 + s) % 50000 + 1, m * 100 + s, 'user' || m || '.' || s || '@example.edu', '{}', :now
FROM generate_series(1, :mappings) m, generate_series(1, :links) s
"""
_EVENTS = """
INSERT INTO events (site_id, event_uid, way, name, courseid, relateduserid, received_at, wanted)
SELECT 1 + g % :sites, md5(g::text), 'signed', '\\core\\event\\' ||
    (ARRAY['user_enrolment_created', 'user_enrolment_deleted', 'user_updated', 'role_assigned', 'group_member_added'])
    [1 + g % 5], 1 + g % :mappings, 1 + g % 50000, :now - (:events - g) * :month / :events, g % 4 > 0
FROM generate_series(1, :events) g
"""
_REQUESTS = """
INSERT INTO event_requests (mapping_id, kind, gen, event_id)
SELECT courseid, 'roster', 1 + (id - 1) / :mappings, id FROM events
"""
_RUNS = """
INSERT INTO runs (mapping_id, kind, fence, gen_from, gen_to, due_at, started_at, ended_at, owner, outcome, reason,
    message, plan, counts, drift, asked_at)
SELECT 1 + g % :mappings, CASE WHEN g % 5 = 0 THEN 'grades' ELSE 'roster' END, g / :mappings + 1,
    5 * (g / :mappings), 5 * (g / :mappings) + 5, at, at, at + 2, 'host:1:a:',
    CASE WHEN g % 50 = 0 THEN 'retry' WHEN g % 333 = 0 THEN 'dead' ELSE 'done' END,
    CASE WHEN g % 50 = 0 THEN 'timeout' ELSE '' END, 'In step: nothing to do.',
    CASE WHEN g % 20 = 0 OR 1 + g % :mappings = :busy THEN CAST(:plan AS json) ELSE CAST(:nothing AS json) END,
    CAST(:counts AS json), CASE WHEN g % 100 = 0 THEN 1 ELSE 0 END, at - 5
FROM (SELECT g, :now - (:runs - g) * :month / :runs AS at FROM generate_series(1, :runs) g) each
"""
_WORKLIST = """
INSERT INTO worklist (mapping_id, kind, wanted, seen, due_at, gate, gate_reason, attempts, failing_since, last_run_id)
SELECT m, kind, 100, CASE WHEN m % 500 = 3 THEN 99 ELSE 100 END, CASE WHEN m % 500 = 3 THEN :now - m % 40 END,
    CASE WHEN m <= :dead AND kind = 'grades' THEN 'dead' WHEN m % 50 = 1 THEN 'parked' ELSE 'open' END,
    CASE WHEN m % 50 = 1 THEN 'course_gone' END, CASE WHEN m <= :dead THEN 9 ELSE 0 END,
    CASE WHEN m <= :dead THEN :now - 90000 END,
    (SELECT max(id) FROM runs WHERE mapping_id = m AND runs.kind = each.kind)
FROM generate_series(1, :mappings) m, (VALUES ('roster'), ('grades')) each (kind)
"""
_HOLDS = """
INSERT INTO holds (mapping_id, kind, digest, state, items, counts, run_id, created_at, decided_at, decided_by)
SELECT 1 + (g * 7 - 1) % :mappings, 'roster', md5(g::text) || md5(g::text),
    CASE WHEN g > :holds THEN 'applied' ELSE 'open' END, CAST(:items AS json), CAST(:tally AS json), g, :now - g,
    CASE WHEN g > :holds THEN :now END, CASE WHEN g > :holds THEN 'user:anna' END
FROM generate_series(1, :holds + :decided) g
"""
_AUDIT = """
INSERT INTO audit (at, call_uid, phase, actor, mapping_id, run_id, system, operation, subject, outcome)
SELECT :now - (:calls - g) * 63072000.0 / :calls, md5(g::text), phase,
    CASE WHEN g % 100 = 0 THEN 'user:anna' ELSE 'kurasync' END, 1 + g % :mappings, 1 + g % :runs,
    CASE WHEN g % 100 = 0 THEN 'kurasync' ELSE 'kuracloud' END, (ARRAY['add', 'edit', 'delete', 'restore'])[1 + g % 4],
    CAST('{"records": [{"userid": 1, "studentid": 2, "digest": "d"}]}' AS json),
    CASE WHEN phase = 'end' THEN 'done' END
FROM generate_series(1, :calls) g, (VALUES ('begin'), ('end')) each (phase) ORDER BY g, phase
"""
_SUBJECTS = """
INSERT INTO audit_subjects (audit_id, place, site_id, mapping_id, userid, studentid, salt, personal)
SELECT id, 0, 1 + mapping_id % :sites, mapping_id, 1 + id % 50000, id, md5(id::text),
    CAST('{"email": "user@example.edu"}' AS json)
FROM audit WHERE phase = 'begin'
"""
_SEALS = """
INSERT INTO audit_seals (seq, audit_id, seal, sealed_at)
SELECT id, id, md5(id::text) || md5((id + 1)::text), at + 60 FROM audit
"""
_CELLS = """
INSERT INTO grade_cells (mapping_id, lesson, revision, userid, sent, shown, written_at)
SELECT :busy, lesson, 1, userid, 80, 80, :now FROM generate_series(1, 8) lesson, generate_series(1, :students) userid
"""
_COLUMNS = """
INSERT INTO grade_columns (mapping_id, lesson, revision, title)
SELECT :busy, lesson, 1, 'Lesson ' || lesson FROM generate_series(1, 8) lesson
"""
_ALERTS = """
INSERT INTO alerts (at, kind, topic, message) SELECT :now - g, 'drift', 'mapping:' || g, 'Something drifted.'
FROM generate_series(1, 5000) g
"""
_TASKS = """
INSERT INTO tasks (kind, mapping_id, asked_by, asked_at, state, began_at, ended_at, result)
SELECT 'roster_plan', 1 + g % :mappings, 'user:anna', :now, 'done', :now, :now, CAST(:result AS json)
FROM generate_series(1, 500) g
"""
_FILL = (
    _COURSES, _LINKS, _EVENTS, _REQUESTS, _RUNS, _WORKLIST, _HOLDS, _AUDIT, _SUBJECTS, _SEALS, _CELLS, _COLUMNS,
    _ALERTS, _TASKS,
)  # fmt: skip


@contextmanager
def years() -> Iterator[Kit]:
    """A kit on such a database, which is gone afterwards. It takes a minute or two to fill."""
    with (
        TemporaryDirectory(prefix="kurasync-bench-") as folder,
        server(Path(folder)) as postgres,
        postgres_database(postgres) as url,
        closing(kits.make(_settings(Path(folder), url))) as kit,
    ):
        migrate.upgrade(kit.database)
        fill(kit)
        yield kit


def fill(kit: Kit) -> None:
    """Fill an empty database."""
    with kit.database.transaction() as tx:
        tx.execute(text("SET LOCAL session_replication_role = replica"))  # triggers and foreign keys rest meanwhile
        tx.execute(text("SET LOCAL synchronous_commit = off"))
        now = kit.database.now(tx)
        _connect(kit, tx, now)
        values = _values(now)
        for statement in _FILL:
            tx.execute(text(statement), {name: values[name] for name in values if f":{name}" in statement})
        _read(tx, now)
        signs.note(tx, now, signs.CLOCK)
    with kit.database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE"))


def _settings(home: Path, url: str) -> settings.Settings:
    return settings.load({}, home=home, database_url=url, secret_key=Fernet.generate_key().decode(), course_pages=True)


def _connect(kit: Kit, tx: Connection, now: float) -> None:
    token = kit.vault.encrypt("token")
    for number in range(1, SITES + 1):
        url = f"https://moodle{number}.example.edu"
        site = sites.add(
            tx, now, name=f"uni{number}", url=url, wwwroot=url, identity=None, token=token, ways=["signed"]
        )
        sites.add_secret(tx, now, site, kit.vault.encrypt(SECRET))
    for number in range(1, INSTANCES + 1):
        url = f"https://kura{number}.example.edu"
        instances.add(
            tx, now, name=f"kura{number}", url=url, token=token, remote_id=str(number), display_name=f"Lab {number}"
        )


def _values(now: float) -> dict[str, Any]:
    plan, items = _plan()
    return {
        "now": now, "month": _MONTH, "mappings": MAPPINGS, "links": LINKS, "events": EVENTS, "runs": RUNS,
        "calls": CALLS, "sites": SITES, "instances": INSTANCES, "holds": HOLDS, "decided": DECIDED, "dead": DEAD,
        "busy": BUSY, "students": STUDENTS, "plan": json.dumps(plan), "items": json.dumps(items),
        "nothing": json.dumps({"go": [], "held": [], "dropped": [], "conflicts": [], "failed": []}),
        "counts": json.dumps({"edit": 1}), "tally": json.dumps({"edit": len(items)}),
        "result": json.dumps({"plan": plan, "digest": "d" * 64}),
    }  # fmt: skip


def _plan() -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The plan of a large course with many changes, all of them held, as it is stored."""
    both = with_changes(in_step(STUDENTS), every=4)
    planned = roster.plan(both)
    verdict = judge(planned, Circumstances(rules=Rules(mode="review"), present=STUDENTS, removed=0, started=False))
    names = showing.Names(both.members, both.students)
    return {**showing.plan(verdict, planned, names), "failed": []}, showing.items(verdict, names)


def _read(tx: Connection, now: float) -> None:
    """Both sides of the busy mapping as its last run read them."""
    both = in_step(STUDENTS)
    reading.keep(tx, now, BUSY, both.members, both.students, both.links)
