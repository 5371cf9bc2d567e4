"""The office behind the floor: tracking, minutes, plans, hand-ins, incidents."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from zhike.api import Conflict, LedgerLine, Staff, UserError, access, clock, policies
from zhike.testing import make_user, read_page, sign_in
from zhike_sales_floor.models import Customer, Visit
from zhike_sales_floor.models_office import HandIn, Incident, Minutes, MinutesLine, Plan, TrackCheck
from zhike_sales_floor.permissions import ROLES
from zhike_sales_floor.services import calls, floor, incidents, minutes, plans, tracking
from zhike_sales_floor.services.arrivals import Person
from zhike_sales_floor.services.calls import Entry
from zhike_sales_floor.services.duties import Duties, duties
from zhike_sales_floor.services.tracking import Said

#: What a regulation with all these rules asks for.
ASKED = Duties(
    classes=("A", "B"), check_days=7, meeting=True, hand_in=True, call_form=True, visit_form=True
)


@pytest.fixture
def warm(ground):
    """张伟 of class A belongs to A, 李娜 of class C to B."""
    ground.sign_in("AB")
    for name, phone, grade in (("张伟", "13812345678", "A"), ("李娜", "13900001111", "C")):
        visit = ground.arrive(Person(name=name, phone=phone), need="三房")
        ground.do(
            lambda s, v=visit, g=grade: floor.end_visit(s, v.visit_id, result="looking", grade=g)
        )
        row = ground.read(lambda s, v=visit: s.require(Visit, v.visit_id))
        setattr(ground, grade.lower(), row.customer_id)
    return ground


def as_role(ground, app, name, letter="A"):
    """A browser of somebody with a suggested role; ``letter`` is whose account it is."""
    role = next(one for one in ROLES if one.name == f"sales_floor.{name}")
    user = make_user(ground.site, ground.company, role.permissions, scope=role.scope)
    with ground.site.transaction(ground.company) as s:
        s.find(Staff, ground.reps[letter]).user_id = user
        access.bump_generation(s)
    return sign_in(app, ground.site, user)


def sent(browser, url, **typed):
    """What a page answers when its form is sent with these fields typed."""
    form = read_page(browser.get(url).text).form(css_class="zk-form").values
    return browser.post(url, data={**form, **typed})


# -- tracking ---------------------------------------------------------------------------------


def test_a_line_of_the_sheet_is_a_contact_and_sets_what_comes_next(warm):
    warm.now += timedelta(days=3)
    said = Said(content="带太太来看", resistance="嫌楼层低", next_step="约周末", grade="B",
                next_on=(warm.now + timedelta(days=2)).date())  # fmt: skip
    warm.do(lambda s: tracking.log(s, warm.a, said, staff_id=warm.reps["A"]))
    row = warm.read(lambda s: s.require(Customer, warm.a))
    assert (row.grade, str(row.follow_up_on), row.follow_up_note) == ("B", "2026-05-09", "约周末")
    assert str(row.protected_until) == "2026-05-14"
    lines = warm.register("SFF-10", warm.now.date()).rows["lines"]
    assert [(line["customer"], line["resistance"], line["check"]) for line in lines] == [
        ("张伟", "嫌楼层低", "")
    ]
    warm.do(lambda s: tracking.check(s, [warm.a], staff_id=None))
    assert "前台小周" in warm.register("SFF-10", warm.now.date()).rows["lines"][0]["check"]


def test_a_line_that_says_nothing_is_refused(warm):
    with pytest.raises(UserError):
        warm.do(lambda s: tracking.log(s, warm.a, Said(content=" "), staff_id=None))
    warm.do(lambda s: tracking.log(s, warm.a, Said(answered=False), staff_id=warm.reps["A"]))


def test_the_check_is_due_after_seven_days_and_a_sign_begins_them_anew(warm):
    def line(only=""):
        today = warm.now.date()
        found = warm.read(lambda s: tracking.overview(s, warm.unit, ASKED, today, only=only))
        return [(one.name, str(one.due_on)) for one in found]

    assert line() == [("张伟", "2026-05-11")]  # class C is not tracked
    warm.now += timedelta(days=7)
    assert line("check") == []
    warm.now += timedelta(days=1)
    assert line("check") == [("张伟", "2026-05-11")]
    assert warm.do(lambda s: tracking.check(s, [warm.a], staff_id=None)) == 1
    assert warm.do(lambda s: tracking.check(s, [warm.a], staff_id=None)) == 0  # signed today
    assert line() == [("张伟", "2026-05-19")]
    assert line("untracked") == [("张伟", "2026-05-19")]


def test_the_supervisor_signs_several_sheets_at_once_and_a_rep_sees_his_own(warm, app):
    boss = as_role(warm, app, "supervisor", "B")
    base = f"/p/sales_floor/floor/{warm.unit}"
    with clock.frozen(warm.now):
        page = boss.get(f"{base}/tracking").get_data(as_text=True)
        assert "张伟" in page
        assert "李娜" not in page
        empty = boss.post(f"{base}/tracking/check", data={})
        assert empty.status_code == 422
        done = boss.post(f"{base}/tracking/check", data={"ids": [str(warm.a)]})
        assert done.status_code == 303
        sheet = boss.get(f"{base}/customers/{warm.a}/tracking").get_data(as_text=True)
        assert boss.get(f"{base}/customers/{warm.a}/tracking?as=pdf").data.startswith(b"%PDF")
    assert len(warm.read(lambda s: s.scalars(select(TrackCheck)).all())) == 1
    assert "检查" in sheet
    rep = as_role(warm, app, "rep", "A")
    with clock.frozen(warm.now):
        assert sent(rep, f"{base}/customers/{warm.a}/track", content="报了价").status_code == 303
        assert "张伟" in rep.get(f"{base}/tracking").get_data(as_text=True)
        assert rep.post(f"{base}/tracking/check", data={"ids": [str(warm.a)]}).status_code == 403
        mine = rep.get("/p/sales_floor/my-registers/SFF-05").get_data(as_text=True)
        assert "张伟" in mine
        assert "李娜" not in mine
        assert rep.get("/p/sales_floor/my-registers/SFF-06").status_code == 404


# -- minutes ----------------------------------------------------------------------------------


def test_minutes_are_filled_from_the_day_closed_once_and_added_to(either):
    ground = either
    ground.sign_in("AB")
    visit = ground.arrive(Person(name="张伟", phone="13812345678"), need="三房")
    ground.do(lambda s: calls.log(s, ground.unit, Entry(name="王芳", phone="13900002222")))
    scout = ground.arrive()
    ground.do(lambda s: floor.void_visit(s, scout.visit_id, "踩盘", confirmed=True))
    on = ground.now.date()
    found = ground.read(lambda s: minutes.entries(s, ground.unit, on))
    assert [(one.kind, one.name, one.fresh) for one in found] == [
        ("visit", "张伟", True),
        ("call", "王芳", True),
    ]
    text = minutes.Text(notes={ground.reps["A"]: "张伟意向强"}, tomorrow="约王芳")
    ground.do(lambda s: minutes.save(s, ground.unit, on, text))
    with pytest.raises(Conflict):  # a colleague saved meanwhile
        ground.do(lambda s: minutes.save(s, ground.unit, on, text))
    ground.do(lambda s: minutes.save(s, ground.unit, on, text, version=1))
    row = ground.do(lambda s: minutes.close(s, ground.unit, on))
    with pytest.raises(Conflict):
        ground.do(lambda s: minutes.close(s, ground.unit, on))
    with pytest.raises(Conflict):
        ground.do(lambda s: minutes.save(s, ground.unit, on, text, version=2))
    ground.arrive(Person(name="赵六", phone="13700001111"))  # too late for the minutes
    written = ground.read(lambda s: minutes.written(s, s.require(Minutes, row.id)))
    assert [one.name for one in written] == ["张伟", "王芳"]
    customer = ground.read(lambda s: s.require(Visit, visit.visit_id)).customer_id
    known = ground.read(
        lambda s: [
            (str(m.day), ground.letter(line.staff_id), line.fresh)
            for m, line in minutes.evidence(s, customer)
        ]
    )
    assert known == [("2026-05-04", "A", True)]
    ground.do(lambda s: minutes.add(s, row.id, "赵六晚到"))
    paper = ground.register("SFF-06", on)
    assert "赵六晚到" in paper.values["additions"]
    assert paper.values["closed_by"] == "前台小周"


def test_the_page_saves_closes_and_prints_the_minutes(warm, app):
    boss = as_role(warm, app, "manager", "B")
    url = f"/p/sales_floor/floor/{warm.unit}/minutes/2026-05-04"
    with clock.frozen(warm.now):
        page = boss.get(url).get_data(as_text=True)
        assert "张伟" in page
        note = f"note_{warm.reps['A'].hex}"
        assert sent(boss, url, **{note: "张伟想看样板间", "disputes": "无"}).status_code == 303
        assert boss.post(f"{url}/close", data={}).status_code == 303
        shown = boss.get(url).get_data(as_text=True)
        assert "张伟想看样板间" in shown
        assert sent(boss, f"{url}/add", text="忘了说的").status_code == 303
        assert "忘了说的" in boss.get(url).get_data(as_text=True)
        assert boss.get(f"{url}/sheet?as=pdf").data.startswith(b"%PDF")
        future = f"/p/sales_floor/floor/{warm.unit}/minutes/2026-05-09"
        assert sent(boss, future, tomorrow="x").status_code == 422
        assert boss.get(f"/p/sales_floor/floor/{warm.unit}/minutes/none").status_code == 404
    supervisor = as_role(warm, app, "supervisor", "A")
    with clock.frozen(warm.now):
        refused = f"/p/sales_floor/floor/{warm.unit}/minutes/2026-05-03/close"
        assert supervisor.post(refused, data={}).status_code == 403
    actions = warm.read(lambda s: [one.action for one in s.scalars(select(LedgerLine))])
    assert actions.count("sales_floor.minutes_closed") == 1
    assert len(warm.read(lambda s: s.scalars(select(MinutesLine)).all())) == 2


# -- plans and hand-ins -----------------------------------------------------------------------


def test_a_plan_is_written_summed_up_and_taken_in(warm, app):
    rep = as_role(warm, app, "rep", "A")
    with clock.frozen(warm.now):
        assert sent(rep, "/p/sales_floor/my-plan/day", plan="回访三位").status_code == 303
        warm.now += timedelta(hours=6)
    with clock.frozen(warm.now):
        assert sent(rep, "/p/sales_floor/my-plan/day", summary="回访两位").status_code == 303
        papers = rep.get("/p/sales_floor/my-papers").get_data(as_text=True)
    assert "回访两位" in papers
    row = warm.read(lambda s: s.scalars(select(Plan)).one())
    assert (row.plan, row.kind, str(row.starts_on)) == ("回访三位", "day", "2026-05-04")
    assert row.summed_at - row.planned_at > timedelta(hours=5)
    boss = as_role(warm, app, "assistant", "B")
    base = f"/p/sales_floor/floor/{warm.unit}/papers"
    with clock.frozen(warm.now):
        assert "回访三位" in boss.get(base).get_data(as_text=True)
        assert boss.post(f"{base}/{row.id}/receive", data={"day": "2026-05-04"}).status_code == 303
    with pytest.raises(Conflict):
        warm.do(
            lambda s: plans.save(
                s, warm.unit, warm.reps["A"], "day", row.starts_on, plan="改", summary=""
            )
        )
    lines = warm.register("SFF-13", row.starts_on).rows["lines"]
    assert [(line["rep"], line["summary"]) for line in lines] == [("顾问A", "回访两位")]


def test_a_week_begins_on_monday_whatever_day_it_is_planned(warm):
    on = warm.now.date() + timedelta(days=5)  # Saturday
    warm.do(lambda s: plans.save(s, warm.unit, warm.reps["A"], "week", on, plan="开盘", summary=""))
    row = warm.read(lambda s: s.scalars(select(Plan)).one())
    assert str(row.starts_on) == "2026-05-04"


def test_registration_is_handed_in_with_what_it_lacks_and_received(warm, app):
    warm.arrive()  # nobody knows who this is
    warm.do(lambda s: calls.log(s, warm.unit, Entry(name="陈", staff_id=warm.reps["A"])))
    found = warm.read(lambda s: plans.counts(s, warm.unit, warm.reps["A"], warm.now.date(), ASKED))
    assert (found.visits, found.calls, found.lacking) == (2, 1, 2)
    rep = as_role(warm, app, "rep", "A")
    with clock.frozen(warm.now):
        assert sent(rep, "/p/sales_floor/my-hand-in", note="张伟最有意向").status_code == 303
    row = warm.read(lambda s: s.scalars(select(HandIn)).one())
    assert (row.visits, row.note) == (2, "张伟最有意向")
    boss = as_role(warm, app, "supervisor", "B")
    base = f"/p/sales_floor/floor/{warm.unit}/papers"
    with clock.frozen(warm.now):
        done = boss.post(f"{base}/hand-ins", data={"ids": [str(row.id)], "day": "2026-05-04"})
        assert done.status_code == 303
        again = sent(rep, "/p/sales_floor/my-hand-in", note="改")
    assert again.status_code in (409, 422)
    assert warm.read(lambda s: s.require(HandIn, row.id)).received_by


# -- incidents --------------------------------------------------------------------------------


def test_an_incident_takes_the_person_off_the_floor_and_is_in_the_ledger(warm, app):
    boss = as_role(warm, app, "manager", "B")
    base = f"/p/sales_floor/floor/{warm.unit}/incidents"
    with clock.frozen(warm.now):
        typed = {"kind": "conflict", "what": "争抢客户", "taken_off": str(warm.reps["A"])}
        assert sent(boss, f"{base}/new", **typed).status_code == 303
        row = warm.read(lambda s: s.scalars(select(Incident)).one())
        assert sent(boss, f"{base}/{row.id}/close", outcome="已调解").status_code == 303
        assert "已调解" in boss.get(base).get_data(as_text=True)
    state = warm.read(lambda s: floor.floor_state(s, warm.unit)[1])
    assert state.reps[str(warm.reps["A"])].state == "OFF_DUTY"
    actions = warm.read(lambda s: [one.action for one in s.scalars(select(LedgerLine))])
    assert actions.count("sales_floor.incident") == 1
    assert "争抢客户" in minutes_of(warm)


def minutes_of(warm):
    return "".join(warm.read(lambda s: minutes.quarrels(s, warm.unit, warm.now.date())))


def test_a_rep_with_a_visitor_in_hand_is_not_taken_off(warm):
    warm.arrive(Person(name="赵六", phone="13700001111"))
    report = incidents.Report(kind="trouble", what="吵闹", taken_off=[warm.reps["A"]])
    with pytest.raises(Conflict) as refused:
        warm.do(lambda s: incidents.log(s, warm.unit, report))
    assert "顾问A" in str(refused.value)
    assert warm.read(lambda s: s.scalars(select(Incident)).all()) == []


# -- what the regulation asks for -------------------------------------------------------------


def test_a_regulation_without_these_rules_asks_for_nothing(warm):
    asked = warm.read(lambda s: duties(s, warm.unit))
    preset = warm.read(
        lambda s: policies.in_force(s, "sales_floor", warm.unit, warm.now).policy.preset
    )
    assert preset == "P12"
    assert (asked.check_days, asked.meeting, asked.hand_in) == (None, False, False)
    assert asked.classes == ("A", "B")  # the pages work all the same


def test_before_closing_reps_and_head_are_told_once_what_is_still_due(warm, monkeypatch):
    from dataclasses import replace
    from datetime import date

    from zhike.api import organisation
    from zhike.models.inbox import Notice
    from zhike_sales_floor import jobs_office

    monkeypatch.setattr(
        jobs_office, "duties", lambda s, unit: replace(ASKED, daily=True, weekly=True, week_day=0)
    )
    monkeypatch.setattr(organisation, "head_of", lambda s, unit, on: warm.reps["D"])
    asked = warm.read(lambda s: duties(s, warm.unit))
    warm.do(lambda s: plans.hand_in(s, warm.unit, warm.reps["A"], warm.now.date(), asked))
    for _time in range(2):
        warm.do(lambda s: jobs_office.remind(s))
    told = warm.read(
        lambda s: sorted((warm.letter(one.staff_id), one.link) for one in s.scalars(select(Notice))
                         if one.type == jobs_office.DUE)
    )  # fmt: skip
    base = f"/p/sales_floor/floor/{warm.unit}"
    assert told == [
        ("B", "/p/sales_floor/my-papers"),
        ("C", "/p/sales_floor/my-papers"),
        ("D", f"{base}/statistics/day/{date(2026, 5, 4)}"),
        ("D", f"{base}/statistics/week/{date(2026, 5, 4)}"),
        ("D", "/p/sales_floor/my-papers"),
    ]


def test_a_regulation_without_these_rules_reminds_nobody(warm):
    from zhike.models.inbox import Notice
    from zhike_sales_floor import jobs_office

    warm.do(lambda s: jobs_office.remind(s))
    found = warm.read(lambda s: [one.type for one in s.scalars(select(Notice))])
    assert jobs_office.DUE not in found
