"""What the pages share: the blueprint, names, choices of reps, answers after an act."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from flask import flash, redirect, request, url_for
from markupsafe import Markup, escape
from werkzeug.wrappers import Response
from wtforms.fields.choices import SelectChoice

from zhike.api import (
    CompanySession,
    NotFound,
    PluginBlueprint,
    _,
    act,
    current,
    keeping,
    options,
    organisation,
    page,
    settings,
)
from zhike_sales_floor import words
from zhike_sales_floor.models import Customer, Deal, Visit
from zhike_sales_floor.services import deals
from zhike_sales_floor.services.live import PLUGIN, Act

bp = PluginBlueprint("sales_floor")

Names = Mapping[uuid.UUID, str]


@dataclass(frozen=True)
class Then:
    """An act after which the reader goes to ``go``, which is only known once it is done."""

    done: Act | str
    go: str


#: What a page does in its transaction.
Work = Callable[[CompanySession], Act | str | Then]


def site_of() -> uuid.UUID:
    """The site at which the reader works now; NotFound where the company has none."""
    me = current()
    unit = me.unit
    if unit is not None and unit.kind != "site":
        unit = me.principal.tree.site_of(unit.id) or unit
    if unit is None:
        raise NotFound(_("Your company has no site yet. An administrator adds one first."))
    return unit.id


def unit_name(unit_id: uuid.UUID) -> str:
    """The site's name."""
    unit = current().principal.tree.units.get(unit_id)
    return unit.name if unit else ""


def own_staff() -> uuid.UUID | None:
    """The reader's staff id, None for a login without one."""
    staff = current().staff
    return staff.id if staff else None


def visit_at(s: CompanySession, unit_id: uuid.UUID, visit_id: uuid.UUID) -> Visit:
    """The visit, if it belongs to this site; NotFound otherwise."""
    visit = s.require(Visit, visit_id)
    if visit.unit_id != unit_id:
        raise NotFound(_("This visit belongs to another site."))
    return visit


def customer_at(
    s: CompanySession, unit_id: uuid.UUID, customer_id: uuid.UUID, permission: str
) -> Customer:
    """The customer, if it belongs to this site and to what the reader may see."""
    customer = s.require(Customer, customer_id)
    if customer.unit_id != unit_id:
        raise NotFound(_("This customer belongs to another site."))
    answer = current().can(permission, unit_id)
    if answer.why == "own" and customer.owner_id != own_staff():
        raise NotFound(_("This customer is not one of yours."))
    return customer


def own_only(permission: str, unit_id: uuid.UUID) -> uuid.UUID | None:
    """Whose records alone the reader may see here (data scope 仅本人), None where all of them.

    A login without a staff member has no records: then an id that nobody has.
    """
    if current().can(permission, unit_id).why != "own":
        return None
    return own_staff() or uuid.UUID(int=0)


def deal_at(s: CompanySession, unit_id: uuid.UUID, deal_id: uuid.UUID, permission: str) -> Deal:
    """The deal, if it belongs to this site and to what the reader may see."""
    deal = s.require(Deal, deal_id)
    if deal.unit_id != unit_id:
        raise NotFound(_("This deal belongs to another site."))
    own = own_only(permission, unit_id)
    if own is not None and not deals.is_of(s, deal, own):
        raise NotFound(_("This deal is not one of yours."))
    return deal


def staff_names(s: CompanySession) -> Names:
    """Names of all staff members by id."""
    return organisation.staff_names(s)


def rep_choices(ids: Iterable[uuid.UUID], names: Names, blank: str = "") -> list[SelectChoice]:
    """Choices of a select field of reps, with a first empty one of the words ``blank``."""
    found = [(str(one), names.get(one, "")) for one in ids]
    return options([("", blank or "–"), *found])


def listed(s: CompanySession, setting: str, present: str | None = "") -> list[SelectChoice]:
    """Choices from a setting that lists words with commas, an empty one first.

    ``present`` stays to be chosen although the list has lost it meanwhile.
    """
    stated = [part.strip() for part in str(settings.get(s, PLUGIN, setting)).split(",")]
    found = list(dict.fromkeys(part for part in (*stated, present or "") if part))
    return options([("", "–"), *((one, one) for one in found)])


def sentence(done: Act, names: Names) -> str:
    """What an act came to, for the person who did it: who, under which clause, who hands on."""
    lines = done.outcome.get("assignments", ())
    own = done.outcome.get("visit")
    passed_on = [line for line in lines if line.get("from") and line["visit"] != own]
    more = [
        _(
            "%(giver)s hands the visitor in hand to %(rep)s.",
            giver=_name(line["from"], names),
            rep=_name(line["rep"], names),
        )
        for line in passed_on
    ]
    return " ".join((_sentence(done, names), *more))


def _sentence(done: Act, names: Names) -> str:
    outcome = done.outcome
    rep = outcome.get("assigned")
    clause = clause_numbers(done)
    values = {"rep": _name(rep, names), "clause": clause}
    status = outcome.get("status", "")
    if outcome.get("received_by"):
        due = _name(outcome.get("rightful") or rep, names)
        values = {"taker": _name(outcome["received_by"], names), "due": due}
        if not outcome.get("flag"):
            return _("Done: %(taker)s receives, though it was %(due)s's turn.", **values)
        return _(
            "Done: %(due)s was due, %(taker)s took the visitor out of turn. Customer and credit "
            "are %(due)s's.",
            **values,
        )
    if outcome.get("from") and rep:
        values["giver"] = _name(outcome["from"], names)
        if not clause:
            return _("Done: %(giver)s hands over to %(rep)s.", **values)
        return _("Done: %(giver)s hands over to %(rep)s, under %(clause)s.", **values)
    if status == "in_reception" and rep:
        if clause:
            return _("Done: %(rep)s receives, under %(clause)s.", **values)
        return _("Done: %(rep)s receives.", **values)
    if status == "waiting":
        place = len(outcome.get("waiting", ())) or 1
        return _("Done: nobody is free, place %(n)s in the queue.", n=place)
    if status == "calling_owner":
        calling = outcome.get("calling") or {}
        asked = calling.get("rep") if isinstance(calling, Mapping) else None
        return _("Done: %(rep)s is being asked.", rep=_name(asked, names))
    if status == "voided":
        if outcome.get("issued"):
            return _("Done: the visit is void, the turn comes back.")
        return _("Done: the visit is void; no turn comes back.")
    if done.verb == "void":
        return _("Noted: the visit stands until a supervisor confirms that it is void.")
    if done.verb == "take_over":
        return _("Noted as help: the customer passes on once the manager confirms the fault.")
    served = [item for item in outcome.get("assignments", ()) if item.get("rep")]
    if served:
        return _("Done: %(rep)s receives the next visitor.", rep=_name(served[0]["rep"], names))
    verb = words.VERBS.get(done.verb, done.verb)
    return _("Done: %(what)s.", what=_(verb))


def _name(text: Any, names: Names) -> str:
    try:
        return names.get(uuid.UUID(str(text)), "") if text else ""
    except ValueError:
        return ""


#: Decisions about what becomes of a deal.
_AFTER = ("reversal", "swap", "name_change", "default")


def clause_numbers(done: Act) -> str:
    """The company's own numbers of the clauses that decided, as 第 1、4 条."""
    decided = done.decision_of("assignment", "waiting", "call", "credit", "void", *_AFTER)
    if decided is None or done.policy is None:
        return ""
    found = [
        done.policy.clause(cite.rule)
        for cite in decided[0].cites
        if not cite.effect.startswith("pass_")
    ]
    numbers = list(dict.fromkeys(clause.number for clause in found if clause is not None))
    return _("clause %(n)s", n="、".join(numbers)) if numbers else ""


def told(done: Act, names: Names) -> dict[str, str]:
    """The JSON-able result of an act: the sentence, and where 为什么 is."""
    decided = done.decision_of("flag") or done.decision_of(
        "assignment", "waiting", "call", "credit", "void", *_AFTER
    )
    return {
        "text": sentence(done, names),
        "why": str(decided[1]) if decided else "",
        "seq": str(done.seq),
    }


def say(result: Mapping[str, str]) -> None:
    """Show an act's result on the next page, with the link to its reason."""
    text: Any = result["text"]
    if result.get("why"):
        text = Markup('{} <a class="zk-why-link" href="{}">{}</a>').format(
            escape(text), url_for("sales_floor.why", decision_id=result["why"]), _("Why?")
        )
    flash(text, "success")


def doing(work: Work, *, back: str) -> Response:
    """Do an act once and go back to ``back``, where the result is told.

    ``work`` returns what it did: an act of the floor, or the finished sentence about it; with
    :class:`Then` also where to go instead of ``back``.
    """

    def once(s: CompanySession) -> dict[str, str]:
        done = work(s)
        if isinstance(done, Then):
            return {**_result(s, done.done), "go": done.go}
        return _result(s, done)

    result = act(once)
    say(result)
    return redirect(result.get("go") or back, 303)


def _result(s: CompanySession, done: Act | str) -> dict[str, str]:
    return {"text": done} if isinstance(done, str) else told(done, staff_names(s))


def posted(form: Any, work: Work, *, back: str) -> Response | None:
    """What answers a posted form; None where it has to be shown: first, or with what is wrong.

    Whatever was typed stays; refusals of rights, missing records and a busy database have pages
    of their own.
    """
    if form.validate_on_submit():
        with keeping(form):
            return doing(work, back=back)
    return None


def form_act(
    form: Any,
    title: str,
    work: Work,
    *,
    submit: str,
    back: str,
    cancel: str = "",
    lead: str = "",
    template: str = "sales_floor/form.html",
    **context: Any,
) -> Response | tuple[str, int]:
    """A page of one form, and the act it stands for: 200 when shown, 303 done, 422 to be mended."""
    answer = posted(form, work, back=back)
    if answer is not None:
        return answer
    html = page(
        template,
        form=form,
        form_title=title,
        submit=submit,
        cancel=cancel or back,
        form_lead=lead,
        draft=True,
        **context,
    )
    return html, shown_status()


def shown_status() -> int:
    """Of a page with a form: 200 when first shown, 422 when something typed needs mending."""
    return 422 if request.method == "POST" else 200
