"""Disputes 争议: list, opening, the docket with its evidence and proposal, claims, the paper."""

from __future__ import annotations

import uuid
from typing import Any

from flask import jsonify, request, url_for

from zhike.api import (
    CompanySession,
    Empty,
    Facet,
    NotFound,
    State,
    Table,
    TableColumn,
    UserError,
    _,
    clock,
    current,
    options,
    page,
    reading,
    textkit,
)
from zhike_sales_floor import forms, forms_cases, words
from zhike_sales_floor import permissions as may
from zhike_sales_floor.models import Customer, Deal, Visit
from zhike_sales_floor.models_cases import Docket
from zhike_sales_floor.services import (
    customers,
    docket_sheet,
    dockets,
    evidence,
    floor,
    record,
)
from zhike_sales_floor.services.names import names_for
from zhike_sales_floor.views._common import (
    Then,
    bp,
    form_act,
    own_staff,
    site_of,
    staff_names,
    unit_name,
)
from zhike_sales_floor.views._papers import answer


@bp.get("/dockets", permission=may.REPORT)
def dockets_home() -> Any:
    """The disputes of the site at which the reader works."""
    unit_id = site_of()
    current().require(may.REPORT, unit_id)
    return docket_list(unit_id)


def shown_name(name: str, unit_id: uuid.UUID, owner_id: uuid.UUID | None) -> str:
    """A customer's name for this reader: masked for a rep whose customer he is not."""
    if owner_id == own_staff() and owner_id is not None:
        return name
    seen = current().can(may.CUSTOMER_VIEW, unit_id)
    return name if seen and seen.why != "own" else textkit.mask_name(name)


@bp.get("/floor/<uuid:unit_id>/dockets", permission=may.REPORT)
def docket_list(unit_id: uuid.UUID) -> Any:
    """Disputes of the site, newest first: all for those who rule, else one's own."""
    s = reading()
    rules = bool(current().can(may.RULE, unit_id))
    state = request.args.get("state", "running")
    party = None if rules else (own_staff() or uuid.UUID(int=0))
    rows, after = dockets.of_unit(
        s,
        unit_id,
        state="" if state == "all" else state,
        party=party,
        text=request.args.get("q", "")[:40],
        after=request.args.get("after", ""),
    )
    ids = [row.customer_id for row in rows]
    names = names_for(s, ids)
    owners = {row.id: row.owner_id for row in (s.require(Customer, one) for one in ids)}
    deals = names_for(s, [row.deal_id for row in rows if row.deal_id])
    table = Table(
        caption=_("Disputes"),
        columns=(
            TableColumn("number", _("Number"), phone="title"),
            TableColumn("customer", _("Customer")),
            TableColumn("deal", _("Deal")),
            TableColumn("question", _("What the dispute is about")),
            TableColumn("state", _("State"), kind="state", phone="state"),
            TableColumn("opened_at", _("Opened"), kind="time"),
        ),
        rows=[
            {
                "id": row.id,
                "number": row.number,
                "customer": shown_name(
                    names.get(str(row.customer_id), ""), unit_id, owners[row.customer_id]
                ),
                "deal": deals.get(str(row.deal_id), ""),
                "question": row.question[:60],
                "state": _state(row),
                "opened_at": row.opened_at,
            }
            for row in rows
        ],
        row_url=lambda row: url_for(".docket", unit_id=unit_id, docket_id=row["id"]),
        base_url=url_for(".docket_list", unit_id=unit_id),
        args=list(request.args.items(multi=True)),
        after=after,
        search=True,
        search_help=_("Part of a number"),
        facets=[
            Facet(
                "state",
                _("State"),
                (
                    ("running", _("running")),
                    ("open", _("to be ruled on")),
                    ("ruled", _("ruled, appeal possible")),
                    ("appealed", _("appealed against")),
                    ("closed", _("closed")),
                    ("all", _("all")),
                ),
                default="running",
            )
        ],
        empty=Empty(
            _("No dispute is running."),
            _("Whoever thinks a customer is his opens one; the evidence comes by itself."),
            url=url_for(".docket_new", unit_id=unit_id),
            label=_("Open a dispute"),
            icon="exclamation-diamond",
        ),
    )
    return page(
        "sales_floor/dockets.html",
        table=table,
        unit_id=unit_id,
        unit_name=unit_name(unit_id),
        fragment=False,
    )


def _state(row: Docket) -> State:
    now = dockets.standing(row, clock.now())
    word, tone = words.DOCKET_STATES[now]
    if now == "closed":
        word = words.DOCKET_ENDS[row.ended or "ruled"]
    return State(_(word), tone)


@bp.get("/floor/<uuid:unit_id>/dockets/suggest", permission=may.REPORT)
def docket_suggest(unit_id: uuid.UUID) -> Any:
    """Type-ahead of this site's customers; the names masked for whoever may not see them."""
    hits = customers.suggest(reading(), unit_id, request.args.get("q", "")[:60])
    return jsonify(
        items=[
            {
                "value": str(hit.customer_id),
                "label": shown_name(hit.name, unit_id, hit.owner_id) or hit.phone,
                "note": hit.phone,
            }
            for hit in hits
            if hit.customer_id is not None
        ]
    )


# -- opening ----------------------------------------------------------------------------------
@bp.route("/floor/<uuid:unit_id>/dockets/new", methods=["GET", "POST"], permission=may.REPORT)
def docket_new(unit_id: uuid.UUID) -> Any:
    """Open a dispute: first about whom, then what is claimed."""
    s = reading()
    known = forms.uuid_of(request.args.get("customer"))
    if known is None:
        return _about_whom(unit_id)
    row = s.require(Customer, known)
    if row.unit_id != unit_id:
        raise NotFound(_("This customer belongs to another site."))
    names = staff_names(s)
    me = own_staff()
    reps = list(floor.reps_of(s, unit_id))
    is_rep = me in reps
    form = forms_cases.DocketForm()
    found = record.record(s, known)
    form.deal.choices = options(
        [
            ("", _("no deal: whose customer it is")),
            *((str(deal.id), f"{deal.number} {deal.property}".strip()) for deal in found.deals),
        ]
    )
    form.visit.choices = options(
        [("", "–"), *((str(visit.id), _visit_label(visit, names)) for visit in found.visits[:20])]
    )
    form.parties.choices = options(
        [(str(one), names.get(one, "")) for one in reps if one not in (me, row.owner_id)]
    )
    if not is_rep:
        del form.claim, form.share, form.words
    if request.method == "GET":
        form.deal.data = request.args.get("deal", "")
        form.visit.data = request.args.get("visit", "")

    def work(t: CompanySession) -> Then:
        claims = {uuid.UUID(one): dockets.Claim() for one in form.parties.data or []}
        if is_rep and me is not None:
            claims[me] = dockets.Claim(
                form.claim.data, form.words.data or "", forms.points(form.share.data)
            )
        made = dockets.open_docket(
            t,
            known,
            form.question.data,
            claims,
            deal_id=forms.uuid_of(form.deal.data),
            visit_id=forms.uuid_of(form.visit.data),
        )
        return Then(
            _("Opened as %(number)s; everybody concerned has been told.", number=made.number),
            url_for(".docket", unit_id=unit_id, docket_id=made.id),
        )

    name = found.party.name if found.party else _("unknown visitor")
    return form_act(
        form,
        _("Dispute about %(name)s", name=shown_name(name, unit_id, row.owner_id)),
        work,
        submit=_("Open the dispute"),
        back=url_for(".docket_list", unit_id=unit_id),
        lead=_("The owner is a party by himself. Commission waits until the dispute is decided."),
        template="sales_floor/docket_new.html",
        is_rep=is_rep,
    )


def _visit_label(visit: Visit, names: Any) -> str:
    rep = names.get(visit.staff_id, "") if visit.staff_id else "–"
    return f"{visit.day.isoformat()} · {rep}"


def _about_whom(unit_id: uuid.UUID) -> Any:
    form = forms_cases.OtherForm()
    form.other.label.text = _("Customer")

    def work(t: CompanySession) -> Then:
        chosen = forms.uuid_of(form.other_id.data)
        if chosen is None:
            raise UserError(_("Please choose the customer from the list."), field="other")
        t.require(Customer, chosen)
        return Then(
            _("Now say what the dispute is about."),
            url_for(".docket_new", unit_id=unit_id, customer=chosen),
        )

    return form_act(
        form,
        _("Open a dispute"),
        work,
        submit=_("Next"),
        back=url_for(".docket_list", unit_id=unit_id),
        lead=_("First the customer whom it is about."),
        template="sales_floor/merge_choose.html",
        suggest_url=url_for(".docket_suggest", unit_id=unit_id),
        asking=True,
    )


# -- the docket -------------------------------------------------------------------------------
def docket_at(s: CompanySession, unit_id: uuid.UUID, docket_id: uuid.UUID) -> Docket:
    """The docket of this site, for those who rule and its parties; NotFound for others."""
    row = s.require(Docket, docket_id)
    if row.unit_id != unit_id:
        raise NotFound(_("This dispute belongs to another site."))
    if current().can(may.RULE, unit_id):
        return row
    if dockets.party_of(s, docket_id, own_staff() or uuid.UUID(int=0)) is None:
        raise NotFound(_("You are no party to this dispute."))
    return row


@bp.get("/floor/<uuid:unit_id>/dockets/<uuid:docket_id>", permission=may.REPORT)
def docket(unit_id: uuid.UUID, docket_id: uuid.UUID) -> Any:
    """One dispute: claims, evidence, what the regulation says, ruling and appeal."""
    s = reading()
    row = docket_at(s, unit_id, docket_id)
    rules = bool(current().can(may.RULE, unit_id))
    names = staff_names(s)
    parties = dockets.parties_of(s, row.id)
    customer = s.require(Customer, row.customer_id)
    name = names_for(s, [row.customer_id]).get(str(row.customer_id), "")
    shown = shown_name(name, unit_id, customer.owner_id)
    state = dockets.standing(row, clock.now())
    deal = s.find(Deal, row.deal_id)
    return page(
        "sales_floor/docket.html",
        row=row,
        state=state,
        title=_("Dispute about %(name)s", name=shown),
        record={
            "number": row.number,
            "state": _state(row),
            "holder": row.opened_by,
            "due": row.appeal_until if state == "ruled" else None,
            "due_label": _("appeal until"),
        },
        customer_name=shown,
        sees_customer=bool(current().can(may.CUSTOMER_VIEW, unit_id))
        and (rules or customer.owner_id == own_staff()),
        deal=deal,
        parties=parties,
        names=names,
        claims=words.CLAIMS,
        proposals=evidence.proposals(s, row, parties, clear=_clear(row, customer)),
        shares=docket_sheet.shares_shown,
        ruled=docket_sheet.ruling_text(row.ruling, names),
        appeal_ruled=docket_sheet.ruling_text(row.appeal_ruling, names),
        notes=dockets.notes_of(s, row.id),
        actions=_actions(s, row, state, rules),
        entries=_entries(s, row, rules),
        unit_id=unit_id,
        rules=rules,
        may=may,
    )


def _clear(row: Docket, customer: Customer) -> set[uuid.UUID] | None:
    """Whose names this reader reads in full in explanations; None for everybody's."""
    seen = current().can(may.CUSTOMER_VIEW, row.unit_id)
    if seen and seen.why != "own":
        return None
    return {customer.id} if customer.owner_id == own_staff() else set()


def _actions(s: CompanySession, row: Docket, state: str, rules: bool) -> list[dict[str, Any]]:
    def url(what: str) -> str:
        return url_for(f".{what}", unit_id=row.unit_id, docket_id=row.id)

    me = current().actor
    party = dockets.party_of(s, row.id, own_staff() or uuid.UUID(int=0))
    found: list[dict[str, Any]] = []
    if state in ("open", "appealed") and rules:
        same = state == "appealed" and dockets.identity(me) == row.ruler
        found.append(
            {
                "label": _("Rule") if state == "open" else _("Decide the appeal"),
                "url": url("docket_rule"),
                "icon": "hammer",
                "primary": True,
                "why": _(
                    "You ruled first: somebody else with the right to rule decides the appeal."
                )
                if same
                else "",
            }
        )
    if party is not None and state == "open":
        found.append(
            {
                "label": _("State my claim"),
                "url": url("docket_claim"),
                "icon": "chat-left-text",
                "primary": not party.claim,
            }
        )
    if party is not None and state == "ruled":
        found.append({"label": _("Appeal"), "url": url("docket_appeal"), "icon": "arrow-up-circle"})
    if state != "closed" and (rules or party is not None):
        found.append({"label": _("Add a note"), "url": url("docket_note"), "icon": "pencil"})
    if rules and state in ("open", "appealed"):
        found.append(
            {"label": _("They came to terms"), "url": url("docket_settle"), "icon": "people"}
        )
    if rules and state == "open":
        found.append({"label": _("Add a party"), "url": url("docket_party"), "icon": "person-plus"})
    if rules and row.ruled_at is not None and row.refused_id is None:
        found.append(
            {
                "label": _("A party refuses the ruling"),
                "url": url("docket_refuse"),
                "icon": "lightning",
                "danger": True,
            }
        )
    if state == "open" and row.opened_id is not None and row.opened_id == me.staff_id:
        found.append({"label": _("Withdraw"), "url": url("docket_withdraw"), "icon": "x-circle"})
    if rules or row.ruled_at is not None:
        found.append({"label": _("Ruling sheet"), "url": url("docket_print"), "icon": "printer"})
        found.append({"label": "PDF", "url": url("docket_print") + "?as=pdf", "icon": "file-pdf"})
    return found


def _entries(s: CompanySession, row: Docket, rules: bool) -> list[dict[str, Any]]:
    """The evidence, newest first; what people typed only for those who rule."""
    facts = evidence.timeline(s, row, staff_names(s))
    sees_visits = bool(current().can(may.VIEW_BOARD, row.unit_id))
    return [
        {
            "at": fact.at,
            "kind": fact.kind,
            "title": fact.title,
            "who": fact.who,
            "text": fact.text if rules else "",
            "url": url_for(".visit", unit_id=row.unit_id, visit_id=fact.visit)
            if fact.visit and sees_visits
            else "",
            "why_url": url_for(".why", decision_id=fact.why) if fact.why and rules else "",
            "stated_at": fact.stated,
        }
        for fact in reversed(facts)
    ]


@bp.get("/floor/<uuid:unit_id>/dockets/<uuid:docket_id>/sheet", permission=may.REPORT)
def docket_print(unit_id: uuid.UUID, docket_id: uuid.UUID) -> Any:
    """争议裁定单 (SFF-65) on screen, as PDF (``?as=pdf``) or xlsx."""
    s = reading()
    row = docket_at(s, unit_id, docket_id)
    rules = bool(current().can(may.RULE, unit_id))
    customer = s.require(Customer, row.customer_id)
    name = names_for(s, [row.customer_id]).get(str(row.customer_id), "")
    form, data = docket_sheet.sheet(
        s, row, customer=shown_name(name, unit_id, customer.owner_id), whole=rules
    )
    kind = request.args.get("as", "html")
    if kind == "xlsx":
        current().require(may.EXPORT, unit_id)
    back = url_for(".docket", unit_id=unit_id, docket_id=docket_id)
    return answer(form, data, kind, back=back)
