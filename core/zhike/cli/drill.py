"""``zhike drill``: playing a regulation through, without a site and without touching one."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from zhike.cli.common import json_option, say_json

if TYPE_CHECKING:
    from zhike.drills import Drill, Report
    from zhike.plugins.manager import PluginHost
    from zhike.rules import Policy


@dataclass(frozen=True)
class _Loaded:
    """Plugins without a site: all that drills need."""

    plugins: PluginHost


def _load() -> _Loaded:
    from zhike.config import Config
    from zhike.plugins.manager import load_plugins

    return _Loaded(load_plugins(Config.from_env()))


@click.group()
def drill() -> None:
    """Drills 演练: events replayed under a policy, with what is expected of them."""


@drill.command()
@click.argument(
    "files",
    nargs=-1,
    required=True,
    type=click.Path(path_type=Path, exists=True, dir_okay=False, allow_dash=True),
)
@click.option("--policy", "name", metavar="PRESET", help="For drills that name no policy.")
@click.option("--company", metavar="SLUG", help="For those: the policy in force at this company.")
@click.option("--unit", metavar="CODE", help="… and at this site or department of it.")
@click.option("--brief", is_flag=True, help="Only what differs, and one line a drill.")
@click.option("--lang", default="zh_Hans", show_default=True, help="Language of the reasons.")
@json_option
def run(
    files: tuple[Path, ...],
    name: str | None,
    company: str | None,
    unit: str | None,
    brief: bool,
    lang: str,
    as_json: bool,
) -> None:
    """Play the drills in FILES (- is standard input), event by event, with reasons.

    Compares with what they expect: exit code 1 on a difference, 2 for a file that is no drill. A
    drill that expects nothing is a what-if.
    """
    from zhike.drills import DrillError, load_bytes, render_text, tally
    from zhike.services.drills import play

    loaded = _load()
    reports: list[Report] = []
    try:
        for path in files:
            data = sys.stdin.buffer.read() if str(path) == "-" else path.read_bytes()
            drills = load_bytes(data, str(path))
            for one in drills:
                at_hand = None if one.pinned else _at_hand(loaded, one, name, company, unit)
                reports.append(play(loaded, one, at_hand, lang))
    except DrillError as error:
        click.secho(str(error), fg="red", err=True)
        raise SystemExit(2) from None
    if as_json:
        say_json([report.to_json() for report in reports])
    else:
        for report in reports:
            click.echo(render_text(report, reasons=not brief, every=not brief))
        click.echo(tally(reports))
    if any(report.error for report in reports):
        raise SystemExit(2)
    raise SystemExit(any(not report.ok for report in reports))


def _at_hand(
    loaded: _Loaded, one: Drill, name: str | None, company: str | None, unit: str | None
) -> Policy:
    """The policy for a drill that pins none: the company's, the named preset, or the first."""
    from zhike.errors import ConfigError
    from zhike.services.drills import presets_for

    if company is not None:
        return _in_force(one.plugin, company, unit)
    presets = presets_for(loaded, one.plugin)
    if not presets:
        raise ConfigError(f"{one.id}: the plugin {one.plugin!r} is not here or has no policy.")
    chosen = name or next(iter(presets))
    if chosen not in presets:
        raise ConfigError(f"There is no preset {chosen!r} (known: {', '.join(presets)}).")
    return presets[chosen].policy()


def _in_force(plugin: str, company: str, unit: str | None) -> Policy:
    from sqlalchemy import select

    from zhike import clock
    from zhike.cli.common import company_id, opened_site
    from zhike.errors import ConfigError
    from zhike.models.organisation import Unit
    from zhike.services import policies

    with opened_site() as site, site.reader(company_id(site, company)) as s:
        place = None
        if unit is not None:
            place = s.scalars(select(Unit.id).where(Unit.code == unit)).first()
            if place is None:
                raise ConfigError(f"There is no site or department {unit!r} at {company}.")
        return policies.in_force(s, plugin, place, clock.now()).policy


@drill.command()
@click.argument("plugin")
def schema(plugin: str) -> None:
    """Print the JSON Schema of PLUGIN's drills: what may be given, what may happen, be expected."""
    from zhike.drills import schema as describe
    from zhike.errors import ConfigError
    from zhike.services.drills import engines_for, presets_for

    loaded = _load()
    engines = engines_for(loaded, plugin)
    if plugin not in engines:
        raise ConfigError(f"The plugin {plugin!r} is not here or has no engine.")
    say_json(describe(engines[plugin], presets_for(loaded, plugin)))
