"""What each suggested role does all day, sent exactly as the page offers it.

A page leaves out what the reader may not decide; a form must not then refuse the missing answer.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from datetime import timedelta
from html.parser import HTMLParser
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from zhike_sales_floor.models import Visit
from zhike_sales_floor.permissions import ROLES


class Fields(HTMLParser):
    """The fields of the page's main form with the values they stand at."""

    def __init__(self) -> None:
        super().__init__()
        self.values: dict[str, Any] = {}
        self.inside = False
        self.select = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        a = dict(attrs)
        name = a.get("name") or ""
        if tag == "form":
            self.inside = "zk-form" in (a.get("class") or "")
        elif not self.inside:
            return
        elif tag == "input" and a.get("type") in ("radio", "checkbox"):
            if "checked" in a:
                value = a.get("value")
                self.values[name] = "y" if value is None else value
        elif tag in ("input", "textarea") and name:
            self.values[name] = a.get("value") or ""
        elif tag == "select":
            self.select, self.values[name] = name, ""
        elif tag == "option" and self.select and "selected" in a:
            self.values[self.select] = a.get("value") or ""

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self.inside = False
        elif tag == "select":
            self.select = ""


def send(client: FlaskClient, path: str, **typed: Any) -> Any:
    shown = client.get(path)
    assert shown.status_code == 200, shown.status_code
    fields = Fields()
    fields.feed(shown.get_data(as_text=True))
    values = {**fields.values, **typed, "idempotency_key": uuid.uuid4().hex}
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
    fields = Fields()
    fields.feed(client.get(path).get_data(as_text=True))
    values = {**fields.values, "who": "罗艳", "idempotency_key": uuid.uuid4().hex}
    answer = client.post(path, data=values)
    text = answer.get_data(as_text=True)
    assert answer.status_code == 422
    offered = re.findall(r'name="same" value="([^"]+)"', text)
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
