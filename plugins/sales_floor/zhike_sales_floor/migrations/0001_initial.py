"""initial"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from zhike.db.types import JSONType, UTCDateTime

revision = "sales_floor_0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "sales_floor__day",
        sa.Column(
            "company_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("unit_id", sa.Uuid(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("first_seq", sa.Integer(), nullable=False),
        sa.Column("last_seq", sa.Integer(), nullable=True),
        sa.Column("opening", JSONType, nullable=False),
        sa.Column("opened_at", UTCDateTime(), nullable=False),
        sa.Column("closed_at", UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["company_id", "unit_id"],
            ["core__unit.company_id", "core__unit.id"],
            name=op.f("fk_sales_floor__day_company_id_unit_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["company_id"],
            ["core__company.id"],
            name=op.f("fk_sales_floor__day_company_id"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("company_id", "id", name=op.f("pk_sales_floor__day")),
        sa.UniqueConstraint(
            "company_id", "unit_id", "day", name=op.f("uq_sales_floor__day_company_id_unit_id_day")
        ),
        info={"plugin": "sales_floor"},
    )
    op.create_table(
        "sales_floor__event",
        sa.Column(
            "company_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("unit_id", sa.Uuid(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("verb", sa.Text(), nullable=False),
        sa.Column("body", JSONType, nullable=False),
        sa.Column("facts", JSONType, nullable=False),
        sa.Column("outcome", JSONType, nullable=False),
        sa.Column("occurred_at", UTCDateTime(), nullable=False),
        sa.Column("recorded_at", UTCDateTime(), nullable=False),
        sa.Column("policy_version_id", sa.Uuid(), nullable=True),
        sa.Column("mode", sa.Text(), nullable=False),
        sa.Column("decision_id", sa.Uuid(), nullable=True),
        sa.Column("actor", JSONType, nullable=False),
        sa.ForeignKeyConstraint(
            ["company_id", "unit_id"],
            ["core__unit.company_id", "core__unit.id"],
            name=op.f("fk_sales_floor__event_company_id_unit_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["company_id"],
            ["core__company.id"],
            name=op.f("fk_sales_floor__event_company_id"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("company_id", "id", name=op.f("pk_sales_floor__event")),
        sa.UniqueConstraint(
            "company_id",
            "unit_id",
            "seq",
            name=op.f("uq_sales_floor__event_company_id_unit_id_seq"),
        ),
        info={"plugin": "sales_floor"},
    )
    with op.batch_alter_table("sales_floor__event", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_sales_floor__event_company_id_unit_id_day_seq"),
            ["company_id", "unit_id", "day", "seq"],
            unique=False,
        )

    op.create_table(
        "sales_floor__floor",
        sa.Column(
            "company_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("turns", sa.Integer(), nullable=False),
        sa.Column("visitors", sa.Integer(), nullable=False),
        sa.Column("day", sa.Date(), nullable=True),
        sa.Column("state", JSONType, nullable=False),
        sa.Column("changed_at", UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["company_id", "id"],
            ["core__unit.company_id", "core__unit.id"],
            name=op.f("fk_sales_floor__floor_company_id_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["company_id"],
            ["core__company.id"],
            name=op.f("fk_sales_floor__floor_company_id"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("company_id", "id", name=op.f("pk_sales_floor__floor")),
        info={"plugin": "sales_floor"},
    )
    op.create_table(
        "sales_floor__outing",
        sa.Column(
            "company_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("unit_id", sa.Uuid(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("staff_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("out_at", UTCDateTime(), nullable=False),
        sa.Column("back_at", UTCDateTime(), nullable=True),
        sa.Column("reclassed_at", UTCDateTime(), nullable=True),
        sa.Column("reclassed_by", sa.Text(), nullable=False),
        sa.Column("reclass_reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["company_id", "staff_id"],
            ["core__staff.company_id", "core__staff.id"],
            name=op.f("fk_sales_floor__outing_company_id_staff_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "unit_id"],
            ["core__unit.company_id", "core__unit.id"],
            name=op.f("fk_sales_floor__outing_company_id_unit_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["company_id"],
            ["core__company.id"],
            name=op.f("fk_sales_floor__outing_company_id"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("company_id", "id", name=op.f("pk_sales_floor__outing")),
        info={"plugin": "sales_floor"},
    )
    with op.batch_alter_table("sales_floor__outing", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_sales_floor__outing_company_id_staff_id_out_at"),
            ["company_id", "staff_id", "out_at"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_sales_floor__outing_company_id_unit_id_day"),
            ["company_id", "unit_id", "day"],
            unique=False,
        )

    op.create_table(
        "sales_floor__rep",
        sa.Column(
            "company_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("unit_id", sa.Uuid(), nullable=False),
        sa.Column("staff_id", sa.Uuid(), nullable=False),
        sa.Column("joined_on", sa.Date(), nullable=False),
        sa.Column("left_on", sa.Date(), nullable=True),
        sa.Column("left_why", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["company_id", "staff_id"],
            ["core__staff.company_id", "core__staff.id"],
            name=op.f("fk_sales_floor__rep_company_id_staff_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "unit_id"],
            ["core__unit.company_id", "core__unit.id"],
            name=op.f("fk_sales_floor__rep_company_id_unit_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["company_id"],
            ["core__company.id"],
            name=op.f("fk_sales_floor__rep_company_id"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("company_id", "id", name=op.f("pk_sales_floor__rep")),
        sa.UniqueConstraint(
            "company_id",
            "unit_id",
            "staff_id",
            name=op.f("uq_sales_floor__rep_company_id_unit_id_staff_id"),
        ),
        info={"plugin": "sales_floor"},
    )
    with op.batch_alter_table("sales_floor__rep", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_sales_floor__rep_company_id_staff_id"),
            ["company_id", "staff_id"],
            unique=False,
        )

    op.create_table(
        "sales_floor__ticket",
        sa.Column(
            "company_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("unit_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("staff_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("issued_at", UTCDateTime(), nullable=False),
        sa.Column("issued_seq", sa.Integer(), nullable=False),
        sa.Column("ended_at", UTCDateTime(), nullable=True),
        sa.Column("ended_seq", sa.Integer(), nullable=True),
        sa.Column("ended_how", sa.Text(), nullable=False),
        sa.Column("by_hand", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["company_id", "staff_id"],
            ["core__staff.company_id", "core__staff.id"],
            name=op.f("fk_sales_floor__ticket_company_id_staff_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "unit_id"],
            ["core__unit.company_id", "core__unit.id"],
            name=op.f("fk_sales_floor__ticket_company_id_unit_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["company_id"],
            ["core__company.id"],
            name=op.f("fk_sales_floor__ticket_company_id"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("company_id", "id", name=op.f("pk_sales_floor__ticket")),
        sa.UniqueConstraint(
            "company_id",
            "unit_id",
            "number",
            name=op.f("uq_sales_floor__ticket_company_id_unit_id_number"),
        ),
        info={"plugin": "sales_floor"},
    )
    with op.batch_alter_table("sales_floor__ticket", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_sales_floor__ticket_company_id_unit_id_issued_at"),
            ["company_id", "unit_id", "issued_at"],
            unique=False,
        )

    op.create_table(
        "sales_floor__customer",
        sa.Column(
            "company_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("unit_id", sa.Uuid(), nullable=False),
        sa.Column("party_id", sa.Uuid(), nullable=True),
        sa.Column("owner_id", sa.Uuid(), nullable=True),
        sa.Column("first_rep_id", sa.Uuid(), nullable=True),
        sa.Column("introducer_id", sa.Uuid(), nullable=True),
        sa.Column("merged_into", sa.Uuid(), nullable=True),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("grade", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("first_visit_on", sa.Date(), nullable=True),
        sa.Column("last_contact_on", sa.Date(), nullable=True),
        sa.Column("protected_until", sa.Date(), nullable=True),
        sa.Column("closed_on", sa.Date(), nullable=True),
        sa.Column("owned_since", sa.Date(), nullable=True),
        sa.Column("followed_on", sa.Date(), nullable=True),
        sa.Column("follow_up_on", sa.Date(), nullable=True),
        sa.Column("follow_up_note", sa.Text(), nullable=False),
        sa.Column("lost_reason", sa.Text(), nullable=False),
        sa.Column("facts", JSONType, nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("updated_at", UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["company_id", "first_rep_id"],
            ["core__staff.company_id", "core__staff.id"],
            name=op.f("fk_sales_floor__customer_company_id_first_rep_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "introducer_id"],
            ["sales_floor__customer.company_id", "sales_floor__customer.id"],
            name=op.f("fk_sales_floor__customer_company_id_introducer_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "merged_into"],
            ["sales_floor__customer.company_id", "sales_floor__customer.id"],
            name=op.f("fk_sales_floor__customer_company_id_merged_into"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "owner_id"],
            ["core__staff.company_id", "core__staff.id"],
            name=op.f("fk_sales_floor__customer_company_id_owner_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "party_id"],
            ["core__party.company_id", "core__party.id"],
            name=op.f("fk_sales_floor__customer_company_id_party_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "unit_id"],
            ["core__unit.company_id", "core__unit.id"],
            name=op.f("fk_sales_floor__customer_company_id_unit_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["company_id"],
            ["core__company.id"],
            name=op.f("fk_sales_floor__customer_company_id"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("company_id", "id", name=op.f("pk_sales_floor__customer")),
        sa.UniqueConstraint(
            "company_id",
            "unit_id",
            "party_id",
            name=op.f("uq_sales_floor__customer_company_id_unit_id_party_id"),
        ),
        info={"plugin": "sales_floor"},
    )
    with op.batch_alter_table("sales_floor__customer", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_sales_floor__customer_company_id_introducer_id"),
            ["company_id", "introducer_id"],
            unique=False,
        )
        batch_op.create_index(
            "ix_sales_floor__customer_merged_into",
            ["company_id", "merged_into"],
            unique=False,
            sqlite_where=sa.text("merged_into IS NOT NULL"),
            postgresql_where=sa.text("merged_into IS NOT NULL"),
        )
        batch_op.create_index(
            batch_op.f("ix_sales_floor__customer_company_id_owner_id_follow_up_on"),
            ["company_id", "owner_id", "follow_up_on"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_sales_floor__customer_company_id_unit_id_owner_id_id"),
            ["company_id", "unit_id", "owner_id", "id"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_sales_floor__customer_company_id_party_id"),
            ["company_id", "party_id"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_sales_floor__customer_company_id_unit_id_id"),
            ["company_id", "unit_id", "id"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_sales_floor__customer_company_id_unit_id_protected_until"),
            ["company_id", "unit_id", "protected_until"],
            unique=False,
        )

    op.create_table(
        "sales_floor__deal",
        sa.Column(
            "company_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("unit_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("property", sa.Text(), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("staff_id", sa.Uuid(), nullable=True),
        sa.Column("policy_version_id", sa.Uuid(), nullable=True),
        sa.Column("reserved_at", UTCDateTime(), nullable=True),
        sa.Column("closed_at", UTCDateTime(), nullable=True),
        sa.Column("refunded_at", UTCDateTime(), nullable=True),
        sa.Column("decision_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint(
            "state IN ('reserved', 'closed', 'refunded')", name=op.f("ck_sales_floor__deal_state")
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "customer_id"],
            ["sales_floor__customer.company_id", "sales_floor__customer.id"],
            name=op.f("fk_sales_floor__deal_company_id_customer_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "staff_id"],
            ["core__staff.company_id", "core__staff.id"],
            name=op.f("fk_sales_floor__deal_company_id_staff_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "unit_id"],
            ["core__unit.company_id", "core__unit.id"],
            name=op.f("fk_sales_floor__deal_company_id_unit_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["company_id"],
            ["core__company.id"],
            name=op.f("fk_sales_floor__deal_company_id"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("company_id", "id", name=op.f("pk_sales_floor__deal")),
        sa.UniqueConstraint(
            "company_id", "number", name=op.f("uq_sales_floor__deal_company_id_number")
        ),
        info={"plugin": "sales_floor"},
    )
    with op.batch_alter_table("sales_floor__deal", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_sales_floor__deal_company_id_customer_id"),
            ["company_id", "customer_id"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_sales_floor__deal_company_id_unit_id_id"),
            ["company_id", "unit_id", "id"],
            unique=False,
        )

    op.create_table(
        "sales_floor__ruling",
        sa.Column(
            "company_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("unit_id", sa.Uuid(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=True),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("facts", sa.Text(), nullable=False),
        sa.Column("outcome", JSONType, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["company_id", "customer_id"],
            ["sales_floor__customer.company_id", "sales_floor__customer.id"],
            name=op.f("fk_sales_floor__ruling_company_id_customer_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "unit_id"],
            ["core__unit.company_id", "core__unit.id"],
            name=op.f("fk_sales_floor__ruling_company_id_unit_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["company_id"],
            ["core__company.id"],
            name=op.f("fk_sales_floor__ruling_company_id"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("company_id", "id", name=op.f("pk_sales_floor__ruling")),
        info={"plugin": "sales_floor"},
    )
    with op.batch_alter_table("sales_floor__ruling", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_sales_floor__ruling_company_id_unit_id_at"),
            ["company_id", "unit_id", "at"],
            unique=False,
        )

    op.create_table(
        "sales_floor__visit",
        sa.Column(
            "company_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("unit_id", sa.Uuid(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=True),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("people", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("via", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("staff_id", sa.Uuid(), nullable=True),
        sa.Column("due_id", sa.Uuid(), nullable=True),
        sa.Column("turn_no", sa.Integer(), nullable=True),
        sa.Column("helpers", JSONType, nullable=False),
        sa.Column("passed", JSONType, nullable=False),
        sa.Column("tickets", JSONType, nullable=False),
        sa.Column("arrived_at", UTCDateTime(), nullable=False),
        sa.Column("started_at", UTCDateTime(), nullable=True),
        sa.Column("ended_at", UTCDateTime(), nullable=True),
        sa.Column("result", sa.Text(), nullable=False),
        sa.Column("lost_reason", sa.Text(), nullable=False),
        sa.Column("grade", sa.Text(), nullable=False),
        sa.Column("need", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("relation", sa.Text(), nullable=False),
        sa.Column("flag", JSONType, nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("decision_id", sa.Uuid(), nullable=True),
        sa.Column("continues_id", sa.Uuid(), nullable=True),
        sa.Column("entered_at", UTCDateTime(), nullable=True),
        sa.CheckConstraint(
            "state IN ('calling_owner', 'waiting', 'reception', 'ended', 'voided', 'left_unserved')",
            name=op.f("ck_sales_floor__visit_state"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "continues_id"],
            ["sales_floor__visit.company_id", "sales_floor__visit.id"],
            name=op.f("fk_sales_floor__visit_company_id_continues_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "customer_id"],
            ["sales_floor__customer.company_id", "sales_floor__customer.id"],
            name=op.f("fk_sales_floor__visit_company_id_customer_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "due_id"],
            ["core__staff.company_id", "core__staff.id"],
            name=op.f("fk_sales_floor__visit_company_id_due_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "staff_id"],
            ["core__staff.company_id", "core__staff.id"],
            name=op.f("fk_sales_floor__visit_company_id_staff_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "unit_id"],
            ["core__unit.company_id", "core__unit.id"],
            name=op.f("fk_sales_floor__visit_company_id_unit_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["company_id"],
            ["core__company.id"],
            name=op.f("fk_sales_floor__visit_company_id"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("company_id", "id", name=op.f("pk_sales_floor__visit")),
        sa.UniqueConstraint(
            "company_id",
            "unit_id",
            "turn_no",
            name=op.f("uq_sales_floor__visit_company_id_unit_id_turn_no"),
        ),
        info={"plugin": "sales_floor"},
    )
    with op.batch_alter_table("sales_floor__visit", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_sales_floor__visit_company_id_customer_id_arrived_at"),
            ["company_id", "customer_id", "arrived_at"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_sales_floor__visit_company_id_staff_id_arrived_at"),
            ["company_id", "staff_id", "arrived_at"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_sales_floor__visit_company_id_unit_id_day_arrived_at"),
            ["company_id", "unit_id", "day", "arrived_at"],
            unique=False,
        )
        batch_op.create_index(
            "uq_sales_floor__visit_one_number_per_party",
            ["company_id", "unit_id", "day", "number"],
            unique=True,
            sqlite_where=sa.text("continues_id IS NULL"),
            postgresql_where=sa.text("continues_id IS NULL"),
        )
        batch_op.create_index(
            "uq_sales_floor__visit_one_open_per_rep",
            ["company_id", "unit_id", "staff_id"],
            unique=True,
            sqlite_where=sa.text("state = 'reception'"),
            postgresql_where=sa.text("state = 'reception'"),
        )

    op.create_table(
        "sales_floor__credit",
        sa.Column(
            "company_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("deal_id", sa.Uuid(), nullable=False),
        sa.Column("staff_id", sa.Uuid(), nullable=True),
        sa.Column("entry", sa.Text(), nullable=False),
        sa.Column("performance", sa.Integer(), nullable=False),
        sa.Column("commission", sa.Integer(), nullable=False),
        sa.Column("rules", JSONType, nullable=False),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["company_id", "deal_id"],
            ["sales_floor__deal.company_id", "sales_floor__deal.id"],
            name=op.f("fk_sales_floor__credit_company_id_deal_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "staff_id"],
            ["core__staff.company_id", "core__staff.id"],
            name=op.f("fk_sales_floor__credit_company_id_staff_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["company_id"],
            ["core__company.id"],
            name=op.f("fk_sales_floor__credit_company_id"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("company_id", "id", name=op.f("pk_sales_floor__credit")),
        info={"plugin": "sales_floor"},
    )
    with op.batch_alter_table("sales_floor__credit", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_sales_floor__credit_company_id_deal_id"),
            ["company_id", "deal_id"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_sales_floor__credit_company_id_staff_id_at"),
            ["company_id", "staff_id", "at"],
            unique=False,
        )

    op.create_table(
        "sales_floor__difference",
        sa.Column(
            "company_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("unit_id", sa.Uuid(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("mode", sa.Text(), nullable=False),
        sa.Column("visit_id", sa.Uuid(), nullable=True),
        sa.Column("decided_id", sa.Uuid(), nullable=True),
        sa.Column("acted_id", sa.Uuid(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["company_id", "acted_id"],
            ["core__staff.company_id", "core__staff.id"],
            name=op.f("fk_sales_floor__difference_company_id_acted_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "decided_id"],
            ["core__staff.company_id", "core__staff.id"],
            name=op.f("fk_sales_floor__difference_company_id_decided_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "unit_id"],
            ["core__unit.company_id", "core__unit.id"],
            name=op.f("fk_sales_floor__difference_company_id_unit_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "visit_id"],
            ["sales_floor__visit.company_id", "sales_floor__visit.id"],
            name=op.f("fk_sales_floor__difference_company_id_visit_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["company_id"],
            ["core__company.id"],
            name=op.f("fk_sales_floor__difference_company_id"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("company_id", "id", name=op.f("pk_sales_floor__difference")),
        info={"plugin": "sales_floor"},
    )
    with op.batch_alter_table("sales_floor__difference", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_sales_floor__difference_company_id_unit_id_day"),
            ["company_id", "unit_id", "day"],
            unique=False,
        )

    op.create_table(
        "sales_floor__visit_guest",
        sa.Column(
            "company_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("visit_id", sa.Uuid(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["company_id", "customer_id"],
            ["sales_floor__customer.company_id", "sales_floor__customer.id"],
            name=op.f("fk_sales_floor__visit_guest_company_id_customer_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "visit_id"],
            ["sales_floor__visit.company_id", "sales_floor__visit.id"],
            name=op.f("fk_sales_floor__visit_guest_company_id_visit_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["company_id"],
            ["core__company.id"],
            name=op.f("fk_sales_floor__visit_guest_company_id"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("company_id", "id", name=op.f("pk_sales_floor__visit_guest")),
        sa.UniqueConstraint(
            "company_id",
            "visit_id",
            "customer_id",
            name=op.f("uq_sales_floor__visit_guest_company_id_visit_id_customer_id"),
        ),
        info={"plugin": "sales_floor"},
    )
    with op.batch_alter_table("sales_floor__visit_guest", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_sales_floor__visit_guest_company_id_customer_id"),
            ["company_id", "customer_id"],
            unique=False,
        )
    # ### commands auto generated by Alembic - please adjust! ###
    op.create_table(
        "sales_floor__hand_in",
        sa.Column(
            "company_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("unit_id", sa.Uuid(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("staff_id", sa.Uuid(), nullable=False),
        sa.Column("visits", sa.Integer(), nullable=False),
        sa.Column("calls", sa.Integer(), nullable=False),
        sa.Column("tracks", sa.Integer(), nullable=False),
        sa.Column("lacking", sa.Integer(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("handed_at", UTCDateTime(), nullable=False),
        sa.Column("received_at", UTCDateTime(), nullable=True),
        sa.Column("received_by", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["company_id", "staff_id"],
            ["core__staff.company_id", "core__staff.id"],
            name=op.f("fk_sales_floor__hand_in_company_id_staff_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "unit_id"],
            ["core__unit.company_id", "core__unit.id"],
            name=op.f("fk_sales_floor__hand_in_company_id_unit_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["company_id"],
            ["core__company.id"],
            name=op.f("fk_sales_floor__hand_in_company_id"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("company_id", "id", name=op.f("pk_sales_floor__hand_in")),
        sa.UniqueConstraint(
            "company_id",
            "unit_id",
            "day",
            "staff_id",
            name=op.f("uq_sales_floor__hand_in_company_id_unit_id_day_staff_id"),
        ),
        info={"plugin": "sales_floor"},
    )
    op.create_table(
        "sales_floor__incident",
        sa.Column(
            "company_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("unit_id", sa.Uuid(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.Column("recorded_at", UTCDateTime(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("people", JSONType, nullable=False),
        sa.Column("taken_off", JSONType, nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("done", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("closed_at", UTCDateTime(), nullable=True),
        sa.Column("closed_by", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('conflict', 'trouble', 'customer', 'other')",
            name=op.f("ck_sales_floor__incident_kind"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "unit_id"],
            ["core__unit.company_id", "core__unit.id"],
            name=op.f("fk_sales_floor__incident_company_id_unit_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["company_id"],
            ["core__company.id"],
            name=op.f("fk_sales_floor__incident_company_id"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("company_id", "id", name=op.f("pk_sales_floor__incident")),
        info={"plugin": "sales_floor"},
    )
    with op.batch_alter_table("sales_floor__incident", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_sales_floor__incident_company_id_unit_id_day"),
            ["company_id", "unit_id", "day"],
            unique=False,
        )

    op.create_table(
        "sales_floor__minutes",
        sa.Column(
            "company_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("unit_id", sa.Uuid(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("present", JSONType, nullable=False),
        sa.Column("notes", JSONType, nullable=False),
        sa.Column("tracking", sa.Text(), nullable=False),
        sa.Column("disputes", sa.Text(), nullable=False),
        sa.Column("tomorrow", sa.Text(), nullable=False),
        sa.Column("begun_by", sa.Text(), nullable=False),
        sa.Column("begun_at", UTCDateTime(), nullable=False),
        sa.Column("closed_at", UTCDateTime(), nullable=True),
        sa.Column("closed_by", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["company_id", "unit_id"],
            ["core__unit.company_id", "core__unit.id"],
            name=op.f("fk_sales_floor__minutes_company_id_unit_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["company_id"],
            ["core__company.id"],
            name=op.f("fk_sales_floor__minutes_company_id"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("company_id", "id", name=op.f("pk_sales_floor__minutes")),
        sa.UniqueConstraint(
            "company_id",
            "unit_id",
            "day",
            name=op.f("uq_sales_floor__minutes_company_id_unit_id_day"),
        ),
        info={"plugin": "sales_floor"},
    )
    op.create_table(
        "sales_floor__plan",
        sa.Column(
            "company_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("unit_id", sa.Uuid(), nullable=False),
        sa.Column("staff_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("plan", sa.Text(), nullable=False),
        sa.Column("planned_at", UTCDateTime(), nullable=True),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.Column("summed_at", UTCDateTime(), nullable=True),
        sa.Column("received_at", UTCDateTime(), nullable=True),
        sa.Column("received_by", sa.Text(), nullable=False),
        sa.CheckConstraint("kind IN ('day', 'week')", name=op.f("ck_sales_floor__plan_kind")),
        sa.ForeignKeyConstraint(
            ["company_id", "staff_id"],
            ["core__staff.company_id", "core__staff.id"],
            name=op.f("fk_sales_floor__plan_company_id_staff_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "unit_id"],
            ["core__unit.company_id", "core__unit.id"],
            name=op.f("fk_sales_floor__plan_company_id_unit_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["company_id"],
            ["core__company.id"],
            name=op.f("fk_sales_floor__plan_company_id"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("company_id", "id", name=op.f("pk_sales_floor__plan")),
        sa.UniqueConstraint(
            "company_id",
            "unit_id",
            "staff_id",
            "kind",
            "starts_on",
            name=op.f("uq_sales_floor__plan_company_id_unit_id_staff_id_kind_starts_on"),
        ),
        info={"plugin": "sales_floor"},
    )
    with op.batch_alter_table("sales_floor__plan", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_sales_floor__plan_company_id_unit_id_starts_on"),
            ["company_id", "unit_id", "starts_on"],
            unique=False,
        )

    op.create_table(
        "sales_floor__sheet",
        sa.Column(
            "company_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("unit_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("number", sa.Text(), nullable=True),
        sa.Column("analysis", sa.Text(), nullable=False),
        sa.Column("news", sa.Text(), nullable=False),
        sa.Column("plan", sa.Text(), nullable=False),
        sa.Column("figures", JSONType, nullable=False),
        sa.Column("lacking", JSONType, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("closed_at", UTCDateTime(), nullable=True),
        sa.Column("closed_by", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('day', 'week', 'month')", name=op.f("ck_sales_floor__sheet_kind")
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "unit_id"],
            ["core__unit.company_id", "core__unit.id"],
            name=op.f("fk_sales_floor__sheet_company_id_unit_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["company_id"],
            ["core__company.id"],
            name=op.f("fk_sales_floor__sheet_company_id"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("company_id", "id", name=op.f("pk_sales_floor__sheet")),
        sa.UniqueConstraint(
            "company_id", "number", name=op.f("uq_sales_floor__sheet_company_id_number")
        ),
        sa.UniqueConstraint(
            "company_id",
            "unit_id",
            "kind",
            "starts_on",
            name=op.f("uq_sales_floor__sheet_company_id_unit_id_kind_starts_on"),
        ),
        info={"plugin": "sales_floor"},
    )
    op.create_table(
        "sales_floor__minutes_addition",
        sa.Column(
            "company_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("minutes_id", sa.Uuid(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["company_id", "minutes_id"],
            ["sales_floor__minutes.company_id", "sales_floor__minutes.id"],
            name=op.f("fk_sales_floor__minutes_addition_company_id_minutes_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["company_id"],
            ["core__company.id"],
            name=op.f("fk_sales_floor__minutes_addition_company_id"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("company_id", "id", name=op.f("pk_sales_floor__minutes_addition")),
        info={"plugin": "sales_floor"},
    )
    with op.batch_alter_table("sales_floor__minutes_addition", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_sales_floor__minutes_addition_company_id_minutes_id"),
            ["company_id", "minutes_id"],
            unique=False,
        )

    op.create_table(
        "sales_floor__call",
        sa.Column(
            "company_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("unit_id", sa.Uuid(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=True),
        sa.Column("staff_id", sa.Uuid(), nullable=True),
        sa.Column("contact_id", sa.Uuid(), nullable=True),
        sa.Column("direction", sa.Text(), nullable=False),
        sa.Column("answered", sa.Boolean(), nullable=False),
        sa.Column("called_at", UTCDateTime(), nullable=False),
        sa.Column("recorded_at", UTCDateTime(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("question", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("appointment_at", UTCDateTime(), nullable=True),
        sa.Column("dropped_at", UTCDateTime(), nullable=True),
        sa.Column("voided_at", UTCDateTime(), nullable=True),
        sa.Column("void_reason", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "direction IN ('in', 'out')", name=op.f("ck_sales_floor__call_direction")
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "contact_id"],
            ["core__contact.company_id", "core__contact.id"],
            name=op.f("fk_sales_floor__call_company_id_contact_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "customer_id"],
            ["sales_floor__customer.company_id", "sales_floor__customer.id"],
            name=op.f("fk_sales_floor__call_company_id_customer_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "staff_id"],
            ["core__staff.company_id", "core__staff.id"],
            name=op.f("fk_sales_floor__call_company_id_staff_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "unit_id"],
            ["core__unit.company_id", "core__unit.id"],
            name=op.f("fk_sales_floor__call_company_id_unit_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["company_id"],
            ["core__company.id"],
            name=op.f("fk_sales_floor__call_company_id"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("company_id", "id", name=op.f("pk_sales_floor__call")),
        sa.UniqueConstraint(
            "company_id",
            "unit_id",
            "day",
            "number",
            name=op.f("uq_sales_floor__call_company_id_unit_id_day_number"),
        ),
        info={"plugin": "sales_floor"},
    )
    with op.batch_alter_table("sales_floor__call", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_sales_floor__call_company_id_customer_id"),
            ["company_id", "customer_id"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_sales_floor__call_company_id_unit_id_appointment_at"),
            ["company_id", "unit_id", "appointment_at"],
            unique=False,
        )

    op.create_table(
        "sales_floor__track",
        sa.Column(
            "company_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("unit_id", sa.Uuid(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("staff_id", sa.Uuid(), nullable=True),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.Column("recorded_at", UTCDateTime(), nullable=False),
        sa.Column("grade", sa.Text(), nullable=False),
        sa.Column("way", sa.Text(), nullable=False),
        sa.Column("answered", sa.Boolean(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("resistance", sa.Text(), nullable=False),
        sa.Column("next_step", sa.Text(), nullable=False),
        sa.Column("next_on", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(
            ["company_id", "customer_id"],
            ["sales_floor__customer.company_id", "sales_floor__customer.id"],
            name=op.f("fk_sales_floor__track_company_id_customer_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "staff_id"],
            ["core__staff.company_id", "core__staff.id"],
            name=op.f("fk_sales_floor__track_company_id_staff_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "unit_id"],
            ["core__unit.company_id", "core__unit.id"],
            name=op.f("fk_sales_floor__track_company_id_unit_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["company_id"],
            ["core__company.id"],
            name=op.f("fk_sales_floor__track_company_id"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("company_id", "id", name=op.f("pk_sales_floor__track")),
        info={"plugin": "sales_floor"},
    )
    with op.batch_alter_table("sales_floor__track", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_sales_floor__track_company_id_customer_id_at"),
            ["company_id", "customer_id", "at"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_sales_floor__track_company_id_unit_id_day"),
            ["company_id", "unit_id", "day"],
            unique=False,
        )

    op.create_table(
        "sales_floor__track_check",
        sa.Column(
            "company_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("unit_id", sa.Uuid(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("staff_id", sa.Uuid(), nullable=True),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["company_id", "customer_id"],
            ["sales_floor__customer.company_id", "sales_floor__customer.id"],
            name=op.f("fk_sales_floor__track_check_company_id_customer_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "staff_id"],
            ["core__staff.company_id", "core__staff.id"],
            name=op.f("fk_sales_floor__track_check_company_id_staff_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "unit_id"],
            ["core__unit.company_id", "core__unit.id"],
            name=op.f("fk_sales_floor__track_check_company_id_unit_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["company_id"],
            ["core__company.id"],
            name=op.f("fk_sales_floor__track_check_company_id"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("company_id", "id", name=op.f("pk_sales_floor__track_check")),
        info={"plugin": "sales_floor"},
    )
    with op.batch_alter_table("sales_floor__track_check", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_sales_floor__track_check_company_id_customer_id_day"),
            ["company_id", "customer_id", "day"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_sales_floor__track_check_company_id_unit_id_day"),
            ["company_id", "unit_id", "day"],
            unique=False,
        )

    op.create_table(
        "sales_floor__minutes_line",
        sa.Column(
            "company_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("unit_id", sa.Uuid(), nullable=False),
        sa.Column("minutes_id", sa.Uuid(), nullable=False),
        sa.Column("staff_id", sa.Uuid(), nullable=True),
        sa.Column("customer_id", sa.Uuid(), nullable=True),
        sa.Column("visit_id", sa.Uuid(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("fresh", sa.Boolean(), nullable=False),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.Column("grade", sa.Text(), nullable=False),
        sa.Column("result", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('visit', 'call', 'track')", name=op.f("ck_sales_floor__minutes_line_kind")
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "customer_id"],
            ["sales_floor__customer.company_id", "sales_floor__customer.id"],
            name=op.f("fk_sales_floor__minutes_line_company_id_customer_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "minutes_id"],
            ["sales_floor__minutes.company_id", "sales_floor__minutes.id"],
            name=op.f("fk_sales_floor__minutes_line_company_id_minutes_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "staff_id"],
            ["core__staff.company_id", "core__staff.id"],
            name=op.f("fk_sales_floor__minutes_line_company_id_staff_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "unit_id"],
            ["core__unit.company_id", "core__unit.id"],
            name=op.f("fk_sales_floor__minutes_line_company_id_unit_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "visit_id"],
            ["sales_floor__visit.company_id", "sales_floor__visit.id"],
            name=op.f("fk_sales_floor__minutes_line_company_id_visit_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["company_id"],
            ["core__company.id"],
            name=op.f("fk_sales_floor__minutes_line_company_id"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("company_id", "id", name=op.f("pk_sales_floor__minutes_line")),
        info={"plugin": "sales_floor"},
    )
    with op.batch_alter_table("sales_floor__minutes_line", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_sales_floor__minutes_line_company_id_customer_id_at"),
            ["company_id", "customer_id", "at"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_sales_floor__minutes_line_company_id_minutes_id"),
            ["company_id", "minutes_id"],
            unique=False,
        )

    op.create_table(
        "sales_floor__question",
        sa.Column(
            "company_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("unit_id", sa.Uuid(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("visit_id", sa.Uuid(), nullable=False),
        sa.Column("staff_id", sa.Uuid(), nullable=True),
        sa.Column("brought_id", sa.Uuid(), nullable=True),
        sa.Column("question", sa.Text(), nullable=False),
        sa.Column("asked_at", UTCDateTime(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("answered_at", UTCDateTime(), nullable=True),
        sa.Column("by", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["company_id", "brought_id"],
            ["core__staff.company_id", "core__staff.id"],
            name=op.f("fk_sales_floor__question_company_id_brought_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "staff_id"],
            ["core__staff.company_id", "core__staff.id"],
            name=op.f("fk_sales_floor__question_company_id_staff_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "unit_id"],
            ["core__unit.company_id", "core__unit.id"],
            name=op.f("fk_sales_floor__question_company_id_unit_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "visit_id"],
            ["sales_floor__visit.company_id", "sales_floor__visit.id"],
            name=op.f("fk_sales_floor__question_company_id_visit_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["company_id"],
            ["core__company.id"],
            name=op.f("fk_sales_floor__question_company_id"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("company_id", "id", name=op.f("pk_sales_floor__question")),
        info={"plugin": "sales_floor"},
    )
    with op.batch_alter_table("sales_floor__question", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_sales_floor__question_company_id_unit_id_day"),
            ["company_id", "unit_id", "day"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_sales_floor__question_company_id_visit_id"),
            ["company_id", "visit_id"],
            unique=False,
        )

    op.create_table(
        "sales_floor__blank",
        sa.Column(
            "company_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("unit_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("prefix", sa.Text(), nullable=False),
        sa.Column("digits", sa.Integer(), nullable=False),
        sa.Column("first", sa.Integer(), nullable=False),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.Column("drawn_by", sa.Uuid(), nullable=True),
        sa.Column("drawn_on", sa.Date(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('receipt', 'subscription')", name=op.f("ck_sales_floor__blank_kind")
        ),
        sa.CheckConstraint(
            "first >= 0 AND last >= first", name=op.f("ck_sales_floor__blank_order")
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "drawn_by"],
            ["core__staff.company_id", "core__staff.id"],
            name=op.f("fk_sales_floor__blank_company_id_drawn_by"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "unit_id"],
            ["core__unit.company_id", "core__unit.id"],
            name=op.f("fk_sales_floor__blank_company_id_unit_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["company_id"],
            ["core__company.id"],
            name=op.f("fk_sales_floor__blank_company_id"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("company_id", "id", name=op.f("pk_sales_floor__blank")),
        info={"plugin": "sales_floor"},
    )
    with op.batch_alter_table("sales_floor__blank", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_sales_floor__blank_company_id_unit_id_kind"),
            ["company_id", "unit_id", "kind"],
            unique=False,
        )

    op.create_table(
        "sales_floor__house",
        sa.Column(
            "company_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("unit_id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("building", sa.Text(), nullable=False),
        sa.Column("entrance", sa.Text(), nullable=False),
        sa.Column("storey", sa.Integer(), nullable=True),
        sa.Column("layout", sa.Text(), nullable=False),
        sa.Column("area", sa.Integer(), nullable=False),
        sa.Column("price_fen", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("changed_at", UTCDateTime(), nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.CheckConstraint(
            "state IN ('available', 'reserved', 'subscribed', 'contracted', 'held', 'sold')",
            name=op.f("ck_sales_floor__house_state"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "unit_id"],
            ["core__unit.company_id", "core__unit.id"],
            name=op.f("fk_sales_floor__house_company_id_unit_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["company_id"],
            ["core__company.id"],
            name=op.f("fk_sales_floor__house_company_id"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("company_id", "id", name=op.f("pk_sales_floor__house")),
        sa.UniqueConstraint(
            "company_id",
            "unit_id",
            "code",
            name=op.f("uq_sales_floor__house_company_id_unit_id_code"),
        ),
        info={"plugin": "sales_floor"},
    )
    with op.batch_alter_table("sales_floor__house", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_sales_floor__house_company_id_unit_id_state"),
            ["company_id", "unit_id", "state"],
            unique=False,
        )

    op.create_table(
        "sales_floor__deal_change",
        sa.Column(
            "company_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("unit_id", sa.Uuid(), nullable=False),
        sa.Column("deal_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("body", JSONType, nullable=False),
        sa.Column("fee_fen", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.Column("decision_id", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(
            ["company_id", "deal_id"],
            ["sales_floor__deal.company_id", "sales_floor__deal.id"],
            name=op.f("fk_sales_floor__deal_change_company_id_deal_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "unit_id"],
            ["core__unit.company_id", "core__unit.id"],
            name=op.f("fk_sales_floor__deal_change_company_id_unit_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["company_id"],
            ["core__company.id"],
            name=op.f("fk_sales_floor__deal_change_company_id"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("company_id", "id", name=op.f("pk_sales_floor__deal_change")),
        info={"plugin": "sales_floor"},
    )
    with op.batch_alter_table("sales_floor__deal_change", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_sales_floor__deal_change_company_id_deal_id_at"),
            ["company_id", "deal_id", "at"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_sales_floor__deal_change_company_id_unit_id_at"),
            ["company_id", "unit_id", "at"],
            unique=False,
        )

    op.create_table(
        "sales_floor__house_note",
        sa.Column(
            "company_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("unit_id", sa.Uuid(), nullable=False),
        sa.Column("house_id", sa.Uuid(), nullable=False),
        sa.Column("deal_id", sa.Uuid(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("body", JSONType, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["company_id", "deal_id"],
            ["sales_floor__deal.company_id", "sales_floor__deal.id"],
            name=op.f("fk_sales_floor__house_note_company_id_deal_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "house_id"],
            ["sales_floor__house.company_id", "sales_floor__house.id"],
            name=op.f("fk_sales_floor__house_note_company_id_house_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "unit_id"],
            ["core__unit.company_id", "core__unit.id"],
            name=op.f("fk_sales_floor__house_note_company_id_unit_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["company_id"],
            ["core__company.id"],
            name=op.f("fk_sales_floor__house_note_company_id"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("company_id", "id", name=op.f("pk_sales_floor__house_note")),
        info={"plugin": "sales_floor"},
    )
    with op.batch_alter_table("sales_floor__house_note", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_sales_floor__house_note_company_id_deal_id"),
            ["company_id", "deal_id"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_sales_floor__house_note_company_id_house_id_at"),
            ["company_id", "house_id", "at"],
            unique=False,
        )

    op.create_table(
        "sales_floor__instalment",
        sa.Column(
            "company_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("unit_id", sa.Uuid(), nullable=False),
        sa.Column("deal_id", sa.Uuid(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("paid_fen", sa.BigInteger(), nullable=False),
        sa.Column("paid_on", sa.Date(), nullable=True),
        sa.Column("dunned_on", sa.Date(), nullable=True),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.CheckConstraint(
            "paid_fen >= 0 AND paid_fen <= amount_fen", name=op.f("ck_sales_floor__instalment_paid")
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "deal_id"],
            ["sales_floor__deal.company_id", "sales_floor__deal.id"],
            name=op.f("fk_sales_floor__instalment_company_id_deal_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "unit_id"],
            ["core__unit.company_id", "core__unit.id"],
            name=op.f("fk_sales_floor__instalment_company_id_unit_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["company_id"],
            ["core__company.id"],
            name=op.f("fk_sales_floor__instalment_company_id"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("company_id", "id", name=op.f("pk_sales_floor__instalment")),
        info={"plugin": "sales_floor"},
    )
    with op.batch_alter_table("sales_floor__instalment", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_sales_floor__instalment_company_id_deal_id_due_on"),
            ["company_id", "deal_id", "due_on"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_sales_floor__instalment_company_id_unit_id_due_on"),
            ["company_id", "unit_id", "due_on"],
            unique=False,
        )

    op.create_table(
        "sales_floor__paper",
        sa.Column(
            "company_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("unit_id", sa.Uuid(), nullable=False),
        sa.Column("deal_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("blank_no", sa.Text(), nullable=False),
        sa.Column("body", JSONType, nullable=False),
        sa.Column("prints", sa.Integer(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("issued_at", UTCDateTime(), nullable=False),
        sa.Column("voided_at", UTCDateTime(), nullable=True),
        sa.Column("void_why", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["company_id", "deal_id"],
            ["sales_floor__deal.company_id", "sales_floor__deal.id"],
            name=op.f("fk_sales_floor__paper_company_id_deal_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "unit_id"],
            ["core__unit.company_id", "core__unit.id"],
            name=op.f("fk_sales_floor__paper_company_id_unit_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["company_id"],
            ["core__company.id"],
            name=op.f("fk_sales_floor__paper_company_id"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("company_id", "id", name=op.f("pk_sales_floor__paper")),
        sa.UniqueConstraint(
            "company_id", "number", name=op.f("uq_sales_floor__paper_company_id_number")
        ),
        info={"plugin": "sales_floor"},
    )
    with op.batch_alter_table("sales_floor__paper", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_sales_floor__paper_company_id_deal_id"),
            ["company_id", "deal_id"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_sales_floor__paper_company_id_unit_id_blank_no"),
            ["company_id", "unit_id", "blank_no"],
            unique=False,
        )
        batch_op.create_index(
            "uq_sales_floor__paper_one_valid_per_deal",
            ["company_id", "deal_id"],
            unique=True,
            sqlite_where=sa.text("voided_at IS NULL"),
            postgresql_where=sa.text("voided_at IS NULL"),
        )

    op.create_table(
        "sales_floor__dunning",
        sa.Column(
            "company_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("unit_id", sa.Uuid(), nullable=False),
        sa.Column("deal_id", sa.Uuid(), nullable=False),
        sa.Column("instalment_id", sa.Uuid(), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("sent_on", sa.Date(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["company_id", "deal_id"],
            ["sales_floor__deal.company_id", "sales_floor__deal.id"],
            name=op.f("fk_sales_floor__dunning_company_id_deal_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "instalment_id"],
            ["sales_floor__instalment.company_id", "sales_floor__instalment.id"],
            name=op.f("fk_sales_floor__dunning_company_id_instalment_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "unit_id"],
            ["core__unit.company_id", "core__unit.id"],
            name=op.f("fk_sales_floor__dunning_company_id_unit_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["company_id"],
            ["core__company.id"],
            name=op.f("fk_sales_floor__dunning_company_id"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("company_id", "id", name=op.f("pk_sales_floor__dunning")),
        info={"plugin": "sales_floor"},
    )
    with op.batch_alter_table("sales_floor__dunning", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_sales_floor__dunning_company_id_deal_id"),
            ["company_id", "deal_id"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_sales_floor__dunning_company_id_instalment_id"),
            ["company_id", "instalment_id"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_sales_floor__dunning_company_id_unit_id_sent_on"),
            ["company_id", "unit_id", "sent_on"],
            unique=False,
        )

    op.create_table(
        "sales_floor__receipt",
        sa.Column(
            "company_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("unit_id", sa.Uuid(), nullable=False),
        sa.Column("deal_id", sa.Uuid(), nullable=True),
        sa.Column("instalment_id", sa.Uuid(), nullable=True),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("paid_on", sa.Date(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.Column("voided_at", UTCDateTime(), nullable=True),
        sa.Column("void_why", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["company_id", "deal_id"],
            ["sales_floor__deal.company_id", "sales_floor__deal.id"],
            name=op.f("fk_sales_floor__receipt_company_id_deal_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "instalment_id"],
            ["sales_floor__instalment.company_id", "sales_floor__instalment.id"],
            name=op.f("fk_sales_floor__receipt_company_id_instalment_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "unit_id"],
            ["core__unit.company_id", "core__unit.id"],
            name=op.f("fk_sales_floor__receipt_company_id_unit_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["company_id"],
            ["core__company.id"],
            name=op.f("fk_sales_floor__receipt_company_id"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("company_id", "id", name=op.f("pk_sales_floor__receipt")),
        sa.UniqueConstraint(
            "company_id",
            "unit_id",
            "number",
            name=op.f("uq_sales_floor__receipt_company_id_unit_id_number"),
        ),
        info={"plugin": "sales_floor"},
    )
    with op.batch_alter_table("sales_floor__receipt", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_sales_floor__receipt_company_id_deal_id"),
            ["company_id", "deal_id"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_sales_floor__receipt_company_id_instalment_id"),
            ["company_id", "instalment_id"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_sales_floor__receipt_company_id_unit_id_paid_on"),
            ["company_id", "unit_id", "paid_on"],
            unique=False,
        )

    with op.batch_alter_table("sales_floor__deal", schema=None) as batch_op:
        batch_op.add_column(sa.Column("holder_id", sa.Uuid(), nullable=True))
        batch_op.add_column(sa.Column("house_id", sa.Uuid(), nullable=True))
        batch_op.add_column(sa.Column("held_id", sa.Uuid(), nullable=True))
        batch_op.add_column(sa.Column("deposit_fen", sa.BigInteger(), nullable=False))
        batch_op.add_column(sa.Column("reserved_until", sa.Date(), nullable=True))
        batch_op.add_column(sa.Column("contract_no", sa.Text(), nullable=False))
        batch_op.add_column(sa.Column("contract_on", sa.Date(), nullable=True))
        batch_op.add_column(sa.Column("contracted_at", UTCDateTime(), nullable=True))
        batch_op.add_column(sa.Column("pay_way", sa.Text(), nullable=False))
        batch_op.add_column(sa.Column("defaulted_at", UTCDateTime(), nullable=True))
        batch_op.add_column(sa.Column("ended_how", sa.Text(), nullable=False))
        batch_op.add_column(sa.Column("asked_at", UTCDateTime(), nullable=True))
        batch_op.add_column(sa.Column("asked_by", sa.Text(), nullable=False))
        batch_op.add_column(sa.Column("asked_why", sa.Text(), nullable=False))
        batch_op.add_column(sa.Column("mail_address", sa.Text(), nullable=False))
        batch_op.add_column(sa.Column("postcode", sa.Text(), nullable=False))
        batch_op.create_index(
            batch_op.f("ix_sales_floor__deal_company_id_holder_id"),
            ["company_id", "holder_id"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_sales_floor__deal_company_id_house_id"),
            ["company_id", "house_id"],
            unique=False,
        )
        batch_op.create_unique_constraint(
            batch_op.f("uq_sales_floor__deal_company_id_held_id"), ["company_id", "held_id"]
        )
        batch_op.create_foreign_key(
            batch_op.f("fk_sales_floor__deal_company_id_house_id"),
            "sales_floor__house",
            ["company_id", "house_id"],
            ["company_id", "id"],
            ondelete="RESTRICT",
        )
        batch_op.create_foreign_key(
            batch_op.f("fk_sales_floor__deal_company_id_holder_id"),
            "sales_floor__customer",
            ["company_id", "holder_id"],
            ["company_id", "id"],
            ondelete="RESTRICT",
        )
        batch_op.create_foreign_key(
            batch_op.f("fk_sales_floor__deal_company_id_held_id"),
            "sales_floor__house",
            ["company_id", "held_id"],
            ["company_id", "id"],
            ondelete="RESTRICT",
        )

    op.create_table(
        "sales_floor__handover",
        sa.Column(
            "company_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("unit_id", sa.Uuid(), nullable=False),
        sa.Column("staff_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("days", sa.Integer(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("seed", sa.Text(), nullable=False),
        sa.Column("receivers", JSONType, nullable=False),
        sa.Column("lines", JSONType, nullable=False),
        sa.Column("holding", JSONType, nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.Column("done_by", sa.Text(), nullable=False),
        sa.Column("done_at", UTCDateTime(), nullable=True),
        sa.Column("seq", sa.Integer(), nullable=True),
        sa.CheckConstraint(
            "state IN ('prepared', 'done', 'dropped')", name=op.f("ck_sales_floor__handover_state")
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "staff_id"],
            ["core__staff.company_id", "core__staff.id"],
            name=op.f("fk_sales_floor__handover_company_id_staff_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "unit_id"],
            ["core__unit.company_id", "core__unit.id"],
            name=op.f("fk_sales_floor__handover_company_id_unit_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["company_id"],
            ["core__company.id"],
            name=op.f("fk_sales_floor__handover_company_id"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("company_id", "id", name=op.f("pk_sales_floor__handover")),
        sa.UniqueConstraint(
            "company_id", "number", name=op.f("uq_sales_floor__handover_company_id_number")
        ),
        info={"plugin": "sales_floor"},
    )
    with op.batch_alter_table("sales_floor__handover", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_sales_floor__handover_company_id_staff_id"),
            ["company_id", "staff_id"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_sales_floor__handover_company_id_unit_id_id"),
            ["company_id", "unit_id", "id"],
            unique=False,
        )

    op.create_table(
        "sales_floor__merge",
        sa.Column(
            "company_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("unit_id", sa.Uuid(), nullable=False),
        sa.Column("kept_id", sa.Uuid(), nullable=False),
        sa.Column("other_id", sa.Uuid(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("decision_id", sa.Uuid(), nullable=True),
        sa.Column("moved", JSONType, nullable=False),
        sa.Column("columns", JSONType, nullable=False),
        sa.Column("undone_at", UTCDateTime(), nullable=True),
        sa.Column("undone_by", sa.Text(), nullable=False),
        sa.Column("undone_reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["company_id", "kept_id"],
            ["sales_floor__customer.company_id", "sales_floor__customer.id"],
            name=op.f("fk_sales_floor__merge_company_id_kept_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "other_id"],
            ["sales_floor__customer.company_id", "sales_floor__customer.id"],
            name=op.f("fk_sales_floor__merge_company_id_other_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "unit_id"],
            ["core__unit.company_id", "core__unit.id"],
            name=op.f("fk_sales_floor__merge_company_id_unit_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["company_id"],
            ["core__company.id"],
            name=op.f("fk_sales_floor__merge_company_id"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("company_id", "id", name=op.f("pk_sales_floor__merge")),
        info={"plugin": "sales_floor"},
    )
    with op.batch_alter_table("sales_floor__merge", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_sales_floor__merge_company_id_kept_id"),
            ["company_id", "kept_id"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_sales_floor__merge_company_id_other_id"),
            ["company_id", "other_id"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_sales_floor__merge_company_id_unit_id_at"),
            ["company_id", "unit_id", "at"],
            unique=False,
        )

    op.create_table(
        "sales_floor__pool_entry",
        sa.Column(
            "company_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("unit_id", sa.Uuid(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("former_id", sa.Uuid(), nullable=True),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("entered_at", UTCDateTime(), nullable=False),
        sa.Column("left_at", UTCDateTime(), nullable=True),
        sa.Column("left_on", sa.Date(), nullable=True),
        sa.Column("left_how", sa.Text(), nullable=False),
        sa.Column("claimed_id", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(
            ["company_id", "claimed_id"],
            ["core__staff.company_id", "core__staff.id"],
            name=op.f("fk_sales_floor__pool_entry_company_id_claimed_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "customer_id"],
            ["sales_floor__customer.company_id", "sales_floor__customer.id"],
            name=op.f("fk_sales_floor__pool_entry_company_id_customer_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "former_id"],
            ["core__staff.company_id", "core__staff.id"],
            name=op.f("fk_sales_floor__pool_entry_company_id_former_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "unit_id"],
            ["core__unit.company_id", "core__unit.id"],
            name=op.f("fk_sales_floor__pool_entry_company_id_unit_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["company_id"],
            ["core__company.id"],
            name=op.f("fk_sales_floor__pool_entry_company_id"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("company_id", "id", name=op.f("pk_sales_floor__pool_entry")),
        info={"plugin": "sales_floor"},
    )
    with op.batch_alter_table("sales_floor__pool_entry", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_sales_floor__pool_entry_company_id_claimed_id_left_on"),
            ["company_id", "claimed_id", "left_on"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_sales_floor__pool_entry_company_id_customer_id"),
            ["company_id", "customer_id"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_sales_floor__pool_entry_company_id_unit_id_entered_at"),
            ["company_id", "unit_id", "entered_at"],
            unique=False,
        )

    op.create_table(
        "sales_floor__docket",
        sa.Column(
            "company_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("unit_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("deal_id", sa.Uuid(), nullable=True),
        sa.Column("visit_id", sa.Uuid(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("ended", sa.Text(), nullable=False),
        sa.Column("question", sa.Text(), nullable=False),
        sa.Column("opened_id", sa.Uuid(), nullable=True),
        sa.Column("opened_by", sa.Text(), nullable=False),
        sa.Column("opened_at", UTCDateTime(), nullable=False),
        sa.Column("facts", sa.Text(), nullable=False),
        sa.Column("ruling", JSONType, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("ruler", sa.Text(), nullable=False),
        sa.Column("ruled_by", sa.Text(), nullable=False),
        sa.Column("ruled_at", UTCDateTime(), nullable=True),
        sa.Column("appeal_until", UTCDateTime(), nullable=True),
        sa.Column("appealed_id", sa.Uuid(), nullable=True),
        sa.Column("appealed_at", UTCDateTime(), nullable=True),
        sa.Column("appeal", sa.Text(), nullable=False),
        sa.Column("appeal_ruling", JSONType, nullable=False),
        sa.Column("appeal_reason", sa.Text(), nullable=False),
        sa.Column("appeal_by", sa.Text(), nullable=False),
        sa.Column("refused_id", sa.Uuid(), nullable=True),
        sa.Column("refusal", sa.Text(), nullable=False),
        sa.Column("closed_at", UTCDateTime(), nullable=True),
        sa.Column("closed_by", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "state IN ('open', 'ruled', 'appealed', 'closed')",
            name=op.f("ck_sales_floor__docket_state"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "appealed_id"],
            ["core__staff.company_id", "core__staff.id"],
            name=op.f("fk_sales_floor__docket_company_id_appealed_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "customer_id"],
            ["sales_floor__customer.company_id", "sales_floor__customer.id"],
            name=op.f("fk_sales_floor__docket_company_id_customer_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "deal_id"],
            ["sales_floor__deal.company_id", "sales_floor__deal.id"],
            name=op.f("fk_sales_floor__docket_company_id_deal_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "opened_id"],
            ["core__staff.company_id", "core__staff.id"],
            name=op.f("fk_sales_floor__docket_company_id_opened_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "refused_id"],
            ["core__staff.company_id", "core__staff.id"],
            name=op.f("fk_sales_floor__docket_company_id_refused_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "unit_id"],
            ["core__unit.company_id", "core__unit.id"],
            name=op.f("fk_sales_floor__docket_company_id_unit_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "visit_id"],
            ["sales_floor__visit.company_id", "sales_floor__visit.id"],
            name=op.f("fk_sales_floor__docket_company_id_visit_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["company_id"],
            ["core__company.id"],
            name=op.f("fk_sales_floor__docket_company_id"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("company_id", "id", name=op.f("pk_sales_floor__docket")),
        sa.UniqueConstraint(
            "company_id", "number", name=op.f("uq_sales_floor__docket_company_id_number")
        ),
        info={"plugin": "sales_floor"},
    )
    with op.batch_alter_table("sales_floor__docket", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_sales_floor__docket_company_id_customer_id"),
            ["company_id", "customer_id"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_sales_floor__docket_company_id_deal_id"),
            ["company_id", "deal_id"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_sales_floor__docket_company_id_unit_id_id"),
            ["company_id", "unit_id", "id"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_sales_floor__docket_company_id_unit_id_state"),
            ["company_id", "unit_id", "state"],
            unique=False,
        )

    op.create_table(
        "sales_floor__docket_note",
        sa.Column(
            "company_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("docket_id", sa.Uuid(), nullable=False),
        sa.Column("staff_id", sa.Uuid(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["company_id", "docket_id"],
            ["sales_floor__docket.company_id", "sales_floor__docket.id"],
            name=op.f("fk_sales_floor__docket_note_company_id_docket_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "staff_id"],
            ["core__staff.company_id", "core__staff.id"],
            name=op.f("fk_sales_floor__docket_note_company_id_staff_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["company_id"],
            ["core__company.id"],
            name=op.f("fk_sales_floor__docket_note_company_id"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("company_id", "id", name=op.f("pk_sales_floor__docket_note")),
        info={"plugin": "sales_floor"},
    )
    with op.batch_alter_table("sales_floor__docket_note", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_sales_floor__docket_note_company_id_docket_id"),
            ["company_id", "docket_id"],
            unique=False,
        )

    op.create_table(
        "sales_floor__docket_party",
        sa.Column(
            "company_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("docket_id", sa.Uuid(), nullable=False),
        sa.Column("staff_id", sa.Uuid(), nullable=False),
        sa.Column("claim", sa.Text(), nullable=False),
        sa.Column("share", sa.Integer(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("stated_at", UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["company_id", "docket_id"],
            ["sales_floor__docket.company_id", "sales_floor__docket.id"],
            name=op.f("fk_sales_floor__docket_party_company_id_docket_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "staff_id"],
            ["core__staff.company_id", "core__staff.id"],
            name=op.f("fk_sales_floor__docket_party_company_id_staff_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["company_id"],
            ["core__company.id"],
            name=op.f("fk_sales_floor__docket_party_company_id"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("company_id", "id", name=op.f("pk_sales_floor__docket_party")),
        sa.UniqueConstraint(
            "company_id",
            "docket_id",
            "staff_id",
            name=op.f("uq_sales_floor__docket_party_company_id_docket_id_staff_id"),
        ),
        info={"plugin": "sales_floor"},
    )
    with op.batch_alter_table("sales_floor__docket_party", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_sales_floor__docket_party_company_id_staff_id"),
            ["company_id", "staff_id"],
            unique=False,
        )
    op.create_table(
        "sales_floor__follow_cycle",
        sa.Column(
            "company_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("unit_id", sa.Uuid(), nullable=False),
        sa.Column("staff_id", sa.Uuid(), nullable=False),
        sa.Column("since", sa.Date(), nullable=False),
        sa.Column("until", sa.Date(), nullable=False),
        sa.Column("owed", sa.Integer(), nullable=False),
        sa.Column("missed", sa.Integer(), nullable=False),
        sa.Column("excused", sa.Integer(), nullable=False),
        sa.Column("decision_id", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(
            ["company_id", "staff_id"],
            ["core__staff.company_id", "core__staff.id"],
            name=op.f("fk_sales_floor__follow_cycle_company_id_staff_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "unit_id"],
            ["core__unit.company_id", "core__unit.id"],
            name=op.f("fk_sales_floor__follow_cycle_company_id_unit_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["company_id"],
            ["core__company.id"],
            name=op.f("fk_sales_floor__follow_cycle_company_id"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("company_id", "id", name=op.f("pk_sales_floor__follow_cycle")),
        sa.UniqueConstraint(
            "company_id",
            "unit_id",
            "staff_id",
            "since",
            name=op.f("uq_sales_floor__follow_cycle_company_id_unit_id_staff_id_since"),
        ),
        info={"plugin": "sales_floor"},
    )
    with op.batch_alter_table("sales_floor__follow_cycle", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_sales_floor__follow_cycle_company_id_staff_id"),
            ["company_id", "staff_id"],
            unique=False,
        )

    op.create_table(
        "sales_floor__follow_notice",
        sa.Column(
            "company_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("unit_id", sa.Uuid(), nullable=False),
        sa.Column("staff_id", sa.Uuid(), nullable=False),
        sa.Column("since", sa.Date(), nullable=False),
        sa.Column("customers", JSONType, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.Column("cover_id", sa.Uuid(), nullable=True),
        sa.Column("covered_by", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["company_id", "cover_id"],
            ["core__staff.company_id", "core__staff.id"],
            name=op.f("fk_sales_floor__follow_notice_company_id_cover_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "staff_id"],
            ["core__staff.company_id", "core__staff.id"],
            name=op.f("fk_sales_floor__follow_notice_company_id_staff_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "unit_id"],
            ["core__unit.company_id", "core__unit.id"],
            name=op.f("fk_sales_floor__follow_notice_company_id_unit_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["company_id"],
            ["core__company.id"],
            name=op.f("fk_sales_floor__follow_notice_company_id"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("company_id", "id", name=op.f("pk_sales_floor__follow_notice")),
        info={"plugin": "sales_floor"},
    )
    with op.batch_alter_table("sales_floor__follow_notice", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_sales_floor__follow_notice_company_id_cover_id"),
            ["company_id", "cover_id"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_sales_floor__follow_notice_company_id_staff_id"),
            ["company_id", "staff_id"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_sales_floor__follow_notice_company_id_unit_id_since"),
            ["company_id", "unit_id", "since"],
            unique=False,
        )

    op.create_table(
        "sales_floor__follow_up",
        sa.Column(
            "company_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("unit_id", sa.Uuid(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("staff_id", sa.Uuid(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("way", sa.Text(), nullable=False),
        sa.Column("met_at", UTCDateTime(), nullable=False),
        sa.Column("logged_at", UTCDateTime(), nullable=False),
        sa.Column("due_at", UTCDateTime(), nullable=False),
        sa.Column("filled_at", UTCDateTime(), nullable=True),
        sa.Column("asked", sa.Text(), nullable=False),
        sa.Column("settled", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["company_id", "customer_id"],
            ["sales_floor__customer.company_id", "sales_floor__customer.id"],
            name=op.f("fk_sales_floor__follow_up_company_id_customer_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "staff_id"],
            ["core__staff.company_id", "core__staff.id"],
            name=op.f("fk_sales_floor__follow_up_company_id_staff_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "unit_id"],
            ["core__unit.company_id", "core__unit.id"],
            name=op.f("fk_sales_floor__follow_up_company_id_unit_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["company_id"],
            ["core__company.id"],
            name=op.f("fk_sales_floor__follow_up_company_id"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("company_id", "id", name=op.f("pk_sales_floor__follow_up")),
        sa.UniqueConstraint(
            "company_id",
            "unit_id",
            "seq",
            name=op.f("uq_sales_floor__follow_up_company_id_unit_id_seq"),
        ),
        info={"plugin": "sales_floor"},
    )
    with op.batch_alter_table("sales_floor__follow_up", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_sales_floor__follow_up_company_id_customer_id_met_at"),
            ["company_id", "customer_id", "met_at"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_sales_floor__follow_up_company_id_staff_id_met_at"),
            ["company_id", "staff_id", "met_at"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_sales_floor__follow_up_company_id_unit_id_met_at"),
            ["company_id", "unit_id", "met_at"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_sales_floor__follow_up_company_id_unit_id_settled"),
            ["company_id", "unit_id", "settled"],
            unique=False,
        )

    op.create_table(
        "sales_floor__problem",
        sa.Column(
            "company_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("unit_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("staff_id", sa.Uuid(), nullable=False),
        sa.Column("question", sa.Text(), nullable=False),
        sa.Column("solvable", sa.Boolean(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("raised_at", UTCDateTime(), nullable=False),
        sa.Column("due_at", UTCDateTime(), nullable=False),
        sa.Column("solved_at", UTCDateTime(), nullable=True),
        sa.Column("solution", sa.Text(), nullable=False),
        sa.Column("reported_at", UTCDateTime(), nullable=True),
        sa.Column("reported_to_id", sa.Uuid(), nullable=True),
        sa.Column("answer_due_at", UTCDateTime(), nullable=True),
        sa.Column("answered_at", UTCDateTime(), nullable=True),
        sa.Column("answered_by", sa.Text(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("settled", sa.Boolean(), nullable=False),
        sa.CheckConstraint(
            "state IN ('open', 'reported', 'solved', 'answered')",
            name=op.f("ck_sales_floor__problem_state"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "customer_id"],
            ["sales_floor__customer.company_id", "sales_floor__customer.id"],
            name=op.f("fk_sales_floor__problem_company_id_customer_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "reported_to_id"],
            ["core__staff.company_id", "core__staff.id"],
            name=op.f("fk_sales_floor__problem_company_id_reported_to_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "staff_id"],
            ["core__staff.company_id", "core__staff.id"],
            name=op.f("fk_sales_floor__problem_company_id_staff_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "unit_id"],
            ["core__unit.company_id", "core__unit.id"],
            name=op.f("fk_sales_floor__problem_company_id_unit_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["company_id"],
            ["core__company.id"],
            name=op.f("fk_sales_floor__problem_company_id"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("company_id", "id", name=op.f("pk_sales_floor__problem")),
        sa.UniqueConstraint(
            "company_id", "number", name=op.f("uq_sales_floor__problem_company_id_number")
        ),
        info={"plugin": "sales_floor"},
    )
    with op.batch_alter_table("sales_floor__problem", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_sales_floor__problem_company_id_customer_id_raised_at"),
            ["company_id", "customer_id", "raised_at"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_sales_floor__problem_company_id_reported_to_id"),
            ["company_id", "reported_to_id"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_sales_floor__problem_company_id_staff_id"),
            ["company_id", "staff_id"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_sales_floor__problem_company_id_unit_id_raised_at"),
            ["company_id", "unit_id", "raised_at"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_sales_floor__problem_company_id_unit_id_settled"),
            ["company_id", "unit_id", "settled"],
            unique=False,
        )

    op.create_table(
        "sales_floor__point",
        sa.Column(
            "company_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("unit_id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("staff_id", sa.Uuid(), nullable=True),
        sa.Column("points", sa.Integer(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=True),
        sa.Column("problem_id", sa.Uuid(), nullable=True),
        sa.Column("customers", JSONType, nullable=False),
        sa.Column("due_at", UTCDateTime(), nullable=False),
        sa.Column("proposed_at", UTCDateTime(), nullable=False),
        sa.Column("decision_id", sa.Uuid(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("decided_at", UTCDateTime(), nullable=True),
        sa.Column("decided_by", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "state IN ('proposed', 'confirmed', 'waived')", name=op.f("ck_sales_floor__point_state")
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "customer_id"],
            ["sales_floor__customer.company_id", "sales_floor__customer.id"],
            name=op.f("fk_sales_floor__point_company_id_customer_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "problem_id"],
            ["sales_floor__problem.company_id", "sales_floor__problem.id"],
            name=op.f("fk_sales_floor__point_company_id_problem_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "staff_id"],
            ["core__staff.company_id", "core__staff.id"],
            name=op.f("fk_sales_floor__point_company_id_staff_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "unit_id"],
            ["core__unit.company_id", "core__unit.id"],
            name=op.f("fk_sales_floor__point_company_id_unit_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["company_id"],
            ["core__company.id"],
            name=op.f("fk_sales_floor__point_company_id"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("company_id", "id", name=op.f("pk_sales_floor__point")),
        sa.UniqueConstraint(
            "company_id",
            "unit_id",
            "key",
            name=op.f("uq_sales_floor__point_company_id_unit_id_key"),
        ),
        info={"plugin": "sales_floor"},
    )
    with op.batch_alter_table("sales_floor__point", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_sales_floor__point_company_id_customer_id"),
            ["company_id", "customer_id"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_sales_floor__point_company_id_problem_id"),
            ["company_id", "problem_id"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_sales_floor__point_company_id_staff_id_due_at"),
            ["company_id", "staff_id", "due_at"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_sales_floor__point_company_id_unit_id_id"),
            ["company_id", "unit_id", "id"],
            unique=False,
        )

    op.create_table(
        "sales_floor__cut_over",
        sa.Column(
            "company_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("unit_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("parts", JSONType, nullable=False),
        sa.Column("seq", sa.Integer(), nullable=True),
        sa.Column("before", JSONType, nullable=False),
        sa.Column("begun_at", UTCDateTime(), nullable=False),
        sa.Column("begun_by", sa.Text(), nullable=False),
        sa.Column("set_at", UTCDateTime(), nullable=True),
        sa.Column("set_by", sa.Text(), nullable=False),
        sa.Column("ended_at", UTCDateTime(), nullable=True),
        sa.Column("ended_by", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "state IN ('open', 'set', 'confirmed', 'undone')",
            name=op.f("ck_sales_floor__cut_over_state"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "unit_id"],
            ["core__unit.company_id", "core__unit.id"],
            name=op.f("fk_sales_floor__cut_over_company_id_unit_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["company_id"],
            ["core__company.id"],
            name=op.f("fk_sales_floor__cut_over_company_id"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("company_id", "id", name=op.f("pk_sales_floor__cut_over")),
        info={"plugin": "sales_floor"},
    )
    with op.batch_alter_table("sales_floor__cut_over", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_sales_floor__cut_over_company_id_unit_id_begun_at"),
            ["company_id", "unit_id", "begun_at"],
            unique=False,
        )


def downgrade() -> None:
    with op.batch_alter_table("sales_floor__point", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_sales_floor__point_company_id_unit_id_id"))
        batch_op.drop_index(batch_op.f("ix_sales_floor__point_company_id_staff_id_due_at"))
        batch_op.drop_index(batch_op.f("ix_sales_floor__point_company_id_problem_id"))
        batch_op.drop_index(batch_op.f("ix_sales_floor__point_company_id_customer_id"))

    op.drop_table("sales_floor__point")
    with op.batch_alter_table("sales_floor__problem", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_sales_floor__problem_company_id_unit_id_settled"))
        batch_op.drop_index(batch_op.f("ix_sales_floor__problem_company_id_unit_id_raised_at"))
        batch_op.drop_index(batch_op.f("ix_sales_floor__problem_company_id_staff_id"))
        batch_op.drop_index(batch_op.f("ix_sales_floor__problem_company_id_reported_to_id"))
        batch_op.drop_index(batch_op.f("ix_sales_floor__problem_company_id_customer_id_raised_at"))

    op.drop_table("sales_floor__problem")
    with op.batch_alter_table("sales_floor__follow_up", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_sales_floor__follow_up_company_id_unit_id_settled"))
        batch_op.drop_index(batch_op.f("ix_sales_floor__follow_up_company_id_unit_id_met_at"))
        batch_op.drop_index(batch_op.f("ix_sales_floor__follow_up_company_id_staff_id_met_at"))
        batch_op.drop_index(batch_op.f("ix_sales_floor__follow_up_company_id_customer_id_met_at"))

    op.drop_table("sales_floor__follow_up")
    with op.batch_alter_table("sales_floor__follow_notice", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_sales_floor__follow_notice_company_id_unit_id_since"))
        batch_op.drop_index(batch_op.f("ix_sales_floor__follow_notice_company_id_staff_id"))
        batch_op.drop_index(batch_op.f("ix_sales_floor__follow_notice_company_id_cover_id"))

    op.drop_table("sales_floor__follow_notice")
    with op.batch_alter_table("sales_floor__follow_cycle", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_sales_floor__follow_cycle_company_id_staff_id"))

    op.drop_table("sales_floor__follow_cycle")
    with op.batch_alter_table("sales_floor__cut_over", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_sales_floor__cut_over_company_id_unit_id_begun_at"))

    op.drop_table("sales_floor__cut_over")
    with op.batch_alter_table("sales_floor__docket_party", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_sales_floor__docket_party_company_id_staff_id"))

    op.drop_table("sales_floor__docket_party")
    with op.batch_alter_table("sales_floor__docket_note", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_sales_floor__docket_note_company_id_docket_id"))

    op.drop_table("sales_floor__docket_note")
    with op.batch_alter_table("sales_floor__docket", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_sales_floor__docket_company_id_unit_id_state"))
        batch_op.drop_index(batch_op.f("ix_sales_floor__docket_company_id_unit_id_id"))
        batch_op.drop_index(batch_op.f("ix_sales_floor__docket_company_id_deal_id"))
        batch_op.drop_index(batch_op.f("ix_sales_floor__docket_company_id_customer_id"))

    op.drop_table("sales_floor__docket")
    with op.batch_alter_table("sales_floor__pool_entry", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_sales_floor__pool_entry_company_id_unit_id_entered_at"))
        batch_op.drop_index(batch_op.f("ix_sales_floor__pool_entry_company_id_customer_id"))
        batch_op.drop_index(batch_op.f("ix_sales_floor__pool_entry_company_id_claimed_id_left_on"))

    op.drop_table("sales_floor__pool_entry")
    with op.batch_alter_table("sales_floor__merge", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_sales_floor__merge_company_id_unit_id_at"))
        batch_op.drop_index(batch_op.f("ix_sales_floor__merge_company_id_other_id"))
        batch_op.drop_index(batch_op.f("ix_sales_floor__merge_company_id_kept_id"))

    op.drop_table("sales_floor__merge")
    with op.batch_alter_table("sales_floor__handover", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_sales_floor__handover_company_id_unit_id_id"))
        batch_op.drop_index(batch_op.f("ix_sales_floor__handover_company_id_staff_id"))

    op.drop_table("sales_floor__handover")
    with op.batch_alter_table("sales_floor__deal", schema=None) as batch_op:
        batch_op.drop_constraint(
            batch_op.f("fk_sales_floor__deal_company_id_held_id"), type_="foreignkey"
        )
        batch_op.drop_constraint(
            batch_op.f("fk_sales_floor__deal_company_id_holder_id"), type_="foreignkey"
        )
        batch_op.drop_constraint(
            batch_op.f("fk_sales_floor__deal_company_id_house_id"), type_="foreignkey"
        )
        batch_op.drop_constraint(
            batch_op.f("uq_sales_floor__deal_company_id_held_id"), type_="unique"
        )
        batch_op.drop_index(batch_op.f("ix_sales_floor__deal_company_id_house_id"))
        batch_op.drop_index(batch_op.f("ix_sales_floor__deal_company_id_holder_id"))
        batch_op.drop_column("postcode")
        batch_op.drop_column("mail_address")
        batch_op.drop_column("asked_why")
        batch_op.drop_column("asked_by")
        batch_op.drop_column("asked_at")
        batch_op.drop_column("ended_how")
        batch_op.drop_column("defaulted_at")
        batch_op.drop_column("pay_way")
        batch_op.drop_column("contracted_at")
        batch_op.drop_column("contract_on")
        batch_op.drop_column("contract_no")
        batch_op.drop_column("reserved_until")
        batch_op.drop_column("deposit_fen")
        batch_op.drop_column("held_id")
        batch_op.drop_column("house_id")
        batch_op.drop_column("holder_id")

    with op.batch_alter_table("sales_floor__receipt", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_sales_floor__receipt_company_id_unit_id_paid_on"))
        batch_op.drop_index(batch_op.f("ix_sales_floor__receipt_company_id_instalment_id"))
        batch_op.drop_index(batch_op.f("ix_sales_floor__receipt_company_id_deal_id"))

    op.drop_table("sales_floor__receipt")
    with op.batch_alter_table("sales_floor__dunning", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_sales_floor__dunning_company_id_unit_id_sent_on"))
        batch_op.drop_index(batch_op.f("ix_sales_floor__dunning_company_id_instalment_id"))
        batch_op.drop_index(batch_op.f("ix_sales_floor__dunning_company_id_deal_id"))

    op.drop_table("sales_floor__dunning")
    with op.batch_alter_table("sales_floor__paper", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_sales_floor__paper_one_valid_per_deal",
            sqlite_where=sa.text("voided_at IS NULL"),
            postgresql_where=sa.text("voided_at IS NULL"),
        )
        batch_op.drop_index(batch_op.f("ix_sales_floor__paper_company_id_unit_id_blank_no"))
        batch_op.drop_index(batch_op.f("ix_sales_floor__paper_company_id_deal_id"))

    op.drop_table("sales_floor__paper")
    with op.batch_alter_table("sales_floor__instalment", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_sales_floor__instalment_company_id_unit_id_due_on"))
        batch_op.drop_index(batch_op.f("ix_sales_floor__instalment_company_id_deal_id_due_on"))

    op.drop_table("sales_floor__instalment")
    with op.batch_alter_table("sales_floor__house_note", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_sales_floor__house_note_company_id_house_id_at"))
        batch_op.drop_index(batch_op.f("ix_sales_floor__house_note_company_id_deal_id"))

    op.drop_table("sales_floor__house_note")
    with op.batch_alter_table("sales_floor__deal_change", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_sales_floor__deal_change_company_id_unit_id_at"))
        batch_op.drop_index(batch_op.f("ix_sales_floor__deal_change_company_id_deal_id_at"))

    op.drop_table("sales_floor__deal_change")
    with op.batch_alter_table("sales_floor__house", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_sales_floor__house_company_id_unit_id_state"))

    op.drop_table("sales_floor__house")
    with op.batch_alter_table("sales_floor__blank", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_sales_floor__blank_company_id_unit_id_kind"))

    op.drop_table("sales_floor__blank")
    # ### commands auto generated by Alembic - please adjust! ###
    with op.batch_alter_table("sales_floor__question", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_sales_floor__question_company_id_visit_id"))
        batch_op.drop_index(batch_op.f("ix_sales_floor__question_company_id_unit_id_day"))

    op.drop_table("sales_floor__question")
    with op.batch_alter_table("sales_floor__minutes_line", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_sales_floor__minutes_line_company_id_minutes_id"))
        batch_op.drop_index(batch_op.f("ix_sales_floor__minutes_line_company_id_customer_id_at"))

    op.drop_table("sales_floor__minutes_line")
    with op.batch_alter_table("sales_floor__track_check", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_sales_floor__track_check_company_id_unit_id_day"))
        batch_op.drop_index(batch_op.f("ix_sales_floor__track_check_company_id_customer_id_day"))

    op.drop_table("sales_floor__track_check")
    with op.batch_alter_table("sales_floor__track", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_sales_floor__track_company_id_unit_id_day"))
        batch_op.drop_index(batch_op.f("ix_sales_floor__track_company_id_customer_id_at"))

    op.drop_table("sales_floor__track")
    with op.batch_alter_table("sales_floor__call", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_sales_floor__call_company_id_unit_id_appointment_at"))
        batch_op.drop_index(batch_op.f("ix_sales_floor__call_company_id_customer_id"))

    op.drop_table("sales_floor__call")
    with op.batch_alter_table("sales_floor__minutes_addition", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_sales_floor__minutes_addition_company_id_minutes_id"))

    op.drop_table("sales_floor__minutes_addition")
    op.drop_table("sales_floor__sheet")
    with op.batch_alter_table("sales_floor__plan", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_sales_floor__plan_company_id_unit_id_starts_on"))

    op.drop_table("sales_floor__plan")
    op.drop_table("sales_floor__minutes")
    with op.batch_alter_table("sales_floor__incident", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_sales_floor__incident_company_id_unit_id_day"))

    op.drop_table("sales_floor__incident")
    op.drop_table("sales_floor__hand_in")
    # ### end Alembic commands ###

    with op.batch_alter_table("sales_floor__visit_guest", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_sales_floor__visit_guest_company_id_customer_id"))

    op.drop_table("sales_floor__visit_guest")
    with op.batch_alter_table("sales_floor__difference", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_sales_floor__difference_company_id_unit_id_day"))

    op.drop_table("sales_floor__difference")
    with op.batch_alter_table("sales_floor__credit", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_sales_floor__credit_company_id_staff_id_at"))
        batch_op.drop_index(batch_op.f("ix_sales_floor__credit_company_id_deal_id"))

    op.drop_table("sales_floor__credit")
    with op.batch_alter_table("sales_floor__visit", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_sales_floor__visit_one_open_per_rep",
            sqlite_where=sa.text("state = 'reception'"),
            postgresql_where=sa.text("state = 'reception'"),
        )
        batch_op.drop_index(batch_op.f("ix_sales_floor__visit_company_id_unit_id_day_arrived_at"))
        batch_op.drop_index(batch_op.f("ix_sales_floor__visit_company_id_staff_id_arrived_at"))
        batch_op.drop_index(batch_op.f("ix_sales_floor__visit_company_id_customer_id_arrived_at"))

    op.drop_table("sales_floor__visit")
    with op.batch_alter_table("sales_floor__ruling", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_sales_floor__ruling_company_id_unit_id_at"))

    op.drop_table("sales_floor__ruling")
    with op.batch_alter_table("sales_floor__deal", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_sales_floor__deal_company_id_unit_id_id"))
        batch_op.drop_index(batch_op.f("ix_sales_floor__deal_company_id_customer_id"))

    op.drop_table("sales_floor__deal")
    with op.batch_alter_table("sales_floor__customer", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_sales_floor__customer_merged_into",
            sqlite_where=sa.text("merged_into IS NOT NULL"),
            postgresql_where=sa.text("merged_into IS NOT NULL"),
        )
        batch_op.drop_index(
            batch_op.f("ix_sales_floor__customer_company_id_unit_id_protected_until")
        )
        batch_op.drop_index(batch_op.f("ix_sales_floor__customer_company_id_unit_id_id"))
        batch_op.drop_index(batch_op.f("ix_sales_floor__customer_company_id_party_id"))
        batch_op.drop_index(batch_op.f("ix_sales_floor__customer_company_id_unit_id_owner_id_id"))
        batch_op.drop_index(batch_op.f("ix_sales_floor__customer_company_id_owner_id_follow_up_on"))
        batch_op.drop_index(batch_op.f("ix_sales_floor__customer_company_id_introducer_id"))

    op.drop_table("sales_floor__customer")
    with op.batch_alter_table("sales_floor__ticket", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_sales_floor__ticket_company_id_unit_id_issued_at"))

    op.drop_table("sales_floor__ticket")
    with op.batch_alter_table("sales_floor__rep", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_sales_floor__rep_company_id_staff_id"))

    op.drop_table("sales_floor__rep")
    with op.batch_alter_table("sales_floor__outing", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_sales_floor__outing_company_id_unit_id_day"))
        batch_op.drop_index(batch_op.f("ix_sales_floor__outing_company_id_staff_id_out_at"))

    op.drop_table("sales_floor__outing")
    op.drop_table("sales_floor__floor")
    with op.batch_alter_table("sales_floor__event", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_sales_floor__event_company_id_unit_id_day_seq"))

    op.drop_table("sales_floor__event")
    op.drop_table("sales_floor__day")
