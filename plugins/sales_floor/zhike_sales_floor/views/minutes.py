"""Evening minutes: the day's customers by rep, completed, closed, added to, printed."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from flask import redirect, request, url_for
from werkzeug.wrappers import Response

from zhike.api import CompanySession, NotFound, _, options, organisation, page, reading
from zhike.api import forms as paper
from zhike_sales_floor import documents_office, forms_office, words
from zhike_sales_floor import permissions as may
from zhike_sales_floor.models_office import Minutes
from zhike_sales_floor.services import floor, live, minutes
from zhike_sales_floor.services.duties import duties
from zhike_sales_floor.views._common import (
    Names,
    bp,
    doing,
    form_act,
    posted,
    shown_status,
    site_of,
    staff_names,
    unit_name,
)
from zhike_sales_floor.views._papers import answer


def day_of(text: str) -> date:
    """A day in an address; NotFound for what is none."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise NotFound(_("There is no such day at this site.")) from None


@bp.get("/minutes", permission=may.OFFICE)
def minutes_home() -> Any:
    """Today's minutes of the site at which the reader works."""
    unit_id = site_of()
    today = organisation.today(reading(), unit_id)
    return redirect(url_for(".minutes_of", unit_id=unit_id, day=today.isoformat()), 302)


@bp.route("/floor/<uuid:unit_id>/minutes/<day>", methods=["GET", "POST"], permission=may.OFFICE)
def minutes_of(unit_id: uuid.UUID, day: str) -> Any:
    """The minutes of a day: what the registers say is there already, the manager adds the rest."""
    on = day_of(day)
    s = reading()
    names = staff_names(s)
    row = minutes.of_day(s, unit_id, on)
    closed = row is not None and row.closed_at is not None
    found = (
        minutes.written(s, row) if row is not None and closed else minutes.entries(s, unit_id, on)
    )
    reps = _reps(s, unit_id, found, row)
    form = forms_office.minutes_form([(one, names.get(one, "")) for one in reps])
    form.present.choices = options([(str(one), names.get(one, "")) for one in reps])
    back = url_for(".minutes_of", unit_id=unit_id, day=on.isoformat())
    if request.method == "GET":
        _prefill(s, form, unit_id, on, row, reps)

    def work(t: CompanySession) -> str:
        stated = form.version.data or ""
        minutes.save(
            t,
            unit_id,
            on,
            minutes.Text(
                present=[uuid.UUID(one) for one in form.present.data or []],
                notes={one: form[forms_office.note_field(one)].data or "" for one in reps},
                tracking=form.tracking.data or "",
                disputes=form.disputes.data or "",
                tomorrow=form.tomorrow.data or "",
            ),
            version=int(stated) if stated.isdecimal() else 0,
        )
        return _("Saved. Close the minutes when the meeting is over.")

    done = posted(form, work, back=back)
    if done is not None:
        return done
    html = page(
        "sales_floor/minutes.html",
        row=row,
        closed=closed,
        form=form,
        on=on,
        groups=_groups(found, names),
        count=len(found),
        fresh=sum(1 for one in found if one.fresh),
        additions=minutes.additions(s, row.id) if row is not None and closed else [],
        reps=reps,
        note_field=forms_office.note_field,
        names=names,
        words=words,
        earlier=(on - timedelta(days=1)).isoformat(),
        later=(on + timedelta(days=1)).isoformat(),
        is_today=on == organisation.today(s, unit_id),
        asked=duties(s, unit_id),
        unit_id=unit_id,
        unit_name=unit_name(unit_id),
        may=may,
        fragment=False,
    )
    return html, shown_status()


def _reps(
    s: CompanySession, unit_id: uuid.UUID, found: Sequence[minutes.Entry], row: Minutes | None
) -> list[uuid.UUID]:
    """Who reports: the roster, and whoever else had a customer that day."""
    known = list(floor.reps_of(s, unit_id))
    others = [one.staff_id for one in found if one.staff_id]
    written = [uuid.UUID(one) for one in row.notes] if row is not None else []
    return list(dict.fromkeys((*known, *others, *written)))


def _prefill(
    s: CompanySession,
    form: Any,
    unit_id: uuid.UUID,
    on: date,
    row: Minutes | None,
    reps: Sequence[uuid.UUID],
) -> None:
    form.version.data = str(row.version if row else 0)
    if row is None:
        known = floor.floor_state(s, unit_id)
        there = {
            key
            for key, rep in (known[1].reps.items() if known else ())
            if rep.state not in ("OFF_DUTY", "ABSENT", "LEFT")
        }
        form.present.data = [str(one) for one in reps if str(one) in there]
        form.disputes.data = "\n".join(minutes.quarrels(s, unit_id, on))
        return
    form.present.data = list(row.present)
    form.tracking.data, form.disputes.data = row.tracking, row.disputes
    form.tomorrow.data = row.tomorrow
    for one in reps:
        form[forms_office.note_field(one)].data = row.notes.get(str(one), "")


def _groups(
    found: Sequence[minutes.Entry], names: Names
) -> list[tuple[uuid.UUID | None, str, list[minutes.Entry]]]:
    """The day's customers by rep, in the order in which reps had their first."""
    groups: dict[uuid.UUID | None, list[minutes.Entry]] = {}
    for one in found:
        groups.setdefault(one.staff_id, []).append(one)
    return [
        (who, names.get(who, "") if who else _("nobody"), lines) for who, lines in groups.items()
    ]


@bp.post("/floor/<uuid:unit_id>/minutes/<day>/close", permission=may.SIGN)
def minutes_close(unit_id: uuid.UUID, day: str) -> Response:
    """The manager closes the minutes; that is the signature."""
    on = day_of(day)

    def work(s: CompanySession) -> str:
        minutes.close(s, unit_id, on)
        return _("Closed and signed. What is remembered later is an addition.")

    return doing(work, back=url_for(".minutes_of", unit_id=unit_id, day=on.isoformat()))


@bp.route("/floor/<uuid:unit_id>/minutes/<day>/add", methods=["GET", "POST"], permission=may.OFFICE)
def minutes_add(unit_id: uuid.UUID, day: str) -> Any:
    """Add to closed minutes."""
    on = day_of(day)
    row = minutes.of_day(reading(), unit_id, on)
    if row is None:
        raise NotFound(_("There are no minutes of this day."))
    minutes_id = row.id
    form = forms_office.AdditionForm()

    def work(s: CompanySession) -> str:
        minutes.add(s, minutes_id, form.text.data)
        return _("Added, with your name and the time.")

    return form_act(
        form,
        _("Add to the minutes of %(day)s", day=on.isoformat()),
        work,
        submit=_("Add"),
        back=url_for(".minutes_of", unit_id=unit_id, day=on.isoformat()),
        lead=_("What stands there stays as it was signed; this is marked as added."),
    )


@bp.get("/floor/<uuid:unit_id>/minutes/<day>/sheet", permission=may.OFFICE)
def minutes_sheet(unit_id: uuid.UUID, day: str) -> Any:
    """The minutes as a page to print or as PDF."""
    on = day_of(day)
    s = reading()
    names = staff_names(s)
    row = minutes.of_day(s, unit_id, on)
    if row is None:
        raise NotFound(_("There are no minutes of this day."))
    found = minutes.written(s, row) if row.closed_at else minutes.entries(s, unit_id, on)
    data = paper.FormData(
        values={"site": unit_name(unit_id), "day": row.day, **minutes.head(s, row)},
        rows={"lines": [minutes.on_paper(one, names) for one in found]},
        tz=live.tz_of(s, unit_id),
        mark="" if row.closed_at else "未结",
    )
    back = url_for(".minutes_of", unit_id=unit_id, day=on.isoformat())
    return answer(documents_office.MINUTES, data, request.args.get("as", "html"), back=back)
