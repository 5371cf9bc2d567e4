"""``zhike db``: where the tables stand, and making them."""

from __future__ import annotations

import click

from zhike.cli.common import json_option, say_json, table


@click.group()
def db() -> None:
    """The database's tables."""


@db.command()
@json_option
def status(as_json: bool) -> None:
    """Where the core and each plugin stand; exit code 1 where something waits."""
    from zhike.config import Config
    from zhike.ops import schema
    from zhike.plugins.manager import load_plugins

    config = Config.from_env()
    found = schema.status(config, schema.lineages(load_plugins(config)))
    if as_json:
        say_json([line.__dict__ for line in found])
    else:
        rows = [(line.name, line.state, line.current or "-", line.head or "-") for line in found]
        table(rows, ("lineage", "state", "database", "package"))
    raise SystemExit(any(line.state in ("pending", "ahead") for line in found))


@db.command()
def upgrade() -> None:
    """Make the tables, or bring the core's to the installed version.

    `zhike upgrade` is the careful way for a site with data: it backs up first, upgrades the plugins
    too, and goes back where something fails.
    """
    from zhike.config import Config
    from zhike.db import migrate
    from zhike.ops import schema

    config = Config.from_env()
    schema.begin(config)
    click.echo(f"The core stands at {migrate.head(migrate.CORE)}.")
