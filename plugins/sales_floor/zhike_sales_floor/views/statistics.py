"""Statistics of a day, week or month: figures, comparison, the manager's words, the closing."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from flask import redirect, request, url_for
from werkzeug.wrappers import Response

from zhike.api import CompanySession, NotFound, _, current, organisation, page, reading
from zhike.api import forms as paper
from zhike_sales_floor import documents_statistics, forms_office, words
from zhike_sales_floor import permissions as may
from zhike_sales_floor.models_office import Sheet
from zhike_sales_floor.services import counts, live, statistics
from zhike_sales_floor.services.duties import duties
from zhike_sales_floor.views._common import (
    Names,
    bp,
    doing,
    posted,
    shown_status,
    site_of,
    staff_names,
    unit_name,
)
from zhike_sales_floor.views._papers import answer
from zhike_sales_floor.views.minutes import day_of

_AT = "/floor/<uuid:unit_id>/statistics/<any(day, week, month):kind>/<start>"


@bp.get("/statistics", permission=may.OFFICE)
def statistics_home() -> Any:
    """The figures of today at the site at which the reader works."""
    unit_id = site_of()
    today = organisation.today(reading(), unit_id).isoformat()
    return redirect(url_for(".statistics_of", unit_id=unit_id, kind="day", start=today), 302)


@bp.route(_AT, methods=["GET", "POST"], permission=may.OFFICE)
def statistics_of(unit_id: uuid.UUID, kind: str, start: str) -> Any:
    """The figures of a stretch beside those of the one before, and what is written about them."""
    s = reading()
    since, until = _span(kind, start)
    row = statistics.find(s, unit_id, kind, since)
    closed = row is not None and row.closed_at is not None
    now = counts.compute(s, unit_id, since, until)
    shown = row.figures if row is not None and closed else now
    past = counts.before(kind, since)
    last = counts.compute(s, unit_id, *counts.span(kind, past))
    form = forms_office.WordsForm()
    if request.method == "GET":
        form.version.data = str(row.version if row else 0)
        for name in ("analysis", "news", "plan"):
            form[name].data = getattr(row, name) if row else ""

    def work(t: CompanySession) -> str:
        current().require(may.SIGN, unit_id)
        stated = form.version.data or ""
        statistics.write(
            t,
            unit_id,
            kind,
            since,
            analysis=form.analysis.data or "",
            news=form.news.data or "",
            plan=form.plan.data or "",
            version=int(stated) if stated.isdecimal() else 0,
        )
        return _("Saved.")

    back = url_for(".statistics_of", unit_id=unit_id, kind=kind, start=since.isoformat())
    done = posted(form, work, back=back)
    if done is not None:
        return done
    names = staff_names(s)
    html = page(
        "sales_floor/statistics.html",
        kind=kind,
        since=since,
        until=until,
        row=row,
        closed=closed,
        form=form,
        shown=shown,
        last=last,
        totals=[line for line in totals(shown, last) if line[1:3] != ("0", "0")],
        rates=counts.rates(shown),
        reps=rep_lines(shown, names),
        sources=source_lines(shown),
        lost=lost_lines(shown),
        days=[(key[5:], shown["days"].get(key, {})) for key in _days(since, until)],
        changed=changed_lines(shown, now, names) if closed else [],
        lacking=[
            (_(words.LACKING[one.what]), one.number)
            for one in ([] if closed else statistics.lacking(s, unit_id, since, until))
        ],
        recent=statistics.recent(s, unit_id),
        views=[
            (
                _(title),
                url_for(
                    ".statistics_of",
                    unit_id=unit_id,
                    kind=key,
                    start=counts.span(key, min(until, organisation.today(s, unit_id)))[
                        0
                    ].isoformat(),
                ),
                key == kind,
            )
            for key, title in words.STRETCHES.items()
        ],
        earlier=past.isoformat(),
        later=(until + timedelta(days=1)).isoformat(),
        over=until < organisation.today(s, unit_id),
        asked=duties(s, unit_id),
        words=words,
        unit_id=unit_id,
        unit_name=unit_name(unit_id),
        may=may,
        fragment=False,
    )
    return html, shown_status()


def _span(kind: str, start: str) -> tuple[date, date]:
    on = day_of(start)
    if not 1990 <= on.year <= 9000:
        raise NotFound(_("There is no such day at this site."))
    return counts.span(kind, on)


def _days(since: date, until: date) -> list[str]:
    return [(since + timedelta(days=n)).isoformat() for n in range((until - since).days + 1)]


@bp.post(f"{_AT}/close", permission=may.SIGN)
def statistics_close(unit_id: uuid.UUID, kind: str, start: str) -> Response:
    """Freeze the figures as a numbered sheet."""
    since, _until = _span(kind, start)
    reason = request.form.get("reason", "")[:500]

    def work(s: CompanySession) -> str:
        row = statistics.close(s, unit_id, kind, since, reason=reason)
        return _("Closed as sheet %(number)s.", number=row.number)

    return doing(
        work, back=url_for(".statistics_of", unit_id=unit_id, kind=kind, start=since.isoformat())
    )


@bp.get(f"{_AT}/sheet", permission=may.OFFICE)
def statistics_sheet(unit_id: uuid.UUID, kind: str, start: str) -> Any:
    """The figures as a page to print, ``?as=pdf`` or ``?as=xlsx``."""
    s = reading()
    since, until = _span(kind, start)
    how = request.args.get("as", "html")
    if how == "xlsx":
        current().require(may.EXPORT, unit_id)
    row = statistics.find(s, unit_id, kind, since)
    form = documents_statistics.BY_KIND[kind]
    if kind == "week" and request.args.get("form") == "SFF-12":
        form = documents_statistics.WEEKLY_REPORT
    data = sheet_data(s, unit_id, kind, since, until, row)
    back = url_for(".statistics_of", unit_id=unit_id, kind=kind, start=since.isoformat())
    return answer(form, data, how, back=back)


def sheet_data(
    s: CompanySession, unit_id: uuid.UUID, kind: str, since: date, until: date, row: Sheet | None
) -> paper.FormData:
    """A sheet's contents: frozen figures where it is closed, else those of now, marked as open."""
    names = staff_names(s)
    closed = row is not None and row.closed_at is not None
    shown = row.figures if row is not None and closed else counts.compute(s, unit_id, since, until)
    last = counts.compute(s, unit_id, *counts.span(kind, counts.before(kind, since)))
    told = {
        key: f"{value / 100:g}%" if value is not None else "–"
        for key, value in counts.rates(shown).items()
    }
    return paper.FormData(
        values={
            "site": unit_name(unit_id),
            "period": since.isoformat()
            if since == until
            else f"{since.isoformat()} – {until.isoformat()}",
            **{f"rate_{key}": value for key, value in told.items()},
            "analysis": row.analysis if row else "",
            "news": row.news if row else "",
            "plan": row.plan if row else "",
            "closed_by": row.closed_by if row else "",
            "closed": row.closed_at if row else None,
        },
        rows={
            "totals": [
                {"what": label, "now": value, "last": was, "change": change}
                for label, value, was, change in totals(shown, last)
            ],
            "reps": rep_lines(shown, names),
            "sources": source_lines(shown),
            "lost": lost_lines(shown),
            "days": [
                {"day": date.fromisoformat(key), **shown["days"].get(key, {})}
                for key in _days(since, until)
            ],
        },
        number=(row.number or "") if row else "",
        tz=live.tz_of(s, unit_id),
        mark="" if closed else "未结",
    )


def totals(shown: Mapping[str, Any], last: Mapping[str, Any]) -> list[tuple[str, str, str, str]]:
    """The totals with those of the stretch before: (label, now, then, change), as people read."""
    found = []
    for key in counts.TOTALS:
        now, was = int(shown.get(key, 0)), int(last.get(key, 0))
        found.append((_(words.COUNTED[key]), _told(key, now), _told(key, was), _change(now, was)))
    return found


def _told(key: str, value: int) -> str:
    return f"¥{value / 100:,.2f}" if key == "amount" else str(value)


def _change(now: int, was: int) -> str:
    if now == was:
        return "–"
    if not was:
        return _("new")
    return f"{100 * (now - was) / was:+.0f}%"


def rep_lines(shown: Mapping[str, Any], names: Names) -> list[dict[str, Any]]:
    """A line for each rep, who received most first; performance in deals, two decimals."""
    lines = [
        {
            "rep": names.get(uuid.UUID(key), "") if key else _("department"),
            **line,
            "performance": f"{line['performance'] / 10_000:.2f}",
        }
        for key, line in shown["reps"].items()
    ]
    return sorted(lines, key=lambda line: (-int(line["visits"]), str(line["rep"])))


def source_lines(shown: Mapping[str, Any]) -> list[dict[str, Any]]:
    """A line for each source, the most frequent first."""
    lines: list[dict[str, Any]] = [
        {"source": key or _("not stated"), **line} for key, line in shown["sources"].items()
    ]
    return sorted(
        lines, key=lambda line: (-int(line["visits"]) - int(line["calls"]), line["source"])
    )


def lost_lines(shown: Mapping[str, Any]) -> list[dict[str, Any]]:
    """How often each reason for not buying was named."""
    named = sorted(shown["lost"].items(), key=lambda item: (-item[1], item[0]))
    return [{"reason": key, "number": number} for key, number in named]


def changed_lines(
    frozen: Mapping[str, Any], now: Mapping[str, Any], names: Names
) -> list[tuple[str, int, int]]:
    """What has been corrected since the sheet was closed: what, then, now."""
    lines = []
    for group, key, was, being in counts.differences(frozen, now):
        if group == "":
            label = _(words.COUNTED[key])
        elif group == "reps":
            label = names.get(uuid.UUID(key), "") if key else _("department")
        else:
            label = key or _("not stated")
        lines.append((label, was, being))
    return lines
