"""The recovery kit 恢复包: the site's keys under a passphrase, on paper or a stick, away from here.

Whoever has a backup and the kit has the site; without the kit a lost machine is a lost site, since
no backup contains the keys. Made by ``zhike keys kit``; until there is one, backups are not sealed
(a sealed backup whose key is lost would be worth less than an open one) and ``doctor`` says so.
"""

from __future__ import annotations

import base64
import json
import secrets
import textwrap
from dataclasses import dataclass
from pathlib import Path

from argon2.low_level import Type, hash_secret_raw
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from zhike import clock
from zhike.config import Config
from zhike.errors import ConfigError
from zhike.ops.container import BackupKey
from zhike.services.keys.keyring import Keyring, keyring_path, write_private

HEADING = "ZHIKE RECOVERY KIT 知客恢复包"
MIN_PASSPHRASE = 12
# Argon2id for a secret that is typed once a year: 64 MiB, 4 passes.
_COST = {"time_cost": 4, "memory_cost": 65536, "parallelism": 1}
_AAD = b"zhike recovery kit 1"


class KitError(ConfigError):
    """A recovery kit that cannot be made or opened."""


@dataclass(frozen=True)
class KitState:
    """When the kit was made and last tried (ISO dates, UTC), and the master keys it holds."""

    made: str
    tested: str
    masters: tuple[str, ...]


def backup_key(keyring: Keyring) -> BackupKey:
    """The key that seals backups from now on."""
    return _derive(keyring.current.id, keyring.current.secret)


def backup_keys(keyring: Keyring | None) -> dict[str, BackupKey]:
    """The keys of every master key in the file, by id: old backups open too."""
    if keyring is None:
        return {}
    return {key.id: _derive(key.id, key.secret) for key in keyring.masters}


def _derive(key_id: str, secret: bytes) -> BackupKey:
    hkdf = HKDF(hashes.SHA256(), 32, salt=None, info=b"zhike backup 1")
    return BackupKey(key_id, hkdf.derive(secret))


def _state_file(config: Config) -> Path:
    return config.home / "keys" / "recovery-kit.json"


def state(config: Config) -> KitState | None:
    """What is known of the kit; None until one was made."""
    try:
        found = json.loads(_state_file(config).read_text("utf-8"))
        return KitState(found["made"], found["tested"], tuple(found["masters"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _note(config: Config, made: str, tested: str, keyring: Keyring) -> None:
    facts = {"made": made, "tested": tested, "masters": [key.id for key in keyring.masters]}
    write_private(_state_file(config), json.dumps(facts).encode(), replace=True)


def _key_files(config: Config) -> dict[str, Path]:
    """The files that only this site has: the keys, and the key that signs ledger anchors."""
    found = {"master.keys": keyring_path(config)}
    anchor = config.home / "keys" / "anchor.key"
    if anchor.exists():
        found["anchor.key"] = anchor
    return found


def make_kit(config: Config, passphrase: str) -> str:
    """The text of a new kit, sealed by ``passphrase``; from now on backups are sealed.

    Raises :class:`KitError` for a passphrase of fewer than twelve characters.
    """
    if len(passphrase) < MIN_PASSPHRASE:
        raise KitError(f"The passphrase must have at least {MIN_PASSPHRASE} characters.")
    keyring = Keyring.open(config)
    salt, nonce = secrets.token_bytes(16), secrets.token_bytes(12)
    content = {name: path.read_text("ascii") for name, path in _key_files(config).items()}
    sealed = AESGCM(_stretch(passphrase, salt)).encrypt(nonce, json.dumps(content).encode(), _AAD)
    body = "\n".join(textwrap.wrap(base64.b64encode(salt + nonce + sealed).decode(), 64))
    today = f"{clock.now():%Y-%m-%d}"
    _note(config, today, today, keyring)
    return (
        f"{HEADING}\n"
        f"Made {today}. Keep it away from the machine and from its backups, and the passphrase\n"
        "away from this. With both, `zhike restore` brings the site back on a new machine.\n"
        "与备份分开保存,口令另存。凭此两者可在新机器上恢复。\n\n"
        f"{body}\n"
    )


def open_kit(text: str, passphrase: str) -> dict[str, str]:
    """The key files in a kit, by name. Raises :class:`KitError` for the wrong passphrase."""
    heading, _, rest = text.partition("\n\n")
    if not heading.startswith(HEADING):
        raise KitError("This is not a recovery kit.")
    try:
        raw = base64.b64decode("".join(rest.split()), validate=True)
        plain = AESGCM(_stretch(passphrase, raw[:16])).decrypt(raw[16:28], raw[28:], _AAD)
        content: dict[str, str] = json.loads(plain)
    except (ValueError, InvalidTag):
        raise KitError("The passphrase is wrong, or the kit is damaged.") from None
    return content


def try_kit(config: Config, text: str, passphrase: str) -> None:
    """The yearly trial: does the kit open, and does it hold the keys in use? Noted when it does.

    Raises :class:`KitError` saying what is wrong.
    """
    content = open_kit(text, passphrase)
    keyring = Keyring.open(config)
    if keyring.current.line().strip() not in content.get("master.keys", ""):
        raise KitError("The kit is older than the present master key: make a new one.")
    known = state(config)
    today = f"{clock.now():%Y-%m-%d}"
    _note(config, known.made if known else today, today, keyring)


def install_kit(config: Config, text: str, passphrase: str) -> None:
    """Put the keys of a kit into a site that has none. Raises :class:`KitError` where it has."""
    content = open_kit(text, passphrase)
    target = keyring_path(config)
    if target.exists():
        if target.read_text("ascii") != content["master.keys"]:
            raise KitError(f"{target} is there already and differs from the kit.")
        return
    (config.home / "keys").mkdir(parents=True, exist_ok=True, mode=0o700)
    for name, text_ in content.items():
        path = target if name == "master.keys" else config.home / "keys" / "anchor.key"
        write_private(path, text_.encode("ascii"), replace=False)
    today = f"{clock.now():%Y-%m-%d}"
    _note(config, today, today, Keyring.read(target))


def _stretch(passphrase: str, salt: bytes) -> bytes:
    return hash_secret_raw(passphrase.encode("utf-8"), salt, hash_len=32, type=Type.ID, **_COST)
