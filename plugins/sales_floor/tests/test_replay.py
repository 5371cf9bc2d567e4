"""A stored day played again equals what happened, however the day went."""

from __future__ import annotations

import random
import re
import uuid

import pytest
from sqlalchemy import select

from zhike.api import UserError, clock
from zhike_sales_floor.models import Customer, Visit
from zhike_sales_floor.services import arrivals, customers, deals, floor, replay
from zhike_sales_floor.services.arrivals import Arrival, Person


def random_day(ground, seed: int, acts: int) -> int:
    """Play ``acts`` random acts; those the rules refuse change nothing. Returns how many stood."""
    dice = random.Random(seed)
    reps = list(ground.reps.values())
    stood = 0

    def open_visits(s, *states):
        return list(s.scalars(select(Visit).where(Visit.state.in_(states)).order_by(Visit.id)))

    def known(s):
        return list(s.scalars(select(Customer).order_by(Customer.id)))

    def one(s):
        rep, other = dice.choice(reps), dice.choice(reps)
        here, waiting = open_visits(s, "reception"), open_visits(s, "waiting", "calling_owner")
        all_customers = known(s)
        pick = dice.random()
        if pick < 0.12:
            return floor.sign_in(s, ground.unit, rep)
        if pick < 0.40:
            persons = [Person()]
            if all_customers and dice.random() < 0.5:
                persons = [Person(customer_id=dice.choice(all_customers).id)]
                if dice.random() < 0.3:
                    persons.append(Person())
            extra = {}
            if all_customers and dice.random() < 0.1:
                extra["introducer"] = dice.choice(all_customers).id
            if dice.random() < 0.1:
                extra["asks_for"] = rep
            if dice.random() < 0.08:
                extra |= {"taken_by": other, "flag": "poach"}
            if dice.random() < 0.05:
                extra["purpose"] = "scouting"
            return arrivals.arrive(s, ground.unit, Arrival(persons=persons, **extra))
        if pick < 0.62 and here:
            return floor.end_visit(s, dice.choice(here).id, result="will_return")
        if pick < 0.68:
            return floor.go_out(s, ground.unit, rep, dice.choice(floor.OUT_REASONS))
        if pick < 0.76:
            return floor.come_back(s, ground.unit, rep)
        if pick < 0.79 and here:
            return floor.void_visit(s, dice.choice(here).id, "踩盘", confirmed=True)
        if pick < 0.82 and here:
            return floor.take_over(
                s, dice.choice(here).id, other, "争执", confirmed=dice.random() < 0.5
            )
        if pick < 0.85 and here:
            return floor.help_with(s, dice.choice(here).id, other)
        if pick < 0.88 and here:
            return floor.hand_over(s, dice.choice(here).id, other, "换人")
        if pick < 0.90 and waiting:
            return floor.visitor_leaves(s, dice.choice(waiting).id)
        if pick < 0.92 and waiting:
            return floor.assign(s, dice.choice(waiting).id, rep, "等得久")
        if pick < 0.95 and all_customers:
            return customers.log_contact(s, dice.choice(all_customers).id, "call", staff_id=rep)
        if pick < 0.97 and all_customers:
            return deals.start(s, dice.choice(all_customers).id, "subscription", property="1-1")[1]
        if pick < 0.98:
            return floor.reclass(s, ground.unit, rep, "去银行")
        return floor.sign_out(s, ground.unit, rep)

    for _ in range(acts):
        try:
            ground.do(one, minutes=dice.choice((0, 1, 3, 9)))
            stood += 1
        except UserError:
            continue
    return stood


@pytest.mark.parametrize("seed", [1, 2])
def test_a_replayed_day_equals_what_happened(either, seed):
    either.sign_in("ABC")
    assert random_day(either, seed, 90) > 30
    on = clock.local(either.now, "Asia/Shanghai").date()
    assert either.read(lambda s: replay.replay(s, either.unit, on)) == []


def test_a_changed_event_shows_in_the_replay(ground):
    ground.sign_in("AB")
    ground.arrive()
    on = clock.local(ground.now, "Asia/Shanghai").date()

    def tamper(s):
        stored = replay.stored_day(s, ground.unit, on)
        event = stored.events[-1]
        event.outcome = {**event.outcome, "assigned": str(ground.reps["B"])}
        s.flush()

    with ground.site.transaction(ground.company) as s:
        tamper(s)
    found = ground.read(lambda s: replay.replay(s, ground.unit, on))
    assert [one.what for one in found] == ["assigned"]


def test_the_replay_page_speaks_of_people_and_clauses(ground, login):
    """No word of the engine in the event's column; rules as clauses, ids only beside them."""
    from zhike.api import policies

    ground.sign_in("AB")
    visit = ground.arrive(Person(name="张伟", phone="13812345678")).visit_id
    ground.do(lambda s: floor.go_out(s, ground.unit, ground.reps["B"], "private", "取快递"))
    offender = ground.reps["B"]
    ground.do(lambda s: floor.flag_visit(s, visit, "poach", offender=offender, reason="看见"))
    on = clock.local(ground.now, "Asia/Shanghai").date()
    version = ground.read(
        lambda s: policies.in_force(s, "sales_floor", ground.unit, ground.now).version_id
    )
    browser = login(ground.company)
    with clock.frozen(ground.now):
        page = browser.get("/admin/drills/replay").get_data(as_text=True)
        token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)[1]
        answer = browser.post(
            "/admin/drills/replay",
            data={
                "csrf_token": token,
                "idempotency_key": uuid.uuid4().hex,
                "plugin": "sales_floor",
                "unit_id": str(ground.unit),
                "day": on.isoformat(),
                "left": str(version),
                "right": str(version),
            },
        )
    text = answer.get_data(as_text=True)
    events = re.findall(r'data-label="事件">(.*?)</td>', text, re.DOTALL)
    assert [said.partition(" ")[2] for said in events] == [
        "当日开市",
        "顾问A签到",
        "顾问B签到",
        "张伟到访",
        "顾问B外出，事由：私事",
        "张伟的接待被报告：抢客，接走者：顾问B",
    ]
    assert not [said for said in events if re.search("[a-z_]{3,}", said)]
    assert "<summary>第 1 条" in text
    assert re.search(r"第 8 条「[^」]+」<small>SF-A-08[^<]*</small>", text)


def test_a_day_as_a_drill_names_nobody_and_plays(ground):
    from zhike.api import drills
    from zhike.drills import load_text
    from zhike_sales_floor.policies import preset
    from zhike_sales_floor.rules import ENGINE

    ground.sign_in("ABC")
    ground.arrive(Person(name="张伟", phone="13812345678"))
    random_day(ground, 7, 40)
    on = clock.local(ground.now, "Asia/Shanghai").date()
    text = ground.read(lambda s: drills.day_text(s, "sales_floor", ground.unit, on))
    assert "张伟" not in text
    assert not any(str(rep) in text for rep in ground.reps.values())
    assert len(load_text(text)) == 1
    document = ground.read(lambda s: replay.day(s, ground.unit, on))
    stored = ground.read(lambda s: replay.stored_day(s, ground.unit, on))
    state = ENGINE.start(document["given"], preset("P12").policy())
    for event, real in zip(document["events"], stored.events, strict=True):
        step = ENGINE.handle(state, event)
        state = step.state
        for key in ("assigned", "ring", "tickets", "states"):
            assert step.outcome.get(key) == real.outcome.get(key), (real.seq, key)
