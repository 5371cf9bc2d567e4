"""What plugins return from the register hooks: small frozen values, nothing that runs by itself.

Rules that hold for all of them:

* ``name`` begins with the owner's name and a dot (``sales_floor.arrive``); the registry refuses
  anything else, and refuses a second contribution of the same kind and name naming both owners.
* ``title``, ``summary`` and the like are English message ids.  Mark them with ``N_()`` so that
  extraction finds them; they are translated where they are shown, in the catalogue of the owner.
* Callables are plain functions.  ``s`` is a session of one company (``CompanySession``), ``me`` is
  what ``zhike.api.current()`` returns in a request, ``principal`` is who asks, with the grants.
* Lists the reader sees are ordered by ``weight``, then owner, then name; never by load order.
* Everything is offered only where the owner is active for the company at hand.

This module imports no Flask, no SQLAlchemy and no request state.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, time
from pathlib import Path
from pkgutil import resolve_name
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:  # names in annotations only: this module must stay free to import
    import click
    import wtforms

    from zhike.rules import Engine as RuleEngine

__all__ = [
    "ApiResource",
    "BulkAct",
    "Column",
    "Checked",
    "Command",
    "DashboardCard",
    "DeadlineHandler",
    "Engine",
    "Event",
    "Exporter",
    "HealthCheck",
    "HealthResult",
    "Importer",
    "Job",
    "LedgerAction",
    "LifecycleContext",
    "Listener",
    "MenuItem",
    "N_",
    "NotificationType",
    "Objection",
    "OpenItem",
    "OpenItems",
    "OwnedFact",
    "Permission",
    "PolicyPreset",
    "Problem",
    "QuickAction",
    "RecordKind",
    "RecordPlace",
    "RecordList",
    "RecordRef",
    "RecordSummary",
    "RolePreset",
    "SearchHit",
    "SearchProvider",
    "SettingsSchema",
    "SubjectData",
]

Session = Any  #: a CompanySession; ``Any`` because this module must not import the database layer


def N_(msgid: str) -> str:  # noqa: N802 - the name extraction tools look for
    """Mark ``msgid`` for extraction and return it unchanged; it is translated where shown."""
    return msgid


# -- values that hooks and services exchange -------------------------------------------------


@dataclass(frozen=True)
class RecordRef:
    """Names a record of any plugin without importing it: ``plugin:kind:<uuid>``."""

    plugin: str
    kind: str
    id: uuid.UUID

    def __str__(self) -> str:
        return f"{self.plugin}:{self.kind}:{self.id}"

    @classmethod
    def parse(cls, text: str) -> RecordRef:
        """Read ``plugin:kind:<uuid>``; raises ValueError for anything else."""
        parts = text.split(":")
        if len(parts) != 3 or not parts[0] or not parts[1]:
            raise ValueError(f"{text!r} is not a record reference (plugin:kind:uuid)")
        return cls(parts[0], parts[1], uuid.UUID(parts[2]))


@dataclass(frozen=True)
class RecordSummary:
    """How a record is shown elsewhere: its label and, where the reader may open it, its path."""

    title: str
    url: str | None = None


@dataclass(frozen=True)
class RecordPlace:
    """Where a record belongs: its site or department, and the staff member whose own it is.

    ``by_owner``: a right to one's own records (仅本人) covers it for its owner alone; without it
    such a right covers it for everybody of the place.
    """

    unit_id: uuid.UUID | None = None
    owner_id: uuid.UUID | None = None
    by_owner: bool = False


@dataclass(frozen=True)
class Objection:
    """A refusal with its reason.  ``reason`` is a finished sentence; ``rule`` a rule id, if any."""

    reason: str
    rule: str | None = None


@dataclass(frozen=True)
class LifecycleContext:
    """What install, upgrade and uninstall hooks get.

    ``session`` is a write session for global models; ``companies`` the ids of all companies, whose
    data is reached through ``site.transaction(company_id)``.  ``site`` is the opened site.
    """

    site: Any
    session: Any
    companies: tuple[int, ...] = ()


class Event:
    """Base of typed events; see ``zhike.api.event``.  Subclasses are frozen dataclasses."""

    __slots__ = ()
    #: ``<plugin>.<what_happened>``, set by the ``@event`` decorator.
    name: str = ""


# -- rights ----------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Permission:
    """One thing that may be granted (权限).

    risk     normal, sensitive (reads what is confidential) or critical (overrides, destroys).
    implies  names of permissions that come with it; of the same plugin or of ``depends``.
    """

    name: str
    title: str
    risk: Literal["normal", "sensitive", "critical"] = "normal"
    implies: tuple[str, ...] = ()
    weight: int = 100


@dataclass(frozen=True, kw_only=True)
class RolePreset:
    """A bundle of permissions offered when a company enables the plugin (建议角色).

    scope is one of the five data scopes: all 全部, custom 自定义, unit 本部门, unit_tree
    本部门及以下, own 仅本人.
    """

    name: str
    title: str
    permissions: tuple[str, ...]
    scope: Literal["all", "custom", "unit", "unit_tree", "own"] = "unit_tree"
    weight: int = 100


@dataclass(frozen=True, kw_only=True)
class SettingsSchema:
    """Settings of a plugin: a WTForms form class whose fields are the schema (设置).

    Every field needs ``default=``: the value in force where nobody chose one.  ``level`` says
    whether each company has its own values or the whole site one.  At most one form per level.
    """

    form: type[wtforms.Form]
    level: Literal["company", "system"] = "company"
    title: str = ""


# -- pages -----------------------------------------------------------------------------------


def _named(what: Any) -> Any:
    return resolve_name(what) if isinstance(what, str) else what


@dataclass(frozen=True, kw_only=True)
class ApiResource:
    """One operation of the JSON API, mounted at ``/api/v1/<plugin>/<path>``.

    view      called with the path's arguments and, if ``request`` is given, ``body=`` an instance
              of it; returns an instance of ``response`` (or None for 204).
    request,  pydantic models; they are the published schema.
    response
    summary   what it does, in a few words; without one, the first sentence of the view's docstring.
    scope     what a token needs: read or write.  Writes take an ``Idempotency-Key`` header.

    ``view``, ``request`` and ``response`` may be named as ``"package.module:name"``. They are then
    loaded by the first request that needs them: most processes answer pages only, and the models of
    an interface are a tenth of what one has in memory. The conformance tests load them all.
    """

    name: str
    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
    path: str
    view: Callable[..., Any] | str
    permission: str
    summary: str = ""
    request: type[Any] | str | None = None
    response: type[Any] | str | None = None
    scope: Literal["read", "write"] = "read"
    status: int = 200

    def loaded(self) -> ApiResource:
        """The operation with all it names loaded, and its summary; raises what an import raises."""
        view = _named(self.view)
        return replace(
            self,
            view=view,
            summary=self.summary or str(view.__doc__ or "").partition(".")[0].strip(),
            request=_named(self.request),
            response=_named(self.response),
        )


@dataclass(frozen=True, kw_only=True)
class MenuItem:
    """An entry of the left menu (菜单).

    endpoint  Flask endpoint of the owner, e.g. ``sales_floor.today``; must need no argument.
    section   today, work, customers, records, reports or setup: the order of the day.
    badge     optional ``badge(me) -> int``; 0 shows nothing.
    """

    name: str
    title: str
    endpoint: str
    permission: str
    section: Literal["today", "work", "customers", "records", "reports", "setup"] = "work"
    icon: str = ""
    weight: int = 100
    badge: Callable[[Any], int] | None = None


@dataclass(frozen=True, kw_only=True)
class DashboardCard:
    """A card of the Today page (今日卡片), fetched in its own request, so it delays only itself.

    ``render(me)`` returns safe markup, or "" to show nothing.
    """

    name: str
    title: str
    permission: str
    render: Callable[[Any], str]
    size: Literal["small", "medium", "wide"] = "medium"
    weight: int = 100


@dataclass(frozen=True, kw_only=True)
class QuickAction:
    """Something a person may begin from anywhere (快捷动作): a line of the command palette.

    endpoint  Flask endpoint of the owner. It needs no argument, or with ``at_site`` the site at
              which the person works, as ``unit_id``.
    """

    name: str
    title: str
    endpoint: str
    permission: str
    at_site: bool = False
    icon: str = "lightning"
    weight: int = 100


@dataclass(frozen=True, kw_only=True)
class RecordList:
    """A list whose views can be saved and whose rows can be acted on together (列表).

    endpoints  where it stands; the first needs no argument. ``Table.name`` is this ``name``.
    find       ``find(s, principal, unit_id, query, limit)`` gives the ids that a query of the
               list's address matches for this person, in the list's order; without it views have
               no counts and acts take chosen rows only.
    names      ``names(s, ids)`` gives the words for rows, masked as in the list.
    url        ``url(unit_id, id)`` opens a row.
    """

    name: str
    title: str
    endpoints: tuple[str, ...]
    permission: str
    find: (
        Callable[[Session, Any, uuid.UUID | None, Mapping[str, str], int], Sequence[uuid.UUID]]
        | None
    ) = None
    names: Callable[[Session, Sequence[uuid.UUID]], Mapping[uuid.UUID, str]] | None = None
    url: Callable[[uuid.UUID | None, uuid.UUID], str] | None = None


@dataclass(frozen=True, kw_only=True)
class BulkAct:
    """An act on many rows of a list (批量操作), each through the service of the single act.

    list         name of the :class:`RecordList`, which may belong to another plugin.
    consequence  what happens, with ``%(n)s`` rows: shown before it does.
    apply        ``apply(s, principal, unit_id, id, values)`` does one row in a transaction of its
                 own; it checks the person's right to this row and raises ``UserError`` for what it
                 refuses. What it returns, JSON-able, is what ``undo`` needs.
    check        ``check(s, principal, unit_id, ids)`` says beforehand which rows will be refused,
                 with the reason.
    undo         ``undo(s, principal, id, kept)`` takes one row back, or raises ``UserError`` where
                 somebody has changed it since.
    form         a ``PageForm`` that asks for values, or its ``"package.module:name"``.
    """

    name: str
    list: str
    title: str
    permission: str
    consequence: str
    apply: Callable[[Session, Any, uuid.UUID | None, uuid.UUID, Mapping[str, Any]], Any]
    check: (
        Callable[[Session, Any, uuid.UUID | None, Sequence[uuid.UUID]], Mapping[uuid.UUID, str]]
        | None
    ) = None
    undo: Callable[[Session, Any, uuid.UUID, Any], None] | None = None
    form: type[Any] | str | None = None
    icon: str = ""
    danger: bool = False
    weight: int = 100

    def form_class(self) -> type[Any] | None:
        """The form that asks for values, loaded; None where nothing is asked."""
        found: type[Any] | None = _named(self.form) if self.form is not None else None
        return found


# -- what happens ----------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Listener:
    """Hears an event after its transaction has committed, at least once.

    event   name of the event; it may belong to a plugin that is not there.
    handle  ``handle(s, event)`` in a transaction of its own in the event's company.  What it does
            must be safe to repeat: the pair (event id, listener) is marked in that transaction, so
            only effects outside the database can happen twice.  ``event`` is an instance of the
            registered class, or a ``RawEvent`` with ``name`` and ``data`` where the class is
            unknown in this process.
    """

    name: str
    event: str
    handle: Callable[[Session, Any], None]


@dataclass(frozen=True, kw_only=True)
class Job:
    """Work done in the background (后台任务), again checked against the active set when it fires.

    per            company: ``run(s)`` for every company where the owner is active;
                   system: ``run(site)`` once.
    every_minutes  interval, or ``daily_at`` local wall time of the site; neither: on request only.
    timeout        seconds after which it counts as failed.
    retries        further tries after a failure, with growing pauses.
    """

    name: str
    title: str
    run: Callable[[Any], None]
    per: Literal["company", "system"] = "company"
    every_minutes: int | None = None
    daily_at: time | None = None
    timeout: int = 300
    retries: int = 3

    def __post_init__(self) -> None:
        if self.every_minutes is not None and self.daily_at is not None:
            raise ValueError(f"job {self.name}: give every_minutes or daily_at, not both")
        if self.every_minutes is not None and self.every_minutes < 1:
            raise ValueError(f"job {self.name}: every_minutes must be at least 1")


@dataclass(frozen=True, kw_only=True)
class DeadlineHandler:
    """What falls due under ``kind`` (期限), and what its breach does.

    ``fire(s, deadline)`` runs in a transaction of the deadline's company, exactly once in effect;
    its budget is 30 seconds.
    """

    kind: str
    title: str
    fire: Callable[[Session, Any], None]

    @property
    def name(self) -> str:
        """The kind: deadlines are found by it."""
        return self.kind


@dataclass(frozen=True, kw_only=True)
class NotificationType:
    """Something a person may be told about in the inbox (通知类型)."""

    name: str
    title: str
    summary: str = ""
    default_on: bool = True


# -- data in, out and around -----------------------------------------------------------------


@dataclass(frozen=True)
class SearchHit:
    """One line of a search result; ``detail`` is already masked for the reader.

    ``party`` is the customer whose record this is, who then is not listed once more.
    """

    ref: RecordRef
    title: str
    detail: str = ""
    url: str | None = None
    party: uuid.UUID | None = None


@dataclass(frozen=True, kw_only=True)
class SearchProvider:
    """Answers the search box (搜索).

    ``query(s, principal, text, limit)`` returns at most ``limit`` hits, permissions applied in the
    query.  ``reindex(s)`` writes this owner's entries of the company anew and returns how many.
    """

    name: str
    title: str
    permission: str
    query: Callable[[Session, Any, str, int], Sequence[SearchHit]]
    reindex: Callable[[Session], int] | None = None
    weight: int = 100


@dataclass(frozen=True, kw_only=True)
class Column:
    """A column of an import or export: ``key`` is stable, ``title`` stands in the sheet's head.

    ``aliases`` are other heads that mean the same in the sheets people have (姓名, 客户姓名).
    ``longest`` is how many characters a text may have; 0 leaves it at what a cell may hold.
    Values are what rules use: money in fen, instants aware, booleans true or false.
    """

    key: str
    title: str
    kind: Literal["text", "integer", "money", "date", "datetime", "boolean", "choice"] = "text"
    required: bool = False
    choices: tuple[str, ...] = ()
    example: str = ""
    help: str = ""
    aliases: tuple[str, ...] = ()
    longest: int = 0


@dataclass(frozen=True, kw_only=True)
class Exporter:
    """Rows for a file (导出): ``rows(s, filters)`` yields mappings by column key, streamed.

    filters  what a person may narrow it by first (``text``, ``date``, ``boolean``, ``choice``);
             they come as text by key, dates as ISO dates, empty ones not at all. The key ``unit``
             takes a site's UUID: only an exporter that has it serves people whose permission holds
             at some sites, since it is asked for no other.
    """

    name: str
    title: str
    permission: str
    columns: tuple[Column, ...]
    rows: Callable[[Session, Mapping[str, Any]], Iterable[Mapping[str, Any]]]
    filters: tuple[Column, ...] = ()


@dataclass(frozen=True)
class Problem:
    """What is wrong with a row of an import, beside the column it is about (``""``: the row).

    ``message`` is a finished sentence. A warning does not keep the row out.
    """

    message: str
    column: str = ""
    warning: bool = False


@dataclass(frozen=True)
class Checked:
    """A row after checking: ``value`` is what ``apply`` gets; it is good without any error."""

    value: Any
    problems: tuple[Problem, ...] = ()

    @property
    def good(self) -> bool:
        """Whether nothing but warnings was found."""
        return all(problem.warning for problem in self.problems)


@dataclass(frozen=True, kw_only=True)
class Importer:
    """Rows from a sheet (导入), first tried without effect.

    columns        what the sheet holds; each row comes as a mapping by column key, typed.
    validate       ``validate(s, row) -> Checked``; may read, must not write.
    apply          ``apply(s, value, existing) -> RecordRef``: creates the record, or changes
                   the one that ``find_existing`` named. UserError keeps the row out.
    find_existing  ``find_existing(s, value) -> RecordRef | None``: the record the row is about.
    key            columns that name a row: two rows of a file with the same ones are duplicates;
                   compared as ``validate`` returned them where its value is a mapping.
    models         scoped models whose rows ``apply`` creates or changes through the session, in the
                   order in which they come to be: their images before and after are kept and the
                   import can be undone. Append-only ones (ledger, contacts, events) do not belong
                   here.
    ahead          ``ahead(s, rows)`` is told some hundred rows before they are validated one by
                   one, to look up in few statements what each of them will ask for.
    undone         ``undone(s, ref)`` tidies what was derived (search terms) after an undo.
    """

    name: str
    title: str
    permission: str
    columns: tuple[Column, ...]
    validate: Callable[[Session, Mapping[str, Any]], Checked]
    apply: Callable[[Session, Any, RecordRef | None], RecordRef]
    find_existing: Callable[[Session, Any], RecordRef | None] | None = None
    key: tuple[str, ...] = ()
    models: tuple[type[Any], ...] = ()
    ahead: Callable[[Session, Sequence[Mapping[str, Any]]], None] | None = None
    undone: Callable[[Session, RecordRef], None] | None = None


@dataclass(frozen=True, kw_only=True)
class Engine:
    """A rule engine by name (规则引擎): ``load()`` returns the pure engine, imported when asked.

    day  ``day(s, unit_id, date)`` writes a real day of a site down as a drill: a document as in a
         drill file, without ``policy``, people and customers by their UUIDs and in no other way.
         Under ``people`` it may say what they are: ``{"<uuid>": "rep"}``, ``"customer"``.
    names  ``names(s, ids)`` gives the words for ids in events and decisions, masked as in lists.
    verbs  what each verb of its events is called: ``{"arrive": N_("arrival")}``.
    tell  ``tell(event)`` gives an event as a sentence in the reader's language, with the ids left
         in it (``names`` says what they are called), or ``""`` for what it does not know.
    """

    name: str
    title: str
    load: Callable[[], RuleEngine]
    day: Callable[[Session, uuid.UUID, date], Mapping[str, Any]] | None = None
    names: Callable[[Session, Iterable[uuid.UUID]], Mapping[str, str]] | None = None
    verbs: Mapping[str, str] = field(default_factory=dict)
    tell: Callable[[Mapping[str, Any]], str] | None = None


@dataclass(frozen=True, kw_only=True)
class PolicyPreset:
    """A regulation as data (制度预设): a TOML file, and the drills that ship beside it."""

    name: str
    title: str
    engine: str
    path: Path
    drills: tuple[Path, ...] = ()


@dataclass(frozen=True, kw_only=True)
class SubjectData:
    """One kind of personal data the plugin holds (个人信息).

    columns  ``<table>.<column>`` of everything personal in it, with the full table name.
    export   ``export(s, party_id)`` returns JSON-able records about this person.
    erase    ``erase(s, party_id)`` removes or masks them and returns how many records changed.
    """

    name: str
    title: str
    columns: tuple[str, ...]
    export: Callable[[Session, uuid.UUID], Sequence[Mapping[str, Any]]]
    erase: Callable[[Session, uuid.UUID], int]


@dataclass(frozen=True, kw_only=True)
class RecordKind:
    """A kind of record that others may refer to: ``name`` is ``<plugin>.<kind>``.

    ``describe(s, ref, principal)`` returns its label and link, or None where it is gone or may not
    be seen by that principal. ``place(s, ref)`` says where it belongs, whoever asks, or None where
    it is gone: with it "why may X open this?" is answered for the record and not only for its site.
    """

    name: str
    title: str
    describe: Callable[[Session, RecordRef, Any], RecordSummary | None]
    place: Callable[[Session, RecordRef], RecordPlace | None] | None = None


@dataclass(frozen=True, kw_only=True)
class LedgerAction:
    """What an act is called in the ledger 台账动作: ``name`` is the action written there."""

    name: str
    title: str


@dataclass(frozen=True)
class HealthResult:
    """ok, the sentence that says what was found, and what to do about it.

    ``page`` is the endpoint of the page where it is done, which must need no argument.
    """

    ok: bool
    message: str
    remedy: str = ""
    page: str = ""


@dataclass(frozen=True, kw_only=True)
class HealthCheck:
    """A question the health page and ``zhike doctor`` ask: ``check(site) -> HealthResult``."""

    name: str
    title: str
    check: Callable[[Any], HealthResult]
    severity: Literal["warning", "critical"] = "warning"


@dataclass(frozen=True, kw_only=True)
class SetupStep:
    """A step of setting a company up (首次设置), shown in the guide in the order of ``weight``.

    endpoint  the page where it is done, which must need no argument and saves by itself.
    done      ``done(s) -> bool``: whether the data show it; None for what only a person can say.
    minutes   about how long it takes.
    """

    name: str
    title: str
    summary: str
    endpoint: str
    permission: str
    done: Callable[[Session], bool] | None = None
    minutes: int = 2
    weight: int = 100


@dataclass(frozen=True, kw_only=True)
class Command:
    """A click command mounted as ``zhike <plugin> <last part of name>``; loaded when called."""

    name: str
    help: str
    load: Callable[[], click.Command]


@dataclass(frozen=True)
class OpenItem:
    """Something unfinished: the record, and the words for whoever takes it over."""

    ref: RecordRef
    words: str


@dataclass(frozen=True, kw_only=True)
class OpenItems:
    """What is still open (未结事项), for a shift's handover and before a plugin is disabled.

    ``query(s, unit_id, limit)``: ``unit_id`` None means the whole company.
    """

    name: str
    title: str
    permission: str
    query: Callable[[Session, uuid.UUID | None, int], Sequence[OpenItem]]
    weight: int = 100


def _always(s: Session, unit_id: uuid.UUID | None) -> bool:
    return True


@dataclass(frozen=True, kw_only=True)
class OwnedFact:
    """A fact about which this plugin decides wherever it is active (一事一主).

    Several regulations may speak of one fact; its owner decides and keeps parameter, form and
    number, and the rule of any other plugin stands down meanwhile. ``fact`` is a plain word that
    both agree on (``leasing_follow_up``), so that neither imports the other; ``name`` is
    ``<plugin>.<fact>``. ``decides(s, unit_id)`` says whether it does so at this place, for example
    because it has a policy there; the default is everywhere.
    """

    name: str
    title: str
    fact: str
    decides: Callable[[Session, uuid.UUID | None], bool] = _always
    weight: int = 100
