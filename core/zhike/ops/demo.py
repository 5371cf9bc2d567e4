"""The demo site: two invented companies with people, and what each plugin adds to live with.

Made by the command line only and only in a place where nothing is. Passwords are random and kept
in ``demo-accounts.txt`` of the site's folder, readable by its owner: every start shows them.
A plugin takes part by a module ``demo`` with ``fill(site, company_id)``.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from sqlalchemy import select

from zhike import clock
from zhike.config import Config
from zhike.db.session import Actor, CompanySession
from zhike.errors import ConfigError
from zhike.i18n import speaking
from zhike.models.people import Role
from zhike.ops import database, schema
from zhike.plugins.discovery import optional_module
from zhike.services import access, calendars, ledger, lifecycle, organisation, people, setup
from zhike.services.companies import create_company
from zhike.services.keys.keyring import write_private
from zhike.site import Site

ACCOUNTS = "demo-accounts.txt"
ACTOR = Actor(kind="cli", name="demo")


@dataclass(frozen=True)
class Person:
    """Somebody of the demo: ``login`` empty works without an account.

    ``role`` is a suggested role (``plugin.key``) or ``admin``; ``site`` the code of the unit where
    the post and the role are held.
    """

    name: str
    title: str
    site: str = ""
    login: str = ""
    role: str = ""
    rank: int = 1
    is_head: bool = False


@dataclass(frozen=True)
class Firm:
    """A company of the demo with its sites (code, name) and people."""

    slug: str
    name: str
    sites: tuple[tuple[str, str], ...]
    people: tuple[Person, ...]


_REP = "sales_floor.rep"
FIRMS = (
    Firm(
        "lanjing",
        "蓝鲸置业",
        (("BJ", "滨江案场"), ("HP", "湖畔案场")),
        (
            Person("周敏", "总经理", login="zhou", role="admin", rank=9, is_head=True),
            Person("陈卓", "案场经理", "BJ", "chen", "sales_floor.manager", 5, True),
            Person("何静", "前台", "BJ", "desk", "sales_floor.desk"),
            Person("李敏", "置业顾问", "BJ", "limin", _REP),
            Person("王磊", "置业顾问", "BJ", "wanglei", _REP),
            Person("赵倩", "置业顾问", "BJ", "zhaoqian", _REP),
            Person("孙浩", "置业顾问", "BJ", "sunhao", _REP),
            Person("吴桐", "销售助理", "BJ", "wutong", "sales_floor.assistant"),
            Person("郑航", "案场经理", "HP", "", "", 5, True),
            Person("冯雪", "置业顾问", "HP"),
            Person("蒋涛", "置业顾问", "HP"),
            Person("沈悦", "置业顾问", "HP"),
        ),
    ),
    Firm(
        "qinghe",
        "青禾地产",
        (("QH", "青禾里案场"),),
        (
            Person("许岚", "总经理", login="xu", role="admin", rank=9, is_head=True),
            Person("彭飞", "案场经理", "QH", "peng", "sales_floor.manager", 5, True),
            Person("曾琳", "置业顾问", "QH", "zenglin", _REP),
            Person("萧然", "置业顾问", "QH"),
        ),
    ),
)


def accounts_file(config: Config) -> Path:
    """Where the demo's accounts are written down."""
    return config.home / ACCOUNTS


def _unfinished(config: Config) -> Path:
    return config.home / "demo-unfinished"


def is_demo(config: Config) -> bool:
    """Whether the site is the demo; raises ``ConfigError`` where it is another, or half made."""
    if database.is_empty(config):
        return False
    if _unfinished(config).exists():
        raise ConfigError(
            f"The demo was interrupted while it was made. Remove {config.home} and start again."
        )
    if accounts_file(config).exists():
        return True
    raise ConfigError(
        f"There is a site in {config.home} that is not the demo. "
        "Serve it with: zhike run, or choose another folder with ZHIKE_HOME."
    )


def make(
    config: Config,
    random_password: Callable[[], str],
    say: Callable[[str], None] = lambda text: None,
) -> None:
    """Make the demo in an empty place. Raises ``ConfigError`` where something is already."""
    if is_demo(config):
        raise ConfigError("The demo is there already.")
    config.ensure_home()
    _unfinished(config).touch()
    schema.begin(config)
    site = Site.open(config)
    try:
        say("Making the companies 蓝鲸置业 and 青禾地产")
        for name in site.plugins.names:
            lifecycle.install(site, name, ACTOR)
        accounts = [_system_admin(site, random_password())]
        with speaking("zh_Hans", [site.plugins.root(name) for name in site.plugins.names]):
            firms = [_make_firm(site, firm, random_password, accounts) for firm in FIRMS]
            say("Filling them with people and customers")
            for company_id in firms:
                for name in site.plugins.names:
                    module = optional_module(f"{site.plugins.found[name].module}.demo")
                    if module is not None:
                        module.fill(site, company_id)
        ledger.anchor(site)
    finally:
        site.close()
    write_private(accounts_file(config), "".join(accounts).encode(), replace=True)
    _unfinished(config).unlink()


def _line(login: str, password: str, what: str) -> str:
    return f"{login:<10} {password}   {what}\n"


def _system_admin(site: Site, password: str) -> str:
    hashed = people.new_password_hash(password, login="admin", name="系统管理员")
    with site.system(ACTOR) as s:
        people.add_user(
            s,
            login="admin",
            name="系统管理员",
            password_hash=hashed,
            must_change_password=False,
            is_system_admin=True,
        )
    return _line("admin", password, "系统管理员（管理公司，不看公司数据）")


def _make_firm(
    site: Site, firm: Firm, random_password: Callable[[], str], accounts: list[str]
) -> int:
    with site.system(ACTOR) as s:
        company_id = create_company(s, slug=firm.slug, name=firm.name, is_demo=True).id
    users: dict[str, uuid.UUID] = {}
    for person in firm.people:
        if person.login:
            password = random_password()
            users[person.login] = _account(site, company_id, person, password)
            accounts.append(
                _line(person.login, password, f"{firm.name} {person.title} {person.name}")
            )
    with site.transaction(company_id, ACTOR) as s:
        units = {
            code: organisation.add_unit(s, name=name, code=code, kind="site").id
            for code, name in firm.sites
        }
        office = organisation.add_unit(s, name="总部", code="ZB").id
        calendars.begin(s)
        first = date(clock.now().year, 1, 4)
        for number, person in enumerate(firm.people, 1):
            staff = organisation.add_staff(
                s,
                name=person.name,
                number=f"{number:03d}",
                user_id=users.get(person.login),
                joined_on=first,
            )
            organisation.give_post(
                s,
                staff.id,
                units.get(person.site, office),
                title=person.title,
                rank=person.rank,
                is_head=person.is_head,
                valid_from=first,
            )
        for name in site.plugins.names:
            lifecycle.enable(s, name, with_missing=True)
            access.adopt_role_presets(s, name)
        _give_roles(s, firm, users, units)
        for step in ("core.company", "core.accounts", "core.policy"):
            setup.mark(s, step, "done")
        setup.mark(s, "core.desk", "skipped")
    return company_id


def _account(site: Site, company_id: int, person: Person, password: str) -> uuid.UUID:
    hashed = people.new_password_hash(password, login=person.login, name=person.name)
    with site.system(ACTOR) as s:
        user_id = people.add_user(
            s,
            login=person.login,
            name=person.name,
            password_hash=hashed,
            must_change_password=False,
        ).id
        people.add_membership(s, user_id, company_id)
    return user_id


def _give_roles(
    s: CompanySession, firm: Firm, users: dict[str, uuid.UUID], units: dict[str, uuid.UUID]
) -> None:
    from zhike.contributions import RolePreset

    scopes = {preset.name: preset.scope for preset in s.site.plugins.registry.items(RolePreset)}
    for person in firm.people:
        if not person.login or not person.role:
            continue
        if person.role == "admin":
            access.grant_role(s, users[person.login], access.ensure_admin_role(s).id)
            continue
        role_id = s.scalar(select(Role.id).where(Role.preset == person.role))
        if role_id is None:
            continue  # the plugin that suggests it is not here
        access.grant_role(
            s,
            users[person.login],
            role_id,
            unit_id=units[person.site],
            scope=scopes.get(person.role, "unit"),
        )
