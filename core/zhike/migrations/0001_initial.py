"""initial"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from zhike.db.guards import install_guards, remove_guards
from zhike.db.types import JSONType, UTCDateTime

revision = "core_0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "core__auth_event",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("login_key", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=True),
        sa.Column("ip_prefix", sa.Text(), nullable=False),
        sa.Column("detail", JSONType, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core__auth_event")),
        info={"plugin": "core"},
    )
    with op.batch_alter_table("core__auth_event", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_core__auth_event_ip_prefix_at"), ["ip_prefix", "at"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_core__auth_event_login_key_at"), ["login_key", "at"], unique=False
        )

    op.create_table(
        "core__company",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("short_name", sa.Text(), nullable=False),
        sa.Column("tz", sa.Text(), nullable=False),
        sa.Column("locale", sa.Text(), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("is_demo", sa.Boolean(), nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("closed_at", UTCDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core__company")),
        sa.UniqueConstraint("slug", name=op.f("uq_core__company_slug")),
        info={"plugin": "core"},
    )
    op.create_table(
        "core__heartbeat",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.Column("data", JSONType, nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_core__heartbeat")),
        info={"plugin": "core"},
    )
    op.create_table(
        "core__job_lease",
        sa.Column("job", sa.Text(), nullable=False),
        sa.Column("slot", sa.Text(), nullable=False),
        sa.Column("taken_at", UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("job", "slot", name=op.f("pk_core__job_lease")),
        info={"plugin": "core"},
    )
    op.create_table(
        "core__job_request",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column(
            "company_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("requested_by", sa.Uuid(), nullable=True),
        sa.Column("args", JSONType, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("progress", sa.Integer(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("worker", sa.Text(), nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("started_at", UTCDateTime(), nullable=True),
        sa.Column("finished_at", UTCDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core__job_request")),
        info={"plugin": "core"},
    )
    with op.batch_alter_table("core__job_request", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_core__job_request_state_created_at"),
            ["state", "created_at"],
            unique=False,
        )

    op.create_table(
        "core__job_run",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("job", sa.Text(), nullable=False),
        sa.Column(
            "company_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("slot", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("worker", sa.Text(), nullable=False),
        sa.Column("started_at", UTCDateTime(), nullable=False),
        sa.Column("finished_at", UTCDateTime(), nullable=True),
        sa.Column("next_try_at", UTCDateTime(), nullable=True),
        sa.Column("error", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core__job_run")),
        info={"plugin": "core"},
    )
    with op.batch_alter_table("core__job_run", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_core__job_run_job_started_at"), ["job", "started_at"], unique=False
        )
        batch_op.create_index(
            "ix_core__job_run_retry",
            ["next_try_at"],
            unique=False,
            sqlite_where=sa.text("state = 'failed'"),
            postgresql_where=sa.text("state = 'failed'"),
        )

    op.create_table(
        "core__plugin_state",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("revision", sa.Text(), nullable=True),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("installed_at", UTCDateTime(), nullable=True),
        sa.Column("updated_at", UTCDateTime(), nullable=False),
        sa.CheckConstraint(
            "state IN ('installing', 'installed', 'upgrading', 'uninstalling', 'failed')",
            name=op.f("ck_core__plugin_state_state"),
        ),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_core__plugin_state")),
        info={"plugin": "core"},
    )
    op.create_table(
        "core__process",
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("pid", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("started_at", UTCDateTime(), nullable=False),
        sa.Column("seen_at", UTCDateTime(), nullable=False),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("plugins", JSONType, nullable=False),
        sa.PrimaryKeyConstraint("host", "pid", name=op.f("pk_core__process")),
        info={"plugin": "core"},
    )
    with op.batch_alter_table("core__process", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_core__process_seen_at"), ["seen_at"], unique=False)

    op.create_table(
        "core__site_ledger",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.Column("actor_kind", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=True),
        sa.Column("staff_id", sa.Uuid(), nullable=True),
        sa.Column("actor_name", sa.Text(), nullable=False),
        sa.Column("ip", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("object", sa.Text(), nullable=True),
        sa.Column("result", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("body", JSONType, nullable=False),
        sa.Column("prev", sa.LargeBinary(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core__site_ledger")),
        sa.UniqueConstraint("seq", name=op.f("uq_core__site_ledger_seq")),
        info={"plugin": "core"},
    )
    with op.batch_alter_table("core__site_ledger", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_core__site_ledger_action_seq"), ["action", "seq"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_core__site_ledger_at"), ["at"], unique=False)

    op.create_table(
        "core__site_ledger_head",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_core__site_ledger_head_single")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core__site_ledger_head")),
        info={"plugin": "core"},
    )
    op.create_table(
        "core__system_setting",
        sa.Column("plugin", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("value", JSONType, nullable=False),
        sa.Column("changed_at", UTCDateTime(), nullable=False),
        sa.Column("changed_by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("plugin", "key", name=op.f("pk_core__system_setting")),
        info={"plugin": "core"},
    )
    op.create_table(
        "core__user",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("login", sa.Text(), nullable=False),
        sa.Column("login_key", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column("password_changed_at", UTCDateTime(), nullable=True),
        sa.Column("must_change_password", sa.Boolean(), nullable=False),
        sa.Column("is_system_admin", sa.Boolean(), nullable=False),
        sa.Column("locale", sa.Text(), nullable=False),
        sa.Column("theme", sa.Text(), nullable=False),
        sa.Column("disabled_at", UTCDateTime(), nullable=True),
        sa.Column("second_step_at", UTCDateTime(), nullable=True),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core__user")),
        sa.UniqueConstraint("login_key", name=op.f("uq_core__user_login_key")),
        info={"plugin": "core"},
    )
    op.create_table(
        "core__api_token",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column(
            "company_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("scopes", JSONType, nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("expires_at", UTCDateTime(), nullable=True),
        sa.Column("used_at", UTCDateTime(), nullable=True),
        sa.Column("revoked_at", UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["company_id"],
            ["core__company.id"],
            name=op.f("fk_core__api_token_company_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["core__user.id"],
            name=op.f("fk_core__api_token_user_id"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core__api_token")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_core__api_token_token_hash")),
        info={"plugin": "core"},
    )
    with op.batch_alter_table("core__api_token", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_core__api_token_user_id"), ["user_id"], unique=False)

    op.create_table(
        "core__company_key",
        sa.Column(
            "company_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("master_id", sa.Text(), nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["company_id"],
            ["core__company.id"],
            name=op.f("fk_core__company_key_company_id"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("company_id", "id", name=op.f("pk_core__company_key")),
        sa.UniqueConstraint(
            "company_id", "label", name=op.f("uq_core__company_key_company_id_label")
        ),
        info={"plugin": "core"},
    )
    op.create_table(
        "core__company_plugin",
        sa.Column(
            "company_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("plugin", sa.Text(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("changed_at", UTCDateTime(), nullable=False),
        sa.Column("changed_by", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["company_id"],
            ["core__company.id"],
            name=op.f("fk_core__company_plugin_company_id"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("company_id", "id", name=op.f("pk_core__company_plugin")),
        sa.UniqueConstraint(
            "company_id", "plugin", name=op.f("uq_core__company_plugin_company_id_plugin")
        ),
        info={"plugin": "core"},
    )
    op.create_table(
        "core__deadline",
        sa.Column(
            "company_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("due_at", UTCDateTime(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("data", JSONType, nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("lease_until", UTCDateTime(), nullable=True),
        sa.Column("fired_at", UTCDateTime(), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["company_id"],
            ["core__company.id"],
            name=op.f("fk_core__deadline_company_id"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("company_id", "id", name=op.f("pk_core__deadline")),
        info={"plugin": "core"},
    )
    with op.batch_alter_table("core__deadline", schema=None) as batch_op:
        batch_op.create_index(
            "ix_core__deadline_due",
            ["due_at"],
            unique=False,
            sqlite_where=sa.text("state = 'running'"),
            postgresql_where=sa.text("state = 'running'"),
        )
        batch_op.create_index(
            "uq_core__deadline_running",
            ["company_id", "kind", "subject"],
            unique=True,
            sqlite_where=sa.text("state = 'running'"),
            postgresql_where=sa.text("state = 'running'"),
        )

    op.create_table(
        "core__drill",
        sa.Column(
            "company_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("plugin", sa.Text(), nullable=False),
        sa.Column("policy_id", sa.Uuid(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("must_pass", sa.Boolean(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("last_run_at", UTCDateTime(), nullable=True),
        sa.Column("last_passed", sa.Boolean(), nullable=True),
        sa.Column("last_hash", sa.Text(), nullable=False),
        sa.Column("last_result", JSONType, nullable=True),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("updated_at", UTCDateTime(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["company_id"],
            ["core__company.id"],
            name=op.f("fk_core__drill_company_id"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("company_id", "id", name=op.f("pk_core__drill")),
        sa.UniqueConstraint(
            "company_id", "plugin", "name", name=op.f("uq_core__drill_company_id_plugin_name")
        ),
        info={"plugin": "core"},
    )
    with op.batch_alter_table("core__drill", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_core__drill_company_id_policy_id"),
            ["company_id", "policy_id"],
            unique=False,
        )

    op.create_table(
        "core__export_log",
        sa.Column(
            "company_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("exporter", sa.Text(), nullable=False),
        sa.Column("format", sa.Text(), nullable=False),
        sa.Column("filters", JSONType, nullable=False),
        sa.Column("columns", JSONType, nullable=False),
        sa.Column("row_count", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=True),
        sa.Column("staff_id", sa.Uuid(), nullable=True),
        sa.Column("actor_name", sa.Text(), nullable=False),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["company_id"],
            ["core__company.id"],
            name=op.f("fk_core__export_log_company_id"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("company_id", "id", name=op.f("pk_core__export_log")),
        info={"plugin": "core"},
    )
    with op.batch_alter_table("core__export_log", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_core__export_log_company_id_at"), ["company_id", "at"], unique=False
        )

    op.create_table(
        "core__idempotency",
        sa.Column(
            "company_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("request_hash", sa.LargeBinary(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=True),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("answer", JSONType, nullable=True),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["company_id"],
            ["core__company.id"],
            name=op.f("fk_core__idempotency_company_id"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("company_id", "id", name=op.f("pk_core__idempotency")),
        sa.UniqueConstraint("company_id", "key", name=op.f("uq_core__idempotency_company_id_key")),
        info={"plugin": "core"},
    )
    with op.batch_alter_table("core__idempotency", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_core__idempotency_company_id_created_at"),
            ["company_id", "created_at"],
            unique=False,
        )

    op.create_table(
        "core__import_batch",
        sa.Column(
            "company_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("importer", sa.Text(), nullable=False),
        sa.Column("file_name", sa.Text(), nullable=False),
        sa.Column("file_hash", sa.String(length=64), nullable=False),
        sa.Column("batch_key", sa.Text(), nullable=False),
        sa.Column("mode", sa.Text(), nullable=False),
        sa.Column("assigned", JSONType, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("created", sa.Integer(), nullable=False),
        sa.Column("changed", sa.Integer(), nullable=False),
        sa.Column("refused", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=True),
        sa.Column("staff_id", sa.Uuid(), nullable=True),
        sa.Column("actor_name", sa.Text(), nullable=False),
        sa.Column("applied_at", UTCDateTime(), nullable=False),
        sa.Column("undone_at", UTCDateTime(), nullable=True),
        sa.Column("undone_by", sa.Text(), nullable=False),
        sa.Column("images_dropped_at", UTCDateTime(), nullable=True),
        sa.CheckConstraint("mode IN ('all', 'good')", name=op.f("ck_core__import_batch_mode")),
        sa.CheckConstraint(
            "state IN ('applying', 'applied', 'undone')", name=op.f("ck_core__import_batch_state")
        ),
        sa.ForeignKeyConstraint(
            ["company_id"],
            ["core__company.id"],
            name=op.f("fk_core__import_batch_company_id"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("company_id", "id", name=op.f("pk_core__import_batch")),
        sa.UniqueConstraint(
            "company_id",
            "importer",
            "file_hash",
            "batch_key",
            name=op.f("uq_core__import_batch_company_id_importer_file_hash_batch_key"),
        ),
        info={"plugin": "core"},
    )
    with op.batch_alter_table("core__import_batch", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_core__import_batch_company_id_importer_applied_at"),
            ["company_id", "importer", "applied_at"],
            unique=False,
        )

    op.create_table(
        "core__ledger",
        sa.Column(
            "company_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.Column("actor_kind", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=True),
        sa.Column("staff_id", sa.Uuid(), nullable=True),
        sa.Column("actor_name", sa.Text(), nullable=False),
        sa.Column("ip", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("object", sa.Text(), nullable=True),
        sa.Column("result", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("body", JSONType, nullable=False),
        sa.Column("prev", sa.LargeBinary(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["company_id"],
            ["core__company.id"],
            name=op.f("fk_core__ledger_company_id"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("company_id", "id", name=op.f("pk_core__ledger")),
        sa.UniqueConstraint("company_id", "seq", name=op.f("uq_core__ledger_company_id_seq")),
        info={"plugin": "core"},
    )
    with op.batch_alter_table("core__ledger", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_core__ledger_company_id_action_seq"),
            ["company_id", "action", "seq"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_core__ledger_company_id_at"), ["company_id", "at"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_core__ledger_company_id_object_seq"),
            ["company_id", "object", "seq"],
            unique=False,
        )

    op.create_table(
        "core__ledger_head",
        sa.Column(
            "company_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["company_id"],
            ["core__company.id"],
            name=op.f("fk_core__ledger_head_company_id"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("company_id", "id", name=op.f("pk_core__ledger_head")),
        sa.UniqueConstraint("company_id", name=op.f("uq_core__ledger_head_company_id")),
        info={"plugin": "core"},
    )
    op.create_table(
        "core__login_session",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column(
            "company_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("unit_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("seen_at", UTCDateTime(), nullable=False),
        sa.Column("expires_at", UTCDateTime(), nullable=False),
        sa.Column("reauth_at", UTCDateTime(), nullable=False),
        sa.Column("ip", sa.Text(), nullable=False),
        sa.Column("agent", sa.Text(), nullable=False),
        sa.Column("must_rotate", sa.Boolean(), nullable=False),
        sa.Column("viewing_as", sa.Uuid(), nullable=True),
        sa.Column("viewing_until", UTCDateTime(), nullable=True),
        sa.Column("revoked_at", UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["company_id"],
            ["core__company.id"],
            name=op.f("fk_core__login_session_company_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["core__user.id"],
            name=op.f("fk_core__login_session_user_id"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core__login_session")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_core__login_session_token_hash")),
        info={"plugin": "core"},
    )
    with op.batch_alter_table("core__login_session", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_core__login_session_user_id"), ["user_id"], unique=False
        )

    op.create_table(
        "core__membership",
        sa.Column(
            "company_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["company_id"],
            ["core__company.id"],
            name=op.f("fk_core__membership_company_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["core__user.id"],
            name=op.f("fk_core__membership_user_id"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("company_id", "user_id", name=op.f("pk_core__membership")),
        info={"plugin": "core"},
    )
    with op.batch_alter_table("core__membership", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_core__membership_user_id"), ["user_id"], unique=False)

    op.create_table(
        "core__numbering_counter",
        sa.Column(
            "company_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("series", sa.Text(), nullable=False),
        sa.Column("last", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(
            ["company_id"],
            ["core__company.id"],
            name=op.f("fk_core__numbering_counter_company_id"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("company_id", "id", name=op.f("pk_core__numbering_counter")),
        sa.UniqueConstraint(
            "company_id", "series", name=op.f("uq_core__numbering_counter_company_id_series")
        ),
        info={"plugin": "core"},
    )
    op.create_table(
        "core__numbering_rule",
        sa.Column(
            "company_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("pattern", sa.Text(), nullable=False),
        sa.Column("digits", sa.Integer(), nullable=False),
        sa.Column("reset", sa.Text(), nullable=False),
        sa.Column("per_unit", sa.Boolean(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("base", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("updated_at", UTCDateTime(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('gapless', 'scattered')", name=op.f("ck_core__numbering_rule_kind")
        ),
        sa.CheckConstraint(
            "reset IN ('never', 'year', 'month', 'day')", name=op.f("ck_core__numbering_rule_reset")
        ),
        sa.CheckConstraint("digits BETWEEN 1 AND 12", name=op.f("ck_core__numbering_rule_digits")),
        sa.ForeignKeyConstraint(
            ["company_id"],
            ["core__company.id"],
            name=op.f("fk_core__numbering_rule_company_id"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("company_id", "id", name=op.f("pk_core__numbering_rule")),
        sa.UniqueConstraint(
            "company_id", "name", name=op.f("uq_core__numbering_rule_company_id_name")
        ),
        info={"plugin": "core"},
    )
    op.create_table(
        "core__outbox",
        sa.Column(
            "company_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("payload", JSONType, nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("available_at", UTCDateTime(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("lease_until", UTCDateTime(), nullable=True),
        sa.Column("done_at", UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["company_id"],
            ["core__company.id"],
            name=op.f("fk_core__outbox_company_id"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("company_id", "id", name=op.f("pk_core__outbox")),
        info={"plugin": "core"},
    )
    with op.batch_alter_table("core__outbox", schema=None) as batch_op:
        batch_op.create_index(
            "ix_core__outbox_due",
            ["available_at"],
            unique=False,
            postgresql_where=sa.text("done_at IS NULL"),
            sqlite_where=sa.text("done_at IS NULL"),
        )

    op.create_table(
        "core__plugin_failure",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("plugin", sa.Text(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column(
            "company_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("first_at", UTCDateTime(), nullable=False),
        sa.Column("last_at", UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["company_id"], ["core__company.id"], name=op.f("fk_core__plugin_failure_company_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core__plugin_failure")),
        info={"plugin": "core"},
    )
    with op.batch_alter_table("core__plugin_failure", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_core__plugin_failure_plugin_place"), ["plugin", "place"], unique=False
        )

    op.create_table(
        "core__policy",
        sa.Column(
            "company_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("plugin", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("preset", sa.Text(), nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("archived_at", UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["company_id"],
            ["core__company.id"],
            name=op.f("fk_core__policy_company_id"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("company_id", "id", name=op.f("pk_core__policy")),
        sa.UniqueConstraint(
            "company_id", "plugin", "name", name=op.f("uq_core__policy_company_id_plugin_name")
        ),
        info={"plugin": "core"},
    )
    op.create_table(
        "core__role",
        sa.Column(
            "company_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("permissions", JSONType, nullable=False),
        sa.Column("preset", sa.Text(), nullable=False),
        sa.Column("is_admin", sa.Boolean(), nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["company_id"],
            ["core__company.id"],
            name=op.f("fk_core__role_company_id"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("company_id", "id", name=op.f("pk_core__role")),
        sa.UniqueConstraint("company_id", "key", name=op.f("uq_core__role_company_id_key")),
        info={"plugin": "core"},
    )
    op.create_table(
        "core__search_record",
        sa.Column(
            "company_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("ref_id", sa.Uuid(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("subtitle", sa.Text(), nullable=False),
        sa.Column("unit_id", sa.Uuid(), nullable=True),
        sa.Column("owner_id", sa.Uuid(), nullable=True),
        sa.Column("indexed_at", UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["company_id"],
            ["core__company.id"],
            name=op.f("fk_core__search_record_company_id"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("company_id", "id", name=op.f("pk_core__search_record")),
        info={"plugin": "core"},
    )
    op.create_table(
        "core__setting",
        sa.Column(
            "company_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("plugin", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("value", JSONType, nullable=False),
        sa.Column("changed_at", UTCDateTime(), nullable=False),
        sa.Column("changed_by", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["company_id"],
            ["core__company.id"],
            name=op.f("fk_core__setting_company_id"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("company_id", "id", name=op.f("pk_core__setting")),
        sa.UniqueConstraint(
            "company_id", "plugin", "key", name=op.f("uq_core__setting_company_id_plugin_key")
        ),
        info={"plugin": "core"},
    )
    op.create_table(
        "core__staff",
        sa.Column(
            "company_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Text(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("phone_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("phone_index", sa.LargeBinary(), nullable=True),
        sa.Column("joined_on", sa.Date(), nullable=True),
        sa.Column("left_on", sa.Date(), nullable=True),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.CheckConstraint("status IN ('active', 'left')", name=op.f("ck_core__staff_status")),
        sa.ForeignKeyConstraint(
            ["company_id"],
            ["core__company.id"],
            name=op.f("fk_core__staff_company_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["core__user.id"], name=op.f("fk_core__staff_user_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("company_id", "id", name=op.f("pk_core__staff")),
        sa.UniqueConstraint("company_id", "number", name=op.f("uq_core__staff_company_id_number")),
        sa.UniqueConstraint(
            "company_id", "user_id", name=op.f("uq_core__staff_company_id_user_id")
        ),
        info={"plugin": "core"},
    )
    op.create_table(
        "core__unit",
        sa.Column(
            "company_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("parent_id", sa.Uuid(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("tz", sa.Text(), nullable=False),
        sa.Column("sort", sa.Integer(), nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("closed_at", UTCDateTime(), nullable=True),
        sa.CheckConstraint("kind IN ('site', 'department')", name=op.f("ck_core__unit_kind")),
        sa.ForeignKeyConstraint(
            ["company_id", "parent_id"],
            ["core__unit.company_id", "core__unit.id"],
            name=op.f("fk_core__unit_company_id_parent_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["company_id"],
            ["core__company.id"],
            name=op.f("fk_core__unit_company_id"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("company_id", "id", name=op.f("pk_core__unit")),
        sa.UniqueConstraint("company_id", "code", name=op.f("uq_core__unit_company_id_code")),
        info={"plugin": "core"},
    )
    op.create_table(
        "core__data_key",
        sa.Column(
            "company_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kek_id", sa.Uuid(), nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["company_id", "kek_id"],
            ["core__company_key.company_id", "core__company_key.id"],
            name=op.f("fk_core__data_key_company_id_kek_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["company_id"],
            ["core__company.id"],
            name=op.f("fk_core__data_key_company_id"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("company_id", "id", name=op.f("pk_core__data_key")),
        info={"plugin": "core"},
    )
    with op.batch_alter_table("core__data_key", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_core__data_key_company_id_kek_id"),
            ["company_id", "kek_id"],
            unique=False,
        )

    op.create_table(
        "core__import_row",
        sa.Column(
            "company_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("batch_id", sa.Uuid(), nullable=False),
        sa.Column("row_no", sa.Integer(), nullable=False),
        sa.Column("record", sa.Text(), nullable=False),
        sa.Column("effect", sa.Text(), nullable=False),
        sa.Column("images", JSONType, nullable=False),
        sa.CheckConstraint(
            "effect IN ('created', 'changed')", name=op.f("ck_core__import_row_effect")
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "batch_id"],
            ["core__import_batch.company_id", "core__import_batch.id"],
            name=op.f("fk_core__import_row_company_id_batch_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["company_id"],
            ["core__company.id"],
            name=op.f("fk_core__import_row_company_id"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("company_id", "id", name=op.f("pk_core__import_row")),
        info={"plugin": "core"},
    )
    with op.batch_alter_table("core__import_row", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_core__import_row_company_id_batch_id_row_no"),
            ["company_id", "batch_id", "row_no"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_core__import_row_company_id_record"),
            ["company_id", "record"],
            unique=False,
        )

    op.create_table(
        "core__notice",
        sa.Column(
            "company_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("staff_id", sa.Uuid(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("values", JSONType, nullable=False),
        sa.Column("link", sa.Text(), nullable=False),
        sa.Column("once", sa.Text(), nullable=True),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("read_at", UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["company_id", "staff_id"],
            ["core__staff.company_id", "core__staff.id"],
            name=op.f("fk_core__notice_company_id_staff_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["company_id"],
            ["core__company.id"],
            name=op.f("fk_core__notice_company_id"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("company_id", "id", name=op.f("pk_core__notice")),
        sa.UniqueConstraint(
            "company_id", "staff_id", "once", name=op.f("uq_core__notice_company_id_staff_id_once")
        ),
        info={"plugin": "core"},
    )
    with op.batch_alter_table("core__notice", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_core__notice_company_id_staff_id_read_at_created_at"),
            ["company_id", "staff_id", "read_at", "created_at"],
            unique=False,
        )

    op.create_table(
        "core__outbox_delivery",
        sa.Column(
            "company_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("listener", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("available_at", UTCDateTime(), nullable=True),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.CheckConstraint(
            "state IN ('done', 'failed', 'parked', 'skipped')",
            name=op.f("ck_core__outbox_delivery_state"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "event_id"],
            ["core__outbox.company_id", "core__outbox.id"],
            name=op.f("fk_core__outbox_delivery_company_id_event_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["company_id"],
            ["core__company.id"],
            name=op.f("fk_core__outbox_delivery_company_id"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("company_id", "id", name=op.f("pk_core__outbox_delivery")),
        sa.UniqueConstraint(
            "company_id",
            "event_id",
            "listener",
            name=op.f("uq_core__outbox_delivery_company_id_event_id_listener"),
        ),
        info={"plugin": "core"},
    )
    with op.batch_alter_table("core__outbox_delivery", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_core__outbox_delivery_company_id_state"),
            ["company_id", "state"],
            unique=False,
        )

    op.create_table(
        "core__party",
        sa.Column(
            "company_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("salutation", sa.Text(), nullable=False),
        sa.Column("owner_unit_id", sa.Uuid(), nullable=True),
        sa.Column("key_id", sa.Uuid(), nullable=True),
        sa.Column("phone_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("phone_index", sa.LargeBinary(), nullable=True),
        sa.Column("phone_tail", sa.LargeBinary(), nullable=True),
        sa.Column("phone_masked", sa.Text(), nullable=False),
        sa.Column("identity_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("identity_index", sa.LargeBinary(), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("merged_into", sa.Uuid(), nullable=True),
        sa.Column("restricted_at", UTCDateTime(), nullable=True),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("updated_at", UTCDateTime(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("kind IN ('person', 'organisation')", name=op.f("ck_core__party_kind")),
        sa.ForeignKeyConstraint(
            ["company_id", "merged_into"],
            ["core__party.company_id", "core__party.id"],
            name=op.f("fk_core__party_company_id_merged_into"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "owner_unit_id"],
            ["core__unit.company_id", "core__unit.id"],
            name=op.f("fk_core__party_company_id_owner_unit_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["company_id"],
            ["core__company.id"],
            name=op.f("fk_core__party_company_id"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("company_id", "id", name=op.f("pk_core__party")),
        info={"plugin": "core"},
    )
    with op.batch_alter_table("core__party", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_core__party_company_id_identity_index"),
            ["company_id", "identity_index"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_core__party_company_id_name_id"),
            ["company_id", "name", "id"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_core__party_company_id_owner_unit_id"),
            ["company_id", "owner_unit_id"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_core__party_company_id_phone_index_id"),
            ["company_id", "phone_index", "id"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_core__party_company_id_phone_tail_id"),
            ["company_id", "phone_tail", "id"],
            unique=False,
        )
        batch_op.create_index(
            "ix_core__party_merged_into",
            ["company_id", "merged_into"],
            unique=False,
            sqlite_where=sa.text("merged_into IS NOT NULL"),
            postgresql_where=sa.text("merged_into IS NOT NULL"),
        )

    op.create_table(
        "core__policy_choice",
        sa.Column(
            "company_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("plugin", sa.Text(), nullable=False),
        sa.Column("unit_id", sa.Uuid(), nullable=True),
        sa.Column("policy_id", sa.Uuid(), nullable=True),
        sa.Column("valid_from", UTCDateTime(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("withdrawn_at", UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["company_id", "policy_id"],
            ["core__policy.company_id", "core__policy.id"],
            name=op.f("fk_core__policy_choice_company_id_policy_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "unit_id"],
            ["core__unit.company_id", "core__unit.id"],
            name=op.f("fk_core__policy_choice_company_id_unit_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["company_id"],
            ["core__company.id"],
            name=op.f("fk_core__policy_choice_company_id"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("company_id", "id", name=op.f("pk_core__policy_choice")),
        info={"plugin": "core"},
    )
    with op.batch_alter_table("core__policy_choice", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_core__policy_choice_company_id_plugin_unit_id_valid_from"),
            ["company_id", "plugin", "unit_id", "valid_from"],
            unique=False,
        )

    op.create_table(
        "core__policy_version",
        sa.Column(
            "company_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("policy_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=True),
        sa.Column("preset", sa.Text(), nullable=False),
        sa.Column("preset_hash", sa.Text(), nullable=False),
        sa.Column("params", JSONType, nullable=False),
        sa.Column("clauses", JSONType, nullable=False),
        sa.Column("snapshot", JSONType, nullable=True),
        sa.Column("mode", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("author_id", sa.Uuid(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("effective_from", UTCDateTime(), nullable=True),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("published_at", UTCDateTime(), nullable=True),
        sa.Column("published_by", sa.Text(), nullable=False),
        sa.Column("published_by_id", sa.Uuid(), nullable=True),
        sa.Column("withdrawn_at", UTCDateTime(), nullable=True),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("lock", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "mode IN ('observe', 'advise', 'enforce')", name=op.f("ck_core__policy_version_mode")
        ),
        sa.CheckConstraint(
            "state IN ('draft', 'published', 'withdrawn')",
            name=op.f("ck_core__policy_version_state"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "policy_id"],
            ["core__policy.company_id", "core__policy.id"],
            name=op.f("fk_core__policy_version_company_id_policy_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["company_id"],
            ["core__company.id"],
            name=op.f("fk_core__policy_version_company_id"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("company_id", "id", name=op.f("pk_core__policy_version")),
        sa.UniqueConstraint(
            "company_id",
            "policy_id",
            "number",
            name=op.f("uq_core__policy_version_company_id_policy_id_number"),
        ),
        info={"plugin": "core"},
    )
    with op.batch_alter_table("core__policy_version", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_core__policy_version_company_id_policy_id_state_effective_from"),
            ["company_id", "policy_id", "state", "effective_from"],
            unique=False,
        )

    op.create_table(
        "core__post",
        sa.Column(
            "company_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("staff_id", sa.Uuid(), nullable=False),
        sa.Column("unit_id", sa.Uuid(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.Column("is_head", sa.Boolean(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_until", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(
            ["company_id", "staff_id"],
            ["core__staff.company_id", "core__staff.id"],
            name=op.f("fk_core__post_company_id_staff_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "unit_id"],
            ["core__unit.company_id", "core__unit.id"],
            name=op.f("fk_core__post_company_id_unit_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["company_id"],
            ["core__company.id"],
            name=op.f("fk_core__post_company_id"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("company_id", "id", name=op.f("pk_core__post")),
        info={"plugin": "core"},
    )
    with op.batch_alter_table("core__post", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_core__post_company_id_staff_id"),
            ["company_id", "staff_id"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_core__post_company_id_unit_id"), ["company_id", "unit_id"], unique=False
        )

    op.create_table(
        "core__role_grant",
        sa.Column(
            "company_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("role_id", sa.Uuid(), nullable=False),
        sa.Column("unit_id", sa.Uuid(), nullable=True),
        sa.Column("data_scope", sa.Text(), nullable=False),
        sa.Column("custom_units", JSONType, nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.CheckConstraint(
            "data_scope IN ('all', 'custom', 'unit', 'unit_tree', 'own')",
            name=op.f("ck_core__role_grant_data_scope"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "role_id"],
            ["core__role.company_id", "core__role.id"],
            name=op.f("fk_core__role_grant_company_id_role_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "unit_id"],
            ["core__unit.company_id", "core__unit.id"],
            name=op.f("fk_core__role_grant_company_id_unit_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["company_id"],
            ["core__company.id"],
            name=op.f("fk_core__role_grant_company_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["core__user.id"],
            name=op.f("fk_core__role_grant_user_id"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("company_id", "id", name=op.f("pk_core__role_grant")),
        info={"plugin": "core"},
    )
    with op.batch_alter_table("core__role_grant", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_core__role_grant_company_id_user_id"),
            ["company_id", "user_id"],
            unique=False,
        )

    op.create_table(
        "core__search_term",
        sa.Column(
            "company_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column(
            "term",
            sa.String(length=32).with_variant(sa.String(length=32, collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["company_id", "id"],
            ["core__search_record.company_id", "core__search_record.id"],
            name=op.f("fk_core__search_term_company_id_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["company_id"],
            ["core__company.id"],
            name=op.f("fk_core__search_term_company_id"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("company_id", "id", "term", name=op.f("pk_core__search_term")),
        info={"plugin": "core"},
        sqlite_with_rowid=False,
    )
    with op.batch_alter_table("core__search_term", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_core__search_term_company_id_kind_term_id"),
            ["company_id", "kind", "term", "id"],
            unique=False,
        )

    op.create_table(
        "core__stand_in",
        sa.Column(
            "company_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("staff_id", sa.Uuid(), nullable=False),
        sa.Column("deputy_id", sa.Uuid(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_until", sa.Date(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.CheckConstraint("staff_id <> deputy_id", name=op.f("ck_core__stand_in_other")),
        sa.ForeignKeyConstraint(
            ["company_id", "deputy_id"],
            ["core__staff.company_id", "core__staff.id"],
            name=op.f("fk_core__stand_in_company_id_deputy_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "staff_id"],
            ["core__staff.company_id", "core__staff.id"],
            name=op.f("fk_core__stand_in_company_id_staff_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["company_id"],
            ["core__company.id"],
            name=op.f("fk_core__stand_in_company_id"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("company_id", "id", name=op.f("pk_core__stand_in")),
        info={"plugin": "core"},
    )
    with op.batch_alter_table("core__stand_in", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_core__stand_in_company_id_staff_id"),
            ["company_id", "staff_id"],
            unique=False,
        )

    op.create_table(
        "core__contact",
        sa.Column(
            "company_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("party_id", sa.Uuid(), nullable=True),
        sa.Column("staff_id", sa.Uuid(), nullable=True),
        sa.Column("unit_id", sa.Uuid(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("direction", sa.Text(), nullable=False),
        sa.Column("occurred_at", UTCDateTime(), nullable=False),
        sa.Column("recorded_at", UTCDateTime(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("answered", sa.Boolean(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("details", JSONType, nullable=False),
        sa.CheckConstraint("direction IN ('in', 'out')", name=op.f("ck_core__contact_direction")),
        sa.CheckConstraint(
            "kind IN ('visit', 'call', 'message', 'letter')", name=op.f("ck_core__contact_kind")
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "party_id"],
            ["core__party.company_id", "core__party.id"],
            name=op.f("fk_core__contact_company_id_party_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "staff_id"],
            ["core__staff.company_id", "core__staff.id"],
            name=op.f("fk_core__contact_company_id_staff_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "unit_id"],
            ["core__unit.company_id", "core__unit.id"],
            name=op.f("fk_core__contact_company_id_unit_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["company_id"],
            ["core__company.id"],
            name=op.f("fk_core__contact_company_id"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("company_id", "id", name=op.f("pk_core__contact")),
        info={"plugin": "core"},
    )
    with op.batch_alter_table("core__contact", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_core__contact_company_id_party_id_occurred_at"),
            ["company_id", "party_id", "occurred_at"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_core__contact_company_id_staff_id_occurred_at"),
            ["company_id", "staff_id", "occurred_at"],
            unique=False,
        )

    op.create_table(
        "core__decision",
        sa.Column(
            "company_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("plugin", sa.Text(), nullable=False),
        sa.Column("engine", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("unit_id", sa.Uuid(), nullable=True),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("inputs", JSONType, nullable=False),
        sa.Column("outcome", JSONType, nullable=False),
        sa.Column("cites", JSONType, nullable=False),
        sa.Column("rules", JSONType, nullable=False),
        sa.Column("policy_version_id", sa.Uuid(), nullable=True),
        sa.Column("mode", sa.Text(), nullable=False),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("recorded_at", UTCDateTime(), nullable=False),
        sa.Column("followed", sa.Boolean(), nullable=True),
        sa.Column("done", JSONType, nullable=True),
        sa.Column("deviation", sa.Text(), nullable=False),
        sa.Column("settled_at", UTCDateTime(), nullable=True),
        sa.CheckConstraint(
            "mode IN ('observe', 'advise', 'enforce')", name=op.f("ck_core__decision_mode")
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "policy_version_id"],
            ["core__policy_version.company_id", "core__policy_version.id"],
            name=op.f("fk_core__decision_company_id_policy_version_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "unit_id"],
            ["core__unit.company_id", "core__unit.id"],
            name=op.f("fk_core__decision_company_id_unit_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["company_id"],
            ["core__company.id"],
            name=op.f("fk_core__decision_company_id"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("company_id", "id", name=op.f("pk_core__decision")),
        info={"plugin": "core"},
    )
    with op.batch_alter_table("core__decision", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_core__decision_company_id_subject"),
            ["company_id", "subject"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_core__decision_company_id_unit_id_day"),
            ["company_id", "unit_id", "day"],
            unique=False,
        )

    op.create_table(
        "core__party_link",
        sa.Column(
            "company_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("party_id", sa.Uuid(), nullable=False),
        sa.Column("other_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("proof", sa.Text(), nullable=False),
        sa.Column("proved_at", UTCDateTime(), nullable=True),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.CheckConstraint("party_id <> other_id", name=op.f("ck_core__party_link_other")),
        sa.ForeignKeyConstraint(
            ["company_id", "other_id"],
            ["core__party.company_id", "core__party.id"],
            name=op.f("fk_core__party_link_company_id_other_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "party_id"],
            ["core__party.company_id", "core__party.id"],
            name=op.f("fk_core__party_link_company_id_party_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["company_id"],
            ["core__company.id"],
            name=op.f("fk_core__party_link_company_id"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("company_id", "id", name=op.f("pk_core__party_link")),
        sa.UniqueConstraint(
            "company_id",
            "party_id",
            "other_id",
            "kind",
            name=op.f("uq_core__party_link_company_id_party_id_other_id_kind"),
        ),
        info={"plugin": "core"},
    )
    with op.batch_alter_table("core__party_link", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_core__party_link_company_id_other_id"),
            ["company_id", "other_id"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_core__party_link_company_id_party_id"),
            ["company_id", "party_id"],
            unique=False,
        )

    op.create_table(
        "core__calendar_year",
        sa.Column(
            "company_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("confirmed_at", UTCDateTime(), nullable=False),
        sa.Column("confirmed_by", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "source IN ('official', 'file', 'hand')", name=op.f("ck_core__calendar_year_source")
        ),
        sa.ForeignKeyConstraint(
            ["company_id"],
            ["core__company.id"],
            name=op.f("fk_core__calendar_year_company_id"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("company_id", "id", name=op.f("pk_core__calendar_year")),
        sa.UniqueConstraint(
            "company_id", "year", name=op.f("uq_core__calendar_year_company_id_year")
        ),
        info={"plugin": "core"},
    )
    op.create_table(
        "core__calendar_day",
        sa.Column(
            "company_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("unit_id", sa.Uuid(), nullable=True),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.CheckConstraint("kind IN ('off', 'work')", name=op.f("ck_core__calendar_day_kind")),
        sa.CheckConstraint(
            "source IN ('official', 'file', 'hand')", name=op.f("ck_core__calendar_day_source")
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "unit_id"],
            ["core__unit.company_id", "core__unit.id"],
            name=op.f("fk_core__calendar_day_company_id_unit_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["company_id"],
            ["core__company.id"],
            name=op.f("fk_core__calendar_day_company_id"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("company_id", "id", name=op.f("pk_core__calendar_day")),
        info={"plugin": "core"},
    )
    with op.batch_alter_table("core__calendar_day", schema=None) as batch_op:
        batch_op.create_index(
            "uq_core__calendar_day_company",
            ["company_id", "day"],
            unique=True,
            sqlite_where=sa.text("unit_id IS NULL"),
            postgresql_where=sa.text("unit_id IS NULL"),
        )
        batch_op.create_index(
            "uq_core__calendar_day_unit",
            ["company_id", "unit_id", "day"],
            unique=True,
            sqlite_where=sa.text("unit_id IS NOT NULL"),
            postgresql_where=sa.text("unit_id IS NOT NULL"),
        )

    op.create_table(
        "core__calendar_hours",
        sa.Column(
            "company_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("unit_id", sa.Uuid(), nullable=True),
        sa.Column("week", JSONType, nullable=False),
        sa.Column("changed_at", UTCDateTime(), nullable=False),
        sa.Column("changed_by", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["company_id", "unit_id"],
            ["core__unit.company_id", "core__unit.id"],
            name=op.f("fk_core__calendar_hours_company_id_unit_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["company_id"],
            ["core__company.id"],
            name=op.f("fk_core__calendar_hours_company_id"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("company_id", "id", name=op.f("pk_core__calendar_hours")),
        info={"plugin": "core"},
    )
    with op.batch_alter_table("core__calendar_hours", schema=None) as batch_op:
        batch_op.create_index(
            "uq_core__calendar_hours_company",
            ["company_id"],
            unique=True,
            sqlite_where=sa.text("unit_id IS NULL"),
            postgresql_where=sa.text("unit_id IS NULL"),
        )
        batch_op.create_index(
            "uq_core__calendar_hours_unit",
            ["company_id", "unit_id"],
            unique=True,
            sqlite_where=sa.text("unit_id IS NOT NULL"),
            postgresql_where=sa.text("unit_id IS NOT NULL"),
        )

    op.create_table(
        "core__device",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column(
            "company_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("unit_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=True),
        sa.Column("code_hash", sa.LargeBinary(), nullable=True),
        sa.Column("code_until", UTCDateTime(), nullable=True),
        sa.Column("paired_at", UTCDateTime(), nullable=True),
        sa.Column("seen_at", UTCDateTime(), nullable=True),
        sa.Column("agent", sa.Text(), nullable=False),
        sa.Column("ip", sa.Text(), nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("revoked_at", UTCDateTime(), nullable=True),
        sa.Column("acting_staff_id", sa.Uuid(), nullable=True),
        sa.Column("acting_name", sa.Text(), nullable=False),
        sa.Column("acting_until", UTCDateTime(), nullable=True),
        sa.Column("acting_once", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["company_id"],
            ["core__company.id"],
            name=op.f("fk_core__device_company_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["core__user.id"],
            name=op.f("fk_core__device_user_id"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core__device")),
        sa.UniqueConstraint("code_hash", name=op.f("uq_core__device_code_hash")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_core__device_token_hash")),
        sa.UniqueConstraint("user_id", name=op.f("uq_core__device_user_id")),
        info={"plugin": "core"},
    )
    with op.batch_alter_table("core__device", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_core__device_company_id"), ["company_id"], unique=False
        )

    op.create_table(
        "core__staff_pin",
        sa.Column(
            "company_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("staff_id", sa.Uuid(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("must_change", sa.Boolean(), nullable=False),
        sa.Column("set_at", UTCDateTime(), nullable=False),
        sa.Column("set_by", sa.Text(), nullable=False),
        sa.CheckConstraint("set_by IN ('self', 'admin')", name=op.f("ck_core__staff_pin_set_by")),
        sa.ForeignKeyConstraint(
            ["company_id", "staff_id"],
            ["core__staff.company_id", "core__staff.id"],
            name=op.f("fk_core__staff_pin_company_id_staff_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["company_id"],
            ["core__company.id"],
            name=op.f("fk_core__staff_pin_company_id"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("company_id", "id", name=op.f("pk_core__staff_pin")),
        sa.UniqueConstraint(
            "company_id", "staff_id", name=op.f("uq_core__staff_pin_company_id_staff_id")
        ),
        info={"plugin": "core"},
    )

    op.create_table(
        "core__saved_view",
        sa.Column(
            "company_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("list_name", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("query", JSONType, nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("shared_with", JSONType, nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["company_id"],
            ["core__company.id"],
            name=op.f("fk_core__saved_view_company_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["core__user.id"],
            name=op.f("fk_core__saved_view_user_id"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("company_id", "id", name=op.f("pk_core__saved_view")),
        info={"plugin": "core"},
    )
    with op.batch_alter_table("core__saved_view", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_core__saved_view_company_id_list_name"),
            ["company_id", "list_name"],
            unique=False,
        )

    op.create_table(
        "core__default_view",
        sa.Column(
            "company_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("list_name", sa.Text(), nullable=False),
        sa.Column("view_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["company_id", "view_id"],
            ["core__saved_view.company_id", "core__saved_view.id"],
            name=op.f("fk_core__default_view_company_id_view_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["company_id"],
            ["core__company.id"],
            name=op.f("fk_core__default_view_company_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["core__user.id"],
            name=op.f("fk_core__default_view_user_id"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("company_id", "id", name=op.f("pk_core__default_view")),
        sa.UniqueConstraint(
            "company_id",
            "user_id",
            "list_name",
            name=op.f("uq_core__default_view_company_id_user_id_list_name"),
        ),
        info={"plugin": "core"},
    )
    with op.batch_alter_table("core__default_view", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_core__default_view_company_id_view_id"),
            ["company_id", "view_id"],
            unique=False,
        )

    op.create_table(
        "core__bulk_run",
        sa.Column(
            "company_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("act", sa.Text(), nullable=False),
        sa.Column("unit_id", sa.Uuid(), nullable=True),
        sa.Column("values", JSONType, nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("locale", sa.Text(), nullable=False),
        sa.Column("back", sa.Text(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("finished_at", UTCDateTime(), nullable=True),
        sa.CheckConstraint(
            "state IN ('waiting', 'done', 'undoing', 'undone')",
            name=op.f("ck_core__bulk_run_state"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "unit_id"],
            ["core__unit.company_id", "core__unit.id"],
            name=op.f("fk_core__bulk_run_company_id_unit_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["company_id"],
            ["core__company.id"],
            name=op.f("fk_core__bulk_run_company_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["core__user.id"],
            name=op.f("fk_core__bulk_run_user_id"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("company_id", "id", name=op.f("pk_core__bulk_run")),
        info={"plugin": "core"},
    )
    with op.batch_alter_table("core__bulk_run", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_core__bulk_run_company_id_user_id_created_at"),
            ["company_id", "user_id", "created_at"],
            unique=False,
        )

    op.create_table(
        "core__bulk_item",
        sa.Column(
            "company_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("record_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("undo", JSONType, nullable=True),
        sa.CheckConstraint(
            "state IN ('waiting', 'done', 'failed', 'undone', 'stays')",
            name=op.f("ck_core__bulk_item_state"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "run_id"],
            ["core__bulk_run.company_id", "core__bulk_run.id"],
            name=op.f("fk_core__bulk_item_company_id_run_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["company_id"],
            ["core__company.id"],
            name=op.f("fk_core__bulk_item_company_id"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("company_id", "id", name=op.f("pk_core__bulk_item")),
        sa.UniqueConstraint(
            "company_id", "run_id", "place", name=op.f("uq_core__bulk_item_company_id_run_id_place")
        ),
        info={"plugin": "core"},
    )
    with op.batch_alter_table("core__bulk_item", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_core__bulk_item_company_id_run_id_state_place"),
            ["company_id", "run_id", "state", "place"],
            unique=False,
        )

    op.create_table(
        "core__second_step",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column(
            "last_step", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["core__user.id"],
            name=op.f("fk_core__second_step_user_id"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_core__second_step")),
        info={"plugin": "core"},
    )
    op.create_table(
        "core__recovery_code",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("code_hash", sa.LargeBinary(), nullable=False),
        sa.Column("used_at", UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["core__user.id"],
            name=op.f("fk_core__recovery_code_user_id"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core__recovery_code")),
        info={"plugin": "core"},
    )
    with op.batch_alter_table("core__recovery_code", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_core__recovery_code_user_id"), ["user_id"], unique=False
        )

    op.create_table(
        "core__setup_mark",
        sa.Column(
            "company_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.CheckConstraint("state IN ('done', 'skipped')", name=op.f("ck_core__setup_mark_state")),
        sa.ForeignKeyConstraint(
            ["company_id"],
            ["core__company.id"],
            name=op.f("fk_core__setup_mark_company_id"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("company_id", "id", name=op.f("pk_core__setup_mark")),
        sa.UniqueConstraint("company_id", "step", name=op.f("uq_core__setup_mark_company_id_step")),
        info={"plugin": "core"},
    )

    install_guards(op.get_bind())


def downgrade() -> None:
    remove_guards(op.get_bind())
    op.drop_table("core__setup_mark")

    with op.batch_alter_table("core__recovery_code", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_core__recovery_code_user_id"))

    op.drop_table("core__recovery_code")
    op.drop_table("core__second_step")

    with op.batch_alter_table("core__bulk_item", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_core__bulk_item_company_id_run_id_state_place"))

    op.drop_table("core__bulk_item")
    with op.batch_alter_table("core__bulk_run", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_core__bulk_run_company_id_user_id_created_at"))

    op.drop_table("core__bulk_run")
    with op.batch_alter_table("core__default_view", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_core__default_view_company_id_view_id"))

    op.drop_table("core__default_view")
    with op.batch_alter_table("core__saved_view", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_core__saved_view_company_id_list_name"))

    op.drop_table("core__saved_view")
    op.drop_table("core__staff_pin")
    with op.batch_alter_table("core__device", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_core__device_company_id"))

    op.drop_table("core__device")

    with op.batch_alter_table("core__calendar_hours", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_core__calendar_hours_unit",
            sqlite_where=sa.text("unit_id IS NOT NULL"),
            postgresql_where=sa.text("unit_id IS NOT NULL"),
        )
        batch_op.drop_index(
            "uq_core__calendar_hours_company",
            sqlite_where=sa.text("unit_id IS NULL"),
            postgresql_where=sa.text("unit_id IS NULL"),
        )

    op.drop_table("core__calendar_hours")
    with op.batch_alter_table("core__calendar_day", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_core__calendar_day_unit",
            sqlite_where=sa.text("unit_id IS NOT NULL"),
            postgresql_where=sa.text("unit_id IS NOT NULL"),
        )
        batch_op.drop_index(
            "uq_core__calendar_day_company",
            sqlite_where=sa.text("unit_id IS NULL"),
            postgresql_where=sa.text("unit_id IS NULL"),
        )

    op.drop_table("core__calendar_day")
    op.drop_table("core__calendar_year")

    with op.batch_alter_table("core__party_link", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_core__party_link_company_id_party_id"))
        batch_op.drop_index(batch_op.f("ix_core__party_link_company_id_other_id"))

    op.drop_table("core__party_link")
    with op.batch_alter_table("core__decision", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_core__decision_company_id_unit_id_day"))
        batch_op.drop_index(batch_op.f("ix_core__decision_company_id_subject"))

    op.drop_table("core__decision")
    with op.batch_alter_table("core__contact", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_core__contact_company_id_staff_id_occurred_at"))
        batch_op.drop_index(batch_op.f("ix_core__contact_company_id_party_id_occurred_at"))

    op.drop_table("core__contact")
    with op.batch_alter_table("core__stand_in", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_core__stand_in_company_id_staff_id"))

    op.drop_table("core__stand_in")
    with op.batch_alter_table("core__search_term", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_core__search_term_company_id_kind_term_id"))

    op.drop_table("core__search_term")
    with op.batch_alter_table("core__role_grant", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_core__role_grant_company_id_user_id"))

    op.drop_table("core__role_grant")
    with op.batch_alter_table("core__post", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_core__post_company_id_unit_id"))
        batch_op.drop_index(batch_op.f("ix_core__post_company_id_staff_id"))

    op.drop_table("core__post")
    with op.batch_alter_table("core__policy_version", schema=None) as batch_op:
        batch_op.drop_index(
            batch_op.f("ix_core__policy_version_company_id_policy_id_state_effective_from")
        )

    op.drop_table("core__policy_version")
    with op.batch_alter_table("core__policy_choice", schema=None) as batch_op:
        batch_op.drop_index(
            batch_op.f("ix_core__policy_choice_company_id_plugin_unit_id_valid_from")
        )

    op.drop_table("core__policy_choice")
    with op.batch_alter_table("core__party", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_core__party_merged_into",
            sqlite_where=sa.text("merged_into IS NOT NULL"),
            postgresql_where=sa.text("merged_into IS NOT NULL"),
        )
        batch_op.drop_index(batch_op.f("ix_core__party_company_id_phone_tail_id"))
        batch_op.drop_index(batch_op.f("ix_core__party_company_id_phone_index_id"))
        batch_op.drop_index(batch_op.f("ix_core__party_company_id_owner_unit_id"))
        batch_op.drop_index(batch_op.f("ix_core__party_company_id_name_id"))
        batch_op.drop_index(batch_op.f("ix_core__party_company_id_identity_index"))

    op.drop_table("core__party")
    with op.batch_alter_table("core__outbox_delivery", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_core__outbox_delivery_company_id_state"))

    op.drop_table("core__outbox_delivery")
    with op.batch_alter_table("core__notice", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_core__notice_company_id_staff_id_read_at_created_at"))

    op.drop_table("core__notice")
    with op.batch_alter_table("core__import_row", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_core__import_row_company_id_record"))
        batch_op.drop_index(batch_op.f("ix_core__import_row_company_id_batch_id_row_no"))

    op.drop_table("core__import_row")
    with op.batch_alter_table("core__data_key", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_core__data_key_company_id_kek_id"))

    op.drop_table("core__data_key")
    op.drop_table("core__unit")
    op.drop_table("core__staff")
    op.drop_table("core__setting")
    op.drop_table("core__search_record")
    op.drop_table("core__role")
    op.drop_table("core__policy")
    with op.batch_alter_table("core__plugin_failure", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_core__plugin_failure_plugin_place"))

    op.drop_table("core__plugin_failure")
    with op.batch_alter_table("core__outbox", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_core__outbox_due",
            postgresql_where=sa.text("done_at IS NULL"),
            sqlite_where=sa.text("done_at IS NULL"),
        )

    op.drop_table("core__outbox")
    op.drop_table("core__numbering_rule")
    op.drop_table("core__numbering_counter")
    with op.batch_alter_table("core__membership", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_core__membership_user_id"))

    op.drop_table("core__membership")
    with op.batch_alter_table("core__login_session", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_core__login_session_user_id"))

    op.drop_table("core__login_session")
    op.drop_table("core__ledger_head")
    with op.batch_alter_table("core__ledger", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_core__ledger_company_id_object_seq"))
        batch_op.drop_index(batch_op.f("ix_core__ledger_company_id_at"))
        batch_op.drop_index(batch_op.f("ix_core__ledger_company_id_action_seq"))

    op.drop_table("core__ledger")
    with op.batch_alter_table("core__import_batch", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_core__import_batch_company_id_importer_applied_at"))

    op.drop_table("core__import_batch")
    with op.batch_alter_table("core__idempotency", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_core__idempotency_company_id_created_at"))

    op.drop_table("core__idempotency")
    with op.batch_alter_table("core__export_log", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_core__export_log_company_id_at"))

    op.drop_table("core__export_log")
    with op.batch_alter_table("core__drill", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_core__drill_company_id_policy_id"))

    op.drop_table("core__drill")
    with op.batch_alter_table("core__deadline", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_core__deadline_running",
            sqlite_where=sa.text("state = 'running'"),
            postgresql_where=sa.text("state = 'running'"),
        )
        batch_op.drop_index(
            "ix_core__deadline_due",
            sqlite_where=sa.text("state = 'running'"),
            postgresql_where=sa.text("state = 'running'"),
        )

    op.drop_table("core__deadline")
    op.drop_table("core__company_plugin")
    op.drop_table("core__company_key")
    with op.batch_alter_table("core__api_token", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_core__api_token_user_id"))

    op.drop_table("core__api_token")
    op.drop_table("core__user")
    op.drop_table("core__system_setting")
    op.drop_table("core__site_ledger_head")
    with op.batch_alter_table("core__site_ledger", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_core__site_ledger_at"))
        batch_op.drop_index(batch_op.f("ix_core__site_ledger_action_seq"))

    op.drop_table("core__site_ledger")
    with op.batch_alter_table("core__process", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_core__process_seen_at"))

    op.drop_table("core__process")
    op.drop_table("core__plugin_state")
    with op.batch_alter_table("core__job_run", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_core__job_run_retry",
            sqlite_where=sa.text("state = 'failed'"),
            postgresql_where=sa.text("state = 'failed'"),
        )
        batch_op.drop_index(batch_op.f("ix_core__job_run_job_started_at"))

    op.drop_table("core__job_run")
    with op.batch_alter_table("core__job_request", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_core__job_request_state_created_at"))

    op.drop_table("core__job_request")
    op.drop_table("core__job_lease")
    op.drop_table("core__heartbeat")
    op.drop_table("core__company")
    with op.batch_alter_table("core__auth_event", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_core__auth_event_login_key_at"))
        batch_op.drop_index(batch_op.f("ix_core__auth_event_ip_prefix_at"))

    op.drop_table("core__auth_event")
