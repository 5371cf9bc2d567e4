"""Looking as somebody else: what is seen, what is shut, how it ends, what the ledger says."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from zhike.models.ledger import LedgerLine
from zhike.models.people import LoginSession, RoleGrant
from zhike.services import access, people, viewing
from zhike.services.access import Grant, Principal
from zhike.services.organisation import Tree
from zhike.site import Site
from zhike.testing import FrozenClock, TwoCompanies, make_user, sign_in
from zhike.web.rights import GuardedRule

from .conftest import Browser


@dataclass
class Office:
    chief: Browser
    chief_id: uuid.UUID
    rep: uuid.UUID


@pytest.fixture
def office(app: Flask, site: Site, company: int) -> Office:
    chief = make_user(site, company, login="chief")
    rep = make_user(site, company, ["core.drill"], login="rep")
    return Office(Browser(sign_in(app, site, chief)), chief, rep)


def look(browser: Browser, user_id: uuid.UUID, reason: str = "问哪里不对") -> Any:
    page = f"/admin/users/{user_id}/view-as"
    return browser.post(page, {"reason": reason}, form_at=page)


def lines(site: Site, company: int) -> list[LedgerLine]:
    with site.reader(company) as s:
        return list(
            s.scalars(
                select(LedgerLine)
                .where(LedgerLine.action.startswith("core.view_as"))
                .order_by(LedgerLine.seq)
            )
        )


def test_the_pages_are_the_other_s_and_a_bar_says_so(
    office: Office, site: Site, company: int
) -> None:
    before = office.chief.get("/").text
    assert "/admin/users" in before
    assert look(office.chief, office.rep).status_code == 303
    for path in ("/", "/me", "/search?q=x", "/admin/drills"):
        shown = office.chief.get(path)
        assert shown.status_code == 200, path
        assert "正在以 rep 的身份查看" in shown.text, path
    assert 'href="/admin/users"' not in office.chief.get("/").text
    refused = office.chief.get("/admin/users")
    assert refused.status_code == 403
    assert "正在以 rep 的身份查看" in refused.text, "also on pages without the frame"
    started = lines(site, company)[0]
    assert (started.action, started.object) == ("core.view_as.started", f"core:user:{office.rep}")
    assert started.user_id == office.chief_id
    assert started.reason == "问哪里不对"


def test_every_unsafe_method_is_refused(office: Office, app: Flask, site: Site) -> None:
    """Refused at the gate for every route of the application, whatever the token of the form."""
    look(office.chief, office.rep)
    token = office.chief.csrf("/")
    wrong, asked = [], 0
    for rule in app.url_map.iter_rules():
        assert isinstance(rule, GuardedRule)
        assert rule.access is not None
        if rule.access.while_viewing:
            continue
        values = {name: _value(converter) for name, converter in rule._converters.items()}
        built = rule.build(values)
        assert built is not None
        for method in (rule.methods or set()) & {"POST", "PUT", "PATCH", "DELETE"}:
            answer = office.chief.client.open(
                built[1], method=method, headers={"X-CSRFToken": token}
            )
            asked += 1
            if answer.status_code not in (403, 404):
                wrong.append(f"{method} {rule.rule}: {answer.status_code}")
    assert wrong == []
    assert asked > 60
    assert office.chief.get("/").status_code == 200


def _value(converter: Any) -> Any:
    kind = type(converter).__name__
    if kind == "UUIDConverter":
        return uuid.uuid4()
    if kind == "AnyConverter":
        return sorted(converter.items)[0]
    return 1 if kind in ("IntegerConverter", "FloatConverter") else "x"


def test_one_s_own_secrets_stay_shut(office: Office) -> None:
    look(office.chief, office.rep)
    for path in ("/me/password", "/me/sessions", "/me/tokens", "/me/second-step", "/company"):
        assert office.chief.get(path).status_code == 403, path


def test_a_page_that_writes_while_it_is_read_is_refused(
    office: Office, site: Site, company: int, app: Flask
) -> None:
    """An export is a GET; it leaves a line of its own, and so it is no looking."""
    reader = make_user(site, company, ["core.ledger.view"], login="reader")
    look(office.chief, reader)
    assert office.chief.get("/admin/ledger").status_code == 200
    answer = office.chief.get("/admin/ledger/lines.csv")
    assert answer.status_code == 403
    with site.reader(company) as s:
        actions = s.scalars(select(LedgerLine.action)).all()
    assert "core.export" not in actions


def test_nobody_sees_more_than_he_may_himself(app: Flask, site: Site, company: int) -> None:
    """Looking as the administrator shows no more than one's own rights."""
    chief = make_user(site, company, login="chief")
    helper = make_user(site, company, ["core.view_as", "core.users", "core.drill"], login="helper")
    browser = Browser(sign_in(app, site, helper))
    assert look(browser, chief).status_code == 303
    assert browser.get("/admin/drills").status_code == 200
    assert browser.get("/admin/settings").status_code == 403, "the administrator may, helper not"
    assert browser.get("/admin/ledger").status_code == 403


def test_a_system_administrator_s_pages_are_not_shown(
    app: Flask, site: Site, company: int, office: Office
) -> None:
    with site.system() as s:
        people.get_user(s, office.rep).is_system_admin = True
        people.get_user(s, office.chief_id).is_system_admin = True
    assert office.chief.get("/admin/companies").status_code == 200
    look(office.chief, office.rep)
    assert office.chief.get("/admin/companies").status_code == 403
    assert office.chief.get("/admin/backups").status_code == 403


def test_never_across_companies(
    app: Flask, site: Site, two_companies: TwoCompanies, login: Callable[..., FlaskClient]
) -> None:
    chief = Browser(login(two_companies.a))
    stranger = make_user(site, two_companies.b, login="stranger")
    assert chief.get(f"/admin/users/{stranger}/view-as").status_code == 404
    answer = chief.post(f"/admin/users/{stranger}/view-as", {"reason": "x"}, form_at="/")
    assert answer.status_code == 404


def test_oneself_and_closed_accounts_have_no_view(office: Office, site: Site, company: int) -> None:
    assert look(office.chief, office.chief_id).status_code == 422
    assert look(office.chief, office.rep, reason="").status_code == 422
    with site.system() as s:
        people.disable(s, office.rep)
    assert look(office.chief, office.rep).status_code == 422
    assert lines(site, company) == []


def test_without_the_right_no_view(site: Site, company: int, login: Callable[..., Any]) -> None:
    rep = make_user(site, company, [], login="rep")
    keeper = Browser(login(company, ["core.users", "core.roles"]))
    assert keeper.get(f"/admin/users/{rep}/view-as").status_code == 403


def test_the_end_gives_back_one_s_own_pages_and_a_new_token(
    office: Office, site: Site, company: int
) -> None:
    look(office.chief, office.rep)
    during = office.chief.client.get_cookie("zhike_session")
    answer = office.chief.post("/view-as/end", form_at="/")
    assert answer.headers["Location"] == f"/admin/users/{office.rep}"
    assert office.chief.client.get_cookie("zhike_session") != during
    assert office.chief.get("/admin/users").status_code == 200
    assert office.chief.post("/view-as/end", form_at="/").status_code == 303, "safe to repeat"
    assert [line.body.get("why") for line in lines(site, company)] == [None, "asked"]


def test_it_ends_by_itself(
    office: Office, site: Site, company: int, frozen_clock: FrozenClock
) -> None:
    frozen_clock.set(datetime.now(UTC))
    look(office.chief, office.rep)
    frozen_clock.move(minutes=14)
    assert "正在以 rep 的身份查看" in office.chief.get("/").text
    frozen_clock.move(minutes=2)
    shown = office.chief.get("/admin/users")
    assert shown.status_code == 200
    assert "正在以" not in shown.text
    assert "以他人身份查看已结束" in shown.text
    assert [line.body.get("why") for line in lines(site, company)] == [None, "time"]


def test_what_nobody_came_back_to_is_ended_by_the_worker(
    office: Office, site: Site, company: int, frozen_clock: FrozenClock
) -> None:
    frozen_clock.set(datetime.now(UTC))
    look(office.chief, office.rep)
    with site.transaction(company) as s:
        assert viewing.end_expired(s) == 0
    frozen_clock.move(minutes=16)
    with site.transaction(company) as s:
        assert viewing.end_expired(s) == 1
    with site.transaction(company) as s:
        assert viewing.end_expired(s) == 0
    assert [line.body.get("why") for line in lines(site, company)] == [None, "time"]


def test_signing_out_ends_both(office: Office, site: Site, company: int) -> None:
    look(office.chief, office.rep)
    assert office.chief.post("/logout", form_at="/").status_code == 303
    assert [line.body.get("why") for line in lines(site, company)] == [None, "signed_out"]
    with site.system_reader() as s:
        assert s.scalars(select(LoginSession.viewing_as)).all() == [None]


def test_who_loses_the_right_sees_his_own_pages_at_once(
    app: Flask, site: Site, company: int
) -> None:
    helper = make_user(site, company, ["core.view_as", "core.users"], login="helper")
    rep = make_user(site, company, [], login="rep")
    browser = Browser(sign_in(app, site, helper))
    look(browser, rep)
    with site.transaction(company) as s:
        role = s.scalars(select(RoleGrant.role_id).where(RoleGrant.user_id == helper)).one()
        access.save_role(s, role_id=role, title="x", permissions=["core.users"])
    assert "正在以" not in browser.get("/").text
    assert [line.body.get("why") for line in lines(site, company)] == [None, "right"]


def test_a_refusal_while_looking_is_the_viewer_s(office: Office, site: Site, company: int) -> None:
    look(office.chief, office.rep)
    office.chief.get("/admin/users")
    with site.reader(company) as s:
        denied = s.scalars(select(LedgerLine).where(LedgerLine.action == "core.denied")).one()
    assert denied.user_id == office.chief_id
    assert denied.body["viewing_as"] == str(office.rep)


def test_the_frame_of_the_person_looked_at_stays_his(app: Flask, site: Site, company: int) -> None:
    """The menu is kept per person; what a viewer sees of it must not be what that person gets."""
    helper = make_user(site, company, ["core.view_as"], login="helper")
    chief = make_user(site, company, login="chief")
    browser = Browser(sign_in(app, site, helper))
    look(browser, chief)
    assert 'href="/admin/settings"' not in browser.get("/").text
    own = Browser(sign_in(app, site, chief))
    assert 'href="/admin/settings"' in own.get("/").text
    assert 'href="/admin/settings"' not in browser.get("/").text


# --- what is left of two people's reach ----------------------------------------------------------

ONE, TWO, THREE = (uuid.UUID(int=n) for n in (1, 2, 3))


def principal(scope: str, *units: uuid.UUID) -> Principal:
    at = units[0] if units and scope == "own" else None
    grant = Grant(
        role_id=uuid.UUID(int=9),
        role="r",
        permissions=frozenset({"core.drill"}),
        is_admin=False,
        unit_id=at,
        scope=scope,
        custom=frozenset(units),
    )
    return Principal(
        user_id=uuid.uuid4(),
        staff_id=uuid.uuid4(),
        name="x",
        company_id=1,
        grants=(grant,),
        active=frozenset(),
        tree=Tree({}),
        home_units=frozenset(),
        known=frozenset({"core.drill"}),
    )


@pytest.mark.parametrize(
    ("theirs", "mine", "units", "own_units", "everything", "own"),
    [
        (("all",), ("all",), set(), set(), True, False),
        (("all",), ("custom", ONE), {ONE}, set(), False, False),
        (("custom", ONE, TWO), ("custom", TWO, THREE), {TWO}, set(), False, False),
        (("own",), ("all",), set(), set(), False, True),
        (("own",), ("custom", ONE), set(), {ONE}, False, True),
        (("all",), ("own",), set(), set(), False, False),
        (("own",), ("own",), set(), set(), False, False),
    ],
)
def test_reach_is_what_both_reach(
    theirs: Any,
    mine: Any,
    units: set[uuid.UUID],
    own_units: set[uuid.UUID],
    everything: bool,
    own: bool,
) -> None:
    seen = viewing.as_seen_by(principal(*mine), principal(*theirs))
    reach = seen.reach("core.drill")
    assert (reach.everything, reach.own) == (everything, own)
    assert set(reach.units) == units
    assert set(reach.own_units) == own_units
    assert seen.can("core.users").why == "unknown"
    for unit in (ONE, TWO, THREE):
        inside = reach.everything or unit in reach.units or unit in reach.own_units
        if not reach.own or reach.own_units:
            assert bool(seen.can("core.drill", unit)) == inside
