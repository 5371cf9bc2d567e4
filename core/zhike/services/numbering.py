"""Numbers 编号: gapless where a rule asks for it, scattered where a gap would give a secret away.

A number is taken in the business transaction: what is rolled back gives its number back, and two
desks that press at once get two numbers that follow each other.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import uuid
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import date
from typing import Literal

from sqlalchemy import func, select, update

from zhike import clock
from zhike.db.session import CompanySession, lock_row
from zhike.db.upsert import insert_if_absent
from zhike.errors import Conflict, NotFound, UserError
from zhike.i18n import _
from zhike.models.numbering import NumberingCounter, NumberingRule
from zhike.services import ledger
from zhike.services.companies import company_of
from zhike.services.organisation import tree

Reset = Literal["never", "year", "month", "day"]
Kind = Literal["gapless", "scattered"]
PLACES = ("site", "yyyy", "yy", "mm", "dd", "n")
_PLACE = re.compile(r"\{([^{}]*)\}")
_PERIOD = {"never": "", "year": "%Y", "month": "%Y-%m", "day": "%Y-%m-%d"}
_NEEDS = {"never": (), "year": ("y",), "month": ("y", "mm"), "day": ("y", "mm", "dd")}
_ROUNDS = 10


@dataclass(frozen=True, kw_only=True)
class NumberRule:
    """A numbering rule 编号规则 as data.

    name     ``<plugin>.<what>``; title: message id.
    pattern  text with ``{site}``, ``{yyyy}`` or ``{yy}``, ``{mm}``, ``{dd}`` and ``{n}`` (once).
    digits   least digits of ``{n}``, 1 to 12; a full series goes on with more.
    reset    when counting starts anew; per_unit: whether each site counts for itself.
    kind     gapless 连续 or scattered 乱序.
    """

    name: str
    title: str
    pattern: str = "{site}{yyyy}{mm}{dd}-{n}"
    digits: int = 4
    reset: Reset = "day"
    per_unit: bool = True
    kind: Kind = "gapless"


def check_rule(rule: NumberRule) -> None:
    """Refuse a rule that would give one number twice; raises ``UserError`` naming the field."""
    places = _PLACE.findall(rule.pattern)
    unknown = sorted(set(places) - set(PLACES))
    if unknown or set("{}") & set(_PLACE.sub("", rule.pattern)):
        raise UserError(
            _("Only these places can stand in a number: %(places)s.", places=_braced(PLACES)),
            field="pattern",
        )
    if places.count("n") != 1:
        raise UserError(_("The serial number {n} must stand in it once."), field="pattern")
    if len(rule.pattern) > 60:
        raise UserError(_("The pattern has at most 60 characters."), field="pattern")
    has = {("y" if place in ("yyyy", "yy") else place) for place in places}
    missing = [need for need in _NEEDS[rule.reset] if need not in has]
    if missing:
        names = _braced("yyyy" if need == "y" else need for need in missing)
        raise UserError(
            _("Counting starts anew, so %(places)s must stand in the number.", places=names),
            field="pattern",
        )
    if rule.per_unit and "site" not in has:
        raise UserError(
            _("Each site counts for itself, so {site} must stand in the number."), field="pattern"
        )
    if not 1 <= rule.digits <= 12:
        raise UserError(_("A serial number has 1 to 12 digits."), field="digits")


def _braced(places: Iterable[str]) -> str:
    return "、".join(f"{{{place}}}" for place in places)


def ensure(s: CompanySession, rule: NumberRule) -> None:
    """Give the company this rule unless it has one of the name; for a plugin's ``on_enable``."""
    check_rule(rule)
    insert_if_absent(s, NumberingRule, **asdict(rule), base=0, version=1, updated_at=clock.now())


def rules_of(s: CompanySession) -> list[NumberingRule]:
    """The company's numbering rules, by name; data of the editor."""
    return list(s.scalars(select(NumberingRule).order_by(NumberingRule.name)))


def change(s: CompanySession, rule_id: uuid.UUID, rule: NumberRule, *, lock: int) -> NumberingRule:
    """Change a rule's pattern, digits, reset or kind; numbers already given stay as they are.

    Where series are cut differently from now on, new ones begin past the highest number given, so
    that none repeats. Raises ``UserError`` for a bad rule, ``Conflict`` where it was changed
    meanwhile (``lock`` is the version the person saw).
    """
    row = lock_row(s, NumberingRule, rule_id)
    if row.version != lock:
        raise Conflict(_("Somebody has changed this rule meanwhile."), code="stale")
    check_rule(rule)
    cut_anew = (row.reset, row.per_unit, row.kind) != (rule.reset, rule.per_unit, rule.kind)
    if cut_anew and "scattered" in (row.kind, rule.kind) and row.pattern == rule.pattern:
        raise UserError(
            _("Change the pattern too: scattered numbers could repeat older ones otherwise."),
            field="pattern",
        )
    if cut_anew or row.pattern != rule.pattern:
        highest = s.scalar(
            select(func.max(NumberingCounter.last)).where(
                NumberingCounter.series.startswith(f"{row.name}|", autoescape=True)
            )
        )
        row.base = max(row.base, highest or 0)
    before = {key: getattr(row, key) for key in ("pattern", "digits", "reset", "per_unit", "kind")}
    row.pattern, row.digits, row.reset = rule.pattern, rule.digits, rule.reset
    row.per_unit, row.kind = rule.per_unit, rule.kind
    s.flush()
    after = {key: getattr(row, key) for key in before}
    ledger.append(
        s,
        "core.numbering.changed",
        object=f"core:numbering_rule:{row.id}",
        body={"name": row.name, "before": before, "after": after},
    )
    return row


def take(s: CompanySession, name: str, unit_id: uuid.UUID | None, on: date) -> str:
    """Take the next number of rule ``name`` for a unit on a date (local to the site).

    Holds the series until the transaction ends. Raises :class:`~zhike.errors.NotFound` where the
    company has no such rule.
    """
    rule = s.scalars(select(NumberingRule).where(NumberingRule.name == name)).first()
    if rule is None:
        raise NotFound(_("There is no numbering rule %(name)s.", name=name), code="no_rule")
    site = tree(s).site_of(unit_id)
    code = site.code if site else company_of(s).slug.upper()
    series = f"{name}|{code if rule.per_unit else ''}|{on.strftime(_PERIOD[rule.reset])}"
    number = _next(s, series)
    if number is None:
        insert_if_absent(s, NumberingCounter, series=series, last=rule.base)
        number = _next(s, series)
        assert number is not None
    if rule.kind == "scattered":
        serial = scatter(s.site.keys.derive(s.company_id, f"number:{series}"), number, rule.digits)
    else:
        serial = str(number).zfill(rule.digits)
    return fill(rule.pattern, code, on, serial)


def _next(s: CompanySession, series: str) -> int | None:
    return s.scalar(
        update(NumberingCounter)
        .where(NumberingCounter.series == series)
        .values(last=NumberingCounter.last + 1)
        .returning(NumberingCounter.last)
        .execution_options(synchronize_session=False)
    )


def fill(pattern: str, site: str, on: date, serial: str) -> str:
    """Put a number together; also the preview of the editor."""
    words = {
        "site": site,
        "yyyy": f"{on.year:04d}",
        "yy": f"{on.year % 100:02d}",
        "mm": f"{on.month:02d}",
        "dd": f"{on.day:02d}",
        "n": serial,
    }
    return _PLACE.sub(lambda place: words[place.group(1)], pattern)


def scatter(key: bytes, number: int, digits: int) -> str:
    """The ``number``-th (from 1) serial of a scattered series: each once, in no visible order.

    A keyed permutation of all serials of ``digits`` digits; when they are used up, of those with
    one more. Nobody without the key can tell how many were given, or which comes next.
    """
    index = number - 1
    while index >= 10**digits:
        index -= 10**digits
        digits += 1
    size = 10**digits
    half = (size.bit_length() + 1) // 2
    mask = (1 << half) - 1
    while True:  # walk the cycle until it comes back inside: a permutation of 0 … size − 1
        left, right = index >> half, index & mask
        for turn in range(_ROUNDS):
            message = bytes((digits, turn)) + right.to_bytes(8, "big")
            mixed = int.from_bytes(hmac.digest(key, message, hashlib.sha256)[:8], "big")
            left, right = right, left ^ (mixed & mask)
        index = left << half | right
        if index < size:
            return str(index).zfill(digits)
