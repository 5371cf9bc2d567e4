"""What the reports share: whose figures, which period, the other reports, words."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date
from typing import Any

from flask import request, url_for

from zhike.api import (
    Chip,
    CompanySession,
    Period,
    Report,
    _,
    asked_period,
    current,
    organisation,
    reading,
)
from zhike_sales_floor import permissions as may
from zhike_sales_floor.views._common import Names, own_staff, staff_names, unit_name

NOBODY = uuid.UUID(int=0)


@dataclass(frozen=True)
class Scope:
    """Whose figures: of a site, in a period; ``own`` for a reader who sees only his own work."""

    s: CompanySession
    unit_id: uuid.UUID
    period: Period
    today: date
    own: uuid.UUID | None
    names: Names

    @property
    def days(self) -> tuple[date, date]:
        """First and last day."""
        return self.period.since, self.period.until

    def name(self, staff_id: uuid.UUID | None) -> str:
        """A rep's name, or that it is nobody's."""
        return self.names.get(staff_id, "") if staff_id else _("no owner")


def own_only(unit_id: uuid.UUID) -> uuid.UUID | None:
    """The reader himself where his right reaches only his own work, else None."""
    answer = current().require(may.FIGURES, unit_id)
    return (own_staff() or NOBODY) if answer.why == "own" else None


def scope_of(unit_id: uuid.UUID, default: str = "month") -> Scope:
    """Whose figures this request is about; ``default`` is the span of a plain address."""
    s = reading()
    today = organisation.today(s, unit_id)
    period = asked_period(request.args, today, default)
    return Scope(s, unit_id, period, today, own_only(unit_id), staff_names(s))


#: The reports in their order: endpoint and what it is called.
def _tabs() -> tuple[tuple[str, str, str], ...]:
    return (
        ("figures", _("Overview"), may.FIGURES),
        ("fairness", _("Turns"), may.FIGURES),
        ("conversion", _("Conversion"), may.FIGURES),
        ("waiting", _("Waiting times"), may.FIGURES),
        ("busy_hours", _("Busiest hours"), may.FIGURES),
        ("protection_ahead", _("Protection"), may.FIGURES),
        ("overdue", _("Follow-ups"), may.FIGURES),
        ("differences", _("Acts and regulation"), may.RULE),
    )


#: Those that are about a period, so that a step from one to the next keeps it.
_OF_A_PERIOD = ("figures", "fairness", "conversion", "waiting", "busy_hours", "differences")


def others(unit_id: uuid.UUID, here: str, period: Period | None) -> list[Chip]:
    """Links to the reports the reader may see, the present one marked."""
    kept: dict[str, Any] = dict(period.args) if period is not None else {}
    return [
        Chip(
            label,
            url_for(f".{name}", unit_id=unit_id, **(kept if name in _OF_A_PERIOD else {})),
            name == here,
        )
        for name, label, permission in _tabs()
        if current().can(permission, unit_id)
    ]


def a_report(scope: Scope, here: str, *, timed: bool = True, **parts: Any) -> Report:
    """The report ``here`` with what all of them share; ``timed`` where it has a period."""
    place = unit_name(scope.unit_id)
    if scope.own is not None:
        place = " · ".join((place, _("my own work")))
    period = scope.period if timed else None
    return Report(
        name=f"sales_floor.{here}",
        base_url=url_for(f".{here}", unit_id=scope.unit_id),
        period=period,
        others=others(scope.unit_id, here, period),
        place=place,
        may_export=bool(current().can(may.EXPORT, scope.unit_id)),
        **parts,
    )


def minutes(seconds: int | None) -> str:
    """A wait in words, exact: minutes and seconds."""
    if seconds is None:
        return "–"
    if seconds < 60:
        return _("%(n)s s", n=seconds)
    if seconds % 60 == 0:
        return _("%(n)s min", n=seconds // 60)
    return _("%(m)s min %(n)s s", m=seconds // 60, n=seconds % 60)


def percent(basis_points: int | None) -> str:
    """A share in words, a dash where there is none."""
    return "–" if basis_points is None else f"{basis_points / 100:g}%"


def mmdd(day: date) -> str:
    """A day under a chart."""
    return f"{day:%m-%d}"


def steps() -> tuple[str, str, str, str]:
    """What the steps of a conversion are called."""
    return _("came"), _("tracked"), _("reserved"), _("subscribed")
