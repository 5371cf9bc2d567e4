"""How the core's own records are named where others refer to them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import select

from zhike.contributions import (
    N_,
    DeadlineHandler,
    Exporter,
    RecordKind,
    RecordPlace,
    RecordRef,
    RecordSummary,
)
from zhike.hookspecs import hookimpl
from zhike.i18n import _
from zhike.models.drill import CompanyDrill
from zhike.models.jobs import Deadline
from zhike.models.numbering import NumberingRule
from zhike.models.organisation import Post, Staff, Unit
from zhike.models.party import Party
from zhike.models.people import ApiToken, Membership, Role, User
from zhike.models.policy import PolicyRecord, PolicyVersion
from zhike.models.transfer import ExportLog, ImportBatch
from zhike.services import access


def _party(s: Any, ref: RecordRef, principal: Any) -> RecordSummary | None:
    """A customer by name, or by what is left of the number, for whoever may see customers there."""
    row = s.find(Party, ref.id)
    if row is None or not principal.can("core.party.view", row.owner_unit_id):
        return None
    return RecordSummary(row.name or row.phone_masked)


def _place_of_party(s: Any, ref: RecordRef) -> RecordPlace | None:
    row = s.find(Party, ref.id)
    return None if row is None else RecordPlace(row.owner_unit_id, by_owner=True)


def _staff(s: Any, ref: RecordRef, principal: Any) -> RecordSummary | None:
    """A colleague by name; his page is for those who keep the organisation."""
    row = s.find(Staff, ref.id)
    if row is None:
        return None
    keeps = principal.can("core.organisation")
    return RecordSummary(row.name, f"/admin/organisation/staff/{row.id}" if keeps else None)


def _of_panel(
    model: type[Any], permission: str, path: str, words: Callable[[Any], str]
) -> Callable[[Any, RecordRef, Any], RecordSummary | None]:
    """A record of the panel: named for everybody, linked for whoever may open its page."""

    def describe(s: Any, ref: RecordRef, principal: Any) -> RecordSummary | None:
        row = s.find(model, ref.id)
        if row is None:
            return None
        url = f"{path}/{row.id}" if principal.can(permission) else None
        return RecordSummary(words(row), url)

    return describe


def _user(s: Any, ref: RecordRef, principal: Any) -> RecordSummary | None:
    """A user of this company by name; accounts of others do not exist here."""
    row = s.get(User, ref.id)
    if row is None or s.get(Membership, (s.company_id, row.id)) is None:
        return None
    name = s.scalar(select(Staff.name).where(Staff.user_id == row.id)) or row.name
    return RecordSummary(
        f"{name} ({row.login})", f"/admin/users/{row.id}" if principal.can("core.users") else None
    )


def _version(s: Any, ref: RecordRef, principal: Any) -> RecordSummary | None:
    """A version by its regulation's name and its number."""
    row = s.find(PolicyVersion, ref.id)
    policy = s.find(PolicyRecord, row.policy_id) if row is not None else None
    if row is None or policy is None:
        return None
    number = _("version %(n)s", n=row.number) if row.number else _("draft")
    url = f"/admin/policies/versions/{row.id}" if principal.can("core.policy.view") else None
    return RecordSummary(f"{policy.name} · {number}", url)


def _post(s: Any, ref: RecordRef, principal: Any) -> RecordSummary | None:
    """A post by its holder, its place and its title."""
    row = s.find(Post, ref.id)
    if row is None:
        return None
    holder = _staff(s, RecordRef("core", "staff", row.staff_id), principal)
    place = s.find(Unit, row.unit_id)
    if holder is None or place is None:
        return None
    return RecordSummary(f"{holder.title} · {place.name} {row.title}", holder.url)


def _of_contribution(
    model: Any, field: str, kind: type[Any], permission: str, page: str
) -> Callable[[Any, RecordRef, Any], RecordSummary | None]:
    """Describe rows that name a contribution by that one's title; ``page`` lists them."""

    def describe(s: Any, ref: RecordRef, principal: Any) -> RecordSummary | None:
        row = s.find(model, ref.id)
        if row is None:
            return None
        name = getattr(row, field)
        known = s.site.plugins.registry.get(kind, name)
        title = _(known.value.title) if known is not None else name
        return RecordSummary(title, page if principal.can(permission) else None)

    return describe


def _numbering(s: Any, ref: RecordRef, principal: Any) -> RecordSummary | None:
    """A rule of numbers by what it numbers."""
    row = s.find(NumberingRule, ref.id)
    return None if row is None else RecordSummary(_(row.title))


def _token(s: Any, ref: RecordRef, principal: Any) -> RecordSummary | None:
    """An access token of this company by the name that its owner gave it."""
    row = s.get(ApiToken, ref.id)
    return None if row is None or row.company_id != s.company_id else RecordSummary(row.title)


@hookimpl
def register_record_kinds() -> Sequence[RecordKind]:
    """Customers, staff, and what the panel keeps."""
    return (
        RecordKind(name="core.party", title=N_("Customer"), describe=_party, place=_place_of_party),
        RecordKind(name="core.staff", title=N_("Staff member"), describe=_staff),
        RecordKind(
            name="core.unit",
            title=N_("Site or department"),
            describe=_of_panel(
                Unit, "core.organisation", "/admin/organisation/units", lambda row: row.name
            ),
        ),
        RecordKind(name="core.post", title=N_("Post"), describe=_post),
        RecordKind(name="core.user", title=N_("User"), describe=_user),
        RecordKind(
            name="core.role",
            title=N_("Role"),
            describe=_of_panel(
                Role,
                "core.roles",
                "/admin/roles",
                lambda row: access.role_title(row.title, row.preset),
            ),
        ),
        RecordKind(
            name="core.policy",
            title=N_("Regulation"),
            describe=_of_panel(
                PolicyRecord, "core.policy.view", "/admin/policies", lambda row: row.name
            ),
        ),
        RecordKind(name="core.policy_version", title=N_("Version"), describe=_version),
        RecordKind(
            name="core.drill",
            title=N_("Drill"),
            describe=_of_panel(CompanyDrill, "core.drill", "/admin/drills", lambda row: row.name),
        ),
        RecordKind(
            name="core.import_batch",
            title=N_("Import"),
            describe=_of_panel(
                ImportBatch,
                "core.import",
                "/admin/data/batches",
                lambda row: row.file_name or _("Import"),
            ),
        ),
        RecordKind(
            name="core.export",
            title=N_("Export"),
            describe=_of_contribution(
                ExportLog, "exporter", Exporter, "core.export", "/admin/data/exports"
            ),
        ),
        RecordKind(
            name="core.deadline",
            title=N_("Deadline"),
            describe=_of_contribution(
                Deadline, "kind", DeadlineHandler, "core.jobs", "/admin/jobs"
            ),
        ),
        RecordKind(name="core.numbering_rule", title=N_("Rule of numbers"), describe=_numbering),
        RecordKind(name="core.token", title=N_("Access token"), describe=_token),
    )
