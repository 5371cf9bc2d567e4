"""The JSON operations do what the pages do."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest

from zhike.api import clock


@pytest.fixture
def api(ground, login):
    """An administrator's client that speaks JSON at the floor's own time."""
    browser = login(ground.company)
    base = f"/api/v1/sales_floor/floor/{ground.unit}"

    def call(method, path, body=None, key=None, **kw):
        headers = {"Idempotency-Key": key or uuid.uuid4().hex} if method != "get" else {}
        with clock.frozen(ground.now):
            return getattr(browser, method)(
                path if path.startswith(("/api", "/p/")) else f"{base}/{path}",
                json=body,
                headers=headers,
                **kw,
            )

    return call


def test_a_morning_by_json(ground, api):
    a, b = ground.reps["A"], ground.reps["B"]
    for rep in (a, b):
        answer = api("post", f"reps/{rep}/act", {"action": "sign_in"})
        assert answer.status_code == 200, answer.json
    first = api("post", "arrivals", {"persons": [{"name": "张伟", "phone": "13812345678"}]})
    assert first.status_code == 201, first.json
    assert first.json["assigned"] == str(a)
    assert first.json["rules"] == ["SF-A-01"]
    assert first.json["sentence"]
    board = api("get", "board").json
    assert [v["label"] for v in board["in_reception"]] == ["张伟"]
    visit = first.json["visit_id"]
    assert api("post", f"visits/{visit}/end", {"grade": "A"}).status_code == 200
    listed = api("get", "customers?grade=A").json["customers"]
    assert [(c["name"], c["owner_id"]) for c in listed] == [("张伟", str(a))]
    customer = listed[0]["id"]
    assert api("post", f"customers/{customer}/contacts", {"kind": "call"}).json["counted"] is True
    deal = api(
        "post",
        "deals",
        {"customer_id": customer, "property": "3-2-1201", "amount_fen": 286_000_000},
    )
    assert deal.status_code == 201, deal.json
    shown = api("get", f"deals/{deal.json['deal_id']}").json
    assert [(s["staff_id"], s["performance"], s["commission"]) for s in shown["shares"]] == [
        (str(a), 10_000, 10_000)
    ]
    assert api("post", f"deals/{deal.json['deal_id']}/refund", {"reason": "退"}).status_code == 200
    assert api("get", f"deals/{deal.json['deal_id']}").json["state"] == "refunded"
    lines = api("get", "registers/SFF-01").json["lines"]
    assert [line["visitor"] for line in lines] == ["张伟"]
    why = api("get", f"/api/v1/sales_floor/decisions/{first.json['decision_id']}")
    assert "张伟" in why.json["sentences"][0]


def test_one_key_is_one_arrival(ground, api):
    api("post", f"reps/{ground.reps['A']}/act", {"action": "sign_in"})
    body = {"persons": [{"name": "李娜", "phone": "13900001111"}]}
    first = api("post", "arrivals", body, key="k" * 20)
    again = api("post", "arrivals", body, key="k" * 20)
    assert first.json == again.json
    assert len(api("get", "visits").json["visits"]) == 1


def test_bad_input_is_a_problem_and_changes_nothing(ground, api):
    for path, body, status in (
        ("arrivals", {"persons": []}, 422),
        ("arrivals", {"unknown": 1}, 422),
        ("arrivals", {"persons": [{"phone": "abc"}]}, 422),
        (f"reps/{ground.reps['A']}/act", {"action": "out", "reason": "holiday"}, 422),
        (f"visits/{uuid.uuid4()}/end", {}, 404),
        (f"reps/{uuid.uuid4()}/act", {"action": "sign_in"}, 409),
    ):
        answer = api("post", path, body)
        assert answer.status_code == status, (path, answer.json)
        assert answer.mimetype == "application/problem+json"
    assert api("get", "visits").json["visits"] == []


def test_an_exhibition_has_its_own_method_until_its_end(ground, api):
    for letter in "AB":
        api("post", f"reps/{ground.reps[letter]}/act", {"action": "sign_in"})
    ring = [str(ground.reps[letter]) for letter in "ABCD"]
    until = (ground.now + timedelta(hours=2)).isoformat()
    body = {"on": True, "method": "first_free", "until": until, "reason": "开盘"}
    assert api("post", "event-mode", {**body, "until": "2020-01-01T00:00:00Z"}).status_code == 422
    assert api("post", "event-mode", {**body, "until": "2030-01-01T00:00:00"}).status_code == 422
    assert api("post", "event-mode", body).status_code == 200
    first = api("post", "arrivals", {}).json
    assert (first["kind"], first["via"], first["ring"]) == ("event", "uncounted", ring)
    api("post", f"visits/{first['visit_id']}/end", {})
    ground.now += timedelta(hours=2, minutes=1)
    after = api("post", "arrivals", {}).json
    assert (after["kind"], after["via"]) == ("new", "turn")
    assert api("post", "event-mode", {"on": False, "reason": "结束"}).status_code == 200


def test_a_quarrel_is_on_record_and_costs_nothing_under_the_twelve_rules(ground, api):
    api("post", f"reps/{ground.reps['A']}/act", {"action": "sign_in"})
    api("post", "arrivals", {"persons": [{"name": "张伟"}]})
    customer = api("get", "customers").json["customers"][0]["id"]
    deal = api("post", "deals", {"customer_id": customer, "property": "1", "amount_fen": 1}).json
    answer = api("post", f"deals/{deal['deal_id']}/quarrel", {"reason": "争吵"})
    assert answer.status_code == 200, answer.json
    assert "SF-D-41" in answer.json["rules"]
    shares = api("get", f"deals/{deal['deal_id']}").json["shares"]
    assert [share["staff_id"] for share in shares] == [str(ground.reps["A"])]


def test_a_poached_visitor_by_json_names_both(ground, api):
    for letter in "ABC":
        api("post", f"reps/{ground.reps[letter]}/act", {"action": "sign_in"})
    body = {"taken_by": str(ground.reps["C"]), "flag": "poach", "reason": "抢"}
    done = api("post", "arrivals", body).json
    a, c = str(ground.reps["A"]), str(ground.reps["C"])
    assert (done["assigned"], done["rightful"], done["received_by"]) == (a, a, c)
    (shown,) = api("get", "board").json["in_reception"]
    assert (shown["staff_id"], shown["due_id"], shown["flag"], shown["offender_id"]) == (
        c,
        a,
        "poach",
        c,
    )
    (line,) = api("get", "visits").json["visits"]
    assert (line["flag"], line["offender_id"], line["due_id"]) == ("poach", c, a)
    back = api("post", f"visits/{done['visit_id']}/hand-over", {"reason": "交还"}).json
    assert (back["assigned"], back["handed_over_by"]) == (a, c)


def test_an_id_nobody_has_is_not_found_and_changes_nothing(ground, api):
    api("post", f"reps/{ground.reps['A']}/act", {"action": "sign_in"})
    nobody = str(uuid.uuid4())
    arrived = api("post", "arrivals", {"persons": [{"name": "张伟"}]})
    known = api("get", "customers").json["customers"][0]["id"]
    for path, body in (
        ("arrivals", {"persons": [{"party_id": nobody}]}),
        ("arrivals", {"introducer": nobody}),
        ("roster", {"staff": [nobody]}),
        ("deals", {"customer_id": known, "property": "1", "amount_fen": 1, "staff_id": nobody}),
    ):
        answer = api("post", path, body)
        assert answer.status_code == 404, (path, body, answer.json)
    assert arrived.status_code == 201
    assert len(api("get", "visits").json["visits"]) == 1
    assert api("get", "deals").json["deals"] == []


def test_a_contact_before_all_time_is_refused(ground, api):
    api("post", f"reps/{ground.reps['A']}/act", {"action": "sign_in"})
    api("post", "arrivals", {"persons": [{"name": "张伟"}]})
    known = api("get", "customers").json["customers"][0]["id"]
    for text in ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00"):
        body = {"kind": "call", "occurred_at": text}
        answer = api("post", f"customers/{known}/contacts", body)
        assert (answer.status_code, answer.json["field"]) == (422, "occurred_at")
    assert api("get", f"/p/sales_floor/floor/{ground.unit}/customers/{known}").status_code == 200


def test_staff_named_at_the_door_are_the_company_s_own(ground, api):
    """Names go into the floor's event, which nobody can mend."""
    nobody = str(uuid.uuid4())
    for body in ({"asks_for": nobody}, {"names": [nobody]}, {"refuses": [nobody]}):
        assert api("post", "arrivals", body).status_code == 404, body
    assert api("get", "visits").json["visits"] == []


def test_days_beyond_the_calendar_are_refused(ground, api):
    body = {"on": True, "method": "manual", "reason": "展会", "until": "9999-12-31T23:59:59Z"}
    answer = api("post", "event-mode", body)
    assert (answer.status_code, answer.json["field"]) == (422, "until")
    for day in ("0001-01-01", "9999-12-31"):
        answer = api("get", f"registers/SFF-63?day={day}")
        assert (answer.status_code, answer.json["field"]) == (422, "day")
