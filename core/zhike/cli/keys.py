"""``zhike keys``: the keys that seal personal data, and the recovery kit."""

from __future__ import annotations

from pathlib import Path

import click

from zhike.cli.common import json_option, opened_site, say_json


@click.group()
def keys() -> None:
    """The site's encryption keys. Lost keys are lost data: make a recovery kit."""


@keys.command()
@json_option
def status(as_json: bool) -> None:
    """Which master key is in use, and what is wrapped by it."""
    from zhike.ops import recovery
    from zhike.services import keys as service

    with opened_site(plugins=False) as site:
        found, kit = service.status(site), recovery.state(site.config)
    if as_json:
        say_json({**found.__dict__, "kit": kit.__dict__ if kit else None})
        return
    click.echo(f"{found.path}: master key {found.current}, made {found.made}")
    click.echo(
        f"{found.company_keys} keys of {found.companies} companies, {found.pending} under an older "
        f"master key, {found.unknown} under one that is not here."
    )
    made = f"made {kit.made}, last tried {kit.tested}" if kit else "none (zhike keys kit FILE)"
    click.echo(f"Recovery kit: {made}")


@keys.command()
@click.option("--forget-old", is_flag=True, help="Older backups can then no longer be opened.")
def rotate(forget_old: bool) -> None:
    """Make a new master key and wrap everything by it; takes seconds and may be repeated."""
    from zhike.services import keys as service

    with opened_site(plugins=False) as site:
        done = service.rotate(site, forget_old=forget_old)
    click.echo(f"{done} company keys are under the new master key.")
    click.echo("The recovery kit is now older than the keys. Make a new one: zhike keys kit FILE")


@keys.command()
def verify() -> None:
    """Open every key; exit code 1 where one does not open."""
    from zhike.services import keys as service

    with opened_site(plugins=False) as site:
        problems = service.verify(site)
    for problem in problems:
        click.secho(problem, fg="red", err=True)
    click.echo("Every key opens." if not problems else f"{len(problems)} do not open.")
    raise SystemExit(bool(problems))


@keys.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--try", "trial", is_flag=True, help="Only see whether the kit in FILE still opens.")
def kit(file: Path, trial: bool) -> None:
    """Write the recovery kit to FILE: the keys under a passphrase, to be kept elsewhere.

    From then on backups are sealed: they open with the keys or with this kit, and not otherwise.
    """
    from zhike.ops import recovery
    from zhike.services.keys.keyring import write_private

    with opened_site(plugins=False) as site:
        if trial:
            text = file.read_text("utf-8")
            recovery.try_kit(site.config, text, click.prompt("Passphrase", hide_input=True))
            click.echo("The kit opens and holds the keys in use.")
            return
        if file.exists():
            raise click.ClickException(f"{file} exists already.")
        passphrase = click.prompt(
            f"Passphrase (at least {recovery.MIN_PASSPHRASE} characters)",
            hide_input=True,
            confirmation_prompt=True,
        )
        text = recovery.make_kit(site.config, passphrase)
        write_private(file, text.encode("utf-8"), replace=False)
    click.echo(f"{file} is written. Print it or move it away, and remove it from this machine.")
