"""The ``zhike`` command.

One module a topic. Only the module of the command that was asked for is imported, so that
``zhike --help`` and shell completion answer at once, whatever the site has installed.
"""

from __future__ import annotations

import os
from importlib import import_module
from typing import NamedTuple

import click

from zhike import __version__
from zhike.errors import ZhikeError

PLUGIN_GROUP = "zhike.plugins"


class Lazy(NamedTuple):
    """Where a command lives: module, attribute, and the line shown by ``zhike --help``."""

    module: str
    attribute: str
    help: str


#: Every command of the core. A plugin's commands are found under the plugin's own name.
COMMANDS: dict[str, Lazy] = {
    "backup": Lazy("zhike.cli.backup", "backup", "Make, list and verify backups."),
    "company": Lazy("zhike.cli.user", "company", "Companies of this site."),
    "db": Lazy("zhike.cli.db", "db", "The database's tables."),
    "demo": Lazy("zhike.cli.demo", "demo", "Make a site to try, and serve it."),
    "doctor": Lazy("zhike.cli.doctor", "doctor", "Examine the installation."),
    "drill": Lazy("zhike.cli.drill", "drill", "Play drills 演练 under any policy."),
    "keys": Lazy("zhike.cli.keys", "keys", "Encryption keys and the recovery kit."),
    "ledger": Lazy("zhike.cli.ledger", "ledger", "Verify the ledger 台账."),
    "plugin": Lazy("zhike.cli.plugin", "plugin", "Install, enable, disable, uninstall plugins."),
    "policy": Lazy("zhike.cli.policy", "policy", "Policies 制度 as files."),
    "restore": Lazy("zhike.cli.backup", "restore", "Bring the site back from a backup."),
    "run": Lazy("zhike.cli.run", "run", "Serve the site: web processes and a worker."),
    "upgrade": Lazy("zhike.cli.upgrade", "upgrade", "Bring the data to newer packages."),
    "user": Lazy("zhike.cli.user", "user", "Accounts, and the way back in."),
    "worker": Lazy("zhike.cli.run", "worker", "Do the background work of a site."),
}


def _plugins() -> set[str]:
    """Names of the plugins that are present."""
    from importlib.metadata import entry_points  # slow to load, and few commands need it

    return {entry.name for entry in entry_points(group=PLUGIN_GROUP)}


class LazyGroup(click.Group):
    """A click group that imports a command's module when, and only when, it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names of the core's commands and of the plugins that are present."""
        return [*sorted(COMMANDS), *sorted(_plugins() - COMMANDS.keys())]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return one command; None where there is no such command."""
        lazy = COMMANDS.get(cmd_name)
        if lazy is None:
            if cmd_name not in _plugins():
                return None
            from zhike.cli.plugins import PluginGroup

            return PluginGroup(cmd_name)
        command: click.Command = getattr(import_module(lazy.module), lazy.attribute)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands from the table above, without importing any of them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, COMMANDS[name].help) for name in sorted(COMMANDS)])
        plugins = [name for name in self.list_commands(ctx) if name not in COMMANDS]
        if plugins:
            with formatter.section("Plugins"):
                formatter.write_dl([(name, f"Commands of the plugin {name}.") for name in plugins])


@click.group(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, prog_name="zhike")
def cli() -> None:
    """Zhike 知客. The site is the folder named by ZHIKE_HOME (default: var)."""


def main() -> None:
    """Entry point of the console script; errors meant for people end with a sentence and code 1."""
    os.umask(0o077)  # what a command creates is its owner's
    try:
        cli(prog_name="zhike")
    except ZhikeError as error:
        click.secho(str(error), fg="red", err=True)
        for problem in getattr(error, "extra", {}).get("problems", ()):
            click.echo(f"  {problem.get('field', '')}: {problem.get('message', '')}", err=True)
        raise SystemExit(1) from None
