"""Verification: walk a chain from its first line and name the first one that is not as written."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import select
from sqlalchemy.orm import InstrumentedAttribute

from zhike.i18n import N_
from zhike.models.company import Company
from zhike.models.ledger import LedgerHead, LedgerLine, SiteLedgerHead, SiteLedgerLine
from zhike.services.ledger.anchors import Anchor, AnchorError, anchor_file, read_anchors
from zhike.services.ledger.canonical import FACTS, GENESIS, line_bytes, line_hash

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from zhike.site import Site

_BATCH = 5000
_COLUMNS = (*FACTS, "prev", "hash")


@dataclass(frozen=True)
class Report:
    """What verification found in one chain.

    ``rows`` lines were read. Where ``ok`` is false, ``first_bad_seq`` is the number of the first
    line that is missing, altered or too many (None where the anchors themselves are at fault) and
    ``reason`` a message id that says which. ``anchors`` counts the anchors that were compared and
    ``anchored_to`` is the last line one of them vouches for: behind it, a cut at the end of the
    chain cannot be told from lines never written.
    """

    chain: int
    ok: bool
    rows: int
    first_bad_seq: int | None = None
    reason: str = ""
    anchors: int = 0
    anchored_to: int = 0


MISSING = N_("A line is missing here.")
ALTERED = N_("This line is not as it was written.")
UNCHAINED = N_("This line does not follow the one before it.")
BEYOND = N_("This line was added past the end of the chain.")
CUT = N_("The end of the chain has been cut off before this line.")
REWRITTEN = N_("This line is not the one that was anchored: the chain has been rewritten.")
ANCHORS = N_("The file of anchors is damaged or not signed by this site.")


def verify(site: Site, company_id: int, from_anchor: Path | None = None) -> Report:
    """Check the chain of a company (0: the site's own), line by line, on one state of the data.

    The site's own file of anchors is compared; ``from_anchor`` is another one, kept elsewhere,
    compared besides.
    """
    try:
        anchors = read_anchors(site, anchor_file(site, company_id), company_id)
        if from_anchor is not None:
            if not from_anchor.exists():
                raise AnchorError(f"{from_anchor} does not exist")
            anchors += read_anchors(site, from_anchor, company_id)
    except AnchorError:
        return Report(company_id, False, 0, reason=ANCHORS)
    if company_id == 0:
        with site.system_reader() as s:
            return _walk(s, 0, SiteLedgerLine, SiteLedgerHead, anchors)
    with site.reader(company_id) as c:
        return _walk(c, company_id, LedgerLine, LedgerHead, anchors)


def verify_all(site: Site) -> list[Report]:
    """Check the site's chain and every company's; a nightly job and the command."""
    with site.system_reader() as s:
        ids = list(s.scalars(select(Company.id).order_by(Company.id)))
    return [verify(site, chain) for chain in (0, *ids)]


def _walk(s: Session, chain: int, line: Any, head: Any, anchors: list[Anchor]) -> Report:
    wanted: dict[int, set[str]] = {}
    for anchor in anchors:
        wanted.setdefault(anchor.seq, set()).add(anchor.hash)
    last, prev = 0, GENESIS

    def bad(seq: int, reason: str) -> Report:
        return Report(chain, False, last, seq, reason, len(anchors))

    end = s.execute(select(head.seq, head.hash)).first()
    for seq, *facts, before, hash_ in _lines(s, line):
        if seq != last + 1:
            return bad(last + 1 if seq > last else seq, MISSING)
        if bytes(before) != prev:
            return bad(seq, UNCHAINED)
        if line_hash(prev, line_bytes(chain, seq, *facts)) != bytes(hash_):
            return bad(seq, ALTERED)
        last, prev = seq, bytes(hash_)
        if last in wanted and wanted[last] != {prev.hex()}:
            return bad(last, REWRITTEN)
        if end is None or last > end.seq:
            return bad(last, BEYOND)
    if end is not None and (end.seq > last or bytes(end.hash) != prev):
        return bad(last + 1 if end.seq > last else last, CUT if end.seq > last else UNCHAINED)
    beyond = [seq for seq in wanted if seq > last]
    if beyond:
        return bad(last + 1, CUT)
    return Report(chain, True, last, anchors=len(anchors), anchored_to=max(wanted, default=0))


def _lines(s: Session, line: Any) -> Iterator[Any]:
    columns: list[InstrumentedAttribute[Any]] = [getattr(line, name) for name in _COLUMNS]
    after = -1
    while True:
        rows = s.execute(
            select(*columns).where(line.seq > after).order_by(line.seq).limit(_BATCH)
        ).all()
        yield from rows
        if len(rows) < _BATCH:
            return
        after = rows[-1].seq
