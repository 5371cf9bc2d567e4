"""The ledger: what is hashed, who may append, what verification finds (T-L1)."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import exc, select

from zhike import clock
from zhike.db.guards import install_guards, missing_guards, remove_guards
from zhike.db.session import Actor
from zhike.errors import ScopeError
from zhike.models.company import Company
from zhike.models.ledger import LedgerHead, LedgerLine, SiteLedgerLine
from zhike.models.people import AuthEvent
from zhike.services import ledger
from zhike.services.ledger import anchors as anchors_module
from zhike.services.ledger import check
from zhike.services.ledger.canonical import FACTS, GENESIS, row_bytes
from zhike.site import Site

NOON = datetime(2026, 11, 21, 4, 0, 0, 123456, tzinfo=UTC)


def write(site: Site, company: int, count: int, action: str = "core.test.done") -> None:
    for number in range(count):
        with site.transaction(company) as s:
            ledger.append(s, action, object=f"core:thing:{number}", body={"n": number})


def lines(site: Site, company: int) -> list[LedgerLine]:
    with site.reader(company) as s:
        return list(s.scalars(select(LedgerLine).order_by(LedgerLine.seq)))


# -- canonical form ------------------------------------------------------------------------------


def test_golden_vector_of_the_canonical_form_and_the_hash() -> None:
    facts = {
        "chain": 7,
        "seq": 1,
        "id": "0190c0de-0000-7000-8000-000000000001",
        "at": "2026-11-21T04:00:00.123Z",
        "actor": {"kind": "user", "user": None, "staff": None, "name": "", "ip": "::1"},
        "action": "core.policy.published",
        "object": "core:policy_version:0190c0de-0000-7000-8000-000000000002",
        "result": "ok",
        "reason": "七天改十天",
        "body": {"b": [1, True, None], "a": {"ü": "é"}},
    }
    assert (
        ledger.canonical_json(facts)
        == (
            '{"action":"core.policy.published","actor":{"ip":"::1","kind":"user","name":"",'
            '"staff":null,"user":null},"at":"2026-11-21T04:00:00.123Z","body":{"a":{"ü":"é"},'
            '"b":[1,true,null]},"chain":7,"id":"0190c0de-0000-7000-8000-000000000001",'
            '"object":"core:policy_version:0190c0de-0000-7000-8000-000000000002",'
            '"reason":"七天改十天","result":"ok","seq":1}'
        ).encode()
    )
    assert (
        ledger.line_hash(GENESIS, ledger.canonical_json(facts)).hex()
        == "3ae584602195f753524b8266b41d66b3d7c0a0ae559c6cf0bfd90f5e468e6e0d"
    )


TEXT = st.text(max_size=12).map(ledger.normalise)
BODY = st.dictionaries(
    TEXT,
    st.recursive(
        st.none() | st.booleans() | st.integers() | TEXT,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
        max_leaves=6,
    ),
    max_size=4,
)
PERSON = st.none() | st.uuids()


@given(
    chain=st.integers(0, 10**6),
    seq=st.integers(1, 10**9),
    line_id=st.uuids(),
    at=st.datetimes(timezones=st.just(UTC)),
    people=st.tuples(PERSON, PERSON),
    words=st.tuples(*[TEXT] * 6),
    object_=st.none() | TEXT,
    body=BODY,
)
def test_the_quick_spelling_of_a_line_is_the_canonical_one(
    chain: int,
    seq: int,
    line_id: uuid.UUID,
    at: datetime,
    people: tuple[uuid.UUID | None, uuid.UUID | None],
    words: tuple[str, ...],
    object_: str | None,
    body: dict[str, Any],
) -> None:
    (user, staff), (kind, name, ip, action, result, reason) = people, words
    facts = {
        "chain": chain,
        "seq": seq,
        "id": line_id,
        "at": at,
        "actor": {"kind": kind, "user": user, "staff": staff, "name": name, "ip": ip},
        "action": action,
        "object": object_,
        "result": result,
        "reason": reason,
        "body": body,
    }
    assert ledger.line_bytes(
        chain, seq, line_id, at, kind, user, staff, name, ip, action, object_, result, reason, body
    ) == ledger.canonical_json(ledger.normalise(facts))


def test_everything_in_a_row_is_hashed() -> None:
    columns = {column.key for column in LedgerLine.__table__.columns}
    assert columns - {"company_id", "prev", "hash"} == set(FACTS)
    assert {c.key for c in SiteLedgerLine.__table__.columns} == columns - {"company_id"}


def test_normal_form() -> None:
    stated = {
        "e\u0301": "e\u0301",
        "id": uuid.UUID(int=1),
        "at": NOON.astimezone(UTC),
        "on": date(2026, 11, 21),
        "list": (1, [True, None]),
        "nul": "a\0b",
        "lone": "\ud800",
    }
    assert ledger.normalise(stated) == {
        "\u00e9": "\u00e9",
        "id": "00000000-0000-0000-0000-000000000001",
        "at": "2026-11-21T04:00:00.123Z",
        "on": "2026-11-21",
        "list": [1, [True, None]],
        "nul": "a\ufffdb",
        "lone": "?",
    }


@pytest.mark.parametrize("bad", [1.0, {"a": 0.1}, {1: "a"}, b"x", {"a": {1, 2}}])
def test_what_has_no_one_spelling_is_refused(bad: Any) -> None:
    with pytest.raises(TypeError):
        ledger.normalise(bad)


def test_a_naive_instant_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        ledger.normalise({"at": datetime(2026, 1, 1)})  # noqa: DTZ001  naive on purpose


# -- appending -----------------------------------------------------------------------------------


def test_a_line_commits_with_its_act_and_verifies(
    any_site: Site, new_company: Callable[..., int]
) -> None:
    company = new_company(any_site)
    who = Actor(kind="user", user_id=uuid.uuid4(), name="李经理", ip="10.0.0.7")
    with clock.frozen(NOON), any_site.transaction(company, who) as s:
        line_id = ledger.append(
            s, "core.party.revealed", object="core:party:1", body={"列": "电话"}, reason="回访"
        )
    (line,) = lines(any_site, company)
    assert (line.id, line.seq, line.prev) == (line_id, 1, GENESIS)
    assert line.at == NOON.replace(microsecond=123000)
    assert (line.actor_kind, line.user_id, line.ip) == ("user", who.user_id, "10.0.0.7")
    assert line.actor_name == ""  # a person's name stays in his own record
    assert line.hash == ledger.line_hash(GENESIS, row_bytes(company, line))
    report = ledger.verify(any_site, company)
    assert (report.ok, report.rows, report.reason) == (True, 1, "")


def test_a_rolled_back_act_leaves_no_line_and_no_gap(
    any_site: Site, new_company: Callable[..., int]
) -> None:
    company = new_company(any_site)
    write(any_site, company, 2)
    with pytest.raises(RuntimeError), any_site.transaction(company) as s:
        ledger.append(s, "core.test.undone")
        raise RuntimeError
    write(any_site, company, 1)
    assert [(line.seq, line.action) for line in lines(any_site, company)] == [
        (1, "core.test.done"),
        (2, "core.test.done"),
        (3, "core.test.done"),
    ]


def test_a_savepoint_takes_its_lines_with_it(
    any_site: Site, new_company: Callable[..., int]
) -> None:
    company = new_company(any_site)
    with any_site.transaction(company) as s:
        ledger.append(s, "core.test.before")
        with pytest.raises(RuntimeError), s.begin_nested():
            ledger.append(s, "core.test.inside")
            with s.begin_nested():
                ledger.append(s, "core.test.deeper")
            raise RuntimeError
        with s.begin_nested():
            ledger.append(s, "core.test.kept")
        ledger.append(s, "core.test.after")
    assert [line.action for line in lines(any_site, company)] == [
        "core.test.before",
        "core.test.kept",
        "core.test.after",
    ]
    assert ledger.verify(any_site, company).ok


def test_companies_and_the_site_have_chains_of_their_own(
    any_site: Site, new_company: Callable[..., int]
) -> None:
    one, two = new_company(any_site, "one"), new_company(any_site, "two")
    write(any_site, one, 3)
    write(any_site, two, 2)
    with any_site.system(Actor(kind="cli", name="root")) as s:
        ledger.append(s, "core.company.created", body={"slug": "one"})
        ledger.append(s, "core.company.created", body={"slug": "two"})
    assert [line.seq for line in lines(any_site, one)] == [1, 2, 3]
    assert [line.seq for line in lines(any_site, two)] == [1, 2]
    with any_site.system_reader() as s:
        site_lines = list(s.scalars(select(SiteLedgerLine).order_by(SiteLedgerLine.seq)))
    assert [(line.seq, line.actor_name) for line in site_lines] == [(1, "root"), (2, "root")]
    assert [(r.chain, r.ok, r.rows) for r in ledger.verify_all(any_site)] == [
        (0, True, 2),
        (one, True, 3),
        (two, True, 2),
    ]


def test_a_session_that_only_reads_cannot_append(site: Site, company: int) -> None:
    with site.reader(company) as s, pytest.raises(ScopeError):
        ledger.append(s, "core.test.done")


@pytest.mark.parametrize("action", ["", "nodot", "Core.Upper", "core.", "core.a b", "core.x;drop"])
def test_a_malformed_action_is_refused(site: Site, company: int, action: str) -> None:
    with site.transaction(company) as s, pytest.raises(ValueError, match="action"):
        ledger.append(s, action)


def test_fingerprint_tells_change_and_not_text(site: Site, company: int) -> None:
    with site.reader(company) as s:
        same = ledger.fingerprint(s, "13812345678")
        assert same == ledger.fingerprint(s, "13812345678")
        assert same != ledger.fingerprint(s, "13812345679")
        assert len(same) == 32


def test_odd_bodies_survive_the_database(any_site: Site, new_company: Callable[..., int]) -> None:
    company = new_company(any_site)
    body = {
        "z": 1, "a": 2, "大": 10**30, "neg": -(2**63), "deep": {"b": [{}, [], ""], "a": "\u2028"},
        "emoji": "👩‍👩‍👧", "nul": "\0", "quote": "\"'\\", "ctl": "\x01\x1f", "slash": "</script>",
    }  # fmt: skip
    with any_site.transaction(company) as s:
        ledger.append(s, "core.test.done", body=body, reason="\ud800")
    assert ledger.verify(any_site, company).ok


# -- guards --------------------------------------------------------------------------------------


@pytest.mark.parametrize("table", ["core__ledger", "core__site_ledger"])
@pytest.mark.parametrize("sql", ["UPDATE {} SET reason = 'x'", "DELETE FROM {}"])
def test_the_database_refuses_changes(
    any_site: Site, new_company: Callable[..., int], table: str, sql: str
) -> None:
    write(any_site, new_company(any_site), 1)
    with any_site.system() as s:
        ledger.append(s, "core.test.done")
    with (
        pytest.raises(exc.DBAPIError, match="append-only"),
        any_site.engines.write.begin() as connection,
    ):
        connection.exec_driver_sql(sql.format(table))


@pytest.mark.postgresql
def test_postgresql_refuses_truncate(postgresql_site: Site) -> None:
    with (
        pytest.raises(exc.DBAPIError, match="append-only"),
        postgresql_site.engines.write.begin() as connection,
    ):
        connection.exec_driver_sql("TRUNCATE core__ledger")


def test_guards_can_be_put_back_and_missed(any_site: Site) -> None:
    with any_site.engines.write.begin() as connection:
        assert missing_guards(connection) == []
        remove_guards(connection)
        assert "core__ledger_no_update" in missing_guards(connection)
        install_guards(connection)
        install_guards(connection)
        assert missing_guards(connection) == []


# -- T-L1: six attacks by somebody who owns the database ------------------------------------------


def attack(site: Site, *statements: str) -> None:
    with site.engines.write.begin() as connection:
        remove_guards(connection)
        for statement in statements:
            connection.exec_driver_sql(statement)


def rewrite(
    site: Site, company: int, alter: Callable[[list[LedgerLine]], list[LedgerLine]]
) -> None:
    """Alter the chain and make every hash, and the head, fit again."""
    rows = alter(lines(site, company))
    prev, made = GENESIS, []
    for number, row in enumerate(rows, 1):
        row.seq = number
        row.prev = prev
        row.hash = prev = ledger.line_hash(prev, row_bytes(company, row))
        made.append({c.key: getattr(row, c.key) for c in LedgerLine.__table__.columns})
    attack(site, f"DELETE FROM core__ledger WHERE company_id = {company}")
    with site.transaction(company) as s:
        for values in made:
            s.add(LedgerLine(**{**values, "id": uuid.UUID(str(values["id"]))}))
        head = s.scalars(select(LedgerHead)).one()
        head.seq, head.hash = len(made), prev


def edit(row: LedgerLine) -> LedgerLine:
    row.reason = "altered"
    return row


def tampered(site: Site, company: int, how: str) -> int:
    """Tamper with a chain of ten lines; the number of the first line that must be named."""
    where = f"WHERE company_id = {company} AND seq"
    if how == "edit":
        attack(site, f"UPDATE core__ledger SET reason = 'x' {where} = 4")
        return 4
    if how == "delete":
        attack(site, f"DELETE FROM core__ledger {where} = 4")
        return 4
    if how == "insert":
        forged = lines(site, company)[3]
        attack(site, *(
            f"UPDATE core__ledger SET seq = {seq + 1} {where} = {seq}" for seq in range(10, 3, -1)
        ))  # fmt: skip
        with site.transaction(company) as s:
            values = {c.key: getattr(forged, c.key) for c in LedgerLine.__table__.columns}
            s.add(LedgerLine(**{**values, "id": uuid.uuid4(), "reason": "forged"}))
            s.scalars(select(LedgerHead)).one().seq = 11
        return 4
    if how == "swap":
        attack(
            site,
            f"UPDATE core__ledger SET seq = 99 {where} = 4",
            f"UPDATE core__ledger SET seq = 4 {where} = 5",
            f"UPDATE core__ledger SET seq = 5 {where} = 99",
        )
        return 4
    if how == "truncate":
        rewrite(site, company, lambda rows: rows[:7])
        return 8
    rewrite(site, company, lambda rows: [edit(row) if row.seq == 4 else row for row in rows])
    return 10


@pytest.mark.parametrize("how", ["edit", "delete", "insert", "swap", "truncate", "rewrite"])
def test_tampering_is_found_and_the_first_line_is_named(
    any_site: Site, new_company: Callable[..., int], how: str
) -> None:
    company, other = new_company(any_site, "one"), new_company(any_site, "two")
    write(any_site, company, 10)
    write(any_site, other, 3)
    assert ledger.anchor(any_site) == 2
    assert ledger.verify(any_site, company).anchored_to == 10
    first = tampered(any_site, company, how)
    report = ledger.verify(any_site, company)
    assert (report.ok, report.first_bad_seq) == (False, first)
    assert report.reason
    assert ledger.verify(any_site, other).ok


@pytest.mark.parametrize("how", ["truncate", "rewrite"])
def test_only_anchors_find_a_chain_made_anew(site: Site, company: int, how: str) -> None:
    write(site, company, 10)
    tampered(site, company, how)
    assert ledger.verify(site, company).ok  # the honest limit: nothing was anchored


def test_a_line_past_the_head_and_a_wrong_head_are_found(site: Site, company: int) -> None:
    write(site, company, 3)
    attack(site, f"UPDATE core__ledger_head SET seq = 2 WHERE company_id = {company}")
    report = ledger.verify(site, company)
    assert (report.first_bad_seq, report.reason) == (3, check.BEYOND)
    attack(site, f"UPDATE core__ledger_head SET seq = 5 WHERE company_id = {company}")
    report = ledger.verify(site, company)
    assert (report.first_bad_seq, report.reason) == (4, check.CUT)
    attack(site, f"DELETE FROM core__ledger_head WHERE company_id = {company}")
    assert not ledger.verify(site, company).ok


def test_a_line_cannot_be_moved_to_another_company(
    site: Site, company: int, new_company: Callable[..., int]
) -> None:
    write(site, company, 1)
    other = new_company(site, "other")
    attack(
        site,
        f"UPDATE core__ledger SET company_id = {other}",
        f"UPDATE core__ledger_head SET company_id = {other}",
    )
    assert ledger.verify(site, other).reason == check.ALTERED


# -- anchors -------------------------------------------------------------------------------------


def test_anchors_are_written_once_and_every_thousand_lines(
    site: Site, company: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    from zhike.services.ledger import chain

    monkeypatch.setattr(chain, "EVERY", 5)
    write(site, company, 12)
    path = anchors_module.anchor_file(site, company)
    assert [a.seq for a in ledger.read_anchors(site, path, company)] == [5, 10]
    assert ledger.anchor(site) == 1
    assert ledger.anchor(site) == 0
    assert [a.seq for a in ledger.read_anchors(site, path, company)] == [5, 10, 12]
    assert path.stat().st_mode & 0o777 == 0o600
    assert (site.config.home / "keys" / "anchor.key").stat().st_mode & 0o777 == 0o600


def test_a_forged_anchor_is_refused(site: Site, company: int) -> None:
    write(site, company, 3)
    ledger.anchor(site)
    path = anchors_module.anchor_file(site, company)
    line = json.loads(path.read_text())
    line["hash"] = "00" * 32
    path.write_text(json.dumps(line) + "\n")
    report = ledger.verify(site, company)
    assert (report.ok, report.reason) == (False, check.ANCHORS)
    path.write_text("not json\n")
    assert ledger.verify(site, company).reason == check.ANCHORS


def test_an_anchor_file_kept_elsewhere_is_compared_besides(
    site: Site, company: int, tmp_path: Path
) -> None:
    write(site, company, 10)
    ledger.anchor(site)
    own = anchors_module.anchor_file(site, company)
    elsewhere = tmp_path / "mailed.jsonl"
    elsewhere.write_bytes(own.read_bytes())
    tampered(site, company, "rewrite")
    own.unlink()  # whoever owns the machine deletes the local anchors too
    assert ledger.verify(site, company).ok
    report = ledger.verify(site, company, from_anchor=elsewhere)
    assert (report.ok, report.first_bad_seq, report.reason) == (False, 10, check.REWRITTEN)
    assert ledger.verify(site, company, from_anchor=tmp_path / "none").reason == check.ANCHORS


# -- sealing of sign-in events -------------------------------------------------------------------


def knock(site: Site, at: datetime, login: str) -> None:
    with site.system() as s:
        s.add(AuthEvent(at=at, kind="failed", login_key=login, ip_prefix="10.0.0.0/24", detail={}))


def test_sign_in_events_are_sealed_and_tampering_is_found(any_site: Site) -> None:
    for minute in range(3):
        for second in (1, 7, 30):
            knock(any_site, NOON + timedelta(minutes=minute, seconds=second), f"u{minute}{second}")
    with clock.frozen(NOON + timedelta(minutes=2)):
        assert ledger.seal_auth_events(any_site) == 3  # younger than a minute: not yet
    with clock.frozen(NOON + timedelta(minutes=9)):
        assert ledger.seal_auth_events(any_site) == 6
        assert ledger.seal_auth_events(any_site) == 0
    found = ledger.verify_auth_seals(any_site)
    assert (found.ok, found.seals, found.events) == (True, 2, 9)
    assert ledger.verify(any_site, 0).rows == 2  # nothing happened: no third line
    with any_site.system() as s:
        s.delete(s.scalars(select(AuthEvent).where(AuthEvent.login_key == "u17")).one())
    found = ledger.verify_auth_seals(any_site)
    assert (found.ok, found.bad_seq) == (False, 2)


def test_what_was_pruned_is_told_from_what_was_removed(any_site: Site) -> None:
    knock(any_site, NOON, "old")
    assert ledger.prune_auth_events(any_site) == 0  # never before it is sealed
    with clock.frozen(NOON + timedelta(minutes=5)):
        ledger.seal_auth_events(any_site)
    for number in range(2):
        knock(any_site, NOON + timedelta(days=150), f"new{number}")
    with clock.frozen(NOON + timedelta(days=201)):
        ledger.seal_auth_events(any_site)
        assert ledger.prune_auth_events(any_site) == 1
        assert ledger.prune_auth_events(any_site) == 0
    found = ledger.verify_auth_seals(any_site)
    assert (found.ok, found.seals, found.events) == (True, 1, 2)
    with any_site.system() as s:
        s.delete(s.scalars(select(AuthEvent).where(AuthEvent.login_key == "new0")).one())
    assert not ledger.verify_auth_seals(any_site).ok


def test_merkle_roots_of_different_lists_differ() -> None:
    from zhike.services.ledger.auth_seal import merkle_root

    lists = [
        [],
        [b"a"],
        [b"a", b"b"],
        [b"b", b"a"],
        [b"a", b"b", b"b"],
        [b"ab"],
        [b"a", b"b", b"c"],
    ]
    assert len({merkle_root(leaves) for leaves in lists}) == len(lists)


def test_the_company_row_is_not_touched_by_a_line(site: Site, company: int) -> None:
    with site.system_reader() as s:
        before = s.get_one(Company, company).generation
    write(site, company, 1)
    with site.system_reader() as s:
        assert s.get_one(Company, company).generation == before
