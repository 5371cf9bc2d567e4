"""Status, verification and rotation of keys, for the command and the worker.

Rotation is resumable at every point: the new master key is on disk before anything is wrapped by
it, each company is re-wrapped in a transaction of its own, and an old master key is forgotten
only when asked, after nothing is wrapped by it any more.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import select

from zhike import clock
from zhike.db.session import CompanySession
from zhike.models.company import Company
from zhike.services import ledger
from zhike.services.keys.keyring import KeyringError

if TYPE_CHECKING:
    import uuid

    from zhike.site import Site

_BATCH = 500


@dataclass(frozen=True)
class KeyStatus:
    """What the command shows. ``pending`` counts company keys not under the current master key."""

    path: str
    current: str
    made: str
    masters: int
    companies: int
    company_keys: int
    pending: int
    unknown: int


def company_ids(site: Site) -> list[int]:
    """Numbers of all companies of the site, closed ones too."""
    with site.system_reader() as s:
        return list(s.scalars(select(Company.id).order_by(Company.id)))


def status(site: Site) -> KeyStatus:
    """Where the site's keys stand; ``unknown`` counts keys whose master key the file lacks."""
    ring = site.keys.keyring
    known = {key.id for key in ring.masters}
    ids = company_ids(site)
    total = pending = unknown = 0
    for company_id in ids:
        with site.reader(company_id) as s:
            for _label, key in site.keys.store.company_keys(s):
                total += 1
                pending += key.by != ring.current.id
                unknown += key.by not in known
    return KeyStatus(
        path=str(ring.path),
        current=ring.current.id,
        made=ring.current.made,
        masters=len(ring.masters),
        companies=len(ids),
        company_keys=total,
        pending=pending,
        unknown=unknown,
    )


def rotate(site: Site, *, forget_old: bool = False) -> int:
    """Give the site a new master key and re-wrap every company key by it; returns how many.

    If an earlier rotation was interrupted, this one finishes it instead of making another key.
    With ``forget_old`` the old master keys leave the file at the end: a backup made before then
    can no longer be read. Raises :class:`~zhike.services.keys.KeyringError`.
    """
    keys = site.keys
    if not status(site).pending:
        keys.use_keyring(keys.keyring.with_new_master())
    done = 0
    for company_id in company_ids(site):
        done += _rewrap_company(site, company_id)
    ring = keys.keyring
    if forget_old:
        if status(site).pending:
            raise KeyringError("some company keys are still under an old master key; rotate again")
        keys.use_keyring(ring.without_old_masters())
    with site.system() as s:
        ledger.append(
            s,
            "core.keys.rotated",
            body={"master": ring.current.id, "company_keys": done, "forgot_old": forget_old},
        )
    return done


def _rewrap_company(site: Site, company_id: int) -> int:
    keys, current, done = site.keys, site.keys.keyring.current.id, 0
    with site.transaction(company_id) as s:
        for _label, key in keys.store.company_keys(s):
            if key.by != current:
                secret = keys.unwrap_company_key(company_id, key)
                keys.store.rewrap_company_key(s, keys.wrap_company_key(company_id, key.id, secret))
                done += 1
    return done


def renew_company_keys(site: Site) -> int:
    """Give every company a new key and re-wrap its data keys by it; returns how many data keys.

    Fields stay as they are: their data keys do not change. Works in batches, each a transaction
    of its own, and may be repeated after an interruption.
    """
    done = 0
    for company_id in company_ids(site):
        with site.transaction(company_id) as s:
            labels = {label for label, _key in site.keys.store.company_keys(s)}
            year, number = f"{clock.now():%Y}", len(labels) + 1
            label = year if year not in labels else f"{year}-{number}"
            target = site.keys.add_company_key(s, label).id
            ledger.append(s, "core.keys.company_key_added", body={"label": label})
        done += rewrap_data_keys(site, company_id, target)
    return done


def rewrap_data_keys(site: Site, company_id: int, target: uuid.UUID) -> int:
    """Bring all data keys of a company under its key ``target``, batch by batch; how many moved."""
    keys, done = site.keys, 0
    while True:
        with site.transaction(company_id) as s:
            known = {key.id: key for _label, key in keys.store.company_keys(s)}
            opened = keys.unwrap_company_key(company_id, known[target])
            old = [kek for kek_id, kek in known.items() if kek_id != target]
            moved = 0
            for kek in old:
                batch = keys.store.data_keys_by(s, kek.id, None, _BATCH - moved)
                for key in batch:
                    secret = keys.unwrap_data_key(company_id, key, kek)
                    keys.store.rewrap_data_key(
                        s, keys.wrap_data_key(company_id, target, opened, key.id, secret)
                    )
                moved += len(batch)
                if moved >= _BATCH:
                    break
        done += moved
        if moved < _BATCH:
            return done


def verify(site: Site) -> list[str]:
    """Open every company key and every data key; what does not open, in words. Empty is good."""
    bad: list[str] = []
    for company_id in company_ids(site):
        with site.reader(company_id) as s:
            bad += _verify_company(site, s)
    return bad


def _verify_company(site: Site, s: CompanySession) -> list[str]:
    keys, bad = site.keys, []
    for label, kek in keys.store.company_keys(s):
        try:
            keys.unwrap_company_key(s.company_id, kek)
        except KeyringError as error:
            bad.append(f"company {s.company_id}, key {label}: {error}")
            continue
        after: uuid.UUID | None = None
        while batch := keys.store.data_keys_by(s, kek.id, after, _BATCH):
            after = batch[-1].id
            for key in batch:
                try:
                    keys.unwrap_data_key(s.company_id, key, kek)
                except KeyringError as error:
                    bad.append(f"company {s.company_id}: {error}")
    return bad
