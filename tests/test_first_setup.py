"""A new company, from nothing to the first day, through the pages of the first set-up."""

from __future__ import annotations

import io
import re
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import openpyxl
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from zhike.models.company import Company
from zhike.models.ledger import LedgerLine
from zhike.models.organisation import Post, Staff
from zhike.models.people import RoleGrant
from zhike.services import access, ledger, organisation, policies, setup
from zhike.site import Site
from zhike.testing import FrozenClock, read_page

START = "/admin/start"


@pytest.fixture
def zhike_plugins() -> tuple[str, ...]:
    return ("sales_floor",)


@pytest.fixture
def admin(
    login: Callable[..., FlaskClient], site: Site, company: int, frozen_clock: FrozenClock
) -> FlaskClient:
    with site.transaction(company) as s:  # as switching the app on in the panel does
        access.adopt_role_presets(s, "sales_floor")
    return login(company)


def send(client: FlaskClient, url: str, **values: Any) -> Any:
    return client.post(url, data={"idempotency_key": uuid.uuid4().hex, **values})


def workbook(*rows: tuple[Any, ...]) -> io.BytesIO:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in (("案场", "工号", "姓名", "岗位", "负责人"), *rows):
        sheet.append(row)
    raw = io.BytesIO()
    book.save(raw)
    return io.BytesIO(raw.getvalue())


def open_steps(site: Site, company: int) -> list[str]:
    with site.reader(company) as s:
        return [step.name for step in setup.left(setup.standings(s, lambda _name: True))]


def accounts(admin: FlaskClient) -> dict[str, Any]:
    """What a browser would send from the page of logins without touching anything."""
    forms = read_page(admin.get(f"{START}/accounts").text).forms
    (form,) = [one for one in forms if any(key.startswith("login.") for key in one.values)]
    return dict(form.values)


def upload(admin: FlaskClient, *rows: tuple[Any, ...]) -> str:
    answer = admin.post(
        "/admin/data/import/core.staff",
        data={"file": (workbook(*rows), "员工.xlsx")},
        content_type="multipart/form-data",
    )
    assert answer.status_code == 302, answer.text[:2000]
    return str(answer.headers["Location"])


def test_from_nothing_to_the_first_day(
    admin: FlaskClient, app: Flask, site: Site, company: int
) -> None:
    assert "还剩" in admin.get("/").text
    assert open_steps(site, company) == [
        "core.company",
        "core.sites",
        "core.people",
        "core.accounts",
        "core.policy",
        "core.calendar",
        "sales_floor.roster",
        "core.desk",
    ]
    # The company, and two sites at once.
    saved = send(
        admin, f"{START}/company", name="晨光置业有限公司", short_name="晨光", tz="Asia/Shanghai"
    )
    assert saved.status_code == 302
    wrong = send(admin, f"{START}/company", name="晨光", short_name="晨光", tz="Mars/Base")
    assert wrong.status_code == 422
    sites = {"name.0": "滨江案场", "code.0": "bj", "name.1": "湖畔案场", "code.1": "HP"}
    assert send(admin, f"{START}/sites", **{**sites, "code.1": "BJ"}).status_code == 422
    assert send(admin, f"{START}/sites", **sites).status_code == 302
    # A sheet with mistakes: it comes back with the reasons, and nothing is written.
    waiting = upload(
        admin,
        ("BJ", "001", "陈卓", "销售经理", "是"),
        ("XX", "002", "李敏", "置业顾问", ""),
        ("BJ", "003", "", "置业顾问", ""),
    )
    shown = admin.get(waiting).text
    assert "没有这个案场或部门" in shown
    errors = admin.get(f"{waiting}/errors.xlsx")
    assert errors.mimetype.endswith("sheet")
    with site.reader(company) as s:
        assert s.scalar(select(func.count()).select_from(Staff)) == 0
    # Mended and applied; a second time changes nothing.
    good = (
        ("BJ", "001", "陈卓", "销售经理", "是"),
        ("滨江案场", "002", "李敏", "置业顾问", "否"),
        ("HP", "003", "何静", "前台", None),
        ("HP", "004", "吴桐", "保洁", None),
    )
    for _again in range(2):
        assert send(admin, f"{upload(admin, *good)}/apply", mode="all").status_code < 400
    with site.reader(company) as s:
        assert s.scalar(select(func.count()).select_from(Staff)) == 4
        assert s.scalar(select(func.count()).select_from(Post)) == 4
        chief = s.scalars(select(Staff).where(Staff.number == "001")).one()
        hall = next(u.id for u in organisation.tree(s).sites if u.code == "BJ")
        assert organisation.head_of(s, hall, organisation.today(s)) == chief.id
    # Logins with suggested roles, and a sheet shown once.
    values = accounts(admin)
    chosen = {k: v for k, v in values.items() if k.startswith("role.")}
    assert len([v for v in chosen.values() if v]) == 3  # nobody suggests a role for the cleaner
    sheet = admin.post(f"{START}/accounts", data=values)
    assert sheet.status_code == 200, sheet.text[:2000]
    slip = re.search(
        r"李敏.*?<code>002</code>.*?<code>([^<]{12})</code>.*?<code>(\d{6})</code>",
        sheet.text,
        re.DOTALL,
    )
    assert slip is not None
    fresh = app.test_client()
    answer = send(fresh, "/login", username="002", password=slip[1])
    assert answer.status_code == 303
    assert fresh.get("/").headers["Location"].startswith("/me/password")  # his own first
    with site.reader(company) as s:
        assert s.scalar(select(func.count()).select_from(RoleGrant)) == 4  # three, and the admin's
        scopes = set(s.scalars(select(RoleGrant.data_scope)))
    assert {"own", "unit", "unit_tree"} <= scopes
    assert "每个人都有账号了" not in admin.get(f"{START}/accounts").text  # the cleaner has none
    # One site advises, the other observes.
    form = read_page(admin.get(f"{START}/policy").text).form(css_class="zk-form").values
    with site.reader(company) as s:
        ids = {unit.code: str(unit.id) for unit in organisation.tree(s).sites}
    form[f"mode.sales_floor.{ids['BJ']}"] = "advise"
    form[f"mode.sales_floor.{ids['HP']}"] = "observe"
    form["mode.sales_floor.all"] = "observe"
    assert admin.post(f"{START}/policy", data=form).status_code == 302
    now = datetime(2026, 11, 21, 2, 1, tzinfo=UTC)
    with site.reader(company) as s:
        modes = {
            code: policies.in_force(s, "sales_floor", uuid.UUID(key), now).mode
            for code, key in ids.items()
        }
    assert modes == {"BJ": "advise", "HP": "observe"}
    assert send(admin, "/admin/calendar/years/2026/official").status_code == 302
    send(admin, f"{START}/steps/core.desk", state="skipped")
    assert open_steps(site, company) == ["sales_floor.roster"]
    assert "还剩 1 步" in admin.get(START).text
    with site.reader(company) as s:
        actions = set(s.scalars(select(LedgerLine.action)))
    assert {"core.setup.marked", "core.company.changed", "core.policy.chosen"} <= actions


def test_a_login_that_is_taken_is_said_beside_its_row(
    admin: FlaskClient, site: Site, company: int
) -> None:
    send(admin, f"{START}/sites", **{"name.0": "滨江案场", "code.0": "BJ"})
    waiting = upload(admin, ("BJ", "1", "李敏", "前台", ""), ("BJ", "2", "王磊", "前台", ""))
    send(admin, f"{waiting}/apply", mode="all")
    values = accounts(admin)
    logins = sorted(k for k in values if k.startswith("login."))
    values[logins[1]] = values[logins[0]]
    answer = admin.post(f"{START}/accounts", data=values)
    assert answer.status_code == 422
    assert "zk-error" in answer.text
    with site.reader(company) as s:  # all or none
        assert s.scalar(select(func.count()).select_from(RoleGrant)) == 1


def test_steps_are_left_out_and_taken_up_again(
    admin: FlaskClient, site: Site, company: int
) -> None:
    before = open_steps(site, company)
    assert send(admin, f"{START}/steps/core.desk", state="skipped").status_code == 302
    assert open_steps(site, company) == [name for name in before if name != "core.desk"]
    send(admin, f"{START}/steps/core.desk", state="open")
    assert open_steps(site, company) == before
    assert send(admin, f"{START}/steps/core.desk", state="perhaps").status_code == 400
    assert send(admin, f"{START}/steps/nobody.knows", state="done").status_code == 404


def test_a_reader_sees_only_his_steps(login: Callable[..., FlaskClient], company: int) -> None:
    keeper = login(company, ["core.organisation"])
    shown = keeper.get(START).text
    assert "案场" in shown
    assert f"{START}/accounts" not in shown
    assert keeper.get(f"{START}/accounts").status_code == 403
    assert send(keeper, f"{START}/steps/core.accounts", state="done").status_code == 404


def test_demo_data_goes_in_one_click_and_nothing_else(
    admin: FlaskClient, site: Site, company: int
) -> None:
    from zhike.testing import make_company, make_user

    other = make_company(site, "hongshan", ("sales_floor",))
    make_user(site, other)
    send(admin, f"{START}/sites", **{"name.0": "滨江案场", "code.0": "BJ"})
    send(admin, f"{upload(admin, ('BJ', '1', '李敏', '前台', ''))}/apply", mode="all")
    url = "/admin/data/demo/remove"
    assert send(admin, url, confirm_name="Lanjing").status_code == 409  # no demo
    with site.system() as s:
        row = s.get(Company, company)
        assert row is not None
        row.is_demo, row.generation = True, row.generation + 1
    assert "移除示例数据" in admin.get("/admin/data").text
    assert send(admin, url, confirm_name="lanjing?").status_code == 422
    assert send(admin, url, confirm_name="Lanjing").status_code == 302
    assert admin.get("/").headers["Location"].startswith("/login")
    with site.reader(company) as s:
        assert s.scalar(select(func.count()).select_from(Staff)) == 0
        lines = s.scalars(select(LedgerLine).order_by(LedgerLine.seq)).all()
    assert lines[-1].action == "core.demo.removed"
    assert all(report.ok for report in ledger.verify_all(site))
    with site.system_reader() as s:
        row = s.get(Company, company)
        assert row is not None
        assert row.closed_at is not None
    with site.reader(other) as s:
        assert s.scalar(select(func.count()).select_from(RoleGrant)) == 1


def test_health_says_what_to_do_and_leads_there(
    admin: FlaskClient, login: Callable[..., FlaskClient], company: int
) -> None:
    shown = admin.get("/admin/health").text
    assert 'href="/admin/calendar"' in shown
    watcher = login(company, ["core.health"]).get("/admin/health").text
    assert "工作日历" in watcher
    assert 'href="/admin/calendar"' not in watcher  # no way to a page that would refuse him
