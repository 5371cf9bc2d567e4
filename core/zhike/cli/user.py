"""``zhike user`` and ``zhike company``: accounts, and the way back into a locked-out site."""

from __future__ import annotations

import secrets
import sys
from typing import TYPE_CHECKING

import click

from zhike.cli.common import actor, company_id, json_option, opened_site, say_json, table

if TYPE_CHECKING:
    import uuid

    from zhike.db.session import CompanySession, SystemSession
    from zhike.models.people import User
    from zhike.site import Site

_ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789"  # without what is mistaken for something else


def random_password() -> str:
    """A password that can be read aloud: 16 letters and digits, 80 bits."""
    return "-".join("".join(secrets.choice(_ALPHABET) for _ in range(4)) for _ in range(4))


def _password(from_stdin: bool, login: str, name: str) -> tuple[str, str]:
    """The password in clear (empty if it was given to us) and its hash."""
    from zhike.services import people

    given = sys.stdin.readline().rstrip("\n") if from_stdin else random_password()
    return ("" if from_stdin else given), people.new_password_hash(given, login=login, name=name)


def _require(s: SystemSession | CompanySession, login: str) -> User:
    from zhike.errors import ConfigError
    from zhike.services import people

    user = people.find_user(s, login)
    if user is None:
        raise ConfigError(f"There is no user {login!r}.")
    return user


@click.group()
def user() -> None:
    """Accounts. What is done here is in the ledger like anything else."""


@user.command("list")
@click.option("--company", metavar="SLUG", help="Only members of this company.")
@json_option
def list_(company: str | None, as_json: bool) -> None:
    """List accounts."""
    from zhike.services import people

    with opened_site(plugins=False) as site:
        number = company_id(site, company) if company else None
        with site.system_reader() as s:
            found = [
                {
                    "login": one.login,
                    "name": one.name,
                    "disabled": one.disabled_at is not None,
                    "system_admin": one.is_system_admin,
                    "companies": [c.slug for c in people.companies_of(s, one.id)],
                }
                for one in people.list_users(s, company_id=number)
            ]
    if as_json:
        say_json(found)
        return
    table(
        [
            (
                str(one["login"]),
                str(one["name"]),
                ", ".join(one["companies"]) if isinstance(one["companies"], list) else "",
                " ".join(word for word in ("disabled", "system_admin") if one[word]),
            )
            for one in found
        ],
        ("login", "name", "companies", ""),
    )


@user.command()
@click.argument("login")
@click.option("--name", required=True, help="The person's name.")
@click.option("--company", metavar="SLUG", help="Make it a member of this company.")
@click.option("--admin", is_flag=True, help="Administrator of that company 公司管理员.")
@click.option("--system-admin", is_flag=True, help="Looks after packages, companies and health.")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
def add(
    login: str,
    name: str,
    company: str | None,
    admin: bool,
    system_admin: bool,
    password_stdin: bool,
) -> None:
    """Add the account LOGIN; prints a random password unless one is given."""
    from zhike.services import ledger, people

    if admin and company is None:
        raise click.UsageError("--admin needs --company SLUG")
    with opened_site(plugins=False) as site:
        number = company_id(site, company) if company else None
        shown, hashed = _password(password_stdin, login, name)
        with site.system(actor()) as s:
            user_id = people.add_user(
                s,
                login=login,
                name=name,
                password_hash=hashed,
                must_change_password=not password_stdin,
                is_system_admin=system_admin,
            ).id
            ledger.append(s, "core.user.added", object=f"core:user:{user_id}")
        if number is not None:
            _join(site, number, user_id, admin=admin)
    _say_password(login, shown)


def _say_password(login: str, shown: str) -> None:
    click.echo(f"{login} may sign in.")
    if shown:
        click.echo(f"Password: {shown}   (to be changed at the first sign-in)")


def _join(site: Site, number: int, user_id: uuid.UUID, *, admin: bool) -> None:
    """Membership, and with ``admin`` the administrator's role in the whole company."""
    from sqlalchemy import select

    from zhike.models.people import RoleGrant
    from zhike.services import access, people

    with site.transaction(number, actor()) as s:
        people.add_membership(s, user_id, number)
        if admin:
            role = access.ensure_admin_role(s)
            known = s.scalars(
                select(RoleGrant.id).where(
                    RoleGrant.user_id == user_id,
                    RoleGrant.role_id == role.id,
                    RoleGrant.unit_id.is_(None),
                )
            ).first()
            if known is None:
                access.grant_role(s, user_id, role.id)


@user.command()
@click.argument("login")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
def password(login: str, password_stdin: bool) -> None:
    """Give LOGIN a new password, open its door again and end its sessions."""
    with opened_site(plugins=False) as site:
        _say_password(login, _renew(site, login, password_stdin))


def _renew(site: Site, login: str, from_stdin: bool) -> str:
    from zhike.services import door, ledger, people

    with site.system_reader() as r:
        found = _require(r, login)
        user_id, name = found.id, found.name
    shown, hashed = _password(from_stdin, login, name)
    with site.system(actor()) as s:
        people.set_password(s, user_id, hashed, must_change=not from_stdin)
        people.enable(s, user_id)
        door.unlock(s, user_id, by=actor().name)
        ledger.append(s, "core.user.password_reset", object=f"core:user:{user_id}")
    return shown


@user.command()
@click.argument("login")
@click.option("--company", required=True, metavar="SLUG", help="The company it shall administer.")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
def rescue(login: str, company: str, password_stdin: bool) -> None:
    """When nobody can get in any more: LOGIN becomes an administrator of the company.

    Enables it, opens its door, gives it a new password and the administrator's role, and takes its
    second step away.
    """
    with opened_site(plugins=False) as site:
        number = company_id(site, company)
        shown = _renew(site, login, password_stdin)
        _forget_second_step(site, login)
        with site.system_reader() as s:
            user_id = _require(s, login).id
        _join(site, number, user_id, admin=True)
    _say_password(login, shown)


@user.command("reset-second-step")
@click.argument("login")
def reset_second_step(login: str) -> None:
    """Let LOGIN in without the code of a phone that is lost; its sessions end.

    Where the company demands a second step, the person sets it up anew at the next sign-in.
    """
    with opened_site(plugins=False) as site:
        was = _forget_second_step(site, login)
    click.echo(f"{login} signs in by the password alone." if was else f"{login} had none.")


def _forget_second_step(site: Site, login: str) -> bool:
    from zhike.services import door, ledger, second_step, sessions

    with site.system(actor()) as s:
        found = _require(s, login)
        was = second_step.remove(s, found.id)
        if was:
            sessions.revoke_all(s, found.id)
            door.note(s, "second_step_off", found, by=actor().name)
            ledger.append(s, "core.user.second_step_reset", object=f"core:user:{found.id}")
    return was


@user.command()
@click.argument("login")
def unlock(login: str) -> None:
    """Forget the failed tries of LOGIN, so that it may try again at once."""
    from zhike.services import door, ledger

    with opened_site(plugins=False) as site, site.system(actor()) as s:
        user_id = _require(s, login).id
        door.unlock(s, user_id, by=actor().name)
        ledger.append(s, "core.user.unlocked", object=f"core:user:{user_id}")
    click.echo(f"{login} may try again.")


@user.command()
@click.argument("login")
def disable(login: str) -> None:
    """Shut LOGIN out at once, in every company; its sessions and tokens end.

    Refused where a company would be left without an administrator.
    """
    from zhike.services import access, ledger, people

    with opened_site(plugins=False) as site:
        with site.system_reader() as r:
            user_id = _require(r, login).id
            numbers = [company.id for company in people.companies_of(r, user_id)]
        for number in numbers:
            with site.transaction(number, actor()) as c:
                access.guard_last_admin(c, besides=user_id)
        with site.system(actor()) as s:
            people.disable(s, user_id)
            ledger.append(s, "core.user.disabled", object=f"core:user:{user_id}")
    click.echo(f"{login} is shut out.")


@user.command()
@click.argument("login")
def enable(login: str) -> None:
    """Let LOGIN sign in again."""
    from zhike.services import ledger, people

    with opened_site(plugins=False) as site, site.system(actor()) as s:
        user_id = _require(s, login).id
        people.enable(s, user_id)
        ledger.append(s, "core.user.enabled", object=f"core:user:{user_id}")
    click.echo(f"{login} may sign in again.")


@click.group()
def company() -> None:
    """Companies of this site."""


@company.command("list")
@json_option
def list_companies(as_json: bool) -> None:
    """List companies."""
    from sqlalchemy import select

    from zhike.models.company import Company

    with opened_site(plugins=False) as site, site.system_reader() as s:
        found = [
            {"slug": row.slug, "name": row.name, "tz": row.tz, "closed": row.closed_at is not None}
            for row in s.scalars(select(Company).order_by(Company.slug))
        ]
    if as_json:
        say_json(found)
    else:
        table(
            [(str(o["slug"]), str(o["name"]), str(o["tz"])) for o in found], ("slug", "name", "tz")
        )


@company.command("add")
@click.argument("slug")
@click.argument("name")
@click.option("--tz", default="Asia/Shanghai", show_default=True, help="IANA time zone.")
def add_company(slug: str, name: str, tz: str) -> None:
    """Add the company NAME; SLUG is its short name in addresses and commands."""
    from zhike.services import calendars, ledger
    from zhike.services.companies import create_company

    with opened_site(plugins=False) as site:
        with site.system(actor()) as s:
            number = create_company(s, slug=slug, name=name, tz=tz).id
            ledger.append(s, "core.company.added", object=f"core:company:{number}")
        with site.transaction(number, actor()) as c:
            calendars.begin(c)
    click.echo(f"{slug} is there. Next: zhike user add LOGIN --name … --company {slug} --admin")
