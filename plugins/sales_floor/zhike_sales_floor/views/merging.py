"""Two records of one person: found, compared side by side, merged, parted again."""

from __future__ import annotations

import uuid
from dataclasses import replace
from typing import Any

from flask import request, url_for

from zhike.api import (
    CompanySession,
    Conflict,
    Empty,
    Party,
    State,
    Table,
    TableColumn,
    UserError,
    _,
    current,
    page,
    reading,
)
from zhike_sales_floor import forms, forms_cases, words
from zhike_sales_floor import permissions as may
from zhike_sales_floor.models import Customer, Deal
from zhike_sales_floor.services import asking, customers, merging, record
from zhike_sales_floor.services.names import names_for
from zhike_sales_floor.views._common import (
    Names,
    Then,
    bp,
    customer_at,
    form_act,
    posted,
    shown_status,
    site_of,
    staff_names,
    unit_name,
)


@bp.get("/duplicates", permission=may.MERGE)
def duplicates_home() -> Any:
    """Possible duplicates of the site at which the reader works."""
    unit_id = site_of()
    current().require(may.MERGE, unit_id)
    return duplicate_list(unit_id)


@bp.get("/floor/<uuid:unit_id>/duplicates", permission=may.MERGE)
def duplicate_list(unit_id: uuid.UUID) -> Any:
    """Records of the site that may be one person, the surest first."""
    s = reading()
    pairs = merging.duplicates(s, unit_id)
    names = names_for(s, {one for pair in pairs for one in (pair.one, pair.two)})
    table = Table(
        caption=_("Possible duplicates"),
        columns=(
            TableColumn("one", _("Older record"), phone="title"),
            TableColumn("two", _("Newer record")),
            TableColumn("why", _("By what"), kind="state", phone="state"),
        ),
        rows=[
            {
                "id": f"{pair.one}/{pair.two}",
                "one": names.get(str(pair.one), ""),
                "two": names.get(str(pair.two), ""),
                "why": State(
                    _(merging.WHY[pair.why]), "attention" if pair.why == "phone" else "idle"
                ),
            }
            for pair in pairs
        ],
        row_url=lambda row: url_for(
            ".merge",
            unit_id=unit_id,
            customer_id=row["id"].split("/")[0],
            other=row["id"].split("/")[1],
        ),
        base_url=url_for(".duplicate_list", unit_id=unit_id),
        empty=Empty(
            _("No record looks like another one."),
            _(
                "Same phone, same name, or the same last digits with a name that sounds alike "
                "would stand here. Any two records can be compared from a customer's page."
            ),
            icon="person-check",
        ),
    )
    return page(
        "sales_floor/duplicates.html",
        table=table,
        unit_name=unit_name(unit_id),
        fragment=False,
    )


@bp.route(
    "/floor/<uuid:unit_id>/customers/<uuid:customer_id>/merge",
    methods=["GET", "POST"],
    permission=may.MERGE,
)
def merge(unit_id: uuid.UUID, customer_id: uuid.UUID) -> Any:
    """Compare a record with another (``?other=``), see whose customer it would be, merge."""
    s = reading()
    row = customer_at(s, unit_id, customer_id, may.MERGE)
    other_id = forms.uuid_of(request.args.get("other"))
    if other_id is None:
        return _choose(s, unit_id, row)
    form = forms_cases.MergeForm()

    def work(t: CompanySession) -> Then:
        done = merging.merge(t, customer_id, other_id, form.reason.data)
        names = staff_names(t)
        owner = done.outcome.get("owner")
        said = _(
            "Merged: one record, owner %(name)s.",
            name=names.get(uuid.UUID(str(owner)), "") if owner else _("nobody"),
        )
        return Then(said, url_for(".customer", unit_id=unit_id, customer_id=customer_id))

    answer = posted(form, work, back=url_for(".customer", unit_id=unit_id, customer_id=customer_id))
    if answer is not None:
        return answer
    kept, other = merging.compared(s, unit_id, customer_id, other_id)
    told, refused, moved = None, "", []
    try:
        asked = asking.ask(s, unit_id, [("merge", merging.event_of(s, customer_id, other_id, "–"))])
        decision = asking.last_of(asked, "merge")
        if decision is not None:
            # Who finds so, and why, is what the form below asks for.
            cites = tuple(cite for cite in decision.cites if cite.effect != "merged")
            told = asking.tell(s, replace(decision, cites=cites), asked.policy)
        moved = _credit_changes(s, asked, staff_names(s))
    except Conflict as error:
        refused = str(error)
    names = staff_names(s)
    html = page(
        "sales_floor/merge.html",
        form=form,
        facts=_side_by_side(s, kept, other, names),
        told=told,
        refused=refused,
        moved=moved,
        swap_url=url_for(".merge", unit_id=unit_id, customer_id=other_id, other=customer_id),
        back=url_for(".customer", unit_id=unit_id, customer_id=customer_id),
    )
    return html, shown_status()


def _choose(s: CompanySession, unit_id: uuid.UUID, row: Customer) -> Any:
    """Which other record: those that look like it, or any one by typing."""
    form = forms_cases.OtherForm()

    def work(t: CompanySession) -> Then:
        other = forms.uuid_of(form.other_id.data)
        if other is None:
            raise UserError(_("Please choose the customer from the list."), field="other")
        merging.compared(t, unit_id, row.id, other)
        return Then(
            _("Compare the two records."),
            url_for(".merge", unit_id=unit_id, customer_id=row.id, other=other),
        )

    pairs = merging.like(s, row)
    others = [pair.two if pair.one == row.id else pair.one for pair in pairs]
    names = names_for(s, [*others, row.id])
    return form_act(
        form,
        _("Same person as %(name)s", name=names.get(str(row.id), "")),
        work,
        submit=_("Compare"),
        back=url_for(".customer", unit_id=unit_id, customer_id=row.id),
        template="sales_floor/merge_choose.html",
        suggest_url=url_for(".merge_suggest", unit_id=unit_id),
        found=[
            (
                names.get(str(one), ""),
                _(merging.WHY[pair.why]),
                url_for(".merge", unit_id=unit_id, customer_id=row.id, other=one),
            )
            for one, pair in zip(others, pairs, strict=True)
        ],
    )


@bp.get("/floor/<uuid:unit_id>/merge/suggest", permission=may.MERGE)
def merge_suggest(unit_id: uuid.UUID) -> Any:
    """Type-ahead of this site's customers to compare with."""
    from flask import jsonify

    hits = customers.suggest(reading(), unit_id, request.args.get("q", "")[:60])
    return jsonify(
        items=[
            {"value": str(hit.customer_id), "label": hit.name or hit.phone, "note": hit.phone}
            for hit in hits
            if hit.customer_id is not None
        ]
    )


def _side_by_side(
    s: CompanySession, kept: Customer, other: Customer, names: Names
) -> list[tuple[str, str, str, bool]]:
    """Label, value of the record that stands, value of the other, whether they differ."""
    sides = []
    for row in (kept, other):
        found = record.record(s, row.id)
        party: Party | None = found.party
        word = words.STAGES.get(row.stage, (row.stage, ""))[0]
        sides.append(
            [
                (_("Name"), party.name if party else _("unknown visitor")),
                (_("Phone"), party.phone_masked if party else ""),
                (_("Owner"), names.get(row.owner_id, "") if row.owner_id else ""),
                (
                    _("First received by"),
                    names.get(row.first_rep_id, "") if row.first_rep_id else "",
                ),
                (_("First visit"), str(row.first_visit_on or "")),
                (_("Last contact"), str(row.last_contact_on or "")),
                (_("Intention class"), row.grade),
                (_("Stage"), _(word)),
                (_("Visits"), str(len(found.visits))),
                (_("Contacts"), str(len(found.contacts))),
                (_("Deals"), "、".join(deal.number for deal in found.deals)),
                (_("Source"), row.source),
            ]
        )
    return [
        (label, one, two, one != two)
        for (label, one), (_same, two) in zip(sides[0], sides[1], strict=True)
    ]


def _credit_changes(s: CompanySession, asked: asking.Asked, names: Names) -> list[str]:
    """Deals whose credit would change, with the shares they would have."""
    changed = asked.step.outcome.get("deals", {})
    found = []
    for key, credit in changed.items():
        deal = s.find(Deal, uuid.UUID(key))
        shares = "、".join(
            f"{names.get(uuid.UUID(who), '')} {part / 100:g}%"
            if who != "DEPARTMENT"
            else f"{_('department')} {part / 100:g}%"
            for who, part in credit.get("performance", {}).items()
        )
        found.append(f"{deal.number if deal else ''} → {shares or '–'}")
    return found


@bp.route(
    "/floor/<uuid:unit_id>/customers/<uuid:customer_id>/unmerge",
    methods=["GET", "POST"],
    permission=may.MERGE,
)
def unmerge(unit_id: uuid.UUID, customer_id: uuid.UUID) -> Any:
    """Undo the latest merge, or read what stands in the way."""
    s = reading()
    row = customer_at(s, unit_id, customer_id, may.MERGE)
    made = merging.latest(s, customer_id)
    if made is None:
        raise Conflict(_("This customer was not merged with anybody."))
    form = forms.ReasonForm()

    def work(t: CompanySession) -> str:
        merging.unmerge(t, customer_id, form.reason.data)
        return _("The merge is undone: both records are what they were.")

    return form_act(
        form,
        _("Undo the merge"),
        work,
        submit=_("Undo the merge"),
        back=url_for(".customer", unit_id=unit_id, customer_id=customer_id),
        lead=_("Both records are again what they were before; possible while nothing happened."),
        template="sales_floor/unmerge.html",
        hindered=merging.hindrances(row),
        made=made,
    )
