"""``zhike demo``: a site to try, with two companies and people in it."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from zhike.config import Config

#: The same name as in ``zhike.ops.demo``, which is not imported just to look for it.
ACCOUNTS = "demo-accounts.txt"


@click.command()
@click.option("--host", help="Address to listen on (ZHIKE_HOST, default 127.0.0.1).")
@click.option("--port", type=click.IntRange(1, 65535), help="Port (ZHIKE_PORT, default 8000).")
@click.option("--no-serve", is_flag=True, help="Only make it.")
def demo(host: str | None, port: int | None, no_serve: bool) -> None:
    """Make the demo site if it is not there, and serve it. What you do in it stays.

    Accounts and their random passwords are printed at each start. Begin anew by removing the
    site's folder.
    """
    from zhike.cli.run import serve
    from zhike.config import Config

    config = Config.from_env()
    accounts = config.home / ACCOUNTS
    if no_serve:
        _make(config)
        click.echo(accounts.read_text("utf-8"), nl=False)
        return
    if not accounts.exists():
        # In a process of its own: what serves afterwards stays small.
        made = subprocess.run(
            [sys.executable, "-m", "zhike", "demo", "--no-serve"], stdout=subprocess.DEVNULL
        )
        if made.returncode:
            raise SystemExit(made.returncode)
    shown = accounts.read_text("utf-8")
    raise SystemExit(
        serve(
            host,
            port,
            on_ready=lambda address: click.echo(f"\n{shown}\n{address}   Ctrl-C stops it."),
        )
    )


def _make(config: Config) -> None:
    from zhike.cli.user import random_password
    from zhike.ops import demo as ops
    from zhike.ops import runfile

    with runfile.exclusive(config.home, doing="the demo is being made"):
        if not ops.is_demo(config):
            ops.make(config, random_password, lambda text: click.echo(text, err=True))
