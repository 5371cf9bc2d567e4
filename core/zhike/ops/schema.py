"""Where every lineage of migrations stands, and what that means for starting."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from zhike.config import Config
from zhike.db import migrate
from zhike.db.migrate import CORE, Lineage
from zhike.errors import ConfigError
from zhike.plugins.heads import shipped_head
from zhike.plugins.manager import PluginHost
from zhike.services.keys.keyring import Keyring

State = Literal["absent", "current", "pending", "ahead"]


@dataclass(frozen=True)
class LineageStatus:
    """One lineage: the revision in the database, the one shipped, and how they compare.

    ``absent``: not installed. ``pending``: ``zhike upgrade`` has something to do. ``ahead``: the
    database was written by a newer version than the one that is installed here.
    """

    name: str
    current: str | None
    head: str | None
    state: State


def lineages(plugins: PluginHost) -> list[Lineage]:
    """The core's lineage, then those of the loaded plugins, dependencies first."""
    return [
        CORE,
        *(Lineage(name, plugins.root(name) / "migrations") for name in plugins.names),
    ]


def status(config: Config, known: Iterable[Lineage]) -> list[LineageStatus]:
    """Compare the database with what is shipped, for each lineage of ``known``."""
    known = list(known)
    standing = migrate.current(config, known)
    found = []
    for lineage in known:
        current, head = standing[lineage.name], shipped_head(lineage.folder)
        found.append(LineageStatus(lineage.name, current, head, _compare(lineage, current, head)))
    return found


def _compare(lineage: Lineage, current: str | None, head: str | None) -> State:
    if current is None:
        return "absent"
    if current == head:
        return "current"
    return "pending" if knows(lineage, current) else "ahead"


def knows(lineage: Lineage, revision: str) -> bool:
    """Whether the installed package ships ``revision``; if not, a newer version wrote it."""
    if not lineage.folder.is_dir():
        return False
    from alembic.script import ScriptDirectory
    from alembic.util import CommandError

    scripts = ScriptDirectory(str(lineage.folder), version_locations=[str(lineage.folder)])
    try:
        return scripts.get_revision(revision) is not None
    except CommandError:
        return False


def begin(config: Config) -> None:
    """Make a new site: the core's tables and the keys. Harmless where both are there."""
    migrate.upgrade(config, CORE)
    Keyring.open(config)


def check_startable(config: Config, known: Iterable[Lineage]) -> None:
    """Make the tables of a site that has none yet; refuse one that must be upgraded first.

    Creating is safe at a start, migrating is not: processes of the old version may still run.
    Raises :class:`~zhike.errors.ConfigError` with the command to use.
    """
    found = status(config, known)
    if found[0].state == "absent":
        begin(config)
        return
    ahead = [line.name for line in found if line.state == "ahead"]
    if ahead:
        raise ConfigError(
            f"The database was written by a newer version ({', '.join(ahead)}). "
            "Install that version again, or restore a backup made by this one."
        )
    if found[0].state == "pending":
        raise ConfigError("The database must be upgraded first: stop the site, run zhike upgrade.")
