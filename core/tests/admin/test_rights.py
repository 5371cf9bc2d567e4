"""Who may do what: the matrix of roles, the inspector, and the page of a refusal."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import date
from typing import Any

import openpyxl
import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from zhike.models.ledger import LedgerLine
from zhike.models.people import Role
from zhike.services import access, organisation, people
from zhike.site import Site
from zhike.testing import make_user, read_page


@pytest.fixture
def admin(login: Callable[..., FlaskClient], company: int) -> FlaskClient:
    return login(company, login="chief")


def post(client: FlaskClient, url: str, page: str | None = None, **values: Any) -> Any:
    token = read_page(client.get(page or url).text).csrf_token
    data = {"csrf_token": token, "idempotency_key": uuid.uuid4().hex, **values}
    return client.post(url, data=data)


def role(site: Site, company: int, title: str, permissions: list[str], preset: str = "") -> Role:
    with site.transaction(company) as s:
        return access.save_role(
            s, role_id=None, title=title, permissions=permissions, preset=preset
        )


# --- the matrix ----------------------------------------------------------------------------------


def test_the_matrix_says_what_is_given_and_what_comes_along(
    admin: FlaskClient, site: Site, company: int
) -> None:
    role(site, company, "登记员", ["core.party.edit"])
    text = admin.get("/admin/roles").text
    assert "登记员" in text
    assert "随“编辑客户”附带" in text, "seeing customers comes with editing them"


def test_the_table_is_edited_in_two_steps(admin: FlaskClient, site: Site, company: int) -> None:
    desk = role(site, company, "前台", ["core.party.view", "core.drill"])
    other = role(site, company, "助理", ["core.drill"])
    shown = read_page(admin.get("/admin/roles/edit").text)
    ticked = [f.value for f in shown.fields if f.name == f"role-{desk.id}" and f.ticked]
    assert sorted(ticked) == ["core.drill", "core.party.view"]
    values = {
        "csrf_token": shown.csrf_token,
        f"role-{desk.id}": ["core.party.view", "core.party.edit"],
        f"role-{other.id}": ["core.drill"],
        **{name: shown.values_of(name)[0] for name in (f"seen-{desk.id}", f"seen-{other.id}")},
    }
    answer = admin.post("/admin/roles/edit", data=values)
    assert answer.status_code == 200
    with site.reader(company) as s:
        assert s.require(Role, desk.id).permissions == ["core.drill", "core.party.view"]
    confirm = next(f for f in read_page(answer.text).forms if "confirmed" in f.values)
    done = admin.post("/admin/roles/edit", data=confirm.values)
    assert done.status_code == 302
    again = admin.post("/admin/roles/edit", data=confirm.values)
    assert again.status_code in (302, 409), "sent twice it acts once"
    with site.reader(company) as s:
        assert s.require(Role, desk.id).permissions == ["core.party.edit", "core.party.view"]
        lines = s.scalars(
            select(LedgerLine).where(
                LedgerLine.action == "core.role.saved", LedgerLine.object == f"core:role:{desk.id}"
            )
        ).all()
    assert lines[-1].body["added"] == ["core.party.edit"]
    assert lines[-1].body["removed"] == ["core.drill"]
    assert len(lines) == 2


def test_a_table_that_somebody_else_changed_is_not_saved_over(
    admin: FlaskClient, site: Site, company: int
) -> None:
    desk = role(site, company, "前台", ["core.party.view"])
    shown = read_page(admin.get("/admin/roles/edit").text)
    with site.transaction(company) as s:
        access.save_role(s, role_id=desk.id, title="前台", permissions=["core.drill"])
    answer = admin.post(
        "/admin/roles/edit",
        data={
            "csrf_token": shown.csrf_token,
            "confirmed": "1",
            f"role-{desk.id}": ["core.party.edit"],
            f"seen-{desk.id}": shown.values_of(f"seen-{desk.id}")[0],
        },
    )
    assert answer.status_code == 409
    with site.reader(company) as s:
        assert s.require(Role, desk.id).permissions == ["core.drill"]


def test_what_a_form_does_not_show_stays(admin: FlaskClient, site: Site, company: int) -> None:
    """Editing one app's rows leaves what a role carries of the others alone."""
    desk = role(site, company, "前台", ["core.party.view"])
    shown = read_page(admin.get("/admin/roles/edit?app=没有这个应用").text)
    answer = admin.post(
        "/admin/roles/edit?app=没有这个应用",
        data={"csrf_token": shown.csrf_token, "confirmed": "1", f"role-{desk.id}": ["core.users"]},
    )
    assert answer.status_code == 422
    with site.reader(company) as s:
        assert s.require(Role, desk.id).permissions == ["core.party.view"]


def test_who_takes_the_key_from_himself_is_told(
    login: Callable[..., FlaskClient], site: Site, company: int
) -> None:
    keeper = login(company, ["core.roles"], login="keeper")
    with site.reader(company) as s:
        own = s.scalars(select(Role).where(Role.title == "role of keeper")).one()
    shown = read_page(keeper.get("/admin/roles/edit").text)
    answer = keeper.post(
        "/admin/roles/edit",
        data={"csrf_token": shown.csrf_token, f"role-{own.id}": ["core.drill"]},
    )
    assert "您自己就不能再编辑角色了" in answer.text


def test_the_administrators_role_is_no_column_of_the_form(
    admin: FlaskClient, site: Site, company: int
) -> None:
    with site.reader(company) as s:
        chief = s.scalars(select(Role).where(Role.is_admin)).one()
    assert f"role-{chief.id}" not in admin.get("/admin/roles/edit").text


def test_on_paper_and_as_a_workbook(
    admin: FlaskClient, site: Site, company: int, tmp_path: Any
) -> None:
    role(site, company, "前台", ["core.party.edit"])
    assert "核对人" in admin.get("/admin/roles/print").text
    answer = admin.get("/admin/roles/matrix.xlsx")
    path = tmp_path / "matrix.xlsx"
    path.write_bytes(answer.get_data())
    answer.close()
    rows = list(openpyxl.load_workbook(path).active.iter_rows(values_only=True))
    may = {(row[2], row[3]): row[5] for row in rows[1:]}
    assert may["core.party.edit", "前台"] == "是"
    assert may["core.party.view", "前台"] == "是"
    assert may["core.users", "前台"] == "否"
    with site.reader(company) as s:
        assert s.scalar(select(LedgerLine.id).where(LedgerLine.action == "core.export"))


# --- the inspector -------------------------------------------------------------------------------


def ask(client: FlaskClient, **asked: Any) -> str:
    answer = client.get("/admin/access", query_string={k: str(v) for k, v in asked.items()})
    assert answer.status_code == 200, answer.text[:2000]
    return answer.text


@pytest.fixture
def hall(site: Site, company: int) -> dict[str, uuid.UUID]:
    with site.transaction(company) as s:
        first = organisation.add_unit(s, name="一号案场", code="H1", kind="site").id
        far = organisation.add_unit(s, name="二号案场", code="H2", kind="site").id
    return {"first": first, "far": far}


def test_a_yes_names_role_place_and_reach(
    admin: FlaskClient, site: Site, company: int, hall: dict[str, uuid.UUID]
) -> None:
    amy = make_user(site, company, [], login="amy")
    clerk = role(site, company, "登记员", ["core.party.edit"])
    page = f"/admin/users/{amy}"
    answer = post(
        admin,
        f"{page}/grants",
        page,
        role_id=str(clerk.id),
        unit_id=str(hall["first"]),
        scope="unit_tree",
    )
    assert answer.status_code == 302
    yes = ask(admin, user=amy, permission="core.party.view", unit=hall["first"])
    assert "能：amy 可以“查看客户”" in yes
    for words in ("登记员", "一号案场 · 本部门及以下", "由“编辑客户”附带", "由 chief 授予"):
        assert words in yes, words
    no = ask(admin, user=amy, permission="core.party.view", unit=hall["far"])
    assert "不能：amy 不可以“查看客户”" in no
    assert "管不到这里" in no
    assert "没有任何角色" not in no


def test_a_no_says_what_is_missing(admin: FlaskClient, site: Site, company: int) -> None:
    amy = make_user(site, company, ["core.drill"], login="amy")
    text = ask(admin, user=amy, permission="core.users")
    assert "不能：amy 不可以“管理用户账号”" in text
    assert "不包含这项权限" in text
    with site.system() as s:
        people.disable(s, amy)
    assert "已停用，不能登录" in ask(admin, user=amy, permission="core.drill")


def test_own_records_and_other_people_s(admin: FlaskClient, site: Site, company: int) -> None:
    amy = make_user(site, company, ["core.party.view"], scope="own", login="amy")
    text = ask(admin, user=amy, permission="core.party.view")
    assert "能：amy" in text
    assert "只限归他本人所有的记录" in text


def test_stand_ins_lend_no_rights(
    admin: FlaskClient, site: Site, company: int, hall: dict[str, uuid.UUID]
) -> None:
    amy = make_user(site, company, ["core.drill"], login="amy")
    with site.transaction(company) as s:
        boss = organisation.add_staff(s, name="王芳", number="1")
        deputy = organisation.add_staff(s, name="李敏", number="2", user_id=amy)
        organisation.name_stand_in(
            s, boss.id, deputy.id, valid_from=date(2020, 1, 1), valid_until=None
        )
    text = ask(admin, user=amy, permission="core.users")
    assert "不能：李敏" in text
    assert "代理 王芳" in text
    assert "不带来权限" in text


def test_the_last_administrator_is_marked(admin: FlaskClient, site: Site, company: int) -> None:
    with site.system_reader() as s:
        chief = people.find_user(s, "chief")
    assert chief is not None
    assert "最后一位管理员" in ask(admin, user=chief.id, permission="core.users")
    make_user(site, company)
    assert "最后一位管理员" not in ask(admin, user=chief.id, permission="core.users")


def test_everybody_with_a_right_and_every_right_of_one(
    admin: FlaskClient, site: Site, company: int, two_companies: Any
) -> None:
    amy = make_user(site, company, ["core.drill"], login="amy")
    make_user(site, two_companies.b, ["core.drill"], login="stranger")
    everybody = ask(admin, permission="core.drill")
    assert "2 人可以“运行演练”" in everybody
    assert "stranger" not in everybody
    rights = ask(admin, user=amy)
    assert "没有角色包含它" in rights
    assert "role of amy" in rights
    grave = ask(admin)
    assert "谁有关键和敏感权限" in grave


def test_the_answer_as_a_file(admin: FlaskClient, site: Site, company: int, tmp_path: Any) -> None:
    make_user(site, company, ["core.drill"], login="amy")
    answer = admin.get("/admin/access/rights.xlsx?permission=core.drill")
    path = tmp_path / "rights.xlsx"
    path.write_bytes(answer.get_data())
    answer.close()
    rows = list(openpyxl.load_workbook(path).active.iter_rows(values_only=True))
    assert sorted(row[1] for row in rows[1:]) == ["amy", "chief"]
    assert rows[0][:2] == ("姓名", "账号")


def test_strangers_and_nonsense_are_not_found(
    admin: FlaskClient, site: Site, two_companies: Any
) -> None:
    stranger = make_user(site, two_companies.b, login="stranger")
    for query in (
        f"user={stranger}",
        "user=nonsense",
        f"unit={uuid.uuid4()}",
    ):
        assert admin.get(f"/admin/access?{query}").status_code == 404, query
    assert admin.get(f"/admin/access/rights.xlsx?user={stranger}").status_code == 404
    assert "没有名为 core.nonsense 的权限" in ask(admin, permission="core.nonsense")
    assert "没有您能查看的记录" in ask(admin, record="/p/nowhere/1")


# --- a refusal -----------------------------------------------------------------------------------


def test_a_refusal_names_the_right_and_who_can_help(
    admin: FlaskClient, login: Callable[..., FlaskClient], site: Site, company: int
) -> None:
    make_user(site, company, ["core.settings"], login="keeper")
    amy = login(company, ["core.drill"], login="amy")
    text = amy.get("/admin/settings").text
    assert "“修改设置”权限" in text
    assert text.index("keeper") < text.index("chief"), "administrators last"
    assert "/admin/access?" not in text, "the look-up is not amy's"
    bea = login(company, ["core.access"], login="bea")
    assert "/admin/access?" in bea.get("/admin/settings").text
