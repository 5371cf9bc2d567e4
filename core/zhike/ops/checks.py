"""What can be wrong with an installation, as the health page and ``zhike doctor`` ask it.

Each check answers with a sentence and, where something is to be done, what. Those in :data:`SITE`
are quick and run on the page too; those in :data:`DEEP` read whole files or tables and run only
when an administrator calls the doctor.
"""

from __future__ import annotations

import shutil
import sqlite3
import sys
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from datetime import date, timedelta
from hashlib import sha256
from importlib.metadata import Distribution, distributions
from pathlib import Path

import sqlalchemy as sa

from zhike import clock
from zhike.contributions import N_, HealthCheck, HealthResult
from zhike.db.engines import sqlite_path
from zhike.i18n import _
from zhike.models.company import Company
from zhike.models.jobs import Heartbeat
from zhike.models.setting import SystemSetting
from zhike.ops import backup, database, recovery, schema
from zhike.ops.restore import HOLD
from zhike.services import keys
from zhike.services.keys.keyring import KeyringError
from zhike.site import Site

#: A verified backup may be this old; a site younger than that needs none yet.
BACKUP_AGE = timedelta(hours=48)
KIT_AGE = timedelta(days=365)
FREE_BYTES = 1 << 30
WAL_BYTES = 64 << 20
SKEW = timedelta(minutes=2)

# Releases in which two connections that write and checkpoint at one instant can lose pages.
_FIXED = ((3, 44, 6), (3, 45, 0)), ((3, 50, 7), (3, 51, 0)), ((3, 51, 3), (99, 0, 0))


def sqlite_is_fixed(version: tuple[int, ...]) -> bool:
    """Whether that SQLite release is free of the WAL-reset race."""
    return version < (3, 7, 0) or any(low <= version < high for low, high in _FIXED)


def sqlite_library(site: Site) -> HealthResult:
    """Which SQLite this process uses, and that it is the only one."""
    if not site.config.is_sqlite:
        return HealthResult(True, _("The site's data is in PostgreSQL."))
    if "_sqlite3" in sys.modules and sqlite3.sqlite_version != _standard_version():
        return HealthResult(
            False,
            _("This process has two SQLite libraries, which do not see each other's locks."),
            _("Find what imports sqlite3 before zhike, and import zhike first."),
        )
    version = sqlite3.sqlite_version
    if sqlite_is_fixed(tuple(int(part) for part in version.split("."))):
        return HealthResult(True, _("SQLite %(version)s.", version=version))
    return HealthResult(
        False,
        _("SQLite %(version)s can lose pages under several writers.", version=version),
        _("The write gate keeps them apart; still, install pysqlite3 or use PostgreSQL."),
    )


def _standard_version() -> str:
    module = sys.modules["_sqlite3"]
    return str(getattr(module, "sqlite_version", ""))


def folder_is_private(site: Site) -> HealthResult:
    """Whether only the owner can look into the site's folder and its keys."""
    home = site.config.home
    for path in (home, home / "keys", backup.folder(site.config)):
        if path.exists() and path.stat().st_mode & 0o077:
            return HealthResult(
                False,
                _("Others on this machine can look into %(path)s.", path=path),
                f"chmod 700 {path}",
            )
    return HealthResult(True, _("Only its owner can look into the site's folder."))


def keys_open(site: Site) -> HealthResult:
    """Whether the key file is there, private, and opens the keys of every company."""
    try:
        found = keys.status(site)
    except KeyringError as error:
        return HealthResult(
            False, str(error), _("Put the key file back, or restore it from the recovery kit.")
        )
    if found.unknown:
        return HealthResult(
            False,
            _("%(n)s company keys are under a master key that is not here.", n=found.unknown),
            _("Put the key file back, or restore it from the recovery kit."),
        )
    if found.pending:
        return HealthResult(
            False,
            _("A rotation of keys was interrupted; %(n)s keys wait.", n=found.pending),
            "zhike keys rotate",
        )
    return HealthResult(True, _("The keys open what they should."))


def recovery_kit(site: Site) -> HealthResult:
    """Whether a recovery kit was made, holds the present key and was tried within a year."""
    known = recovery.state(site.config)
    if known is None:
        return HealthResult(
            False,
            _("There is no recovery kit: if this machine is lost, the data cannot be read."),
            "zhike keys kit recovery-kit.txt",
        )
    if site.keys.keyring.current.id not in known.masters:
        return HealthResult(
            False,
            _("The recovery kit is older than the present master key."),
            "zhike keys kit recovery-kit.txt",
        )
    if date.fromisoformat(known.tested) + KIT_AGE < clock.now().date():
        return HealthResult(
            False,
            _("The recovery kit was last tried on %(day)s.", day=known.tested),
            "zhike keys kit --try recovery-kit.txt",
        )
    return HealthResult(True, _("The recovery kit is in order."))


def last_backup(site: Site) -> HealthResult:
    """Whether a backup was made and verified within two days."""
    verified = [b for b in backup.list_backups(backup.folder(site.config)) if b.verified_at]
    if verified and clock.now() - verified[0].made_at <= BACKUP_AGE:
        return HealthResult(True, _("There is a backup that was made and verified lately."))
    with site.system_reader() as s:
        oldest = s.scalar(sa.select(sa.func.min(Company.created_at)))
    if not verified and (oldest is None or clock.now() - oldest <= BACKUP_AGE):
        return HealthResult(True, _("The site is too young to need a backup."))
    return HealthResult(
        False,
        _("There is no verified backup of the last two days."),
        _("Run “zhike backup create” and “zhike backup verify”; the worker does so every night."),
        page="admin_backups.overview",
    )


def disk_space(site: Site) -> HealthResult:
    """Whether the disk has room for twice the data, and a gibibyte."""
    free = shutil.disk_usage(site.config.home).free
    needed = FREE_BYTES + (2 * database.size(site.config) if site.config.is_sqlite else 0)
    if free >= needed:
        return HealthResult(True, _("%(n)s MiB are free.", n=free >> 20))
    return HealthResult(
        False,
        _("Only %(n)s MiB are free.", n=free >> 20),
        _("Make room, or move old backups away: a backup needs twice the size of the data."),
        page="admin_backups.overview",
    )


def write_ahead_log(site: Site) -> HealthResult:
    """Whether SQLite's log is folded back into the database as it should."""
    path = sqlite_path(site.config) if site.config.is_sqlite else None
    log = path.with_name(path.name + "-wal") if path else None
    if log is None or not log.exists() or log.stat().st_size <= WAL_BYTES * 2:
        return HealthResult(True, _("The write-ahead log is small."))
    return HealthResult(
        False,
        _("The write-ahead log has grown to %(n)s MiB.", n=log.stat().st_size >> 20),
        _("Some process keeps a reading transaction open; restart the site."),
    )


def migrations(site: Site) -> HealthResult:
    """Whether every lineage stands where the installed packages want it."""
    waiting = [
        line
        for line in schema.status(site.config, schema.lineages(site.plugins))
        if line.state in ("pending", "ahead")
    ]
    if not waiting:
        return HealthResult(True, _("The database fits the installed packages."))
    return HealthResult(
        False,
        _(
            "The database does not fit the installed packages: %(names)s.",
            names=", ".join(f"{line.name} ({line.state})" for line in waiting),
        ),
        "zhike upgrade",
    )


def clock_is_right(site: Site) -> HealthResult:
    """Whether this machine's clock agrees with what was recorded, and with the database's."""
    now = clock.now()
    with site.system_reader() as s:
        latest = s.scalar(sa.select(sa.func.max(Heartbeat.at)))
        if not site.config.is_sqlite:
            latest = s.scalar(sa.select(sa.func.now())) or latest
    ahead = latest - now if latest else timedelta(0)
    behind = now - latest if latest and not site.config.is_sqlite else timedelta(0)
    if max(ahead, behind) <= SKEW:
        return HealthResult(True, _("The clock is right."))
    return HealthResult(
        False,
        _("This machine's clock is %(n)s s off.", n=int(max(ahead, behind).total_seconds())),
        _("Set the clock by NTP (systemd-timesyncd or chrony): deadlines depend on it."),
    )


def reachable_safely(site: Site) -> HealthResult:
    """Whether a site that others reach is behind TLS and knows its names."""
    config = site.config
    local = config.host in ("127.0.0.1", "::1", "localhost")
    if local and not config.proxies:
        return HealthResult(True, _("The site listens on this machine only."))
    missing = [
        name
        for name, present in (
            ("ZHIKE_SECURE_COOKIES=1", config.secure_cookies),
            ("ZHIKE_TRUSTED_HOSTS", bool(config.trusted_hosts)),
        )
        if not present
    ]
    if not missing:
        return HealthResult(True, _("Cookies need TLS, and host names are checked."))
    return HealthResult(
        False,
        _("The site can be reached from elsewhere, but lacks %(names)s.", names=", ".join(missing)),
        _("Put a proxy with TLS before it and set these; see docs/deploy.md."),
    )


def deliveries_flow(site: Site) -> HealthResult:
    """Whether deliveries to the outside are still held after a restore."""
    with site.system_reader() as s:
        held = s.get(SystemSetting, HOLD)
    if held is None or held.value is not True:
        return HealthResult(True, _("Deliveries to the outside are not held."))
    return HealthResult(
        False,
        _("The site was restored from a backup; deliveries to the outside are held."),
        _("When this is the real site again: zhike backup release"),
    )


# -- deep ----------------------------------------------------------------------------------------


def database_is_whole(site: Site) -> HealthResult:
    """SQLite's integrity check, and references of every row."""
    with database.opened(site.config.url) as connection:
        problems = database.check(connection)
    if not problems:
        return HealthResult(True, _("The database is whole."))
    return HealthResult(
        False,
        "; ".join(problems[:3]),
        _("Stop the site, keep a copy of its folder, restore the last verified backup."),
    )


def ledger_is_whole(site: Site) -> HealthResult:
    """Every ledger chain, against its anchors, and the sign-ins against their seals."""
    from zhike.services import ledger

    bad = [str(report) for report in ledger.verify_all(site) if not report.ok]
    seals = ledger.verify_auth_seals(site)
    if not seals.ok:
        bad.append(_("Sign-ins differ from their seal in line %(n)s.", n=seals.bad_seq))
    if not bad:
        return HealthResult(True, _("Every line of the ledger is as it was written."))
    return HealthResult(
        False,
        "; ".join(bad[:3]),
        _("Compare with a backup and with the anchors kept elsewhere: zhike ledger verify"),
    )


def files_are_ours(site: Site) -> HealthResult:
    """Whether the installed files of the core and the plugins are those of their packages."""
    changed = [path for one in _ours() for path in _changed_files(one)]
    if not changed:
        return HealthResult(True, _("The installed files are those of their packages."))
    return HealthResult(
        False,
        _("Changed since they were installed: %(names)s", names=", ".join(changed[:5])),
        _("Install the packages again, and find out who changed them."),
    )


def _ours() -> Iterator[Distribution]:
    for one in distributions():
        if one.name == "zhike" or any(e.group == "zhike.plugins" for e in one.entry_points):
            yield one


def _changed_files(one: Distribution) -> Iterator[str]:
    for file in one.files or ():
        if file.hash is None or file.hash.mode != "sha256":
            continue
        path = Path(str(file.locate()))
        try:
            digest = sha256(path.read_bytes()).digest()
        except OSError:
            yield f"{file} (missing)"
            continue
        if urlsafe_b64encode(digest).rstrip(b"=").decode() != file.hash.value:
            yield str(file)


SITE = (
    HealthCheck(
        name="core.schema", title=N_("Database version"), check=migrations, severity="critical"
    ),
    HealthCheck(name="core.keys", title=N_("Keys"), check=keys_open, severity="critical"),
    HealthCheck(name="core.kit", title=N_("Recovery kit"), check=recovery_kit),
    HealthCheck(name="core.backup", title=N_("Backup"), check=last_backup),
    HealthCheck(name="core.disk", title=N_("Disk space"), check=disk_space, severity="critical"),
    HealthCheck(name="core.folder", title=N_("Site folder"), check=folder_is_private),
    HealthCheck(name="core.sqlite", title=N_("Database library"), check=sqlite_library),
    HealthCheck(name="core.wal", title=N_("Write-ahead log"), check=write_ahead_log),
    HealthCheck(name="core.clock", title=N_("Clock"), check=clock_is_right),
    HealthCheck(name="core.reachable", title=N_("TLS and names"), check=reachable_safely),
    HealthCheck(name="core.held", title=N_("Deliveries"), check=deliveries_flow),
)

DEEP = (
    HealthCheck(
        name="core.database", title=N_("Database"), check=database_is_whole, severity="critical"
    ),
    HealthCheck(name="core.ledger", title=N_("Ledger"), check=ledger_is_whole, severity="critical"),
    HealthCheck(name="core.files", title=N_("Installed files"), check=files_are_ours),
)
