"""Demo data 示例数据: taking a company that was made for trying away again.

Everything of it goes but its ledger, which nobody can shorten, and the row of the company itself,
closed: the ledger's lines belong to it. Only a company that is marked as a demo can be removed.
"""

from __future__ import annotations

import uuid

import sqlalchemy as sa
from sqlalchemy import select

from zhike import clock
from zhike.db.base import Base
from zhike.db.session import Actor
from zhike.errors import Conflict, UserError
from zhike.i18n import _
from zhike.models.company import Company
from zhike.models.device import Device
from zhike.models.people import LoginSession, Membership, User
from zhike.services import ledger, people
from zhike.site import Site

_KEPT = frozenset({"core__ledger", "core__ledger_head"})


def _tables() -> list[sa.Table]:
    """Tables of company data, those that refer to others first."""
    return [
        table
        for table in reversed(Base.metadata.sorted_tables)
        if "company_id" in table.primary_key.columns and table.name not in _KEPT
    ]


def count(site: Site, company_id: int) -> int:
    """How many rows would go."""
    with site.unscoped("count a company's demo data", write=False) as s:
        return sum(
            s.scalar(
                select(sa.func.count()).select_from(table).where(table.c.company_id == company_id)
            )
            or 0
            for table in _present(s, _tables())
        )


def _present(s: sa.orm.Session, tables: list[sa.Table]) -> list[sa.Table]:
    known = set(sa.inspect(s.connection()).get_table_names())
    return [table for table in tables if table.name in known]


def remove(site: Site, company_id: int, *, typed: str, actor: Actor) -> int:
    """Remove a demo company's data, close it, and end all its sign-ins; returns the rows removed.

    ``typed`` is its name, as the person typed it. Raises ``Conflict`` for a company that is no demo
    and ``UserError`` for another name.
    """
    with site.transaction(company_id, actor) as s:
        company = s.get(Company, company_id)
        if company is None or not company.is_demo:
            raise Conflict(_("Only a company made as a demo can be removed."), code="no_demo")
        if typed.strip() != company.name:
            raise UserError(_("The name does not match."), field="confirm_name", code="name")
        ledger.append(s, "core.demo.removed", body={"name": company.name})
    with site.unscoped("remove a company's demo data") as s:
        connection = s.connection()
        tables = _present(s, _tables())
        for table in tables:  # a row that refers to one of its own kind would stand in the way
            for key in table.foreign_key_constraints:
                column = list(key.columns)[-1] if len(key.columns) > 1 else None
                if key.referred_table is table and column is not None and column.nullable:
                    connection.execute(
                        sa.update(table)
                        .where(table.c.company_id == company_id)
                        .values({column.name: None})
                    )
        removed = 0
        for table in tables:
            if table.name != Membership.__tablename__:
                gone = sa.delete(table).where(table.c.company_id == company_id)
                removed += int(connection.execute(gone).rowcount)
        members = list(
            s.scalars(select(Membership.user_id).where(Membership.company_id == company_id))
        )
        _close(s, company_id, members)
    return removed


def _close(s: sa.orm.Session, company_id: int, members: list[uuid.UUID]) -> None:
    now = clock.now()
    s.execute(
        sa.update(LoginSession)
        .where(LoginSession.company_id == company_id, LoginSession.revoked_at.is_(None))
        .values(revoked_at=now)
    )
    s.execute(
        sa.update(Device)
        .where(Device.company_id == company_id)
        .values(revoked_at=now, token_hash=None, code_hash=None)
    )
    s.execute(sa.delete(Membership).where(Membership.company_id == company_id))
    for user_id in members:
        user = s.get(User, user_id)
        elsewhere = s.scalar(select(Membership.company_id).where(Membership.user_id == user_id))
        if user is not None and elsewhere is None and not user.is_system_admin:
            people.disable(s, user_id)  # type: ignore[arg-type]  # global tables only
    company = s.get(Company, company_id)
    assert company is not None
    company.closed_at, company.generation = now, company.generation + 1
    s.flush()
