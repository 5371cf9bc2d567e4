"""``zhike backup``, ``zhike restore``: keeping the site's data, and getting it back."""

from __future__ import annotations

from pathlib import Path
from typing import TextIO

import click

from zhike.cli.common import actor, json_option, opened_site, say_json, table


@click.group()
def backup() -> None:
    """Make, list and verify backups. Never copy the database file instead: what was written
    lately is not in it."""


@backup.command()
@click.option(
    "--to", type=click.Path(path_type=Path), help="Folder (default: backups of the site)."
)
@click.option("--sealed/--open", default=None, help="Seal it, or not (default: once a kit exists).")
@click.option("--verify/--no-verify", "check", default=True, help="Verify it at once (default).")
@json_option
def create(to: Path | None, sealed: bool | None, check: bool, as_json: bool) -> None:
    """Back up the site while it runs."""
    from zhike.ops import backup as ops
    from zhike.ops import restore as reading

    with opened_site(plugins=False) as site:
        made = ops.create(site.config, to, sealed=sealed)
        problems = reading.verify(site.config, made.path).problems if check else []
    if as_json:
        say_json({**made.to_json(), "problems": problems})
    else:
        word = "sealed" if made.sealed_by else "not sealed"
        click.echo(f"{made.path}  {made.size} bytes, {word}")
        if not made.sealed_by:
            click.echo("Personal data in it stays encrypted, the rest can be read by who has it.")
        _say_problems(problems, check)
    raise SystemExit(bool(problems))


def _say_problems(problems: list[str], checked: bool) -> None:
    for problem in problems:
        click.secho(f"  {problem}", fg="red", err=True)
    if checked and not problems:
        click.echo("Verified: it was restored to a scratch place and examined.")


@backup.command("list")
@click.argument("folder", required=False, type=click.Path(path_type=Path))
@json_option
def list_(folder: Path | None, as_json: bool) -> None:
    """List backups, newest first."""
    from zhike.config import Config
    from zhike.ops import backup as ops

    found = ops.list_backups(folder or ops.folder(Config.from_env()))
    if as_json:
        say_json([one.to_json() for one in found])
        return
    rows = [
        (
            one.path.name,
            f"{one.made_at:%Y-%m-%d %H:%M} UTC",
            f"{one.size / (1 << 20):.1f} MiB",
            "sealed" if one.sealed_by else "open",
            f"verified {one.verified_at:%Y-%m-%d}" if one.verified_at else "not verified",
        )
        for one in found
    ]
    table(rows, ("backup", "made", "size", "", ""))


@backup.command()
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@json_option
def verify(file: Path, as_json: bool) -> None:
    """Restore FILE to a scratch place and examine it; exit code 1 where something is wrong."""
    from zhike.config import Config
    from zhike.ops import restore as reading

    result = reading.verify(Config.from_env(), file)
    if as_json:
        say_json(result.__dict__)
    else:
        click.echo(
            f"Made {result.made_at} by Zhike {result.version}: {result.rows} rows, "
            f"{result.chains} ledger chains, {result.attachments} attachments."
        )
        _say_problems(result.problems, True)
    raise SystemExit(bool(result.problems))


@backup.command()
def release() -> None:
    """After a restore: this is the real site again, let deliveries to the outside go."""
    from zhike.models.setting import SystemSetting
    from zhike.ops.restore import HOLD
    from zhike.services import ledger

    with opened_site(plugins=False) as site, site.system(actor()) as s:
        held = s.get(SystemSetting, HOLD)
        if held is None or held.value is not True:
            click.echo("Nothing was held.")
            return
        s.delete(held)
        ledger.append(s, "core.site.deliveries_released")
    click.echo("Deliveries go again.")


@click.command()
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option(
    "--aside", is_flag=True, help="Keep what is there now apart, in before-… of the site."
)
@click.option(
    "--kit",
    type=click.File(encoding="utf-8"),
    help="Recovery kit, for a machine that has no keys; asks for its passphrase.",
)
def restore(file: Path, aside: bool, kit: TextIO | None) -> None:
    """Bring back the site from the backup FILE. The site must be stopped.

    Afterwards everybody signs in anew, and deliveries to the outside are held until
    `zhike backup release`, so that a trial writes to no customer.
    """
    from zhike.config import Config
    from zhike.ops import restore as reading
    from zhike.ops import schema
    from zhike.plugins.manager import load_plugins

    config = Config.from_env()
    secret = None
    if kit is not None:
        secret = (kit.read(), click.prompt("Passphrase", hide_input=True))
    lineages = schema.lineages(load_plugins(config))[1:]
    manifest = reading.restore(config, file, aside=aside, kit=secret, plugins=lineages)
    click.echo(f"Restored to {manifest['made_at']}: {sum(manifest['rows'].values())} rows.")
    if schema.status(config, schema.lineages(load_plugins(config)))[0].state == "pending":
        click.echo("It is from an older version. Next: zhike upgrade")
