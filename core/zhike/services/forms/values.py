"""How a value of each kind is written on a form and in a sheet."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time
from typing import Any

from zhike import clock
from zhike.services.forms.model import FormColumn, Kind
from zhike.services.textkit import clean, safe_cell

COMPANY, NUMBER, SERIAL, TOTAL, SIGNED, DATED = "单位", "编号", "序号", "合计", "签字", "日期"
TICK = "√"

SHEET_FORMATS: dict[Kind, str] = {
    "integer": "0",
    "money": "#,##0.00",
    "share": "0.00%",
    "date": "yyyy-mm-dd",
    "time": "hh:mm",
    "datetime": "yyyy-mm-dd hh:mm",
}


def display(kind: Kind, value: Any, tz: str) -> str:
    """Return ``value`` as a person reads it; ``""`` for ``None``.

    Instants must be aware (a naive one raises ValueError) and are shown in the zone ``tz``. A text
    stands for itself whatever the kind, so that "未定" may stand where a date is expected.
    """
    if value is None or value == "":
        return ""
    if isinstance(value, str):
        return clean(value)
    if kind == "money":
        return _money(int(value))
    if kind == "share":
        return f"{int(value) / 100:.2f}".rstrip("0").rstrip(".") + "%"
    if kind == "seconds":
        return _seconds(int(value))
    if kind == "flag":
        return TICK if value else ""
    if isinstance(value, datetime):
        local = _local(value, tz)
        shape = {"date": "%Y-%m-%d", "time": "%H:%M"}.get(kind, "%Y-%m-%d %H:%M")
        return local.strftime(shape)
    if isinstance(value, time):
        return value.strftime("%H:%M")
    if isinstance(value, date):
        return value.isoformat()
    return clean(str(value))


def sheet_value(kind: Kind, value: Any, tz: str) -> tuple[Any, Kind]:
    """Return what is written into a cell and the kind whose number format it takes.

    Numbers and dates stay numbers and dates; every text is made safe against formulas.
    """
    if value is None or value == "":
        return None, "text"
    if isinstance(value, str):
        return safe_cell(clean(value)), "text"
    if kind == "money":
        return int(value) / 100, kind
    if kind == "share":
        return int(value) / 10_000, kind
    if kind == "integer":
        return int(value), kind
    if kind in ("date", "time", "datetime"):
        if isinstance(value, datetime):
            value = _local(value, tz).replace(tzinfo=None)
            if kind == "time":
                value = value.time()
            elif kind == "date":
                value = value.date()
        if isinstance(value, time):
            return value, "time"
        if isinstance(value, date) and value.year > 1900:  # the format knows no dates before
            return value, "datetime" if isinstance(value, datetime) else "date"
    return safe_cell(display(kind, value, tz)), "text"


def add_up(column: FormColumn, total: int, row: Mapping[str, Any]) -> int:
    """Return ``total`` plus the row's number in ``column``; texts and blanks count nothing."""
    value = row.get(column.key)
    return total + value if isinstance(value, int) else total


def _local(value: datetime, tz: str) -> datetime:
    if value.tzinfo is None:
        raise ValueError("naive datetime refused: an instant needs its time zone")
    return clock.local(value, tz)


def _money(fen: int) -> str:
    sign = "-" if fen < 0 else ""
    yuan, rest = divmod(abs(fen), 100)
    return f"{sign}{yuan:,}.{rest:02d}"


def _seconds(seconds: int) -> str:
    sign = "-" if seconds < 0 else ""
    minutes, rest = divmod(abs(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{sign}{hours}小时{minutes:02d}分"
    if minutes:
        return f"{sign}{minutes}分{rest:02d}秒"
    return f"{sign}{rest}秒"
