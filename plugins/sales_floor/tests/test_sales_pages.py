"""The pages of the sales office answer, do what they say, and keep one's own to oneself."""

from __future__ import annotations

import re
from datetime import date

import pytest
from sqlalchemy import select

from zhike.api import Staff, clock
from zhike.testing import make_user, read_page, sign_in
from zhike_sales_floor.models import Deal
from zhike_sales_floor.models_sales import House, Instalment, Paper, Receipt
from zhike_sales_floor.services import deal_sheets, payments, sales

from .selling import customer, row, sell, state, stock


@pytest.fixture
def office(ground):
    """A site with houses, a contracted deal with a sum overdue, and a reserved one."""
    ground.sign_in("ABCD")
    ground.homes = stock(ground, "3-1201", "3-1502", "3-0302")
    ground.who = customer(ground, "张伟", "13812345678")
    ground.deal = sell(ground, ground.who, ground.homes["3-1201"])
    other = customer(ground, "李娜", "13900001111")
    ground.reserved = sell(ground, other, ground.homes["3-0302"], "small_reservation")
    ground.do(lambda s: sales.contract(s, ground.deal, number="HT-9", on=date(2026, 5, 4)))
    ground.do(
        lambda s: (payments.plan(s, ground.deal, "首付", 60_000_000, date(2026, 5, 3)), None)[1]
    )
    ground.due = ground.read(lambda s: s.scalars(select(Instalment.id)).one())
    return ground


def base(ground) -> str:
    return f"/p/sales_floor/floor/{ground.unit}"


def as_role(ground, app, letter: str, *names: str, scope: str = "unit"):
    """The browser of rep ``letter``, signed in with the roles named."""
    from zhike.api import access
    from zhike_sales_floor.permissions import ROLES

    found = {name for role in ROLES if role.name in names for name in role.permissions}
    user = make_user(ground.site, ground.company, tuple(found or names), scope=scope)
    with ground.site.transaction(ground.company) as s:
        s.find(Staff, ground.reps[letter]).user_id = user
        access.bump_generation(s)
    return sign_in(app, ground.site, user)


def fill_in(browser, url, **typed):
    """Send what the page would send, with these fields filled in."""
    page = read_page(browser.get(url).get_data(as_text=True))
    return browser.post(url, data={**page.form(css_class="zk-form").values, **typed})


def test_every_page_of_the_office_answers(office, login):
    browser = login(office.company)
    b, d, h = base(office), f"deals/{office.deal}", f"houses/{office.homes['3-1502']}"
    paths = [
        "houses",
        "houses?as=list",
        "houses?state=available&building=3",
        "houses/new",
        "houses/suggest?q=15",
        h,
        f"houses/{office.homes['3-1201']}",
        *(f"{h}/{what}" for what in ("edit", "hold", "sold", "release")),
        "deals?step=contracted",
        "deals?q=HT-9",
        f"deals/new?house={office.homes['3-1502']}",
        d,
        *(
            f"{d}/{what}"
            for what in ("swap", "name", "default", "refund", "keep", "correct", "paper")
        ),
        f"{d}/dues/new",
        f"deals/{office.reserved}/extend",
        f"deals/{office.reserved}/sign",
        f"deals/{office.reserved}/refund",
        f"dues/{office.due}/pay",
        "payments",
        "payments?due=overdue",
        "blanks",
        "blanks/void",
        *(f"deal-registers?register={code}" for code in deal_sheets.REGISTERS),
        *(
            f"deal-registers/{code}?as={kind}"
            for code in ("SFF-07-2", "SFF-17")
            for kind in ("html", "pdf", "xlsx")
        ),
    ]
    wrong = []
    with clock.frozen(office.now):
        for path in paths:
            answer = browser.get(f"{b}/{path}")
            if answer.status_code != 200:
                wrong.append((answer.status_code, path, answer.get_data(as_text=True)[:300]))
        for path in ("houses", "payments", "deal-registers"):
            assert browser.get(f"/p/sales_floor/{path}").status_code == 200
    assert not wrong, wrong


def test_a_deposit_is_taken_with_customer_house_and_a_key(office, login):
    browser = login(office.company)
    url = f"{base(office)}/deals/new?customer={office.who}&house={office.homes['3-1502']}"
    with clock.frozen(office.now):
        page = read_page(browser.get(url).get_data(as_text=True))
        fields = page.form(css_class="zk-form").values
        assert (fields["house"], fields["amount"]) == ("3-1502", "2000000.00")
        first = browser.post(url, data={**fields, "deposit": "50000"})
        again = browser.post(url, data={**fields, "deposit": "50000"})
    assert (first.status_code, again.status_code) == (303, 303)
    assert first.location == again.location
    assert state(office, office.homes["3-1502"]) == "subscribed"
    assert office.read(lambda s: len(s.scalars(select(Deal)).all())) == 3


def test_a_taken_house_is_refused_on_the_page_and_nothing_typed_is_lost(office, login):
    browser = login(office.company)
    url = f"{base(office)}/deals/new?customer={office.who}"
    with clock.frozen(office.now):
        answer = fill_in(browser, url, house="3-1201", amount="2000000", deposit="50000")
    text = answer.get_data(as_text=True)
    assert answer.status_code in (409, 422)
    assert "3-1201" in text
    assert "第 20 条" in text
    assert "50000" in text


def test_whoever_may_not_rule_asks_for_a_refund_and_a_manager_decides(office, app):
    clerk = as_role(office, app, "C", "sales_floor.assistant", scope="all")
    url = f"{base(office)}/deals/{office.deal}/refund"
    with clock.frozen(office.now):
        bare = fill_in(clerk, url, reason="家里有变")
        assert bare.status_code == 422, "nobody talked with the customer"
        assert fill_in(clerk, url, reason="家里有变", talked="y").status_code == 303
    assert row(office, office.deal).state == "closed"
    assert row(office, office.deal).asked_why == "家里有变"
    manager = as_role(office, app, "D", "sales_floor.manager", scope="all")
    with clock.frozen(office.now):
        refused = fill_in(manager, url, talked="y")
        assert refused.status_code in (409, 422)
        assert row(office, office.deal).state == "closed"
        assert fill_in(manager, url, talked="y", override="y").status_code == 303
    assert row(office, office.deal).state == "refunded"
    assert state(office, office.homes["3-1201"]) == "available"


def test_a_clerk_corrects_a_reservation_but_no_subscription(office, app):
    clerk = as_role(office, app, "C", "sales_floor.assistant", scope="all")
    with clock.frozen(office.now):
        shut = clerk.get(f"{base(office)}/deals/{office.deal}/correct")
        done = fill_in(
            clerk,
            f"{base(office)}/deals/{office.reserved}/correct",
            amount="1980000",
            reason="看错一位",
        )
    assert (shut.status_code, done.status_code) == (403, 303)
    assert row(office, office.reserved).amount_fen == 198_000_000


def test_a_clerk_swaps_and_renames_before_the_contract(office, app):
    """Neither a manager's leave nor a fee is on the page then."""
    clerk = as_role(office, app, "C", "sales_floor.assistant", scope="all")
    deal = sell(office, office.who, office.homes["3-1502"])
    stock(office, "3-1701")
    path = f"{base(office)}/deals/{deal}"
    with clock.frozen(office.now):
        page = clerk.get(f"{path}/swap").get_data(as_text=True)
        assert 'name="override"' not in page
        swapped = fill_in(clerk, f"{path}/swap", house="3-1701", reason="要高层")
        assert 'name="fee"' not in clerk.get(f"{path}/name").get_data(as_text=True)
        renamed = fill_in(
            clerk, f"{path}/name", holder="王小小", phone="13700002222", reason="给女儿"
        )
    assert (swapped.status_code, renamed.status_code) == (303, 303)
    assert row(office, deal).property == "3-1701"
    holder = row(office, deal).holder_id
    with clock.frozen(office.now):
        for who in (holder, office.who):  # it is found with both, whoever signed
            page = clerk.get(f"{base(office)}/customers/{who}").get_data(as_text=True)
            assert row(office, deal).number in page


def test_closing_for_ones_own_shows_ones_own_deals_only(office, app):
    """Deals of own customers, with own credit or handled by oneself; all others do not exist."""
    own = row(office, office.deal)
    letter = office.letter(own.staff_id) or office.read(
        lambda s: office.letter(
            s.scalars(select(Deal.staff_id).where(Deal.id == office.deal)).first()
        )
    )
    from zhike_sales_floor.models import Customer

    owner = office.read(lambda s: office.letter(s.require(Customer, office.who).owner_id))
    other = next(one for one in "ABCD" if one not in (owner, letter))
    mine = as_role(office, app, owner, "sales_floor.closing", scope="own")
    others = as_role(office, app, other, "sales_floor.closing", scope="own")
    path = f"{base(office)}/deals/{office.deal}"
    with clock.frozen(office.now):
        assert own.number in mine.get(f"{base(office)}/deals").get_data(as_text=True)
        assert mine.get(path).status_code == 200
        assert own.number not in others.get(f"{base(office)}/deals").get_data(as_text=True)
        for what in ("", "/refund", "/swap", "/paper", "/sheet", "/correct", "/paid"):
            assert others.get(path + what).status_code == 404, what
        api = f"/api/v1/sales_floor/floor/{office.unit}/deals"
        assert others.get(f"{api}/{office.deal}").status_code in (401, 404)
        assert others.get(f"{base(office)}/dues/{office.due}/pay").status_code == 404
        late = others.get(f"{base(office)}/payments").get_data(as_text=True)
    assert own.property not in late


def test_a_paper_is_issued_printed_and_marked_on_the_second_print(office, login):
    browser = login(office.company)
    path = f"{base(office)}/deals/{office.deal}"
    with clock.frozen(office.now):
        office.do(lambda s: (payments.unplan(s, office.due), None)[1])
        assert fill_in(browser, f"{path}/paper", address="滨江路", postcode="31").status_code == 422
        done = fill_in(browser, f"{path}/paper", address="滨江路 1 号", postcode="310000")
        assert done.status_code == 303
        shown = browser.get(f"{path}/paper").get_data(as_text=True)
        assert "第四联 销售" in shown
        for n in (1, 2):
            token = read_page(browser.get(f"{path}/paper").get_data(as_text=True))
            assert token is not None
            printed = browser.post(f"{path}/paper/print", data={"idempotency_key": f"print-no-{n}"})
            assert printed.status_code == 200
            assert printed.mimetype in ("application/pdf", "text/html")
    paper = office.read(lambda s: s.scalars(select(Paper)).one())
    assert paper.prints == 2
    form, data = office.read(
        lambda s: deal_sheets.subscription(s, s.require(Deal, office.deal), paper, 2)
    )
    assert data.mark == "第2次打印"
    assert len(form.copies) == 4


def test_a_payment_and_a_reminder_go_through_the_pages(office, login):
    browser = login(office.company)
    with clock.frozen(office.now):
        dunned = browser.post(
            f"{base(office)}/dues/{office.due}/dun", data={"idempotency_key": "dun-000001"}
        )
        assert dunned.status_code == 303
        notice = browser.get(dunned.location).get_data(as_text=True)
        assert "催款通知单" in notice
        assert "600,000.00" in notice
        paid = fill_in(
            browser, f"{base(office)}/dues/{office.due}/pay", amount="600000", number="SJ1"
        )
        assert paid.status_code == 303
        receipt = office.read(lambda s: s.scalars(select(Receipt)).one())
        assert browser.get(f"{base(office)}/receipts/{receipt.id}").status_code == 200
        assert browser.get(f"{base(office)}/receipts/{receipt.id}/void").status_code == 200


def test_the_pages_speak_chinese(office, login):
    browser = login(office.company)
    allowed = re.compile(r"PDF|xlsx|Ctrl|Enter|HT|RG|CJ|SJ|Esc|Zhike|A1|m²|[A-Z]\b")
    with clock.frozen(office.now):
        for path in ("houses", f"deals/{office.deal}", "payments", "blanks", "deals/new"):
            html = browser.get(f"{base(office)}/{path}").get_data(as_text=True)
            main = html[html.index("<main") : html.index("</main>")]
            text = re.sub(r"<[^>]+>", " ", re.sub(r"<svg.*?</svg>", " ", main, flags=re.DOTALL))
            words = [w for w in re.findall(r"[A-Za-z]{3,}", text) if not allowed.search(w)]
            assert words == [], (path, words)


def test_the_register_of_sales_leaves_refunds_out_of_its_sum(office):
    office.do(lambda s: sales.refund(s, office.deal, "公司同意", override=True))
    data = office.read(
        lambda s: deal_sheets.register(
            s, "SFF-11-3", office.unit, date(2026, 5, 1), date(2026, 5, 31)
        )
    )
    (line,) = data.rows["lines"]
    assert (line["price"], line["performance"]) == (None, "")
    control = office.read(
        lambda s: deal_sheets.register(
            s, "SFF-17", office.unit, date(2026, 5, 1), date(2026, 5, 31)
        )
    )
    assert [one["unit"] for one in control.rows["lines"]] == ["3-0302", "3-1201", "3-1502"]
    changed = office.read(
        lambda s: deal_sheets.register(
            s, "SFF-18", office.unit, date(2026, 5, 1), date(2026, 5, 31)
        )
    )
    assert len(changed.rows["lines"]) == 1
    assert office.read(lambda s: len(s.scalars(select(House)).all())) == 3
