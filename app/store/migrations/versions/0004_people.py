"""What people see and steer by: accounts, sessions, keys, tasks, both sides as last read, and the indexes of pages."""

from __future__ import annotations

from collections import Counter

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_INDEXES = (
    ("ix_audit_actor", "audit", ["actor", "id"]),
    ("ix_audit_at", "audit", ["at"]),
    ("ix_audit_operation", "audit", ["operation", "id"]),
    ("ix_audit_system", "audit", ["system", "id"]),
    ("ix_events_courseid", "events", ["courseid", "id"]),
    ("ix_events_name", "events", ["name", "id"]),
    ("ix_events_relateduserid", "events", ["relateduserid", "id"]),
    ("ix_events_site_id", "events", ["site_id", "id"]),
    ("ix_links_mapping_id", "links", ["mapping_id", "studentid"]),
    ("ix_runs_ended_at", "runs", ["ended_at"]),
)


def upgrade() -> None:
    _for_accounts()
    _for_looking()
    _for_watching()
    for name, table, columns in _INDEXES:
        op.create_index(name, table, columns)
    op.add_column("runs", sa.Column("asked_at", sa.Double(), nullable=True))
    op.add_column("worklist", sa.Column("asked_at", sa.Double(), nullable=True))
    op.add_column("holds", sa.Column("counts", sa.JSON(), nullable=True))
    _count_what_is_held()


def _count_what_is_held() -> None:
    """What lists say of holds was counted from their items so far."""
    holds = sa.table("holds", sa.column("id"), sa.column("items", sa.JSON), sa.column("counts", sa.JSON))
    for number in op.get_bind().scalars(sa.select(holds.c.id)).all():
        items = op.get_bind().scalar(sa.select(holds.c["items"]).where(holds.c.id == number)) or []
        counts = dict(Counter(item["action"] for item in items))
        op.execute(holds.update().where(holds.c.id == number).values(counts=counts))


def _for_accounts() -> None:
    op.create_table(
        "users",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("password", sa.Text(), nullable=True),
        sa.Column("role", sa.String(length=10), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("failures", sa.Integer(), server_default="0", nullable=False),
        sa.Column("locked_until", sa.Double(), server_default="0", nullable=False),
        sa.Column("signed_in_at", sa.Double(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
        sa.UniqueConstraint("name", name=op.f("uq_users_name")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "sessions",
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("seen_at", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_sessions_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_sessions")),
    )
    op.create_index(op.f("ix_sessions_user_id"), "sessions", ["user_id"])
    op.create_table(
        "api_keys",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("role", sa.String(length=10), nullable=False),
        sa.Column("site_id", sa.Integer(), nullable=True),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("ends_at", sa.Double(), nullable=True),
        sa.Column("used_at", sa.Double(), nullable=True),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name=op.f("fk_api_keys_site_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_keys")),
        sa.UniqueConstraint("digest", name=op.f("uq_api_keys_digest")),
        sa.UniqueConstraint("name", name=op.f("uq_api_keys_name")),
        sqlite_autoincrement=True,
    )


def _for_looking() -> None:
    op.create_table(
        "readings",
        sa.Column("mapping_id", sa.Integer(), nullable=False),
        sa.Column("read_at", sa.Double(), nullable=False),
        sa.Column("members", sa.JSON(), nullable=False),
        sa.Column("students", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["mapping_id"], ["mappings.id"], name=op.f("fk_readings_mapping_id")),
        sa.PrimaryKeyConstraint("mapping_id", name=op.f("pk_readings")),
    )
    op.create_table(
        "tasks",
        sa.Column("id", _BIG_ID, nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("mapping_id", sa.Integer(), nullable=True),
        sa.Column("asked_by", sa.Text(), nullable=False),
        sa.Column("asked_at", sa.Double(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("owner", sa.Text(), nullable=True),
        sa.Column("began_at", sa.Double(), nullable=True),
        sa.Column("ended_at", sa.Double(), nullable=True),
        sa.Column("result", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("reason", sa.String(length=60), nullable=True),
        sa.Column("message", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["mapping_id"], ["mappings.id"], name=op.f("fk_tasks_mapping_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tasks")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_tasks_mapping_id", "tasks", ["mapping_id"])
    unfinished = sa.text("ended_at IS NULL")
    op.create_index("ix_tasks_unfinished", "tasks", ["id"], postgresql_where=unfinished, sqlite_where=unfinished)


def _for_watching() -> None:
    op.create_table(
        "beats",
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_beats")),
    )
    op.create_table(
        "outboxes",
        sa.Column("site_id", sa.Integer(), nullable=False),
        sa.Column("waiting", sa.Integer(), nullable=False),
        sa.Column("setaside", sa.Integer(), nullable=False),
        sa.Column("oldest_at", sa.Double(), nullable=True),
        sa.Column("told_at", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name=op.f("fk_outboxes_site_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("site_id", name=op.f("pk_outboxes")),
    )


def downgrade() -> None:
    op.drop_column("holds", "counts")
    op.drop_column("worklist", "asked_at")
    op.drop_column("runs", "asked_at")
    for name, table, _ in reversed(_INDEXES):
        op.drop_index(name, table)
    for table in ("outboxes", "beats", "tasks", "readings", "api_keys", "sessions", "users"):
        op.drop_table(table)
