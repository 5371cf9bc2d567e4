"""``zhike plugin``: the life of plugins on this site."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from zhike.cli.common import actor, company_id, json_option, opened_site, say_json, table

if TYPE_CHECKING:
    from zhike.site import Site


@click.group()
def plugin() -> None:
    """Plugins: discovered (package is here), installed (has tables), enabled (for a company)."""


@plugin.command("list")
@json_option
def list_(as_json: bool) -> None:
    """Every plugin that is here or was, its state, and where it is enabled."""
    from zhike.services import lifecycle

    with opened_site() as site:
        found = lifecycle.statuses(site)
        enabled = _enabled(site)
    if as_json:
        say_json(
            [
                {
                    "name": one.name,
                    "state": one.state,
                    "version": one.version,
                    "installed": one.installed,
                    "reason": one.reason,
                    "enabled": enabled.get(one.name, []),
                }
                for one in found
            ]
        )
        return
    rows = [
        (one.name, one.state, one.version, ", ".join(enabled.get(one.name, [])), one.reason[:60])
        for one in found
    ]
    table(rows, ("plugin", "state", "version", "enabled for", ""))


def _enabled(site: Site) -> dict[str, list[str]]:
    from sqlalchemy import select

    from zhike.models.company import Company
    from zhike.models.plugin import CompanyPlugin

    found: dict[str, list[str]] = {}
    with site.unscoped("list where plugins are enabled", write=False) as s:
        rows = s.execute(
            select(CompanyPlugin.plugin, Company.slug)
            .join(Company, Company.id == CompanyPlugin.company_id)
            .where(CompanyPlugin.enabled.is_(True))
            .order_by(Company.slug)
        )
        for name, slug in rows:
            found.setdefault(name, []).append(slug)
    return found


@plugin.command()
@click.argument("name")
def install(name: str) -> None:
    """Make the tables of plugin NAME, and of what it needs. No company uses it yet."""
    from zhike.services import lifecycle

    with opened_site() as site:
        done = lifecycle.install(site, name, actor())
    click.echo("Installed: " + (", ".join(done) if done else "nothing, all was there already"))


@plugin.command()
@click.argument("name")
@click.option("--company", required=True, metavar="SLUG", help="Enable it for this company.")
@click.option("--with-missing", is_flag=True, help="Enable what it needs as well.")
def enable(name: str, company: str, with_missing: bool) -> None:
    """Switch plugin NAME on for a company, with the roles it suggests."""
    from zhike.i18n import speaking
    from zhike.models.company import Company
    from zhike.services import access, lifecycle

    with opened_site() as site:
        number = company_id(site, company)
        with site.system_reader() as r:
            locale = r.get_one(Company, number).locale
        roots = [site.plugins.root(one) for one in site.plugins.names]
        with speaking(locale, roots), site.transaction(number, actor()) as s:
            done = lifecycle.enable(s, name, with_missing=with_missing)
            for one in done:
                access.adopt_role_presets(s, one)
    click.echo("Enabled: " + (", ".join(done) if done else "nothing, it was on already"))


@plugin.command()
@click.argument("name")
@click.option("--company", required=True, metavar="SLUG", help="Disable it for this company.")
@click.option("--with-dependants", is_flag=True, help="Disable what needs it as well.")
def disable(name: str, company: str, with_dependants: bool) -> None:
    """Switch plugin NAME off for a company. Its data stays."""
    from zhike.services import lifecycle

    with opened_site() as site, site.transaction(company_id(site, company), actor()) as s:
        done = lifecycle.disable(s, name, with_dependants=with_dependants)
    click.echo("Disabled: " + (", ".join(done) if done else "nothing, it was off already"))


@plugin.command()
@click.argument("name")
@click.option("--typed", metavar="NAME", help="The name once more, instead of typing it.")
@click.option("--folder", type=click.Path(path_type=Path), help="Where its data are archived.")
@click.option("--ignore-faults", is_flag=True, help="Go on although the plugin's own code fails.")
def uninstall(name: str, typed: str | None, folder: Path | None, ignore_faults: bool) -> None:
    """Take plugin NAME's data away, after archiving them. Disabling keeps them."""
    from zhike.services import lifecycle

    with opened_site() as site:
        preview = lifecycle.preview_uninstall(site, name)
        for count in preview.counts:
            click.echo(f"  {count.table}: {count.rows} rows")
        if typed is None:
            typed = click.prompt(f"{preview.rows} rows will be gone. Type {name!r} to go on")
        archive = lifecycle.uninstall(
            site, name, typed=typed, actor=actor(), folder=folder, ignore_faults=ignore_faults
        )
    click.echo(f"Uninstalled. Its data are in {archive}")


@plugin.command()
@click.argument("name", required=False)
def upgrade(name: str | None) -> None:
    """Bring installed plugins to their packages: NAME, or all of them."""
    from zhike.services import lifecycle

    with opened_site() as site:
        if name is not None:
            changed = lifecycle.upgrade(site, name, actor())
            result = {name: "upgraded" if changed else "current"}
        else:
            result = lifecycle.upgrade_all(site, actor())
    table(sorted(result.items()), ("plugin", "result"))
    if any(word not in ("upgraded", "current") for word in result.values()):
        raise SystemExit(1)


@plugin.command()
@click.argument("name")
@click.option("--into", type=click.Path(path_type=Path), default=Path(), help="Parent folder.")
@click.option("--title", default="", help="English title; made from NAME if not given.")
@click.option("--title-zh", default="", help="Chinese title.")
@click.option("--author", default="")
def new(name: str, into: Path, title: str, title_zh: str, author: str) -> None:
    """Write a plugin project NAME that works, with tests that pass."""
    from zhike import scaffold

    made = scaffold.create(name, into, title=title, title_zh=title_zh, author=author)
    click.echo(f"Made {made}. Next: pip install -e '{made}[test]', then pytest in it.")


@plugin.command()
@click.argument("name")
def check(name: str) -> None:
    """Run the conformance suite on the installed plugin NAME."""
    from zhike import scaffold

    raise SystemExit(scaffold.check(name))


@plugin.command()
@click.argument("name")
@click.argument("message")
def revision(name: str, message: str) -> None:
    """Write plugin NAME's next migration from its models; for authors."""
    from zhike import scaffold

    click.echo(f"Wrote {scaffold.revision(name, message)}. Read it before you use it.")
