"""T-A1: every route × method × role × company, against a reviewed table.

``authorization_matrix.toml`` says for each route what it asks for; a person has read every row.
A route without a row, a row without a route, and a row that the code contradicts are all red.
What follows from a right for each role is stated once, in :func:`expected`.

``python tests/test_authorization_matrix.py`` prints the table as the code has it, to compare.
"""

from __future__ import annotations

import tomllib
import uuid
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from zhike import clock
from zhike.contributions import Permission
from zhike.services import access, organisation, people, tokens
from zhike.site import Site
from zhike.testing import make_company, make_site, make_user, read_page, sign_in
from zhike.web.app import create_app
from zhike.web.gate import plugin_of
from zhike.web.rights import Access, GuardedRule

TABLE = Path(__file__).with_name("authorization_matrix.toml")
PLUGINS = ("sales_floor",)
ROLES = (
    "anonymous",
    "homeless",
    "member",
    "exact",
    "all_but",
    "administrator",
    "other_unit",
    "switched_off",
    "system",
    "reading_token",
)
DONE = 204


def words(asked: Access) -> str:
    """An access as the table spells it."""
    if asked.permission:
        right = asked.permission
    else:
        right = "own" if asked.own else "signed in" if asked.signed_in else "public"
    right = f"{right} or system" if asked.or_system else right
    return f"system + {right}" if asked.system else right


def listing(app: Flask) -> dict[str, str]:
    """Every route and method of the application with what it asks for."""
    found: dict[str, str] = {}
    for rule in app.url_map.iter_rules():
        assert isinstance(rule, GuardedRule)
        assert rule.access is not None, rule.rule
        for method in sorted(rule.methods or ()):
            if method not in ("HEAD", "OPTIONS"):
                found[f"{method} {rule.rule}"] = words(rule.access)
    return dict(sorted(found.items(), key=lambda item: item[0].split(" ", 1)[::-1]))


@dataclass
class World:
    """A site with two companies, one of them with every plugin off, and somebody for each role."""

    site: Site
    app: Flask
    company: int
    off: int
    unit: uuid.UUID
    other_unit: uuid.UUID
    clients: dict[tuple[str, str], tuple[FlaskClient, str]] = field(default_factory=dict)
    known: tuple[Permission, ...] = ()

    def client(self, role: str, right: str) -> tuple[FlaskClient, str]:
        """A browser for a role and the CSRF token of its session; made once for each need."""
        key = (role, right if role in ("exact", "all_but", "other_unit", "reading_token") else "")
        if key not in self.clients:
            self.clients[key] = self._make(role, right)
        return self.clients[key]

    def _make(self, role: str, right: str) -> tuple[FlaskClient, str]:
        if role == "anonymous":
            client = self.app.test_client()
            return client, _csrf(client, "/login")
        if role in ("homeless", "system"):
            with self.site.system() as s:
                user = people.add_user(
                    s,
                    login=role,
                    name=role,
                    must_change_password=False,
                    is_system_admin=role == "system",
                ).id
            client = sign_in(self.app, self.site, user)
            return client, _csrf(client, "/company")
        if role == "switched_off":
            client = sign_in(self.app, self.site, make_user(self.site, self.off))
            return client, _csrf(client, "/company")
        permissions: list[str] | None = []
        if role == "administrator":
            permissions = None
        elif role in ("exact", "other_unit", "reading_token") and "." in right:
            permissions = [right]
        elif role == "all_but":
            permissions = [
                p.name for p in self.known if right not in access.expand([p.name], self.known)
            ]
        user = make_user(self.site, self.company, permissions)
        if role == "other_unit":
            _narrow(self.site, self.company, user, self.other_unit)
        if role == "reading_token":
            with self.site.transaction(self.company) as c:
                until = clock.now() + timedelta(days=1)
                _row, text = tokens.create(c, user, title="t", scopes=["read"], expires_at=until)
            client = self.app.test_client()
            client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {text}"
            return client, ""
        client = sign_in(self.app, self.site, user)
        return client, _csrf(client, "/company")


def _narrow(site: Site, company: int, user: uuid.UUID, unit: uuid.UUID) -> None:
    """Let the user's grant hold at one unit and below only."""
    from sqlalchemy import update

    from zhike.models.people import RoleGrant
    from zhike.services.companies import bump_generation

    with site.transaction(company) as s:
        s.execute(
            update(RoleGrant)
            .where(RoleGrant.user_id == user)
            .values(unit_id=unit, data_scope="unit_tree")
            .execution_options(synchronize_session=False)
        )
        bump_generation(s)


def _csrf(client: FlaskClient, path: str) -> str:
    return read_page(client.get(path).text).csrf_token


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """The site; its views are replaced by one that only says it was reached."""
    with closing(make_site(tmp_path_factory.mktemp("matrix") / "home", PLUGINS)) as site:
        company, off = make_company(site, "on", PLUGINS), make_company(site, "off")
        with site.transaction(company) as s:
            unit = organisation.add_unit(s, name="一号", code="U1", kind="site").id
            other = organisation.add_unit(s, name="二号", code="U2", kind="site").id
        app = create_app(site)
        built = World(site, app, company, off, unit, other)
        built.known = (*access.CORE_PERMISSIONS, *site.plugins.registry.items(Permission))
        for rule in app.url_map.iter_rules():
            for role in ROLES:  # tokens of forms come from real pages
                assert isinstance(rule, GuardedRule)
                assert rule.access is not None
                built.client(role, rule.access.permission or words(rule.access))
        for endpoint in app.view_functions:
            app.view_functions[endpoint] = lambda **arguments: ("", DONE)
        yield built


def _path(world: World, rule: GuardedRule) -> str:
    """An address of the rule: a real unit, and whatever else fits."""
    values: dict[str, Any] = {}
    for name, converter in rule._converters.items():
        kind = type(converter).__name__
        if name == "unit_id" and kind == "UUIDConverter":
            values[name] = world.unit
        elif kind == "UUIDConverter":
            values[name] = uuid.uuid4()
        elif kind in ("IntegerConverter", "FloatConverter"):
            values[name] = 1
        elif kind == "AnyConverter":
            values[name] = sorted(converter.items)[0]
        else:
            values[name] = "x"
    built = rule.build(values)
    assert built is not None
    return built[1]


def expected(rule: GuardedRule, method: str, role: str) -> int:
    """The status a role gets, by what the route asks for: the reviewed rules of the house.

    Order as at the gate: plain public files, then plugins that are off, sign-in, company, the
    origin, and last the right.
    """
    asked = rule.access
    assert asked is not None
    plugin = plugin_of(rule.rule)
    is_file = rule.rule.startswith("/static/p/")
    api, reads = rule.rule.startswith("/api/"), method == "GET"
    unknown = 404 if is_file else 401 if api or not reads else 302
    if asked.public:
        if plugin is None:
            # A program has no form and so no token of one; pages take no bearer token.
            return 400 if role == "reading_token" and not reads and not api else DONE
        # Public pages of a plugin open for the company that the request itself names.
        return {"anonymous": unknown, "reading_token": unknown}.get(
            role, 404 if role in ("homeless", "system", "switched_off") else DONE
        )
    if role == "anonymous" or (role == "reading_token" and not api):
        return unknown
    if plugin is not None and role in ("homeless", "system", "switched_off"):
        return 404
    if is_file:
        return 404  # asked for the plugin "x", which nobody has
    if role == "system" and asked.or_system:
        return DONE
    if role in ("homeless", "system") and (asked.permission or asked.own):
        return 403 if api or not reads else 303
    if asked.system and role != "system":
        return 403
    if role == "reading_token" and not reads:
        return 403
    if not asked.permission:
        return DONE
    if role == "administrator":
        return DONE
    if role == "switched_off":  # an administrator elsewhere: the unit does not exist there
        return 404 if "unit_id" in rule.arguments else DONE
    if role in ("exact", "reading_token"):
        return DONE
    if role == "other_unit":
        return 403 if "unit_id" in rule.arguments else DONE
    return 403  # member, all_but


def test_every_route_has_a_reviewed_row(world: World) -> None:
    with TABLE.open("rb") as file:
        reviewed = tomllib.load(file)["routes"]
    actual = listing(world.app)
    missing = {k: v for k, v in actual.items() if k not in reviewed}
    gone = sorted(set(reviewed) - set(actual))
    differ = {k: (reviewed[k], v) for k, v in actual.items() if reviewed.get(k, v) != v}
    assert not missing, "routes without a row: review and add\n" + _rows(missing)
    assert not gone, f"rows without a route: {gone}"
    assert not differ, f"reviewed right, and what the code says: {differ}"


@pytest.mark.parametrize("role", ROLES)
def test_every_route_answers_each_role_as_stated(world: World, role: str) -> None:
    wrong = []
    asked = 0
    for rule in world.app.url_map.iter_rules():
        assert isinstance(rule, GuardedRule)
        assert rule.access is not None
        path = _path(world, rule)
        client, token = world.client(role, rule.access.permission or words(rule.access))
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            headers = {"X-CSRFToken": token} if token else {}
            answer = client.open(path, method=method, headers=headers)
            asked += 1
            status, location = answer.status_code, answer.headers.get("Location", "")
            if status == 302 and not location.startswith("/login?next="):
                wrong.append(f"{method} {rule.rule}: sent to {location}")
            if status != expected(rule, method, role):
                wrong.append(
                    f"{method} {rule.rule}: {status}, stated {expected(rule, method, role)}"
                )
    assert not wrong, f"{len(wrong)} of {asked}\n" + "\n".join(wrong)
    assert asked >= len(listing(world.app))


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_no_change_without_the_token_of_the_form(world: World, method: str) -> None:
    wrong = []
    client, _token = world.client("administrator", "")
    for rule in world.app.url_map.iter_rules():
        assert isinstance(rule, GuardedRule)
        if method in (rule.methods or ()):
            status = client.open(_path(world, rule), method=method).status_code
            if status not in (400, 403):  # 403: the route is for system administrators
                wrong.append(f"{method} {rule.rule}: {status}")
    assert not wrong, "\n".join(wrong)


EXTRA = {
    "admin": "1",
    "is_admin": "true",
    "permission": "*",
    "scope": "all",
    "role": "admin",
    "company": "on",
    "company_id": "1",
    "user_id": "00000000-0000-0000-0000-000000000000",
    "_method": "GET",
    "debug": "1",
    "links": "",
}
OVERRIDES = {
    "X-HTTP-Method-Override": "GET",
    "X-Original-URL": "/healthz",
    "X-Rewrite-URL": "/healthz",
    "X-Forwarded-Prefix": "/static/core",
    "X-User": "admin",
    "HX-Request": "true",
}


def test_no_extra_parameter_or_header_opens_a_door(world: World) -> None:
    """A refusal stays one, whatever is added to the request (CVE-2026-34722)."""
    wrong = []
    for rule in world.app.url_map.iter_rules():
        assert isinstance(rule, GuardedRule)
        assert rule.access is not None
        path = _path(world, rule)
        for role in ("anonymous", "member", "all_but", "switched_off"):
            client, token = world.client(role, rule.access.permission or words(rule.access))
            for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
                if expected(rule, method, role) == DONE:
                    continue
                more: dict[str, Any] = {"data": EXTRA} if method != "GET" else {}
                headers = {**OVERRIDES, "X-CSRFToken": token}
                answer = client.open(
                    path, method=method, query_string=EXTRA, headers=headers, **more
                )
                if answer.status_code < 300:
                    wrong.append(f"{role} {method} {rule.rule}: {answer.status_code}")
    assert not wrong, "\n".join(wrong)


def test_permissions_that_routes_name_can_be_granted(world: World) -> None:
    named = {p.name for p in world.known}
    asked = {
        right.removeprefix("system + ").removesuffix(" or system")
        for right in listing(world.app).values()
    }
    assert {right for right in asked if "." in right} <= named


def _rows(found: dict[str, str]) -> str:
    return "\n".join(f'"{key}" = "{right}"' for key, right in found.items())


if __name__ == "__main__":
    import sys
    import tempfile

    with (
        tempfile.TemporaryDirectory() as folder,
        closing(make_site(Path(folder), PLUGINS)) as opened,
    ):
        sys.stdout.write("[routes]\n" + _rows(listing(create_app(opened))) + "\n")
