"""争议裁定单 (SFF-65) of a docket, and what was ruled in words."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from zhike.api import CompanySession, _, clock, forms, organisation
from zhike_sales_floor import documents, words
from zhike_sales_floor.models import Deal
from zhike_sales_floor.models_cases import Docket
from zhike_sales_floor.services import dockets, evidence, live


def shares_text(shares: Mapping[str, int], names: Mapping[uuid.UUID, str]) -> str:
    """Shares in per cent, as they are typed too: ``李敏 60 / 王强 40``."""
    return " / ".join(
        f"{_('department') if who == 'DEPARTMENT' else names.get(uuid.UUID(who), '')} "
        f"{part / 100:g}"
        for who, part in shares.items()
    )


def shares_shown(shares: Mapping[str, int], names: Mapping[uuid.UUID, str]) -> str:
    """Shares with their signs, as pages show them: ``李敏 60% / 王强 40%``."""
    return " / ".join(f"{part}%" for part in shares_text(shares, names).split(" / "))


def ruling_text(ruling: Mapping[str, Any], names: Mapping[uuid.UUID, str]) -> str:
    """What was ruled, in a sentence; ``""`` for nothing."""

    def name(key: str) -> str:
        return names.get(uuid.UUID(str(ruling[key])), "")

    kind = ruling.get("kind", "")
    if kind == "owner":
        return _("The customer belongs to %(name)s from now on.", name=name("owner"))
    if kind == "shares":
        return _("The deal is shared: %(shares)s.", shares=shares_shown(ruling["shares"], names))
    if kind == "poach":
        return _(
            "%(offender)s took the visitor out of turn; customer and credit are %(rightful)s's.",
            offender=name("offender"),
            rightful=name("rightful"),
        )
    if kind == "regulation":
        return _("It stays as the regulation says.")
    if kind == "uphold":
        return _("The first ruling stands.")
    return ""


def claim_text(claim: str, share: int) -> str:
    """What a party claims, in a few words."""
    text = _(words.CLAIMS[claim]) if claim else _("nothing said yet")
    return f"{text} {share / 100:g}%" if claim == "share" else text


def sheet(
    s: CompanySession, row: Docket, *, customer: str, whole: bool
) -> tuple[forms.Form, forms.FormData]:
    """The paper of a dispute. ``customer`` as this reader may see the name; ``whole`` with what
    people typed about the customer, which a party does not read."""
    names = organisation.staff_names(s)
    unit = organisation.tree(s).units.get(row.unit_id)
    deal = s.find(Deal, row.deal_id)
    parties = dockets.parties_of(s, row.id)
    base = evidence.proposals(s, row, ())[0].told
    appeal = ""
    if row.appealed_id is not None:
        appeal = f"{names.get(row.appealed_id, '')}：{row.appeal}"
        if row.appeal_ruling:
            told = ruling_text(row.appeal_ruling, names)
            appeal += f"\n{told}{row.appeal_reason}（{row.appeal_by}）"
    refusal = f"{names.get(row.refused_id, '')}：{row.refusal}" if row.refused_id else ""
    outcome = ruling_text(row.ruling, names)
    if not outcome and row.ended:
        outcome = _(words.DOCKET_ENDS[row.ended])
    reason = f"{row.reason}（{row.ruled_by or row.closed_by}）" if row.reason else ""
    data = forms.FormData(
        values={
            "site": unit.name if unit else "",
            "at": row.ruled_at,
            "subject": " ".join(
                part for part in (customer, deal.number if deal else "", row.question) if part
            ),
            "parties": "、".join(names.get(one.staff_id, "") for one in parties),
            "facts": row.facts,
            "outcome": outcome,
            "reason": reason,
            "appeal": appeal,
            "refusal": refusal,
        },
        rows={
            "claims": [
                {
                    "rep": names.get(one.staff_id, ""),
                    "claim": claim_text(one.claim, one.share),
                    "words": one.words,
                }
                for one in parties
            ],
            "clauses": [
                {"number": line.number, "text": line.text, "effect": line.effect}
                for line in (base.clauses if base is not None else ())
            ],
            "evidence": [
                {
                    "at": fact.at,
                    "what": fact.title,
                    "who": fact.who,
                    "text": fact.text if whole else "",
                }
                for fact in evidence.timeline(s, row, names)
            ],
        },
        number=row.number,
        tz=live.tz_of(s, row.unit_id),
        mark="" if row.ruled_at or row.state == "closed" else "草稿",
        printed_at=clock.now(),
    )
    return documents.RULING, data
