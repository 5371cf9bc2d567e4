"""What is known about plugins: of the site, of a company, of each running process."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, Integer, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from zhike import clock
from zhike.models.base import CoreGlobal, CoreModel

#: A plugin without a row is merely discovered.  ``failed`` keeps its data and says why.
PLUGIN_STATES = ("installing", "installed", "upgrading", "uninstalling", "failed")


class PluginState(CoreGlobal):
    """How far a plugin has got on this site 应用状态.

    ``version`` is the last version whose migrations and data steps ran to their end, ``revision``
    the head of its lineage then: a process whose package has another head does not run it.
    """

    __tablename__ = "plugin_state"
    __table_args__ = (
        CheckConstraint(
            "state IN ('installing', 'installed', 'upgrading', 'uninstalling', 'failed')",
            name="state",
        ),
    )

    name: Mapped[str] = mapped_column(primary_key=True)
    state: Mapped[str]
    version: Mapped[str] = mapped_column(default="")
    revision: Mapped[str | None]
    error: Mapped[str] = mapped_column(default="")
    installed_at: Mapped[datetime | None]
    updated_at: Mapped[datetime] = mapped_column(default=clock.now)


class CompanyPlugin(CoreModel):
    """Whether a company has a plugin switched on; switching off keeps the row 启用记录."""

    __tablename__ = "company_plugin"
    __table_args__ = (UniqueConstraint("company_id", "plugin"),)

    plugin: Mapped[str]
    enabled: Mapped[bool] = mapped_column(default=False)
    changed_at: Mapped[datetime] = mapped_column(default=clock.now)
    changed_by: Mapped[str] = mapped_column(default="")


class Process(CoreGlobal):
    """A running process and what it has loaded 进程.

    ``fingerprint`` is a hash over the sorted names and versions of its plugins; ``plugins`` maps
    each name to its version.  ``seen_at`` is written at most twice a minute.
    """

    __tablename__ = "process"
    __table_args__ = (Index(None, "seen_at"),)

    host: Mapped[str] = mapped_column(primary_key=True)
    pid: Mapped[int] = mapped_column(Integer(), primary_key=True, autoincrement=False)
    kind: Mapped[str]
    started_at: Mapped[datetime] = mapped_column(default=clock.now)
    seen_at: Mapped[datetime] = mapped_column(default=clock.now)
    fingerprint: Mapped[str]
    plugins: Mapped[dict[str, Any]]


class PluginFailure(CoreGlobal):
    """Something a plugin did wrong while running, counted, not repeated 故障记录.

    One row for each plugin, place, company and error; ``company_id`` is empty where no company was
    at hand.  ``error`` is the type and message, cut to 500 characters.
    """

    __tablename__ = "plugin_failure"
    __table_args__ = (Index(None, "plugin", "place"),)

    id: Mapped[int] = mapped_column(
        BigInteger().with_variant(Integer(), "sqlite"), primary_key=True, autoincrement=True
    )
    plugin: Mapped[str]
    place: Mapped[str]
    company_id: Mapped[int | None] = mapped_column(ForeignKey("core__company.id"))
    error: Mapped[str]
    count: Mapped[int] = mapped_column(Integer(), default=1)
    first_at: Mapped[datetime] = mapped_column(default=clock.now)
    last_at: Mapped[datetime] = mapped_column(default=clock.now)
