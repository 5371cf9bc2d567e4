"""Do turns come round evenly, and how many new customers buy?"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from typing import Any

from flask import request

from zhike.api import Empty, Facet, GroupedChart, Table, TableColumn, _, report_page
from zhike_sales_floor import permissions as may
from zhike_sales_floor.services import figures
from zhike_sales_floor.views._common import bp
from zhike_sales_floor.views._figures import Scope, a_report, percent, scope_of, steps

#: The counts of a rep's turns, in the order of the columns.
_TURNS = ("days", "due", "taken", "tickets", "uncounted", "missed", "lost", "issued", "owed")


@bp.get("/floor/<uuid:unit_id>/figures/turns", permission=may.FIGURES)
def fairness(unit_id: uuid.UUID) -> Any:
    """Whether turns come round evenly: due, taken, missed, owed, rep by rep."""
    scope = scope_of(unit_id)
    lines = figures.turns(scope.s, unit_id, *scope.days, own=scope.own)
    everybody = lines if scope.own is None else figures.turns(scope.s, unit_id, *scope.days)
    report = a_report(
        scope,
        "fairness",
        question=_("Do turns come round evenly?"),
        answer=_fair(scope, figures.spread(everybody), lines),
        charts=(
            GroupedChart(
                id="turns",
                title=_("Turns due, missed, received"),
                names=(_("turns due"), _("missed or lost"), _("received")),
                rows=[
                    (scope.name(t.staff_id), (t.due, t.missed + t.lost, t.counted)) for t in lines
                ],
                unit=_("turns"),
                desc=_("Received are receptions by turn and by ticket."),
            ),
        ),
        table=Table(
            caption=_("Rep by rep"),
            columns=(
                TableColumn("rep", _("Rep"), phone="title"),
                TableColumn("days", _("Days signed in"), kind="num"),
                TableColumn("due", _("Turns due"), kind="num"),
                TableColumn("taken", _("By turn"), kind="num"),
                TableColumn("tickets", _("By ticket"), kind="num"),
                TableColumn("uncounted", _("Not counted"), kind="num"),
                TableColumn("missed", _("Missed"), kind="num"),
                TableColumn("lost", _("Received by another"), kind="num"),
                TableColumn("issued", _("Tickets given"), kind="num"),
                TableColumn("owed", _("Still owed today"), kind="num"),
                TableColumn("a_day", _("Turns a day"), kind="text"),
            ),
            rows=[
                {
                    "id": t.staff_id,
                    "rep": scope.name(t.staff_id),
                    **{key: getattr(t, key) for key in _TURNS},
                    "a_day": f"{t.counted / t.days:.1f}" if t.days else "–",
                }
                for t in lines
            ],
        ),
        note=_(
            "Voided visits are left out. A turn is missed where the pointer passed a rep for good, "
            "and owed where it passed him with a ticket."
        ),
        empty=Empty(_("Nobody is on the roster."), icon="people"),
    )
    return report_page(report)


def _fair(scope: Scope, found: figures.Spread | None, lines: Sequence[figures.Turns]) -> str:
    if found is None:
        return _("Fewer than two reps were there, so there is nothing to compare.")
    if scope.own is not None:
        mine = lines[0].counted if lines else 0
        return _(
            "You received %(n)s by turn or ticket; the others lie between %(few)s and %(most)s.",
            n=mine,
            few=found.fewest,
            most=found.most,
        )
    if not found.apart:
        return _("Yes: every rep who was there received %(n)s.", n=found.most)
    return _(
        "%(most)s received most with %(m)s, %(few)s fewest with %(f)s: %(apart)s apart.",
        most=scope.name(found.most_id),
        m=found.most,
        few=scope.name(found.fewest_id),
        f=found.fewest,
        apart=found.apart,
    )


@bp.get("/floor/<uuid:unit_id>/figures/conversion", permission=may.FIGURES)
def conversion(unit_id: uuid.UUID) -> Any:
    """How many of those who first came in a period went how far, by rep or by source."""
    scope = scope_of(unit_id)
    by_source = request.args.get("by") == "source"
    read: Callable[..., list[figures.Funnel]] = figures.by_source if by_source else figures.by_rep
    lines = read(scope.s, unit_id, *scope.days, own=scope.own)
    before = scope.period.previous()
    earlier = figures.whole(read(scope.s, unit_id, before.since, before.until, own=scope.own))
    found = figures.whole(lines)

    def label(line: figures.Funnel) -> str:
        if by_source:
            return line.key or _("source not asked")
        return scope.name(uuid.UUID(line.key) if line.key else None)

    keys = ("visited", "tracked", "reserved", "subscribed")
    report = a_report(
        scope,
        "conversion",
        question=_("How many of our new customers buy?"),
        answer=_bought(found, earlier),
        charts=(
            GroupedChart(
                id="steps",
                title=_("How far they have come"),
                names=(scope.period.words(), before.words()),
                rows=[
                    (step, pair)
                    for step, pair in zip(
                        steps(), zip(found.steps, earlier.steps, strict=True), strict=True
                    )
                ],
                unit=_("customers"),
            ),
            GroupedChart(
                id="by",
                title=_("By source") if by_source else _("By rep"),
                names=(_("came"), _("subscribed")),
                rows=[(label(line), (line.visited, line.subscribed)) for line in lines[:12]],
                unit=_("customers"),
            ),
        ),
        table=Table(
            caption=_("By source") if by_source else _("By rep"),
            columns=(
                TableColumn("who", _("Source") if by_source else _("Rep"), phone="title"),
                *(TableColumn(k, w, kind="num") for k, w in zip(keys, steps(), strict=True)),
                TableColumn("rate", _("Subscribed, share"), kind="share"),
            ),
            rows=[
                {
                    "id": line.key,
                    "who": label(line),
                    **dict(zip(keys, line.steps, strict=True)),
                    "rate": line.rate,
                }
                for line in lines
            ],
        ),
        facets=(Facet("by", _("Count"), (("", _("by rep")), ("source", _("by source")))),),
        note=_("Counted are customers by the day they first came, wherever they stand today."),
        empty=Empty(
            _("Nobody came for the first time in this period."),
            _("Choose a longer period, or an earlier one."),
            icon="funnel",
        ),
    )
    return report_page(report)


def _bought(found: figures.Funnel, earlier: figures.Funnel) -> str:
    if not found.visited:
        return _("Nobody came for the first time in this period.")
    now = _(
        "Of %(n)s who first came in this period %(sold)s have subscribed (%(rate)s).",
        n=found.visited,
        sold=found.subscribed,
        rate=percent(found.rate),
    )
    if earlier.rate is None:
        return now
    return now + _("In the period before it was %(rate)s.", rate=percent(earlier.rate))
