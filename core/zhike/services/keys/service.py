"""Sealing fields, blind indexes and fingerprints.

A sealed value is ``zk1 ‖ algorithm ‖ data key id ‖ nonce ‖ ciphertext and tag``; company, table,
row and column are its additional data, so a value copied to another row does not open. Field
values are UTF-8 text.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import threading
import uuid
from collections.abc import Iterable
from typing import TYPE_CHECKING

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError

from zhike import clock
from zhike.db.base import ScopedModel
from zhike.db.session import CompanySession
from zhike.db.types import uuid7
from zhike.errors import ZhikeError
from zhike.models.keys import CompanyKey
from zhike.services.keys.keyring import Key, Keyring, KeyringError, keyring_path
from zhike.services.keys.store import DatabaseKeyStore, KeyStore, WrappedKey

if TYPE_CHECKING:
    from zhike.site import Site

MAGIC = b"zk1"
AES_256_GCM = 1
_NONCE = 12
HEADER_BYTES = len(MAGIC) + 1 + 16 + _NONCE
INDEX_BYTES = 16
SITE = 0  #: stands where a company's number would, for what belongs to none
_SESSION_CACHE = "zhike_data_keys"
_COMPANY_KEY = "zhike_company_key"


class Shredded(ZhikeError):
    """The key of this value has been destroyed: the value is gone for good."""


class KeyService:
    """The keys of one site in one process.

    Unwrapped company keys are kept for the life of the process, data keys only for the life of a
    session: a key destroyed by another process stops working here with the next session.
    """

    def __init__(self, site: Site, store: KeyStore | None = None) -> None:
        self.site = site
        self.store: KeyStore = store or DatabaseKeyStore()
        self._ring: Keyring | None = None
        self._lock = threading.Lock()
        self._company_keys: dict[tuple[uuid.UUID, str], bytes] = {}
        self._derived: dict[tuple[int, str], bytes] = {}

    # -- the file --------------------------------------------------------------------------

    @property
    def keyring(self) -> Keyring:
        """The key file, read once; :class:`~zhike.services.keys.KeyringError` where it is bad."""
        if self._ring is None:
            with self._lock:
                if self._ring is None:
                    self._refuse_lost_keys()
                    self._ring = Keyring.open(self.site.config)
        return self._ring

    def _refuse_lost_keys(self) -> None:
        """Never make a new key file for a database that was sealed under another."""
        path = keyring_path(self.site.config)
        if path.exists():
            return
        try:
            with self.site.unscoped("is anything sealed already?", write=False) as s:
                sealed = s.scalar(select(CompanyKey.id).limit(1)) is not None
        except DBAPIError:  # no such table: nothing is installed yet
            sealed = False
        if sealed:
            raise KeyringError(
                f"{path} is missing, but the database holds sealed data: put it back"
            )

    def use_keyring(self, ring: Keyring) -> None:
        """Take over a key file that this process has just changed."""
        self._ring = ring

    def _master(self, key_id: str) -> Key:
        key = self.keyring.master(key_id)
        if key is None:  # another process may have rotated since we read the file
            self._ring = Keyring.read(self.keyring.path)
            key = self._ring.master(key_id)
        if key is None:
            raise KeyringError(
                f"{self.keyring.path} lacks the master key {key_id}: put back the right key file"
            )
        return key

    # -- wrapping --------------------------------------------------------------------------

    def wrap_company_key(self, company_id: int, key_id: uuid.UUID, secret: bytes) -> WrappedKey:
        """Wrap a company key by the current master key."""
        master = self.keyring.current
        sealed = _seal(master.secret, secret, _kek_data(company_id, key_id))
        return WrappedKey(key_id, master.id, sealed)

    def unwrap_company_key(self, company_id: int, key: WrappedKey) -> bytes:
        """Open a company key; raises :class:`KeyringError` where the master key does not fit."""
        cached = self._company_keys.get((key.id, key.by))
        if cached is None:
            try:
                cached = _open(
                    self._master(key.by).secret, key.wrapped, _kek_data(company_id, key.id)
                )
            except InvalidTag:
                raise KeyringError(
                    f"the company key {key.id} does not open with the master key {key.by}"
                ) from None
            self._company_keys[(key.id, key.by)] = cached
        return cached

    def wrap_data_key(
        self, company_id: int, kek_id: uuid.UUID, kek: bytes, key_id: uuid.UUID, secret: bytes
    ) -> WrappedKey:
        """Wrap a data key by a company key."""
        sealed = _seal(kek, secret, _dek_data(company_id, kek_id, key_id))
        return WrappedKey(key_id, str(kek_id), sealed)

    def unwrap_data_key(self, company_id: int, key: WrappedKey, kek: WrappedKey) -> bytes:
        """Open a data key; raises :class:`KeyringError` where it is damaged."""
        try:
            return _open(
                self.unwrap_company_key(company_id, kek),
                key.wrapped,
                _dek_data(company_id, kek.id, key.id),
            )
        except InvalidTag:
            raise KeyringError(f"the data key {key.id} does not open: it was altered") from None

    def company_key(self, s: CompanySession) -> WrappedKey:
        """The company key that wraps new data keys, made when a year has none yet.

        Asked for once a session: an import makes thousands of data keys in one.
        """
        known: WrappedKey | None = s.info.get(_COMPANY_KEY)
        if known is None:
            year = f"{clock.now():%Y}"
            keys = self.store.company_keys(s)
            current = keys and keys[-1][0].startswith(year)
            known = keys[-1][1] if current else self.add_company_key(s, year)
            s.info[_COMPANY_KEY] = known
        return known

    def add_company_key(self, s: CompanySession, label: str) -> WrappedKey:
        """Make a new company key under ``label``; if another process was first, take that one."""
        s.info.pop(_COMPANY_KEY, None)
        made = self.wrap_company_key(s.company_id, uuid7(), secrets.token_bytes(32))
        if self.store.add_company_key(s, label, made):
            return made
        return next(key for name, key in self.store.company_keys(s) if name == label)

    # -- data keys -------------------------------------------------------------------------

    def new_data_key(self, s: CompanySession) -> uuid.UUID:
        """Make the key of one data subject or dossier and return its id (kept as ``key_id``)."""
        kek = self.company_key(s)
        secret, key_id = secrets.token_bytes(32), uuid7()
        opened = self.unwrap_company_key(s.company_id, kek)
        self.store.add_data_key(s, self.wrap_data_key(s.company_id, kek.id, opened, key_id, secret))
        _cache(s)[key_id] = secret
        return key_id

    def destroy_data_key(self, s: CompanySession, key_id: uuid.UUID) -> bool:
        """Crypto-shred: delete the key, and with it all that was sealed under it, for good.

        Returns whether it existed. Whoever calls this writes the ledger line that says why.
        """
        _cache(s).pop(key_id, None)
        return self.store.drop_data_key(s, key_id)

    def prefetch(self, s: CompanySession, key_ids: Iterable[uuid.UUID | None]) -> None:
        """Load many data keys in one query, before unsealing a list."""
        cache = _cache(s)
        missing = {key_id for key_id in key_ids if key_id is not None} - cache.keys()
        for key_id, (key, kek) in self.store.data_keys(s, missing).items():
            cache[key_id] = self.unwrap_data_key(s.company_id, key, kek)

    def _data_key(self, s: CompanySession, key_id: uuid.UUID) -> bytes:
        cache = _cache(s)
        if key_id not in cache:
            self.prefetch(s, (key_id,))
        try:
            return cache[key_id]
        except KeyError:
            raise Shredded(f"the data key {key_id} does not exist any more") from None

    # -- fields ----------------------------------------------------------------------------

    def seal(
        self, s: CompanySession, row: ScopedModel, column: str, plaintext: str, key_id: uuid.UUID
    ) -> bytes:
        """Seal ``plaintext`` for ``column`` of ``row`` under the data key ``key_id``.

        Gives the bytes to store; changes nothing on the row. Raises :class:`Shredded` where the
        key does not exist.
        """
        secret = self._data_key(s, key_id)
        nonce = secrets.token_bytes(_NONCE)
        header = MAGIC + bytes((AES_256_GCM,)) + key_id.bytes
        place = _place(s.company_id, row.__tablename__, row.id, column)
        return header + nonce + AESGCM(secret).encrypt(nonce, plaintext.encode(), header + place)

    def unseal(
        self, s: CompanySession, row: ScopedModel, column: str, sealed: bytes | None = None
    ) -> str:
        """Open what ``column`` of ``row`` holds (or ``sealed``, read by a column select).

        Raises :class:`Shredded` where its key was destroyed and :class:`~zhike.errors.ZhikeError`
        where the value was altered or comes from another row. Being shown to a person is logged
        by whoever shows it.
        """
        value: bytes | None = getattr(row, column) if sealed is None else sealed
        if value is None:
            raise ValueError(f"{column} is empty")
        return self.unseal_value(s, row.__tablename__, row.id, column, value)

    def unseal_value(
        self, s: CompanySession, table: str, row_id: uuid.UUID, column: str, sealed: bytes
    ) -> str:
        """As :meth:`unseal`, for a list that read columns and has no row at hand."""
        value = bytes(sealed)
        if len(value) < HEADER_BYTES + 16 or value[:3] != MAGIC or value[3] != AES_256_GCM:
            raise ZhikeError(f"{table}.{column} of {row_id} holds no sealed value")
        key_id = uuid.UUID(bytes=value[4:20])
        secret = self._data_key(s, key_id)
        place = _place(s.company_id, table, row_id, column)
        try:
            plain = AESGCM(secret).decrypt(value[20:32], value[32:], value[:20] + place)
        except InvalidTag:
            raise ZhikeError(
                f"{table}.{column} of {row_id} was altered or belongs to another row"
            ) from None
        return plain.decode()

    # -- what belongs to no company --------------------------------------------------------

    def seal_for_site(self, table: str, row_id: uuid.UUID, plaintext: str) -> bytes:
        """Seal a secret of an account, which belongs to no company, for its row of ``table``.

        Under a key of its own for each table, made from the root of the key file that is never
        rotated: a company's keys may go with the company, accounts stay.
        """
        secret = self._derive(SITE, f"seal:{table}")
        header, nonce = MAGIC + bytes((AES_256_GCM,)), secrets.token_bytes(_NONCE)
        place = _place(SITE, table, row_id, "")
        return header + nonce + AESGCM(secret).encrypt(nonce, plaintext.encode(), header + place)

    def unseal_for_site(self, table: str, row_id: uuid.UUID, sealed: bytes) -> str:
        """Open it again; :class:`~zhike.errors.ZhikeError` where it was altered or moved."""
        value, length = bytes(sealed), len(MAGIC) + 1
        try:
            plain = AESGCM(self._derive(SITE, f"seal:{table}")).decrypt(
                value[length : length + _NONCE],
                value[length + _NONCE :],
                value[:length] + _place(SITE, table, row_id, ""),
            )
        except InvalidTag:
            raise ZhikeError(f"{table} of {row_id} was altered or belongs to another row") from None
        return plain.decode()

    # -- indexes ---------------------------------------------------------------------------

    def blind(self, company_id: int, column: str, value: str) -> bytes:
        """The blind index of a normalised ``value``: equal values of one company and column match.

        ``column`` is a fixed name such as ``party.phone``. 16 bytes; the key is not in the
        database, so the small space of phone numbers cannot be searched by who has only that.
        """
        secret = self._derive(company_id, f"index:{column}")
        return hmac.digest(secret, value.encode(), hashlib.sha256)[:INDEX_BYTES]

    def fingerprint(self, company_id: int, value: str) -> str:
        """A keyed fingerprint (hex) of a personal value: ledger lines tell change, not text."""
        secret = self._derive(company_id, "ledger")
        return hmac.digest(secret, value.encode(), hashlib.sha256)[:INDEX_BYTES].hex()

    def derive(self, company_id: int, purpose: str) -> bytes:
        """A secret of 32 bytes for one company and purpose, the same in every process."""
        return self._derive(company_id, f"purpose:{purpose}")

    def _derive(self, company_id: int, purpose: str) -> bytes:
        known = self._derived.get((company_id, purpose))
        if known is None:
            info = b"zhike-1\0" + company_id.to_bytes(8, "big") + purpose.encode()
            known = HKDF(hashes.SHA256(), 32, None, info).derive(self.keyring.index.secret)
            self._derived[(company_id, purpose)] = known
        return known


def _cache(s: CompanySession) -> dict[uuid.UUID, bytes]:
    cache: dict[uuid.UUID, bytes] = s.info.setdefault(_SESSION_CACHE, {})
    return cache


def _place(company_id: int, table: str, row_id: uuid.UUID, column: str) -> bytes:
    return b"\0".join(
        (company_id.to_bytes(8, "big") + row_id.bytes, table.encode(), column.encode())
    )


def _kek_data(company_id: int, key_id: uuid.UUID) -> bytes:
    return b"zk1-kek\0" + company_id.to_bytes(8, "big") + key_id.bytes


def _dek_data(company_id: int, kek_id: uuid.UUID, key_id: uuid.UUID) -> bytes:
    return b"zk1-dek\0" + company_id.to_bytes(8, "big") + kek_id.bytes + key_id.bytes


def _seal(secret: bytes, plain: bytes, data: bytes) -> bytes:
    nonce = secrets.token_bytes(_NONCE)
    return nonce + AESGCM(secret).encrypt(nonce, plain, data)


def _open(secret: bytes, sealed: bytes, data: bytes) -> bytes:
    return AESGCM(secret).decrypt(bytes(sealed[:_NONCE]), bytes(sealed[_NONCE:]), data)
