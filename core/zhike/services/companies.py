"""Companies 公司 and the generation number that keeps every process's caches true."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeVar

from sqlalchemy import select, update

from zhike.db.session import CompanySession, SystemSession
from zhike.errors import UserError
from zhike.i18n import _
from zhike.models.company import Company

T = TypeVar("T")

#: Set in the ``info`` of a session that has moved the generation on: what it reads under that
#: number may still be rolled back, so it is not for caches.
BUMPED = "zhike_generation_bumped"
_SLUG = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?")


def create_company(
    s: SystemSession, *, slug: str, name: str, tz: str = "Asia/Shanghai", is_demo: bool = False
) -> Company:
    """Create a company and return it with its number.

    ``slug`` is 1–40 lower-case letters, digits and hyphens, unique on the site. Raises
    :class:`~zhike.errors.UserError` for a bad or taken one.
    """
    if not _SLUG.fullmatch(slug):
        raise UserError(
            _("Use 1 to 40 lower-case letters, digits and hyphens."), field="slug", code="slug"
        )
    if s.scalar(select(Company.id).where(Company.slug == slug)) is not None:
        raise UserError(_("This short name is already taken."), field="slug", code="taken")
    company = Company(slug=slug, name=name.strip(), short_name=name.strip(), tz=tz, is_demo=is_demo)
    s.add(company)
    s.flush()
    return company


def company_of(s: CompanySession) -> Company:
    """The session's company; read once per session."""
    company = s.get(Company, s.company_id)
    if company is None:
        raise UserError(_("This company does not exist."), status=404, code="not_found")
    return company


def rename(s: CompanySession, *, name: str, short_name: str, tz: str) -> None:
    """Change what the company is called, and its time zone; ``tz`` is an IANA name.

    Raises :class:`~zhike.errors.UserError` for an empty name.
    """
    from zhike.services import ledger  # which needs this module

    if not name.strip():
        raise UserError(_("Please give a name."), field="name")
    bump_generation(s)
    row = company_of(s)
    before = {"name": row.name, "short_name": row.short_name, "tz": row.tz}
    row.name, row.short_name, row.tz = name.strip(), short_name.strip(), tz
    s.flush()
    after = {"name": row.name, "short_name": row.short_name, "tz": row.tz}
    if after != before:
        ledger.append(s, "core.company.changed", body={"before": before, "after": after})


def generation_of(s: CompanySession) -> int:
    """The company's generation as this session sees it; caches are keyed by it."""
    known = s.info.get("generation")
    if isinstance(known, int):
        return known
    value = s.scalar(select(Company.generation).where(Company.id == s.company_id))
    generation = int(value or 0)
    s.info["generation"] = generation
    return generation


def remembered(s: CompanySession, name: str, read: Callable[[], T]) -> T:
    """What ``read()`` gives, read once a process for each generation of the session's company.

    For what changes rarely and is asked by every page; whoever changes it calls
    :func:`bump_generation` in the same transaction. ``name`` is the caller's own and tells his
    things apart; the value is shared between threads, so it must not be changed.
    """
    if s.info.get(BUMPED):  # its number is not committed yet
        return read()
    key = (name, s.company_id)
    generation = generation_of(s)
    known = s.site.remembered.get(key)
    if known is not None and known[0] == generation:
        found: T = known[1]
        return found
    fresh = read()
    s.site.remembered[key] = (generation, fresh)
    return fresh


def bump_generation(s: CompanySession) -> None:
    """Make every process read anew what it caches about this company, once this commits.

    Also takes the company row's lock, so that two changes of plugins, roles or policies of one
    company happen one after the other.
    """
    s.execute(
        update(Company)
        .where(Company.id == s.company_id)
        .values(generation=Company.generation + 1)
        .execution_options(synchronize_session=False)
    )
    s.info.pop("generation", None)
    s.info[BUMPED] = True
    company = s.identity_map.get(s.identity_key(Company, s.company_id))
    if company is not None:
        s.expire(company)
