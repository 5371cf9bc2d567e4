"""``zhike ledger``: is every line as it was written?"""

from __future__ import annotations

from pathlib import Path

import click

from zhike.cli.common import company_id, json_option, opened_site, say_json


@click.group()
def ledger() -> None:
    """The ledger 台账."""


@ledger.command()
@click.option("--company", metavar="SLUG", help="Only this company's chain.")
@click.option(
    "--from-anchor",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Anchors kept elsewhere, compared besides the site's own; needs --company or --site.",
)
@click.option("--site", "own", is_flag=True, help="Only the site's own chain.")
@json_option
def verify(company: str | None, from_anchor: Path | None, own: bool, as_json: bool) -> None:
    """Check the chains line by line; exit code 1 names the first line that is not right."""
    from zhike.services import ledger as service

    if from_anchor is not None and company is None and not own:
        raise click.UsageError("--from-anchor needs --company SLUG or --site")
    with opened_site(plugins=False) as site:
        if company is not None or own:
            chain = company_id(site, company) if company is not None else 0
            reports = [service.verify(site, chain, from_anchor)]
        else:
            reports = service.verify_all(site)
        # Sign-in events are sealed into the site's chain, so they belong to what it proves.
        seals = service.verify_auth_seals(site) if company is None else None
    if as_json:
        sealed = [] if seals is None else [{"chain": "sign-ins", **seals.__dict__}]
        say_json([*(report.__dict__ for report in reports), *sealed])
    else:
        for report in reports:
            name = f"company {report.chain}" if report.chain else "site"
            if report.ok:
                click.echo(f"{name}: {report.rows} lines, anchored up to {report.anchored_to}: ok")
            else:
                line = f"line {report.first_bad_seq}" if report.first_bad_seq else "anchors"
                click.secho(f"{name}: {line}: {report.reason}", fg="red")
        if seals is not None and seals.ok:
            click.echo(f"sign-ins: {seals.events} events under {seals.seals} seals: ok")
        elif seals is not None:
            said = f"sign-ins: not as sealed by line {seals.bad_seq} of the site's chain"
            click.secho(said, fg="red")
    whole = all(report.ok for report in reports) and (seals is None or seals.ok)
    raise SystemExit(not whole)
