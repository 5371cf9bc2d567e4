"""One visit: its page and every act on it."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from typing import Any

from flask import url_for
from sqlalchemy import select

from zhike.api import (
    CompanySession,
    RecordRef,
    _,
    clock,
    current,
    decisions,
    page,
    policies,
    reading,
)
from zhike_sales_floor import permissions as may
from zhike_sales_floor import words
from zhike_sales_floor.models import Customer, Ticket, Visit
from zhike_sales_floor.services import corrections, live, questions, sheets
from zhike_sales_floor.views._common import (
    Names,
    bp,
    own_staff,
    staff_names,
    visit_at,
)


def visit_title(visit: Visit) -> str:
    """How a visit is named: its visitors, or its number of the day."""
    return visit.label or _("Visitor no. %(n)s", n=visit.number)


@bp.get("/floor/<uuid:unit_id>/visit/<uuid:visit_id>", permission=may.VIEW_BOARD)
def visit(unit_id: uuid.UUID, visit_id: uuid.UUID) -> Any:
    """The visit as a record: facts, actions allowed now, what happened."""
    s = reading()
    row = visit_at(s, unit_id, visit_id)
    names = staff_names(s)
    customer = s.find(Customer, row.customer_id)
    made = decisions.list_for(s, RecordRef(live.PLUGIN, "visit", row.id))
    return page(
        "sales_floor/visit.html",
        visit=row,
        title=visit_title(row),
        state=words.VISIT_STATES[row.state],
        facts=[*_facts(row, names, customer, unit_id), *_continues(s, row)],
        actions=_actions(unit_id, row),
        entries=_entries(s, row, names, made),
        names=names,
        words=words,
        unit_id=unit_id,
    )


def _facts(
    row: Visit, names: Names, customer: Customer | None, unit_id: uuid.UUID
) -> list[tuple[str, Any]]:
    passed = "、".join(
        f"{names.get(uuid.UUID(item['rep']), '')} {_(words.PASS_EFFECTS.get(item['effect'], ''))}"
        for item in row.passed
    )
    entered = row.entered_at and clock.local(row.entered_at, live.tz_of(reading(), row.unit_id))
    found = [
        (_("Entered afterwards"), f"{entered:%Y-%m-%d %H:%M}" if entered else ""),
        (_("Kind"), _(words.VISIT_KINDS.get(row.kind, row.kind)) if row.kind else ""),
        (_("How"), _(words.VIAS.get(row.via, row.via)) if row.via else ""),
        (_("Due by the rules"), names.get(row.due_id, "") if row.due_id else ""),
        (_("Received by"), names.get(row.staff_id, "") if row.staff_id else ""),
        (_("Out of turn"), _out_of_turn(row, names)),
        (_("Helpers"), "、".join(names.get(uuid.UUID(one), "") for one in row.helpers)),
        (_("Passed"), passed),
        (_("Tickets"), sheets.ticket_words(row, names)),
        (_("Persons"), row.people),
        (_("Source"), row.source),
        (_("Need"), row.need),
        (_("Batch"), row.relation),
        (_("Result"), _(words.RESULTS[row.result]) if row.result in words.RESULTS else row.result),
        (_("Reason for not buying"), row.lost_reason),
        (_("Intention class"), row.grade),
    ]
    return [(label, value) for label, value in found if value]


def _continues(s: CompanySession, row: Visit) -> list[tuple[str, Any]]:
    """Of which reception this is the rest, where one was ended by mistake."""
    first = s.find(Visit, row.continues_id)
    if first is None or first.ended_at is None:
        return []
    at = clock.local(first.ended_at, live.tz_of(s, row.unit_id))
    return [(_("Goes on after"), _("the ending by mistake at %(time)s", time=f"{at:%H:%M}"))]


def _out_of_turn(row: Visit, names: Names) -> str:
    if not row.flag:
        return ""
    offender = str(row.flag.get("offender", ""))
    name = names.get(uuid.UUID(offender), "") if offender else ""
    kind = _(words.FLAGS.get(row.flag["kind"], row.flag["kind"]))
    return f"{name}({kind})" if name else kind


def _actions(unit_id: uuid.UUID, row: Visit) -> list[dict[str, Any]]:
    """What may be done now; an act that the state forbids is simply not there."""
    me = current()
    mine = row.staff_id is not None and row.staff_id == own_staff()

    def url(what: str) -> str:
        return url_for(f".{what}", unit_id=unit_id, visit_id=row.id)

    run = bool(me.can(may.MANAGE, unit_id))
    self_ = mine and bool(me.can(may.SELF, unit_id))
    own = run or self_
    no_customer = self_ or bool(me.can(may.VOID_CONFIRM, unit_id))
    over = corrections.continuation(reading(), row) if row.state == "ended" else None
    found: list[dict[str, Any]] = []
    if row.state == "reception":
        if own:
            found += [
                {
                    "label": _("End reception"),
                    "url": url("end"),
                    "icon": "check2-circle",
                    "primary": True,
                },
                {"label": _("Hand over"), "url": url("hand_over"), "icon": "arrow-left-right"},
                {"label": _("Helper"), "url": url("help_with"), "icon": "person-plus"},
            ]
            found.append(
                {"label": _("Hard question"), "url": url("question"), "icon": "patch-question"}
            )
        if no_customer:
            found.append({"label": _("No customer"), "url": url("void"), "icon": "slash-circle"})
        if run:
            found.append({"label": _("Take over"), "url": url("take_over"), "icon": "person-check"})
    if over is not None:
        # What is still to be said of the party is said of the part that goes on.
        there = url_for(".visit", unit_id=unit_id, visit_id=over.id)
        found.append({"label": _("It goes on here"), "url": there, "icon": "arrow-right"})
    elif row.state == "ended":
        if run:
            found.append(
                {"label": _("Still here"), "url": url("still_here"), "icon": "arrow-repeat"}
            )
        if own:
            found.append({"label": _("Correct the result"), "url": url("result"), "icon": "pencil"})
        if no_customer:
            found.append({"label": _("No customer"), "url": url("void"), "icon": "slash-circle"})
    if row.state == "waiting":
        if me.can(may.OVERRIDE, unit_id):
            found.append({"label": _("Assign"), "url": url("assign"), "icon": "hand-index"})
        if run:
            found.append({"label": _("Left unserved"), "url": url("left"), "icon": "door-open"})
    if row.state == "calling_owner" and run:
        found.append(
            {"label": _("Answer"), "url": url("answer"), "icon": "telephone", "primary": True}
        )
    standing = over is None and row.state in ("reception", "ended")
    if me.can(may.REPORT, unit_id) and not row.flag and standing:
        found.append({"label": _("Report wrong turn"), "url": url("flag"), "icon": "flag"})
    if me.can(may.REPORT, unit_id) and row.customer_id is not None:
        found.append(
            {
                "label": _("Open a dispute"),
                "icon": "exclamation-diamond",
                "url": url_for(
                    ".docket_new", unit_id=unit_id, customer=row.customer_id, visit=row.id
                ),
            }
        )
    if me.can(may.RULE, unit_id) and standing:
        found.append({"label": _("Rule on a fault"), "url": url("fault"), "icon": "hammer"})
    if standing:
        found += _word_actions(unit_id, row)
    if row.decision_id:
        found.append(
            {
                "label": _("Why?"),
                "url": url_for(".why", decision_id=row.decision_id),
                "icon": "question-circle",
            }
        )
    if row.customer_id and me.can(may.CUSTOMER_VIEW, unit_id):
        found.append(
            {
                "label": _("Customer"),
                "icon": "person-vcard",
                "url": url_for(".customer", unit_id=unit_id, customer_id=row.customer_id),
            }
        )
    return found


def _word_actions(unit_id: uuid.UUID, row: Visit) -> list[dict[str, Any]]:
    """What is done about the visitor's word, and about a rep's conduct."""
    me = current()
    found: list[dict[str, Any]] = []
    policy = policies.in_force(reading(), live.PLUGIN, unit_id, clock.now()).policy
    if live.by_records(policy) and row.customer_id:
        if me.can(may.MANAGE, unit_id):
            url = url_for(".found", unit_id=unit_id, visit_id=row.id)
            found.append({"label": _("Earlier rep found"), "url": url, "icon": "search"})
        if me.can(may.RULE, unit_id):
            url = url_for(".better_price", unit_id=unit_id, visit_id=row.id)
            found.append({"label": _("For a better price only"), "url": url, "icon": "tag"})
    if me.can(may.RULE, unit_id):
        url = url_for(".conduct", unit_id=unit_id, visit=row.id)
        found.append({"label": _("Breach of conduct"), "url": url, "icon": "exclamation-diamond"})
    return found


def _flagged(decision: Any) -> str:
    kind = decision.outcome.get("flag") or decision.outcome.get("kind")
    return f"({_(words.FLAGS[kind])})" if kind in words.FLAGS else ""


def _typed(row: Visit, decision: Any) -> dict[str, str]:
    """Who acted or reported and the reason given, where the act was about this very visit."""
    event = decision.inputs.get("event", {})
    if event.get("visit") != str(row.id):
        return {}
    reason = str(event.get("reason", ""))
    return {
        "who": str(event.get("reporter") or event.get("by") or ""),
        "text": "" if reason == words.OBSERVED else reason,
    }


def _refunds(
    s: CompanySession, row: Visit, names: Names, made: Sequence[Any]
) -> Iterator[dict[str, Any]]:
    """Tickets by which the turn that this visit used was given back, each with its clause."""
    by_seq = {one.inputs.get("seq"): one for one in made}
    tickets = s.scalars(
        select(Ticket)
        .where(
            Ticket.unit_id == row.unit_id,
            Ticket.kind == "refund",
            Ticket.issued_seq.in_(by_seq),
        )
        .order_by(Ticket.issued_at.desc())
    )
    for ticket in tickets:
        decision = by_seq[ticket.issued_seq]
        if str(ticket.staff_id) not in (
            decision.outcome.get("refund_to"),
            decision.outcome.get("from"),
        ):
            continue  # the same step served another visit too
        clause = sheets.clause_words(s, [ticket.rule], decision.policy_version_id)
        may_see = current().can(may.REGISTERS, row.unit_id)
        day = clock.local(ticket.issued_at, live.tz_of(s, row.unit_id)).date()
        ended = _(words.TICKET_ENDS.get(ticket.ended_how, ticket.ended_how))
        yield {
            "at": ticket.issued_at,
            "kind": "act",
            "title": _(
                "Ticket no. %(n)s (refund) for %(name)s",
                n=ticket.number,
                name=names.get(ticket.staff_id, ""),
            ),
            "text": _(
                "By %(clause)s: the turn that this visit used is given back; %(state)s.",
                clause=clause,
                state=ended,
            ),
            "url": url_for(".register_list", unit_id=row.unit_id, register="SFF-63", day=day)
            if may_see
            else "",
        }


def _asked(s: CompanySession, row: Visit, names: Names) -> Iterator[dict[str, Any]]:
    """Questions that had to be passed on, with what was answered."""
    for one in questions.of_visit(s, row.id):
        brought = names.get(one.brought_id, "") if one.brought_id else ""
        yield {
            "at": one.asked_at,
            "kind": "note",
            "title": _("Hard question, %(name)s brought", name=brought)
            if brought
            else _("Hard question"),
            "who": one.by,
            "text": "\n".join(part for part in (one.question, one.answer) if part),
            "url": ""
            if one.answered_at
            else url_for(".question_answer", unit_id=row.unit_id, question_id=one.id),
        }


def _entries(
    s: CompanySession, row: Visit, names: Names, made: Sequence[Any]
) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = [*_refunds(s, row, names, made), *_asked(s, row, names)]
    for decision in reversed(made):
        rep = decision.outcome.get("rep") or decision.outcome.get("offender")
        kind = "hand_over" if decision.outcome.get("from") else decision.kind
        name = names.get(uuid.UUID(str(rep)), "") if rep else ""
        found.append(
            {
                "at": decision.at,
                "kind": "decision",
                "title": " ".join(
                    part
                    for part in (_(words.DECISIONS.get(kind, kind)), name, _flagged(decision))
                    if part
                ),
                "why_url": url_for(".why", decision_id=decision.id),
                **_typed(row, decision),
            }
        )
    return sorted(found, key=lambda entry: entry["at"], reverse=True)
