"""What each suggested role does all day, sent exactly as the page offers it.

A page leaves out what the reader may not decide; a form must not then refuse the missing answer.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from zhike.testing import read_page
from zhike_sales_floor.models import Visit
from zhike_sales_floor.permissions import ROLES


def send(client: FlaskClient, path: str, **typed: Any) -> Any:
    shown = client.get(path)
    assert shown.status_code == 200, shown.status_code
    fields = read_page(shown.get_data(as_text=True)).form(css_class="zk-form").values
    values = {**fields, **typed, "idempotency_key": uuid.uuid4().hex}
    answer = client.post(path, data=values)
    words = re.findall(r'class="zk-error"[^>]*>(.*?)</p>', answer.get_data(as_text=True), re.DOTALL)
    assert answer.status_code in (302, 303), (answer.status_code, words)
    return answer


@pytest.mark.parametrize("role", [r for r in ROLES if "sales_floor.arrive" in r.permissions])
def test_a_visitor_is_registered_and_seen_off(
    ground: Any, login: Callable[..., FlaskClient], frozen_clock: Any, role: Any
) -> None:
    ground.sign_in("AB")
    frozen_clock.set(ground.now + timedelta(minutes=1))
    client = login(ground.company, list(role.permissions))
    floor = f"/p/sales_floor/floor/{ground.unit}"
    send(client, f"{floor}/arrive", who="张伟")
    visit = ground.read(lambda s: s.scalars(select(Visit)).one())
    assert visit.state == "reception"
    assert ground.letter(visit.staff_id) == "A"
    if "sales_floor.manage" in role.permissions:
        send(client, f"{floor}/visit/{visit.id}/end")
        ended = ground.read(lambda s: s.find(Visit, visit.id))
        assert ended.state == "ended"


def test_a_known_name_typed_but_not_picked_is_asked_about(
    ground: Any, login: Callable[..., FlaskClient], frozen_clock: Any
) -> None:
    """Nobody who comes back becomes somebody new because the desk typed on."""
    from zhike_sales_floor.services import floor
    from zhike_sales_floor.services.arrivals import Person

    ground.sign_in("AB")
    first = ground.arrive(Person(name="罗艳", phone="13812345678"))
    ground.do(lambda s: floor.end_visit(s, first.visit_id, result="considering"))
    frozen_clock.set(ground.now + timedelta(minutes=1))
    client = login(ground.company, list(ROLES[0].permissions))
    path = f"/p/sales_floor/floor/{ground.unit}/arrive"
    fields = read_page(client.get(path).get_data(as_text=True)).form(css_class="zk-form").values
    values = {**fields, "who": "罗艳", "idempotency_key": uuid.uuid4().hex}
    answer = client.post(path, data=values)
    text = answer.get_data(as_text=True)
    assert answer.status_code == 422
    offered = read_page(text).values_of("same")
    assert len(offered) == 2
    again = {**values, "same": offered[0], "idempotency_key": uuid.uuid4().hex}
    assert client.post(path, data=again).status_code in (302, 303)
    visits = ground.read(lambda s: s.scalars(select(Visit).order_by(Visit.number)).all())
    assert len(visits) == 2
    assert visits[0].customer_id == visits[1].customer_id
    assert ground.letter(visits[1].staff_id) == "A", "his owner, outside the ring"
    other = {**values, "same": "another", "idempotency_key": uuid.uuid4().hex}
    assert client.post(path, data=other).status_code in (302, 303)
    visits = ground.read(lambda s: s.scalars(select(Visit).order_by(Visit.number)).all())
    assert visits[2].customer_id != visits[0].customer_id
