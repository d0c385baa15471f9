"""Every table. Times are seconds since the epoch (double); personal values live only where a comment says so."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
    text,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# SQLite counts rows by itself only in a column declared INTEGER.
BigId = BigInteger().with_variant(Integer, "sqlite")

# sqlite_autoincrement stands where audit rows and people remember numbers: else SQLite gives the highest out again.

# What a connection of either kind needs: its gate (open, parked) and its breaker (failures in a row, paused until).
def _connection_columns() -> tuple[Column[object], ...]:
    return (
        Column("gate", String(10), nullable=False, server_default="open"),
        Column("gate_reason", Text),
        Column("failures", Integer, nullable=False, server_default="0"),
        Column("paused_until", Double, nullable=False, server_default="0"),
        Column("probe_at", Double),
        Column("last_success_at", Double),
        Column("created_at", Double, nullable=False),
    )


sites = Table(
    "sites",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String(64), nullable=False, unique=True),
    Column("url", Text, nullable=False),
    Column("wwwroot", Text, nullable=False),
    Column("identity", Text),
    Column("token", Text, nullable=False),  # encrypted
    Column("ways", JSON, nullable=False),  # which of signed, local_webhooks, tool_trigger may deliver
    Column("plugin", Text),  # version of local_kurasync once found: from then on it alone is read
    *_connection_columns(),
    sqlite_autoincrement=True,
)

site_secrets = Table(
    "site_secrets",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("site_id", ForeignKey("sites.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("secret", Text, nullable=False),  # encrypted
    Column("valid_until", Double),
    Column("created_at", Double, nullable=False),
)

instances = Table(
    "instances",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String(64), nullable=False, unique=True),
    Column("url", Text, nullable=False),
    Column("token", Text, nullable=False),  # encrypted
    Column("remote_id", Text, nullable=False),
    Column("display_name", Text, nullable=False),
    Column("lms_enabled", Boolean),  # as the instance said last
    Column("dialect", JSON(none_as_null=True)),  # what `kurasync probe` found out about its API
    Column("probed_at", Double),
    *_connection_columns(),
    sqlite_autoincrement=True,
)

mappings = Table(
    "mappings",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("site_id", ForeignKey("sites.id"), nullable=False),
    Column("courseid", BigInteger, nullable=False),
    Column("course_name", Text, nullable=False),
    Column("instance_id", ForeignKey("instances.id"), nullable=False, index=True),
    Column("kura_courseid", BigInteger, nullable=False),
    Column("kura_course_name", Text, nullable=False),
    Column("settings", JSON, nullable=False),  # app.planning.rules.Rules as given, only what differs from the defaults
    Column("started_at", Double),  # NULL until the first plan was approved: everything is held
    Column("quiet_until", Double, nullable=False, server_default="0"),  # being deleted or reset: remove nobody before
    Column("reconcile_at", Double, nullable=False),
    Column("grades_at", Double),  # when grades are looked at next by schedule
    Column("restored_as", BigInteger),  # the id under which its deleted Moodle course came back, until a person decides
    Column("created_at", Double, nullable=False),
    UniqueConstraint("site_id", "courseid"),
    UniqueConstraint("instance_id", "kura_courseid"),
    sqlite_autoincrement=True,
)

links = Table(
    "links",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("mapping_id", ForeignKey("mappings.id"), nullable=False),
    Column("userid", BigInteger, nullable=False),
    Column("studentid", BigInteger, nullable=False),
    Column("email", Text, nullable=False),  # personal: the address the student was matched or invited by
    Column("echo", JSON, nullable=False),  # personal: field -> {"sent": ..., "shown": ...}
    Column("created_at", Double, nullable=False),
    Column("ended_at", Double),
    Column("ended_reason", String(40)),
    Column("elsewhere", Boolean, nullable=False, server_default=false()),  # of courses that the mapping had before
    Index("uq_links_active_user", "mapping_id", "userid", unique=True, postgresql_where=text("ended_at IS NULL"),
          sqlite_where=text("ended_at IS NULL")),
    Index("uq_links_active_student", "mapping_id", "studentid", unique=True, postgresql_where=text("ended_at IS NULL"),
          sqlite_where=text("ended_at IS NULL")),
    Index("ix_links_userid", "userid"),
    Index("ix_links_mapping_id", "mapping_id", "studentid"),
)

rosters = Table(  # the students of a Moodle course as last read whole and proven, with those read since put in
    "rosters",
    metadata,
    Column("mapping_id", ForeignKey("mappings.id"), primary_key=True),
    Column("members", JSON, nullable=False),  # personal: app.planning.students.Member, one object each
    Column("basis", String(64), nullable=False),  # digest of the course and the rules that chose them
    Column("read_at", Double, nullable=False),  # when they were read whole
    Column("next_change", Double),  # when an enrolment begins or ends next by its dates
)

readings = Table(  # both sides as the last run read them, for people to look at: no rule goes by it
    "readings",
    metadata,
    Column("mapping_id", ForeignKey("mappings.id"), primary_key=True),
    Column("read_at", Double, nullable=False),
    Column("members", JSON, nullable=False),  # personal: the students of the Moodle course, one object each
    Column("students", JSON, nullable=False),  # personal: the students of the kuraCloud course, one object each
)

events = Table(
    "events",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("site_id", ForeignKey("sites.id"), nullable=False),
    Column("event_uid", String(200)),
    Column("way", String(20), nullable=False),
    Column("name", String(255), nullable=False),
    Column("courseid", BigInteger, nullable=False),
    Column("relateduserid", BigInteger),
    Column("objectid", BigInteger),
    Column("contextlevel", Integer),
    Column("contextinstanceid", BigInteger),
    Column("timecreated", BigInteger),
    Column("received_at", Double, nullable=False, index=True),
    Column("wanted", Boolean, nullable=False),  # it asked for a look at one mapping at least
    Column("delivery", String(200)),
    UniqueConstraint("site_id", "event_uid"),
    Index("ix_events_courseid", "courseid", "id"),
    Index("ix_events_relateduserid", "relateduserid", "id"),
    Index("ix_events_name", "name", "id"),
    Index("ix_events_site_id", "site_id", "id"),
)

worklist = Table(
    "worklist",
    metadata,
    Column("mapping_id", ForeignKey("mappings.id"), primary_key=True),
    Column("kind", String(10), primary_key=True),
    Column("wanted", BigInteger, nullable=False, server_default="0"),
    Column("seen", BigInteger, nullable=False, server_default="0"),
    Column("due_at", Double),
    Column("first_wanted_at", Double),
    Column("not_before", Double, nullable=False, server_default="0"),
    Column("gate", String(10), nullable=False, server_default="open"),
    Column("gate_reason", Text),
    Column("fence", BigInteger, nullable=False, server_default="0"),
    Column("lease_owner", Text),
    Column("lease_until", Double),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("crashes", Integer, nullable=False, server_default="0"),
    Column("failing_since", Double),
    Column("recheck_at", Double),
    Column("last_run_id", BigInteger),
    Column("asked_at", Double),  # since when what runs cover is wanted, until one of them is done
    CheckConstraint("wanted >= seen", name="wanted"),
    CheckConstraint("(lease_owner IS NULL) = (lease_until IS NULL)", name="lease"),
    CheckConstraint("due_at IS NOT NULL OR wanted = seen", name="due"),
    CheckConstraint("gate IN ('open', 'parked', 'paused', 'dead')", name="gate"),
    Index("ix_worklist_due_at", "due_at", postgresql_where=text("due_at IS NOT NULL"),
          sqlite_where=text("due_at IS NOT NULL")),
    Index("ix_worklist_lease_until", "lease_until", postgresql_where=text("lease_until IS NOT NULL"),
          sqlite_where=text("lease_until IS NOT NULL")),
)

event_requests = Table(
    "event_requests",
    metadata,
    Column("mapping_id", Integer, primary_key=True),
    Column("kind", String(10), primary_key=True),
    Column("gen", BigInteger, primary_key=True),
    Column("event_id", BigInteger, primary_key=True),
    Index("ix_event_requests_event_id", "event_id"),
)

runs = Table(
    "runs",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("mapping_id", ForeignKey("mappings.id"), nullable=False),
    Column("kind", String(10), nullable=False),
    Column("fence", BigInteger, nullable=False),
    Column("gen_from", BigInteger, nullable=False),
    Column("gen_to", BigInteger, nullable=False),
    Column("due_at", Double),
    Column("started_at", Double, nullable=False, index=True),
    Column("ended_at", Double),
    Column("owner", Text, nullable=False),
    Column("outcome", String(10)),  # done, retry, later, parked, dead, lost, reaped
    Column("reason", String(60)),
    Column("message", Text),
    Column("plan", JSON),  # personal: what was planned, as shown to people
    Column("counts", JSON),  # how many of each action were done, held, in conflict, failed
    Column("drift", Integer, nullable=False, server_default="0"),  # actions that no event explains
    Column("asked_at", Double),  # since when the oldest of what it covers is wanted
    Index("ix_runs_mapping_id_kind", "mapping_id", "kind", "id"),
    Index("ix_runs_ended_at", "ended_at"),
    sqlite_autoincrement=True,
)

holds = Table(
    "holds",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("mapping_id", ForeignKey("mappings.id"), nullable=False),
    Column("kind", String(10), nullable=False),
    Column("digest", String(64), nullable=False),
    Column("state", String(10), nullable=False),  # open, approved, applied, rejected, overtaken
    Column("items", JSON, nullable=False),  # personal: actions as shown, each with fingerprint and reasons
    Column("run_id", BigInteger, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("decided_at", Double),
    Column("decided_by", Text),
    Column("counts", JSON),  # how many of each action: lists read no items. Never NULL, since 0004 counted them
    Index("uq_holds_waiting", "mapping_id", "kind", unique=True,
          postgresql_where=text("state IN ('open', 'approved')"), sqlite_where=text("state IN ('open', 'approved')")),
    sqlite_autoincrement=True,
)

steps = Table(  # what was begun for one person and how it ended: the guard's 24 hours and the rule of three count these
    "steps",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("mapping_id", ForeignKey("mappings.id"), nullable=False),
    Column("run_id", BigInteger, nullable=False),
    Column("at", Double, nullable=False),
    Column("action", String(20), nullable=False),
    Column("fingerprint", String(64), nullable=False),
    Column("content", String(64), nullable=False),  # digest of all it says: a refused one waits until it changes
    Column("email_digest", String(64)),  # of the address an invitation went to
    Column("approved", Boolean, nullable=False),
    Column("outcome", String(10), nullable=False),  # begun, done, failed, refused
    Index("ix_steps_mapping_id_at", "mapping_id", "at"),
)

grade_exports = Table(  # the export of grades that a mapping waits for
    "grade_exports",
    metadata,
    Column("mapping_id", ForeignKey("mappings.id"), primary_key=True),
    Column("roster_gen", BigInteger, nullable=False),  # the roster generation wanted when grades were asked for
    Column("gen", BigInteger),  # the generation of grades wanted when it was asked for: it answers no later one
    Column("token", Text),
    Column("asked_at", Double),
    Column("polls", Integer, nullable=False, server_default="0"),
    Column("began_at", Double, nullable=False),
)

grade_columns = Table(  # the columns kurasync knows in Moodle's gradebook
    "grade_columns",
    metadata,
    Column("mapping_id", ForeignKey("mappings.id"), primary_key=True),
    Column("lesson", BigInteger, primary_key=True),
    Column("revision", BigInteger, primary_key=True),
    Column("title", Text, nullable=False),
)

grade_cells = Table(  # what kurasync last wrote into each cell of them, and what Moodle then showed
    "grade_cells",
    metadata,
    Column("mapping_id", ForeignKey("mappings.id"), primary_key=True),
    Column("lesson", BigInteger, primary_key=True),
    Column("revision", BigInteger, primary_key=True),
    Column("userid", BigInteger, primary_key=True),
    Column("sent", Double),
    Column("shown", Double),
    Column("pending", Boolean, nullable=False, server_default=false()),
    Column("returned", Boolean, nullable=False, server_default=false()),
    Column("modifier", BigInteger),  # while a write is pending: who wrote what Moodle showed before it
    Column("written_at", Double),
)

exemptions = Table(  # single people whom the rules of a mapping do not concern
    "exemptions",
    metadata,
    Column("mapping_id", ForeignKey("mappings.id"), primary_key=True),
    Column("side", String(10), primary_key=True),  # moodle: a user left alone; kuracloud: a student kept
    Column("number", BigInteger, primary_key=True),  # the Moodle userid or the kuraCloud studentId
    Column("by", Text, nullable=False),
    Column("at", Double, nullable=False),
    CheckConstraint("side IN ('moodle', 'kuracloud')", name="side"),
)

bypasses = Table(  # limits that a person lifted for the next run of a kind
    "bypasses",
    metadata,
    Column("mapping_id", ForeignKey("mappings.id"), primary_key=True),
    Column("kind", String(10), primary_key=True),
    Column("gen", BigInteger, nullable=False),  # of the look it asked for: no run that was claimed before may use it
    Column("by", Text, nullable=False),
    Column("at", Double, nullable=False),
)

alerts = Table(  # what somebody should know, and how far it was told; nothing personal
    "alerts",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("at", Double, nullable=False),
    Column("kind", String(40), nullable=False),
    Column("topic", String(200), nullable=False),  # what it is about: the same is not told again too soon
    Column("message", Text, nullable=False),
    Column("due_at", Double),  # when telling is tried next; NULL: told, or given up
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("mailed_at", Double),
    Column("posted_at", Double),
    Index("ix_alerts_topic", "kind", "topic", "at"),
    Index("ix_alerts_due_at", "due_at", postgresql_where=text("due_at IS NOT NULL"),
          sqlite_where=text("due_at IS NOT NULL")),
    sqlite_autoincrement=True,
)

audit = Table(  # append-only: two rows a write, `begin` and `end`, with one call_uid; triggers refuse every change
    "audit",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("at", Double, nullable=False),
    Column("call_uid", String(36), nullable=False, index=True),
    Column("phase", String(5), nullable=False),
    Column("actor", Text, nullable=False),
    Column("mapping_id", Integer, index=True),
    Column("run_id", BigInteger, index=True),
    Column("system", String(20), nullable=False),  # kuracloud, moodle, kurasync
    Column("operation", String(40), nullable=False),
    Column("subject", JSON, nullable=False),  # who and what; of personal values only salted digests
    Column("outcome", String(20)),  # of `end`: done, refused, failed, unknown
    Column("detail", Text),
    Index("ix_audit_at", "at"),
    Index("ix_audit_actor", "actor", "id"),
    Index("ix_audit_operation", "operation", "id"),
    Index("ix_audit_system", "system", "id"),
)

audit_subjects = Table(  # the people of an audit row, one for each of its records; may be erased, never changed
    "audit_subjects",
    metadata,
    Column("audit_id", ForeignKey("audit.id"), primary_key=True),
    Column("place", Integer, primary_key=True),  # of the record among the row's records
    Column("site_id", Integer),
    Column("mapping_id", Integer),
    Column("userid", BigInteger),
    Column("studentid", BigInteger),
    Column("salt", String(32)),  # NULL with the values once they were erased
    Column("personal", JSON(none_as_null=True)),  # personal: what was sent
    Index("ix_audit_subjects_userid", "userid", "site_id"),
    Index("ix_audit_subjects_studentid", "studentid", "mapping_id"),
)

audit_seals = Table(  # the hash chain: each seal is over an audit row and the seal before it (app.planning.chain)
    "audit_seals",
    metadata,
    Column("seq", BigId, primary_key=True, autoincrement=False),  # 1, 2, 3 ... without a gap
    Column("audit_id", ForeignKey("audit.id"), nullable=False, unique=True),
    Column("seal", String(64), nullable=False),
    Column("sealed_at", Double, nullable=False),
)

tasks = Table(  # what a person asked for that takes its time and changes nothing: its result is shown, then forgotten
    "tasks",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("kind", String(20), nullable=False),  # app.setup.tasks.KINDS
    Column("mapping_id", ForeignKey("mappings.id")),
    Column("asked_by", Text, nullable=False),
    Column("asked_at", Double, nullable=False),
    Column("state", String(10), nullable=False),  # wanted, running, done, failed; used: a plan that was carried on
    Column("owner", Text),  # the process that began it, as a lease names one
    Column("began_at", Double),
    Column("ended_at", Double),
    Column("result", JSON(none_as_null=True)),  # personal: of a preview the plan, as shown to people
    Column("reason", String(60)),  # why it failed
    Column("message", Text),
    Index("ix_tasks_unfinished", "id", postgresql_where=text("ended_at IS NULL"),
          sqlite_where=text("ended_at IS NULL")),
    Index("ix_tasks_mapping_id", "mapping_id"),
    sqlite_autoincrement=True,
)

beats = Table(  # the last signs of life of what runs without being asked
    "beats",
    metadata,
    Column("name", String(40), primary_key=True),
    Column("at", Double, nullable=False),
)

outboxes = Table(  # the events that wait in a Moodle, as its plugin told it last
    "outboxes",
    metadata,
    Column("site_id", ForeignKey("sites.id", ondelete="CASCADE"), primary_key=True),
    Column("waiting", Integer, nullable=False),
    Column("setaside", Integer, nullable=False),  # Moodle gave them up
    Column("oldest_at", Double),  # when the oldest that waits happened
    Column("told_at", Double, nullable=False),
)

users = Table(  # people who sign in to the console
    "users",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String(64), nullable=False, unique=True),
    Column("password", Text),  # hashed; NULL: signs in elsewhere
    Column("role", String(10), nullable=False),  # app.planning.roles
    Column("created_at", Double, nullable=False),
    Column("failures", Integer, nullable=False, server_default="0"),  # wrong passwords in a row
    Column("locked_until", Double, nullable=False, server_default="0"),
    Column("signed_in_at", Double),
    sqlite_autoincrement=True,
)

sessions = Table(  # who is signed in, by the digest of what the browser holds
    "sessions",
    metadata,
    Column("digest", String(64), primary_key=True),
    Column("user_id", ForeignKey("users.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("created_at", Double, nullable=False),
    Column("seen_at", Double, nullable=False),
)

api_keys = Table(  # programs that use the API, by the digest of their key
    "api_keys",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String(64), nullable=False, unique=True),
    Column("digest", String(64), nullable=False, unique=True),
    Column("role", String(10), nullable=False),
    Column("site_id", ForeignKey("sites.id", ondelete="CASCADE")),  # NULL: every site
    Column("created_by", Text, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("ends_at", Double),
    Column("used_at", Double),  # to the minute
    sqlite_autoincrement=True,
)
