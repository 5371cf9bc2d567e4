"""Anchors 锚: signed statements, outside the database, of what a chain's hash was at a line.

Without them a chain that was cut at its end, or rewritten as a whole, verifies. One append-only
file per chain in ``<home>/anchors``, one JSON object to a line, signed with the Ed25519 key in
``<home>/keys/anchor.key``; its public half lies beside the anchors.
"""

from __future__ import annotations

import base64
import fcntl
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from sqlalchemy import select

from zhike import clock
from zhike.errors import ZhikeError
from zhike.models.company import Company
from zhike.models.ledger import LedgerHead, SiteLedgerHead
from zhike.services.keys.keyring import write_private
from zhike.services.ledger.canonical import canonical_json, stamp

if TYPE_CHECKING:
    from zhike.site import Site

#: A chain is anchored at every so many lines, besides once a day.
EVERY = 1000
_PURPOSE = b"zk-anchor-1\0"


class AnchorError(ZhikeError):
    """A file of anchors cannot be used: a line is damaged or its signature is not ours."""


@dataclass(frozen=True)
class Anchor:
    """``chain`` (company number, 0 the site) had ``hash`` (hex) at line ``seq`` at ``at`` (UTC)."""

    chain: int
    seq: int
    hash: str
    at: str

    def message(self) -> bytes:
        """The bytes that are signed."""
        facts = {"chain": self.chain, "seq": self.seq, "hash": self.hash, "at": self.at}
        return _PURPOSE + canonical_json(facts)


def anchor_folder(site: Site) -> Path:
    """Where the site's anchors are; copy it away from the machine as often as you can."""
    return site.config.home / "anchors"


def anchor_file(site: Site, chain: int) -> Path:
    """The file of one chain's anchors."""
    return anchor_folder(site) / ("site.jsonl" if chain == 0 else f"company-{chain}.jsonl")


def anchor(site: Site) -> int:
    """Anchor every chain that has grown since its last anchor; returns how many. A daily job."""
    heads: list[tuple[int, int, bytes]] = []
    with site.system_reader() as s:
        ids = list(s.scalars(select(Company.id)))
        for own in s.scalars(select(SiteLedgerHead)):
            heads.append((0, own.seq, own.hash))
    for company_id in ids:
        with site.reader(company_id) as c:
            for head in c.scalars(select(LedgerHead)):
                heads.append((company_id, head.seq, head.hash))
    return sum(anchor_line(site, chain, seq, hash_) for chain, seq, hash_ in heads)


def anchor_line(site: Site, chain: int, seq: int, hash_: bytes) -> bool:
    """Write the anchor of one line unless a later one is there; whether it was written."""
    path = anchor_file(site, chain)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    key = _private_key(site)
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
    with os.fdopen(handle, "r+b", buffering=0) as file:
        fcntl.flock(file, fcntl.LOCK_EX)  # several processes anchor; a line is whole or not there
        if _last_seq(file.readall() or b"") >= seq:
            return False
        made = Anchor(chain, seq, hash_.hex(), stamp(clock.now()))
        line = {
            "chain": made.chain,
            "seq": made.seq,
            "hash": made.hash,
            "at": made.at,
            "sig": base64.b64encode(key.sign(made.message())).decode(),
        }
        file.write(canonical_json(line) + b"\n")
        os.fsync(file.fileno())
    return True


def _last_seq(content: bytes) -> int:
    lines = content.splitlines()
    return int(json.loads(lines[-1])["seq"]) if lines else 0


def read_anchors(site: Site, path: Path, chain: int) -> list[Anchor]:
    """The anchors of ``chain`` in a file, oldest first, each signature checked.

    A missing file gives an empty list. Raises :class:`AnchorError` for a damaged line, another
    chain's anchor or a signature that is not this site's.
    """
    if not path.exists():
        return []
    public = _public_key(site)
    found: list[Anchor] = []
    for number, text in enumerate(path.read_bytes().splitlines(), 1):
        try:
            line = json.loads(text)
            made = Anchor(line["chain"], line["seq"], line["hash"], line["at"])
            public.verify(base64.b64decode(line["sig"]), made.message())
        except (ValueError, KeyError, TypeError) as error:
            raise AnchorError(f"{path}, line {number}: not an anchor ({error})") from None
        except InvalidSignature:
            raise AnchorError(f"{path}, line {number}: not signed by this site") from None
        if made.chain != chain:
            raise AnchorError(f"{path}, line {number}: the anchor of another chain")
        found.append(made)
    return sorted(found, key=lambda made: made.seq)


def _key_file(site: Site) -> Path:
    return site.config.home / "keys" / "anchor.key"


def _private_key(site: Site) -> Ed25519PrivateKey:
    path = _key_file(site)
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        fresh = Ed25519PrivateKey.generate()
        secret = fresh.private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption())
        write_private(path, base64.b64encode(secret) + b"\n", replace=False)
    key = Ed25519PrivateKey.from_private_bytes(base64.b64decode(path.read_bytes()))
    public = anchor_folder(site) / "public.key"
    if not public.exists():
        public.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        raw = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        write_private(public, base64.b64encode(raw) + b"\n", replace=False)
    return key


def _public_key(site: Site) -> Ed25519PublicKey:
    """The key that checks anchors: from the private key where it is, else from its public half."""
    if _key_file(site).exists():
        return _private_key(site).public_key()
    path = anchor_folder(site) / "public.key"
    if not path.exists():
        raise AnchorError(f"neither {_key_file(site)} nor {path} is there to check anchors with")
    return Ed25519PublicKey.from_public_bytes(base64.b64decode(path.read_bytes()))
