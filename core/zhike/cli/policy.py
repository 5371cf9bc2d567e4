"""``zhike policy``: regulations as files."""

from __future__ import annotations

import uuid
from typing import TextIO

import click

from zhike.cli.common import actor, company_id, opened_site, table


@click.group()
def policy() -> None:
    """Policies 制度: as files that can be compared, kept and carried to another company."""


@policy.command("list")
@click.option("--company", required=True, metavar="SLUG")
def list_(company: str) -> None:
    """List a company's policies and their versions, newest first."""
    from zhike.services import policies

    rows = []
    with opened_site() as site, site.reader(company_id(site, company)) as s:
        for record in policies.policies_of(s):
            for version in policies.versions_of(s, record.id):
                number = f"v{version.number}" if version.number else "draft"
                rows.append((str(version.id), record.name, number, version.preset, version.mode))
    table(rows, ("version", "policy", "", "preset", "mode"))


@policy.command()
@click.argument("version", type=click.UUID)
@click.option("--company", required=True, metavar="SLUG")
@click.option("--json", "as_json", is_flag=True, help="JSON instead of TOML.")
def export(version: uuid.UUID, company: str, as_json: bool) -> None:
    """Write a version to standard output."""
    from zhike.services import policies

    with opened_site() as site, site.reader(company_id(site, company)) as s:
        click.echo(policies.export_version(s, version, json_form=as_json), nl=False)


@policy.command()
@click.argument("file", type=click.File(encoding="utf-8"))
def check(file: TextIO) -> None:
    """Read FILE and say what is wrong with it; changes nothing. Exit code 1 where something is."""
    from zhike.errors import UserError
    from zhike.services import policies

    with opened_site() as site:
        try:
            read = policies.read_file(site, file.read())
        except UserError as error:
            problems = error.extra.get("problems") or [{"field": "", "message": error.message}]
            for problem in problems:
                click.secho(f"{problem['field']}: {problem['message']}".lstrip(": "), fg="red")
            raise SystemExit(1) from None
    if read.changed:
        click.echo("It was changed since it was exported.")
    if read.other_preset:
        click.echo(f"It was made from another version of the preset {read.preset}.")
    click.echo(f"{read.name} ({read.preset}, {read.mode}) can be imported.")


@policy.command("import")
@click.argument("file", type=click.File(encoding="utf-8"))
@click.option("--company", required=True, metavar="SLUG")
@click.option("--into", type=click.UUID, help="Make it a draft of this policy, not of a new one.")
@click.option("--accept-changed", is_flag=True, help="Also if it was changed since its export.")
def import_(file: TextIO, company: str, into: uuid.UUID | None, accept_changed: bool) -> None:
    """Make a draft from FILE. Nothing is in force before somebody publishes it."""
    from zhike.services import policies

    with opened_site() as site, site.transaction(company_id(site, company), actor()) as s:
        row = policies.import_file(s, file.read(), into=into, accept_changed=accept_changed)
        click.echo(f"Draft {row.id}")
