"""Wrapped keys: what the database knows of the keys that seal personal data.

Neither the master key nor the key of the blind indexes is here; without the key file these rows
open nothing. They live behind :class:`zhike.services.keys.KeyStore`, so that they can move to a
store with a backup life of its own.
"""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from zhike import clock
from zhike.db.base import ref
from zhike.models.base import CoreModel


class CompanyKey(CoreModel):
    """A company's key-encrypting key (KEK), wrapped by the master key ``master_id``.

    ``label`` is the year it was made in, with a running number where a year has several; the one
    made last wraps new data keys.
    """

    __tablename__ = "company_key"
    __table_args__ = (UniqueConstraint("company_id", "label"),)

    label: Mapped[str]
    master_id: Mapped[str]
    wrapped: Mapped[bytes]
    created_at: Mapped[datetime] = mapped_column(default=clock.now)


class DataKey(CoreModel):
    """The key (DEK) of one data subject or dossier, wrapped by the company key ``kek_id``.

    Deleting the row destroys everything sealed under it (crypto-shredding). Backups made before
    still hold the row, as long as they are kept: keys are in the site's own database.
    """

    __tablename__ = "data_key"
    __table_args__ = (ref("kek_id", "core__company_key"), Index(None, "company_id", "kek_id"))

    kek_id: Mapped[uuid.UUID]
    wrapped: Mapped[bytes]
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
