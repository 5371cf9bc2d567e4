"""Dividing a deal: vectors of basis points that always sum to 10 000 (CV-5, CV-6)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction

_SHARE = re.compile(r"(.+?)(?:[\s:：=]+(\d+(?:\.\d+|/\d+)?)\s*%?)?")

FULL = 10_000
"""The whole of a deal's performance or commission, in basis points."""


def share_part(part: int, holders: Iterable[str]) -> dict[str, int]:
    """Split ``part`` basis points equally among distinct holders, in the order given (CV-6).

    Left-over points go one by one to the first holders. A holder named twice counts once; nobody
    named gives an empty division.
    """
    distinct = list(dict.fromkeys(holders))
    if not distinct:
        return {}
    each, rest = divmod(part, len(distinct))
    return {who: each + (1 if place < rest else 0) for place, who in enumerate(distinct)}


def equal_split(holders: Iterable[str], first: str | None = None) -> dict[str, int]:
    """Split a whole deal equally (平均分配): left-over points go to ``first``, then in order."""
    order = list(dict.fromkeys(holders))
    if first is not None and first in order:
        order = [first, *(who for who in order if who != first)]
    return share_part(FULL, order)


def combine(*parts: Mapping[str, int]) -> dict[str, int]:
    """Add divisions up, leaving out who ends with nothing."""
    total: dict[str, int] = {}
    for part in parts:
        for who, points in part.items():
            total[who] = total.get(who, 0) + points
    return {who: points for who, points in total.items() if points}


def _points(values: Sequence[Fraction]) -> list[int] | None:
    total = sum(values)
    for scale in (1, 100, FULL):
        if total * scale == FULL:
            points = [value * scale for value in values]
            if all(point.denominator == 1 and point >= 0 for point in points):
                return [int(point) for point in points]
    return None


def parse_shares(stated: object) -> dict[str, int]:
    """Read shares as people write them: ``{A: 100}``, ``{A: 5000, B: 5000}``, ``A 50 / B 50``.

    Per cent, basis points and fractions of one are told apart by their sum. Shares of nothing are
    dropped. ValueError where they do not add up to a whole.
    """
    pairs: list[tuple[str, Fraction]] = []
    if isinstance(stated, Mapping):
        for who, value in stated.items():
            pairs.append((str(who), Fraction(str(value).strip().rstrip("%"))))
    elif isinstance(stated, str):
        for piece in re.split(r"[/,;、]", stated):
            match = _SHARE.fullmatch(piece.strip())
            if match is None or (match[2] is None and piece != stated):
                raise ValueError(f"cannot read the shares {stated!r}; write A 50 / B 50")
            pairs.append((match[1], Fraction(match[2] or "100")))
    else:
        raise ValueError(f"cannot read the shares {stated!r}; write {{A: 50, B: 50}}")
    points = _points([value for _who, value in pairs])
    if points is None:
        raise ValueError(f"the shares {stated!r} do not add up to 100 per cent (or 10 000)")
    return {who: value for (who, _), value in zip(pairs, points, strict=True) if value}
