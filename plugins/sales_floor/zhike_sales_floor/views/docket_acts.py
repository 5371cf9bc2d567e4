"""Acts in a dispute: claims, notes, ruling, appeal, refusal, settlement."""

from __future__ import annotations

import uuid
from typing import Any

from flask import request, url_for

from zhike.api import (
    CompanySession,
    Forbidden,
    NotFound,
    _,
    clock,
    current,
    options,
    policies,
    reading,
)
from zhike_sales_floor import forms, forms_cases
from zhike_sales_floor import permissions as may
from zhike_sales_floor.forms import choices
from zhike_sales_floor.models import Deal, Visit
from zhike_sales_floor.models_cases import Docket
from zhike_sales_floor.services import docket_sheet, dockets, evidence, floor, live
from zhike_sales_floor.views._common import bp, form_act, own_staff, rep_choices, staff_names
from zhike_sales_floor.views.deal_acts import read_shares
from zhike_sales_floor.views.dockets import docket_at


def _back(row: Docket) -> str:
    return url_for(".docket", unit_id=row.unit_id, docket_id=row.id)


def _me(s: CompanySession, row: Docket) -> uuid.UUID:
    """The reader as a party; NotFound for somebody who is none."""
    me = own_staff()
    if me is None or dockets.party_of(s, row.id, me) is None:
        raise NotFound(_("You are no party to this dispute."))
    return me


@bp.route(
    "/floor/<uuid:unit_id>/dockets/<uuid:docket_id>/claim",
    methods=["GET", "POST"],
    permission=may.REPORT,
)
def docket_claim(unit_id: uuid.UUID, docket_id: uuid.UUID) -> Any:
    """A party says what he claims and why."""
    s = reading()
    row = docket_at(s, unit_id, docket_id)
    me = _me(s, row)
    form = forms_cases.ClaimForm()
    mine = dockets.party_of(s, docket_id, me)
    if request.method == "GET" and mine is not None and mine.claim:
        form.claim.data, form.words.data = mine.claim, mine.words

    def work(t: CompanySession) -> str:
        claim = dockets.Claim(form.claim.data, form.words.data, forms.points(form.share.data))
        dockets.state_claim(t, docket_id, me, claim)
        return _("Your claim is on record.")

    return form_act(form, _("State my claim"), work, submit=_("Save"), back=_back(row))


@bp.route(
    "/floor/<uuid:unit_id>/dockets/<uuid:docket_id>/note",
    methods=["GET", "POST"],
    permission=may.REPORT,
)
def docket_note(unit_id: uuid.UUID, docket_id: uuid.UUID) -> Any:
    """What a hearing brought up, or what a party adds; all parties read it."""
    row = docket_at(reading(), unit_id, docket_id)
    kind = "hearing" if current().can(may.RULE, unit_id) else "statement"
    form = forms_cases.NoteForm()

    def work(t: CompanySession) -> str:
        dockets.note(t, docket_id, form.text.data, kind=kind)
        return _("Written down.")

    return form_act(
        form,
        _("Add a note"),
        work,
        submit=_("Save"),
        back=_back(row),
        lead=_("Every party to the dispute reads it."),
    )


@bp.route(
    "/floor/<uuid:unit_id>/dockets/<uuid:docket_id>/party",
    methods=["GET", "POST"],
    permission=may.RULE,
)
def docket_party(unit_id: uuid.UUID, docket_id: uuid.UUID) -> Any:
    """Another rep is concerned."""
    s = reading()
    row = docket_at(s, unit_id, docket_id)
    names = staff_names(s)
    known = {one.staff_id for one in dockets.parties_of(s, docket_id)}
    form = forms.ToForm()
    del form.reason
    form.to.label.text = _("Party")
    form.to.choices = options(
        [(str(one), names.get(one, "")) for one in floor.reps_of(s, unit_id) if one not in known]
    )

    def work(t: CompanySession) -> str:
        dockets.add_party(t, docket_id, uuid.UUID(form.to.data))
        return _("Added and told.")

    return form_act(form, _("Add a party"), work, submit=_("Add"), back=_back(row))


@bp.route(
    "/floor/<uuid:unit_id>/dockets/<uuid:docket_id>/rule",
    methods=["GET", "POST"],
    permission=may.RULE,
)
def docket_rule(unit_id: uuid.UUID, docket_id: uuid.UUID) -> Any:
    """Rule on the dispute, or decide the appeal; the regulation's own answer stands beside."""
    s = reading()
    row = docket_at(s, unit_id, docket_id)
    first = dockets.standing(row, clock.now()) == "open"
    names = staff_names(s)
    reps = list(floor.reps_of(s, unit_id))
    form = forms_cases.RulingForm()
    kinds = [
        kind
        for kind in (dockets.RULINGS if first else dockets.APPEAL_RULINGS)
        if (kind != "shares" or row.deal_id) and (kind != "poach" or row.visit_id)
    ]
    form.kind.choices = choices(forms_cases.RULINGS, only=kinds)
    for field in (form.owner, form.offender, form.rightful):
        field.choices = rep_choices(reps, names)
    if row.deal_id is None:
        del form.shares
    if row.visit_id is None:
        del form.offender, form.rightful
    if not first:
        del form.facts
    told = evidence.proposals(s, row, ())[0]
    if request.method == "GET":
        form.kind.data = kinds[0]
        visit = s.find(Visit, row.visit_id)
        if visit is not None and visit.staff_id is not None:
            form.offender.data = str(visit.staff_id)
        if row.deal_id is not None and told.told is not None:
            form.shares.data = docket_sheet.shares_text(told.told.performance, names)
        if first:
            form.facts.data = row.question
    known = {names.get(one, ""): one for one in reps}

    def work(t: CompanySession) -> str:
        kind = form.kind.data
        ruled = dockets.Ruled(
            kind,
            owner=forms.uuid_of(form.owner.data),
            shares=read_shares(form.shares.data or "", known) if kind == "shares" else {},
            offender=forms.uuid_of(form.offender.data) if kind == "poach" else None,
            rightful=forms.uuid_of(form.rightful.data) if kind == "poach" else None,
        )
        facts = form.facts.data or "" if first else ""
        made = dockets.rule(t, docket_id, ruled, reason=form.reason.data, facts=facts)
        if made.state == "closed" or made.appeal_until is None:
            return _("Decided; this is final.")
        last = clock.local(made.appeal_until, live.tz_of(t, unit_id)).date()
        return _("Ruled. Each party may appeal once, until %(day)s.", day=last)

    return form_act(
        form,
        _("Rule on %(number)s", number=row.number)
        if first
        else _("Decide the appeal in %(number)s", number=row.number),
        work,
        submit=_("Rule") if first else _("Decide"),
        back=_back(row),
        lead=_("What is ruled is carried out at once; the reason is part of it."),
        template="sales_floor/docket_rule.html",
        told=told,
        shares=docket_sheet.shares_shown,
        names=names,
        deal=s.find(Deal, row.deal_id),
    )


@bp.route(
    "/floor/<uuid:unit_id>/dockets/<uuid:docket_id>/appeal",
    methods=["GET", "POST"],
    permission=may.REPORT,
)
def docket_appeal(unit_id: uuid.UUID, docket_id: uuid.UUID) -> Any:
    """A party appeals; once, and somebody else decides."""
    s = reading()
    row = docket_at(s, unit_id, docket_id)
    me = _me(s, row)
    form = forms.ReasonForm()

    def work(t: CompanySession) -> str:
        dockets.appeal(t, docket_id, me, form.reason.data)
        return _("The appeal is on record; somebody else than who ruled decides it.")

    return form_act(
        form,
        _("Appeal in %(number)s", number=row.number),
        work,
        submit=_("Appeal"),
        back=_back(row),
        lead=_("There is one appeal in a dispute, for all parties together."),
    )


@bp.route(
    "/floor/<uuid:unit_id>/dockets/<uuid:docket_id>/refuse",
    methods=["GET", "POST"],
    permission=may.RULE,
)
def docket_refuse(unit_id: uuid.UUID, docket_id: uuid.UUID) -> Any:
    """A party does not submit to the ruling: the policy's consequence, named before."""
    s = reading()
    row = docket_at(s, unit_id, docket_id)
    names = staff_names(s)
    form = forms_cases.RefusalForm()
    form.party.choices = options(
        [
            (str(one.staff_id), names.get(one.staff_id, ""))
            for one in dockets.parties_of(s, docket_id)
        ]
    )
    deal = s.find(Deal, row.deal_id)
    version = deal.policy_version_id if deal is not None else None
    resolved = (
        policies.resolved_version(s, version)
        if version
        else policies.in_force(s, live.PLUGIN, unit_id, clock.now())
    )
    if resolved.policy.get("split.quarrel_to_department"):
        consequence = _("Performance and commission of this unit go to the department (SF-D-41).")
    else:
        consequence = _("Under this regulation the credit stays as it was ruled.")

    def work(t: CompanySession) -> str:
        dockets.refuse(t, docket_id, uuid.UUID(form.party.data), form.reason.data)
        return _("The refusal is on record. %(what)s", what=consequence)

    return form_act(
        form,
        _("A party refuses the ruling"),
        work,
        submit=_("Log the refusal"),
        back=_back(row),
        lead=consequence,
    )


@bp.route(
    "/floor/<uuid:unit_id>/dockets/<uuid:docket_id>/settle",
    methods=["GET", "POST"],
    permission=may.RULE,
)
def docket_settle(unit_id: uuid.UUID, docket_id: uuid.UUID) -> Any:
    """The parties came to terms: nothing is ruled."""
    row = docket_at(reading(), unit_id, docket_id)
    form = forms.ReasonForm()
    form.reason.label.text = _("What they agreed on")

    def work(t: CompanySession) -> str:
        dockets.settle(t, docket_id, form.reason.data, withdrawn=False)
        return _("Closed as settled.")

    return form_act(
        form,
        _("They came to terms"),
        work,
        submit=_("Close as settled"),
        back=_back(row),
        lead=_("Owner and credit stay as they are; other shares need a ruling."),
    )


@bp.route(
    "/floor/<uuid:unit_id>/dockets/<uuid:docket_id>/withdraw",
    methods=["GET", "POST"],
    permission=may.REPORT,
)
def docket_withdraw(unit_id: uuid.UUID, docket_id: uuid.UUID) -> Any:
    """Whoever opened the dispute takes it back before anything is ruled."""
    row = docket_at(reading(), unit_id, docket_id)
    if row.opened_id is None or row.opened_id != own_staff():
        raise Forbidden(_("Only who opened a dispute takes it back."))
    form = forms.ReasonForm()

    def work(t: CompanySession) -> str:
        dockets.settle(t, docket_id, form.reason.data, withdrawn=True)
        return _("Withdrawn.")

    return form_act(form, _("Withdraw"), work, submit=_("Withdraw"), back=_back(row))
