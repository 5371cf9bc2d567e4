"""The ledger 台账: append-only, hash-chained, anchored outside the database, verifiable off line.

``append`` writes a line in the business transaction; ``verify`` names the first altered one.
"""

from zhike.services.ledger.anchors import Anchor, AnchorError, anchor, anchor_folder, read_anchors
from zhike.services.ledger.auth_seal import (
    prune_auth_events,
    seal_auth_events,
    verify_auth_seals,
)
from zhike.services.ledger.canonical import canonical_json, line_bytes, line_hash, normalise
from zhike.services.ledger.chain import append, fingerprint
from zhike.services.ledger.check import Report, verify, verify_all

__all__ = [
    "Anchor",
    "AnchorError",
    "Report",
    "anchor",
    "anchor_folder",
    "append",
    "canonical_json",
    "fingerprint",
    "line_bytes",
    "line_hash",
    "normalise",
    "prune_auth_events",
    "read_anchors",
    "seal_auth_events",
    "verify",
    "verify_all",
    "verify_auth_seals",
]
