"""The call register: written down while the caller is on the line, his history beside it."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from flask import jsonify, redirect, request, url_for
from sqlalchemy import select

from zhike.api import (
    CompanySession,
    NotFound,
    Party,
    UserError,
    _,
    current,
    options,
    organisation,
    page,
    reading,
)
from zhike_sales_floor import forms_office as forms
from zhike_sales_floor import permissions as may
from zhike_sales_floor import words
from zhike_sales_floor.forms import uuid_of
from zhike_sales_floor.models import Customer
from zhike_sales_floor.models_office import Call
from zhike_sales_floor.services import arrivals, calls, customers, floor, live
from zhike_sales_floor.views._common import (
    bp,
    form_act,
    listed,
    own_staff,
    posted,
    shown_status,
    site_of,
    staff_names,
    unit_name,
)


def instant(stated: datetime | None, tz: str) -> datetime | None:
    """A day and time as typed, which is wall time of the site, as an instant."""
    return stated.replace(tzinfo=ZoneInfo(tz)).astimezone(UTC) if stated else None


@bp.get("/calls", permission=may.CALLS)
def calls_home() -> Any:
    """The call register of the site at which the reader works."""
    return redirect(url_for(".call_book", unit_id=site_of()), 302)


def _entry(form: forms.CallForm, tz: str) -> calls.Entry:
    """The form as a call: the caller chosen from the list, else by number or name."""
    typed = (form.who.data or "").strip()
    digits = typed.replace(" ", "").replace("-", "").lstrip("+")
    phone = form.phone.data or ""
    name = typed
    if digits.isdigit() and not phone.strip():
        name, phone = "", typed
    return calls.Entry(
        party_id=uuid_of(form.who_id.data) or uuid_of(form.same.data),
        name=name,
        phone=phone,
        another=form.same.data == "another",
        direction=form.direction.data,
        answered=bool(form.answered.data),
        staff_id=uuid_of(form.rep.data),
        question=form.question.data or "",
        source=form.source.data or "",
        called_at=instant(form.called_at.data, tz),
        appointment_at=instant(form.appointment_at.data, tz),
    )


@bp.route("/floor/<uuid:unit_id>/calls", methods=["GET", "POST"], permission=may.CALLS)
def call_book(unit_id: uuid.UUID) -> Any:
    """Write a call down; below stand the calls of today, the latest first."""
    s = reading()
    tz = live.tz_of(s, unit_id)
    names = staff_names(s)
    form = forms.CallForm()
    form.source.choices = listed(s, "sources")
    known = floor.reps_of(s, unit_id)
    form.rep.choices = options([("", "–"), *((str(one), names.get(one, "")) for one in known)])
    me = own_staff()
    if request.method == "GET" and me in known:
        form.rep.data = str(me)
    matches: list[Any] = []

    def work(t: CompanySession) -> str:
        try:
            row = calls.log(t, unit_id, _entry(form, tz))
        except UserError as error:
            matches[:] = error.extra.get("matches", ())
            raise
        return _("Entered: line %(n)s of today's call register.", n=row.number)

    answer = posted(form, work, back=url_for(".call_book", unit_id=unit_id))
    if answer is not None:
        return answer
    s = reading()
    today = organisation.today(s, unit_id)
    own = current().can(may.CALLS, unit_id).why == "own"
    query = (
        select(Call, Party.id, Party.name, Party.phone_masked)
        .outerjoin(Customer, Customer.id == Call.customer_id)
        .outerjoin(Party, Party.id == Customer.party_id)
        .where(Call.unit_id == unit_id, Call.day == today)
        .order_by(Call.number.desc())
        .limit(200)
    )
    if own:
        query = query.where(Call.staff_id == (me or uuid.UUID(int=0)))
    html = page(
        "sales_floor/calls.html",
        form=form,
        matches=matches,
        lines=s.execute(query).all(),
        names=names,
        today=today,
        mine=me,
        unit_id=unit_id,
        unit_name=unit_name(unit_id),
        suggest_url=url_for(".call_suggest", unit_id=unit_id),
        history_url=url_for(".call_history", unit_id=unit_id),
        words=words,
        may=may,
        fragment=False,
    )
    return html, shown_status()


@bp.get("/floor/<uuid:unit_id>/calls/suggest", permission=may.CALLS)
def call_suggest(unit_id: uuid.UUID) -> Any:
    """Type-ahead at the telephone: last digits, pinyin or name; says whose customer it is."""
    s = reading()
    hits = customers.suggest(s, unit_id, request.args.get("q", "")[:60])
    names = staff_names(s) if hits else {}
    return jsonify(
        items=[
            {
                "value": str(hit.party_id),
                "label": hit.name or hit.phone,
                "note": " · ".join(
                    part
                    for part in (
                        hit.phone,
                        _("customer of %(name)s", name=names.get(hit.owner_id, ""))
                        if hit.owner_id
                        else "",
                    )
                    if part
                ),
            }
            for hit in hits
        ]
    )


@bp.get("/floor/<uuid:unit_id>/calls/history", permission=may.CALLS)
def call_history(unit_id: uuid.UUID) -> Any:
    """What is known of a caller, for the panel beside the form: by the list or by his number.

    Who sees his own customers only is told whose customer it is and since when, and no more.
    """
    s = reading()
    party_id = uuid_of(request.args.get("who_id"))
    if party_id is None:
        typed = request.args.get("phone", "").strip() or request.args.get("who", "").strip()
        found = arrivals.matches(s, typed) if any(c.isdigit() for c in typed) else []
        party_id = found[0].party_id if len(found) == 1 else None
    known = calls.history(s, unit_id, party_id) if party_id and s.find(Party, party_id) else None
    whole = True
    if known is not None:
        scope = current().can(may.CALLS, unit_id).why
        owner = known.customer.owner_id if known.customer else None
        whole = scope != "own" or owner is None or owner == own_staff()
    return page(
        "sales_floor/_call_history.html",
        known=known,
        whole=whole,
        names=staff_names(s),
        words=words,
        unit_id=unit_id,
        may=may,
    )


def call_at(s: CompanySession, unit_id: uuid.UUID, call_id: uuid.UUID) -> Call:
    """The call, if it is in this site's register and the reader may change it."""
    row = s.require(Call, call_id)
    if row.unit_id != unit_id:
        raise NotFound(_("This call belongs to another site."))
    if row.staff_id is None or row.staff_id != own_staff():
        current().require(may.MANAGE, unit_id)
    return row


@bp.route(
    "/floor/<uuid:unit_id>/calls/<uuid:call_id>/void", methods=["GET", "POST"], permission=may.CALLS
)
def call_void(unit_id: uuid.UUID, call_id: uuid.UUID) -> Any:
    """Strike a line of the register out, with the reason."""
    from zhike_sales_floor.forms import ReasonForm

    row = call_at(reading(), unit_id, call_id)

    def work(s: CompanySession) -> str:
        calls.void(s, call_id, form.reason.data or "")
        return _("Struck out; the line stays readable.")

    form = ReasonForm()
    return form_act(
        form,
        _("Strike out line %(n)s of %(day)s", n=row.number, day=row.day.isoformat()),
        work,
        submit=_("Strike out"),
        back=url_for(".call_book", unit_id=unit_id),
        lead=_("What the call counted for stays; enter it anew if it was somebody else."),
    )


@bp.route(
    "/floor/<uuid:unit_id>/calls/<uuid:call_id>/appointment",
    methods=["GET", "POST"],
    permission=may.CALLS,
)
def call_appointment(unit_id: uuid.UUID, call_id: uuid.UUID) -> Any:
    """Put an appointment off or drop it."""
    s = reading()
    row = call_at(s, unit_id, call_id)
    tz = live.tz_of(s, unit_id)
    form = forms.AppointmentForm()
    if request.method == "GET" and row.appointment_at is not None and row.dropped_at is None:
        form.appointment_at.data = row.appointment_at.astimezone(ZoneInfo(tz))

    def work(t: CompanySession) -> str:
        calls.set_appointment(t, call_id, instant(form.appointment_at.data, tz))
        return _("Saved.")

    return form_act(
        form,
        _("Appointment"),
        work,
        submit=_("Save"),
        back=url_for(".call_book", unit_id=unit_id),
    )


def appointments_of(
    s: CompanySession, unit_id: uuid.UUID, *, days: int = 1, staff_id: uuid.UUID | None = None
) -> list[calls.Appointment]:
    """The appointments of today and, with more ``days``, of those that follow."""
    zone = ZoneInfo(live.tz_of(s, unit_id))
    begin = datetime.combine(organisation.today(s, unit_id), time(0), zone)
    end = begin + timedelta(days=days)
    return calls.appointments(s, unit_id, begin, end, staff_id=staff_id)


def appointment_lines(
    found: list[calls.Appointment], names: Mapping[uuid.UUID, str], unit_id: uuid.UUID
) -> list[dict[str, Any]]:
    """Appointments as the day's pages show them, with the way to the door."""
    may_receive = bool(current().can(may.ARRIVE, unit_id))
    return [
        {
            "at": one.call.appointment_at,
            "name": one.name,
            "rep": names.get(one.call.staff_id, "") if one.call.staff_id else "",
            "question": one.call.question,
            "came": one.came,
            "url": url_for(".arrive", unit_id=unit_id, call=one.call.id)
            if may_receive and not one.came
            else "",
        }
        for one in found
    ]
