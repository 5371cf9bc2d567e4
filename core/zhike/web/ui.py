"""Pure helpers of the pages: tables, states, chips and menu entries as data, and how values read.

Nothing here knows the database or a request. ``register`` puts the helpers into a Jinja
environment; the two things that depend on the surroundings, the present instant and the site's
time zone, are handed in as callables.
"""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from jinja2 import Environment, pass_context
from jinja2.runtime import Context
from markupsafe import Markup, escape

from zhike.web import parts, ui_charts, ui_rows
from zhike.web.ui_table import (
    Args,
    Bulk,
    Chip,
    Column,
    Empty,
    Facet,
    Table,
    with_query,
)

__all__ = [
    "LANGUAGES", "TONES", "Args", "Banner", "Bulk", "Chip", "Clockwork", "Column",
    "Empty", "Facet", "NavItem", "NavSection", "State", "SwitchGroup", "SwitchOption", "Table",
    "idempotency_key", "masked_phone", "money", "paragraphs", "phone_items", "register", "share",
    "span", "span_parts", "with_query",
]  # fmt: skip

#: The languages a person can choose, each written in itself.
LANGUAGES: tuple[tuple[str, str], ...] = (
    ("zh_Hans", "简体中文"),
    ("zh_Hant", "繁體中文"),
    ("en", "English"),
)

#: Icon of each tone. A state is never told by colour alone: the shape differs too.
TONES: Mapping[str, str] = {
    "idle": "circle",
    "active": "circle-fill",
    "wait": "hourglass-split",
    "attention": "exclamation-triangle-fill",
    "breach": "x-octagon-fill",
    "done": "check-circle-fill",
    "void": "dash-circle",
}

_DAY = 86_400


@dataclass(frozen=True, slots=True)
class State:
    """A state 状态 as shown: its translated ``word`` and a ``tone`` out of ``TONES``."""

    word: str
    tone: str = "idle"

    @property
    def icon(self) -> str:
        """Name of the icon that belongs to the tone (``circle`` for an unknown one)."""
        return TONES.get(self.tone, "circle")


@dataclass(frozen=True, slots=True)
class NavItem:
    """One entry of the menu. ``key`` is the letter pressed after ``g``; ``phone`` asks for a place
    in the bottom bar of a phone; ``badge`` is a count, shown when it is not zero."""

    url: str
    label: str
    icon: str = "dot"
    badge: int = 0
    active: bool = False
    key: str = ""
    phone: bool = False


@dataclass(frozen=True, slots=True)
class NavSection:
    """A named group of menu entries, usually one plugin's, in the order of the day."""

    label: str
    items: Sequence[NavItem]
    icon: str = ""


def phone_items(nav: Iterable[NavSection], limit: int = 4) -> list[NavItem]:
    """The entries of the phone's bottom bar: those that ask for it, then the first others."""
    every = [item for section in nav for item in section.items]
    wanted = [item for item in every if item.phone]
    others = [item for item in every if not item.phone]
    return (wanted + others)[:limit]


@dataclass(frozen=True, slots=True)
class SwitchOption:
    """A company, site or department one can change to; ``depth`` indents children of the tree."""

    value: str
    label: str
    active: bool = False
    depth: int = 0


@dataclass(frozen=True, slots=True)
class SwitchGroup:
    """Options of one kind; choosing one POSTs ``name=value`` to ``action``."""

    label: str
    action: str
    name: str
    options: Sequence[SwitchOption]


@dataclass(frozen=True, slots=True)
class Banner:
    """A notice above the page that stays until its cause is gone. ``tone`` as in ``TONES``."""

    text: str
    tone: str = "attention"
    url: str = ""
    link: str = ""


def money(fen: int | None) -> str:
    """Integer fen as yuan with thousands separators and both decimals; nothing is rounded."""
    if fen is None:
        return ""
    sign, whole = ("-" if fen < 0 else ""), abs(fen)
    return f"{sign}{whole // 100:,}.{whole % 100:02d}"


def share(basis_points: int | None) -> str:
    """Basis points as percent with the decimals it has (1250 gives ``12.5%``)."""
    if basis_points is None:
        return ""
    sign, rest = ("-" if basis_points < 0 else ""), abs(basis_points)
    decimals = f"{rest % 100:02d}".rstrip("0")
    return f"{sign}{rest // 100}{'.' + decimals if decimals else ''}%"


def masked_phone(number: str | None) -> str:
    """A phone number 电话 with its middle covered: the first three and last four digits stay."""
    text = number or ""
    if len(text) <= 7:
        return "*" * max(len(text) - 2, 0) + text[-2:] if text else ""
    return f"{text[:3]}{'*' * (len(text) - 7)}{text[-4:]}"


def span_parts(seconds: int) -> list[tuple[int, str]]:
    """The two largest units of a duration in seconds: ``[(2, "h"), (5, "min")]``.

    Units are ``d``, ``h``, ``min``, ``s``; the sign is dropped; zero gives ``[(0, "s")]``.
    """
    rest = abs(int(seconds))
    parts: list[tuple[int, str]] = []
    for size, unit in ((_DAY, "d"), (3600, "h"), (60, "min"), (1, "s")):
        count, rest = divmod(rest, size)
        if count or parts:
            parts.append((count, unit))
    two = parts[:2] or [(0, "s")]
    # "5 h 0 min" says no more than "5 h"; ticking seconds keep their zero.
    return two[:1] if len(two) == 2 and two[1][0] == 0 and two[1][1] != "s" else two


def idempotency_key() -> str:
    """A fresh random key (128 bit, hex) for the hidden field ``idempotency_key`` of a form."""
    return secrets.token_hex(16)


def _translate(context: Context, msgid: str, **values: object) -> str:
    """``gettext`` of the rendering template, so that every language set-up serves."""
    return str(context.call(context.resolve("gettext"), msgid, **values))


@dataclass(frozen=True)
class Clockwork:
    """What the time filters need: ``now`` gives an aware instant, ``zone`` the site's zone."""

    now: Callable[[], dt.datetime]
    zone: Callable[[], dt.tzinfo] = field(default=lambda: ZoneInfo("Asia/Shanghai"))

    def local(self, at: dt.datetime) -> dt.datetime:
        """``at`` (aware) in the site's zone."""
        return at.astimezone(self.zone())

    def exact(self, at: dt.datetime | None) -> str:
        """``2026-11-21 14:05:09`` in the site's zone; empty for ``None``."""
        return f"{self.local(at):%Y-%m-%d %H:%M:%S}" if at else ""

    def clock(self, at: dt.datetime | None) -> str:
        """``14:05`` in the site's zone; empty for ``None``."""
        return f"{self.local(at):%H:%M}" if at else ""

    def relative(self, context: Context, at: dt.datetime) -> str:
        """Near now in words (``5 min ago``), else the day and the hour, as short as is clear."""

        def _(msgid: str, **values: object) -> str:
            return _translate(context, msgid, **values)

        now = self.now()
        seconds = int((at - now).total_seconds())
        minutes = abs(seconds) // 60
        if minutes == 0:
            return _("just now") if seconds <= 0 else _("in a moment")
        if minutes < 60:
            if seconds < 0:
                return _("%(n)s min ago", n=minutes)
            return _("in %(n)s min", n=minutes)
        there, here = self.local(at), self.local(now)
        hour = f"{there:%H:%M}"
        days = (there.date() - here.date()).days
        if days == 0:
            return _("today %(time)s", time=hour)
        if days == -1:
            return _("yesterday %(time)s", time=hour)
        if days == 1:
            return _("tomorrow %(time)s", time=hour)
        return f"{there:%m-%d %H:%M}" if there.year == here.year else f"{there:%Y-%m-%d %H:%M}"

    @pass_context
    def when(self, context: Context, at: dt.datetime | None) -> Markup:
        """A ``<time>``: relative words near now, the exact instant on hover; empty for ``None``."""
        if at is None:
            return Markup("")
        return Markup('<time datetime="{}" title="{}">{}</time>').format(
            at.isoformat(timespec="seconds"), self.exact(at), self.relative(context, at)
        )

    def remaining(self, due: dt.datetime) -> int:
        """Whole seconds from now to ``due``; negative once overdue (met while ``done <= due``)."""
        return int((due - self.now()).total_seconds())


@pass_context
def span(context: Context, seconds: int | None) -> str:
    """A duration in seconds in words: its two largest units."""
    if seconds is None:
        return ""
    words = {
        "d": lambda n: _translate(context, "%(n)s d", n=n),
        "h": lambda n: _translate(context, "%(n)s h", n=n),
        "min": lambda n: _translate(context, "%(n)s min", n=n),
        "s": lambda n: _translate(context, "%(n)s s", n=n),
    }
    return " ".join(words[unit](count) for count, unit in span_parts(seconds))


def paragraphs(text: str | None) -> Markup:
    """Plain text as paragraphs and line breaks, escaped."""
    blocks = [b for b in (text or "").replace("\r\n", "\n").split("\n\n") if b.strip()]
    return Markup("").join(
        Markup("<p>{}</p>").format(Markup("<br>").join(escape(line) for line in b.split("\n")))
        for b in blocks
    )


def register(
    env: Environment,
    *,
    now: Callable[[], dt.datetime],
    zone: Callable[[], dt.tzinfo],
    saved: Callable[[Table], object] = lambda table: None,
) -> None:
    """Put filters and helpers into ``env``.

    Filters: ``when``, ``exact``, ``clock``, ``span``, ``money``, ``share``, ``masked_phone``,
    ``paragraphs``. Globals: ``ui`` (this module's dataclasses and helpers), ``remaining``.
    ``saved`` gives a list's saved views, see ``zhike.web.parts``.
    """
    clockwork = Clockwork(now, zone)
    parts.register(env, saved)
    env.filters.update(
        when=clockwork.when,
        exact=clockwork.exact,
        clock=clockwork.clock,
        span=span,
        money=money,
        share=share,
        masked_phone=masked_phone,
        paragraphs=paragraphs,
    )
    env.globals.update(
        remaining=clockwork.remaining,
        ui={
            "State": State,
            "Empty": Empty,
            "Column": Column,
            "Table": Table,
            "Chip": Chip,
            "tones": TONES,
            "languages": LANGUAGES,
            "rows": ui_rows.body,
            "facet": ui_rows.facet,
            "phone_items": phone_items,
            "with_query": with_query,
            "idempotency_key": idempotency_key,
            "axis": ui_charts.axis,
            "line": ui_charts.line,
            "ring": ui_charts.ring,
            "heat": ui_charts.heat,
            "percent_of": ui_charts.percent_of,
        },
    )
