"""Verbs about a deal after its first paper: swap, change of name, default, return (SF-D-42 to 45).

The engine knows no units: what a rule needs of them, areas and prices, comes with the event. Credit
that was computed stays as it is through all of them but the return.
"""

from __future__ import annotations

from dataclasses import replace

from zhike.rules.windows import add_months, on_day
from zhike_sales_floor.rules.draft import Draft
from zhike_sales_floor.rules.ownership import gain
from zhike_sales_floor.rules.parse import Event
from zhike_sales_floor.rules.settling import write_deal
from zhike_sales_floor.rules.state import Customer, Deal


def standing(facts: Customer, event: Event) -> Deal | None:
    """The deal an event means: the one named, else the latest that is not reversed."""
    if event.get("deal"):
        return facts.deal(event.text("deal"))
    found = [deal for deal in facts.deals if not deal.reversed]
    return found[-1] if found else None


def _open_deal(d: Draft, event: Event) -> Deal:
    customer_id = event.text("customer")
    deal = standing(d.customer(customer_id), event)
    if deal is None:
        raise d.refuse("no_deal.change", "deal", who=customer_id)
    if deal.reversed:
        raise d.refuse("reversed", "deal", what=deal.id)
    return deal


def swap_unit(d: Draft, event: Event) -> None:
    """The buyer takes another unit 换房: only for a larger, dearer or harder one (SF-D-42).

    Areas in hundredths of a square metre, prices in fen; any one of the three is enough. Ownership
    and credit move with the deal. A manager may allow another swap, which is cited.
    """
    customer_id = event.text("customer")
    deal = _open_deal(d, event)
    facts = {
        "unit_from": event.text("unit_from") or deal.unit,
        "unit_to": event.text("unit_to"),
        "deal": deal.id,
    }
    upward = [name for name in ("area", "price") if _grows(event, name)]
    if event.get("harder"):
        upward.append("harder")
    direction = d.param("swap.direction")
    if direction != "up_only":
        d.cite("SF-D-42", "swap_free", **facts)
    elif upward:
        d.cite("SF-D-42", "swap_up", how=upward, param="swap.direction", **facts)
    elif event.get("override"):
        about = {"by": event.text("by"), "reason": event.text("reason")}
        d.cite("SF-D-42", "swap_overridden", param="swap.direction", **facts, **about)
        d.outcome["override"] = True
    else:
        raise d.refuse("swap_direction", "unit_to", what=facts["unit_to"])
    write_deal(d, customer_id, replace(deal, unit=facts["unit_to"]))
    d.outcome["deal"] = deal.id
    d.decide("swap", deal.id, {"customer": customer_id, "upward": upward, **facts})


def _grows(event: Event, name: str) -> bool:
    """Whether the area or price of the unit taken is above that of the unit handed back."""
    before, after = event.get(f"{name}_from"), event.get(f"{name}_to")
    return before is not None and after is not None and int(after) > int(before)


def change_name(d: Draft, event: Event) -> None:
    """Somebody else takes the deal over 换名: after the contract for a fee (SF-D-43).

    The fee is a proposal. Credit stays; who takes over comes to the deal's owner unless he has one.
    """
    customer_id, holder = event.text("customer"), event.text("holder")
    deal = _open_deal(d, event)
    if holder in (deal.holder, "" if deal.holder else customer_id):
        raise d.refuse("same_holder", "holder", who=holder)
    transfer = "contract" in deal.steps
    fee = d.param("name_change.fee") if transfer else None
    facts = {"from": deal.holder or customer_id, "holder": holder, "deal": deal.id}
    if transfer:
        asked = {"fee": fee, "param": "name_change.fee"} if fee is not None else {}
        d.cite("SF-D-43", "title_transfer" if asked else "title_transfer.open", **facts, **asked)
    else:
        d.cite("SF-D-43", "renamed_before_contract", **facts)
    write_deal(d, customer_id, replace(deal, holder=holder))
    owner = d.customer(customer_id).owner
    if owner and not d.customer(holder).owner and holder != customer_id:
        gain(d, holder, owner, "given")
    d.outcome["deal"] = deal.id
    d.outcome["fee"] = fee
    d.decide("name_change", deal.id, {"customer": customer_id, "fee": fee, **facts})


def default(d: Draft, event: Event) -> None:
    """A payment is overdue for longer than the contract bears: the deal is in default (SF-D-44).

    ``due`` is the day the sum was due. N months are over from the day after the same day number N
    months later (CV-4). Where the regulation states no term, the manager's word is cited.
    """
    customer_id = event.text("customer")
    deal = _open_deal(d, event)
    if "contract" not in deal.steps:
        raise d.refuse("no_contract", "deal", what=deal.id)
    if deal.default:
        raise d.refuse("defaulted", "deal", what=deal.id)
    due = event.text("due")
    months = d.param("default.months")
    facts = {"due": due[:10], "deal": deal.id}
    if months is None:
        about = {"by": event.text("by"), "reason": event.text("reason")}
        d.cite("SF-D-44", "default_by_word", **facts, **about)
    else:
        last = add_months(on_day(due), int(months))
        if on_day(d.at) <= last:
            raise d.refuse("not_yet_default", "due", what=last.isoformat())
        d.cite("SF-D-44", "overdue", param="default.months", value=months, **facts)
    write_deal(d, customer_id, replace(deal, default=d.at))
    d.outcome["deal"] = deal.id
    d.decide("default", deal.id, {"customer": customer_id, **facts})


def cite_return(d: Draft, deal: Deal, event: Event) -> None:
    """Cite what a return of a contracted unit goes against (SF-D-45), or that it is in default.

    What was carried out is reversed all the same: whoever asks is refused before it comes to that.
    """
    if deal.default:
        d.cite("SF-D-44", "returned_after_default", since=deal.default, deal=deal.id)
    elif "contract" in deal.steps and d.param("return.after_contract") == "refuse":
        about = {"by": event.text("by"), "reason": event.text("reason")}
        d.cite("SF-D-45", "return_allowed", param="return.after_contract", **about)
