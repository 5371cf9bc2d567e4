"""Keys: sealing of personal data, blind indexes, and the file that opens everything.

``site.keys`` is a :class:`KeyService`. Three layers: the master key (a file outside the database)
wraps one key per company and year; that wraps one key per data subject; that seals fields.
"""

from zhike.services.keys.keyring import Keyring, KeyringError
from zhike.services.keys.rotation import KeyStatus, renew_company_keys, rotate, status, verify
from zhike.services.keys.service import HEADER_BYTES, KeyService, Shredded
from zhike.services.keys.store import DatabaseKeyStore, KeyStore, WrappedKey

__all__ = [
    "DatabaseKeyStore",
    "HEADER_BYTES",
    "KeyService",
    "KeyStatus",
    "KeyStore",
    "Keyring",
    "KeyringError",
    "Shredded",
    "WrappedKey",
    "renew_company_keys",
    "rotate",
    "status",
    "verify",
]
