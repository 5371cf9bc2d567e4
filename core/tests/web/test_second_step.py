"""Signing in in two steps: setting up, the door, recovery, the company's demand, the reset."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pyotp
import pytest
from click.testing import CliRunner
from flask.testing import FlaskClient
from sqlalchemy import select

from zhike import clock
from zhike.cli import cli
from zhike.errors import ZhikeError
from zhike.models.ledger import LedgerLine
from zhike.models.people import AuthEvent, User
from zhike.models.second_step import RecoveryCode, SecondStep
from zhike.services import door, passwords, people, second_step, settings
from zhike.site import Site
from zhike.testing import FrozenClock, TwoCompanies, make_user

from .conftest import PASSWORD, Browser

NewBrowser = Callable[[], Browser]
START = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


@pytest.fixture
def now(frozen_clock: FrozenClock) -> FrozenClock:
    frozen_clock.set(START)
    return frozen_clock


@pytest.fixture(autouse=True)
def unhashed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Passwords compared without their cost."""
    monkeypatch.setattr(
        passwords, "verify", lambda stored, typed: bool(stored) and typed == PASSWORD
    )


def code_of(site: Site, user_id: uuid.UUID) -> str:
    """What the phone shows now."""
    with site.system_reader() as s:
        row = s.get(SecondStep, user_id)
        assert row is not None
        secret = site.keys.unseal_for_site("core__second_step", user_id, row.sealed)
    return str(pyotp.TOTP(secret).at(int(clock.now().timestamp())))


def wrong(code: str) -> str:
    return f"{(int(code) + 1) % 1_000_000:06d}"


@pytest.fixture
def codes(site: Site, amy: uuid.UUID, now: FrozenClock) -> list[str]:
    """Amy's recovery codes; her second step is on since a minute ago."""
    with site.system() as s:
        second_step.begin(s, amy)
    with site.system() as s:
        made = second_step.confirm(s, amy, code_of(site, amy))
    assert made is not None
    now.move(minutes=1)
    return made


def type_code(browser: Browser, code: str) -> Any:
    return browser.post("/login/code", {"code": code}, form_at="/login/code")


def test_setting_up_shows_a_code_to_scan_and_recovery_codes_once(
    site: Site, browser: Browser, amy: uuid.UUID, now: FrozenClock, company: int
) -> None:
    browser.sign_in("amy", PASSWORD)
    page = browser.get("/me/second-step").text
    assert "两步登录" in page
    answer = browser.post("/me/second-step", {"act": "begin"}, form_at="/me/second-step")
    assert answer.headers["Location"] == "/me/second-step/new"
    shown = browser.get("/me/second-step/new").text
    assert '<svg class="zk-qrcode"' in shown
    assert "style=" not in shown
    bad = browser.post(
        "/me/second-step/new",
        {"code": wrong(code_of(site, amy))},
        form_at="/me/second-step/new",
    )
    assert bad.status_code == 422
    with site.system_reader() as s:
        assert people.get_user(s, amy).second_step_at is None
    done = browser.post(
        "/me/second-step/new", {"code": code_of(site, amy)}, form_at="/me/second-step/new"
    )
    made = re.findall(r"<li><code>([a-z0-9-]{19})</code></li>", done.text)
    assert len(set(made)) == second_step.CODES
    with site.system_reader() as s:
        assert people.get_user(s, amy).second_step_at is not None
        kept = s.scalars(select(RecoveryCode)).all()
        sealed = s.scalars(select(SecondStep.sealed)).one()
    assert all(code.encode() not in row.code_hash for code in made for row in kept)
    secret = re.sub(r"\s", "", re.search(r"user-select-all zk-break\">([^<]+)<", shown)[1])
    assert secret.encode() not in sealed
    assert browser.get("/me/second-step/new").status_code == 303, "shown once"
    with site.reader(company) as s:
        actions = s.scalars(select(LedgerLine.action)).all()
    assert "core.user.second_step_on" in actions


def test_the_door_asks_for_the_code_after_the_password(
    site: Site, browser: Browser, amy: uuid.UUID, codes: list[str]
) -> None:
    answer = browser.sign_in("amy", PASSWORD, data={"next": "/me"})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/login/code")
    assert browser.get("/me").status_code == 302, "the password alone opens nothing"
    page = browser.get("/login/code").text
    assert 'autocomplete="one-time-code"' in page
    assert type_code(browser, wrong(code_of(site, amy))).status_code == 401
    done = type_code(browser, f" {code_of(site, amy)[:3]} {code_of(site, amy)[3:]}")
    assert (done.status_code, done.headers["Location"]) == (303, "/me")
    assert browser.get("/me").status_code == 200


def test_a_code_opens_once(
    site: Site, new_browser: NewBrowser, amy: uuid.UUID, codes: list[str]
) -> None:
    first, second = new_browser(), new_browser()
    code = code_of(site, amy)
    first.sign_in("amy", PASSWORD)
    assert type_code(first, code).status_code == 303
    second.sign_in("amy", PASSWORD)
    assert type_code(second, code).status_code == 401
    assert second.get("/me").status_code == 302


def test_a_clock_that_is_half_a_minute_off_still_opens(
    site: Site, new_browser: NewBrowser, amy: uuid.UUID, codes: list[str], now: FrozenClock
) -> None:
    first, second = new_browser(), new_browser()
    code = code_of(site, amy)
    now.move(seconds=30)
    first.sign_in("amy", PASSWORD)
    assert type_code(first, code).status_code == 303
    now.move(minutes=5)
    late = code_of(site, amy)
    now.move(seconds=90)
    second.sign_in("amy", PASSWORD)
    assert type_code(second, late).status_code == 401


def test_a_recovery_code_opens_once_in_any_spelling(
    site: Site, new_browser: NewBrowser, amy: uuid.UUID, codes: list[str]
) -> None:
    first, second = new_browser(), new_browser()
    first.sign_in("amy", PASSWORD)
    assert type_code(first, codes[0].upper().replace("-", " ")).status_code == 303
    second.sign_in("amy", PASSWORD)
    assert type_code(second, codes[0]).status_code == 401
    with site.system_reader() as s:
        assert second_step.codes_left(s, amy) == second_step.CODES - 1
        kinds = s.scalars(select(AuthEvent.kind)).all()
    assert "recovery_code_used" in kinds


def test_guessing_codes_is_counted_by_the_door(
    site: Site, browser: Browser, amy: uuid.UUID, codes: list[str]
) -> None:
    browser.sign_in("amy", PASSWORD)
    answers = [type_code(browser, wrong(code_of(site, amy))).status_code for _n in range(5)]
    assert answers == [401, 401, 401, 401, 429], "the password's own try counts until it all opens"
    assert type_code(browser, code_of(site, amy)).status_code == 429


def test_good_sign_ins_leave_no_failed_tries(
    site: Site, new_browser: NewBrowser, amy: uuid.UUID, codes: list[str], now: FrozenClock
) -> None:
    for _n in range(6):
        browser = new_browser()
        browser.sign_in("amy", PASSWORD)
        assert type_code(browser, code_of(site, amy)).status_code == 303
        now.move(seconds=60)
    with site.system_reader() as s:
        assert door.failed_tries(s, amy) == 0


def test_what_waits_for_a_code_ends(
    site: Site, browser: Browser, amy: uuid.UUID, codes: list[str], now: FrozenClock
) -> None:
    browser.sign_in("amy", PASSWORD)
    token = browser.csrf("/login/code")
    now.move(minutes=6)
    answer = browser.client.post(
        "/login/code", data={"csrf_token": token, "code": code_of(site, amy)}
    )
    assert answer.headers["Location"] == "/login"
    assert browser.get("/login/code").status_code == 303
    assert browser.get("/me").status_code == 302


def test_a_password_changed_in_between_ends_what_waits(
    site: Site, browser: Browser, amy: uuid.UUID, codes: list[str]
) -> None:
    browser.sign_in("amy", PASSWORD)
    with site.system() as s:
        people.set_password(s, amy, "another hash", must_change=False)
    assert type_code(browser, code_of(site, amy)).status_code == 401


def test_nobody_gets_to_the_code_without_the_password(browser: Browser, codes: list[str]) -> None:
    assert browser.get("/login/code").headers["Location"] == "/login"
    answer = browser.post("/login/code", {"code": codes[0]}, form_at="/login")
    assert answer.headers["Location"] == "/login"


def test_a_secret_moved_to_another_account_does_not_open(
    site: Site, company: int, amy: uuid.UUID, codes: list[str]
) -> None:
    bea = make_user(site, company, login="bea")
    with site.system() as s:
        row = s.get(SecondStep, amy)
        assert row is not None
        s.add(SecondStep(user_id=bea, sealed=row.sealed))
        people.get_user(s, bea).second_step_at = clock.now()
    with site.system() as s, pytest.raises(ZhikeError, match="altered"):
        second_step.check(s, bea, "123456")


# --- one's own page ------------------------------------------------------------------------------


def enter(site: Site, browser: Browser, user_id: uuid.UUID, now: FrozenClock) -> None:
    browser.sign_in("amy", PASSWORD)
    assert type_code(browser, code_of(site, user_id)).status_code == 303
    now.move(seconds=60)


def test_new_codes_and_switching_off_need_the_phone(
    site: Site, browser: Browser, amy: uuid.UUID, codes: list[str], now: FrozenClock
) -> None:
    enter(site, browser, amy, now)
    own = "/me/second-step"
    bad = browser.post(own, {"act": "off", "code": wrong(code_of(site, amy))}, form_at=own)
    assert bad.status_code == 422
    made = browser.post(own, {"act": "codes", "code": code_of(site, amy)}, form_at=own)
    fresh = re.findall(r"<li><code>([a-z0-9-]{19})</code></li>", made.text)
    assert len(fresh) == second_step.CODES
    assert not set(fresh) & set(codes)
    now.move(seconds=60)
    gone = browser.post(own, {"act": "off", "code": codes[1]}, form_at=own)
    assert gone.status_code == 422, "the old recovery codes are worthless"
    done = browser.post(own, {"act": "off", "code": fresh[0]}, form_at=own)
    assert done.status_code == 303
    with site.system_reader() as s:
        assert people.get_user(s, amy).second_step_at is None
        assert s.scalars(select(RecoveryCode)).all() == []


def test_an_old_proof_of_the_password_is_not_enough(
    site: Site, browser: Browser, amy: uuid.UUID, codes: list[str], now: FrozenClock
) -> None:
    enter(site, browser, amy, now)
    now.move(minutes=11)
    answer = browser.post(
        "/me/second-step", {"act": "off", "code": codes[0]}, form_at="/me/second-step"
    )
    assert answer.headers["Location"] == "/confirm?next=/me/second-step"


# --- the company's demand ------------------------------------------------------------------------


def demand(site: Site, company: int, whom: str) -> None:
    with site.transaction(company) as s:
        settings.set_many(s, "core", {"second_step": whom})


@pytest.mark.parametrize(
    ("whom", "clerk", "keeper", "chief"),
    [
        ("none", False, False, False),
        ("admins", False, False, True),
        ("critical", False, False, True),
        ("sensitive", False, True, True),
        ("all", True, True, True),
    ],
)
def test_of_whom_it_is_demanded(
    site: Site,
    company: int,
    login: Callable[..., FlaskClient],
    whom: str,
    clerk: bool,
    keeper: bool,
    chief: bool,
) -> None:
    browsers = {
        "clerk": login(company, ["core.party.view"]),
        "keeper": login(company, ["core.party.reveal"]),
        "chief": login(company),
    }
    demand(site, company, whom)
    for who, must in (("clerk", clerk), ("keeper", keeper), ("chief", chief)):
        answer = browsers[who].get("/")
        assert answer.status_code == (303 if must else 200), (who, whom)
        if must:
            assert answer.headers["Location"] == "/me/second-step"


def test_until_it_is_set_up_nothing_else_opens(
    site: Site, browser: Browser, amy: uuid.UUID, company: int, now: FrozenClock
) -> None:
    browser.sign_in("amy", PASSWORD)
    demand(site, company, "all")
    page = browser.get("/", follow_redirects=True).text
    assert "贵公司要求两步登录" in page
    assert 'action="/logout"' in page, "leaving is always possible"
    refused = browser.client.post(
        "/inbox/read", data={"csrf_token": browser.csrf("/me/second-step")}
    )
    assert refused.status_code == 403
    browser.post("/me/second-step", {"act": "begin"}, form_at="/me/second-step")
    browser.post("/me/second-step/new", {"code": code_of(site, amy)}, form_at="/me/second-step/new")
    assert browser.get("/").status_code == 200
    now.move(seconds=60)
    off = browser.post(
        "/me/second-step", {"act": "off", "code": code_of(site, amy)}, form_at="/me/second-step"
    )
    assert off.status_code == 409


# --- the reset -----------------------------------------------------------------------------------


def test_an_administrator_resets_a_lost_phone(
    site: Site,
    company: int,
    login: Callable[..., FlaskClient],
    browser: Browser,
    amy: uuid.UUID,
    codes: list[str],
    now: FrozenClock,
) -> None:
    enter(site, browser, amy, now)
    chief = Browser(login(company))
    page = f"/admin/users/{amy}"
    assert "重置两步登录" in chief.get(page).text
    assert chief.post(f"{page}/second-step", form_at=page).status_code == 302
    assert browser.get("/me").status_code == 302, "the sign-ins have ended"
    assert browser.sign_in("amy", PASSWORD).headers["Location"] == "/"
    assert chief.post(f"{page}/second-step", form_at=page).status_code == 409
    with site.reader(company) as s:
        line = s.scalars(
            select(LedgerLine).where(LedgerLine.action == "core.user.second_step_reset")
        ).one()
    assert line.object == f"core:user:{amy}"


def test_who_keeps_users_resets_no_administrator_and_no_stranger(
    site: Site,
    two_companies: TwoCompanies,
    login: Callable[..., FlaskClient],
) -> None:
    clerk = Browser(login(two_companies.a, ["core.users"]))
    chief = make_user(site, two_companies.a)
    stranger = make_user(site, two_companies.b)
    shared = make_user(site, two_companies.a, [])
    with site.system() as s:
        people.add_membership(s, shared, two_companies.b)
        for one in (chief, stranger, shared):
            s.add(SecondStep(user_id=one, sealed=b"x"))
            people.get_user(s, one).second_step_at = clock.now()
    for one, status in ((chief, 403), (stranger, 404), (shared, 409)):
        answer = clerk.post(f"/admin/users/{one}/second-step")
        assert answer.status_code == status
    with site.system_reader() as s:
        kept = s.scalars(select(User.id).where(User.second_step_at.is_not(None))).all()
    assert set(kept) == {chief, stranger, shared}


def test_the_command_line_opens_a_site_whose_phones_are_lost(
    site: Site, amy: uuid.UUID, codes: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ZHIKE_HOME", str(site.config.home))
    done = CliRunner().invoke(cli, ["user", "reset-second-step", "amy"])
    assert done.exit_code == 0, done.output
    with site.system_reader() as s:
        assert people.get_user(s, amy).second_step_at is None
        assert s.get(SecondStep, amy) is None
