"""The pages about follow-ups: what each role sees, one tap, forms, points, registers."""

from __future__ import annotations

import uuid

import pytest
from following import OVER, points, problem, ready, sweep
from sqlalchemy import select

from zhike.api import Staff, access, clock
from zhike.testing import make_user, read_page, sign_in
from zhike_sales_floor.models_follow_up import (
    CustomerProblem,
    FollowUpContact,
    FollowUpNotice,
    Point,
)
from zhike_sales_floor.permissions import ROLES
from zhike_sales_floor.services import customers, follow_ups


def role(ground, app, name, letter, scope=""):
    """A browser of a staff member with a suggested role."""
    preset = next(one for one in ROLES if one.name == f"sales_floor.{name}")
    user = make_user(ground.site, ground.company, preset.permissions, scope=scope or "all")
    with ground.site.transaction(ground.company) as s:
        s.find(Staff, ground.reps[letter]).user_id = user
        access.bump_generation(s)
    return sign_in(app, ground.site, user)


def text(answer):
    return answer.get_data(as_text=True)


def fill_in(browser, url, **typed):
    page = read_page(text(browser.get(url)))
    return browser.post(url, data={**page.form(css_class="zk-form").values, **typed})


def base(ground):
    return f"/p/sales_floor/floor/{ground.unit}"


def press(browser, page, action):
    """Press a button that posts at once."""
    parsed = read_page(text(page))
    form = next(form for form in parsed.forms if form.action.endswith(action))
    return browser.post(form.action, data=form.values)


def test_a_rep_taps_and_fills_the_record_the_same_day(ground, app):
    one, two, _other = ready(ground)
    browser = role(ground, app, "rep", "A", scope="own")
    with clock.frozen(ground.now):
        page = browser.get(f"{base(ground)}/follow-ups")
        assert text(page).count("已电话") == 2
        assert "周期 2026-05-11 至 2026-05-24" in text(page)
        done = press(browser, page, f"/{one}/call")
        assert done.status_code == 303
        again = text(browser.get(f"{base(ground)}/follow-ups"))
        assert again.count("已电话") == 1
        assert "待填的记录表" in again
        row = ground.read(lambda s: s.scalars(select(FollowUpContact)).one())
        assert row.filled_at is None
        url = f"{base(ground)}/follow-ups/records/{row.id}"
        assert fill_in(browser, url, asked="").status_code == 422
        assert fill_in(browser, url, asked="看中三房，问首付").status_code == 303
        assert "待填的记录表" not in text(browser.get(f"{base(ground)}/follow-ups"))
        assert browser.get(f"{base(ground)}/follow-ups/team").status_code == 403
        assert str(two) in text(browser.get(f"{base(ground)}/follow-ups"))


def test_one_contact_form_logs_the_record_and_the_problem_together(ground, app):
    one, _two, _other = ready(ground)
    browser = role(ground, app, "rep", "A", scope="own")
    with clock.frozen(ground.now):
        url = f"{base(ground)}/customers/{one}/contact"
        page = text(browser.get(url))
        assert "这就是客户回访记录表" in page
        missing = fill_in(browser, url, note="问了电梯", problem="report", question="电梯异响")
        assert missing.status_code == 422
        assert ground.read(lambda s: s.scalars(select(FollowUpContact)).all()) == []
        done = fill_in(
            browser, url, note="问了电梯", problem="report", question="电梯异响",
            leader=str(ground.reps["D"]),
        )  # fmt: skip
        assert done.status_code == 303
    row = ground.read(lambda s: s.scalars(select(CustomerProblem)).one())
    assert (row.state, row.question) == ("reported", "电梯异响")
    leader = role(ground, app, "supervisor", "D")
    with clock.frozen(ground.now):
        shown = text(leader.get(f"{base(ground)}/problems/{row.id}"))
        assert "答复期限是怎样算的" in shown
        assert "17:30" in shown
        answered = fill_in(leader, f"{base(ground)}/problems/{row.id}/answer", answer="周五检修")
        assert answered.status_code == 303
        shown = text(leader.get(f"{base(ground)}/problems/{row.id}"))
        assert "周五检修" in shown
        sheet = leader.get(f"{base(ground)}/problems/{row.id}/sheet?as=pdf")
        assert sheet.data[:4] == b"%PDF"
    assert problem(ground, row.id).state == "answered"


def test_a_problem_is_seen_by_its_rep_its_leader_and_nobody_else(ground, app):
    one, _two, _other = ready(ground)
    made = {}

    def work(s):
        made["id"], done = follow_ups.raise_problem(
            s, one, "漏水", staff_id=ground.reps["A"], solvable=True
        )
        return done

    ground.do(work)
    url = f"{base(ground)}/problems/{made['id']}"
    mine, other = (
        role(ground, app, "rep", "A", scope="own"),
        role(ground, app, "rep", "B", scope="own"),
    )
    with clock.frozen(ground.now):
        assert mine.get(url).status_code == 200
        assert other.get(url).status_code == 404
        assert other.post(f"{url}/solve", data={"solution": "x"}).status_code in (400, 404)
        assert fill_in(mine, f"{url}/solve", solution="已修好").status_code == 303


def test_notice_and_stand_in_from_the_pages(ground, app):
    one, _two, _other = ready(ground)
    browser = role(ground, app, "rep", "A", scope="own")
    head = role(ground, app, "supervisor", "D")
    with clock.frozen(ground.now):
        done = fill_in(
            browser, f"{base(ground)}/follow-ups/notice", customers=[str(one)], reason="住院"
        )
        assert done.status_code == 303
        mine = text(browser.get(f"{base(ground)}/follow-ups"))
        assert "负责人还没有安排代办人" in mine
        team = text(head.get(f"{base(ground)}/follow-ups/team"))
        assert "住院" in team
        cover = f"{base(ground)}/follow-ups/cover/{ground.reps['A']}"
        assert fill_in(head, cover, to=str(ground.reps["C"])).status_code == 303
        assert (
            ground.read(lambda s: s.scalars(select(FollowUpNotice)).one()).cover_id
            == ground.reps["C"]
        )
        stand_in = role(ground, app, "rep", "C", scope="own")
        page = stand_in.get(f"{base(ground)}/follow-ups")
        assert "您代办的同事客户" in text(page)
        assert press(stand_in, page, f"/{one}/call").status_code == 303


def test_points_are_decided_on_the_page_but_never_ones_own(ground, app):
    ready(ground)
    sweep(ground, OVER)
    boss, rep = role(ground, app, "manager", "D"), role(ground, app, "rep", "A", scope="own")
    mine = ground.read(
        lambda s: s.scalars(select(Point).where(Point.staff_id == ground.reps["A"])).one()
    )
    url = f"{base(ground)}/follow-ups/points"
    with clock.frozen(ground.now):
        page = boss.get(url)
        assert text(page).count("待决定") >= 2
        assert press(boss, page, f"/{mine.id}/confirm").status_code == 303
        assert fill_in(boss, f"{url}/{mine.id}/reopen", reason="重核").status_code == 303
        assert fill_in(boss, f"{url}/{mine.id}/waive", reason="停电").status_code == 303
        own = text(rep.get(url))
        assert "停电" in own
        assert "顾问B" not in own
        assert rep.post(f"{url}/{mine.id}/confirm").status_code == 403
        why = text(boss.get(f"/p/sales_floor/why/{mine.decision_id}"))
        assert "回访 1" in why
        assert "顾问A" in why
        cycles = text(boss.get(f"{base(ground)}/follow-ups/cycles"))
        assert "2026-05-11 – 2026-05-24" in cycles


@pytest.mark.parametrize("code", ["SFF-19", "SFF-20", "follow-up-points"])
def test_the_registers_are_on_screen_on_paper_and_as_workbook(ground, login, code):
    one, two, _other = ready(ground)
    ground.do(
        lambda s: customers.log_contact(s, one, "call", staff_id=ground.reps["A"], note="问了学区")
    )

    def work(s):
        return follow_ups.raise_problem(
            s, two, "车位不够", staff_id=ground.reps["A"], solvable=True
        )[1]

    ground.do(work)
    sweep(ground, OVER)
    browser = login(ground.company)
    words = {"SFF-19": "问了学区", "SFF-20": "车位不够", "follow-up-points": "周期内有客户没有联系"}
    with clock.frozen(ground.now):
        shown = text(browser.get(f"{base(ground)}/registers?register={code}&since=2026-05-01"))
        assert words[code] in shown
        for kind, head in (("pdf", b"%PDF"), ("xlsx", b"PK")):
            file = browser.get(f"{base(ground)}/registers/{code}?as={kind}&since=2026-05-01")
            assert file.data[: len(head)] == head, (code, kind)


def test_where_it_is_off_nothing_of_it_is_offered(ground, login):
    from following import customers as received

    one, *_rest = received(ground)
    browser = login(ground.company)
    with clock.frozen(ground.now):
        assert "没有实行客户定期回访" in text(browser.get(f"{base(ground)}/follow-ups"))
        form = text(browser.get(f"{base(ground)}/customers/{one}/contact"))
        assert "客户问题" not in form
        assert "回访记录表" not in form
    assert points(ground) == []


def test_every_page_answers_to_an_administrator(ground, login):
    one, _two, _other = ready(ground)
    ground.do(lambda s: customers.log_contact(s, one, "call", staff_id=ground.reps["A"]))
    made = {}

    def work(s):
        made["id"], done = follow_ups.raise_problem(
            s, one, "漏水", staff_id=ground.reps["A"], solvable=True
        )
        return done

    ground.do(work)
    contact = ground.read(lambda s: s.scalars(select(FollowUpContact)).one()).id
    sweep(ground, OVER)
    point = ground.read(lambda s: s.scalars(select(Point)).first()).id
    browser = login(ground.company)
    b = base(ground)
    with clock.frozen(ground.now):
        for path in (
            f"{b}/follow-ups", f"{b}/follow-ups/team", f"{b}/follow-ups/points",
            f"{b}/follow-ups/cycles", f"{b}/follow-ups/rep/{ground.reps['A']}",
            f"{b}/follow-ups/cover/{ground.reps['A']}", f"{b}/follow-ups/records/{contact}",
            f"{b}/follow-ups/points/{point}/waive", f"{b}/follow-ups/points/{point}/reopen",
            f"{b}/problems/{made['id']}", f"{b}/problems/{made['id']}/report",
            f"{b}/problems/{made['id']}/solve", f"{b}/problems/{made['id']}/sheet",
            f"{b}/customers/{one}/problem", f"{b}/customers/{one}",
        ):  # fmt: skip
            answer = browser.get(path)
            assert answer.status_code == 200, (path, text(answer)[:300])
        for path in ("/p/sales_floor/follow-ups", "/p/sales_floor/follow-ups/points"):
            assert browser.get(path).status_code == 302
        assert browser.get(f"{b}/problems/{uuid.uuid4()}").status_code == 404
