"""Accounts and passwords: what is refused, what is the same login, what ends with an account."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest

from zhike import clock
from zhike.errors import Conflict, NotFound, UserError
from zhike.services import access, door, passwords, people, sessions, tokens
from zhike.site import Site

GOOD = "three grey herons at dawn"


@pytest.mark.parametrize(
    "password",
    [
        "password1",
        "P@ssw0rd!",
        "passw0rd2026",
        "qwertyuiop",
        "asdfghjkl123",
        "1qaz2wsx3edc",
        "12345678",
        "987654321",
        "88888888",
        "5201314520",
        "woaini1314",
        "WoAiNi520!",
        "20081123",
        "1990-01-31",
        "13800138000",
        "abcabcabc",
        "aaaaaaaa",
        "zhike2026",
        "admin@123",
        "ｐａｓｓｗｏｒｄ１",
        "letmein!!!",
        "a1b2c3d4",
        "iloveyou99",
    ],
)
def test_the_first_ones_to_be_guessed_are_refused(password: str) -> None:
    with pytest.raises(UserError) as refused:
        passwords.check(password)
    assert refused.value.field == "password"
    assert refused.value.code == "common"


@pytest.mark.parametrize(
    "password",
    [
        GOOD,
        "黛青藤黄朱砂竹青映山",
        "kX9-vQ2_tLm",
        "correct horse battery",
        "zq8#mmwv",
        "银杏落满二号院的台阶",
    ],
)
def test_a_password_that_is_no_commonplace_is_taken(password: str) -> None:
    passwords.check(password, login="liming", name="李明")


def test_short_long_and_own_name_are_refused() -> None:
    for password, code in (
        ("kX9-vQ2", "too_short"),
        ("k" * 150 + "x9" * 30, "too_long"),
        ("wangfang-kX9v", "own_name"),
        ("XX-WANGFANG-77", "own_name"),
    ):
        with pytest.raises(UserError) as refused:
            passwords.check(password, login="wangfang", name="王芳")
        assert refused.value.code == code


def test_hash_has_the_agreed_parameters_and_verifies_other_spellings() -> None:
    stored = passwords.hash_password("Heron-１２３ dawn")
    assert stored.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert passwords.verify(stored, "Heron-123 dawn")  # full-width digits are the same digits
    assert not passwords.verify(stored, "heron-123 dawn")
    assert not passwords.needs_rehash(stored)
    weaker = "$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHQ$9BsHjJX8gGkGDzyoGs8bHCB6xLiBPnXEPLbgdNAuSl0"
    assert passwords.needs_rehash(weaker)


def test_no_stored_hash_costs_a_hash_and_says_no(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    real = passwords._hasher.verify
    monkeypatch.setattr(
        passwords,
        "_hasher",
        type(
            "Counting",
            (),
            {
                "verify": staticmethod(lambda h, p: asked.append(h) or real(h, p)),
                "hash": passwords._hasher.hash,
            },
        ),
    )
    assert not passwords.verify("", "no password has this text")
    assert not passwords.verify(passwords.hash_password(GOOD), "x" * 5000)
    assert len(asked) == 2


def test_at_most_two_hashes_run_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    running, most, lock, go = 0, 0, threading.Lock(), threading.Event()

    class Slow:
        def hash(self, password: str) -> str:
            nonlocal running, most
            with lock:
                running += 1
                most = max(most, running)
            go.wait(5)
            with lock:
                running -= 1
            return password

    monkeypatch.setattr(passwords, "_hasher", Slow())
    threads = [threading.Thread(target=passwords.hash_password, args=("x",)) for _ in range(6)]
    for thread in threads:
        thread.start()
    while most < 2:
        pass
    go.set()
    for thread in threads:
        thread.join(10)
    assert most == 2


def test_one_login_however_it_is_spelt(site: Site) -> None:
    with site.system() as s:
        amy = people.add_user(s, login=" Amy.Li ", name="李敏").id
    assert people.login_key("ＡＭＹ．ｌｉ") == people.login_key("amy.LI") == "amy.li"
    for twin in ("amy.li", "AMY.LI", "ａｍｙ．ｌｉ", "amy.li "):
        with site.system() as s, pytest.raises(UserError) as refused:
            people.add_user(s, login=twin, name="x")
        assert refused.value.code == "taken"
        with site.system_reader() as s:
            found = people.find_user(s, twin)
            assert found is not None
            assert found.id == amy
    with site.system() as s:
        bob = people.add_user(s, login="bob", name="b").id
    with site.system() as s, pytest.raises(UserError):
        people.rename_login(s, bob, "ＡＭＹ.li")
    with site.system() as s:
        people.rename_login(s, bob, "Robert")
        people.rename_login(s, bob, "robert")  # one's own login in another spelling is free
    for bad in ("", "   ", "a b", "a\tb", "x" * 61, "zero\u200bwidth"):
        with site.system() as s, pytest.raises(UserError) as refused:
            people.add_user(s, login=bad, name="x")
        assert refused.value.field == "login"


def _member(site: Site, login: str, *companies: int, admin: bool = False) -> object:
    with site.system() as s:
        user_id = people.add_user(s, login=login, name=login, must_change_password=False).id
        for company in companies:
            people.add_membership(s, user_id, company)
    for company in companies if admin else ():
        with site.transaction(company) as c:
            access.grant_role(c, user_id, access.ensure_admin_role(c).id)
    return user_id


def _open(site: Site, user_id: object, company: int) -> str:
    with site.system() as s:
        return sessions.open_session(s, user_id, company_id=company, ip="::1", agent="test")


def _alive(site: Site, token: str) -> bool:
    with site.system_reader() as s:
        return sessions.look_up(s.connection(), token) is not None


def _token(site: Site, user_id: object, company: int) -> str:
    with site.transaction(company) as c:
        until = clock.now() + timedelta(days=1)
        return tokens.create(c, user_id, title="t", scopes=["write"], expires_at=until)[1]


def _token_alive(site: Site, text: str) -> bool:
    with site.system_reader() as s:
        return tokens.look_up(s, text) is not None


def test_disabling_ends_everything_at_once(site: Site) -> None:
    amy = _member(site, "amy", 1, 2)
    cookies = [_open(site, amy, 1), _open(site, amy, 2)]
    bearers = [_token(site, amy, 1), _token(site, amy, 2)]
    assert all(_alive(site, c) for c in cookies)
    assert all(_token_alive(site, b) for b in bearers)
    with site.system() as s:
        people.disable(s, amy)
    assert not any(_alive(site, c) for c in cookies)
    assert not any(_token_alive(site, b) for b in bearers)
    with site.system() as s:
        people.enable(s, amy)
    assert not any(_alive(site, c) for c in cookies), "an account opened again gets no old session"
    assert not any(_token_alive(site, b) for b in bearers)


def test_ending_a_membership_ends_only_that_companys_sessions(site: Site) -> None:
    boss, amy = _member(site, "boss", 1, admin=True), _member(site, "amy", 1, 2)
    assert boss
    one, two = _open(site, amy, 1), _open(site, amy, 2)
    bearer_one, bearer_two = _token(site, amy, 1), _token(site, amy, 2)
    with site.transaction(1) as c:
        people.end_membership(c, amy)
    assert (_alive(site, one), _alive(site, two)) == (False, True)
    assert (_token_alive(site, bearer_one), _token_alive(site, bearer_two)) == (False, True)


def test_the_last_administrator_stays(site: Site) -> None:
    boss = _member(site, "boss", 1, admin=True)
    cookie = _open(site, boss, 1)
    for act in (people.end_membership, people.disable_in):
        with pytest.raises(Conflict) as refused, site.transaction(1) as c:
            act(c, boss)
        assert refused.value.code == "last_admin"
    assert _alive(site, cookie), "a refused change ends nothing"


def test_a_company_disables_only_its_own_people(site: Site) -> None:
    _member(site, "boss", 1, admin=True)
    stranger, shared = _member(site, "stranger", 2), _member(site, "shared", 1, 2)
    with pytest.raises(NotFound), site.transaction(1) as c:
        people.disable_in(c, stranger)
    with pytest.raises(UserError) as refused, site.transaction(1) as c:
        people.disable_in(c, shared)
    assert refused.value.code == "shared_user"


def test_tokens_state_their_end_and_scopes(site: Site) -> None:
    amy = _member(site, "amy", 1)
    now = clock.now()
    for scopes, until, title in (
        (["read"], now - timedelta(seconds=1), "t"),
        (["read"], now + timedelta(days=400), "t"),
        ([], now + timedelta(days=1), "t"),
        (["admin"], now + timedelta(days=1), "t"),
        (["read"], now + timedelta(days=1), "  "),
    ):
        with pytest.raises(UserError), site.transaction(1) as c:
            tokens.create(c, amy, title=title, scopes=scopes, expires_at=until)
    text = _token(site, amy, 1)
    with site.system_reader() as s:
        who = tokens.look_up(s, text)
        assert who is not None
        assert who.scopes == {"read", "write"}
        assert who.company is not None
        assert who.company.id == 1
        assert tokens.look_up(s, text + "x") is None
        assert tokens.look_up(s, "zk_") is None
    with clock.frozen(now + timedelta(days=2)):
        assert not _token_alive(site, text)


def test_tokens_are_listed_and_ended_by_user_and_company(site: Site) -> None:
    amy, bob = _member(site, "amy", 1, 2), _member(site, "bob", 1)
    texts = [_token(site, amy, 1), _token(site, amy, 2), _token(site, bob, 1)]

    def alive() -> list[bool]:
        return [_token_alive(site, text) for text in texts]

    with site.transaction(1) as c:
        (own,) = tokens.list_open(c, amy)
        (bobs,) = tokens.list_open(c, bob)
        assert not tokens.revoke(c, amy, bobs.id), "somebody else's"
    with site.transaction(2) as c:
        assert not tokens.revoke(c, amy, own.id), "another company's"
    assert alive() == [True, True, True]
    with site.transaction(1) as c:
        assert tokens.revoke(c, amy, own.id)
        assert not tokens.revoke(c, amy, own.id), "it has ended already"
        assert not tokens.list_open(c, amy)
    assert alive() == [False, True, True]
    texts[0] = _token(site, amy, 1)
    with site.transaction(1) as c:
        assert tokens.revoke_all(c, amy, company_id=1) == 1
    assert alive() == [False, True, True]
    with site.system() as s:
        assert tokens.revoke_all(s, amy) == 1
    assert alive() == [False, False, True]


def test_a_token_opens_no_company_that_its_user_does_not_belong_to(site: Site) -> None:
    text = _token(site, _member(site, "amy", 2), 1)
    with site.system_reader() as s:
        who = tokens.look_up(s, text)
    assert who is None or who.company is None


def test_session_ends_idle_and_absolutely(site: Site) -> None:
    amy, start = _member(site, "amy", 1), clock.now()
    with clock.frozen(start):
        token = _open(site, amy, 1)
    with clock.frozen(start + timedelta(minutes=30)):
        assert _alive(site, token)
    with clock.frozen(start + timedelta(minutes=30, seconds=1)):
        assert not _alive(site, token)
    at = start
    while at < start + timedelta(hours=12) - timedelta(minutes=20):
        at += timedelta(minutes=20)
        with clock.frozen(at), site.system() as s:
            who = sessions.look_up(s.connection(), token)
            assert who is not None
            sessions.touch(s, who.session_id)
    with clock.frozen(start + timedelta(hours=12)):
        assert not _alive(site, token), "twelve hours are the end, however busy"


def test_sessions_long_ended_are_forgotten(site: Site) -> None:
    amy, start = _member(site, "amy", 1), clock.now()
    for days in (0, 150, 210):
        with clock.frozen(start + timedelta(days=days)):
            last = _open(site, amy, 1)
    with clock.frozen(start + timedelta(days=210)):
        with site.system() as s:
            assert sessions.prune(s, timedelta(days=200)) == 1
            assert sessions.prune(s, timedelta(days=200)) == 0
        assert _alive(site, last)


def test_rotation_ends_the_old_token_and_only_one_wins(site: Site) -> None:
    amy = _member(site, "amy", 1)
    old = _open(site, amy, 1)
    with site.system() as s:
        who = sessions.look_up(s.connection(), old)
        assert who is not None
        new = sessions.rotate(s, who.session_id, old)
        assert new is not None
        assert sessions.rotate(s, who.session_id, old) is None
    assert not _alive(site, old)
    assert _alive(site, new)


def test_role_change_asks_for_a_new_token(site: Site) -> None:
    amy = _member(site, "amy", 1, 2)
    one, two = _open(site, amy, 1), _open(site, amy, 2)
    with site.transaction(1) as c:
        sessions.roles_changed(c, amy)
    with site.system_reader() as s:
        first, second = sessions.look_up(s.connection(), one), sessions.look_up(s.connection(), two)
    assert first is not None
    assert second is not None
    assert (first.must_rotate, second.must_rotate) == (True, False)


@pytest.mark.parametrize(
    ("ip", "prefix"),
    [
        ("203.0.113.77", "203.0.113.0/24"),
        ("::ffff:203.0.113.77", "203.0.113.0/24"),
        ("2001:db8:1:2ff:ffff::1", "2001:db8:1:200::/56"),
        ("", ""),
        ("not an address", ""),
    ],
)
def test_networks_are_counted_as_one(ip: str, prefix: str) -> None:
    assert door.ip_prefix(ip) == prefix
