"""A decision in sentences for people: what came out, then each clause and what it did (为什么?)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from zhike.rules import Cite, Decision, EventRefused, Policy
from zhike.rules.types import plain
from zhike_sales_floor.rules.phrases import CHECKED, EFFECTS, NOT_APPLIED, OUTCOMES, VALUES
from zhike_sales_floor.rules.state import AVAILABLE

_PLACE = re.compile(r"\{(\w+)\}")
_LAST_PLACE = re.compile(r"(?:：|: )\{(\w+)\}$")
_VARIANTS: dict[str, tuple[str, ...]] = {
    "assignment": ("flag", "from", "received_by", "rightful"),
    "waiting": ("keep_for",),
    "call": ("ignored", "answer"),
    "end": ("ignored", "left_unserved", "helper"),
    "void": ("pending",),
    "ticket": ("expired",),
    "duty": ("ignored",),
    "absence": ("reclassed",),
    "credit": ("pending", "was", "step", "paid"),
    "day": ("closed",),
    "event_mode": ("until", "on"),
    "ruling": ("quarrel",),
    "pool": ("owner",),
    "complaint": ("found",),
    "follow_up": ("record", "followed"),
    "problem": ("solved", "reported", "answered"),
    "follow_up_notice": ("cover",),
    "follow_up_cycle": ("breaches",),
    "follow_up_stand": ("to",),
    "paper": ("still_there",),
}

REFUSALS: dict[str, tuple[str, str]] = {
    "already_here": ("{who} 已经在现场。", "{who} is on the floor already"),
    "barred": ("{who} 曾抢过此客户，不能认领。", "{who} took this customer out of turn once"),
    "closed": ("{who} 此后已经成交，不能再改。", "{who} has signed since"),
    "day_running": ("今天的接待还没有全部结束。", "receptions of today are still open"),
    "deal_stands": ("{who} 有未取消的成交单，不能退回。", "{who} has a deal that stands"),
    "deal_exists": ("已经有 {what} 这一单。", "there is a deal {what} already"),
    "happened_since": (
        "{who} 合并之后又有新的记录，不能再分开。",
        "something has happened to {who} since the merge",
    ),
    "follow_up_elsewhere": ("客户回访由“{who}”办理。", "follow-ups are decided by {who}"),
    "follow_up_off": ("本制度没有启用客户回访。", "this policy has no follow-ups switched on"),
    "left": ("{who} 已经离岗。", "{who} has left for good"),
    "merged": ("{who} 已并入另一位客户。", "{who} has become part of another record"),
    "ends_first": ("结束时间早于开始时间。", "it ends before it begins"),
    "missing": ("请写明原归属人或客户。", "name the former owner or the customers"),
    "no_absence": ("{who} 今天没有可以改判的外出。", "{who} has no absence of today to re-class"),
    "no_cycle": ("第一个回访周期还没有开始。", "the first cycle has not begun"),
    "no_deal": ("{who} 没有已成交的单。", "{who} has no closed deal"),
    "no_deal.cancel": ("{who} 没有可以取消的单。", "{who} has no deal to cancel"),
    "no_excuse": ("{who} 在本周期没有提前报告。", "{who} gave no notice for this cycle"),
    "no_notice": ("本制度不接受提前报告。", "this policy takes no notices"),
    "no_deal.change": ("{who} 没有可以变更的单。", "{who} has no deal to change"),
    "no_contract": ("{what} 这一单还没有签约。", "deal {what} has no contract yet"),
    "defaulted": ("{what} 这一单已经按违约处理。", "deal {what} is in default already"),
    "not_yet_default": (
        "期限到 {what} 为止，还不能按违约处理。",
        "the term runs until {what}; no default yet",
    ),
    "same_holder": ("这一单本来就在 {who} 名下。", "the deal is in the name of {who} already"),
    "swap_direction": (
        "只可往大、往难、往贵换：{what} 不比原房大，也不比原房贵。",
        "only a larger, dearer or harder unit may be taken: {what} is neither",
    ),
    "no_record": (
        "{who} 没有有效的建档记录；纸面登记上有的，请写明建档日期。",
        "{who} holds no valid record; if a paper register shows one, state when it was opened",
    ),
    "no_records": ("本制度没有建档有效期，不办这件事。", "records have no life under this policy"),
    "no_offender": ("这位客户还没有人接待过。", "nobody has received this visitor"),
    "no_problem": ("{who} 没有待处理的问题。", "{who} has no open problem"),
    "no_missing_record": (
        "{who} 没有待填的回访记录表。",
        "no follow-up record of {who} is missing",
    ),
    "no_reason": ("请写明理由。", "say why"),
    "no_receiver": ("没有人可以接这些客户。", "nobody is left to receive the customers"),
    "no_result": (
        "本制度不作抽签，请写明新的归属人。",
        "this policy draws nothing: name the new owners",
    ),
    "no_rightful": (
        "按记录本来就轮到 {who}，请写明应轮到谁。",
        "by the log {who} was due; say who was",
    ),
    "no_takeover": ("没有待确认的接手。", "no take-over is waiting for confirmation"),
    "no_visit": ("{who} 没有正在进行的来访。", "no open visit of {who}"),
    "no_visit.report": ("这位客户没有来访可以举报。", "the customer has no visit to report"),
    "not_allowed": ("本制度不改判外出。", "this policy re-classes no absence"),
    "not_available": ("{who} 现在不空闲，不能接待。", "{who} is not free to receive"),
    "not_available.help": ("{who} 现在不空闲，不能协助。", "{who} is not free to help"),
    "not_available.nobody": ("没有人空闲，客户无人可接。", "nobody is free to take the visitor"),
    "not_merged": ("{who} 没有合并过。", "{who} was not merged with anybody"),
    "not_yet": ("{what} 还没有到。", "{what} is still to come"),
    "not_received": ("还没有人在接待这位客户。", "nobody is receiving this visitor"),
    "owned": ("{who} 已有归属人，不在公海。", "{who} has an owner"),
    "parameter": ("制度没有参数 {what}。", "the policy has no parameter {what}"),
    "preset": ("没有预设 {what} 的规则。", "no rules for preset {what}"),
    "problem_exists": ("已经有问题 {what}。", "there is a problem {what} already"),
    "problem_over": ("{what} 这个问题已经办结。", "problem {what} is over"),
    "problem_reported": ("{what} 这个问题已经上报。", "problem {what} was reported already"),
    "problem_unreported": ("{what} 这个问题还没有上报。", "problem {what} was not reported"),
    "received": (
        "这位客户正有人接待，请改用转交。",
        "the visitor is being received; hand over instead",
    ),
    "reversed": ("{what} 这一单已经冲回。", "deal {what} has been reversed"),
    "step_done": ("{what} 这一单已经办过这一步。", "deal {what} has this step already"),
    "together": ("{who} 与 {what} 曾一同到访，不是同一人。", "{who} and {what} came together"),
    "too_late": ("当日已经收市。", "the day is closed"),
    "unowned": ("{who} 没有归属人，已在公海。", "{who} has no owner"),
    "visit_exists": ("已经有来访 {what}。", "there is a visit {what} already"),
    "visit_in_hand": (
        "{who} 手上还有接待，请先结束或转交。",
        "{who} has a visit in hand; end it or hand it over first",
    ),
}
"""Why the rules or the state refuse an event, Chinese and English."""


class _Speaker:
    def __init__(self, policy: Policy, names: Mapping[str, str], locale: str) -> None:
        self.policy = policy
        self.names = names
        self.english = locale.lower().startswith("en")

    def pick(self, pair: tuple[str, str]) -> str:
        return pair[1] if self.english else pair[0]

    def value(self, value: Any) -> str:
        """A fact in words: names for ids, states and kinds translated, shares as per cent."""
        if isinstance(value, bool):
            return ("yes" if value else "no") if self.english else ("是" if value else "否")
        if isinstance(value, Mapping):
            return self.shares(value)
        if isinstance(value, (list, tuple)):
            return (", " if self.english else "、").join(self.value(part) for part in value)
        text = str(value)
        if text in self.names:
            return self.names[text]
        if text in VALUES:
            return self.pick(VALUES[text])
        if re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d.*", text):
            return text[:16].replace("T", " ")
        return text if text else "–"

    def shares(self, vector: Mapping[str, Any]) -> str:
        parts = []
        for holder, share in vector.items():
            shown = f"{share / 100:g}%" if isinstance(share, int) else self.value(share)
            parts.append(f"{self.value(holder)} {shown}")
        return (", " if self.english else "、").join(parts) or "–"

    def fill(self, text: str, facts: Mapping[str, Any]) -> str:
        last = _LAST_PLACE.search(text)
        if last is not None and facts.get(last[1]) in ("", None):
            text = text[: last.start()]  # no reason was given: none is announced
        return _PLACE.sub(lambda place: self.fact(place.group(1), facts), text)

    def fact(self, name: str, facts: Mapping[str, Any]) -> str:
        value = facts.get(name)
        key = facts.get("param")
        if name == "value" and isinstance(key, str) and not self.english:
            return self.policy.show(key)
        if name == "value":
            return plain(value)
        if name == "by" and not value:
            return "the manager" if self.english else "经理"
        return self.value("" if value is None else value)


def explain(
    decision: Decision, policy: Policy, names: Mapping[str, str], locale: str = "zh_Hans"
) -> list[str]:
    """The outcome in one sentence, then one line per cited rule: clause, what it did, its words.

    ``names`` maps ids of reps and customers to what they are called. ``locale``: zh_Hans or en.
    """
    speaker = _Speaker(policy, names, locale)
    lines = [_outcome(speaker, decision)]
    shown: set[str] = set()
    for cite in decision.cites:
        lines.append(_clause(speaker, cite, cite.rule in shown))
        shown.add(cite.rule)
    return [line for line in lines if line]


def refusal(
    error: EventRefused, names: Mapping[str, str] | None = None, locale: str = "zh_Hans"
) -> str:
    """Why an event was refused, in one sentence; ``names`` as in :func:`explain`."""
    if locale.lower().startswith("en"):
        return str(error)
    told = {key: (names or {}).get(value, value) for key, value in error.facts.items()}
    return REFUSALS[error.key][0].format(**told)


def _outcome(speaker: _Speaker, decision: Decision) -> str:
    key = decision.kind
    for variant in _VARIANTS.get(key, ()):
        if decision.outcome.get(variant):
            key = f"{key}.{variant}"
            break
    if key == "take_over" and not decision.outcome.get("confirmed"):
        key = "take_over.unconfirmed"
    return speaker.fill(speaker.pick(OUTCOMES[key]), decision.outcome)


def _variant(cite: Cite) -> str:
    """Which phrase of an effect fits the facts: a free owner had the time, a period may be open."""
    if cite.effect == "lapsed" and cite.facts.get("owner_state") == AVAILABLE:
        unrecognised = cite.facts.get("recognised") is False
        return "lapsed.unrecognised" if unrecognised else "lapsed.silence_alone"
    if cite.effect == "event_mode" and not cite.facts.get("until"):
        return "event_mode.open"
    return cite.effect


def _clause(speaker: _Speaker, cite: Cite, again: bool) -> str:
    """``第5条〔SF-A-05〕 what it did。「the clause」``; the sentence only the first time."""
    clause = speaker.policy.clause(cite.rule)
    did = speaker.fill(speaker.pick(EFFECTS[_variant(cite)]), cite.facts)
    if cite.effect in NOT_APPLIED:
        did = speaker.pick(CHECKED) + did
    if speaker.english:
        number = f"Clause {clause.number} " if clause is not None else ""
        return f"{number}[{cite.rule}]: {did}."
    number = clause.number if clause is not None else ""
    if number[:1].isdigit():
        number = f"第 {number} 条"
    sentence = "" if again else speaker.policy.sentence(cite.rule)
    quoted = f"「{sentence}」" if sentence else ""
    return f"{number}〔{cite.rule}〕{did}。{quoted}"
