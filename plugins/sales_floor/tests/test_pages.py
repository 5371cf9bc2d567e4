"""Every page answers, says what it should, and every button does what it says."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from zhike.api import LedgerLine, Staff, clock
from zhike_sales_floor.models import Customer, Outing, Visit
from zhike_sales_floor.services import deals, floor
from zhike_sales_floor.services.arrivals import Person


@pytest.fixture
def busy(ground):
    """A morning that has begun: visitors in reception, one waiting, an absence, a deal."""
    ground.sign_in("ABC")
    first = ground.arrive(Person(name="张伟", phone="13812345678"), need="三房")
    ground.arrive()
    ground.do(lambda s: floor.end_visit(s, first.visit_id, result="will_return", grade="A"))
    ground.do(lambda s: floor.go_out(s, ground.unit, ground.reps["C"], "private", "取快递"))
    ground.arrive(Person(name="李娜", phone="13900001111"))
    ground.arrive()
    customer = ground.read(lambda s: s.scalars(select(Customer).where(Customer.grade == "A")).one())
    made = {}

    def sell(s):
        deal, act = deals.start(
            s, customer.id, "subscription", property="3-2-1201", amount_fen=286_000_000
        )
        made["deal"] = deal.id
        return act

    ground.do(sell)
    ground.customer, ground.deal = customer.id, made["deal"]
    return ground


def paths(busy):
    visit = busy.read(lambda s: s.scalars(select(Visit).where(Visit.state == "reception")).first())
    waiting = busy.read(lambda s: s.scalars(select(Visit).where(Visit.state == "waiting")).first())
    outing = busy.read(lambda s: s.scalars(select(Outing)).first())
    u, a = busy.unit, busy.reps["A"]
    floor_ = f"/p/sales_floor/floor/{u}"
    v, c, d = (
        f"{floor_}/visit/{visit.id}",
        f"{floor_}/customers/{busy.customer}",
        f"{floor_}/deals/{busy.deal}",
    )
    return [
        floor_,
        f"{floor_}/wall",
        f"{floor_}/arrive",
        f"{floor_}/suggest?q=5678",
        v,
        f"{v}/end",
        f"{v}/void",
        f"{v}/hand-over",
        f"{v}/take-over",
        f"{v}/fault",
        f"{v}/help",
        f"{v}/flag",
        f"{floor_}/visit/{waiting.id}/assign",
        f"{floor_}/visit/{waiting.id}",
        f"{v}/answer",
        f"{floor_}/day",
        f"{floor_}/event-mode",
        f"{floor_}/team",
        f"{floor_}/rep/{a}/out",
        f"{floor_}/rep/{a}/leave",
        f"{floor_}/outing/{outing.id}/reclass",
        f"{floor_}/customers",
        f"{floor_}/customers?q=zw",
        f"{floor_}/customers?due=protection&grade=A",
        c,
        f"{c}/contact",
        f"{c}/edit",
        f"{c}/relation",
        f"{c}/owner",
        f"{floor_}/customers/suggest?q=zhang",
        f"{floor_}/customers.xlsx",
        f"{floor_}/deals",
        f"{floor_}/deals/new?customer={busy.customer}",
        d,
        f"{d}/refund",
        f"{d}/quarrel",
        f"{d}/rule",
        f"{d}/sheet",
        f"{d}/sheet?as=xlsx",
        f"{d}/sheet?as=pdf",
        *(
            f"{floor_}/registers?register={code}"
            for code in ("SFF-01", "SFF-02", "SFF-03", "SFF-63")
        ),
        *(
            f"{floor_}/registers/{code}?as={kind}"
            for code in ("SFF-01", "SFF-03")
            for kind in ("html", "pdf", "xlsx")
        ),
        f"{floor_}/differences",
        f"{floor_}/days/2026-05-04",
        f"/p/sales_floor/why/{visit.decision_id}",
        f"/p/sales_floor/why/{visit.decision_id}?print=1",
        "/p/sales_floor/me",
    ]


def test_every_page_answers(busy, login):
    browser = login(busy.company)
    wrong = []
    with clock.frozen(busy.now):
        for path in paths(busy):
            answer = browser.get(path)
            if answer.status_code != 200:
                wrong.append((answer.status_code, path, answer.get_data(as_text=True)[:300]))
        for path in ("", "customers", "deals", "registers", "differences", "day", "team"):
            assert browser.get(f"/p/sales_floor/{path}").status_code in (200, 302)
    assert not wrong, wrong


def test_the_search_box_finds_a_customer_by_pinyin_and_digits(busy, login):
    browser = login(busy.company)
    with clock.frozen(busy.now):
        for text in ("zw", "zhangwei", "5678", "张伟"):
            page = browser.get("/search", query_string={"q": text}).get_data(as_text=True)
            assert f"/customers/{busy.customer}" in page, text


def test_a_rep_sees_his_own_customers_and_nobody_elses(busy, app):
    from zhike.api import access
    from zhike.testing import make_user, sign_in
    from zhike_sales_floor.permissions import ROLES

    rep = next(role for role in ROLES if role.name == "sales_floor.rep")
    user = make_user(busy.site, busy.company, rep.permissions, scope="own")
    with busy.site.transaction(busy.company) as s:
        s.find(Staff, busy.reps["A"]).user_id = user
        access.bump_generation(s)
    browser = sign_in(app, busy.site, user)
    others = busy.read(
        lambda s: s.scalars(select(Customer).where(Customer.owner_id != busy.reps["A"])).first()
    )
    base = f"/p/sales_floor/floor/{busy.unit}/customers"
    with clock.frozen(busy.now):
        mine = browser.get(base).get_data(as_text=True)
        assert "张伟" in mine
        assert str(others.id) not in mine
        assert browser.get(f"{base}/{busy.customer}").status_code == 200
        assert browser.get(f"{base}/{others.id}").status_code == 404
        assert browser.post(f"{base}/{busy.customer}/reveal").status_code == 403
        day = browser.get("/p/sales_floor/me").get_data(as_text=True)
        assert "我的轮次" in day
        out = browser.post(f"/p/sales_floor/floor/{busy.unit}/rep/{busy.reps['B']}/sign_out")
        assert out.status_code == 403


def test_revealing_a_phone_is_a_line_in_the_ledger(busy, login):
    browser = login(busy.company)
    with clock.frozen(busy.now):
        answer = browser.post(
            f"/p/sales_floor/floor/{busy.unit}/customers/{busy.customer}/reveal",
            headers={"HX-Request": "true"},
        )
    assert answer.get_data(as_text=True) == "13812345678"
    actions = busy.read(lambda s: [line.action for line in s.scalars(select(LedgerLine))])
    assert "core.party.reveal" in actions


def test_a_poll_without_news_is_answered_with_nothing(busy, login):
    browser = login(busy.company)
    version = busy.read(lambda s: floor.floor_state(s, busy.unit)[0].version)
    url = f"/p/sales_floor/floor/{busy.unit}"
    with clock.frozen(busy.now):
        same = browser.get(url, query_string={"since": version}, headers={"HX-Request": "true"})
        news = browser.get(url, query_string={"since": version - 1}, headers={"HX-Request": "true"})
    assert (same.status_code, same.data) == (204, b"")
    text = news.get_data(as_text=True)
    assert 'id="board"' in text
    assert "<html" not in text


def test_the_board_shows_the_time_of_its_data_once(busy, login):
    """Above the board, where it is kept up to date; the part that is polled has none."""
    browser = login(busy.company)
    url = f"/p/sales_floor/floor/{busy.unit}"
    with clock.frozen(busy.now):
        page = browser.get(url).get_data(as_text=True)
        part = browser.get(f"{url}?since=0", headers={"HX-Request": "true"}).get_data(as_text=True)
    shown = busy.read(lambda s: floor.floor_state(s, busy.unit)[0].changed_at)
    time = f"{shown + timedelta(hours=8):%Y-%m-%d %H:%M:%S}"
    visible = re.sub(r"<[^>]*>", " ", page)
    assert visible.count(time) == 1
    assert time not in re.sub(r"<[^>]*>", " ", part)


def test_a_ruling_moves_the_customer_and_is_a_sheet_to_sign(busy, login):
    browser = login(busy.company)
    base = f"/p/sales_floor/floor/{busy.unit}"
    with clock.frozen(busy.now):
        refused = browser.post(
            f"{base}/customers/{busy.customer}/owner", data={"to": str(busy.reps["C"])}
        )
        assert refused.status_code == 422
        done = browser.post(
            f"{base}/customers/{busy.customer}/owner",
            data={"to": str(busy.reps["C"]), "reason": "双方同意"},
        )
        assert done.status_code == 303
        page = browser.get(f"{base}/customers/{busy.customer}").get_data(as_text=True)
        sheet = re.search(r"/rulings/([0-9a-f-]{36})", page)
        assert sheet is not None
        paper = browser.get(f"{base}/rulings/{sheet[1]}").get_data(as_text=True)
    assert "双方同意" in paper
    owner = busy.read(lambda s: s.require(Customer, busy.customer)).owner_id
    assert owner == busy.reps["C"]


def test_a_refusal_that_names_no_field_is_said_once(busy, login):
    browser = login(busy.company)
    visit = busy.read(lambda s: s.scalars(select(Visit).where(Visit.state == "reception")).first())
    with clock.frozen(busy.now):
        answer = browser.post(
            f"/p/sales_floor/floor/{busy.unit}/visit/{visit.id}/fault",
            data={"confirmed": "yes", "reason": "迟到"},
        )
    assert answer.status_code == 422
    told = re.findall(r"<li>(.*?)</li>", answer.get_data(as_text=True).split('role="alert"')[1])
    assert len(told) == len(set(told)) == 1


def test_a_new_deal_sent_twice_leads_to_the_same_record(busy, login):
    """The second answer of a double click is the first one's, address included."""
    browser = login(busy.company)
    data = {
        "customer": "张伟",
        "customer_id": str(busy.customer),
        "step": "small_reservation",
        "property": "5-1-803",
        "amount": "1980000",
        "rep": "",
        "idempotency_key": "a-deal-sent-twice-over",
    }
    with clock.frozen(busy.now):
        answers = [
            browser.post(f"/p/sales_floor/floor/{busy.unit}/deals/new", data=data) for _ in "12"
        ]
    assert [answer.status_code for answer in answers] == [303, 303]
    assert "/deals/" in answers[0].headers["Location"]
    assert answers[0].headers["Location"] == answers[1].headers["Location"]


def test_the_last_acts_read_as_sentences(busy, login):
    browser = login(busy.company)
    with clock.frozen(busy.now):
        text = browser.get(f"/p/sales_floor/floor/{busy.unit}").get_data(as_text=True)
    acts = re.sub(r"<[^>]+>", "", text.split("最近操作")[1])
    assert "#2" not in acts
    assert "第 2 批客户 → 顾问B" in acts
    assert "外出 顾问C" in acts


def test_only_what_may_stay_open_is_called_optional(busy, login):
    browser = login(busy.company)
    visit = busy.read(lambda s: s.scalars(select(Visit).where(Visit.state == "reception")).first())
    with clock.frozen(busy.now):
        page = browser.get(f"/p/sales_floor/floor/{busy.unit}/visit/{visit.id}/end")
    legends = re.findall(r"<legend[^>]*>(.*?)</legend>", page.get_data(as_text=True), re.DOTALL)
    optional = {re.sub(r"<[^>]+>.*", "", one) for one in legends if "zk-optional" in one}
    assert optional == {"意向等级"}


def test_a_new_deal_begins_with_the_owner_as_the_rep(busy, login):
    browser = login(busy.company)
    owner = busy.read(lambda s: s.require(Customer, busy.customer)).owner_id
    with clock.frozen(busy.now):
        page = browser.get(
            f"/p/sales_floor/floor/{busy.unit}/deals/new?customer={busy.customer}"
        ).get_data(as_text=True)
    assert f'<option selected value="{owner}">' in page


def test_event_days_replace_the_turns_until_they_end(busy, login):
    """The manager's page; each arrival meanwhile cites the clause (SF-D-40)."""
    browser = login(busy.company)
    place = f"/p/sales_floor/floor/{busy.unit}"
    with clock.frozen(busy.now):
        _walk_event_days(busy, browser, place)


def _walk_event_days(busy, browser, place):
    shown = browser.get(f"{place}/day").get_data(as_text=True)
    assert "开始活动办法" in shown
    begun = browser.post(f"{place}/event-mode", data={"method": "manual", "reason": ""})
    assert begun.status_code == 422, "a reason is asked for"
    values = {"method": "manual", "until": "2020-01-01T10:00", "reason": "国庆展会"}
    past = browser.post(f"{place}/event-mode", data=values)
    assert past.status_code == 422
    assert "国庆展会" in past.get_data(as_text=True)
    assert browser.post(f"{place}/event-mode", data={**values, "until": ""}).status_code == 303
    assert "每位来客由经理指派" in browser.get(f"{place}/day").get_data(as_text=True)
    act = busy.arrive(Person(name="周婷", phone="13700002222"))
    assert act.outcome["status"] == "waiting"
    assert "SF-D-40" in act.outcome["rules"]
    assert "恢复按制度接待" in browser.get(f"{place}/event-mode").get_data(as_text=True)
    assert browser.post(f"{place}/event-mode", data={"reason": "展会结束"}).status_code == 303
    after = browser.get(f"{place}/day").get_data(as_text=True)
    assert "开始活动办法" in after
    assert "已完成：活动日结束。" in after
    lines = busy.read(
        lambda s: s.scalars(
            select(LedgerLine).where(LedgerLine.action.startswith("sales_floor.event_mode"))
        ).all()
    )
    assert [(line.action, line.reason) for line in lines] == [
        ("sales_floor.event_mode", "国庆展会"),
        ("sales_floor.event_mode_over", "展会结束"),
    ]


def test_a_newcomer_of_the_event_days_is_nobodys_old_customer(ground, login):
    """Board and visit say what it is; 为什么 says who set the event days, how long and why."""
    ground.sign_in("AB")
    until = ground.now + timedelta(hours=4)
    ground.do(
        lambda s: floor.set_event_mode(
            s, ground.unit, on=True, reason="国庆展会", method="first_free", until=until
        )
    )
    act = ground.arrive(Person(name="周婷", phone="13700002222"))
    assert act.outcome["via"] == "uncounted"
    waiting = ground.arrive(Person(name="吴敏", phone="13700003333"))
    browser = login(ground.company)
    place = f"/p/sales_floor/floor/{ground.unit}"
    with clock.frozen(ground.now):
        for path in (place, f"{place}/wall", f"{place}/team"):
            shown = browser.get(path).get_data(as_text=True)
            assert "接待活动日客户" in shown, path
            assert "接待老客户" not in shown, path
        board = browser.get(place).get_data(as_text=True)
        assert "活动日开始" in board
        assert "谁先空闲谁接待，不占轮次 · 自 2026-05-04 09:03，至 2026-05-04 13:02" in board
        assert "由 前台小周 宣布：国庆展会" in board
        decided = ground.read(lambda s: s.require(Visit, waiting.visit_id)).decision_id
        why = browser.get(f"/p/sales_floor/why/{decided}").get_data(as_text=True)
        assert "顾问A（接待活动日客户）" in why.replace("(", "（").replace(")", "）")
        said = "活动期间（2026-05-04 09:03 起，至 2026-05-04 13:02 止）按“先到先接”接待"
        assert f"{said}，由 前台小周 宣布：国庆展会" in why
        assert "最近接触" not in why
        ground.do(lambda s: floor.set_event_mode(s, ground.unit, on=False, reason="散场"))
        board = browser.get(place).get_data(as_text=True)
    assert "活动日结束" in board
    assert board.index("活动日结束") < board.index("活动日开始"), "the newest act stands first"


def test_a_quarrel_is_logged_with_its_reason(busy, login):
    browser = login(busy.company)
    place = f"/p/sales_floor/floor/{busy.unit}/deals/{busy.deal}"
    with clock.frozen(busy.now):
        assert "登记争单" in browser.get(place).get_data(as_text=True)
        done = browser.post(f"{place}/quarrel", data={"reason": "两人都称先接触"})
        assert done.status_code == 303
        board = browser.get(f"/p/sales_floor/floor/{busy.unit}").get_data(as_text=True)
        deal = browser.get(place).get_data(as_text=True)
        line = re.search(
            r'<li class="zk-event zk-event--decision zk-tone-attention">(.*?)</li>', deal, re.DOTALL
        )
        assert line, "the deal's own page has a line for it"
        for said in ("争单", "两人都称先接触", "09:10", "user-"):
            assert said in line[1]
        why = re.search(r'class="zk-why-link" href="([^"]+)"', line[1])
        assert why
        explained = browser.get(why[1]).get_data(as_text=True)
    assert "SF-D-41" in explained
    assert "张伟 的这一单有争单。" in explained, "a quarrel is no ruling of the manager"
    assert "争单" in board.split("最近操作")[1]


def test_the_register_says_that_a_visit_was_void(busy, login):
    busy.now += timedelta(minutes=5)
    visit = busy.read(lambda s: s.scalars(select(Visit).where(Visit.state == "reception")).first())
    busy.do(lambda s: floor.void_visit(s, visit.id, "scout", confirmed=True))
    with clock.frozen(busy.now):
        page = login(busy.company).get(
            f"/p/sales_floor/floor/{busy.unit}/registers?register=SFF-01&day=2026-05-04"
        )
    assert "（作废）" in page.get_data(as_text=True)
