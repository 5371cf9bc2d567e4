"""The file format of backups: a stream that is sealed chunk by chunk, and what may stand in it.

``ZKB1 ‖ length ‖ header (JSON) ‖ chunks``. A sealed stream has a content key of its own, wrapped by
a backup key; each chunk is AES-256-GCM with the header as additional data and a nonce that counts
and marks the last chunk, so that nothing can be cut off, repeated or put into another order. The
chunks of an unsealed stream end with an empty one and the SHA-256 of all: that finds damage, but no
forger, who could write it too.
"""

from __future__ import annotations

import base64
import hashlib
import io
import json
import secrets
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import IO, BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from zhike.errors import ZhikeError

MAGIC = b"ZKB1"
CHUNK = 1 << 20
_MAX_HEADER = 1 << 16
_WRAP = b"zhike backup content key"


class BackupError(ZhikeError):
    """A backup that cannot be made, read or trusted; the message says what to do."""


@dataclass(frozen=True)
class BackupKey:
    """A key that wraps content keys; ``id`` is that of the master key it comes from."""

    id: str
    secret: bytes

    def __repr__(self) -> str:
        return f"BackupKey({self.id})"


def _nonce(prefix: bytes, number: int, last: bool) -> bytes:
    return prefix + struct.pack(">IB", number, last)


class SealedWriter(io.RawIOBase):
    """Writes a stream; :meth:`close` marks its end. The file beneath stays open."""

    def __init__(self, file: IO[bytes], key: BackupKey | None) -> None:
        self._file = file
        self._cipher: AESGCM | None = None
        self._digest = hashlib.sha256()
        self._pending = bytearray()
        self._number = 0
        header: dict[str, object] = {}
        if key is not None:
            content, nonce = AESGCM.generate_key(256), secrets.token_bytes(12)
            wrapped = AESGCM(key.secret).encrypt(nonce, content, _WRAP)
            self._cipher, self._prefix = AESGCM(content), secrets.token_bytes(7)
            header = {
                "by": key.id,
                "key": base64.b64encode(nonce + wrapped).decode(),
                "prefix": base64.b64encode(self._prefix).decode(),
            }
        self._header = json.dumps(header, sort_keys=True).encode()
        file.write(MAGIC + struct.pack(">I", len(self._header)) + self._header)

    def writable(self) -> bool:
        """Always."""
        return True

    def write(self, data: bytes) -> int:  # type: ignore[override]  # bytes are all it is given
        """Take bytes; they reach the file in whole chunks."""
        self._pending += data
        # One byte more than a chunk must be there: the last chunk is only known at the end.
        while len(self._pending) > CHUNK:
            self._put(bytes(self._pending[:CHUNK]), last=False)
            del self._pending[:CHUNK]
        return len(data)

    def _put(self, data: bytes, *, last: bool) -> None:
        if self._cipher is not None:
            nonce = _nonce(self._prefix, self._number, last)
            data = self._cipher.encrypt(nonce, data, self._header)
        self._digest.update(data)
        self._file.write(struct.pack(">I", len(data)) + data)
        self._number += 1

    def close(self) -> None:
        """Write the last chunk."""
        if not self.closed:
            if self._cipher is not None or self._pending:
                self._put(bytes(self._pending), last=True)
            if self._cipher is None:
                self._file.write(struct.pack(">I", 0) + self._digest.digest())
        super().close()


class SealedReader(io.RawIOBase):
    """Reads such a stream; raises :class:`BackupError` for anything that was changed or cut."""

    def __init__(self, file: BinaryIO, keys: Mapping[str, BackupKey]) -> None:
        self._file = file
        self._cipher: AESGCM | None = None
        self._digest = hashlib.sha256()
        self._buffer = b""
        self._number = 0
        self._ended = False
        if file.read(4) != MAGIC:
            raise BackupError("This is not a Zhike backup.")
        (length,) = struct.unpack(">I", self._exactly(4))
        if length > _MAX_HEADER:
            raise BackupError("The backup is damaged: its header is too long.")
        self._header = self._exactly(length)
        try:
            header = json.loads(self._header)
            self.sealed_by: str | None = header.get("by")
            if self.sealed_by is None:
                return
            wrapped = base64.b64decode(header["key"])
            self._prefix = base64.b64decode(header["prefix"])
        except (ValueError, KeyError, AttributeError, TypeError):
            raise BackupError("The backup is damaged: its header cannot be read.") from None
        key = keys.get(self.sealed_by)
        if key is None:
            raise BackupError(
                f"The backup is sealed by the master key {self.sealed_by}, which is not here. "
                "Give the recovery kit of that site (--kit)."
            )
        try:
            self._cipher = AESGCM(AESGCM(key.secret).decrypt(wrapped[:12], wrapped[12:], _WRAP))
        except InvalidTag:
            raise BackupError("The backup's key does not open it: damaged or forged.") from None

    def _exactly(self, count: int) -> bytes:
        data = self._file.read(count)
        if len(data) != count:
            raise BackupError("The backup is cut off.")
        return data

    def readable(self) -> bool:
        """Always."""
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]  # what it fills has a length
        """Fill ``buffer`` with the next bytes; 0 only at the marked end."""
        while not self._buffer and not self._ended:
            self._next_chunk()
        data, self._buffer = self._buffer[: len(buffer)], self._buffer[len(buffer) :]
        buffer[: len(data)] = data
        return len(data)

    def _next_chunk(self) -> None:
        (length,) = struct.unpack(">I", self._exactly(4))
        if length > CHUNK + 16:
            raise BackupError("The backup is damaged: a chunk is too long.")
        sealed = self._exactly(length)
        cipher = self._cipher
        if cipher is None:
            self._buffer, self._ended = sealed, length == 0
            self._digest.update(sealed)
            if self._ended and self._file.read(33) != self._digest.digest():
                raise BackupError("The backup is damaged.")
            return
        for last in (False, True):
            try:
                nonce = _nonce(self._prefix, self._number, last)
                self._buffer = cipher.decrypt(nonce, sealed, self._header)
            except InvalidTag:
                continue
            self._number += 1
            self._ended = last
            if last and self._file.read(1):
                raise BackupError("The backup is damaged: something follows its end.")
            return
        raise BackupError("The backup is damaged or was changed.")


def safe_path(text: object, folders: tuple[str, ...]) -> PurePosixPath:
    """A path of a backup below one of ``folders``; anything that could lead elsewhere is refused.

    Raises :class:`BackupError` for absolute paths, ``..``, empty parts, backslashes and control
    characters.
    """
    if (
        not isinstance(text, str)
        or len(text) > 1024
        or "\\" in text
        or any(ord(character) < 32 for character in text)
        or any(part in ("", ".", "..") for part in text.split("/"))
        or text.split("/")[0] not in folders
        or len(text.split("/")) < 2
    ):
        raise BackupError(f"The backup names a file that has no place in a site: {text!r}")
    return PurePosixPath(text)
