"""Commands that plugins contribute: ``zhike <plugin> <command>``."""

from __future__ import annotations

import click


class PluginGroup(click.Group):
    """The commands of one plugin; each is loaded when it is called."""

    def __init__(self, plugin: str) -> None:
        super().__init__(plugin, help=f"Commands of the plugin {plugin}.")
        from zhike.config import Config
        from zhike.contributions import Command
        from zhike.plugins.manager import load_plugins

        self._plugin = plugin
        host = load_plugins(Config.from_env())
        self._fault = host.broken.get(plugin)
        self._found = {
            entry.value.name.rpartition(".")[2]: entry.value
            for entry in host.registry.of(Command)
            if entry.owner.plugin == plugin
        }

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names of the plugin's commands."""
        return sorted(self._found)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Load one command; a plugin that is broken says why instead."""
        if self._fault is not None:
            raise click.ClickException(f"{self._plugin} is broken: {self._fault.reason}")
        found = self._found.get(cmd_name)
        return found.load() if found is not None else None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands by the help they were contributed with."""
        rows = [(name, command.help) for name, command in sorted(self._found.items())]
        if self._fault is not None:
            formatter.write_text(f"Broken: {self._fault.reason}")
        elif rows:
            with formatter.section("Commands"):
                formatter.write_dl(rows)
        else:
            formatter.write_text("It has none.")
