"""The JSON API: who is let in, what is taken, how errors are told, what is done once."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from pydantic import BaseModel
from sqlalchemy import select

from zhike import clock
from zhike.contributions import ApiResource, Permission
from zhike.errors import ConfigError
from zhike.models.ledger import LedgerLine
from zhike.models.party import Party
from zhike.models.people import Role
from zhike.services import access, organisation, parties, people, tokens
from zhike.site import Site
from zhike.testing import TwoCompanies, make_user
from zhike.web.rest import mount, openapi

from .conftest import Browser

Login = Callable[..., FlaskClient]
GREET = "/api/v1/acme_hello/greet"


class Program:
    """A client with a bearer token."""

    def __init__(self, client: FlaskClient, token: str) -> None:
        self.client = client
        self.headers = {"Authorization": f"Bearer {token}"}

    def __call__(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        more = {"json": body} if body is not None else {}
        return self.client.open(path, method=method, headers={**self.headers, **headers}, **more)


@pytest.fixture
def program(site: Site, app: Flask) -> Callable[..., Program]:
    """``program(company, permissions, scopes)``: a program that acts for a new user."""

    def make(
        company_id: int,
        permissions: list[str] | None = None,
        scopes: tuple[str, ...] = ("write",),
        days: int = 1,
        scope: str = "all",
    ) -> Program:
        user_id = make_user(site, company_id, permissions, scope=scope)
        with site.transaction(company_id) as s:
            until = clock.now() + timedelta(days=days)
            _row, text = tokens.create(s, user_id, title="t", scopes=scopes, expires_at=until)
        program = Program(app.test_client(), text)
        program.user_id = user_id
        return program

    return make


def _problem(answer: Any, status: int, code: str) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.mimetype == "application/problem+json"
    body: dict[str, Any] = answer.json
    assert body["status"] == status
    assert body["code"] == code
    assert body["detail"]
    return body


def test_who_is_let_in(app: Flask, company: int, program: Callable[..., Program]) -> None:
    good = program(company)
    assert good("GET", "/api/v1/core/me").json["company"]["slug"] == "lanjing"
    stranger = app.test_client()
    bad = stranger.get("/api/v1/core/me")
    _problem(bad, 401, "sign_in_needed")
    assert bad.headers["WWW-Authenticate"].startswith("Bearer")
    text = good.headers["Authorization"]
    for header in (
        "Bearer x",
        "Bearer zk_x",
        "Basic YTpi",
        text + "x",
        text.replace("Bearer", "Basic"),
        text[:-1],
        "Bearer",
        "zk_x",
    ):
        answer = stranger.get("/api/v1/core/me", headers={"Authorization": header})
        _problem(answer, 401, "sign_in_needed")
    assert stranger.get("/me", headers=good.headers).status_code == 302, "pages take no tokens"


def test_a_token_ends_with_time_account_password_and_membership(
    site: Site, company: int, program: Callable[..., Program], frozen_clock: Any
) -> None:
    make_user(site, company)
    for end in ("time", "disable", "membership", "must_change", "revoke"):
        one = program(company, days=2)
        user_id = one.user_id
        assert one("GET", "/api/v1/core/me").status_code == 200
        if end == "time":
            frozen_clock.move(days=2)
        elif end == "disable":
            with site.system() as s:
                people.disable(s, user_id)
        elif end == "membership":
            with site.transaction(company) as c:
                people.end_membership(c, user_id)
        elif end == "must_change":
            with site.system() as s:
                people.set_password(s, user_id, "", must_change=True)
        else:
            with site.transaction(company) as c:
                tokens.revoke(c, user_id, tokens.list_open(c, user_id)[0].id)
        assert one("GET", "/api/v1/core/me").status_code == 401, end


def test_the_last_use_of_a_token_is_noted_at_most_once_a_minute(
    site: Site, company: int, program: Callable[..., Program], frozen_clock: Any
) -> None:
    one = program(company)

    def used() -> Any:
        one("GET", "/api/v1/core/me")
        with site.reader(company) as s:
            return tokens.list_open(s, one.user_id)[0].used_at

    first = used()
    assert first == clock.now()
    frozen_clock.move(seconds=59)
    assert used() == first
    frozen_clock.move(seconds=2)
    assert used() == clock.now()


def test_a_reading_token_only_reads(
    site: Site, company: int, program: Callable[..., Program]
) -> None:
    reader = program(company, scopes=("read",))
    assert reader("GET", "/api/v1/acme_hello/greetings").status_code == 200
    _problem(reader("POST", GREET, {"name": "x"}), 403, "scope")
    with site.reader(company) as s:
        assert parties.count(s) == 0


def test_a_token_can_do_no_more_than_its_user(
    company: int, program: Callable[..., Program]
) -> None:
    viewer = program(company, ["acme_hello.view"])
    assert viewer("GET", "/api/v1/acme_hello/greetings").status_code == 200
    _problem(viewer("POST", GREET, {"name": "x"}), 403, "forbidden")
    for path in ("/api/v1/core/ledger", "/api/v1/core/staff", "/api/v1/core/parties?q=a"):
        _problem(viewer("GET", path), 403, "forbidden")


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b'{"name": "wuli"}', "application/json", 201),
        (b'{"name": "wuli"}', "application/json; charset=utf-8", 201),
        (b'{"name": "wuli"}', "text/plain", 415),
        (b"name=wuli", "application/x-www-form-urlencoded", 415),
        (b"", "application/json", 400),
        (b"{", "application/json", 400),
        (b"[" * 100_000, "application/json", 400),
        (b'{"name": "a", "name": "b"}', "application/json", 400),
        (b'{"name": NaN}', "application/json", 400),
        (b'{"name": "\\ud800"}', "application/json", 400),
        (b'{"name": "a\\u0000b"}', "application/json", 400),
        (b'\xff\xfe{"name": "wuli"}', "application/json", 400),
        (b'{"name": ' + b"9" * 5000 + b"}", "application/json", 400),
        (b"[]", "application/json", 422),
        (b"null", "application/json", 422),
        (b"{}", "application/json", 422),
        (b'{"name": ""}', "application/json", 422),
        (b'{"name": 7}', "application/json", 422),
        (b'{"name": ["wuli", "wang"]}', "application/json", 422),
        (b'{"name": "wuli", "company_id": 2}', "application/json", 422),
        (b'{"name": "wuli", "id": "x", "is_admin": true}', "application/json", 422),
    ],
)
def test_what_is_sent_is_read_strictly(
    site: Site,
    company: int,
    program: Callable[..., Program],
    body: bytes,
    kind: str,
    status: int,
) -> None:
    one = program(company)
    answer = one.client.post(GREET, data=body, content_type=kind, headers=one.headers)
    assert answer.status_code == status, answer.text
    with site.reader(company) as s:
        assert parties.count(s) == (1 if status == 201 else 0)
    if status == 422:
        problem = _problem(answer, 422, "validation")
        assert problem["errors"]["details"]
        assert "wuli" not in json.dumps(problem["errors"])


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("", 200),
        ("names=a&names=b", 200),
        ("loud=true", 200),
        ("loud=1", 422),
        ("loud=1&loud=0", 400),
        ("loud=perhaps", 422),
        ("company_id=2", 422),
        ("loud=%00", 400),
        ("loud=%ff", 422),
    ],
)
def test_queries_are_read_strictly(
    company: int, program: Callable[..., Program], query: str, status: int
) -> None:
    one = program(company)
    answer = one("GET", f"/api/v1/acme_hello/greetings?{query}")
    assert answer.status_code == status, answer.text
    assert one("GET", "/api/v1/core/me?x=1").status_code == 400


def test_wrong_addresses_and_methods_are_problems(
    company: int, program: Callable[..., Program]
) -> None:
    one = program(company)
    wrong = one("DELETE", GREET)
    _problem(wrong, 405, "method_not_allowed")
    assert set(wrong.headers["Allow"].split(", ")) == {"OPTIONS", "POST"}
    _problem(one("GET", "/api/v1/core/nothing"), 404, "not_found")
    _problem(one("GET", "/api/v1/core/parties/not-a-uuid"), 404, "not_found")
    _problem(one("GET", f"/api/v1/core/parties/{uuid.uuid4()}"), 404, "not_found")
    _problem(one("GET", "/api/nothing"), 404, "not_found")


def test_the_same_key_does_the_same_thing_once(
    site: Site, company: int, program: Callable[..., Program]
) -> None:
    one, other = program(company), program(company)
    key = {"Idempotency-Key": "key-" + "1" * 20}
    first = one("POST", GREET, {"name": "wuli"}, **key)
    again = one("POST", GREET, {"name": "wuli"}, **key)
    assert first.status_code == again.status_code == 201
    assert first.data == again.data
    with site.reader(company) as s:
        assert parties.count(s) == 1
    _problem(one("POST", GREET, {"name": "wang"}, **key), 409, "idempotency_key_reused")
    _problem(other("POST", GREET, {"name": "wuli"}, **key), 409, "idempotency_key_reused")
    _problem(
        one("POST", GREET, {"name": "wuli"}, **{"Idempotency-Key": "x"}), 400, "idempotency_key"
    )
    assert one("POST", GREET, {"name": "wuli"}).status_code == 201
    with site.reader(company) as s:
        assert parties.count(s) == 2


def test_a_browser_needs_the_csrf_header(site: Site, company: int, signed_in: Browser) -> None:
    client = signed_in.client
    _problem(client.post(GREET, json={"name": "wuli"}), 400, "csrf")
    token = signed_in.csrf()
    good = client.post(GREET, json={"name": "wuli"}, headers={"X-CSRFToken": token})
    assert good.status_code == 201
    cross = {"X-CSRFToken": token, "Sec-Fetch-Site": "cross-site"}
    _problem(client.post(GREET, json={"name": "wuli"}, headers=cross), 403, "forbidden")


def test_customers_are_found_registered_and_unmasked(
    site: Site, company: int, program: Callable[..., Program]
) -> None:
    one = program(company)
    made = one("POST", "/api/v1/core/parties", {"name": "李敏", "phone": "138 0013 8000"})
    assert made.status_code == 201
    assert "8000" in made.json["phone_masked"]
    assert "13800138000" not in made.text
    address = f"/api/v1/core/parties/{made.json['id']}"
    assert one("GET", address).json == made.json
    assert one("GET", "/api/v1/core/parties?q=limin").json["items"] == [made.json]
    assert one("POST", f"{address}/reveal", {}).status_code == 422
    shown = one("POST", f"{address}/reveal", {"reason": "return call"})
    assert shown.json == {"phone": "138 0013 8000"}
    with site.reader(company) as s:
        line = s.scalars(select(LedgerLine).where(LedgerLine.action == "core.party.reveal")).one()
    assert line.reason == "return call"
    assert line.user_id == one.user_id
    bad = one("POST", "/api/v1/core/parties", {"name": "x", "phone": "abc"})
    assert _problem(bad, 422, "phone")["field"] == "phone"
    nobody = program(company, ["core.party.view"])
    assert nobody("POST", f"{address}/reveal", {"reason": "x"}).status_code == 403


def test_the_look_up_goes_across_sites_and_nothing_else_does(
    site: Site, company: int, program: Callable[..., Program]
) -> None:
    with site.transaction(company) as s:
        mine, other = (
            organisation.add_unit(s, name=name, code=name, kind="site").id for name in ("甲", "乙")
        )
        known = {
            unit: parties.create(s, name="李敏", phone=phone, owner_unit_id=unit, note="嫌贵").id
            for unit, phone in ((mine, "13800138000"), (other, "13900138000"), (None, ""))
        }
    person = program(company, ["core.party.view"], scope="unit")
    with site.transaction(company) as s:
        role = s.scalars(select(Role).where(Role.title.like("role of%"))).one()
        revealing = access.save_role(
            s, role_id=role.id, title=role.title, permissions=("core.party.reveal",)
        )
        access.grant_role(s, person.user_id, revealing.id, unit_id=mine, scope="unit")
    found = person("GET", "/api/v1/core/parties?q=limin")
    assert {(hit["id"], hit["owner_unit_id"]) for hit in found.json["items"]} == {
        (str(party), str(unit) if unit == mine else None) for unit, party in known.items()
    }
    assert "嫌贵" not in found.text
    for unit, party in known.items():
        address = f"/api/v1/core/parties/{party}"
        wanted = 200 if unit == mine else 403
        assert person("GET", address).status_code == wanted
        shown = person("POST", f"{address}/reveal", {"reason": "x"})
        assert (shown.status_code, "138000" in shown.text) == (wanted, unit == mine)
    with site.reader(company) as s:
        lines = s.execute(select(LedgerLine.action, LedgerLine.result)).all()
    assert lines.count(("core.party.reveal", "ok")) == 1
    assert lines.count(("core.denied", "denied")) == 4


def test_one_s_own_customers_are_opened_in_the_app_that_knows_them(
    site: Site, company: int, program: Callable[..., Program]
) -> None:
    with site.transaction(company) as s:
        party = parties.create(s, name="李敏", phone="13800138000").id
    rep = program(company, ["core.party.reveal"], scope="own")
    assert len(rep("GET", "/api/v1/core/parties?q=limin").json["items"]) == 1
    assert rep("GET", f"/api/v1/core/parties/{party}").status_code == 403
    shown = rep("POST", f"/api/v1/core/parties/{party}/reveal", {"reason": "x"})
    assert shown.status_code == 403


def test_no_ledger_no_number(
    site: Site, company: int, program: Callable[..., Program], monkeypatch: pytest.MonkeyPatch
) -> None:
    one = program(company)
    made = one("POST", "/api/v1/core/parties", {"name": "李敏", "phone": "13800138000"}).json

    def broken(*args: Any, **more: Any) -> Any:
        raise OSError("the disk is full")

    monkeypatch.setattr("zhike.services.ledger.append", broken)
    answer = one("POST", f"/api/v1/core/parties/{made['id']}/reveal", {"reason": "x"})
    _problem(answer, 500, "internal_error")
    assert "13800138000" not in answer.text
    assert "disk" not in answer.text


def test_another_companys_records_do_not_exist(
    site: Site, two_companies: TwoCompanies, program: Callable[..., Program]
) -> None:
    here, there = program(two_companies.a), program(two_companies.b)
    made = there(
        "POST", "/api/v1/core/parties", {"name": "别家的客户", "phone": "13911112222"}
    ).json
    for method, path, body in (
        ("GET", f"/api/v1/core/parties/{made['id']}", None),
        ("POST", f"/api/v1/core/parties/{made['id']}/reveal", {"reason": "x"}),
    ):
        _problem(here(method, path, body), 404, "not_found")
    assert here("GET", "/api/v1/core/parties?q=2222").json == {"items": []}
    assert "别家" not in here("GET", "/api/v1/core/ledger").text
    assert len(here("GET", "/api/v1/core/companies").json["items"]) == 1


def test_the_ledger_is_paged(site: Site, company: int, program: Callable[..., Program]) -> None:
    from zhike.services import ledger

    one = program(company, ["core.ledger.view"])
    for n in range(7):
        with site.transaction(company) as s:
            ledger.append(s, "core.test", object=f"core:test:{n}")
    seen, before = [], ""
    while True:
        page = one("GET", f"/api/v1/core/ledger?action=core.test&limit=3{before}").json
        seen += [line["object"] for line in page["items"]]
        if page["next"] is None:
            break
        before = f"&before={page['next']}"
    assert seen == [f"core:test:{n}" for n in range(6, -1, -1)]


def test_the_description_is_openapi_and_holds_what_is_active(
    company: int, program: Callable[..., Program]
) -> None:
    document = program(company)("GET", "/api/v1/openapi.json").json
    assert document["openapi"].startswith("3.1")
    assert "/api/v1/core/parties/{party_id}" in document["paths"]
    greet = document["paths"]["/api/v1/acme_hello/greet"]["post"]
    assert greet["x-permission"] == "acme_hello.edit"
    assert {"201", "400", "401", "403", "409", "415", "422"} <= greet["responses"].keys()
    for reference in set(_refs(document)):
        place: Any = document
        for part in reference.removeprefix("#/").split("/"):
            place = place[part]


def _refs(value: Any) -> list[str]:
    if isinstance(value, dict):
        own = [value["$ref"]] if isinstance(value.get("$ref"), str) else []
        return own + [ref for part in value.values() for ref in _refs(part)]
    if isinstance(value, list):
        return [ref for part in value for ref in _refs(part)]
    return []


class _Out(BaseModel):
    """An answer."""

    x: int


def _resource(**changes: Any) -> ApiResource:
    given = {
        "name": "acme.x",
        "method": "GET",
        "path": "x",
        "view": lambda: None,
        "permission": "acme.x",
        "summary": "x",
        "response": _Out,
    }
    return ApiResource(**{**given, **changes})


def test_operations_state_their_right() -> None:
    assert Permission(name="acme.x", title="x")
    for bad in ({"permission": ""}, {"permission": "other.x"}):
        with pytest.raises(ConfigError):
            mount.access_of("acme", _resource(**bad))
    assert mount.access_of("acme", _resource()).permission == "acme.x"


def test_two_models_of_one_name_are_refused() -> None:
    class Other(BaseModel):
        """Something else."""

        y: str

    Other.__name__ = "_Out"
    with pytest.raises(ValueError, match="_Out"):
        openapi.build(
            [("acme", _resource()), ("acme", _resource(name="acme.y", path="y", response=Other))]
        )


def test_nothing_of_a_person_is_written_by_naming_columns(
    site: Site, company: int, program: Callable[..., Program]
) -> None:
    one = program(company, ["core.party.edit"])
    for column in Party.__table__.columns:
        if column.name in ("name", "kind", "salutation", "owner_unit_id", "note"):
            continue
        body = {"name": "x", column.name: "1"}
        assert one("POST", "/api/v1/core/parties", body).status_code == 422, column.name
    with site.reader(company) as s:
        assert parties.count(s) == 0
