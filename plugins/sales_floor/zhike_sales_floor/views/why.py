"""为什么: a decision explained on one page, and printed on one."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from flask import request, url_for
from sqlalchemy import or_, select

from zhike.api import CompanySession, NotFound, _, current, decisions, page, reading
from zhike_sales_floor import permissions as may
from zhike_sales_floor import words
from zhike_sales_floor.models import Visit
from zhike_sales_floor.rules.phrases import NOT_APPLIED
from zhike_sales_floor.services import live
from zhike_sales_floor.services.names import names_in
from zhike_sales_floor.views._common import bp


@bp.get("/why/<uuid:decision_id>", permission=may.VIEW_BOARD)
def why(decision_id: uuid.UUID) -> Any:
    """The outcome in a sentence, the facts, each clause and what it did, the policy version."""
    s = reading()
    row = decisions.get(s, decision_id)
    if row.plugin != live.PLUGIN:
        raise NotFound(_("This decision does not exist."))
    if row.unit_id is not None:
        current().require(may.VIEW_BOARD, row.unit_id)
    shown = explanation(s, row)
    shown["print_url"] = url_for(".why", decision_id=decision_id, print=1)
    template = "sales_floor/why_print.html" if request.args.get("print") else "sales_floor/why.html"
    return page(template, decision=shown, row=row, printed_at=None)


def explanation(s: CompanySession, row: Any) -> dict[str, Any]:
    """A stored decision in the shape of the page, names put in where the reader may see them."""
    names = names_in(s, row)
    told = decisions.explain(s, row, names=names)
    sentences = list(told.sentences)
    clauses = []
    for line, words_of in zip(told.lines, words.effects(sentences, len(told.lines)), strict=True):
        clauses.append(
            {
                "number": _("Clause %(n)s", n=line.number) if line.number else line.rule,
                "text": line.clause,
                "effect": words_of or line.effect,
                "rule": line.rule,
                "facts": _facts(line.facts, names),
                "decided": not line.effect.startswith("pass_") and line.effect not in NOT_APPLIED,
            }
        )
    sentence = sentences[0] if sentences else _(words.DECISIONS.get(row.kind, row.kind))
    return {
        "sentence": sentence,
        "facts": _inputs(row, names, _kinds(s, row)),
        "clauses": clauses,
        "policy": {"name": told.policy, "version": told.version, "mode": _(words.MODES[row.mode])},
        "at": row.at,
        "observed": row.mode != "enforce" and row.followed is False,
        "done": row.deviation,
    }


def _facts(facts: Mapping[str, Any], names: Mapping[str, str]) -> list[tuple[str, str]]:
    found = []
    for key, value in facts.items():
        if key in words.FACTS and value not in (None, "", [], {}):
            found.append((_(words.FACTS[key]), _plain(value, names)))
    return found


def _plain(value: Any, names: Mapping[str, str]) -> str:
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, (list, tuple)):
        return "、".join(_plain(one, names) for one in value)
    if isinstance(value, Mapping):
        return "、".join(f"{_plain(k, names)} {_plain(v, names)}" for k, v in value.items())
    text = str(value)
    if text in names:
        return names[text]
    if text in words.REP_STATES:
        return _(words.REP_STATES[text][0])
    if len(text) >= 16 and text[4:5] == "-" and text[10:11] == "T":
        return text[:16].replace("T", " ")
    return text


def _kinds(s: CompanySession, row: Any) -> dict[str, str]:
    """The kind of visit that each rep had in hand when it was decided, by rep id."""
    found = s.execute(
        select(Visit.staff_id, Visit.kind).where(
            Visit.unit_id == row.unit_id,
            Visit.day == row.day,
            Visit.started_at < row.at,
            or_(Visit.ended_at.is_(None), Visit.ended_at >= row.at),
            Visit.staff_id.is_not(None),
        )
    )
    return {str(one.staff_id): one.kind for one in found}


def _inputs(row: Any, names: Mapping[str, str], kinds: Mapping[str, str]) -> list[tuple[str, str]]:
    inputs = row.inputs
    states = inputs.get("states", {})
    ring = [
        f"{names.get(rep, rep)}({_(words.rep_state(states[rep], kinds.get(rep, ''))[0])})"
        for rep in inputs.get("ring", ())
        if rep in states
    ]
    tickets = [
        f"{names.get(one['rep'], '')}({_(words.TICKET_KINDS.get(one['kind'], one['kind']))})"
        for one in inputs.get("tickets", ())
    ]
    event = inputs.get("event", {})
    return [
        (_("Act"), _(words.VERBS[words.act_of(event)]) if event else ""),
        (_("Ring before"), " → ".join(ring)),
        (_("Tickets before"), "、".join(tickets) or _("none")),
        (_("No. of the act"), str(inputs.get("seq", ""))),
    ]
