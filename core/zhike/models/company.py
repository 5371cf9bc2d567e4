"""Company 公司: the tenant; its generation number makes every cache correct across processes."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, Integer, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from zhike import clock
from zhike.models.base import CoreGlobal


class Company(CoreGlobal):
    """One company 公司.

    ``id`` is internal and never shown; ``slug`` is what addresses and commands use.
    ``generation`` grows with every change of what is cached about the company (enabled plugins,
    roles, settings, policies in force): a process whose cached number differs reads anew.
    """

    __tablename__ = "company"
    __table_args__ = (UniqueConstraint("slug"),)

    id: Mapped[int] = mapped_column(
        BigInteger().with_variant(Integer(), "sqlite"), primary_key=True, autoincrement=True
    )
    slug: Mapped[str]
    name: Mapped[str]
    short_name: Mapped[str] = mapped_column(default="")
    tz: Mapped[str] = mapped_column(default="Asia/Shanghai")
    locale: Mapped[str] = mapped_column(default="zh_Hans")
    generation: Mapped[int] = mapped_column(Integer(), default=1)
    is_demo: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    closed_at: Mapped[datetime | None]
