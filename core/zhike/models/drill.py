"""The company's own drills 演练: what must keep coming out when a policy is changed."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import Index, Integer, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from zhike import clock
from zhike.models.base import CoreModel


class CompanyDrill(CoreModel):
    """A drill 演练 of the company, kept as the text a person wrote.

    It runs under the version at hand; while one that ``must_pass`` fails, publishing is refused.
    ``last_result`` is a short form of the last run, ``last_hash`` the policy hash it ran under.
    """

    __tablename__ = "drill"
    __table_args__ = (
        UniqueConstraint("company_id", "plugin", "name"),
        Index(None, "company_id", "policy_id"),
    )

    plugin: Mapped[str]
    policy_id: Mapped[uuid.UUID | None]
    name: Mapped[str]
    text: Mapped[str]
    must_pass: Mapped[bool] = mapped_column(default=True)
    origin: Mapped[str] = mapped_column(default="")
    last_run_at: Mapped[datetime | None]
    last_passed: Mapped[bool | None]
    last_hash: Mapped[str] = mapped_column(default="")
    last_result: Mapped[dict[str, Any] | None]
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    updated_at: Mapped[datetime] = mapped_column(default=clock.now, onupdate=clock.now)
    version: Mapped[int] = mapped_column(Integer(), default=1)

    __mapper_args__ = {"version_id_col": version}
