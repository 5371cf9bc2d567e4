"""How a site's day, week or month went, as a page and as a card of Today."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from flask import render_template, url_for

from zhike.api import (
    BarChart,
    Empty,
    LineChart,
    Period,
    Table,
    TableColumn,
    _,
    current,
    ngettext,
    organisation,
    reading,
    report_page,
)
from zhike_sales_floor import permissions as may
from zhike_sales_floor.services import figures
from zhike_sales_floor.views._common import bp, site_of
from zhike_sales_floor.views._figures import (
    Scope,
    a_report,
    minutes,
    mmdd,
    own_only,
    scope_of,
    steps,
)


@bp.get("/figures", permission=may.FIGURES)
def figures_home() -> Any:
    """The overview of the site at which the reader works."""
    return overview(site_of())


def _change(now: int | None, before: int | None) -> str:
    """How a number stands to the one of the period before, in words that need no colour."""
    if now is None or before is None:
        return _("nothing to compare with")
    if now == before:
        return _("as before")
    sign = "+" if now > before else "−"
    return _("before %(n)s (%(change)s)", n=before, change=f"{sign}{abs(now - before)}")


@bp.get("/floor/<uuid:unit_id>/figures", permission=may.FIGURES, endpoint="figures")
def overview(unit_id: uuid.UUID) -> Any:
    """How a day, a week or a month went, beside the one before."""
    scope = scope_of(unit_id, "week")
    s, own, (since, until) = scope.s, scope.own, scope.days
    before = scope.period.previous()
    both = figures.parties(s, unit_id, before.since, until)
    came = [p for p in both if p.day >= since]
    mine = [p for p in came if own is None or p.staff_id == own]
    mine_before = [p for p in both if p.day < since and own in (None, p.staff_id)]
    now, then = figures.summaries(
        s, unit_id, [(since, until), (before.since, before.until)], own=own, came=both
    )
    late = figures.overdue(s, unit_id, own=own)
    ending = figures.protection(s, unit_id, 7, own=own)
    turns = figures.turns(s, unit_id, since, until, own=own, came=came)
    lines = figures.by_rep(s, unit_id, since, until, own=own)
    funnel = figures.whole(lines)
    apart = figures.apart(s, unit_id, since, until, own=own)
    here: dict[str, Any] = {"unit_id": unit_id, **scope.period.args}
    numbers = [
        (_("Parties"), now.came, _change(now.came, then.came), "busy_hours"),
        (_("New customers"), now.new, _change(now.new, then.new), "conversion"),
        (_("Left unserved"), now.unserved, _change(now.unserved, then.unserved), "waiting"),
        (_("Contacts logged"), now.contacts, _change(now.contacts, then.contacts), ""),
        (_("Small reservations"), now.reserved, _change(now.reserved, then.reserved), ""),
        (
            _("Subscriptions"),
            now.subscribed,
            _change(now.subscribed, then.subscribed),
            "conversion",
        ),
        (_("Refunds"), now.refunded, _change(now.refunded, then.refunded), ""),
    ]
    stats = [
        {
            "label": label,
            "value": value,
            "note": note,
            "url": url_for(f".{to}", **here) if to else "",
        }
        for label, value, note, to in numbers
    ]
    stats.insert(
        3,
        {
            "label": _("Waiting, median"),
            "value": minutes(now.wait),
            "note": _("before %(n)s", n=minutes(then.wait)),
            "url": url_for(".waiting", **here),
        },
    )
    waiting = [
        {
            "label": _("Overdue follow-ups"),
            "value": sum(line.total for line in late),
            "tone": "breach" if late else "done",
            "note": _("today"),
            "url": url_for(".overdue", unit_id=unit_id),
        },
        {
            "label": _("Protection ends in 7 days"),
            "value": len(ending),
            "tone": "attention" if ending else "done",
            "note": _("today"),
            "url": url_for(".protection_ahead", unit_id=unit_id),
        },
    ]
    if current().can(may.RULE, unit_id):
        waiting.append(
            {
                "label": _("Acts otherwise than the regulation"),
                "value": apart.total,
                "tone": "attention" if apart.total else "done",
                "note": scope.period.words(),
                "url": url_for(".differences", **here),
            }
        )
    table = Table(
        caption=_("Rep by rep"),
        columns=(
            TableColumn("rep", _("Rep"), phone="title"),
            TableColumn("counted", _("Turns and tickets"), kind="num"),
            TableColumn("uncounted", _("Other receptions"), kind="num"),
            TableColumn("visited", _("New customers"), kind="num"),
            TableColumn("subscribed", _("of these subscribed"), kind="num"),
            TableColumn("late", _("Overdue follow-ups"), kind="num"),
        ),
        rows=_reps(scope, turns, lines, late),
    )
    report = a_report(
        scope,
        "figures",
        question={
            "day": _("How did the day go?"),
            "week": _("How did the week go?"),
            "month": _("How did the month go?"),
        }.get(scope.period.span, _("How did these days go?")),
        answer=_went(now, then),
        charts=(
            _coming(scope, mine, mine_before, before),
            BarChart(
                id="turns",
                title=_("Turns and tickets, rep by rep"),
                rows=[(scope.name(line.staff_id), line.counted) for line in turns],
                unit=_("receptions"),
            ),
            BarChart(
                id="funnel",
                title=_("How far the new customers of these days have come"),
                rows=list(zip(steps(), funnel.steps, strict=True)),
                unit=_("customers"),
            ),
            BarChart(
                id="late",
                title=_("Overdue follow-ups, today"),
                rows=[(scope.name(line.owner_id), line.total, "breach") for line in late],
                unit=_("customers"),
            ),
        ),
        table=table,
        empty=Empty(
            _("Nothing happened here yet."),
            _("Once visitors are received, their figures stand here."),
            icon="bar-chart",
        ),
    )
    return report_page(report, "sales_floor/figures.html", stats=stats, waiting=waiting)


def _went(now: figures.Summary, then: figures.Summary) -> str:
    if not now.came and not now.subscribed:
        return _("Nobody came in this period.")
    came = ngettext("%(num)d party came", "%(num)d parties came", now.came)
    if now.came > then.came:
        change = _("%(n)s more than in the period before", n=now.came - then.came)
    elif now.came < then.came:
        change = _("%(n)s fewer than in the period before", n=then.came - now.came)
    else:
        change = _("as many as in the period before")
    return _(
        "%(came)s, %(change)s; %(new)s new customers, %(sold)s subscriptions.",
        came=came,
        change=change,
        new=now.new,
        sold=now.subscribed,
    )


def _coming(
    scope: Scope,
    came: Sequence[figures.Party],
    came_before: Sequence[figures.Party],
    before: Period,
) -> LineChart:
    """Parties by hour of a day, else by day, with the period before as the second line."""
    counts: list[list[int | None]]
    if scope.period.days == 1:
        span = [p.hour for p in (*came, *came_before)]
        axis = range(min(span, default=9), max(span, default=17) + 1)
        labels = [f"{hour}:00" for hour in axis]
        counts = [
            [sum(1 for p in some if p.hour == hour) for hour in axis]
            for some in (came, came_before)
        ]
    else:
        labels = [mmdd(day) for day in scope.period.dates]
        # What has not happened yet is no zero, and months differ in length.
        counts = [
            [
                sum(1 for p in came if p.day == day) if day <= scope.today else None
                for day in scope.period.dates
            ],
            [sum(1 for p in came_before if p.day == day) for day in before.dates],
        ]
        counts[1] = [*counts[1], *[None] * len(labels)][: len(labels)]
    return LineChart(
        id="coming",
        title=_("Parties by hour") if scope.period.days == 1 else _("Parties by day"),
        labels=labels,
        series=list(zip((scope.period.words(), before.words()), counts, strict=True)),
        unit=_("parties"),
    )


def _reps(
    scope: Scope,
    turns: Sequence[figures.Turns],
    lines: Sequence[figures.Funnel],
    late: Sequence[figures.Overdue],
) -> list[dict[str, Any]]:
    funnels = {line.key: line for line in lines}
    overdue_of = {line.owner_id: line.total for line in late}
    return [
        {
            "id": line.staff_id,
            "rep": scope.name(line.staff_id),
            "counted": line.counted,
            "uncounted": line.uncounted,
            "visited": found.visited if (found := funnels.get(str(line.staff_id))) else 0,
            "subscribed": found.subscribed if found else 0,
            "late": overdue_of.get(line.staff_id, 0),
        }
        for line in turns
    ]


def card(me: Any) -> str:
    """The card of the Today page: this week beside the last, in four numbers."""
    if me.unit is None:
        return ""
    unit_id = site_of()
    s = reading()
    own = own_only(unit_id)
    week = Period.around("week", organisation.today(s, unit_id))
    before = week.previous()
    now, then = figures.summaries(
        s, unit_id, [(week.since, week.until), (before.since, before.until)], own=own
    )
    late = sum(line.total for line in figures.overdue(s, unit_id, own=own))
    return render_template(
        "sales_floor/card_figures.html",
        unit_id=unit_id,
        stats=[
            (_("Parties"), now.came, _("last week %(n)s", n=then.came)),
            (_("New customers"), now.new, _("last week %(n)s", n=then.new)),
            (_("Subscriptions"), now.subscribed, _("last week %(n)s", n=then.subscribed)),
        ],
        late=late,
    )
