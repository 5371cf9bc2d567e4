"""T-A3: no statement without its company, and nothing of one company in an answer to another."""

from __future__ import annotations

import io
import re
import uuid
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import pypdf
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event, select

from zhike.db.base import Base, is_scoped
from zhike.models.people import RoleGrant
from zhike.services import access
from zhike.services.companies import bump_generation
from zhike.site import Site
from zhike.testing import make_user, read_page, sign_in
from zhike.web.app import create_app
from zhike.web.rights import GuardedRule

WHOLE_SITE = "/admin/health"
#: What an administrator's own click would rightly change, and what would end the test's sign-in.
NOT_CLICKED = ("/logout", "/me/password", "/company", "/login", "/me/sessions")


@dataclass
class Guarded:
    """Statements that touched company tables, and those of them that named no company."""

    company: int
    asked: int = 0
    tables: set[str] = field(default_factory=set)
    bare: list[str] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)


_FROM = re.compile(
    r'(?:\bFROM|\bJOIN|\bUPDATE|,)\s+"?([a-z_]+__[a-z_]+)"?(?:\s+AS\s+"?(\w+)"?)?', re.IGNORECASE
)


@contextmanager
def watching(site: Site, company: int, other: int) -> Iterator[Guarded]:
    """Look at every statement sent while the block runs.

    Each company table in a statement must be held to a company by a bound value, and that value
    must never be the other company's.
    """
    seen = Guarded(company)
    scoped = {str(m.class_.__table__.name) for m in Base.registry.mappers if is_scoped(m.class_)}

    def look(conn: Any, cursor: Any, statement: str, parameters: Any, *rest: Any) -> None:
        names = [(t, alias or t) for t, alias in _FROM.findall(statement) if t in scoped]
        if statement.startswith("INSERT INTO"):
            table = statement.split()[2].strip('"')
            if table in scoped:
                seen.asked += 1
                seen.tables.add(table)
                if "company_id" not in statement:
                    seen.bare.append(statement)
            names = []
        if not names:
            return
        seen.asked += 1
        for table, alias in names:
            seen.tables.add(table)
            if not re.search(rf'"?{alias}"?\.company_id = (\?|%|:)', statement):
                seen.bare.append(f"{table}: {statement}")
        values = parameters.values() if isinstance(parameters, dict) else parameters
        if any(v == other and type(v) is int for v in values) and "LIMIT" not in statement:
            seen.foreign.append(f"{statement} {parameters}")

    engines = (site.engines.read, site.engines.write)
    for engine in engines:
        event.listen(engine, "before_cursor_execute", look)
    try:
        yield seen
    finally:
        for engine in engines:
            event.remove(engine, "before_cursor_execute", look)


@pytest.fixture(scope="module")
def world(lived_in: Any) -> Any:
    """(mine, theirs, application, my administrator's browser)."""
    mine, theirs = lived_in
    app = create_app(mine.site)
    return mine, theirs, app, sign_in(app, mine.site, mine.admin)


def _rules(app: Flask) -> list[GuardedRule]:
    return [r for r in app.url_map.iter_rules() if isinstance(r, GuardedRule)]


def _candidates(lived: Any, name: str) -> list[Any]:
    """Values for a part of an address: rows whose table is called like it, else some of each."""
    short = name.removesuffix("_id")
    exact = [ids for table, ids in lived.ids.items() if table.endswith(f"__{short}")]
    if name in ("user_id",):
        return [lived.clerk]
    chosen = [i for ids in exact for i in ids[:3]]
    if chosen:
        return chosen
    return [ids[0] for ids in lived.ids.values() if ids][:12]


def _addresses(rule: GuardedRule, lived: Any, unit: uuid.UUID | None = None) -> list[str]:
    """Addresses of a rule with ids of ``lived``; ``unit`` stands in for its unit."""
    values: dict[str, list[Any]] = {}
    for name, converter in rule._converters.items():
        kind = type(converter).__name__
        if kind == "UUIDConverter":
            values[name] = [unit] if unit and name == "unit_id" else _candidates(lived, name)
        elif kind in ("IntegerConverter", "FloatConverter"):
            values[name] = [1]
        elif kind == "AnyConverter":
            values[name] = sorted(converter.items)[:1]
        else:
            values[name] = ["sales_floor" if name in ("plugin", "name") else "x"]
    longest = max((len(v) for v in values.values()), default=1)
    found = []
    for n in range(longest):
        built = rule.build({name: v[n % len(v)] for name, v in values.items()})
        assert built is not None
        found.append(built[1])
    return found


def _text(answer: Any) -> str:
    """The words of an answer, also of those packed into a workbook or a PDF."""
    data: bytes = answer.data
    if data.startswith(b"PK"):
        with zipfile.ZipFile(io.BytesIO(data)) as book:
            return "".join(book.read(name).decode("utf-8", "replace") for name in book.namelist())
    if data.startswith(b"%PDF"):
        return "".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(data)).pages)
    return data.decode()


def _csrf(client: FlaskClient) -> str:
    return read_page(client.get("/company").text).csrf_token


def _has_ids(rule: GuardedRule) -> bool:
    return any(type(c).__name__ == "UUIDConverter" for c in rule._converters.values())


def test_the_health_of_the_site_names_nobody(world: Any) -> None:
    """The one page that looks at the whole site: it counts across companies and shows no names."""
    _mine, theirs, _app, client = world
    answer = client.get(WHOLE_SITE)
    assert answer.status_code == 200
    assert theirs.mark not in _text(answer)
    assert "baihe" not in _text(answer)


def test_my_pages_show_mine_and_nothing_of_theirs(world: Any) -> None:
    mine, theirs, app, client = world
    seen_mine = pages = 0
    with watching(mine.site, mine.company, theirs.company) as seen:
        for rule in _rules(app):
            if "GET" not in (rule.methods or ()) or rule.rule == WHOLE_SITE:
                continue
            for address in _addresses(rule, mine):
                answer = client.get(address)
                assert answer.status_code < 500, (address, _text(answer)[:500])
                assert theirs.mark not in _text(answer), address
                pages += answer.status_code == 200
                seen_mine += mine.mark in _text(answer)
    assert pages > 40
    assert seen_mine > 20, "the pages looked at show data at all"
    assert not seen.bare, "\n".join(seen.bare[:10])
    assert not seen.foreign, "\n".join(seen.foreign[:10])
    assert seen.asked > 100
    assert len(seen.tables) > 15, sorted(seen.tables)


def test_their_ids_open_nothing(world: Any) -> None:
    mine, theirs, app, client = world
    before, wrong, asked = theirs.dump(), [], 0
    token = _csrf(client)
    with watching(mine.site, mine.company, theirs.company) as seen:
        for rule in _rules(app):
            if not _has_ids(rule):
                continue
            addresses = _addresses(rule, theirs)
            if "unit_id" in rule.arguments and len(rule.arguments) > 1:
                addresses += _addresses(rule, theirs, mine.unit)  # my site, their record
            for address in addresses:
                for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
                    more: dict[str, Any] = {}
                    if method != "GET":
                        more = {"headers": {"X-CSRFToken": token}}
                        more |= {"json": {}} if address.startswith("/api/") else {"data": {}}
                    answer = client.open(address, method=method, **more)
                    asked += 1
                    if theirs.mark in _text(answer):
                        wrong.append(f"{method} {address} shows {theirs.mark}")
                    allowed = (404,) if method == "GET" else (400, 404, 409, 415, 422)
                    if answer.status_code not in allowed:
                        wrong.append(f"{method} {address}: {answer.status_code}")
    assert not wrong, f"{len(wrong)} of {asked}\n" + "\n".join(wrong[:40])
    assert asked > 60
    assert theirs.dump() == before, "rows of the other company have changed"
    assert not seen.bare, "\n".join(seen.bare[:10])
    assert not seen.foreign


def test_a_site_next_door_opens_nothing_through_mine(world: Any) -> None:
    """Rights at one site, its address, and the record of another site of the same company."""
    mine, _theirs, app, _client = world
    with mine.site.transaction(mine.company) as s:
        known = [p.name for p in access.known_permissions(s) if p.name.startswith("sales_floor.")]
    user = make_user(mine.site, mine.company, known)
    with mine.site.transaction(mine.company) as s:
        grant = s.scalars(select(RoleGrant).where(RoleGrant.user_id == user)).one()
        grant.unit_id, grant.data_scope = mine.next_door, "unit_tree"
        bump_generation(s)
    client = sign_in(app, mine.site, user)
    token = _csrf(client)
    here = mine.ids_at(mine.unit)
    before, wrong, asked = mine.dump_at(mine.unit), [], 0
    for rule in _rules(app):
        if "unit_id" not in rule.arguments or not rule.rule.startswith("/p/"):
            continue
        named = [n for n in rule.arguments if n != "unit_id" and n.endswith("_id")]
        for unit in (mine.unit, mine.next_door):
            if unit == mine.next_door and not named:
                continue
            for address in _addresses(rule, replace(mine, ids=here), unit):
                for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
                    headers = {"X-CSRFToken": token}
                    status = client.open(address, method=method, headers=headers).status_code
                    asked += 1
                    allowed = (403, 404) if method == "GET" else (403, 404, 409, 422)
                    if status not in allowed:
                        wrong.append(f"{method} {address}: {status}")
    assert not wrong, f"{len(wrong)} of {asked}\n" + "\n".join(wrong[:40])
    assert asked > 60
    assert mine.dump_at(mine.unit) == before


def _is_uuid(text: str) -> bool:
    try:
        uuid.UUID(text)
    except ValueError:
        return False
    return True


def test_their_ids_in_my_forms_reach_nothing(world: Any) -> None:
    mine, theirs, app, client = world
    before, wrong, tried = theirs.dump(), [], 0
    token = _csrf(client)
    foreign = [str(i) for ids in theirs.ids.values() for i in ids[:1]]
    for rule in _rules(app):
        if "POST" not in (rule.methods or ()) or rule.rule.startswith((*NOT_CLICKED, "/api/")):
            continue
        address = _addresses(rule, mine)[0]
        values = read_page(client.get(address).text).samples
        referring = [
            n
            for n, v in values.items()
            if n not in ("csrf_token", "idempotency_key")
            and (n.endswith(("_id", "_ids", "ids")) or _is_uuid(v))
        ]
        if not referring:
            continue
        for other in foreign:
            data = {**values, **dict.fromkeys(referring, other), "csrf_token": token}
            data["idempotency_key"] = uuid.uuid4().hex
            answer = client.post(address, data=data)
            tried += 1
            if answer.status_code >= 500:
                wrong.append(f"{address} {referring}: {answer.status_code}")
            if theirs.mark in _text(answer):
                wrong.append(f"{address} {referring} shows {theirs.mark}")
    assert not wrong, "\n".join(wrong[:20])
    assert tried > 50
    assert theirs.dump() == before, "rows of the other company have changed"


def test_search_and_suggestions_stay_inside(world: Any) -> None:
    mine, theirs, _app, client = world
    for text in (theirs.mark, "baihe", "bh", "白", f"{theirs.company:04d}", "客户"):
        for address in ("/search", "/search/suggest", "/api/v1/core/parties"):
            answer = client.get(address, query_string={"q": text})
            body = _text(answer).replace(f'value="{text}"', "").replace(f"“{text}”", "")
            assert theirs.mark not in body, (address, text)
    assert mine.mark in client.get("/search/suggest", query_string={"q": mine.mark}).text
