"""Values that somebody chose; what nobody chose is the default beside the form."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from zhike import clock
from zhike.db.types import JSONType
from zhike.models.base import CoreGlobal, CoreModel


class Setting(CoreModel):
    """A company's value of one key of one plugin's settings form 设置."""

    __tablename__ = "setting"
    __table_args__ = (UniqueConstraint("company_id", "plugin", "key"),)

    plugin: Mapped[str]
    key: Mapped[str]
    value: Mapped[Any] = mapped_column(JSONType)
    changed_at: Mapped[datetime] = mapped_column(default=clock.now)
    changed_by: Mapped[str] = mapped_column(default="")


class SystemSetting(CoreGlobal):
    """The same for the whole site, where the form's level is ``system``."""

    __tablename__ = "system_setting"

    plugin: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[Any] = mapped_column(JSONType)
    changed_at: Mapped[datetime] = mapped_column(default=clock.now)
    changed_by: Mapped[str] = mapped_column(default="")
