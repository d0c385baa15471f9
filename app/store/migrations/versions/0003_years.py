"""What years bring: people left out of the rules, limits lifted once, alerts, and an audit that proves itself."""

from __future__ import annotations

import hashlib
import json
import secrets
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_IDS = ("userid", "studentid")
_BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_AUDIT = sa.table("audit", sa.column("id"), sa.column("mapping_id"), sa.column("subject", sa.JSON()))
_PEOPLE = sa.table(
    "audit_subjects",
    *(sa.column(name) for name in ("audit_id", "place", "site_id", "mapping_id", *_IDS, "salt")),
    sa.column("personal", sa.JSON(none_as_null=True)),
)
_SITE_OF = "SELECT site_id FROM mappings WHERE id = :mapping"

_SEALED = ("audit", "audit_seals")
_KEPT = ("audit_id", "place", "site_id", "mapping_id", *_IDS)


def upgrade() -> None:
    for column in (
        sa.Column("lms_enabled", sa.Boolean(), nullable=True),
        sa.Column("dialect", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("probed_at", sa.Double(), nullable=True),
    ):
        op.add_column("instances", column)
    op.add_column("mappings", sa.Column("restored_as", sa.BigInteger(), nullable=True))
    op.add_column("links", sa.Column("elsewhere", sa.Boolean(), server_default=sa.false(), nullable=False))
    _for_people()
    op.drop_column("audit", "seal")
    op.create_index(op.f("ix_audit_mapping_id"), "audit", ["mapping_id"])
    _chain()
    _part(op.get_bind())
    _guard()


def _for_people() -> None:
    op.create_table(
        "exemptions",
        sa.Column("mapping_id", sa.Integer(), nullable=False),
        sa.Column("side", sa.String(length=10), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.CheckConstraint("side IN ('moodle', 'kuracloud')", name=op.f("ck_exemptions_side")),
        sa.ForeignKeyConstraint(["mapping_id"], ["mappings.id"], name=op.f("fk_exemptions_mapping_id")),
        sa.PrimaryKeyConstraint("mapping_id", "side", "number", name=op.f("pk_exemptions")),
    )
    op.create_table(
        "bypasses",
        sa.Column("mapping_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("gen", sa.BigInteger(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(["mapping_id"], ["mappings.id"], name=op.f("fk_bypasses_mapping_id")),
        sa.PrimaryKeyConstraint("mapping_id", "kind", name=op.f("pk_bypasses")),
    )
    op.create_table(
        "alerts",
        sa.Column("id", _BIG_ID, nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("topic", sa.String(length=200), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("due_at", sa.Double(), nullable=True),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("mailed_at", sa.Double(), nullable=True),
        sa.Column("posted_at", sa.Double(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alerts")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_alerts_topic", "alerts", ["kind", "topic", "at"])
    due = sa.text("due_at IS NOT NULL")
    op.create_index("ix_alerts_due_at", "alerts", ["due_at"], postgresql_where=due, sqlite_where=due)


def _chain() -> None:
    op.create_table(
        "audit_subjects",
        sa.Column("audit_id", _BIG_ID, nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("site_id", sa.Integer(), nullable=True),
        sa.Column("mapping_id", sa.Integer(), nullable=True),
        sa.Column("userid", sa.BigInteger(), nullable=True),
        sa.Column("studentid", sa.BigInteger(), nullable=True),
        sa.Column("salt", sa.String(length=32), nullable=True),
        sa.Column("personal", sa.JSON(none_as_null=True), nullable=True),
        sa.ForeignKeyConstraint(["audit_id"], ["audit.id"], name=op.f("fk_audit_subjects_audit_id")),
        sa.PrimaryKeyConstraint("audit_id", "place", name=op.f("pk_audit_subjects")),
    )
    op.create_index("ix_audit_subjects_userid", "audit_subjects", ["userid", "site_id"])
    op.create_index("ix_audit_subjects_studentid", "audit_subjects", ["studentid", "mapping_id"])
    op.create_table(
        "audit_seals",
        sa.Column("seq", _BIG_ID, autoincrement=False, nullable=False),
        sa.Column("audit_id", _BIG_ID, nullable=False),
        sa.Column("seal", sa.String(length=64), nullable=False),
        sa.Column("sealed_at", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(["audit_id"], ["audit.id"], name=op.f("fk_audit_seals_audit_id")),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_audit_seals")),
        sa.UniqueConstraint("audit_id", name=op.f("uq_audit_seals_audit_id")),
    )


def _part(tx: sa.Connection) -> None:
    """Keep the personal values of the rows there are apart, as every later row has them."""
    for row in tx.execute(sa.select(_AUDIT)).all():
        subject = dict(row.subject)
        if "grades" in subject:
            subject["records"] = subject.pop("grades")
        site_id = tx.execute(sa.text(_SITE_OF), {"mapping": row.mapping_id}).scalar()
        records, people = _apart(subject.get("records", []), {} if site_id is None else {"site": site_id})
        if not people:
            continue
        tx.execute(_AUDIT.update().where(_AUDIT.c.id == row.id).values(subject={**subject, "records": records}))
        common = {"audit_id": row.id, "site_id": site_id, "mapping_id": row.mapping_id}
        tx.execute(_PEOPLE.insert(), [{**common, **person} for person in people])


def _apart(records: list[Any], site: dict[str, int]) -> tuple[list[Any], list[dict[str, Any]]]:
    kept, people = list(records), []
    for place, record in enumerate(records):
        ids = {name: record[name] for name in _IDS if isinstance(record, dict) and record.get(name) is not None}
        if ids:
            personal = {name: value for name, value in record.items() if name not in ids}
            salt = secrets.token_hex(16)
            text = json.dumps(personal, sort_keys=True, ensure_ascii=True, separators=(",", ":"))
            kept[place] = {**ids, **site, "digest": hashlib.sha256(f"{salt}:{text}".encode()).hexdigest()}
            whom = {"userid": None, "studentid": None, **ids}
            people.append({**whom, "place": place, "salt": salt, "personal": personal})
    return kept, people


def _guard() -> None:
    """Refuse every change of the audit, but for personal values that are taken out."""
    if op.get_bind().dialect.name == "sqlite":
        _guard_sqlite()
    else:
        _guard_postgresql()


def _guard_sqlite() -> None:
    refuse = "BEGIN SELECT RAISE(ABORT, 'the audit is never changed'); END"
    for table in _SEALED:
        op.execute(f"CREATE TRIGGER {table}_update BEFORE UPDATE ON {table} {refuse}")
    for table in (*_SEALED, "audit_subjects"):
        op.execute(f"CREATE TRIGGER {table}_delete BEFORE DELETE ON {table} {refuse}")
    changed = " OR ".join(f"NEW.{name} IS NOT OLD.{name}" for name in _KEPT)
    erasing = f"NEW.salt IS NOT NULL OR NEW.personal IS NOT NULL OR {changed}"
    op.execute(f"CREATE TRIGGER audit_subjects_update BEFORE UPDATE ON audit_subjects WHEN {erasing} {refuse}")


def _guard_postgresql() -> None:
    op.execute(
        "CREATE FUNCTION kurasync_audit_refuse() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'the audit is never changed'; END $$"
    )
    refuse = "EXECUTE FUNCTION kurasync_audit_refuse()"
    for table in _SEALED:
        op.execute(f"CREATE TRIGGER {table}_update BEFORE UPDATE ON {table} FOR EACH ROW {refuse}")
    for table in (*_SEALED, "audit_subjects"):
        op.execute(f"CREATE TRIGGER {table}_delete BEFORE DELETE ON {table} FOR EACH ROW {refuse}")
        op.execute(f"CREATE TRIGGER {table}_truncate BEFORE TRUNCATE ON {table} FOR EACH STATEMENT {refuse}")
    changed = " OR ".join(f"NEW.{name} IS DISTINCT FROM OLD.{name}" for name in _KEPT)
    erasing = f"NEW.salt IS NOT NULL OR NEW.personal IS NOT NULL OR {changed}"
    op.execute(
        f"CREATE TRIGGER audit_subjects_update BEFORE UPDATE ON audit_subjects FOR EACH ROW WHEN ({erasing}) {refuse}"
    )


def downgrade() -> None:
    tx = op.get_bind()
    _unguard(tx.dialect.name)
    _join(tx)
    for table in ("audit_seals", "audit_subjects", "alerts", "bypasses", "exemptions"):
        op.drop_table(table)
    op.drop_index(op.f("ix_audit_mapping_id"), "audit")
    op.add_column("audit", sa.Column("seal", sa.String(length=64), nullable=True))
    op.drop_column("links", "elsewhere")
    op.drop_column("mappings", "restored_as")
    for column in ("probed_at", "dialect", "lms_enabled"):
        op.drop_column("instances", column)


def _unguard(dialect: str) -> None:
    if dialect != "sqlite":
        op.execute("DROP FUNCTION kurasync_audit_refuse() CASCADE")
        return
    for table in (*_SEALED, "audit_subjects"):
        op.execute(f"DROP TRIGGER {table}_update")
        op.execute(f"DROP TRIGGER {table}_delete")


def _join(tx: sa.Connection) -> None:
    """Put the personal values that were not erased back into their rows."""
    for person in tx.execute(sa.select(_PEOPLE).where(_PEOPLE.c.salt.is_not(None))).all():
        subject = tx.execute(sa.select(_AUDIT.c.subject).where(_AUDIT.c.id == person.audit_id)).scalar_one()
        record = subject["records"][person.place]
        ids = {name: record[name] for name in _IDS if name in record}
        subject["records"][person.place] = {**ids, **person.personal}
        tx.execute(_AUDIT.update().where(_AUDIT.c.id == person.audit_id).values(subject=subject))
