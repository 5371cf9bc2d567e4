"""What the commands share: opening the site, naming a company, answering in words or JSON."""

from __future__ import annotations

import getpass
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from zhike.db.session import Actor
    from zhike.site import Site

F = TypeVar("F", bound=Callable[..., Any])


@contextmanager
def opened_site(*, plugins: bool = True) -> Iterator[Site]:
    """The site that the environment describes; refuses one without tables.

    Raises :class:`~zhike.errors.ConfigError`.
    """
    from zhike.config import Config
    from zhike.db import migrate
    from zhike.errors import ConfigError
    from zhike.site import Site

    config = Config.from_env()
    if migrate.current(config, [migrate.CORE])[migrate.CORE.name] is None:
        raise ConfigError(f"There is no site in {config.home}. Begin one with: zhike db upgrade")
    site = Site.open(config, plugins=plugins)
    try:
        yield site
    finally:
        site.close()


def actor() -> Actor:
    """Who calls: the account of the operating system, as ledger lines name it."""
    from zhike.db.session import Actor

    try:
        name = getpass.getuser()
    except (KeyError, OSError):  # an account without a name, as in some containers
        name = "?"
    return Actor(kind="cli", name=name)


def company_id(site: Site, slug: str) -> int:
    """The number of the company called ``slug``; ``ConfigError`` naming those there are."""
    from sqlalchemy import select

    from zhike.errors import ConfigError
    from zhike.models.company import Company

    with site.system_reader() as s:
        found: dict[str, int] = {
            row.slug: row.id for row in s.execute(select(Company.slug, Company.id))
        }
    if slug not in found:
        known = ", ".join(sorted(found)) or "none"
        raise ConfigError(f"There is no company {slug!r} here (known: {known}).")
    return found[slug]


def json_option(command: F) -> F:
    """The switch ``--json`` of commands that scripts read."""
    return click.option("--json", "as_json", is_flag=True, help="Answer in JSON.")(command)


def say_json(value: Any) -> None:
    """Print JSON, Chinese left readable."""
    click.echo(json.dumps(value, ensure_ascii=False, indent=2, default=str))


def table(rows: Sequence[tuple[str, ...]], head: tuple[str, ...]) -> None:
    """Print aligned columns; wide characters count as two."""
    shown = [head, *rows]
    widths = [max(_width(row[i]) for row in shown) for i in range(len(head))]
    for row in shown:
        cells = (cell + " " * (widths[i] - _width(cell)) for i, cell in enumerate(row))
        click.echo("  ".join(cells).rstrip())


def _width(text: str) -> int:
    from unicodedata import east_asian_width

    return sum(2 if east_asian_width(character) in "WF" else 1 for character in text)
