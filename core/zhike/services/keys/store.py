"""Where wrapped keys are kept: in the site's database, behind a protocol so that they can move."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from sqlalchemy import delete, select

from zhike import clock
from zhike.db.session import CompanySession
from zhike.db.upsert import insert_if_absent
from zhike.models.keys import CompanyKey, DataKey


@dataclass(frozen=True)
class WrappedKey:
    """A key as it is stored: its id, the id of the key it is wrapped by, the bytes."""

    id: uuid.UUID
    by: str
    wrapped: bytes


class KeyStore(Protocol):
    """What keys need of a store. All calls are about the session's company."""

    def company_keys(self, s: CompanySession) -> list[tuple[str, WrappedKey]]:
        """The company's keys with their labels, oldest first."""
        ...

    def add_company_key(self, s: CompanySession, label: str, key: WrappedKey) -> bool:
        """Add a company key; False where another process has just added one of that label."""
        ...

    def rewrap_company_key(self, s: CompanySession, key: WrappedKey) -> None:
        """Replace the wrapping of a company key."""
        ...

    def data_keys(
        self, s: CompanySession, ids: Iterable[uuid.UUID]
    ) -> Mapping[uuid.UUID, tuple[WrappedKey, WrappedKey]]:
        """``{id: (data key, its company key)}`` of those that exist."""
        ...

    def add_data_key(self, s: CompanySession, key: WrappedKey) -> None:
        """Add a data key; it is written with the rows that are sealed under it, at the latest."""
        ...

    def rewrap_data_key(self, s: CompanySession, key: WrappedKey) -> None:
        """Replace the wrapping of a data key."""
        ...

    def drop_data_key(self, s: CompanySession, key_id: uuid.UUID) -> bool:
        """Destroy a data key; whether it existed."""
        ...

    def data_keys_by(
        self, s: CompanySession, kek_id: uuid.UUID, after: uuid.UUID | None, limit: int
    ) -> list[WrappedKey]:
        """Data keys wrapped by one company key, in the order of their ids."""
        ...


class DatabaseKeyStore:
    """Keys as rows of the site's database, in the caller's transaction."""

    def company_keys(self, s: CompanySession) -> list[tuple[str, WrappedKey]]:
        """See :class:`KeyStore`."""
        rows = s.execute(
            select(
                CompanyKey.label, CompanyKey.id, CompanyKey.master_id, CompanyKey.wrapped
            ).order_by(CompanyKey.created_at, CompanyKey.id)
        )
        return [(label, WrappedKey(id_, by, wrapped)) for label, id_, by, wrapped in rows]

    def add_company_key(self, s: CompanySession, label: str, key: WrappedKey) -> bool:
        """See :class:`KeyStore`."""
        return insert_if_absent(
            s,
            CompanyKey,
            id=key.id,
            label=label,
            master_id=key.by,
            wrapped=key.wrapped,
            created_at=clock.now(),
        )

    def rewrap_company_key(self, s: CompanySession, key: WrappedKey) -> None:
        """See :class:`KeyStore`."""
        row = s.require(CompanyKey, key.id)
        row.master_id, row.wrapped = key.by, key.wrapped
        s.flush()

    def data_keys(
        self, s: CompanySession, ids: Iterable[uuid.UUID]
    ) -> Mapping[uuid.UUID, tuple[WrappedKey, WrappedKey]]:
        """See :class:`KeyStore`."""
        wanted = list(set(ids))
        found: dict[uuid.UUID, tuple[WrappedKey, WrappedKey]] = {}
        for start in range(0, len(wanted), 500):
            rows = s.execute(
                select(
                    DataKey.id,
                    DataKey.wrapped,
                    CompanyKey.id,
                    CompanyKey.master_id,
                    CompanyKey.wrapped,
                )
                .join(CompanyKey, CompanyKey.id == DataKey.kek_id)
                .where(DataKey.id.in_(wanted[start : start + 500]))
            )
            for dek_id, dek, kek_id, master_id, kek in rows:
                found[dek_id] = (
                    WrappedKey(dek_id, str(kek_id), dek),
                    WrappedKey(kek_id, master_id, kek),
                )
        return found

    def add_data_key(self, s: CompanySession, key: WrappedKey) -> None:
        """See :class:`KeyStore`."""
        # Not flushed: the keys of many rows go to the database in one statement, with the rows.
        s.add(DataKey(id=key.id, kek_id=uuid.UUID(key.by), wrapped=key.wrapped))

    def rewrap_data_key(self, s: CompanySession, key: WrappedKey) -> None:
        """See :class:`KeyStore`."""
        row = s.require(DataKey, key.id)
        row.kek_id, row.wrapped = uuid.UUID(key.by), key.wrapped

    def drop_data_key(self, s: CompanySession, key_id: uuid.UUID) -> bool:
        """See :class:`KeyStore`."""
        gone = s.execute(delete(DataKey).where(DataKey.id == key_id).returning(DataKey.id))
        return gone.first() is not None

    def data_keys_by(
        self, s: CompanySession, kek_id: uuid.UUID, after: uuid.UUID | None, limit: int
    ) -> list[WrappedKey]:
        """See :class:`KeyStore`."""
        query = select(DataKey.id, DataKey.wrapped).where(DataKey.kek_id == kek_id)
        if after is not None:
            query = query.where(DataKey.id > after)
        rows = s.execute(query.order_by(DataKey.id).limit(limit))
        return [WrappedKey(id_, str(kek_id), wrapped) for id_, wrapped in rows]
