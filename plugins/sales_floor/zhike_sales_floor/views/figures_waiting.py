"""When visitors come and how long they wait; whose protection and which follow-ups run out."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

from flask import request, url_for

from zhike.api import (
    BarChart,
    Empty,
    Facet,
    GroupedChart,
    HeatChart,
    Table,
    TableColumn,
    _,
    report_page,
)
from zhike_sales_floor import permissions as may
from zhike_sales_floor.services import figures
from zhike_sales_floor.views._common import bp
from zhike_sales_floor.views._figures import a_report, minutes, mmdd, scope_of


@bp.get("/floor/<uuid:unit_id>/figures/waiting", permission=may.FIGURES)
def waiting(unit_id: uuid.UUID) -> Any:
    """How long visitors wait until somebody receives them, hour by hour."""
    scope = scope_of(unit_id)
    came = figures.parties(scope.s, unit_id, *scope.days, own=scope.own)
    waits = figures.waits(came)
    by_hour = figures.waits_by_hour(came)
    unserved = sum(1 for party in came if party.state == "left_unserved")
    rows = [
        {
            "id": hour,
            "hour": f"{hour}:00–{hour + 1}:00",
            "n": len(values),
            "median": minutes(figures.median(values)),
            "most": minutes(figures.median(values, 0.9)),
            "longest": minutes(values[-1]),
        }
        for hour, values in by_hour.items()
    ]
    report = a_report(
        scope,
        "waiting",
        question=_("How long do visitors wait?"),
        answer=_(
            "Half of %(n)s parties were received within %(half)s, nine in ten within %(most)s; the "
            "longest wait was %(longest)s, and %(left)s left unserved.",
            n=len(waits),
            half=minutes(figures.median(waits)),
            most=minutes(figures.median(waits, 0.9)),
            longest=minutes(waits[-1]),
            left=unserved,
        )
        if waits
        else _("Nobody was received in this period."),
        charts=(
            BarChart(
                id="hours",
                title=_("Nine in ten were received within, by hour of arrival"),
                rows=[
                    (f"{hour}:00", round((figures.median(values, 0.9) or 0) / 60, 1))
                    for hour, values in by_hour.items()
                ],
                unit=_("minutes"),
            ),
        ),
        table=Table(
            caption=_("By hour of arrival"),
            columns=(
                TableColumn("hour", _("Arrived"), phone="title"),
                TableColumn("n", _("Received"), kind="num"),
                TableColumn("median", _("Half within")),
                TableColumn("most", _("Nine in ten within")),
                TableColumn("longest", _("Longest")),
            ),
            rows=rows,
        ),
        note=_("From the arrival at the desk to the begin of the reception."),
        empty=Empty(_("Nobody was received in this period."), icon="hourglass-split"),
    )
    return report_page(report)


@bp.get("/floor/<uuid:unit_id>/figures/hours", permission=may.FIGURES)
def busy_hours(unit_id: uuid.UUID) -> Any:
    """When visitors come: weekday by hour."""
    scope = scope_of(unit_id)
    came = figures.parties(scope.s, unit_id, *scope.days, own=scope.own)
    counts = figures.hours(came)
    days = (
        _("Monday"), _("Tuesday"), _("Wednesday"), _("Thursday"), _("Friday"), _("Saturday"),
        _("Sunday"),
    )  # fmt: skip
    every = [hour for _day, hour in counts]
    axis = list(range(min(every, default=9), max(every, default=17) + 1))
    busiest = max(counts, key=lambda key: (counts[key], -key[0], -key[1]), default=None)
    report = a_report(
        scope,
        "busy_hours",
        question=_("When do visitors come?"),
        answer=_(
            "Most come on %(day)s from %(hour)s o'clock: %(n)s of %(all)s parties.",
            day=days[busiest[0]],
            hour=busiest[1],
            n=counts[busiest],
            all=len(came),
        )
        if busiest
        else _("Nobody came in this period."),
        charts=(
            HeatChart(
                id="hours",
                title=_("Parties by weekday and hour of arrival"),
                corner=_("Weekday"),
                columns=[str(hour) for hour in axis],
                rows=days,
                values=[[counts.get((d, hour), 0) for hour in axis] for d in range(7)],
                unit=_("parties"),
            ),
        ),
        table=Table(
            caption=_("By weekday"),
            columns=(
                TableColumn("day", _("Weekday"), phone="title"),
                TableColumn("n", _("Parties"), kind="num"),
                TableColumn("hour", _("Busiest hour")),
            ),
            rows=[_weekday(d, name, counts) for d, name in enumerate(days)] if came else [],
        ),
        empty=Empty(_("Nobody came in this period."), icon="clock-history"),
    )
    return report_page(report)


def _weekday(number: int, name: str, counts: dict[tuple[int, int], int]) -> dict[str, Any]:
    mine = {hour: n for (day, hour), n in counts.items() if day == number}
    top = max(mine, key=lambda hour: (mine[hour], -hour), default=None)
    return {
        "id": number,
        "day": name,
        "n": sum(mine.values()),
        "hour": "–" if top is None else f"{top}:00–{top + 1}:00",
    }


_AHEAD = ("3", "7", "14", "30")


@bp.get("/floor/<uuid:unit_id>/figures/protection", permission=may.FIGURES)
def protection_ahead(unit_id: uuid.UUID) -> Any:
    """Whose protection runs out in the next days, under the regulation's own clock."""
    scope = scope_of(unit_id)
    asked = request.args.get("days", "7")
    ahead = int(asked) if asked in _AHEAD else 7
    found = figures.protection(scope.s, unit_id, ahead, own=scope.own)
    more = len(found) > figures.ahead.LISTED
    found = found[: figures.ahead.LISTED]
    axis = [scope.today + timedelta(days=n) for n in range(ahead + 1)]
    owners: dict[uuid.UUID | None, int] = {}
    for line in found:
        owners[line.owner_id] = owners.get(line.owner_id, 0) + 1
    ranked = sorted(owners.items(), key=lambda item: -item[1])
    report = a_report(
        scope,
        "protection_ahead",
        timed=False,
        question=_("Whose protection runs out?"),
        answer=_(
            "The protection of %(n)s customers ends within %(days)s days, of %(today)s today.",
            n=f"{len(found)}+" if more else len(found),
            days=ahead,
            today=sum(1 for line in found if line.until == scope.today),
        )
        if found
        else _("No protection ends within %(days)s days.", days=ahead),
        charts=(
            BarChart(
                id="days",
                title=_("Last day of protection"),
                rows=[
                    (
                        _("today") if day == scope.today else mmdd(day),
                        sum(1 for line in found if line.until == day),
                        "breach" if day == scope.today else "",
                    )
                    for day in axis
                ],
                unit=_("customers"),
            ),
            BarChart(
                id="owners",
                title=_("Whose customers"),
                rows=[(scope.name(owner), n) for owner, n in ranked[:12]],
                unit=_("customers"),
            ),
        ),
        table=Table(
            caption=_("Customers"),
            columns=(
                TableColumn("name", _("Customer"), phone="title"),
                TableColumn("owner", _("Owner")),
                TableColumn("grade", _("Class")),
                TableColumn("until", _("Last day"), kind="date"),
                TableColumn("last", _("Last contact"), kind="date"),
            ),
            rows=[
                {
                    "id": line.customer_id,
                    "name": line.name or _("unknown visitor"),
                    "owner": scope.name(line.owner_id),
                    "grade": line.grade,
                    "until": line.until,
                    "last": line.last_contact_on,
                }
                for line in found
            ],
            row_url=lambda row: url_for(".customer", unit_id=unit_id, customer_id=row["id"]),
        ),
        facets=(
            Facet(
                "days",
                _("Within"),
                tuple((n, _("%(n)s days", n=n)) for n in _AHEAD),
                default="7",
            ),
        ),
        note=_(
            "The last day is as the regulation in force counts it: from the last contact, or from "
            "the day the record was opened."
        ),
        empty=Empty(
            _("No protection ends soon."),
            _("Customers whose owner has to call stand here in time."),
            icon="shield-check",
        ),
    )
    return report_page(report)


@bp.get("/floor/<uuid:unit_id>/figures/overdue", permission=may.FIGURES)
def overdue(unit_id: uuid.UUID) -> Any:
    """Follow-ups that should have happened before today, owner by owner."""
    scope = scope_of(unit_id)
    lines = figures.overdue(scope.s, unit_id, own=scope.own)
    total = sum(line.total for line in lines)
    groups = (_("1–3 days"), _("4–7 days"), _("8–14 days"), _("15 days and more"))
    report = a_report(
        scope,
        "overdue",
        timed=False,
        question=_("Which follow-ups are overdue?"),
        answer=_(
            "%(n)s follow-ups are overdue, the oldest since %(day)s.",
            n=total,
            day=min(line.oldest for line in lines),
        )
        if lines
        else _("None: every planned follow-up was made or lies ahead."),
        charts=(
            GroupedChart(
                id="ages",
                title=_("Overdue follow-ups by age"),
                names=groups,
                rows=[(scope.name(line.owner_id), line.ages) for line in lines[:12]],
                unit=_("customers"),
            ),
        ),
        table=Table(
            caption=_("Owner by owner"),
            columns=(
                TableColumn("owner", _("Owner"), phone="title"),
                *(TableColumn(f"age{n}", words, kind="num") for n, words in enumerate(groups)),
                TableColumn("total", _("Together"), kind="num"),
                TableColumn("oldest", _("Oldest"), kind="date"),
            ),
            rows=[
                {
                    "id": line.owner_id or "",
                    "owner": scope.name(line.owner_id),
                    **{f"age{n}": count for n, count in enumerate(line.ages)},
                    "total": line.total,
                    "oldest": line.oldest,
                }
                for line in lines
            ],
            row_url=lambda row: url_for(
                ".customer_list", unit_id=unit_id, due="follow_up", owner=row["id"] or None
            ),
        ),
        empty=Empty(
            _("Nothing is overdue."),
            _("Follow-ups are planned on the customer's page or with a logged contact."),
            icon="check2-circle",
        ),
    )
    return report_page(report)
