"""A regulation's form as data (表单), and what is written into one.

Nothing here draws: :mod:`.html`, :mod:`.xlsx` and :mod:`zhike.services.printing` draw *any* form.
Titles are the company's own words, Chinese in the first place, and are not translated: the paper is
the paper. Standard library only, so that a plugin's ``documents.py`` costs nothing to import.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

Kind = Literal["text", "integer", "money", "share", "seconds", "flag", "date", "time", "datetime"]
"""What a box holds: ``money`` in fen, ``share`` in basis points, ``seconds`` a measured duration,
``flag`` a tick (√), ``datetime`` an aware instant shown in the form's zone."""

Align = Literal["left", "center", "right"]
Paper = Literal["A4", "A5", "A4-landscape", "A5-landscape"]

_ALIGN: dict[Kind, Align] = {
    "integer": "right",
    "money": "right",
    "share": "right",
    "seconds": "right",
    "flag": "center",
    "date": "center",
    "time": "center",
    "datetime": "center",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class FormField:
    """A labelled box above or below the tables.

    ``width`` in twelfths of the line; ``lines`` of writing space it keeps at least.
    """

    key: str
    title: str
    kind: Kind = "text"
    width: int = 4
    lines: int = 1

    def __post_init__(self) -> None:
        if not 1 <= self.width <= 12 or self.lines < 1:
            raise ValueError(f"field {self.key}: width is 1 to 12 twelfths, lines at least 1")


@dataclass(frozen=True, slots=True, kw_only=True)
class FormColumn:
    """A column of a form's table.

    ``width`` is its share of the table's width; ``align`` follows the kind unless given;
    ``total`` adds the column up in a last row 合计 (integer and money only).
    """

    key: str
    title: str
    kind: Kind = "text"
    width: int = 10
    align: Align | None = None
    total: bool = False

    def __post_init__(self) -> None:
        if self.width < 1:
            raise ValueError(f"column {self.key}: width must be positive")
        if self.total and self.kind not in ("integer", "money", "seconds"):
            raise ValueError(f"column {self.key}: only numbers can be added up")

    @property
    def alignment(self) -> Align:
        """How its cells are aligned."""
        return self.align or _ALIGN.get(self.kind, "left")


@dataclass(frozen=True, slots=True, kw_only=True)
class FormTable:
    """A table of a form; its head repeats on every page.

    ``min_rows`` fills up with empty lines for writing by hand; ``numbered`` puts 序号 in front.
    """

    key: str
    columns: tuple[FormColumn, ...]
    title: str = ""
    min_rows: int = 0
    numbered: bool = False

    def __post_init__(self) -> None:
        _distinct(f"table {self.key}", (column.key for column in self.columns))
        if not self.columns:
            raise ValueError(f"table {self.key} has no columns")


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """A box to sign in 签字栏; ``dated`` leaves a line for the date."""

    title: str
    dated: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """A form, complete enough to be drawn on screen, on paper and as a sheet.

    name        ``<plugin>.<code>``, e.g. ``sales_floor.SFF-01``.
    title       what stands on top.
    fields      boxes above the tables; ``foot_fields`` boxes below them.
    note        a sentence under everything, such as how to fill it in.
    copies      who keeps which copy (联), in order; the PDF holds each once.
    number      the numbering rule that numbers it, or ``None``.
    retention   how long it is kept, in the grammar of limits (``24mo``), or ``None``.
    qr          whether a QR code of the record's opaque address is printed.
    """

    name: str
    title: str
    paper: Paper = "A4"
    fields: tuple[FormField, ...] = ()
    tables: tuple[FormTable, ...] = ()
    foot_fields: tuple[FormField, ...] = ()
    signatures: tuple[Signature, ...] = ()
    note: str = ""
    copies: tuple[str, ...] = ()
    number: str | None = None
    retention: str | None = None
    qr: bool = False

    def __post_init__(self) -> None:
        keys = (box.key for box in (*self.fields, *self.foot_fields))
        _distinct(f"form {self.name}", keys)
        _distinct(f"form {self.name}", (table.key for table in self.tables))

    @property
    def code(self) -> str:
        """The part of the name after the plugin, as printed at the foot (``SFF-01``)."""
        return self.name.rpartition(".")[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class FormData:
    """What is written into a form.

    values      by field key; rows: by table key, mappings by column key. What is missing is blank.
    tz          IANA zone in which instants are shown.
    qr          the https address to encode; ``""`` prints none.
    mark        a word laid across the page, such as 作废 or 草稿.
    printed_at  aware; when it was drawn, printed at the foot with ``printed_by``.
    """

    values: Mapping[str, Any] = field(default_factory=dict)
    rows: Mapping[str, Iterable[Mapping[str, Any]]] = field(default_factory=dict)
    number: str = ""
    tz: str = "Asia/Shanghai"
    qr: str = ""
    mark: str = ""
    printed_at: datetime | None = None
    printed_by: str = ""


def _distinct(owner: str, keys: Iterable[str]) -> None:
    seen: set[str] = set()
    for key in keys:
        if key in seen:
            raise ValueError(f"{owner}: {key} appears twice")
        seen.add(key)
