"""Policies 制度: the company's regulations as versions of data, and where each is chosen."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Index, Integer, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from zhike import clock
from zhike.db.base import ref
from zhike.models.base import CoreModel


class PolicyRecord(CoreModel):
    """A company's policy 制度: a name for a line of versions that begins with a shipped preset."""

    __tablename__ = "policy"
    __table_args__ = (UniqueConstraint("company_id", "plugin", "name"),)

    plugin: Mapped[str]
    name: Mapped[str]
    preset: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    archived_at: Mapped[datetime | None]


class PolicyVersion(CoreModel):
    """One version 版本 of a policy: the preset with the company's changes, in one mode.

    ``params`` and ``clauses`` hold only what differs from the preset: ``{name: value}`` and
    ``{rule id: {"number", "text"}}``. Publishing numbers the version and writes ``snapshot``, all
    parameters and clauses as they were then: what is pinned must not move when a plugin's upgrade
    changes its preset. A published version never changes; ``lock`` is a draft's optimistic version.
    """

    __tablename__ = "policy_version"
    __table_args__ = (
        ref("policy_id", "core__policy"),
        UniqueConstraint("company_id", "policy_id", "number"),
        Index(None, "company_id", "policy_id", "state", "effective_from"),
        CheckConstraint("mode IN ('observe', 'advise', 'enforce')", name="mode"),
        CheckConstraint("state IN ('draft', 'published', 'withdrawn')", name="state"),
    )

    policy_id: Mapped[uuid.UUID]
    number: Mapped[int | None] = mapped_column(Integer())
    preset: Mapped[str]
    preset_hash: Mapped[str]
    params: Mapped[dict[str, Any]]
    clauses: Mapped[dict[str, Any]]
    snapshot: Mapped[dict[str, Any] | None]
    mode: Mapped[str] = mapped_column(default="enforce")
    state: Mapped[str] = mapped_column(default="draft")
    author: Mapped[str] = mapped_column(default="")
    author_id: Mapped[uuid.UUID | None]
    reason: Mapped[str] = mapped_column(default="")
    effective_from: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    published_at: Mapped[datetime | None]
    published_by: Mapped[str] = mapped_column(default="")
    published_by_id: Mapped[uuid.UUID | None]
    withdrawn_at: Mapped[datetime | None]
    hash: Mapped[str] = mapped_column(default="")
    lock: Mapped[int] = mapped_column(Integer(), default=1)

    __mapper_args__ = {"version_id_col": lock}


class PolicyChoice(CoreModel):
    """Which policy is chosen 选用 where: the company (``unit_id`` empty), a site or a department.

    The nearest choice up the tree wins; of several for one place, the latest whose
    ``valid_from`` has come. ``policy_id`` empty means: back to what the place above chooses.
    """

    __tablename__ = "policy_choice"
    __table_args__ = (
        ref("unit_id", "core__unit"),
        ref("policy_id", "core__policy"),
        Index(None, "company_id", "plugin", "unit_id", "valid_from"),
    )

    plugin: Mapped[str]
    unit_id: Mapped[uuid.UUID | None]
    policy_id: Mapped[uuid.UUID | None]
    valid_from: Mapped[datetime]
    reason: Mapped[str] = mapped_column(default="")
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    withdrawn_at: Mapped[datetime | None]
