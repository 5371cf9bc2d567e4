"""``zhike doctor``: is the installation well, and if not, what to do."""

from __future__ import annotations

import platform
import sys
from typing import TYPE_CHECKING

import click

from zhike.cli.common import json_option, say_json

if TYPE_CHECKING:
    from zhike.services.health import Finding

_MARK = {"ok": ("✓", "green"), "warning": ("!", "yellow"), "critical": ("✗", "red")}


@click.command()
@click.option(
    "--quick", is_flag=True, help="Only what the health page asks; reads no whole tables."
)
@json_option
def doctor(quick: bool, as_json: bool) -> None:
    """Examine the installation. Exit code 0 well, 1 with warnings, 2 if something is critical."""
    findings = examine(quick=quick)
    if as_json:
        say_json([finding.__dict__ for finding in findings])
    else:
        click.echo(f"Python {platform.python_version()} on {sys.platform}")
        for finding in findings:
            mark, colour = _MARK[finding.level]
            click.echo(click.style(mark, fg=colour) + f" {finding.title}: {finding.message}")
            if finding.remedy and finding.level != "ok":
                click.echo(f"    → {finding.remedy}")
    levels = {finding.level for finding in findings}
    raise SystemExit(2 if "critical" in levels else int("warning" in levels))


def examine(*, quick: bool) -> list[Finding]:
    """Every finding; a site that cannot even be opened is one."""
    from zhike.cli.common import opened_site
    from zhike.errors import ZhikeError
    from zhike.ops import checks
    from zhike.services import health

    try:
        with opened_site() as site:
            findings = health.run_checks(site)
            if not quick:
                findings += health.run_checks(site, checks.DEEP)
    except ZhikeError as error:
        return [health.Finding("core.site", "Site", "critical", str(error))]
    return sorted(findings, key=lambda finding: list(_MARK).index(finding.level), reverse=True)
