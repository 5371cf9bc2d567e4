"""Who is paid and ranked for a deal under the thirteen rules (SF-D): order at closing (4.1).

Performance and commission may differ here (CV-5). Which visit made its receiver the holder stands
in the last entry of the ownership chain: it keeps the rule, who was refused and who held a valid
record at that visit. Validity that decides money is read on the closing date (SF-D-26).
"""

from __future__ import annotations

from zhike.rules import FULL, equal_split, share_part
from zhike.rules.shares import combine
from zhike_sales_floor.rules.case import Case, Credit, CreditRule
from zhike_sales_floor.rules.credit import kin, ruling
from zhike_sales_floor.rules.state import DEPARTMENT, Customer, Help, Owning
from zhike_sales_floor.rules.validity import opened, records, valid_through

Shares = dict[str, int]


def forfeited(case: Case) -> Credit | None:
    """SF-D-41 first: a quarrel, or a ruling refused, takes the credit to the department."""
    for made in reversed(case.customer.rulings):
        if made.forfeit and made.deal in ("", case.deal.id):
            if case.d.param("split.quarrel_to_department"):
                case.cite("SF-D-41", "to_department", reason=made.reason)
                return case.both({DEPARTMENT: FULL})
            break
    return None


def family(case: Case) -> Credit | None:
    """SF-D-38: members of one family who came at different times are the first receiver's."""
    policy = case.d.param("owner.sequential_relatives_policy")
    members = [m for m in kin(case, "owner.family_members") if case.owner(m) is not None]
    if len(members) < 2:
        return None
    facts = {"param": "owner.sequential_relatives_policy", "value": policy, "customers": members}
    if policy == "equal_split":
        case.cite("SF-D-38", "sequential_equal", **facts)
        return case.both(equal_split(case.owners(members)))
    if policy != "family_first_receiver":
        case.cite("SF-D-38", "sequential_own", **facts)
        return None
    # Who came first is nobody's any more where the record has run out (SF-D-25).
    living = [m for m in members if m == case.customer.id or _still_valid(case, m)]
    first = min(living, key=lambda m: _first_seen(case.d.customer(m)))
    entry = case.owner(first)
    if entry is None or first == case.customer.id:
        return None
    case.cite("SF-D-38", "sequential_first", first=first, owner=entry.rep, **facts)
    return case.both({entry.rep: FULL})


def _first_seen(facts: Customer) -> tuple[int, str]:
    entry = facts.first
    return (entry.seq, opened(entry)) if entry is not None else (0, "")


def _still_valid(case: Case, customer_id: str) -> bool:
    entry = case.owner(customer_id)
    return entry is not None and _valid(case, entry, case.deal.at)


def _valid(case: Case, entry: Owning, at: str) -> bool:
    limit = case.d.param("owner.record_validity_months")
    return limit is None or at[:10] <= valid_through(entry, int(limit)).isoformat()


def by_last_visit(case: Case) -> Credit | None:
    """The last visit that moved the customer decides which of the rules applies (4.1, step 6)."""
    entry = case.owner(case.customer.id)
    if entry is None:
        return None
    if entry.poacher:
        case.cite("SF-A-08", "substituted", rightful=entry.rep, offender=entry.poacher)
    helped = _helped(case, entry)
    if helped is not None:
        return helped
    rules = {
        "SF-D-29": _refused,
        "SF-D-31": _refused,
        "SF-D-34": _forgotten,
        "SF-D-35": _designated,
        "SF-A-07": _taken_over,
    }
    if entry.rule in rules:
        return rules[entry.rule](case, entry)
    if entry.found:
        return _earliest(case, entry)
    _cite_holder(case, entry)
    return case.both({entry.rep: FULL})


def _cite_holder(case: Case, entry: Owning) -> None:
    facts = {"customer": case.customer.id, "owner": entry.rep, "since": opened(entry)}
    if entry.rule in ("SF-D-39", "SF-D-41"):
        effect = "passed_by_draw" if entry.rule == "SF-D-39" else "passed_by_ruling"
        case.cite(entry.rule, effect, former=entry.former, **facts)
    else:
        case.cite(entry.rule or "SF-D-24", "holds", **facts)


# --- help for who could not receive (4.2) ---------------------------------------------------------
def _helped(case: Case, entry: Owning) -> Credit | None:
    """SF-D-06 and SF-D-30: what helpers earn since the holder came to hold the customer."""
    d, deal = case.d, case.deal
    helps = [
        help_
        for help_ in case.customer.helps
        if entry.seq <= help_.seq <= deal.seq and not help_.void and help_.owner == entry.rep
    ]
    policy = str(d.param("split.assist_policy") or "sameday_first")
    today = [help_ for help_ in helps if help_.at[:10] == deal.at[:10]]
    absent = [help_ for help_ in helps if help_.away]
    if today and policy != "absent_80_20_only":
        return _pay_helpers(case, entry, today, "SF-D-06", "split.same_day_assist")
    if absent and policy != "sameday_only":
        return _pay_helpers(case, entry, absent, "SF-D-30", "split.absent_assist")
    if helps:
        names = list(dict.fromkeys(help_.helper for help_ in helps))
        case.cite("SF-D-06", "helped_unpaid", helpers=names, owner=entry.rep)
    return None


def _pay_helpers(case: Case, entry: Owning, helps: list[Help], rule: str, key: str) -> Credit:
    names = list(dict.fromkeys(h.helper for h in helps))
    mine, theirs = case.d.param(key)
    effect = "helped_today" if rule == "SF-D-06" else "helped_absent"
    case.cite(
        rule, effect, helpers=names, owner=entry.rep, dates=[h.at[:10] for h in helps], param=key
    )
    commission = combine({entry.rep: int(mine)}, share_part(int(theirs), names))
    return Credit({entry.rep: FULL}, commission, tuple(case.cites))


# --- the rules that divide ------------------------------------------------------------------------
def _tested_at(case: Case, entry: Owning) -> str:
    """The instant at which validity that decides money is read (SF-D-26)."""
    when = case.d.param("owner.validity_test_at")
    if when == "visit":
        return entry.at
    if when == "small_reservation":
        return case.deal.steps.get("small_reservation", case.deal.at)
    return case.deal.at


def _living(case: Case, entry: Owning, reps: tuple[str, ...]) -> list[str]:
    """Those of ``reps`` whose record counts for the money still; the others are cited."""
    at = _tested_at(case, entry)
    held = records(case.customer, case.deal.seq)
    living = [rep for rep in reps if rep in held and _valid(case, held[rep], at)]
    gone = [rep for rep in reps if rep not in living]
    limit = case.d.param("owner.record_validity_months")
    for rep in gone:
        through = valid_through(held[rep], int(limit)).isoformat() if rep in held and limit else ""
        about = {"owner": rep, "opened": opened(held[rep])[:10] if rep in held else ""}
        case.cite(
            "SF-D-25",
            "expired" if through else "no_longer_held",
            through=through,
            param="owner.record_validity_months",
            **about,
        )
    case.cite("SF-D-26", "tested_at", at=at[:10], valid=living, param="owner.validity_test_at")
    return living


def _refused(case: Case, entry: Owning) -> Credit:
    """SF-D-29: the refused rep keeps a share while his record lasts; SF-D-31: not if proved."""
    proved = {
        made.about
        for made in case.customer.grievances
        if made.found == "verified" and made.judged < case.deal.seq
    }
    guilty = tuple(rep for rep in entry.refused if rep in proved)
    others = tuple(rep for rep in entry.refused if rep not in proved)
    if guilty:
        key = "split.verified_complaint"
        case.cite("SF-D-31", "complaint_verified", about=list(guilty), param=key)
    living = _living(case, entry, others) if others else []
    if living:
        mine, theirs = case.d.param("split.refused")
        case.cite("SF-D-29", "refused_share", rep=entry.rep, refused=living, param="split.refused")
        commission = combine({entry.rep: int(mine)}, share_part(int(theirs), living))
        return Credit({entry.rep: FULL}, commission, tuple(case.cites))
    if guilty:
        mine, theirs = case.d.param("split.verified_complaint")
        return case.both(combine({entry.rep: int(mine)}, share_part(int(theirs), guilty)))
    case.cite(entry.rule, "nothing_left", rep=entry.rep)
    return case.both({entry.rep: FULL})


def _designated(case: Case, entry: Owning) -> Credit:
    """SF-D-35: asked for on a later visit, nobody refused: both vectors are shared."""
    living = _living(case, entry, entry.earlier) if entry.earlier else []
    if not living:
        case.cite("SF-D-35", "nothing_left", rep=entry.rep)
        return case.both({entry.rep: FULL})
    mine, theirs = case.d.param("split.designated")
    about = {"rep": entry.rep, "earlier": living}
    case.cite("SF-D-35", "designated_share", param="split.designated", **about)
    return case.both(combine({entry.rep: int(mine)}, share_part(int(theirs), living)))


def _forgotten(case: Case, entry: Owning) -> Credit:
    """SF-D-34: the earlier rep was found in the files after the visitor had left."""
    living = _living(case, entry, entry.found) if entry.found else []
    if not living:
        effect = "nothing_left" if entry.found else "nobody_found"
        case.cite("SF-D-34", effect, rep=entry.rep)
        return case.both({entry.rep: FULL})
    mine, theirs = case.d.param("split.forgotten")
    default = living[0] if case.d.param("split.forgotten_performance") == "earlier" else entry.rep
    keeps = entry.keeps or default
    case.cite(
        "SF-D-34", "forgotten_share", rep=entry.rep, found=living, keeps=keeps,
        param="split.forgotten",
    )  # fmt: skip
    commission = combine({entry.rep: int(mine)}, share_part(int(theirs), living))
    return Credit({keeps: FULL}, commission, tuple(case.cites))


def _taken_over(case: Case, entry: Owning) -> Credit:
    """SF-A-07, borrowed: who took over after the rep's own fault."""
    mine, theirs = case.d.param("split.takeover")
    case.cite(
        "SF-A-07", "passed_by_takeover", customer=case.customer.id, owner=entry.rep,
        former=entry.former, param="split.takeover",
    )  # fmt: skip
    return case.both(combine({entry.rep: int(mine)}, share_part(int(theirs), (entry.former,))))


def _earliest(case: Case, entry: Owning) -> Credit:
    """SF-D-24: the register shows somebody earlier, and no other rule decides."""
    living = _living(case, entry, entry.found)
    first = living[0] if living else entry.rep
    case.cite("SF-D-24", "earliest_record", owner=first, receiver=entry.rep)
    return case.both({first: FULL})


P13: tuple[CreditRule, ...] = (forfeited, ruling, family, by_last_visit)
"""Order of decision at closing under the thirteen rules (4.1)."""
