"""Organisation 组织: sites, departments, staff members, posts, stand-ins.

A staff member may work without a login; a user may belong to several companies. Heads, superiors
and stand-ins are resolved at the moment of use from these rows, never copied.
"""

from __future__ import annotations

import uuid
from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from zhike import clock
from zhike.db.base import ref
from zhike.models.base import CoreModel


class Unit(CoreModel):
    """A node of the company's tree: a site 案场/门店/网点 or a department 部门.

    ``tz`` is an IANA zone; empty means the company's. ``code`` is short and used in numbers
    (编号), unique in the company.
    """

    __tablename__ = "unit"
    __table_args__ = (
        ref("parent_id", "core__unit"),
        UniqueConstraint("company_id", "code"),
        CheckConstraint("kind IN ('site', 'department')", name="kind"),
    )

    parent_id: Mapped[uuid.UUID | None]
    kind: Mapped[str]
    code: Mapped[str]
    name: Mapped[str]
    tz: Mapped[str] = mapped_column(default="")
    sort: Mapped[int] = mapped_column(Integer(), default=0)
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    closed_at: Mapped[datetime | None]


class Staff(CoreModel):
    """A staff member 员工, with or without a login.

    ``number`` is the 工号, unique in the company when given. The phone is sealed
    (``phone_sealed``) and matched by its blind index.
    """

    __tablename__ = "staff"
    __table_args__ = (
        UniqueConstraint("company_id", "number"),
        UniqueConstraint("company_id", "user_id"),
        CheckConstraint("status IN ('active', 'left')", name="status"),
    )

    number: Mapped[str | None]
    name: Mapped[str] = mapped_column(info={"personal": "name"})
    user_id: Mapped[uuid.UUID | None] = mapped_column(
        ForeignKey("core__user.id", ondelete="RESTRICT")
    )
    status: Mapped[str] = mapped_column(default="active")
    phone_sealed: Mapped[bytes | None] = mapped_column(info={"personal": "phone"})
    phone_index: Mapped[bytes | None]
    joined_on: Mapped[date | None]
    left_on: Mapped[date | None]
    created_at: Mapped[datetime] = mapped_column(default=clock.now)


class Post(CoreModel):
    """A post 岗位 held by a staff member in a unit, from–until (last day included).

    ``rank`` orders authority: the larger, the higher. ``is_head`` marks the head 负责人.
    """

    __tablename__ = "post"
    __table_args__ = (
        ref("staff_id", "core__staff"),
        ref("unit_id", "core__unit"),
        Index(None, "company_id", "unit_id"),
        Index(None, "company_id", "staff_id"),
    )

    staff_id: Mapped[uuid.UUID]
    unit_id: Mapped[uuid.UUID]
    title: Mapped[str]
    rank: Mapped[int] = mapped_column(Integer(), default=0)
    is_head: Mapped[bool] = mapped_column(default=False)
    valid_from: Mapped[date]
    valid_until: Mapped[date | None]


class StandIn(CoreModel):
    """A stand-in 代理: who acts for a staff member from–until (last day included)."""

    __tablename__ = "stand_in"
    __table_args__ = (
        ref("staff_id", "core__staff"),
        ref("deputy_id", "core__staff"),
        Index(None, "company_id", "staff_id"),
        CheckConstraint("staff_id <> deputy_id", name="other"),
    )

    staff_id: Mapped[uuid.UUID]
    deputy_id: Mapped[uuid.UUID]
    valid_from: Mapped[date]
    valid_until: Mapped[date | None]
    reason: Mapped[str] = mapped_column(default="")
