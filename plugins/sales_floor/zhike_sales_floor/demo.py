"""What the demo lives with: a week on each floor, played through the real engine.

Names and numbers are invented; the dice are loaded, so that every demo tells the same story.
"""

from __future__ import annotations

import random
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select

from zhike.api import (
    Actor,
    CompanySession,
    Post,
    Site,
    UnitInfo,
    UserError,
    clock,
    organisation,
)
from zhike_sales_floor import demo_cases, demo_follow_up, demo_office, demo_sales
from zhike_sales_floor.models import Customer, Visit
from zhike_sales_floor.services import arrivals, customers, floor, setup
from zhike_sales_floor.services.arrivals import Arrival, Person

REP_TITLE = "置业顾问"
DESK = Actor(kind="cli", name="前台何静")
FAMILY = "张王李赵刘陈杨黄周吴徐孙马朱胡林郭高罗郑梁谢宋唐许韩冯邓曹彭曾"
GIVEN = (
    "伟",
    "芳",
    "娜",
    "秀英",
    "敏",
    "静",
    "丽",
    "强",
    "磊",
    "洋",
    "艳",
    "勇",
    "杰",
    "娟",
    "涛",
    "明",
    "超",
    "秀兰",
    "霞",
    "平",
    "刚",
    "桂英",
    "建国",
    "子涵",
    "雨欣",
    "浩然",
    "思远",
)
NEEDS = (
    "三房，首次置业",
    "两房，投资",
    "四房，改善，看重学区",
    "大平层，预算 500 万",
    "小户型，给父母住",
    "婚房，三房两卫",
    "顶楼复式",
    "一楼带院",
)
SOURCES = ("自然到访", "朋友介绍", "线上广告", "户外广告", "渠道中介")
RESULTS = ("will_return", "considering", "looking", "not_interested")


@dataclass
class Stage:
    """One site being played: its dice, its reps, whom it has met."""

    site: Site
    company_id: int
    unit: UnitInfo
    dice: random.Random
    reps: list[uuid.UUID]
    met: list[uuid.UUID] = field(default_factory=list)
    calls: int = 0
    lost: int = 0

    def do(self, at: datetime, work: Callable[[CompanySession], Any]) -> Any:
        """Do ``work`` as if it were ``at``; what the rules refuse simply did not happen."""
        try:
            with clock.frozen(at), self.site.transaction(self.company_id, DESK) as s:
                return work(s)
        except UserError:
            return None

    def caller(self) -> Person:
        """Somebody who calls; other dice than the visitors', whose story stays as it is."""
        dice = random.Random(f"call {self.unit.id} {self.calls}")  # noqa: S311  a made-up caller
        name = dice.choice(FAMILY) + dice.choice(GIVEN)
        return Person(name=name, phone=f"1{dice.choice('35789')}{dice.randrange(10**9):09d}")

    def somebody(self) -> Person:
        """An invented visitor with an invented number."""
        name = self.dice.choice(FAMILY) + self.dice.choice(GIVEN)
        number = f"1{self.dice.choice('35789')}{self.dice.randrange(10**9):09d}"
        return Person(name=name, phone=number, another=True)


def fill(site: Site, company_id: int) -> None:
    """Play the last days of every site of a demo company, today included, up to now."""
    with site.transaction(company_id, DESK) as s:
        setup.prepare(s)
        units = organisation.tree(s).sites
        teams = {
            unit.id: list(
                s.scalars(
                    select(Post.staff_id)
                    .where(Post.unit_id == unit.id, Post.title == REP_TITLE)
                    .order_by(Post.id)
                )
            )
            for unit in units
        }
        for unit in units:
            floor.add_reps(s, unit.id, teams[unit.id])
    for number, unit in enumerate(units):
        # The dice only tell a story; nothing is kept secret by them.
        dice = random.Random(f"{company_id}/{number}")  # noqa: S311  a made-up day, the same each time
        stage = Stage(site, company_id, unit, dice, teams[unit.id])
        if stage.reps:
            _play(stage)


def _play(stage: Stage) -> None:
    zone = ZoneInfo(stage.unit.tz)
    now = clock.local(clock.now(), stage.unit.tz)
    demo_sales.stock(stage, _at(now.date() - timedelta(days=9), time(8, 30), zone))
    for back, evening in (
        (9, demo_sales.opening_sales),
        (3, demo_sales.contracts),
        (1, _second_thoughts),
    ):
        _past_day(stage, now.date() - timedelta(days=back), zone, evening)
    _today(stage, now)
    _follow_up(stage)


def _at(on: date, moment: time, zone: ZoneInfo) -> datetime:
    return datetime.combine(on, moment, zone)


def _past_day(
    stage: Stage, on: date, zone: ZoneInfo, evening: Callable[[Stage, datetime], None] | None
) -> None:
    def at(hour: int, minute: int) -> datetime:
        return datetime.combine(on, time(hour, minute), zone)

    for place, rep in enumerate(stage.reps):
        stage.do(at(8, 45 + place), partial(floor.sign_in, unit_id=stage.unit.id, staff_id=rep))
    demo_office.morning(stage, at(8, 55))
    moment = at(9, 5)
    ringing = [at(10, 12), at(14, 12), at(16, 12)]
    outing: tuple[uuid.UUID, datetime] | None = None
    while moment < at(17, 40):
        while ringing and ringing[0] <= moment:
            demo_office.telephone(stage, ringing.pop(0))
        _end_some(stage, moment)
        if outing is not None and moment > outing[1]:
            rep = outing[0]
            stage.do(moment, partial(floor.come_back, unit_id=stage.unit.id, staff_id=rep))
            outing = None
        roll = stage.dice.random()
        if roll < 0.16 and outing is None:
            rep, reason = stage.dice.choice(stage.reps), stage.dice.choice(("public", "private"))
            text = "送资料到银行" if reason == "public" else "取快递"
            stage.do(
                moment,
                partial(
                    floor.go_out, unit_id=stage.unit.id, staff_id=rep, reason=reason, words=text
                ),
            )
            outing = (rep, moment + timedelta(minutes=45))
        else:
            _arrival(stage, moment)
        moment += timedelta(minutes=stage.dice.randint(22, 48))
    _end_some(stage, at(18, 20), everybody=True)
    if evening is not None:
        evening(stage, at(18, 22))
    demo_office.evening(stage, at(18, 25))
    stage.do(at(18, 30), lambda s: floor.close_day(s, stage.unit.id))


def _arrival(stage: Stage, moment: datetime) -> None:
    old = stage.met and stage.dice.random() < 0.3
    person = Person(customer_id=stage.dice.choice(stage.met)) if old else stage.somebody()
    arrival = Arrival(
        persons=[person],
        need="" if old else stage.dice.choice(NEEDS),
        source="" if old else stage.dice.choice(SOURCES),
        people=stage.dice.choice((1, 1, 2, 2, 3)),
    )
    made = stage.do(moment, lambda s: arrivals.arrive(s, stage.unit.id, arrival))
    if made is not None and not old:
        with stage.site.reader(stage.company_id) as s:
            visit = s.find(Visit, made.visit_id)
            if visit is not None and visit.customer_id is not None:
                stage.met.append(visit.customer_id)


def _end_some(stage: Stage, moment: datetime, *, everybody: bool = False) -> None:
    with stage.site.reader(stage.company_id) as s:
        rows = s.execute(
            select(Visit.id, Visit.arrived_at)
            .where(Visit.unit_id == stage.unit.id, Visit.state == "reception")
            .order_by(Visit.arrived_at)
        ).all()
    for row in rows:
        if not everybody and moment - row.arrived_at < timedelta(minutes=40):
            continue
        grade = stage.dice.choice("ABBCCD")
        wait = {"A": 1, "B": 3, "C": 7, "D": 0}[grade]
        follow = moment.date() + timedelta(days=wait) if wait else None
        result = stage.dice.choice(RESULTS)
        lost = result in ("not_interested", "looking")
        stage.lost += lost
        stage.do(
            moment,
            partial(
                floor.end_visit,
                visit_id=row.id,
                result=result,
                lost_reason=demo_office.lost_reason(stage.lost) if lost else "",
                grade=grade,
                need="",
                follow_up_on=follow,
                follow_up_note="约来看样板间" if follow else "",
            ),
        )


def _owned(stage: Stage) -> list[uuid.UUID]:
    with stage.site.reader(stage.company_id) as s:
        return list(
            s.scalars(
                select(Customer.id)
                .where(Customer.unit_id == stage.unit.id, Customer.owner_id.is_not(None))
                .order_by(Customer.id)
            )
        )


def _follow_up(stage: Stage) -> None:
    """From today on customers are followed up in cycles, and some of it is done already."""
    moment = clock.local(clock.now(), stage.unit.tz)
    for step in (demo_follow_up.switch_on, demo_follow_up.some_done, demo_follow_up.a_problem):
        stage.do(moment, partial(step, unit_id=stage.unit.id))


def _second_thoughts(stage: Stage, moment: datetime) -> None:
    """What became of some deals; three customers are called; an old quarrel is settled."""
    demo_office.trouble(stage, moment)
    demo_sales.second_thoughts(stage, moment)
    for customer_id in _owned(stage)[3:6]:
        stage.do(moment, partial(_call, customer_id=customer_id))
    demo_cases.play(stage, moment)


def _call(s: CompanySession, customer_id: uuid.UUID) -> None:
    customer = s.require(Customer, customer_id)
    customers.log_contact(
        s, customer_id, "call", staff_id=customer.owner_id, note="客户考虑中，周末再来"
    )


def _today(stage: Stage, now: datetime) -> None:
    """The day in progress: some received, one waits, one is out; whatever the hour is."""
    midnight = datetime.combine(now.date(), time(0, 1), now.tzinfo)
    start = max(midnight, now - timedelta(minutes=95))
    step = max((now - start) / 12, timedelta(seconds=1))

    def at(place: float) -> datetime:
        return start + step * place

    for place, rep in enumerate(stage.reps):
        stage.do(at(place / 4), partial(floor.sign_in, unit_id=stage.unit.id, staff_id=rep))
    for place in (2, 3):
        _arrival(stage, at(place))
    if len(stage.reps) > 2:
        for rep in reversed(stage.reps):
            leave = partial(
                floor.go_out,
                unit_id=stage.unit.id,
                staff_id=rep,
                reason="public",
                words="送合同到房管局",
            )
            if stage.do(at(4), leave) is not None:
                break
    with stage.site.reader(stage.company_id) as s:
        first = s.scalars(
            select(Visit.id)
            .where(Visit.unit_id == stage.unit.id, Visit.state == "reception")
            .order_by(Visit.arrived_at)
        ).first()
    if first is not None:
        stage.do(
            at(6),
            lambda s: floor.end_visit(
                s,
                first,
                result="will_return",
                grade="A",
                follow_up_on=now.date() + timedelta(days=1),
                follow_up_note="带家人复访",
            ),
        )
    _arrival(stage, at(7))
    demo_office.morning(stage, at(7.5))
    for later in (8, 8.5):
        demo_office.telephone(stage, at(later), soon=True)
    _end_some(stage, at(9))
    _arrival(stage, at(10))
