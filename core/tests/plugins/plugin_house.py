"""What the tests of a plugin's life share: a plugin with tables, and ways to look at a site."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace

import sqlalchemy as sa
from sqlalchemy import select

from zhike.models.company import Company
from zhike.models.ledger import LedgerLine
from zhike.plugins.active import active_for
from zhike.services import settings
from zhike.site import Site

Write = Callable[..., str]
Open = Callable[..., Site]

MODELS = """
    import uuid
    from sqlalchemy.orm import Mapped, mapped_column
    from zhike.db.base import GlobalModel, ScopedModel, ref

    class Note(ScopedModel):
        __plugin__ = "{name}"
        __tablename__ = "note"
        words: Mapped[str]

    class Line(ScopedModel):
        __plugin__ = "{name}"
        __tablename__ = "line"
        __table_args__ = (ref("note_id", "{name}__note"),)
        note_id: Mapped[uuid.UUID]

    class Word(GlobalModel):
        __plugin__ = "{name}"
        __tablename__ = "word"
        id: Mapped[int] = mapped_column(primary_key=True)
"""

REVISION = """
    import sqlalchemy as sa
    from alembic import op

    revision = "{name}_0001"
    down_revision = None
    branch_labels = None
    depends_on = None

    def upgrade():
        op.create_table(
            "{name}__note",
            sa.Column("company_id", sa.Integer(), sa.ForeignKey("core__company.id")),
            sa.Column("id", sa.Uuid()),
            sa.Column("words", sa.Text(), nullable=False),
            sa.PrimaryKeyConstraint("company_id", "id"),
        )
        op.create_table(
            "{name}__line",
            sa.Column("company_id", sa.Integer(), sa.ForeignKey("core__company.id")),
            sa.Column("id", sa.Uuid()),
            sa.Column("note_id", sa.Uuid(), nullable=False),
            sa.PrimaryKeyConstraint("company_id", "id"),
            sa.ForeignKeyConstraint(
                ["company_id", "note_id"], ["{name}__note.company_id", "{name}__note.id"]
            ),
        )
        op.create_table("{name}__word", sa.Column("id", sa.Integer(), primary_key=True))

    def downgrade():
        op.drop_table("{name}__word")
        op.drop_table("{name}__line")
        op.drop_table("{name}__note")
"""

HOOKS = """
    import wtforms

    class Form(wtforms.Form):
        limit = wtforms.IntegerField(default=7)

    @hookimpl
    def register_models():
        return ["zhike_local.{name}.models"]

    @hookimpl
    def register_settings():
        return [SettingsSchema(form=Form)]

    @hookimpl
    def register_permissions():
        return [Permission(name="{name}.view", title="View")]
"""


def with_tables(write_plugin: Write, name: str, hooks: str = "", **files: str) -> str:
    """A plugin with a lineage of one revision, two scoped tables and a global one."""
    return write_plugin(
        name,
        HOOKS.format(name=name) + hooks,
        **{
            "models.py": MODELS.format(name=name),
            "migrations/0001.py": REVISION.format(name=name),
            **files,
        },
    )


def tables(site: Site, name: str) -> list[str]:
    """Tables of the plugin that are in the database."""
    with site.unscoped("test", write=False) as s:
        return sorted(
            t for t in sa.inspect(s.connection()).get_table_names() if t.startswith(f"{name}__")
        )


def generation(site: Site, company_id: int) -> int:
    with site.system_reader() as s:
        return s.scalars(select(Company.generation).where(Company.id == company_id)).one()


def actions(site: Site, company_id: int) -> list[tuple[str, str | None]]:
    with site.reader(company_id) as s:
        rows = s.execute(select(LedgerLine.action, LedgerLine.object).order_by(LedgerLine.seq))
        return [(r.action, r.object) for r in rows]


def active(site: Site, company_id: int) -> list[str]:
    return list(active_for(site, company_id, generation(site, company_id)))


def make_site_again(site: Site, *more: str) -> Site:
    """Open the same home with more plugins allowed, as after a restart."""
    allow = (*(site.config.plugin_allow or ()), *more)
    return Site.open(replace(site.config, plugin_allow=allow))


def fill(site: Site, name: str, company: int) -> None:
    """A note with two lines, and a setting."""
    models = __import__(f"zhike_local.{name}.models", fromlist=["Note"])
    with site.transaction(company) as s:
        note = models.Note(words="重要")
        s.add(note)
        s.flush()
        s.add_all([models.Line(note_id=note.id), models.Line(note_id=note.id)])
        settings.set_many(s, name, {"limit": 10})


def forget(name: str) -> None:
    for module in [m for m in sys.modules if m.startswith(f"zhike_local.{name}")]:
        del sys.modules[module]
