"""``zhike upgrade``: after newer packages were installed."""

from __future__ import annotations

import click


@click.command()
@click.option("--no-page", is_flag=True, help="Show visitors no page meanwhile.")
def upgrade(no_page: bool) -> None:
    """Bring the site's data to the installed packages. The site must be stopped.

    Examines it, backs it up, migrates the core and every plugin, and looks whether it stands. Where
    anything fails, the backup is put back and the site is as it was.
    """
    from zhike.config import Config
    from zhike.ops.upgrade import upgrade as run

    done = run(Config.from_env(), page=not no_page, say=click.echo)
    for name, word in done.lineages.items():
        click.echo(f"{name}: {word}")
