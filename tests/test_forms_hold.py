"""Whatever is sent to a form: no server error, no column that the form does not have.

Every page with a form is opened, its fields are read, and it is sent back with more or with
nonsense (CVE-2026-10868, CVE-2023-34110).
"""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from sqlalchemy import select

from zhike.db.base import Base
from zhike.models.people import Membership, User
from zhike.testing import Page, read_page, sign_in
from zhike.web.app import create_app
from zhike.web.rights import GuardedRule

#: Ends the test's own sign-in, or belongs to the door, which has tests of its own.
LEFT_OUT = ("/logout", "/me/password", "/me/sessions", "/company", "/login", "/confirm", "/api/")
NONSENSE = (
    "",
    " ",
    "'",
    '"; DROP TABLE core__user; --',
    "a\u202eb\u200b",
    "𠮷😀" * 40,
    "９９９",
    "-1",
    "1e309",
    "9" * 40,
    "2026-13-45",
    "0000-00-00",
    "{{7*7}}%(x)s{0}",
    "<script>alert(1)</script>",
    "x" * 20_000,
    "../../../etc/passwd",
    str(uuid.UUID(int=0)),
)
PROTECTED = (
    "id",
    "company_id",
    "is_admin",
    "is_system_admin",
    "created_at",
)


@pytest.fixture(scope="module")
def world(lived_in: Any) -> Any:
    """(mine, theirs, [(address, fields)], browser)."""
    mine, theirs = lived_in
    app = create_app(mine.site)
    client = sign_in(app, mine.site, mine.admin)
    forms = []
    for rule in app.url_map.iter_rules():
        assert isinstance(rule, GuardedRule)
        if "POST" not in (rule.methods or ()) or rule.rule.startswith(LEFT_OUT):
            continue
        values: dict[str, Any] = {}
        for name, converter in rule._converters.items():
            table = name.removesuffix("_id")
            found = [i for t, ids in mine.ids.items() if t.endswith(f"__{table}") for i in ids]
            kind = type(converter).__name__
            if kind == "UUIDConverter":
                values[name] = mine.clerk if name == "user_id" else (found or [uuid.uuid4()])[0]
            elif kind == "AnyConverter":
                values[name] = sorted(converter.items)[0]
            else:
                values[name] = "sales_floor" if kind == "UnicodeConverter" else 1
        built = rule.build(values)
        assert built is not None
        page = Page()
        if "GET" in _methods(app, rule.rule):
            page = read_page(client.get(built[1]).text)
        forms.append((built[1], page.samples))
    return mine, theirs, forms, client


def _methods(app: Any, rule: str) -> set[str]:
    return {m for r in app.url_map.iter_rules() if r.rule == rule for m in r.methods}


def _csrf(client: Any) -> str:
    return read_page(client.get("/company").text).csrf_token


def _key() -> str:
    return uuid.uuid4().hex


def test_nonsense_in_every_field_is_never_a_server_error(world: Any) -> None:
    _mine, theirs, forms, client = world
    token, wrong, asked = _csrf(client), [], 0
    for address, fields in forms:
        names = [n for n in fields if n not in ("csrf_token", "idempotency_key")] or ["x"]
        for text in NONSENSE:
            data = {**dict.fromkeys(names, text), "csrf_token": token, "idempotency_key": _key()}
            answer = client.post(address, data=data)
            asked += 1
            if answer.status_code >= 500 or answer.status_code == 401:
                wrong.append(f"{address} {text[:20]!r}: {answer.status_code}")
            lowered = answer.text.lower() if answer.is_json or "html" in answer.mimetype else ""
            for leak in ("traceback", "sqlalchemy", "select core__", "<script>alert"):
                if leak in lowered:
                    wrong.append(f"{address} {text[:20]!r} shows {leak}")
            if theirs.mark in lowered:
                wrong.append(f"{address} {text[:20]!r} shows the other company")
    assert not wrong, f"{len(wrong)} of {asked}\n" + "\n".join(wrong[:30])
    assert asked > 300


def test_columns_that_a_form_does_not_have_cannot_be_written(world: Any) -> None:
    mine, theirs, forms, client = world
    token = _csrf(client)
    columns = {str(c.name) for t in Base.metadata.tables.values() for c in t.columns}
    evil = {
        name: "1"
        if name.startswith("is_")
        else str(theirs.company)
        if name == "company_id"
        else str(uuid.UUID(int=7))
        if name.endswith("id")
        else "2001-01-01T00:00:00Z"
        for name in sorted(columns)
    }
    before, protected = theirs.dump(), _protected(mine)
    for address, fields in forms:
        extra = {k: v for k, v in evil.items() if k not in fields}
        data = {**fields, **extra, "csrf_token": token, "idempotency_key": _key()}
        assert client.post(address, data=data).status_code < 500, address
    assert theirs.dump() == before
    after = _protected(mine)
    for key, values in protected.items():
        if key in after:
            assert after[key] == values, key
    assert _joined(mine.company, protected, after) == [], "somebody was made a member"
    planted = {str(uuid.UUID(int=7)), "2001-01-01 00:00:00+00:00"}
    new = [values for key, values in after.items() if key not in protected]
    assert not [v for values in new for v in values if str(v) in planted], "a column was planted"


def _joined(
    company: int, before: dict[tuple[str, Any], Any], after: dict[tuple[str, Any], Any]
) -> list[Any]:
    """Memberships that are gone, or new without being those of an account made with them."""
    known = {key[1] for key in before if key[0] == "core__user"}
    gone = [key for key in before if key[0] == "membership" and key not in after]
    new = [key for key in after if key[0] == "membership" and key not in before]
    accounts = {key[1][1]: key[1][0] for key in new}
    return gone + [user for user, at in accounts.items() if user in known or at != company]


def _protected(mine: Any) -> dict[tuple[str, Any], tuple[Any, ...]]:
    """The columns of every row, scoped or global, that no form may reach."""
    found: dict[tuple[str, Any], tuple[Any, ...]] = {}
    with mine.site.unscoped("comparing rows in a test", write=False) as s:
        for table in mine.tables:
            names = [c for c in table.columns if c.name in PROTECTED]
            if "id" not in table.columns or table.name == "core__login_session":
                continue
            for row in s.execute(select(table.c.id, *names)):
                found[(str(table.name), row[0])] = tuple(row)
        for company, user in s.execute(select(Membership.company_id, Membership.user_id)):
            found[("membership", (company, user))] = (company, user)
        admins = s.scalars(select(User.login).where(User.is_system_admin.is_(True))).all()
        found[("system administrators", 0)] = tuple(admins)
    return found
