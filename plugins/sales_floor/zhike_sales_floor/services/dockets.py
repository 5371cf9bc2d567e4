"""Disputes 争议 (SF-D-41): opened, claimed, heard, ruled on, appealed once, refused or settled.

What a ruling does on the floor is done by the acts that rule without a docket too; here is who may
say what and when, and that nobody decides twice.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import or_, select

from zhike.api import (
    N_,
    Actor,
    CompanySession,
    Conflict,
    NotFound,
    UserError,
    _,
    clock,
    deadlines,
    inbox,
    ledger,
    lock_row,
    numbering,
    organisation,
    settings,
    uuid7,
)
from zhike_sales_floor.models import Customer, Deal, Visit
from zhike_sales_floor.models_cases import Docket, DocketNote, DocketParty
from zhike_sales_floor.services import customers, deals, floor, live

APPEAL = "sales_floor.docket_appeal"
CLAIMS = ("owner", "poached", "share", "nothing")
RULINGS = ("regulation", "owner", "shares", "poach")
APPEAL_RULINGS = ("uphold", "owner", "shares", "poach")


@dataclass(frozen=True)
class Claim:
    """What a party claims; ``share`` in basis points, for the claim ``share``."""

    kind: str = ""
    words: str = ""
    share: int = 0


@dataclass(frozen=True)
class Ruled:
    """What is ruled: ``kind`` of :data:`RULINGS` or :data:`APPEAL_RULINGS` and its values.

    owner     whose customer it is from now on.
    shares    basis points by staff id, the whole of the deal.
    offender  who took the visitor out of turn, and ``rightful`` whose he was.
    """

    kind: str
    owner: uuid.UUID | None = None
    shares: Mapping[uuid.UUID, int] = field(default_factory=dict)
    offender: uuid.UUID | None = None
    rightful: uuid.UUID | None = None


def identity(actor: Actor) -> str:
    """Who acts, so that two acts of one person are told from those of two."""
    return str(actor.staff_id or actor.user_id or f"{actor.kind}:{actor.name}")


def standing(row: Docket, now: datetime) -> str:
    """The state now: a ruling nobody appealed against in time is final, noted or not."""
    if row.state == "ruled" and row.appeal_until is not None and now > row.appeal_until:
        return "closed"
    return row.state


# -- opening and claiming ---------------------------------------------------------------------
def open_docket(
    s: CompanySession,
    customer_id: uuid.UUID,
    question: str,
    claims: Mapping[uuid.UUID, Claim],
    *,
    deal_id: uuid.UUID | None = None,
    visit_id: uuid.UUID | None = None,
) -> Docket:
    """Open a dispute about a customer, one of his deals or one of his visits.

    ``claims`` names the parties by staff id, with what each says so far; the customer's owner is
    always one. Raises Conflict where one about the same is running.
    """
    if not question.strip():
        raise UserError(_("Please say what the dispute is about."), field="question")
    customer = s.require(Customer, customer_id)
    if customer.merged_into is not None:
        raise Conflict(_("This record has become part of another customer."), code="merged")
    if deal_id is not None and s.require(Deal, deal_id).customer_id != customer_id:
        raise NotFound(_("This deal is another customer's."))
    if visit_id is not None and s.require(Visit, visit_id).unit_id != customer.unit_id:
        raise NotFound(_("This visit belongs to another site."))
    live.lock_floor(s, customer.unit_id)
    running = next(iter(about(s, [customer_id])), None)
    if running is not None and running.deal_id in (deal_id, None):
        raise Conflict(
            _("Docket %(number)s about this is running already.", number=running.number),
            code="running",
        )
    named = dict(claims)
    if customer.owner_id is not None:
        named.setdefault(customer.owner_id, Claim())
    for who in named:
        floor.must_be_known(s, customer.unit_id, who)
    if not named:
        raise UserError(_("Please name who claims the customer."), field="parties")
    row = Docket(
        id=uuid7(),
        unit_id=customer.unit_id,
        number=numbering.take(
            s,
            "sales_floor.docket",
            customer.unit_id,
            organisation.today(s, customer.unit_id),
        ),
        customer_id=customer_id,
        deal_id=deal_id,
        visit_id=visit_id,
        question=question.strip(),
        opened_id=s.actor.staff_id,
        opened_by=s.actor.name,
        opened_at=clock.now(),
    )
    s.add(row)
    s.flush()
    for who, claim in named.items():
        s.add(_party(row.id, who, claim))
    _log(s, row, "sales_floor.docket_opened", {"parties": [str(who) for who in named]})
    s.flush()
    _tell(s, row, N_("A dispute about a customer was opened: %(number)s"), "opened", head=True)
    return row


def _party(docket_id: uuid.UUID, who: uuid.UUID, claim: Claim) -> DocketParty:
    _check_claim(claim)
    return DocketParty(
        docket_id=docket_id,
        staff_id=who,
        claim=claim.kind,
        share=claim.share if claim.kind == "share" else 0,
        words=claim.words.strip(),
        stated_at=clock.now() if claim.kind else None,
    )


def _check_claim(claim: Claim) -> None:
    if claim.kind and claim.kind not in CLAIMS:
        raise UserError(_("Please choose what is claimed."), field="claim")
    if claim.kind == "share" and not 0 < claim.share <= 10_000:
        raise UserError(_("A share is more than 0 and at most 100 %."), field="share")


def state_claim(s: CompanySession, docket_id: uuid.UUID, who: uuid.UUID, claim: Claim) -> Docket:
    """A party says what he claims and why, as long as nothing is ruled."""
    row = _locked(s, docket_id, "open")
    if not claim.kind:
        raise UserError(_("Please choose what is claimed."), field="claim")
    _check_claim(claim)
    party = party_of(s, docket_id, who)
    if party is None:
        raise NotFound(_("He is no party to this dispute."))
    party.claim, party.words, party.stated_at = claim.kind, claim.words.strip(), clock.now()
    party.share = claim.share if claim.kind == "share" else 0
    _log(s, row, "sales_floor.docket_claimed", {"party": str(who), "claim": claim.kind})
    s.flush()
    return row


def add_party(s: CompanySession, docket_id: uuid.UUID, who: uuid.UUID) -> Docket:
    """Another rep turns out to be concerned."""
    row = _locked(s, docket_id, "open")
    floor.must_be_known(s, row.unit_id, who)
    if party_of(s, docket_id, who) is None:
        s.add(_party(docket_id, who, Claim()))
        _log(s, row, "sales_floor.docket_party", {"party": str(who)})
        s.flush()
        _tell(s, row, N_("A dispute about a customer was opened: %(number)s"), f"party:{who}")
    return row


def note(s: CompanySession, docket_id: uuid.UUID, text: str, *, kind: str = "hearing") -> Docket:
    """Write down what a hearing brought up (``hearing``) or what a party adds (``statement``)."""
    if not text.strip():
        raise UserError(_("Please write something."), field="text")
    row = lock_row(s, Docket, docket_id)
    if standing(row, clock.now()) == "closed":
        raise Conflict(_("This dispute is closed."), code="closed")
    s.add(
        DocketNote(
            docket_id=docket_id,
            staff_id=s.actor.staff_id,
            kind=kind,
            text=text.strip(),
            by=s.actor.name,
            at=clock.now(),
        )
    )
    _log(s, row, "sales_floor.docket_noted", {"kind": kind})
    s.flush()
    return row


# -- ruling -----------------------------------------------------------------------------------
def rule(
    s: CompanySession, docket_id: uuid.UUID, ruled: Ruled, *, reason: str, facts: str = ""
) -> Docket:
    """Rule on a dispute, or decide the appeal against the first ruling.

    Whoever ruled first cannot decide the appeal. The act on the floor is done at once; the first
    ruling stays open to one appeal for the days the company has set.
    """
    if not reason.strip():
        raise UserError(_("Please give the reason."), field="reason")
    row = _locked(s, docket_id, "open", "appealed")
    first = row.state == "open"
    if ruled.kind not in (RULINGS if first else APPEAL_RULINGS):
        raise UserError(_("Please choose what is ruled."), field="kind")
    if not first and identity(s.actor) == row.ruler:
        raise Conflict(_("Somebody else than who ruled first decides the appeal."), code="same")
    _need_unpaid(s, row, ruled)
    outcome = {**_plain(ruled), "seq": _carry_out(s, row, ruled, facts, reason.strip())}
    now = clock.now()
    if first:
        row.facts, row.reason, row.ruling = facts.strip(), reason.strip(), outcome
        row.ruler, row.ruled_by, row.ruled_at = identity(s.actor), s.actor.name, now
        days = int(settings.get(s, live.PLUGIN, "appeal_days"))
        row.state, row.appeal_until = "ruled", _end_of_day(s, row.unit_id, now, days)
        if days == 0:
            _close(s, row, "ruled")
        else:
            deadlines.schedule(
                s,
                APPEAL,
                f"sales_floor:docket:{row.id}",
                row.appeal_until + timedelta(seconds=1),
                data={"docket": str(row.id)},
            )
    else:
        row.appeal_reason, row.appeal_ruling, row.appeal_by = reason.strip(), outcome, s.actor.name
        _close(s, row, "ruled")
    action = "sales_floor.docket_ruled" if first else "sales_floor.docket_decided"
    _log(s, row, action, outcome, reason)
    s.flush()
    words = N_("Ruled on %(number)s") if first else N_("The appeal in %(number)s is decided")
    _tell(s, row, words, "ruled" if first else "decided")
    return row


def _need_unpaid(s: CompanySession, row: Docket, ruled: Ruled) -> None:
    """A ruling that could no longer change anything is refused instead of doing nothing."""
    if ruled.kind == "shares" and row.deal_id is None:
        raise UserError(_("Shares are ruled on for a deal; this dispute names none."), field="kind")
    if row.deal_id is None or ruled.kind in ("regulation", "uphold"):
        return
    customer = s.require(Customer, row.customer_id)
    known = {one["id"]: one for one in customer.facts.get("deals", ())}
    if known.get(str(row.deal_id), {}).get("paid"):
        raise Conflict(_("The commission of this deal is paid: its credit is final."), code="paid")


def _carry_out(s: CompanySession, row: Docket, ruled: Ruled, facts: str, reason: str) -> int | None:
    if ruled.kind == "owner":
        if ruled.owner is None:
            raise UserError(_("Please choose the owner."), field="owner")
        return customers.rule_owner(s, row.customer_id, ruled.owner, reason).seq
    if ruled.kind == "shares" and row.deal_id is not None:
        _made, act = deals.rule_shares(s, row.deal_id, ruled.shares, facts=facts, reason=reason)
        return act.seq
    if ruled.kind == "poach":
        if row.visit_id is None:
            raise UserError(_("This dispute names no visit."), field="kind")
        if ruled.offender is None or ruled.rightful is None:
            raise UserError(_("Please say who took the visitor and whose he was."), field="kind")
        return floor.flag_visit(
            s,
            row.visit_id,
            "poach",
            offender=ruled.offender,
            rightful=ruled.rightful,
            reason=reason,
        ).seq
    return None


def _plain(ruled: Ruled) -> dict[str, Any]:
    found: dict[str, Any] = {"kind": ruled.kind}
    if ruled.kind == "owner":
        found["owner"] = str(ruled.owner)
    if ruled.kind == "shares":
        found["shares"] = {str(who): share for who, share in ruled.shares.items()}
    if ruled.kind == "poach":
        found |= {"offender": str(ruled.offender), "rightful": str(ruled.rightful)}
    return found


def appeal(s: CompanySession, docket_id: uuid.UUID, who: uuid.UUID, words: str) -> Docket:
    """A party appeals against the first ruling, once, within the days set."""
    if not words.strip():
        raise UserError(_("Please give the reason."), field="reason")
    row = _locked(s, docket_id, "ruled")
    if party_of(s, docket_id, who) is None:
        raise NotFound(_("He is no party to this dispute."))
    row.state, row.appealed_id, row.appealed_at = "appealed", who, clock.now()
    row.appeal = words.strip()
    deadlines.cancel(s, APPEAL, f"sales_floor:docket:{row.id}")
    _log(s, row, "sales_floor.docket_appealed", {"party": str(who)})
    s.flush()
    _tell(s, row, N_("There is an appeal in %(number)s"), "appealed", head=True)
    return row


def refuse(s: CompanySession, docket_id: uuid.UUID, who: uuid.UUID, words: str) -> Docket:
    """A party refuses the ruling 不服裁定: the policy says what becomes of the credit (SF-D-41)."""
    if not words.strip():
        raise UserError(_("Please give the reason."), field="reason")
    row = lock_row(s, Docket, docket_id)
    if row.ruled_at is None or row.refused_id is not None:
        raise Conflict(_("There is no ruling that could be refused."), code="state")
    if party_of(s, docket_id, who) is None:
        raise NotFound(_("He is no party to this dispute."))
    if row.deal_id is not None:
        deals.quarrel(s, row.deal_id, words)
    else:
        fields = {"customer": str(row.customer_id), "by": s.actor.name, "reason": words.strip()}
        live.act(s, row.unit_id, "quarrel", fields, reason=words)
    row.refused_id, row.refusal = who, words.strip()
    _close(s, row, "refused")
    _log(s, row, "sales_floor.docket_refused", {"party": str(who)}, words)
    s.flush()
    _tell(s, row, N_("The ruling in %(number)s was refused"), "refused", head=True)
    return row


def settle(s: CompanySession, docket_id: uuid.UUID, words: str, *, withdrawn: bool) -> Docket:
    """The parties have come to terms 和解, or who opened it withdraws it; nothing is ruled."""
    if not words.strip():
        raise UserError(_("Please give the reason."), field="reason")
    row = _locked(s, docket_id, "open", "appealed")
    row.reason = row.reason or words.strip()
    _close(s, row, "withdrawn" if withdrawn else "settled")
    action = "sales_floor.docket_withdrawn" if withdrawn else "sales_floor.docket_settled"
    _log(s, row, action, {}, words)
    s.flush()
    _tell(s, row, N_("Docket %(number)s is closed"), "closed")
    return row


def appeal_over(s: CompanySession, deadline: Any) -> None:
    """Nobody appealed in time: the ruling is final, and the parties are told."""
    row = s.find(Docket, uuid.UUID(deadline.data["docket"]))
    if row is not None and row.state == "ruled":
        _close(s, row, "ruled")
        s.flush()
        _tell(s, row, N_("The ruling in %(number)s is final"), "final")


def _close(s: CompanySession, row: Docket, how: str) -> None:
    row.state, row.ended = "closed", how
    row.closed_at, row.closed_by = clock.now(), s.actor.name
    deadlines.cancel(s, APPEAL, f"sales_floor:docket:{row.id}")


def _end_of_day(s: CompanySession, unit_id: uuid.UUID, now: datetime, days: int) -> datetime:
    """The last second of the N-th day after today, by the site's clock (CV-2)."""
    zone = ZoneInfo(live.tz_of(s, unit_id))
    last = now.astimezone(zone).date() + timedelta(days=days)
    return datetime.combine(last, time(23, 59, 59), zone)


# -- finding ----------------------------------------------------------------------------------
def _locked(s: CompanySession, docket_id: uuid.UUID, *states: str) -> Docket:
    """The docket, kept from others, in one of these states; Conflict with the state it is in."""
    row = lock_row(s, Docket, docket_id)
    now = standing(row, clock.now())
    if now not in states:
        words = {
            "open": _("Nothing is ruled in this dispute yet."),
            "ruled": _("This dispute is ruled on already."),
            "appealed": _("The appeal is running already."),
            "closed": _("This dispute is closed."),
        }
        raise Conflict(words[now], code="state")
    return row


def party_of(s: CompanySession, docket_id: uuid.UUID, who: uuid.UUID | None) -> DocketParty | None:
    """What a staff member is in a docket; None for one who is no party."""
    return s.scalars(
        select(DocketParty).where(DocketParty.docket_id == docket_id, DocketParty.staff_id == who)
    ).first()


def parties_of(s: CompanySession, docket_id: uuid.UUID) -> list[DocketParty]:
    """The parties, in the order in which they were named."""
    return list(
        s.scalars(
            select(DocketParty).where(DocketParty.docket_id == docket_id).order_by(DocketParty.id)
        )
    )


def notes_of(s: CompanySession, docket_id: uuid.UUID) -> list[DocketNote]:
    """What was written down, the oldest first."""
    return list(
        s.scalars(
            select(DocketNote).where(DocketNote.docket_id == docket_id).order_by(DocketNote.id)
        )
    )


def about(s: CompanySession, customer_ids: Iterable[uuid.UUID]) -> list[Docket]:
    """Disputes about these customers or their deals that are not decided for good."""
    now = clock.now()
    rows = s.scalars(
        select(Docket)
        .where(Docket.customer_id.in_(list(customer_ids)), Docket.state != "closed")
        .order_by(Docket.id.desc())
    )
    return [row for row in rows if standing(row, now) != "closed"]


def about_deal(s: CompanySession, deal: Deal) -> Docket | None:
    """The dispute that keeps a deal's commission from being paid, if there is one."""
    found = about(s, [deal.customer_id])
    return next((row for row in found if row.deal_id in (deal.id, None)), None)


def of_unit(
    s: CompanySession,
    unit_id: uuid.UUID,
    *,
    state: str = "",
    party: uuid.UUID | None = None,
    text: str = "",
    after: str = "",
    limit: int = 25,
) -> tuple[list[Docket], str]:
    """A page of a site's disputes, the newest first, and the cursor of the next page.

    ``party`` keeps those of one staff member; ``text`` is part of a number.
    """
    query = select(Docket).where(Docket.unit_id == unit_id)
    late = (Docket.state == "ruled") & (Docket.appeal_until < clock.now())
    if state == "running":
        query = query.where(Docket.state != "closed", ~late)
    elif state == "closed":
        query = query.where(or_(Docket.state == "closed", late))
    elif state:
        query = query.where(Docket.state == state, ~late)
    if party is not None:
        mine = select(DocketParty.docket_id).where(DocketParty.staff_id == party)
        query = query.where(Docket.id.in_(mine))
    if text.strip():
        query = query.where(Docket.number.contains(text.strip(), autoescape=True))
    try:
        cursor = uuid.UUID(after) if after else None
    except ValueError:
        cursor = None
    if cursor is not None:
        query = query.where(Docket.id < cursor)
    rows = list(s.scalars(query.order_by(Docket.id.desc()).limit(limit + 1)))
    more = len(rows) > limit
    return rows[:limit], str(rows[limit - 1].id) if more else ""


# -- traces -----------------------------------------------------------------------------------
def _log(
    s: CompanySession, row: Docket, action: str, body: Mapping[str, Any], reason: str = ""
) -> None:
    ledger.append(
        s,
        action,
        object=f"{live.PLUGIN}:docket:{row.id}",
        body={"number": row.number, **body},
        reason=reason.strip(),
    )


def _tell(s: CompanySession, row: Docket, title: str, once: str, *, head: bool = False) -> None:
    """Put a notice to every party but who acts, with ``head`` to the head of the site too."""
    people: Sequence[uuid.UUID | None] = [one.staff_id for one in parties_of(s, row.id)]
    if head:
        today = organisation.today(s, row.unit_id)
        people = [*people, organisation.head_of(s, row.unit_id, today)]
    for who in dict.fromkeys(people):
        if who is not None and who != s.actor.staff_id:
            inbox.notify(
                s,
                who,
                "sales_floor.docket",
                title,
                values={"number": row.number},
                link=f"/p/sales_floor/floor/{row.unit_id}/dockets/{row.id}",
                once=f"docket:{row.id}:{once}",
            )
