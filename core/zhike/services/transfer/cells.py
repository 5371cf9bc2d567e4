"""Between a spreadsheet's cell and a value: what people type in, what a sheet is given.

Inside, money is fen, instants are aware, booleans are booleans; in a sheet money is yuan, instants
are wall times of the site's zone and booleans 是 or 否.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any
from zoneinfo import ZoneInfo

from zhike import clock
from zhike.contributions import Column
from zhike.i18n import _
from zhike.services.textkit import clean, nfkc, plain_cell, safe_cell

YES, NO = "是", "否"
MAX_TEXT = 10_000
"""Characters that a cell of an import may hold, where its column does not say less."""

_TRUE = frozenset({"是", "有", "对", "√", "✓", "y", "yes", "true", "t", "1"})
_FALSE = frozenset({"否", "无", "没有", "×", "n", "no", "false", "f", "0", "-"})
_DATE = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?")
_COMPACT_DATE = re.compile(r"(\d{4})(\d{2})(\d{2})")
_TIME = re.compile(r"(\d{1,2})[::时点](\d{1,2})(?:[::分](\d{1,2})秒?|分)?")
_EXCEL_ZERO = datetime(1899, 12, 30, tzinfo=UTC)
_MONEY_MARKS = str.maketrans("", "", "¥￥$元, ，'")
_LARGEST = 10**15


class Uncomputed:
    """What is read from a formula without a value; there is one, :data:`UNCOMPUTED`."""

    def __str__(self) -> str:
        return "="


UNCOMPUTED = Uncomputed()


class BadCell(ValueError):
    """A cell that cannot be read as its column's kind; the text is a sentence for the person."""


def read_cell(column: Column, raw: Any, tz: str) -> Any:
    """Return the value of ``raw`` for ``column``; ``None`` for an empty cell.

    Raises :class:`BadCell`. Wall times are those of the IANA zone ``tz``.
    """
    if raw is None or (isinstance(raw, str) and not clean(raw).strip()):
        return None
    if raw is UNCOMPUTED:
        raise BadCell(
            _(
                "This cell holds a formula without a value: save the workbook in a spreadsheet "
                "program, or type the value."
            )
        )
    return _READERS[column.kind](column, raw, tz)


def as_text(raw: Any) -> str:
    """Return a cell as the text a person sees in it; whole numbers without ``.0``."""
    if isinstance(raw, str):
        return clean(plain_cell(raw)).strip()
    if raw is None:
        return ""
    if isinstance(raw, bool):
        return YES if raw else NO
    if isinstance(raw, float) and raw.is_integer() and abs(raw) < _LARGEST:
        return str(int(raw))
    if isinstance(raw, datetime):
        return raw.strftime("%Y-%m-%d" if raw.time() == time() else "%Y-%m-%d %H:%M:%S")
    if isinstance(raw, date | time):
        return raw.isoformat()
    return clean(plain_cell(str(raw))).strip()


def _text(column: Column, raw: Any, tz: str) -> str | None:
    text = as_text(raw)
    most = column.longest or MAX_TEXT
    if len(text) > most:
        raise BadCell(_("This text is longer than %(most)d characters.", most=most))
    return text or None


def _integer(column: Column, raw: Any, tz: str) -> int:
    number = _number(raw)
    if number != number.to_integral_value():
        raise BadCell(_("Please give a whole number."))
    return int(number)


def _money(column: Column, raw: Any, tz: str) -> int:
    fen = _number(raw) * 100
    if isinstance(raw, float):
        fen = Decimal(round(fen))  # 19.99 is no binary number; a cell holds what was meant
    if fen != fen.to_integral_value():
        raise BadCell(_("Please give an amount in yuan with at most two decimals."))
    return int(fen)


def _number(raw: Any) -> Decimal:
    if isinstance(raw, bool | date | time):
        raise BadCell(_("Please give a number."))
    if isinstance(raw, int | float):
        number = Decimal(repr(raw))
    else:
        try:
            number = Decimal(nfkc(plain_cell(str(raw))).translate(_MONEY_MARKS))
        except InvalidOperation:
            raise BadCell(_("Please give a number.")) from None
    if not number.is_finite() or abs(number) > _LARGEST:
        raise BadCell(_("Please give a number."))
    return number


def _boolean(column: Column, raw: Any, tz: str) -> bool:
    text = as_text(raw).casefold()
    if text in _TRUE or raw is True:
        return True
    if text in _FALSE or raw is False:
        return False
    raise BadCell(_("Please write 是 or 否."))


def _choice(column: Column, raw: Any, tz: str) -> str:
    text = nfkc(as_text(raw))
    for choice in column.choices:
        if nfkc(choice).casefold() == text.casefold():
            return choice
    shown = "、".join(column.choices[:12])
    raise BadCell(_("Please choose one of: %(choices)s", choices=shown))


def _date(column: Column, raw: Any, tz: str) -> date:
    if isinstance(raw, datetime):
        return raw.date()
    if isinstance(raw, date):
        return raw
    if isinstance(raw, int | float) and not isinstance(raw, bool):
        if 10_000_000 < raw < 100_000_000:  # 20261121 typed as a number
            return _parse_date(str(int(raw)))[0]
        return _serial(float(raw)).date()
    found, rest = _parse_date(as_text(raw))
    if rest:
        _parse_time(rest)
    return found


def _datetime(column: Column, raw: Any, tz: str) -> datetime:
    if isinstance(raw, datetime):
        wall = raw
    elif isinstance(raw, date):
        wall = datetime.combine(raw, time())
    elif isinstance(raw, int | float) and not isinstance(raw, bool):
        wall = _serial(float(raw))
    else:
        day, rest = _parse_date(as_text(raw))
        wall = datetime.combine(day, _parse_time(rest) if rest else time())
    return wall.replace(tzinfo=ZoneInfo(tz)).astimezone(UTC)


def _serial(number: float) -> datetime:
    """A day number of Excel, as in cells that lost their date format."""
    if not 1 <= number < 2_958_466:
        raise BadCell(_("Please give a date such as 2026-11-21."))
    return (_EXCEL_ZERO + timedelta(seconds=round(number * 86_400))).replace(tzinfo=None)


def _parse_date(text: str) -> tuple[date, str]:
    text = nfkc(text).replace("T", " ")
    found = _DATE.match(text) or _COMPACT_DATE.fullmatch(text)
    if found:
        year, month, day = (int(part) for part in found.groups())
        try:
            return date(year, month, day), text[found.end() :].strip()
        except ValueError:
            pass
    raise BadCell(_("Please give a date such as 2026-11-21."))


def _parse_time(text: str) -> time:
    found = _TIME.fullmatch(text)
    if found:
        try:
            hour, minute, second = (int(part or 0) for part in found.groups())
            return time(hour, minute, second)
        except ValueError:
            pass
    raise BadCell(_("Please give a time such as 09:30."))


_READERS: dict[str, Callable[[Column, Any, str], Any]] = {
    "text": _text,
    "integer": _integer,
    "money": _money,
    "boolean": _boolean,
    "choice": _choice,
    "date": _date,
    "datetime": _datetime,
}


def sheet_cell(column: Column, value: Any, tz: str) -> str | int | float | date | datetime | None:
    """Return ``value`` for a cell of an xlsx file: numbers and dates as such, texts made safe."""
    if value is None or value == "":
        return None
    if isinstance(value, bool) or column.kind == "boolean":
        return YES if value else NO
    if isinstance(value, str):
        return safe_cell(clean(value))
    if column.kind == "money":
        return int(value) / 100
    if isinstance(value, datetime):
        local = _wall(value, tz)
        return local.date() if column.kind == "date" else local
    if isinstance(value, int | float | date):
        return value
    return safe_cell(clean(str(value)))


def csv_cell(column: Column, value: Any, tz: str) -> str:
    """Return ``value`` for a field of a csv file; texts made safe, numbers left alone."""
    cell = sheet_cell(column, value, tz)
    if cell is None:
        return ""
    if isinstance(cell, str):
        return cell
    if column.kind == "money":
        return f"{Decimal(int(value)) / 100:.2f}"
    if isinstance(cell, datetime):
        return cell.strftime("%Y-%m-%d %H:%M:%S")
    return str(cell)


def _wall(value: datetime, tz: str) -> datetime:
    if value.tzinfo is None:
        raise ValueError("naive datetime refused: an instant needs its time zone")
    return clock.local(value, tz).replace(tzinfo=None)
