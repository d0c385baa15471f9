"""Moodle's plugin: what is known of it, rosters as last read through it, and what flows back through it: grades."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("sites", sa.Column("plugin", sa.Text(), nullable=True))
    op.add_column("mappings", sa.Column("grades_at", sa.Double(), nullable=True))
    op.create_table(
        "rosters",
        sa.Column("mapping_id", sa.Integer(), nullable=False),
        sa.Column("members", sa.JSON(), nullable=False),
        sa.Column("basis", sa.String(length=64), nullable=False),
        sa.Column("read_at", sa.Double(), nullable=False),
        sa.Column("next_change", sa.Double(), nullable=True),
        sa.ForeignKeyConstraint(["mapping_id"], ["mappings.id"], name=op.f("fk_rosters_mapping_id")),
        sa.PrimaryKeyConstraint("mapping_id", name=op.f("pk_rosters")),
    )
    op.create_table(
        "grade_exports",
        sa.Column("mapping_id", sa.Integer(), nullable=False),
        sa.Column("roster_gen", sa.BigInteger(), nullable=False),
        sa.Column("gen", sa.BigInteger(), nullable=True),
        sa.Column("token", sa.Text(), nullable=True),
        sa.Column("asked_at", sa.Double(), nullable=True),
        sa.Column("polls", sa.Integer(), server_default="0", nullable=False),
        sa.Column("began_at", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(["mapping_id"], ["mappings.id"], name=op.f("fk_grade_exports_mapping_id")),
        sa.PrimaryKeyConstraint("mapping_id", name=op.f("pk_grade_exports")),
    )
    op.create_table(
        "grade_columns",
        sa.Column("mapping_id", sa.Integer(), nullable=False),
        sa.Column("lesson", sa.BigInteger(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["mapping_id"], ["mappings.id"], name=op.f("fk_grade_columns_mapping_id")),
        sa.PrimaryKeyConstraint("mapping_id", "lesson", "revision", name=op.f("pk_grade_columns")),
    )
    op.create_table(
        "grade_cells",
        sa.Column("mapping_id", sa.Integer(), nullable=False),
        sa.Column("lesson", sa.BigInteger(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("userid", sa.BigInteger(), nullable=False),
        sa.Column("sent", sa.Double(), nullable=True),
        sa.Column("shown", sa.Double(), nullable=True),
        sa.Column("pending", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("returned", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("modifier", sa.BigInteger(), nullable=True),
        sa.Column("written_at", sa.Double(), nullable=True),
        sa.ForeignKeyConstraint(["mapping_id"], ["mappings.id"], name=op.f("fk_grade_cells_mapping_id")),
        sa.PrimaryKeyConstraint("mapping_id", "lesson", "revision", "userid", name=op.f("pk_grade_cells")),
    )


def downgrade() -> None:
    for table in ("grade_cells", "grade_columns", "grade_exports", "rosters"):
        op.drop_table(table)
    op.drop_column("mappings", "grades_at")
    op.drop_column("sites", "plugin")
