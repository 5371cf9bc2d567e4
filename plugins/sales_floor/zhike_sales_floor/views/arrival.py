"""Arrivals at the desk: type-ahead, duplicate warning, decision at once."""

from __future__ import annotations

import uuid
from dataclasses import replace
from typing import Any

from flask import jsonify, request, url_for

from zhike.api import (
    CompanySession,
    UserError,
    _,
    clock,
    current,
    page,
    policies,
    reading,
)
from zhike_sales_floor import permissions as may
from zhike_sales_floor.forms import ArrivalForm, uuid_of
from zhike_sales_floor.models_office import Call
from zhike_sales_floor.services import arrivals, calls, customers, live
from zhike_sales_floor.services import board as boards
from zhike_sales_floor.services import floor as floors
from zhike_sales_floor.services.arrivals import Arrival, Person
from zhike_sales_floor.views._common import (
    bp,
    listed,
    posted,
    rep_choices,
    shown_status,
    staff_names,
    unit_name,
)


@bp.get("/floor/<uuid:unit_id>/suggest", permission=may.ARRIVE)
def suggest(unit_id: uuid.UUID) -> Any:
    """Type-ahead: last digits, pinyin or name; says whose customer it is here."""
    s = reading()
    hits = customers.suggest(s, unit_id, request.args.get("q", "")[:60])
    names = staff_names(s) if hits else {}
    items = []
    for hit in hits:
        owner = names.get(hit.owner_id, "") if hit.owner_id else ""
        note = " · ".join(
            part
            for part in (hit.phone, _("customer of %(name)s", name=owner) if owner else "")
            if part
        )
        items.append({"value": str(hit.party_id), "label": hit.name or hit.phone, "note": note})
    return jsonify(items=items)


def _choices(
    s: CompanySession, unit_id: uuid.UUID, form: ArrivalForm, *, reps: bool, present: str = ""
) -> None:
    """Fill the choices; of the reps only with ``reps``, as where none is chosen none is read.

    ``present`` is the source told over the telephone, where the visitor has called before.
    """
    names = staff_names(s) if reps else {}
    known = floors.reps_of(s, unit_id) if reps else []
    form.source.choices = listed(s, "sources", present)
    for field in _of_reps(form):
        field.choices = rep_choices(known, names)
    form.receiver.choices = rep_choices(known, names, _("as the regulation says"))
    form.taken_by.choices = rep_choices(known, names, _("nobody"))


def _of_reps(form: ArrivalForm) -> tuple[Any, ...]:
    """The fields in which a visitor's word names a rep."""
    return (
        form.asks_for,
        form.mentions,
        form.mentions_2,
        form.mentions_3,
        form.refuses,
        form.refuses_2,
    )


def _named(*fields: Any) -> tuple[uuid.UUID, ...]:
    """The reps chosen in these fields, in their order."""
    found = (uuid_of(field.data) for field in fields)
    return tuple(dict.fromkeys(one for one in found if one is not None))


def _may_choose(mode: str, unit_id: uuid.UUID) -> bool:
    """Whether the reader may say who receives, in the regulation's present mode."""
    return mode in ("observe", "advise") or bool(current().can(may.OVERRIDE, unit_id))


def _shown(s: CompanySession, unit_id: uuid.UUID) -> dict[str, Any]:
    """What stands around the form: who is next, and what the reader may choose."""
    names = staff_names(s)
    resolved = policies.in_force(s, live.PLUGIN, unit_id, clock.now())
    board = boards.board(s, unit_id)
    next_up = [names.get(one, "") for one in board.next_up[:3]] if board else []
    return {
        "mode": resolved.mode,
        "next_up": next_up,
        "may_choose": _may_choose(resolved.mode, unit_id),
        "board": board,
        "by_records": live.by_records(resolved.policy),
    }


def _person(text: str, known: str, phone: str, same: str) -> Person:
    """One visitor from what was typed: chosen from the list, else by words."""
    party_id = uuid_of(known) or uuid_of(same)
    if party_id is not None:
        return Person(party_id=party_id)
    typed = text.strip()
    digits = typed.replace(" ", "").replace("-", "")
    if digits.lstrip("+").isdigit() and not phone.strip():
        return Person(phone=typed, another=same == "another")
    return Person(name=typed, phone=phone, another=same == "another")


def _arrival(form: ArrivalForm) -> Arrival:
    """The form as an arrival; what the reader may not decide is left out."""
    persons = [
        _person(form.who.data or "", form.who_id.data, form.phone.data or "", form.same.data or "")
    ]
    if (form.brings.data or "").strip() or form.brings_id.data:
        persons.append(_person(form.brings.data or "", form.brings_id.data, "", ""))
    refuses = _named(form.refuses, form.refuses_2)
    return Arrival(
        persons=persons,
        asks_for=uuid_of(form.asks_for.data),
        names=_named(form.mentions, form.mentions_2, form.mentions_3),
        refuses=refuses,
        complains_about=refuses if form.complains.data else (),
        came_before=form.came_before.data or "",
        discount=bool(form.discount.data),
        recognised=not form.recognised.data,
        purpose=form.purpose.data,
        batch=form.batch.data or "",
        receiver=uuid_of(form.receiver.data),
        taken_by=uuid_of(form.taken_by.data),
        flag=form.flag.data if form.taken_by.data else "",
        reason=form.reason.data or "",
        people=form.people.data or 1,
        need=form.need.data or "",
        source=form.source.data or "",
    )


def _introducer(s: CompanySession, unit_id: uuid.UUID, form: ArrivalForm) -> uuid.UUID | None:
    party_id = uuid_of(form.introducer_id.data)
    if party_id is None:
        if (form.introducer.data or "").strip():
            raise UserError(_("Please choose the customer from the list."), field="introducer")
        return None
    hit = customers.of_party(s, unit_id, party_id)
    if hit is None:
        raise UserError(_("This person is no customer of this site."), field="introducer")
    return hit


def _called(unit_id: uuid.UUID) -> calls.Appointment | None:
    """The call of the address, whose caller has come now."""
    row = reading().find(Call, uuid_of(request.args.get("call")))
    if row is None or row.unit_id != unit_id:
        return None
    return calls.caller(reading(), row)


@bp.route("/floor/<uuid:unit_id>/arrive", methods=["GET", "POST"], permission=may.ARRIVE)
def arrive(unit_id: uuid.UUID) -> Any:
    """The desk's form; after it the board says at once who receives, and why."""
    form = ArrivalForm()
    chosen = (form.receiver.data, form.taken_by.data, *(f.data for f in _of_reps(form)))
    _choices(reading(), unit_id, form, reps=any(chosen))
    matches: list[Any] = []
    if form.receiver.data:
        mode = policies.in_force(reading(), live.PLUGIN, unit_id, clock.now()).mode
        if not _may_choose(mode, unit_id):
            current().require(may.OVERRIDE, unit_id)

    def work(s: CompanySession) -> live.Act:
        arrival = replace(_arrival(form), introducer=_introducer(s, unit_id, form))
        try:
            return arrivals.arrive(s, unit_id, arrival)
        except UserError as error:
            matches[:] = error.extra.get("matches", ())
            raise

    answer = posted(form, work, back=url_for(".board", unit_id=unit_id))
    if answer is not None:
        return answer
    called = _called(unit_id) if request.method == "GET" else None
    _choices(reading(), unit_id, form, reps=True, present=called.call.source if called else "")
    if called is not None:
        form.who.data, form.source.data = called.name, called.call.source
        form.who_id.data = str(called.party_id) if called.party_id else ""
        form.need.data = called.call.question[:200]
    html = page(
        "sales_floor/arrive.html",
        form=form,
        unit_id=unit_id,
        unit_name=unit_name(unit_id),
        matches=matches,
        suggest_url=url_for(".suggest", unit_id=unit_id),
        cancel=url_for(".board", unit_id=unit_id),
        **_shown(reading(), unit_id),
    )
    return html, shown_status()
