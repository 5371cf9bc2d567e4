"""What a site is told from outside: environment variables, nothing else.

Everything that an administrator may change while the site runs is a *setting* (in the database);
what stands here decides where the database is and how processes start.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from zhike.errors import ConfigError


def _flag(env: Mapping[str, str], name: str) -> bool:
    return env.get(name, "").strip().lower() in {"1", "true", "yes", "on"}


def _number(env: Mapping[str, str], name: str, default: int, low: int, high: int) -> int:
    text = env.get(name, "").strip()
    if not text:
        return default
    try:
        value = int(text)
    except ValueError:
        raise ConfigError(f"{name} must be a whole number, not {text!r}") from None
    if not low <= value <= high:
        raise ConfigError(f"{name} must lie between {low} and {high}, not {value}")
    return value


@dataclass(frozen=True)
class Config:
    """One site's start-up configuration.

    ``home`` holds the embedded database, keys, files and backups (``ZHIKE_HOME``, default
    ``var/``). ``database_url`` (``ZHIKE_DATABASE_URL``) is a SQLAlchemy address; empty means the
    embedded SQLite file in ``home``. ``host``/``port`` are where ``zhike run`` listens.
    """

    home: Path
    database_url: str = ""
    host: str = "127.0.0.1"
    port: int = 8000
    processes: int = 2
    threads: int = 8
    safe_mode: bool = False
    plugin_allow: tuple[str, ...] | None = None
    plugin_path: tuple[Path, ...] = ()
    trusted_hosts: tuple[str, ...] = ()
    proxies: int = 0
    secure_cookies: bool = False
    master_key_file: Path | None = None

    @classmethod
    def from_env(cls, env: Mapping[str, str] | None = None) -> Config:
        """Read the ``ZHIKE_*`` variables; raises :class:`ConfigError` naming a bad one."""
        env = os.environ if env is None else env
        allow = env.get("ZHIKE_PLUGINS")
        key_file = env.get("ZHIKE_MASTER_KEY_FILE")
        return cls(
            home=Path(env.get("ZHIKE_HOME") or "var").absolute(),
            database_url=env.get("ZHIKE_DATABASE_URL", ""),
            host=env.get("ZHIKE_HOST") or "127.0.0.1",
            port=_number(env, "ZHIKE_PORT", 8000, 1, 65535),
            processes=_number(env, "ZHIKE_PROCESSES", 2, 1, 64),
            threads=_number(env, "ZHIKE_THREADS", 8, 1, 64),
            safe_mode=_flag(env, "ZHIKE_SAFE_MODE"),
            plugin_allow=None
            if allow is None
            else tuple(name.strip() for name in allow.split(",") if name.strip()),
            plugin_path=tuple(
                Path(part) for part in env.get("ZHIKE_PLUGIN_PATH", "").split(os.pathsep) if part
            ),
            trusted_hosts=tuple(
                part.strip()
                for part in env.get("ZHIKE_TRUSTED_HOSTS", "").split(",")
                if part.strip()
            ),
            proxies=_number(env, "ZHIKE_PROXIES", 0, 0, 8),
            secure_cookies=_flag(env, "ZHIKE_SECURE_COOKIES"),
            master_key_file=Path(key_file) if key_file else None,
        )

    @property
    def url(self) -> str:
        """The SQLAlchemy address of the site's database."""
        return self.database_url or f"sqlite:///{self.home / 'zhike.db'}"

    @property
    def is_sqlite(self) -> bool:
        """Whether the site runs on the embedded database."""
        return self.url.startswith("sqlite")

    def ensure_home(self) -> None:
        """Create the site's folder, readable by its owner only."""
        self.home.mkdir(parents=True, exist_ok=True, mode=0o700)
