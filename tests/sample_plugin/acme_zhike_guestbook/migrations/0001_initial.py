"""The first tables."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from zhike.db.types import UTCDateTime

revision = "acme_guestbook_0001"
down_revision = None
branch_labels = None
depends_on = None

COMPANY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "acme_guestbook__tally",
        sa.Column("company_id", COMPANY, nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("visits", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["company_id"],
            ["core__company.id"],
            name=op.f("fk_acme_guestbook__tally_company_id"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("company_id", "id", name=op.f("pk_acme_guestbook__tally")),
        sa.UniqueConstraint(
            "company_id", "day", name=op.f("uq_acme_guestbook__tally_company_id_day")
        ),
    )
    op.create_table(
        "acme_guestbook__entry",
        sa.Column("company_id", COMPANY, nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("signed_by", sa.Text(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("party_id", sa.Uuid(), nullable=True),
        sa.Column("present", sa.Boolean(), nullable=False),
        sa.Column("written_at", UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["company_id", "party_id"],
            ["core__party.company_id", "core__party.id"],
            name=op.f("fk_acme_guestbook__entry_company_id_party_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["company_id"],
            ["core__company.id"],
            name=op.f("fk_acme_guestbook__entry_company_id"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("company_id", "id", name=op.f("pk_acme_guestbook__entry")),
    )
    with op.batch_alter_table("acme_guestbook__entry") as batch:
        batch.create_index(
            batch.f("ix_acme_guestbook__entry_company_id_written_at"),
            ["company_id", "written_at"],
        )


def downgrade() -> None:
    op.drop_table("acme_guestbook__entry")
    op.drop_table("acme_guestbook__tally")
