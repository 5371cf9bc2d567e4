"""How the floor's records are named where others refer to them, and what is unfinished."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from sqlalchemy import select

from zhike.api import (
    N_,
    CompanySession,
    LedgerAction,
    OpenItem,
    OpenItems,
    RecordKind,
    RecordPlace,
    RecordRef,
    RecordSummary,
    SetupStep,
    _,
)
from zhike_sales_floor import permissions as may
from zhike_sales_floor.models import Customer, Deal, FloorEvent, Rep, Visit
from zhike_sales_floor.models_cases import Docket, DocketParty, Handover
from zhike_sales_floor.models_follow_up import CustomerProblem
from zhike_sales_floor.models_office import Call, Incident, Minutes, Sheet
from zhike_sales_floor.models_sales import House
from zhike_sales_floor.services.deals import is_of
from zhike_sales_floor.services.names import names_for
from zhike_sales_floor.words import INCIDENTS, VERBS, act_of


def _may(principal: Any, permission: str, unit_id: uuid.UUID) -> bool:
    return bool(principal.can(permission, unit_id))


def describe_visit(s: CompanySession, ref: RecordRef, principal: Any) -> RecordSummary | None:
    """A visit by its visitors or its number."""
    row = s.find(Visit, ref.id)
    if row is None or not _may(principal, may.VIEW_BOARD, row.unit_id):
        return None
    title = row.label or _("Visitor no. %(n)s", n=row.number)
    return RecordSummary(title, f"/p/sales_floor/floor/{row.unit_id}/visit/{row.id}")


def describe_customer(s: CompanySession, ref: RecordRef, principal: Any) -> RecordSummary | None:
    """A customer by name, for whoever may see customers of the site."""
    row = s.find(Customer, ref.id)
    if row is None:
        return None
    answer = principal.can(may.CUSTOMER_VIEW, row.unit_id)
    if not answer or (answer.why == "own" and row.owner_id != principal.staff_id):
        return None
    title = names_for(s, [row.id]).get(str(row.id), "")
    return RecordSummary(title, f"/p/sales_floor/floor/{row.unit_id}/customers/{row.id}")


def place_of_customer(s: CompanySession, ref: RecordRef) -> RecordPlace | None:
    """A customer belongs to a site and to the rep who owns him."""
    row = s.find(Customer, ref.id)
    return None if row is None else RecordPlace(row.unit_id, row.owner_id, by_owner=True)


def place_of_visit(s: CompanySession, ref: RecordRef) -> RecordPlace | None:
    """A visit belongs to its site."""
    row = s.find(Visit, ref.id)
    return None if row is None else RecordPlace(row.unit_id)


def place_of_deal(s: CompanySession, ref: RecordRef) -> RecordPlace | None:
    """A deal belongs to its site."""
    row = s.find(Deal, ref.id)
    return None if row is None else RecordPlace(row.unit_id)


def describe_deal(s: CompanySession, ref: RecordRef, principal: Any) -> RecordSummary | None:
    """A deal by its number."""
    row = s.find(Deal, ref.id)
    if row is None:
        return None
    answer = principal.can(may.CLOSING, row.unit_id)
    if not answer or (answer.why == "own" and not is_of(s, row, principal.staff_id)):
        return None
    return RecordSummary(row.number, f"/p/sales_floor/floor/{row.unit_id}/deals/{row.id}")


def describe_house(s: CompanySession, ref: RecordRef, principal: Any) -> RecordSummary | None:
    """A house by its number."""
    row = s.find(House, ref.id)
    if row is None or not _may(principal, may.HOUSES, row.unit_id):
        return None
    return RecordSummary(row.code, f"/p/sales_floor/floor/{row.unit_id}/houses/{row.id}")


def place_of_problem(s: CompanySession, ref: RecordRef) -> RecordPlace | None:
    """A problem belongs to its site and to the rep who looks after it."""
    row = s.find(CustomerProblem, ref.id)
    return None if row is None else RecordPlace(row.unit_id, row.staff_id)


def describe_problem(s: CompanySession, ref: RecordRef, principal: Any) -> RecordSummary | None:
    """A customer's problem by its number, for whoever may see the customer."""
    row = s.find(CustomerProblem, ref.id)
    if row is None:
        return None
    owner = describe_customer(s, RecordRef("sales_floor", "customer", row.customer_id), principal)
    if owner is None:
        return None
    return RecordSummary(row.number, f"/p/sales_floor/floor/{row.unit_id}/problems/{row.id}")


def describe_rep(s: CompanySession, ref: RecordRef, principal: Any) -> RecordSummary | None:
    """A rep by name."""
    del principal
    name = names_for(s, [ref.id]).get(str(ref.id))
    return RecordSummary(name) if name else None


def describe_floor(s: CompanySession, ref: RecordRef, principal: Any) -> RecordSummary | None:
    """A site's floor, by its board."""
    del s
    if not _may(principal, may.VIEW_BOARD, ref.id):
        return None
    return RecordSummary(_("Floor board"), f"/p/sales_floor/floor/{ref.id}")


def describe_event(s: CompanySession, ref: RecordRef, principal: Any) -> RecordSummary | None:
    """An act on the floor by its visitor, where it had one, else by its site and number."""
    row = s.find(FloorEvent, ref.id)
    if row is None or not _may(principal, may.VIEW_BOARD, row.unit_id):
        return None
    visit = row.outcome.get("visit") or row.body.get("visit")
    if visit:
        found = describe_visit(
            s, RecordRef("sales_floor", "visit", uuid.UUID(str(visit))), principal
        )
        if found is not None:
            return found
    what = _(VERBS.get(act_of(row.body), row.verb))
    return RecordSummary(f"{row.day.isoformat()} {what}", f"/p/sales_floor/floor/{row.unit_id}")


def describe_call(s: CompanySession, ref: RecordRef, principal: Any) -> RecordSummary | None:
    """A line of the call register by its day and number."""
    row = s.find(Call, ref.id)
    if row is None or not _may(principal, may.CALLS, row.unit_id):
        return None
    title = _("Call no. %(n)s of %(day)s", n=row.number, day=row.day.isoformat())
    return RecordSummary(title, f"/p/sales_floor/floor/{row.unit_id}/calls")


def describe_docket(s: CompanySession, ref: RecordRef, principal: Any) -> RecordSummary | None:
    """A dispute by its number, for its parties and those who rule."""
    row = s.find(Docket, ref.id)
    if row is None:
        return None
    if not _may(principal, may.RULE, row.unit_id):
        party = select(DocketParty.id).where(
            DocketParty.docket_id == row.id, DocketParty.staff_id == principal.staff_id
        )
        if s.scalar(party) is None:
            return None
    return RecordSummary(row.number, f"/p/sales_floor/floor/{row.unit_id}/dockets/{row.id}")


def describe_handover(s: CompanySession, ref: RecordRef, principal: Any) -> RecordSummary | None:
    """A hand-over by its number."""
    row = s.find(Handover, ref.id)
    if row is None or not _may(principal, may.ROSTER, row.unit_id):
        return None
    return RecordSummary(row.number, f"/p/sales_floor/floor/{row.unit_id}/handovers/{row.id}")


def describe_minutes(s: CompanySession, ref: RecordRef, principal: Any) -> RecordSummary | None:
    """Evening minutes by their day."""
    row = s.find(Minutes, ref.id)
    if row is None or not _may(principal, may.OFFICE, row.unit_id):
        return None
    title = _("Evening minutes of %(day)s", day=row.day.isoformat())
    return RecordSummary(title, f"/p/sales_floor/floor/{row.unit_id}/minutes/{row.day.isoformat()}")


def describe_incident(s: CompanySession, ref: RecordRef, principal: Any) -> RecordSummary | None:
    """An incident by its day and kind."""
    row = s.find(Incident, ref.id)
    if row is None or not _may(principal, may.OFFICE, row.unit_id):
        return None
    title = f"{row.day.isoformat()} {_(INCIDENTS[row.kind])}"
    return RecordSummary(title, f"/p/sales_floor/floor/{row.unit_id}/incidents")


def describe_sheet(s: CompanySession, ref: RecordRef, principal: Any) -> RecordSummary | None:
    """A closed sheet of figures by its number."""
    row = s.find(Sheet, ref.id)
    if row is None or not _may(principal, may.OFFICE, row.unit_id):
        return None
    start = row.starts_on.isoformat()
    url = f"/p/sales_floor/floor/{row.unit_id}/statistics/{row.kind}/{start}"
    return RecordSummary(row.number or start, url)


RECORD_KINDS = (
    RecordKind(
        name="sales_floor.visit", title=N_("Visit"), describe=describe_visit, place=place_of_visit
    ),
    RecordKind(
        name="sales_floor.customer",
        title=N_("Customer"),
        describe=describe_customer,
        place=place_of_customer,
    ),
    RecordKind(
        name="sales_floor.deal", title=N_("Deal"), describe=describe_deal, place=place_of_deal
    ),
    RecordKind(name="sales_floor.house", title=N_("Unit for sale"), describe=describe_house),
    RecordKind(
        name="sales_floor.problem",
        title=N_("Customer's problem"),
        describe=describe_problem,
        place=place_of_problem,
    ),
    RecordKind(name="sales_floor.rep", title=N_("Rep"), describe=describe_rep),
    RecordKind(name="sales_floor.floor", title=N_("Floor board"), describe=describe_floor),
    RecordKind(name="sales_floor.minutes", title=N_("Evening minutes"), describe=describe_minutes),
    RecordKind(name="sales_floor.incident", title=N_("Incident"), describe=describe_incident),
    RecordKind(name="sales_floor.sheet", title=N_("Sheet of figures"), describe=describe_sheet),
    RecordKind(name="sales_floor.call", title=N_("Call"), describe=describe_call),
    RecordKind(name="sales_floor.docket", title=N_("Dispute"), describe=describe_docket),
    RecordKind(name="sales_floor.handover", title=N_("Hand-over"), describe=describe_handover),
    RecordKind(name="sales_floor.event", title=N_("Act on the floor"), describe=describe_event),
)

LEDGER_ACTIONS = (
    LedgerAction(name="sales_floor.override", title=N_("Assigned otherwise than the rules say")),
    LedgerAction(name="sales_floor.flag", title=N_("Wrong turn reported")),
    LedgerAction(name="sales_floor.reclass", title=N_("Absence re-classed")),
    LedgerAction(name="sales_floor.ruling", title=N_("Ruling on a dispute")),
    LedgerAction(name="sales_floor.void", title=N_("Visit voided")),
    LedgerAction(name="sales_floor.fault", title=N_("Fault confirmed")),
    LedgerAction(name="sales_floor.take_over", title=N_("Customer taken over")),
    LedgerAction(name="sales_floor.leave", title=N_("Rep left or is away for long")),
    LedgerAction(name="sales_floor.reassign", title=N_("Customers reassigned")),
    LedgerAction(name="sales_floor.refund", title=N_("Deal cancelled")),
    LedgerAction(name="sales_floor.swap", title=N_("Unit swapped")),
    LedgerAction(name="sales_floor.name_change", title=N_("Deal passed to another name")),
    LedgerAction(name="sales_floor.default", title=N_("Deal marked as in default")),
    LedgerAction(name="sales_floor.house", title=N_("Unit changed, held back or released")),
    LedgerAction(name="sales_floor.refund_asked", title=N_("Refund asked for")),
    LedgerAction(name="sales_floor.paper", title=N_("Subscription paper issued or voided")),
    LedgerAction(name="sales_floor.paper_printed", title=N_("Subscription paper printed")),
    LedgerAction(name="sales_floor.receipt", title=N_("Payment stated")),
    LedgerAction(name="sales_floor.receipt_void", title=N_("Receipt voided")),
    LedgerAction(name="sales_floor.blanks", title=N_("Blank papers drawn")),
    LedgerAction(name="sales_floor.dunning", title=N_("Payment reminder issued")),
    LedgerAction(name="sales_floor.event_mode", title=N_("Event days begun")),
    LedgerAction(name="sales_floor.event_mode_over", title=N_("Event days ended")),
    LedgerAction(name="sales_floor.corrected", title=N_("Entry corrected")),
    LedgerAction(name="sales_floor.quarrel", title=N_("Quarrel noted")),
    LedgerAction(name="sales_floor.found", title=N_("Earlier rep found in the files")),
    LedgerAction(name="sales_floor.complaint", title=N_("Complaint about a rep")),
    LedgerAction(name="sales_floor.better_price", title=N_("Visit for a better price only")),
    LedgerAction(name="sales_floor.conduct", title=N_("Breach of conduct noted")),
    LedgerAction(name="sales_floor.call_voided", title=N_("Line of the call register struck out")),
    LedgerAction(name="sales_floor.minutes_closed", title=N_("Evening minutes closed")),
    LedgerAction(name="sales_floor.sheet_closed", title=N_("Statistics closed")),
    LedgerAction(name="sales_floor.incident", title=N_("Incident noted")),
    LedgerAction(name="sales_floor.incident_closed", title=N_("Incident closed")),
    LedgerAction(name="sales_floor.appointment", title=N_("Appointment changed")),
    LedgerAction(name="sales_floor.merge", title=N_("Two records merged")),
    LedgerAction(name="sales_floor.unmerge", title=N_("Merge undone")),
    LedgerAction(name="sales_floor.release", title=N_("Given back to the public pool")),
    LedgerAction(name="sales_floor.claim", title=N_("Claimed from the public pool")),
    LedgerAction(name="sales_floor.handover_prepared", title=N_("Hand-over prepared")),
    LedgerAction(name="sales_floor.handover_dropped", title=N_("Hand-over given up")),
    LedgerAction(name="sales_floor.docket_opened", title=N_("Dispute opened")),
    LedgerAction(name="sales_floor.docket_party", title=N_("Party added to a dispute")),
    LedgerAction(name="sales_floor.docket_claimed", title=N_("Claim stated in a dispute")),
    LedgerAction(name="sales_floor.docket_noted", title=N_("Note added to a dispute")),
    LedgerAction(name="sales_floor.docket_ruled", title=N_("Dispute ruled on")),
    LedgerAction(name="sales_floor.docket_appealed", title=N_("Appeal against a ruling")),
    LedgerAction(name="sales_floor.docket_decided", title=N_("Appeal decided")),
    LedgerAction(name="sales_floor.docket_refused", title=N_("Ruling refused")),
    LedgerAction(name="sales_floor.docket_settled", title=N_("Dispute settled")),
    LedgerAction(name="sales_floor.docket_withdrawn", title=N_("Dispute withdrawn")),
    LedgerAction(name="sales_floor.paid_despite", title=N_("Commission paid despite a dispute")),
    LedgerAction(name="sales_floor.problem_reported", title=N_("Customer's problem reported")),
    LedgerAction(name="sales_floor.problem_answered", title=N_("Customer's problem answered")),
    LedgerAction(name="sales_floor.follow_up_notice", title=N_("Notice of not finishing a cycle")),
    LedgerAction(name="sales_floor.follow_up_cover", title=N_("Stand-in for follow-ups named")),
    LedgerAction(name="sales_floor.stand_down", title=N_("Follow-ups passed to or from an app")),
    LedgerAction(name="sales_floor.points_confirmed", title=N_("Performance points confirmed")),
    LedgerAction(name="sales_floor.points_waived", title=N_("Performance points waived")),
    LedgerAction(name="sales_floor.points_reopened", title=N_("Performance points reopened")),
    LedgerAction(name="sales_floor.cut_over", title=N_("Cut-over from paper")),
    LedgerAction(name="sales_floor.set_floor", title=N_("Ring and tickets set by hand")),
    LedgerAction(name="sales_floor.afterwards", title=N_("Reception entered afterwards")),
)


def open_problems(s: CompanySession, unit_id: uuid.UUID | None, limit: int) -> Sequence[OpenItem]:
    """Customers' problems nobody has solved or answered yet."""
    query = select(CustomerProblem).where(CustomerProblem.state.in_(("open", "reported")))
    if unit_id is not None:
        query = query.where(CustomerProblem.unit_id == unit_id)
    return [
        OpenItem(RecordRef("sales_floor", "problem", row.id), row.number)
        for row in s.scalars(query.order_by(CustomerProblem.raised_at).limit(limit))
    ]


def open_visits(s: CompanySession, unit_id: uuid.UUID | None, limit: int) -> Sequence[OpenItem]:
    """Visitors who wait or are being received."""
    query = select(Visit).where(Visit.state.in_(("waiting", "calling_owner", "reception")))
    if unit_id is not None:
        query = query.where(Visit.unit_id == unit_id)
    return [
        OpenItem(
            RecordRef("sales_floor", "visit", row.id),
            row.label or _("Visitor no. %(n)s", n=row.number),
        )
        for row in s.scalars(query.order_by(Visit.arrived_at).limit(limit))
    ]


def open_dockets(s: CompanySession, unit_id: uuid.UUID | None, limit: int) -> Sequence[OpenItem]:
    """Disputes that wait for a ruling or the decision of an appeal."""
    query = select(Docket).where(Docket.state.in_(("open", "appealed")))
    if unit_id is not None:
        query = query.where(Docket.unit_id == unit_id)
    return [
        OpenItem(RecordRef("sales_floor", "docket", row.id), row.number)
        for row in s.scalars(query.order_by(Docket.id).limit(limit))
    ]


OPEN_ITEMS = (
    OpenItems(
        name="sales_floor.problems",
        title=N_("Customers' open problems"),
        permission=may.FOLLOW_UP_LEAD,
        query=open_problems,
    ),
    OpenItems(
        name="sales_floor.visits",
        title=N_("Open visits"),
        permission=may.VIEW_BOARD,
        query=open_visits,
    ),
    OpenItems(
        name="sales_floor.dockets",
        title=N_("Disputes not decided"),
        permission=may.RULE,
        query=open_dockets,
    ),
)


def _has_roster(s: CompanySession) -> bool:
    return s.scalar(select(Rep.id).limit(1)) is not None


SETUP_STEPS = (
    SetupStep(
        name="sales_floor.roster",
        title=N_("Roster"),
        summary=N_("Who receives visitors, in the order of the first round."),
        endpoint="sales_floor.team_home",
        permission=may.ROSTER,
        done=_has_roster,
        minutes=1,
        weight=80,
    ),
)
