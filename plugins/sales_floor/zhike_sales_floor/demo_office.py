"""The papers of the demo's office: calls, tracking, minutes, plans, hand-ins, an incident."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from zhike.api import CompanySession
from zhike_sales_floor.models import Customer, Visit
from zhike_sales_floor.services import calls, incidents, minutes, plans, questions, tracking
from zhike_sales_floor.services.calls import Entry
from zhike_sales_floor.services.duties import duties
from zhike_sales_floor.services.tracking import Said

if TYPE_CHECKING:
    from zhike_sales_floor.demo import Stage

LOST = ("价格偏高", "户型不合适", "位置不便", "资金不足", "选了别家")
ASKED = (
    ("户外广告", "均价多少，有没有三房"),
    ("线上广告", "什么时候交房"),
    ("朋友介绍", "学区是哪一所"),
    ("自然到访", "周末能不能看样板间"),
)
TOLD = (
    ("报了两套三房的总价", "觉得总价高", "发按揭测算表"),
    ("介绍了样板间", "", "约带家人复访"),
    ("解释了学区政策", "担心政策变", "请经理通电话"),
)


def lost_reason(place: int) -> str:
    """Why a visitor of the demo did not buy, by turns."""
    return LOST[place % len(LOST)]


def morning(stage: Stage, at: datetime) -> None:
    """The reps write their plans."""
    for place, rep in enumerate(stage.reps):
        text = f"回访 {3 + place % 3} 位 A、B 类客户；邀约 2 组到访"
        stage.do(at, partial(_plan, stage=stage, rep=rep, on=at.date(), plan=text))


def telephone(stage: Stage, at: datetime, *, soon: bool = False) -> None:
    """Somebody new calls; every other one wants to come, today where ``soon``."""
    place = stage.calls = stage.calls + 1
    person = stage.caller()
    source, question = ASKED[place % len(ASKED)]
    wants = at + (timedelta(hours=2) if soon else timedelta(days=1)) if place % 2 else None
    entry = Entry(
        name=person.name,
        phone=person.phone,
        another=True,
        staff_id=stage.reps[place % len(stage.reps)],
        source=source,
        question=question,
        appointment_at=wants,
    )
    stage.do(at, lambda s: calls.log(s, stage.unit.id, entry))


def evening(stage: Stage, at: datetime) -> None:
    """Warm customers are tracked, summaries and registration handed in, the minutes closed."""
    for place, (customer_id, owner) in enumerate(_warm(stage)[:3]):
        content, resistance, step = TOLD[place % len(TOLD)]
        said = Said(
            content=content,
            resistance=resistance,
            next_step=step,
            next_on=at.date() + timedelta(days=2),
            grade="A" if place == 0 else "B",
        )
        stage.do(at, partial(_track, customer_id=customer_id, said=said, owner=owner))
    for place, rep in enumerate(stage.reps):
        stage.do(at, partial(_hand_in, stage=stage, rep=rep, on=at.date()))
        if place + 1 < len(stage.reps):  # one has still to write his
            text = "电话都打了，到访一组，另一组改到周末"
            stage.do(at, partial(_plan, stage=stage, rep=rep, on=at.date(), summary=text))
    stage.do(at, partial(_minutes, stage=stage, on=at.date()))


def trouble(stage: Stage, at: datetime) -> None:
    """A quarrel of the past, long settled, and a question that went to the manager."""
    report = incidents.Report(
        kind="conflict",
        what="两位顾问在前台为一位来访客户争执",
        done="请两人离开前台，由下一位接待",
        people=stage.reps[:2],
    )
    row = stage.do(at, lambda s: incidents.log(s, stage.unit.id, report).id)
    if row is not None:
        later = at + timedelta(minutes=20)
        stage.do(later, lambda s: incidents.close(s, row, "查轮见表后按轮次处理，两人已道歉"))
    with stage.site.reader(stage.company_id) as s:
        visit = s.scalars(
            select(Visit.id)
            .where(Visit.unit_id == stage.unit.id, Visit.state == "ended")
            .order_by(Visit.arrived_at.desc())
        ).first()
    if visit is None:
        return
    asked = stage.do(
        at,
        lambda s: questions.ask(s, visit, "公摊怎么算，赠送面积写不写进合同", brought_id=None).id,
    )
    if asked is not None:
        answer = "公摊按套内比例，赠送面积不写进合同，以图纸为准"
        stage.do(at, lambda s: questions.answer(s, asked, answer))


# -- one act each -----------------------------------------------------------------------------


def _plan(
    s: CompanySession,
    stage: Stage,
    rep: uuid.UUID,
    on: date,
    plan: str = "",
    summary: str = "",
) -> Any:
    known = plans.find(s, stage.unit.id, rep, "day", on)
    text = plan or (known.plan if known else "")
    return plans.save(s, stage.unit.id, rep, "day", on, plan=text, summary=summary)


def _track(s: CompanySession, customer_id: uuid.UUID, said: Said, owner: uuid.UUID) -> Any:
    return tracking.log(s, customer_id, said, staff_id=owner)


def _hand_in(s: CompanySession, stage: Stage, rep: uuid.UUID, on: date) -> Any:
    asked = duties(s, stage.unit.id)
    return plans.hand_in(s, stage.unit.id, rep, on, asked, note="重点跟进 A 类客户")


def _minutes(s: CompanySession, stage: Stage, on: date) -> Any:
    text = minutes.Text(
        present=stage.reps,
        notes=dict.fromkeys(stage.reps[:2], "客户情况已登记，明天继续跟进"),
        tracking="总价抗性多，统一用按揭测算表回应",
        disputes="\n".join(minutes.quarrels(s, stage.unit.id, on)),
        tomorrow="每人邀约两组到访",
    )
    minutes.save(s, stage.unit.id, on, text)
    return minutes.close(s, stage.unit.id, on)


def _warm(stage: Stage) -> Sequence[tuple[uuid.UUID, uuid.UUID]]:
    with stage.site.reader(stage.company_id) as s:
        rows = s.execute(
            select(Customer.id, Customer.owner_id)
            .where(
                Customer.unit_id == stage.unit.id,
                Customer.owner_id.is_not(None),
                Customer.closed_on.is_(None),
                Customer.grade.in_(("A", "B")),
            )
            .order_by(Customer.id.desc())
            .limit(3)
        ).all()
    return [(row.id, row.owner_id) for row in rows if row.owner_id is not None]
