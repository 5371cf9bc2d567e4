"""A shared desk: paired once, its people named by PIN, and both in everything that is written."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from zhike import clock
from zhike.models.device import Device, StaffPin
from zhike.models.ledger import LedgerLine
from zhike.models.people import Role
from zhike.services import access, devices, organisation, pins, settings
from zhike.site import Site
from zhike.testing import FrozenClock, read_page
from zhike_sales_floor.models import FloorEvent
from zhike_sales_floor.services import floor
from zhike_sales_floor.services.setup import prepare

PIN = {"李敏": "4827", "王磊": "590163"}


@pytest.fixture
def zhike_plugins() -> tuple[str, ...]:
    return ("sales_floor",)


@dataclass
class House:
    """A company with two sites; the desk stands in the first."""

    site: Site
    app: Flask
    company: int
    admin: FlaskClient
    hall: uuid.UUID
    other: uuid.UUID
    staff: dict[str, uuid.UUID]
    desk: FlaskClient
    device: uuid.UUID

    def actions(self) -> list[LedgerLine]:
        with self.site.reader(self.company) as s:
            return list(s.scalars(select(LedgerLine).order_by(LedgerLine.seq)))

    def row(self) -> Device:
        with self.site.system_reader() as s:
            found = s.get(Device, self.device)
            assert found is not None
            return found


def send(client: FlaskClient, url: str, **values: Any) -> Any:
    return client.post(url, data={"idempotency_key": uuid.uuid4().hex, **values})


@pytest.fixture
def house(
    site: Site,
    app: Flask,
    company: int,
    login: Callable[..., FlaskClient],
    frozen_clock: FrozenClock,
) -> House:
    admin = login(company)
    staff = {}
    with site.transaction(company) as s:
        hall = organisation.add_unit(s, name="滨江案场", code="BJ", kind="site").id
        other = organisation.add_unit(s, name="湖畔案场", code="HP", kind="site").id
        for number, (name, unit) in enumerate(
            (("李敏", hall), ("王磊", hall), ("赵远", other)), 101
        ):
            who = organisation.add_staff(s, name=name, number=str(number)).id
            organisation.give_post(s, who, unit, title="顾问", valid_from=date(2026, 1, 1))
            staff[name] = who
        prepare(s)
        floor.add_reps(s, hall, [staff["李敏"], staff["王磊"]])
        access.adopt_role_presets(s, "sales_floor")
        role = s.scalars(select(Role).where(Role.preset == "sales_floor.desk")).one().id
    for name, pin in PIN.items():
        hashed = pins.hashed(site, company, staff[name], pin)
        with site.transaction(company) as s:
            pins.store(s, staff[name], hashed, by="self")
    made = House(site, app, company, admin, hall, other, staff, app.test_client(), hall)
    shown = send(admin, "/admin/devices/new", name="前台一号", unit_id=str(hall), role_id=str(role))
    code = re.search(r"zk-bigcode\">([A-Z2-9]{4}-[A-Z2-9]{4})<", shown.text)
    assert code is not None, shown.text[:3000]
    with site.system_reader() as s:
        made.device = s.scalars(select(Device.id)).one()
    answer = send(made.desk, "/pair", code=code[1].lower().replace("-", " "))
    assert answer.status_code == 303, answer.text
    return made


def arrive(house: House, **more: str) -> Any:
    url = f"/p/sales_floor/floor/{house.hall}/arrive"
    values = read_page(house.desk.get(url).text).form(css_class="zk-form").values
    return house.desk.post(url, data={**values, **more})


def test_an_act_needs_a_person_and_nothing_typed_is_lost(house: House) -> None:
    page = house.desk.get("/").text
    assert "前台一号：无人操作" in page
    assert "修改密码" not in page
    asked = arrive(house, need="三房两厅")
    assert asked.status_code == 409
    form = read_page(asked.text).form(css_class="zk-form")
    assert form.values["need"] == "三房两厅"
    wrong = house.desk.post(
        f"/p/sales_floor/floor/{house.hall}/arrive",
        data={**form.values, "desk_who": "101", "desk_pin": "9999"},
    )
    assert wrong.status_code == 401
    assert read_page(wrong.text).form(css_class="zk-form").values["need"] == "三房两厅"
    done = house.desk.post(
        f"/p/sales_floor/floor/{house.hall}/arrive",
        data={**form.values, "desk_who": "101", "desk_pin": PIN["李敏"]},
    )
    assert done.status_code == 303, done.text[:2000]
    with house.site.reader(house.company) as s:
        events = s.scalars(select(FloorEvent).order_by(FloorEvent.seq)).all()
    # The floor's event log names the person and the desk.
    assert {event.actor["name"] for event in events} == {"李敏（前台一号）"}
    assert {event.actor["kind"] for event in events} == {"staff"}
    assert "操作人：李敏" in house.desk.get("/").text


def test_changing_who_acts_takes_two_fields(house: House) -> None:
    bar = house.desk.post(
        "/desk/acting",
        data={"desk_who": "王磊", "desk_pin": PIN["王磊"]},
        headers={"HX-Request": "true"},
    )
    assert "操作人：王磊" in bar.text
    assert "<html" not in bar.text
    assert arrive(house).status_code == 303
    send(house.desk, "/desk/acting", desk_who="101", desk_pin=PIN["李敏"])
    assert "操作人：李敏" in house.desk.get("/").text
    send(house.desk, "/desk/leave")
    assert arrive(house).status_code == 409


def test_idle_means_nobody_and_acting_goes_on_while_acts_do(
    house: House, frozen_clock: FrozenClock
) -> None:
    send(house.desk, "/desk/acting", desk_who="101", desk_pin=PIN["李敏"])
    for _n in range(3):
        frozen_clock.move(minutes=4)
        assert arrive(house).status_code == 303
    frozen_clock.move(minutes=4)
    house.desk.get("/")  # looking is no act
    frozen_clock.move(minutes=2)
    assert "无人操作" in house.desk.get("/").text
    assert arrive(house).status_code == 409


def test_the_setting_zero_asks_for_each_act(house: House) -> None:
    with house.site.transaction(house.company) as s:
        settings.set_many(s, "core", {"desk_minutes": 0})
    send(house.desk, "/desk/acting", desk_who="101", desk_pin=PIN["李敏"])
    assert arrive(house).status_code == 303
    assert arrive(house).status_code == 409


def test_a_wrong_pin_locks_the_person_at_this_desk_and_nobody_else(house: House) -> None:
    for _n in range(5):
        answer = send(house.desk, "/desk/acting", desk_who="101", desk_pin="0000")
        assert answer.status_code == 303
    send(house.desk, "/desk/acting", desk_who="101", desk_pin=PIN["李敏"])
    assert house.row().acting_staff_id is None  # the right one comes too late
    send(house.desk, "/desk/acting", desk_who="102", desk_pin=PIN["王磊"])
    assert house.row().acting_staff_id == house.staff["王磊"]
    unlock = send(house.admin, f"/admin/devices/pins/{house.staff['李敏']}/unlock")
    assert unlock.status_code == 302
    send(house.desk, "/desk/acting", desk_who="101", desk_pin=PIN["李敏"])
    assert house.row().acting_staff_id == house.staff["李敏"]


def test_somebody_of_another_site_has_no_business_here(house: House) -> None:
    hashed = pins.hashed(house.site, house.company, house.staff["赵远"], "730264")
    with house.site.transaction(house.company) as s:
        pins.store(s, house.staff["赵远"], hashed, by="self")
    send(house.desk, "/desk/acting", desk_who="103", desk_pin="730264")
    assert house.row().acting_staff_id is None


def test_a_desk_has_its_role_at_its_site_and_no_page_of_a_person(house: House) -> None:
    send(house.desk, "/desk/acting", desk_who="101", desk_pin=PIN["李敏"])
    for path in ("/me", "/me/password", "/me/sessions", "/me/tokens", "/me/pin", "/company"):
        assert house.desk.get(path).status_code == 403, path
    assert send(house.desk, "/me/tokens", title="x").status_code == 403
    assert send(house.desk, "/unit", unit=str(house.other)).status_code == 403
    assert house.desk.get("/admin/users").status_code == 403
    assert house.desk.get(f"/p/sales_floor/floor/{house.other}/arrive").status_code == 403
    users = house.admin.get("/admin/users").text
    assert "desk-" not in users
    with house.site.system_reader() as s:
        login = s.get(devices.User, house.row().user_id)
        assert login is not None
        assert login.password_hash == ""


def test_a_first_pin_has_to_be_changed_before_anything_is_done(house: House) -> None:
    shown = send(house.admin, f"/admin/devices/pins/{house.staff['李敏']}/reset").text
    first = re.search(r"<code>(\d{6})</code>", shown)
    assert first is not None
    send(house.desk, "/desk/acting", desk_who="101", desk_pin=first[1])
    assert house.row().acting_staff_id is None
    change = {"who": "101", "old": first[1], "new": "604813", "again": "604813"}
    assert send(house.desk, "/desk/pin", **{**change, "new": "1234"}).status_code == 422
    assert send(house.desk, "/desk/pin", **{**change, "old": "111111"}).status_code == 401
    assert send(house.desk, "/desk/pin", **change).status_code == 303
    assert house.row().acting_staff_id == house.staff["李敏"]
    last = house.actions()[-1]
    assert (last.action, last.actor_kind, last.staff_id) == (
        "core.pin.set",
        "staff",
        house.staff["李敏"],
    )
    assert last.user_id == house.row().user_id
    assert "李敏（前台一号）" in house.admin.get("/admin/ledger").text


def test_the_table_alone_opens_nothing(house: House) -> None:
    from zhike.services import passwords

    with house.site.reader(house.company) as s:
        stored = s.scalars(select(StaffPin).where(StaffPin.staff_id == house.staff["李敏"])).one()
    assert stored.hash.startswith("$argon2id$")
    assert not passwords.verify(stored.hash, PIN["李敏"])  # keyed with what is not in the table


def test_revoked_at_once(house: House) -> None:
    send(house.desk, "/desk/acting", desk_who="101", desk_pin=PIN["李敏"])
    assert house.desk.get("/").status_code == 200
    assert send(house.admin, f"/admin/devices/{house.device}/revoke").status_code == 302
    answer = house.desk.get("/")
    assert (answer.status_code, answer.headers["Location"].partition("?")[0]) == (302, "/login")
    assert arrive_raw(house).status_code == 401
    assert send(house.admin, f"/admin/devices/{house.device}/code").status_code == 409


def arrive_raw(house: House) -> Any:
    return send(house.desk, f"/p/sales_floor/floor/{house.hall}/arrive", need="x")


def test_a_code_is_good_once_and_for_a_quarter_of_an_hour(
    house: House, frozen_clock: FrozenClock
) -> None:
    shown = send(house.admin, f"/admin/devices/{house.device}/code").text
    code = re.search(r"zk-bigcode\">([^<]+)<", shown)
    assert code is not None
    frozen_clock.move(minutes=16)
    stranger = house.app.test_client()
    assert send(stranger, "/pair", code=code[1]).status_code == 422
    shown = send(house.admin, f"/admin/devices/{house.device}/code").text
    code = re.search(r"zk-bigcode\">([^<]+)<", shown)
    assert code is not None
    assert house.desk.get("/").status_code == 200  # the old browser goes on until then
    assert send(stranger, "/pair", code=code[1]).status_code == 303
    assert send(house.app.test_client(), "/pair", code=code[1]).status_code == 422
    assert stranger.get("/").status_code == 200
    assert house.desk.get("/").status_code == 302


def test_guessing_codes_shuts_the_door(house: House) -> None:
    stranger = house.app.test_client()
    answers = [send(stranger, "/pair", code=f"AAAA-AAA{n}").status_code for n in range(2, 9)]
    answers += [send(stranger, "/pair", code=f"BBBB-BBB{n}").status_code for n in range(2, 9)]
    assert answers[:10] == [422] * 10
    assert set(answers[10:]) == {429}


def test_a_manager_signs_in_at_the_desk_and_leaves_it_as_it_was(house: House) -> None:
    from zhike.services import people

    hashed = people.new_password_hash("long enough 7", login="chen", name="陈卓")
    with house.site.system() as s:
        user_id = people.add_user(
            s, login="chen", name="陈卓", password_hash=hashed, must_change_password=False
        ).id
        people.add_membership(s, user_id, house.company)
    with house.site.transaction(house.company) as s:
        access.grant_role(s, user_id, access.ensure_admin_role(s).id)
    assert house.desk.get("/login").status_code == 200
    assert send(house.desk, "/login", username="chen", password="long enough 7").status_code == 303
    assert house.desk.get("/me").status_code == 200  # a person now
    assert "无人操作" not in house.desk.get("/").text
    assert send(house.desk, "/logout").status_code == 303
    assert "无人操作" in house.desk.get("/").text


def test_the_api_at_a_desk_needs_a_person_too(house: House) -> None:
    answer = house.desk.post(
        f"/api/v1/sales_floor/floors/{house.hall}/visits", json={"persons": [{}]}
    )
    assert answer.status_code in (403, 404)
    if answer.status_code == 403:
        assert answer.get_json()["code"] == "desk_person"


def test_a_desk_of_another_company_is_not_there(house: House, login: Any) -> None:
    from zhike.testing import make_company

    stranger = login(make_company(house.site, "hongshan", ("sales_floor",)))
    url = f"/admin/devices/{house.device}"
    assert stranger.get(url).status_code == 404
    assert send(stranger, f"{url}/revoke").status_code == 404
    assert send(stranger, f"{url}/code").status_code == 404
    assert house.row().revoked_at is None


@pytest.mark.parametrize("pin", ["123", "1234", "4321", "8888", "121212", "12a4", "1234567", "101"])
def test_a_pin_that_is_none(pin: str) -> None:
    from zhike.errors import UserError

    with pytest.raises(UserError):
        pins.check(pin, number="101")


def test_one_s_own_pin_is_set_behind_a_fresh_password(
    house: House, site: Site, app: Flask, frozen_clock: FrozenClock
) -> None:
    from zhike.testing import make_user, sign_in

    user_id = make_user(site, house.company, ["core.party.view"])
    with site.transaction(house.company) as s:
        row = s.require(devices.Staff, house.staff["王磊"])
        row.user_id = user_id
        devices.bump_generation(s)
    mine = sign_in(app, site, user_id)
    assert send(mine, "/me/pin", new="840271", again="840271").status_code == 303
    send(house.desk, "/desk/acting", desk_who="102", desk_pin="840271")
    assert house.row().acting_staff_id == house.staff["王磊"]
    frozen_clock.move(minutes=20)
    again = send(mine, "/me/pin", new="193064", again="193064")
    assert again.headers["Location"].startswith("/confirm")
    assert clock.now() - timedelta(minutes=1) < clock.now()
