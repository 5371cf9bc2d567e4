"""The panel as an administrator uses it: each page opens, each act does what it says, once."""

from __future__ import annotations

import csv
import io
import json
import re
import uuid
from collections.abc import Callable
from typing import Any

import openpyxl
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select
from wtforms import Form, SelectField

from zhike import clock
from zhike.admin import ledger_export
from zhike.admin.settings import in_words
from zhike.models.jobs import Deadline
from zhike.models.ledger import LedgerLine
from zhike.models.numbering import NumberingRule
from zhike.models.organisation import Post, Staff, Unit
from zhike.models.people import Role, RoleGrant, User
from zhike.models.transfer import ExportLog
from zhike.services import ledger, people
from zhike.site import Site
from zhike.testing import make_company, make_user, read_page

PAGES = (
    "/admin/apps",
    "/admin/settings",
    "/admin/organisation",
    "/admin/organisation/units/new",
    "/admin/organisation/staff",
    "/admin/organisation/staff/new",
    "/admin/users",
    "/admin/users/new",
    "/admin/roles",
    "/admin/roles/new",
    "/admin/ledger",
    "/admin/jobs",
    "/admin/health",
)


@pytest.fixture
def admin(login: Callable[..., FlaskClient], company: int) -> FlaskClient:
    return login(company)


def post(client: FlaskClient, url: str, page: str | None = None, **values: Any) -> Any:
    """Send a form as a browser would: with the token and key of the page it stands on."""
    token = read_page(client.get(page or url).get_data(as_text=True)).csrf_token
    data = {"csrf_token": token, "idempotency_key": uuid.uuid4().hex, **values}
    return client.post(url, data=data)


@pytest.mark.parametrize("path", PAGES)
def test_every_page_opens(admin: FlaskClient, path: str) -> None:
    answer = admin.get(path)
    assert answer.status_code == 200, answer.get_data(as_text=True)[:2000]


@pytest.mark.parametrize("path", PAGES)
def test_nobody_without_the_permission(
    login: Callable[..., FlaskClient], company: int, path: str
) -> None:
    assert login(company, ["core.party.view"]).get(path).status_code == 403


def test_a_site_a_group_and_a_person(admin: FlaskClient, site: Site, company: int) -> None:
    answer = post(
        admin, "/admin/organisation/units/new", name="一号案场", kind="site", code="H1", sort="1"
    )
    assert answer.status_code == 302, answer.get_data(as_text=True)
    with site.reader(company) as s:
        hall = s.scalars(select(Unit)).one()
    post(
        admin,
        "/admin/organisation/units/new",
        name="一组",
        kind="department",
        code="G1",
        parent_id=str(hall.id),
    )
    answer = post(
        admin,
        "/admin/organisation/staff/new",
        name="李敏",
        number="007",
        unit_id=str(hall.id),
        title="置业顾问",
        valid_from="2026-01-01",
    )
    assert answer.status_code == 302, answer.get_data(as_text=True)
    tree = admin.get("/admin/organisation").get_data(as_text=True)
    assert "一号案场" in tree
    assert "一组" in tree
    people_page = admin.get("/admin/organisation/staff?q=007").get_data(as_text=True)
    assert "李敏" in people_page
    assert "一号案场 置业顾问" in people_page
    with site.reader(company) as s:
        person = s.scalars(select(Staff)).one()
        actions = set(s.scalars(select(LedgerLine.action)))
    assert {"core.unit.added", "core.staff.added", "core.post.given"} <= actions
    assert admin.get(f"/admin/organisation/staff/{person.id}").status_code == 200


def test_bad_input_keeps_what_was_typed(admin: FlaskClient) -> None:
    post(admin, "/admin/organisation/units/new", name="甲", kind="site", code="H1")
    answer = post(admin, "/admin/organisation/units/new", name="乙店", kind="site", code="H1")
    text = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert 'value="乙店"' in text
    assert "aria-invalid" in text


def test_a_double_click_adds_one(admin: FlaskClient, site: Site, company: int) -> None:
    shown = admin.get("/admin/organisation/units/new").get_data(as_text=True)
    data = {
        "csrf_token": read_page(shown).csrf_token,
        "idempotency_key": uuid.uuid4().hex,
        "name": "甲",
        "kind": "site",
        "code": "H1",
    }
    answers = [admin.post("/admin/organisation/units/new", data=data) for _ in range(2)]
    assert [a.status_code for a in answers] == [302, 302]
    with site.reader(company) as s:
        assert s.scalar(select(func.count()).select_from(Unit)) == 1


def test_posts_stand_ins_and_leaving(admin: FlaskClient, site: Site, company: int) -> None:
    post(admin, "/admin/organisation/units/new", name="甲", kind="site", code="H1")
    with site.reader(company) as s:
        hall = s.scalar(select(Unit.id))
    for name in ("李敏", "王芳"):
        post(
            admin,
            "/admin/organisation/staff/new",
            name=name,
            unit_id=str(hall),
            title="顾问",
            valid_from="2026-01-01",
        )
    with site.reader(company) as s:
        ids = {row.name: row.id for row in s.execute(select(Staff.name, Staff.id))}
    me = f"/admin/organisation/staff/{ids['李敏']}"
    answer = post(
        admin,
        f"{me}/posts",
        me,
        unit_id=str(hall),
        title="组长",
        rank="5",
        is_head="y",
        valid_from="2026-02-01",
    )
    assert answer.status_code == 302
    bad = post(
        admin,
        f"{me}/posts",
        me,
        unit_id=str(hall),
        title="组长",
        valid_from="2026-02-01",
        valid_until="2026-01-01",
    )
    assert bad.status_code == 422
    answer = post(admin, f"{me}/stand-ins", me, deputy_id=str(ids["王芳"]), valid_from="2026-02-01")
    assert answer.status_code == 302
    assert post(admin, f"{me}/leave", me).status_code == 302
    with site.reader(company) as s:
        person = s.require(Staff, ids["李敏"])
        ends = s.scalars(select(Post.valid_until).where(Post.staff_id == person.id)).all()
    assert person.status == "left"
    assert all(end is not None for end in ends)


def test_a_unit_in_use_stays_open(admin: FlaskClient, site: Site, company: int) -> None:
    post(admin, "/admin/organisation/units/new", name="甲", kind="site", code="H1")
    with site.reader(company) as s:
        hall = s.scalar(select(Unit.id))
    post(
        admin,
        "/admin/organisation/staff/new",
        name="李敏",
        unit_id=str(hall),
        title="顾问",
        valid_from="2026-01-01",
    )
    url = f"/admin/organisation/units/{hall}"
    assert post(admin, f"{url}/close", url).status_code == 409
    with site.reader(company) as s:
        assert s.require(Unit, hall).closed_at is None


def test_users_from_first_password_to_closing(admin: FlaskClient, site: Site, company: int) -> None:
    answer = post(admin, "/admin/users/new", login="limin", name="李敏")
    text = answer.get_data(as_text=True)
    assert answer.status_code == 200
    password = re.search(r"<code>([^<]+)</code>", text)
    assert password
    with site.system_reader() as s:
        user = people.find_user(s, "limin")
    assert user is not None
    assert user.must_change_password
    assert password.group(1) not in user.password_hash
    page = f"/admin/users/{user.id}"
    with site.reader(company) as s:
        role = s.scalars(select(Role).where(Role.is_admin)).one()
    answer = post(admin, f"{page}/grants", page, role_id=str(role.id), scope="all")
    assert answer.status_code == 302
    with site.reader(company) as s:
        grant = s.scalar(select(RoleGrant.id).where(RoleGrant.user_id == user.id))
    assert post(admin, f"{page}/grants/{grant}/withdraw", page).status_code == 302
    assert post(admin, f"{page}/password", page).status_code == 200
    assert post(admin, f"{page}/state", page, close="1").status_code == 302
    with site.system_reader() as s:
        closed = s.get(User, user.id)
    assert closed is not None
    assert closed.disabled_at is not None
    assert closed.password_hash != user.password_hash


def test_users_by_search_state_and_page(admin: FlaskClient, site: Site, company: int) -> None:
    other = make_company(site, "other")
    with site.system() as s:
        for n in range(60):
            user = people.add_user(s, login=f"u{n:02d}", name=f"王{n:02d}", password_hash="-")
            people.add_membership(s, user.id, company)
            if n == 7:
                people.disable(s, user.id)
    make_user(site, other, login="u99")
    first = admin.get("/admin/users").get_data(as_text=True)
    shown = re.findall(r">(u\d\d)</a>", first)
    assert "u07" not in shown
    following = re.search(r'rel="next" href="([^"]+)"', first)
    assert following
    rest = admin.get(following[1].replace("&amp;", "&")).get_data(as_text=True)
    assert sorted(shown + re.findall(r">(u\d\d)</a>", rest)) == [
        f"u{n:02d}" for n in range(60) if n != 7
    ]
    for query, found in (
        ("q=王12", ["u12"]),
        ("q=U1&state=all", [f"u1{n}" for n in range(10)]),
        ("state=closed", ["u07"]),
        ("q=u99&state=all", []),
        ("q=%25&state=all", []),
    ):
        text = admin.get(f"/admin/users?{query}").get_data(as_text=True)
        assert re.findall(r">(u\d\d)</a>", text) == found, query


def test_a_stranger_s_account_does_not_exist_here(
    admin: FlaskClient, site: Site, two_companies: Any, login: Callable[..., FlaskClient]
) -> None:
    login(two_companies.b, login="elsewhere")
    with site.system_reader() as s:
        user = people.find_user(s, "elsewhere")
    assert user is not None
    page = f"/admin/users/{user.id}"
    assert admin.get(page).status_code == 404
    for act in ("grants", "password", "state", "sessions"):
        assert post(admin, f"{page}/{act}", "/admin/users/new", close="1").status_code == 404
    with site.system_reader() as s:
        after = s.get(User, user.id)
    assert after is not None
    assert (after.disabled_at, after.password_hash) == (None, user.password_hash)


def test_who_may_not_change_roles_makes_no_administrator(
    login: Callable[..., FlaskClient], site: Site, company: int
) -> None:
    login(company, login="chief")
    clerk = login(company, ["core.users"], login="clerk")
    with site.reader(company) as s:
        role = s.scalars(select(Role).where(Role.is_admin)).one()
    with site.system_reader() as s:
        me = people.find_user(s, "clerk")
        chief = people.find_user(s, "chief")
    assert me is not None
    assert chief is not None
    page = f"/admin/users/{me.id}"
    assert post(clerk, f"{page}/grants", page, role_id=str(role.id), scope="all").status_code == 422
    target = f"/admin/users/{chief.id}"
    assert post(clerk, f"{target}/password", target).status_code == 403
    assert post(clerk, f"{target}/state", target, close="1").status_code == 403


def test_roles(admin: FlaskClient, site: Site, company: int) -> None:
    answer = post(
        admin, "/admin/roles/new", title="前台", permissions=["core.party.view", "core.drill"]
    )
    assert answer.status_code == 302
    with site.reader(company) as s:
        role = s.scalars(select(Role).where(Role.title == "前台")).one()
    assert role.permissions == ["core.drill", "core.party.view"]
    page = f"/admin/roles/{role.id}"
    assert post(admin, page, title="前台", permissions=["core.party.view"]).status_code == 302
    assert post(admin, page, title="前台", permissions=["core.nonsense"]).status_code == 422
    assert "前台" in admin.get("/admin/roles").get_data(as_text=True)
    assert post(admin, f"{page}/delete", page).status_code == 302
    with site.reader(company) as s:
        assert s.find(Role, role.id) is None


def test_the_ledger_shows_and_checks(admin: FlaskClient) -> None:
    post(admin, "/admin/organisation/units/new", name="甲", kind="site", code="H1")
    text = admin.get("/admin/ledger?q=core.unit").get_data(as_text=True)
    assert "core.unit.added" in text
    assert "user-" in text, "the administrator of this test, by name"
    assert admin.get("/admin/ledger/1").status_code == 200
    assert admin.get("/admin/ledger/9999").status_code == 404
    assert admin.get(f"/admin/ledger/{10**30}").status_code == 404
    assert admin.get(f"/admin/ledger?after={10**30}").status_code == 200
    assert admin.get("/admin/ledger?after=²&q=²").status_code == 200
    assert admin.get("/admin/ledger?day=nonsense").status_code == 400
    assert post(admin, "/admin/ledger/verify", "/admin/ledger").status_code == 200


def test_the_ledger_reads_in_words(admin: FlaskClient, site: Site, company: int) -> None:
    post(admin, "/admin/organisation/units/new", name="一号案场", kind="site", code="H1")
    post(admin, "/admin/users/new", login="xiaowang", name="王小")
    text = admin.get("/admin/ledger").get_data(as_text=True)
    with site.reader(company) as s:
        unit = s.scalars(select(Unit)).one()
        user = s.scalars(select(User).where(User.login == "xiaowang")).one()
        mine = s.scalars(select(LedgerLine).where(LedgerLine.action == "core.unit.added")).one()
    for words, url, code in (
        ("增加案场或部门", f"/admin/organisation/units/{unit.id}", "core.unit.added"),
        ("增加账号", f"/admin/users/{user.id}", "core.user.added"),
    ):
        assert words in text
        assert f'href="{url}"' in text
        assert code in text
    assert "一号案场" in text
    one = admin.get(f"/admin/ledger/{mine.seq}").get_data(as_text=True)
    assert "增加案场或部门" in one
    # By a part of an act's words, by a person, and never at the cost of the other filters.
    for query, found in (("增加账号", False), ("案场或部门", True), ("core.unit", True)):
        shown = admin.get(f"/admin/ledger?result=ok&q={query}").get_data(as_text=True)
        assert (f'/admin/ledger/{mine.seq}"' in shown) is found, query
    assert "result=failed&amp;q=core.unit" in shown or "q=core.unit&amp;result=failed" in shown


def test_the_ledger_leaves_as_a_file(admin: FlaskClient, site: Site, company: int) -> None:
    for code in ("H1", "H2", "H3"):
        post(admin, "/admin/organisation/units/new", name=f"{code}案场", kind="site", code=code)
    post(admin, "/admin/users/new", login="xiaowang", name="王小")
    listed = admin.get("/admin/ledger?result=ok&q=core.unit&after=3").get_data(as_text=True)
    assert 'href="/admin/ledger/lines.csv?q=core.unit&amp;result=ok"' in listed
    answer = admin.get("/admin/ledger/lines.csv?q=core.unit&result=ok")
    assert "attachment" in answer.headers["Content-Disposition"]
    lines = list(csv.DictReader(io.StringIO(answer.get_data().decode("utf-8-sig"))))
    answer.close()
    with site.reader(company) as s:
        kept = s.scalars(
            select(LedgerLine)
            .where(LedgerLine.action == "core.unit.added")
            .order_by(LedgerLine.seq)
        ).all()
        taken = s.scalars(select(LedgerLine).where(LedgerLine.action == "core.export")).one()
        logged = s.scalars(select(ExportLog)).one()
    assert len(kept) == 3
    assert [(line["编号"], line["本行的哈希值"], line["上一行的哈希值"]) for line in lines] == [
        (str(row.seq), row.hash.hex(), row.prev.hex()) for row in kept
    ]
    assert "：增加案场或部门 H2案场（完成）" in lines[1]["文字说明"]
    assert json.loads(lines[1]["内容"]) == kept[1].body
    assert taken.body["rows"] == logged.row_count == 3
    assert (logged.exporter, logged.filters) == ("core.ledger", {"q": "core.unit", "result": "ok"})
    book = admin.get("/admin/ledger/lines.xlsx")
    sheet = openpyxl.load_workbook(io.BytesIO(book.get_data())).worksheets[0]
    book.close()
    with site.reader(company) as s:
        end = s.scalar(select(func.max(LedgerLine.seq)))
    assert [row[0] for row in sheet.iter_rows(min_row=2, values_only=True)] == [*range(1, end or 0)]
    assert list((site.config.home / "tmp").glob("export-*")) == []
    assert admin.get("/admin/ledger/lines.csv?day=nonsense").status_code == 400
    assert "台账" in admin.get("/admin/data/exports").get_data(as_text=True)


def test_lines_of_the_core_name_their_records(admin: FlaskClient, site: Site, company: int) -> None:
    admin.get("/admin/ledger/lines.csv").close()
    with site.transaction(company) as s:
        due = Deadline(kind="acme.call", subject="core:party:1", due_at=clock.now())
        rule = NumberingRule(
            name="acme.order",
            title="订单号",
            pattern="{n}",
            digits=4,
            reset="never",
            per_unit=False,
            kind="gapless",
        )
        s.add_all([due, rule])
        s.flush()
        for kind, row in (("deadline", due), ("numbering_rule", rule)):
            ledger.append(s, "core.test", object=f"core:{kind}:{row.id}")
    text = admin.get("/admin/ledger").get_data(as_text=True)
    assert '<a href="/admin/data/exports">台账</a>' in text
    assert '<a href="/admin/jobs">acme.call</a>' in text
    assert "订单号" in text


def test_a_long_ledger_leaves_stretch_by_stretch(
    admin: FlaskClient, site: Site, company: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ledger_export, "_STRETCH", 3)
    with site.transaction(company) as s:
        for number in range(10):
            ledger.append(s, "core.test", body={"number": number})
    answer = admin.get("/admin/ledger/lines.csv?q=core.test")
    lines = list(csv.DictReader(io.StringIO(answer.get_data().decode("utf-8-sig"))))
    assert [json.loads(line["内容"])["number"] for line in lines] == list(range(10))


def test_who_may_not_read_the_ledger_may_not_take_it(
    login: Callable[..., FlaskClient], company: int
) -> None:
    other = login(company, ["core.export", "core.party.view"])
    assert other.get("/admin/ledger/lines.xlsx").status_code == 403
    assert other.get("/admin/data/exports/core.ledger").status_code == 403


def test_the_ledger_is_read_whole_or_not_at_all(
    login: Callable[..., FlaskClient], company: int
) -> None:
    """A chain with lines left out proves nothing, so a narrower reach opens none of it."""
    own = login(company, ["core.ledger.view"], scope="own")
    for path in ("", "/1", "/lines.csv", "/lines.xlsx"):
        assert own.get(f"/admin/ledger{path}").status_code == 403, path
    assert post(own, "/admin/ledger/verify", "/").status_code == 403
    assert own.get("/api/v1/core/ledger").status_code == 403


def test_the_ledger_is_searched_by_person(
    login: Callable[..., FlaskClient], site: Site, company: int
) -> None:
    first = login(company)
    post(first, "/admin/organisation/units/new", name="一号案场", kind="site", code="H1")
    with site.reader(company) as s:
        line = s.scalars(select(LedgerLine).where(LedgerLine.action == "core.unit.added")).one()
        user = s.get(User, line.user_id)
        assert user is not None
        name = user.name
    row = f'/admin/ledger/{line.seq}"'
    assert row in first.get(f"/admin/ledger?q={name}").get_data(as_text=True)
    assert row not in first.get("/admin/ledger?q=没有这个人").get_data(as_text=True)


def test_companies_are_the_system_administrator_s(
    admin: FlaskClient, site: Site, app: Any, company: int
) -> None:
    from zhike.testing.sites import sign_in

    assert admin.get("/admin/companies").status_code == 403
    with site.system() as s:
        keeper = people.add_user(
            s, login="keeper", name="keeper", is_system_admin=True, must_change_password=False
        ).id
    browser = sign_in(app, site, keeper)
    assert browser.get("/admin/companies").status_code == 200
    answer = post(
        browser, "/admin/companies/new", name="新公司", slug="new", login="boss", person="老板"
    )
    assert answer.status_code == 200
    assert "boss" in answer.get_data(as_text=True)
    assert "新公司" in browser.get("/admin/companies").get_data(as_text=True)
    assert browser.get("/admin/users").status_code in (303, 403), "reads no company's data"
    menu = browser.get("/admin/companies/new").get_data(as_text=True).partition('id="zk-nav"')[2]
    assert '<a href="/admin/companies" aria-current="page"' in menu
    assert '<a href="/admin/backups"' in menu


def test_choices_of_an_app_s_settings_may_be_plain_words(app: Flask) -> None:
    class Kinds(Form):
        kind = SelectField("Kind", choices=["soft", "hard"])

    with app.test_request_context():
        shown = in_words(Kinds())
    assert [(one.value, one.label) for one in shown.kind.choices] == [
        ("soft", "soft"),
        ("hard", "hard"),
    ]
