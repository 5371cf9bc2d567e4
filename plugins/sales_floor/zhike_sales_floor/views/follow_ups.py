"""Follow-ups 客户回访 as a rep meets them: who is left, one tap, the record, the notice."""

from __future__ import annotations

import uuid
from typing import Any

from flask import flash, redirect, request, url_for

from zhike.api import (
    CompanySession,
    NotFound,
    _,
    clock,
    current,
    options,
    organisation,
    page,
    reading,
)
from zhike_sales_floor import forms, words
from zhike_sales_floor import permissions as may
from zhike_sales_floor.models import Customer
from zhike_sales_floor.models_follow_up import FollowUpContact
from zhike_sales_floor.services import customers, floor, follow_up_board, follow_ups
from zhike_sales_floor.services.names import names_for
from zhike_sales_floor.views._common import (
    bp,
    customer_at,
    doing,
    form_act,
    own_staff,
    site_of,
    unit_name,
)


@bp.get("/follow-ups", permission=may.CUSTOMER_EDIT)
def follow_ups_home() -> Any:
    """My follow-ups; whoever receives nobody but leads sees the team's."""
    unit_id = site_of()
    me = current()
    me.require(may.CUSTOMER_EDIT, unit_id)
    leads = me.can(may.FOLLOW_UP_LEAD, unit_id)
    if leads and own_staff() not in floor.reps_of(reading(), unit_id):
        return redirect(url_for(".follow_up_team", unit_id=unit_id), 302)
    return redirect(url_for(".follow_ups", unit_id=unit_id), 302)


def standing_words(s: CompanySession, found: follow_ups.Standing) -> dict[str, Any]:
    """What every page about follow-ups says first: running, not begun, off, or elsewhere."""
    return {
        "found": found,
        "other": follow_ups.deciding_app(s, found.other) if found.other else "",
        "ends_at": found.ends_at(found.cycle) if found.cycle else None,
    }


@bp.get("/floor/<uuid:unit_id>/follow-ups", permission=may.CUSTOMER_EDIT, endpoint="follow_ups")
def mine(unit_id: uuid.UUID) -> Any:
    """Whom I have still to contact in this cycle, what is missing, what I owe an answer to."""
    s = reading()
    staff_id = own_staff()
    found = follow_ups.standing(s, unit_id)
    left, owed, records, problems, notices = [], 0, [], [], []
    if staff_id is not None:
        problems = follow_up_board.open_problems(s, unit_id, person=staff_id)
        records = follow_up_board.missing_records(s, unit_id, staff_id)
    if staff_id is not None and found.cycle is not None:
        given = follow_up_board.notices_of(s, unit_id, found.cycle.start)
        notices = [one for one in given if staff_id in (one.staff_id, one.cover_id)]
        covered = [one.staff_id for one in notices if one.cover_id == staff_id]
        left = follow_up_board.left_of(s, unit_id, [staff_id, *covered], found, notices=given)
        start, policy = found.cycle.start, found.policy
        owed = follow_up_board.owed_count(s, unit_id, staff_id, start, policy)
    me = current()
    own = [line for line in left if line.owner_id == staff_id]
    return page(
        "sales_floor/follow_ups.html",
        **standing_words(s, found),
        left=[line for line in own if not line.excused],
        excused=[line for line in own if line.excused],
        covering=[line for line in left if line.owner_id != staff_id and line.excused],
        owed=owed,
        done=owed - len(own),
        records=records,
        problems=problems,
        whose=names_for(s, [problem.customer_id for problem in problems]),
        notices=[one for one in notices if one.staff_id == staff_id],
        names=organisation.staff_names(s),
        today=organisation.today(s, unit_id),
        taps=[key for key in ("call", "visit") if _counts(found, key)],
        leads=bool(me.can(may.FOLLOW_UP_LEAD, unit_id)),
        unit_id=unit_id,
        unit_name=unit_name(unit_id),
        staff_id=staff_id,
        words=words,
        may=may,
        fragment=False,
    )


def _counts(found: follow_ups.Standing, kind: str) -> bool:
    from zhike_sales_floor.rules.followup_state import WAYS

    return WAYS[kind] in (found.policy.get("followup.kinds") or ())


@bp.post(
    "/floor/<uuid:unit_id>/follow-ups/<uuid:customer_id>/<any(call, visit):kind>",
    permission=may.CUSTOMER_EDIT,
)
def follow_up_tap(unit_id: uuid.UUID, customer_id: uuid.UUID, kind: str) -> Any:
    """One tap: contacted just now; the record is filled by the end of the day."""
    row = mine_or_covered(unit_id, customer_id)

    def work(s: CompanySession) -> str:
        done = customers.log_contact(s, customer_id, kind, staff_id=own_staff() or row.owner_id)
        if done is not None and done.outcome.get("followed"):
            return _("Logged; please fill the record today.")
        return _("Logged. This contact is no follow-up.")

    return doing(work, back=url_for(".follow_ups", unit_id=unit_id))


def mine_or_covered(unit_id: uuid.UUID, customer_id: uuid.UUID) -> Any:
    """The customer, also where the reader stands in for the owner in this cycle."""
    s = reading()
    found = follow_ups.standing(s, unit_id)
    if found.cycle is not None:
        for one in follow_up_board.notices_of(s, unit_id, found.cycle.start):
            if one.cover_id == own_staff() and one.cover_id is not None:
                row = s.find(Customer, customer_id)
                named = not one.customers or str(customer_id) in one.customers
                if row is not None and row.owner_id == one.staff_id and named:
                    return row
    return customer_at(s, unit_id, customer_id, may.CUSTOMER_EDIT)


@bp.route(
    "/floor/<uuid:unit_id>/follow-ups/records/<uuid:contact_id>",
    methods=["GET", "POST"],
    permission=may.CUSTOMER_EDIT,
)
def follow_up_record(unit_id: uuid.UUID, contact_id: uuid.UUID) -> Any:
    """Fill the missing record of a contact 客户回访记录表."""
    s = reading()
    row = s.require(FollowUpContact, contact_id)
    me = current()
    theirs = row.staff_id != own_staff() and not me.can(may.FOLLOW_UP_LEAD, unit_id)
    if row.unit_id != unit_id or theirs:
        raise NotFound(_("This record is not one of yours."))
    form = forms.RecordForm()
    name = names_for(s, [row.customer_id]).get(str(row.customer_id), "")
    return form_act(
        form,
        _("Follow-up record"),
        lambda t: _filled(t, contact_id, form.asked.data or ""),
        submit=_("Save"),
        back=url_for(".follow_ups", unit_id=unit_id),
        facts=[
            (_("Customer"), name),
            (_("When"), f"{clock.local(row.met_at, me.tz):%Y-%m-%d %H:%M}"),
            (_("Way"), _(words.WAYS[row.way])),
        ],
    )


def _filled(s: CompanySession, contact_id: uuid.UUID, asked: str) -> str:
    done = follow_ups.fill_record(s, contact_id, asked)
    if done.outcome.get("late"):
        return _("Saved. The record came after its day; points may be proposed.")
    return _("Saved; the record is complete.")


@bp.route("/floor/<uuid:unit_id>/follow-ups/notice", methods=["GET", "POST"], permission=may.SELF)
def follow_up_notice(unit_id: uuid.UUID) -> Any:
    """Say before the end that the cycle cannot be finished, for all or for some customers."""
    s = reading()
    staff_id = own_staff()
    found = follow_ups.standing(s, unit_id)
    if staff_id is None or found.cycle is None:
        flash(_("There is no running follow-up cycle of yours."), "info")
        return redirect(url_for(".follow_ups", unit_id=unit_id), 303)
    left = follow_up_board.left_of(s, unit_id, [staff_id], found)
    form = forms.NoticeForm()
    unknown = _("unknown visitor")
    form.customers.choices = options(
        [(str(line.id), line.name or unknown) for line in left if not line.excused]
    )
    chosen = form.customers.data or []

    def work(t: CompanySession) -> str:
        picked = [uuid.UUID(one) for one in chosen]
        follow_ups.give_notice(t, unit_id, staff_id, form.reason.data, picked)
        return _("Notice given. Your head arranges who stands in.")

    return form_act(
        form,
        _("I cannot finish this cycle"),
        work,
        submit=_("Give notice"),
        back=url_for(".follow_ups", unit_id=unit_id),
        lead=_(
            "Until %(day)s this excuses whoever you name; nobody chosen means all who are left.",
            day=found.cycle.last,
        ),
    )


def from_page(unit_id: uuid.UUID) -> str:
    """Where an act began: the team's page, the customer's, or my follow-ups."""
    if request.args.get("from") == "team":
        return url_for(".follow_up_team", unit_id=unit_id)
    return url_for(".follow_ups", unit_id=unit_id)
