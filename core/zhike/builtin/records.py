"""How the core's own records are named where others refer to them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from zhike.contributions import N_, RecordKind, RecordRef, RecordSummary
from zhike.hookspecs import hookimpl
from zhike.models.organisation import Staff
from zhike.models.party import Party


def _party(s: Any, ref: RecordRef, principal: Any) -> RecordSummary | None:
    """A customer by name, or by what is left of the number, for whoever may see customers there."""
    row = s.find(Party, ref.id)
    if row is None or not principal.can("core.party.view", row.owner_unit_id):
        return None
    return RecordSummary(row.name or row.phone_masked)


def _staff(s: Any, ref: RecordRef, principal: Any) -> RecordSummary | None:
    """A colleague by name; his page is for those who keep the organisation."""
    row = s.find(Staff, ref.id)
    if row is None:
        return None
    keeps = principal.can("core.organisation")
    return RecordSummary(row.name, f"/admin/organisation/staff/{row.id}" if keeps else None)


@hookimpl
def register_record_kinds() -> Sequence[RecordKind]:
    """Customers and staff."""
    return (
        RecordKind(name="core.party", title=N_("Customer"), describe=_party),
        RecordKind(name="core.staff", title=N_("Staff member"), describe=_staff),
    )
