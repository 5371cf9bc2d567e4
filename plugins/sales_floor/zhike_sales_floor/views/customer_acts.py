"""Acts on one customer: contacts, class and follow-up, relations, rulings, the phone in clear."""

from __future__ import annotations

import uuid
from datetime import UTC
from typing import Any
from zoneinfo import ZoneInfo

from flask import Response, jsonify, redirect, request, url_for

from zhike.api import (
    CompanySession,
    NotFound,
    Party,
    UserError,
    _,
    current,
    options,
    parties,
    reading,
    transaction,
)
from zhike_sales_floor import forms
from zhike_sales_floor import permissions as may
from zhike_sales_floor.services import arrivals, corrections, customers, floor, follow_ups, live
from zhike_sales_floor.views._common import (
    bp,
    customer_at,
    form_act,
    own_staff,
    rep_choices,
    staff_names,
)
from zhike_sales_floor.views.follow_ups import mine_or_covered
from zhike_sales_floor.views.problems import note_problem


def _back(unit_id: uuid.UUID, customer_id: uuid.UUID) -> str:
    return url_for(".customer", unit_id=unit_id, customer_id=customer_id)


@bp.route(
    "/floor/<uuid:unit_id>/customers/<uuid:customer_id>/contact",
    methods=["GET", "POST"],
    permission=may.CUSTOMER_EDIT,
)
def contact(unit_id: uuid.UUID, customer_id: uuid.UUID) -> Any:
    """Log a call, message, visit or letter; an owner's own restarts the seven days."""
    found = reading()
    row = mine_or_covered(unit_id, customer_id)
    form = forms.ContactForm()
    following = follow_ups.standing(found, unit_id)
    if following.on:
        form.leader.choices = rep_choices(follow_ups.leaders(found, unit_id), staff_names(found))
        form.note.description = _(
            "This is the follow-up record. Left empty, it has to be filled by the end of the day."
        )
    else:
        del form.problem, form.question, form.leader

    def work(s: CompanySession) -> str:
        stated = form.occurred_at.data
        at = (
            stated.replace(tzinfo=ZoneInfo(live.tz_of(s, unit_id))).astimezone(UTC)
            if stated
            else None
        )

        done = customers.log_contact(
            s,
            customer_id,
            form.kind.data,
            staff_id=own_staff() or row.owner_id,
            note=form.note.data or "",
            occurred_at=at,
            answered=bool(form.answered.data),
        )
        if form.follow_up_on.data:
            customers.set_follow_up(
                s, customer_id, form.follow_up_on.data, form.follow_up_note.data or ""
            )
        elif form.answered.data:
            customers.set_follow_up(s, customer_id, None)
        told = _("Logged.")
        if done is not None and done.outcome.get("counted"):
            told = _("Logged; the seven days begin anew.")
        if "problem" in form and form.problem.data:
            if form.problem.data == "report" and not form.leader.data:
                raise UserError(_("Please choose the leader."), field="leader")
            told += " " + note_problem(
                s, customer_id, own_staff() or row.owner_id,
                form.problem.data, form.question.data or "", form.leader.data,
            )  # fmt: skip
        return told

    return form_act(
        form,
        _("Log a contact"),
        work,
        submit=_("Save"),
        back=_back(unit_id, customer_id),
    )


@bp.route(
    "/floor/<uuid:unit_id>/customers/<uuid:customer_id>/edit",
    methods=["GET", "POST"],
    permission=may.CUSTOMER_EDIT,
)
def customer_edit(unit_id: uuid.UUID, customer_id: uuid.UUID) -> Any:
    """Class, next follow-up, and who it is where that was not known."""
    row = customer_at(reading(), unit_id, customer_id, may.CUSTOMER_EDIT)
    form = forms.CustomerForm()
    if request.method == "GET":
        form.grade.data = row.grade
        form.follow_up_on.data, form.follow_up_note.data = row.follow_up_on, row.follow_up_note
    unknown = row.party_id is None
    if not unknown:
        del form.name, form.phone

    def work(s: CompanySession) -> str:
        customers.set_grade(s, customer_id, form.grade.data or "")
        customers.set_follow_up(
            s, customer_id, form.follow_up_on.data, form.follow_up_note.data or ""
        )
        if unknown:
            arrivals.identify(
                s, customer_id, name=form.name.data or "", phone=form.phone.data or ""
            )
        return _("Saved.")

    return form_act(
        form,
        _("Class and follow-up"),
        work,
        submit=_("Save"),
        back=_back(unit_id, customer_id),
    )


@bp.route(
    "/floor/<uuid:unit_id>/customers/<uuid:customer_id>/identity",
    methods=["GET", "POST"],
    permission=may.CUSTOMER_EDIT,
)
def identity(unit_id: uuid.UUID, customer_id: uuid.UUID) -> Any:
    """Put right a name or number that was typed wrong."""
    s = reading()
    row = customer_at(s, unit_id, customer_id, may.CUSTOMER_EDIT)
    party = s.require(Party, row.party_id)
    form = forms.IdentityForm()
    if request.method == "GET":
        form.name.data, form.version.data = party.name, str(party.version)

    def work(t: CompanySession) -> str:
        corrections.identity(
            t,
            customer_id,
            version=int(form.version.data) if (form.version.data or "").isdecimal() else 0,
            name=form.name.data,
            phone=form.phone.data or "",
            reason=form.reason.data,
        )
        return _("Corrected; the ledger says who did it and why.")

    return form_act(
        form,
        _("Correct name or phone"),
        work,
        submit=_("Correct"),
        back=_back(unit_id, customer_id),
        lead=_("The same person, written wrong. Somebody else is a new arrival."),
    )


@bp.get("/floor/<uuid:unit_id>/customers/suggest", permission=may.CUSTOMER_EDIT)
def customer_suggest(unit_id: uuid.UUID) -> Any:
    """Type-ahead of this site's customers; gives customer ids."""
    s = reading()
    hits = customers.suggest(s, unit_id, request.args.get("q", "")[:60])
    return jsonify(
        items=[
            {"value": str(hit.customer_id), "label": hit.name or hit.phone, "note": hit.phone}
            for hit in hits
            if hit.customer_id is not None
        ]
    )


@bp.route(
    "/floor/<uuid:unit_id>/customers/<uuid:customer_id>/relation",
    methods=["GET", "POST"],
    permission=may.CUSTOMER_EDIT,
)
def relation(unit_id: uuid.UUID, customer_id: uuid.UUID) -> Any:
    """Log a relation and, with the right to, its proof."""
    customer_at(reading(), unit_id, customer_id, may.CUSTOMER_EDIT)
    form = forms.RelationForm()
    if not current().can(may.RECLASS, unit_id):
        del form.proof

    def work(s: CompanySession) -> live.Act:
        other = forms.uuid_of(form.other_id.data)
        if other is None:
            raise UserError(_("Please choose the customer from the list."), field="other")
        proof = form.proof.data or "" if "proof" in form else ""
        return customers.prove_relation(s, customer_id, other, form.relation.data, proof=proof)

    return form_act(
        form,
        _("Relation"),
        work,
        submit=_("Save"),
        back=_back(unit_id, customer_id),
        template="sales_floor/relation.html",
        suggest_url=url_for(".customer_suggest", unit_id=unit_id),
    )


@bp.route(
    "/floor/<uuid:unit_id>/customers/<uuid:customer_id>/owner",
    methods=["GET", "POST"],
    permission=may.RULE,
)
def rule_owner(unit_id: uuid.UUID, customer_id: uuid.UUID) -> Any:
    """The manager rules whose customer this is."""
    s = reading()
    customer_at(s, unit_id, customer_id, may.RULE)
    names = staff_names(s)
    form = forms.OwnerForm()
    form.to.choices = options([(str(one), names.get(one, "")) for one in floor.reps_of(s, unit_id)])
    return form_act(
        form,
        _("Rule on the owner"),
        lambda t: customers.rule_owner(t, customer_id, uuid.UUID(form.to.data), form.reason.data),
        submit=_("Rule"),
        back=_back(unit_id, customer_id),
    )


@bp.post(
    "/floor/<uuid:unit_id>/customers/<uuid:customer_id>/reveal", permission=may.CUSTOMER_REVEAL
)
def reveal(unit_id: uuid.UUID, customer_id: uuid.UUID) -> Any:
    """The phone in clear; the ledger says who asked."""
    row = customer_at(reading(), unit_id, customer_id, may.CUSTOMER_REVEAL)
    if row.party_id is None:
        raise NotFound(_("No phone is known."))
    party_id = row.party_id
    with transaction() as s:
        number = parties.reveal_phone(s, party_id)
    if request.headers.get("HX-Request") == "true":
        return Response(number or "–", mimetype="text/plain")
    return redirect(_back(unit_id, customer_id), 303)
